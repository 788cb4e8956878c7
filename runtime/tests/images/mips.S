/* A bare-mips program that meets every exception and most of coprocessor 0. It mixes into s7 what it sees and prints
   that through the serial port: fb26afcf. Built by build.sh. */
	.set noreorder
	.set noat
	.globl __start
	.text
__start:
	la   $t0, 0x80000000
	mtc0 $t0, $15, 1          # EBase
	la   $sp, 0x80100000
	li   $s7, 1
	mtc0 $zero, $12           # BEV=ERL=0
	# each exception mixes in its code, with bit 8 for a delay slot: first a system call
	syscall
	# breakpoint in a delay slot: skips the branch
	b    1f
	break
1:	# bus error in slot of a taken branch
	la   $t1, 0xb0000000
	beq  $zero, $zero, 2f
	lw   $t2, 0($t1)
2:	# unaligned
	la   $t1, 0x80000001
	lw   $t2, 0($t1)
	sh   $t2, 0($t1)
	# overflow, trap
	lui  $t1, 0x7fff
	add  $t1, $t1, $t1
	teq  $zero, $zero
	# coprocessor unusable, then usable
	mtc1 $t1, $f0
	li   $t0, 0x20000000
	mtc0 $t0, $12
	ehb
	li   $t1, 6
	mtc1 $t1, $f0
	cvt.d.w $f2, $f0
	mul.d $f2, $f2, $f2
	cvt.w.d $f4, $f2
	mfc1 $t2, $f4
	jal  mix
	move $a0, $t2
	# reserved
	.word 0x4200003f          # cop0 op 63
	# ll/sc
	la   $t0, word
	ll   $t1, 0($t0)
	addiu $t1, $t1, 5
	sc   $t1, 0($t0)
	jal  mix
	move $a0, $t1
	lw   $a0, 0($t0)
	jal  mix
	nop
	# self-modifying
	jal  patch
	nop
	jal  mix
	move $a0, $v1
	la   $t0, patch
	lw   $t1, new
	sw   $t1, 4($t0)
	synci 4($t0)
	sync
	jal  patch
	nop
	jal  mix
	move $a0, $v1
	# software interrupt
	li   $t0, 0x20000101
	mtc0 $t0, $12
	ehb
	li   $t0, 0x100
	mtc0 $t0, $13
	ehb
	nop
	# three timer ticks by wait, so far apart that a slow host does not come too late to set the next
	li   $s6, 0
	li   $t1, 4000000
	mfc0 $t0, $9
	addu $t0, $t0, $t1
	mtc0 $t0, $11
	li   $t0, 0x20008001
	mtc0 $t0, $12
	ehb
3:	wait
	slti $t0, $s6, 3
	bnez $t0, 3b
	nop
	di
	ehb
	jal  mix
	li   $a0, 3
	# user mode
	la   $t0, user
	li   $t1, 0x1fffffff
	and  $t0, $t0, $t1
	mtc0 $t0, $14
	li   $t0, 0x12            # UM, EXL
	mtc0 $t0, $12
	ehb
	eret
mix:	# s7 = s7 * 31 + a0
	sll  $k0, $s7, 5
	subu $s7, $k0, $s7
	jr   $ra
	addu $s7, $s7, $a0
patch:	jr $ra
	li   $v1, 3
	.align 5
new:	li   $v1, 9
user:	la   $t0, 0x80000000
	lw   $t1, 0($t0)          # address error
	mfc0 $t1, $12             # coprocessor unusable
	rdhwr $t1, $29            # reserved: not enabled
	jr   $t0                  # address error on fetch; k1 tells where to go on
	nop
user2:	li   $v0, 4242
	syscall

	.section .vec, "ax"
	.set noreorder
	.set noat
	.org 0x180
	mfc0 $k0, $13
	ext  $k1, $k0, 2, 5
	beqz $k1, intr
	nop
	li   $k0, 4242
	beq  $v0, $k0, off
	nop
	mfc0 $k0, $13
	srl  $k0, $k0, 31
	sll  $k0, $k0, 8
	or   $k1, $k1, $k0        # code | bd << 8
	sll  $k0, $s7, 5
	subu $s7, $k0, $s7
	addu $s7, $s7, $k1
	mfc0 $k0, $14
	lui  $k1, 0x8000
	beq  $k0, $k1, fetch
	srl  $k1, $k0, 0
	mfc0 $k1, $13
	srl  $k1, $k1, 31
	sll  $k1, $k1, 2
	addu $k0, $k0, $k1
	addiu $k0, $k0, 4
	mtc0 $k0, $14
	ehb
	eret
fetch:	la   $k0, user2
	li   $k1, 0x1fffffff
	and  $k0, $k0, $k1
	mtc0 $k0, $14
	ehb
	eret
intr:	andi $k1, $k0, 0x8000
	bnez $k1, tick
	nop
	mtc0 $zero, $13
	sll  $k0, $s7, 5
	subu $s7, $k0, $s7
	addiu $s7, $s7, 77
	eret
tick:	addiu $s6, $s6, 1
	li   $k1, 4000000
	mfc0 $k0, $9
	addu $k0, $k0, $k1
	mtc0 $k0, $11
	ehb
	eret
off:	la   $t0, 0xbf000900
	li   $t1, 8
4:	srl  $t2, $s7, 28
	sll  $s7, $s7, 4
	slti $t3, $t2, 10
	bnez $t3, 5f
	addiu $t4, $t2, 48
	addiu $t4, $t2, 87
5:	sb   $t4, 0($t0)
	addiu $t1, $t1, -1
	bnez $t1, 4b
	nop
	li   $t4, 10
	sb   $t4, 0($t0)
	la   $t0, 0xbf000500
	li   $t1, 42
	sw   $t1, 0($t0)
6:	b 6b
	nop
	.data
word:	.word 100
