/* Covers: hand-written quicksort (recursion, pointer walks, compares of signed,
 * unsigned, 64-bit and string keys) on several input shapes. */
#include "t.h"

#define N 5000
static int32_t a[N];
static uint64_t b[N];
static char words[400][8];
static char *wp[400];

static void sort32(int32_t *lo, int32_t *hi)
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
            sort32(lo, j);
            lo = i;
        } else {
            sort32(i, hi);
            hi = j;
        }
    }
}

static void sort64(uint64_t *v, int n)
{
    if (n < 2)
        return;
    uint64_t p = v[n / 2];
    int i = 0, j = n - 1;
    for (;; i++, j--) {
        while (v[i] < p)
            i++;
        while (v[j] > p)
            j--;
        if (i >= j)
            break;
        uint64_t t = v[i];
        v[i] = v[j];
        v[j] = t;
    }
    sort64(v, i);
    sort64(v + i, n - i);
}

static void sortstr(char **v, int l, int r)
{
    if (l >= r)
        return;
    int m = l;
    char *t = v[(l + r) / 2];
    v[(l + r) / 2] = v[l];
    v[l] = t;
    for (int i = l + 1; i <= r; i++)
        if (strcmp(v[i], v[l]) < 0) {
            char *x = v[++m];
            v[m] = v[i];
            v[i] = x;
        }
    t = v[l];
    v[l] = v[m];
    v[m] = t;
    sortstr(v, l, m - 1);
    sortstr(v, m + 1, r);
}

int main(void)
{
    for (int shape = 0; shape < 5; shape++) {
        int64_t before = 0, after = 0;
        for (int i = 0; i < N; i++) {
            switch (shape) {
            case 0: a[i] = (int32_t)t_rand(); break;
            case 1: a[i] = i; break;
            case 2: a[i] = -i; break;
            case 3: a[i] = (int32_t)(t_rand() & 7) - 4; break;
            default: a[i] = (i & 1) ? INT32_MAX - i : INT32_MIN + i; break;
            }
            before += a[i];
        }
        sort32(a, a + N - 1);
        int bad = 0;
        uint32_t h = 0;
        for (int i = 0; i < N; i++) {
            after += a[i];
            if (i && a[i - 1] > a[i])
                bad++;
            h = h * 31 + (uint32_t)a[i];
        }
        printf("shape %d sum %lld bad %d hash %08x first %d last %d\n", shape,
               (long long)after, bad, (unsigned)h, (int)a[0], (int)a[N - 1]);
        CHECK(before == after && !bad);
    }
    for (int i = 0; i < N; i++) {
        uint64_t hi = t_rand() & 3;
        b[i] = hi << 32 | (t_rand() & ((i & 1) ? 0xffffffffu : 0xfu));
    }
    sort64(b, N);
    int bad = 0;
    for (int i = 1; i < N; i++)
        bad += b[i - 1] > b[i];
    printf("u64 bad %d min %llx mid %llx max %llx\n", bad, (unsigned long long)b[0],
           (unsigned long long)b[N / 2], (unsigned long long)b[N - 1]);
    for (int i = 0; i < 400; i++) {
        int len = 1 + (int)(t_rand() % 6);
        for (int k = 0; k < len; k++)
            words[i][k] = (char)('a' + t_rand() % 5);
        wp[i] = words[i];
    }
    sortstr(wp, 0, 399);
    for (int i = 0; i < 400; i += 40)
        printf("%s ", wp[i]);
    printf("%s\n", wp[399]);
    return t_done();
}
