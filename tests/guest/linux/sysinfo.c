/* Covers: uname, ids, getcwd, limits, sysinfo, sched_yield, getrandom, hostname,
 * priority, umask, unknown system calls.  Only normalised facts are printed. */
#include "t.h"
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(void)
{
    struct utsname u;
    CHECK(uname(&u) == 0 && !strcmp(u.sysname, "Linux") && atoi(u.release) >= 3 && u.nodename[0]);
#if defined __arm__
    int right = !strncmp(u.machine, "arm", 3) && u.machine[strlen(u.machine) - 1] == 'l';
#elif defined __mips__
    int right = !strcmp(u.machine, "mips");
#else
    int right = u.machine[0] != 0;
#endif
    CHECK(right);
    CHECK(getpid() > 0 && getppid() > 0 && getpid() == (pid_t)syscall(SYS_gettid));
    CHECK(getuid() == geteuid() && getgid() == getegid());
    CHECK(getpgrp() > 0 && getsid(0) > 0 && getpgid(0) == getpgrp());
    char cwd[PATH_MAX], tiny[2];
    CHECK(getcwd(cwd, sizeof cwd) && cwd[0] == '/');
    CHECK(!getcwd(tiny, sizeof tiny) && errno == ERANGE);
    CHECK(chdir("/") == 0 && getcwd(tiny, sizeof tiny) && !strcmp(tiny, "/"));
    CHECK(chdir("/nonexistent") == -1 && errno == ENOENT);

    struct rlimit rl;
    CHECK(getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur > 3 && rl.rlim_cur <= rl.rlim_max);
    rl.rlim_cur = 30;
    CHECK(setrlimit(RLIMIT_NOFILE, &rl) == 0);
    CHECK(dup2(1, 29) == 29 && dup2(1, 31) == -1 && errno == EBADF);
    CHECK(getrlimit(RLIMIT_STACK, &rl) == 0 && rl.rlim_cur >= 65536);
    struct sysinfo si;
    CHECK(sysinfo(&si) == 0 && si.totalram > 0 && si.procs > 0);
    CHECK(sched_yield() == 0);
    unsigned char r[64] = {0};
    int nonzero = 0;
    CHECK(getrandom(r, sizeof r, 0) == sizeof r);
    for (int i = 0; i < 64; i++)
        nonzero |= r[i];
    CHECK(nonzero);
    errno = 0;
    CHECK(getpriority(PRIO_PROCESS, 0) >= -20 && errno == 0);
    umask(027);
    CHECK(umask(022) == 027);
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1 && sysconf(_SC_CLK_TCK) == 100);
    CHECK(syscall(3999 + SYS_read * 0 + 3000) == -1 && errno == ENOSYS);
    FILE *f = fopen("/proc/self/maps", "r");
    int has_stack = 0;
    char line[600];
    while (f && fgets(line, sizeof line, f))
        has_stack |= strstr(line, "[stack]") != NULL;
    CHECK(f && has_stack);
    return t_done();
}
