/* Covers: memory calls that qemu-user gets wrong: mprotect of an unmapped page
 * fails; madvise: DONTNEED gives fresh zero pages in a private mapping and the
 * file's contents in a private file mapping; advice without effect; errors. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

int main(void)
{
    char *m = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(m, 5, 4 * PAGE);
    CHECK(madvise(m + PAGE, PAGE, MADV_WILLNEED) == 0 && m[PAGE] == 5);
    CHECK(madvise(m + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
    CHECK(m[0] == 5 && m[PAGE] == 0 && m[3 * PAGE - 1] == 0 && m[3 * PAGE] == 5);
    m[PAGE] = 6;
    CHECK(m[PAGE] == 6);
    CHECK(madvise(m + 1, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK(madvise(m, PAGE, 9999) == -1 && errno == EINVAL);

    CHECK(munmap(m + 2 * PAGE, PAGE) == 0 && mprotect(m + 2 * PAGE, PAGE, PROT_READ) == -1 && errno == ENOMEM);

    int fd = open("adv.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(write(fd, "file", 4) == 4);
    char *f = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    memcpy(f, "mine", 4);
    CHECK(madvise(f, PAGE, MADV_DONTNEED) == 0 && !memcmp(f, "file", 4));
    unlink("adv.tmp");
    return t_done();
}
