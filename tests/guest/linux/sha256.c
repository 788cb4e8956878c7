/* Covers: SHA-256 of known messages (rotates, big-endian loads, 32-bit adds). */
#include "t.h"

static uint32_t K[64];

/* The round constants are the fractional parts of cube roots of primes; they
 * are computed here in integers, which is one more piece of 64-bit work. */
static uint32_t cbrt_frac(uint32_t p)
{
    /* floor(cbrt(p) * 2^32) by bisection on 128-bit-free arithmetic */
    uint64_t lo = 0, hi = 8ull << 32;
    while (hi - lo > 1) {
        uint64_t mid = (lo + hi) / 2;
        /* mid^3 <= p * 2^96 ?  mid < 2^35: compute in 32-bit limbs */
        uint32_t a[2] = {(uint32_t)mid, (uint32_t)(mid >> 32)};
        uint32_t r[6] = {1, 0, 0, 0, 0, 0};
        for (int k = 0; k < 3; k++) {
            uint32_t t[6] = {0};
            for (int i = 0; i < 6; i++)
                for (int j = 0, c = 0; j < 2; j++) {
                    (void)c;
                    uint64_t carry = (uint64_t)r[i] * a[j];
                    for (int x = i + j; x < 6 && carry; x++) {
                        carry += t[x];
                        t[x] = (uint32_t)carry;
                        carry >>= 32;
                    }
                }
            memcpy(r, t, sizeof r);
        }
        uint64_t top = (uint64_t)r[4] << 32 | r[3];
        int over = top > p || (top == p && (r[0] | r[1] | r[2]));
        if (over)
            hi = mid;
        else
            lo = mid;
    }
    return (uint32_t)lo;
}

static void init_k(void)
{
    int n = 0;
    for (uint32_t p = 2; n < 64; p++) {
        int prime = 1;
        for (uint32_t d = 2; d * d <= p; d++)
            if (p % d == 0)
                prime = 0;
        if (prime)
            K[n++] = cbrt_frac(p);
    }
}

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
    }
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
                      ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        uint32_t t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
                      ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

static void sha256(const uint8_t *m, size_t len, char out[65])
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t i;
    for (i = 0; i + 64 <= len; i += 64)
        block(h, m + i);
    uint8_t tail[128] = {0};
    size_t rest = len - i, n = rest < 56 ? 64 : 128;
    memcpy(tail, m + i, rest);
    tail[rest] = 0x80;
    uint64_t bits = (uint64_t)len * 8;
    for (int k = 0; k < 8; k++)
        tail[n - 1 - k] = (uint8_t)(bits >> (8 * k));
    for (size_t k = 0; k < n; k += 64)
        block(h, tail + k);
    for (int k = 0; k < 8; k++)
        sprintf(out + 8 * k, "%08x", (unsigned)h[k]);
}

static uint8_t big[100000];

int main(void)
{
    char d[65];
    init_k();
    printf("K %08x %08x %08x\n", (unsigned)K[0], (unsigned)K[31], (unsigned)K[63]);
    sha256((const uint8_t *)"", 0, d);
    CHECK(!strcmp(d, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    sha256((const uint8_t *)"abc", 3, d);
    CHECK(!strcmp(d, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    sha256((const uint8_t *)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, d);
    CHECK(!strcmp(d, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t n = 50; n < 70; n++) {
        sha256(big, n, d);
        printf("%u %s\n", (unsigned)n, d);
    }
    sha256(big, sizeof big, d);
    printf("big %s\n", d);
    return t_done();
}
