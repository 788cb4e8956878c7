/* Sieve of Eratosthenes over a byte array: strided stores, simple loops. */
#include "kernel.h"
#define N 65536
static uint8_t composite[N];
uint32_t kernel(uint32_t n)
{
    uint32_t h = 0;
    while (n--) {
        for (uint32_t i = 0; i < N; i++)
            composite[i] = 0;
        uint32_t limit = OPAQUE((uint32_t)N), count = 0;
        for (uint32_t i = 2; i < limit; i++) {
            if (composite[i])
                continue;
            count++;
            for (uint32_t j = i + i; j < limit; j += i)
                composite[j] = 1;
        }
        h = h * 31 + count;
    }
    return h;
}
MAIN("sieve", 2300)
