/* Covers: memcpy, memmove, memset, memcmp, strcmp and friends at every small
 * alignment and length, overlap in both directions, page ends (a read past the
 * end would fault), and bytes above 0x7f. */
#include "t.h"
#include <ctype.h>
#include <sys/mman.h>

static unsigned char src[256], dst[256], want[256];

static uint32_t hash(const unsigned char *p, size_t n)
{
    uint32_t h = 2166136261u;
    while (n--)
        h = (h ^ *p++) * 16777619u;
    return h;
}

static int sign(int x) { return (x > 0) - (x < 0); }

int main(void)
{
    for (int i = 0; i < 256; i++)
        src[i] = (unsigned char)(i * 37 + 11);
    int bad = 0;
    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++)
            for (int n = 0; n < 80; n++) {
                memset(dst, 0xee, sizeof dst);
                memset(want, 0xee, sizeof want);
                for (int i = 0; i < n; i++)
                    want[b + i] = src[a + i];
                memcpy(dst + OPAQUE(b), src + OPAQUE(a), (size_t)OPAQUE(n));
                bad += memcmp(dst, want, sizeof dst) != 0;
            }
    CHECK(bad == 0);
    for (int d = -20; d <= 20; d++)
        for (int n = 0; n < 70; n++) {
            memcpy(dst, src, sizeof dst);
            memcpy(want, src, sizeof want);
            for (int i = 0; i < n; i++)
                want[60 + d + i] = src[60 + i];
            memmove(dst + 60 + OPAQUE(d), dst + 60, (size_t)OPAQUE(n));
            bad += memcmp(dst, want, sizeof dst) != 0;
        }
    CHECK(bad == 0);
    for (int a = 0; a < 8; a++)
        for (int n = 0; n < 100; n++) {
            memset(dst, 0, sizeof dst);
            memset(dst + OPAQUE(a), 0x1a5, (size_t)OPAQUE(n));
            for (int i = 0; i < 256; i++)
                bad += dst[i] != (i >= a && i < a + n ? 0xa5 : 0);
        }
    CHECK(bad == 0);
    printf("hash %08x\n", (unsigned)hash(dst, sizeof dst));

    /* strings that end at the last byte before an unmapped page */
    size_t page = 4096;
    char *m = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(m != MAP_FAILED && mprotect(m + page, page, PROT_NONE) == 0);
    char *end = m + page;
    for (int n = 0; n < 40; n++) {
        char *s = end - n - 1;
        memset(s, 'x', (size_t)n);
        s[n] = 0;
        bad += strlen(s) != (size_t)OPAQUE(n);
        char other[64];
        strcpy(other, s);
        bad += strcmp(s, other) != 0;
        bad += memchr(s, 0, (size_t)n + 1) != s + n;
        bad += strchr(s, 'y') != NULL || strrchr(s, 0) != s + n;
        if (n) {
            other[n - 1] = 'y';
            bad += sign(strcmp(s, other)) != -1 || sign(strcmp(other, s)) != 1;
            bad += strncmp(s, other, (size_t)n - 1) != 0;
            bad += sign(memcmp(s, other, (size_t)n)) != -1;
        }
    }
    CHECK(bad == 0);

    char hi[] = "a\xff", lo[] = "a\x01";
    CHECK(strcmp(hi, lo) > 0);
    CHECK(memcmp(hi, lo, 3) > 0);
    CHECK(strcmp("", "a") < 0 && strcmp("a", "") > 0 && strcmp("", "") == 0);
    CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
    CHECK(strcasecmp("HeLLo", "hEllO") == 0 && strncasecmp("ABx", "aby", 2) == 0);
    CHECK(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4);
    CHECK(!strcmp(strstr("one two three", "two"), "two three") && !strstr("abc", "abd"));
    CHECK(!strcmp(strpbrk("hello", "xyzl"), "llo"));
    char buf[32] = "abc";
    strcat(buf, "def");
    strncat(buf, "ghijkl", 3);
    CHECK(!strcmp(buf, "abcdefghi"));
    strncpy(buf, "zz", 5);
    CHECK(!memcmp(buf, "zz\0\0\0fghi", 10));
    char list[] = "a,b;;c d", *save;
    for (char *t = strtok_r(list, ",; ", &save); t; t = strtok_r(NULL, ",; ", &save))
        printf("<%s>", t);
    putchar('\n');
    int counts[6] = {0};
    for (int c = 0; c < 128; c++) {
        counts[0] += !!isalpha(c); counts[1] += !!isdigit(c); counts[2] += !!isspace(c);
        counts[3] += !!ispunct(c); counts[4] += !!isprint(c); counts[5] += toupper(c) != c;
    }
    for (int i = 0; i < 6; i++)
        printf("%d ", counts[i]);
    putchar('\n');
    char *dup = strdup("copy");
    CHECK(!strcmp(dup, "copy"));
    free(dup);
    return t_done();
}
