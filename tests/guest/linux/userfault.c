/* Covers: userfaultfd: a child process fills the pages that its parent misses. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

/* Waits for a fault at `page`, and fills it. */
static int serve(int fd, char *page)
{
    static char contents[PAGE] __attribute__((aligned(PAGE)));
    struct pollfd p = {fd, POLLIN, 0};
    struct uffd_msg m;
    if (poll(&p, 1, 10000) != 1 || read(fd, &m, sizeof m) != sizeof m)
        return 1;
    if (m.event != UFFD_EVENT_PAGEFAULT || m.arg.pagefault.flags != 0)
        return 2;
    if ((m.arg.pagefault.address & ~(PAGE - 1ull)) != (uintptr_t)page)
        return 3;
    memset(contents, 'u', PAGE);
    struct uffdio_copy copy = {.dst = (uintptr_t)page, .src = (uintptr_t)contents, .len = PAGE};
    if (ioctl(fd, UFFDIO_COPY, &copy) || copy.copy != PAGE)
        return 4;
    /* a second time there is something already */
    if (ioctl(fd, UFFDIO_COPY, &copy) != -1 || errno != EEXIST || copy.copy != -EEXIST)
        return 5;
    return 0;
}

int main(void)
{
    CHECK(syscall(SYS_userfaultfd, 0x1234) == -1 && errno == EINVAL);
    int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
    if (fd == -1) {
        printf("no userfaultfd: %s\n", strerror(errno));
        return t_done();
    }
    struct uffdio_api api = {.api = UFFD_API};
    CHECK(ioctl(fd, UFFDIO_API, &api) == 0 && api.api == UFFD_API && (api.ioctls & 1ull << _UFFDIO_REGISTER));
    char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register r = {{(uintptr_t)pages, 3 * PAGE}, UFFDIO_REGISTER_MODE_MISSING, 0};
    CHECK(ioctl(fd, UFFDIO_REGISTER, &r) == 0 && (r.ioctls & 1ull << _UFFDIO_COPY));
    CHECK(r.range.start == (uintptr_t)pages);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(serve(fd, pages + PAGE));
    char seen = *(volatile char *)(pages + PAGE + 100);
    int st;
    CHECK(seen == 'u' && waitpid(pid, &st, 0) == pid && st == 0);
    struct uffdio_zeropage zero = {{(uintptr_t)pages, PAGE}, 0, 0};
    CHECK(ioctl(fd, UFFDIO_ZEROPAGE, &zero) == 0 && zero.zeropage == PAGE && pages[7] == 0);
    struct uffdio_range all = {(uintptr_t)pages, 3 * PAGE};
    CHECK(ioctl(fd, UFFDIO_WAKE, &all) == 0 && ioctl(fd, UFFDIO_UNREGISTER, &all) == 0 && pages[2 * PAGE] == 0);
    struct uffdio_range crooked = {(uintptr_t)pages + 1, PAGE};
    CHECK(ioctl(fd, UFFDIO_UNREGISTER, &crooked) == -1 && errno == EINVAL);
    return t_done();
}
