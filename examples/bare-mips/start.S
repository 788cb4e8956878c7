/* Start-up and exception entry of the bare-metal MIPS example. */
        .set    noreorder
        .set    noat

/* The saved state on the kernel stack: 16 bytes for the callee's arguments, then
   this.  kernel.c knows the same layout. */
#define F_SP     16
#define F_AT     20
#define F_V0     24
#define F_V1     28
#define F_A0     32
#define F_A1     36
#define F_A2     40
#define F_A3     44
#define F_T0     48     /* t0 to t7 */
#define F_T8     80
#define F_T9     84
#define F_RA     88
#define F_HI     92
#define F_LO     96
#define F_EPC    100
#define F_STATUS 104
#define F_SIZE   112

        .section .start, "ax"
        .globl  _start
        .ent    _start
_start:
        /* The exception base may change only while BEV is set, as at reset. */
        mtc0    $zero, $13              /* Cause: IV = 0, one vector for everything */
        lui     $t0, %hi(exception_base)
        addiu   $t0, $t0, %lo(exception_base)
        mtc0    $t0, $15, 1             /* EBase */
        ehb
        mtc0    $zero, $12              /* Status: BEV = ERL = EXL = IE = 0, kernel mode */
        ehb
        lui     $sp, %hi(stack_top)
        addiu   $sp, $sp, %lo(stack_top)
        addiu   $sp, $sp, -16

        lui     $t0, %hi(bss_start)
        addiu   $t0, $t0, %lo(bss_start)
        lui     $t1, %hi(bss_end)
        addiu   $t1, $t1, %lo(bss_end)
1:      beq     $t0, $t1, 2f
        nop
        sw      $zero, 0($t0)
        b       1b
        addiu   $t0, $t0, 4
2:      jal     kernel_main
        nop
3:      b       3b                      /* not reached */
        nop
        .end    _start

        /* EBase points here: 4 KiB aligned, the general vector at 0x180. */
        .section .vectors, "ax"
        .globl  exception_base
        .balign 4096
exception_base:
        .space  0x180
        j       on_exception
        nop

        .text
        .ent    on_exception
on_exception:
        mfc0    $k0, $12
        andi    $k0, $k0, 0x10          /* from user mode? */
        beqz    $k0, 1f
        move    $k1, $sp
        lui     $sp, %hi(stack_top)     /* then a fresh kernel stack */
        addiu   $sp, $sp, %lo(stack_top)
1:      addiu   $sp, $sp, -F_SIZE
        sw      $k1, F_SP($sp)
        sw      $at, F_AT($sp)
        sw      $v0, F_V0($sp)
        sw      $v1, F_V1($sp)
        sw      $a0, F_A0($sp)
        sw      $a1, F_A1($sp)
        sw      $a2, F_A2($sp)
        sw      $a3, F_A3($sp)
        sw      $t0, F_T0 + 0($sp)
        sw      $t1, F_T0 + 4($sp)
        sw      $t2, F_T0 + 8($sp)
        sw      $t3, F_T0 + 12($sp)
        sw      $t4, F_T0 + 16($sp)
        sw      $t5, F_T0 + 20($sp)
        sw      $t6, F_T0 + 24($sp)
        sw      $t7, F_T0 + 28($sp)
        sw      $t8, F_T8($sp)
        sw      $t9, F_T9($sp)
        sw      $ra, F_RA($sp)
        mfhi    $t0
        mflo    $t1
        mfc0    $t2, $14                /* EPC */
        mfc0    $t3, $12                /* Status */
        sw      $t0, F_HI($sp)
        sw      $t1, F_LO($sp)
        sw      $t2, F_EPC($sp)
        sw      $t3, F_STATUS($sp)
        jal     exception               /* s0 to s7, gp, fp are kept by C code */
        addiu   $a0, $sp, F_SP

        lw      $t0, F_HI($sp)
        lw      $t1, F_LO($sp)
        lw      $t2, F_EPC($sp)
        lw      $t3, F_STATUS($sp)
        mthi    $t0
        mtlo    $t1
        mtc0    $t2, $14
        mtc0    $t3, $12                /* EXL is still set in it */
        ehb
        lw      $at, F_AT($sp)
        lw      $v0, F_V0($sp)
        lw      $v1, F_V1($sp)
        lw      $a0, F_A0($sp)
        lw      $a1, F_A1($sp)
        lw      $a2, F_A2($sp)
        lw      $a3, F_A3($sp)
        lw      $t0, F_T0 + 0($sp)
        lw      $t1, F_T0 + 4($sp)
        lw      $t2, F_T0 + 8($sp)
        lw      $t3, F_T0 + 12($sp)
        lw      $t4, F_T0 + 16($sp)
        lw      $t5, F_T0 + 20($sp)
        lw      $t6, F_T0 + 24($sp)
        lw      $t7, F_T0 + 28($sp)
        lw      $t8, F_T8($sp)
        lw      $t9, F_T9($sp)
        lw      $ra, F_RA($sp)
        lw      $sp, F_SP($sp)          /* last */
        eret
        .end    on_exception

        /* enter_user(entry, stack, status): status has EXL set, eret clears it */
        .globl  enter_user
        .ent    enter_user
enter_user:
        mtc0    $a2, $12
        mtc0    $a0, $14
        ehb
        move    $sp, $a1
        move    $ra, $zero
        eret
        .end    enter_user

        .globl  break_instruction
        .ent    break_instruction
break_instruction:
        break   0
        jr      $ra
        nop
        .end    break_instruction

        /* The user task's image, linked for its own address. */
        .section .rodata
        .balign 4
        .globl  user_image, user_image_end
user_image:
        .incbin "user.bin"
        .balign 4
user_image_end:

        .section .stacks, "aw", @nobits
        .balign 8
        .space  8192
stack_top:
