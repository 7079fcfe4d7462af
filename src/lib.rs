//! Rentrée gets a French school's ENT ready for September.
//!
//! One pipeline, one module per stage, data moving one way: [`feed`] reads academic exports into records and findings;
//! the [`store`] keeps the last accepted records of each source as its image; [`roster`] computes from the images who
//! should exist; [`identity`] says when two of them, or one and an account, are one human being; [`naming`] gives each a `uid` and a login, once and for ever; [`directory`] reads what exists, and its
//! dialect says how a person is written there; [`plan`] is the sealed difference, with what is held and why; [`apply`]
//! carries out exactly a plan, with [`credentials`] issuing sealed secrets on the way; [`letters`] opens them to print
//! the sheets; [`audit`] keeps the trail of all of it. [`check`] reads and judges the sources alone, for the schools that
//! mend them. [`explain`] tells all of it of one person. [`timetable`] says when a night is begun, [`notify`] who is told how
//! it ended. [`simulate`] writes synthetic academies to try it on.

pub mod apply;
pub mod audit;
pub mod check;
pub mod config;
pub mod console;
pub mod credentials;
pub mod directory;
pub mod explain;
pub mod feed;
pub mod identity;
pub mod image;
pub mod indicators;
#[cfg(feature = "letters")]
pub mod letters;
pub mod metrics;
pub mod naming;
pub mod notify;
pub mod person;
pub mod plan;
mod private;
pub mod progress;
pub mod roster;
pub mod simulate;
mod spreadsheet;
pub mod status;
pub mod store;
pub mod timetable;
pub mod wording;
