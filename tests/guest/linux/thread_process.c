/* Covers: processes made by threads: fork while others use locks and memory, whose
 * child makes threads of its own, vfork, a program executed by a thread while others
 * run, and a thread that ends the process while others compute. */
#include "t.h"
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static _Atomic int stop, spinning;
static _Atomic unsigned sum;
static char *self;

static void *busy(void *arg)
{
    spinning++;
    while (!stop) {
        char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        p[0] = p[65535] = 1;
        munmap(p, 65536);
        free(malloc(100));
        sum++;
    }
    return arg;
}

static void *spins(void *arg)
{
    spinning++;
    for (volatile unsigned i = 0;; i++)
        ;
    return arg;
}

static void *adds(void *arg)
{
    for (int i = 0; i < 1000; i++)
        atomic_fetch_add(&sum, 1);
    return arg;
}

static int status_of(int pid)
{
    int status = -1;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int child_with_threads(void)
{
    pthread_t t[3];
    sum = 0;
    for (int i = 0; i < 3; i++)
        if (pthread_create(&t[i], NULL, adds, NULL))
            return 1;
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    return sum == 3000 ? 17 : 2;
}

static void *forks(void *arg)
{
    int right = 0;
    for (int i = 0; i < 10; i++) {
        int pid = fork();
        if (pid == 0)
            _exit(child_with_threads());
        right += status_of(pid) == 17 << 8;
    }
    return (void *)(intptr_t)right;
}

static void *spawns(void *arg)
{
    int right = 0;
    for (int i = 0; i < 5; i++) {
        char *argv[] = {self, "spawned", NULL};
        pid_t pid;
        if (posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0)
            right += status_of(pid) == 21 << 8;
    }
    return (void *)(intptr_t)right;
}

static void *executes(void *arg)
{
    char *argv[] = {self, "executed", NULL};
    execv(self, argv);
    return arg;
}

static void *ends(void *arg)
{
    while (spinning < 2)
        usleep(100);
    exit((int)(intptr_t)arg);
}

static int in_child(void *(*work)(void *), void *arg)
{
    fflush(stdout);
    int pid = fork();
    if (pid != 0)
        return status_of(pid);
    pthread_t t;
    spinning = 0;
    pthread_create(&t, NULL, spins, NULL);
    pthread_create(&t, NULL, spins, NULL);
    pthread_create(&t, NULL, work, arg);
    for (;;)
        pause();
}

static void *killed(void *arg)
{
    while (spinning < 2)
        usleep(100);
    abort();
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t busy_threads[2], t, t2;
    void *ret;
    self = argv[0];
    if (argc > 1)
        return strcmp(argv[1], "spawned") == 0 ? 21 : strcmp(argv[1], "executed") == 0 ? 22 : 23;
    for (int i = 0; i < 2; i++)
        pthread_create(&busy_threads[i], NULL, busy, NULL);
    while (spinning < 2)
        usleep(100);
    pthread_create(&t, NULL, forks, NULL);
    pthread_join(t, &ret);
    CHECK(ret == (void *)10);
    pthread_create(&t, NULL, spawns, NULL);
    pthread_create(&t2, NULL, spawns, NULL);
    pthread_join(t, &ret);
    CHECK(ret == (void *)5);
    pthread_join(t2, &ret);
    CHECK(ret == (void *)5);
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(busy_threads[i], NULL);

    CHECK(in_child(ends, (void *)33) == 33 << 8);
    CHECK(in_child(executes, NULL) == 22 << 8);
    CHECK((in_child(killed, NULL) & 0x7f) == 6);
    return t_done();
}
