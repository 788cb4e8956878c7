/* Covers: registers besides the general ones are what they were when a signal
 * handler that has changed them returns: accumulators and DSPControl on MIPS,
 * saturation and GE flags, vector registers and FPSCR on ARM. */
#include "t.h"
#include <signal.h>

#if defined __mips__

#ifdef __mips16
#define PLAIN __attribute__((noinline, nomips16))
#else
#define PLAIN __attribute__((noinline))
#endif
#define WORDS 7

PLAIN static void set(const unsigned *w)
{
    __asm__ volatile(".set push; .set dsp\n"
                     "mthi %0, $ac1; mtlo %1, $ac1; mthi %2, $ac2; mtlo %3, $ac2\n"
                     "mthi %4, $ac3; mtlo %5, $ac3; wrdsp %6, 0x3f\n"
                     ".set pop" ::"r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(w[4]), "r"(w[5]), "r"(w[6]));
}

PLAIN static void get(unsigned *w)
{
    __asm__ volatile(".set push; .set dsp\n"
                     "mfhi %0, $ac1; mflo %1, $ac1; mfhi %2, $ac2; mflo %3, $ac2\n"
                     "mfhi %4, $ac3; mflo %5, $ac3; rddsp %6, 0x3f\n"
                     ".set pop" : "=r"(w[0]), "=r"(w[1]), "=r"(w[2]), "=r"(w[3]), "=r"(w[4]), "=r"(w[5]), "=r"(w[6]));
}

static const unsigned FIRST[WORDS] = {1, 0x80000002, 3, 4, 0xfffffffb, 6, 0x0aa56a95};
static const unsigned OTHER[WORDS] = {11, 12, 13, 14, 15, 16, 0x05000100};

#elif defined __arm__ && __ARM_ARCH >= 7

#define WORDS 10

static void set(const unsigned *w)
{
    __asm__ volatile(".fpu neon\n"
                     "vldmia %0, {d16-d19}\n"
                     "ldr r1, [%0, #32]; vmsr fpscr, r1\n"
                     "ldr r1, [%0, #36]; msr cpsr_fs, r1" ::"r"(w) : "r1", "cc", "d16", "d17", "d18", "d19");
}

static void get(unsigned *w)
{
    __asm__ volatile(".fpu neon\n"
                     "mrs r1, cpsr; ldr r2, =0x080f0000; and r1, r1, r2; str r1, [%0, #36]\n"
                     "vstmia %0, {d16-d19}\n"
                     "vmrs r1, fpscr; str r1, [%0, #32]" ::"r"(w) : "r1", "r2", "memory");
}

static const unsigned FIRST[WORDS] = {1, 2, 3, 0x80000004, 5, 6, 7, 8, 0x03c00015, 0x080a0000};
static const unsigned OTHER[WORDS] = {11, 12, 13, 14, 15, 16, 17, 18, 0x00000000, 0x00050000};

#else

#define WORDS 1
static unsigned state;
static void set(const unsigned *w) { state = *w; }
static void get(unsigned *w) { *w = 1; }
static const unsigned FIRST[WORDS] = {1}, OTHER[WORDS] = {2};

#endif

static volatile int handled;

static void plain(int s)
{
    (void)s;
    set(OTHER);
    handled++;
}

static void with_info(int s, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    plain(s);
}

static int kept(void)
{
    unsigned found[WORDS];
    set(FIRST);
    raise(SIGUSR1);
    get(found);
    return memcmp(found, FIRST, sizeof found) == 0;
}

int main(void)
{
    struct sigaction old = {.sa_handler = plain}, rt = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &old, NULL);
    CHECK(kept() && handled == 1);
    sigaction(SIGUSR1, &rt, NULL);
    CHECK(kept() && handled == 2);
    return t_done();
}
