//! The decoder of MIPS32, generated from the tables in `tables/`: rows, argument structs, [`decode`], [`dispatch`],
//! [`disassemble`] and random words.

include!(concat!(env!("OUT_DIR"), "/mips32.rs"));
