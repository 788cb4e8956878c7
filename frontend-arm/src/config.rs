//! Which ARM a guest is.

/// Who plays the guest's privileged software.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Personality {
    /// A Linux process: there is only User mode, and system calls leave the guest.
    #[default]
    Linux,
    /// A bare machine with privileged modes; the hypervisor gets the privileged instructions.
    Machine,
}

/// Architecture version: where versions differ in what an instruction does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ArchVersion {
    /// ARMv4T: only BX changes the instruction set.
    V4T,
    /// ARMv5TE: loads to the PC change the instruction set too.
    V5TE,
    /// ARMv6.
    V6,
    /// ARMv7-A: so does data processing with the PC as destination, in A32.
    #[default]
    V7,
}

/// The configuration of an ARM guest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ArmConfig {
    /// Who plays the privileged software.
    pub personality: Personality,
    /// Architecture version.
    pub version: ArchVersion,
}

impl ArmConfig {
    /// Whether the guest is a bare machine.
    pub const fn machine(self) -> bool {
        matches!(self.personality, Personality::Machine)
    }
}
