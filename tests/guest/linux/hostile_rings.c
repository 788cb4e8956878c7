/* Covers: io_uring and AIO that are given addresses of nobody's, ranges that reach or wrap around beyond the address space,
 * addresses of more bits than the machine has, numbers of buffers and files that there are not, and rings whose indices
 * are overwritten. Each must fail, and nothing but the program's own memory may be read or written. */
#include "t.h"
/* A host may refuse what its guests have: only what is wrong is shown. */
#undef CHECK
#define CHECK(cond) ((cond) ? (void)0 : (printf("FAIL %s (line %d)\n", #cond, __LINE__), (void)t_failures++))
#include "ring.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#define PAGE 4096ul
/* The last addresses there are, and ranges that wrap around from them. */
#define TOP ((char *)-PAGE)
#define WRAP ((size_t)-1 / 2 + 1)
/* With these bits no address is one of the program's. */
static const uint64_t beyond[] = {1ull << 63, sizeof(long) == 4 ? 1ull << 32 : 1ull << 62, 0x7fffull << 48};
#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { EPOLL_CTL = 29, RENAMEAT = 35, UNLINKAT, MKDIRAT, SYMLINKAT, LINKAT };

/* That nothing is done is what counts; why differs with how many addresses a machine has. */
static int refusal(int error) { return error == EFAULT || error == EINVAL || error == ENOMEM || error == EOVERFLOW; }
#define REFUSED(call) refused((call), #call, __LINE__)
static void refused(long result, const char *call, int line)
{
    if (result != -1 || !refusal(errno))
        printf("FAIL %s (line %d): %ld, %s\n", call, line, result, result == -1 ? strerror(errno) : ""), t_failures++;
}

/* One request, which must be refused. */
#define BAD(...) bad(next(__VA_ARGS__), __LINE__)
static uint64_t number = 1000;
static void bad(struct sqe *s, int line)
{
    int opcode = s->opcode;
    s->user_data = ++number;
    int res = done(number);
    if (res >= 0 || !refusal(-res))
        printf("FAIL request %d (line %d): %d\n", opcode, line, res), t_failures++;
}

static int zero, null, pipes[2], pair[2];
/* Around what requests may use, so that what writes beyond is seen. */
static struct { char before[64], some[64], after[64]; } guarded;

static int set_up(unsigned entries)
{
    memset(&params, 0, sizeof params);
    ring = ring_setup(entries, &params);
    return ring >= 0 && map_ring();
}

static void setups(void)
{
    char *two = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(two + PAGE, PAGE);
    REFUSED(ring_setup(4, (void *)TOP));
    REFUSED(ring_setup(4, (void *)-1));
    REFUSED(ring_setup(4, (void *)(two + PAGE - 8)));
    REFUSED(ring_setup(-1, (void *)two));
    munmap(two, PAGE);
    /* What a ring has no room for. */
    REFUSED((long)mmap(0, PAGE, PROT_READ, MAP_SHARED, ring, 1ll << 31));
    REFUSED((long)mmap(TOP, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, ring, 0));
    REFUSED((long)mmap(0, -PAGE, PROT_READ, MAP_SHARED, ring, 0));
}

static void transfers(void)
{
    struct iovec vec = {TOP, 2 * PAGE}, sum[2] = {{guarded.some, WRAP}, {guarded.some, WRAP + 16}};
    BAD(READ, zero, TOP, 2 * PAGE, 0, 0);
    BAD(READ, zero, TOP, 64, 0, 0);
    BAD(READ, zero, (void *)16, 64, 0, 0);
    BAD(READ, zero, TOP, -1, 0, 0);
    BAD(WRITE, pipes[1], TOP, 2 * PAGE, 0, 0);
    BAD(WRITE, pipes[1], TOP, 64, 0, 0);
    BAD(READV, zero, &vec, 1, 0, 0);
    BAD(WRITEV, pipes[1], &vec, 1, 0, 0);
    BAD(READV, zero, sum, 2, 0, 0);
    BAD(WRITEV, pipes[1], sum, 2, 0, 0);
    BAD(READV, zero, TOP, 1, 0, 0);
    BAD(READV, zero, &vec, 100000, 0, 0);
    BAD(READV, zero, &vec, -1, 0, 0);
    BAD(READV, zero, TOP + PAGE - 4, 3, 0, 0);
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        uint64_t at = (uintptr_t)guarded.some | beyond[i];
        for (int opcode = 0; opcode < 40; opcode++) {
            if (opcode != READ && opcode != WRITE && opcode != READV && opcode != WRITEV && opcode != SEND)
                continue;
            struct sqe *s = next(opcode, opcode == SEND ? pair[0] : opcode == WRITE ? pipes[1] : zero, 0, 1, 0, 0);
            s->addr = opcode == READV || opcode == WRITEV ? (uintptr_t)&vec | beyond[i] : at;
            bad(s, __LINE__);
        }
    }
}

static void messages(void)
{
    struct iovec good = {"x", 1}, vec = {TOP, 2 * PAGE};
    struct msghdr m = {.msg_iov = &vec, .msg_iovlen = 1};
    BAD(SENDMSG, pair[0], &m, 1, 0, 0);
    BAD(SENDMSG, pair[0], TOP, 1, 0, 0);
    BAD(SENDMSG, pair[0], (char *)-1, 1, 0, 0);
    BAD(RECVMSG, pair[1], TOP, 1, 0, 0);
    m = (struct msghdr){.msg_iov = (void *)TOP, .msg_iovlen = 3};
    BAD(SENDMSG, pair[0], &m, 1, 0, 0);
    m = (struct msghdr){.msg_iov = &good, .msg_iovlen = 1, .msg_control = TOP, .msg_controllen = 64};
    BAD(SENDMSG, pair[0], &m, 1, 0, 0);
    m = (struct msghdr){.msg_iov = &good, .msg_iovlen = 1, .msg_name = TOP, .msg_namelen = 16};
    BAD(SENDMSG, pair[0], &m, 1, 0, 0);
    BAD(SEND, pair[0], TOP, 64, 0, 0);
    BAD(SEND, pair[0], TOP, 2 * PAGE, 0, 0);
    /* What is received goes nowhere, and is still there. */
    CHECK(send(pair[0], "y", 1, 0) == 1);
    m = (struct msghdr){.msg_iov = &vec, .msg_iovlen = 1};
    BAD(RECVMSG, pair[1], &m, 1, 0, 0);
    BAD(RECV, pair[1], TOP, 64, 0, 0);
    char c[4];
    CHECK(recv(pair[1], c, 1, MSG_DONTWAIT) == 1 && c[0] == 'y');
    /* Names of those that connect. */
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    bind(listener, (void *)&name, n), listen(listener, 5), getsockname(listener, (void *)&name, &n);
    BAD(CONNECT, client, TOP, 0, 16, 0);
    BAD(CONNECT, client, &name, 0, -1ull, 0);
    BAD(CONNECT, client, &name, 0, 1 << 20, 0);
    CHECK(connect(client, (void *)&name, n) == 0);
    n = sizeof name;
    BAD(ACCEPT, listener, TOP, 0, (uintptr_t)&n, 0);
    client = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(client, (void *)&name, sizeof name) == 0);
    BAD(ACCEPT, listener, &name, 0, (uintptr_t)TOP, 0);
}

static void structures(void)
{
    struct { uint64_t flags, mode, resolve; } how = {O_RDONLY};
    struct time time = {100, 0};
    int e = epoll_create1(0);
    char *last = (char *)-1;
    BAD(OPENAT, AT_FDCWD, TOP, 0, 0, 0);
    BAD(OPENAT, AT_FDCWD, last, 0, 0, 0);
    BAD(OPENAT2, AT_FDCWD, TOP, sizeof how, (uintptr_t)&how, 0);
    BAD(OPENAT2, AT_FDCWD, "/", sizeof how, (uintptr_t)TOP, 0);
    BAD(OPENAT2, AT_FDCWD, "/", 8, (uintptr_t)&how, 0);
    BAD(STATX, AT_FDCWD, "/", 0x7ff, (uintptr_t)TOP, 0);
    BAD(STATX, AT_FDCWD, "/", 0x7ff, (uintptr_t)last, 0);
    BAD(STATX, AT_FDCWD, TOP, 0x7ff, (uintptr_t)guarded.some, 0);
    BAD(TIMEOUT, -1, TOP, 1, 0, 0);
    BAD(TIMEOUT, -1, last - 8, 1, 0, 0);
    BAD(EPOLL_CTL, e, TOP, EPOLL_CTL_ADD, pipes[0], 0);
    BAD(UNLINKAT, AT_FDCWD, TOP, 0, 0, 0);
    BAD(MKDIRAT, AT_FDCWD, last, 0700, 0, 0);
    BAD(SYMLINKAT, AT_FDCWD, TOP, 0, (uintptr_t)"link.tmp", 0);
    BAD(SYMLINKAT, AT_FDCWD, "target", 0, (uintptr_t)TOP, 0);
    BAD(RENAMEAT, AT_FDCWD, TOP, AT_FDCWD, (uintptr_t)"name.tmp", 0);
    BAD(RENAMEAT, AT_FDCWD, "name.tmp", AT_FDCWD, (uintptr_t)TOP, 0);
    BAD(LINKAT, AT_FDCWD, TOP, AT_FDCWD, (uintptr_t)"name.tmp", 0);
    BAD(LINKAT, AT_FDCWD, "/proc/self/exe", AT_FDCWD, (uintptr_t)TOP, 0);
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        static char result[256];
        struct sqe *s = next(OPENAT, AT_FDCWD, 0, 0, 0, 0);
        s->addr = (uintptr_t)"/" | beyond[i];
        bad(s, __LINE__);
        BAD(STATX, AT_FDCWD, "/", 0x7ff, (uintptr_t)result | beyond[i], 0);
        BAD(OPENAT2, AT_FDCWD, "/", sizeof how, (uintptr_t)&how | beyond[i], 0);
        s = next(TIMEOUT, -1, 0, 1, 0, 0);
        s->addr = (uintptr_t)&time | beyond[i];
        bad(s, __LINE__);
    }
    /* A limit on something that waits. */
    int res[2];
    next(READ, pipes[0], guarded.some, 1, 0, 1)->flags = LINK;
    next(LINK_TIMEOUT, -1, TOP, 1, 0, 2);
    submit(0);
    write(pipes[1], "x", 1);
    struct cqe one = result(), other = ready() ? result() : one;
    CHECK(one.user_data != 2 || one.res < 0);
    CHECK(other.user_data != 2 || other.res < 0);
    while (fcntl(pipes[0], F_SETFL, O_NONBLOCK) == 0 && read(pipes[0], guarded.some, 64) > 0)
        ;
    close(e);
}

static void entering(void)
{
    struct { uint64_t mask; uint32_t size, pad; uint64_t time; } arg = {0};
    struct time none = {0, 0};
    CHECK(ready() == 0);
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, TOP, sizeof arg));
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, (char *)-8, sizeof arg));
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, -1));
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS, TOP, 8));
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS, &arg, -1));
    arg.time = (uintptr_t)TOP;
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg));
    arg.time = (uintptr_t)&none, arg.mask = (uintptr_t)TOP, arg.size = 8;
    REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg));
    arg.mask = 0, arg.size = 0;
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        arg.time = (uintptr_t)&none | beyond[i];
        REFUSED(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg));
    }
}

static void registering(void)
{
    enum { BUFFERS, UNREGISTER_BUFFERS, FILES, UNREGISTER_FILES, EVENTFD, UNREGISTER_EVENTFD, UPDATE, ASYNC, PROBE };
    struct iovec vec = {TOP, 2 * PAGE};
    struct { uint32_t offset, resv; uint64_t fds; } update = {0};
    int fds[2] = {zero, null};
    REFUSED(ring_register(ring, BUFFERS, TOP, 1));
    REFUSED(ring_register(ring, BUFFERS, (char *)-4, 2));
    REFUSED(ring_register(ring, BUFFERS, &vec, 1));
    REFUSED(ring_register(ring, BUFFERS, &vec, -1));
    vec = (struct iovec){guarded.some, (size_t)-1};
    REFUSED(ring_register(ring, BUFFERS, &vec, 1));
    vec = (struct iovec){0, 64};
    REFUSED(ring_register(ring, BUFFERS, &vec, 1));
    BAD(READ_FIXED, zero, guarded.some, 64, 0, 0);
    vec = (struct iovec){guarded.some, 64};
    CHECK(ring_register(ring, BUFFERS, &vec, 1) == 0);
    BAD(READ_FIXED, zero, guarded.some, 65, 0, 0);
    BAD(READ_FIXED, zero, guarded.some - 1, 64, 0, 0);
    BAD(READ_FIXED, zero, guarded.some + 64, 1, 0, 0);
    BAD(READ_FIXED, zero, guarded.some, -1, 0, 0);
    BAD(READ_FIXED, zero, guarded.some + 63, -62, 0, 0);
    BAD(WRITE_FIXED, null, TOP, 2 * PAGE, 0, 0);
    struct sqe *s = next(READ_FIXED, zero, guarded.some, 64, 0, 0);
    s->buf_index = 1;
    bad(s, __LINE__);
    s = next(READ_FIXED, zero, guarded.some, 64, 0, 0);
    s->buf_index = 0xffff;
    bad(s, __LINE__);
    s = next(READ_FIXED, zero, guarded.some, 64, 0, 0);
    s->addr |= 1ull << 63;
    bad(s, __LINE__);
    next(READ_FIXED, zero, guarded.some, 64, 0, 1);
    CHECK(done(1) == 64);
    CHECK(ring_register(ring, UNREGISTER_BUFFERS, 0, 0) == 0);

    CHECK(ring_register(ring, FILES, TOP, 2) == -1);
    CHECK(ring_register(ring, FILES, fds, -1) == -1);
    CHECK(ring_register(ring, FILES, (char *)-4, 2) == -1);
    CHECK(ring_register(ring, FILES, fds, 2) == 0);
    static const int32_t numbers[] = {2, -1, 0x7fffffff, -0x7fffffff - 1, 1 << 16};
    for (unsigned i = 0; i < COUNT(numbers); i++) {
        next(READ, numbers[i], guarded.some, 64, 0, 1)->flags = FIXED_FILE;
        CHECK(done(1) == -EBADF);
    }
    update.fds = (uintptr_t)TOP;
    REFUSED(ring_register(ring, UPDATE, &update, 1));
    REFUSED(ring_register(ring, UPDATE, TOP, 1));
    REFUSED(ring_register(ring, UPDATE, (char *)-8, 1));
    update.fds = (uintptr_t)fds | 1ull << 63;
    REFUSED(ring_register(ring, UPDATE, &update, 1));
    update.fds = (uintptr_t)fds, update.offset = 1;
    REFUSED(ring_register(ring, UPDATE, &update, 2));
    update.offset = -1;
    CHECK(ring_register(ring, UPDATE, &update, 2) == -1);
    CHECK(ring_register(ring, UNREGISTER_FILES, 0, 0) == 0);

    REFUSED(ring_register(ring, EVENTFD, TOP, 1));
    REFUSED(ring_register(ring, EVENTFD, (char *)-1, 1));
    REFUSED(ring_register(ring, PROBE, TOP, 16));
    REFUSED(ring_register(ring, PROBE, (char *)-16, 256));
    REFUSED(ring_register(ring, PROBE, guarded.some, -1));
}

/* The indices are the program's to overwrite; only itself comes to harm. */
static void scribbling(void)
{
    static const uint32_t values[] = {0xffffffff, 0x80000000, 0x7fffffff, 12345, 0};
    size_t size = params.cq.b + 16 * params.cq_entries;
    struct { uint64_t mask; uint32_t size, pad; uint64_t time; } arg = {0};
    struct time none = {0, 0};
    arg.time = (uintptr_t)&none;
    close(ring);
    for (unsigned i = 0; i < COUNT(values); i++) {
        CHECK(set_up(4));
        volatile uint32_t *array = (volatile uint32_t *)(rings + params.sq.c);
        for (int k = 0; k < 4; k++)
            array[k] = values[i];
        *SQ(tail) = *SQ(head) + 4;
        ring_enter(ring, 4, 0, 0, NULL, 0);
        *SQ(head) = values[i], *SQ(tail) = values[i] + 3;
        ring_enter(ring, -1, 0, 0, NULL, 0);
#ifndef __x86_64__
        /* Linux itself (6.18) never comes back from waiting for results when it finds no room for what it has. */
        *CQ(head) = values[i], *CQ(tail) = ~values[i];
        next(NOP, -1, 0, 0, 0, 1);
        *SQ(mask) = *SQ(entries) = *CQ(mask) = *CQ(entries) = values[i];
        ring_enter(ring, 1, 0, 0, NULL, 0);
        ring_enter(ring, 0, -1, GETEVENTS | EXT_ARG, &arg, sizeof arg);
        for (char *p = rings; p + 4 <= rings + size; p += 4)
            *(uint32_t *)p = values[i];
        memset(sqes, 0xff, 4 * sizeof *sqes);
        ring_enter(ring, -1, 0, 0, NULL, 0);
        ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg);
#endif
        munmap(rings, size), munmap(sqes, 64 * params.sq_entries);
        close(ring);
    }
    CHECK(set_up(8));
    next(NOP, -1, 0, 0, 0, 77);
    CHECK(done(77) == 0);
}

static struct iocb request(int fd, int command, uint64_t buffer, uint64_t size)
{
    struct iocb r;
    memset(&r, 0, sizeof r);
    r.aio_fildes = fd;
    r.aio_lio_opcode = command;
    r.aio_buf = buffer;
    r.aio_nbytes = size;
    return r;
}

/* Submits a request that must be refused, at once or by its result. */
#define BAD_AIO(...) bad_aio(c, request(__VA_ARGS__), __LINE__)
static void bad_aio(aio_context_t c, struct iocb r, int line)
{
    struct iocb *list[] = {&r};
    struct io_event e = {0};
    long n = syscall(SYS_io_submit, (long)c, 1L, list), res = -errno;
    if (n == 1)
        res = syscall(SYS_io_getevents, (long)c, 1L, 1L, &e, NULL) == 1 ? (long)e.res : 1;
    if (res >= 0 || !refusal(-res))
        printf("FAIL AIO %d (line %d): %ld\n", r.aio_lio_opcode, line, res), t_failures++;
}

static void aio(void)
{
    enum { PREAD, PWRITE, PREADV = 7, PWRITEV };
    unsigned long context = 0;
    struct iovec vec = {TOP, 2 * PAGE}, sum[2] = {{guarded.some, WRAP}, {guarded.some, WRAP + 16}};
    uintptr_t top = (uintptr_t)TOP;
    REFUSED(syscall(SYS_io_setup, 8L, TOP));
    REFUSED(syscall(SYS_io_setup, 8L, -1L));
    CHECK(syscall(SYS_io_setup, -1L, &context) == -1);
    CHECK(syscall(SYS_io_setup, 8L, &context) == 0);
    aio_context_t c = context;
    BAD_AIO(zero, PREAD, top, 2 * PAGE);
    BAD_AIO(zero, PREAD, top, 64);
    BAD_AIO(zero, PREAD, 16, 64);
    BAD_AIO(zero, PREAD, 0, 64);
    BAD_AIO(zero, PREAD, 0, 0x7ffff000);
    BAD_AIO(zero, PREAD, (uintptr_t)guarded.some, -1ull);
    BAD_AIO(zero, PREAD, (uintptr_t)guarded.some, 1ull << 63);
    BAD_AIO(pipes[1], PWRITE, top, 64);
    BAD_AIO(pipes[1], PWRITE, top, 2 * PAGE);
    BAD_AIO(pipes[1], PWRITE, 0, 64);
    BAD_AIO(zero, PREADV, (uintptr_t)&vec, 1);
    BAD_AIO(pipes[1], PWRITEV, (uintptr_t)&vec, 1);
    BAD_AIO(zero, PREADV, (uintptr_t)sum, 2);
    BAD_AIO(zero, PREADV, top, 1);
    BAD_AIO(zero, PREADV, top + PAGE - 4, 2);
    BAD_AIO(zero, PREADV, (uintptr_t)&vec, 100000);
    BAD_AIO(zero, PREADV, (uintptr_t)&vec, -1ull);
    for (unsigned i = 0; i < COUNT(beyond); i++) {
        BAD_AIO(zero, PREAD, (uintptr_t)guarded.some | beyond[i], 64);
        BAD_AIO(pipes[1], PWRITE, (uintptr_t)guarded.some | beyond[i], 64);
        BAD_AIO(zero, PREADV, (uintptr_t)&vec | beyond[i], 1);
    }
    struct iocb good = request(zero, PREAD, (uintptr_t)guarded.some, 64), *list[] = {&good, (void *)TOP};
    REFUSED(syscall(SYS_io_submit, context, 1L, TOP));
    REFUSED(syscall(SYS_io_submit, context, 2L, (char *)-4));
    REFUSED(syscall(SYS_io_submit, context, 1L, &list[1]));
    list[1] = (void *)((char *)-24);
    REFUSED(syscall(SYS_io_submit, context, 1L, &list[1]));
    list[1] = 0;
    CHECK(syscall(SYS_io_submit, context, 0x7fffffffL, list) == 1);
    /* A result that cannot be written is kept. */
    struct io_event e;
    long none[2] = {0, 0};
    REFUSED(syscall(SYS_io_getevents, context, 1L, 1L, TOP, NULL));
    REFUSED(syscall(SYS_io_getevents, context, 1L, 1L, (char *)-16, NULL));
    REFUSED(syscall(SYS_io_getevents, context, 1L, 1L, (char *)16, NULL));
    REFUSED(syscall(SYS_io_getevents, context, 1L, 1L, &e, TOP));
    CHECK(syscall(SYS_io_getevents, context, 1L, 1L, &e, none) == 1 && e.res == 64 && e.obj == (uintptr_t)&good);
    CHECK(syscall(SYS_io_getevents, context, 0L, 0x7fffffffL, &e, none) == 0);
    REFUSED(syscall(SYS_io_pgetevents, context, 0L, 1L, &e, none, TOP));
    struct { const void *set; unsigned long size; } mask = {TOP, 8};
    REFUSED(syscall(SYS_io_pgetevents, context, 0L, 1L, &e, none, &mask));
    REFUSED(syscall(SYS_io_cancel, context, TOP, &e));
    REFUSED(syscall(SYS_io_destroy, TOP));
    REFUSED(syscall(SYS_io_destroy, -1L));
    REFUSED(syscall(SYS_io_submit, TOP, 1L, list));
    CHECK(syscall(SYS_io_destroy, context) == 0);
}

int main(void)
{
    zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);
    pipe(pipes), socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    memset(guarded.before, 'b', 64), memset(guarded.after, 'a', 64);
    aio();
    if (set_up(8)) {
        setups();
        transfers();
        messages();
        structures();
        entering();
        registering();
        scribbling();
    } else {
        /* Not every host lets its programs have rings. */
#ifdef __x86_64__
        CHECK(errno == ENOSYS || errno == EPERM);
#else
        CHECK(!"set up");
#endif
    }
    int bad = 0;
    for (int i = 0; i < 64; i++)
        bad += guarded.before[i] != 'b' || guarded.after[i] != 'a';
    CHECK(!bad);
    return t_done();
}
