/* Covers: mmap (anonymous, file, shared, fixed, offsets), mprotect, munmap,
 * mremap, sbrk, msync, many malloc/realloc/free. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096u
static sigjmp_buf back;
static void fault(int s) { siglongjmp(back, s); }

/* 1 if a byte at p can be read / written */
static int readable(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return 0;
    (void)*p;
    return 1;
}
static int writable(volatile char *p)
{
    if (sigsetjmp(back, 1))
        return 0;
    *p = *p;
    return 1;
}

int main(void)
{
    signal(SIGSEGV, fault);
    signal(SIGBUS, fault);
    CHECK(sysconf(_SC_PAGESIZE) == PAGE);

    char *m = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(m != MAP_FAILED && ((uintptr_t)m & (PAGE - 1)) == 0);
    int zero = 1;
    for (unsigned i = 0; i < 16 * PAGE; i++)
        zero &= m[i] == 0;
    CHECK(zero);
    memset(m, 7, 16 * PAGE);
    CHECK(mprotect(m + 4 * PAGE, 2 * PAGE, PROT_READ) == 0);
    CHECK(readable(m + 4 * PAGE) && !writable(m + 4 * PAGE) && !writable(m + 6 * PAGE - 1));
    CHECK(writable(m + 4 * PAGE - 1) && writable(m + 6 * PAGE));
    CHECK(mprotect(m + 8 * PAGE, PAGE, PROT_NONE) == 0);
    CHECK(!readable(m + 8 * PAGE) && readable(m + 9 * PAGE));
    CHECK(mprotect(m + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0 && m[8 * PAGE + 5] == 7);
    CHECK(munmap(m + 10 * PAGE, 2 * PAGE) == 0);
    CHECK(!readable(m + 10 * PAGE) && !readable(m + 12 * PAGE - 1) && readable(m + 12 * PAGE));
    char *f = mmap(m + 10 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(f == m + 10 * PAGE && f[0] == 0);
    f = mmap(m, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(f == m && m[0] == 0 && m[PAGE] == 7);

    /* errors */
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(m + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(munmap(m + 1, PAGE) == -1 && errno == EINVAL);
    CHECK(mprotect(m + 1, PAGE, PROT_READ) == -1 && errno == EINVAL);

    /* grow and move */
    char *g = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(g, "moved");
    char *h = mremap(g, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(h != MAP_FAILED && !strcmp(h, "moved") && h[63 * PAGE] == 0);
    CHECK(mremap(h, 64 * PAGE, PAGE, 0) == h && !strcmp(h, "moved"));
    munmap(h, PAGE);

    /* files */
    int fd = open("map.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 3; i++) {
        char page[PAGE];
        memset(page, 'a' + i, PAGE);
        if (write(fd, page, PAGE) != (ssize_t)PAGE)
            t_failures++;
    }
    if (write(fd, "tail", 4) != 4)
        t_failures++;
    char *s = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, PAGE);
    CHECK(s != MAP_FAILED && p != MAP_FAILED);
    CHECK(s[0] == 'a' && s[PAGE] == 'b' && p[0] == 'b' && p[PAGE] == 'c');
    CHECK(!memcmp(s + 3 * PAGE, "tail\0\0", 6));
    s[PAGE] = 'X';
    CHECK(p[0] == 'X'); /* not yet copied, so still the file's page */
    p[1] = 'Y';
    CHECK(s[PAGE + 1] == 'b');
    CHECK(msync(s, 4 * PAGE, MS_SYNC) == 0);
    char b[2];
    CHECK(pread(fd, b, 2, PAGE) == 2 && b[0] == 'X' && b[1] == 'b');
    CHECK(pwrite(fd, "Z", 1, 2 * PAGE) == 1 && s[2 * PAGE] == 'Z');
    close(fd); /* the maps live on */
    CHECK(s[2 * PAGE] == 'Z');
    fd = open("map.tmp", O_RDONLY);
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EACCES);
    /* a page behind the file's end faults */
    char *beyond = mmap(NULL, 6 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(readable(beyond + 3 * PAGE) && !readable(beyond + 5 * PAGE));
    close(fd);
    munmap(s, 4 * PAGE);
    munmap(p, 3 * PAGE);
    munmap(beyond, 6 * PAGE);
    unlink("map.tmp");

    /* a growing break (shrinking: brk.c) */
    char *brk0 = sbrk(0);
    CHECK(sbrk(5 * (int)PAGE) == brk0 && sbrk(0) == brk0 + 5 * PAGE);
    CHECK(brk0[0] == 0 && brk0[5 * PAGE - 1] == 0);

    signal(SIGSEGV, SIG_DFL); /* from here on a fault is a failure */
    /* the allocator under stress */
    enum { N = 300 };
    unsigned char *v[N] = {0};
    size_t len[N] = {0};
    int bad = 0;
    for (int i = 0; i < 5000; i++) {
        unsigned k = t_rand() % N;
        size_t n = t_rand() % (i % 100 == 0 ? 300000 : 2000);
        if (v[k])
            bad += len[k] && (v[k][0] != (k & 255) || v[k][len[k] - 1] != (k & 255));
        if (t_rand() & 1) {
            v[k] = realloc(v[k], n + 1);
        } else {
            free(v[k]);
            v[k] = malloc(n + 1);
        }
        len[k] = n;
        memset(v[k], (int)k, n + 1);
    }
    for (int i = 0; i < N; i++)
        free(v[i]);
    CHECK(bad == 0);
    void *al;
    CHECK(posix_memalign(&al, 65536, 100) == 0 && ((uintptr_t)al & 65535) == 0);
    free(al);
    char *big = malloc(50 * 1024 * 1024);
    big[0] = big[50 * 1024 * 1024 - 1] = 1;
    CHECK(big[25 * 1024 * 1024] == 0);
    free(big);
    return t_done();
}
