/* Covers: the rarer memory calls: offsets of files above 4 GiB, requests for a
 * place, mremap that keeps the mapping, advice about children, locks, mincore,
 * remap_file_pages, copies within the process, and their errors. */
#define _FILE_OFFSET_BITS 64
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static char *map(int pages, int flags) { return mmap(0, pages * PAGE, RW, flags, -1, 0); }

/* How a child that runs `try` on memory ends: 0 to 255, or -1 if it faults. */
static int child(int (*try)(char *), char *p)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(try(p));
    int status;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static int first_byte(char *p) { return *(volatile char *)p; }
static int can_map(char *p)
{
    return mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p && *p == 0;
}

static void places(void)
{
    char *p = map(4, ANON);
    munmap(p + PAGE, PAGE);
    CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == p + PAGE);
    CHECK(mmap(p + PAGE, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK(mmap(p, 8 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK(mmap(p, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(map(2, ANON | MAP_POPULATE | MAP_NORESERVE)[PAGE] == 0);
    char *grows = map(2, ANON | MAP_GROWSDOWN);
    CHECK(grows != MAP_FAILED && (grows[0] = 1));
    int fd = open("validate.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(fd, PAGE);
    CHECK(mmap(0, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0) != MAP_FAILED);
    CHECK(mmap(0, PAGE, RW, MAP_SHARED_VALIDATE | 1 << 24, fd, 0) == MAP_FAILED && errno == EOPNOTSUPP);
    close(fd);
    unlink("validate.tmp");
}

static void large_offsets(void)
{
    int fd = open("large.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t far = (5ll << 30) + PAGE, top = 0x7fffff000ll;
    CHECK(pwrite(fd, "far away", 8, far) == 8 && pwrite(fd, "near", 4, far & 0xffffffff) == 4);
    char *p = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, far);
    CHECK(p != MAP_FAILED && !memcmp(p, "far away", 8));
    CHECK(pwrite(fd, "top", 3, top) == 3);
    p = mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, top);
    CHECK(p != MAP_FAILED && !memcmp(p, "top", 3));
    close(fd);
    unlink("large.tmp");
}

static void moves(void)
{
    char *p = map(2, ANON), *to;
    strcpy(p, "first");
    strcpy(p + PAGE, "second");
    to = (char *)syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | 4 /* MREMAP_DONTUNMAP */, 0);
    CHECK(to != MAP_FAILED && to != p && !strcmp(to, "first") && !strcmp(to + PAGE, "second"));
    CHECK(p[0] == 0 && p[PAGE] == 0 && (p[0] = 7));
    CHECK(syscall(SYS_mremap, p, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | 4, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_mremap, p, 2 * PAGE, 2 * PAGE, 4, 0) == -1 && errno == EINVAL);
    CHECK(mremap(p, PAGE, PAGE, MREMAP_FIXED, to) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p + 1, PAGE, PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, PAGE, PAGE, 64) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to && to[0] == 7);
    CHECK(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK(mremap(to, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == MAP_FAILED && errno == EINVAL);
}

static void children(void)
{
    char *p = map(3, ANON);
    p[0] = p[PAGE] = p[2 * PAGE] = 9;
    CHECK(madvise(p, PAGE, MADV_WIPEONFORK) == 0 && child(first_byte, p) == 0 && p[0] == 9);
    CHECK(madvise(p, PAGE, MADV_KEEPONFORK) == 0 && child(first_byte, p) == 9);
    CHECK(madvise(p + PAGE, PAGE, MADV_DONTFORK) == 0);
    CHECK(child(first_byte, p + PAGE) == -1 && child(can_map, p + PAGE) == 1 && child(first_byte, p + 2 * PAGE) == 9);
    CHECK(madvise(p + PAGE, PAGE, MADV_DOFORK) == 0 && child(first_byte, p + PAGE) == 9);
    char *shared = map(1, MAP_SHARED | MAP_ANONYMOUS);
    CHECK(madvise(shared, PAGE, MADV_WIPEONFORK) == -1 && errno == EINVAL);
    CHECK(madvise(p, PAGE, 6) == -1 && errno == EINVAL);
    CHECK(madvise(p, 0, MADV_DONTNEED) == 0);
    munmap(p + PAGE, PAGE);
    CHECK(madvise(p, 3 * PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM && p[2 * PAGE] == 0);
}

static void locks(void)
{
    char *p = map(4, ANON);
    CHECK(mlock(p, PAGE) == 0 && mlock(p + 5, 10) == 0 && munlock(p, PAGE) == 0);
    CHECK(syscall(SYS_mlock2, p, PAGE, 1) == 0 && syscall(SYS_mlock2, p, PAGE, 2) == -1 && errno == EINVAL);
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == -1 && errno == EINVAL);
    CHECK(munlock(p, PAGE) == 0 && madvise(p, PAGE, MADV_DONTNEED) == 0);
    CHECK(mlockall(0) == -1 && errno == EINVAL);
    CHECK(mlockall(MCL_CURRENT | 8) == -1 && errno == EINVAL);
    CHECK(munlockall() == 0);
    munmap(p + PAGE, PAGE);
    CHECK(mlock(p, 4 * PAGE) == -1 && errno == ENOMEM);
    munlock(p, 4 * PAGE);

    unsigned char in[4];
    CHECK(mincore(p + 1, PAGE, in) == -1 && errno == EINVAL);
    CHECK(mincore(p, 4 * PAGE, in) == -1 && errno == ENOMEM);
    CHECK(mincore(p, PAGE, (void *)16) == -1 && errno == EFAULT);
    p[0] = 1;
    CHECK(mincore(p, PAGE, in) == 0 && (in[0] & 1));
    CHECK(msync(p, PAGE, MS_SYNC | MS_ASYNC) == -1 && errno == EINVAL);
    CHECK(msync(p + 1, PAGE, MS_SYNC) == -1 && errno == EINVAL);
    CHECK(msync(p, 4 * PAGE, MS_ASYNC) == -1 && errno == ENOMEM);
}

static void parts_of_files(void)
{
    int fd = memfd_create("parts", 0);
    for (int i = 0; i < 4; i++)
        pwrite(fd, &(char){'a' + i}, 1, i * PAGE);
    char *p = mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    CHECK(remap_file_pages(p, PAGE, 0, 3, 0) == 0 && p[0] == 'd' && p[PAGE] == 'b');
    CHECK(remap_file_pages(p, PAGE, PROT_READ, 3, 0) == -1 && errno == EINVAL);
    CHECK(remap_file_pages(map(1, ANON), PAGE, 0, 0, 0) == -1 && errno == EINVAL);
    close(fd);
}

static void copies(void)
{
    char from[] = "copied", to[16] = "", more[4] = "";
    struct iovec local[2] = {{to, 3}, {more, 3}}, remote = {from, sizeof from};
    CHECK(process_vm_readv(getpid(), local, 2, &remote, 1, 0) == 6 && !memcmp(to, "cop", 3) && !memcmp(more, "ied", 3));
    CHECK(process_vm_writev(getpid(), local, 1, &remote, 1, 0) == 3 && !strcmp(from, "copied"));
    CHECK(process_vm_readv(getpid(), local, 2, &remote, 1, 1) == -1 && errno == EINVAL);
    struct iovec nowhere = {(void *)16, 8};
    CHECK(process_vm_readv(getpid(), local, 2, &nowhere, 1, 0) == -1 && errno == EFAULT);
    CHECK(process_vm_readv(0x3ffffff, local, 2, &remote, 1, 0) == -1 && errno == ESRCH);
    const char *constant = "read only";
    remote = (struct iovec){(void *)constant, 3};
    CHECK(process_vm_writev(getpid(), local, 1, &remote, 1, 0) == -1 && errno == EFAULT);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    places();
    large_offsets();
    moves();
    children();
    locks();
    parts_of_files();
    copies();
    return t_done();
}
