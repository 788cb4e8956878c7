//! Gives values their words.
//!
//! A value lives, in order of preference, in the slot that it was read from, in the slot that it will be put to, or in
//! a temporary. The first two save the op of the `get` or `put`.

use super::CompileError;
use super::draft::{Arg, Draft, What};
use crate::state::{FRAME_WORDS, STATE_WORDS};
use crate::value::{Slot, Value};

/// Words of temporary flags, at the end of the frame.
const FLAG_WORDS: usize = 128;
const FIRST_FLAGS: u16 = (FRAME_WORDS - FLAG_WORDS) as u16;
/// Words of temporary vectors, before the flags.
const VECTOR_WORDS: usize = 192;
const FIRST_VECTOR: u16 = FIRST_FLAGS - VECTOR_WORDS as u16;

/// How many words a value takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    Word = 1,
    Vector = 2,
    Flags = 4,
}

/// What is known of a value before it has a word.
#[derive(Clone, Copy)]
struct Life {
    /// The draft that defines it.
    def: u32,
    /// The last draft that uses it.
    last_use: u32,
    /// Its words.
    width: Width,
}

/// The words of all values.
pub(super) struct Homes {
    words: Vec<Option<u16>>,
}

impl Homes {
    /// The (first) word of a value.
    ///
    /// # Panics
    /// When the value is none of the drafts'.
    pub(super) fn word(&self, v: Value) -> u16 {
        self.words[v.0 as usize].expect("every value of the drafts has a word")
    }

    /// Whether a value lives in a slot: for a value from a `get`, the slot that it was read from.
    pub(super) fn is_in(&self, v: Value, slot: Slot) -> bool {
        self.words[v.0 as usize] == Some(slot.0)
    }
}

/// Gives a word to each of the `count` values that the drafts define. `width` says how
/// wide each is.
pub(super) fn allocate<M>(
    drafts: &[Draft<M>],
    count: usize,
    width: impl Fn(Value) -> Width,
) -> Result<Homes, CompileError> {
    let lives = lives(drafts, count, width);
    let next_writes = next_writes(drafts);
    let mut homes = Homes { words: vec![None; count] };
    SlotHomes::new().assign(drafts, &lives, &next_writes, &mut homes);
    assign_temporaries(drafts, &lives, &mut homes)?;
    Ok(homes)
}

fn for_each_arg<M>(draft: &Draft<M>, mut f: impl FnMut(Arg)) {
    match &draft.what {
        What::Get { value, .. } => f(Arg::Def(*value)),
        What::Put { value, .. } => f(Arg::Use(*value)),
        What::If(op) | What::Op(op) => op.args().into_iter().for_each(f),
        What::EndIf => {}
    }
}

fn lives<M>(drafts: &[Draft<M>], count: usize, width: impl Fn(Value) -> Width) -> Vec<Life> {
    let mut lives: Vec<Life> =
        (0..count).map(|v| Life { def: 0, last_use: 0, width: width(Value(v as u32)) }).collect();
    for (at, draft) in (0..).zip(drafts) {
        for_each_arg(draft, |arg| match arg {
            Arg::Use(v) => lives[v.0 as usize].last_use = at,
            Arg::Def(v) => lives[v.0 as usize].def = at,
            Arg::Raw(_) => {}
        });
    }
    lives
}

/// For each `get` and `put`, the next draft after it that writes its slot.
fn next_writes<M>(drafts: &[Draft<M>]) -> Vec<u32> {
    let mut next = [u32::MAX; STATE_WORDS];
    let mut result = vec![u32::MAX; drafts.len()];
    for (i, draft) in drafts.iter().enumerate().rev() {
        let at = i as u32;
        match &draft.what {
            What::Get { slot, width, .. } => result[i] = earliest(&next, *slot, *width),
            What::Put { slot, width, .. } => {
                result[i] = earliest(&next, *slot, *width);
                mark(&mut next, *slot, *width, at);
            }
            What::Op(op) | What::If(op) => op.touches.iter().for_each(|slot| mark(&mut next, slot, 1, at)),
            What::EndIf => {}
        }
    }
    result
}

fn earliest(next: &[u32; STATE_WORDS], slot: Slot, width: u16) -> u32 {
    range(slot, width).map(|s| next[s]).min().unwrap_or(u32::MAX)
}

fn mark(table: &mut [u32; STATE_WORDS], slot: Slot, width: u16, at: u32) {
    range(slot, width).for_each(|s| table[s] = at);
}

fn range(slot: Slot, width: u16) -> std::ops::Range<usize> {
    slot.index()..(slot.index() + usize::from(width)).min(STATE_WORDS)
}

/// Finds the values that can live in slots. Positions are those of drafts, counted from 1 so that 0 means never.
struct SlotHomes {
    /// The last position up to which the slot must keep its value for one that lives there.
    needed: [u32; STATE_WORDS],
    /// The last read, put or other touch of each slot.
    touched: [u32; STATE_WORDS],
    /// The last draft at which all state must be exact.
    exposed: u32,
    /// The last beginning or end of a conditional part.
    edge: u32,
}

impl SlotHomes {
    fn new() -> SlotHomes {
        SlotHomes { needed: [0; STATE_WORDS], touched: [0; STATE_WORDS], exposed: 0, edge: 0 }
    }

    fn assign<M>(mut self, drafts: &[Draft<M>], lives: &[Life], next_writes: &[u32], homes: &mut Homes) {
        for (i, draft) in drafts.iter().enumerate() {
            let at = i as u32 + 1;
            match &draft.what {
                What::Get { value, slot, width, exact, .. } => {
                    if *exact && lives[value.0 as usize].last_use <= next_writes[i] {
                        self.settle(*value, *slot, *width, lives, homes);
                    }
                    mark(&mut self.touched, *slot, *width, at);
                }
                What::Put { value, slot, width } => {
                    if self.may_compute_in(*value, *slot, *width, &lives[value.0 as usize], homes)
                        && lives[value.0 as usize].last_use <= next_writes[i]
                    {
                        self.settle(*value, *slot, *width, lives, homes);
                    }
                    mark(&mut self.touched, *slot, *width, at);
                }
                What::Op(op) => {
                    op.touches.iter().for_each(|slot| mark(&mut self.touched, slot, 1, at));
                    if op.exposes_state {
                        self.exposed = at;
                    }
                }
                What::If(op) => {
                    op.touches.iter().for_each(|slot| mark(&mut self.touched, slot, 1, at));
                    self.edge = at;
                }
                What::EndIf => self.edge = at,
            }
        }
    }

    /// Lets a value live in slots.
    fn settle(&mut self, v: Value, slot: Slot, width: u16, lives: &[Life], homes: &mut Homes) {
        homes.words[v.0 as usize] = Some(slot.0);
        let last_use = lives[v.0 as usize].last_use + 1;
        range(slot, width).for_each(|s| self.needed[s] = self.needed[s].max(last_use));
    }

    /// Whether a value can be written to slots where it is computed, ahead of its `put`: nobody may see that.
    fn may_compute_in(&self, v: Value, slot: Slot, width: u16, life: &Life, homes: &Homes) -> bool {
        let def = life.def + 1;
        homes.words[v.0 as usize].is_none()
            && life.width as u16 == width
            && self.exposed <= def
            && self.edge < def
            && range(slot, width).all(|s| self.touched[s] < def && self.needed[s] <= def)
    }
}

/// Gives temporaries to the values that have no word yet, each for as long as it is used.
fn assign_temporaries<M>(drafts: &[Draft<M>], lives: &[Life], homes: &mut Homes) -> Result<(), CompileError> {
    let mut pools = Pools {
        words: Pool::new(STATE_WORDS as u16, FIRST_VECTOR, Width::Word),
        vectors: Pool::new(FIRST_VECTOR, FIRST_FLAGS, Width::Vector),
        flags: Pool::new(FIRST_FLAGS, FRAME_WORDS as u16, Width::Flags),
    };
    // Values that the draft in hand uses for the last time, or not at all.
    let mut dying: Vec<Value> = Vec::new();
    for (at, draft) in (0..).zip(drafts) {
        for_each_arg(draft, |arg| match arg {
            Arg::Use(v) if lives[v.0 as usize].last_use == at && !dying.contains(&v) => dying.push(v),
            _ => {}
        });
        dying.drain(..).for_each(|v| pools.of(&lives[v.0 as usize]).give_back(homes.word(v)));
        let mut full = false;
        for_each_arg(draft, |arg| {
            let Arg::Def(v) = arg else { return };
            let life = &lives[v.0 as usize];
            let home = &mut homes.words[v.0 as usize];
            if home.is_none() {
                *home = pools.of(life).take();
                full |= home.is_none();
            }
            if life.last_use <= at {
                dying.push(v);
            }
        });
        if full {
            return Err(CompileError::TooManyTemporaries);
        }
        dying.drain(..).for_each(|v| pools.of(&lives[v.0 as usize]).give_back(homes.word(v)));
    }
    Ok(())
}

/// The free temporaries.
struct Pools {
    words: Pool,
    vectors: Pool,
    flags: Pool,
}

impl Pools {
    /// The pool that a value's temporary comes from.
    fn of(&mut self, life: &Life) -> &mut Pool {
        match life.width {
            Width::Word => &mut self.words,
            Width::Vector => &mut self.vectors,
            Width::Flags => &mut self.flags,
        }
    }
}

/// Free temporaries of one size.
struct Pool {
    first: u16,
    end: u16,
    size: u16,
    /// The first that was never used.
    fresh: u16,
    free: Vec<u16>,
}

impl Pool {
    fn new(first: u16, end: u16, size: Width) -> Pool {
        Pool { first, end, size: size as u16, fresh: first, free: Vec::new() }
    }

    fn take(&mut self) -> Option<u16> {
        if let Some(word) = self.free.pop() {
            return Some(word);
        }
        let word = self.fresh;
        (word < self.end).then(|| {
            self.fresh += self.size;
            word
        })
    }

    /// Makes a word free again, if it is of this pool (values that live in slots are not).
    fn give_back(&mut self, word: u16) {
        if (self.first..self.end).contains(&word) {
            self.free.push(word);
        }
    }
}
