/* ARM: A32 code that any processor since ARMv4T runs. */
    .syntax unified
    .arch armv4t
    .arm
    .text

/* NAME(arguments in r0, r1): the system call HIGH + LOW, two immediates. */
.macro call name, high, low
    .globl \name
    .type \name, %function
    .balign 8
\name:
    .cfi_startproc
    mov ip, r7
    .cfi_register r7, ip
    mov r7, #\high
    .if \low
    add r7, r7, #\low
    .endif
    svc #0
    mov r7, ip
    .cfi_restore r7
    bx lr
    .cfi_endproc
    .size \name, . - \name
.endm

    call __vdso_clock_gettime, 0x104, 3       /* 263 */
    call __vdso_clock_getres, 0x108, 0        /* 264 */
    call __vdso_gettimeofday, 78, 0
    call __vdso_clock_gettime64, 0x190, 3     /* 403 */
