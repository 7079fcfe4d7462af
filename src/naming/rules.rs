//! What names look like: the shape of a `uid`, the base of a login.

use compact_str::{CompactString, format_compact};

use crate::config::{LoginRule, NamingConfig};
use crate::feed::values::ascii;
use crate::roster::Name;

/// Longest login that directories of the field accept (64), less the two characters of a suffix.
const LONGEST_BASE: u8 = 62;
/// Shortest sensible base: below, everybody is a homonym.
const SHORTEST_BASE: u8 = 6;
/// Characters kept of each of the two parts by the plain rule, as in the ENT that it comes from.
const PLAIN_PART: usize = 30;
/// Shortest and longest base of the initial-and-surname rule, as in the ENT that it comes from.
const INITIAL_BASE: std::ops::RangeInclusive<usize> = 4..=16;
/// For a name without any letter that has a Latin form. The join key does not appear in it: it is nobody's business.
const NAMELESS: &str = "utilisateur";

/// Accounts and mailboxes of machines, and words that pass for somebody in charge: given with a suffix only. Sorted.
const RESERVED: [&str; 30] = [
    "abuse",
    "admin",
    "administrateur",
    "administration",
    "administrator",
    "anonymous",
    "assistance",
    "backup",
    "bin",
    "contact",
    "daemon",
    "direction",
    "ftp",
    "guest",
    "hostmaster",
    "info",
    "invite",
    "mail",
    "nobody",
    "noreply",
    "operator",
    "postmaster",
    "principal",
    "proviseur",
    "root",
    "security",
    "support",
    "system",
    "test",
    "webmaster",
];

/// The configured rules, checked.
#[derive(Debug, Clone)]
pub struct Rules {
    letter: char,
    generator: u8,
    login: LoginRule,
    length: usize,
}

/// A naming choice that cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RulesError {
    #[error("naming.uid_letter: {0:?} is not a letter from A to Z")]
    Letter(char),
    #[error("naming.uid_generator: {0} is not one digit")]
    Generator(u8),
    #[error("naming.login_length: {0} is not between {SHORTEST_BASE} and {LONGEST_BASE}")]
    Length(u8),
}

impl Rules {
    /// Reads `[naming]`.
    ///
    /// # Errors
    /// When a choice would make names that collide or that directories refuse.
    pub fn from_config(config: &NamingConfig) -> Result<Self, RulesError> {
        if !config.uid_letter.is_ascii_alphabetic() {
            return Err(RulesError::Letter(config.uid_letter));
        }
        if config.uid_generator > 9 {
            return Err(RulesError::Generator(config.uid_generator));
        }
        if !(SHORTEST_BASE..=LONGEST_BASE).contains(&config.login_length) {
            return Err(RulesError::Length(config.login_length));
        }
        Ok(Self {
            letter: config.uid_letter,
            generator: config.uid_generator,
            login: config.login,
            length: usize::from(config.login_length),
        })
    }

    /// The series of a school year (named by the year in which it begins): letter, two digits of the year, digit of
    /// the generator. Each series has its own counter.
    pub(super) fn series(&self, school_year: i16) -> String {
        format!("{}{:02}{}", self.letter, school_year.rem_euclid(100), self.generator)
    }

    /// The `number`th `uid` of a series: the number in lower-case base 36 on four places, on more once these are
    /// used up. All series have the same length, so that a longer number of one is no number of another.
    pub(super) fn uid(series: &str, number: u64) -> CompactString {
        const PLACES: usize = 4;
        let mut digits = [b'0'; 13];
        let mut rest = number;
        let mut used = 0;
        for digit in digits.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *digit = *b"0123456789abcdefghijklmnopqrstuvwxyz".get((rest % 36) as usize).unwrap_or(&b'0');
            rest /= 36;
            used += 1;
        }
        let mut uid = CompactString::from(series);
        uid.extend(digits.iter().skip(digits.len() - used.max(PLACES)).map(|&b| char::from(b)));
        uid
    }

    /// The login that somebody would have if nobody else were there. Lower-case ASCII, never empty.
    #[must_use]
    pub fn base(&self, name: &Name) -> CompactString {
        let base = match self.login {
            LoginRule::FirstDotLast => dotted(&part(&name.first, true), &part(&name.surname, true)),
            LoginRule::FirstDotLastPlain => {
                let short = |text: &str| cut(&part(text, false), PLAIN_PART);
                dotted(&short(&name.first), &short(&name.surname))
            }
            LoginRule::InitialLast => {
                let initial = part(&name.first, false).chars().next();
                initial.into_iter().chain(part(&name.surname, false).chars()).collect()
            }
        };
        let base = cut(&base, self.length());
        let base = if base.is_empty() { cut(NAMELESS, self.length()) } else { base };
        match self.login {
            // The rule's own ENT fills up with random letters; zeros say the same on every run, and no suffix begins
            // with one.
            LoginRule::InitialLast => format_compact!("{base:0<width$}", width = *INITIAL_BASE.start()),
            _ => base,
        }
    }

    /// Characters of a base.
    fn length(&self) -> usize {
        match self.login {
            LoginRule::InitialLast => self.length.min(*INITIAL_BASE.end()),
            _ => self.length,
        }
    }

    /// The suffix of the first homonym.
    pub(super) fn first_suffix(&self) -> u64 {
        match self.login {
            LoginRule::FirstDotLastPlain => 2,
            LoginRule::FirstDotLast | LoginRule::InitialLast => 1,
        }
    }

    /// What stands before a suffix of so many digits. One or two digits come on top of the full base (18 + 2 is the
    /// 20 characters of the strictest directories); from three on the base shortens by what is too much.
    pub(super) fn stem(&self, base: &str, digits: usize) -> CompactString {
        cut(base, (self.length() + 2).saturating_sub(digits.max(2)))
    }

    pub(super) fn is_reserved(base: &str) -> bool {
        RESERVED.binary_search(&base).is_ok()
    }
}

/// A name's letters in lower case; with `hyphens`, runs of blanks and hyphens between them as one hyphen.
fn part(text: &str, hyphens: bool) -> CompactString {
    let mut out = CompactString::default();
    let mut gap = false;
    for c in ascii(text).chars() {
        if c.is_ascii_alphabetic() {
            if gap && hyphens && !out.is_empty() {
                out.push('-');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else if c == '-' || c.is_whitespace() {
            gap = true;
        }
    }
    out
}

fn dotted(first: &str, last: &str) -> CompactString {
    match (first.is_empty(), last.is_empty()) {
        (false, false) => format_compact!("{first}.{last}"),
        (true, _) => last.into(),
        (_, true) => first.into(),
    }
}

/// The first `length` characters, without a separator at the end. The text is ASCII.
fn cut(text: &str, length: usize) -> CompactString {
    text.get(..length).unwrap_or(text).trim_end_matches(['.', '-']).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(login: LoginRule, first: &str, surname: &str) -> CompactString {
        let rules = Rules::from_config(&NamingConfig { login, ..NamingConfig::default() }).unwrap();
        rules.base(&Name { first: first.into(), surname: surname.into(), ..Name::default() })
    }

    #[test]
    fn bases_of_the_three_rules() {
        use LoginRule::{FirstDotLast, FirstDotLastPlain, InitialLast};
        let cases = [
            (FirstDotLast, "Élodie", "d'Arc-Lefèvre", "elodie.darc-lefevr"),
            (FirstDotLastPlain, "Élodie", "d'Arc-Lefèvre", "elodie.darclefevre"),
            (InitialLast, "Élodie", "d'Arc-Lefèvre", "edarclefevre"),
            (FirstDotLast, "Jean", "Li", "jean.li"),
            (FirstDotLastPlain, "Jean", "Li", "jean.li"),
            (InitialLast, "Jean", "Li", "jli0"),
            (FirstDotLast, "Jean  Marie", "DE  LA - TOUR", "jean-marie.de-la-t"),
            (FirstDotLast, "Maximilien-Augustin", "Roy", "maximilien-augusti"),
            (FirstDotLast, "Maximilien-August", "Roy", "maximilien-august"),
            (FirstDotLast, "Æsa", "Œuvré", "aesa.oeuvre"),
            (FirstDotLast, "Łukasz", "Żółć", "lukasz.zolc"),
            (FirstDotLast, "e\u{301}mile", "-", "emile"),
            (FirstDotLast, "?", "!", "utilisateur"),
            (InitialLast, "", "", "utilisateur"),
            (InitialLast, "Ali", "", "a000"),
            (InitialLast, "Anne", "Vandenbrouckesteen", "avandenbrouckest"),
        ];
        for (rule, first, surname, expected) in cases {
            assert_eq!(base(rule, first, surname), expected, "{first} {surname}");
        }
    }

    #[test]
    fn uids_are_letter_year_generator_and_counter() {
        let config = NamingConfig { uid_generator: 3, ..NamingConfig::default() };
        let series = Rules::from_config(&config).unwrap().series(2026);
        assert_eq!(series, "F263");
        let cases =
            [(1, "F2630001"), (35, "F263000z"), (36, "F2630010"), (1_679_615, "F263zzzz"), (1_679_616, "F26310000")];
        for (number, uid) in cases {
            assert_eq!(Rules::uid(&series, number), uid);
        }
        assert_eq!(Rules::uid(&series, u64::MAX).len(), 4 + 13);
    }

    #[test]
    fn choices_are_checked() {
        let bad = |config: NamingConfig| Rules::from_config(&config).unwrap_err();
        assert_eq!(bad(NamingConfig { uid_letter: 'é', ..NamingConfig::default() }), RulesError::Letter('é'));
        assert_eq!(bad(NamingConfig { uid_generator: 10, ..NamingConfig::default() }), RulesError::Generator(10));
        assert_eq!(
            bad(NamingConfig { login_length: 3, ..NamingConfig::default() }).to_string(),
            "naming.login_length: 3 is not between 6 and 62"
        );
    }

    #[test]
    fn reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
        assert!(Rules::is_reserved("root") && !Rules::is_reserved("jean.li"));
    }
}
