//! Writes static programs: an ELF header, program headers, and the bytes.

/// A piece of a program.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) addr: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
}

impl Segment {
    /// A segment that can only be read.
    pub(crate) fn constant(addr: u32, bytes: Vec<u8>) -> Segment {
        Segment { addr, bytes, writable: false, executable: false }
    }

    /// A segment of code.
    pub(crate) fn code(addr: u32, bytes: Vec<u8>) -> Segment {
        Segment { executable: true, ..Segment::constant(addr, bytes) }
    }

    /// A segment of zeros that can be written.
    pub(crate) fn zeros(addr: u32, len: u32) -> Segment {
        Segment { writable: true, ..Segment::constant(addr, vec![0; len as usize]) }
    }
}

/// What the header says of the processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// `e_machine`.
    pub(crate) number: u16,
    /// `e_flags`.
    pub(crate) flags: u32,
    /// `fp_abi` and `isa_rev` of the MIPS ABI flags.
    pub(crate) abi_flags: Option<AbiFlags>,
    /// Big-endian.
    pub(crate) big: bool,
}

/// What varies in `.MIPS.abiflags` (MIPS o32 FR0/FR1 interlinking ABI).
#[derive(Clone, Copy, Debug)]
pub(crate) struct AbiFlags {
    pub(crate) isa_rev: u8,
    /// 1: FR=0, 6: FR=1.
    pub(crate) fp_abi: u8,
    /// Application-specific extensions: DSP 1, DSP r2 2, MSA 0x200, MIPS16 0x400, microMIPS 0x800.
    pub(crate) ases: u32,
}

const HEADER: usize = 52;
const PROGRAM_HEADER: usize = 32;
const PT_LOAD: u32 = 1;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_MIPS_ABIFLAGS: u32 = 0x7000_0003;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const PF_R: u32 = 4;
const ALIGN: usize = 0x1000;

/// Numbers in the program's byte order.
struct Out {
    big: bool,
    bytes: Vec<u8>,
}

impl Out {
    fn half(&mut self, value: u16) {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn words(&mut self, values: &[u32]) {
        for value in values {
            self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        }
    }
}

/// The bytes of a program file.
pub(crate) fn write(machine: Machine, entry: u32, segments: &[Segment]) -> Vec<u8> {
    let mut out = Out { big: machine.big, bytes: Vec::new() };
    let extra = 1 + usize::from(machine.abi_flags.is_some());
    let headers = segments.len() + extra;
    let abi_flags_at = HEADER + headers * PROGRAM_HEADER;
    let ident = [0x7f, b'E', b'L', b'F', 1, if machine.big { 2 } else { 1 }, 1];
    out.bytes.extend(ident.into_iter().chain([0; 9]));
    out.half(2); // ET_EXEC
    out.half(machine.number);
    out.words(&[1, entry, HEADER as u32, 0, machine.flags]);
    for half in [HEADER, PROGRAM_HEADER, headers, 40, 0, 0] {
        out.half(half as u16);
    }
    let mut at = (abi_flags_at + 24).next_multiple_of(ALIGN);
    for segment in segments {
        let flags =
            PF_R | if segment.writable { PF_W } else { 0 } | if segment.executable { PF_X } else { 0 };
        let len = segment.bytes.len() as u32;
        let at_page = at + segment.addr as usize % ALIGN;
        out.words(&[PT_LOAD, at_page as u32, segment.addr, segment.addr, len, len, flags, ALIGN as u32]);
        at = (at_page + segment.bytes.len()).next_multiple_of(ALIGN);
    }
    out.words(&[PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 4]);
    if let Some(abi) = machine.abi_flags {
        out.words(&[PT_MIPS_ABIFLAGS, abi_flags_at as u32, 0, 0, 24, 24, PF_R, 8]);
        out.half(0);
        let fpr_size = if abi.ases & 0x200 != 0 { 3 } else { 1 + u8::from(abi.fp_abi != 1) };
        out.bytes.extend([32, abi.isa_rev, 1, fpr_size, 0, abi.fp_abi]);
        out.words(&[0, abi.ases, 0, 0]);
    }
    for segment in segments {
        let start = out.bytes.len().next_multiple_of(ALIGN) + segment.addr as usize % ALIGN;
        out.bytes.resize(start, 0);
        out.bytes.extend(&segment.bytes);
    }
    out.bytes
}
