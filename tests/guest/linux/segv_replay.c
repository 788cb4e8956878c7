/* Covers: faults in the middle of loops, mended by the handler: what was done before
 * the fault is done once, whatever was stored since; sums and pointers in registers go
 * on as they were; loads only, read-modify-write, copies, calls, switches, floats. */
#include "t.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define PAGES 8
#define WORDS (PAGES * PAGE / 4)

static uint32_t *a, *b;
static volatile int faults;
static sigjmp_buf out;
static volatile int jumps;

/* Opens the page. */
static void handler(int sig, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr, page = at & -(uintptr_t)PAGE;
    (void)sig;
    (void)context;
    faults++;
    if (jumps)
        siglongjmp(out, 1);
    mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE);
}

static void shut(void)
{
    mprotect(a, PAGES * PAGE, PROT_NONE);
    mprotect(b, PAGES * PAGE, PROT_NONE);
    faults = 0;
}

static void fill(void)
{
    mprotect(a, PAGES * PAGE, PROT_READ | PROT_WRITE);
    mprotect(b, PAGES * PAGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < WORDS; i++)
        a[i] = (uint32_t)i * 2654435761u, b[i] = (uint32_t)i ^ 0x5555;
    shut();
}

static uint32_t all(const uint32_t *p)
{
    uint32_t sum = 0;
    mprotect((void *)p, PAGES * PAGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < WORDS; i++)
        sum = sum * 33 + p[i];
    return sum;
}

static void report(const char *what, uint32_t result)
{
    int had = faults;
    printf("%s: %u, %d faults, %08x %08x\n", what, result, had, all(a), all(b));
    fill();
}

__attribute__((noinline)) static uint32_t loads(void)
{
    uint32_t sum = 0;
    for (int i = 0; i < WORDS; i++)
        sum = sum * 7 + a[i] + b[WORDS - 1 - i];
    return sum;
}

/* Each word is read, changed and written once, before the next access faults. */
__attribute__((noinline)) static uint32_t changes(void)
{
    uint32_t last = 1;
    for (int i = 0; i < WORDS; i++) {
        a[i] += last;
        b[i] = b[i] * 3 + a[i];
        last ^= a[i];
    }
    return last;
}

__attribute__((noinline)) static uint32_t one_place(void)
{
    uint32_t count = 0;
    for (int i = 0; i < WORDS; i += 64) {
        b[0]++;
        if (a[i] & 4)
            b[1] += b[0];
        else
            count++;
        b[2] ^= a[i] + count;
    }
    return count;
}

struct block { uint32_t word[8]; };

__attribute__((noinline)) static void blocks(struct block *to, const struct block *from, int n)
{
    for (int i = 0; i < n; i++) {
        to[i] = from[i];
        to[i].word[i & 7] += to[i].word[(i + 3) & 7];
    }
}

__attribute__((noinline)) static uint32_t step(uint32_t *p, uint32_t x)
{
    *p = *p * 5 + x;
    return *p >> 3;
}

static uint32_t called(void)
{
    uint32_t x = 9;
    for (int i = 0; i < WORDS; i += 3) {
        x = step(&a[i], x);
        x += step(&b[i], x ^ 5);
    }
    return x;
}

__attribute__((noinline)) static uint32_t switched(void)
{
    uint32_t x = 0;
    for (int i = 0; i < WORDS; i++) {
        switch (a[i] >> 3 & 7) {
        case 0: b[i] = x; break;
        case 1: x += b[i]; break;
        case 2: b[i]++; x ^= 3; break;
        case 3: x = x * 3 + 1; break;
        case 4: a[i] = b[i] + x; break;
        case 5: x -= a[i / 2]; break;
        case 6: b[i / 2] -= x; x++; break;
        default: x = ~x; break;
        }
    }
    return x;
}

__attribute__((noinline)) static uint32_t floats(void)
{
    double sum = 0;
    float *f = (float *)a, *g = (float *)b;
    for (int i = 0; i < WORDS; i++)
        f[i] = (float)i * 0.5f;
    for (int i = 1; i < WORDS; i++) {
        g[i] = f[i] * 2 - f[i - 1];
        f[i] += 1;
        sum += g[i];
    }
    return (uint32_t)sum;
}

__attribute__((noinline)) static uint32_t bytes(void)
{
    unsigned char *p = (unsigned char *)a, *q = (unsigned char *)b;
    uint32_t n = 0;
    for (int i = 0; i < PAGES * PAGE; i++) {
        q[i] ^= p[i];
        n += q[i] > p[i];
    }
    memmove(q + 5000, q + 4000, 9000);
    memcpy(p + 100, q + 3000, 20000);
    return n;
}

__attribute__((noinline)) static uint32_t away(void)
{
    volatile uint32_t done = 0;
    for (volatile int k = 0; k < 40; k++) {
        mprotect(a, PAGES * PAGE, PROT_READ | PROT_WRITE);
        mprotect((char *)a + (k % PAGES) * PAGE, PAGE, k & 8 ? PROT_READ : PROT_NONE);
        if (sigsetjmp(out, 1) == 0) {
            for (int i = 0; i < WORDS; i++) {
                a[i]++;
                done++;
            }
        }
    }
    return done;
}

int main(void)
{
    struct sigaction s = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &s, NULL);
    a = mmap(NULL, (2 * PAGES + 1) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    b = a + WORDS + PAGE / 4;
    fill();
    for (int round = 0; round < 3; round++) {
        report("loads", loads());
        report("changes", changes());
        report("one place", one_place());
        blocks((struct block *)b, (struct block *)a, WORDS / 8);
        report("blocks", 0);
        blocks((struct block *)a + 1, (struct block *)a, WORDS / 8 - 1);
        report("overlapping blocks", 0);
        report("called", called());
        report("switched", switched());
        report("floats", floats());
        report("bytes", bytes());
    }
    jumps = 1;
    report("away", away());
    return t_done();
}
