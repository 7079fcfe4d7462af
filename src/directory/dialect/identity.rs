//! What an entry says of whose it is, beside its join keys: for accounts that another program made.

use std::borrow::Cow;

use jiff::civil::Date;

use super::compile::same;
use super::{Dialect, Kind, Source};
use crate::directory::{Dn, Entry};
use crate::feed::values::parse_date;

/// What recognises a person's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity<'e> {
    pub surname: Option<&'e str>,
    pub first_name: Option<&'e str>,
    pub birth: Option<Date>,
    pub ine: Option<&'e str>,
    pub mails: Vec<&'e str>,
    /// Number in the base of the school.
    pub number: Option<&'e str>,
    /// UAI of its schools, where they are written as such.
    pub schools: Vec<&'e str>,
    pub birth_name: Option<&'e str>,
    pub phones: Vec<&'e str>,
    pub street: Vec<&'e str>,
    pub postal_code: Option<&'e str>,
    pub town: Option<&'e str>,
    /// The pupils that a relative's entry names.
    pub pupils: Vec<Dn>,
    /// What its classes allow it to be; all of them in a directory without the classes of the ENT.
    pub may_be_pupil: bool,
    pub may_be_staff: bool,
    pub may_be_relative: bool,
}

/// What is read of every person's entry.
const READ: [Source; 14] = [
    Source::Surname,
    Source::FirstName,
    Source::BirthName,
    Source::BirthDate,
    Source::Ine,
    Source::SiecleNumber,
    Source::SchoolUais,
    Source::Mail,
    Source::Mobiles,
    Source::MobileSms,
    Source::HomePhone,
    Source::Address,
    Source::PostalCode,
    Source::Town,
];

impl Dialect {
    /// The attributes that [`Self::identity`] reads.
    #[must_use]
    pub fn identity_attributes(&self) -> Vec<String> {
        let of_kind = |kind| READ.into_iter().filter_map(move |source| self.attribute(kind, source));
        let all = of_kind(Kind::Pupil).chain(of_kind(Kind::Relative)).chain(of_kind(Kind::Staff));
        let mut names: Vec<String> = all.map(str::to_owned).collect();
        names.extend(self.attribute(Kind::Relative, Source::Pupils).map(str::to_owned));
        names.push("objectClass".to_owned());
        names.sort();
        names.dedup();
        names
    }

    #[must_use]
    pub fn identity<'e>(&self, entry: &'e Entry) -> Identity<'e> {
        let first = |kind, source| self.attribute(kind, source).and_then(|name| entry.first(name)).map(str::trim);
        // Nearly every dialect writes one thing in one attribute, whoever it is about.
        let all = |source: Source| -> Vec<&'e str> {
            let mut names: Vec<&str> = [Kind::Pupil, Kind::Relative, Kind::Staff]
                .into_iter()
                .filter_map(|kind| self.attribute(kind, source))
                .collect();
            names.dedup();
            names
                .into_iter()
                .flat_map(|name| entry.texts(name))
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .collect()
        };
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
            mails: all(Source::Mail),
            number: first(Kind::Pupil, Source::SiecleNumber),
            schools: all(Source::SchoolUais),
            birth_name: all(Source::BirthName).first().copied(),
            phones: [Source::Mobiles, Source::MobileSms, Source::HomePhone].into_iter().flat_map(all).collect(),
            street: all(Source::Address),
            postal_code: all(Source::PostalCode).first().copied(),
            town: all(Source::Town).first().copied(),
            pupils: self.linked_pupils(entry),
            may_be_pupil: is_pupil || same(&pupil.structural, &staff.structural),
            may_be_staff: !is_pupil && (of_staff || !of_relatives),
            may_be_relative: !is_pupil && (of_relatives || !of_staff),
        }
    }
}

/// The form under which two writings of an INE or of a mail address are one.
#[must_use]
pub fn folded_identifier(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.bytes().any(|b| b.is_ascii_uppercase()) { text.to_ascii_lowercase().into() } else { text.into() }
}
