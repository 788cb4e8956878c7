/* Covers: libc qsort and bsearch with function pointers, tables of functions,
 * callbacks with context, elements of odd sizes. */
#include "t.h"

struct rec { char name[5]; unsigned char rank; short score; };

static int cmp_int(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
static int cmp_rev(const void *a, const void *b) { return cmp_int(b, a); }
static int cmp_byte(const void *a, const void *b) { return memcmp(a, b, 3); }
static int cmp_rec(const void *a, const void *b)
{
    const struct rec *x = a, *y = b;
    return x->score != y->score ? x->score - y->score : strcmp(x->name, y->name);
}

static int add(int a, int b) { return a + b; }
static int sub(int a, int b) { return a - b; }
static int mul(int a, int b) { return a * b; }
static int quo(int a, int b) { return b ? a / b : 0; }
static int (*const ops[])(int, int) = {add, sub, mul, quo};

static void each(const int *v, int n, void (*f)(void *, int), void *ctx)
{
    for (int i = 0; i < n; i++)
        f(ctx, v[i]);
}
static void sum_cb(void *ctx, int x) { *(long long *)ctx += x; }
static void max_cb(void *ctx, int x) { if (x > *(int *)ctx) *(int *)ctx = x; }

int main(void)
{
    int v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = (int)(t_rand() % 5000) - 2500;
    qsort(v, 1000, sizeof v[0], cmp_int);
    int bad = 0;
    for (int i = 1; i < 1000; i++)
        bad += v[i - 1] > v[i];
    printf("%d %d %d bad %d\n", v[0], v[500], v[999], bad);
    int key = v[321], missing = 9999;
    CHECK(*(int *)bsearch(&key, v, 1000, sizeof v[0], cmp_int) == key);
    CHECK(bsearch(&missing, v, 1000, sizeof v[0], cmp_int) == NULL);
    qsort(v, 1000, sizeof v[0], cmp_rev);
    CHECK(v[0] >= v[1] && v[998] >= v[999]);

    unsigned char b[300];
    for (int i = 0; i < 300; i++)
        b[i] = (unsigned char)t_rand();
    qsort(b, 100, 3, cmp_byte);
    for (int i = 0; i < 297; i += 3)
        bad += memcmp(b + i, b + i + 3, 3) > 0;
    CHECK(bad == 0);

    struct rec r[50];
    memset(r, 0, sizeof r);
    for (int i = 0; i < 50; i++) {
        for (int k = 0; k < 4; k++)
            r[i].name[k] = (char)('a' + t_rand() % 26);
        r[i].rank = (unsigned char)i;
        r[i].score = (short)(t_rand() % 20) - 10;
    }
    qsort(r, 50, sizeof r[0], cmp_rec);
    for (int i = 0; i < 50; i += 7)
        printf("%s %d %d\n", r[i].name, r[i].rank, r[i].score);

    int acc = 1;
    for (int i = 0; i < 200; i++) {
        int (*op)(int, int) = ops[t_rand() & 3];
        acc = op(acc, (int)(t_rand() % 9) + 1);
        acc %= 100000;
    }
    printf("acc %d\n", acc);
    long long sum = 0;
    int max = -100000;
    each(v, 1000, sum_cb, &sum);
    each(v, 1000, max_cb, &max);
    printf("sum %lld max %d\n", sum, max);
    return t_done();
}
