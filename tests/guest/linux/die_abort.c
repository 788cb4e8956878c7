/* Covers: death by abort() (exit status 128 + SIGABRT at the shell). */
#include "t.h"
int main(void)
{
    puts("before");
    fflush(stdout);
    abort();
}
