/* Calls on files that libraries use less: openat2, statx, extended attributes, copies inside the kernel, allocation,
 * vectored input and output at positions, handles, locks of every kind, owners, leases, seals, pipes, watches,
 * mounting (refused or not there). */
#define _FILE_OFFSET_BITS 64
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#ifndef SYS_cachestat
#define SYS_cachestat (SYS_openat2 - 437 + 451)
#endif
#define SYS_(n) (SYS_openat2 - 437 + (n))

static int openat2_(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static void opening(void)
{
    int fd = openat2_(AT_FDCWD, "made", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0640, 0);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
    CHECK(openat2_(AT_FDCWD, "made", O_RDWR | O_CREAT | O_EXCL, 0640, 0) == -1 && errno == EEXIST);
    CHECK(openat2_(AT_FDCWD, "made", 1ull << 40, 0, 0) == -1 && errno == EINVAL);
    CHECK(openat2_(AT_FDCWD, "made", 1u << 30, 0, 0) == -1 && errno == EINVAL);
    CHECK(openat2_(AT_FDCWD, "made", O_RDONLY, 0640, 0) == -1 && errno == EINVAL);
    CHECK(openat2_(AT_FDCWD, "/etc/passwd", O_RDONLY, 0, RESOLVE_BENEATH) == -1 && errno == EXDEV);
    CHECK(openat2_(AT_FDCWD, "../x", O_RDONLY, 0, RESOLVE_BENEATH) == -1 && errno == EXDEV);
    CHECK(symlink("made", "link") == 0);
    CHECK(openat2_(AT_FDCWD, "link", O_RDONLY, 0, RESOLVE_NO_SYMLINKS) == -1 && errno == ELOOP);
    CHECK(openat2_(AT_FDCWD, "link", O_RDONLY | O_NOFOLLOW, 0, 0) == -1 && errno == ELOOP);
    struct { struct open_how how; uint64_t more; } big = {{.flags = O_RDONLY}, 0};
    int other = syscall(SYS_openat2, AT_FDCWD, "made", &big, sizeof big);
    CHECK(other >= 0 && close(other) == 0);
    big.more = 1;
    CHECK(syscall(SYS_openat2, AT_FDCWD, "made", &big, sizeof big) == -1 && errno == E2BIG);
    CHECK(syscall(SYS_openat2, AT_FDCWD, "made", &big, 8) == -1 && errno == EINVAL);
    static const int flags[] = {O_APPEND, O_NONBLOCK, O_SYNC, O_DSYNC, O_NOATIME, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_TRUNC};
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        int f = open(flags[i] == O_DIRECTORY ? "." : "made", (flags[i] & (O_DIRECTORY | O_PATH) ? O_RDONLY : O_RDWR) | flags[i]);
        int seen = fcntl(f, F_GETFL);
        printf("flag %u %d", i, f >= 0);
        static const int all[] = {O_APPEND, O_NONBLOCK, O_SYNC, O_DSYNC, O_NOATIME, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_TRUNC, O_CREAT, O_ASYNC, O_DIRECT};
        for (unsigned j = 0; j < sizeof all / sizeof all[0]; j++)
            printf(" %d", (seen & all[j]) == all[j]);
        printf("\n");
        close(f);
    }
    int t = open(".", O_TMPFILE | O_RDWR, 0600);
    struct stat st;
    printf("tmpfile %d\n", t >= 0 ? fstat(t, &st) == 0 && st.st_nlink == 0 : errno == EOPNOTSUPP);
    close(t);
    int p = open("made", O_PATH);
    CHECK(p >= 0 && read(p, &st, 1) == -1 && errno == EBADF && fstat(p, &st) == 0);
    close(p), close(fd);
    CHECK(unlink("link") == 0);
    CHECK(syscall(SYS_faccessat2, AT_FDCWD, "made", R_OK, AT_EACCESS) == 0);
    CHECK(syscall(SYS_faccessat2, AT_FDCWD, "made", R_OK, 0x80000) == -1 && errno == EINVAL);
    long r = syscall(SYS_(452), AT_FDCWD, "made", 0600, 0);
    printf("fchmodat2 %d\n", r == 0 || errno == ENOSYS);
}

static void attributes(void)
{
    char buf[64] = {0};
    int fd = open("made", O_RDWR);
    CHECK(setxattr("made", "user.one", "value", 5, XATTR_CREATE) == 0 || errno == EOPNOTSUPP);
    if (getxattr("made", "user.one", buf, sizeof buf) == 5) {
        printf("value %s\n", buf);
        CHECK(setxattr("made", "user.one", "value", 5, XATTR_CREATE) == -1 && errno == EEXIST);
        CHECK(getxattr("made", "user.one", NULL, 0) == 5 && getxattr("made", "user.one", buf, 2) == -1 && errno == ERANGE);
        CHECK(fsetxattr(fd, "user.two", "", 0, 0) == 0 && fgetxattr(fd, "user.two", buf, 9) == 0);
        CHECK(lsetxattr("made", "user.three", "3", 1, 0) == 0 && lgetxattr("made", "user.three", buf, 9) == 1);
        CHECK(listxattr("made", NULL, 0) >= 29 && llistxattr("made", buf, 4) == -1 && errno == ERANGE);
        CHECK(flistxattr(fd, buf, sizeof buf) >= 29);
        CHECK(removexattr("made", "user.one") == 0 && lremovexattr("made", "user.two") == 0 && fremovexattr(fd, "user.three") == 0);
        CHECK(getxattr("made", "user.one", buf, 9) == -1 && errno == ENODATA);
        struct { uint64_t value; uint32_t size, flags; } a = {(uintptr_t)"at", 2, 0};
        if (syscall(SYS_(463), AT_FDCWD, "made", 0, "user.at", &a, sizeof a) == 0) {
            a.value = (uintptr_t)buf, a.size = sizeof buf;
            CHECK(syscall(SYS_(464), AT_FDCWD, "made", 0, "user.at", &a, sizeof a) == 2 && !memcmp(buf, "at", 2));
            CHECK(syscall(SYS_(465), AT_FDCWD, "made", 0, buf, sizeof buf) >= 8 && syscall(SYS_(466), AT_FDCWD, "made", 0, "user.at") == 0);
        } else {
            CHECK(errno == ENOSYS);
            CHECK(errno == ENOSYS);
        }
    }
    CHECK(getxattr("missing", "user.one", buf, 9) == -1 && errno == ENOENT);

    struct statx x;
    CHECK(statx(AT_FDCWD, "made", 0, STATX_BASIC_STATS | STATX_BTIME, &x) == 0 && x.stx_size == 0 && S_ISREG(x.stx_mode));
    struct stat st;
    CHECK(stat("made", &st) == 0 && st.st_ino == x.stx_ino && (st.st_mode & 07777) == (x.stx_mode & 07777));
    CHECK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x) == 0 && statx(AT_FDCWD, "", 0, STATX_SIZE, &x) == -1 && errno == ENOENT);
    CHECK(statx(AT_FDCWD, "made", 0x100000, STATX_SIZE, &x) == -1 && errno == EINVAL);
    CHECK(statx(AT_FDCWD, NULL, 0, STATX_SIZE, &x) == -1 && errno == EFAULT);

    /* times */
    struct timespec ts[2] = {{1000000000, 123456789}, {2000000000, 987654321}};
    CHECK(utimensat(AT_FDCWD, "made", ts, 0) == 0 && stat("made", &st) == 0);
    printf("times %lld.%09ld %lld.%09ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    ts[0].tv_nsec = UTIME_OMIT, ts[1].tv_sec = 5, ts[1].tv_nsec = 7;
    CHECK(futimens(fd, ts) == 0 && fstat(fd, &st) == 0 && st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec == 5 && st.st_mtim.tv_nsec == 7);
    struct timeval tv[2] = {{7, 8}, {9, 10}};
    CHECK(utimes("made", tv) == 0 && stat("made", &st) == 0 && st.st_atim.tv_nsec == 8000 && st.st_mtim.tv_sec == 9);
    struct utimbuf ub = {77, 88};
    CHECK(utime("made", &ub) == 0 && stat("made", &st) == 0 && st.st_atim.tv_sec == 77 && st.st_mtim.tv_sec == 88);
    tv[0].tv_usec = 1000000;
    CHECK(utimes("made", tv) == -1 && errno == EINVAL);
#ifdef SYS_utimensat_time64
    int64_t far[4] = {0x180000000, 1, 0x180000001, 2};
    int set = syscall(SYS_utimensat_time64, AT_FDCWD, "made", far, 0);
#else
    struct timespec far[2] = {{0x180000000, 1}, {0x180000001, 2}};
    int set = utimensat(AT_FDCWD, "made", far, 0);
#endif
    CHECK(set == 0);
    CHECK(statx(AT_FDCWD, "made", 0, STATX_BASIC_STATS, &x) == 0);
    printf("far %lld %u %lld %u\n", (long long)x.stx_atime.tv_sec, x.stx_atime.tv_nsec, (long long)x.stx_mtime.tv_sec, x.stx_mtime.tv_nsec);
    ts[0].tv_sec = ts[1].tv_sec = 1, ts[0].tv_nsec = ts[1].tv_nsec = 0;
    CHECK(futimens(fd, ts) == 0);

    struct statfs fs;
    struct statvfs vfs;
    CHECK(statfs(".", &fs) == 0 && fs.f_bsize > 0 && fs.f_namelen == 255 && fs.f_blocks >= fs.f_bfree);
    CHECK(fstatfs(fd, &fs) == 0 && statvfs(".", &vfs) == 0 && vfs.f_namemax == 255);
    CHECK(statfs("/proc", &fs) == 0 && fs.f_type == 0x9fa0 && statfs("missing", &fs) == -1 && errno == ENOENT);
    close(fd);
}

static void copying(void)
{
    char buf[100] = {0};
    int from = open("from", O_RDWR | O_CREAT | O_TRUNC, 0600), to = open("to", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(write(from, "0123456789abcdef", 16) == 16);
    off64_t a = 4, b = 2;
    CHECK(copy_file_range(from, &a, to, &b, 6, 0) == 6 && a == 10 && b == 8);
    CHECK(pread(to, buf, 100, 0) == 8 && !memcmp(buf, "\0\0" "456789", 8));
    CHECK(copy_file_range(from, &a, to, &b, 6, 77) == -1 && errno == EINVAL);
    off_t o = 10;
    CHECK(sendfile(to, from, &o, 100) == 6 && o == 16);
    CHECK(lseek(from, 3, SEEK_SET) == 3 && sendfile(to, from, NULL, 2) == 2 && lseek(from, 0, SEEK_CUR) == 5);
    int p[2], q[2];
    CHECK(pipe(p) == 0 && pipe(q) == 0);
    a = 2;
    CHECK(splice(from, &a, p[1], NULL, 5, 0) == 5 && a == 7);
    CHECK(tee(p[0], q[1], 3, 0) == 3 && read(q[0], buf, 100) == 3 && !memcmp(buf, "234", 3));
    b = 1;
    CHECK(splice(p[0], NULL, to, &b, 5, 0) == 5 && b == 6 && pread(to, buf, 5, 1) == 5 && !memcmp(buf, "23456", 5));
    struct iovec iv[2] = {{"vm", 2}, {"splice", 6}};
    CHECK(vmsplice(p[1], iv, 2, 0) == 8 && read(p[0], buf, 100) == 8 && !memcmp(buf, "vmsplice", 8));
    CHECK(vmsplice(p[1], (void *)8, 2, 0) == -1 && errno == EFAULT);
    CHECK(splice(from, &a, to, &b, 5, 0) == -1 && errno == EINVAL);
    close(p[0]), close(p[1]), close(q[0]), close(q[1]);

    /* positions beyond 4 GiB in a pair of registers */
    const off_t far = 0x123456789ll;
    CHECK(pwrite(to, "far", 3, far) == 3 && lseek(to, 0, SEEK_END) == far + 3);
    struct iovec rv[2] = {{buf, 1}, {buf + 10, 5}};
    CHECK(preadv(to, rv, 2, far) == 3 && buf[0] == 'f' && buf[10] == 'a' && buf[11] == 'r');
    CHECK(pwritev(to, iv, 2, far + 1) == 8 && preadv2(to, rv, 2, far + 1, 0) == 6 && buf[10] == 'm');
    CHECK(lseek(to, far, SEEK_SET) == far && preadv2(to, rv, 1, -1, RWF_HIPRI) == 1 && lseek(to, 0, SEEK_CUR) == far + 1);
    CHECK(pwritev2(to, iv, 1, 5, RWF_SYNC) == 2 && pwritev2(to, iv, 1, 5, 0x4000000) == -1 && errno == EOPNOTSUPP);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, to, 0x123456000ll);
    CHECK(page != MAP_FAILED && !memcmp(page + 0x789, "fvmsplice", 9) && munmap(page, 4096) == 0);
    CHECK(ftruncate(to, far + 100) == 0 && truncate("to", far) == 0 && lseek(to, 0, SEEK_END) == far);
    CHECK(lseek(to, 0, SEEK_DATA) == 0 && lseek(to, far, SEEK_DATA) == -1 && errno == ENXIO);
    int r = fallocate(to, FALLOC_FL_KEEP_SIZE, 0x200000000ll, 4096);
    CHECK((r == 0 || errno == EOPNOTSUPP) && lseek(to, 0, SEEK_END) == far);
    r = fallocate(to, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
    CHECK(r == 0 ? pread(to, buf, 3, 0) == 3 && !buf[0] && !buf[2] : errno == EOPNOTSUPP);
    CHECK(fallocate(to, 0, -1, 4096) == -1 && errno == EINVAL);
    CHECK(posix_fadvise(to, far, 4096, POSIX_FADV_WILLNEED) == 0 && posix_fadvise(to, 0, 0, 99) == EINVAL);
    CHECK(readahead(to, far, 4096) == 0);
    CHECK(sync_file_range(to, far, 4096, SYNC_FILE_RANGE_WRITE) == 0 && sync_file_range(to, 0, 0, 0x80) == -1 && errno == EINVAL);
    uint64_t range[2] = {0, 16}, stat[5];
    r = syscall(SYS_cachestat, from, range, stat, 0);
    CHECK(r == 0 ? stat[0] == 1 : errno == ENOSYS);
    close(from), close(to);
    CHECK(unlink("from") == 0 && unlink("to") == 0);
}

static int try_lock(int command, int type, off_t start, off_t len)
{
    /* in another process, whose locks are its own */
    fflush(stdout);
    int status;
    if (fork() == 0) {
        struct flock lk = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
        int fd = open("made", O_RDWR);
        _exit(fcntl(fd, command, &lk) == 0 ? command == F_GETLK ? lk.l_type == F_UNLCK ? 3 : 4 : 0 : errno == EAGAIN || errno == EACCES ? 1 : 2);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

static volatile int got_signal, got_fd;
static void on_signal(int s, siginfo_t *i, void *u) { got_signal = s, got_fd = i->si_fd; }

static void controlling(void)
{
    int fd = open("made", O_RDWR);
    struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x100000000ll, .l_len = 0x100000000ll};
    CHECK(fcntl(fd, F_SETLK, &lk) == 0);
    printf("locks %d %d %d %d\n", try_lock(F_SETLK, F_RDLCK, 0x100000005ll, 1), try_lock(F_SETLK, F_WRLCK, 5, 1),
           try_lock(F_GETLK, F_WRLCK, 0x1ffffffffll, 1), try_lock(F_GETLK, F_WRLCK, 0x200000000ll, 0));
    fflush(stdout);
    if (fork() == 0) {
        struct flock q = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        CHECK(fcntl(fd, F_GETLK, &q) == 0 && q.l_type == F_WRLCK && q.l_start == 0x100000000ll && q.l_len == 0x100000000ll && q.l_pid == getppid());
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    lk.l_type = F_UNLCK;
    CHECK(fcntl(fd, F_SETLKW, &lk) == 0);
    int other = open("made", O_RDWR);
    struct flock ofd = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 10};
    CHECK(fcntl(fd, F_OFD_SETLK, &ofd) == 0 && fcntl(other, F_OFD_SETLK, &ofd) == -1 && errno == EAGAIN);
    CHECK(fcntl(other, F_OFD_GETLK, &ofd) == 0 && ofd.l_type == F_WRLCK && ofd.l_pid == -1 && ofd.l_start == 10);
    ofd.l_pid = 1;
    CHECK(fcntl(other, F_OFD_SETLK, &ofd) == -1 && errno == EINVAL);
    CHECK(flock(fd, LOCK_EX) == 0 && flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK && flock(fd, LOCK_UN) == 0);
    CHECK(fcntl(fd, F_SETLK, (void *)8) == -1 && errno == EFAULT);
    close(other);

    /* owners and their signals */
    int p[2];
    CHECK(pipe(p) == 0 && fcntl(p[0], F_SETOWN, getpid()) == 0 && fcntl(p[0], F_GETOWN) == getpid());
    struct f_owner_ex own = {F_OWNER_PGRP, 0};
    CHECK(fcntl(p[0], F_GETOWN_EX, &own) == 0 && own.type == F_OWNER_PID && own.pid == getpid());
    own.type = F_OWNER_TID;
    CHECK(fcntl(p[0], F_SETOWN_EX, &own) == 0 && fcntl(p[0], F_GETOWN_EX, &own) == 0 && own.type == F_OWNER_TID);
    CHECK(fcntl(p[0], F_GETSIG) == 0 && fcntl(p[0], F_SETSIG, SIGUSR2) == 0 && fcntl(p[0], F_GETSIG) == SIGUSR2);
    struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR2, &sa, NULL);
    CHECK(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK) == 0 && (fcntl(p[0], F_GETFL) & (O_ASYNC | O_NONBLOCK)) == (O_ASYNC | O_NONBLOCK));
    CHECK(write(p[1], "x", 1) == 1);
    for (int i = 0; i < 1000 && !got_signal; i++)
        usleep(1000);
    printf("signal %d fd %d\n", got_signal == SIGUSR2, got_fd == p[0]);
    CHECK(fcntl(p[0], F_SETPIPE_SZ, 8192) == 8192 && fcntl(p[0], F_GETPIPE_SZ) == 8192);
    close(p[0]), close(p[1]);
    CHECK(fcntl(fd, F_SETLEASE, F_RDLCK) == -1 || fcntl(fd, F_GETLEASE) == F_RDLCK);
    fcntl(fd, F_SETLEASE, F_UNLCK);
    int ro = open("made", O_RDONLY);
    close(fd);
    CHECK(fcntl(ro, F_SETLEASE, F_RDLCK) == 0 && fcntl(ro, F_GETLEASE) == F_RDLCK && fcntl(ro, F_SETLEASE, F_UNLCK) == 0);
    uint64_t hint = 9;
    CHECK(fcntl(ro, F_GET_RW_HINT, &hint) == 0 && hint == 0);
    CHECK(fcntl(ro, 4444) == -1 && errno == EINVAL && fcntl(99, F_GETFD) == -1 && errno == EBADF);
    close(ro);
    int m = memfd_create("m", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    CHECK(fcntl(m, F_GET_SEALS) == 0 && fcntl(m, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_WRITE) == 0 && fcntl(m, F_GET_SEALS) == (F_SEAL_GROW | F_SEAL_WRITE));
    CHECK(write(m, "x", 1) == -1 && errno == EPERM);
    close(m);
    got_signal = 0;
    int d = open(".", O_RDONLY);
    CHECK(fcntl(d, F_SETSIG, SIGUSR2) == 0 && fcntl(d, F_NOTIFY, DN_CREATE) == 0);
    close(open("noticed", O_CREAT | O_WRONLY, 0600));
    for (int i = 0; i < 1000 && !got_signal; i++)
        usleep(1000);
    printf("notify %d fd %d\n", got_signal == SIGUSR2, got_fd == d);
    close(d);
    unlink("noticed");

    /* descriptors up to the limit, all closed at once */
    int before = dup(0);
    close(before);
    CHECK(dup3(0, 200, O_CLOEXEC) == 200 && fcntl(200, F_GETFD) == FD_CLOEXEC && dup3(0, 0, 0) == -1 && errno == EINVAL);
    CHECK(fcntl(0, F_DUPFD_CLOEXEC, 300) == 300 && close_range(150, 250, 0) == 0 && fcntl(200, F_GETFD) == -1 && fcntl(300, F_GETFD) == FD_CLOEXEC);
    CHECK(close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0 && close_range(3, ~0u, 0) == 0 && close_range(9, 3, 0) == -1 && errno == EINVAL);
    for (int i = 3; i < 1024; i++)
        close(i);
    int after = dup(0);
    printf("lowest %d\n", after == before);
    close(after);
}

static void watching(void)
{
    char buf[4096] __attribute__((aligned(8)));
    int i = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK(i >= 0 && fcntl(i, F_GETFD) == FD_CLOEXEC && (fcntl(i, F_GETFL) & O_NONBLOCK));
    int w = inotify_add_watch(i, ".", IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO);
    CHECK(w > 0 && read(i, buf, sizeof buf) == -1 && errno == EAGAIN);
    close(open("watched", O_CREAT | O_WRONLY, 0600));
    rename("watched", "renamed");
    unlink("renamed");
    long n = read(i, buf, sizeof buf);
    uint32_t cookie = 0;
    for (long at = 0; at < n;) {
        struct inotify_event *e = (void *)(buf + at);
        printf("event %x %s wd %d cookie %d\n", e->mask, e->name, e->wd == w, e->cookie ? cookie ? e->cookie == cookie : 2 : 0);
        cookie = e->cookie;
        at += sizeof *e + e->len;
    }
    CHECK(inotify_rm_watch(i, w) == 0 && inotify_rm_watch(i, 77) == -1 && errno == EINVAL);
    close(i);
    CHECK(fanotify_init(0x80000000, O_RDONLY) == -1 && (errno == EINVAL || errno == EPERM || errno == ENOSYS));
    CHECK(fanotify_mark(0, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, ".") == -1 && (errno == EINVAL || errno == ENOSYS));
    int f = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
    if (f >= 0 && fanotify_mark(f, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, ".") == 0) {
        close(open("made", O_WRONLY));
        n = read(f, buf, sizeof buf);
        struct fanotify_event_metadata *m = (void *)buf;
        char link[64], target[400] = {0};
        snprintf(link, sizeof link, "/proc/self/fd/%d", m->fd);
        CHECK(n >= (long)sizeof *m && m->event_len == 24 && m->vers == 3 && m->metadata_len == 24 && m->pid == getpid());
        CHECK((m->mask & FAN_OPEN) && readlink(link, target, sizeof target - 1) > 4 && !strcmp(target + strlen(target) - 4, "made"));
        CHECK(fcntl(m->fd, F_GETFD) == FD_CLOEXEC);
    } else {
        printf("ok n >= (long)sizeof *m && m->event_len == 24 && m->vers == 3 && m->metadata_len == 24 && m->pid == getpid()\n");
        printf("ok (m->mask & FAN_OPEN) && readlink(link, target, sizeof target - 1) > 4 && !strcmp(target + strlen(target) - 4, \"made\")\n");
        printf("ok fcntl(m->fd, F_GETFD) == FD_CLOEXEC\n");
    }
    for (int i = 3; i < 20; i++)
        close(i);
}

int mounting_is_refused(void);

static void naming(void)
{
    struct { struct file_handle h; char room[128]; } h = {{.handle_bytes = 128}};
    int mount = -1;
    int r = name_to_handle_at(AT_FDCWD, "made", &h.h, &mount, 0);
    CHECK(r == 0 ? h.h.handle_bytes > 0 && h.h.handle_bytes <= 128 && mount >= 0 : errno == EOPNOTSUPP);
    unsigned length = h.h.handle_bytes;
    h.h.handle_bytes = 0;
    r = name_to_handle_at(AT_FDCWD, "made", &h.h, &mount, 0);
    CHECK(r == -1 && (errno == EOVERFLOW ? h.h.handle_bytes == length : errno == EOPNOTSUPP));
    h.h.handle_bytes = 129;
    CHECK(name_to_handle_at(AT_FDCWD, "made", &h.h, &mount, 0) == -1 && errno == EINVAL);
    h.h.handle_bytes = 128;
    if (name_to_handle_at(AT_FDCWD, "made", &h.h, &mount, 0) == 0) {
        int fd = open_by_handle_at(AT_FDCWD, &h.h, O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0 ? fcntl(fd, F_GETFD) == FD_CLOEXEC : errno == EPERM);
        close(fd);
    }
    CHECK(syscall(SYS_renameat2, AT_FDCWD, "made", AT_FDCWD, "remade", 1) == 0);
    CHECK(mkdir("exchanged", 0700) == 0 && syscall(SYS_renameat2, AT_FDCWD, "remade", AT_FDCWD, "exchanged", 2) == 0);
    struct stat st;
    CHECK(stat("remade", &st) == 0 && S_ISDIR(st.st_mode) && rmdir("remade") == 0 && rename("exchanged", "made") == 0);
    CHECK(syscall(SYS_renameat2, AT_FDCWD, "made", AT_FDCWD, "remade", 8) == -1 && errno == EINVAL);
    CHECK(linkat(AT_FDCWD, "made", AT_FDCWD, "again", 0) == 0 && stat("again", &st) == 0 && st.st_nlink == 2 && unlinkat(AT_FDCWD, "again", 0) == 0);
    CHECK(symlinkat("made", AT_FDCWD, "s") == 0 && fstatat(AT_FDCWD, "s", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) && unlink("s") == 0);
    CHECK(mkfifo("fifo", 0600) == 0 && stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode) && unlink("fifo") == 0);
    CHECK(mkdirat(AT_FDCWD, "dir", 0700) == 0 && unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR) == 0);
    /* what only root may do, or what is not there: errors, not ENOSYS */
    CHECK(mounting_is_refused());
}

int mounting_is_refused(void)
{
    uint64_t attr[4] = {1};
    int seen[10] = {
        syscall(SYS_(430), "no such file system", 0) == -1 ? errno : 0,
        syscall(SYS_(428), AT_FDCWD, "missing", 0) == -1 ? errno : 0,
        syscall(SYS_(429), AT_FDCWD, "missing", AT_FDCWD, "missing", 0) == -1 ? errno : 0,
        syscall(SYS_(431), -1, 0, "key", NULL, 0) == -1 ? errno : 0,
        syscall(SYS_(432), -1, 0, 0) == -1 ? errno : 0,
        syscall(SYS_(433), AT_FDCWD, "missing", 0) == -1 ? errno : 0,
        syscall(SYS_(442), AT_FDCWD, "missing", 0, attr, sizeof attr) == -1 ? errno : 0,
        syscall(SYS_pivot_root, "missing", "missing") == -1 ? errno : 0,
        mount("none", "missing", "tmpfs", 0, "size=1m") == -1 ? errno : 0,
        umount2("missing", 0) == -1 ? errno : 0,
    };
    for (int i = 0; i < 10; i++)
        printf("mount %d: %s\n", i, strerror(seen[i]));
    return seen[0] && seen[9];
}

int main(void)
{
    umask(022);
    opening();
    attributes();
    copying();
    controlling();
    watching();
    naming();
    CHECK(unlink("made") == 0);
    return t_done();
}
