/* Shared by the guest programs: a check macro whose output does not depend on
 * the machine, and a counter that becomes the exit status. */
#ifndef T_H
#define T_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int t_failures __attribute__((unused));

#define CHECK(cond)                                     \
    do {                                                \
        if (cond) {                                     \
            printf("ok %s\n", #cond);                   \
        } else {                                        \
            printf("FAIL %s (line %d)\n", #cond, __LINE__); \
            t_failures++;                               \
        }                                               \
    } while (0)

/* Hides a value from the optimiser, so that work is done at run time (the + 0 drops const). */
#define OPAQUE(x) ({ __typeof__((x) + 0) o_ = (x); __asm__ volatile("" : "+r"(o_)); o_; })

/* One generator for all tests: same sequence everywhere (xorshift32). */
static uint32_t t_seed __attribute__((unused)) = 2463534242u;
static inline uint32_t t_rand(void)
{
    t_seed ^= t_seed << 13;
    t_seed ^= t_seed >> 17;
    t_seed ^= t_seed << 5;
    return t_seed;
}

static inline int t_done(void)
{
    printf("%s\n", t_failures ? "FAILED" : "passed");
    fflush(stdout);
    return t_failures ? 1 : 0;
}
#endif
