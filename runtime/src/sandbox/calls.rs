//! The system calls of a sandboxed process: those that Demotic makes for itself and for guests, without those that lead out of
//! the sandbox.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};

/// Why there is no filter.
pub type FilterError = seccompiler::Error;

macro_rules! numbers {
    ($($name:ident)*) => { [$(libc::$name),*] };
}

/// Everything else fails with ENOSYS, so that programs do without it as on a kernel that does not have it.
#[rustfmt::skip]
static ALLOWED: [c_long; 231] = numbers![
    // Files; Landlock says which.
    SYS_access SYS_chdir SYS_close SYS_close_range SYS_copy_file_range SYS_creat SYS_dup SYS_dup2 SYS_dup3
    SYS_faccessat SYS_faccessat2 SYS_fadvise64 SYS_fallocate SYS_fchdir SYS_fchmod SYS_fchown SYS_fcntl SYS_fdatasync
    SYS_fgetxattr SYS_flistxattr SYS_flock SYS_fremovexattr SYS_fsetxattr SYS_fstat SYS_fstatfs SYS_fsync SYS_ftruncate
    SYS_getcwd SYS_getdents64 SYS_getxattr SYS_inotify_add_watch SYS_inotify_init SYS_inotify_init1
    SYS_inotify_rm_watch SYS_ioctl SYS_lgetxattr SYS_link SYS_linkat SYS_listxattr SYS_llistxattr SYS_lseek SYS_lstat
    SYS_memfd_create SYS_mkdir SYS_mkdirat SYS_mknod SYS_mknodat SYS_name_to_handle_at SYS_newfstatat SYS_open
    SYS_openat SYS_openat2 SYS_pread64 SYS_preadv SYS_preadv2 SYS_pwrite64 SYS_pwritev SYS_pwritev2 SYS_read
    SYS_readahead SYS_readlink SYS_readlinkat SYS_readv SYS_rename SYS_renameat SYS_renameat2 SYS_rmdir SYS_sendfile
    SYS_splice SYS_stat SYS_statfs SYS_statx SYS_symlink SYS_symlinkat SYS_sync SYS_sync_file_range SYS_syncfs SYS_tee
    SYS_truncate SYS_umask SYS_unlink SYS_unlinkat SYS_ustat SYS_utimensat SYS_vmsplice SYS_write SYS_writev
    // Waiting.
    SYS_alarm SYS_epoll_create SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2 SYS_epoll_wait
    SYS_eventfd SYS_eventfd2 SYS_pause SYS_pipe SYS_pipe2 SYS_poll SYS_ppoll SYS_pselect6 SYS_select SYS_signalfd4
    SYS_timerfd_create SYS_timerfd_gettime SYS_timerfd_settime
    // Pairs of connected sockets, and what is inherited.
    SYS_getpeername SYS_getsockname SYS_getsockopt SYS_recvfrom SYS_recvmmsg SYS_recvmsg SYS_sendmmsg SYS_sendmsg
    SYS_sendto SYS_setsockopt SYS_shutdown SYS_socketpair
    // Memory.
    SYS_brk SYS_madvise SYS_membarrier SYS_mincore SYS_mlock SYS_mlock2 SYS_mlockall SYS_mmap SYS_mprotect SYS_mremap
    SYS_msync SYS_munlock SYS_munlockall SYS_munmap
    // Processes and threads.
    SYS_arch_prctl SYS_capget SYS_capset SYS_clone SYS_execve SYS_execveat SYS_exit SYS_exit_group SYS_fork SYS_futex
    SYS_futex_waitv SYS_get_robust_list SYS_getcpu SYS_getegid SYS_geteuid SYS_getgid SYS_getgroups SYS_getpgid
    SYS_getpgrp SYS_getpid SYS_getppid SYS_getpriority SYS_getresgid SYS_getresuid SYS_getrlimit SYS_getrusage
    SYS_getsid SYS_gettid SYS_getuid SYS_ioprio_get SYS_ioprio_set SYS_kill SYS_personality SYS_pidfd_open
    SYS_pidfd_send_signal SYS_prctl SYS_prlimit64 SYS_restart_syscall SYS_rseq SYS_sched_get_priority_max
    SYS_sched_get_priority_min SYS_sched_getaffinity SYS_sched_getattr SYS_sched_getparam SYS_sched_getscheduler
    SYS_sched_rr_get_interval SYS_sched_setaffinity SYS_sched_setattr SYS_sched_setparam SYS_sched_setscheduler
    SYS_sched_yield SYS_seccomp SYS_set_robust_list SYS_set_tid_address SYS_setfsgid SYS_setfsuid SYS_setgid
    SYS_setgroups SYS_setpgid SYS_setpriority SYS_setregid SYS_setresgid SYS_setresuid SYS_setreuid SYS_setrlimit
    SYS_setsid SYS_setuid SYS_vfork SYS_wait4 SYS_waitid
    // Signals.
    SYS_rt_sigaction SYS_rt_sigpending SYS_rt_sigprocmask SYS_rt_sigqueueinfo SYS_rt_sigreturn SYS_rt_sigsuspend
    SYS_rt_sigtimedwait SYS_rt_tgsigqueueinfo SYS_sigaltstack SYS_tgkill SYS_tkill
    // Time.
    SYS_clock_getres SYS_clock_gettime SYS_clock_nanosleep SYS_getitimer SYS_gettimeofday SYS_nanosleep SYS_setitimer
    SYS_time SYS_timer_create SYS_timer_delete SYS_timer_getoverrun SYS_timer_gettime SYS_timer_settime SYS_times
    // The machine.
    SYS_getrandom SYS_sysinfo SYS_uname
];

/// These fail with EPERM.
#[rustfmt::skip]
static DENIED: [c_long; 74] = numbers![
    // The network, and processes that listen somewhere on this machine.
    SYS_socket SYS_bind SYS_connect SYS_listen SYS_accept SYS_accept4
    // What the caller's other processes may share without a file.
    SYS_shmget SYS_shmat SYS_shmctl SYS_shmdt SYS_semget SYS_semctl SYS_semop SYS_semtimedop SYS_msgget SYS_msgsnd
    SYS_msgrcv SYS_msgctl SYS_mq_open SYS_mq_unlink SYS_add_key SYS_request_key SYS_keyctl
    // Attributes by path, which Landlock does not know. By descriptor they can be set where files can be opened.
    SYS_chmod SYS_fchmodat SYS_fchmodat2 SYS_chown SYS_lchown SYS_fchownat SYS_setxattr SYS_lsetxattr SYS_removexattr
    SYS_lremovexattr SYS_utime SYS_utimes SYS_futimesat
    // Other processes.
    SYS_ptrace SYS_process_vm_readv SYS_process_vm_writev SYS_process_madvise SYS_pidfd_getfd SYS_kcmp SYS_migrate_pages
    SYS_move_pages
    // File systems and name spaces.
    SYS_mount SYS_umount2 SYS_pivot_root SYS_chroot SYS_unshare SYS_setns SYS_open_tree SYS_move_mount SYS_fsopen
    SYS_fsmount SYS_fspick SYS_mount_setattr SYS_open_by_handle_at SYS_fanotify_init SYS_quotactl SYS_swapon
    SYS_swapoff
    // The kernel and the machine.
    SYS_bpf SYS_perf_event_open SYS_kexec_load SYS_init_module SYS_finit_module SYS_delete_module SYS_reboot SYS_syslog
    SYS_acct SYS_settimeofday SYS_clock_settime SYS_adjtimex SYS_sethostname
];

/// A condition on an argument.
struct When {
    call: c_long,
    argument: u8,
    operation: SeccompCmpOp,
    value: u64,
}

const fn when(call: c_long, argument: u8, operation: SeccompCmpOp, value: u64) -> When {
    When { call, argument, operation, value }
}

/// New name spaces, by any of their flags.
const fn new_space(flag: i32) -> When {
    when(libc::SYS_clone, 0, SeccompCmpOp::MaskedEq(flag as u64), flag as u64)
}

/// A kind of pair of sockets.
const fn pair_of(kind: i32) -> When {
    const KINDS: u64 = 0xf;
    when(libc::SYS_socketpair, 1, SeccompCmpOp::MaskedEq(KINDS), kind as u64)
}

/// These fail with EPERM too.
static DENIED_IF: [When; 15] = [
    new_space(libc::CLONE_NEWNS),
    new_space(libc::CLONE_NEWCGROUP),
    new_space(libc::CLONE_NEWUTS),
    new_space(libc::CLONE_NEWIPC),
    new_space(libc::CLONE_NEWUSER),
    new_space(libc::CLONE_NEWPID),
    new_space(libc::CLONE_NEWNET),
    when(libc::SYS_socketpair, 0, SeccompCmpOp::Ne, libc::AF_UNIX as u64),
    // Sockets of datagrams can send to any address.
    pair_of(libc::SOCK_DGRAM),
    pair_of(libc::SOCK_RAW),
    // Of another process.
    when(libc::SYS_prlimit64, 0, SeccompCmpOp::Ne, 0),
    // As if typed at the terminal, which the sandbox's caller reads from afterwards.
    when(libc::SYS_ioctl, 1, SeccompCmpOp::Eq, libc::TIOCSTI),
    when(libc::SYS_ioctl, 1, SeccompCmpOp::Eq, libc::TIOCLINUX),
    when(libc::SYS_ioctl, 1, SeccompCmpOp::Eq, libc::TIOCSETD),
    // By path; by descriptor there is none.
    when(libc::SYS_utimensat, 1, SeccompCmpOp::Ne, 0),
];

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Applies the filters to this thread and what it will start.
pub(super) fn filter() -> Result<(), FilterError> {
    let action = |errno: i32| SeccompAction::Errno(errno as u32);
    let always = |calls: &[c_long]| -> Rules { calls.iter().map(|&call| (call, Vec::new())).collect() };
    // Where both fail a call, the one that was applied last says how.
    apply(always(&ALLOWED), action(libc::ENOSYS), SeccompAction::Allow)?;
    let mut rules = always(&DENIED);
    for condition in &DENIED_IF {
        rules.entry(condition.call).or_default().push(rule(condition)?);
    }
    apply(rules, SeccompAction::Allow, action(libc::EPERM))
}

fn rule(when: &When) -> Result<SeccompRule, FilterError> {
    // The kernel looks at 32 bits of numbers and flags, but at the whole of an address.
    let length = match when.call {
        libc::SYS_utimensat => SeccompCmpArgLen::Qword,
        _ => SeccompCmpArgLen::Dword,
    };
    let condition = SeccompCondition::new(when.argument, length, when.operation.clone(), when.value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

fn apply(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), FilterError> {
    let filter = SeccompFilter::new(rules, otherwise, matched, TargetArch::x86_64)?;
    apply_filter(&BpfProgram::try_from(filter)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_both_allowed_and_denied() {
        assert!(ALLOWED.iter().all(|call| !DENIED.contains(call)));
        assert!(DENIED_IF.iter().all(|condition| ALLOWED.contains(&condition.call)));
    }

    #[test]
    fn what_leads_out_is_not_allowed() {
        let rings =
            [libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_setup, libc::SYS_io_submit];
        let out = [libc::SYS_userfaultfd, libc::SYS_clone3, libc::SYS_kexec_file_load];
        assert!(rings.iter().chain(&out).all(|call| !ALLOWED.contains(call)));
    }
}
