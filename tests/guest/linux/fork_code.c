/* Covers: code after a fork: what parent and child execute that neither had executed
 * before, code that one of them changes, forks in forks, and a thread that goes on
 * executing while others fork and change code. */
#include "t.h"
#include "emit.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTIONS 32
#define STEADY 16 /* of which so many stay as they are for those who work */
static unsigned char *area;
static fn made[FUNCTIONS];

static void make(int i, int k)
{
    int len;
    made[i] = emit_add(area + 128 * i, k, &len);
    flush(area + 128 * i, len);
}

/* Which way it goes depends on KIND, so that each kind is new code reached from old. */
static unsigned work(unsigned kind, int rounds)
{
    unsigned x = kind + 1;
    for (int i = 0; i < rounds; i++) {
        switch (kind) {
        case 0: x = x * 3 + 1; break;
        case 1: x ^= x << 3, x += 7; break;
        case 2: x = (x >> 5) | (x << 27), x -= 11; break;
        case 3: x = x % 1000003 * 17 + 5; break;
        case 4: x += x / 7 + 3; break;
        default: x = ~x * 5; break;
        }
        if ((x & 15) == kind)
            x += (unsigned)made[i % STEADY](i);
    }
    return x;
}

/* Runs F in a child; true if that says so. */
static int in_child(int (*f)(int), int arg)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(f(arg) ? 0 : 1);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static unsigned expected[6];

static int new_work(int kind)
{
    int ok = work((unsigned)kind, 3000) == expected[kind];
    return ok && work((unsigned)kind, 3000) == expected[kind];
}

static int changes(int i)
{
    int ok = made[i](1) == 1 + i;
    make(i, 90);
    ok &= made[i](1) == 91;
    make(i, i);
    return ok && work(1, 3000) == expected[1] && munmap(area, 4096) == 0;
}

/* Each generation executes something new, and its children what is new again. */
static int generations(int depth)
{
    int ok = new_work(depth);
    make(STEADY + depth, 90 + depth);
    for (int i = 1; i <= 5; i++)
        ok &= made[STEADY + i](0) == (i <= depth ? 90 : STEADY) + i;
    if (depth < 5)
        ok &= in_child(generations, depth + 1);
    return ok && made[STEADY + depth](7) == 97 + depth && new_work((depth + 1) % 6);
}

static int pipes[2][2];

/* The parent changes code meanwhile. */
static int stays_as_it_was(int i)
{
    char c;
    int ok = read(pipes[0][0], &c, 1) == 1 && made[i](5) == 5 + i;
    make(i, 80);
    ok &= write(pipes[1][1], &c, 1) == 1 && read(pipes[0][0], &c, 1) == 1;
    return ok && made[i](5) == 85;
}

static int meanwhile(int i)
{
    int status, ok;
    char c = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(stays_as_it_was(i) ? 0 : 1);
    make(i, 70);
    ok = made[i](5) == 75 && write(pipes[0][1], &c, 1) == 1 && read(pipes[1][0], &c, 1) == 1;
    ok &= made[i](5) == 75;
    make(i, i);
    ok &= made[i](5) == 5 + i && write(pipes[0][1], &c, 1) == 1;
    return waitpid(pid, &status, 0) == pid && status == 0 && ok;
}

static _Atomic int stop, wrong;

static void *runs_on(void *arg)
{
    while (!stop) {
        if (work(0, 300) != *(unsigned *)arg)
            wrong++;
    }
    return NULL;
}

int main(void)
{
    area = mmap(NULL, 128 * FUNCTIONS, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED && pipe(pipes[0]) == 0 && pipe(pipes[1]) == 0);
    for (int i = 0; i < FUNCTIONS; i++)
        make(i, i);
    /* What each kind gives is found out by a child each, so that it is new to the others. */
    unsigned *found = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (unsigned kind = 0; kind < 6; kind++) {
        if (fork() == 0) {
            found[kind] = work(kind, 3000);
            _exit(0);
        }
        wait(NULL);
        expected[kind] = found[kind];
        printf("kind %u: %u\n", kind, found[kind]);
    }
    for (int kind = 5; kind >= 0; kind--)
        CHECK(in_child(new_work, kind));
    CHECK(new_work(2) && in_child(new_work, 3) && new_work(3));
    CHECK(in_child(changes, 9) && made[9](1) == 10);
    CHECK(meanwhile(11));
    CHECK(in_child(generations, 1) && made[STEADY + 1](0) == STEADY + 1);

    unsigned loop = work(0, 300);
    pthread_t t;
    pthread_create(&t, NULL, runs_on, &loop);
    int ok = 1;
    for (int i = 0; i < 12; i++) {
        ok &= in_child(new_work, i % 6);
        make(20, 0);
        ok &= made[20](i) == i;
        make(20, 20);
        ok &= work(4, 3000) == expected[4];
    }
    stop = 1;
    pthread_join(t, NULL);
    CHECK(ok && wrong == 0);
    return t_done();
}
