//! The integration tests: one binary, a module per stage, and what supports them.

// A test that cannot go on fails there and then; clippy knows this only of functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod console;
mod directory;
mod histories;
#[cfg(feature = "letters")]
mod letters;
#[cfg(feature = "letters")]
mod manuals;
mod package;
mod pipeline;
mod postgres;
mod support;
