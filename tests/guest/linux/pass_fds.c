/* Covers: what a program does that starts another with some of its descriptors only: in the child it lists /proc/self/fd
 * with the plain system call, closes what is not to be passed, and executes; the parent waits for the end of a pipe that
 * says how that went. */
#include "t.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry {
    uint64_t ino;
    int64_t off;
    unsigned short len;
    unsigned char type;
    char name[];
};

/* Closes all but the standard ones and `keep`, as between fork and exec: without the C library's memory. */
static int close_others(const int *keep, int count)
{
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY), closed = 0;
    char buffer[1024] __attribute__((aligned(8)));
    long got;
    while ((got = syscall(SYS_getdents64, dir, buffer, sizeof buffer)) > 0)
        for (long at = 0; at < got;) {
            struct entry *e = (struct entry *)(buffer + at);
            int fd = 0, kept = e->name[0] < '0' || e->name[0] > '9';
            for (const char *c = e->name; *c >= '0' && *c <= '9'; c++)
                fd = 10 * fd + *c - '0';
            for (int i = 0; i < count; i++)
                kept |= keep[i] == fd;
            if (!kept && fd > 2 && fd != dir)
                closed += close(fd) == 0;
            at += e->len;
        }
    close(dir);
    return got < 0 ? -1 : closed;
}

/* What the started program sees: which of the first descriptors are open, on descriptor `out`. */
static int report(int out)
{
    char seen[200] = "";
    for (int fd = 0; fd < 100; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%d ", fd);
    return write(out, seen, strlen(seen)) < 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return report(atoi(argv[1]));
    /* Whatever was inherited is no matter here. */
    close_range(3, ~0u, 0);
    CHECK(1);
    for (int i = 10; i < 60; i++)
        dup2(0, i);
    for (int round = 0; round < 3; round++) {
        int status_pipe[2], data[2], keep[4];
        if (pipe2(status_pipe, O_CLOEXEC) || pipe(data))
            return 1;
        keep[0] = data[1], keep[1] = status_pipe[1], keep[2] = 20 + round, keep[3] = 59;
        fflush(stdout);
        pid_t pid = round == 2 ? vfork() : fork();
        if (pid == 0) {
            char number[8];
            snprintf(number, sizeof number, "%d", data[1]);
            if (close_others(keep, 4) > 40)
                execl("/proc/self/exe", "pass_fds", number, (char *)NULL);
            char failed = 'x';
            write(status_pipe[1], &failed, 1);
            _exit(255);
        }
        close(status_pipe[1]), close(data[1]);
        char c, text[200] = "", want[200];
        CHECK(read(status_pipe[0], &c, 1) == 0);
        ssize_t n, all = 0;
        while ((n = read(data[0], text + all, sizeof text - 1 - all)) > 0)
            all += n;
        snprintf(want, sizeof want, "0 1 2 %d %d 59 ", keep[0], keep[2]);
        printf("%s\n", strcmp(text, want) ? text : "just those");
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        close(status_pipe[0]), close(data[0]);
        CHECK(fcntl(59, F_GETFD) == 0 && fcntl(30, F_GETFD) == 0);
    }
    return t_done();
}
