/* Shared by the benchmark kernels: each is a program that repeats its work as
 * often as its argument says (or a default that takes about half a second on a
 * desktop CPU) and prints one checksum line, the same on every machine. */
#ifndef KERNEL_H
#define KERNEL_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed __attribute__((unused)) = 2463534242u;
static inline uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Makes the compiler believe that memory and the value may have changed, so that
 * no iteration can be folded into another. */
#define OPAQUE(x) ({ __typeof__((x) + 0) o_ = (x); __asm__ volatile("" : "+r"(o_) : : "memory"); o_; })

uint32_t kernel(uint32_t iterations);

#define MAIN(name, iterations)                                            \
    int main(int argc, char **argv)                                       \
    {                                                                     \
        uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : (iterations);   \
        printf("%s %u %08x\n", name, (unsigned)n, (unsigned)kernel(n));   \
        return 0;                                                         \
    }
#endif
