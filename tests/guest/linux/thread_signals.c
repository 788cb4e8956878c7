/* Covers: signals and threads: masks of their own, signals sent to one thread and
 * to whichever does not block them, sigwait, calls of other threads that are
 * interrupted or restarted, alternate stacks, faults in threads. */
#include "t.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static sem_t ready;
static pthread_t handled_by;
static _Atomic int handled;
static __thread sigjmp_buf back;
static __thread char *stack_low;
static char *fault_at;

static void note(int s)
{
    (void)s;
    handled_by = pthread_self();
    handled++;
}

static void block(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(how, &set, NULL);
}

static void *takes(void *arg)
{
    int signal = 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sem_post(&ready);
    for (int i = 0; i < 2; i++) {
        sigwait(&set, &signal);
        printf("took %s\n", signal == SIGUSR1 ? "USR1" : signal == SIGUSR2 ? "USR2" : "something else");
        sem_post(&ready);
    }
    return arg;
}

static void *unblocked(void *arg)
{
    block(SIG_UNBLOCK, SIGALRM);
    sem_post(&ready);
    while (!handled)
        usleep(200);
    return arg;
}

static _Atomic int slept;

static void *sleeps(void *arg)
{
    struct timespec time = {1000, 0};
    sem_post(&ready);
    int result = nanosleep(&time, &time);
    slept = 1;
    return (void *)(intptr_t)(result == -1 && errno == EINTR && time.tv_sec >= 900);
}

static void *reads(void *arg)
{
    char byte = 0;
    int n = read((int)(intptr_t)arg, &byte, 1);
    return (void *)(intptr_t)(n == 1 ? byte : -errno);
}

static void on_fault(int s, siginfo_t *info, void *context)
{
    char here;
    (void)s, (void)context;
    fault_at = info->si_addr;
    siglongjmp(back, &here >= stack_low && &here < stack_low + 32768 ? 2 : 1);
}

static void *faults(void *arg)
{
    stack_t stack = {.ss_sp = malloc(32768), .ss_size = 32768};
    stack_low = stack.ss_sp;
    sigaltstack(NULL, &stack);
    int none = stack.ss_flags == SS_DISABLE;
    stack = (stack_t){.ss_sp = stack_low, .ss_size = 32768};
    sigaltstack(&stack, NULL);
    for (int i = 0; i < 50; i++) {
        int where = sigsetjmp(back, 1);
        if (where == 0) {
            *(volatile int *)(uintptr_t)(16 * (uintptr_t)arg) = 1;
            return (void *)0;
        }
        if (where != 2)
            return (void *)-1;
    }
    return (void *)(intptr_t)none;
}

int main(void)
{
    pthread_t t, t2;
    void *ret;
    sem_init(&ready, 0, 0);
    struct sigaction action = {.sa_handler = note};
    block(SIG_BLOCK, SIGUSR1);
    block(SIG_BLOCK, SIGUSR2);
    block(SIG_BLOCK, SIGALRM);

    pthread_create(&t, NULL, takes, NULL);
    sem_wait(&ready);
    pthread_kill(t, SIGUSR1);
    sem_wait(&ready);
    kill(getpid(), SIGUSR2);
    sem_wait(&ready);
    pthread_join(t, NULL);

    sigaction(SIGALRM, &action, NULL);
    pthread_create(&t, NULL, unblocked, NULL);
    sem_wait(&ready);
    kill(getpid(), SIGALRM);
    pthread_join(t, NULL);
    CHECK(handled == 1 && pthread_equal(handled_by, t));
    block(SIG_UNBLOCK, SIGALRM);

    sigaction(SIGHUP, &action, NULL);
    pthread_create(&t, NULL, sleeps, NULL);
    sem_wait(&ready);
    /* It may not sleep yet when the first one comes. */
    while (!slept) {
        usleep(10000);
        pthread_kill(t, SIGHUP);
    }
    pthread_join(t, &ret);
    CHECK(ret == (void *)1 && handled >= 2);

    int fds[2];
    pipe(fds);
    action.sa_flags = SA_RESTART;
    sigaction(SIGHUP, &action, NULL);
    pthread_create(&t, NULL, reads, (void *)(intptr_t)fds[0]);
    usleep(10000);
    handled = 0;
    for (int i = 1; i < 4; i++) {
        pthread_kill(t, SIGHUP);
        while (handled != i)
            usleep(100);
    }
    write(fds[1], "x", 1);
    pthread_join(t, &ret);
    CHECK(ret == (void *)'x' && handled == 3);

    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &fault, NULL);
    pthread_create(&t, NULL, faults, (void *)1);
    pthread_create(&t2, NULL, faults, (void *)2);
    pthread_join(t, &ret);
    CHECK(ret == (void *)1);
    pthread_join(t2, &ret);
    CHECK(ret == (void *)1);
    CHECK(fault_at == (char *)16 || fault_at == (char *)32);
    return t_done();
}
