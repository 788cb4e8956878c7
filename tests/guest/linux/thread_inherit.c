/* Covers: priority-inheriting futexes, by mutexes and by plain calls: owners, errors, time limits, handing over to those
 * that wait, owners that die with and without a robust list, between threads and between processes, requeueing, and
 * signals that come while one waits. */
#include "t.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PI = 6, UNLOCK_PI, TRYLOCK_PI, WAIT_REQUEUE_PI = 11, CMP_REQUEUE_PI, LOCK_PI2, PRIVATE = 128, REALTIME = 256 };
#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define TID 0x3fffffffu

/* Of 64 bits on all machines. */
struct time64 { int64_t sec, nsec; };
#ifdef SYS_futex_time64
#define FUTEX SYS_futex_time64
#else
#define FUTEX SYS_futex
#endif

static long futex(volatile uint32_t *word, int op, uint32_t value, void *time, volatile uint32_t *other, uint32_t third)
{
    return syscall(FUTEX, word, op, value, time, other, third);
}
static long lock(volatile uint32_t *word) { return futex(word, LOCK_PI | PRIVATE, 0, NULL, NULL, 0); }
static long unlock(volatile uint32_t *word) { return futex(word, UNLOCK_PI | PRIVATE, 0, NULL, NULL, 0); }
static uint32_t self(void) { return (uint32_t)syscall(SYS_gettid); }

static struct time64 from_now(clockid_t clock, int64_t ns)
{
    struct timespec t;
    clock_gettime(clock, &t);
    ns += t.tv_nsec;
    return (struct time64){t.tv_sec + ns / 1000000000, ns % 1000000000};
}
static int is_over(clockid_t clock, struct time64 t)
{
    struct time64 now = from_now(clock, 0);
    return now.sec > t.sec || now.sec == t.sec && now.nsec >= t.nsec;
}

static volatile uint32_t word;
static volatile int reached;

/* What another thread does with the word. */
static void *other_tries(void *arg)
{
    long r = futex(&word, TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0);
    int busy = r == -1 && errno == EAGAIN;
    r = unlock(&word);
    return (void *)(long)(busy && r == -1 && errno == EPERM);
}
static void *takes(void *arg)
{
    long r = lock(&word);
    uint32_t seen = word;
    reached = 1;
    if (r != 0 || (seen & TID) != self())
        return NULL;
    return (void *)(long)(unlock(&word) == 0);
}
static void *times_out(void *arg)
{
    struct time64 end = from_now(CLOCK_REALTIME, 20000000), late = from_now(CLOCK_MONOTONIC, 20000000);
    int good = futex(&word, LOCK_PI | PRIVATE, 0, &end, NULL, 0) == -1 && errno == ETIMEDOUT && is_over(CLOCK_REALTIME, end);
    good &= futex(&word, LOCK_PI2 | PRIVATE, 0, &late, NULL, 0) == -1 && errno == ETIMEDOUT && is_over(CLOCK_MONOTONIC, late);
    struct time64 past = {1, 0};
    good &= futex(&word, LOCK_PI2 | PRIVATE | REALTIME, 0, &past, NULL, 0) == -1 && errno == ETIMEDOUT;
    return (void *)(long)good;
}

static void *run(void *(*what)(void *))
{
    pthread_t t;
    void *result;
    pthread_create(&t, NULL, what, NULL);
    pthread_join(t, &result);
    return result;
}
static void wait_for_waiter(volatile uint32_t *w)
{
    while (!(*w & WAITERS))
        usleep(1000);
}

static void plain(void)
{
    struct time64 wrong = {0, 1000000000};
    pthread_t t;
    void *good;
    word = 0;
    CHECK(lock(&word) == 0 && word == self());
    CHECK(lock(&word) == -1 && errno == EDEADLK);
    CHECK(futex(&word, TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == -1 && errno == EDEADLK);
    CHECK(run(other_tries) == (void *)1);
    CHECK(run(times_out) == (void *)1);
    CHECK((word & TID) == self() && unlock(&word) == 0 && word == 0);
    CHECK(unlock(&word) == -1 && errno == EPERM);
    CHECK(futex(&word, TRYLOCK_PI | PRIVATE, 0, NULL, NULL, 0) == 0 && word == self() && unlock(&word) == 0);
    CHECK(futex(&word, LOCK_PI | PRIVATE, 0, &wrong, NULL, 0) == -1 && errno == EINVAL);
    CHECK(futex(&word, LOCK_PI | PRIVATE | REALTIME, 0, NULL, NULL, 0) == -1 && errno == ENOSYS);
    CHECK(lock((void *)((char *)&word + 2)) == -1 && errno == EINVAL);
    CHECK(lock((void *)16) == -1 && errno == EFAULT);
    CHECK(unlock((void *)16) == -1 && errno == EFAULT);
    /* Nobody has this number any more. */
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    word = child;
    CHECK(lock(&word) == -1 && errno == ESRCH);
    word = OWNER_DIED;
    CHECK(lock(&word) == 0 && word == (self() | OWNER_DIED) && unlock(&word) == 0 && word == 0);
    /* Who waits has it after the owner, and not the owner again and again. */
    lock(&word);
    reached = 0;
    pthread_create(&t, NULL, takes, NULL);
    wait_for_waiter(&word);
    CHECK(!reached && word == (self() | WAITERS));
    int rounds = 0, bad = 0;
    for (; rounds < 1000 && !reached; rounds++)
        bad += unlock(&word) != 0 || lock(&word) != 0;
    CHECK(!bad && rounds < 1000 && unlock(&word) == 0);
    pthread_join(t, &good);
    CHECK(good == (void *)1 && word == 0);
}

static volatile sig_atomic_t caught;
static void note(int s) { caught++; }

static void signals(void)
{
    struct sigaction action = {.sa_handler = note};
    pthread_t t;
    void *good;
    sigaction(SIGUSR1, &action, NULL);
    lock(&word);
    reached = 0;
    pthread_create(&t, NULL, takes, NULL);
    wait_for_waiter(&word);
    for (int i = 1; i <= 3; i++) {
        pthread_kill(t, SIGUSR1);
        while (caught < i)
            usleep(1000);
    }
    CHECK(!reached && unlock(&word) == 0);
    pthread_join(t, &good);
    CHECK(good == (void *)1 && caught == 3 && word == 0);
}

/* An owner that ends without a word. */
static void *takes_and_ends(void *arg)
{
    lock(&word);
    reached = 1;
    wait_for_waiter(&word);
    return NULL;
}
static void deaths(void)
{
    pthread_t t;
    word = reached = 0;
    pthread_create(&t, NULL, takes_and_ends, NULL);
    while (!reached)
        usleep(1000);
    CHECK(lock(&word) == 0 && (word & ~WAITERS) == (self() | OWNER_DIED));
    pthread_join(t, NULL);
    CHECK(unlock(&word) == 0 && word == 0);
}

static volatile uint32_t condition, mutex;
static volatile int together;
static void *requeued(void *arg)
{
    if (futex(&condition, WAIT_REQUEUE_PI | PRIVATE, 0, NULL, &mutex, 0) != 0 || (mutex & TID) != self())
        return NULL;
    int alone = ++together == 1;
    usleep(2000);
    together--;
    return (void *)(long)(unlock(&mutex) == 0 && alone);
}
static void requeueing(void)
{
    struct time64 soon = from_now(CLOCK_MONOTONIC, 20000000);
    pthread_t t[3];
    void *good[3];
    CHECK(futex(&condition, CMP_REQUEUE_PI | PRIVATE, 1, (void *)10, &mutex, 7) == -1 && errno == EAGAIN);
    CHECK(futex(&condition, CMP_REQUEUE_PI | PRIVATE, 2, (void *)10, &mutex, 0) == -1 && errno == EINVAL);
    CHECK(futex(&condition, CMP_REQUEUE_PI | PRIVATE, 1, (void *)10, &condition, 0) == -1 && errno == EINVAL);
    CHECK(futex(&condition, CMP_REQUEUE_PI | PRIVATE, 1, (void *)10, &mutex, 0) == 0 && mutex == 0);
    CHECK(futex(&condition, WAIT_REQUEUE_PI | PRIVATE, 7, NULL, &mutex, 0) == -1 && errno == EAGAIN);
    CHECK(futex(&condition, WAIT_REQUEUE_PI | PRIVATE, 0, NULL, &condition, 0) == -1 && errno == EINVAL);
    CHECK(futex(&condition, WAIT_REQUEUE_PI | PRIVATE, 0, &soon, &mutex, 0) == -1 && errno == ETIMEDOUT);
    CHECK(is_over(CLOCK_MONOTONIC, soon) && mutex == 0);
    for (int held = 0; held < 2; held++) {
        if (held)
            lock(&mutex);
        for (int i = 0; i < 3; i++)
            pthread_create(&t[i], NULL, requeued, NULL);
        long moved = 0;
        for (int i = 0; i < 10000 && moved < 3; i++) {
            moved += futex(&condition, CMP_REQUEUE_PI | PRIVATE, 1, (void *)10, &mutex, 0);
            usleep(1000);
        }
        CHECK(moved == 3);
        if (held)
            CHECK((mutex & TID) == self() && unlock(&mutex) == 0);
        for (int i = 0; i < 3; i++)
            pthread_join(t[i], &good[i]);
        CHECK(good[0] && good[1] && good[2] && mutex == 0);
    }
}

struct shared { pthread_mutex_t mutex, robust; pthread_cond_t cond; int sum, turn; } *shared;

static void init(pthread_mutex_t *m, int type, int robust)
{
    pthread_mutexattr_t a;
    pthread_mutexattr_init(&a);
    CHECK(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT) == 0);
    pthread_mutexattr_settype(&a, type);
    pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&a, robust ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
    CHECK(pthread_mutex_init(m, &a) == 0);
}
static void *adds(void *arg)
{
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&shared->mutex);
        int was = shared->sum;
        if (i % 32 == 0)
            usleep(50);
        shared->sum = was + 1;
        pthread_mutex_unlock(&shared->mutex);
    }
    return NULL;
}
static void *locks_and_ends(void *arg)
{
    pthread_mutex_lock(&shared->robust);
    shared->turn = 1;
    if (arg)
        wait_for_waiter((volatile uint32_t *)&shared->robust.__data.__lock);
    return NULL;
}
static void *waits(void *arg)
{
    pthread_mutex_lock(&shared->mutex);
    while (!shared->turn)
        pthread_cond_wait(&shared->cond, &shared->mutex);
    shared->turn++;
    pthread_mutex_unlock(&shared->mutex);
    return NULL;
}

/* One that dies with the mutex, a thread or a process, before others want it or while they wait for it. */
static void owner_dies(int process, void *waited_for)
{
    pthread_t t;
    pid_t child = 0;
    shared->turn = 0;
    if (process) {
        fflush(stdout);
        child = fork();
        if (child == 0) {
            locks_and_ends(waited_for);
            _exit(0);
        }
    } else {
        pthread_create(&t, NULL, locks_and_ends, waited_for);
    }
    while (!*(volatile int *)&shared->turn)
        usleep(1000);
    if (!waited_for)
        process ? (void)waitpid(child, NULL, 0) : (void)pthread_join(t, NULL);
    CHECK(pthread_mutex_lock(&shared->robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&shared->robust) == 0 && pthread_mutex_unlock(&shared->robust) == 0);
    CHECK(pthread_mutex_lock(&shared->robust) == 0 && pthread_mutex_unlock(&shared->robust) == 0);
    if (waited_for)
        process ? (void)waitpid(child, NULL, 0) : (void)pthread_join(t, NULL);
}

static void mutexes(void)
{
    pthread_t t[4];
    pthread_condattr_t a;
    pthread_mutex_t check, again;
    struct timespec soon;
    shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    init(&shared->mutex, PTHREAD_MUTEX_NORMAL, 0);
    init(&shared->robust, PTHREAD_MUTEX_NORMAL, 1);
    init(&check, PTHREAD_MUTEX_ERRORCHECK, 0);
    init(&again, PTHREAD_MUTEX_RECURSIVE, 0);
    pthread_condattr_init(&a);
    pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
    pthread_cond_init(&shared->cond, &a);
    CHECK(pthread_mutex_lock(&check) == 0 && pthread_mutex_lock(&check) == EDEADLK);
    CHECK(pthread_mutex_unlock(&check) == 0 && pthread_mutex_unlock(&check) == EPERM);
    CHECK(pthread_mutex_lock(&again) == 0 && pthread_mutex_trylock(&again) == 0);
    CHECK(pthread_mutex_unlock(&again) == 0 && pthread_mutex_unlock(&again) == 0);
    /* Two processes of two threads each. */
    fflush(stdout);
    pid_t child = fork();
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, adds, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    CHECK(shared->sum == 1200);
    /* Of another process, until a time. */
    shared->turn = 0;
    child = fork();
    if (child == 0) {
        pthread_mutex_lock(&shared->mutex);
        shared->turn = 1;
        pause();
    }
    while (!*(volatile int *)&shared->turn)
        usleep(1000);
    clock_gettime(CLOCK_REALTIME, &soon);
    CHECK(pthread_mutex_trylock(&shared->mutex) == EBUSY && pthread_mutex_timedlock(&shared->mutex, &soon) == ETIMEDOUT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    init(&shared->mutex, PTHREAD_MUTEX_NORMAL, 0);
    shared->turn = 0;
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, waits, NULL);
    pthread_mutex_lock(&shared->mutex);
    shared->turn = 1;
    pthread_cond_broadcast(&shared->cond);
    pthread_mutex_unlock(&shared->mutex);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    CHECK(shared->turn == 5);
    for (int i = 0; i < 4; i++)
        owner_dies(i & 1, i & 2 ? shared : NULL);
}

int main(void)
{
    setvbuf(stdout, 0, _IOLBF, 0);
    plain();
    signals();
    deaths();
    requeueing();
    mutexes();
    return t_done();
}
