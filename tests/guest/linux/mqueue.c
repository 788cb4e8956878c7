/* Covers: POSIX message queues with attributes, priorities, time limits, and
 * notification by signal. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t code, value, sender;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    code = info->si_code;
    value = info->si_value.sival_int;
    sender = info->si_pid;
}

int main(void)
{
    char name[32], buf[64];
    snprintf(name, sizeof name, "/demotic-%d", getpid());
    struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 16}, got;
    mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, 0600, &attr);
    CHECK(q >= 0);
    CHECK(mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, NULL) == -1 && errno == EEXIST);
    memset(&got, 0xaa, sizeof got);
    CHECK(mq_getattr(q, &got) == 0 && got.mq_flags == O_NONBLOCK && got.mq_maxmsg == 3);
    CHECK(got.mq_msgsize == 16 && got.mq_curmsgs == 0);
    unsigned priority = 99;
    CHECK(mq_send(q, "low", 4, 1) == 0 && mq_send(q, "high", 5, 30) == 0 && mq_send(q, "mid", 4, 7) == 0);
    CHECK(mq_send(q, "full", 5, 0) == -1 && errno == EAGAIN);
    CHECK(mq_getattr(q, &got) == 0 && got.mq_curmsgs == 3);
    struct pollfd p = {q, POLLIN | POLLOUT, 0};
    CHECK(poll(&p, 1, 0) == 1 && p.revents == POLLIN);
    CHECK(mq_receive(q, buf, sizeof buf, &priority) == 5 && priority == 30 && !strcmp(buf, "high"));
    CHECK(mq_receive(q, buf, 8, NULL) == -1 && errno == EMSGSIZE);
    CHECK(mq_receive(q, buf, sizeof buf, NULL) == 4 && mq_receive(q, buf, sizeof buf, &priority) == 4);
    CHECK(priority == 1 && mq_receive(q, buf, sizeof buf, NULL) == -1 && errno == EAGAIN);
    attr.mq_flags = 0;
    CHECK(mq_setattr(q, &attr, &got) == 0 && got.mq_flags == O_NONBLOCK);
    CHECK(mq_getattr(q, &got) == 0 && got.mq_flags == 0);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 20000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    CHECK(mq_timedreceive(q, buf, sizeof buf, NULL, &t) == -1 && errno == ETIMEDOUT);
    CHECK(mq_timedsend(q, "now", 4, 0, &t) == 0 && mq_receive(q, buf, sizeof buf, NULL) == 4);
    CHECK(mq_send(q, "much too long for it", 20, 0) == -1 && errno == EMSGSIZE);

    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 4711};
    CHECK(mq_notify(q, &ev) == 0 && mq_notify(q, &ev) == -1 && errno == EBUSY);
    CHECK(mq_send(q, "x", 2, 0) == 0);
    for (int i = 0; i < 1000 && !code; i++)
        usleep(1000);
    CHECK(code == SI_MESGQ && value == 4711 && sender == getpid());
    CHECK(mq_receive(q, buf, sizeof buf, NULL) == 2);
    /* taken back */
    CHECK(mq_notify(q, &ev) == 0 && mq_notify(q, NULL) == 0);

    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(mq_receive(q, buf, sizeof buf, &priority) == 6 && priority == 2 ? 0 : 1);
    usleep(20000);
    int st;
    CHECK(mq_send(q, "child", 6, 2) == 0 && waitpid(pid, &st, 0) == pid && st == 0);
    CHECK(mq_close(q) == 0 && mq_getattr(q, &got) == -1 && errno == EBADF);
    CHECK(mq_unlink(name) == 0 && mq_unlink(name) == -1 && errno == ENOENT);
    return t_done();
}
