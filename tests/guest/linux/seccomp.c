/* Covers: a program's own seccomp filters: what they see, each action, several
 * at once, inheritance over fork, strict mode, refused programs. */
#include "t.h"
#include "tracer.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__arm__)
#define ARCH AUDIT_ARCH_ARM
#elif defined(__mips__)
#define ARCH (__BYTE_ORDER == __LITTLE_ENDIAN ? AUDIT_ARCH_MIPSEL : AUDIT_ARCH_MIPS)
#else
#define ARCH AUDIT_ARCH_X86_64
#endif
#define LOW(n) (offsetof(struct seccomp_data, args[n]) + (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0))
#define HIGH(n) (offsetof(struct seccomp_data, args[n]) + (__BYTE_ORDER == __BIG_ENDIAN ? 0 : 4))
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what)
#define NUMBER LOAD(offsetof(struct seccomp_data, nr))
#define RET(what) BPF_STMT(BPF_RET | BPF_K, what)
/* what happens if the accumulator is `n` */
#define IF(n, what) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, 1), RET(what)

#define FILTER(flags, ...)                                                        \
    ({                                                                            \
        struct sock_filter f_[] = {__VA_ARGS__};                                  \
        struct sock_fprog p_ = {sizeof f_ / sizeof *f_, f_};                      \
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p_);                \
    })

static volatile sig_atomic_t trapped_code, trapped_errno, trapped_nr, trapped_arch;

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    trapped_code = info->si_code;
    trapped_errno = info->si_errno;
    trapped_nr = info->si_syscall;
    trapped_arch = (unsigned)info->si_arch == ARCH;
}

/* Runs `f` in a child; gives its wait status. */
static int in_child(void (*f)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        f();
        _exit(0);
    }
    int st = -1;
    waitpid(pid, &st, 0);
    return st;
}

static void by_number(void)
{
    if (FILTER(0, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EDOM), IF(SYS_getsid, SECCOMP_RET_ERRNO), RET(SECCOMP_RET_ALLOW)))
        _exit(1);
    CHECK(syscall(SYS_getppid) == -1 && errno == EDOM);
    CHECK(getsid(0) == 0);
    CHECK(prctl(PR_GET_SECCOMP) == 2);
    /* the stricter of two filters wins, and of two errors the newer */
    CHECK(FILTER(0, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV), IF(SYS_getsid, SECCOMP_RET_ALLOW), RET(SECCOMP_RET_ALLOW)) == 0);
    CHECK(syscall(SYS_getppid) == -1 && errno == EXDEV && getsid(0) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(syscall(SYS_getppid) == -1 && errno == EXDEV ? 7 : 1);
    int st;
    CHECK(waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == 7);
    fflush(stdout);
    _exit(t_failures ? 1 : 0);
}

static void by_argument(void)
{
    FILTER(0, LOAD(offsetof(struct seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
           RET(SECCOMP_RET_KILL_PROCESS), NUMBER, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 1, 0), RET(SECCOMP_RET_ALLOW),
           LOAD(HIGH(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), RET(SECCOMP_RET_ERRNO | 1), LOAD(LOW(0)),
           BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 3), BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_IMM, 103),
           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), RET(SECCOMP_RET_ERRNO | 42), RET(SECCOMP_RET_ALLOW));
    CHECK(dup(100) == -1 && errno == 42);
    CHECK(dup(101) == -1 && errno == EBADF);
    CHECK(dup(0) >= 0);
    fflush(stdout);
    _exit(t_failures ? 1 : 0);
}

static void by_trap(void)
{
    struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGSYS, &sa, NULL);
    FILTER(0, NUMBER, IF(SYS_getsid, SECCOMP_RET_TRAP | 321), RET(SECCOMP_RET_ALLOW));
    syscall(SYS_getsid, 0);
    CHECK(trapped_code == 1 && trapped_errno == 321 && trapped_nr == SYS_getsid && trapped_arch);
    fflush(stdout);
    _exit(t_failures ? 1 : 0);
}

/* What a program is executed under, it is still under. */
static void executes(void)
{
    if (FILTER(0, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EDOM), IF(SYS_getsid, SECCOMP_RET_ERRNO), RET(SECCOMP_RET_ALLOW))
        || FILTER(0, NUMBER, IF(SYS_getppid, SECCOMP_RET_ERRNO | EXDEV), RET(SECCOMP_RET_ALLOW)))
        _exit(1);
    execl("/proc/self/exe", "seccomp", "again", NULL);
    _exit(2);
}

static int executed(void)
{
    CHECK(prctl(PR_GET_SECCOMP) == 2);
    CHECK(syscall(SYS_getppid) == -1 && errno == EXDEV);
    CHECK(getsid(0) == 0);
    CHECK(FILTER(0, NUMBER, IF(SYS_getpgid, SECCOMP_RET_ERRNO | EDOM), RET(SECCOMP_RET_ALLOW)) == 0);
    CHECK(getpgid(0) == -1 && errno == EDOM);
    CHECK(fcntl(3, F_GETFD) == -1 && errno == EBADF);
    return t_failures;
}

static void killed(void)
{
    FILTER(0, NUMBER, IF(SYS_getsid, SECCOMP_RET_KILL_PROCESS), RET(SECCOMP_RET_ALLOW));
    getsid(0);
}

static void trapped_to_death(void)
{
    FILTER(0, NUMBER, IF(SYS_getsid, SECCOMP_RET_TRAP), RET(SECCOMP_RET_ALLOW));
    getsid(0);
}

static void traced_by_nobody(void)
{
    FILTER(0, NUMBER, IF(SYS_getsid, SECCOMP_RET_TRACE), RET(SECCOMP_RET_ALLOW));
    _exit(getsid(0) == -1 && errno == ENOSYS ? 0 : 1);
}

/* What a tracer makes of a call that it is asked about is judged again, but not asked about again. */
static void asks(void)
{
    pid_t session = getsid(0), parent = getppid();
    umask(077);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    FILTER(0, NUMBER, IF(SYS_getsid, SECCOMP_RET_TRACE | 5), IF(SYS_umask, SECCOMP_RET_TRACE | 6),
           IF(SYS_getpgid, SECCOMP_RET_ERRNO | EDOM), RET(SECCOMP_RET_ALLOW));
    int good = syscall(SYS_getsid, 0) == parent;
    good |= (syscall(SYS_getsid, 0) == -1 && errno == EDOM) << 1;
    good |= (syscall(SYS_getsid, 0) == session) << 2;
    good |= (syscall(SYS_getsid, 0) == 077) << 3;
    good |= (syscall(SYS_getsid, 0) == -1 && errno == ENOSYS) << 4;
    _exit(good);
}

static int set_call(pid_t child, long number)
{
#if defined __arm__
    return ptrace(23 /* PTRACE_SET_SYSCALL */, child, 0, number);
#elif defined __mips__
    return set_register(child, 2, number);
#else
    return set_register(child, 15, number);
#endif
}

static void asked(void)
{
    static const long others[] = {SYS_getppid, SYS_getpgid, SYS_getsid, SYS_umask, SYS_getpid + 3000};
    unsigned long data = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        asks();
    show("begins", child);
    CHECK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP) == 0);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        ptrace(PTRACE_CONT, child, 0, 0);
        show("is asked", child);
        CHECK(ptrace(PTRACE_GETEVENTMSG, child, 0, &data) == 0 && data == 5 && set_call(child, others[i]) == 0);
    }
    ptrace(PTRACE_CONT, child, 0, 0);
    show("ends", child);
}

static void strict(void)
{
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    write(1, "ok still writing\n", 17);
    syscall(SYS_exit, 5);
}

static void strict_and_wrong(void)
{
    syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
    getsid(0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return executed();
    CHECK(prctl(PR_GET_SECCOMP) == 0);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    unsigned action = SECCOMP_RET_TRAP;
    CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0);
    action = 0x12340000;
    CHECK(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1 && errno == EOPNOTSUPP);
    CHECK(FILTER(0, NUMBER) == -1 && errno == EINVAL);
    CHECK(FILTER(0, LOAD(2), RET(0)) == -1 && errno == EINVAL);
    CHECK(FILTER(0, BPF_STMT(BPF_JMP | BPF_JA, 5), RET(0)) == -1 && errno == EINVAL);
    CHECK(FILTER(1 << 20, RET(0)) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_seccomp, 77, 0, NULL) == -1 && errno == EINVAL);
    CHECK(prctl(PR_GET_SECCOMP) == 0);

    CHECK(in_child(by_number) == 0);
    CHECK(in_child(by_argument) == 0);
    CHECK(in_child(by_trap) == 0);
    CHECK(in_child(executes) == 0);
    CHECK(in_child(traced_by_nobody) == 0);
    int st = in_child(killed);
    CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGSYS);
    st = in_child(trapped_to_death);
    CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGSYS);
    st = in_child(strict);
    CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 5);
    st = in_child(strict_and_wrong);
    CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
    asked();
    return t_done();
}
