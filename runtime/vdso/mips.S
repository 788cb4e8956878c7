/* MIPS, o32: code that every release runs; release 6 has no JR. */
#ifdef __MIPSEB__
#define WORD 4
#else
#define WORD 0
#endif
    .set noreorder
    .set nomicromips
    .set nomips16
    .text

/* NAME(arguments in a0, a1): the system call NUMBER; what fails gives a negative error number. */
.macro call name, number
    .globl \name
    .type \name, @function
    .balign 8
    .ent \name
\name:
    .cfi_startproc
    li $2, \number
    syscall
    beqz $7, 1f
    nop
    subu $2, $0, $2
1:  jalr $0, $31
    nop
    .cfi_endproc
    .end \name
    .size \name, . - \name
.endm

    call __vdso_clock_gettime, 4263
    call __vdso_clock_getres, 4264
    call __vdso_gettimeofday, 4078
    call __vdso_clock_gettime64, 4403

/* What a signal handler returns to, with the stack pointer at its frame. CONTEXT is the offset of the struct sigcontext in
 * it, whose registers have 64 bits each. An entry begins before its first instruction, since unwinders look up a return
 * address less one. */
    .section .trampolines, "ax"
.macro trampoline name, number, context
    .balign 16
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa $29, 0
    .set offset, \context + 16 + WORD
    .irp register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    .cfi_offset \register, offset
    .set offset, offset + 8
    .endr
    .cfi_return_column 66
    .cfi_offset 66, \context + 8 + WORD
    nop
    .globl \name
    .type \name, @function
    .ent \name
\name:
    li $2, \number
    syscall
    .end \name
    .size \name, . - \name
    .cfi_endproc
.endm

    /* Arguments for the handler (24 bytes); siginfo_t (128), and the head of struct ucontext (24). */
    trampoline __vdso_rt_sigreturn, 4193, 24 + 128 + 24
    trampoline __vdso_sigreturn, 4119, 24
