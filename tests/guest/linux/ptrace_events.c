/* Children and threads of a traced child: events, and tracing them from their first instruction. */
#include "t.h"
#include "tracer.h"
#include <pthread.h>

static void *thread(void *arg)
{
    return arg;
}

static void multiply(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(2);
    waitpid(child, &status, 0);
    child = vfork();
    if (child == 0)
        _exit(3);
    waitpid(child, &status, 0);
    pthread_t t;
    void *result = 0;
    pthread_create(&t, 0, thread, &status);
    pthread_join(t, &result);
    _exit(result == &status && WEXITSTATUS(status) == 3 ? 4 : 5);
}

/* Runs a child and all that comes of it to the end, and says what has happened to how many. */
static void follow(pid_t first)
{
    int events[8] = { 0 }, exits = 0, begins = 0, last = -1, living = 1, status;
    ptrace(PTRACE_CONT, first, 0, 0);
    while (living) {
        pid_t pid = waitpid(-1, &status, __WALL);
        int signal = 0;
        if (pid < 0)
            break;
        if (WIFEXITED(status)) {
            exits++, living--;
            if (pid == first)
                last = WEXITSTATUS(status);
            continue;
        }
        if (status >> 16) {
            unsigned long message = 0;
            int event = status >> 16 & 7;
            events[event]++;
            if (event <= 3) {
                living++;
                if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &message) || !message)
                    printf("no message\n");
            }
        } else if (WSTOPSIG(status) == SIGSTOP) {
            begins++;
        } else {
            signal = WSTOPSIG(status);
        }
        if (ptrace(PTRACE_CONT, pid, 0, signal) && errno != ESRCH)
            printf("cannot continue: %s\n", strerror(errno));
    }
    printf("%d fork, %d vfork, %d clone, %d vfork done, %d begin, %d end, exit %d\n", events[PTRACE_EVENT_FORK],
           events[PTRACE_EVENT_VFORK], events[PTRACE_EVENT_CLONE], events[PTRACE_EVENT_VFORK_DONE], begins, exits, last);
}

static void leave(void)
{
    pid_t child = fork();
    if (child == 0) {
        raise(SIGUSR1);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    _exit(WIFSIGNALED(status) ? 6 : 7);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    pid_t child = traced(multiply);
    CHECK(ptrace(PTRACE_SETOPTIONS, child, 0,
                 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORKDONE) == 0);
    follow(child);

    child = traced(multiply);
    follow(child);

    /* The child of a child is let go; it dies by itself. */
    child = traced(leave);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEFORK);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("forks", child);
    unsigned long other = 0;
    ptrace(PTRACE_GETEVENTMSG, child, 0, &other);
    show("its child", other);
    CHECK(ptrace(PTRACE_DETACH, other, 0, 0) == 0);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("is told", child);
    ptrace(PTRACE_CONT, child, 0, SIGCHLD);
    show("ends", child);
    return t_done();
}
