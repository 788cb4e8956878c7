/* Quicksort of 32-bit keys: data-dependent branches, recursion. */
#include "kernel.h"
#define N 4096
static int32_t a[N];

static __attribute__((noinline)) void sort(int32_t *lo, int32_t *hi)
{
    while (lo < hi) {
        int32_t pivot = lo[(hi - lo) / 2];
        int32_t *i = lo, *j = hi;
        while (i <= j) {
            while (*i < pivot)
                i++;
            while (*j > pivot)
                j--;
            if (i <= j) {
                int32_t t = *i;
                *i++ = *j;
                *j-- = t;
            }
        }
        if (j - lo < hi - i) {
            sort(lo, j);
            lo = i;
        } else {
            sort(i, hi);
            hi = j;
        }
    }
}

uint32_t kernel(uint32_t n)
{
    uint32_t h = 0;
    while (n--) {
        for (int i = 0; i < N; i++)
            a[i] = (int32_t)rnd();
        sort(a, a + N - 1);
        for (int i = 0; i < N; i += 64)
            h = h * 31 + (uint32_t)a[i];
    }
    return h;
}
MAIN("quicksort", 2300)
