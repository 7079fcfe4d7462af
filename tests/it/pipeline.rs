//! The nightly job as an operator runs it, over both directories.

mod adoption;
mod deltas;
mod faults;
mod first_degree;
mod hours;
mod moved;
mod nights;
mod outages;
mod sheets;
mod sources;
