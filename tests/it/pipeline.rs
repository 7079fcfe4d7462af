//! The nightly job as an operator runs it, over both directories.

mod deltas;
#[cfg(feature = "letters")]
mod ds389;
mod faults;
mod first_degree;
mod nights;
mod servers;
mod sheets;
mod sources;
