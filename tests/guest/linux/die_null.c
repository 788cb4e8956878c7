/* Covers: death by SIGSEGV: a store through a null pointer. */
#include "t.h"
int main(void)
{
    puts("before");
    fflush(stdout);
    *(volatile int *)OPAQUE((int *)0) = 1;
    puts("after");
    return 0;
}
