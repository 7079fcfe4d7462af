//! Phone numbers as schools type them.

use std::fmt;

use compact_str::{CompactString, ToCompactString as _};
use serde::{Deserialize, Serialize};

/// A phone number in one written form: `+33 1 23 45 67 89` for France, `+41791234567` for abroad, bare digits for a
/// number whose country nobody can tell (six digits in New Caledonia).
///
/// A record keeps what was delivered; this form is for comparing and for what the directory and the letters show.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phone(CompactString);

impl Phone {
    /// Reads 6 to 15 digits with an optional `+` or `00`, spaces, points, dashes, slashes and parentheses between
    /// them. Fillers (`0000000000`, `+9999999999999`) and French numbers of the wrong length are none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (international, digits) = digits(text).filter(is_number)?;
        Some(Self(match french(international, &digits) {
            Some(national) => spaced(national),
            None if international => format!("+{digits}").to_compact_string(),
            None => digits,
        }))
    }

    /// Whether a text is a number that [`Phone::parse`] reads.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        digits(text).is_some_and(|digits| is_number(&digits))
    }

    /// Whether a text is digits that stand for "no number": one digit repeated, which is not worth telling a family.
    #[must_use]
    pub fn is_placeholder(text: &str) -> bool {
        digits(text).is_some_and(|(_, digits)| is_filler(&digits))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Phone> for CompactString {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The digits behind the country prefix sign, and whether there was one.
fn digits(text: &str) -> Option<(bool, CompactString)> {
    let text = text.trim();
    let (plus, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
    let mut digits = [0; 20];
    let mut places = digits.iter_mut();
    for c in rest.chars() {
        match c {
            '0'..='9' => *places.next()? = c as u8,
            ' ' | '.' | '-' | '/' | '(' | ')' | '\u{a0}' | '\u{202f}' | '‑' => {}
            _ => return None,
        }
    }
    let count = 20 - places.len();
    let digits = CompactString::from(std::str::from_utf8(digits.get(..count)?).ok()?);
    if !plus && !is_filler(&digits) && digits.starts_with("00") {
        return Some((true, digits.get(2..)?.into()));
    }
    Some((plus, digits))
}

fn is_number((international, digits): &(bool, CompactString)) -> bool {
    !is_filler(digits)
        && match french(*international, digits) {
            Some(national) => national.len() == 9 && !national.starts_with('0') && !is_filler(national),
            None => (6..=15).contains(&digits.len()),
        }
}

fn is_filler(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    let first = bytes.next();
    digits.len() >= 4 && bytes.all(|b| Some(b) == first)
}

/// The national digits of a number that means to be French, right or not.
fn french(international: bool, digits: &str) -> Option<&str> {
    if international {
        let rest = digits.strip_prefix("33")?;
        Some(rest.strip_prefix('0').unwrap_or(rest))
    } else {
        digits.strip_prefix('0').filter(|_| digits.len() == 10)
    }
}

fn spaced(national: &str) -> CompactString {
    let (first, rest) = national.split_at_checked(1).unwrap_or((national, ""));
    let mut out = CompactString::const_new("+33 ");
    out.push_str(first);
    for pair in rest.as_bytes().chunks(2) {
        out.push(' ');
        out.push_str(std::str::from_utf8(pair).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_french_numbers() {
        for text in
            ["0123456789", "01 23 45 67 89", "01.23.45.67.89", "+33 1 23 45 67 89", "0033123456789", "+33(0)123456789"]
        {
            assert_eq!(Phone::parse(text).as_ref().map(Phone::as_str), Some("+33 1 23 45 67 89"), "{text}");
        }
    }

    #[test]
    fn abroad_and_short_numbers_stay() {
        assert_eq!(Phone::parse("+41 79 123 45 67").as_ref().map(Phone::as_str), Some("+41791234567"));
        assert_eq!(Phone::parse("26 54 32").as_ref().map(Phone::as_str), Some("265432"));
    }

    #[test]
    fn junk_and_fillers_are_none() {
        for text in [
            "",
            "123",
            "0000000000",
            "+9999999999999",
            "+33 1 23",
            "06 12 34 56",
            "domicile",
            "0612345678 ou 9",
            "+33 0 00 00 00 00",
        ] {
            // Eight digits without a country are within what importers keep.
            let kept = text == "06 12 34 56";
            assert_eq!(Phone::parse(text).is_some(), kept, "{text}");
        }
        assert!(Phone::is_placeholder("0000000000") && Phone::is_placeholder("00 00 00 00 00"));
        assert!(!Phone::is_placeholder("0123456789") && !Phone::is_placeholder(""));
    }
}
