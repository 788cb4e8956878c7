/* Covers: System V shared memory (attaching at addresses, read-only, after a
 * fork), message queues, semaphores with all forms of semctl, and the layouts
 * of what IPC_STAT gives. */
#include "t.h"
#include <errno.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

union semun {
    int val;
    struct semid_ds *buf;
    unsigned short *array;
};

static int recent(time_t t)
{
    time_t now = time(NULL);
    return t >= now - 100 && t <= now;
}

static void shared_memory(void)
{
    int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0640);
    CHECK(id >= 0);
    char *a = shmat(id, NULL, 0), *b = shmat(id, NULL, SHM_RDONLY);
    CHECK(a != (void *)-1 && b != (void *)-1 && a != b);
    strcpy(a + 9000, "both");
    CHECK(!strcmp(b + 9000, "both"));
    struct shmid_ds ds;
    memset(&ds, 0xaa, sizeof ds);
    CHECK(shmctl(id, IPC_STAT, &ds) == 0);
    CHECK(ds.shm_segsz == 10000 && ds.shm_nattch == 2 && (ds.shm_perm.mode & 0777) == 0640);
    CHECK(ds.shm_perm.uid == getuid() && ds.shm_perm.cgid == getgid() && ds.shm_perm.__key == IPC_PRIVATE);
    CHECK(ds.shm_cpid == getpid() && ds.shm_lpid == getpid());
    CHECK(recent(ds.shm_atime) && recent(ds.shm_ctime));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        strcpy(a, "from the child");
        _exit(shmdt(a) || shmdt(a) != -1 || errno != EINVAL);
    }
    int st;
    CHECK(waitpid(pid, &st, 0) == pid && st == 0 && !strcmp(b, "from the child"));
    ds.shm_perm.mode = 0600;
    CHECK(shmctl(id, IPC_SET, &ds) == 0 && shmctl(id, IPC_STAT, &ds) == 0 && (ds.shm_perm.mode & 0777) == 0600);
    CHECK(shmdt(b) == 0 && shmdt(b) == -1 && errno == EINVAL);
    CHECK(shmctl(id, IPC_STAT, &ds) == 0 && ds.shm_nattch == 1 && recent(ds.shm_dtime));

    /* at a place: free, occupied, occupied but replaced, rounded down, crooked */
    size_t room = 4 * SHMLBA;
    char *area = mmap(NULL, room, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *place = (char *)(((uintptr_t)area + SHMLBA - 1) / SHMLBA * SHMLBA);
    CHECK(shmat(id, place, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, place, SHM_REMAP) == place && !strcmp(place, "from the child"));
    CHECK(munmap(area, room) == 0);
    CHECK(shmat(id, place + 100, SHM_RND) == place && !strcmp(place, "from the child"));
    CHECK(shmdt(place) == 0);
    CHECK(shmat(id, place + 100, 0) == (void *)-1 && errno == EINVAL);
    CHECK(shmat(id, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL);
    CHECK(shmdt(a + 4096) == -1 && errno == EINVAL);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0 && shmctl(id, IPC_STAT, &ds) == 0 && (ds.shm_perm.mode & SHM_DEST));
    CHECK(shmdt(a) == 0 && shmat(id, NULL, 0) == (void *)-1 && errno == EINVAL);

    struct shminfo limits;
    CHECK(shmctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.shmmin == 1 && limits.shmmni > 0);
    /* others may run this at the same time */
    key_t key = 0x5e000000 + getpid();
    int known = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
    CHECK(known >= 0 && shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600) == -1 && errno == EEXIST);
    CHECK(shmget(key, 8192, 0) == -1 && errno == EINVAL && shmctl(known, IPC_RMID, NULL) == 0);
    CHECK(shmget(key, 0, 0) == -1 && errno == ENOENT);
}

static void messages(void)
{
    struct {
        long type;
        char text[64];
    } m = {7, "seven"};
    int id = msgget(IPC_PRIVATE, 0600);
    struct msqid_ds ds;
    CHECK(id >= 0 && msgsnd(id, &m, 6, 0) == 0);
    m.type = 3;
    strcpy(m.text, "three");
    CHECK(msgsnd(id, &m, 6, 0) == 0);
    m.type = 0;
    CHECK(msgsnd(id, &m, 6, 0) == -1 && errno == EINVAL);
    memset(&ds, 0xaa, sizeof ds);
    CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 2 && ds.__msg_cbytes == 12);
    CHECK(recent(ds.msg_stime) && ds.msg_rtime == 0 && recent(ds.msg_ctime));
    CHECK(ds.msg_lspid == getpid() && ds.msg_lrpid == 0 && ds.msg_qbytes > 12);
    memset(&m, 0, sizeof m);
    CHECK(msgrcv(id, &m, 64, 3, 0) == 6 && m.type == 3 && !strcmp(m.text, "three"));
    CHECK(msgrcv(id, &m, 2, 0, 0) == -1 && errno == E2BIG);
    CHECK(msgrcv(id, &m, 2, -9, MSG_NOERROR) == 2 && m.type == 7 && !strncmp(m.text, "se", 2));
    CHECK(msgrcv(id, &m, 64, 0, IPC_NOWAIT) == -1 && errno == ENOMSG);
    ds.msg_qbytes = 100;
    CHECK(msgctl(id, IPC_SET, &ds) == 0 && msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qbytes == 100);
    m.type = 1;
    CHECK(msgsnd(id, &m, 60, IPC_NOWAIT) == 0 && msgsnd(id, &m, 60, IPC_NOWAIT) == -1 && errno == EAGAIN);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        /* waits until the parent makes room */
        m.type = 2;
        _exit(msgsnd(id, &m, 60, 0) != 0);
    }
    usleep(20000);
    int st;
    CHECK(msgrcv(id, &m, 64, 1, 0) == 60);
    CHECK(waitpid(pid, &st, 0) == pid && st == 0 && msgrcv(id, &m, 64, 2, 0) == 60);
    pid = fork();
    if (pid == 0)
        /* EINVAL if it comes too late to wait */
        _exit(msgrcv(id, &m, 64, 0, 0) == -1 && (errno == EIDRM || errno == EINVAL) ? 0 : 1);
    usleep(20000);
    CHECK(msgctl(id, IPC_RMID, NULL) == 0 && waitpid(pid, &st, 0) == pid && st == 0);
    struct msginfo limits;
    CHECK(msgctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.msgmax > 0 && limits.msgmnb > 0);
}

static void handler(int signal)
{
    (void)signal;
}

static void semaphores(void)
{
    int id = semget(IPC_PRIVATE, 3, 0600);
    struct semid_ds ds;
    unsigned short values[3] = {1, 2, 3};
    union semun u = {.array = values};
    CHECK(id >= 0 && semctl(id, 0, SETALL, u) == 0);
    memset(values, 0, sizeof values);
    CHECK(semctl(id, 0, GETALL, u) == 0 && values[0] == 1 && values[1] == 2 && values[2] == 3);
    u.val = 5;
    CHECK(semctl(id, 1, SETVAL, u) == 0 && semctl(id, 1, GETVAL) == 5 && semctl(id, 2, GETVAL) == 3);
    memset(&ds, 0xaa, sizeof ds);
    u.buf = &ds;
    CHECK(semctl(id, 0, IPC_STAT, u) == 0 && ds.sem_nsems == 3 && ds.sem_otime == 0 && recent(ds.sem_ctime));
    CHECK((ds.sem_perm.mode & 0777) == 0600 && ds.sem_perm.cuid == getuid());
    struct sembuf down[2] = {{0, -1, 0}, {1, -4, 0}}, up = {0, 2, SEM_UNDO}, wait_zero = {0, 0, IPC_NOWAIT};
    CHECK(semop(id, down, 2) == 0 && semctl(id, 0, GETVAL) == 0 && semctl(id, 1, GETVAL) == 1);
    CHECK(semop(id, &wait_zero, 1) == 0 && semctl(id, 0, GETPID) == getpid());
    CHECK(semctl(id, 0, IPC_STAT, u) == 0 && recent(ds.sem_otime));
    struct timespec t = {0, 20000000};
    CHECK(semtimedop(id, down, 2, &t) == -1 && errno == EAGAIN);
    t.tv_nsec = 1000000000;
    CHECK(semtimedop(id, down, 2, &t) == -1 && errno == EINVAL);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(semop(id, &up, 1) != 0);
    int st;
    /* what the child has added is taken back when it ends */
    CHECK(waitpid(pid, &st, 0) == pid && st == 0 && semctl(id, 0, GETVAL) == 0);
    pid = fork();
    if (pid == 0)
        _exit(semop(id, down, 1) != 0);
    while (semctl(id, 0, GETNCNT) == 0)
        usleep(1000);
    up.sem_flg = 0;
    CHECK(semop(id, &up, 1) == 0 && waitpid(pid, &st, 0) == pid && st == 0 && semctl(id, 0, GETVAL) == 1);
    signal(SIGALRM, handler);
    /* again and again, in case the first one comes before it waits */
    ualarm(20000, 20000);
    struct sembuf zero = {0, 0, 0};
    CHECK(semop(id, &zero, 1) == -1 && errno == EINTR);
    ualarm(0, 0);
    CHECK(semop(id, down, 100000) == -1 && errno == E2BIG);
    down[0].sem_num = 9;
    CHECK(semop(id, down, 1) == -1 && errno == EFBIG);
    ds.sem_perm.mode = 0400;
    CHECK(semctl(id, 0, IPC_SET, u) == 0 && semctl(id, 0, IPC_STAT, u) == 0 && (ds.sem_perm.mode & 0777) == 0400);
    CHECK(semctl(id, 0, IPC_RMID) == 0 && semctl(id, 0, GETVAL) == -1 && errno == EINVAL);
    struct seminfo limits;
    union semun info = {.buf = (void *)&limits};
    CHECK(semctl(0, 0, IPC_INFO, info) >= 0 && limits.semmsl > 0 && limits.semvmx == 32767);
}

int main(void)
{
    shared_memory();
    messages();
    semaphores();
    return t_done();
}
