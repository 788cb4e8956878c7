/* Covers: the program break: growing, shrinking, growing again (fresh zero
 * pages), unaligned values, a request that cannot be met. */
#include "t.h"
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

int main(void)
{
    char *brk0 = sbrk(0);
    brk0 += -(uintptr_t)brk0 & (PAGE - 1);
    CHECK(brk(brk0) == 0 && sbrk(0) == brk0);
    CHECK(sbrk(5 * (int)PAGE) == brk0 && sbrk(0) == brk0 + 5 * PAGE);
    memset(brk0, 9, 5 * PAGE);
    CHECK(brk(brk0 + PAGE) == 0 && sbrk(0) == brk0 + PAGE);
    CHECK(brk0[PAGE - 1] == 9);
    CHECK(brk(brk0 + 5 * PAGE) == 0);
    int zero = 1;
    for (unsigned i = PAGE; i < 5 * PAGE; i++)
        zero &= brk0[i] == 0;
    CHECK(zero && brk0[PAGE - 1] == 9);
    CHECK(brk(brk0 + 5 * PAGE + 123) == 0 && sbrk(0) == brk0 + 5 * PAGE + 123);
    brk0[5 * PAGE + 122] = 1;
    /* below the start and absurdly high: the kernel answers the present break */
    CHECK((char *)syscall(SYS_brk, PAGE) == brk0 + 5 * PAGE + 123);
    CHECK((char *)syscall(SYS_brk, -(long)PAGE) == brk0 + 5 * PAGE + 123);
    CHECK(brk(brk0) == 0);
    return t_done();
}
