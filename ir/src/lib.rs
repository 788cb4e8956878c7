//! The intermediate representation of Demotic: ops, passes and interpreter.
