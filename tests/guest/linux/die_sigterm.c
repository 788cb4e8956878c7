/* Covers: death by a signal sent to oneself, from inside a handler of another,
 * with output still buffered (it must not appear). */
#include "t.h"
#include <signal.h>
#include <unistd.h>
static void h(int s) { (void)s; kill(getpid(), SIGTERM); }
int main(void)
{
    puts("before");
    fflush(stdout);
    setvbuf(stdout, NULL, _IOFBF, 4096);
    puts("lost");
    signal(SIGUSR1, h);
    raise(SIGUSR1);
    puts("after");
    return 0;
}
