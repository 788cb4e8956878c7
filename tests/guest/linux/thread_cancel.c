/* Covers: cancellation of a thread that waits, sleeps, reads or computes; cleanup
 * handlers, destructors of thread-specific data, detached threads, the first
 * thread ending before the others, which then end the process. */
#include "t.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t ready;
static int pipe_fds[2];
static _Atomic int cleaned, destroyed;
static pthread_key_t key;

static void clean(void *arg) { cleaned += (int)(intptr_t)arg; }
static void unlock(void *arg) { pthread_mutex_unlock(arg); cleaned += 100; }
static void destroy(void *arg) { destroyed += (int)(intptr_t)arg; }

static void *waits(void *arg)
{
    pthread_setspecific(key, (void *)1);
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, &lock);
    sem_post(&ready);
    for (;;)
        pthread_cond_wait(&cond, &lock);
    pthread_cleanup_pop(1);
    return arg;
}

static void *reads(void *arg)
{
    char byte;
    pthread_setspecific(key, (void *)10);
    pthread_cleanup_push(clean, (void *)1);
    sem_post(&ready);
    read(pipe_fds[0], &byte, 1);
    pthread_cleanup_pop(0);
    return arg;
}

static void *sleeps(void *arg)
{
    pthread_cleanup_push(clean, (void *)10);
    sem_post(&ready);
    for (;;)
        sleep(100);
    pthread_cleanup_pop(0);
    return arg;
}

static void *computes(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    sem_post(&ready);
    for (volatile unsigned i = 0;; i++)
        ;
    return arg;
}

static void *refuses(void *arg)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    sem_post(&ready);
    usleep(20000);
    return arg;
}

static void *detached(void *arg)
{
    sem_post(&ready);
    return arg;
}

static int cancelled(void *(*work)(void *))
{
    pthread_t t;
    void *ret = NULL;
    if (pthread_create(&t, NULL, work, (void *)7))
        return -1;
    sem_wait(&ready);
    usleep(2000);
    pthread_cancel(t);
    pthread_join(t, &ret);
    return ret == PTHREAD_CANCELED ? 1 : (int)(intptr_t)ret;
}

static pthread_t first;
static void *last(void *arg)
{
    void *ret;
    pthread_join(first, &ret);
    CHECK(ret == (void *)3);
    CHECK(arg == (void *)5);
    exit(t_done() + 40);
}

int main(void)
{
    pthread_t t;
    pthread_attr_t attr;
    sem_init(&ready, 0, 0);
    pipe(pipe_fds);
    pthread_key_create(&key, destroy);
    CHECK(cancelled(waits) == 1 && cleaned == 100 && destroyed == 1);
    CHECK(pthread_mutex_trylock(&lock) == 0 && pthread_mutex_unlock(&lock) == 0);
    CHECK(cancelled(reads) == 1 && cleaned == 101 && destroyed == 11);
    CHECK(cancelled(sleeps) == 1 && cleaned == 111);
    CHECK(cancelled(computes) == 1);
    CHECK(cancelled(refuses) == 7);

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int made = 0;
    for (int i = 0; i < 100; i++) {
        made += pthread_create(&t, &attr, detached, NULL) == 0;
        sem_wait(&ready);
    }
    CHECK(made == 100);

    first = pthread_self();
    pthread_create(&t, NULL, last, (void *)5);
    pthread_exit((void *)3);
}
