/* Covers: signal delivery: kill and raise to self, SIGALRM from alarm and
 * setitimer, SIGCHLD, masks, pending, sigsuspend, SA_RESTART and EINTR,
 * SA_NODEFER, SA_RESETHAND, siginfo values, SIG_IGN, nested handlers.
 * Signals are named, not numbered: MIPS numbers them differently. */
#include "t.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t hits, depth, max_depth, last;
static volatile pid_t from;
static volatile int code, value;
static int wake[2];

static void on(int sig, void (*fn)(int), int flags)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = fn;
    sa.sa_flags = flags;
    sigemptyset(&sa.sa_mask);
    if (sigaction(sig, &sa, NULL))
        perror("sigaction");
}

static void count(int sig) { hits++; last = sig; }

static void nest(int sig)
{
    if (++depth > max_depth)
        max_depth = depth;
    if (hits++ < 3)
        raise(sig);
    depth--;
}

static void info(int sig, siginfo_t *si, void *uc)
{
    hits++;
    last = sig;
    from = si->si_pid;
    code = si->si_code;
    value = si->si_value.sival_int;
    (void)uc;
}

static void feed(int sig)
{
    (void)sig;
    hits++;
    int e = errno;
    if (write(wake[1], "!", 1) != 1)
        hits += 100;
    errno = e;
}

static void timer(long usec, int repeat)
{
    struct itimerval it = {{0, repeat ? usec : 0}, {0, usec}};
    setitimer(ITIMER_REAL, &it, NULL);
}

/* The calls of MIPS that change the first word of the mask; others have none. */
static int word_masks(void)
{
#ifdef __mips__
    sigset_t now;
    long before = syscall(SYS_sgetmask), usr = 1l << (SIGUSR1 - 1), all;
    int good = syscall(SYS_ssetmask, usr) == before && syscall(SYS_sgetmask) == usr;
    sigprocmask(SIG_BLOCK, NULL, &now);
    good &= sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 0;
    syscall(SYS_ssetmask, -1L);
    all = syscall(SYS_ssetmask, before);
    good &= all == (-1l & ~(1l << (SIGKILL - 1)) & ~(1l << (SIGSTOP - 1))) && syscall(SYS_sgetmask) == before;
    return good;
#else
    return 1;
#endif
}

int main(void)
{
    sigset_t set, old, pend;

    on(SIGUSR1, count, 0);
    kill(getpid(), SIGUSR1);
    CHECK(hits == 1 && last == SIGUSR1);
    raise(SIGUSR1);
    CHECK(hits == 2);

    /* a blocked signal stays pending, merges, and comes at unblocking */
    hits = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    CHECK(hits == 0);
    sigpending(&pend);
    CHECK(sigismember(&pend, SIGUSR1) == 1 && sigismember(&pend, SIGUSR2) == 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK(hits == 1);

    /* nesting only with SA_NODEFER */
    hits = 0;
    on(SIGUSR2, nest, 0);
    raise(SIGUSR2);
    CHECK(max_depth == 1 && hits == 4);
    hits = max_depth = 0;
    on(SIGUSR2, nest, SA_NODEFER);
    raise(SIGUSR2);
    CHECK(max_depth == 4 && hits == 4);

    /* a handler used once, then back to default */
    struct sigaction sa;
    on(SIGUSR2, count, SA_RESETHAND);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &sa);
    CHECK(sa.sa_handler == SIG_DFL);
    on(SIGUSR2, SIG_IGN, 0);
    hits = 0;
    raise(SIGUSR2);
    CHECK(hits == 0);

    /* siginfo of kill and of sigqueue */
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = info;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &sa, NULL);
    kill(getpid(), SIGUSR1);
    CHECK(from == getpid() && code == SI_USER);
    union sigval v = {.sival_int = 4711};
    sigqueue(getpid(), SIGUSR1, v);
    CHECK(from == getpid() && code == SI_QUEUE && value == 4711);
    /* real-time signals queue up, in order of number */
    sigaction(SIGRTMIN, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    hits = 0;
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 1; i <= 3; i++) {
        v.sival_int = i;
        sigqueue(getpid(), SIGRTMIN, v);
    }
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(hits == 3 && value == 3);

    /* sigsuspend waits with another mask and puts the old one back */
    on(SIGALRM, count, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    hits = 0;
    timer(10000, 0);
    int r = sigsuspend(&old);
    CHECK(r == -1 && errno == EINTR && hits == 1 && last == SIGALRM);
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGALRM) == 1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK(word_masks());

    /* a computing loop is interrupted too */
    hits = 0;
    timer(5000, 1);
    volatile unsigned spin = 0;
    while (hits < 3)
        spin++;
    timer(0, 0);
    CHECK(spin > 0);

    /* a blocking read: EINTR without SA_RESTART, goes on with it */
    char c = 0;
    CHECK(pipe(wake) == 0);
    on(SIGALRM, count, 0);
    timer(10000, 1);
    r = (int)read(wake[0], &c, 1);
    CHECK(r == -1 && errno == EINTR);
    timer(0, 0);
    on(SIGALRM, feed, SA_RESTART);
    hits = 0;
    timer(10000, 0);
    r = (int)read(wake[0], &c, 1);
    CHECK(r == 1 && c == '!' && hits == 1);

    /* pause and alarm */
    on(SIGALRM, count, 0);
    hits = 0;
    alarm(100);
    CHECK(alarm(0) > 90);
    timer(5000, 1);
    CHECK(pause() == -1 && errno == EINTR && hits >= 1);
    timer(0, 0);

    /* SIGCHLD with the child's fate */
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = info;
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGCHLD, &sa, NULL);
    hits = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    int st = 0;
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 7);
    while (!hits)
        usleep(1000);
    CHECK(last == SIGCHLD && from == pid && code == CLD_EXITED);

    /* a child killed by a signal it does not catch */
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGTERM);
    CHECK(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM);

    /* stop and continue a child */
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &st, WUNTRACED) == pid && WIFSTOPPED(st) && WSTOPSIG(st) == SIGSTOP);
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &st, WCONTINUED) == pid && WIFCONTINUED(st));
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);

    /* sigwait takes a signal without a handler */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    on(SIGUSR2, count, 0);
    hits = 0;
    raise(SIGUSR2);
    int got = 0;
    CHECK(sigwait(&set, &got) == 0 && got == SIGUSR2 && hits == 0);

    CHECK(kill(getpid(), 0) == 0);
    CHECK(kill(getpid(), 1000) == -1 && errno == EINVAL);
    CHECK(sigaction(SIGKILL, &sa, NULL) == -1 && errno == EINVAL);
    return t_done();
}
