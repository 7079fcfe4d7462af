//! INE, the national pupil number: eleven characters, several generations.

use std::fmt;

use compact_str::CompactString;

/// How a number was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// Ten digits and a check letter (academic bases, until about 2018); whether the letter is right.
    Academic { checked: bool },
    /// Nine digits and two letters of ten (national register, since about 2018). Its control rule is not published.
    National,
    /// Four digits, `A` (apprentices) or `D` (provisional), five digits and a letter: recognised, not proved.
    Marked,
    /// Ten digits or letters and a digit (higher education): recognised, not proved.
    HigherEducation,
}

/// A pupil's national number, in upper case, without spaces. It is shown masked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ine {
    text: CompactString,
    form: Form,
}

impl Ine {
    /// Whether both were given out in one way: a pupil may have a number of each.
    #[must_use]
    pub fn is_of_one_form(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.form) == std::mem::discriminant(&other.form)
    }

    /// Recognises any known generation; letter case and spaces do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut text = match text.len() {
            11 => CompactString::new(text),
            _ => text.chars().filter(|c| !c.is_whitespace()).take(12).collect(),
        };
        text.make_ascii_uppercase();
        let bytes: &[u8; 11] = text.as_bytes().try_into().ok()?;
        let digit = |b: &u8| b.is_ascii_digit();
        let letter = |b: &u8| b.is_ascii_uppercase() && !b"IOQ".contains(b);
        let [head @ .., ninth, tenth, last] = bytes;
        let form = if head.iter().all(digit) && digit(ninth) && digit(tenth) && letter(last) {
            let number = text.get(..10)?.parse::<u64>().ok()?;
            Form::Academic { checked: super::uai::check_letter(number) == Some(*last) }
        } else if head.iter().all(digit)
            && digit(ninth)
            && b"ABCDEFGHJK".contains(tenth)
            && b"ABCDEFGHJK".contains(last)
        {
            Form::National
        } else if let [a, b, c, d, b'A' | b'D', e, f, g, h, i, last] = bytes
            && [a, b, c, d, e, f, g, h, i].into_iter().all(digit)
            && letter(last)
        {
            Form::Marked
        } else if bytes.iter().all(u8::is_ascii_alphanumeric) && digit(last) {
            Form::HigherEducation
        } else {
            return None;
        };
        Some(Self { text, form })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether two records with this number are the same pupil: the check letter is right or the form is that of the
    /// national register, and the digits are not a filler such as `1111111111`.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let form = matches!(self.form, Form::Academic { checked: true } | Form::National);
        let mut digits = self.text.bytes().take(9);
        let first = digits.next();
        form && !digits.all(|b| Some(b) == first)
    }

    /// Whether the number contradicts its own form (wrong check letter).
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.form, Form::Academic { checked: false })
    }
}

/// Shows the two ends only: enough to find the pupil, not enough to copy the number from a log.
impl fmt::Debug for Ine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ine({}…{})", self.text.get(..2).unwrap_or_default(), self.text.get(9..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn academic_numbers_have_a_check_letter() {
        let good = Ine::parse("0123456789m").expect("academic");
        assert!(good.is_sure() && !good.is_wrong());
        assert_eq!(good.as_str(), "0123456789M");
        let bad = Ine::parse("0123456789A").expect("academic");
        assert!(!bad.is_sure() && bad.is_wrong());
    }

    #[test]
    fn other_generations() {
        assert!(Ine::parse("123456789HK").is_some_and(|i| i.is_sure()));
        for text in ["1234A12345B", "1234d12345b", "0A1B2C3D4E5"] {
            assert!(Ine::parse(text).is_some_and(|i| !i.is_sure() && !i.is_wrong()), "{text}");
        }
        assert!(Ine::parse("1111111111A").is_some_and(|i| !i.is_sure()));
        for text in ["", "12345", "ABCDEFGHIJK", "12345ABCDEF", "1234A1234IB", "123456789HKX", "é23456789HK"] {
            assert!(Ine::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn it_is_shown_masked() {
        assert_eq!(format!("{:?}", Ine::parse("0123456789M").expect("academic")), "Ine(01…9M)");
    }
}
