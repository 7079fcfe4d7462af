//! Who is who: whether two portraits of people are of one human being, and why.
//!
//! A ladder of proofs from exact to weak ([`Proof`]); what agrees and what does not, with its weight ([`Evidence`]); and
//! the judgement by the proofs that the configuration calls sufficient ([`Rules`]). A contradiction never links, whatever
//! agrees beside it. What no sufficient proof settles is a [`Case`]: a person decides, and the answer is remembered.
//!
//! Plain functions: no store, no directory, no clock. Comparing everybody with everybody is nobody's job here: only
//! portraits that share a [`keys`](Portrait::keys) of a rung are ever compared.

mod case;
mod evidence;
mod matching;
mod portrait;
mod rules;
#[cfg(test)]
mod tests;
mod words;

pub use case::{Answer, Candidate, Case, CaseId, ChoiceError, Party, Question, name_cases};
pub use evidence::{Clue, Evidence, weigh};
pub use matching::{Doubt, Index, Linked, Pairing, meetings, pair_up};
pub use portrait::{Class, Portrait};
pub use rules::{Judgement, Proof, Rules};
