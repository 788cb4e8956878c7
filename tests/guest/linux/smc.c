/* Covers: self-modifying code: instructions written to a mapped page, run,
 * rewritten and run again (with the cache flush each machine asks for), code
 * patched by code in the same page, code moved, memory made executable late,
 * code unmapped and other code mapped in its place. */
#include "t.h"
#include "emit.h"
#include <sys/mman.h>

int main(void)
{
    int len, sum = 0;
    unsigned char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(m != MAP_FAILED);

    fn f = emit_add(m, 1, &len);
    flush(m, len);
    CHECK(f(10) == 11);
    f = emit_add(m, 2, &len);
    flush(m, len);
    CHECK(f(10) == 12);

    /* the same place many times, run often enough to become hot */
    for (int round = 0; round < 60; round++) {
        f = emit_add(m, round, &len);
        flush(m, len);
        for (int i = 0; i < 50; i++)
            sum += f(i);
    }
    printf("sum %d\n", sum);
    CHECK(sum == 60 * (49 * 50 / 2) + 50 * (59 * 60 / 2));

    /* several functions in one page; only one changes at a time */
    fn g[16];
    for (int i = 0; i < 16; i++)
        g[i] = emit_add(m + 64 * i, i, &len);
    flush(m, 1024);
    int ok = 1;
    for (int round = 0; round < 40; round++) {
        int k = round & 15;
        g[k] = emit_add(m + 64 * k, 100 - round, &len);
        flush(m + 64 * k, len);
        for (int i = 0; i < 16; i++) {
            int last = -1;
            for (int r = round; r >= 0; r--)
                if ((r & 15) == i) {
                    last = 100 - r;
                    break;
                }
            ok &= g[i](1000) == 1000 + (last < 0 ? i : last);
        }
    }
    CHECK(ok);

    /* across a page boundary */
#if !defined __thumb__ && !defined __arm__ && !defined __mips__
    f = emit_add(m + 4096 - 2, 9, &len);
#elif defined __thumb__
    f = emit_add(m + 4096 - 2, 9, &len);
#else
    f = emit_add(m + 4096 - 4, 9, &len);
#endif
    flush(m + 4096 - 4, 16);
    CHECK(f(1) == 10);

    /* write first, make executable later, and the other way round */
    unsigned char *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int k = 3; k < 6; k++) {
        CHECK(mprotect(w, 4096, PROT_READ | PROT_WRITE) == 0);
        f = emit_add(w, k, &len);
        CHECK(mprotect(w, 4096, PROT_READ | PROT_EXEC) == 0);
        flush(w, len);
        CHECK(f(100) == 100 + k);
    }

    /* other code at the same address by a new mapping: no flush is needed then */
    for (int k = 20; k < 24; k++) {
        munmap(w, 4096);
        unsigned char *x = mmap(w, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        f = emit_add(x, k, &len);
        flush(x, len);
        CHECK(x == w && f(k) == 2 * k);
    }

    /* code on the heap and copied code */
    unsigned char *copy = m + 5000 / 64 * 64;
    emit_add(m, 77, &len);
    memcpy(copy, m, (size_t)len);
    flush(copy, len);
    f = (fn)((uintptr_t)copy | ((uintptr_t)g[0] & 1));
    CHECK(f(0) == 77);
    return t_done();
}
