/* Every number of a signal can have an action, also those that other machines do not have (MIPS: SIGEMT, and 65 to 127),
 * as virtual machines of languages expect when they go through all of them. */
#include "t.h"
#include <errno.h>
#include <signal.h>

static volatile int caught;

static void handler(int number) { caught = number; }

int main(void)
{
    int refused = 0, forgotten = 0;
    for (int number = 1; number < _NSIG; number++) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
        if (sigaction(number, NULL, &old)) {
            /* the C library keeps two for itself */
            refused += number != 32 && number != 33;
            continue;
        }
        if (number == SIGKILL || number == SIGSTOP) continue;
        refused += sigaction(number, &action, NULL) != 0;
        refused += sigaction(number, &old, &action) != 0;
        forgotten += action.sa_handler != handler || !(action.sa_flags & SA_RESTART);
    }
    printf("%d refused, %d forgotten\n", refused, forgotten);
    struct sigaction action = {.sa_handler = handler};
    printf("%d\n", sigaction(1000, &action, NULL) == -1 && errno == EINVAL);
#ifdef SIGEMT
    int own = SIGEMT;
#else
    int own = SIGSTKFLT;
#endif
    sigaction(own, &action, NULL);
    raise(own);
    printf("%d\n", caught == own);
    return 0;
}
