/* The user task: asks the kernel for everything.  Linked for its address in
 * kuseg, where execution begins at its first instruction. */
#include <stdint.h>

enum { CALL_WRITE = 1, CALL_TICKS = 2, CALL_POWER_OFF = 3 };

void user_main(void) __attribute__((noreturn, section(".start")));

static uint32_t call(uint32_t number, uint32_t argument)
{
    register uint32_t v0 __asm__("$2") = number;
    register uint32_t a0 __asm__("$4") = argument;
    __asm__ volatile("syscall" : "+r"(v0) : "r"(a0) : "memory");
    return v0;
}

static void write(const char *s) { call(CALL_WRITE, (uint32_t)s); }

static volatile uint32_t spins = 7;     /* data of its own, not in registers */

void user_main(void)
{
    write("user: hello from user mode\n");
    if (call(99, 0) == (uint32_t)-1)
        write("user: the kernel refuses unknown calls\n");
    while (call(CALL_TICKS, 0) < 5)
        spins++;
    write(spins > 7 ? "user: saw 5 timer ticks\n" : "user: 5 ticks at once?\n");
    call(CALL_POWER_OFF, 42);
    for (;;)
        ;
}
