//! The interpreter's blocks: lifted once, linked to one another, counted.

use std::collections::BTreeSet;

use demotic_ir::interp::{self, Code, Guest, WayKind};
use demotic_ir::passes::{PassOptions, run as run_passes};
use demotic_ir::{Block, BlockBuilder, CodeSource, Exit, GuestArch, LiftOptions, Loc, Memory, Trap};
use rustc_hash::FxHashMap;

use crate::region::ProfileData;

/// Index of a block in the cache.
pub(super) type BlockIndex = u32;

/// No block.
pub(super) const NONE: BlockIndex = u32::MAX;

/// A block and what is known of it.
pub(super) struct CachedBlock<M> {
    pub(super) loc: Loc,
    pub(super) code: Code<M>,
    /// Address of each guest instruction.
    pub(super) insn_pcs: Box<[u64]>,
    /// The block that each way out leads to, if it has been taken; for a computed target the last one.
    pub(super) links: Box<[BlockIndex]>,
    /// How often it was entered by a loop or a call, until it is handed to the translator.
    pub(super) heat: u32,
    /// Translated code that begins here, 0 if there is none.
    pub(super) translated: u64,
    range: (u64, u64),
}

/// All blocks of one vCPU.
pub(super) struct BlockCache<M> {
    blocks: Vec<CachedBlock<M>>,
    by_loc: FxHashMap<Loc, BlockIndex>,
    profile: ProfileData,
    /// The part of the profile that the translator has not been told of.
    news: ProfileData,
    /// It is all of it.
    all_is_news: bool,
    /// Guest pages that blocks were made from.
    pages: BTreeSet<u64>,
}

const PAGE_BITS: u32 = 12;

impl<M: Memory> BlockCache<M> {
    pub(super) fn new() -> BlockCache<M> {
        BlockCache {
            blocks: Vec::new(),
            by_loc: FxHashMap::default(),
            profile: ProfileData::default(),
            news: ProfileData::default(),
            all_is_news: false,
            pages: BTreeSet::new(),
        }
    }

    pub(super) fn get(&self, index: BlockIndex) -> &CachedBlock<M> {
        &self.blocks[index as usize]
    }

    pub(super) fn get_mut(&mut self, index: BlockIndex) -> &mut CachedBlock<M> {
        &mut self.blocks[index as usize]
    }

    /// The block at a location if it is there.
    pub(super) fn find(&self, loc: Loc) -> Option<BlockIndex> {
        self.by_loc.get(&loc).copied()
    }

    /// The block at a location, lifted if need be.
    pub(super) fn at(&mut self, loc: Loc, arch: &dyn GuestArch, code: &dyn CodeSource) -> BlockIndex {
        if let Some(&index) = self.by_loc.get(&loc) {
            return index;
        }
        let block = prepare(loc, arch, code);
        let index = self.blocks.len() as BlockIndex;
        self.pages.extend(block.range.0 >> PAGE_BITS..=(block.range.1 - 1) >> PAGE_BITS);
        self.blocks.push(block);
        self.by_loc.insert(loc, index);
        self.profile.note_block(loc.pc);
        self.news.note_block(loc.pc);
        index
    }

    /// What has been executed since this was last asked.
    pub(super) fn take_news(&mut self) -> ProfileData {
        let news = std::mem::take(&mut self.news);
        if std::mem::take(&mut self.all_is_news) { self.profile.clone() } else { news }
    }

    /// From now on everything is news, for a translator that knows nothing. In a forked child, which may never ask for a
    /// region: nothing is copied yet.
    pub(super) fn tell_all_again(&mut self) {
        self.all_is_news = true;
    }

    /// Notes that the block at a location is about to be executed for the first time, by translated code.
    pub(super) fn note_block(&mut self, pc: u64) {
        self.profile.note_block(pc);
        self.news.note_block(pc);
    }

    /// Notes where the indirect jump at `pc` of a translated block has led, and the state there.
    pub(super) fn note_target_of(&mut self, pc: u64, target: u64, state: &[u64]) {
        if self.profile.note_target(pc, target, state) {
            self.news.note_target(pc, target, state);
        }
    }

    /// Notes where a way out of a block with a computed target has led, and the state there.
    pub(super) fn note_target(&mut self, from: BlockIndex, way: usize, target: u64, state: &[u64]) {
        let block = &self.blocks[from as usize];
        let Some(way) = block.code.ways().get(way) else { return };
        let jump = matches!(way.kind, WayKind::JumpIndirect | WayKind::CallIndirect { .. });
        if let Some(&pc) = block.insn_pcs.get(way.src as usize).filter(|_| jump) {
            self.note_target_of(pc, target, state);
        }
    }

    /// Notes that a location has (or no longer has) translated code.
    pub(super) fn set_translated(&mut self, loc: Loc, code: u64) {
        if let Some(&index) = self.by_loc.get(&loc) {
            self.blocks[index as usize].translated = code;
        }
    }

    /// Lets a location become hot again: its translation was given up.
    pub(super) fn cool(&mut self, loc: Loc) {
        if let Some(&index) = self.by_loc.get(&loc) {
            self.blocks[index as usize].heat = 0;
        }
    }

    /// Lets everything that is not translated become hot again: what was asked for may never come.
    pub(super) fn cool_all(&mut self) {
        self.blocks.iter_mut().filter(|block| block.translated == 0).for_each(|block| block.heat = 0);
    }

    /// Forgets all translated code.
    pub(super) fn forget_translations(&mut self) {
        for block in &mut self.blocks {
            block.translated = 0;
            block.heat = 0;
        }
    }

    /// Drops all blocks if any of them was made from code in `[start, end)`. Guests change code rarely, or a lot of it.
    pub(super) fn invalidate(&mut self, start: u64, end: u64) {
        let near =
            start < end && self.pages.range(start >> PAGE_BITS..=(end - 1) >> PAGE_BITS).next().is_some();
        if near && self.blocks.iter().any(|b| b.range.0 < end && start < b.range.1) {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.by_loc.clear();
        self.profile.clear();
        self.news.clear();
        self.pages.clear();
    }
}

/// Lifts a block and makes it ready to run; with fewer instructions if it is too much for the interpreter.
fn prepare<M: Memory>(loc: Loc, arch: &dyn GuestArch, code: &dyn CodeSource) -> CachedBlock<M> {
    let mut max_insns = LiftOptions::default().max_insns;
    loop {
        let mut block = arch.lift(loc, code, LiftOptions { max_insns });
        run_passes(&mut block, arch.layout(), &PassOptions { precise: true, ..PassOptions::default() });
        match interp::compile(&block, &Guest::of(arch)) {
            Ok(code) => return cached(loc, &block, code),
            Err(error) if max_insns == 1 => {
                tracing::error!(target: "translate", pc = loc.pc, "an instruction is too much for the interpreter: {error}");
                let block = unimplemented(loc, &block);
                // A lone trap exit is the least that can be compiled; were it refused too, nothing could run.
                let Ok(code) = interp::compile(&block, &Guest::of(arch)) else { continue };
                return cached(loc, &block, code);
            }
            Err(_) => max_insns /= 2,
        }
    }
}

fn cached<M>(loc: Loc, block: &Block, code: Code<M>) -> CachedBlock<M> {
    let links = vec![NONE; code.ways().len()].into();
    let insn_pcs = block.guest.iter().map(|g| g.pc).collect();
    CachedBlock { loc, code, insn_pcs, links, heat: 0, translated: 0, range: block.guest_range() }
}

/// A block that traps in place of its first instruction, which the interpreter cannot hold.
fn unimplemented(loc: Loc, refused: &Block) -> Block {
    let mut b = BlockBuilder::new(loc);
    let (mut word, mut next) = (0, loc.pc);
    if let Some(&insn) = refused.guest.first() {
        b.begin_insn(insn);
        (word, next) = (insn.word, loc.pc + u64::from(insn.len));
    }
    b.leave(Exit::Trap { trap: Trap::Unimplemented { word, name: "too many values" }, pc: loc.pc, next });
    b.finish()
}

/// Whether a way out is a call.
pub(super) fn is_call(kind: WayKind) -> bool {
    matches!(kind, WayKind::Call { .. } | WayKind::CallIndirect { .. })
}
