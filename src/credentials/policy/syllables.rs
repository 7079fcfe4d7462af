//! Groups of two open syllables joined by hyphens: `bamo-tiku-fera-sodu7`; and codes, which are a few of the same groups
//! and digits behind a hyphen: `bamo-tiku-47`.
//!
//! A pupil of ten reads and types them without switching to capitals; they can be dictated on the phone. The alphabet
//! leaves out what looks alike (`l`, `1`, `0`, every capital, `q`, `g` beside `9`) and what sounds alike in French (`c`
//! and `k`, `g` and `j`, `s` and `z`, `y` and `i`, the silent `h`).

use rand::CryptoRng;

use super::super::rude::Avoided;
use super::pick;

pub(in crate::credentials) const CONSONANTS: &[u8] = b"bdfjkmnprstv";
pub(in crate::credentials) const VOWELS: &[u8] = b"aeiou";

const SYLLABLES_PER_GROUP: usize = 2;
/// Beyond ten groups (some 120 bits) the count would leave 128 bits, and nobody would type it.
pub(super) const MOST_GROUPS: usize = 10;

/// Base-two logarithm of the number of secrets of so many groups that hold nothing to avoid.
pub(super) fn entropy(avoided: &Avoided, groups: usize) -> f64 {
    let sets = [CONSONANTS, VOWELS].into_iter().cycle().take(groups * SYLLABLES_PER_GROUP * 2);
    (avoided.count(sets) as f64).log2()
}

/// Characters of so many groups, hyphens included.
pub(super) const fn length(groups: usize) -> usize {
    groups * (2 * SYLLABLES_PER_GROUP + 1) - 1
}

pub(super) fn name(groups: usize, digits: usize) -> String {
    format!("syllables-1:{groups}x{SYLLABLES_PER_GROUP}+{digits}")
}

pub(super) fn draw<R: CryptoRng + ?Sized>(text: &mut String, groups: usize, rng: &mut R) {
    for group in 0..groups {
        if group > 0 {
            text.push('-');
        }
        for _ in 0..SYLLABLES_PER_GROUP {
            text.push(pick(CONSONANTS, rng));
            text.push(pick(VOWELS, rng));
        }
    }
}
