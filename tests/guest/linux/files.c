/* Covers: open, read, write, seek, pread/pwrite, readv/writev, stat family,
 * rename, link, symlink, unlink, mkdir, directory reading, ftruncate, dup,
 * fcntl, access, chmod, utimes, truncate, large offsets, stdio on files.
 * Built with 64-bit file types: inode numbers of the host may not fit 32 bits. */
#define _FILE_OFFSET_BITS 64
#include "t.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *dir)
{
    char *names[32];
    int n = 0;
    DIR *d = opendir(dir);
    if (!d) {
        printf("opendir: %s\n", strerror(errno));
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char buf[300];
        const char *type = e->d_type == DT_DIR ? "dir" : e->d_type == DT_REG ? "file" : e->d_type == DT_LNK ? "link"
                           : e->d_type == DT_FIFO ? "fifo" : "other";
        snprintf(buf, sizeof buf, "%s:%s", e->d_name, type);
        if (n < 32)
            names[n++] = strdup(buf);
    }
    closedir(d);
    qsort(names, (size_t)n, sizeof names[0], by_name);
    for (int i = 0; i < n; i++) {
        printf("%s ", names[i]);
        free(names[i]);
    }
    printf("(%d)\n", n);
}

int main(void)
{
    char buf[200] = {0};
    struct stat st;
    umask(022);
    CHECK(mkdir("d", 0755) == 0 && mkdir("d", 0755) == -1 && errno == EEXIST);
    CHECK(chdir("d") == 0);

    int fd = open("f", O_RDWR | O_CREAT | O_EXCL, 0640);
    CHECK(fd >= 0 && open("f", O_RDWR | O_CREAT | O_EXCL, 0640) == -1 && errno == EEXIST);
    CHECK(write(fd, "hello, world\n", 13) == 13);
    CHECK(lseek(fd, 0, SEEK_CUR) == 13 && lseek(fd, -6, SEEK_END) == 7 && lseek(fd, 2, SEEK_SET) == 2);
    CHECK(read(fd, buf, 3) == 3 && !memcmp(buf, "llo", 3));
    CHECK(lseek(fd, -100, SEEK_SET) == -1 && errno == EINVAL);
    CHECK(pread(fd, buf, 5, 7) == 5 && !memcmp(buf, "world", 5) && lseek(fd, 0, SEEK_CUR) == 5);
    CHECK(pwrite(fd, "W", 1, 7) == 1);
    CHECK(fstat(fd, &st) == 0 && st.st_size == 13 && S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0640 && st.st_nlink == 1);
    struct iovec iv[3] = {{"one ", 4}, {"", 0}, {"two", 3}};
    CHECK(lseek(fd, 0, SEEK_END) == 13 && writev(fd, iv, 3) == 7);
    char a[5], b[20];
    struct iovec rv[2] = {{a, 5}, {b, 20}};
    CHECK(lseek(fd, 5, SEEK_SET) == 5 && readv(fd, rv, 2) == 15 && !memcmp(b, "ld\none two", 10));
    CHECK(ftruncate(fd, 5) == 0 && fstat(fd, &st) == 0 && st.st_size == 5);
    CHECK(ftruncate(fd, 100) == 0 && pread(fd, buf, 100, 0) == 100 && buf[4] == 'o' && buf[5] == 0 && buf[99] == 0);
    CHECK(read(fd, NULL, 0) == 0 && read(fd, (void *)8, 10) == -1 && errno == EFAULT);

    /* descriptors */
    int e = dup(fd), g = dup2(fd, 50);
    CHECK(e > fd && g == 50);
    lseek(fd, 3, SEEK_SET);
    CHECK(lseek(e, 0, SEEK_CUR) == 3 && lseek(g, 0, SEEK_CUR) == 3); /* one shared offset */
    CHECK(fcntl(fd, F_DUPFD, 60) == 60);
    CHECK(fcntl(fd, F_GETFD) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR);
    CHECK(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK) == 0 && (fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
    CHECK(write(fd, "end", 3) == 3 && lseek(e, 0, SEEK_CUR) == 103);
    struct flock lk = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
    CHECK(fcntl(fd, F_SETLK, &lk) == 0);
    lk.l_type = F_WRLCK;
    CHECK(fcntl(fd, F_GETLK, &lk) == 0 && lk.l_type == F_UNLCK); /* own locks do not conflict */
    close(e); close(50); close(60);
    CHECK(close(e) == -1 && errno == EBADF && write(e, "x", 1) == -1 && errno == EBADF);

    /* large offsets need 64-bit arguments in register pairs */
    CHECK(lseek64(fd, 0x123456789all, SEEK_SET) == 0x123456789all);
    CHECK(ftruncate64(fd, 0x100000005ll) == 0);
    struct stat64 st64;
    CHECK(fstat64(fd, &st64) == 0 && st64.st_size == 0x100000005ll);
    fcntl(fd, F_SETFL, 0);
    CHECK(pwrite64(fd, "far", 3, 0x100000000ll) == 3 && pread64(fd, buf, 10, 0x100000000ll) == 5 && !memcmp(buf, "far\0", 5));
    CHECK(lseek64(fd, -5, SEEK_END) == 0x100000000ll);
    close(fd);
    CHECK(truncate("f", 7) == 0 && stat("f", &st) == 0 && st.st_size == 7);

    /* names */
    CHECK(link("f", "hard") == 0 && stat("hard", &st) == 0 && st.st_nlink == 2);
    CHECK(symlink("f", "soft") == 0 && lstat("soft", &st) == 0 && S_ISLNK(st.st_mode) && st.st_size == 1);
    CHECK(readlink("soft", buf, sizeof buf) == 1 && buf[0] == 'f');
    CHECK(mkdir("sub", 0700) == 0 && mkfifo("pipe", 0600) == 0);
    list(".");
    CHECK(rename("hard", "sub/moved") == 0 && access("hard", F_OK) == -1 && errno == ENOENT);
    list("sub");
    CHECK(rmdir("sub") == -1 && errno == ENOTEMPTY);
    CHECK(unlink("sub/moved") == 0 && rmdir("sub") == 0 && unlink("soft") == 0 && unlink("pipe") == 0);
    CHECK(unlink("none") == -1 && errno == ENOENT && open("none", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(open("f/x", O_RDONLY) == -1 && errno == ENOTDIR && open(".", O_WRONLY) == -1 && errno == EISDIR);
    CHECK(chmod("f", 0400) == 0 && stat("f", &st) == 0 && (st.st_mode & 07777) == 0400);
    struct timespec ts[2] = {{1000000000, 5000}, {1100000000, 7000}};
    CHECK(utimensat(AT_FDCWD, "f", ts, 0) == 0 && stat("f", &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec == 1100000000 && st.st_mtim.tv_nsec == 7000);
    int dir = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(dir >= 0 && fstatat(dir, "f", &st, 0) == 0 && st.st_size == 7 && faccessat(dir, "f", R_OK, 0) == 0);
    fd = openat(dir, "new", O_WRONLY | O_CREAT, 0666);
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0644); /* the umask took its part */
    close(fd);
    CHECK(renameat(dir, "new", dir, "newer") == 0 && unlinkat(dir, "newer", 0) == 0);
    CHECK(ftruncate(dir, 0) == -1 && errno == EINVAL);
    CHECK(lseek(dir, 0, SEEK_SET) == 0);
    close(dir);
    unlink("f");
    struct statfs sf;
    CHECK(statfs(".", &sf) == 0 && sf.f_bsize > 0 && sf.f_namelen > 0);
    list(".");

    /* stdio */
    FILE *fp = fopen("text", "w+");
    for (int i = 0; i < 2000; i++)
        fprintf(fp, "line %d\n", i);
    CHECK(ftell(fp) == 18890 && fseek(fp, 0, SEEK_SET) == 0);
    int n = 0, sum = 0, x;
    while (fscanf(fp, "line %d\n", &x) == 1)
        n++, sum += x;
    CHECK(n == 2000 && sum == 1999000 && feof(fp));
    fseek(fp, 1000, SEEK_SET);
    CHECK(fgets(buf, sizeof buf, fp) != NULL);
    printf("%s", buf);
    CHECK(ungetc('!', fp) == '!' && fgetc(fp) == '!');
    fclose(fp);
    fp = fopen("text", "a");
    fputs("appended", fp);
    fclose(fp);
    CHECK(stat("text", &st) == 0 && st.st_size == 18898);
    remove("text");

    /* pipes, /dev and errors on them */
    int p[2];
    CHECK(pipe(p) == 0 && fstat(p[0], &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK(lseek(p[0], 0, SEEK_SET) == -1 && errno == ESPIPE);
    CHECK(fcntl(p[0], F_SETFL, O_NONBLOCK) == 0 && read(p[0], buf, 1) == -1 && errno == EAGAIN);
    close(p[1]);
    CHECK(read(p[0], buf, 1) == 0);
    close(p[0]);
    fd = open("/dev/zero", O_RDONLY);
    memset(buf, 1, sizeof buf);
    CHECK(read(fd, buf, 100) == 100 && buf[0] == 0 && buf[99] == 0 && buf[100] == 1);
    CHECK(fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && !isatty(fd));
    close(fd);
    CHECK(chdir("..") == 0 && rmdir("d") == 0);
    return t_done();
}
