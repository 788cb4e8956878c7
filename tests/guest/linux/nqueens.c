/* Covers: N-queens with bit masks and with arrays (recursion, branches). */
#include "t.h"

static unsigned by_bits(unsigned all, unsigned cols, unsigned d1, unsigned d2)
{
    if (cols == all)
        return 1;
    unsigned n = 0;
    for (unsigned free = all & ~(cols | d1 | d2); free;) {
        unsigned bit = free & -free;
        free ^= bit;
        n += by_bits(all, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1);
    }
    return n;
}

static int row[16], first[16], have_first;

static unsigned by_array(int n, int k)
{
    if (k == n) {
        if (!have_first) {
            have_first = 1;
            memcpy(first, row, sizeof row);
        }
        return 1;
    }
    unsigned c = 0;
    for (int i = 0; i < n; i++) {
        int ok = 1;
        for (int j = 0; j < k && ok; j++)
            ok = row[j] != i && abs(row[j] - i) != k - j;
        if (ok) {
            row[k] = i;
            c += by_array(n, k + 1);
        }
    }
    return c;
}

int main(void)
{
    for (int n = 1; n <= 9; n++) {
        unsigned b = by_bits((1u << n) - 1, 0, 0, 0);
        have_first = 0;
        unsigned a = n <= 8 ? by_array(n, 0) : b;
        printf("%d: %u %u\n", n, a, b);
        if (a != b)
            t_failures++;
    }
    for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 8; j++)
            putchar(first[i] == j ? 'Q' : '.');
        putchar('\n');
    }
    return t_done();
}
