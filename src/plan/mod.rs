//! What has to change, what is held, and why: the diff of roster and directory, sealed for review.
//!
//! Plain functions of their inputs: no clock, no randomness, no server. A plan is immutable; applying makes no choice.

mod model;

pub use crate::directory::AttributeChange;
pub use model::*;
