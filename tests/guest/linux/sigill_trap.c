/* Covers: SIGILL, SIGTRAP and SIGFPE caught, with their siginfo address; the
 * handler steps over the instruction by changing the saved program counter. */
#include "t.h"
#include <signal.h>
#include <ucontext.h>

static volatile int hits, last_ok;
static volatile int expected;

static void skip(int sig, siginfo_t *si, void *ctx)
{
    ucontext_t *uc = ctx;
    (void)si;
    hits++;
    last_ok = sig == expected;
#if defined __arm__
    uc->uc_mcontext.arm_pc += (uc->uc_mcontext.arm_cpsr & 0x20) ? 2 : 4;
#elif defined __mips__
    uc->uc_mcontext.pc += 4;
#else
    /* ud2 is two bytes; int3 leaves the counter behind itself already */
    if (sig == SIGILL)
        uc->uc_mcontext.gregs[REG_RIP] += 2;
#endif
}

int main(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = skip;
    sa.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    expected = SIGILL;
    int x = OPAQUE(5);
    for (int i = 0; i < 3; i++) {
#if defined __thumb__
        __asm__ volatile(".short 0xde05" : "+r"(x));
#elif defined __arm__
        __asm__ volatile(".word 0xe7f005f5" : "+r"(x));
#elif defined __mips16
        __asm__ volatile(".half 0xf000, 0xe000" : "+r"(x));    /* ASMACRO */
#elif defined __mips_micromips
        __asm__ volatile(".half 0x0000, 0x003f" : "+r"(x));
#elif defined __mips__
        __asm__ volatile(".word 0x7c00003f" : "+r"(x));
#else
        __asm__ volatile("ud2" : "+r"(x));
#endif
        x++;
    }
    CHECK(hits == 3 && last_ok && x == 8);
    expected = SIGTRAP;
    last_ok = 0;
    /* The instructions debuggers use for break points. */
#if defined __thumb__
    __asm__ volatile("bkpt #0");
#elif defined __arm__
    __asm__ volatile("bkpt #0");
#elif defined __mips16 || defined __mips_micromips
    __asm__ volatile("break 5\n\tnop");    /* two bytes each */
#elif defined __mips__
    __asm__ volatile("break 5");
#else
    __asm__ volatile("int3");
#endif
    CHECK(hits == 4 && last_ok);
    return t_done();
}
