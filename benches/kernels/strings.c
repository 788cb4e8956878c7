/* String copy, length, compare and search with own byte loops (the build stops
 * gcc from replacing them by calls into libc). */
#include "kernel.h"
#define WORDS 256
static char text[WORDS][32], copy[WORDS][32], joined[WORDS * 32];

static __attribute__((noinline)) char *cpy(char *d, const char *s)
{
    while ((*d = *s)) {
        d++;
        s++;
    }
    return d;
}
static __attribute__((noinline)) int cmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
static __attribute__((noinline)) uint32_t len(const char *s)
{
    const char *p = s;
    while (*p)
        p++;
    return (uint32_t)(p - s);
}
static __attribute__((noinline)) uint32_t find(const char *hay, const char *needle)
{
    for (uint32_t i = 0; hay[i]; i++) {
        uint32_t k = 0;
        while (needle[k] && hay[i + k] == needle[k])
            k++;
        if (!needle[k])
            return i;
    }
    return 0xffffffffu;
}

uint32_t kernel(uint32_t n)
{
    uint32_t h = 0;
    for (int i = 0; i < WORDS; i++) {
        uint32_t l = 4 + rnd() % 26, k;
        for (k = 0; k < l; k++)
            text[i][k] = k < l - 3 ? (char)('a' + k % 7) : (char)('a' + rnd() % 26);
        text[i][k] = 0;
    }
    while (n--) {
        char *e = joined;
        for (int i = 0; i < WORDS; i++) {
            cpy(copy[i], text[(i + n) % WORDS]);
            e = cpy(e, copy[i]);
        }
        for (int i = 1; i < WORDS; i++) {
            int c = cmp(copy[i - 1], copy[i]);
            h = h * 31 + (uint32_t)(c > 0) * 2 + (c < 0) + len(copy[i]);
        }
        h += find(joined, copy[n % WORDS]) + len(joined);
    }
    return h;
}
MAIN("strings", 40000)
