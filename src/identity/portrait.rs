//! What is known of a human being by one record or one entry, in the form in which it is compared.

use compact_str::{CompactString, format_compact};
use jiff::civil::Date;

use crate::feed::values::{Ine, fold_name};
use crate::roster::{Contact, Name, Person, Role};

use super::rules::Proof;

/// Whom a portrait may be of. A pupil is never matched with an adult, nor a parent with a teacher: an adult may be both,
/// with two accounts, which [`Class::Adult`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    Pupil,
    Relative,
    Staff,
    /// Two adults of two roles, who may be one human being with two accounts: the two are linked at most, never made one.
    Adult,
}

/// What is compared. Everything that is absent says nothing, neither for nor against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portrait {
    /// Folded usual surname and first name.
    pub surname: CompactString,
    pub first: CompactString,
    /// Folded birth name, where it is another one.
    pub birth_name: Option<CompactString>,
    pub birth: Option<Date>,
    /// Folded; only a well-formed one.
    pub ine: Option<CompactString>,
    /// Number in the base of a school (SIECLE, ONDE).
    pub number: Option<CompactString>,
    /// UAI, sorted: where the number counts.
    pub schools: Vec<CompactString>,
    /// Lower case.
    pub mails: Vec<CompactString>,
    /// Last nine digits.
    pub phones: Vec<CompactString>,
    /// Street, postal code and town, folded.
    pub address: Option<CompactString>,
    /// What stands for each child, the same on both sides.
    pub children: Vec<CompactString>,
}

impl Portrait {
    /// Of somebody of the roster. `schools` are the UAI of his schools, `children` what stands for those of a relative.
    #[must_use]
    pub fn of(person: &Person, schools: Vec<CompactString>, children: Vec<CompactString>) -> Self {
        let mut portrait = Self::named(&person.name).with_contact(&person.contact);
        portrait.birth = person.birth;
        if let Role::Pupil(pupil) = &person.role {
            portrait = portrait.with_numbers(pupil.ine.as_deref(), pupil.siecle.as_deref());
        }
        portrait.schools = schools;
        portrait.children = children;
        portrait
    }

    #[must_use]
    pub fn named(name: &Name) -> Self {
        let surname = fold_name(&name.surname);
        let birth_name = name.birth.as_deref().map(fold_name).filter(|birth| !birth.is_empty() && *birth != surname);
        Self { first: fold_name(&name.first), surname, birth_name, ..Self::default() }
    }

    #[must_use]
    pub fn with_contact(mut self, contact: &Contact) -> Self {
        self.mails = contact.mail.iter().map(|mail| mail.trim().to_lowercase().into()).collect();
        let phones = contact.mobiles.iter().chain(&contact.mobile_sms).chain(&contact.home_phone);
        self.phones = phones.filter_map(|phone| Self::phone(phone)).collect();
        self.phones.sort();
        self.phones.dedup();
        self.address = contact.address.as_deref().and_then(|address| {
            let lines = address.lines.iter().map(CompactString::as_str);
            Self::address(lines, address.postal_code.as_deref(), address.town.as_deref())
        });
        self
    }

    /// The INE, when it is one, and the number in the base of the school.
    #[must_use]
    pub fn with_numbers(mut self, ine: Option<&str>, number: Option<&str>) -> Self {
        self.ine = ine.and_then(Ine::parse).map(|ine| ine.as_str().to_ascii_lowercase().into());
        self.number = number.map(str::trim).filter(|number| !number.is_empty()).map(CompactString::from);
        self
    }

    /// The form in which phone numbers compare: French ones with and without the country are one.
    #[must_use]
    pub fn phone(text: &str) -> Option<CompactString> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        let last = digits.get(digits.len().checked_sub(9)?..)?;
        std::str::from_utf8(last).ok().map(CompactString::from)
    }

    /// The form in which addresses compare; `None` without a street and a place.
    #[must_use]
    pub fn address<'a>(
        lines: impl Iterator<Item = &'a str>,
        postal_code: Option<&str>,
        town: Option<&str>,
    ) -> Option<CompactString> {
        let street: String = lines.map(|line| fold_name(line).to_string()).collect();
        let place =
            format_compact!("{}{}", postal_code.unwrap_or_default().trim(), fold_name(town.unwrap_or_default()));
        (!street.is_empty() && !place.is_empty()).then(|| format_compact!("{street}|{place}"))
    }

    /// Under what this portrait meets others, for a rung of the ladder: two portraits that the rung could prove to be of
    /// one person share one of these.
    #[must_use]
    pub fn keys(&self, proof: Proof) -> Vec<CompactString> {
        let named = !(self.surname.is_empty() || self.first.is_empty());
        let surnames = || std::iter::once(&self.surname).chain(&self.birth_name);
        let with_names = |more: &[CompactString]| -> Vec<CompactString> {
            if !named {
                return Vec::new();
            }
            let all = surnames().flat_map(|surname| more.iter().map(move |what| (surname, what)));
            all.map(|(surname, what)| format_compact!("{surname}|{}|{what}", self.first)).collect()
        };
        match proof {
            Proof::Ine | Proof::IneAlone => self.ine.iter().cloned().collect(),
            Proof::Mail => self.mails.clone(),
            Proof::Number => {
                let number = self.number.iter();
                number
                    .flat_map(|number| self.schools.iter().map(move |uai| format_compact!("{uai}|{number}")))
                    .collect()
            }
            Proof::NamesAndBirth => with_names(self.birth.map(|day| format_compact!("{day}")).as_slice()),
            Proof::NamesAndChild => with_names(&self.children),
            Proof::NamesAndMail => with_names(&self.mails),
            Proof::NamesAndPhone => with_names(&self.phones),
            Proof::NamesAndAddress => with_names(self.address.as_slice()),
            Proof::NamesAndSchool => with_names(&self.schools),
            Proof::JoinKey | Proof::Decision => Vec::new(),
        }
    }

    /// Whether a surname of one is a surname of the other.
    pub(super) fn shares_surname(&self, other: &Self) -> bool {
        let surnames = |p: &'_ Self| p.birth_name.iter().chain([&p.surname]).cloned().collect::<Vec<_>>();
        let others = surnames(other);
        surnames(self).iter().any(|name| !name.is_empty() && others.contains(name))
    }
}
