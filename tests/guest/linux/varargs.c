/* Covers: variable arguments of mixed sizes (int, long long, double, pointer,
 * struct), 64-bit alignment of argument slots, va_copy, struct returns. */
#include "t.h"
#include <stdarg.h>

struct pair { int a, b; };
struct big { int v[10]; };
struct small { char c[3]; };

static __attribute__((noinline)) void show(const char *f, ...)
{
    va_list ap;
    va_start(ap, f);
    for (; *f; f++)
        switch (*f) {
        case 'i': printf("%d ", va_arg(ap, int)); break;
        case 'l': printf("%lld ", va_arg(ap, long long)); break;
        case 'd': printf("%.3f ", va_arg(ap, double)); break;
        case 's': printf("%s ", va_arg(ap, const char *)); break;
        case 'p': { struct pair p = va_arg(ap, struct pair); printf("{%d,%d} ", p.a, p.b); break; }
        case 'b': { struct big b = va_arg(ap, struct big); printf("{%d..%d} ", b.v[0], b.v[9]); break; }
        }
    va_end(ap);
    putchar('\n');
}

static __attribute__((noinline)) long long sum2(int n, ...)
{
    va_list ap, aq;
    long long s = 0;
    va_start(ap, n);
    va_copy(aq, ap);
    for (int i = 0; i < n; i++)
        s += va_arg(ap, int);
    for (int i = 0; i < n; i++)
        s = s * 3 + va_arg(aq, int);
    va_end(aq);
    va_end(ap);
    return s;
}

static __attribute__((noinline)) struct big make(int a, long long b, struct small s, double d, int c)
{
    struct big r;
    for (int i = 0; i < 10; i++)
        r.v[i] = a + i + (int)b + s.c[2] + (int)d + c;
    return r;
}

static __attribute__((noinline)) struct pair swap(struct pair p) { return (struct pair){p.b, p.a}; }

static __attribute__((noinline)) long long many(int a, long long b, int c, long long d, int e, double f,
                                                float g, int h, long long i, short j, signed char k)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + (long long)(6 * f) + (long long)(7 * g) + 8 * h + 9 * i + 10 * j + 11 * k;
}

int main(void)
{
    struct pair p = {7, 8};
    struct big b = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
    show("i", 1);
    show("l", 1ll << 40);
    show("il", 1, -(1ll << 40));
    show("iil", 1, 2, 1ll << 50);
    show("idi", 1, 2.5, 3);
    show("iidi", 1, 2, 2.5, 3);
    show("ildspb", -1, 2ll, 3.0, "four", p, b);
    show("bpsdlibps", b, p, "x", -0.5, -5ll, 6, b, p, "end");
    show("iiiiiiiiiilililildididid", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11ll, 12, 13ll, 14, 15ll, 16, 17ll, 18.0, 19, 20.0, 21, 22.0, 23, 24.0);
    printf("%lld\n", sum2(6, 1, -2, 3, -4, 5, -6));
    struct small s = {{1, 2, 3}};
    b = make(OPAQUE(100), 20, s, 4.5, 6);
    printf("%d %d\n", b.v[0], b.v[9]);
    p = swap(p);
    printf("%d %d\n", p.a, p.b);
    printf("%lld\n", many(OPAQUE(1), 2, 3, 4, 5, 6.5, 7.5f, -8, -9, -10, -11));
    char buf[100];
    snprintf(buf, sizeof buf, "%d %s %lld %.2f %c", 1, "two", 3ll, 4.0, '5');
    puts(buf);
    return t_done();
}
