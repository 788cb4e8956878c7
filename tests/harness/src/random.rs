//! Random code from the encoding tables, and random states for it to begin in.

use demotic_arm::{a32, asimd, state as arm, t32, vfp};
use demotic_ir::{CpuState, StateLayout};
use demotic_mips::{decode as mips, micromips, mips16e, state as mips_state};

use crate::guests::Isa;

/// Memory that can be read and written; random pointers point into its middle.
pub const DATA: std::ops::Range<u32> = 0x1_0000..0x3_0000;
/// A page behind it that can only be read.
pub const READ_ONLY: std::ops::Range<u32> = 0x3_0000..0x3_1000;
/// Where code is.
pub const CODE: u32 = 0x4_0000;

/// A generator of random numbers: xorshift64*.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; the same seed gives the same numbers.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 32 random bits.
    pub fn word(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.word() as usize % bound
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// A number at which integer instructions are apt to go wrong.
    pub fn edge(&mut self) -> u32 {
        const SPECIAL: [u32; 14] = [
            0,
            1,
            2,
            31,
            32,
            33,
            255,
            u32::MAX,
            1 << 31,
            0x7fff_ffff,
            0xffff,
            0x8000,
            0x7f80_7f01,
            0x8000_0001,
        ];
        self.pick(&SPECIAL)
    }

    fn pair(&mut self) -> u64 {
        u64::from(self.word()) << 32 | u64::from(self.word())
    }
}

/// An instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Insn {
    /// The name of its row in the tables.
    pub name: &'static str,
    /// Its bytes in memory.
    pub bytes: Vec<u8>,
}

type RandomWord = Box<dyn Fn(&mut Random) -> Option<u32> + Send + Sync>;

/// The rows of the tables that an instruction set's programs may use.
pub struct Encodings {
    isa: Isa,
    /// Name, length in bytes, and the generator of words.
    rows: Vec<(&'static str, usize, RandomWord)>,
}

impl std::fmt::Debug for Encodings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encodings").field("isa", &self.isa).field("rows", &self.rows.len()).finish()
    }
}

/// The generated decoders have types of their own, of one form.
macro_rules! executing_rows {
    ($decoder:path, $len:expr, $fix:expr) => {
        executing_rows!($decoder, $len, $fix, |_| true)
    };
    ($decoder:path, $len:expr, $fix:expr, $has:expr) => {{
        use $decoder as decoder;
        let has: fn(&decoder::Row) -> bool = $has;
        let fix: fn(u32, &mut Random) -> u32 = $fix;
        let rows = decoder::ROWS.iter().filter(|row| row.outcome == decoder::Outcome::Executes);
        rows.filter(move |row| has(row)).map(move |row| {
            let word: RandomWord = Box::new(move |random: &mut Random| {
                let word = decoder::random(row, &mut || random.word())?;
                Some(fix(word, random))
            });
            (row.name, $len, word)
        })
    }};
}

/// Makes every second conditional A32 instruction unconditional.
fn often_always(word: u32, random: &mut Random) -> u32 {
    if word >> 28 < 14 && random.below(2) == 0 { word & 0x0fff_ffff | 0xe000_0000 } else { word }
}

/// Gives most Advanced SIMD instructions registers of even numbers, which quadwords must have.
fn often_even(word: u32, random: &mut Random) -> u32 {
    let registers = if word >> 24 == 0xf4 { 0 } else { 0x1_1001 };
    if random.below(8) != 0 { word & !registers } else { word }
}

/// The manual forbids branches that overwrite their own operand: executed again after a trap in their delay slot, they
/// would go elsewhere.
fn repeatable(word: u32, _: &mut Random) -> u32 {
    let (rs, rd) = (word >> 21 & 31, word >> 11 & 31);
    let branch_and_link = word >> 26 == 1 && word >> 20 & 1 != 0 && rs == 31;
    let jump_and_link = word >> 26 == 0 && word & 0x3f == 9 && rs == rd;
    if branch_and_link || jump_and_link { word ^ 1 << 21 } else { word }
}

/// The same for 16-bit microMIPS instructions: JALR16 and JALRS16 of ra.
fn repeatable16(word: u32, _: &mut Random) -> u32 {
    if word & 0xffdf == 0x45df { word ^ 1 } else { word }
}

/// The same for 32-bit ones: JALR and its kin, branches that link.
fn repeatable32(word: u32, _: &mut Random) -> u32 {
    let (rt, rs) = (word >> 21 & 31, word >> 16 & 31);
    let jump_and_link = word >> 26 == 0 && word & 0xfff == 0xf3c && rt == rs;
    let branch_and_link = word >> 26 == 0b010000 && matches!(rt, 1 | 3 | 17 | 19) && rs == 31;
    if jump_and_link || branch_and_link { word ^ 1 << 16 } else { word }
}

/// Whether the row is of the DSP module.
fn dsp(row: &mips::Row) -> bool {
    matches!(row.feature, Some("dsp" | "dspr2"))
}

/// Whether the row is of the SIMD architecture.
fn vectors(row: &mips::Row) -> bool {
    row.feature == Some("msa")
}

impl Encodings {
    /// Those of an instruction set.
    pub fn new(isa: Isa) -> Encodings {
        let mut rows: Vec<(&'static str, usize, RandomWord)> = Vec::new();
        match isa {
            Isa::A32 | Isa::ArmV5 => {
                rows.extend(executing_rows!(a32::decoder, 4, often_always));
                rows.extend(executing_rows!(vfp::decoder, 4, often_always));
                rows.extend(executing_rows!(asimd::decoder, 4, often_even));
            }
            Isa::T32 => {
                rows.extend(executing_rows!(t32::narrow, 2, |word, _| word));
                rows.extend(executing_rows!(t32::wide, 4, |word, _| word));
                let in_t32 = |word, _: &mut Random| word & 0x0fff_ffff | 0xe000_0000;
                rows.extend(executing_rows!(vfp::decoder, 4, in_t32));
                let asimd_in_t32 = |word, random: &mut Random| asimd::to_t32(often_even(word, random));
                rows.extend(executing_rows!(asimd::decoder, 4, asimd_in_t32));
            }
            Isa::Mipsel | Isa::Mips | Isa::Mipself64 => {
                let plain = |row: &mips::Row| row.only != Some("r6") && !dsp(row) && !vectors(row);
                rows.extend(executing_rows!(mips, 4, repeatable, plain));
            }
            Isa::Mipseldsp | Isa::Mipsdsp => {
                rows.extend(executing_rows!(mips, 4, repeatable, dsp));
            }
            Isa::Mips16 => {
                rows.extend(executing_rows!(mips16e::narrow, 2, |word, _| word));
                rows.extend(executing_rows!(mips16e::extended, 4, |word, _| word));
            }
            Isa::Micromips | Isa::Micromipsf64 => {
                rows.extend(executing_rows!(micromips::narrow, 2, repeatable16, |row| row.only != Some("r6")));
                rows.extend(executing_rows!(micromips::wide, 4, repeatable32, |row| row.only != Some("r6")));
                let as_is = |word, _: &mut Random| word;
                rows.extend(executing_rows!(micromips::reencoded, 4, as_is, |row| row.only != Some("r6")));
            }
            Isa::Micromipsr6 => {
                let as_is = |word, _: &mut Random| word;
                rows.extend(executing_rows!(micromips::narrow, 2, as_is, |row| row.only != Some("pre_r6")));
                rows.extend(executing_rows!(micromips::wide, 4, as_is, |row| row.only != Some("pre_r6")));
                rows.extend(executing_rows!(micromips::reencoded, 4, as_is, |row| row.only != Some("pre_r6")));
            }
            Isa::Mipselmsa | Isa::Mipsmsa => {
                rows.extend(executing_rows!(mips, 4, repeatable, vectors));
            }
            Isa::Mipselr6 | Isa::Mipsr6 => {
                rows.extend(executing_rows!(mips, 4, repeatable, |row| row.only != Some("pre_r6")));
            }
        }
        Encodings { isa, rows }
    }

    /// A random instruction of a random row.
    pub fn instruction(&self, random: &mut Random) -> Insn {
        loop {
            let (name, len, word) = &self.rows[random.below(self.rows.len())];
            if let Some(word) = word(random) {
                return Insn { name, bytes: self.isa.bytes(word, *len) };
            }
        }
    }

    /// Up to `max` random instructions.
    pub fn code(&self, max: usize, random: &mut Random) -> Vec<Insn> {
        let mut code: Vec<Insn> = (0..=random.below(max)).map(|_| self.instruction(random)).collect();
        if self.isa == Isa::T32 && random.below(3) == 0 {
            let it = 0xbf01 | (random.word() % 0xf0);
            let at = random.below(code.len());
            code.insert(at, Insn { name: "IT", bytes: self.isa.bytes(it, 2) });
        }
        code
    }
}

/// What general registers hold: mostly pointers, so that loads and stores succeed.
fn integer(random: &mut Random) -> u32 {
    match random.below(8) {
        0..=3 => {
            let middle = DATA.start + (DATA.end - DATA.start) / 4;
            let pointer = middle + random.word() % ((DATA.end - DATA.start) / 2);
            if random.below(4) == 0 { pointer } else { pointer & !7 }
        }
        4 => random.word() & 0x3f,
        5 | 6 => random.edge(),
        _ => random.word(),
    }
}

/// What floating-point registers hold: a double, or two singles.
pub fn float(random: &mut Random) -> u64 {
    const SPECIAL: [f64; 18] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        2.5,
        1e300,
        -1e-300,
        1e-310,
        f64::INFINITY,
        f64::NEG_INFINITY,
        3e9,
        -3e9,
        2_147_483_647.5,
        0.1,
        4.0,
        7e18,
        1e-40,
        -1e-38,
    ];
    const NANS: [u64; 6] = [
        0x7ff0_0000_0000_0001,
        0x7ff8_0000_0000_0000,
        0xfff7_ffff_ffff_ffff,
        0x7fbf_ffff_7fa0_0000,
        0xffc0_0001_7fc0_0000,
        0x7fff_ffff_7f80_0001,
    ];
    let single = |random: &mut Random| u64::from((random.pick(&SPECIAL) as f32).to_bits());
    match random.below(8) {
        0 | 1 => random.pick(&SPECIAL).to_bits(),
        2..=4 => single(random) << 32 | single(random),
        5 => random.pick(&NANS),
        6 => {
            let number = f64::from(random.word() as i32) / f64::from(1u32 << random.below(32));
            number.to_bits()
        }
        _ => random.pair(),
    }
}

/// A random state at the beginning of the code.
pub fn state(isa: Isa, layout: &StateLayout, random: &mut Random) -> CpuState {
    let mut cpu = CpuState::new();
    cpu.set(layout.monitor_addr, u64::MAX);
    cpu.set(layout.pc, u64::from(CODE) | isa.isa_bit());
    match isa {
        Isa::A32 | Isa::T32 | Isa::ArmV5 => arm_state(&mut cpu, random),
        _ => mips_registers(&mut cpu, random),
    }
    if let Some(flags) = &layout.flags {
        flags.set_bits(&mut cpu, random.word());
    }
    cpu
}

fn arm_state(cpu: &mut CpuState, random: &mut Random) {
    for n in 0..15 {
        cpu.set32(arm::R.nth(n), integer(random));
    }
    for n in 0..32 {
        cpu.set(arm::D.nth(n), float(random));
    }
    cpu.set32(arm::QF, random.word() & 1);
    cpu.set32(arm::GE, random.word() & 15);
    cpu.set32(arm::CPSR_LOW, arm::MODE_USR);
    cpu.set32(arm::FPSCR_NZCV, random.word() & 0xf000_0000);
    cpu.set32(arm::TPIDRURO, integer(random));
    cpu.set32(arm::TPIDRURW, integer(random));
}

fn mips_registers(cpu: &mut CpuState, random: &mut Random) {
    for n in 1..32 {
        cpu.set32(mips_state::R.nth(n), integer(random));
    }
    for n in (0..32).step_by(2) {
        cpu.set(mips_state::F.nth(n), float(random));
        cpu.set(mips_state::W_HIGH.nth(n), float(random));
    }
    for n in 0..3 {
        cpu.set(mips_state::AC.nth(n), random.pair());
    }
    cpu.set32(mips_state::DSP_POS, random.word() & 0x3f);
    cpu.set32(mips_state::SCOUNT, random.word() & 0x3f);
    for n in 0..8 {
        cpu.set32(mips_state::FCC.nth(n), random.word() & 1);
    }
    cpu.set(mips_state::HILO, random.pair());
    cpu.set32(mips_state::USER_LOCAL, integer(random));
}

/// What data memory holds.
pub fn data(random: &mut Random) -> Vec<u8> {
    let words = (DATA.end - DATA.start) / 4;
    (0..words).flat_map(|_| integer(random).to_le_bytes()).collect()
}
