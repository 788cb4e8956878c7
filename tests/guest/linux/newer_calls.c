/* Covers: calls that kernels have had for a few years only: futexes with a call for each operation and waiting for
 * several, lists of robust futexes of other threads, advice about processes, giving up rights with Landlock. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __mips__
#define BASE 4000
#else
#define BASE 0
#endif
#define PIDFD_OPEN (BASE + 434)
#define PROCESS_MADVISE (BASE + 440)
#define LANDLOCK_CREATE_RULESET (BASE + 444)
#define LANDLOCK_ADD_RULE (BASE + 445)
#define LANDLOCK_RESTRICT_SELF (BASE + 446)
#define PROCESS_MRELEASE (BASE + 448)
#define FUTEX_WAITV (BASE + 449)
#define FUTEX2_WAKE (BASE + 454)
#define FUTEX2_WAIT (BASE + 455)
#define FUTEX2_REQUEUE (BASE + 456)

#define SIZE_U32 2
#define PRIVATE 128
#define ALL 0xffffffffu

struct timespec64 {
    int64_t seconds, nanoseconds;
};
struct waiter {
    uint64_t value, address;
    uint32_t flags, reserved;
};

static uint32_t words[3] = {0x1000001, 0x2000002, 0x3000003};

static struct waiter waiter(int i, uint64_t value)
{
    return (struct waiter){value, (uintptr_t)&words[i], SIZE_U32 | PRIVATE, 0};
}

static struct timespec64 soon(int milliseconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t nanoseconds = now.tv_nsec + milliseconds * 1000000ll;
    return (struct timespec64){now.tv_sec + nanoseconds / 1000000000, nanoseconds % 1000000000};
}

static void *waits_for_one(void *arg)
{
    long result = syscall(FUTEX2_WAIT, &words[0], words[0], ALL, SIZE_U32 | PRIVATE, NULL, CLOCK_MONOTONIC);
    return (void *)(result == 0 ? 1 : (intptr_t)errno);
}

static void *waits_for_several(void *arg)
{
    struct waiter list[3] = {waiter(0, words[0]), waiter(1, words[1]), waiter(2, words[2])};
    return (void *)(intptr_t)syscall(FUTEX_WAITV, list, 3, 0, NULL, 0);
}

/* Wakes until somebody has been there to be woken. */
static long wake(int i, unsigned count)
{
    long woken;
    while ((woken = syscall(FUTEX2_WAKE, &words[i], ALL, count, SIZE_U32 | PRIVATE)) == 0)
        usleep(1000);
    return woken;
}

static void futexes(void)
{
    struct timespec64 when = soon(5);
    CHECK(syscall(FUTEX2_WAIT, &words[0], words[0] + 1, ALL, SIZE_U32, NULL, CLOCK_MONOTONIC) == -1 && errno == EAGAIN);
    CHECK(syscall(FUTEX2_WAIT, &words[0], words[0], ALL, SIZE_U32, &when, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
    CHECK(syscall(FUTEX2_WAIT, &words[0], words[0], 0, SIZE_U32, NULL, CLOCK_MONOTONIC) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX2_WAIT, &words[0], 1, ALL, 1, NULL, CLOCK_MONOTONIC) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX2_WAIT, 0x10, 1, ALL, SIZE_U32, NULL, CLOCK_MONOTONIC) == -1 && errno == EFAULT);
    CHECK(syscall(FUTEX2_WAIT, (char *)words + 1, 1, ALL, SIZE_U32, NULL, CLOCK_MONOTONIC) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX2_WAKE, &words[0], ALL, 1, SIZE_U32 | PRIVATE) == 0);
    CHECK(syscall(FUTEX2_WAKE, &words[0], ALL, 1, 0x40) == -1 && errno == EINVAL);

    struct waiter list[2] = {waiter(0, words[0]), waiter(1, words[1])};
    when = soon(5);
    CHECK(syscall(FUTEX_WAITV, list, 2, 0, &when, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
    list[1].value++;
    CHECK(syscall(FUTEX_WAITV, list, 2, 0, NULL, 0) == -1 && errno == EAGAIN);
    list[1].reserved = 1;
    CHECK(syscall(FUTEX_WAITV, list, 2, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX_WAITV, list, 0, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX_WAITV, list, 129, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX_WAITV, list, 1, 1, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(FUTEX_WAITV, 0x10, 1, 0, NULL, 0) == -1 && errno == EFAULT);

    pthread_t thread;
    void *result = NULL;
    pthread_create(&thread, NULL, waits_for_one, NULL);
    CHECK(wake(0, 1) == 1 && pthread_join(thread, &result) == 0 && (intptr_t)result == 1);
    pthread_create(&thread, NULL, waits_for_several, NULL);
    CHECK(wake(1, 1) == 1 && pthread_join(thread, &result) == 0 && (intptr_t)result == 1);
    /* one that waits for the first word is woken by the second */
    struct waiter both[2] = {waiter(0, words[0]), waiter(2, 0)};
    pthread_create(&thread, NULL, waits_for_one, NULL);
    long moved;
    while ((moved = syscall(FUTEX2_REQUEUE, both, 0, 0, 1)) == 0)
        usleep(1000);
    CHECK(moved == 1 && syscall(FUTEX2_WAKE, &words[0], ALL, 1, SIZE_U32 | PRIVATE) == 0);
    CHECK(wake(2, 1) == 1 && pthread_join(thread, &result) == 0 && (intptr_t)result == 1);
    both[0].value++;
    CHECK(syscall(FUTEX2_REQUEUE, both, 0, 0, 1) == -1 && errno == EAGAIN);
    CHECK(syscall(FUTEX2_REQUEUE, both, 1, 0, 1) == -1 && errno == EINVAL);
}

static _Atomic pid_t other;
static _Atomic int over;
static void *other_list;

static void *is_there(void *arg)
{
    size_t size;
    syscall(SYS_get_robust_list, 0, &other_list, &size);
    other = syscall(SYS_gettid);
    while (!over)
        usleep(1000);
    return NULL;
}

static void robust_lists(void)
{
    pthread_t thread;
    void *own = NULL, *list = NULL;
    size_t size = 0;
    pthread_create(&thread, NULL, is_there, NULL);
    while (!other)
        usleep(1000);
    CHECK(syscall(SYS_get_robust_list, other, &list, &size) == 0 && list && list == other_list && size == 3 * sizeof(long));
    CHECK(syscall(SYS_get_robust_list, 0, &own, &size) == 0 && own && own != list);
    CHECK(syscall(SYS_get_robust_list, getpid(), &list, &size) == 0 && list == own);
    CHECK(syscall(SYS_get_robust_list, 0x3fffffff, &list, &size) == -1 && errno == ESRCH);
    over = 1;
    pthread_join(thread, NULL);
    CHECK(syscall(SYS_set_robust_list, own, 1) == -1 && errno == EINVAL);
}

static void advice(void)
{
    char *memory = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 7, 16384);
    int self = syscall(PIDFD_OPEN, getpid(), 0);
    struct iovec parts[2] = {{memory, 4096}, {memory + 8192, 4096}};
    CHECK(syscall(PROCESS_MADVISE, self, parts, 2, MADV_COLD, 0) == 8192 && memory[0] == 7);
    CHECK(syscall(PROCESS_MADVISE, self, parts, 2, MADV_COLD, 1) == -1 && errno == EINVAL);
    CHECK(syscall(PROCESS_MADVISE, -1, parts, 2, MADV_COLD, 0) == -1 && errno == EBADF);
    CHECK(syscall(PROCESS_MADVISE, 0, parts, 2, MADV_COLD, 0) == -1 && errno == EBADF);
    CHECK(syscall(PROCESS_MADVISE, self, 0x10, 2, MADV_COLD, 0) == -1 && errno == EFAULT);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    int its = syscall(PIDFD_OPEN, child, 0);
    long done = syscall(PROCESS_MADVISE, its, parts, 2, MADV_COLD, 0);
    CHECK(done == 8192 || done == -1 && errno == EPERM);
    CHECK(syscall(PROCESS_MADVISE, its, parts, 2, MADV_DONTNEED, 0) == -1 && errno == EINVAL);
    CHECK(syscall(PROCESS_MRELEASE, its, 0) == -1 && errno == EINVAL);
    CHECK(syscall(PROCESS_MRELEASE, its, 1) == -1 && errno == EINVAL);
    CHECK(syscall(PROCESS_MRELEASE, -1, 0) == -1 && errno == EBADF);
    kill(child, SIGKILL);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK(syscall(PROCESS_MRELEASE, its, 0) == -1 && errno == ESRCH);
    CHECK(syscall(PROCESS_MADVISE, its, parts, 2, MADV_COLD, 0) == -1 && errno == ESRCH);
    close(self), close(its);
    munmap(memory, 16384);
}

#define EXECUTE 1
#define WRITE_FILE 2
#define READ_FILE 4
#define MAKE_REG 256
#define PATH_BENEATH 1
#define NET_PORT 2

struct ruleset {
    uint64_t files, net;
};
struct __attribute__((packed)) beneath {
    uint64_t rights;
    int32_t directory;
};

static int opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    int result = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

static void restricted(int rules)
{
    CHECK(syscall(LANDLOCK_RESTRICT_SELF, rules, 1 << 30) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_RESTRICT_SELF, -1, 0) == -1 && errno == EBADF);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(syscall(LANDLOCK_RESTRICT_SELF, rules, 0) == 0);
    CHECK(opens("inside/file", O_RDONLY) == 0 && opens("inside/file", O_WRONLY) == 0);
    CHECK(opens("inside/new", O_WRONLY | O_CREAT) == 0);
    CHECK(opens("outside", O_RDONLY) == 0 && opens("outside", O_WRONLY) == EACCES);
    CHECK(opens("new", O_WRONLY | O_CREAT) == EACCES);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(opens("outside", O_RDWR));
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EACCES);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "newer_calls", "again", NULL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EACCES);
    fflush(stdout);
    _exit(t_failures);
}

static void landlock(void)
{
    struct ruleset wanted = {WRITE_FILE | MAKE_REG, 0};
    long version = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, 1);
    if (version < 1) {
        printf("no Landlock: %d\n", errno);
        return;
    }
    CHECK(syscall(LANDLOCK_CREATE_RULESET, NULL, 8, 0) == -1 && errno == EFAULT);
    CHECK(syscall(LANDLOCK_CREATE_RULESET, &wanted, 4, 0) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_CREATE_RULESET, &wanted, 8, 1 << 20) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_CREATE_RULESET, &wanted, 100000, 0) == -1 && errno == E2BIG);
    struct ruleset none = {0, 0}, unknown = {1ull << 60, 0};
    CHECK(syscall(LANDLOCK_CREATE_RULESET, &none, 8, 0) == -1 && errno == ENOMSG);
    CHECK(syscall(LANDLOCK_CREATE_RULESET, &unknown, 8, 0) == -1 && errno == EINVAL);
    int rules = syscall(LANDLOCK_CREATE_RULESET, &wanted, 8, 0);
    CHECK(rules >= 0 && (fcntl(rules, F_GETFD) & FD_CLOEXEC));
    mkdir("inside", 0700);
    close(open("inside/file", O_WRONLY | O_CREAT, 0600));
    close(open("outside", O_WRONLY | O_CREAT, 0600));
    struct beneath inside = {WRITE_FILE | MAKE_REG, open("inside", O_PATH)}, bad = {READ_FILE, inside.directory};
    CHECK(syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, &inside, 0) == 0);
    CHECK(syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, &bad, 0) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, 0x10, 0) == -1 && errno == EFAULT);
    CHECK(syscall(LANDLOCK_ADD_RULE, rules, PATH_BENEATH, &inside, 1) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_ADD_RULE, rules, 77, &inside, 0) == -1 && errno == EINVAL);
    CHECK(syscall(LANDLOCK_ADD_RULE, -1, PATH_BENEATH, &inside, 0) == -1 && errno == EBADF);
    if (version >= 4) {
        struct { uint64_t rights, port; } port = {1, 80};
        CHECK(syscall(LANDLOCK_ADD_RULE, rules, NET_PORT, &port, 0) == -1 && errno == EINVAL);
        struct ruleset net = {0, 1};
        int ports = syscall(LANDLOCK_CREATE_RULESET, &net, 16, 0);
        CHECK(ports >= 0 && syscall(LANDLOCK_ADD_RULE, ports, NET_PORT, &port, 0) == 0);
        port.port = 1 << 16;
        CHECK(syscall(LANDLOCK_ADD_RULE, ports, NET_PORT, &port, 0) == -1 && errno == EINVAL);
        close(ports);
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        restricted(rules);
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(opens("outside", O_WRONLY) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return opens("outside", O_WRONLY);
    futexes();
    robust_lists();
    advice();
    landlock();
    return t_done();
}
