//! A plan for the people who review it: text for a terminal, one HTML page for a browser, one JSON object for scripts.
//!
//! A plan file is in the order of application, a reader wants it by school, with like beside like and the unusual
//! before the usual. So a rendering goes over the file once, sorts short rows of it into buckets ([`buckets`], on disk
//! when there are many), and only then writes, bucket after bucket; memory stays within one school's changes of one
//! kind. Since the whole file was read and its seal checked by then, nothing of a damaged plan is ever shown.
//!
//! Nothing is decided or recomputed here, and nothing is left out silently: what is folded is counted.

mod adopted;
mod brief;
mod buckets;
mod decided;
mod drift;
mod fold;
mod holds;
mod html;
mod overview;
mod redact;
mod row;
mod shape;
mod succession;
mod summary;
mod survey;
mod text;
mod words;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use compact_str::CompactString;
use jiff::tz::TimeZone;

use super::Subject;
use super::file::PlanFileError;
use super::review::Seen;
use crate::feed::values::Uai;
use crate::roster::{JoinKey, Profile};

pub use holds::{HoldFold, HoldFolds};
pub use html::{html, html_policy, html_to};
pub use redact::redact_hold;
pub use summary::{Changes, Credentials, LeftOut, Reason, Summary};
pub use text::text;
pub use words::hold_reason;

/// How a plan is rendered.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Options {
    /// Terminal colours (text only). The caller knows the terminal and `NO_COLOR`.
    pub colour: bool,
    /// Everybody and every value, instead of the first ones and a count.
    pub full: bool,
    pub filter: Filter,
    /// In which dates are shown.
    pub zone: TimeZone,
    /// The page is shown by the console, and leads back there (HTML only).
    pub in_console: bool,
    /// Join keys only: no name, no login, no value.
    pub redact: bool,
    /// What was read in earlier plans: folded where it comes again.
    pub seen: Arc<Seen>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            colour: false,
            full: false,
            filter: Filter::default(),
            zone: TimeZone::UTC,
            in_console: false,
            redact: false,
            seen: Arc::default(),
        }
    }
}

/// Which part of a plan is shown; everything by default. Conditions add up.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub school: Option<Uai>,
    /// Only what belongs to no school.
    pub outside: bool,
    /// Compared without case.
    pub class: Option<CompactString>,
    pub profile: Option<Profile>,
    /// A join key, with or without its prefix, a `uid` or a login.
    pub person: Option<String>,
    /// Of what this hold keeps back, instead of what goes on.
    pub hold: Option<String>,
}

impl Filter {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.school.is_none()
            && !self.outside
            && self.class.is_none()
            && self.profile.is_none()
            && self.person.is_none()
            && self.hold.is_none()
    }

    #[must_use]
    pub fn accepts(&self, subject: &Subject) -> bool {
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        self.school.as_ref().is_none_or(|uai| subject.schools.contains(uai))
            && (!self.outside || subject.schools.is_empty())
            && self.class.as_ref().is_none_or(|class| subject.class.as_ref().is_some_and(|c| same(c, class)))
            && self.profile.is_none_or(|profile| subject.profile == Some(profile))
            && self.person.as_ref().is_none_or(|person| {
                subject.join_key.as_ref().is_some_and(|key| is_key(key, person))
                    || subject.uid.as_ref().is_some_and(|uid| same(uid.as_str(), person))
                    || subject.login.as_ref().is_some_and(|login| same(login.as_str(), person))
            })
    }

    /// A hold of a school or of the whole plan concerns whoever is in it; one of a person, that person only.
    fn accepts_hold(&self, hold: &super::Hold) -> bool {
        let school = match (&self.school, &hold.school) {
            (Some(wanted), Some(school)) => wanted == school,
            _ => true,
        };
        let person = match (&self.person, &hold.join_key) {
            (Some(wanted), Some(key)) => is_key(key, wanted),
            _ => true,
        };
        school && person && self.hold.as_ref().is_none_or(|id| *id == hold.id)
    }
}

fn is_key(key: &JoinKey, wanted: &str) -> bool {
    let key = key.as_str();
    key == wanted || key.split_once('$').is_some_and(|(_, local)| local == wanted)
}

/// Why a plan could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error("cannot sort the changes of a plan in the temporary folder")]
    Sort(#[source] io::Error),
    #[error("cannot write the rendering of a plan")]
    Output(#[source] io::Error),
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
}

#[cfg(test)]
mod tests;
