//! What `--strace` shows: parts of lines that must appear, on guests of both architectures and byte orders.

use libtest_mimic::{Failed, Trial};

use crate::process::{demotic, root, run, text};

/// A program, and what is to be found in its trace.
static EXPECTED: [(&str, &[&str]); 5] = [
    (
        "ipc",
        &[
            " socketpair(AF_UNIX, SOCK_STREAM, 0, [",
            ", \"ping\", 4) = 4\n",
            ", events=POLLIN|POLLOUT, revents=POLLOUT}], 2, 0) = 1\n",
            "64, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)\n",
            ", EPOLL_CTL_ADD, ",
            "{events=EPOLLIN, data=0x123456789abcdef0}",
            "msg_iov=[{iov_base=\"d\", iov_len=1}], msg_iovlen=1",
            ", SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n",
            "{sa_family=AF_INET, sin_port=htons(",
            "), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0\n",
            "|SIGCHLD, NULL, ",
            "<unfinished ...>\n",
            "<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = ",
            " exit_group(0) = ?\n",
            " +++ exited with 0 +++\n",
        ],
    ),
    (
        "files",
        &[
            "(AT_FDCWD, \"f\", O_RDWR|O_CREAT|O_EXCL|O_LARGEFILE, 0640) = ",
            " mkdir(\"d\", 0755) = -1 EEXIST (File exists)\n",
            "{stx_mode=S_IFREG|0640, stx_size=13, ...}) = 0\n",
            ", SEEK_SET) = ",
            ", F_DUPFD, 60) = 60\n",
            ", F_SETFD, 1) = 0\n",
        ],
    ),
    (
        "segv_recover",
        &[
            "rt_sigaction(SIGSEGV, {sa_handler=0x",
            "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=",
        ],
    ),
    ("ioctls", &[", FIONREAD, 0x", ", TIOCGWINSZ, 0x"]),
    ("die_null", &[" +++ killed by SIGSEGV +++\n"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for guest in ["armhf-a32", "mips"] {
        for (program, expected) in &EXPECTED {
            let trial = move || check(guest, program, expected);
            trials.push(Trial::test(format!("strace::{guest}::{program}"), trial));
        }
    }
    trials
}

fn check(guest: &str, program: &str, expected: &[&str]) -> Result<(), Failed> {
    let mut command = demotic("auto");
    command.arg("--strace").arg(root().join("target/guests").join(guest).join(program));
    let outcome = run(command)?;
    let trace = text(&outcome.stderr);
    match expected.iter().find(|part| !trace.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("no {part:?} in\n{trace}").into()),
    }
}
