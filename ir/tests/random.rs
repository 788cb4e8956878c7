//! Random blocks: the text form round-trips, and every pipeline of passes agrees with the reference.

mod common;

use common::random::{self, Rng};
use demotic_ir::{NanRule, parse_block, print_block};

const BLOCKS: u64 = 3000;

#[test]
fn text_round_trips() {
    let layout = common::layout();
    for seed in 0..BLOCKS {
        let block = random::block(&mut Rng::new(seed), 6);
        let text = print_block(&block, &layout);
        let back = parse_block(&text, &layout).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert_eq!(back, block, "\n{text}");
    }
}

#[test]
fn all_pipelines_agree() {
    let rules = [NanRule::Arm, NanRule::MipsLegacy, NanRule::Mips2008];
    for seed in 0..BLOCKS {
        let mut rng = Rng::new(seed);
        let insns = 1 + rng.below(12) as usize;
        let block = random::block(&mut rng, insns);
        for _ in 0..3 {
            let cpu = random::state(&mut rng);
            common::check(&block, rng.pick(&rules), &cpu, &common::Ram::default());
        }
    }
}
