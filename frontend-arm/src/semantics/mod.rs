//! What instructions mean, by the manual's classes. A32 and T32 share these; they differ in how operands are unpacked.
//!
//! Register arguments are numbers. Within an instruction memory accesses come before register writes, so that a fault
//! leaves the registers as they were.

pub(crate) mod bit_field;
pub(crate) mod branch;
pub(crate) mod coprocessor;
pub(crate) mod crc;
pub(crate) mod data_processing;
pub(crate) mod divide;
pub(crate) mod exclusive;
pub(crate) mod load_store;
pub(crate) mod load_store_multiple;
pub(crate) mod multiply;
pub(crate) mod pack_extend_reverse;
pub(crate) mod parallel;
pub(crate) mod saturate;
pub(crate) mod shifter;
pub(crate) mod status_register;
pub(crate) mod system;
