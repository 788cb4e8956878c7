/* Covers: code that one thread changes and another executes: rewritten in place,
 * unmapped and mapped anew, made executable late; the other thread must see the new
 * code once it has been told. */
#include "t.h"
#include "emit.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define ROUNDS 100
static _Atomic(fn) code;
static _Atomic int round_made, wrong, calls;
static _Atomic int seen[2];

/* Calls what is there until the last round; each round's function adds its number. */
static void *run(void *arg)
{
    int me = (int)(intptr_t)arg, sum = 0;
    for (;;) {
        sched_yield();
        int now = atomic_load(&round_made);
        if (now == ROUNDS)
            return (void *)(intptr_t)(sum != 0);
        if (now > atomic_load(&seen[me])) {
            fn f = atomic_load(&code);
            for (int i = 0; i < 50; i++) {
                int got = f(i);
                if (got != i + now)
                    wrong++;
                sum += got;
                calls++;
            }
            atomic_store(&seen[me], now);
        }
    }
}

static void wait_for_both(int now)
{
    while (atomic_load(&seen[0]) != now || atomic_load(&seen[1]) != now)
        sched_yield();
}

int main(void)
{
    pthread_t t[2];
    int len;
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    unsigned char *m = mmap(NULL, 4096, all, flags, -1, 0);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, run, (void *)(intptr_t)i);
    for (int now = 1; now < ROUNDS; now++) {
        if (now % 3 == 1) {
            munmap(m, 4096);
            mmap(m, 4096, all, flags | MAP_FIXED, -1, 0);
        } else if (now % 3 == 2) {
            mprotect(m, 4096, PROT_READ | PROT_WRITE);
        }
        fn f = emit_add(m, now, &len);
        flush(m, len);
        if (now % 3 == 2)
            mprotect(m, 4096, PROT_READ | PROT_EXEC), mprotect(m, 4096, all);
        atomic_store(&code, f);
        atomic_store(&round_made, now);
        wait_for_both(now);
    }
    round_made = ROUNDS;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    CHECK(calls == 2 * 50 * (ROUNDS - 1));
    CHECK(wrong == 0);
    return t_done();
}
