//! What has to change, what is held, and why: the diff of roster and directory, sealed for review.
//!
//! Plain functions of their inputs: no clock, no randomness, no server; [`prepare()`] alone reads and writes. A plan is
//! immutable; applying makes no choice.

mod begun;
mod divergence;
mod draft;
pub mod file;
#[cfg(test)]
pub(crate) mod fixtures;
mod gate;
mod groups;
mod holds;
mod limits;
mod model;
mod names;
mod persons;
mod population;
mod prepare;
mod purge;
mod reading;
mod recognise;
mod rehearsal;
pub mod render;
mod saved;
mod schools;
mod sources;
mod structures;
mod succession;
mod totals;
mod write;
mod year;

pub use crate::directory::AttributeChange;
pub use divergence::{Divergence, Divergences, divergences};
pub use gate::SchemaGap;
pub use model::*;
pub use prepare::{Ground, Options, PlanError, Prepared, prepare};
pub use purge::{Purge, Purging, Reason, Spared, purge};
pub use rehearsal::{Outlook, Outlooks, outlooks};
pub use schools::{FeedState, SchoolState, schools};
pub use succession::{How, StructureChange, StructureName, Succession, SuccessionError, succeed};
