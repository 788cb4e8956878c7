/* Covers: every integer conversion of printf with flags, widths, precisions and
 * length modifiers, %c %s %n %%, and scanf/strtol back again. */
#include "t.h"
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

int main(void)
{
    static const int v[] = {0, 1, -1, 42, -42, 255, 65536, INT_MAX, INT_MIN};
    static const char *const f[] = {
        "[%d]", "[%i]", "[%u]", "[%x]", "[%X]", "[%o]", "[%#x]", "[%#o]", "[%+d]", "[% d]",
        "[%8d]", "[%-8d]", "[%08d]", "[%.5d]", "[%8.3d]", "[%-+8d]", "[%+.0d]", "[%#010x]",
        "[%hd]", "[%hhd]", "[%hu]", "[%hhu]", "[%hx]", "[%hhx]", "[%12u]", "[%-12o]",
    };
    for (size_t i = 0; i < sizeof f / sizeof f[0]; i++) {
        for (size_t j = 0; j < sizeof v / sizeof v[0]; j++)
            printf(f[i], v[j]);
        putchar('\n');
    }
    static const long long w[] = {0, 1, -1, 4294967296ll, -4294967297ll, LLONG_MAX, LLONG_MIN};
    static const char *const g[] = {
        "[%lld]", "[%lli]", "[%llu]", "[%llx]", "[%llX]", "[%llo]", "[%#llx]", "[%+lld]",
        "[%25lld]", "[%-25lld]", "[%025lld]", "[%.22lld]", "[%jd]", "[%ju]",
    };
    for (size_t i = 0; i < sizeof g / sizeof g[0]; i++) {
        for (size_t j = 0; j < sizeof w / sizeof w[0]; j++)
            printf(g[i], w[j]);
        putchar('\n');
    }
    printf("[%zu][%zd][%td][%ld][%lu]\n", (size_t)123456, (ssize_t)-7, (ptrdiff_t)-9, -100000L, 100000UL);
    printf("[%*d][%-*d][%.*d][%*.*d]\n", 7, 5, 7, 5, 4, 5, 9, 3, -5);
    printf("[%c][%5c][%-5c][%s][%10s][%-10s][%.2s][%%]\n", 'a', 'b', 'c', "str", "right", "left", "cut");
    printf("[%2$s %1$s]\n", "world", "hello");
    int n = 0, m = 0;
    printf("12345%n678%n\n", &n, &m);
    printf("%d %d\n", n, m);
    printf("[%" PRId8 "][%" PRIu16 "][%" PRIx32 "][%" PRId64 "]\n", (int8_t)-128, (uint16_t)65535,
           (uint32_t)0xdeadbeef, INT64_MIN);
    char buf[16];
    int r = snprintf(buf, sizeof buf, "%s", "a string that is too long");
    printf("%d [%s]\n", r, buf);

    int a, b;
    unsigned c, d;
    long long e;
    char s[20], ch;
    r = sscanf("  -17 0x1f 077 beef -9223372036854775808 word!z", "%d %i %o %x %lld %5[a-z]!%c", &a, &b, &c, &d, &e, s, &ch);
    printf("%d: %d %d %u %u %lld %s %c\n", r, a, b, c, d, e, s, ch);
    char *end;
    printf("%lld ", strtoll("-99999999999999999999", &end, 10));
    printf("%s %d\n", errno == ERANGE ? "range" : "no", *end);
    printf("%llu %lld %llx\n", strtoull("18446744073709551615", NULL, 10), strtoll("zz", &end, 36), strtoull("0xffffffffff", NULL, 0));
    printf("%d %d\n", atoi("  12x"), abs(atoi("-77")));
    return t_done();
}
