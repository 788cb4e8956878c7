/* Covers: unshare and setns: names of machines, mounts, processes and users of one's own, alone and after code has run for
 * long; going into the namespaces of a child by files and by its descriptor; what is refused. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* Loops long enough to be worth translating in the background. */
static unsigned work(void)
{
    unsigned x = 1;
    for (int i = 0; i < 3000000; i++)
        x = x * 1664525u + 1013904223u + (x >> 7);
    return x;
}

static int in_child(int (*f)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f());
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static ino_t number_of(const char *space)
{
    char path[64];
    struct stat s;
    snprintf(path, sizeof path, "/proc/self/ns/%s", space);
    return stat(path, &s) ? 0 : s.st_ino;
}

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    int done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return done;
}

/* Whether a user may have a namespace of users here at all; everything else follows from it. */
static int may_have_users(void) { return unshare(CLONE_NEWUSER) ? errno : 0; }

/* Goes into a namespace of users, and others, of one's own, whose user 0 one is. */
static int become_root(int flags)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWUSER | flags) || getuid() != 65534)
        return 0;
    snprintf(map, sizeof map, "0 %d 1", (int)uid);
    if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/uid_map", map))
        return 0;
    snprintf(map, sizeof map, "0 %d 1", (int)gid);
    return put("/proc/self/gid_map", map) && getuid() == 0 && getgid() == 0;
}

static int users(void)
{
    ino_t before = number_of("user");
    unsigned x = work();
    if (!become_root(0))
        return 1;
    if (number_of("user") == before)
        return 2;
    /* As its user 0 it has all rights inside. */
    struct utsname name;
    if (unshare(CLONE_NEWUTS) || sethostname("inside", 6) || uname(&name) || strcmp(name.nodename, "inside"))
        return 5;
    if (work() != x)
        return 6;
    /* Once more: they may be nested. */
    if (unshare(CLONE_NEWUSER) || getuid() != 65534)
        return 7;
    return work() == x ? 0 : 8;
}

static int mounts(void)
{
    work();
    if (!become_root(CLONE_NEWNS) || mkdir("m", 0700))
        return 1;
    if (mount("none", "m", "tmpfs", 0, "size=64k") || mkdir("m/inside", 0700))
        return 2;
    return access("m/inside", F_OK) ? 3 : 0;
}

static int processes(void)
{
    unsigned x = work();
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID))
        return 1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(getpid() == 1 && work() == x ? 5 : 6);
    int status;
    if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 5)
        return 2;
    /* Its first process has gone: there can be no others. */
    if (fork() != -1 || errno != ENOMEM)
        return 3;
    return work() == x ? 0 : 4;
}

static int ready[2], go[2];
static pid_t host_of_spaces(void)
{
    pipe(ready), pipe(go);
    fflush(stdout);
    pid_t pid = fork();
    if (pid)
        return pid;
    char c = unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS) || sethostname("there", 5) ? 'n' : 'y';
    write(ready[1], &c, 1);
    read(go[0], &c, 1);
    _exit(0);
}

static pid_t host;
static int is_there(void)
{
    struct utsname name;
    return uname(&name) == 0 && strcmp(name.nodename, "there") == 0;
}

static int enter_by_files(void)
{
    static const char *const names[] = {"user", "uts", "mnt"};
    int fds[3];
    char path[64];
    work();
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)host, names[i]);
        fds[i] = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (setns(fds[0], CLONE_NEWUTS) != -1 || errno != EINVAL)
        return 1;
    if (setns(fds[0], CLONE_NEWUSER))
        return 2;
    if (setns(fds[1], 0) || !is_there())
        return 3;
    if (setns(fds[2], CLONE_NEWNS))
        return 4;
    work();
    /* Into the namespace of users that one is in already there is no way. */
    return setns(fds[0], 0) == -1 && errno == EINVAL ? 0 : 5;
}

static int enter_by_process(void)
{
    int fd = syscall(SYS_pidfd_open, host, 0);
    work();
    if (fd < 0 || setns(fd, CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS))
        return 1;
    return is_there() ? 0 : 2;
}

static void *idle(void *arg) { return read(go[0], arg, 1), NULL; }

/* With threads of its own a program is refused, as by Linux. */
static int with_threads(void)
{
    pthread_t t;
    char c;
    pipe(go);
    pthread_create(&t, NULL, idle, &c);
    int refused = unshare(CLONE_NEWUSER) == -1 && errno == EINVAL;
    int vm = unshare(CLONE_VM) == -1 && errno == EINVAL;
    write(go[1], "x", 1);
    pthread_join(t, NULL);
    work();
    /* When they have gone it is let through; the last one may take a moment to be gone. */
    int later = -1;
    for (int i = 0; i < 2000 && later; i++) {
        later = unshare(CLONE_NEWUSER);
        if (later)
            usleep(1000);
    }
    return refused && vm && later == 0 ? 0 : 1;
}

/* Threads, when there have been namespaces. */
static void *add(void *arg) { return ++*(int *)arg, NULL; }
static int threads_afterwards(void)
{
    pthread_t t;
    int n = 0;
    work();
    if (unshare(CLONE_NEWUSER | CLONE_NEWUTS))
        return 1;
    work();
    return pthread_create(&t, NULL, add, &n) || pthread_join(t, NULL) || n != 1 ? 2 : 0;
}

static int others(void)
{
    if (unshare(0x1) != -1 || errno != EINVAL)
        return 1;
    if (unshare(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM) || unshare(0))
        return 2;
    if (setns(-1, 0) != -1 || errno != EBADF || setns(0, CLONE_NEWUTS) != -1 || errno != EINVAL)
        return 3;
    /* Alone, a program shares nothing: there is nothing to be done. */
    work();
    return unshare(CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) ? 4 : 0;
}

int main(void)
{
    CHECK(in_child(others) == 0);
    int error = in_child(may_have_users);
    if (error) {
        /* Not everybody may make them; then there is nothing to see. */
        CHECK(error == EPERM || error == ENOSPC);
        return t_done();
    }
    CHECK(in_child(users) == 0);
    CHECK(in_child(mounts) == 0 && access("m/inside", F_OK) == -1);
    rmdir("m");
    CHECK(in_child(processes) == 0);
    CHECK(in_child(with_threads) == 0);
    CHECK(in_child(threads_afterwards) == 0);
    host = host_of_spaces();
    char c = 'n';
    CHECK(read(ready[0], &c, 1) == 1 && c == 'y');
    CHECK(in_child(enter_by_files) == 0);
    CHECK(in_child(enter_by_process) == 0);
    write(go[1], "x", 1);
    int status;
    CHECK(waitpid(host, &status, 0) == host && status == 0);
    return t_done();
}
