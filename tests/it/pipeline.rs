//! The nightly job as an operator runs it, over both directories.

mod faults;
mod nights;
mod sheets;
mod sources;
