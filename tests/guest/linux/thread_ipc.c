/* Covers: what threads have to do with message queues (notification by a
 * thread), seccomp (filters for all threads) and semaphores (undoing belongs to
 * the process). */
#include "t.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

static sem_t called;
static int value;

static void notified(union sigval v)
{
    value = v.sival_int;
    sem_post(&called);
}

static void message_queue(void)
{
    char name[32], buf[64];
    snprintf(name, sizeof name, "/demotic-%d", getpid());
    struct mq_attr attr = {.mq_maxmsg = 3, .mq_msgsize = 16};
    mqd_t q = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
    sem_init(&called, 0, 0);
    struct sigevent ev = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_int = 815};
    CHECK(q >= 0 && mq_notify(q, &ev) == 0 && mq_send(q, "y", 2, 0) == 0);
    CHECK(sem_wait(&called) == 0 && value == 815);
    CHECK(mq_receive(q, buf, sizeof buf, NULL) == 2 && mq_unlink(name) == 0);
}

static void *adds(void *id)
{
    struct sembuf up = {0, 1, SEM_UNDO};
    return (void *)(long)semop((int)(long)id, &up, 1);
}

static void semaphore(void)
{
    pthread_t t;
    void *result;
    int id = semget(IPC_PRIVATE, 1, 0600);
    pthread_create(&t, NULL, adds, (void *)(long)id);
    pthread_join(t, &result);
    CHECK(result == NULL && semctl(id, 0, GETVAL) == 1 && semctl(id, 0, IPC_RMID) == 0);
}

static pthread_barrier_t before, after;

static void *refused(void *arg)
{
    (void)arg;
    return (void *)(long)(syscall(SYS_getppid) == -1 && errno == EDOM);
}

static void *waits(void *arg)
{
    pthread_barrier_wait(&before);
    pthread_barrier_wait(&after);
    return refused(arg);
}

static void filters(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EDOM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    pthread_t a, b;
    void *ra, *rb;
    pthread_barrier_init(&before, NULL, 2);
    pthread_barrier_init(&after, NULL, 2);
    pthread_create(&a, NULL, waits, NULL);
    pthread_barrier_wait(&before);
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
    pthread_barrier_wait(&after);
    pthread_create(&b, NULL, refused, NULL);
    pthread_join(a, &ra);
    pthread_join(b, &rb);
    CHECK(ra != NULL && rb != NULL);
}

int main(void)
{
    message_queue();
    semaphore();
    filters();
    return t_done();
}
