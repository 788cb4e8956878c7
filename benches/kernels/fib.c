/* Recursive Fibonacci: calls, returns, the stack. */
#include "kernel.h"
static __attribute__((noinline)) uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
uint32_t kernel(uint32_t n)
{
    uint32_t h = 0;
    while (n--)
        h = h * 31 + fib(OPAQUE(24u));
    return h;
}
MAIN("fib", 4000)
