//! Initial passwords: what they look like, and how much chance is in them.
//!
//! A password is a few groups of two open syllables joined by hyphens, with a digit or two at the end
//! (`bamo-tiku-fera-sodu7`). A pupil of ten reads and types it without switching to capitals; it can be dictated on
//! the phone. The alphabet leaves out what looks alike (`l`, `1`, `0`, every capital, `q`, `g` beside `9`) and what
//! sounds alike in French (`c` and `k`, `g` and `j`, `s` and `z`, `y` and `i`, the silent `h`). Nothing in it comes from
//! the person.
//!
//! The entropy is not estimated: passwords are drawn evenly among those of the shape that hold no sequence to avoid,
//! and those are counted, so the entropy is the base-two logarithm of their number.

use std::sync::Arc;

use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use super::rude::Avoided;
use super::secret::Secret;

pub(super) const CONSONANTS: &[u8] = b"bdfjkmnprstv";
pub(super) const VOWELS: &[u8] = b"aeiou";
/// The place of a digit is always the end, so that none is taken for a letter.
const DIGITS: &[u8] = b"23456789";

const SYLLABLES_PER_GROUP: usize = 2;
/// Beyond ten groups (some 120 bits) the count would leave 128 bits, and nobody would type it.
const MOST_GROUPS: usize = 10;
/// Two digits are still read at one glance.
const MOST_DIGITS: usize = 2;
/// Bits per password below which no policy goes (CNIL, deliberation 2022-100: 50 bits with limited attempts).
pub const LEAST_ENTROPY_BITS: u32 = 50;

/// The shape of a profile's passwords.
#[derive(Debug, Clone)]
pub struct Policy {
    groups: usize,
    digits: usize,
    entropy_bits: f64,
    avoided: Arc<Avoided>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no password of {bits} bits can be made: between {LEAST_ENTROPY_BITS} and 120")]
pub struct PolicyError {
    pub bits: u32,
}

impl Policy {
    /// The shortest shape with at least `bits` bits of entropy, the sequences to avoid already discounted.
    ///
    /// # Errors
    /// Below [`LEAST_ENTROPY_BITS`], or beyond what can be counted and typed.
    pub fn new(bits: u32) -> Result<Self, PolicyError> {
        if bits < LEAST_ENTROPY_BITS {
            return Err(PolicyError { bits });
        }
        let avoided = Arc::new(Avoided::french());
        let shapes = (1..=MOST_GROUPS).flat_map(|groups| (0..=MOST_DIGITS).map(move |digits| (groups, digits)));
        shapes
            .filter_map(|(groups, digits)| {
                let entropy_bits = entropy(&avoided, groups, digits);
                (entropy_bits >= f64::from(bits)).then(|| Self {
                    groups,
                    digits,
                    entropy_bits,
                    avoided: Arc::clone(&avoided),
                })
            })
            .min_by_key(|policy| (policy.length(), policy.digits))
            .ok_or(PolicyError { bits })
    }

    /// Base-two logarithm of the number of passwords that can be drawn, all equally likely.
    #[must_use]
    pub const fn entropy_bits(&self) -> f64 {
        self.entropy_bits
    }

    /// Characters of a password, hyphens included.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.groups * (2 * SYLLABLES_PER_GROUP + 1) - 1 + self.digits
    }

    /// Names the shape and its alphabet: secrets made ahead under one name serve every profile of that name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("syllables-1:{}x{}+{}", self.groups, SYLLABLES_PER_GROUP, self.digits)
    }
}

fn entropy(avoided: &Avoided, groups: usize, digits: usize) -> f64 {
    let sets = [CONSONANTS, VOWELS].into_iter().cycle().take(groups * SYLLABLES_PER_GROUP * 2);
    let words = avoided.count(sets);
    (words as f64).log2() + digits as f64 * (DIGITS.len() as f64).log2()
}

/// Draws a password. A draw that holds a sequence to avoid is thrown away whole and redrawn, which keeps the others
/// equally likely.
pub fn generate<R: CryptoRng + ?Sized>(policy: &Policy, rng: &mut R) -> Secret {
    loop {
        // All the room at once: a growing string would leave copies of itself in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(policy.length()));
        for group in 0..policy.groups {
            if group > 0 {
                text.push('-');
            }
            for _ in 0..SYLLABLES_PER_GROUP {
                text.push(pick(CONSONANTS, rng));
                text.push(pick(VOWELS, rng));
            }
        }
        for _ in 0..policy.digits {
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
        let policy = Policy::new(50).unwrap();
        assert!(policy.length() <= 20, "{}", policy.length());
        assert_eq!((policy.groups, policy.digits), (4, 1));
        assert!(policy.entropy_bits() >= 50.0 && policy.entropy_bits() < 50.3, "{}", policy.entropy_bits());
    }

    #[test]
    fn the_entropy_is_that_of_the_construction() {
        // Without anything to avoid: 60 syllables, eight of them, and one digit out of eight.
        let raw = 8.0 * 60_f64.log2() + 3.0;
        let policy = Policy::new(50).unwrap();
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
            let policy = Policy::new(bits).unwrap();
            assert!(policy.entropy_bits() >= f64::from(bits) && policy.length() >= last, "{bits}");
            last = policy.length();
        }
        assert_eq!(Policy::new(49).unwrap_err(), PolicyError { bits: 49 });
        assert!(Policy::new(200).is_err());
    }

    #[test]
    fn draws_are_typeable_unique_and_never_rude() {
        let policy = Policy::new(50).unwrap();
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
        let policy = Policy::new(50).unwrap();
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
}
