/* Covers: asynchronous input and output by io_setup and its kin, with the plain system calls: reading and writing of files
 * in one part and in several, synchronising, waiting for descriptors, results by an eventfd, several at once and in other
 * threads, cancelling, timeouts, children, and what is refused. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the C library's constants lack. */
#define CMD_PREAD 0
#define CMD_PWRITE 1
#define CMD_FSYNC 2
#define CMD_FDSYNC 3
#define CMD_POLL 5
#define CMD_PREADV 7
#define CMD_PWRITEV 8

/* A context is a long for the program. */
typedef unsigned long context;
/* Times are as wide as `long` in this call. */
struct times { long sec, nsec; };

static long setup(unsigned n, context *c) { return syscall(SYS_io_setup, n, c); }
static long destroy(context c) { return syscall(SYS_io_destroy, c); }
static long submit(context c, long n, struct iocb **list) { return syscall(SYS_io_submit, c, n, list); }
static long results(context c, long least, long most, struct io_event *e, struct times *t)
{
    return syscall(SYS_io_getevents, c, least, most, e, t);
}

static struct iocb request(int fd, int command, void *buffer, uint64_t size, int64_t offset, uint64_t data)
{
    struct iocb r;
    memset(&r, 0, sizeof r);
    r.aio_fildes = fd;
    r.aio_lio_opcode = command;
    r.aio_buf = (uintptr_t)buffer;
    r.aio_nbytes = size;
    r.aio_offset = offset;
    r.aio_data = data;
    return r;
}

/* Submits one request and waits for its result; that, or minus 1000 and the error of the call. */
static long done(context c, struct iocb *r)
{
    struct io_event e;
    long n = submit(c, 1, &r);
    if (n != 1)
        return -1000 - errno;
    if (results(c, 1, 1, &e, NULL) != 1)
        return -2000 - errno;
    if (e.obj != (uintptr_t)r || e.data != r->aio_data)
        return -3000;
    return (long)e.res;
}

static void files(context c)
{
    static char text[] = "0123456789abcdefghijklmnopqrstuvwxyz", found[64], more[64];
    int fd = open("aio.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct iocb r = request(fd, CMD_PWRITE, text, 36, 0, 0x123456789abcdef0ull);
    CHECK(done(c, &r) == 36);
    r = request(fd, CMD_PREAD, found, 10, 10, 1);
    CHECK(done(c, &r) == 10 && !memcmp(found, "abcdefghij", 10));
    r = request(fd, CMD_PREAD, found, 64, 30, 2);
    CHECK(done(c, &r) == 6 && !memcmp(found, "uvwxyz", 6));
    struct iovec parts[3] = {{found, 3}, {more, 4}, {found + 3, 5}};
    r = request(fd, CMD_PREADV, parts, 3, 1, 3);
    CHECK(done(c, &r) == 12 && !memcmp(found, "12389abc", 8) && !memcmp(more, "4567", 4));
    parts[0] = (struct iovec){"XY", 2}, parts[1] = (struct iovec){"Z", 1};
    /* Beyond 4 GiB. */
    r = request(fd, CMD_PWRITEV, parts, 2, (5ll << 30) + 7, 4);
    CHECK(done(c, &r) == 3);
    r = request(fd, CMD_PREAD, found, 64, (5ll << 30) + 5, 5);
    CHECK(done(c, &r) == 5 && !memcmp(found, "\0\0XYZ", 5));
    r = request(fd, CMD_FSYNC, NULL, 0, 0, 6);
    CHECK(done(c, &r) == 0);
    r = request(fd, CMD_FDSYNC, NULL, 0, 0, 7);
    CHECK(done(c, &r) == 0);
    CHECK(pread(fd, found, 3, 0) == 3 && !memcmp(found, "012", 3));
    /* Several at once; each of them has its result. */
    struct iocb many[20], *list[20];
    static char bytes[20];
    struct io_event e[32];
    uint64_t seen = 0;
    int bad = 0, got = 0;
    for (int i = 0; i < 20; i++) {
        many[i] = request(fd, CMD_PREAD, bytes + i, 1, i, 100 + i);
        list[i] = &many[i];
    }
    long taken = submit(c, 20, list);
    CHECK(taken == 20);
    while (got < taken) {
        long n = results(c, 1, 7, e, NULL);
        for (int i = 0; i < n; i++) {
            bad += e[i].res != 1 || e[i].res2 != 0 || e[i].obj != (uintptr_t)&many[e[i].data - 100];
            seen |= 1ull << (e[i].data - 100);
        }
        got += n > 0 ? n : 1000;
    }
    CHECK(got == 20 && !bad && seen == (1u << 20) - 1 && !memcmp(bytes, text, 20));
    close(fd);
    unlink("aio.tmp");
}

static void *writes(void *arg) { return usleep(20000), write(*(int *)arg, "x", 1), NULL; }

static void waiting(context c)
{
    int p[2], count = eventfd(0, EFD_NONBLOCK);
    struct io_event e[4];
    struct times none = {0, 0}, short_time = {0, 30000000};
    struct timespec before, after;
    pipe(p);
    struct iocb r = request(p[1], CMD_POLL, (void *)(POLLOUT | POLLIN), 0, 0, 1);
    CHECK(done(c, &r) == POLLOUT);
    r = request(p[0], CMD_POLL, (void *)POLLIN, 0, 0, 2);
    r.aio_flags = 1 /* IOCB_FLAG_RESFD */;
    r.aio_resfd = count;
    struct iocb *list[] = {&r};
    uint64_t value = 0;
    CHECK(submit(c, 1, list) == 1);
    CHECK(results(c, 0, 4, e, NULL) == 0 && results(c, 1, 4, e, &none) == 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    CHECK(results(c, 1, 4, e, &short_time) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000ll + after.tv_nsec - before.tv_nsec >= 30000000);
    CHECK(read(count, &value, 8) == -1 && errno == EAGAIN);
    pthread_t t;
    pthread_create(&t, NULL, writes, &p[1]);
    CHECK(results(c, 1, 4, e, NULL) == 1 && (e[0].res & POLLIN) && e[0].data == 2 && e[0].obj == (uintptr_t)&r);
    pthread_join(t, NULL);
    CHECK(read(count, &value, 8) == 8 && value == 1);
    /* What will not come is cancelled; the result comes all the same. */
    char byte;
    read(p[0], &byte, 1);
    r = request(p[0], CMD_POLL, (void *)POLLIN, 0, 0, 3);
    CHECK(submit(c, 1, list) == 1);
    CHECK(syscall(SYS_io_cancel, c, &r, e) == -1 && errno == EINPROGRESS);
    CHECK(results(c, 1, 4, e, NULL) == 1 && e[0].data == 3 && e[0].obj == (uintptr_t)&r);
    CHECK(syscall(SYS_io_cancel, c, &r, e) == -1 && errno == EINVAL);
    close(p[0]), close(p[1]), close(count);
}

static volatile sig_atomic_t caught;
static void note(int s) { caught = s; }
static void *interrupts(void *arg) { return usleep(20000), pthread_kill(*(pthread_t *)arg, SIGUSR1), NULL; }

static void signals(context c)
{
    struct io_event e;
    struct sigaction action = {.sa_handler = note};
    struct { const void *set; unsigned long size; } mask;
    sigset_t blocked, empty;
    pthread_t t, self = pthread_self();
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&t, NULL, interrupts, &self);
    CHECK(results(c, 1, 1, &e, NULL) == -1 && errno == EINTR && caught == SIGUSR1);
    pthread_join(t, NULL);
    /* With another mask while it waits. */
    sigemptyset(&blocked), sigaddset(&blocked, SIGUSR1), sigemptyset(&empty);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    caught = 0;
    raise(SIGUSR1);
    CHECK(caught == 0);
#if defined __mips__
    mask.size = 16;
#else
    mask.size = 8;
#endif
    mask.set = &empty;
    CHECK(syscall(SYS_io_pgetevents, c, 1L, 1L, &e, NULL, &mask) == -1 && errno == EINTR && caught == SIGUSR1);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void refused(context c)
{
    context none = 0, used = 5;
    struct io_event e;
    char byte;
    int fd = open("/dev/null", O_RDONLY);
    CHECK(setup(0, &none) == -1 && errno == EINVAL);
    CHECK(setup(4, &used) == -1 && errno == EINVAL);
    CHECK(setup(4, (void *)16) == -1 && errno == EFAULT);
    CHECK(destroy(0) == -1 && errno == EINVAL && destroy(c + 64) == -1 && errno == EINVAL);
    CHECK(submit(0x12345, 0, NULL) == -1 && errno == EINVAL);
    CHECK(submit(c, -1, NULL) == -1 && errno == EINVAL);
    CHECK(submit(c, 0, NULL) == 0);
    CHECK(submit(c, 1, (void *)16) == -1 && errno == EFAULT);
    struct iocb *wrong = (void *)16;
    CHECK(submit(c, 1, &wrong) == -1 && errno == EFAULT);
    CHECK(results(c, 2, 1, &e, NULL) == -1 && errno == EINVAL);
    CHECK(results(c, -1, 1, &e, NULL) == -1 && errno == EINVAL);
    struct iocb r = request(-1, CMD_PREAD, &byte, 1, 0, 0);
    CHECK(done(c, &r) == -1000 - EBADF);
    r = request(fd, 77, &byte, 1, 0, 0);
    CHECK(done(c, &r) == -1000 - EINVAL);
    r = request(fd, CMD_PWRITE, &byte, 1, 0, 0);
    CHECK(done(c, &r) == -1000 - EBADF);
    r = request(fd, CMD_PREAD, &byte, 1, 0, 0);
    r.aio_reserved2 = 1;
    CHECK(done(c, &r) == -1000 - EINVAL);
    r = request(fd, CMD_PREAD, &byte, 1, 0, 0);
    r.aio_flags = 1, r.aio_resfd = fd;
    CHECK(done(c, &r) == -1000 - EINVAL);
    /* What comes first is done. */
    struct iocb good = request(fd, CMD_PREAD, &byte, 1, 0, 9), *list[2] = {&good, &r};
    CHECK(submit(c, 2, list) == 1 && results(c, 1, 1, &e, NULL) == 1 && e.data == 9 && e.res == 0);
    /* Memory that is not there, or may not be written to. */
    int zero = open("/dev/zero", O_RDONLY);
    char *hole = mmap(0, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    r = request(zero, CMD_PREAD, hole, 16, 0, 0);
    CHECK(done(c, &r) == -EFAULT);
    close(fd), close(zero);
}

int main(void)
{
    context c = 0, second = 0;
    CHECK(setup(64, &c) == 0 && c != 0);
    CHECK(setup(1, &second) == 0 && second != 0 && second != c && destroy(second) == 0);
    CHECK(destroy(second) == -1 && errno == EINVAL);
    /* Libraries look there for a ring. */
    CHECK(*(volatile unsigned *)c != 0xffffffff);
    files(c);
    waiting(c);
    signals(c);
    refused(c);
    /* Children have the parent's memory, but no contexts. */
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        context own = 0;
        struct io_event e;
        if (results(c, 0, 1, &e, NULL) != -1 || errno != EINVAL || destroy(c) != -1)
            _exit(1);
        _exit(setup(8, &own) || destroy(own) ? 2 : 3);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
    /* One that still waits goes with its context. */
    int p[2];
    pipe(p);
    struct iocb r = request(p[0], CMD_POLL, (void *)POLLIN, 0, 0, 3), *list[] = {&r};
    CHECK(submit(c, 1, list) == 1 && destroy(c) == 0);
    return t_done();
}
