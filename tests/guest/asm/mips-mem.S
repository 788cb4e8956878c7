/* Covers: loads and stores of all sizes in the machine's byte order, LWL/LWR and
 * SWL/SWR at every offset, LL/SC, SYNC, RDHWR. */
#include "mips.h"
#ifdef __MIPSEB__
#define BE(be, le) be
#else
#define BE(be, le) le
#endif
        BEGIN
        ADDR    $s0, buf
        CONST   $s1, 0x8182f384
        sw      $s1, 0($s0)
        lb      $s2, 0($s0)
        EQ      $s2, BE(0xffffff81, 0xffffff84), "lb"
        lbu     $s2, 1($s0)
        EQ      $s2, BE(0x82, 0xf3), "lbu"
        lh      $s2, 2($s0)
        EQ      $s2, BE(0xfffff384, 0xffff8182), "lh"
        lhu     $s2, 0($s0)
        EQ      $s2, BE(0x8182, 0xf384), "lhu"
        li      $s2, 0x12
        sb      $s2, 3($s0)
        li      $s2, 0x3456
        sh      $s2, 0($s0)
        lw      $s2, 0($s0)
        EQ      $s2, BE(0x3456f312, 0x12823456), "sb, sh into a word"
        addiu   $s3, $s0, 16
        lw      $s2, -16($s3)
        EQ      $s2, BE(0x3456f312, 0x12823456), "negative offset"

        /* bytes 00 11 22 ... ff in memory */
        li      $s3, 0
1:      sll     $t0, $s3, 4
        or      $t0, $t0, $s3
        addu    $t1, $s0, $s3
        addiu   $s3, $s3, 1
        sltiu   $t2, $s3, 16
        bnez    $t2, 1b
        sb      $t0, 0($t1)
        .macro  PART op, off, be, le
        CONST   $s2, 0xaabbccdd
        \op     $s2, \off($s0)
        EQ      $s2, BE(\be, \le), "\op at \off"
        .endm
        PART    lwl, 4, 0x44556677, 0x44bbccdd
        PART    lwl, 5, 0x556677dd, 0x5544ccdd
        PART    lwl, 6, 0x6677ccdd, 0x665544dd
        PART    lwl, 7, 0x77bbccdd, 0x77665544
        PART    lwr, 4, 0xaabbcc44, 0x77665544
        PART    lwr, 5, 0xaabb4455, 0xaa776655
        PART    lwr, 6, 0xaa445566, 0xaabb7766
        PART    lwr, 7, 0x44556677, 0xaabbcc77
        .macro  SPART op, off, be, le
        CONST   $s2, 0x44556677
        sw      $s2, 4($s0)
        CONST   $s2, 0xaabbccdd
        \op     $s2, \off($s0)
        lw      $s2, 4($s0)
        EQ      $s2, BE(\be, \le), "\op at \off"
        .endm
        SPART   swl, 4, 0xaabbccdd, 0x445566aa
        SPART   swl, 5, 0x44aabbcc, 0x4455aabb
        SPART   swl, 6, 0x4455aabb, 0x44aabbcc
        SPART   swl, 7, 0x445566aa, 0xaabbccdd
        SPART   swr, 4, 0xdd556677, 0xaabbccdd
        SPART   swr, 5, 0xccdd6677, 0xbbccdd77
        SPART   swr, 6, 0xbbccdd77, 0xccdd6677
        SPART   swr, 7, 0xaabbccdd, 0xdd556677
        /* whole unaligned words: load at each offset, store one byte further */
        .macro  ULW off
        CONST   $s2, 0x01234567
        swl     $s2, BE(0, 3) + \off($s0)
        swr     $s2, BE(3, 0) + \off($s0)
        lwl     $s3, BE(0, 3) + \off($s0)
        lwr     $s3, BE(3, 0) + \off($s0)
        EQ      $s3, 0x01234567, "unaligned word at \off"
        .endm
        ULW     8
        ULW     9
        ULW     10
        ULW     11
        lwr     $s3, BE(12, 9)($s0)
        lwl     $s3, BE(9, 12)($s0)
        lwl     $s4, BE(9, 12)($s0)
        lwr     $s4, BE(12, 9)($s0)
        subu    $s3, $s3, $s4
        EQ      $s3, 0, "the halves in either order"

        /* ll, sc */
        li      $s1, 5
        sw      $s1, 0($s0)
        ll      $s2, 0($s0)
        addiu   $s3, $s2, 1
        sc      $s3, 0($s0)
        EQ      $s2, 5, "ll"
        EQ      $s3, 1, "sc"
        lw      $s2, 0($s0)
        EQ      $s2, 6, "its store"
        li      $s4, 0
1:      ll      $s2, 0($s0)             # the usual loop
        addiu   $s2, $s2, 3
        sc      $s2, 0($s0)
        beqz    $s2, 1b
        addiu   $s4, $s4, 1
        sltiu   $t0, $s4, 5
        bnez    $t0, 1b
        nop
        lw      $s2, 0($s0)
        EQ      $s2, 21, "five atomic additions"
        sync
        pref    0, 0($s0)

        /* hardware registers: the thread pointer is what the kernel was told */
        CONST   $a0, 0x12345670
        li      $v0, 4283               # set_thread_area
        syscall
        rdhwr   $s1, $29
        EQ      $s1, 0x12345670, "rdhwr $29"
        rdhwr   $s1, $1                 # cache step: a power of two, or none
        addiu   $s2, $s1, -1
        and     $s2, $s2, $s1
        EQ      $s2, 0, "rdhwr $1"
        rdhwr   $s1, $2                 # the counter: only that user mode may read it
        rdhwr   $s1, $3
        sltiu   $s1, $s1, 16
        EQ      $s1, 1, "rdhwr $3"
        rdhwr   $s1, $0
        sltiu   $s1, $s1, 1024
        EQ      $s1, 1, "rdhwr $0"
        END
        .bss
        .align  3
buf:    .space  32
