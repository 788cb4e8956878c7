/* Covers: what requests in rings and AIO can reach. With a path as argument, which the program has been confined to be
 * without (`--sandbox`), it says how far it came; without one, everything must be reached by them, where there are rings. */
#include "t.h"
#undef CHECK
#define CHECK(cond) ((cond) ? (void)0 : (printf("FAIL %s (line %d)\n", #cond, __LINE__), (void)t_failures++))
#include "ring.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { SOCKET = 45 };

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "/";
    long context = 0, aio = syscall(SYS_io_setup, 4L, &context);
    if (argc > 1)
        printf("io_setup: %s\n", aio ? strerror(errno) : "done");
    else
        CHECK(aio == 0);
    memset(&params, 0, sizeof params);
    ring = ring_setup(4, &params);
    if (argc > 1)
        printf("io_uring_setup: %s\n", ring < 0 ? strerror(errno) : "done");
    if (ring < 0) {
#ifndef __x86_64__
        CHECK(argc > 1);
#endif
        return t_done();
    }
    CHECK(map_ring());
    next(OPENAT, AT_FDCWD, path, 0, 0, 1);
    int opened = done(1);
    next(SOCKET, AF_INET, 0, 0, SOCK_STREAM, 2);
    int made = done(2);
    if (argc > 1) {
        printf("open: %s\nsocket: %s\n", opened < 0 ? strerror(-opened) : "done", made < 0 ? strerror(-made) : "done");
    } else {
        CHECK(opened > 2 && made > 2);
    }
    return t_done();
}
