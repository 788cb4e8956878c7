//! What the integration tests share.
//!
//! - [`guests`]: the guest architectures under test, by name;
//! - [`arena`]: the small memory that pieces of guest code run in;
//! - [`engines`]: the interpreter and translated code, each as one function from a state to a state;
//! - [`differential`]: the one against the other;
//! - [`inst`]: the `.inst` case format;
//! - [`random`]: random code from the encoding tables, and random states;
//! - [`report`]: states side by side.

pub mod arena;
pub mod differential;
pub mod engines;
pub mod guests;
pub mod inst;
pub mod random;
pub mod report;
