//! What an entry says of whose it is, beside its join keys: for accounts that another program made.

use std::borrow::Cow;

use jiff::civil::Date;

use super::compile::same;
use super::{Dialect, Kind, Source};
use crate::directory::Entry;
use crate::feed::values::parse_date;

/// What recognises a person's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity<'e> {
    pub surname: Option<&'e str>,
    pub first_name: Option<&'e str>,
    pub birth: Option<Date>,
    pub ine: Option<&'e str>,
    pub mails: Vec<&'e str>,
    /// What its classes allow it to be; all of them in a directory without the classes of the ENT.
    pub may_be_pupil: bool,
    pub may_be_staff: bool,
}

impl Dialect {
    /// The attributes that [`Self::identity`] reads.
    #[must_use]
    pub fn identity_attributes(&self) -> Vec<String> {
        let sources = [Source::Surname, Source::FirstName, Source::BirthDate, Source::Ine, Source::Mail];
        let of_kind = |kind| sources.into_iter().filter_map(move |source| self.attribute(kind, source));
        let mut names: Vec<String> = of_kind(Kind::Pupil).chain(of_kind(Kind::Staff)).map(str::to_owned).collect();
        names.push("objectClass".to_owned());
        names.sort();
        names.dedup();
        names
    }

    #[must_use]
    pub fn identity<'e>(&self, entry: &'e Entry) -> Identity<'e> {
        let first = |kind, source| self.attribute(kind, source).and_then(|name| entry.first(name)).map(str::trim);
        let mails = self.attribute(Kind::Staff, Source::Mail).map(|name| entry.texts(name).collect());
        let has = |class: &str| entry.texts("objectClass").any(|c| same(c.trim(), class));
        let (pupil, staff) = (self.shape(Kind::Pupil), self.shape(Kind::Staff));
        let is_pupil = !same(&pupil.structural, &staff.structural) && has(&pupil.structural);
        let classes = |kind| self.shape(kind).parts.iter().flat_map(|part| &part.auxiliary);
        let of_staff = classes(Kind::Staff).any(|class| has(class));
        let of_relatives = classes(Kind::Relative).any(|class| has(class));
        Identity {
            surname: first(Kind::Staff, Source::Surname),
            first_name: first(Kind::Staff, Source::FirstName),
            birth: first(Kind::Pupil, Source::BirthDate).or(first(Kind::Staff, Source::BirthDate)).and_then(parse_date),
            ine: first(Kind::Pupil, Source::Ine),
            mails: mails.unwrap_or_default(),
            may_be_pupil: is_pupil || same(&pupil.structural, &staff.structural),
            may_be_staff: !is_pupil && (of_staff || !of_relatives),
        }
    }
}

/// The form under which two writings of an INE or of a mail address are one.
#[must_use]
pub fn folded_identifier(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.bytes().any(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}
