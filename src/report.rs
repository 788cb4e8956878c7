//! What `--stats` prints: the figures of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use demotic_ir::Memory;
use demotic_ir::passes::Pass;
use demotic_translator::Vcpu;
use serde::{Deserialize, Serialize};

use crate::failure::{self, Failure};
use crate::flags::{Engine, EngineFlags};

/// The figures of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The engine's name.
    pub(crate) engine: String,
    /// The guest architecture's name.
    pub(crate) guest: String,
    /// Seconds from the first guest instruction to the end.
    pub(crate) seconds: f64,
    /// Guest instructions that were interpreted.
    pub(crate) interpreted: u64,
    /// Entries into translated code from the run loop.
    pub(crate) entries: u64,
    /// Traps handled: system calls, breakpoints, privileged instructions.
    pub(crate) traps: u64,
    /// Blocks that the first tier translated.
    pub(crate) blocks: u64,
    /// Guest instructions in them.
    pub(crate) block_insns: u64,
    /// Blocks that it left to the interpreter.
    pub(crate) interpreted_blocks: u64,
    /// Bytes of host code that it made.
    pub(crate) block_bytes: u64,
    /// Seconds that it took.
    pub(crate) block_seconds: f64,
    /// Regions translated.
    pub(crate) regions: u64,
    /// Guest instructions in them, inlined ones counted each time.
    pub(crate) region_insns: u64,
    /// Bytes of host code made of them.
    pub(crate) code_bytes: u64,
    /// Seconds spent translating, on whichever thread.
    pub(crate) translate_seconds: f64,
    /// The part of it that each pass took, by the passes' names.
    pub(crate) pass_seconds: BTreeMap<String, f64>,
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

impl Report {
    /// The figures of a vCPU that ran for `time`.
    pub(crate) fn of<M: Memory>(vcpu: &Vcpu<M>, engine: Engine, guest: &str, time: Duration) -> Report {
        let (vcpu, translator) = (vcpu.stats(), vcpu.engine().stats());
        Report {
            engine: engine.name().into(),
            guest: guest.into(),
            seconds: time.as_secs_f64(),
            interpreted: vcpu.interpreted,
            entries: vcpu.entries,
            traps: vcpu.traps,
            blocks: translator.blocks,
            block_insns: translator.block_insns,
            interpreted_blocks: translator.interpreted_blocks,
            block_bytes: translator.block_bytes,
            block_seconds: seconds(translator.block_ns),
            regions: translator.regions,
            region_insns: translator.region_insns,
            code_bytes: translator.code_bytes,
            translate_seconds: seconds(translator.translate_ns),
            pass_seconds: Pass::ALL
                .iter()
                .map(|&pass| (pass.name().to_owned(), seconds(translator.pass_times.ns(pass))))
                .collect(),
        }
    }

    /// Prints and writes the figures as the options ask for.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn emit(&self, flags: &EngineFlags) -> Result<(), Failure> {
        if flags.stats {
            eprint!("{self}");
        }
        flags.stats_json.as_deref().map_or(Ok(()), |path| self.write(path))
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let file = std::fs::File::create(path);
        let written = file.and_then(|file| serde_json::to_writer(file, self).map_err(Into::into));
        written.map_err(failure::io(format_args!("cannot write {}", path.display())))
    }

    /// Reads what another run has written.
    ///
    /// # Errors
    /// When the file is not there or not such a file.
    pub(crate) fn read(path: &Path) -> Result<Report, Failure> {
        let text =
            std::fs::read(path).map_err(failure::io(format_args!("cannot read {}", path.display())))?;
        serde_json::from_slice(&text)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "demotic: {name:<34}{value:>14}");
        row("guest", self.guest.clone())?;
        row("engine", self.engine.clone())?;
        row("time", format!("{:.3} ms", self.seconds * 1e3))?;
        row("guest instructions interpreted", self.interpreted.to_string())?;
        row("entries into translated code", self.entries.to_string())?;
        row("traps", self.traps.to_string())?;
        row("blocks translated", self.blocks.to_string())?;
        row("guest instructions in blocks", self.block_insns.to_string())?;
        row("blocks left to the interpreter", self.interpreted_blocks.to_string())?;
        row("host code of blocks", format!("{} bytes", self.block_bytes))?;
        row("translation time of blocks", format!("{:.3} ms", self.block_seconds * 1e3))?;
        row("regions translated", self.regions.to_string())?;
        row("guest instructions in regions", self.region_insns.to_string())?;
        row("host code of regions", format!("{} bytes", self.code_bytes))?;
        row("translation time of regions", format!("{:.3} ms", self.translate_seconds * 1e3))?;
        for (pass, seconds) in &self.pass_seconds {
            row(&format!("  pass {pass}"), format!("{:.3} ms", seconds * 1e3))?;
        }
        Ok(())
    }
}
