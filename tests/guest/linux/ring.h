/* Shared by the guest programs about io_uring: its structures, and a ring that is used with the plain system calls. */
#ifndef RING_H
#define RING_H
#include "t.h"
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/io_uring.h, of which older ones lack things. */
enum { NOP, READV, WRITEV, FSYNC, READ_FIXED, WRITE_FIXED, POLL_ADD, POLL_REMOVE, SYNC_RANGE, SENDMSG, RECVMSG, TIMEOUT,
       TIMEOUT_REMOVE, ACCEPT, ASYNC_CANCEL, LINK_TIMEOUT, CONNECT, FALLOCATE, OPENAT, CLOSE, FILES_UPDATE, STATX, READ,
       WRITE, FADVISE, MADVISE, SEND, RECV, OPENAT2 };
enum { FIXED_FILE = 1, DRAIN = 2, LINK = 4, HARDLINK = 8 };
#define GETEVENTS 1
#define EXT_ARG 8

struct sqe {
    uint8_t opcode, flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t off, addr;
    uint32_t len, op_flags;
    uint64_t user_data;
    uint16_t buf_index, personality;
    uint32_t file_index;
    uint64_t more[2];
};
struct cqe { uint64_t user_data; int32_t res; uint32_t flags; };
struct offsets { uint32_t head, tail, mask, entries, a, b, c, d; uint64_t user_addr; };
struct params { uint32_t sq_entries, cq_entries, flags, cpu, idle, features, wq, resv[3]; struct offsets sq, cq; };
struct time { int64_t sec, nsec; };

static int ring;
static struct params params;
static char *rings;
static struct sqe *sqes;
#define SQ(field) ((volatile uint32_t *)(rings + params.sq.field))
#define CQ(field) ((volatile uint32_t *)(rings + params.cq.field))

static long ring_setup(unsigned n, struct params *p) { return syscall(SYS_io_uring_setup, n, p); }
static long ring_enter(int fd, unsigned n, unsigned least, unsigned flags, void *arg, size_t size)
{
    return syscall(SYS_io_uring_enter, fd, n, least, flags, arg, size);
}
static long ring_register(int fd, unsigned what, void *arg, unsigned n)
{
    return syscall(SYS_io_uring_register, fd, what, arg, n);
}

static int map_ring(void)
{
    size_t a = params.sq.c /* array */ + 4 * params.sq_entries, b = params.cq.b /* cqes */ + 16 * params.cq_entries;
    rings = mmap(0, a > b ? a : b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0);
    sqes = mmap(0, 64 * params.sq_entries, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, 0x10000000);
    return rings != MAP_FAILED && (void *)sqes != MAP_FAILED;
}

/* The next free request. */
static struct sqe *next(int opcode, int fd, const void *addr, unsigned len, uint64_t off, uint64_t user_data)
{
    uint32_t tail = *SQ(tail), at = tail & *SQ(mask);
    struct sqe *s = &sqes[at];
    memset(s, 0, sizeof *s);
    s->opcode = opcode;
    s->fd = fd;
    s->addr = (uintptr_t)addr;
    s->len = len;
    s->off = off;
    s->user_data = user_data;
    ((volatile uint32_t *)(rings + params.sq.c))[at] = at;
    __atomic_store_n(SQ(tail), tail + 1, __ATOMIC_RELEASE);
    return s;
}
static unsigned queued(void) { return *SQ(tail) - *SQ(head); }
static unsigned ready(void) { return __atomic_load_n(CQ(tail), __ATOMIC_ACQUIRE) - *CQ(head); }
static long submit(unsigned least) { return ring_enter(ring, queued(), least, GETEVENTS, NULL, 0); }

/* The next result; waits for it, in vain for ten seconds at most. */
static struct cqe result(void)
{
    struct cqe none = {0, -100000, 0};
    for (int i = 0; i < 20 && !ready(); i++) {
        struct time half = {0, 500000000};
        struct { uint64_t mask; uint32_t size, pad; uint64_t time; } arg = {0, 0, 0, (uintptr_t)&half};
        ring_enter(ring, 0, 1, GETEVENTS | EXT_ARG, &arg, sizeof arg);
    }
    if (!ready())
        return none;
    struct cqe c = ((struct cqe *)(rings + params.cq.b))[*CQ(head) & *CQ(mask)];
    __atomic_store_n(CQ(head), *CQ(head) + 1, __ATOMIC_RELEASE);
    return c;
}

/* The result of one request, which must be this one's; all others are kept away by waiting for each. */
static int done(uint64_t user_data)
{
    if (queued() && submit(1) < 0)
        return -200000 - errno;
    struct cqe c = result();
    return c.user_data == user_data ? c.res : -300000;
}

/* The results of several, in whatever order, by their numbers from `first` on. */
static void all_done(uint64_t first, int count, int *res)
{
    if (queued() && submit(0) < 0)
        t_failures++;
    for (int i = 0; i < count; i++)
        res[i] = -400000;
    for (int i = 0; i < count; i++) {
        struct cqe c = result();
        if (c.user_data - first < (uint64_t)count)
            res[c.user_data - first] = c.res;
    }
}
#endif
