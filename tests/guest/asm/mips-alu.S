/* Covers: arithmetic, logic and shifts, HI/LO and the multiply-accumulate
 * instructions, division, bit fields, rotates, counts, sign extensions, swaps,
 * conditional moves, comparisons. */
#include "mips.h"
        .macro  OP2 op, a, b, want
        CONST   $s0, \a
        CONST   $s1, \b
        \op     $s2, $s0, $s1
        EQ      $s2, \want, "\op \a, \b"
        .endm
        .macro  OPI op, a, b, want
        CONST   $s0, \a
        \op     $s2, $s0, \b
        EQ      $s2, \want, "\op \a, \b"
        .endm
        .macro  OP1 op, a, want
        CONST   $s0, \a
        \op     $s2, $s0
        EQ      $s2, \want, "\op \a"
        .endm
        .macro  HILO op, a, b, hi, lo
        CONST   $s0, \a
        CONST   $s1, \b
        \op     $s0, $s1
        mfhi    $s2
        mflo    $s3
        EQ      $s2, \hi, "\op \a, \b: hi"
        EQ      $s3, \lo, "\op \a, \b: lo"
        .endm
        .macro  ACC op, hi0, lo0, a, b, hi, lo
        CONST   $s0, \hi0
        mthi    $s0
        CONST   $s0, \lo0
        mtlo    $s0
        HILO    \op, \a, \b, \hi, \lo
        .endm
        /* A division by zero is left undefined; div with three operands would check. */
        .macro  DIVIDE op, a, b, hi, lo
        CONST   $s0, \a
        CONST   $s1, \b
        \op     $zero, $s0, $s1
        mfhi    $s2
        mflo    $s3
        EQ      $s2, \hi, "\op \a, \b: remainder"
        EQ      $s3, \lo, "\op \a, \b: quotient"
        .endm
        BEGIN

        OP2     addu, 0x7fffffff, 1, 0x80000000
        OP2     subu, 0x80000000, 1, 0x7fffffff
        OP2     add, 0x7ffffffe, 1, 0x7fffffff
        OP2     sub, 5, 7, 0xfffffffe
        OPI     addiu, 0x00000001, -2, 0xffffffff
        OPI     addi, 0x7fffffff, -1, 0x7ffffffe
        OPI     andi, 0xffffffff, 0x8001, 0x00008001
        OPI     ori, 0x80000000, 0xffff, 0x8000ffff
        OPI     xori, 0xffffffff, 0xffff, 0xffff0000
        OP2     nor, 0x0f0f0000, 0x000000ff, 0xf0f0ff00
        OP2     xor, 0x0f0f0f0f, 0xffff0000, 0xf0f00f0f
        OP2     slt, 0x80000000, 0x7fffffff, 1
        OP2     sltu, 0x80000000, 0x7fffffff, 0
        OPI     slti, 0xffffffff, 0, 1
        OPI     slti, 0xffff8000, -32768, 0
        OPI     sltiu, 0x00000005, -1, 1
        OPI     sltiu, 0xffffffff, -1, 0
        lui     $s0, 0x8000
        EQ      $s0, 0x80000000, "lui"
        addiu   $zero, $zero, 5
        EQ      $zero, 0, "register zero stays zero"

        OPI     sll, 0x80000001, 31, 0x80000000
        OPI     srl, 0x80000001, 31, 1
        OPI     sra, 0x80000001, 31, 0xffffffff
        OP2     sllv, 0x80000001, 33, 2
        OP2     srlv, 0x80000001, 32, 0x80000001
        OP2     srav, 0x80000000, 0xffffffe4, 0xf8000000
        OPI     rotr, 0x12345678, 8, 0x78123456
        OPI     rotr, 0x12345678, 0, 0x12345678
        OP2     rotrv, 0x12345678, 36, 0x81234567

        HILO    mult, 0xffffffff, 0xffffffff, 0, 1
        HILO    mult, 0x80000000, 0x80000000, 0x40000000, 0
        HILO    mult, 0x7fffffff, 0xfffffffe, 0xffffffff, 2
        HILO    multu, 0xffffffff, 0xffffffff, 0xfffffffe, 1
        ACC     madd, 0, 0xffffffff, 1, 1, 1, 0
        ACC     madd, 0, 0, 0xffffffff, 5, 0xffffffff, 0xfffffffb
        ACC     maddu, 0, 5, 0xffffffff, 0xffffffff, 0xfffffffe, 6
        ACC     msub, 0, 0, 1, 1, 0xffffffff, 0xffffffff
        ACC     msub, 1, 0, 0xffffffff, 3, 1, 3
        ACC     msubu, 0xffffffff, 0, 0xffffffff, 0xffffffff, 0, 0xffffffff
        OP2     mul, 0x00010001, 0x00010001, 0x00020001
        DIVIDE  div, 7, 2, 1, 3
        DIVIDE  div, 0xfffffff9, 2, 0xffffffff, 0xfffffffd
        DIVIDE  div, 7, 0xfffffffe, 1, 0xfffffffd
        DIVIDE  divu, 0xfffffff9, 2, 1, 0x7ffffffc
        DIVIDE  divu, 0xffffffff, 0x10000, 0xffff, 0xffff

        CONST   $s0, 0x12345678
        ext     $s2, $s0, 4, 8
        EQ      $s2, 0x67, "ext 4, 8"
        ext     $s2, $s0, 0, 32
        EQ      $s2, 0x12345678, "ext 0, 32"
        ext     $s2, $s0, 31, 1
        EQ      $s2, 0, "ext 31, 1"
        CONST   $s2, 0xffffffff
        ins     $s2, $s0, 8, 16
        EQ      $s2, 0xff5678ff, "ins 8, 16"
        ins     $s2, $s0, 0, 32
        EQ      $s2, 0x12345678, "ins 0, 32"
        ins     $s2, $zero, 31, 1
        ins     $s2, $s0, 28, 4
        EQ      $s2, 0x82345678, "ins 28, 4"
        OP1     clz, 0x00012345, 15
        OP1     clz, 0, 32
        OP1     clz, 0xffffffff, 0
        OP1     clo, 0xfff00000, 12
        OP1     clo, 0xffffffff, 32
        OP1     clo, 0x7fffffff, 0
        OP1     seb, 0x12345680, 0xffffff80
        OP1     seb, 0xffffff7f, 0x7f
        OP1     seh, 0x12348000, 0xffff8000
        OP1     wsbh, 0x12345678, 0x34127856
        CONST   $s0, 0x12345678
        wsbh    $s1, $s0
        rotr    $s1, $s1, 16
        EQ      $s1, 0x78563412, "byte swap by wsbh, rotr"

        li      $s0, 1
        li      $s1, 2
        move    $s2, $s0
        movn    $s2, $s1, $zero
        EQ      $s2, 1, "movn, zero"
        movn    $s2, $s1, $s0
        EQ      $s2, 2, "movn, not zero"
        move    $s2, $s0
        movz    $s2, $s1, $s0
        EQ      $s2, 1, "movz, not zero"
        movz    $s2, $s1, $zero
        EQ      $s2, 2, "movz, zero"
        END
