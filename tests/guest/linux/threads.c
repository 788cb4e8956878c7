/* Covers: POSIX threads: creation, join, mutex, condition variables, barriers,
 * atomics (LDREX/STREX or LL/SC), thread-local storage, once, cancellation-free
 * exit, signals sent to a thread. */
#include "t.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define T 4
#define ROUNDS 5000
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic uint32_t a32;
static _Atomic uint8_t a8;
static _Atomic uint16_t a16;
static uint32_t guarded, once_runs;
static __thread int tls = 100;
static __thread char tls_zero[64];
static int queue[8], qhead, qtail, tls_bad;

static void once_fn(void) { once_runs++; }

static void *work(void *arg)
{
    int id = (int)(intptr_t)arg;
    pthread_once(&once, once_fn);
    if (tls != 100 || tls_zero[5])
        tls_bad++;
    tls += id;
    tls_zero[5] = (char)(id + 1);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        atomic_fetch_add(&a32, 1);
        atomic_fetch_add(&a8, 1);
        atomic_fetch_xor(&a16, (uint16_t)(1u << (i & 15)));
        if (i % 10 == 0) {
            pthread_mutex_lock(&lock);
            guarded++;
            pthread_mutex_unlock(&lock);
        }
    }
    if (tls != 100 + id || tls_zero[5] != id + 1)
        tls_bad++;
    return (void *)(intptr_t)(tls * 2);
}

static void *producer(void *arg)
{
    (void)arg;
    for (int i = 1; i <= 500; i++) {
        pthread_mutex_lock(&lock);
        while (qtail - qhead == 8)
            pthread_cond_wait(&cond, &lock);
        queue[qtail++ & 7] = i;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static _Atomic int got_usr1;
static pthread_t target;
static void usr1(int s)
{
    (void)s;
    got_usr1 = pthread_equal(pthread_self(), target) ? 1 : 2;
}
static void *waiter(void *arg)
{
    while (!got_usr1)
        usleep(500);
    return arg;
}

int main(void)
{
    pthread_t t[T];
    void *ret;
    pthread_barrier_init(&barrier, NULL, T);
    for (int i = 0; i < T; i++)
        CHECK(pthread_create(&t[i], NULL, work, (void *)(intptr_t)i) == 0);
    for (int i = 0; i < T; i++) {
        pthread_join(t[i], &ret);
        printf("thread %d returned %d\n", i, (int)(intptr_t)ret);
    }
    printf("%u %u %u %u\n", (unsigned)a32, (unsigned)a8, (unsigned)a16, (unsigned)guarded);
    CHECK(a32 == T * ROUNDS && guarded == T * ROUNDS / 10 && once_runs == 1 && tls_bad == 0 && tls == 100);

    pthread_create(&t[0], NULL, producer, NULL);
    int sum = 0, n = 0;
    while (n < 500) {
        pthread_mutex_lock(&lock);
        while (qtail == qhead)
            pthread_cond_wait(&cond, &lock);
        sum += queue[qhead++ & 7];
        n++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    pthread_join(t[0], NULL);
    CHECK(sum == 125250);

    uint32_t expect = 1;
    CHECK(!atomic_compare_exchange_strong(&a32, &expect, 5) && expect == T * ROUNDS);
    CHECK(atomic_compare_exchange_strong(&a32, &expect, 5) && atomic_exchange(&a32, 9) == 5 && a32 == 9);

    signal(SIGUSR1, usr1);
    pthread_create(&target, NULL, waiter, (void *)1);
    pthread_kill(target, SIGUSR1);
    pthread_join(target, &ret);
    CHECK(got_usr1 == 1 && ret == (void *)1);
    for (int i = 0; i < 50; i++) {
        pthread_create(&t[0], NULL, waiter, (void *)2);
        pthread_join(t[0], &ret);
    }
    CHECK(ret == (void *)2);
    return t_done();
}
