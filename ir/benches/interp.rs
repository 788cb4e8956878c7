//! How fast the interpreter is: small loops as front ends would lift them, run block by block with direct links.
//!
//! `cargo bench -p demotic-ir` prints millions of guest instructions per second.

use demotic_ir::interp::{self, Code, Guest, Outcome};
use demotic_ir::passes::{self, PassOptions};
use demotic_ir::{
    Access, CpuState, Fault, FaultKind, FlagSlots, HostView, MemSize, Memory, NanRule, Slot, SlotInfo,
    StateLayout, Type, exchange_alone, parse_block,
};

/// Flat memory from address 0.
struct Flat(Vec<u8>);

impl Memory for Flat {
    #[inline(always)]
    fn load(&mut self, addr: u64, size: MemSize) -> Result<u64, Fault> {
        let n = size.bytes() as usize;
        let bytes = self.0.get(addr as usize..).and_then(|b| b.get(..n));
        let Some(bytes) = bytes else {
            return Err(Fault { addr, access: Access::Load, kind: FaultKind::Unmapped });
        };
        let mut word = [0; 8];
        word[..n].copy_from_slice(bytes);
        Ok(u64::from_le_bytes(word))
    }

    #[inline(always)]
    fn store(&mut self, addr: u64, size: MemSize, value: u64) -> Result<(), Fault> {
        let n = size.bytes() as usize;
        let bytes = self.0.get_mut(addr as usize..).and_then(|b| b.get_mut(..n));
        let Some(bytes) = bytes else {
            return Err(Fault { addr, access: Access::Store, kind: FaultKind::Unmapped });
        };
        bytes.copy_from_slice(&value.to_le_bytes()[..n]);
        Ok(())
    }

    fn compare_exchange(&mut self, addr: u64, size: MemSize, old: u64, new: u64) -> Result<u64, Fault> {
        exchange_alone(self, addr, size, old, new)
    }

    fn host_view(&self) -> HostView {
        HostView::None
    }
}

fn layout() -> StateLayout {
    let mut slots: Vec<SlotInfo> =
        (0..16).map(|n| SlotInfo { name: format!("r{n}"), slot: Slot(n), ty: Type::I32 }).collect();
    for (i, name) in ["nf", "zf", "cf", "vf"].into_iter().enumerate() {
        slots.push(SlotInfo { name: name.into(), slot: Slot(16 + i as u16), ty: Type::I32 });
    }
    StateLayout {
        slots,
        pc: Slot(20),
        flags: Some(FlagSlots { n: Slot(16), z: Slot(17), c: Slot(18), v: Slot(19) }),
        exceptions: None,
        monitor_addr: Slot(21),
        monitor_value: Slot(22),
        scratch: [Slot(23), Slot(24)],
    }
}

/// A loop: its blocks, the registers it begins with. It ends where no block begins.
struct Kernel {
    name: &'static str,
    blocks: &'static [&'static str],
    registers: &'static [u64],
}

const KERNELS: &[Kernel] = &[
    // tst r0, #1; lsr r0, r0, #1; eorne r0, r0, r3; subs r2, r2, #1; bne
    Kernel {
        name: "crc (flags, conditional)",
        blocks: &["block 0x100 mode 0 {
            insn 0x100 4 0
            v0 = get.i32 r0
            one = const.i32 1
            t = and.i32 v0, one
            gf = get_flags.flags
            c = cond.bool gf, cs
            f = flags_logic.i32 t, c
            put_flags.flags f, nz
            insn 0x104 4 0
            v1 = get.i32 r0
            s = shr.i32 v1, one
            put.i32 s, r0
            insn 0x108 4 0
            g = get_flags.flags
            ne = cond.bool g, ne
            if ne
            x = get.i32 r0
            y = get.i32 r3
            z = xor.i32 x, y
            put.i32 z, r0
            end_if
            insn 0x10c 4 0
            n = get.i32 r2
            m = sub.i32 n, one
            fs = flags_sub.i32 n, one
            put.i32 m, r2
            put_flags.flags fs, nzcv
            insn 0x110 4 0
            h = get_flags.flags
            b = cond.bool h, ne
            exit branch b 0x100 0x114
        }"],
        registers: &[0xdead_beef, 0, 30_000_000, 0xedb8_8320],
    },
    // ldr r4, [r1, r2, lsl #2]; add r2, r2, #1; cmp r4, r5; blt / cmp r2, r6; bne / mov r2, #0; subs r7, r7, #1; bne
    Kernel {
        name: "scan (indexed loads)",
        blocks: &[
            "block 0x100 mode 0 {
            insn 0x100 4 0
            v0 = get.i32 r1
            v1 = get.i32 r2
            two = const.i32 2
            sh = shl.i32 v1, two
            ad = add.i32 v0, sh
            ld = load.i32 ad, 0, 32
            put.i32 ld, r4
            insn 0x104 4 0
            r = get.i32 r2
            one = const.i32 1
            r1 = add.i32 r, one
            put.i32 r1, r2
            insn 0x108 4 0
            a = get.i32 r4
            b = get.i32 r5
            f = flags_sub.i32 a, b
            put_flags.flags f, nzcv
            insn 0x10c 4 0
            g = get_flags.flags
            c = cond.bool g, lt
            exit branch c 0x110 0x100
        }",
            "block 0x110 mode 0 {
            insn 0x110 4 0
            a = get.i32 r2
            b = get.i32 r6
            f = flags_sub.i32 a, b
            put_flags.flags f, nzcv
            insn 0x114 4 0
            g = get_flags.flags
            c = cond.bool g, ne
            exit branch c 0x100 0x118
        }",
            "block 0x118 mode 0 {
            insn 0x118 4 0
            z = const.i32 0
            put.i32 z, r2
            insn 0x11c 4 0
            a = get.i32 r7
            b = const.i32 1
            s = sub.i32 a, b
            put.i32 s, r7
            f = flags_sub.i32 a, b
            put_flags.flags f, nzcv
            insn 0x120 4 0
            g = get_flags.flags
            c = cond.bool g, ne
            exit branch c 0x100 0x124
        }",
        ],
        registers: &[0, 0x1000, 0, 0, 0, 0x7fff_ffff, 1000, 15_000],
    },
    // ldrb r3, [r1], #1; strb r3, [r2], #1; and r1, r1, #0xffff; and r2, r2, #0xffff; subs r4, r4, #1; bne
    Kernel {
        name: "copy (bytes, post-index)",
        blocks: &["block 0x100 mode 0 {
            insn 0x100 4 0
            a = get.i32 r1
            v = load.i32 a, 0, 8
            one = const.i32 1
            a1 = add.i32 a, one
            put.i32 a1, r1
            put.i32 v, r3
            insn 0x104 4 0
            b = get.i32 r2
            w = get.i32 r3
            store.i32 b, w, 0, 8
            b1 = add.i32 b, one
            put.i32 b1, r2
            insn 0x108 4 0
            m = const.i32 0xffff
            c = get.i32 r1
            c1 = and.i32 c, m
            put.i32 c1, r1
            insn 0x10c 4 0
            d = get.i32 r2
            d1 = and.i32 d, m
            put.i32 d1, r2
            insn 0x110 4 0
            n = get.i32 r4
            n1 = sub.i32 n, one
            put.i32 n1, r4
            f = flags_sub.i32 n, one
            put_flags.flags f, nzcv
            insn 0x114 4 0
            g = get_flags.flags
            cc = cond.bool g, ne
            exit branch cc 0x100 0x118
        }"],
        registers: &[0, 0x1000, 0x8000, 0, 20_000_000],
    },
    // addiu r2, r2, 4; andi r2, r2, 0xffc; addu r5, r1, r2; lw r3, 0(r5); addu r4, r4, r3; sw r4, 0(r5);
    // addiu r6, r6, -1; bne r6, r0
    Kernel {
        name: "sums (no flags)",
        blocks: &["block 0x100 mode 0 {
            insn 0x100 4 0
            a = get.i32 r2
            four = const.i32 4
            a1 = add.i32 a, four
            put.i32 a1, r2
            insn 0x104 4 0
            b = get.i32 r2
            m = const.i32 0xffc
            b1 = and.i32 b, m
            put.i32 b1, r2
            insn 0x108 4 0
            c = get.i32 r1
            d = get.i32 r2
            e = add.i32 c, d
            put.i32 e, r5
            insn 0x10c 4 0
            f = get.i32 r5
            g = load.i32 f, 0, 32.al
            put.i32 g, r3
            insn 0x110 4 0
            h = get.i32 r4
            i = get.i32 r3
            j = add.i32 h, i
            put.i32 j, r4
            insn 0x114 4 0
            k = get.i32 r5
            l = get.i32 r4
            store.i32 k, l, 0, 32.al
            insn 0x118 4 0
            n = get.i32 r6
            mone = const.i32 0xffffffff
            o = add.i32 n, mone
            put.i32 o, r6
            insn 0x11c 4 0
            p = get.i32 r6
            z = const.i32 0
            q = icmp.bool p, z, ne
            exit branch q 0x100 0x124
        }"],
        registers: &[0, 0x1000, 0, 0, 0, 0, 15_000_000],
    },
];

/// A block and, for each way out, the number of the block it leads to.
struct Linked {
    code: Code<Flat>,
    links: Vec<Option<usize>>,
}

fn prepare(kernel: &Kernel) -> Vec<Linked> {
    let layout = layout();
    let guest = Guest { layout: &layout, nan_rule: NanRule::Arm, helpers: &[], vector_helpers: &[] };
    let blocks: Vec<_> = kernel
        .blocks
        .iter()
        .map(|text| {
            let text = text.replace("icmp.bool", "icmp.i32");
            let mut block = parse_block(&text, &layout).unwrap_or_else(|e| panic!("{}: {e}", kernel.name));
            passes::run(&mut block, &layout, &PassOptions::default());
            block
        })
        .collect();
    blocks
        .iter()
        .map(|block| {
            let code = interp::compile(block, &guest).expect("the kernels can be interpreted");
            let place = |pc| blocks.iter().position(|b| Some(b.start.pc) == pc);
            let links = code.ways().iter().map(|way| place(way.kind.target())).collect();
            Linked { code, links }
        })
        .collect()
}

/// Runs a kernel; gives the number of guest instructions and of interpreter ops.
fn run(kernel: &Kernel, code: &[Linked]) -> (u64, u64) {
    let mut cpu = CpuState::new();
    cpu.words[..kernel.registers.len()].copy_from_slice(kernel.registers);
    let mut mem = Flat(vec![1; 1 << 17]);
    let (mut insns, mut ops, mut at) = (0, 0, 0);
    loop {
        let block = &code[at];
        let Outcome::Left { way, .. } = block.code.run(&mut cpu, &mut mem) else {
            panic!("{} faulted", kernel.name);
        };
        insns += u64::from(block.code.ways()[way].insns);
        ops += block.code.op_count() as u64;
        match block.links[way] {
            Some(next) => at = next,
            None => return (insns, ops),
        }
    }
}

/// CPU time of this process in seconds: steadier than the clock on a busy machine.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux says what a process has used");
    let ns = text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok());
    ns.expect("nanoseconds come first") / 1e9
}

fn main() {
    for kernel in KERNELS {
        let code = prepare(kernel);
        let start = cpu_seconds();
        let (insns, ops) = run(kernel, &code);
        let seconds = cpu_seconds() - start;
        println!(
            "{:28} {:6.0} guest MIPS  {:6.0} Mops/s  ({:.2} ops per instruction)",
            kernel.name,
            insns as f64 / seconds / 1e6,
            ops as f64 / seconds / 1e6,
            ops as f64 / insns as f64,
        );
    }
}
