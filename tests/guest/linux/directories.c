/* Directories and inode numbers, by a program built without large-file support: positions and numbers of 64-bit file
 * systems must fit.  Also the kernel's own calls for reading them. */
#undef _FILE_OFFSET_BITS
#include "t.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define COUNT 300

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(void)
{
    CHECK(mkdir("many", 0755) == 0 && chdir("many") == 0);
    for (int i = 0; i < COUNT; i++) {
        char name[40];
        snprintf(name, sizeof name, "entry-%03d-%.*s", i, i % 20, "aaaaaaaaaaaaaaaaaaaa");
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        if (fd < 0 || close(fd))
            printf("cannot create %s: %s\n", name, strerror(errno));
    }

    /* every entry once, and its number is that of stat */
    DIR *d = opendir(".");
    char *names[COUNT + 10];
    long places[COUNT + 10];
    int n = 0, same = 0, small = 0;
    errno = 0;
    for (;;) {
        places[n] = telldir(d);
        struct dirent *e = readdir(d);
        if (!e)
            break;
        struct stat st;
        same += lstat(e->d_name, &st) == 0 && (st.st_ino == e->d_ino || !strcmp(e->d_name, ".."));
        small += (unsigned long long)e->d_off <= 0x7fffffffffffffffull;
        names[n++] = strdup(e->d_name);
    }
    printf("read %d errno %d same %d small %d\n", n, errno, same, small);

    /* back to remembered places */
    int right = 0;
    for (int i = n - 1; i >= 0; i -= 7) {
        seekdir(d, places[i]);
        struct dirent *e = readdir(d);
        right += e && !strcmp(e->d_name, names[i]);
    }
    printf("seekdir found %d of %d\n", right, (n + 6) / 7);
    rewinddir(d);
    int again = 0;
    while (readdir(d))
        again++;
    printf("after rewinddir %d\n", again);
    closedir(d);
    qsort(names, n, sizeof names[0], by_name);
    printf("first %s %s %s last %s\n", names[0], names[1], names[2], names[n - 1]);

    /* the call itself, in small portions, and back to a position in the middle */
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    char buf[512], again_buf[512];
    long got, total = 0;
    off_t middle = 0;
    while ((got = syscall(SYS_getdents64, fd, buf, sizeof buf)) > 0) {
        for (long at = 0; at < got;) {
            struct dirent64 *e = (void *)(buf + at);
            total++;
            if (total == 100)
                middle = e->d_off;
            at += e->d_reclen;
        }
    }
    printf("getdents64 %ld end %ld\n", total, got);
    CHECK(lseek(fd, middle, SEEK_SET) >= 0);
    long rest = 0;
    while ((got = syscall(SYS_getdents64, fd, buf, sizeof buf)) > 0)
        for (long at = 0; at < got; at += ((struct dirent64 *)(buf + at))->d_reclen)
            rest++;
    printf("rest %ld\n", rest);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    long old = 0;
    while ((got = syscall(SYS_getdents, fd, buf, sizeof buf)) > 0)
        for (long at = 0; at < got;) {
            struct { unsigned long ino, off; unsigned short len; char name[1]; } *e = (void *)(buf + at);
            unsigned char type = buf[at + e->len - 1];
            old += type == DT_REG || type == DT_DIR;
            at += e->len;
        }
    printf("getdents %ld\n", old);
    CHECK(lseek(fd, 0, SEEK_SET) == 0 && syscall(SYS_getdents64, fd, buf, 10) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_getdents64, 99, buf, sizeof buf) == -1 && errno == EBADF);
    int plain = open(names[5], O_RDONLY);
    CHECK(syscall(SYS_getdents64, plain, buf, sizeof buf) == -1 && errno == ENOTDIR);
    CHECK(lseek(plain, 0x40000005, SEEK_SET) == 0x40000005 && lseek(plain, 0, SEEK_CUR) == 0x40000005);
    close(plain);

    /* removing while reading */
    d = opendir(".");
    int removed = 0;
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.')
            removed += unlink(e->d_name) == 0;
    closedir(d);
    printf("removed %d\n", removed);
    CHECK(chdir("..") == 0 && rmdir("many") == 0);
    CHECK(syscall(SYS_getdents64, fd, buf, sizeof buf) <= 0);
    return t_done();
}
