/* Covers: setjmp/longjmp (values, nesting, out of deep calls), sigsetjmp with
 * and without a saved mask, callee-saved registers across a jump. */
#include "t.h"
#include <setjmp.h>
#include <signal.h>

static jmp_buf env, inner;

static __attribute__((noinline)) void dive(int n, int v)
{
    volatile char pad[64];
    pad[0] = (char)n;
    if (n == 0)
        longjmp(env, v);
    dive(n - 1, v);
    pad[1] = pad[0];
}

static __attribute__((noinline)) int live_registers(int a, int b, int c, int d)
{
    /* more live values than argument registers: they sit in saved ones */
    int e = a * 3, f = b * 5, g = c * 7, h = d * 11;
    if (setjmp(inner) == 0)
        longjmp(inner, 1);
    return a + b + c + d + e + f + g + h;
}

int main(void)
{
    static const int vals[] = {1, 2, -1, 0, 12345};
    for (volatile int i = 0; i < 5; i++) {
        int r = setjmp(env);
        if (r == 0)
            dive(10 * i, vals[i]);
        printf("longjmp %d -> %d\n", vals[i], r);
    }
    CHECK(live_registers(OPAQUE(1), OPAQUE(2), OPAQUE(3), OPAQUE(4)) == 88);

    volatile int count = 0;
    if (setjmp(env) < 5) {
        count++;
        longjmp(env, count);
    }
    CHECK(count == 5);

    sigjmp_buf s;
    sigset_t set, now;
    for (int save = 0; save < 2; save++) {
        sigemptyset(&set);
        sigprocmask(SIG_SETMASK, &set, NULL);
        if (sigsetjmp(s, save) == 0) {
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_SETMASK, &set, NULL);
            siglongjmp(s, 1);
        }
        sigprocmask(SIG_SETMASK, NULL, &now);
        printf("save %d: SIGUSR1 blocked %d\n", save, sigismember(&now, SIGUSR1));
    }
    return t_done();
}
