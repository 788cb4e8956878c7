/* Covers: MAP_GROWSDOWN, memory that grows towards lower addresses when it is touched there, as stacks do: by one page and by
 * many, by system calls and by frames of signals, with the gap that it keeps to what is below, and its limit. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096u
#define RW (PROT_READ | PROT_WRITE)
/* What stays free below it by default (stack_guard_gap). */
#define GAP (256 * PAGE)
#define ROOM (1024 * PAGE)

static sigjmp_buf back;
static volatile uintptr_t where;
static void caught(int s, siginfo_t *i, void *u)
{
    where = (uintptr_t)i->si_addr;
    siglongjmp(back, 1);
}

/* Whether a byte can be written. */
static int touch(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return 0;
    *p = 5;
    return *p == 5;
}

/* Memory of one page that grows, at the end of free room. */
static char *room(void)
{
    char *p = mmap(0, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p, ROOM);
    char *top = p + ROOM - PAGE;
    return mmap(top, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == top ? top : NULL;
}

/* Where the mapping that an address is in begins. */
static uintptr_t start_of(char *p)
{
    char line[512];
    unsigned long from, to;
    uintptr_t found = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= (uintptr_t)p && (uintptr_t)p < to)
            found = from;
    fclose(f);
    return found;
}

static void grows(void)
{
    char *top = room();
    top[0] = 1;
    CHECK(start_of(top) == (uintptr_t)top);
    CHECK(touch(top - 1) && start_of(top) == (uintptr_t)(top - PAGE));
    CHECK(touch(top - 50 * PAGE) && start_of(top) == (uintptr_t)(top - 50 * PAGE));
    int bad = 0;
    for (char *p = top - 50 * PAGE + 8; p < top; p += PAGE)
        bad += *p != 0;
    CHECK(bad == 0 && top[0] == 1);
    /* Reading is enough. */
    CHECK(*(volatile char *)(top - 60 * PAGE) == 0 && start_of(top) == (uintptr_t)(top - 60 * PAGE));
    munmap(top - 60 * PAGE, 61 * PAGE);
    CHECK(!touch(top - 60 * PAGE) && !touch(top));
}

static void gap(void)
{
    char *top = room(), *below = top - 300 * PAGE;
    CHECK(mmap(below, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == below);
    CHECK(touch(top - 10 * PAGE));
    /* 256 pages stay between them. */
    CHECK(touch(below + PAGE + GAP));
    CHECK(!touch(below + PAGE + GAP - 1) && where == (uintptr_t)(below + PAGE + GAP - 1));
    CHECK(!touch(below + PAGE) && touch(below));
    /* What cannot be accessed does not need it. */
    mprotect(below, PAGE, PROT_NONE);
    CHECK(touch(below + PAGE + 20 * PAGE) && touch(below + PAGE) && !touch(below));
    munmap(below, 301 * PAGE);
    /* A place of one's own choice may be in the gap; one of the kernel's is not. */
    top = room();
    char *hint = mmap(top - 16 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(hint != MAP_FAILED && hint != top - 16 * PAGE);
    munmap(hint, PAGE);
    CHECK(touch(top - 100 * PAGE));
    munmap(top - 100 * PAGE, 101 * PAGE);
}

static void kernel_writes(void)
{
    char *top = room();
    int zero = open("/dev/zero", O_RDONLY), p[2];
    CHECK(read(zero, top - 5 * PAGE, 100) == 100 && start_of(top) == (uintptr_t)(top - 5 * PAGE));
    pipe(p);
    CHECK(write(p[1], top - 7 * PAGE, 50) == 50 && start_of(top) == (uintptr_t)(top - 7 * PAGE));
    CHECK(clock_gettime(CLOCK_REALTIME, (struct timespec *)(top - 9 * PAGE)) == 0);
    CHECK(start_of(top) == (uintptr_t)(top - 9 * PAGE));
    close(zero), close(p[0]), close(p[1]);
    munmap(top - 9 * PAGE, 10 * PAGE);
}

static void limit(void)
{
    struct rlimit old, small = {64 * PAGE, 64 * PAGE};
    char *top = room();
    getrlimit(RLIMIT_STACK, &old);
    small.rlim_max = old.rlim_max;
    CHECK(setrlimit(RLIMIT_STACK, &small) == 0);
    CHECK(touch(top - 63 * PAGE) && !touch(top - 64 * PAGE) && !touch(top - 63 * PAGE - 1));
    CHECK(setrlimit(RLIMIT_STACK, &old) == 0 && touch(top - 64 * PAGE));
    munmap(top - 64 * PAGE, 65 * PAGE);
}

static ucontext_t here, there;
static volatile int depth_reached, signals_seen;
static void __attribute__((noinline)) descend(int n)
{
    volatile char frame[600];
    memset((void *)frame, n, sizeof frame);
    if (n)
        descend(n - 1);
    else
        raise(SIGUSR1);
    depth_reached += frame[599] == (char)n;
}
static void run_there(void) { descend(400); }
static void on_usr1(int s) { signals_seen++; }

/* What it is for. */
static void as_a_stack(void)
{
    char *top = room();
    signal(SIGUSR1, on_usr1);
    getcontext(&there);
    there.uc_stack.ss_sp = top;
    there.uc_stack.ss_size = PAGE;
    there.uc_link = &here;
    makecontext(&there, run_there, 0);
    swapcontext(&here, &there);
    CHECK(depth_reached == 401 && signals_seen == 1 && start_of(top) < (uintptr_t)(top - 200000));
    /* Children have it, and it grows there for itself. */
    fflush(stdout);
    uintptr_t low = start_of(top);
    pid_t pid = fork();
    if (pid == 0)
        _exit(touch((char *)low - 1) && start_of(top) == low - PAGE ? 3 : 4);
    int status;
    waitpid(pid, &status, 0);
    CHECK(WEXITSTATUS(status) == 3 && start_of(top) == low);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    sigaltstack(&stack, NULL);
    /* MIPS has its kernel's half of the addresses elsewhere, but this is always about the program's. */
    sigaction(SIGSEGV, &action, NULL);
    grows();
    gap();
    kernel_writes();
    limit();
    /* In a loop that is worth translating, with no handler that has registers to see. */
    signal(SIGSEGV, SIG_DFL);
    char *top = room();
    unsigned sum = 0;
    for (int i = 0; i < 200; i++)
        for (int k = 0; k < 100; k++)
            sum += ++top[-(i * 3000 + k * 7)];
    CHECK(sum >= 20000);
    as_a_stack();
    CHECK(mmap(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0) == MAP_FAILED && errno == EINVAL);
    return t_done();
}
