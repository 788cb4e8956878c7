/* Covers: the auxiliary vector and the vDSO: an ELF image with the kernel's names and versions, whose functions agree with
 * the system calls; on ARM also the kernel's user helpers. Machines without them print the same. */
#include "t.h"
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const ElfW(Ehdr) *image;

static const ElfW(Dyn) *dynamic(unsigned tag)
{
    const ElfW(Phdr) *p = (void *)((char *)image + image->e_phoff);
    for (int i = 0; i < image->e_phnum; i++)
        if (p[i].p_type == PT_DYNAMIC)
            for (const ElfW(Dyn) *d = (void *)((char *)image + p[i].p_vaddr); d->d_tag; d++)
                if (d->d_tag == tag)
                    return d;
    return NULL;
}

/* The function of that name; found as a dynamic linker finds it. */
static void *lookup(const char *name)
{
    const ElfW(Dyn) *hash = dynamic(DT_HASH), *syms = dynamic(DT_SYMTAB), *strs = dynamic(DT_STRTAB);
    if (!hash || !syms || !strs)
        return NULL;
    const ElfW(Sym) *sym = (void *)((char *)image + syms->d_un.d_ptr);
    const char *str = (char *)image + strs->d_un.d_ptr;
    const uint32_t *table = (void *)((char *)image + hash->d_un.d_ptr), *chain = table + 2 + table[0];
    uint32_t h = 0;
    for (const char *p = name; *p; p++) {
        h = (h << 4) + *p;
        h = (h ^ ((h & 0xf0000000) >> 24)) & 0x0fffffff;
    }
    for (uint32_t i = table[2 + h % table[0]]; i; i = chain[i])
        if (!strcmp(str + sym[i].st_name, name))
            return (char *)image + sym[i].st_value;
    return NULL;
}

#ifdef __arm__
#define HELPER(at, type) ((type)(at))
static int cmpxchg(int old, int new, volatile int *p)
{
    return HELPER(0xffff0fc0, int (*)(int, int, volatile int *))(old, new, p);
}
static int cmpxchg64(const int64_t *old, const int64_t *new, volatile int64_t *p)
{
    return HELPER(0xffff0f60, int (*)(const int64_t *, const int64_t *, volatile int64_t *))(old, new, p);
}
static void barrier(void) { HELPER(0xffff0fa0, void (*)(void))(); }
static int tls_agrees(void) { return HELPER(0xffff0fe0, void *(*)(void))() == __builtin_thread_pointer(); }
static int version(void) { return *HELPER(0xffff0ffc, int32_t *); }
#else
static int cmpxchg(int old, int new, volatile int *p) { return *p == old ? (*p = new, 0) : 1; }
static int cmpxchg64(const int64_t *old, const int64_t *new, volatile int64_t *p)
{
    return *p == *old ? (*p = *new, 0) : 1;
}
static void barrier(void) {}
static int tls_agrees(void) { return 1; }
static int version(void) { return 5; }
#endif

static void helpers(void)
{
    volatile int word = 5;
    CHECK(cmpxchg(5, 7, &word) == 0 && word == 7);
    CHECK(cmpxchg(5, 9, &word) != 0 && word == 7);
    CHECK(cmpxchg(7, -1, &word) == 0 && word == -1);
    volatile int64_t wide = 0x100000002;
    int64_t old = 0x100000002, low = 0x200000002, high = 0x100000003, new = -3;
    CHECK(cmpxchg64(&low, &new, &wide) != 0 && wide == 0x100000002);
    CHECK(cmpxchg64(&high, &new, &wide) != 0 && wide == 0x100000002);
    CHECK(cmpxchg64(&old, &new, &wide) == 0 && wide == -3);
    barrier();
    CHECK(tls_agrees());
    CHECK(version() >= 5);
}

static int between(long a, long b, long c) { return a <= b && b <= c; }

int main(void)
{
    CHECK(getauxval(AT_PAGESZ) == sysconf(_SC_PAGESIZE));
    CHECK(getauxval(AT_CLKTCK) == 100);
    CHECK(getauxval(AT_PHENT) == sizeof(ElfW(Phdr)) && getauxval(AT_PHNUM) > 0 && getauxval(AT_PHDR));
    CHECK(getauxval(AT_ENTRY) != 0);
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    CHECK(getauxval(AT_GID) == getgid() && getauxval(AT_EGID) == getegid());
    CHECK(getauxval(AT_SECURE) == 0);
    CHECK(getauxval(AT_HWCAP) != 0 || !strcmp((char *)getauxval(AT_BASE_PLATFORM), "mips32r2"));
    CHECK(memcmp((char *)getauxval(AT_RANDOM), "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16) != 0);
    CHECK(strstr((char *)getauxval(AT_EXECFN), "vdso") != NULL);
    CHECK(getauxval(AT_PLATFORM) || getauxval(AT_BASE_PLATFORM));

    image = (void *)getauxval(AT_SYSINFO_EHDR);
    CHECK(image && !memcmp(image->e_ident, ELFMAG, SELFMAG) && image->e_type == ET_DYN);
    CHECK(dynamic(DT_SONAME) && dynamic(DT_VERDEF) && dynamic(DT_VERSYM));
    int (*get)(int, struct timespec *) = lookup("__vdso_clock_gettime");
    int (*res)(int, struct timespec *) = lookup("__vdso_clock_getres");
    int (*day)(struct timeval *, void *) = lookup("__vdso_gettimeofday");
    CHECK(get && res && day && !lookup("nothing"));
    struct timespec a, b, c;
    struct timeval now;
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &a) == 0);
    CHECK(get(CLOCK_MONOTONIC, &b) == 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &c) == 0);
    CHECK(between(a.tv_sec, b.tv_sec, c.tv_sec));
    CHECK(a.tv_sec != c.tv_sec || between(a.tv_nsec, b.tv_nsec, c.tv_nsec));
    CHECK(b.tv_nsec >= 0 && b.tv_nsec < 1000000000);
    CHECK(get(12345, &b) == -EINVAL);
    CHECK(get(CLOCK_THREAD_CPUTIME_ID, &b) == 0 && b.tv_sec < 1000);
    CHECK(res(CLOCK_MONOTONIC, &b) == 0 && b.tv_sec == 0 && b.tv_nsec == 1);
    CHECK(res(CLOCK_MONOTONIC, NULL) == 0);
    CHECK(day(&now, NULL) == 0 && now.tv_usec >= 0 && now.tv_usec < 1000000);
    CHECK(get(CLOCK_REALTIME, &b) == 0 && b.tv_sec - now.tv_sec <= 1);
#if __SIZEOF_LONG__ == 4
    int64_t wide[2] = {-1, -1};
    int (*get64)(int, int64_t *) = lookup("__vdso_clock_gettime64");
    int ok = get64 && get64(CLOCK_REALTIME, wide) == 0 && wide[0] - b.tv_sec <= 1 && wide[1] < 1000000000;
#else
    int ok = 1;
#endif
    CHECK(ok);
    helpers();
    return t_done();
}
