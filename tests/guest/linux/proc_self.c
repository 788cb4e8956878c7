/* What a process finds out about itself in /proc: by every way that leads there, and only about itself. */
#define _FILE_OFFSET_BITS 64
#include "t.h"
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 20];

static int slurp_fd(int fd)
{
    int len = 0, n;
    if (fd < 0)
        return -1;
    while ((n = read(fd, text + len, sizeof text - 1 - len)) > 0)
        len += n;
    text[len] = 0;
    close(fd);
    return len;
}

static int slurp(const char *path) { return slurp_fd(open(path, O_RDONLY)); }

static const char *line(const char *key)
{
    static char found[300];
    size_t n = strlen(key);
    for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n"))
        if (!strncmp(l, key, n))
            return strcpy(found, l + n);
    return "missing";
}

/* the protection of the mapping that has an address */
static int mapped(const void *address, char *prot, char *name)
{
    int lines = 0, found = 0;
    slurp("/proc/self/maps");
    for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n")) {
        unsigned long from, to;
        char p[5], path[300] = "";
        if (sscanf(l, "%lx-%lx %4s %*x %*x:%*x %*u %299[^\n]", &from, &to, p, path) < 3)
            return -1;
        if (from <= (uintptr_t)address && (uintptr_t)address < to)
            strcpy(prot, p), strcpy(name, path), found++;
        lines++;
    }
    return lines > 3 ? found : -2;
}

static void *other_thread(void *arg)
{
    char path[100];
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)syscall(SYS_gettid));
    printf("thread stat %d", slurp(path) > 0);
    printf(" thread-self %d", slurp("/proc/thread-self/status") > 0 && atoi(line("Pid:")) == (int)syscall(SYS_gettid));
    slurp("/proc/self/status");
    printf(" threads %d", atoi(line("Threads:")));
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    for (struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.';
    closedir(d);
    printf(" listed %d\n", n);
    return NULL;
}

/* The memory's file, if there is one, into several buffers and from them. */
static void in_parts(int mem)
{
    char text[] = "12345678", first[2], rest[6];
    struct iovec parts[2] = {{first, sizeof first}, {rest, sizeof rest}};
    CHECK(mem == -1 || preadv64(mem, parts, 2, (uintptr_t)text) == 8 && !memcmp(first, "12", 2) && !memcmp(rest, "345678", 6));
    memcpy(first, "ab", 2);
    CHECK(mem == -1 || pwritev64(mem, parts, 1, (uintptr_t)text + 4) == 2 && !strcmp(text, "1234ab78"));
    CHECK(mem == -1 || lseek64(mem, (uintptr_t)text, SEEK_SET) == (uintptr_t)text && readv(mem, parts, 2) == 8 && !memcmp(rest, "34ab78", 6));
    CHECK(mem == -1 || readv(mem, parts, -1) == -1 && errno == EINVAL);
    CHECK(mem == -1 || preadv64(mem, parts, 2, 16) == -1 && errno == EIO);
}

int main(int argc, char **argv)
{
    char path[300], exe[300] = {0}, again[300] = {0}, prot[5], name[300];
    struct stat st, self;

    /* the program */
    int len = readlink("/proc/self/exe", exe, sizeof exe - 1);
    CHECK(len > 0 && exe[0] == '/' && !strcmp(strrchr(exe, '/'), "/proc_self"));
    CHECK(stat("/proc/self/exe", &self) == 0 && stat(exe, &st) == 0 && st.st_ino == self.st_ino && st.st_size == self.st_size);
    CHECK(lstat("/proc/self/exe", &st) == 0 && S_ISLNK(st.st_mode));
    snprintf(path, sizeof path, "/proc/%d/exe", getpid());
    CHECK(readlink(path, again, sizeof again - 1) == len && !strcmp(exe, again));
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY);
    memset(again, 0, sizeof again);
    CHECK(readlinkat(proc, "exe", again, sizeof again - 1) == len && !strcmp(exe, again));
    CHECK(fstatat(proc, "exe", &st, 0) == 0 && st.st_ino == self.st_ino);
    int fd = openat(proc, "./exe", O_RDONLY);
    Elf32_Ehdr header = {0};
    CHECK(read(fd, &header, sizeof header) == sizeof header && !memcmp(header.e_ident, ELFMAG, 4) && header.e_ident[EI_CLASS] == (sizeof(void *) == 8 ? 2 : 1));
    close(fd);
    CHECK(access("/proc/self/exe", X_OK) == 0 && faccessat(proc, "exe", W_OK | X_OK, 0) == access(exe, W_OK | X_OK));
    char here[4096];
    CHECK(getcwd(here, sizeof here) && chdir("/proc/self") == 0 && readlink("exe", again, sizeof again) == len && !memcmp(exe, again, len));
    CHECK(slurp("maps") > 100 && slurp("../self/./auxv") > 50 && chdir(here) == 0);
    CHECK(unlink("/proc/self/exe") == -1 && access(exe, F_OK) == 0);

    /* arguments and auxiliary vector */
    CHECK(slurp("/proc/self/cmdline") == (int)strlen(argv[0]) + 1 && !strcmp(text, argv[0]));
    setenv("LATER", "1", 1);
    CHECK(slurp("/proc/self/environ") >= 0 && !strstr(text, "LATER"));
    len = slurp("/proc/self/auxv");
    unsigned long entry = 0, random = 0;
    for (unsigned long *a = (void *)text; a[0] && (char *)a < text + len; a += 2) {
        entry = a[0] == AT_ENTRY ? a[1] : entry;
        random = a[0] == AT_RANDOM ? a[1] : random;
    }
    CHECK(entry == getauxval(AT_ENTRY) && random == getauxval(AT_RANDOM));
    strcpy(argv[0] + strlen(argv[0]) - 4, "SELF");
    CHECK(slurp("/proc/self/cmdline") > 4 && !strcmp(text + strlen(text) - 4, "SELF"));

    /* mappings */
    static int variable;
    CHECK(mapped(&variable, prot, name) == 1 && !memcmp(prot, "rw", 2));
    CHECK(mapped(exe, prot, name) == 1 && !strcmp(name, "[stack]"));
    CHECK(mapped(malloc(10), prot, name) == 1 && !strcmp(name, "[heap]"));
    CHECK(mapped((void *)((uintptr_t)&main & ~1), prot, name) == 1 && prot[2] == 'x' && !strcmp(name, exe));
    char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(m, 1, 3 * 4096);
    CHECK(mprotect(m + 4096, 4096, PROT_NONE) == 0 && mapped(m + 5000, prot, name) == 1 && !strcmp(prot, "---p"));
    int file = open(exe, O_RDONLY);
    char *f = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(mapped(f, prot, name) == 1 && !strcmp(prot, "r--p") && !strcmp(name, exe));
    close(file);
    slurp("/proc/self/maps");
    CHECK(!strstr(text, "demotic") && !strstr(text, "memfd"));
    unsigned long highest = 0;
    for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n")) {
        unsigned long from = 0, to = 0;
        sscanf(l, "%lx-%lx", &from, &to);
        if (from < highest)
            printf("out of order\n");
        highest = to;
    }
    int entries = 0, counted = 0;
    long rss = 0;
    slurp("/proc/self/smaps");
    for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n")) {
        unsigned long from, to, count;
        if (sscanf(l, "%lx-%lx ", &from, &to) == 2)
            entries++;
        else if (sscanf(l, "Rss: %lu kB", &count) == 1)
            rss += count, counted++;
    }
    CHECK(entries > 5 && counted > 5 && rss > 12 && rss < 1000000);

    /* status and stat */
    slurp("/proc/self/status");
    CHECK(!strcmp(line("Name:\t"), "proc_self"));
    slurp("/proc/self/status");
    CHECK(atoi(line("Pid:")) == getpid());
    slurp("/proc/self/status");
    long size = atol(line("VmSize:"));
    CHECK(size > 100 && size < 200000);
    slurp("/proc/self/status");
    CHECK(atoi(line("Threads:")) == 1);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGTERM, (void (*)(int))main);
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGHUP), sigaddset(&set, SIGRTMIN + 3), sigprocmask(SIG_BLOCK, &set, NULL);
    slurp("/proc/self/status");
    const char *blocked = line("SigBlk:");
    CHECK(strtoull(blocked + strlen(blocked) - 16, NULL, 16) == (1ull << (SIGHUP - 1) | 1ull << (SIGRTMIN + 3 - 1)));
    slurp("/proc/self/status");
    CHECK((strtoull(line("SigIgn:"), NULL, 16) & ~(1ull << (SIGPIPE - 1))) == 1ull << (SIGUSR1 - 1));
    slurp("/proc/self/status");
    CHECK((strtoull(line("SigCgt:"), NULL, 16) & 0x7fffffff) == 1ull << (SIGTERM - 1));
    slurp("/proc/self/stat");
    char *rest = strrchr(text, ')');
    CHECK(atoi(text) == getpid() && !strncmp(strchr(text, '('), "(proc_self) R", 13));
    unsigned long long field[60] = {0};
    int n = 3;
    for (char *w = strtok(rest + 2, " "); w && n < 60; w = strtok(NULL, " "))
        field[n++] = strtoull(w, NULL, 10);
    printf("fields %d\n", n);
    CHECK(field[4] == getppid() && field[20] == 1 && field[23] / 1024 > 100 && field[23] / 1024 < 200000);
    CHECK(field[26] <= (uintptr_t)&main && (uintptr_t)&main < field[27]);
    CHECK(field[28] > (uintptr_t)exe && field[28] < (uintptr_t)argv[0] && field[29] == 0 && field[30] == 0);
    CHECK(field[48] == (uintptr_t)argv[0] && field[49] > field[48] && field[50] == field[49] && field[51] >= field[50]);
    CHECK((field[32] & 1) && field[33] & 1ull << (SIGUSR1 - 1) && field[34] & 1ull << (SIGTERM - 1));
    CHECK(slurp("/proc/self/statm") > 10 && atol(text) > 30 && atol(text) < 50000);

    /* descriptors: those that we have, and no others */
    DIR *d = opendir("/proc/self/fd");
    char list[300] = "";
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && atoi(e->d_name) > 2 && atoi(e->d_name) != dirfd(d))
            if (readlinkat(dirfd(d), e->d_name, again, sizeof again) != -1 && !strncmp(again, "/proc", 5))
                strcat(strcat(list, e->d_name), " ");
            else if (strstr(again, "demotic") || strstr(again, "memfd"))
                strcat(list, "foreign ");
    closedir(d);
    snprintf(path, sizeof path, "%d ", proc);
    CHECK(!strcmp(list, path));
    fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    char wanted[100];
    snprintf(wanted, sizeof wanted, "/proc/%d/maps", getpid());
    memset(again, 0, sizeof again);
    CHECK(readlink(path, again, sizeof again) > 0 && !strcmp(again, wanted) && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0444);
    close(fd);


    /* threads */
    pthread_t t;
    CHECK(pthread_create(&t, NULL, other_thread, NULL) == 0 && pthread_join(t, NULL) == 0);

    /* memory by its file, or not at all */
    int mem = open("/proc/self/mem", O_RDWR), value = 0;
    variable = 4711;
    CHECK(mem == -1 ? errno == EACCES : pread64(mem, &value, sizeof value, (uintptr_t)&variable) == sizeof value && value == 4711);
    in_parts(mem);
    CHECK(symlink("/proc/self/mem", "innocent") == 0);
    int indirect = open("innocent", O_RDWR);
    CHECK(indirect == -1 ? errno == EACCES : mem != -1);
    unlink("innocent");
    close(mem), close(indirect);

    /* filters of system calls */
    fflush(stdout);
    if (fork() == 0) {
        struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
        struct sock_fprog program = {1, all};
        slurp("/proc/self/status");
        int before = atoi(line("Seccomp:"));
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
        slurp("/proc/self/status");
        CHECK(before <= 2 && atoi(line("Seccomp:")) == 2);
        slurp("/proc/self/status");
        CHECK(atoi(line("Seccomp_filters:")) >= 1);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);

    /* limits, and that there are as many descriptors as they say */
    struct rlimit limit = {64, 64}, small = {1 << 20, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_DATA, &small) == 0 || errno == EINVAL);
    slurp("/proc/self/limits");
    CHECK(atoi(line("Max data size ")) == 1 << 20);
    fflush(stdout);
    if (fork() == 0) {
        int lowest = dup(0), last = lowest, opened = 1, made;
        close(lowest);
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        while ((made = dup(0)) >= 0)
            last = made, opened++;
        CHECK(errno == EMFILE && last == 63 && opened >= 64 - lowest);
        close(last);
        CHECK((made = open("/proc/self/stat", O_RDONLY)) == 63 && slurp_fd(made) > 10 && atoi(text) == getpid());
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);

    /* a child is another process */
    fflush(stdout);
    if (fork() == 0) {
        snprintf(path, sizeof path, "/proc/%d/stat", getpid());
        CHECK(slurp(path) > 0 && atoi(text) == getpid());
        memset(again, 0, sizeof again);
        CHECK(readlink("/proc/self/exe", again, sizeof again - 1) > 0 && !strcmp(exe, again));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);

    /* the machine */
    struct utsname u;
    uname(&u);
    CHECK(slurp("/proc/cpuinfo") > 50 && strstr(text, "processor\t"));
    if (slurp("/proc/sys/kernel/arch") > 0)
        printf("ok strtok(text, \"\\n\") && !strcmp(text, u.machine)\n" + (strtok(text, "\n") && !strcmp(text, u.machine) ? 0 : 3));
    else
        printf("ok strtok(text, \"\\n\") && !strcmp(text, u.machine)\n");
    CHECK(slurp("/proc/sys/kernel/osrelease") > 2 && strtok(text, "\n") && !strcmp(text, u.release));
    CHECK(slurp("/proc/sys/kernel/ostype") > 2 && strtok(text, "\n") && !strcmp(text, u.sysname));
    return t_done();
}
