/* Covers: execveat in all its forms, fexecve, programs and scripts given as descriptors, programs in memory files, nested
 * and broken scripts, what the program is told of its name (AT_EXECFN, argv, comm), and the errors of execve. */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

enum { FIRST = 40 };
static char self[512];

/* Numbers in names differ from run to run. */
static const char *steady(const char *s)
{
    static char out[512];
    char *o = out;
    for (; *s && o < out + sizeof out - 1; s++)
        if (*s < '0' || *s > '9')
            *o++ = *s;
        else if (o == out || o[-1] != 'N')
            *o++ = 'N';
    *o = 0;
    return out;
}

static int child(int argc, char **argv)
{
    const char *fn = (const char *)getauxval(AT_EXECFN), *base = strrchr(fn, '/');
    char comm[32] = "";
    prctl(PR_GET_NAME, comm);
    printf("  execfn %s", strncmp(fn, "/dev/fd/", 8) ? (base ? base + 1 : fn) : steady(fn));
    printf(", argc %d:", argc);
    for (int i = 0; i < argc; i++) {
        base = strrchr(argv[i], '/');
        printf(" [%s]", strncmp(argv[i], "/dev/fd/", 8) ? (base ? base + 1 : argv[i]) : steady(argv[i]));
    }
    int open_files = 0;
    for (int fd = FIRST; fd < FIRST + 50; fd++)
        open_files += fcntl(fd, F_GETFD) != -1;
    printf(", secure %ld, open %d\n", (long)getauxval(AT_SECURE), open_files);
    return 7;
}

static char *const env[] = {"EXEC_CHILD=1", NULL};

/* Runs `how` in a child; tells how it ended. */
#define RUN(what, how)                                                                       \
    do {                                                                                     \
        printf("%s\n", what);                                                                \
        fflush(stdout);                                                                      \
        pid_t pid = fork();                                                                  \
        if (pid == 0) {                                                                      \
            how;                                                                             \
            printf("  failed: %s\n", strerror(errno));                                       \
            fflush(stdout);                                                                  \
            _exit(1);                                                                        \
        }                                                                                    \
        int st = -1;                                                                         \
        CHECK(waitpid(pid, &st, 0) == pid);                                                  \
        printf("  status %x\n", st);                                                         \
    } while (0)

#define ARGS(...) ((char *const[]){__VA_ARGS__, NULL})

static int at(int dir, const char *path, char *const *argv, int flags)
{
    return syscall(SYS_execveat, dir, path, argv, env, flags);
}

static void file(const char *name, mode_t mode, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    fchmod(fd, mode);
    close(fd);
}

/* The same descriptor at a number that nobody else uses. */
static int high(int fd)
{
    int cloexec = fcntl(fd, F_GETFD) & FD_CLOEXEC;
    int to = fcntl(fd, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, FIRST);
    close(fd);
    return to;
}

/* A copy of this program in memory. */
static int in_memory(unsigned flags)
{
    int from = open(self, O_RDONLY), to = memfd_create("program", flags);
    char buffer[65536];
    ssize_t n;
    while ((n = read(from, buffer, sizeof buffer)) > 0 && write(to, buffer, n) == n)
        ;
    CHECK(n == 0);
    close(from);
    return high(to);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (getenv("EXEC_CHILD"))
        return child(argc, argv);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n < 0 ? 0 : n] = 0;

    mkdir("d.tmp", 0700);
    char link[600];
    symlink(self, "d.tmp/link");
    int dir = high(open("d.tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    int prog = high(open(self, O_RDONLY | O_CLOEXEC));
    int path_only = high(open(self, O_PATH | O_CLOEXEC));

    RUN("plain", execve(self, ARGS("a", "b"), env));
    RUN("no arguments", execve(self, ARGS(NULL), env));
    RUN("link", execve("d.tmp/link", ARGS("a"), env));
    RUN("relative to a directory", at(dir, "link", ARGS("a"), 0));
    RUN("not following", at(dir, "link", ARGS("a"), AT_SYMLINK_NOFOLLOW));
    RUN("absolute", at(dir, self, ARGS("a"), 0));
    RUN("descriptor", at(prog, "", ARGS("a"), AT_EMPTY_PATH));
    RUN("descriptor for its path only", at(path_only, "", ARGS("a"), AT_EMPTY_PATH));
    RUN("fexecve", fexecve(prog, ARGS("a", "c"), env));
    RUN("empty path without the flag", at(prog, "", ARGS("a"), 0));
    RUN("unknown flags", at(prog, "", ARGS("a"), AT_EMPTY_PATH | 0x4000000));
    RUN("bad descriptor", at(99, "x", ARGS("a"), 0));
    RUN("bad descriptor, absolute", at(99, self, ARGS("a"), 0));
    snprintf(link, sizeof link, "/proc/self/fd/%d", prog);
    RUN("/proc/self/fd, to be closed", execve(link, ARGS("a"), env));
    snprintf(link, sizeof link, "/dev/fd/%d", prog);
    RUN("/dev/fd, to be closed", execve(link, ARGS("a"), env));
    fcntl(prog, F_SETFD, 0);
    RUN("/dev/fd", execve(link, ARGS("a"), env));
    close(prog);

    int memory = in_memory(MFD_CLOEXEC);
    RUN("in memory", fexecve(memory, ARGS("m"), env));
    close(memory);
    memory = in_memory(0);
    RUN("in memory, inherited", fexecve(memory, ARGS("m"), env));
    RUN("open for writing", ({
        char p[64];
        snprintf(p, sizeof p, "/proc/self/fd/%d", memory);
        execve(p, ARGS("m"), env);
    }));
    close(memory);

    /* scripts */
    char text[1200];
    snprintf(text, sizeof text, "#!%s\n", self);
    file("s1.tmp", 0700, text);
    snprintf(text, sizeof text, "#! \t %s  one argument \t\nrest\n", self);
    file("s2.tmp", 0700, text);
    file("s3.tmp", 0700, "#!./s2.tmp nested");
    file("s4.tmp", 0700, "#!./s3.tmp\n");
    file("s5.tmp", 0700, "#!./s4.tmp\n");
    file("s6.tmp", 0700, "#!./s5.tmp\n");
    file("s7.tmp", 0700, "#!./s6.tmp\n");
    file("s8.tmp", 0700, "#!./s7.tmp\n");
    file("d.tmp/script", 0700, text);
    RUN("script", execve("./s1.tmp", ARGS("name", "x", "y"), env));
    RUN("script without a name", execve("./s1.tmp", ARGS(NULL), env));
    RUN("script with an argument", execve("s2.tmp", ARGS("name", "x"), env));
    RUN("two scripts", execve("s3.tmp", ARGS("name", "x"), env));
    RUN("five scripts", execve("s6.tmp", ARGS("name", "x"), env));
    RUN("six scripts", execve("s7.tmp", ARGS("name", "x"), env));
    RUN("seven scripts", execve("s8.tmp", ARGS("name", "x"), env));
    RUN("script in a directory that is closed", at(dir, "script", ARGS("name"), 0));
    fcntl(dir, F_SETFD, 0);
    RUN("script in a directory", at(dir, "script", ARGS("name", "x"), 0));
    int script = high(open("s1.tmp", O_RDONLY));
    RUN("script as descriptor", fexecve(script, ARGS("name", "x"), env));
    fcntl(script, F_SETFD, FD_CLOEXEC);
    RUN("script as descriptor, to be closed", fexecve(script, ARGS("name", "x"), env));
    close(script);
    file("s1.tmp", 0700, "#!/does/not/exist\n");
    RUN("no interpreter", execve("./s1.tmp", ARGS("a"), env));
    file("s1.tmp", 0700, "#!\n/bin/sh\n");
    RUN("empty first line", execve("./s1.tmp", ARGS("a"), env));
    memset(text, 'x', 400);
    memcpy(text, "#!/", 3);
    strcpy(text + 400, "\n");
    file("s1.tmp", 0700, text);
    RUN("first line too long", execve("./s1.tmp", ARGS("a"), env));
    snprintf(text, sizeof text, "#!%s ", self);
    n = strlen(text);
    memset(text + n, 'y', 600);
    text[n + 600] = 0;
    file("s1.tmp", 0700, text);
    RUN("interpreter loops", ({
        file("s1.tmp", 0700, "#!./s1.tmp\n");
        execve("./s1.tmp", ARGS("a"), env);
    }));

    /* errors */
    RUN("nothing there", execve("./nothing", ARGS("a"), env));
    RUN("empty path", execve("", ARGS("a"), env));
    RUN("directory", execve("d.tmp", ARGS("a"), env));
    RUN("below a file", execve("s1.tmp/x", ARGS("a"), env));
    file("s1.tmp", 0600, "#!/bin/sh\n");
    RUN("not executable", execve("s1.tmp", ARGS("a"), env));
    file("s1.tmp", 0700, "");
    RUN("empty file", execve("s1.tmp", ARGS("a"), env));
    file("s1.tmp", 0700, "exit 3\n");
    RUN("unknown format", execve("s1.tmp", ARGS("a"), env));
    RUN("bad pointers", execve((char *)1, ARGS("a"), env));
    RUN("bad arguments", execve(self, (char **)8, env));
    symlink("loop", "loop");
    RUN("links in a circle", execve("loop", ARGS("a"), env));
    char *big = malloc(3 << 20);
    memset(big, 'z', 3 << 20);
    big[(3 << 20) - 1] = 0;
    RUN("too much", execve(self, ARGS("a", big), env));

    for (char c = '1'; c <= '8'; c++) {
        char name[] = "s0.tmp";
        name[1] = c;
        unlink(name);
    }
    unlink("loop");
    unlink("d.tmp/script");
    unlink("d.tmp/link");
    rmdir("d.tmp");
    return t_done();
}
