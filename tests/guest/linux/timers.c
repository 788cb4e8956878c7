/* Covers: adjtimex in both widths, timers of processes and descriptors, interval
 * timers, epoll_pwait2, select beyond 1024 descriptors, signalfd, eventfd as a
 * semaphore, the masks of ppoll and pselect. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_clock_adjtime64
#define SYS_clock_adjtime64 SYS_clock_adjtime
#endif

static volatile sig_atomic_t count, code, value;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    count++;
    code = info->si_code;
    value = info->si_value.sival_int;
}

static void adjusting(void)
{
    struct timex t;
    memset(&t, 0xaa, sizeof t);
    t.modes = 0;
    int state = adjtimex(&t);
    time_t now = time(NULL);
    CHECK(state >= 0 && t.tick >= 9000 && t.tick <= 11000 && t.time.tv_sec >= now - 2 && t.time.tv_sec <= now + 1);
    CHECK(t.precision > 0 && t.tolerance > 0 && t.time.tv_usec >= 0);
    struct timex u;
    memset(&u, 0xaa, sizeof u);
    u.modes = 0;
    CHECK(clock_adjtime(CLOCK_REALTIME, &u) == state && u.tick == t.tick && u.freq == t.freq && u.tai == t.tai);
    long long wide[26];
    memset(wide, 0, sizeof wide);
    CHECK(syscall(SYS_clock_adjtime64, CLOCK_REALTIME, wide) == state && wide[11] == t.tick && wide[2] == t.freq);
    CHECK(clock_adjtime(CLOCK_MONOTONIC, &u) == -1 && errno == EOPNOTSUPP);
}

static void process_timers(void)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2, .sigev_value.sival_int = 31337};
    timer_t id;
    sigaction(SIGRTMIN + 2, &sa, NULL);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &id) == 0);
    struct itimerspec it = {{0, 2000000}, {0, 1000000}}, was;
    CHECK(timer_settime(id, 0, &it, NULL) == 0);
    for (int i = 0; i < 2000 && count < 3; i++)
        usleep(1000);
    CHECK(count >= 3 && code == SI_TIMER && value == 31337);
    CHECK(timer_gettime(id, &was) == 0 && was.it_interval.tv_nsec == 2000000 && was.it_value.tv_nsec <= 2000000);
    memset(&it, 0, sizeof it);
    CHECK(timer_settime(id, 0, &it, &was) == 0 && was.it_interval.tv_nsec == 2000000);
    CHECK(timer_getoverrun(id) >= 0 && timer_delete(id) == 0 && timer_delete(id) == -1 && errno == EINVAL);
    ev.sigev_notify = SIGEV_NONE;
    CHECK(timer_create(CLOCK_REALTIME, &ev, &id) == 0);
    it.it_value.tv_sec = 100;
    CHECK(timer_settime(id, 0, &it, NULL) == 0 && timer_gettime(id, &was) == 0 && was.it_value.tv_sec >= 98);
    CHECK(timer_delete(id) == 0);
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = 999;
    CHECK(timer_create(CLOCK_REALTIME, &ev, &id) == -1 && errno == EINVAL);
}

static void descriptor_timers(void)
{
    int t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    uint64_t n = 0;
    CHECK(t >= 0 && read(t, &n, 8) == -1 && errno == EAGAIN && fcntl(t, F_GETFD) == FD_CLOEXEC);
    struct itimerspec it = {{0, 1000000}, {0, 1000000}}, now;
    CHECK(timerfd_settime(t, 0, &it, NULL) == 0 && timerfd_gettime(t, &now) == 0 && now.it_interval.tv_nsec == 1000000);
    usleep(10000);
    CHECK(read(t, &n, 8) == 8 && n >= 5 && n < 1000000);
    CHECK(timerfd_settime(t, 77, &it, NULL) == -1 && errno == EINVAL);
    close(t);
}

static void waiting(void)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.u64 = 0xfeedfacecafebeefull}, out[2];
    CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) == -1 && errno == EEXIST);
    long long t[2] = {0, 1000000};
    CHECK(syscall(SYS_epoll_pwait2, ep, out, 2, t, NULL, 0) == 1 && out[0].data.u64 == e.data.u64);
    CHECK(syscall(SYS_epoll_pwait2, ep, out, 2, t, NULL, 0) == 0);
    t[1] = 1000000000;
    CHECK(syscall(SYS_epoll_pwait2, ep, out, 2, t, NULL, 0) == -1 && errno == EINVAL);
    uint64_t n;
    CHECK(read(ev, &n, 8) == 8 && n == 1 && read(ev, &n, 8) == 8 && n == 1 && read(ev, &n, 8) == -1 && errno == EAGAIN);
    e.events = EPOLLOUT;
    CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, ev, &e) == 0 && epoll_wait(ep, out, 2, 0) == 1 && out[0].events == EPOLLOUT);
    CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, ev, NULL) == 0 && epoll_wait(ep, out, 0, 0) == -1 && errno == EINVAL);

    struct rlimit many = {3000, 3000};
    setrlimit(RLIMIT_NOFILE, &many);
    int p[2], high = 2100;
    CHECK(pipe(p) == 0 && dup2(p[0], high) == high && write(p[1], "x", 1) == 1);
    unsigned long bits[4096 / (8 * sizeof(long))] = {0};
    unsigned per = 8 * sizeof(long);
    bits[high / per] |= 1ul << high % per;
    struct timeval tv = {1, 0};
    CHECK(select(high + 1, (fd_set *)bits, NULL, NULL, &tv) == 1 && bits[high / per] == 1ul << high % per);

    /* a signal that only gets through while waiting */
    sigset_t blocked, none;
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    count = 0;
    raise(SIGUSR1);
    struct timespec ts = {5, 0};
    CHECK(count == 0 && ppoll(NULL, 0, &ts, &none) == -1 && errno == EINTR && count == 1);
    raise(SIGUSR1);
    CHECK(pselect(0, NULL, NULL, NULL, &ts, &none) == -1 && errno == EINTR && count == 2);
    raise(SIGUSR1);
    CHECK(epoll_pwait(ep, out, 2, 5000, &none) == -1 && errno == EINTR && count == 3);

    int s = signalfd(-1, &blocked, SFD_NONBLOCK | SFD_CLOEXEC);
    struct signalfd_siginfo si;
    memset(&si, 0xaa, sizeof si);
    CHECK(s >= 0 && read(s, &si, sizeof si) == -1 && errno == EAGAIN);
    union sigval v = {.sival_int = 0x12345};
    CHECK(sigqueue(getpid(), SIGUSR1, v) == 0);
    struct pollfd pf = {s, POLLIN, 0};
    CHECK(poll(&pf, 1, 1000) == 1 && pf.revents == POLLIN && read(s, &si, sizeof si) == sizeof si);
    CHECK(si.ssi_signo == SIGUSR1 && si.ssi_code == SI_QUEUE && si.ssi_pid == getpid() && si.ssi_uid == getuid() && si.ssi_int == 0x12345);
    CHECK(count == 3);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void intervals(void)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGVTALRM, &sa, NULL);
    count = 0;
    struct itimerval it = {{0, 5000}, {0, 5000}}, was;
    CHECK(setitimer(ITIMER_VIRTUAL, &it, NULL) == 0);
    while (count < 2)
        ;
    memset(&it, 0, sizeof it);
    CHECK(setitimer(ITIMER_VIRTUAL, &it, &was) == 0 && was.it_interval.tv_usec >= 4000 && was.it_interval.tv_usec <= 8000);
    CHECK(setitimer(99, &it, NULL) == -1 && errno == EINVAL);
    struct timespec nap = {3, 0}, left = {0};
    sigaction(SIGALRM, &sa, NULL);
    /* again and again, in case the first one comes before it sleeps */
    ualarm(20000, 20000);
    CHECK(nanosleep(&nap, &left) == -1 && errno == EINTR && left.tv_sec == 2 && left.tv_nsec > 0);
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, &left) == EINTR && left.tv_sec == 2);
    ualarm(0, 0);
}

int main(void)
{
    adjusting();
    process_timers();
    descriptor_timers();
    waiting();
    intervals();
    return t_done();
}
