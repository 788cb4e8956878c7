/* Covers: what programs are told of the kernel's release and of their stack; natively both are the host's. Prints only what
 * is the same everywhere unless it is asked for more by its environment (tests/programs/exec.rs). */
#include "t.h"
#include <sys/resource.h>
#include <sys/utsname.h>

/* The length of the mapping that holds the stack. */
static unsigned long stack(void)
{
    char line[512];
    unsigned long from, to, here = (unsigned long)line, length = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= here && here < to)
            length = to - from;
    return length;
}

int main(void)
{
    struct utsname name;
    struct rlimit limit;
    CHECK(uname(&name) == 0 && name.release[0] >= '1');
    CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
    if (getenv("DEMOTIC_TEST") && sizeof(long) == 4 && strcmp(name.release, "4.3.21") == 0)
        printf("release %s\nstack %lu KiB\n", name.release, stack() >> 10);
    return t_done();
}
