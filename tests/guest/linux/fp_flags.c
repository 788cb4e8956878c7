/* Covers: the cumulative floating-point exception flags, as the first look at
 * them finds them. Each case is a process of its own which never asks before it
 * has computed, most of them in a loop long enough to be translated. */
#include "t.h"
#include <fenv.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 30000 };
static volatile double d[ROUNDS];
static volatile float f[ROUNDS];
static volatile double dsink;
static volatile float fsink;
static volatile int isink;

/* Operands that are the same but in one round near the end. */
static void fill(double usual, double once)
{
    for (int i = 0; i < ROUNDS; i++)
        d[i] = usual;
    d[ROUNDS - 7] = once;
}

static void fill_f(float usual, float once)
{
    for (int i = 0; i < ROUNDS; i++)
        f[i] = usual;
    f[ROUNDS - 7] = once;
}

static void add_d(double x) { for (int i = 0; i < ROUNDS; i++) dsink = d[i] + x; }
static void sub_d(double x) { for (int i = 0; i < ROUNDS; i++) dsink = d[i] - x; }
static void mul_d(double x) { for (int i = 0; i < ROUNDS; i++) dsink = d[i] * x; }
static void div_d(double x) { for (int i = 0; i < ROUNDS; i++) dsink = d[i] / x; }
static void under_d(double x) { for (int i = 0; i < ROUNDS; i++) dsink = x / d[i]; }
static void add_f(float x) { for (int i = 0; i < ROUNDS; i++) fsink = f[i] + x; }
static void mul_f(float x) { for (int i = 0; i < ROUNDS; i++) fsink = f[i] * x; }
static void narrow(void) { for (int i = 0; i < ROUNDS; i++) fsink = d[i]; }
static void to_int(void) { for (int i = 0; i < ROUNDS; i++) isink = d[i]; }
static void from_int(int x) { for (int i = 0; i < ROUNDS; i++) fsink = x - i; }
static void root(void) { for (int i = 0; i < ROUNDS; i++) dsink = __builtin_sqrt(d[i]); }
static void equal(void) { for (int i = 0; i < ROUNDS; i++) isink = d[i] == 1; }
static void less(void) { for (int i = 0; i < ROUNDS; i++) isink = d[i] < 1; }

static void divide_by_zero(void) { dsink = d[0] / OPAQUE(0.0); }

static void flags(const char *name)
{
    static const struct { int bit; const char *name; } all[] = {
        {FE_INVALID, "invalid"}, {FE_DIVBYZERO, "divide-by-zero"}, {FE_OVERFLOW, "overflow"},
        {FE_UNDERFLOW, "underflow"}, {FE_INEXACT, "inexact"},
    };
    int raised = fetestexcept(FE_ALL_EXCEPT);
    printf("%s:", name);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (raised & all[i].bit)
            printf(" %s", all[i].name);
    printf("\n");
}

/* Computes in a process that has not looked at the flags, then looks. */
#define CASE(name, compute)              \
    do {                                 \
        fflush(stdout);                  \
        if (fork() == 0) {               \
            compute;                     \
            flags(name);                 \
            fflush(stdout);              \
            _exit(0);                    \
        }                                \
        int status_;                     \
        wait(&status_);                  \
    } while (0)

int main(void)
{
    double nan = NAN, huge = OPAQUE(1.7976931348623157e308);
    CASE("nothing", (void)0);
    CASE("exact sums", (fill(3, -3), add_d(1.5)));
    CASE("exact products", (fill(3, 0), mul_d(1.5)));
    CASE("exact quotients", (fill(3, 12), div_d(4)));
    CASE("exact singles", (fill_f(0.5, 24), mul_f(3)));
    CASE("infinity is exact", (fill(1, INFINITY), add_d(1)));
    CASE("one inexact sum", (fill(1, 1e-30), add_d(1)));
    CASE("one inexact single", (fill_f(1, 1e-30), add_f(1)));
    CASE("one inexact product", (fill(1, 0.1), mul_d(0.1)));
    CASE("one inexact quotient", (fill(1, 0.3), div_d(8192.0 * 3)));
    CASE("overflow of a sum", (fill(1, huge), add_d(huge)));
    CASE("overflow of a product", (fill(1, huge), mul_d(2)));
    CASE("overflow of a single", (fill_f(1, 3e38), mul_f(2)));
    CASE("underflow", (fill(1, 3e-308), mul_d(0.1)));
    CASE("underflow of a single", (fill_f(1, 1.5e-38f), mul_f(0.1f)));
    CASE("subnormal, but exact", (fill(1, 0x1p-1000), mul_d(0x1p-70)));
    CASE("division by zero", (fill(1, 0), under_d(1)));
    CASE("zero by zero", (fill(1, 0), under_d(0)));
    CASE("infinity less infinity", (fill(1, INFINITY), sub_d(INFINITY)));
    CASE("infinity times zero", (fill(1, INFINITY), mul_d(0)));
    CASE("quiet NaN", (fill(1, nan), mul_d(2)));
    CASE("root", (fill(4, 0), root()));
    CASE("inexact root", (fill(4, 2), root()));
    CASE("root of a negative number", (fill(4, -1), root()));
    CASE("narrowed exactly", (fill(1, 0.5), narrow()));
    CASE("narrowed", (fill(1, 0.1), narrow()));
    CASE("narrowed overflow", (fill(1, 1e300), narrow()));
    CASE("narrowed underflow", (fill(1, 1e-300), narrow()));
    CASE("whole number to integer", (fill(1, -77), to_int()));
    CASE("fraction to integer", (fill(1, -77.5), to_int()));
    CASE("large number to integer", (fill(1, 1e10), to_int()));
    CASE("NaN to integer", (fill(1, nan), to_int()));
    CASE("small integers", from_int(1 << 24));
    CASE("large integers", from_int(0x7fffffff));
    CASE("equal to NaN", (fill(1, nan), equal()));
    CASE("less than NaN", (fill(1, nan), less()));
    CASE("both", (fill(1, 0), under_d(1), fill(1, nan), less(), fill(1, 0.1), mul_d(0.1)));

    /* A new process has the flags of its parent. */
    CASE("inherited", ({
        dsink = OPAQUE(1.0) / 3;
        CASE("by a child", divide_by_zero());
    }));
    CASE("cleared", (dsink = OPAQUE(1.0) / 3, feclearexcept(FE_INEXACT), divide_by_zero()));
    return 0;
}
