/* Covers: 64-bit arithmetic on a 32-bit machine (add, sub, mul, div, mod,
 * shifts, compares, bit counts), 32-bit edge cases, and widening multiplies. */
#include "t.h"

static const uint64_t v[] = {
    0, 1, 2, 3, 7, 10, 0x7fffffffu, 0x80000000u, 0xffffffffu, 0x100000000ull, 0x100000001ull,
    0x123456789abcdefull, 0x7fffffffffffffffull, 0x8000000000000000ull, 0xffffffffffffffffull,
    0xfffffffffffffff6ull, 1000000007, 0xfffffffe00000001ull,
};
#define N (sizeof v / sizeof v[0])

static uint64_t h = 14695981039346656037ull;
static void mix(uint64_t x) { h = (h ^ x) * 1099511628211ull + (h >> 32); }

int main(void)
{
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            uint64_t a = OPAQUE(v[i]), b = OPAQUE(v[j]);
            int64_t sa = (int64_t)a, sb = (int64_t)b;
            mix(a + b); mix(a - b); mix(a * b); mix(a & b); mix(a | b); mix(a ^ b);
            mix(a < b); mix(a <= b); mix(sa < sb); mix(sa >= sb); mix(a == b);
            if (b) {
                mix(a / b);
                mix(a % b);
                if (!(sa == INT64_MIN && sb == -1)) {
                    mix((uint64_t)(sa / sb));
                    mix((uint64_t)(sa % sb));
                }
            }
            unsigned s = (unsigned)b & 63;
            mix(a << s); mix(a >> s); mix((uint64_t)(sa >> s));
            uint32_t x = (uint32_t)a, y = (uint32_t)b;
            mix((uint64_t)x * y);
            mix((uint64_t)((int64_t)(int32_t)x * (int32_t)y));
            mix((uint64_t)((int64_t)(int32_t)x * (int32_t)y + sa));
            if (y) {
                mix(x / y);
                mix(x % y);
                if (!(x == 0x80000000u && y == 0xffffffffu)) {
                    mix((uint32_t)((int32_t)x / (int32_t)y));
                    mix((uint32_t)((int32_t)x % (int32_t)y));
                }
            }
        }
        printf("%016llx %016llx\n", (unsigned long long)v[i], (unsigned long long)h);
    }
    for (int s = 0; s < 64; s++) {
        uint64_t a = OPAQUE(0xf123456789abcdefull);
        int n = OPAQUE(s);
        printf("%d %llx %llx %llx\n", s, (unsigned long long)(a << n), (unsigned long long)(a >> n),
               (unsigned long long)((int64_t)a >> n));
    }
    for (size_t i = 1; i < N; i++) {
        uint64_t a = OPAQUE(v[i]);
        printf("%d %d %d %d %016llx\n", __builtin_clzll(a), __builtin_ctzll(a), __builtin_popcountll(a),
               __builtin_parityll(a), (unsigned long long)__builtin_bswap64(a));
    }
    uint32_t o;
    int32_t so;
    int64_t lo;
    printf("%d %d %d %d %d\n", __builtin_add_overflow(OPAQUE(0xffffffffu), 1u, &o),
           __builtin_add_overflow(OPAQUE(INT32_MAX), 1, &so), __builtin_sub_overflow(OPAQUE(INT32_MIN), 1, &so),
           __builtin_mul_overflow(OPAQUE(65536), 65536, &so), __builtin_mul_overflow(OPAQUE(INT64_MAX), 2ll, &lo));
    /* the quotient's digits by repeated division, as an itoa would do */
    uint64_t n = OPAQUE(18446744073709551615ull);
    while (n) {
        putchar('0' + (int)(n % 10));
        n /= 10;
    }
    putchar('\n');
    return t_done();
}
