//! What has to change, what is held, and why: the diff of roster and directory, sealed for review.
//!
//! Plain functions of their inputs: no clock, no randomness, no server. A plan is immutable; applying makes no choice.

pub mod file;
#[cfg(test)]
pub(crate) mod fixtures;
mod model;
pub mod render;

pub use model::*;
