/* Covers: death by stack overflow (SIGSEGV without an alternate stack). */
#include "t.h"
static __attribute__((noinline)) int down(int n)
{
    volatile char pad[2000];
    pad[0] = (char)n;
    return OPAQUE(n) == -1 ? 0 : down(n + 1) + pad[0];
}
int main(void)
{
    puts("before");
    fflush(stdout);
    printf("%d\n", down(0));
    return 0;
}
