//! Initial passwords: what they look like, and how much chance is in them.
//!
//! There are three styles: groups of syllables ([`Style::Syllables`]), French words ([`Style::Words`]), and short codes
//! for the very young ([`Style::Code`]), which alone may go below fifty bits, and only where the server locks out whoever
//! tries. Nothing in a password comes from the person.
//!
//! The entropy is not estimated: passwords are drawn evenly among those of the shape that hold no sequence to avoid,
//! and those are counted, so the entropy is the base-two logarithm of their number.

use std::sync::Arc;

use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use super::rude::Avoided;
use super::secret::Secret;
use crate::config::Style;

mod syllables;
mod words;

#[cfg(test)]
pub(super) use syllables::{CONSONANTS, VOWELS};

/// The place of a digit is always the end, so that none is taken for a letter.
const DIGITS: &[u8] = b"23456789";
/// Two digits are still read at one glance.
const MOST_DIGITS: usize = 2;
/// Bits per password below which no policy goes without a lockout (CNIL, deliberation 2022-100, case 2: 50 bits where
/// access to the account is restricted).
pub const LEAST_ENTROPY_BITS: u32 = 50;
/// Bits below which no code goes: a million codes, of which a lockout leaves an attacker a handful.
pub const LEAST_CODE_BITS: u32 = 20;

/// The shape of a profile's passwords, or of a level's.
#[derive(Debug, Clone)]
pub struct Policy {
    shape: Shape,
    entropy_bits: f64,
    avoided: Arc<Avoided>,
}

#[derive(Debug, Clone)]
enum Shape {
    Syllables {
        groups: usize,
        digits: usize,
    },
    Words {
        list: Arc<[&'static str]>,
        count: usize,
        digits: usize,
    },
    /// Groups of syllables, a hyphen, two digits.
    Code {
        groups: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no password of style {style} and {bits} bits can be made: at least {least}, and no more than can be typed")]
pub struct PolicyError {
    pub style: Style,
    pub bits: u32,
    pub least: u32,
}

impl Policy {
    /// The shortest shape of a style with at least `bits` bits of entropy, the sequences to avoid already discounted.
    ///
    /// # Errors
    /// Below what the style allows, or beyond what can be counted and typed.
    pub fn new(style: Style, bits: u32) -> Result<Self, PolicyError> {
        let least = if style == Style::Code { LEAST_CODE_BITS } else { LEAST_ENTROPY_BITS };
        let refused = PolicyError { style, bits, least };
        if bits < least {
            return Err(refused);
        }
        let avoided = Arc::new(Avoided::french());
        let shapes = match style {
            Style::Syllables => syllable_shapes(&avoided),
            Style::Words => word_shapes(&avoided),
            Style::Code => code_shapes(&avoided),
        };
        shapes
            .into_iter()
            .filter(|(_, entropy_bits)| *entropy_bits >= f64::from(bits))
            .map(|(shape, entropy_bits)| Self { shape, entropy_bits, avoided: Arc::clone(&avoided) })
            .min_by_key(|policy| (policy.length(), policy.digits()))
            .ok_or(refused)
    }

    /// Base-two logarithm of the number of passwords that can be drawn, all equally likely.
    #[must_use]
    pub const fn entropy_bits(&self) -> f64 {
        self.entropy_bits
    }

    /// Characters of the longest password, hyphens included.
    #[must_use]
    pub const fn length(&self) -> usize {
        match &self.shape {
            Shape::Syllables { groups, digits } => syllables::length(*groups) + *digits,
            Shape::Words { count, digits, .. } => {
                *count * (words::LONGEST + 1) - 1 + if *digits > 0 { *digits + 1 } else { 0 }
            }
            Shape::Code { groups } => syllables::length(*groups) + 1 + MOST_DIGITS,
        }
    }

    const fn digits(&self) -> usize {
        match &self.shape {
            Shape::Syllables { digits, .. } | Shape::Words { digits, .. } => *digits,
            Shape::Code { .. } => MOST_DIGITS,
        }
    }

    /// Whether it may be issued only where the server was seen to lock out whoever tries passwords.
    #[must_use]
    pub fn needs_lockout(&self) -> bool {
        self.entropy_bits < f64::from(LEAST_ENTROPY_BITS)
    }

    /// Names the shape and its alphabet: secrets made ahead under one name serve every profile of that name.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.shape {
            Shape::Syllables { groups, digits } => syllables::name(*groups, *digits),
            Shape::Words { list, count, digits } => format!("words-1-{}:{count}+{digits}", list.len()),
            Shape::Code { groups } => format!("code-1:{groups}+{MOST_DIGITS}"),
        }
    }
}

fn digit_bits(digits: usize) -> f64 {
    digits as f64 * (DIGITS.len() as f64).log2()
}

fn syllable_shapes(avoided: &Avoided) -> Vec<(Shape, f64)> {
    let mut shapes = Vec::new();
    for groups in 1..=syllables::MOST_GROUPS {
        let bits = syllables::entropy(avoided, groups);
        shapes.extend((0..=MOST_DIGITS).map(|digits| (Shape::Syllables { groups, digits }, bits + digit_bits(digits))));
    }
    shapes
}

fn word_shapes(avoided: &Avoided) -> Vec<(Shape, f64)> {
    let list: Arc<[&'static str]> = words::list().into();
    let mut shapes = Vec::new();
    for (bits, count) in words::entropies(avoided, &list).into_iter().zip(1..) {
        shapes.extend(
            (0..=MOST_DIGITS)
                .map(|digits| (Shape::Words { list: Arc::clone(&list), count, digits }, bits + digit_bits(digits))),
        );
    }
    shapes
}

fn code_shapes(avoided: &Avoided) -> Vec<(Shape, f64)> {
    // Four groups and two digits are 53 bits: whoever wants more wants another style.
    (1..=4)
        .map(|groups| (Shape::Code { groups }, syllables::entropy(avoided, groups) + digit_bits(MOST_DIGITS)))
        .collect()
}

/// Draws a password. A draw that holds a sequence to avoid is thrown away whole and redrawn, which keeps the others
/// equally likely.
pub fn generate<R: CryptoRng + ?Sized>(policy: &Policy, rng: &mut R) -> Secret {
    loop {
        // All the room at once: a growing string would leave copies of itself in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(policy.length()));
        match &policy.shape {
            Shape::Syllables { groups, .. } => syllables::draw(&mut text, *groups, rng),
            Shape::Words { list, count, digits } => {
                words::draw(&mut text, list, *count, rng);
                if *digits > 0 {
                    text.push('-');
                }
            }
            Shape::Code { groups } => {
                syllables::draw(&mut text, *groups, rng);
                text.push('-');
            }
        }
        for _ in 0..policy.digits() {
            text.push(pick(DIGITS, rng));
        }
        if !policy.avoided.found_in(&text) {
            return Secret::new(text);
        }
    }
}

/// One character of `set`. `random_range` may favour a value in fewer than one draw in 2⁴⁸ (rand's own figure), which
/// the entropy, given to two decimals, does not show.
fn pick<R: CryptoRng + ?Sized>(set: &[u8], rng: &mut R) -> char {
    set.get(rng.random_range(0..set.len())).map_or('a', |&byte| char::from(byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn fifty_bits_fit_in_twenty_characters() {
        let policy = Policy::new(Style::Syllables, 50).unwrap();
        assert!(policy.length() <= 20, "{}", policy.length());
        assert_eq!(policy.name(), "syllables-1:4x2+1");
        assert!(policy.entropy_bits() >= 50.0 && policy.entropy_bits() < 50.3, "{}", policy.entropy_bits());
    }

    #[test]
    fn the_entropy_is_that_of_the_construction() {
        // Without anything to avoid: 60 syllables, eight of them, and one digit out of eight.
        let raw = 8.0 * 60_f64.log2() + 3.0;
        let policy = Policy::new(Style::Syllables, 50).unwrap();
        assert!(policy.entropy_bits() < raw, "redrawing costs something");
        // The share that redrawing throws away, measured, gives the same loss.
        let mut rng = rand::rng();
        let (mut kept, draws) = (0_u32, 40_000);
        for _ in 0..draws {
            let text: String = (0..16).map(|i| pick(if i % 2 == 0 { CONSONANTS } else { VOWELS }, &mut rng)).collect();
            kept += u32::from(!policy.avoided.found_in(&text));
        }
        let measured = raw + (f64::from(kept) / f64::from(draws)).log2();
        assert!((measured - policy.entropy_bits()).abs() < 0.02, "{measured} against {}", policy.entropy_bits());
    }

    #[test]
    fn more_bits_make_longer_passwords_and_too_few_or_too_many_are_refused() {
        let mut last = 0;
        for bits in 50..=120 {
            let policy = Policy::new(Style::Syllables, bits).unwrap();
            assert!(policy.entropy_bits() >= f64::from(bits) && policy.length() >= last, "{bits}");
            last = policy.length();
        }
        assert_eq!(Policy::new(Style::Syllables, 49).unwrap_err().bits, 49);
        assert!(Policy::new(Style::Syllables, 200).is_err());
    }

    #[test]
    fn draws_are_typeable_unique_and_never_rude() {
        let policy = Policy::new(Style::Syllables, 50).unwrap();
        let mut rng = rand::rng();
        let mut seen = HashSet::new();
        for _ in 0..200_000 {
            let secret = generate(&policy, &mut rng);
            let text = secret.expose();
            assert_eq!(text.len(), policy.length());
            assert!(text.bytes().all(|b| b"bdfjkmnprstvaeiou-23456789".contains(&b)), "{text}");
            assert!(!policy.avoided.found_in(text), "{text}");
            assert!(seen.insert(text.to_owned()), "{text} drawn twice");
        }
    }

    #[test]
    fn every_character_appears_about_as_often_as_it_should() {
        let policy = Policy::new(Style::Syllables, 50).unwrap();
        let mut rng = rand::rng();
        let mut last_digit = [0_u32; 8];
        for _ in 0..16_000 {
            let secret = generate(&policy, &mut rng);
            let digit = secret.expose().bytes().last().unwrap();
            last_digit[DIGITS.iter().position(|&d| d == digit).unwrap()] += 1;
        }
        // 2,000 expected each; five standard deviations are 210.
        assert!(last_digit.iter().all(|n| (1_780..=2_220).contains(n)), "{last_digit:?}");
    }

    #[test]
    fn words_reach_fifty_bits_with_five_and_their_draws_come_from_the_list() {
        let policy = Policy::new(Style::Words, 50).unwrap();
        assert!(policy.entropy_bits() >= 50.0, "{}", policy.entropy_bits());
        let list = words::list();
        let raw = 5.0 * (list.len() as f64).log2();
        assert!(policy.entropy_bits() <= raw && raw - policy.entropy_bits() < 0.1, "{}", policy.entropy_bits());
        let mut rng = rand::rng();
        let mut seen = HashSet::new();
        for _ in 0..20_000 {
            let secret = generate(&policy, &mut rng);
            let text = secret.expose().to_owned();
            assert!(text.len() <= policy.length() && text.split('-').count() == 5, "{text}");
            assert!(text.split('-').all(|word| list.binary_search(&word).is_ok()), "{text}");
            assert!(!policy.avoided.found_in(&text), "{text}");
            assert!(seen.insert(text));
        }
        assert!(Policy::new(Style::Words, 49).is_err() && Policy::new(Style::Words, 120).is_err());
    }

    #[test]
    fn a_code_is_short_and_alone_needs_a_lockout() {
        let code = Policy::new(Style::Code, 28).unwrap();
        assert!(code.needs_lockout() && code.entropy_bits() >= 28.0, "{}", code.entropy_bits());
        let secret = generate(&code, &mut rand::rng());
        let shape: String = secret
            .expose()
            .bytes()
            .map(|b| {
                if b == b'-' {
                    '-'
                } else if b.is_ascii_digit() {
                    '9'
                } else {
                    'a'
                }
            })
            .collect();
        assert_eq!(shape, "aaaa-aaaa-99");
        assert!(!Policy::new(Style::Syllables, 50).unwrap().needs_lockout());
        assert!(Policy::new(Style::Code, 19).is_err() && Policy::new(Style::Code, 80).is_err());
    }
}
