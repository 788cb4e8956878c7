/* Covers: floating point: printing (%f %g %e %a, NaN, infinities), arithmetic on
 * float and double, conversions, comparisons, strtod, rounding of halves.
 * NaN signs are left out: they differ between machines by design. */
#include "t.h"
#include <math.h>

static double vd(double x) { volatile double y = x; return y; }
static float vf(float x) { volatile float y = x; return y; }

int main(void)
{
    static const double v[] = {0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, 3.14159265358979, 1e10, 1e-10,
        123456789.125, 1e100, -1e-100, 1.7976931348623157e308, 2.2250738585072014e-308,
        4.9406564584124654e-324, 0.1, 1.0 / 3.0, 999999.5, 99999.95};
    static const char *const f[] = {"[%f]", "[%.0f]", "[%.3f]", "[%e]", "[%.2E]", "[%g]", "[%G]",
        "[%.10g]", "[%.17g]", "[%12.4f]", "[%-12.2e]", "[%+g]", "[%#g]", "[%012.3g]"};
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        for (size_t j = fabs(v[i]) > 1e50 ? 3 : 0; j < sizeof f / sizeof f[0]; j++)
            if (fabs(v[i]) <= 1e50 || !strchr(f[j], 'f'))
                printf(f[j], v[i]);
        putchar('\n');
    }
    double inf = vd(1.0) / vd(0.0), nan = fabs(vd(0.0) / vd(0.0));
    if (signbit(nan))
        nan = -nan;
    printf("%f %F %e %g %8.2f| %-8g|\n", inf, inf, -inf, -inf, inf, inf);
    printf("%f %F %e %8g|\n", nan, nan, nan, nan);
    printf("%d %d %d %d %d\n", isnan(nan), isinf(inf), isnan(inf), isinf(-inf), isfinite(vd(1)));

    double x = vd(1e9) + vd(0.125), y = vd(7.25);
    printf("%.17g %.17g %.17g %.17g\n", x + y, x - y, x * y, x / y);
    printf("%.17g %.17g %.17g\n", sqrt(vd(2.0)), sqrt(vd(1e-300)), vd(5e-324) / 2);
    float a = vf(16777216.0f), b = vf(1.0f), c = vf(0.1f);
    printf("%.9g %.9g %.9g %.9g %.9g\n", (double)(a + b), (double)(c * c), (double)(b / 3.0f),
           (double)sqrtf(vf(3.0f)), (double)(float)vd(0.1));
    printf("%.17g %.9g\n", (double)c, (double)(float)x);

    /* comparisons, including unordered ones */
    double z = nan;
    printf("%d%d%d%d%d%d ", z == z, z != z, z < y, z > y, z <= y, z >= y);
    printf("%d%d%d%d%d%d\n", x == y, x != y, x < y, x > y, x <= y, x >= y);
    printf("%d %d\n", vd(0.0) == vd(-0.0), signbit(vd(-0.0)) != 0);

    /* conversions, only values the C language defines */
    printf("%d %d %d %d\n", (int)vd(2.9), (int)vd(-2.9), (int)vd(2147483647.0), (int)vd(-2147483648.0));
    printf("%u %lld %llu\n", (unsigned)vd(4294967295.0), (long long)vd(-1e18), (unsigned long long)vd(1.8e19));
    printf("%.17g %.17g %.9g %.9g\n", (double)OPAQUE(-3ll), (double)OPAQUE(0xfffffffffffffbffull),
           (double)(float)OPAQUE(16777217), (double)(float)OPAQUE(0xffffffffu));
    printf("%.17g %.17g\n", (double)(int32_t)OPAQUE(-2147483647), (double)OPAQUE(4000000000u));

    printf("%g %g %g %g\n", floor(vd(-1.5)), ceil(vd(-1.5)), trunc(vd(-1.5)), round(vd(-1.5)));
    printf("%g %g %g %g\n", rint(vd(0.5)), rint(vd(1.5)), rint(vd(2.5)), nearbyint(vd(-0.5)));
    printf("%ld %lld\n", lrint(vd(2.5)), llround(vd(2.5)));
    printf("%.17g %g %g\n", fmod(vd(1e15), vd(7.0)), fmin(vd(1), z), fmax(vd(-1), vd(2)));
    int e;
    double m = frexp(vd(1234.5), &e);
    printf("%.17g %d %.17g\n", m, e, ldexp(m, e + 3));

    static const char *const s[] = {"1", "-1.5e3", "0x1.8p3", "inf", "-infinity", "1e400", "1e-400",
        "2.2250738585072011e-308", "9007199254740993", ".5e", "179769313486231580793728971405301e276"};
    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) {
        char *end;
        double d = strtod(s[i], &end);
        float d2 = strtof(s[i], NULL);
        printf("%s -> %.17g %.9g rest '%s'\n", s[i], d, (double)d2, end);
    }
    printf("%a %a %a\n", 1.0, -0.1, 1e-320);

    /* a longer computation: the logistic map and a sum with rounding */
    double l = vd(0.3), sum = 0;
    float fsum = 0;
    for (int i = 0; i < 1000; i++) {
        l = 3.7 * l * (1 - l);
        sum += l;
        fsum += (float)l;
    }
    printf("%.17g %.17g %.9g\n", l, sum, (double)fsum);
    return t_done();
}
