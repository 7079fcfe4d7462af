//! Who sees and prints what of a family: one table of situations, which the roster asks and nobody else needs to.
//!
//! What a situation denies is not in the roster at all: a link that is not granted gives neither account nor sheet and is
//! in no entry; an address that is not granted is on no entry and in no window of an envelope. A pupil in several
//! situations has what all of them grant. An adult's sheet and entry never have another address than his own, so that
//! separated parents need no rule: the row is there to say so.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use super::model::{JoinKey, LinkCodes, Standing};
use crate::config::{OfAge, PolicyConfig};
use crate::feed::values::Uai;

/// What there is between a pupil and one of the adults whom his record names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// A minor, and an adult with a standing that gives an account.
    Minor,
    /// Of age, in a school where relatives stay linked.
    OfAge,
    /// Of age, in a school where they do not.
    OfAgeAlone,
    /// The link of a pupil who is his own guardian (link codes 7 and 70): there is no adult behind it.
    OwnGuardian,
    /// An adult who answers for the pupil no more, or never did: contact, payer.
    WithoutAuthority,
    /// Two adults who answer for him, at two addresses.
    Separated,
    /// A pupil in care (social services or a foster family among his links).
    InCare,
    /// The project says that nobody may learn where he lives.
    AddressProtected,
}

/// What a situation grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants {
    /// The entries of adult and pupil name each other, the adult's sheet names the pupil. An adult without any such link
    /// has neither account nor sheet.
    pub linked: bool,
    /// The pupil's entry says with whom he lives (`ENTEleveAdresseRel`), which each linked adult may read.
    pub home: bool,
    /// The address where he lives is on his entry and sheet, and on those of the adults who live there.
    pub address: bool,
}

impl Situation {
    /// Every row, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Minor,
        Self::OfAge,
        Self::OfAgeAlone,
        Self::OwnGuardian,
        Self::WithoutAuthority,
        Self::Separated,
        Self::InCare,
        Self::AddressProtected,
    ];

    /// The table.
    #[must_use]
    #[rustfmt::skip]
    #[expect(clippy::match_same_arms, reason = "a table: each row is read by itself")]
    pub const fn grants(self) -> Grants {
        const fn row(linked: bool, home: bool, address: bool) -> Grants {
            Grants { linked, home, address }
        }
        match self {
            //                        linked home   address
            Self::Minor            => row(true,  true,  true),
            Self::OfAge            => row(true,  true,  true),
            Self::OfAgeAlone       => row(false, false, true),
            Self::OwnGuardian      => row(false, false, true),
            Self::WithoutAuthority => row(false, false, true),
            Self::Separated        => row(true,  true,  true),
            Self::InCare           => row(true,  false, false),
            Self::AddressProtected => row(true,  false, false),
        }
    }
}

impl Grants {
    /// What both grant.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            linked: self.linked && other.linked,
            home: self.home && other.home,
            address: self.address && other.address,
        }
    }
}

/// `[policy]`, with the day on which people are of age or not.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Nobody is of age when it is absent.
    pub today: Option<Date>,
    pub of_age: OfAge,
    /// By UAI, where it is another one.
    pub of_age_in: BTreeMap<Uai, OfAge>,
    /// People whose address is protected.
    pub protected: HashSet<JoinKey>,
    /// An address that may not be given to parents' associations (`ENTPersonAdresseDiffusion`) is protected as well.
    pub undisclosed: bool,
}

impl Policy {
    /// Reads `[policy]`. Gives the UAI that is none back as an error.
    pub(super) fn from_config(config: &PolicyConfig, today: Option<Date>) -> Result<Self, String> {
        let of_age_in = config.of_age_in.iter();
        Ok(Self {
            today,
            of_age: config.of_age,
            of_age_in: of_age_in
                .map(|(text, choice)| Uai::parse(text).map(|uai| (uai, *choice)).ok_or_else(|| text.clone()))
                .collect::<Result<_, _>>()?,
            protected: config.protected.iter().map(|key| JoinKey::from_text(key)).collect(),
            undisclosed: config.undisclosed_is_protected,
        })
    }

    /// The situation of a pupil by his age; `school` keeps his file.
    #[must_use]
    pub fn by_age(&self, birth: Option<Date>, school: Option<&Uai>) -> Situation {
        let of_age = birth.zip(self.today).is_some_and(|(birth, today)| is_of_age(birth, today));
        let here = school.and_then(|uai| self.of_age_in.get(uai)).copied().unwrap_or(self.of_age);
        match (of_age, here) {
            (false, _) => Situation::Minor,
            (true, OfAge::Linked) => Situation::OfAge,
            (true, OfAge::Unlinked) => Situation::OfAgeAlone,
        }
    }

    /// The situation of one link by what the adult is to the pupil; `None` when it takes nothing away.
    #[must_use]
    pub fn by_standing(standing: Option<Standing>, sufficient: &[Standing]) -> Option<Situation> {
        match standing {
            None => Some(Situation::OwnGuardian),
            Some(standing) if !sufficient.contains(&standing) => Some(Situation::WithoutAuthority),
            Some(_) => None,
        }
    }

    /// Whether the address of whoever has this record is protected.
    #[must_use]
    pub fn protects(&self, key: &JoinKey, shared: Option<bool>) -> bool {
        self.protected.contains(key) || (self.undisclosed && shared == Some(false))
    }
}

/// Whether a link says that the pupil is in care: by the social services (codes 5 and 51) or in a foster family (42) in
/// the nomenclature of SIECLE.
#[must_use]
pub fn is_of_care(codes: &LinkCodes) -> bool {
    let [link, ..] = codes.fields();
    matches!(link, "5" | "05" | "51" | "42")
}

/// Eighteen years old; who was born on 29 February comes of age on 1 March.
#[must_use]
pub fn is_of_age(birth: Date, today: Date) -> bool {
    let of_age = (i32::from(birth.year()) + 18, birth.month(), birth.day());
    of_age <= (i32::from(today.year()), today.month(), today.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_table_only_takes_away() {
        let all = Situation::ALL.map(Situation::grants);
        let rows: Vec<String> = Situation::ALL
            .iter()
            .zip(all)
            .map(|(situation, Grants { linked, home, address })| {
                let mark = |granted| if granted { 'x' } else { '-' };
                format!("{situation:?} {}{}{}", mark(linked), mark(home), mark(address))
            })
            .collect();
        assert_eq!(
            rows,
            [
                "Minor xxx",
                "OfAge xxx",
                "OfAgeAlone --x",
                "OwnGuardian --x",
                "WithoutAuthority --x",
                "Separated xxx",
                "InCare x--",
                "AddressProtected x--",
            ]
        );
        // Whoever is in two situations has nothing that one of them denies.
        for a in all {
            for b in all {
                let both = a.and(b);
                assert!((!both.linked || (a.linked && b.linked)) && (!both.address || (a.address && b.address)));
            }
        }
    }

    #[test]
    fn of_age_on_the_birthday() {
        assert!(is_of_age(date(2008, 9, 1), date(2026, 9, 1)));
        assert!(!is_of_age(date(2008, 9, 2), date(2026, 9, 1)));
        assert!(!is_of_age(date(2008, 2, 29), date(2026, 2, 28)));
        assert!(is_of_age(date(2008, 2, 29), date(2026, 3, 1)));
    }
}
