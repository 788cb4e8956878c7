@ Executes instructions on given register values: the reference side of `tests/qemu.rs`.
@
@ Reads records from standard input and writes them back with the values afterwards. A record:
@
@     0    instruction set: 0 A32, 1 T32
@     4    16 bytes of code, padded with NOPs
@     20   R0 to R14
@     80   APSR
@     84   FPSCR
@     88   D0 to D31
@     344  the memory at `window`
@
@ The linker puts `window` and the code at the addresses that the test knows.
    .syntax unified
    .arch armv7-a
    .fpu neon-vfpv4
    .arm

    .equ WINDOW_SIZE, 1024
    .equ RECORD_SIZE, 344 + WINDOW_SIZE

    .section .window, "aw", %nobits
window:
    .space WINDOW_SIZE

    .section .slot, "awx", %progbits
    .thumb
t32_slot:
    .space 16
    bx pc
    nop
    .arm
    b after
    .balign 256
a32_slot:
    .space 16
    b after

@ Registers cannot address memory once they hold a case's values, so what is needed then stands near the code.
target:
    .word 0
values:
    .space 60
    .balign 8
enter:
    adr r0, values
    ldr sp, [r0, #52]
    ldr lr, [r0, #56]
    ldm r0, {r0-r12}
    ldr pc, target
after:
    str r0, values
    str r1, values + 4
    str r2, values + 8
    str r3, values + 12
    str r4, values + 16
    str r5, values + 20
    str r6, values + 24
    str r7, values + 28
    str r8, values + 32
    str r9, values + 36
    str r10, values + 40
    str r11, values + 44
    str r12, values + 48
    str sp, values + 52
    str lr, values + 56
    ldr pc, =leave
    .ltorg

    .bss
    .balign 8
record:
    .space RECORD_SIZE

    .text
    .globl _start
_start:
    ldr r4, =record
    ldr r5, =RECORD_SIZE
read_more:
    mov r0, #0
    mov r1, r4
    mov r2, r5
    mov r7, #3                  @ read
    svc #0
    cmp r0, #0
    ble finish
    add r4, r4, r0
    subs r5, r5, r0
    bne read_more

    ldr r4, =record
    ldr r0, [r4]
    cmp r0, #0
    ldreq r5, =a32_slot
    ldrne r5, =t32_slot
    orrne r6, r5, #1
    moveq r6, r5
    ldr r0, =target
    str r6, [r0]
    add r0, r4, #4
    ldm r0, {r0-r3}
    stm r5, {r0-r3}
    mov r0, r5
    add r1, r5, #16
    mov r2, #0
    ldr r7, =0x0f0002           @ cacheflush
    svc #0

    add r0, r4, #20
    ldr r1, =values
    mov r2, #60
    bl copy
    add r0, r4, #344
    ldr r1, =window
    ldr r2, =WINDOW_SIZE
    bl copy
    add r0, r4, #88
    vldmia r0!, {d0-d15}
    vldmia r0!, {d16-d31}
    ldr r0, [r4, #84]
    vmsr fpscr, r0
    ldr r0, [r4, #80]
    msr APSR_nzcvqg, r0
    b enter

leave:
    ldr r4, =record
    mrs r0, APSR
    str r0, [r4, #80]
    vmrs r0, fpscr
    str r0, [r4, #84]
    add r0, r4, #88
    vstmia r0!, {d0-d15}
    vstmia r0!, {d16-d31}
    mov r0, #0
    vmsr fpscr, r0
    ldr r0, =values
    add r1, r4, #20
    mov r2, #60
    bl copy
    ldr r0, =window
    add r1, r4, #344
    ldr r2, =WINDOW_SIZE
    bl copy

    ldr r5, =RECORD_SIZE
write_more:
    mov r0, #1
    mov r1, r4
    mov r2, r5
    mov r7, #4                  @ write
    svc #0
    cmp r0, #0
    ble finish
    add r4, r4, r0
    subs r5, r5, r0
    bne write_more
    b _start

finish:
    mov r7, #1                  @ exit
    svc #0

@ Copies r2 bytes, a multiple of 4, from r0 to r1.
copy:
    ldr r3, [r0], #4
    str r3, [r1], #4
    subs r2, r2, #4
    bne copy
    bx lr
