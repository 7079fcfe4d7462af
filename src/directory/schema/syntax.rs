//! Syntaxes (RFC 4517 §3.3) and whether a value is one of theirs, judged as servers do.

use std::fmt;

use crate::directory::Dn;

/// The syntaxes that a value of ours can fail; every other takes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Syntax {
    Dn,
    GeneralizedTime,
    Boolean,
    Integer,
    Uuid,
    Ia5String,
    PrintableString,
    DirectoryString,
    Telephone,
    Facsimile,
    NumericString,
    PostalAddress,
    Country,
    ObjectIdentifier,
    /// Octets, and whatever is not judged here.
    Other,
}

/// Why a value is not of its syntax, in words for the school that mends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrong {
    Empty,
    NotText,
    NotDn,
    NotTime,
    NotBoolean,
    NotInteger,
    NotUuid,
    NotAscii,
    NotPrintable,
    NotNumeric,
    NotCountry,
    NotIdentifier,
    /// Longest that is taken.
    TooLong(usize),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "elle est vide",
            Self::NotText => "ce n'est pas un texte",
            Self::NotDn => "ce n'est pas un nom d'entrée (DN)",
            Self::NotTime => "ce n'est pas une date au format de l'annuaire (20260901120000Z)",
            Self::NotBoolean => "ce n'est ni TRUE ni FALSE",
            Self::NotInteger => "ce n'est pas un nombre entier",
            Self::NotUuid => "ce n'est pas un UUID",
            Self::NotAscii => "elle contient une lettre accentuée ou un signe hors de l'ASCII",
            Self::NotPrintable => {
                "elle contient un signe que ce champ refuse (lettres sans accent, chiffres et '()+,-./:=? seulement)"
            }
            Self::NotNumeric => "elle ne doit contenir que des chiffres et des espaces",
            Self::NotCountry => "ce n'est pas un code de pays à deux lettres",
            Self::NotIdentifier => "ce n'est pas un identifiant (OID)",
            Self::TooLong(most) => return write!(f, "elle dépasse {most} caractères"),
        })
    }
}

impl Syntax {
    /// By OID, as descriptions name it.
    pub(super) fn of(oid: &str) -> Self {
        const ARC: &str = "1.3.6.1.4.1.1466.115.121.1.";
        match oid.strip_prefix(ARC) {
            Some("7") => Self::Boolean,
            Some("11") => Self::Country,
            Some("12") => Self::Dn,
            Some("15") => Self::DirectoryString,
            Some("22") => Self::Facsimile,
            Some("24") => Self::GeneralizedTime,
            Some("26") => Self::Ia5String,
            Some("27") => Self::Integer,
            Some("36") => Self::NumericString,
            Some("38") => Self::ObjectIdentifier,
            Some("41") => Self::PostalAddress,
            Some("44") => Self::PrintableString,
            Some("50") => Self::Telephone,
            _ if oid == "1.3.6.1.1.16.1" => Self::Uuid,
            _ => Self::Other,
        }
    }

    /// # Errors
    /// What is wrong with the value.
    pub fn check(self, value: &[u8]) -> Result<(), Wrong> {
        if self == Self::Other {
            return Ok(());
        }
        // The name of nobody is a name: the member of an empty group.
        if value.is_empty() {
            return if self == Self::Dn { Ok(()) } else { Err(Wrong::Empty) };
        }
        let text = std::str::from_utf8(value).map_err(|_| Wrong::NotText)?;
        let (good, wrong) = match self {
            Self::Dn => (Dn::parse(text).is_ok(), Wrong::NotDn),
            Self::GeneralizedTime => (is_time(text), Wrong::NotTime),
            Self::Boolean => (matches!(text, "TRUE" | "FALSE"), Wrong::NotBoolean),
            Self::Integer => (is_integer(text), Wrong::NotInteger),
            Self::Uuid => (is_uuid(text), Wrong::NotUuid),
            Self::Ia5String => (text.is_ascii(), Wrong::NotAscii),
            Self::PrintableString | Self::Telephone => (is_printable(text), Wrong::NotPrintable),
            // Parameters follow the number (RFC 4517 §3.3.11).
            Self::Facsimile => (text.split('$').next().is_some_and(is_printable), Wrong::NotPrintable),
            Self::NumericString => (text.bytes().all(|b| b.is_ascii_digit() || b == b' '), Wrong::NotNumeric),
            Self::Country => (text.len() == 2 && is_printable(text), Wrong::NotCountry),
            Self::ObjectIdentifier => (is_identifier(text), Wrong::NotIdentifier),
            // Only blanks is a text, to servers too.
            Self::DirectoryString | Self::PostalAddress | Self::Other => (true, Wrong::Empty),
        };
        if good { Ok(()) } else { Err(wrong) }
    }
}

fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"'()+,-./:=? ".contains(&b))
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" && !text.starts_with('-') || !digits.starts_with('0');
    canonical && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    [8, 4, 4, 4, 12]
        .iter()
        .all(|size| groups.next().is_some_and(|g| g.len() == *size && g.bytes().all(|b| b.is_ascii_hexdigit())))
        && groups.next().is_none()
}

fn is_identifier(text: &str) -> bool {
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_number =
        text.contains('.') && text.split('.').all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    is_name || is_number
}

/// `YYYYMMDDHH[MM[SS]][.f](Z|±HH[MM])` (RFC 4517 §3.3.13).
fn is_time(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (figures, rest) = text.split_at(digits);
    let part = |from: usize| figures.get(from..from + 2).and_then(|n| n.parse::<u8>().ok());
    let within = |from: usize, low: u8, high: u8| part(from).is_none_or(|n| (low..=high).contains(&n));
    let sound = within(4, 1, 12) && within(6, 1, 31) && within(8, 0, 23) && within(10, 0, 59) && within(12, 0, 60);
    if !(sound && matches!(digits, 10 | 12 | 14)) {
        return false;
    }
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    match rest.strip_prefix(['+', '-']) {
        Some(zone) => matches!(zone.len(), 2 | 4) && zone.bytes().all(|b| b.is_ascii_digit()),
        None => rest == "Z",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_servers_take_and_refuse() {
        for (syntax, good, bad) in [
            (Syntax::Dn, &["", "uid=a,dc=fr"][..], &["x", "=a"][..]),
            (
                Syntax::GeneralizedTime,
                &["20260901120000Z", "2026090112Z", "20260901120000.5+0200"],
                &["", "01/09/2026", "20260901120000", "20261301000000Z", "20260901120000.Z", "20260901Z"],
            ),
            (Syntax::Boolean, &["TRUE", "FALSE"], &["O", "true", ""]),
            (Syntax::Integer, &["0", "-7", "12"], &["", "-", "-0", "007", "1.5", "x"]),
            (
                Syntax::Uuid,
                &["597ae2f6-16a6-1027-98f4-d28b5365dc14"],
                &["597ae2f6", "597ae2f6-16a6-1027-98f4-d28b5365dc1z"],
            ),
            (Syntax::Ia5String, &["a@b.fr"], &["", "é@b.fr"]),
            (Syntax::Telephone, &["+33 2 99 00 00 00"], &["", "02_99", "n°12"]),
            (Syntax::Facsimile, &["0299$twoDimensional"], &["", "é"]),
            (Syntax::PrintableString, &["29-A"], &["Été", "a@b"]),
            (Syntax::DirectoryString, &["Été", "   "], &[""]),
            (Syntax::NumericString, &["12 34"], &["12a"]),
            (Syntax::Country, &["FR"], &["FRA", "é"]),
            (Syntax::ObjectIdentifier, &["cn", "2.5.4.3"], &["2..3", "é"]),
            (Syntax::Other, &["", "é"], &[]),
        ] {
            for value in good {
                assert_eq!(syntax.check(value.as_bytes()), Ok(()), "{syntax:?} {value:?}");
            }
            for value in bad {
                assert!(syntax.check(value.as_bytes()).is_err(), "{syntax:?} {value:?}");
            }
        }
        assert_eq!(Syntax::DirectoryString.check(&[0xff]), Err(Wrong::NotText));
    }
}
