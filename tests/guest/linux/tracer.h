/* For programs that trace others: where registers are, and what breakpoints are. */
#ifndef TRACER_H
#define TRACER_H
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A function that can be given a breakpoint: not in a compressed instruction set of MIPS. */
#if defined __mips16 || defined __mips_micromips
#define PLAIN __attribute__((nomips16, nomicromips, noinline))
#else
#define PLAIN __attribute__((noinline))
#endif

/* The registers as PTRACE_GETREGS gives them: where the program counter, the first argument of a function, and a result are. */
#if defined __arm__
typedef uint32_t reg_t;
enum { REGISTERS = 18, PC = 15, ARGUMENT = 0, RESULT = 0 };
#elif defined __mips__
typedef uint64_t reg_t;
enum { REGISTERS = 38, PC = 34, ARGUMENT = 4, RESULT = 2 };
#else
typedef uint64_t reg_t;
enum { REGISTERS = 27, PC = 16, ARGUMENT = 14, RESULT = 10 };
#endif

static reg_t get_register(pid_t child, int which)
{
    reg_t all[REGISTERS];
    return ptrace(PTRACE_GETREGS, child, 0, all) ? (reg_t)-1 : all[which];
}

static int set_register(pid_t child, int which, reg_t value)
{
    reg_t all[REGISTERS];
    if (ptrace(PTRACE_GETREGS, child, 0, all))
        return -1;
    all[which] = value;
    return ptrace(PTRACE_SETREGS, child, 0, all);
}

struct breakpoint {
    uintptr_t addr;
    long before;
};

/* Puts a breakpoint at a function of the child's, which has the same addresses. */
static int set_breakpoint(pid_t child, struct breakpoint *b, void *function)
{
    uintptr_t addr = (uintptr_t)function;
    long word;
    b->addr = addr & ~(uintptr_t)1;
    errno = 0;
    b->before = word = ptrace(PTRACE_PEEKTEXT, child, b->addr, 0);
    if (errno)
        return -1;
#if defined __arm__
    word = addr & 1 ? (word & ~0xffff) | 0xde01 : (long)0xe7f001f0;
#elif defined __mips__
    word = 0x0000000d;
#else
    word = (word & ~0xff) | 0xcc;
#endif
    return ptrace(PTRACE_POKETEXT, child, b->addr, word);
}

/* Takes it away, and has the child go on at it. */
static int clear_breakpoint(pid_t child, struct breakpoint *b)
{
    return ptrace(PTRACE_POKETEXT, child, b->addr, b->before) || set_register(child, PC, b->addr);
}

/* Whether the child has stopped at it. */
static int is_at(pid_t child, struct breakpoint *b)
{
    reg_t pc = get_register(child, PC);
#if defined __x86_64__
    pc--;
#endif
    return (uintptr_t)pc == b->addr;
}

/* Waits for a child to change state; gives what has happened in words. */
static const char *wait_for(pid_t child)
{
    static char text[80];
    int status = 0;
    if (waitpid(child, &status, __WALL) != child)
        return "nothing";
    if (WIFEXITED(status))
        sprintf(text, "exit %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        sprintf(text, "killed by %s", strsignal(WTERMSIG(status)));
    else if (status >> 16)
        sprintf(text, "event %d, %s", status >> 16, strsignal(WSTOPSIG(status)));
    else
        sprintf(text, "%s%s", strsignal(WSTOPSIG(status) & 0x7f), WSTOPSIG(status) & 0x80 ? ", call" : "");
    return text;
}

static void show(const char *what, pid_t child)
{
    printf("%s: %s\n", what, wait_for(child));
}

/* A child that lets us trace it, stopped. */
static pid_t traced(void (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        body();
        _exit(99);
    }
    show("begins", child);
    return child;
}
#endif
