/* System calls of a traced child: counted stops, their numbers and results, a call that is changed, one that is left out,
 * and a program that is executed. */
#include "t.h"
#include "tracer.h"
#include <linux/ptrace.h>

static void calls(void)
{
    for (int i = 0; i < 5; i++)
        syscall(SYS_getppid);
    syscall(SYS_close, -1);
    _exit(syscall(SYS_umask, 022) == 022 ? 3 : 4);
}

static void count(pid_t child)
{
    int parents = 0, failures = 0, stops = 0, exits = 0;
    CHECK(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD) == 0);
    for (;;) {
        struct ptrace_syscall_info info;
        memset(&info, 0, sizeof info);
        if (ptrace(PTRACE_SYSCALL, child, 0, 0))
            break;
        const char *what = wait_for(child);
        if (!strstr(what, ", call")) {
            printf("ends: %s\n", what);
            break;
        }
        stops++;
        long size = ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
        if (size <= 0 || !info.instruction_pointer || !info.stack_pointer)
            printf("no information\n");
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_getppid)
            parents++;
        if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
            exits++;
            if (info.exit.is_error && info.exit.rval == -EBADF)
                failures++;
        }
    }
    printf("%d getppid, %d bad descriptor\n", parents, failures);
    /* That of raise, which was in progress, and of _exit, which has none. */
    CHECK(stops == 2 * exits || stops == 2 * exits + 1 || stops == 2 * exits - 1);
}

static void one_call(void)
{
    _exit(syscall(SYS_getppid) == 12345 ? 5 : 6);
}

/* Gives another result than the kernel's. */
static void change_result(pid_t child)
{
    struct ptrace_syscall_info info = { 0 };
    /* Without it, stops for calls are not told from others. */
    CHECK(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_NONE);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
    do {
        ptrace(PTRACE_SYSCALL, child, 0, 0);
        wait_for(child);
        ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
    } while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_getppid);
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    show("after the call", child);
    CHECK((long)get_register(child, RESULT) == getpid());
    CHECK(set_register(child, RESULT, 12345) == 0);
    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == 0);
    show("ends", child);
}

static void execute(void)
{
    execl("/proc/self/exe", "ptrace_calls", "again", (char *)0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return 9;
    setvbuf(stdout, 0, _IOLBF, 0);
    count(traced(calls));
    change_result(traced(one_call));

    pid_t child = traced(execute);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("executes", child);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("ends", child);

    child = traced(execute);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("executes", child);
    unsigned long message = 0;
    CHECK(ptrace(PTRACE_GETEVENTMSG, child, 0, &message) == 0 && message == (unsigned long)child);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("is about to end", child);
    CHECK(ptrace(PTRACE_GETEVENTMSG, child, 0, &message) == 0 && message == 9 << 8);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("ends", child);

    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == -1 && errno == ESRCH);
    CHECK(ptrace(PTRACE_PEEKDATA, getppid(), &argc, 0) == -1 && errno == ESRCH);
    CHECK(ptrace(PTRACE_ATTACH, getpid(), 0, 0) == -1 && errno == EPERM);
    return t_done();
}
