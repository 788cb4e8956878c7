/* sha256 [FILE...]: prints the SHA-256 of files, or of standard input. */
#include "mini.h"

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t h[8];

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
    }
    for (int i = 0; i < 8; i++)
        s[i] = h[i];
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + K[i] + w[i];
        uint32_t t2 = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int k = 7; k > 0; k--)
            s[k] = s[k - 1];
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += s[i];
}

static int hash(int fd, const char *name)
{
    static const uint32_t init[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static uint8_t buf[32768];
    uint64_t total = 0;
    size_t have = 0;
    for (int i = 0; i < 8; i++)
        h[i] = init[i];
    for (;;) {
        int n = sys_read(fd, buf + have, sizeof buf - have - 64);
        if (n < 0)
            return n;
        total += (uint64_t)n;
        have += (size_t)n;
        size_t done = 0;
        for (; done + 64 <= have; done += 64)
            block(buf + done);
        for (size_t i = 0; i < have - done; i++)
            buf[i] = buf[done + i];
        have -= done;
        if (n == 0)
            break;
    }
    buf[have++] = 0x80;
    if (have > 56) {
        while (have < 64)
            buf[have++] = 0;
        block(buf);
        have = 0;
    }
    while (have < 56)
        buf[have++] = 0;
    uint32_t bits[2] = {(uint32_t)(total >> 29), (uint32_t)(total << 3)};
    for (int i = 0; i < 8; i++)
        buf[56 + i] = (uint8_t)(bits[i / 4] >> (24 - 8 * (i % 4)));
    block(buf);
    for (int i = 0; i < 8; i++)
        print("%08x", (unsigned)h[i]);
    print("  %s\n", name);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    if (argc < 2)
        return hash(0, "-") < 0;
    for (int i = 1; i < argc; i++) {
        int fd = sys_open(argv[i]);
        if (fd < 0 || hash(fd, argv[i]) < 0) {
            print("cannot read %s\n", argv[i]);
            status = 1;
        }
        if (fd >= 0)
            sys_close(fd);
    }
    return status;
}
