/* Covers: branches and their delay slots: what runs when taken and when not,
 * annulled slots of the "likely" forms, links, slots that change the register a
 * jump uses, loops whose work is in the slot, jumps through registers. */
#include "mips.h"
        /* The slot runs either way; s2 counts, s3 tells whether it was taken. */
        .macro  BRANCH cond:req, a, want, name:vararg
        CONST   $s0, \a
        li      $s1, 5
        li      $s2, 0
        li      $s3, 1
        \cond   1f
        addiu   $s2, $s2, 1
        li      $s3, 0
1:      EQ      $s3, \want, \name
        EQ      $s2, 1, "its slot ran"
        .endm
        /* The slot runs only when taken. */
        .macro  LIKELY cond:req, a, want, name:vararg
        CONST   $s0, \a
        li      $s1, 5
        li      $s2, 0
        li      $s3, 1
        \cond   1f
        addiu   $s2, $s2, 1
        li      $s3, 0
1:      EQ      $s3, \want, \name
        EQ      $s2, \want, "its slot ran only if taken"
        .endm
        BEGIN
        BRANCH  "beq $s0, $s1,", 5, 1, "beq taken"
        BRANCH  "beq $s0, $s1,", 6, 0, "beq not taken"
        BRANCH  "bne $s0, $s1,", 6, 1, "bne taken"
        BRANCH  "bne $s0, $s1,", 5, 0, "bne not taken"
        BRANCH  "blez $s0,", 0, 1, "blez 0"
        BRANCH  "blez $s0,", 0x80000000, 1, "blez min"
        BRANCH  "blez $s0,", 1, 0, "blez 1"
        BRANCH  "bgtz $s0,", 0, 0, "bgtz 0"
        BRANCH  "bgtz $s0,", 0x7fffffff, 1, "bgtz max"
        BRANCH  "bltz $s0,", 0xffffffff, 1, "bltz -1"
        BRANCH  "bltz $s0,", 0, 0, "bltz 0"
        BRANCH  "bgez $s0,", 0, 1, "bgez 0"
        BRANCH  "bgez $s0,", 0x80000000, 0, "bgez min"
        LIKELY  "beql $s0, $s1,", 5, 1, "beql taken"
        LIKELY  "beql $s0, $s1,", 6, 0, "beql not taken"
        LIKELY  "bnel $s0, $s1,", 6, 1, "bnel taken"
        LIKELY  "bnel $s0, $s1,", 5, 0, "bnel not taken"
        LIKELY  "blezl $s0,", 0, 1, "blezl taken"
        LIKELY  "blezl $s0,", 1, 0, "blezl not taken"
        LIKELY  "bgtzl $s0,", 1, 1, "bgtzl taken"
        LIKELY  "bgtzl $s0,", 0, 0, "bgtzl not taken"
        LIKELY  "bltzl $s0,", 0xffffffff, 1, "bltzl taken"
        LIKELY  "bltzl $s0,", 0, 0, "bltzl not taken"
        LIKELY  "bgezl $s0,", 0, 1, "bgezl taken"
        LIKELY  "bgezl $s0,", 0xffffffff, 0, "bgezl not taken"

        /* links: the address behind the slot, written even if not taken */
        .macro  LINK cond:req, a, want, name:vararg
        CONST   $s0, \a
        li      $s3, 1
        move    $ra, $zero
        \cond   2f
        move    $s4, $ra                # the slot sees the link already
1:      li      $s3, 0
2:      move    $s5, $ra
        ADDR    $s6, 1b
        subu    $s4, $s4, $s6
        subu    $s5, $s5, $s6
        EQ      $s3, \want, \name
        EQ      $s4, 0, "the link in the slot"
        EQ      $s5, 0, "the link afterwards"
        .endm
        LINK    "bltzal $s0,", 0xffffffff, 1, "bltzal taken"
        LINK    "bltzal $s0,", 0, 0, "bltzal not taken"
        LINK    "bgezal $s0,", 0, 1, "bgezal taken"
        LINK    "bgezal $s0,", 0xffffffff, 0, "bgezal not taken"
        LINK    "bal", 0, 1, "bal"
        LINK    "jal", 0, 1, "jal"

        /* the condition and the target are read before the slot runs */
        li      $s0, 5
        li      $s1, 5
        li      $s3, 1
        beq     $s0, $s1, 1f
        li      $s0, 6
        li      $s3, 0
1:      EQ      $s3, 1, "condition read before the slot"
        EQ      $s0, 6, "slot changed its register"
        ADDR    $s0, 1f
        li      $s3, 1
        jr      $s0
        move    $s0, $zero
        li      $s3, 0
1:      EQ      $s3, 1, "jump target read before the slot"
        ADDR    $s0, 1f
        li      $s3, 1
        jalr    $s1, $s0
        move    $s4, $s1
2:      li      $s3, 0
1:      ADDR    $s0, 2b
        subu    $s1, $s1, $s0
        subu    $s4, $s4, $s0
        EQ      $s3, 1, "jalr with another link register"
        EQ      $s1, 0, "its link"
        EQ      $s4, 0, "its link in the slot"
        li      $s3, 1
        ADDR    $s0, 1f
        addiu   $sp, $sp, -8
        sw      $s0, 0($sp)
        lw      $t9, 0($sp)
        jr      $t9
        addiu   $sp, $sp, 8             # as a function's end does
        li      $s3, 0
1:      EQ      $s3, 1, "jump through memory, stack moved in the slot"

        /* a slot with a load, a store, a multiply */
        ADDR    $s0, word
        li      $s1, 77
        b       1f
        sw      $s1, 0($s0)
1:      b       1f
        lw      $s2, 0($s0)
1:      EQ      $s2, 77, "store and load in slots"
        b       1f
        mult    $s1, $s1
1:      mflo    $s2
        EQ      $s2, 5929, "mult in a slot"

        /* loops with their work in the slot */
        li      $s0, 10
        li      $s1, 0
1:      addiu   $s0, $s0, -1
        bnez    $s0, 1b
        addu    $s1, $s1, $s0
        EQ      $s1, 45, "sum in a slot"
        li      $s0, 0
        li      $s1, 0
1:      addiu   $s1, $s1, 1
        sltiu   $s2, $s1, 100
        bnezl   $s2, 1b
        addiu   $s0, $s0, 1
        EQ      $s0, 99, "count in a likely slot"

        /* recursion with branches in every function */
        li      $a0, 12
        jal     fib
        nop
        move    $s0, $v0
        EQ      $s0, 144, "fib(12)"
        b       done
        nop
fib:    sltiu   $t0, $a0, 2
        bnezl   $t0, 1f
        move    $v0, $a0
        addiu   $sp, $sp, -16
        sw      $ra, 12($sp)
        sw      $a0, 8($sp)
        jal     fib
        addiu   $a0, $a0, -1
        lw      $a0, 8($sp)
        sw      $v0, 4($sp)
        jal     fib
        addiu   $a0, $a0, -2
        lw      $t0, 4($sp)
        lw      $ra, 12($sp)
        addu    $v0, $v0, $t0
        jr      $ra
        addiu   $sp, $sp, 16
1:      jr      $ra
        nop
done:
        END
        .bss
word:   .space  4
