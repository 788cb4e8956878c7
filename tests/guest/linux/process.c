/* Covers: fork, wait, exit codes, pipes between processes, inherited
 * descriptors, copy-on-write memory, orphan-free trees, wait4 with WNOHANG,
 * and exec failures.  (Successful exec is in exec_self.c.) */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int global = 5;

int main(void)
{
    int st, p[2], q[2];
    int local = 6;
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *heap = malloc(100000);
    memset(heap, 'h', 100000);

    setvbuf(stdout, NULL, _IOLBF, 0);
    fflush(stdout);
    pid_t me = getpid(), pid = fork();
    if (pid == 0) {
        global++;
        local++;
        heap[50000] = 'c';
        *shared = global * 100 + local;
        _exit(getppid() == me && getpid() != me ? 33 : 34);
    }
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 33);
    CHECK(global == 5 && local == 6 && heap[50000] == 'h' && *shared == 607);

    /* a worker answers over two pipes */
    CHECK(pipe(p) == 0 && pipe(q) == 0);
    pid = fork();
    if (pid == 0) {
        close(p[1]);
        close(q[0]);
        int x;
        while (read(p[0], &x, sizeof x) == sizeof x) {
            x = x * x;
            if (write(q[1], &x, sizeof x) != sizeof x)
                _exit(1);
        }
        _exit(0);
    }
    close(p[0]);
    close(q[1]);
    int sum = 0;
    for (int i = 0; i < 100; i++) {
        int x = i;
        if (write(p[1], &x, sizeof x) != sizeof x || read(q[0], &x, sizeof x) != sizeof x)
            t_failures++;
        sum += x;
    }
    close(p[1]);
    CHECK(read(q[0], &sum, sizeof sum) == 0 && sum == 328350);
    CHECK(wait(&st) == pid && st == 0);
    close(q[0]);

    /* more than a pipe holds: both sides must make progress */
    CHECK(pipe(p) == 0);
    pid = fork();
    if (pid == 0) {
        close(p[0]);
        char block[1000];
        for (int i = 0; i < 300; i++) {
            memset(block, i, sizeof block);
            for (size_t o = 0; o < sizeof block;) {
                ssize_t n = write(p[1], block + o, sizeof block - o);
                if (n <= 0)
                    _exit(1);
                o += (size_t)n;
            }
        }
        _exit(0);
    }
    close(p[1]);
    long total = 0, bytes = 0;
    unsigned char buf[777];
    for (ssize_t n; (n = read(p[0], buf, sizeof buf)) > 0; bytes += n)
        for (ssize_t i = 0; i < n; i++)
            total += buf[i];
    CHECK(bytes == 300000);
    printf("total %ld\n", total);
    CHECK(waitpid(pid, &st, 0) == pid && st == 0);

    /* a tree of processes: each adds its children's results */
    pid = fork();
    if (pid == 0) {
        int acc = 1;
        for (int level = 0; level < 3; level++) {
            pid_t c = fork();
            if (c == 0) {
                acc = 1;
                continue;
            }
            if (waitpid(c, &st, 0) != c)
                _exit(255);
            acc += WEXITSTATUS(st);
        }
        _exit(acc);
    }
    CHECK(waitpid(pid, &st, 0) == pid && WEXITSTATUS(st) == 8);

    /* WNOHANG, then the end; usage is filled in */
    CHECK(pipe(p) == 0);
    pid = fork();
    if (pid == 0) {
        char c;
        close(p[1]);
        _exit(read(p[0], &c, 1) == 0 ? 3 : 4);
    }
    CHECK(waitpid(pid, &st, WNOHANG) == 0);
    close(p[1]);
    struct rusage ru;
    CHECK(wait4(pid, &st, 0, &ru) == pid && WEXITSTATUS(st) == 3);
    CHECK(waitpid(-1, &st, 0) == -1 && errno == ECHILD);

    /* exit runs atexit and flushes, through a redirected stdout */
    int fd = open("out.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    pid = fork();
    if (pid == 0) {
        dup2(fd, 1);
        setvbuf(stdout, NULL, _IOFBF, 4096);
        printf("from the child\n");
        exit(0);
    }
    waitpid(pid, &st, 0);
    char line[40] = {0};
    lseek(fd, 0, SEEK_SET);
    CHECK(read(fd, line, sizeof line - 1) == 15 && !strcmp(line, "from the child\n"));
    close(fd);
    unlink("out.tmp");

    /* exec that cannot work leaves the process as it was */
    char *av[] = {"x", NULL};
    CHECK(execv("/nonexistent/program", av) == -1 && errno == ENOENT);
    CHECK(execv("/", av) == -1 && errno == EACCES);
    fd = open("noexec.tmp", O_RDWR | O_CREAT, 0600);
    close(fd);
    CHECK(execv("./noexec.tmp", av) == -1 && errno == EACCES);
    unlink("noexec.tmp");
    CHECK(execv((char *)8, av) == -1 && errno == EFAULT);
    return t_done();
}
