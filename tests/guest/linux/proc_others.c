/* What other processes find in /proc as a process's command line and environment: the guest's, and as it changes them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[1 << 16];

/* Prints a file of a process with one string a line, without the directories of the first. */
static void show(const char *file, pid_t process, int lines)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, file);
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    printf("%s:", file);
    for (char *s = text; lines > 0 && s < text + len; s += strlen(s) + 1, lines--) {
        char *last = s == text ? strrchr(s, '/') : NULL;
        printf(" [%s]", last ? last + 1 : s);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc == 3) { /* the program that is executed below: changes its name when it is told to */
        char byte = 0;
        if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1) return 1;
        strcpy(argv[1], "changed");
        if (write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1) return 1;
        return 0;
    }
    int to[2], from[2];
    if (pipe(to) || pipe(from)) return 1;
    pid_t child = fork();
    if (child == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        char *arguments[] = {argv[0], "first argument", "second", NULL};
        char *environment[] = {"A=1", "B=2 3", NULL};
        execve("/proc/self/exe", arguments, environment);
        _exit(2);
    }
    char byte;
    if (read(from[0], &byte, 1) != 1) return 1;
    show("cmdline", child, 9);
    show("environ", child, 2);
    if (write(to[1], &byte, 1) != 1 || read(from[0], &byte, 1) != 1) return 1;
    show("cmdline", child, 2);
    if (write(to[1], &byte, 1) != 1) return 1;
    int status;
    waitpid(child, &status, 0);
    printf("%d\n", status);

    /* A child that only forks shows what its parent does. */
    fflush(stdout);
    pid_t parent = getpid();
    if (fork() == 0) {
        char own[64];
        snprintf(own, sizeof own, "/proc/%d/cmdline", (int)parent);
        int fd = open(own, O_RDONLY);
        ssize_t len = read(fd, text, sizeof text);
        printf("%d %d\n", len == (ssize_t)strlen(argv[0]) + 1, strcmp(text, argv[0]) == 0);
        fflush(stdout);
        _exit(0);
    }
    wait(&status);
    return status;
}
