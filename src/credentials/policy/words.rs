//! Passphrases of French words joined by hyphens: `lapin-moulin-tambour-violon-orage`.
//!
//! The list ships with the program. It is public: the chance is in the draw, never in the list. Two words differ by two
//! letters at least, so that a slip of the finger is no other passphrase.

use std::collections::BTreeMap;

use rand::{CryptoRng, RngExt as _};

use super::super::rude::Avoided;

const LIST: &str = include_str!("../words_fr.txt");
/// Beyond ten words the count would leave 128 bits, and nobody would type it.
pub(super) const MOST_WORDS: usize = 10;
/// Letters of the longest word.
pub(super) const LONGEST: usize = 8;

/// The shipped words, sorted.
pub(super) fn list() -> Vec<&'static str> {
    LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Base-two logarithm of the number of passphrases of one, two … [`MOST_WORDS`] words that hold nothing to avoid, not
/// even across a hyphen. Counted word by word over the states of the automaton.
pub(super) fn entropies(avoided: &Avoided, words: &[&str]) -> Vec<f64> {
    let mut reached: BTreeMap<u16, u128> = BTreeMap::from([(0, 1)]);
    // Where the words lead from a state, and how many of them, worked out once for each.
    let mut steps: BTreeMap<u16, BTreeMap<u16, u128>> = BTreeMap::new();
    let mut entropies = Vec::with_capacity(MOST_WORDS);
    for _ in 0..MOST_WORDS {
        let mut after: BTreeMap<u16, u128> = BTreeMap::new();
        for (&state, ways) in &reached {
            let step = steps.entry(state).or_insert_with(|| {
                let mut ends = BTreeMap::new();
                for end in words.iter().filter_map(|word| avoided.through(state, word)) {
                    *ends.entry(end).or_default() += 1;
                }
                ends
            });
            for (&end, count) in &*step {
                *after.entry(end).or_default() += ways * count;
            }
        }
        entropies.push((after.values().sum::<u128>() as f64).log2());
        reached = after;
    }
    entropies
}

pub(super) fn draw<R: CryptoRng + ?Sized>(text: &mut String, words: &[&str], count: usize, rng: &mut R) {
    for n in 0..count {
        if n > 0 {
            text.push('-');
        }
        text.push_str(words.get(rng.random_range(0..words.len().max(1))).copied().unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one change of a letter (another, one more, one less) makes one of the other.
    fn one_slip(a: &str, b: &str) -> bool {
        let (a, b) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
        let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        match b.len() - a.len() {
            0 => a[head..].iter().skip(1).eq(b[head..].iter().skip(1)),
            1 => a[head..] == b[head + 1..],
            _ => false,
        }
    }

    #[test]
    fn the_list_keeps_its_rules() {
        let words = list();
        assert!(words.len() >= 1_296, "{}", words.len());
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "sorted, each once");
        let avoided = Avoided::french();
        for word in &words {
            assert!((4..=LONGEST).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            assert!(!avoided.found_in(word), "{word} holds a sequence to avoid");
        }
        for (at, a) in words.iter().enumerate() {
            for b in &words[at + 1..] {
                assert!(!one_slip(a, b), "{a} and {b}");
                assert!(!b.starts_with(a), "{a} begins {b}");
            }
        }
    }

    #[test]
    fn a_slip_is_one_letter() {
        assert!(one_slip("lapin", "sapin") && one_slip("poule", "poules") && one_slip("nappe", "nape"));
        assert!(!one_slip("lapin", "matin") && !one_slip("lapin", "lapinous"));
    }

    #[test]
    fn what_spells_something_across_a_hyphen_is_discounted() {
        // "sapu" and "teri" are clean apart, and spell a listed sequence together.
        let avoided = Avoided::french();
        let words = ["sapu", "teri", "lune"];
        let counted = entropies(&avoided, &words)[1].exp2();
        let pairs = words.iter().flat_map(|a| words.iter().map(move |b| format!("{a}-{b}")));
        let clean = pairs.filter(|pair| !avoided.found_in(pair)).count();
        assert!(clean < 9);
        assert!((counted - f64::from(u32::try_from(clean).unwrap())).abs() < 1e-6, "{counted} {clean}");
    }
}
