//! What the integration tests share.
//!
//! - [`guests`]: the guest architectures under test, by name;
//! - [`arena`]: the small memory that pieces of guest code run in;
//! - [`engines`]: the interpreter and translated code, each as one function from a state to a state;
//! - [`inst`]: the `.inst` case format;

pub mod arena;
pub mod engines;
pub mod guests;
pub mod inst;
