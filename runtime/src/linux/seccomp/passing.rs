//! A thread's filters on their way to the program that it executes, which another instance of ourselves runs: a file in
//! memory, inherited open, with the filters from the oldest on. Each is its length and its instructions of 8 bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::bpf::{Instruction, LENGTH_MAX, Program};
use super::{Filter, Mode};
use crate::linux::host::{self, Arg, Errno};

/// Puts the filters of a mode, if it has any, into a file that executed programs inherit.
pub(crate) fn to_pass_on(mode: &Mode) -> Result<Option<File>, Errno> {
    let Mode::Filtered(newest) = mode else { return Ok(None) };
    let mut filters: Vec<_> = Filter::chain(Some(newest)).collect();
    filters.reverse();
    let mut bytes = Vec::new();
    for filter in filters {
        let instructions = filter.program.instructions();
        bytes.extend((instructions.len() as u32).to_le_bytes());
        for i in instructions {
            bytes.extend(i.code.to_le_bytes());
            bytes.extend([i.jt, i.jf]);
            bytes.extend(i.k.to_le_bytes());
        }
    }
    let file = host::new_file(libc::SYS_memfd_create, &[Arg::string(c"filters"), 0.into()])?;
    file.write_all_at(&bytes, 0)?;
    Ok(Some(file))
}

/// What a program may do that was executed with an open file of filters.
pub(crate) fn inherited(fd: i32) -> io::Result<Mode> {
    let mut bytes = Vec::new();
    let file = host::take_file(fd).map_err(|errno| io::Error::from_raw_os_error(errno.0))?;
    // Its position is whatever others have made it.
    let size = file.metadata()?.len();
    bytes.resize(size as usize, 0);
    file.read_exact_at(&mut bytes, 0)?;
    decode(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn decode(mut bytes: &[u8]) -> Option<Mode> {
    let mut newest = None;
    while !bytes.is_empty() {
        let count = u32::from_le_bytes(*take(&mut bytes)?) as usize;
        if count > LENGTH_MAX {
            return None;
        }
        let instruction = |_| {
            let [c0, c1, jt, jf, k @ ..] = *take::<8>(&mut bytes)?;
            Some(Instruction { code: u16::from_le_bytes([c0, c1]), jt, jf, k: u32::from_le_bytes(k) })
        };
        let program = Program::new((0..count).map(instruction).collect::<Option<_>>()?)?;
        newest = Some(Arc::new(Filter { program, older: newest }));
    }
    newest.map(Mode::Filtered)
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}
