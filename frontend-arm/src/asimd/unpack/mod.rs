//! Unpacks operands: one method per row of the tables, which calls what the instruction means.

mod extension;
mod load_store;
mod shift;
mod three;
mod two;

use demotic_ir::Value;

use super::Asimd;
use super::elements::{Three, Two};
use crate::lifter::Lifter;

/// Methods of rows that have three registers: a closure says what their elements, if that
/// matters, and their registers are.
macro_rules! three_registers {
    (|$a:ident| $elements:expr, $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let elements = $elements;
            self.three($registers, |l, n, m| $function(l, elements, n, m));
        })*
    };
    (|$a:ident| $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            self.three($registers, $function);
        })*
    };
}

/// The same for instructions that get the destination's old value too.
macro_rules! accumulate {
    (|$a:ident| $elements:expr, $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let elements = $elements;
            self.accumulate($registers, |l, d, n, m| $function(l, elements, d, n, m));
        })*
    };
    (|$a:ident| $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            self.accumulate($registers, $function);
        })*
    };
}

/// The same for rows that have two registers.
macro_rules! two_registers {
    (|$a:ident| $elements:expr, $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let elements = $elements;
            self.two($registers, |l, m| $function(l, elements, m));
        })*
    };
}

/// The same for rows that have two registers, and instructions that get the destination's old value too.
macro_rules! accumulate_two {
    (|$a:ident| $elements:expr, $registers:expr => $($method:ident($args:ident) = $function:path;)*) => {
        $(pub(in super::super) fn $method(&mut self, $a: args::$args) {
            let elements = $elements;
            self.accumulate_two($registers, |l, d, m| $function(l, elements, d, m));
        })*
    };
}

use {accumulate, accumulate_two, three_registers, two_registers};

impl Asimd<'_, '_> {
    /// Writes what `function` makes of the sources to the destination; undefined without registers.
    fn three(
        &mut self,
        registers: Option<Three>,
        function: impl FnOnce(&mut Lifter<'_>, Value, Value) -> Value,
    ) {
        let Some(r) = registers else { return self.l.undefined_insn() };
        let (n, m) = (r.n.get(self.l), r.m.get(self.l));
        let result = function(self.l, n, m);
        r.d.put(self.l, result);
    }

    /// The same with the destination's old value.
    fn accumulate(
        &mut self,
        registers: Option<Three>,
        function: impl FnOnce(&mut Lifter<'_>, Value, Value, Value) -> Value,
    ) {
        let Some(r) = registers else { return self.l.undefined_insn() };
        let (d, n, m) = (r.d.get(self.l), r.n.get(self.l), r.m.get(self.l));
        let result = function(self.l, d, n, m);
        r.d.put(self.l, result);
    }

    /// Writes what `function` makes of the source to the destination; undefined without registers.
    fn two(&mut self, registers: Option<Two>, function: impl FnOnce(&mut Lifter<'_>, Value) -> Value) {
        let Some(r) = registers else { return self.l.undefined_insn() };
        let m = r.m.get(self.l);
        let result = function(self.l, m);
        r.d.put(self.l, result);
    }

    /// The same with the destination's old value.
    fn accumulate_two(
        &mut self,
        registers: Option<Two>,
        function: impl FnOnce(&mut Lifter<'_>, Value, Value) -> Value,
    ) {
        let Some(r) = registers else { return self.l.undefined_insn() };
        let (d, m) = (r.d.get(self.l), r.m.get(self.l));
        let result = function(self.l, d, m);
        r.d.put(self.l, result);
    }
}
