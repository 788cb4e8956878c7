/* The user task, in Thumb code: asks the kernel for everything. */
#include <stdint.h>

enum { CALL_WRITE = 1, CALL_TICKS = 2, CALL_POWER_OFF = 3 };

static uint32_t call(uint32_t number, uint32_t argument)
{
    /* not r7 as variable: Thumb code may need it as frame pointer */
    register uint32_t r0 __asm__("r0") = argument;
    register uint32_t r1 __asm__("r1") = number;
    __asm__ volatile("push {r7}\n\tmov r7, %1\n\tsvc #0\n\tpop {r7}" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void write(const char *s) { call(CALL_WRITE, (uint32_t)s); }

void user_main(void);
void user_main(void)
{
    uint32_t cpsr;
    __asm__ volatile("mrs %0, cpsr" : "=r"(cpsr));
    write((cpsr & 0x1f) == 0x10 ? "user: hello from user mode\n" : "user: NOT in user mode\n");
    if (call(99, 0) == (uint32_t)-1)
        write("user: the kernel refuses unknown calls\n");
    uint32_t spins = 0;
    while (call(CALL_TICKS, 0) < 5)
        spins++;
    write(spins ? "user: saw 5 timer ticks\n" : "user: 5 ticks at once?\n");
    call(CALL_POWER_OFF, 42);
    for (;;)
        ;
}
