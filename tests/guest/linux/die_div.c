/* Covers: death by SIGFPE: division by zero (a trap instruction on MIPS, the
 * run-time library's raise on ARM). */
#include "t.h"
int main(void)
{
    puts("before");
    fflush(stdout);
    volatile int zero = 0, x = 7;
    printf("%d\n", x / zero);
    return 0;
}
