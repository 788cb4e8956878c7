/* Covers: trap instructions, overflow of ADD/ADDI/SUB, BREAK: raised or not, and
 * the state then: the destination keeps its value, the program counter points
 * at the instruction, in a delay slot at the branch.  A handler steps over it. */
#include "mips.h"
        /* s3 counts the signals, s4 is the last one's number; the handler works
           on the saved registers, so s3 and s4 themselves stay out of it */
        .macro  TRAP insn:req, a, b, want, name:vararg
        CONST   $s0, \a
        CONST   $s1, \b
        ADDR    $s5, signals
        sw      $zero, 0($s5)
        sw      $zero, 4($s5)
        li      $s2, 123
        \insn
        lw      $s3, 0($s5)
        EQ      $s3, \want, \name
        .endm
        BEGIN
        li      $s7, 5                  # SIGTRAP
        jal     install
        nop
        li      $s7, 8                  # SIGFPE
        jal     install
        nop
        TRAP    "teq $s0, $s1", 5, 6, 0, "teq, different"
        TRAP    "teq $s0, $s1", 5, 5, 1, "teq, equal"
        lw      $s3, 4($s5)
        EQ      $s3, 5, "raises SIGTRAP"
        TRAP    "tne $s0, $s1", 5, 5, 0, "tne, equal"
        TRAP    "tne $s0, $s1", 5, 6, 1, "tne, different"
        TRAP    "tge $s0, $s1", 0x80000000, 0, 0, "tge, less"
        TRAP    "tge $s0, $s1", 0, 0, 1, "tge, equal"
        TRAP    "tgeu $s0, $s1", 0x80000000, 0, 1, "tgeu"
        TRAP    "tlt $s0, $s1", 0x80000000, 0, 1, "tlt"
        TRAP    "tltu $s0, $s1", 0x80000000, 0, 0, "tltu"
        TRAP    "teqi $s0, -1", 0xffffffff, 0, 1, "teqi"
        TRAP    "tnei $s0, -1", 0xffffffff, 0, 0, "tnei"
        TRAP    "tgei $s0, -5", 0xfffffffb, 0, 1, "tgei"
        TRAP    "tgeiu $s0, -5", 0x7fffffff, 0, 0, "tgeiu"
        TRAP    "tlti $s0, 3", 0xffffffff, 0, 1, "tlti"
        TRAP    "tltiu $s0, 3", 0xffffffff, 0, 0, "tltiu"

        TRAP    "add $s2, $s0, $s1", 0x7fffffff, 1, 1, "add overflows"
        EQ      $s2, 123, "add keeps its destination"
        lw      $s3, 4($s5)
        EQ      $s3, 8, "raises SIGFPE"
        TRAP    "add $s2, $s0, $s1", 0x80000000, 0xffffffff, 1, "add overflows downwards"
        TRAP    "add $s2, $s0, $s1", 0xffffffff, 1, 0, "add with carry does not overflow"
        EQ      $s2, 0, "add's result"
        TRAP    "addi $s2, $s0, 1", 0x7fffffff, 0, 1, "addi overflows"
        TRAP    "addi $s2, $s0, -1", 0x80000001, 0, 0, "addi does not"
        TRAP    "sub $s2, $s0, $s1", 0x80000000, 1, 1, "sub overflows"
        EQ      $s2, 123, "sub keeps its destination"
        TRAP    "sub $s2, $s0, $s1", 0, 0x80000000, 1, "sub 0 - min overflows"
        TRAP    "sub $s2, $s0, $s1", 0xffffffff, 0x80000000, 0, "sub -1 - min does not"
        TRAP    "break 5", 0, 0, 1, "break 5"
        lw      $s3, 4($s5)
        EQ      $s3, 5, "raises SIGTRAP too"

        /* in a delay slot the saved counter is the branch's; the handler then
           leaves the branch and its slot behind */
        li      $s2, 1
        sw      $zero, 0($s5)
        CONST   $s0, 0x7fffffff
        li      $s1, 8
        sw      $s1, 8($s5)             # how far to step
1:      b       2f
        add     $s1, $s0, $s0
        li      $s2, 2                  # comes here, although the branch was taken
2:      lw      $s3, 0($s5)
        EQ      $s3, 1, "overflow in a delay slot"
        EQ      $s2, 2, "its counter is the branch"
        lw      $s4, 12($s5)
        ADDR    $s6, 1b
        subu    $s4, $s4, $s6
        EQ      $s4, 0, "the exact address"
        EQ      $s1, 8, "the slot had no effect"
        b       finish
        nop

        /* rt_sigaction(s7, handler with siginfo) */
install:
        ADDR    $a1, action
        move    $a0, $s7
        move    $a2, $zero
        li      $a3, 16
        li      $v0, 4194
        jr      $ra
        syscall                         # a system call in a delay slot

        /* handler(signal, info, ucontext): the saved pc is 64 bits wide */
#ifdef __MIPSEB__
#define PC_LOW 36
#else
#define PC_LOW 32
#endif
handler:
        ADDR    $t0, signals
        lw      $t1, 0($t0)
        addiu   $t1, $t1, 1
        sw      $t1, 0($t0)
        sw      $a0, 4($t0)
        lw      $t1, PC_LOW($a2)
        sw      $t1, 12($t0)
        lw      $t2, 8($t0)
        addu    $t1, $t1, $t2
        sw      $t1, PC_LOW($a2)
        jr      $ra
        nop
finish:
        END
        .data
        .align  3
signals: .word  0, 0, 4, 0              /* count, last, step, address */
action: .word   0x8                     /* SA_SIGINFO */
        .word   handler
        .word   0, 0, 0, 0
