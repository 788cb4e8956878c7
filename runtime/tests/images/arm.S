/* A bare-arm program that meets every exception and most privileged instructions. It adds up in r11 what it sees (each
   step has its own digits) and prints the sum through the serial port: 00033977. Built by build.sh. */
.syntax unified
.arch armv7ve
.fpu vfpv3
.arm
.global _start
_start:
  ldr r0,=vec
  mcr p15,0,r0,c12,c0,0
  cps #0x12
  ldr sp,=0x40020000
  cps #0x17
  ldr sp,=0x40021000
  cps #0x1b
  ldr sp,=0x40022000
  cps #0x13
  ldr sp,=0x40023000
  mov r11,#0
  @ a data abort in ARM state: adds 1
  ldr r1,=0x70000000
  ldr r2,[r1]
  @ one in Thumb state, inside an IT block: 1, 4, and an undefined instruction: 0x400
  ldr r0,=th+1
  blx r0
  @ floating point, switched on first: 0x100
  mrc p15,0,r0,c1,c0,2
  orr r0,r0,#0xf00000
  mcr p15,0,r0,c1,c0,2
  mov r0,#0x40000000
  vmsr fpexc,r0
  vmov.f64 d0,#2.0
  vmul.f64 d1,d0,d0
  vcvt.s32.f64 s4,d1
  vmov r3,s4
  cmp r3,#4
  addeq r11,r11,#0x100
  @ three timer interrupts: 0x3000
  ldr r1,=0x09010000
  ldr r0,=2000
  str r0,[r1]
  mov r0,#0xe2
  str r0,[r1,#8]
  cpsie i
1: wfi
  ldr r0,=ticks
  ldr r0,[r0]
  cmp r0,#3
  blt 1b
  cpsid i
  add r11,r11,#0x3000
  @ code that is changed: 1, then 0x70
  ldr r0,=patch
  bl patch
  add r11,r11,r5
  ldr r1,=0xe3a05007   @ mov r5,#7
  str r1,[r0]
  mcr p15,0,r0,c7,c5,1
  dsb
  isb
  bl patch
  add r11,r11,r5,lsl #4
  @ an exclusive store: 0x10000
  ldr r0,=ticks
  ldrex r1,[r0]
  add r1,r1,#1
  strex r2,r1,[r0]
  cmp r2,#0
  addeq r11,r11,#0x10000
  @ User mode, which CPS cannot leave: 0x20000; SCTLR is undefined there: 0x400
  mov r0,#0x10
  msr spsr_cxsf,r0
  ldr lr,=user
  movs pc,lr
user:
  cps #0x13
  mrs r0,cpsr
  and r0,r0,#0x1f
  cmp r0,#0x10
  addeq r11,r11,#0x20000
  mrc p15,0,r0,c1,c0,0  @ undefined
  svc #1
patch: mov r5,#1
  bx lr
.ltorg
.thumb
.thumb_func
th: push {lr}
  mov r4,#1
  cmp r4,#1
  ittt eq
  addeq r4,#1
  ldreq r2,[r1]       @ abort
  addeq r4,#1
  cmp r4,#3
  it eq
  addeq r11,#4
  .short 0xde00     @ udf
  pop {pc}
.arm
.align 5
vec: b .
  b und
  b svc
  b pab
  b dab
  b .
  b irq
  b .
dab: add r11,r11,#1
  push {r0}
  mrs r0,spsr
  tst r0,#0x20
  pop {r0}
  @ goes on behind the instruction; in Thumb state that needs the IT state moved on
  bne 1f
  subs pc,lr,#4
1: push {r0,r1,r2}
  mrs r0,spsr
  @ ITAdvance
  lsr r1,r0,#25
  and r1,r1,#3
  lsr r2,r0,#10
  and r2,r2,#0x3f
  orr r1,r1,r2,lsl #2
  and r2,r1,#0xe0
  tst r1,#7
  moveq r1,#0
  beq 2f
  lsl r1,r1,#1
  and r1,r1,#0x1f
  orr r1,r1,r2
2: bic r0,r0,#0x06000000
  bic r0,r0,#0xfc00
  and r2,r1,#3
  orr r0,r0,r2,lsl #25
  lsr r2,r1,#2
  orr r0,r0,r2,lsl #10
  msr spsr_cxsf,r0
  pop {r0,r1,r2}
  subs pc,lr,#6
und: add r11,r11,#0x400
  mrs r12,spsr
  tst r12,#0x20
  addne lr,lr,#0
  movs pc,lr
pab: b .
irq: sub lr,lr,#4
  srsdb sp!,#0x12
  push {r0,r1}
  ldr r0,=0x09010000
  str r0,[r0,#0xc]
  ldr r0,=ticks
  ldr r1,[r0]
  add r1,r1,#1
  str r1,[r0]
  pop {r0,r1}
  rfeia sp!
svc: ldr r0,=0x09000000
  mov r4,#8
3: lsr r3,r11,#28
  lsl r11,r11,#4
  cmp r3,#10
  addlt r3,r3,#48
  addge r3,r3,#87
  str r3,[r0]
  subs r4,r4,#1
  bne 3b
  mov r3,#10
  str r3,[r0]
  ldr r0,=0x09020000
  mov r1,#42
  str r1,[r0]
  b .
.ltorg
.data
ticks: .word 0
