//! Relatives belong to the schools of their pupils, whichever of the two records names the other and comes first.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Rules that concern a relative and those that he meets.
type Bits = (u64, u64);

/// What is kept of pupils and relatives until all were seen: hashes of eight bytes and a place.
#[derive(Debug, Default)]
pub(super) struct Families {
    /// Pupil and his school.
    pupils: Vec<(u64, u32)>,
    /// Relative and the school of a pupil who names him.
    named: Vec<(u64, u32)>,
    /// Relative and a pupil whom he names.
    naming: Vec<(u64, u64)>,
    relatives: Vec<(u64, Bits)>,
}

impl Families {
    pub(super) fn pupil(&mut self, pupil: u64, place: u32, relatives: impl Iterator<Item = u64>) {
        self.pupils.push((pupil, place));
        self.named.extend(relatives.map(|relative| (relative, place)));
    }

    pub(super) fn relative(&mut self, relative: u64, pupils: impl Iterator<Item = u64>, bits: Bits) {
        self.naming.extend(pupils.map(|pupil| (relative, pupil)));
        self.relatives.push((relative, bits));
    }

    /// Each relative with his schools, without repetition; none when no delivered pupil is his.
    pub(super) fn settle(mut self) -> impl Iterator<Item = (Vec<u32>, Bits)> {
        self.pupils.sort_unstable();
        for (relative, pupil) in std::mem::take(&mut self.naming) {
            let from = self.pupils.partition_point(|(known, _)| *known < pupil);
            if let Some((_, place)) = self.pupils.get(from).filter(|(known, _)| *known == pupil) {
                self.named.push((relative, *place));
            }
        }
        self.named.sort_unstable();
        self.named.dedup();
        let named = self.named;
        self.relatives.into_iter().map(move |(relative, bits)| {
            let from = named.partition_point(|(known, _)| *known < relative);
            let of_relative = named.get(from..).unwrap_or_default().iter().take_while(|(known, _)| *known == relative);
            (of_relative.map(|(_, place)| *place).collect(), bits)
        })
    }
}

/// A key of a source.
pub(super) fn hash(source: usize, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, key.trim()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_record_may_give_the_link() {
        let mut families = Families::default();
        families.relative(10, [2].into_iter(), (0, 0));
        families.pupil(1, 7, [10, 11].into_iter());
        families.pupil(2, 8, std::iter::empty());
        families.relative(11, [1, 99].into_iter(), (0, 0));
        families.relative(12, [99].into_iter(), (0, 0));
        let places: Vec<Vec<u32>> = families.settle().map(|(places, _)| places).collect();
        assert_eq!(places, [vec![7, 8], vec![7], vec![]]);
    }
}
