//! Exits, calls and returns; the protocol is that of regions (see `lower::control`).

use demotic_ir::{Exit, ExitId, Trap, Value};
use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

use super::Refused;
use super::emitter::Emitter;
use super::values::{RAX, RCX, RDX, RSI};
use crate::compile::Link;
use crate::lower::encode_trap;
use crate::vcpu_state::{HostCall, JUMP_CACHE_ENTRIES, offset, site_spread, site_tag};

/// Distance of a site from the next aligned one is closed by one of these.
const NOPS: [&[u8]; 4] = [&[], &[0x90], &[0x66, 0x90], &[0x0f, 0x1f, 0x00]];

impl Emitter<'_> {
    pub(super) fn leave(&mut self, id: ExitId) -> Result<(), Refused> {
        match *self.block.exit(id) {
            Exit::Switch { index, ref targets, default } => self.switch(index, targets, default)?,
            Exit::Jump { target } => self.jump_to(target),
            Exit::Branch { cond, taken, fallthrough } => self.branch(cond, taken, fallthrough)?,
            Exit::Call { target, ret } => self.call(target, ret),
            Exit::CallIndirect { target, ret } => self.call_indirect(target, ret),
            Exit::Return { target } => {
                self.load(RAX, target);
                dynasm!(self.asm ; .arch x64 ; ret);
            }
            Exit::JumpIndirect { target } => self.jump_indirect(target),
            Exit::Trap { trap, pc, next } => self.trap(trap, pc, next),
        }
        Ok(())
    }

    fn jump_to(&mut self, target: u64) {
        // Every loop goes back somewhere.
        self.linked_jump(target, target <= self.current_pc());
    }

    fn branch(&mut self, cond: Value, taken: u64, fallthrough: u64) -> Result<(), Refused> {
        let label = self.asm.new_dynamic_label();
        let cc = self.condition(cond)?;
        self.jump_if(cc, label);
        self.jump_to(fallthrough);
        dynasm!(self.asm ; .arch x64 ; =>label);
        self.jump_to(taken);
        Ok(())
    }

    /// Jumps to the index-th of a row of jumps, which are all of one size.
    fn switch(&mut self, index: Value, targets: &[u64], default: u64) -> Result<(), Refused> {
        let (row, outside) = (self.asm.new_dynamic_label(), self.asm.new_dynamic_label());
        self.load(RAX, index);
        dynasm!(self.asm ; .arch x64
            ; cmp rax, targets.len() as i32
            ; jae =>outside
            ; lea rcx, [=>row]
            ; lea rax, [rax + rax * 2]
            ; lea rcx, [rcx + rax * 4]
            ; jmp rcx
            ; =>outside
        );
        self.jump_to(default);
        let missing = (4 - self.here() as usize % 4) % 4;
        self.asm.extend(NOPS[missing]);
        dynasm!(self.asm ; .arch x64 ; =>row);
        for &target in targets {
            let narrow = u32::try_from(target).map_err(|_| Refused)?;
            // `mov esi, target` and a jump whose field is aligned: 12 bytes.
            dynasm!(self.asm ; .arch x64 ; .u8 0xbe ; .u32 narrow ; .bytes NOPS[2] ; .u8 0xe9);
            self.link(target, target <= self.current_pc());
        }
        Ok(())
    }

    /// A jump to other code, by a site that can be patched.
    fn linked_jump(&mut self, target: u64, counts: bool) {
        self.constant_to(RSI, target);
        self.jump_site(target, counts);
    }

    /// The same where rsi holds the target already.
    fn jump_site(&mut self, target: u64, counts: bool) {
        self.align_site();
        dynasm!(self.asm ; .arch x64 ; .u8 0xe9);
        self.link(target, counts);
    }

    /// A field for the distance to other code; it is written in one store, so it must not cross a line of the host's
    /// cache.
    fn link(&mut self, target: u64, counts: bool) {
        self.links.push(Link { site: self.here(), target, counts });
        dynasm!(self.asm ; .arch x64 ; .u32 0);
    }

    /// Has the field behind an opcode of one byte lie at a multiple of four.
    fn align_site(&mut self) {
        let missing = (4 - (self.here() as usize + 1) % 4) % 4;
        self.asm.extend(NOPS[missing]);
    }

    // ---- calls ----

    fn call(&mut self, target: u64, ret: u64) {
        self.constant_to(RSI, target);
        dynasm!(self.asm ; .arch x64 ; push rdi ; push rdx ; sub rsp, 8);
        self.align_site();
        dynasm!(self.asm ; .arch x64 ; .u8 0xe8);
        self.link(target, true);
        self.after_call(ret);
    }

    fn call_indirect(&mut self, target: Value, ret: u64) {
        self.load(RSI, target);
        dynasm!(self.asm ; .arch x64 ; push rdi ; push rdx ; sub rsp, 8);
        self.look_up(true);
        dynasm!(self.asm ; .arch x64 ; call rax);
        self.after_call(ret);
    }

    /// Goes on after a call if the callee returned where it was expected to; else our caller has to.
    fn after_call(&mut self, ret: u64) {
        let label = self.asm.new_dynamic_label();
        dynasm!(self.asm ; .arch x64 ; add rsp, 8 ; pop rdx ; pop rdi);
        self.constant_to(RSI, ret);
        dynasm!(self.asm ; .arch x64 ; cmp rax, rsi ; je =>label ; ret ; =>label);
        self.jump_site(ret, false);
    }

    fn jump_indirect(&mut self, target: Value) {
        self.load(RSI, target);
        self.look_up(false);
        dynasm!(self.asm ; .arch x64 ; jmp rax);
    }

    /// The code for the guest pc in rsi, by this block's entry in the jump cache, in rax. `aligned` says how the stack is.
    fn look_up(&mut self, aligned: bool) {
        let (found, tag) = (self.asm.new_dynamic_label(), site_tag(self.options.number));
        let spread = site_spread(self.options.number) as i32;
        dynasm!(self.asm ; .arch x64
            ; mov eax, esi
            ; shr eax, 1
            ; xor eax, spread
            ; and eax, JUMP_CACHE_ENTRIES as i32 - 1
            ; shl eax, 4
            ; mov rcx, QWORD tag as i64
            ; or rcx, rsi
            ; cmp rcx, [rdi + rax + offset::JUMP_CACHE]
            ; mov rax, [rdi + rax + offset::JUMP_CACHE + 8]
            ; je =>found
            ; push rdi
            ; push rsi
            ; push rdx
        );
        if aligned {
            dynasm!(self.asm ; .arch x64 ; sub rsp, 8);
        }
        self.constant_to(RDX, self.current_pc() & !1);
        dynasm!(self.asm ; .arch x64 ; call QWORD [BYTE rdi + offset::host_call(HostCall::Indirect) as i8]);
        if aligned {
            dynasm!(self.asm ; .arch x64 ; add rsp, 8);
        }
        dynasm!(self.asm ; .arch x64 ; pop rdx ; pop rsi ; pop rdi ; =>found);
    }

    // ---- traps ----

    fn trap(&mut self, trap: Trap, pc: u64, next: u64) {
        let Some(word) = encode_trap(trap) else {
            // The trap's own `pc` has no ISA bit.
            return self.leave_by(HostCall::Interpret, self.current_pc());
        };
        let label = self.asm.new_dynamic_label();
        self.store_pc(next);
        dynasm!(self.asm ; .arch x64 ; push rdi ; push rdx ; sub rsp, 8);
        self.constant_to(RSI, word);
        self.constant_to(RDX, pc);
        self.constant_to(RCX, next);
        self.constant_to(8, self.block.start.mode.into());
        dynasm!(self.asm ; .arch x64
            ; call QWORD [BYTE rdi + offset::host_call(HostCall::Trap) as i8]
            ; add rsp, 8
            ; pop rdx
            ; pop rdi
            ; test rax, rax
            ; je =>label
            ; ret
            ; =>label
        );
        self.linked_jump(next, false);
    }
}
