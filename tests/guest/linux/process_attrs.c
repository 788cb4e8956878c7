/* Covers: prctl, limits as the program itself has set them, capabilities,
 * scheduling attributes and sets of processors, pidfds, kcmp, keys, waitid with
 * usage, personality, uname, sysinfo, membarrier, getrandom. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void attributes(void)
{
    char name[16];
    int n = -1;
    CHECK(prctl(PR_SET_NAME, "a rather long name of a thread") == 0);
    CHECK(prctl(PR_GET_NAME, name) == 0 && !strcmp(name, "a rather long n"));
    CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR2) == 0 && prctl(PR_GET_PDEATHSIG, &n) == 0 && n == SIGUSR2);
    CHECK(prctl(PR_SET_PDEATHSIG, 999) == -1 && errno == EINVAL && prctl(PR_SET_PDEATHSIG, 0) == 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 1 && prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_GET_DUMPABLE) == 0);
    CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && prctl(PR_GET_CHILD_SUBREAPER, &n) == 0 && n == 1);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
    CHECK(prctl(PR_SET_TIMERSLACK, 12345) == 0 && prctl(PR_GET_TIMERSLACK) == 12345);
    CHECK(prctl(PR_GET_TIMING) == PR_TIMING_STATISTICAL && prctl(PR_SET_TIMING, 77) == -1 && errno == EINVAL);
    CHECK(prctl(PR_CAPBSET_READ, 9999) == -1 && errno == EINVAL);
    CHECK(prctl(PR_GET_SECUREBITS) == 0 && prctl(PR_GET_KEEPCAPS) == 0);
    CHECK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0 && prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1);
    CHECK(prctl(987654) == -1 && errno == EINVAL);
}

static void limits(void)
{
    struct rlimit a = {1000, 2000}, b;
    CHECK(setrlimit(RLIMIT_NOFILE, &a) == 0 && getrlimit(RLIMIT_NOFILE, &b) == 0);
    CHECK(b.rlim_cur == 1000 && b.rlim_max == 2000);
    a = (struct rlimit){100 << 20, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &a) == 0 && getrlimit(RLIMIT_AS, &b) == 0);
    CHECK(b.rlim_cur == 100 << 20 && b.rlim_max == RLIM_INFINITY);
    a.rlim_max = 1 << 20;
    CHECK(setrlimit(RLIMIT_AS, &a) == -1 && errno == EINVAL);
    a = (struct rlimit){5 << 20, 6 << 20};
    CHECK(prlimit(0, RLIMIT_STACK, &a, &b) == 0 && prlimit(getpid(), RLIMIT_STACK, NULL, &b) == 0);
    CHECK(b.rlim_cur == 5 << 20 && b.rlim_max == 6 << 20);
    a = (struct rlimit){50 << 20, 60 << 20};
    CHECK(setrlimit(RLIMIT_DATA, &a) == 0 && getrlimit(RLIMIT_DATA, &b) == 0 && b.rlim_max == 60 << 20);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(getrlimit(RLIMIT_AS, &b) || b.rlim_cur != 100 << 20);
    siginfo_t info;
    struct rusage used;
    memset(&info, 0, sizeof info);
    memset(&used, 0xaa, sizeof used);
    CHECK(syscall(SYS_waitid, P_PID, pid, &info, WEXITED, &used) == 0);
    CHECK(info.si_pid == pid && info.si_status == 0 && info.si_code == CLD_EXITED && info.si_signo == SIGCHLD);
    CHECK(used.ru_utime.tv_sec == 0 && used.ru_maxrss > 0);
    CHECK(getrlimit(99, &b) == -1 && errno == EINVAL);
}

static void capabilities(void)
{
    struct __user_cap_header_struct h = {0, 0};
    struct __user_cap_data_struct d[2];
    CHECK(syscall(SYS_capget, &h, NULL) == 0 && h.version == _LINUX_CAPABILITY_VERSION_3);
    memset(d, 0xaa, sizeof d);
    CHECK(syscall(SYS_capget, &h, d) == 0 && (d[0].effective & ~d[0].permitted) == 0);
    CHECK(syscall(SYS_capset, &h, d) == 0);
    h.version = 1;
    CHECK(syscall(SYS_capget, &h, d) == -1 && errno == EINVAL && h.version == _LINUX_CAPABILITY_VERSION_3);
    h.pid = -5;
    CHECK(syscall(SYS_capget, &h, d) == -1 && errno == EINVAL);
}

struct sched_attr_ {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
};

static void scheduling(void)
{
    struct sched_attr_ a;
    memset(&a, 0xaa, sizeof a);
    CHECK(syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) == 0);
    CHECK(a.size == 56 && a.policy == SCHED_OTHER && a.nice == 0 && a.priority == 0 && a.flags == 0);
    a = (struct sched_attr_){.size = 48, .policy = SCHED_BATCH, .nice = 5};
    CHECK(syscall(SYS_sched_setattr, 0, &a, 0) == 0 && sched_getscheduler(0) == SCHED_BATCH);
    CHECK(getpriority(PRIO_PROCESS, 0) == 5);
    CHECK(syscall(SYS_sched_getattr, 0, &a, 48, 0) == 0 && a.size == 48 && a.nice == 5);
    a.size = 20;
    CHECK(syscall(SYS_sched_setattr, 0, &a, 0) == -1 && errno == E2BIG && a.size == 56);
    CHECK(syscall(SYS_sched_getattr, 0, &a, 20, 0) == -1 && errno == EINVAL);
    cpu_set_t set, all;
    CHECK(sched_getaffinity(0, sizeof all, &all) == 0 && CPU_COUNT(&all) > 0);
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &set);
            break;
        }
    CHECK(sched_setaffinity(0, sizeof set, &set) == 0 && sched_getaffinity(0, sizeof all, &all) == 0);
    CHECK(CPU_EQUAL(&set, &all));
    CHECK(sched_getaffinity(0, 1, &all) == -1 && errno == EINVAL);
    struct sched_param p = {77};
    CHECK(sched_getparam(0, &p) == 0 && p.sched_priority == 0);
    CHECK(sched_get_priority_max(SCHED_FIFO) == 99 && sched_get_priority_min(99) == -1 && errno == EINVAL);
}

static volatile sig_atomic_t got;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    got = info->si_value.sival_int;
}

static void descriptors(void)
{
    int fd = syscall(SYS_pidfd_open, getpid(), 0);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(syscall(SYS_pidfd_open, getpid(), 12345) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0);
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = SIGUSR1;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_value.sival_int = 99;
    CHECK(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, &info, 0) == 0 && got == 99);
    int p[2];
    CHECK(pipe(p) == 0);
    int copy = syscall(SYS_pidfd_getfd, fd, p[1], 0);
    CHECK(copy >= 0 && write(copy, "x", 1) == 1);
    char c;
    CHECK(read(p[0], &c, 1) == 1 && c == 'x');
    CHECK(syscall(SYS_pidfd_getfd, fd, 12345, 0) == -1 && errno == EBADF);
    pid_t me = getpid();
    CHECK(syscall(SYS_kcmp, me, me, KCMP_FILE, p[1], copy) == 0);
    CHECK(syscall(SYS_kcmp, me, me, KCMP_FILE, p[0], copy) != 0);
    CHECK(syscall(SYS_kcmp, me, me, KCMP_SYSVSEM, 0, 0) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(9);
    int child = syscall(SYS_pidfd_open, pid, 0);
    memset(&info, 0, sizeof info);
    CHECK(waitid((idtype_t)3 /* P_PIDFD */, child, &info, WEXITED) == 0 && info.si_pid == pid && info.si_status == 9);
}

static void keys(void)
{
    long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "demotic test");
    if (ring == -1) {
        /* a kernel without keys */
        printf("no keys: %s\n", strerror(errno));
        return;
    }
    char buf[128];
    int key = syscall(SYS_add_key, "user", "a key", "payload", 7, KEY_SPEC_SESSION_KEYRING);
    CHECK(key > 0 && syscall(SYS_keyctl, KEYCTL_READ, key, buf, sizeof buf) == 7 && !memcmp(buf, "payload", 7));
    CHECK(syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "a key", 0) == key);
    CHECK(syscall(SYS_request_key, "user", "a key", NULL, 0) == key);
    CHECK(syscall(SYS_keyctl, KEYCTL_UPDATE, key, "new", 3) == 0);
    CHECK(syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, buf, sizeof buf) > 0 && !strncmp(buf, "user;", 5));
    CHECK(syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, buf, ~0ul) > 0 && !strncmp(buf, "user;", 5));
    int listed = 0;
    CHECK(syscall(SYS_keyctl, KEYCTL_READ, KEY_SPEC_SESSION_KEYRING, &listed, sizeof listed) == 4 && listed == key);
    CHECK(syscall(SYS_keyctl, KEYCTL_REVOKE, key) == 0);
    CHECK(syscall(SYS_keyctl, KEYCTL_READ, key, buf, sizeof buf) == -1 && errno == EKEYREVOKED);
    CHECK(syscall(SYS_add_key, "no such type", "x", "y", 1, KEY_SPEC_SESSION_KEYRING) == -1 && errno == ENODEV);
    CHECK(syscall(SYS_keyctl, 9999) == -1 && errno == EOPNOTSUPP);
}

static void identification(void)
{
    struct utsname u;
    struct sysinfo s;
    CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Linux") && u.release[0] >= '1' && u.machine[0]);
    memset(&s, 0xaa, sizeof s);
    CHECK(sysinfo(&s) == 0 && s.mem_unit > 0 && s.totalram > s.freeram && s.procs > 0 && s.uptime > 0);
    int old = personality(0xffffffff);
    CHECK(personality(old | ADDR_NO_RANDOMIZE) == old && personality(0xffffffff) == (old | ADDR_NO_RANDOMIZE));
    char r[32] = {0}, zero[32] = {0};
    CHECK(getrandom(r, 32, 0) == 32 && memcmp(r, zero, 32) && getrandom(r, 1, 0x8000) == -1 && errno == EINVAL);
    long commands = syscall(SYS_membarrier, 0, 0);
    CHECK(commands >= 0 && syscall(SYS_membarrier, 1 << 30, 0) == -1 && errno == EINVAL);
    unsigned cpu = 9999, node = 9999;
    CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu < 9999 && node < 9999);
}

int main(void)
{
    attributes();
    capabilities();
    scheduling();
    descriptors();
    keys();
    identification();
    limits();
    return t_done();
}
