/* Covers: sigaltstack, a stack overflow caught on the alternate stack, the
 * handler's address on it, SS_ONSTACK state, recovery by siglongjmp. */
#include "t.h"
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

static sigjmp_buf back;
static char *alt;
static volatile int on_alt, flagged, bigdepth;

static void caught(int sig, siginfo_t *si, void *uc)
{
    char here;
    stack_t now;
    (void)sig; (void)si; (void)uc;
    on_alt = &here >= alt && &here < alt + 65536;
    sigaltstack(NULL, &now);
    flagged = now.ss_flags & SS_ONSTACK;
    siglongjmp(back, 1);
}

static __attribute__((noinline)) int forever(int n)
{
    volatile char pad[4096];
    pad[0] = (char)n;
    bigdepth = n;
    return forever(n + 1) + pad[0];
}

int main(void)
{
    struct rlimit rl;
    getrlimit(RLIMIT_STACK, &rl);
    alt = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t ss = {.ss_sp = alt, .ss_size = 65536}, old;
    CHECK(sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE));
    CHECK(sigaltstack(&ss, NULL) == 0);
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = caught;
    sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    for (int round = 0; round < 2; round++) {
        on_alt = flagged = 0;
        if (sigsetjmp(back, 1) == 0)
            forever(0);
        CHECK(on_alt == 1);
        CHECK(flagged != 0);
        CHECK(bigdepth > 100);
    }
    sigaltstack(NULL, &old);
    CHECK(!(old.ss_flags & SS_ONSTACK) && old.ss_sp == alt);
    return t_done();
}
