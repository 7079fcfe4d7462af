//! The names of invented people: lists, how one is drawn, how one is written.
//!
//! A name is kept as four bytes (where it stands in the lists), never as text: a million persons stay small. The lists
//! hold accents, particles, apostrophes, ligatures, `ÿ`, letters of other alphabets' transcriptions, single letters and
//! very long names on purpose; the tail of surnames is composed of two syllables (`BEAU` + `CHAMP`), some are double.
//! Names common to many stand first in their list and are drawn more often, so that homonyms happen as in life.

use super::draw::Draw;

const SURNAMES: &str = include_str!("words/surnames.txt");
const HEADS: &str = include_str!("words/surname-heads.txt");
const TAILS: &str = include_str!("words/surname-tails.txt");
const GIRLS: &str = include_str!("words/girls.txt");
const BOYS: &str = include_str!("words/boys.txt");
const WOMEN: &str = include_str!("words/women.txt");
const MEN: &str = include_str!("words/men.txt");

/// A surname: three bits of form, then two indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Surname(u32);

/// A first name: an index into the four lists laid end to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FirstName(u16);

impl FirstName {
    /// No name: an empty place among the other first names.
    pub(super) const NONE: Self = Self(u16::MAX);
}

const LISTED: u32 = 0;
const COMPOSED: u32 = 1;
const DOUBLE: u32 = 2;

impl Surname {
    const fn new(form: u32, a: usize, b: usize) -> Self {
        Self(form << 30 | ((a as u32) & 0x7fff) << 15 | (b as u32) & 0x7fff)
    }

    const fn parts(self) -> (u32, usize, usize) {
        (self.0 >> 30, (self.0 >> 15 & 0x7fff) as usize, (self.0 & 0x7fff) as usize)
    }

    /// The double name of two parents, `MARTIN-LEROY`; `self` when one of them is not a plain listed name.
    pub(super) fn joined(self, other: Self) -> Self {
        match (self.parts(), other.parts()) {
            ((LISTED, a, _), (LISTED, b, _)) if a != b => Self::new(DOUBLE, a, b),
            _ => self,
        }
    }
}

/// Who the first name is for: lists differ by generation, as fashions do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    Child,
    Adult,
}

/// The lists, with the ASCII form that each name takes in an address.
#[derive(Debug)]
pub(super) struct Words {
    surnames: Vec<Word>,
    heads: Vec<Word>,
    tails: Vec<Word>,
    first: Vec<Word>,
    /// Where girls, boys, women and men begin in `first`, and its end.
    bounds: [usize; 5],
}

#[derive(Debug)]
struct Word {
    text: &'static str,
    slug: String,
}

fn words(list: &'static str) -> Vec<Word> {
    list.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|text| {
            let mut slug = deunicode::deunicode(text).to_ascii_lowercase();
            slug.retain(|c| c.is_ascii_alphanumeric() || c == '-');
            Word { text, slug }
        })
        .collect()
}

impl Words {
    pub(super) fn new() -> Self {
        let mut first = Vec::new();
        let mut bounds = [0; 5];
        for (end, list) in bounds.iter_mut().skip(1).zip([GIRLS, BOYS, WOMEN, MEN]) {
            first.extend(words(list));
            *end = first.len();
        }
        Self { surnames: words(SURNAMES), heads: words(HEADS), tails: words(TAILS), first, bounds }
    }

    pub(super) fn draw_surname(&self, draw: &mut Draw) -> Surname {
        match draw.below(100) {
            0..18 => Surname::new(LISTED, draw.leaning_index(self.surnames.len()), 0),
            18..36 => Surname::new(LISTED, draw.index(self.surnames.len()), 0),
            36..96 => Surname::new(COMPOSED, draw.index(self.heads.len()), draw.index(self.tails.len())),
            _ => {
                let first = Surname::new(LISTED, draw.index(self.surnames.len()), 0);
                first.joined(Surname::new(LISTED, draw.index(self.surnames.len()), 0))
            }
        }
    }

    pub(super) fn draw_first_name(&self, draw: &mut Draw, male: bool, generation: Generation) -> FirstName {
        let list = usize::from(generation == Generation::Adult) * 2 + usize::from(male);
        let (from, to) = (self.bounds[list], self.bounds[list + 1]);
        let at = if draw.permille(500) { draw.leaning_index(to - from) } else { draw.index(to - from) };
        FirstName((from + at) as u16)
    }

    /// The surname as delivered: upper case.
    pub(super) fn surname(&self, name: Surname, mut write: impl FnMut(&str)) {
        match name.parts() {
            (COMPOSED, a, b) => {
                write(self.heads[a].text);
                write(self.tails[b].text);
            }
            (DOUBLE, a, b) => {
                write(self.surnames[a].text);
                write("-");
                write(self.surnames[b].text);
            }
            (_, a, _) => write(self.surnames[a].text),
        }
    }

    /// The first name as delivered: mixed case; nothing for [`FirstName::NONE`].
    pub(super) fn first_name(&self, name: FirstName, mut write: impl FnMut(&str)) {
        if let Some(word) = self.first.get(usize::from(name.0)) {
            write(word.text);
        }
    }

    /// `prenom.nom` in ASCII, as in a mail address.
    pub(super) fn slug(&self, first: FirstName, last: Surname, mut write: impl FnMut(&str)) {
        if let Some(word) = self.first.get(usize::from(first.0)) {
            write(&word.slug);
            write(".");
        }
        match last.parts() {
            (COMPOSED, a, b) => {
                write(&self.heads[a].slug);
                write(&self.tails[b].slug);
            }
            (DOUBLE, a, b) => {
                write(&self.surnames[a].slug);
                write("-");
                write(&self.surnames[b].slug);
            }
            (_, a, _) => write(&self.surnames[a].slug),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::draw::Stream;

    #[test]
    fn lists_are_large_and_odd_enough() {
        let words = Words::new();
        assert!(words.surnames.len() > 300 && words.first.len() > 250);
        for odd in ["Œ", "Ÿ", "ß", "'", "-", " ", "Ł"] {
            assert!(words.surnames.iter().any(|w| w.text.contains(odd)), "{odd}");
        }
        assert!(words.surnames.iter().any(|w| w.text.chars().count() == 1));
        assert!(words.first.iter().any(|w| w.text.chars().count() == 1));
        for word in words.surnames.iter().chain(&words.first).chain(&words.heads).chain(&words.tails) {
            assert!(!word.slug.is_empty(), "{}", word.text);
            assert!(!word.text.contains(['$', '<', '&']), "{}", word.text);
        }
    }

    #[test]
    fn a_double_name_is_written_with_both() {
        let words = Words::new();
        let name = Surname::new(LISTED, 0, 0).joined(Surname::new(LISTED, 1, 0));
        let mut text = String::new();
        words.surname(name, |piece| text.push_str(piece));
        assert_eq!(text, "MARTIN-BERNARD");
        let mut draw = Draw::new(3, Stream::Family, 1);
        for _ in 0..2_000 {
            text.clear();
            let (surname, first) =
                (words.draw_surname(&mut draw), words.draw_first_name(&mut draw, true, Generation::Adult));
            words.slug(first, surname, |piece| text.push_str(piece));
            assert!(text.is_ascii() && text.contains('.'), "{text}");
        }
    }
}
