//! The nightly job as an operator runs it, over both directories.

mod adoption;
#[cfg(feature = "letters")]
mod count;
#[cfg(feature = "letters")]
mod credentials;
mod deltas;
mod drift;
#[cfg(feature = "letters")]
mod ds389;
mod explain;
mod faults;
mod first_degree;
mod flood;
mod holds;
mod hours;
mod identity;
mod indicators;
#[cfg(feature = "letters")]
mod killed;
#[cfg(feature = "letters")]
mod mailing;
mod messages;
mod moved;
mod newcomers;
mod nights;
#[cfg(feature = "letters")]
mod offline;
mod outages;
#[cfg(feature = "letters")]
mod packs;
mod person;
mod policies;
#[cfg(feature = "letters")]
mod policy;
#[cfg(feature = "letters")]
mod portal;
mod purge;
mod recover;
#[cfg(feature = "letters")]
mod reminders;
mod review;
mod roles;
#[cfg(feature = "letters")]
mod scripts;
#[cfg(feature = "letters")]
mod secrets;
mod servers;
#[cfg(feature = "letters")]
mod sheets;
mod sources;
mod structures;
mod trail;
#[cfg(feature = "letters")]
mod two_schools;
mod undo;
mod year;
