//! ARM semihosting (ARM DUI 0471, chapter 8): a supervisor call with which bare programs reach the host. Console output
//! and the exit are here; the operations on host files are not.

use demotic_arm::state::R;
use demotic_ir::{CpuState, Fault, MemSize, Memory};

use crate::machine::Outcome;
use crate::machine::platform::Platform;

/// SVC's immediate in ARM state.
pub(super) const SVC_ARM: u32 = 0x12_3456;
/// SVC's immediate in Thumb state.
pub(super) const SVC_THUMB: u32 = 0xab;

const SYS_WRITEC: u32 = 0x03;
const SYS_WRITE0: u32 = 0x04;
const SYS_EXIT: u32 = 0x18;
const SYS_EXIT_EXTENDED: u32 = 0x20;
/// The reason that means success.
const ADP_STOPPED_APPLICATION_EXIT: u32 = 0x2_0026;

/// A string without end stops here: no bare machine of ours has more RAM.
const LONGEST: u32 = 64 << 20;

/// Performs the operation whose number is in R0 with the argument in R1. The result goes to R0.
pub(super) fn call(platform: &mut Platform, cpu: &mut CpuState) {
    let (operation, argument) = (cpu.get32(R), cpu.get32(R.nth(1)));
    match perform(platform, operation, argument) {
        Ok(Some(result)) => cpu.set32(R, result),
        Ok(None) => {}
        Err(fault) => {
            tracing::warn!(
                "semihosting call {operation:#x} cannot access its argument at {:#010x}",
                fault.addr
            );
            cpu.set32(R, u32::MAX);
        }
    }
}

fn perform(platform: &mut Platform, operation: u32, argument: u32) -> Result<Option<u32>, Fault> {
    match operation {
        SYS_WRITEC => {
            let byte = byte_at(platform, argument)?;
            platform.console.put(byte);
            Ok(None)
        }
        SYS_WRITE0 => write0(platform, argument).map(|()| None),
        SYS_EXIT => {
            exit(platform, argument, 0);
            Ok(None)
        }
        SYS_EXIT_EXTENDED => {
            let reason = word_at(platform, argument)?;
            let code = word_at(platform, argument.wrapping_add(4))?;
            exit(platform, reason, code);
            Ok(None)
        }
        _ => {
            tracing::warn!("semihosting operation {operation:#x} is not supported");
            Ok(Some(u32::MAX))
        }
    }
}

fn byte_at(platform: &mut Platform, addr: u32) -> Result<u8, Fault> {
    Ok(platform.memory.load(u64::from(addr), MemSize::B1)? as u8)
}

fn word_at(platform: &mut Platform, addr: u32) -> Result<u32, Fault> {
    Ok(platform.memory.load(u64::from(addr), MemSize::B4)? as u32)
}

/// Writes the zero-terminated string at `addr`.
fn write0(platform: &mut Platform, addr: u32) -> Result<(), Fault> {
    for i in 0..LONGEST {
        match byte_at(platform, addr.wrapping_add(i))? {
            0 => break,
            byte => platform.console.put(byte),
        }
    }
    Ok(())
}

fn exit(platform: &mut Platform, reason: u32, code: u32) {
    platform.end(match reason {
        ADP_STOPPED_APPLICATION_EXIT => Outcome::PowerOff { code: code as u8 },
        _ => {
            tracing::warn!("the program stopped through semihosting with reason {reason:#x}");
            Outcome::PowerOff { code: 1 }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::arm::tests::{RAM, platform};

    fn call_with(platform: &mut Platform, operation: u32, argument: u32) -> u32 {
        let mut cpu = CpuState::new();
        cpu.set32(R, operation);
        cpu.set32(R.nth(1), argument);
        call(platform, &mut cpu);
        cpu.get32(R)
    }

    #[test]
    fn writes_to_the_console() {
        let (mut platform, capture) = platform();
        platform.memory.write_physical(u64::from(RAM), b"hello\0").unwrap();
        call_with(&mut platform, SYS_WRITE0, RAM);
        call_with(&mut platform, SYS_WRITEC, RAM + 4);
        platform.console.flush();
        assert_eq!(capture.text(), "helloo");
    }

    #[test]
    fn exits_with_the_reasons_code() {
        for (reason, code) in [(ADP_STOPPED_APPLICATION_EXIT, 0), (0x20023, 1)] {
            let (mut platform, _) = platform();
            call_with(&mut platform, SYS_EXIT, reason);
            assert_eq!(platform.outcome, Some(Outcome::PowerOff { code }));
        }
        let (mut platform, _) = platform();
        platform.memory.write_physical(u64::from(RAM), &[0x26, 0, 2, 0, 42, 0, 0, 0]).unwrap();
        call_with(&mut platform, SYS_EXIT_EXTENDED, RAM);
        assert_eq!(platform.outcome, Some(Outcome::PowerOff { code: 42 }));
    }

    #[test]
    fn what_is_not_there_fails() {
        let (mut platform, _) = platform();
        assert_eq!(call_with(&mut platform, 0x01, RAM), u32::MAX);
        assert_eq!(call_with(&mut platform, SYS_WRITE0, 0x5000_0000), u32::MAX);
        assert_eq!(platform.outcome, None);
    }
}
