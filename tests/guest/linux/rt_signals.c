/* Covers: that all of the real-time signals up to SIGRTMAX are the program's: each is caught, with the value and code
 * that it was sent with, in order of their numbers, queued as often as they are sent; waited for, and inherited. */
#include "t.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first that the C library leaves to programs, and the last that every machine here has. */
#define FIRST 34
#define LAST 64

static volatile int order[128], values[128], codes[128], count;

static void note(int s, siginfo_t *i, void *u)
{
    if (count < 128) {
        order[count] = s;
        values[count] = i->si_value.sival_int;
        codes[count] = i->si_code;
    }
    count++;
}

static void send(pid_t pid, int s, int v)
{
    union sigval value = {.sival_int = v};
    if (sigqueue(pid, s, value))
        printf("FAIL cannot send %d: %d\n", s, errno), t_failures++;
}

static void each_one(void)
{
    int bad = 0;
    for (int s = FIRST; s <= LAST; s++) {
        count = 0;
        send(getpid(), s, 1000 + s);
        bad += count != 1 || order[0] != s || values[0] != 1000 + s || codes[0] != SI_QUEUE;
        count = 0;
        raise(s);
        bad += count != 1 || order[0] != s || codes[0] != SI_TKILL;
        count = 0;
        kill(getpid(), s);
        bad += count != 1 || order[0] != s || codes[0] != SI_USER;
    }
    CHECK(bad == 0);
}

static void queued(void)
{
    sigset_t all, pending;
    int bad = 0;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    count = 0;
    for (int s = LAST; s >= FIRST; s--)
        send(getpid(), s, 2 * s), send(getpid(), s, 2 * s + 1);
    sigpending(&pending);
    for (int s = FIRST; s <= LAST; s++)
        bad += !sigismember(&pending, s);
    CHECK(bad == 0 && count == 0);
    /* The one that waits longest of the lowest number comes first. */
    siginfo_t info;
    CHECK(sigwaitinfo(&all, &info) == FIRST && info.si_value.sival_int == 2 * FIRST && info.si_code == SI_QUEUE);
    /* Handlers run with all blocked: one after the other. */
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    CHECK(count == 2 * (LAST - FIRST + 1) - 1);
    int seen[LAST + 1];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < count; i++)
        bad += values[i] / 2 != order[i] || (values[i] & 1) != (seen[order[i]]++ + (order[i] == FIRST));
    CHECK(bad == 0);
}

static void waited_for(void)
{
    sigset_t set;
    int bad = 0;
    sigemptyset(&set);
    sigaddset(&set, 63), sigaddset(&set, 35), sigaddset(&set, LAST);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        send(parent, LAST, 1), send(parent, 63, 2), send(parent, 35, 3);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    int expected[3] = {35, 63, LAST}, got;
    for (int i = 0; i < 3; i++)
        bad += sigwait(&set, &got) != 0 || got != expected[i];
    CHECK(bad == 0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void kills(void)
{
    int bad = 0;
    fflush(stdout);
    for (int s = FIRST; s <= LAST; s++) {
        pid_t child = fork();
        if (child == 0) {
            signal(s, SIG_DFL);
            raise(s);
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        bad += !WIFSIGNALED(status) || WTERMSIG(status) != s;
    }
    CHECK(bad == 0);
}

static pthread_t sender;
static void *to_thread(void *arg)
{
    return pthread_sigqueue(sender, 63, (union sigval){.sival_int = 5}) ? NULL : arg;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    int bad = 0;
    sigfillset(&action.sa_mask);
    for (int s = FIRST; s <= LAST; s++)
        bad += sigaction(s, &action, NULL) != 0;
    CHECK(bad == 0 && SIGRTMIN == FIRST && SIGRTMAX >= LAST);
    each_one();
    queued();
    waited_for();
    kills();
    /* The two that the C library keeps for itself are the kernel's to deliver, too: cancellation uses the first. */
    struct sigaction old;
    CHECK(sigaction(32, &action, NULL) == -1 && sigaction(33, NULL, &old) == -1);
    pthread_t t;
    void *done = NULL;
    count = 0;
    sender = pthread_self();
    pthread_create(&t, NULL, to_thread, &t);
    pthread_join(t, &done);
    CHECK(done == &t && count == 1 && order[0] == 63 && values[0] == 5);
    return t_done();
}
