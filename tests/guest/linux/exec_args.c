/* Covers: executing what the arguments say, for chains of programs of several architectures (tests/programs/exec.rs). */
#include "t.h"
#include <errno.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2) {
        printf("nothing to execute\n");
        return 0;
    }
    execvp(argv[1], argv + 1);
    printf("%s: %s\n", argv[1], strerror(errno));
    return 1;
}
