/* What a tracer sees and changes of a child that has stopped: memory, registers, signals, breakpoints. */
#include "t.h"
#include "tracer.h"
#include <sys/mman.h>

static volatile int value = 17, handled;
static const volatile int constant = 4;
static int *nothing;

PLAIN int target(int x)
{
    __asm__ volatile("");
    return x + 1;
}

static void call_target(void)
{
    int sum = 0;
    for (int i = 0; i < 3000; i++)
        sum += target(i) - i;
    raise(SIGSTOP);
    _exit(target(20));
}

static void breakpoints(void)
{
    struct breakpoint b;
    pid_t child = traced(call_target);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("has been hot", child);
    CHECK(set_breakpoint(child, &b, target) == 0);
    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == 0);
    show("breakpoint", child);
    siginfo_t info;
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &info) == 0 && info.si_signo == SIGTRAP && info.si_code != 0);
    CHECK(is_at(child, &b));
    CHECK(get_register(child, ARGUMENT) == 20);
    CHECK(set_register(child, ARGUMENT, 40) == 0);
    CHECK(clear_breakpoint(child, &b) == 0);
    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == 0);
    show("ends", child);
}

static void read_value(void)
{
    raise(SIGSTOP);
    _exit(value + constant);
}

static void memory(void)
{
    pid_t child = traced(read_value);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("stops again", child);
    errno = 0;
    CHECK((int)ptrace(PTRACE_PEEKDATA, child, &value, 0) == 17 && errno == 0);
    CHECK(ptrace(PTRACE_PEEKDATA, child, 0, 0) == -1 && errno == EIO);
    CHECK(ptrace(PTRACE_PEEKDATA, child, (void *)-1, 0) == -1 && errno == EIO);
    CHECK(ptrace(PTRACE_POKEDATA, child, 0, 1) == -1 && errno == EIO);
    int copy = 0, new = 25;
    struct iovec here = { &copy, sizeof copy }, there = { (void *)&value, sizeof value };
    CHECK(process_vm_readv(child, &here, 1, &there, 1, 0) == sizeof copy && copy == 17);
    here.iov_base = &new;
    CHECK(process_vm_writev(child, &here, 1, &there, 1, 0) == sizeof new);
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, child, &constant, 0);
    CHECK(errno == 0 && (int)word == 4);
    int five = 5;
    memcpy(&word, &five, sizeof five);
    CHECK(ptrace(PTRACE_POKEDATA, child, &constant, word) == 0);
    CHECK(ptrace(PTRACE_CONT, child, 0, 0) == 0);
    show("ends", child);

    reg_t some[REGISTERS] = { 0 }, same[REGISTERS] = { 0 };
    struct iovec set = { some, sizeof some };
    child = traced(read_value);
    CHECK(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &set) == 0 && set.iov_len > 64);
    CHECK(ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &set) == 0);
    CHECK(ptrace(PTRACE_GETREGSET, child, 0x7777, &set) == -1 && errno == EINVAL);
    CHECK(ptrace(PTRACE_GETREGS, child, 0, some) == 0 && ptrace(PTRACE_SETREGS, child, 0, some) == 0);
    CHECK(ptrace(PTRACE_GETREGS, child, 0, same) == 0 && !memcmp(some, same, sizeof some));
    CHECK(ptrace(0x4299, child, 0, 0) == -1 && errno == EIO);
    CHECK(ptrace(PTRACE_CONT, child, 0, 999) == -1 && errno == EIO);
    CHECK(ptrace(PTRACE_KILL, child, 0, 0) == 0);
    show("ends", child);
}

static void on_signal(int signal)
{
    handled += signal == SIGUSR1 ? 1 : 10;
}

static void send_signals(void)
{
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    signal(SIGHUP, SIG_IGN);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGUSR2);
    raise(SIGHUP);
    raise(SIGWINCH);
    *nothing = 1;
}

static void signals(void)
{
    siginfo_t info;
    pid_t child = traced(send_signals);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("first", child);
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &info) == 0 && info.si_pid == child && info.si_code == SI_TKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    show("second", child);
    ptrace(PTRACE_CONT, child, 0, SIGUSR2);
    show("third", child);
    ptrace(PTRACE_CONT, child, 0, SIGUSR1);
    show("ignored", child);
    errno = 0;
    /* The first was suppressed, the others exchanged. */
    CHECK((int)ptrace(PTRACE_PEEKDATA, child, &handled, 0) == 11 && errno == 0);
    ptrace(PTRACE_CONT, child, 0, SIGHUP);
    show("ignored by default", child);
    ptrace(PTRACE_CONT, child, 0, SIGWINCH);
    show("fault", child);
    CHECK(ptrace(PTRACE_GETSIGINFO, child, 0, &info) == 0 && info.si_addr == 0 && info.si_code == SEGV_MAPERR);
    ptrace(PTRACE_CONT, child, 0, SIGSEGV);
    show("ends", child);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    breakpoints();
    memory();
    signals();
    return t_done();
}
