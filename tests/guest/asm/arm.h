/* Common to the ARM assembly programs, A32 and T32: a program is a list of
 * checks; each prints one PASS or FAIL line with a raw write call.
 *
 * Values under test live in r4-r11: the check macros change r0-r3, r12 and lr. */
        .syntax unified
        .arch   armv7ve
#ifdef __thumb__
        .thumb
#define FN .thumb_func
#else
        .arm
#define FN
#endif

        .macro  CONST reg, val
        movw    \reg, #(\val) & 0xffff
        movt    \reg, #((\val) >> 16) & 0xffff
        .endm

        .macro  ADDR reg, sym
        movw    \reg, #:lower16:\sym
        movt    \reg, #:upper16:\sym
        .endm

        /* The register holds the value, or a FAIL line is printed. */
        .macro  EQ reg, val, name:vararg
        mov     r0, \reg
        CONST   r1, (\val)
        ADDR    r2, 9f
        bl      check
        .pushsection .rodata
9:      .asciz  \name
        .popsection
        .endm

        /* N, Z, C, V as a number: 8, 4, 2, 1. */
        .macro  FLAGS val, name:vararg
        mrs     r12, apsr
        lsr     r12, r12, #28
        EQ      r12, \val, \name
        .endm

        /* Sets the flags to a number as above. */
        .macro  SETF val
        mov     r12, #(\val) << 28
        msr     apsr_nzcvq, r12
        .endm

        .macro  BEGIN
        .text
        .globl  _start
        .type   _start, %function
        FN
_start:
        .endm

        .macro  END
        ADDR    r1, failed
        ldr     r0, [r1]
        movs    r7, #248                @ exit_group
        svc     #0

        /* check(got, want, name) */
        .type   check, %function
        FN
check:  push    {r4-r7, r8, lr}
        mov     r4, r0
        mov     r5, r1
        ADDR    r6, line
        cmp     r4, r5
        beq     1f
        ADDR    r0, failed
        mov     r1, #1
        str     r1, [r0]
        ADDR    r0, text_fail
        b       2f
1:      ADDR    r0, text_pass
2:      ldrb    r1, [r0], #1
        cbz_    r1, 3f
        strb    r1, [r6], #1
        b       2b
3:      ldrb    r1, [r2], #1
        cbz_    r1, 4f
        strb    r1, [r6], #1
        b       3b
4:      cmp     r4, r5
        beq     6f
        mov     r1, #' '                @ the value that was there
        strb    r1, [r6], #1
        mov     r3, #8
5:      lsr     r1, r4, #28
        lsl     r4, r4, #4
        cmp     r1, #10
        blo     7f
        add     r1, r1, #39
7:      add     r1, r1, #48
        strb    r1, [r6], #1
        subs    r3, r3, #1
        bne     5b
6:      mov     r1, #10
        strb    r1, [r6], #1
        mov     r0, #1
        ADDR    r1, line
        sub     r2, r6, r1
        movs    r7, #4                  @ write
        svc     #0
        pop     {r4-r7, r8, pc}

        .section .rodata
text_pass: .asciz "PASS "
text_fail: .asciz "FAIL "
        .bss
        .align  3
failed: .space  4
line:   .space  200
        .align  3
        .endm

        .macro  cbz_ reg, where         @ cbz for both instruction sets
        cmp     \reg, #0
        beq     \where
        .endm
