//! The list of sequences to avoid, as an automaton: it tells whether a password holds one, and counts exactly how many
//! passwords of a given shape hold none, which is what the entropy is computed from.

use std::collections::BTreeMap;

const LIST: &str = include_str!("rude_fr.txt");

/// Letters `a`–`z`.
const LETTERS: usize = 26;

/// Deterministic automaton over letters. Its states are the prefixes of the listed sequences; completing a sequence
/// leaves it.
#[derive(Debug)]
pub(super) struct Avoided {
    /// For each state, where each letter leads; `None` completes a sequence to avoid.
    next: Vec<[Option<u16>; LETTERS]>,
}

impl Avoided {
    /// The shipped French list.
    pub(super) fn french() -> Self {
        Self::new(&entries(LIST))
    }

    fn new(words: &[&str]) -> Self {
        let mut states: BTreeMap<&str, u16> = BTreeMap::new();
        states.insert("", 0);
        for word in words {
            for end in 1..word.len() {
                let fresh = states.len() as u16;
                if let Some(prefix) = word.get(..end) {
                    states.entry(prefix).or_insert(fresh);
                }
            }
        }
        let mut next = vec![[None; LETTERS]; states.len()];
        for (prefix, &state) in &states {
            for (letter, byte) in (b'a'..=b'z').enumerate() {
                let read = format!("{prefix}{}", char::from(byte));
                // What was read up to here matters only through its longest end that begins a listed sequence.
                let ends = || (0..=read.len()).filter_map(|start| read.get(start..));
                let target =
                    if ends().any(|end| words.contains(&end)) { None } else { ends().find_map(|e| states.get(e)) };
                if let Some(slot) = next.get_mut(usize::from(state)).and_then(|row| row.get_mut(letter)) {
                    *slot = target.copied();
                }
            }
        }
        Self { next }
    }

    /// Whether `text` holds a listed sequence, looking through everything that is not a letter `a`–`z`.
    pub(super) fn found_in(&self, text: &str) -> bool {
        self.through(0, text).is_none()
    }

    /// The state after `text` when it begins in `state`; `None` when a listed sequence is completed on the way.
    pub(super) fn through(&self, state: u16, text: &str) -> Option<u16> {
        text.bytes().filter(u8::is_ascii_lowercase).try_fold(state, |state, byte| self.step(state, byte))
    }

    /// How many words have one letter of each set, in order, and hold no listed sequence. Exact as long as the product
    /// of the sizes of the sets fits in 128 bits.
    pub(super) fn count<'a>(&self, sets: impl IntoIterator<Item = &'a [u8]>) -> u128 {
        let mut reached: Vec<u128> = vec![0; self.next.len()];
        if let Some(start) = reached.first_mut() {
            *start = 1;
        }
        for set in sets {
            let mut after = vec![0; reached.len()];
            for (state, &ways) in reached.iter().enumerate().filter(|&(_, &ways)| ways > 0) {
                for &byte in set {
                    if let Some(slot) = self.step(state as u16, byte).and_then(|s| after.get_mut(usize::from(s))) {
                        *slot += ways;
                    }
                }
            }
            reached = after;
        }
        reached.iter().sum()
    }

    fn step(&self, state: u16, byte: u8) -> Option<u16> {
        let letter = usize::from(byte.checked_sub(b'a')?);
        self.next.get(usize::from(state)).and_then(|row| row.get(letter)).copied().flatten()
    }
}

fn entries(list: &str) -> Vec<&str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[cfg(test)]
mod tests {
    use super::super::policy::{CONSONANTS, VOWELS};
    use super::*;

    #[test]
    fn every_entry_can_be_drawn_and_none_is_idle() {
        let words = entries(LIST);
        assert!(words.len() > 40);
        for word in &words {
            let vowel = |i: usize| VOWELS.contains(&word.as_bytes()[i]);
            assert!(word.bytes().all(|b| CONSONANTS.contains(&b) || VOWELS.contains(&b)), "{word}: letters");
            assert!((1..word.len()).all(|i| vowel(i) != vowel(i - 1)), "{word}: cannot alternate");
            let inside = words.iter().filter(|w| word.contains(**w)).count();
            assert_eq!(inside, 1, "{word}: listed twice or holds a shorter entry");
        }
    }

    #[test]
    fn the_automaton_agrees_with_a_plain_search() {
        let words = ["bab", "abd", "dada", "bda"];
        let avoided = Avoided::new(&words);
        let mut free = 0;
        for n in 0..3_u32.pow(7) {
            let text: String = (0..7).map(|i| ['a', 'b', 'd'][(n / 3_u32.pow(i) % 3) as usize]).collect();
            let rude = words.iter().any(|w| text.contains(w));
            assert_eq!(avoided.found_in(&text), rude, "{text}");
            free += u128::from(!rude);
        }
        assert_eq!(avoided.count(std::iter::repeat_n(b"abd".as_slice(), 7)), free);
    }

    #[test]
    fn hyphens_do_not_hide_a_sequence() {
        let french = Avoided::french();
        assert!(french.found_in("sapu-teri"));
        assert!(french.found_in("ka-ka"));
        assert!(!french.found_in("bamo-tiku-fera"));
    }
}
