/* Covers: clone and clone3 beyond fork: the signal at the end, CLONE_VFORK without
 * shared memory, shared files and descriptors, parents, descriptors of children,
 * namespaces, cleared handlers, chosen stacks, numbers written; what is refused. */
#define _GNU_SOURCE
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_PID ((pid_t)-1)

struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
} __attribute__((aligned(8)));

static pid_t clone3(struct arguments *a, size_t size) { return syscall(SYS_clone3, a, size); }

static pid_t new_child(uint64_t flags, int signal)
{
    struct arguments a = {.flags = flags, .exit_signal = signal};
    return clone3(&a, sizeof a);
}

static int status_of(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, __WALL) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static volatile sig_atomic_t caught;
static void note(int s) { caught = s; }

static int shared_value;
static int in_child(void *arg)
{
    shared_value += (int)(intptr_t)arg;
    return 9;
}

static void signals(void)
{
    signal(SIGUSR1, note);
    pid_t child = new_child(0, SIGUSR1);
    if (child == 0)
        _exit(3);
    CHECK(status_of(child) == 3 && caught == SIGUSR1);
    caught = 0;
    child = new_child(0, 0);
    if (child == 0)
        _exit(4);
    CHECK(waitpid(child, NULL, 0) == NO_PID && errno == ECHILD);
    CHECK(status_of(child) == 4 && caught == 0);
    child = new_child(1ull << 32 /* CLONE_CLEAR_SIGHAND */, SIGCHLD);
    if (child == 0) {
        struct sigaction action;
        sigaction(SIGUSR1, NULL, &action);
        _exit(action.sa_handler == SIG_DFL ? 5 : 6);
    }
    CHECK(status_of(child) == 5);
}

static void memory_and_files(void)
{
    static char stack[65536] __attribute__((aligned(16)));
    void *top = stack + sizeof stack;
    pid_t child = clone(in_child, top, CLONE_VFORK | SIGCHLD, (void *)1);
    CHECK(shared_value == 0 && status_of(child) == 9);
    child = clone(in_child, top, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)2);
    CHECK(shared_value == 2 && status_of(child) == 9);

    int fd = -1;
    child = new_child(CLONE_FILES, SIGCHLD);
    if (child == 0)
        _exit(open("/dev/null", O_RDONLY) == 50 || dup2(0, 50) == 50 ? 7 : 8);
    CHECK(status_of(child) == 7);
    fd = fcntl(50, F_GETFD);
    CHECK(fd >= 0 && close(50) == 0);
    child = new_child(CLONE_FS, SIGCHLD);
    if (child == 0)
        _exit(chdir("/proc") ? 1 : 0);
    char where[64] = "";
    CHECK(status_of(child) == 0 && getcwd(where, sizeof where) && strcmp(where, "/proc") == 0);
}

static void numbers(void)
{
    pid_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int pidfd = -1;
    struct arguments a = {
        .flags = CLONE_PIDFD | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID,
        .pidfd = (uintptr_t)&pidfd,
        .parent_tid = (uintptr_t)&shared[0],
        .child_tid = (uintptr_t)&shared[1],
        .exit_signal = SIGCHLD,
    };
    pid_t child = clone3(&a, sizeof a);
    if (child == 0)
        _exit(shared[1] == getpid() ? 1 : 2);
    CHECK(status_of(child) == 1 && shared[0] == child && pidfd > 2);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    CHECK(poll(&ended, 1, 0) == 1 && (fcntl(pidfd, F_GETFD) & FD_CLOEXEC));
    close(pidfd);

    child = fork();
    if (child == 0) {
        pid_t sibling = new_child(CLONE_PARENT, 0);
        if (sibling == 0)
            _exit(getppid() != child && shared[2] ? 3 : 4);
        shared[2] = sibling;
        _exit(0);
    }
    CHECK(status_of(child) == 0);
    CHECK(status_of(shared[2]) >= 3);
}

static void namespaces(void)
{
    struct utsname name;
    pid_t child = new_child(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWPID, SIGCHLD);
    if (child == NO_PID) {
        /* Not everybody may make namespaces; then there is nothing to see. */
        CHECK(errno == EPERM || errno == ENOSPC);
        return;
    }
    if (child == 0) {
        if (getpid() != 1 || sethostname("inside", 6) || uname(&name))
            _exit(1);
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(getpid() == 2 ? 6 : 7);
        _exit(strcmp(name.nodename, "inside") == 0 && status_of(grandchild) == 6 ? 8 : 9);
    }
    CHECK(status_of(child) == 8);
    CHECK(uname(&name) == 0 && strcmp(name.nodename, "inside") != 0);
}

static int error_of(struct arguments a, size_t size)
{
    errno = 0;
    pid_t child = clone3(&a, size);
    if (child == 0)
        _exit(0);
    if (child > 0)
        status_of(child);
    return errno;
}

static void refused(void)
{
    CHECK(error_of((struct arguments){0}, 63) == EINVAL);
    CHECK(error_of((struct arguments){0}, 5000) == E2BIG);
    CHECK(error_of((struct arguments){.flags = 0x11}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.exit_signal = 0x100}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.stack = 0x10000}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.flags = CLONE_SIGHAND}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.flags = CLONE_VM | CLONE_THREAD}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.flags = CLONE_FS | CLONE_NEWNS}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.flags = CLONE_PARENT, .exit_signal = SIGCHLD}, 64) == EINVAL);
    CHECK(error_of((struct arguments){.set_tid_size = 1}, 88) == EINVAL);
    CHECK(error_of((struct arguments){0}, 64) == 0);
}

int main(void)
{
    signals();
    memory_and_files();
    numbers();
    namespaces();
    refused();
    return t_done();
}
