/* Covers: SIGSEGV handlers: siginfo address and code for loads, stores and
 * jumps, siglongjmp recovery, a handler that repairs the mapping and returns
 * (the access is then repeated), faults inside system calls. */
#include "t.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile uintptr_t addr;
static volatile int code, faults;
static char *area;

static void jump_out(int sig, siginfo_t *si, void *uc)
{
    (void)sig; (void)uc;
    addr = (uintptr_t)si->si_addr;
    code = si->si_code;
    siglongjmp(back, 1);
}

static void repair(int sig, siginfo_t *si, void *uc)
{
    (void)sig; (void)uc;
    faults++;
    mprotect((void *)((uintptr_t)si->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

static const char *why(int c) { return c == SEGV_MAPERR ? "not mapped" : c == SEGV_ACCERR ? "no access" : "other"; }

#define TRY(name, stmt, want)                                                          \
    do {                                                                               \
        if (sigsetjmp(back, 1) == 0) {                                                 \
            stmt;                                                                      \
            printf("%s: no fault\n", name);                                            \
        } else {                                                                       \
            printf("%s: %s, address %s\n", name, why(code), addr == (uintptr_t)(want) ? "right" : "wrong"); \
        }                                                                              \
    } while (0)

int main(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = jump_out;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &sa, NULL);
    area = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(area + 4096, 4096, PROT_NONE);
    mprotect(area + 2 * 4096, 4096, PROT_READ);
    munmap(area + 3 * 4096, 4096);

    for (int round = 0; round < 3; round++) {
        volatile int *null = OPAQUE((int *)16);
        TRY("null load", (void)*null, 16);
        TRY("null store", *null = 1, 16);
        TRY("none load", (void)*(volatile char *)(area + 4096 + 5), area + 4096 + 5);
        TRY("none store", *(volatile char *)(area + 4096 + 7) = 1, area + 4096 + 7);
        TRY("read-only store", *(volatile int *)(area + 2 * 4096 + 8) = 1, area + 2 * 4096 + 8);
        TRY("unmapped half load", (void)*(volatile short *)(area + 3 * 4096 + 2), area + 3 * 4096 + 2);
        TRY("byte across", memset(OPAQUE(area + 4090), 0, 6), 0);
    }
    /* A jump to nowhere.  The address is that of the instruction. */
    void (*nowhere)(void) = OPAQUE((void (*)(void))(area + 3 * 4096 + 16));
    TRY("jump", nowhere(), area + 3 * 4096 + 16);
    TRY("jump to null", OPAQUE((void (*)(void))0)(), 0);

    /* registers and locals survive the way out and back */
    volatile int kept = 1;
    for (volatile int i = 0; i < 1000; i++) {
        if (sigsetjmp(back, 1) == 0) {
            *(volatile char *)(area + 4096) = 1;
            kept = -1000;
        }
        kept += i & 3;
    }
    CHECK(kept == 1501);

    /* repaired faults: the interrupted store or load happens once, afterwards */
    sa.sa_sigaction = repair;
    sigaction(SIGSEGV, &sa, NULL);
    int sum = 0;
    for (int i = 5; i < 16; i++) {
        char *p = area + i * 4096;
        mprotect(p, 4096, PROT_NONE);
        *(volatile int *)(p + 12) += 5 + i;
        mprotect(p, 4096, PROT_NONE);
        sum += *(volatile int *)(p + 12);
        mprotect(p, 4096, PROT_READ);
        *(volatile char *)(p + 12) = 1;
    }
    CHECK(faults == 33);
    printf("sum %d\n", sum);

    /* the kernel's own accesses do not raise a signal */
    mprotect(area + 4096, 4096, PROT_NONE);
    faults = 0;
    int p[2];
    CHECK(pipe(p) == 0);
    CHECK(write(p[1], area + 4096, 10) == -1 && errno == EFAULT && faults == 0);
    CHECK(write(p[1], "abc", 3) == 3 && read(p[0], area + 2 * 4096, 3) == -1 && errno == EFAULT);
    return t_done();
}
