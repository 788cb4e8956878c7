/* Covers: io_uring with the plain system calls: setup and its refusals, files read and written in parts and by registered
 * buffers and files, polling, timeouts, sockets with connections and messages, opening and closing, links and drains,
 * cancelling, results told by an eventfd and by the ring's descriptor, and rings that are closed while something waits. */
#include "t.h"
/* A host may refuse what its guests have: only what is wrong is shown. */
#undef CHECK
#define CHECK(cond) ((cond) ? (void)0 : (printf("FAIL %s (line %d)\n", #cond, __LINE__), (void)t_failures++))
#include "ring.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int setup(void)
{
    struct params wrong;
    memset(&params, 0, sizeof params);
    ring = ring_setup(8, &params);
    if (ring < 0)
        return 0;
    CHECK(params.sq_entries == 8 && params.cq_entries == 16 && (params.features & 1));
    CHECK((fcntl(ring, F_GETFD) & FD_CLOEXEC) && map_ring());
    CHECK(*SQ(mask) == 7 && *CQ(mask) == 15 && *SQ(entries) == 8 && *CQ(entries) == 16);
    memset(&wrong, 0, sizeof wrong);
    CHECK(ring_setup(0, &wrong) == -1 && errno == EINVAL);
    CHECK(ring_setup(1 << 20, &wrong) == -1 && errno == EINVAL);
    CHECK(ring_setup(8, (void *)16) == -1 && errno == EFAULT);
    wrong.flags = 1u << 31;
    CHECK(ring_setup(8, &wrong) == -1 && errno == EINVAL);
    CHECK(ring_enter(99, 0, 0, 0, NULL, 0) == -1 && errno == EBADF);
    CHECK(ring_enter(0, 0, 0, 0, NULL, 0) == -1 && errno == EOPNOTSUPP);
    CHECK(ring_enter(ring, 0, 0, 1u << 30, NULL, 0) == -1 && errno == EINVAL);
    CHECK(mmap(0, 4096, PROT_READ, MAP_SHARED, ring, 0x18000000) == MAP_FAILED);
    return 1;
}

static void files(void)
{
    static char text[] = "0123456789abcdefghijklmnopqrstuvwxyz", found[64], more[16];
    int res[3];
    next(NOP, -1, 0, 0, 0, 0x123456789abcdef0ull);
    CHECK(done(0x123456789abcdef0ull) == 0);
    struct sqe *s = next(OPENAT, AT_FDCWD, "ring.tmp", 0600, 0, 1);
    s->op_flags = O_RDWR | O_CREAT | O_TRUNC;
    int fd = done(1);
    CHECK(fd > 2);
    next(WRITE, fd, text, 36, 0, 2);
    CHECK(done(2) == 36);
    next(READ, fd, found, 10, 10, 3);
    CHECK(done(3) == 10 && !memcmp(found, "abcdefghij", 10));
    struct iovec parts[2] = {{found, 3}, {more, 4}};
    next(READV, fd, parts, 2, 1, 4);
    CHECK(done(4) == 7 && !memcmp(found, "123", 3) && !memcmp(more, "4567", 4));
    parts[0] = (struct iovec){"XY", 2}, parts[1] = (struct iovec){"Z", 1};
    next(WRITEV, fd, parts, 2, (5ll << 30) + 1, 5);
    CHECK(done(5) == 3);
    next(READ, fd, found, 64, 5ll << 30, 6);
    CHECK(done(6) == 4 && !memcmp(found, "\0XYZ", 4));
    next(FSYNC, fd, 0, 0, 0, 7);
    CHECK(done(7) == 0);
    s = next(FSYNC, fd, 0, 0, 0, 8);
    s->op_flags = 1;
    CHECK(done(8) == 0);
    /* The file's position, by -1. */
    lseek(fd, 30, SEEK_SET);
    next(READ, fd, found, 3, -1ull, 9);
    CHECK(done(9) == 3 && !memcmp(found, "uvw", 3) && lseek(fd, 0, SEEK_CUR) == 33);
    next(FALLOCATE, fd, (void *)4096, 0, 6ll << 30, 10);
    CHECK(done(10) == 0);
    char stat_buffer[256];
    s = next(STATX, AT_FDCWD, "ring.tmp", 0x7ff, (uintptr_t)stat_buffer, 11);
    CHECK(done(11) == 0 && *(uint64_t *)(stat_buffer + 40) == (6ull << 30) + 4096);
    next(READ, fd, (void *)16, 10, 0, 12);
    CHECK(done(12) == -EFAULT);
    next(CLOSE, fd, 0, 0, 0, 13);
    CHECK(done(13) == 0 && fcntl(fd, F_GETFD) == -1);
    next(READ, fd, found, 10, 0, 14);
    CHECK(done(14) == -EBADF);
    next(200, fd, found, 10, 0, 15);
    CHECK(done(15) == -EINVAL);
    s = next(OPENAT, AT_FDCWD, "no such file", 0, 0, 16);
    CHECK(done(16) == -ENOENT);
    /* Several at once. */
    fd = open("ring.tmp", O_RDWR);
    for (int i = 0; i < 3; i++)
        next(READ, fd, found + 10 * i, 5 + i, i, 20 + i);
    all_done(20, 3, res);
    CHECK(res[0] == 5 && res[1] == 6 && res[2] == 7 && !memcmp(found + 20, "2345678", 7));
    close(fd);
}

static void registered(void)
{
    static char first[100], second[100];
    struct iovec buffers[2] = {{first, 100}, {second, 50}};
    int fds[2], p[2];
    fds[0] = open("ring.tmp", O_RDWR), fds[1] = -1;
    CHECK(ring_register(ring, 0, buffers, 2) == 0 && ring_register(ring, 0, buffers, 2) == -1 && errno == EBUSY);
    struct sqe *s = next(READ_FIXED, fds[0], second + 10, 20, 5, 1);
    s->buf_index = 1;
    CHECK(done(1) == 20 && !memcmp(second + 10, "56789abcdef", 11));
    s = next(READ_FIXED, fds[0], second + 40, 20, 5, 2);
    s->buf_index = 1;
    CHECK(done(2) == -EFAULT);
    memcpy(first, "fixed", 5);
    s = next(WRITE_FIXED, fds[0], first, 5, 0, 3);
    CHECK(done(3) == 5 && pread(fds[0], second, 6, 0) == 6 && !memcmp(second, "fixed5", 6));
    CHECK(ring_register(ring, 1, NULL, 0) == 0 && ring_register(ring, 1, NULL, 0) == -1 && errno == ENXIO);
    /* Files stay open in the ring. */
    CHECK(ring_register(ring, 2, fds, 2) == 0);
    close(fds[0]);
    s = next(READ, 0, first, 8, 0, 4);
    s->flags = FIXED_FILE;
    CHECK(done(4) == 8 && !memcmp(first, "fixed567", 8));
    s = next(READ, 1, first, 8, 0, 5);
    s->flags = FIXED_FILE;
    CHECK(done(5) == -EBADF);
    pipe(p);
    struct { uint32_t offset, resv; uint64_t fds; } update = {1, 0, (uintptr_t)&p[0]};
    CHECK(ring_register(ring, 6, &update, 1) == 1);
    s = next(READ, 1, first, 8, 0, 6);
    s->flags = FIXED_FILE;
    CHECK(submit(0) == 1 && ready() == 0 && write(p[1], "late", 4) == 4 && done(6) == 4);
    CHECK(ring_register(ring, 3, NULL, 0) == 0 && ring_register(ring, 3, NULL, 0) == -1 && errno == ENXIO);
    close(p[0]), close(p[1]);
    CHECK(ring_register(ring, 999, NULL, 0) == -1 && errno == EINVAL);
    static struct { uint8_t last, len; uint16_t resv; uint32_t more[3]; struct { uint8_t op, resv; uint16_t flags; uint32_t more; } ops[256]; } probe;
    CHECK(ring_register(ring, 8, &probe, 256) == 0 && probe.last >= READ && probe.ops[READ].flags == 1 && probe.ops[ACCEPT].flags == 1);
}

static void *write_later(void *fd) { return usleep(20000), write(*(int *)fd, "later", 5), NULL; }

static uint32_t poll_bits(uint32_t events)
{
#if __BYTE_ORDER == __BIG_ENDIAN
    return events << 16 | events >> 16;
#else
    return events;
#endif
}

static void waiting(void)
{
    int p[2], res[2];
    char found[32];
    pthread_t t;
    pipe(p);
    /* It must not wait when it is submitted. */
    next(READ, p[0], found, 32, 0, 1);
    CHECK(submit(0) == 1 && ready() == 0);
    pthread_create(&t, NULL, write_later, &p[1]);
    CHECK(done(1) == 5 && !memcmp(found, "later", 5));
    pthread_join(t, NULL);
    struct sqe *s = next(POLL_ADD, p[0], 0, 0, 0, 2);
    s->op_flags = poll_bits(POLLIN);
    CHECK(submit(0) == 1 && ready() == 0);
    write(p[1], "x", 1);
    CHECK((done(2) & POLLIN) == POLLIN);
    s = next(POLL_ADD, p[1], 0, 0, 0, 3);
    s->op_flags = poll_bits(POLLOUT);
    CHECK((done(3) & POLLOUT) == POLLOUT);
    read(p[0], found, 1);
    /* What waits is taken back. */
    s = next(POLL_ADD, p[0], 0, 0, 0, 4);
    s->op_flags = poll_bits(POLLIN);
    next(POLL_REMOVE, -1, (void *)4, 0, 0, 5);
    all_done(4, 2, res);
    CHECK(res[0] == -ECANCELED && res[1] == 0);
    next(READ, p[0], found, 32, 0, 6);
    next(ASYNC_CANCEL, -1, (void *)6, 0, 0, 7);
    all_done(6, 2, res);
    CHECK(res[0] == -ECANCELED && res[1] == 0);
    next(ASYNC_CANCEL, -1, (void *)77, 0, 0, 8);
    CHECK(done(8) == -ENOENT);
    /* And it is the file that waits, not its number. */
    int copy = dup(p[0]);
    next(READ, copy, found, 32, 0, 9);
    CHECK(submit(0) == 1 && close(copy) == 0 && write(p[1], "copy", 4) == 4 && done(9) == 4);
    close(p[1]);
    next(READ, p[0], found, 32, 0, 10);
    CHECK(done(10) == 0);
    close(p[0]);
    /* A number of 64 bits. */
    int e = eventfd(0, 0);
    uint64_t value = 0;
    next(READ, e, &value, 8, 0, 11);
    CHECK(submit(0) == 1 && ready() == 0);
    uint64_t three = 3;
    write(e, &three, 8);
    CHECK(done(11) == 8 && value == 3);
    value = 7;
    next(WRITE, e, &value, 8, 0, 12);
    CHECK(done(12) == 8 && read(e, &value, 8) == 8 && value == 7);
    close(e);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void times(void)
{
    struct time t = {0, 20000000}, long_time = {100, 0}, none = {0, 0};
    int res[3], p[2];
    char byte;
    pipe(p);
    int64_t start = now();
    next(TIMEOUT, -1, &t, 1, 0, 1);
    CHECK(done(1) == -ETIME && now() - start >= 20000000);
    start = now() + 10000000;
    struct time at = {start / 1000000000, start % 1000000000};
    struct sqe *s = next(TIMEOUT, -1, &at, 1, 0, 2);
    s->op_flags = 1;
    CHECK(done(2) == -ETIME && now() >= start);
    /* It ends with the number of results that it waits for. */
    next(TIMEOUT, -1, &long_time, 1, 1, 3);
    next(NOP, -1, 0, 0, 0, 4);
    all_done(3, 2, res);
    CHECK(res[0] == 0 && res[1] == 0);
    next(TIMEOUT, -1, &long_time, 1, 0, 5);
    next(TIMEOUT_REMOVE, -1, (void *)5, 0, 0, 6);
    all_done(5, 2, res);
    CHECK(res[0] == -ECANCELED && res[1] == 0);
    next(TIMEOUT, -1, &t, 2, 0, 7);
    CHECK(done(7) == -EINVAL);
    /* A limit on what goes before. */
    s = next(READ, p[0], &byte, 1, 0, 8);
    s->flags = LINK;
    next(LINK_TIMEOUT, -1, &t, 1, 0, 9);
    all_done(8, 2, res);
    CHECK(res[0] == -ECANCELED && res[1] == -ETIME);
    write(p[1], "x", 1);
    s = next(READ, p[0], &byte, 1, 0, 10);
    s->flags = LINK;
    next(LINK_TIMEOUT, -1, &long_time, 1, 0, 11);
    all_done(10, 2, res);
    CHECK(res[0] == 1 && res[1] == -ECANCELED);
    /* And on waiting itself. */
    struct { uint64_t mask; uint32_t size, pad; uint64_t time; } arg = {0, 0, 0, (uintptr_t)&t};
    start = now();
    CHECK(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg) == -1 && errno == ETIME);
    CHECK(now() - start >= 20000000);
    arg.time = (uintptr_t)&none;
    CHECK(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg) == -1 && errno == ETIME);
    CHECK(ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, 7) == -1 && errno == EINVAL);
    close(p[0]), close(p[1]);
}

static void chains(void)
{
    int p[2], res[4];
    char a[4] = "", b[4] = "";
    pipe(p);
    /* Each after the one before it, also when that has to wait. */
    next(READ, p[0], a, 1, 0, 1)->flags = LINK;
    next(WRITE, p[1], "q", 1, 0, 2)->flags = LINK;
    next(READ, p[0], b, 1, 0, 3);
    CHECK(submit(0) == 3 && ready() == 0 && write(p[1], "p", 1) == 1);
    all_done(1, 3, res);
    CHECK(res[0] == 1 && res[1] == 1 && res[2] == 1 && a[0] == 'p' && b[0] == 'q');
    /* What fails takes the rest with it, but not over a hard link. */
    next(READ, -1, a, 1, 0, 1)->flags = LINK;
    next(NOP, -1, 0, 0, 0, 2)->flags = LINK;
    next(NOP, -1, 0, 0, 0, 3);
    next(NOP, -1, 0, 0, 0, 4);
    all_done(1, 4, res);
    CHECK(res[0] == -EBADF && res[1] == -ECANCELED && res[2] == -ECANCELED && res[3] == 0);
    next(POLL_ADD, 0, 0, 5, 0, 1)->flags = HARDLINK;
    next(NOP, -1, 0, 0, 0, 2);
    all_done(1, 2, res);
    CHECK(res[0] == -EINVAL || res[0] >= 0 ? res[1] == 0 || res[1] == -ECANCELED : 0);
    /* After everything before it. */
    next(READ, p[0], a, 1, 0, 1);
    next(NOP, -1, 0, 0, 0, 2)->flags = DRAIN;
    next(NOP, -1, 0, 0, 0, 3);
    CHECK(submit(0) == 3 && ready() == 0 && write(p[1], "d", 1) == 1);
    CHECK(done(1) == 1 && done(2) == 0 && done(3) == 0);
    close(p[0]), close(p[1]);
}

static void sockets(void)
{
    int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), res[2], p[2];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer;
    socklen_t len = sizeof a, peer_len = sizeof peer;
    char found[64];
    CHECK(bind(s, (void *)&a, len) == 0 && listen(s, 5) == 0 && getsockname(s, (void *)&a, &len) == 0);
    memset(&peer, 0, sizeof peer);
    next(ACCEPT, s, &peer, 0, (uintptr_t)&peer_len, 1)->op_flags = SOCK_CLOEXEC;
    CHECK(submit(0) == 1 && ready() == 0);
    next(CONNECT, c, &a, 0, sizeof a, 2);
    all_done(1, 2, res);
    int t = res[0];
    CHECK(t > 2 && res[1] == 0 && fcntl(t, F_GETFD) == FD_CLOEXEC);
    CHECK(peer.sin_family == AF_INET && peer.sin_addr.s_addr == a.sin_addr.s_addr && peer_len == sizeof peer);
    next(RECV, t, found, 64, 0, 3);
    CHECK(submit(0) == 1 && ready() == 0);
    next(SEND, c, "hello", 5, 0, 4);
    all_done(3, 2, res);
    CHECK(res[0] == 5 && res[1] == 5 && !memcmp(found, "hello", 5));
    struct iovec out = {"message", 7}, in = {found, 64};
    struct msghdr m = {.msg_iov = &out, .msg_iovlen = 1}, r = {.msg_iov = &in, .msg_iovlen = 1};
    next(RECVMSG, c, &r, 1, 0, 5);
    CHECK(submit(0) == 1 && ready() == 0);
    next(SENDMSG, t, &m, 1, 0, 6);
    all_done(5, 2, res);
    CHECK(res[0] == 7 && res[1] == 7 && !memcmp(found, "message", 7));
    next(RECV, c, found, 10, 0, 7)->op_flags = MSG_WAITALL;
    CHECK(submit(0) == 1 && write(t, "1234", 4) == 4 && usleep(5000) == 0 && write(t, "567890", 6) == 6);
    CHECK(done(7) == 10 && !memcmp(found, "1234567890", 10));
    next(RECV, c, found, 10, 0, 8)->op_flags = MSG_DONTWAIT;
    CHECK(done(8) == -EAGAIN);
    /* Descriptors in a message that has to be waited for. */
    char control[CMSG_SPACE(sizeof(int))];
    socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    r = (struct msghdr){.msg_iov = &in, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    next(RECVMSG, p[0], &r, 1, 0, 9);
    CHECK(submit(0) == 1 && ready() == 0);
    char sent[CMSG_SPACE(sizeof(int))];
    memset(sent, 0, sizeof sent);
    m.msg_control = sent, m.msg_controllen = sizeof sent;
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_RIGHTS, h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &t, sizeof t);
    CHECK(sendmsg(p[1], &m, 0) == 7 && done(9) == 7);
    int got = -1;
    h = CMSG_FIRSTHDR(&r);
    if (h)
        memcpy(&got, CMSG_DATA(h), sizeof got);
    CHECK(got > 2 && got != t && write(got, "!", 1) == 1 && read(c, found, 1) == 1 && found[0] == '!');
    close(got), close(p[0]), close(p[1]);
    /* Nobody listens any more. */
    close(s);
    int d = socket(AF_INET, SOCK_STREAM, 0);
    next(CONNECT, d, &a, 0, sizeof a, 10);
    CHECK(done(10) == -ECONNREFUSED);
    close(c), close(d);
    next(RECV, t, found, 64, 0, 11);
    CHECK(done(11) == 0);
    close(t);
}

static volatile sig_atomic_t caught;
static void note(int s) { caught = s; }
static void *interrupt(void *arg) { return usleep(20000), pthread_kill(*(pthread_t *)arg, SIGUSR1), NULL; }

static void told(void)
{
    int count = eventfd(0, EFD_NONBLOCK), p[2], epoll = epoll_create1(0);
    uint64_t value = 0;
    char byte;
    pipe(p);
    CHECK(ring_register(ring, 4, &count, 1) == 0);
    next(NOP, -1, 0, 0, 0, 1);
    CHECK(done(1) == 0 && read(count, &value, 8) == 8 && value == 1);
    next(READ, p[0], &byte, 1, 0, 2);
    CHECK(submit(0) == 1 && read(count, &value, 8) == -1 && errno == EAGAIN);
    write(p[1], "x", 1);
    struct pollfd polled = {.fd = count, .events = POLLIN};
    CHECK(poll(&polled, 1, 10000) == 1 && ready() == 1 && done(2) == 1);
    CHECK(ring_register(ring, 5, NULL, 0) == 0);
    /* The ring's own descriptor is ready while there are results. */
    polled.fd = ring;
    CHECK(poll(&polled, 1, 0) == 0);
    next(READ, p[0], &byte, 1, 0, 3);
    CHECK(submit(0) == 1 && poll(&polled, 1, 0) == 0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, ring, &event) == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
    write(p[1], "x", 1);
    CHECK(epoll_wait(epoll, &event, 1, 10000) == 1 && event.data.u32 == 5 && (event.events & EPOLLIN));
    CHECK(poll(&polled, 1, 0) == 1 && ready() == 1 && done(3) == 1);
    CHECK(poll(&polled, 1, 0) == 0 && epoll_wait(epoll, &event, 1, 0) == 0);
    close(p[0]), close(p[1]), close(count), close(epoll);
    /* Signals end waiting. */
    struct sigaction action = {.sa_handler = note};
    pthread_t t, self = pthread_self();
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&t, NULL, interrupt, &self);
    CHECK(ring_enter(ring, 0, 1, GETEVENTS, NULL, 0) == -1 && errno == EINTR && caught == SIGUSR1);
    pthread_join(t, NULL);
}

/* More results than there is room for come later. */
static void many(void)
{
    int bad = 0, seen = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 8; i++)
            next(NOP, -1, 0, 0, 0, 100 + 8 * round + i);
        bad += ring_enter(ring, 8, 0, 0, NULL, 0) != 8;
    }
    CHECK(!bad && ready() == 16);
    uint64_t sum = 0;
    while (seen < 40) {
        struct cqe c = result();
        if (c.res)
            break;
        sum += c.user_data;
        seen++;
    }
    CHECK(seen == 40 && sum == 40 * 100 + 40 * 39 / 2);
}

/* Each thread has a ring of its own and moves bytes through a pipe with it. */
struct own { int fd; struct params p; char *rings; struct sqe *sqes; };
static void *busy(void *arg)
{
    struct own o;
    int pipes[2];
    long bad = 0;
    memset(&o, 0, sizeof o);
    o.fd = ring_setup(4, &o.p);
    o.rings = mmap(0, o.p.sq.c + 16, PROT_READ | PROT_WRITE, MAP_SHARED, o.fd, 0);
    if (o.p.cq.b + 16 * o.p.cq_entries > o.p.sq.c + 16)
        o.rings = mmap(0, o.p.cq.b + 16 * o.p.cq_entries, PROT_READ | PROT_WRITE, MAP_SHARED, o.fd, 0x8000000);
    o.sqes = mmap(0, 256, PROT_READ | PROT_WRITE, MAP_SHARED, o.fd, 0x10000000);
    pipe(pipes);
    volatile uint32_t *tail = (void *)(o.rings + o.p.sq.tail), *array = (void *)(o.rings + o.p.sq.c);
    volatile uint32_t *cq_head = (void *)(o.rings + o.p.cq.head), *cq_tail = (void *)(o.rings + o.p.cq.tail);
    for (int i = 0; i < 200 && o.fd >= 0; i++) {
        char in = 0, out = (char)i;
        for (int k = 0; k < 2; k++) {
            struct sqe *s = &o.sqes[(*tail) & 3];
            memset(s, 0, sizeof *s);
            s->opcode = k ? WRITE : READ;
            s->fd = pipes[k];
            s->addr = (uintptr_t)(k ? &out : &in);
            s->len = 1;
            array[*tail & 3] = *tail & 3;
            __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
        }
        bad += ring_enter(o.fd, 2, 2, GETEVENTS, NULL, 0) != 2;
        bad += __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE) - *cq_head != 2 || in != out;
        __atomic_store_n(cq_head, *cq_head + 2, __ATOMIC_RELEASE);
    }
    /* Closed while something waits: its file is let go. */
    struct sqe *s = &o.sqes[*tail & 3];
    char c;
    memset(s, 0, sizeof *s);
    s->opcode = READ, s->fd = pipes[0], s->addr = (uintptr_t)&c, s->len = 1;
    array[*tail & 3] = *tail & 3;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    bad += ring_enter(o.fd, 1, 0, 0, NULL, 0) != 1;
    munmap(o.sqes, 256);
    munmap(o.rings, o.p.cq.b + 16 * o.p.cq_entries);
    close(o.fd), close(pipes[0]);
    /* Which is so when nobody can read any more. */
    signal(SIGPIPE, SIG_IGN);
    int broken = 0;
    for (int i = 0; i < 5000 && !broken; i++) {
        struct pollfd p = {.fd = pipes[1]};
        broken = poll(&p, 1, 1) == 1 && (p.revents & POLLERR);
    }
    close(pipes[1]);
    return (void *)(bad + !broken);
}

int main(void)
{
    if (!setup()) {
        /* Not every host lets its programs have rings. */
#ifdef __x86_64__
        CHECK(errno == ENOSYS || errno == EPERM);
#else
        CHECK(!"set up");
#endif
        return t_done();
    }
    files();
    registered();
    waiting();
    times();
    chains();
    sockets();
    told();
    many();
    pthread_t t[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, busy, NULL);
    void *bad[3];
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], &bad[i]);
    CHECK(bad[0] == NULL && bad[1] == NULL && bad[2] == NULL);
    CHECK(close(ring) == 0);
    unlink("ring.tmp");
    return t_done();
}
