/* Attaching to a child that runs: PTRACE_ATTACH, PTRACE_SEIZE, interrupting it, leaving it, and stops of its job. */
#include "t.h"
#include "tracer.h"

static volatile unsigned rounds;

/* A child that says that it runs, and does so. */
static pid_t running(int waits)
{
    int pipe_ends[2];
    char ready;
    if (pipe(pipe_ends))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        write(pipe_ends[1], "x", 1);
        while (!waits)
            rounds++;
        for (;;)
            pause();
    }
    read(pipe_ends[0], &ready, 1);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    show("ends", child);
}

static void attach(int waits)
{
    printf("attach %s\n", waits ? "in a call" : "in a loop");
    pid_t child = running(waits);
    CHECK(ptrace(PTRACE_ATTACH, child, 0, 0) == 0);
    CHECK(ptrace(PTRACE_ATTACH, child, 0, 0) == -1 && errno == EPERM);
    show("attached", child);
    CHECK(get_register(child, PC) != 0 && get_register(child, PC) != (reg_t)-1);
    errno = 0;
    ptrace(PTRACE_PEEKDATA, child, &rounds, 0);
    CHECK(errno == 0);
    CHECK(ptrace(PTRACE_INTERRUPT, child, 0, 0) == -1 && errno == EIO);
    ptrace(PTRACE_CONT, child, 0, 0);
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &rounds) == -1 && errno == ESRCH);
    kill(child, SIGUSR1);
    show("signalled", child);
    CHECK(ptrace(PTRACE_DETACH, child, 0, 0) == 0);
    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == -1 && errno == ESRCH);
    kill(child, SIGTERM);
    show("left", child);
}

static void seize(int waits)
{
    printf("seize %s\n", waits ? "in a call" : "in a loop");
    pid_t child = running(waits);
    CHECK(ptrace(PTRACE_SEIZE, child, 4, 0) == -1 && errno == EIO);
    CHECK(ptrace(PTRACE_SEIZE, child, 0, 0x40000000) == -1);
    CHECK(ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT) == 0);
    CHECK(ptrace(PTRACE_INTERRUPT, child, 0, 0) == 0);
    show("interrupted", child);
    siginfo_t info;
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &info) == 0 && info.si_code >> 8 == PTRACE_EVENT_STOP);
    CHECK(get_register(child, PC) != 0);
    ptrace(PTRACE_CONT, child, 0, 0);
    CHECK(ptrace(PTRACE_INTERRUPT, child, 0, 0) == 0);
    show("interrupted again", child);
    ptrace(PTRACE_CONT, child, 0, 0);

    kill(child, SIGTSTP);
    show("is to stop", child);
    ptrace(PTRACE_CONT, child, 0, SIGTSTP);
    show("stops", child);
    CHECK(ptrace(PTRACE_LISTEN, child, 0, 0) == 0);
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &info) == -1 && errno == ESRCH);
    kill(child, SIGCONT);
    show("is told", child);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("goes on", child);
    ptrace(PTRACE_CONT, child, 0, SIGCONT);
    kill(child, SIGTERM);
    show("is to end", child);
    ptrace(PTRACE_CONT, child, 0, SIGTERM);
    show("is about to end", child);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("ends", child);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    attach(0);
    attach(1);
    seize(0);
    seize(1);
    CHECK(ptrace(PTRACE_ATTACH, 0x7ffffff0, 0, 0) == -1 && errno == ESRCH);
    return t_done();
}
