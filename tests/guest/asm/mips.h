/* Common to the MIPS assembly programs, both byte orders: a program is a list of
 * checks; each prints one PASS or FAIL line with a raw write call.
 *
 * Values under test live in s0-s7, HI and LO; the check macro changes at, v0, v1,
 * a0-a3, t0-t9 and ra.  No assembler reordering: delay slots are written out. */
        .set    noreorder
        .set    noat

        .macro  CONST reg, val
        lui     \reg, (((\val) >> 16) & 0xffff)
        ori     \reg, \reg, ((\val) & 0xffff)
        .endm

        .macro  ADDR reg, sym
        lui     \reg, %hi(\sym)
        addiu   \reg, \reg, %lo(\sym)
        .endm

        /* The register holds the value, or a FAIL line is printed. */
        .macro  EQ reg, val, name:vararg
        move    $a0, \reg
        CONST   $a1, (\val)
        ADDR    $a2, 9f
        jal     check
        nop
        .pushsection .rodata
9:      .asciz  \name
        .popsection
        .endm

        .macro  BEGIN
        .text
        .globl  __start
        .ent    __start
__start:
        .endm

        .macro  END
        ADDR    $t0, failed
        lw      $a0, 0($t0)
        li      $v0, 4246               # exit_group
        syscall
        .end    __start

        /* check(got, want, name) */
        .ent    check
check:  ADDR    $t0, line
        ADDR    $t1, text_pass
        beq     $a0, $a1, 1f
        nop
        ADDR    $t1, text_fail
        ADDR    $t2, failed
        li      $t3, 1
        sw      $t3, 0($t2)
1:      lbu     $t2, 0($t1)
        addiu   $t1, $t1, 1
        beqz    $t2, 2f
        nop
        sb      $t2, 0($t0)
        b       1b
        addiu   $t0, $t0, 1
2:      lbu     $t2, 0($a2)
        addiu   $a2, $a2, 1
        beqz    $t2, 3f
        nop
        sb      $t2, 0($t0)
        b       2b
        addiu   $t0, $t0, 1
3:      beq     $a0, $a1, 6f
        li      $t2, 32
        sb      $t2, 0($t0)             # the value that was there
        addiu   $t0, $t0, 1
        li      $t3, 8
4:      srl     $t2, $a0, 28
        sll     $a0, $a0, 4
        sltiu   $t4, $t2, 10
        bnez    $t4, 5f
        nop
        addiu   $t2, $t2, 39
5:      addiu   $t2, $t2, 48
        sb      $t2, 0($t0)
        addiu   $t3, $t3, -1
        bnez    $t3, 4b
        addiu   $t0, $t0, 1
6:      li      $t2, 10
        sb      $t2, 0($t0)
        addiu   $t0, $t0, 1
        li      $a0, 1
        ADDR    $a1, line
        subu    $a2, $t0, $a1
        li      $v0, 4004               # write
        syscall
        jr      $ra
        nop
        .end    check

        .section .rodata
text_pass: .asciz "PASS "
text_fail: .asciz "FAIL "
        .bss
        .align  3
failed: .space  4
line:   .space  200
        .align  3
        .endm
