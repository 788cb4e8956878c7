/* Covers: deep recursion (a few megabytes of stack), Ackermann, mutual
 * recursion, Fibonacci, a return stack deeper than any predictor. */
#include "t.h"

static __attribute__((noinline)) uint32_t deep(int n, uint32_t h)
{
    volatile uint32_t pad[4] = {h, (uint32_t)n, 0, 0};
    if (n == 0)
        return h;
    return deep(n - 1, h * 31 + (uint32_t)n) ^ pad[1] ^ (pad[0] & 1);
}

static unsigned ack(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}

static int odd(int n);
static __attribute__((noinline)) int even(int n) { return n == 0 ? 1 : odd(n - 1) + OPAQUE(0); }
static __attribute__((noinline)) int odd(int n) { return n == 0 ? 0 : even(n - 1) + OPAQUE(0); }

static __attribute__((noinline)) unsigned fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static __attribute__((noinline)) void hanoi(int n, int a, int b, int c, unsigned *moves)
{
    if (!n)
        return;
    hanoi(n - 1, a, c, b, moves);
    *moves = *moves * 5 + (unsigned)(a * 3 + b);
    hanoi(n - 1, c, b, a, moves);
}

int main(void)
{
    printf("deep %08x\n", (unsigned)deep(60000, 1));
    printf("ack %u %u\n", ack(2, 9), ack(3, 5));
    printf("even %d odd %d\n", even(20001), odd(20001));
    printf("fib %u\n", fib(22));
    unsigned m = 0;
    hanoi(14, 1, 2, 3, &m);
    printf("hanoi %u\n", m);
    return t_done();
}
