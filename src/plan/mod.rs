//! What has to change, what is held, and why: the diff of roster and directory, sealed for review.
//!
//! Plain functions of their inputs: no clock, no randomness, no server; [`prepare()`] alone reads and writes. A plan is
//! immutable; applying makes no choice.

mod begun;
mod decisions;
mod divergence;
mod draft;
pub mod expiry;
pub mod file;
#[cfg(test)]
pub(crate) mod fixtures;
mod gate;
mod groups;
mod holds;
mod identity;
mod kept;
mod limits;
mod look;
mod merge;
mod model;
mod names;
mod persons;
mod population;
mod prepare;
mod purge;
mod reading;
mod recognise;
pub mod recover;
mod rehearsal;
mod relations;
pub mod render;
mod renewal;
pub mod review;
mod ruling;
pub(crate) mod saved;
mod schools;
mod sources;
mod standing;
mod structures;
mod succession;
mod totals;
mod write;
mod year;

pub use crate::directory::AttributeChange;
pub use decisions::{DecisionEnd, Ruling};
pub use divergence::{Divergence, Divergences, divergences};
pub use gate::SchemaGap;
pub use kept::{KeptBack, Mark, Marks, MarksDiffer, kept_back};
pub use limits::{Breach, Counted, PurgeTally, purge_breaches};
pub(crate) use look::{Look, look};
pub use model::*;
pub use prepare::{Ground, Options, PlanError, Prepared, known_sources, prepare};
pub use purge::{Purge, Purging, Reason, Spared, purge};
pub use rehearsal::{Outlook, Outlooks, outlooks};
pub use renewal::{Kept, Renewing, Whom, Why, renew};
pub use ruling::{Choice, Decider, Held, Ruled, RulingError, held, rule};
pub use schools::{FeedState, SchoolState, schools};
pub use succession::{How, StructureChange, StructureName, Succession, SuccessionError, succeed};
