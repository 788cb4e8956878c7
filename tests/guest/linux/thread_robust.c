/* Covers: robust mutexes whose owner ends without unlocking them (a thread, with
 * and without somebody waiting, and a process), priority inheritance where there
 * is any, timed waits, reader-writer locks, requeueing of many waiters. */
#include "t.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t robust, inherits;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static int go, seen, shared_sum;
static _Atomic int holding;

static void *dies(void *arg)
{
    pthread_mutex_lock(arg);
    holding = 1;
    usleep(20000);
    return NULL;
}

static void *adds(void *arg)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(arg);
        shared_sum++;
        pthread_mutex_unlock(arg);
    }
    return NULL;
}

static void *waits(void *arg)
{
    pthread_mutex_lock(&lock);
    while (!go)
        pthread_cond_wait(&cond, &lock);
    seen++;
    pthread_mutex_unlock(&lock);
    return arg;
}

static void *reads_writes(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_rwlock_rdlock(&rw);
        int before = shared_sum, after = *(volatile int *)&shared_sum;
        pthread_rwlock_unlock(&rw);
        if (before != after)
            return (void *)1;
        pthread_rwlock_wrlock(&rw);
        shared_sum++;
        pthread_rwlock_unlock(&rw);
    }
    return arg;
}

static void four(void *(*work)(void *), void *arg)
{
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, work, arg);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}

int main(void)
{
    pthread_t t;
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    CHECK(pthread_mutex_init(&robust, &attr) == 0);

    pthread_create(&t, NULL, dies, &robust);
    pthread_join(t, NULL);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD && pthread_mutex_consistent(&robust) == 0);
    pthread_mutex_unlock(&robust);

    holding = 0;
    pthread_create(&t, NULL, dies, &robust);
    while (!holding)
        usleep(100);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    pthread_mutex_unlock(&robust);
    CHECK(pthread_mutex_lock(&robust) == ENOTRECOVERABLE);
    pthread_join(t, NULL);

    pthread_mutex_t *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(both, &attr);
    int pid = fork();
    if (pid == 0) {
        pthread_mutex_lock(both);
        _exit(3);
    }
    int status;
    waitpid(pid, &status, 0);
    CHECK(status == 0x300 && pthread_mutex_lock(both) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(both) == 0 && pthread_mutex_unlock(both) == 0);
    CHECK(pthread_mutex_lock(both) == 0 && pthread_mutex_unlock(both) == 0);

    pthread_mutexattr_t pi;
    pthread_mutexattr_init(&pi);
    pthread_mutexattr_setprotocol(&pi, PTHREAD_PRIO_INHERIT);
    if (pthread_mutex_init(&inherits, &pi) == ENOTSUP)
        pthread_mutex_init(&inherits, NULL);
    four(adds, &inherits);
    CHECK(shared_sum == 2000);

    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    if (soon.tv_nsec >= 1000000000)
        soon.tv_sec++, soon.tv_nsec -= 1000000000;
    pthread_mutex_lock(&lock);
    CHECK(pthread_cond_timedwait(&cond, &lock, &soon) == ETIMEDOUT);
    pthread_mutex_unlock(&lock);

    pthread_t many[12];
    for (int i = 0; i < 12; i++)
        pthread_create(&many[i], NULL, waits, NULL);
    usleep(5000);
    pthread_mutex_lock(&lock);
    go = 1;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 12; i++)
        pthread_join(many[i], NULL);
    CHECK(seen == 12);

    four(reads_writes, NULL);
    CHECK(shared_sum == 2000 + 4 * 300);
    return t_done();
}
