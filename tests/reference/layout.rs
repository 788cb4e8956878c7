//! Where things are in the programs that both sides run.

/// The live record: registers as they are when a sequence begins and when it has ended. On ARM it follows the code that
/// stores them, which reaches it from the program counter, with no register to spare.
pub(crate) const RECORD: u32 = 0x1_1000;
/// The program's own code, far from all that sequences point to.
pub(crate) const DRIVER: u32 = 0x60_0000;
/// Behind it: the number of sequences left, the next one's input and its address.
pub(crate) const VARIABLES: u32 = DRIVER + PAGE;
/// The page that sequences load from and store to; random pointers point into its middle.
pub(crate) const WINDOW: u32 = 0x2_0000;
/// What it holds at first. It follows the window, and can only be read.
pub(crate) const PATTERN: u32 = 0x2_1000;
/// A page's size.
pub(crate) const PAGE: u32 = 0x1000;
/// The stack of the signal handler.
pub(crate) const STACK: u32 = 0x3_0000;
/// Its size.
pub(crate) const STACK_SIZE: u32 = 0x8000;
/// What the program asks the system with.
pub(crate) const CONSTANTS: u32 = 0x3_f000;
/// What the sequences begin with: an entry address and a record each.
pub(crate) const INPUTS: u32 = 0x40_0000;
/// Where MIPS sequences end: in the middle of code that ends them, and so much of it that no offset leads to anywhere else.
pub(crate) const PADS: u32 = 0x50_0000;
/// Its size.
pub(crate) const PADS_SIZE: u32 = 0x2_0000;
/// The sequences.
pub(crate) const CODE: u32 = 0x10_0000;

/// A page that qemu-user gives every program, for the code that handlers return to. Programs do away with it, so that
/// jumps there go nowhere.
pub(crate) const QEMU_PAGE: u32 = 0x3fff_f000;
/// Where Demotic's code that returns from MIPS signal handlers lies, which the driver does not need.
pub(crate) const SIGRETURN_PAGE: u32 = 0x7fff_7000;

/// Words of a record. Vector registers and accumulators follow the words.
pub(crate) mod word {
    /// The signal that the sequence ended with; 0 if it went through.
    pub(crate) const SIGNAL: usize = 0;
    /// Where it was raised.
    pub(crate) const PC: usize = 1;
    /// The general registers.
    pub(crate) const R: usize = 2;
    /// CPSR or DSPControl.
    pub(crate) const FLAGS: usize = 34;
    /// FPSCR or FCSR.
    pub(crate) const FP_STATUS: usize = 35;
    /// HI and LO of the accumulators.
    pub(crate) const ACCUMULATORS: usize = 36;
    /// MSACSR.
    pub(crate) const VECTOR_STATUS: usize = 44;
    /// The number of words.
    pub(crate) const COUNT: usize = 48;
}

/// Where in a record the vector registers are: 32 of 16 bytes.
pub(crate) const VECTORS: usize = 4 * word::COUNT;
/// The size of a record.
pub(crate) const RECORD_SIZE: usize = VECTORS + 512;
/// The size of an input: the entry address, padding, a record.
pub(crate) const INPUT_SIZE: usize = 16 + RECORD_SIZE;
/// The size of what is written for a sequence: the record and the window.
pub(crate) const DUMP_SIZE: usize = RECORD_SIZE + PAGE as usize;
