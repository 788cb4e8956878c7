//! Passes: block to block, each with a name, a switch and a timer.
//!
//! The pipeline is the order of the rows below. In debug builds (or when asked) the verifier runs after each pass.

mod address;
mod conditions;
mod dead_code;
mod dead_state;
mod effects;
mod fold;
mod forward;
mod identities;
mod number;
mod rewrite;
mod vectors;

use std::time::Instant;

pub use fold::evaluate;
use rewrite::Scratch;

use crate::block::Block;
use crate::state::StateLayout;
use crate::verify::verify;

/// Defines the passes in the order in which they run.
macro_rules! passes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $run:path;)*) => {
        /// A pass.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Pass { $($(#[$doc])* $variant,)* }

        impl Pass {
            /// All passes in the order in which they run.
            pub const ALL: &'static [Pass] = &[$(Pass::$variant,)*];

            /// The pass's name in options and statistics.
            pub fn name(self) -> &'static str {
                match self { $(Pass::$variant => $name,)* }
            }

            /// The pass called `name`.
            pub fn from_name(name: &str) -> Option<Pass> {
                match name { $($name => Some(Pass::$variant),)* _ => None }
            }

            fn run(self, block: &mut Block, cx: &mut Context<'_>) {
                match self { $(Pass::$variant => $run(block, cx),)* }
            }
        }
    };
}

passes! {
    /// Replaces reads of guest registers by the values that the block knows they hold.
    Forward = "forward", forward::run;
    /// Turns conditions over flags into comparisons.
    Conditions = "conditions", conditions::run;
    /// Folds constants and simplifies algebraically.
    Fold = "fold", fold::run;
    /// Moves constant parts of addresses into displacements.
    Address = "address", address::run;
    /// Computes equal values once.
    Number = "number", number::run;
    /// Removes writes to guest registers that nothing can see.
    DeadState = "dead-state", dead_state::run;
    /// Removes ops whose results are unused.
    DeadCode = "dead-code", dead_code::run;
}

/// What passes work with besides the block.
struct Context<'a> {
    layout: &'a StateLayout,
    options: &'a PassOptions,
    scratch: Scratch,
}

/// A set of passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassSet(u32);

impl PassSet {
    /// No pass.
    pub const NONE: PassSet = PassSet(0);
    /// All passes.
    pub const ALL: PassSet = PassSet((1 << Pass::ALL.len()) - 1);

    /// This set and `pass`.
    pub const fn with(self, pass: Pass) -> PassSet {
        PassSet(self.0 | 1 << pass as u32)
    }

    /// This set without `pass`.
    pub const fn without(self, pass: Pass) -> PassSet {
        PassSet(self.0 & !(1 << pass as u32))
    }

    /// Whether `pass` is in the set.
    pub const fn contains(self, pass: Pass) -> bool {
        self.0 >> pass as u32 & 1 != 0
    }
}

/// Knobs of the pipeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassOptions {
    /// The passes to run.
    pub enabled: PassSet,
    /// Guest registers are exact at every op that may fault.
    pub precise: bool,
    /// Verify after each pass in release builds too.
    pub verify: bool,
}

impl Default for PassOptions {
    fn default() -> Self {
        PassOptions { enabled: PassSet::ALL, precise: true, verify: false }
    }
}

/// Time spent in each pass.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct PassTimes {
    ns: [u64; Pass::ALL.len()],
}

impl PassTimes {
    /// Nanoseconds spent in `pass`.
    pub fn ns(&self, pass: Pass) -> u64 {
        self.ns[pass as usize]
    }

    /// Adds the times of other runs.
    pub fn add(&mut self, other: &PassTimes) {
        for (ns, more) in self.ns.iter_mut().zip(other.ns) {
            *ns += more;
        }
    }

    /// Nanoseconds spent in all passes.
    pub fn total_ns(&self) -> u64 {
        self.ns.iter().sum()
    }
}

/// Runs the enabled passes.
///
/// # Panics
/// When a pass breaks the block and the verifier runs: a bug in the pass.
pub fn run(block: &mut Block, layout: &StateLayout, options: &PassOptions) {
    let mut cx = Context { layout, options, scratch: Scratch::default() };
    for &pass in Pass::ALL {
        if options.enabled.contains(pass) {
            run_one(pass, block, &mut cx);
        }
    }
}

/// As [`run`], adding the time that each pass took.
///
/// # Panics
/// As [`run`].
pub fn run_timed(block: &mut Block, layout: &StateLayout, options: &PassOptions, times: &mut PassTimes) {
    let mut cx = Context { layout, options, scratch: Scratch::default() };
    for &pass in Pass::ALL {
        if options.enabled.contains(pass) {
            let start = Instant::now();
            run_one(pass, block, &mut cx);
            times.ns[pass as usize] += start.elapsed().as_nanos() as u64;
        }
    }
}

fn run_one(pass: Pass, block: &mut Block, cx: &mut Context<'_>) {
    pass.run(block, cx);
    if (cfg!(debug_assertions) || cx.options.verify)
        && let Err(error) = verify(block)
    {
        let text = crate::print::print_block(block, cx.layout);
        panic!("pass `{}` broke the block: {error}\n{text}", pass.name());
    }
}
