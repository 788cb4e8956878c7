//! The devices that boards are made of, one file each, with the data sheet's registers in a `mod spec` at its top.

mod pl011;
mod power;
mod sp804;
mod uart16550;

pub use pl011::Pl011;
pub use power::Power;
pub use sp804::Sp804;
pub use uart16550::Uart16550;
