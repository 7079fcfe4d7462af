//! Tables: ONDE's extractions (once BE1D), CSV templates, complements typed by hand, as text or spreadsheets.
//!
//! [`discover`] finds the files and whose they are, [`read`] yields the same [`Record`](super::Record)s as the AAF reader,
//! with the attribute names of the second degree, so that everything downstream knows one vocabulary. The way of the
//! data: bytes to text (`encoding`, `stream`), text to rows (`cut`, `row`, `sheet`, `ods`), the header to the meaning of each
//! column (`synonyms`, `profile`, `columns`), rows to records (`pupils`, `relatives`, `staff`, with what they share in
//! `person`), and the school around them (`place`, `school`).
//!
//! What holds: a column is found by its header and never by its place; every cell that is not blank ends in a record or
//! in a finding; what is ambiguous is said and never guessed; a file that cannot be read whole makes nobody leave.
//! Headers, layouts and quirks are those of ONDE's exports and of the templates of the ENT consoles.

mod children;
mod classes;
mod collect;
mod columns;
mod conclude;
mod cut;
mod decode;
mod discovery;
mod encoding;
mod field;
mod fold;
mod functions;
mod hands;
mod key;
mod ods;
mod open;
mod person;
mod place;
mod profile;
mod pupils;
mod reader;
mod relatives;
mod remarks;
mod repair;
mod report;
mod row;
mod school;
mod sheet;
mod spec;
mod staff;
mod stream;
mod synonyms;
mod tally;
mod worker;

pub use conclude::conclude;
pub use decode::{Decoded, decode};
pub use discovery::discover;
pub use field::Field;
pub use reader::{Earlier, read};
pub use sheet::panic_is_caught;
pub use spec::{Layout, School, TableSpec};

#[cfg(test)]
mod tests;
