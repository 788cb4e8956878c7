/* Covers: vfork: the parent waits for the child's _exit or failed exec. */
#include "t.h"
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int st;
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        volatile int v = i;
        pid_t pid = vfork();
        if (pid == 0)
            _exit(40 + v);
        CHECK(pid > 0 && waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == 40 + i);
    }
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/nonexistent", "x", (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 127);
    return t_done();
}
