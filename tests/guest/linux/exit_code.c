/* Covers: exit status 42 through exit(), atexit order, destructors. */
#include "t.h"
static void a(void) { puts("first registered"); }
static void b(void) { puts("second registered"); }
static __attribute__((constructor)) void early(void) { puts("constructor"); }
static __attribute__((destructor)) void late(void) { puts("destructor"); }
int main(void)
{
    atexit(a);
    atexit(b);
    puts("main");
    exit(256 + 42);
}
