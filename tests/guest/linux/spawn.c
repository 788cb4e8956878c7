/* Covers: posix_spawn: libc clones with CLONE_VM | CLONE_VFORK, and an exec that
 * fails is reported through the shared memory; also memory written by a vfork
 * child is seen by the parent (qemu-user forks instead, so it differs there). */
#include "t.h"
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int shared;

int main(void)
{
    int st;
    pid_t pid;
    char *av[] = {"x", NULL};
    fflush(stdout);
    CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, av, av + 1) == ENOENT);
    pid = vfork();
    if (pid == 0) {
        shared = 5;
        _exit(0);
    }
    CHECK(waitpid(pid, &st, 0) == pid && shared == 5);
    return t_done();
}
