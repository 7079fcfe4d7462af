//! What can go wrong between a batch and its file.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::printable::Notice;

/// Why a batch was not printed. Never carries a secret.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    #[error(transparent)]
    Typeset(#[from] TypesetError),
    #[error("the typesetting of batch {batch} took longer than {limit:?} and was stopped")]
    TimeLimit { batch: String, limit: Duration },
    #[error("cannot start the typesetting process {program}")]
    Spawn { program: PathBuf, source: std::io::Error },
    /// It ended or went silent in the middle of a batch: out of memory most often.
    #[error("the typesetting process ended before batch {batch} was done ({how})")]
    Died { batch: String, how: String },
    #[error("batch {batch} cannot be sent to the typesetting process: {reason}")]
    Protocol { batch: String, reason: String },
    #[error("cannot use the font {path} (letters.fonts)")]
    Font { path: PathBuf, source: std::io::Error },
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: std::io::Error },
}

/// Why the typesetter refused a batch; crosses the pipe from the child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TypesetError {
    #[error("nothing to print: batch {batch} has no sheet")]
    Empty { batch: String },
    /// A login or password cannot be printed exactly.
    #[error("{} cannot be printed exactly, first {}", count(notices.len()), first(notices))]
    Unprintable { notices: Vec<Notice> },
    #[error("the login address {url:?} is not a web address of at most {limit} characters")]
    LoginUrl { url: String, limit: usize },
    #[error("{}", lines(messages))]
    Template { messages: Vec<TemplateMessage> },
    #[error("the template made {found} pages for {expected} sheets")]
    Pages { expected: usize, found: usize },
    /// The template ran, but a sheet's login or password is not on the page as one word.
    #[error("the template does not print the {field} of sheet {serial}")]
    NotOnThePage { serial: String, field: String },
    /// Both sides of the paper are printed (`letters.duplex`), and a second side is not left to nobody.
    #[error(
        "sheet {serial} is on the back of a leaf: with letters.duplex a template makes a page of its own after each, with nobody's login on it"
    )]
    OnABack { serial: String },
    #[error("the typesetter failed: {reason}")]
    Internal { reason: String },
}

/// One message of the typesetter, at its place in the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMessage {
    /// `template.typ` for a school's own, `sheet.typ` for the shipped one, `rentree.typ` for its helpers.
    pub file: String,
    /// From 1; absent when the message is about the document as a whole.
    pub line: Option<usize>,
    pub column: Option<usize>,
    pub message: String,
    pub hints: Vec<String>,
}

impl std::fmt::Display for TemplateMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.message)?;
        for hint in &self.hints {
            write!(f, " (hint: {hint})")?;
        }
        Ok(())
    }
}

fn lines(messages: &[TemplateMessage]) -> String {
    messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn count(n: usize) -> String {
    if n == 1 { "a value".to_owned() } else { format!("{n} values") }
}

fn first(notices: &[Notice]) -> String {
    notices.first().map(ToString::to_string).unwrap_or_default()
}
