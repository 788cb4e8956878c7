/* Start-up, exception vectors and mode changes of the bare-metal ARM example. */
        .syntax unified
        .arm

        .equ    MODE_USR, 0x10
        .equ    MODE_IRQ, 0x12
        .equ    MODE_SVC, 0x13
        .equ    MODE_ABT, 0x17
        .equ    MODE_UND, 0x1b
        .equ    MODE_SYS, 0x1f
        .equ    NO_INT, 0xc0            /* I and F: interrupts masked */

        .section .start, "ax"
        .globl  _start
_start:
        /* Each mode has its own stack pointer; user mode's is set through SYS. */
        msr     cpsr_c, #MODE_IRQ | NO_INT
        ldr     sp, =irq_stack_top
        msr     cpsr_c, #MODE_ABT | NO_INT
        ldr     sp, =irq_stack_top      /* aborts end the program: any stack will do */
        msr     cpsr_c, #MODE_UND | NO_INT
        ldr     sp, =und_stack_top
        msr     cpsr_c, #MODE_SYS | NO_INT
        ldr     sp, =user_stack_top
        msr     cpsr_c, #MODE_SVC | NO_INT
        ldr     sp, =svc_stack_top

        ldr     r0, =bss_start
        ldr     r1, =bss_end
        mov     r2, #0
1:      cmp     r0, r1
        strlo   r2, [r0], #4
        blo     1b

        bl      kernel_main
2:      wfi                             /* not reached */
        b       2b
        .ltorg

        .text
        /* The table is position-independent, so a copy of it works as well. */
        .balign 32
        .globl  vectors
vectors:
        ldr     pc, [pc, #24]           /* reset */
        ldr     pc, [pc, #24]           /* undefined instruction */
        ldr     pc, [pc, #24]           /* supervisor call */
        ldr     pc, [pc, #24]           /* prefetch abort */
        ldr     pc, [pc, #24]           /* data abort */
        ldr     pc, [pc, #24]           /* not used */
        ldr     pc, [pc, #24]           /* IRQ */
        ldr     pc, [pc, #24]           /* FIQ */
        .word   on_other, on_undefined, on_svc, on_prefetch_abort
        .word   on_data_abort, on_other, on_irq, on_other

        /* Counts, and goes on behind the instruction (lr is that already in ARM
           state; this kernel has no undefined instructions in Thumb code). */
on_undefined:
        push    {r0, r1}
        ldr     r0, =undefined_count
        ldr     r1, [r0]
        add     r1, r1, #1
        str     r1, [r0]
        pop     {r0, r1}
        movs    pc, lr

        /* r7 is the number, r0 and r1 are arguments, r0 is the result; all other
           registers are kept. */
on_svc:
        push    {r1-r4, r12, lr}
        mrs     r4, spsr
        and     r12, r4, #0x1f
        cmp     r12, #MODE_USR
        bne     1f                      /* a semihosting request that nobody took */
        cpsie   i                       /* the timer may interrupt the kernel, too */
        mov     r2, r1
        mov     r1, r0
        mov     r0, r7
        bl      system_call
        cpsid   i
        msr     spsr_cxsf, r4           /* a nested call could have changed it */
1:      ldm     sp!, {r1-r4, r12, pc}^

on_irq:
        sub     lr, lr, #4
        push    {r0-r3, r12, lr}
        bl      interrupt
        ldm     sp!, {r0-r3, r12, pc}^

on_prefetch_abort:
        sub     r1, lr, #4
        ldr     r0, =text_prefetch
        b       panic
on_data_abort:
        sub     r1, lr, #8
        ldr     r0, =text_data
        b       panic
on_other:
        mov     r1, lr
        ldr     r0, =text_other
        b       panic
        .ltorg

        /* enter_user(entry): interrupts on, Thumb if the address is odd */
        .globl  enter_user
enter_user:
        mov     r1, #MODE_USR
        tst     r0, #1
        orrne   r1, r1, #0x20
        bic     lr, r0, #1
        msr     spsr_cxsf, r1
        mov     r0, #0
        mov     r1, #0
        mov     r2, #0
        mov     r3, #0
        mov     r12, #0
        movs    pc, lr

        /* semihost(operation, argument): lr_svc is lost if nobody takes the call */
        .globl  semihost
semihost:
        push    {r7, lr}
        mov     r7, #0
        svc     #0x123456
        pop     {r7, pc}

        /* set_vbar(address) */
        .globl  set_vbar
set_vbar:
        mcr     p15, 0, r0, c12, c0, 0
        isb
        bx      lr

        .globl  undefined_instruction
undefined_instruction:
        .word   0xe7f000f0
        bx      lr

        .section .rodata
text_prefetch: .asciz "prefetch abort"
text_data: .asciz "data abort"
text_other: .asciz "unexpected exception"

        .section .stacks, "aw", %nobits
        .balign 8
        .space  4096
svc_stack_top:
        .space  4096
irq_stack_top:
        .space  1024
und_stack_top:
        .space  4096
user_stack_top:
