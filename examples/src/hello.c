/* Prints a greeting, what machine it was built for, and its arguments. */
#include "mini.h"

#if defined __thumb__
#define MACHINE "ARM (Thumb-2)"
#elif defined __arm__
#define MACHINE "ARM (A32)"
#elif defined __MIPSEB__
#define MACHINE "MIPS32, big-endian"
#else
#define MACHINE "MIPS32, little-endian"
#endif

int main(int argc, char **argv)
{
    print("Hello from %s!\n", MACHINE);
    for (int i = 1; i < argc; i++)
        print("  argument %d: %s\n", i, argv[i]);
    return 0;
}
