//! The nightly job as an operator runs it, over both directories.

mod adoption;
mod deltas;
mod drift;
#[cfg(feature = "letters")]
mod ds389;
mod explain;
mod faults;
mod first_degree;
mod hours;
mod moved;
mod nights;
#[cfg(feature = "letters")]
mod offline;
mod outages;
#[cfg(feature = "letters")]
mod portal;
mod recover;
mod servers;
mod sheets;
mod sources;
mod structures;
mod undo;
