//! Indexed loads.

use demotic_ir::Type::I32;
use demotic_ir::{MemOp, MemSize};

use crate::decode::args;
use crate::translate::Lifter;

impl Lifter<'_> {
    pub(in crate::translate) fn lwx(&mut self, a: args::Lwx) {
        let mem = self.mem(MemSize::B4);
        self.load_indexed(a.rd, a.base, a.index, mem);
    }

    pub(in crate::translate) fn lhx(&mut self, a: args::Lhx) {
        let mem = self.mem(MemSize::B2).signed();
        self.load_indexed(a.rd, a.base, a.index, mem);
    }

    pub(in crate::translate) fn lbux(&mut self, a: args::Lbux) {
        let mem = self.mem(MemSize::B1);
        self.load_indexed(a.rd, a.base, a.index, mem);
    }

    /// GPR[rd] ← memory[GPR[base] + GPR[index]].
    fn load_indexed(&mut self, rd: u32, base: u32, index: u32, mem: MemOp) {
        let (base, index) = (self.gpr(base), self.gpr(index));
        let address = self.b.add(I32, base, index);
        let value = self.b.load(I32, address, 0, mem);
        self.set_gpr(rd, value);
    }
}
