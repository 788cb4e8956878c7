/* Covers: exec of guest programs: this one runs itself through /proc/self/exe,
 * with arguments, environment, an inherited and a close-on-exec descriptor, none for
 * the standard input, an ignored and a blocked signal; then as interpreter of a #! script. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void caught(int s) { (void)s; }

int main(int argc, char **argv, char **envp)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && !strcmp(argv[1], "child")) {
        sigset_t s;
        struct sigaction a, b;
        printf("child: argc %d argv0 %s last %s\n", argc, argv[0], argv[3]);
        for (char **e = envp; *e; e++)
            printf("env %s\n", *e);
        printf("kept %d closed %d\n", fcntl(20, F_GETFD) >= 0, fcntl(21, F_GETFD) == -1 && errno == EBADF);
        printf("no standard input: %d\n", fcntl(0, F_GETFD) == -1 && errno == EBADF && open("/dev/zero", O_RDONLY) == 0);
        sigprocmask(SIG_BLOCK, NULL, &s);
        sigaction(SIGUSR1, NULL, &a);
        sigaction(SIGUSR2, NULL, &b);
        printf("blocked %d ignored %d handler reset %d\n", sigismember(&s, SIGALRM),
               a.sa_handler == SIG_IGN, b.sa_handler == SIG_DFL);
        return 17;
    }
    if (argc >= 3 && !strcmp(argv[1], "script")) {
        printf("script: argc %d, %s, rest %s\n", argc, argv[2], argc > 3 ? argv[3] : "-");
        return 18;
    }

    char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = 0;
    const char *base = strrchr(self, '/');
    printf("self: %s\n", base ? base + 1 : "?");

    int st;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t s;
        int fd = open("/dev/null", O_RDONLY);
        dup2(fd, 20);
        dup2(fd, 21);
        fcntl(21, F_SETFD, FD_CLOEXEC);
        close(0);
        sigemptyset(&s);
        sigaddset(&s, SIGALRM);
        sigprocmask(SIG_BLOCK, &s, NULL);
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, caught);
        char *av[] = {"my name", "child", "", "a b\tc", NULL}, *ev[] = {"A=1", "EMPTY=", NULL};
        execve("/proc/self/exe", av, ev);
        perror("execve");
        _exit(1);
    }
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 17);

    int fd = open("script.tmp", O_WRONLY | O_CREAT | O_TRUNC, 0700);
    dprintf(fd, "#!%s script\nignored\n", self);
    close(fd);
    pid = fork();
    if (pid == 0) {
        execl("./script.tmp", "script.tmp", "extra", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st) && WEXITSTATUS(st) == 18);
    unlink("script.tmp");
    return t_done();
}
