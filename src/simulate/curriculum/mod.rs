//! What is taught: subjects, disciplines of those who teach them, formations (MEF) and their programmes.
//!
//! Codes are those of the national nomenclatures; hours are only plausible, counted in half hours per week, and
//! decide how many teachers a school has. Kept small: enough for every kind of school to look like one.

mod programmes;
mod subjects;

pub(super) use programmes::{CHOICES, HALVES, LANGUAGES, LATIN_CHOICE, Lesson, SPECIALITIES, SUPPORT_CHOICE};
pub(super) use subjects::{DISCIPLINES, SUBJECTS, Subject};

use programmes::{
    AGRICULTURAL, CATERING, COLLEGE, ELECTRICITY, FINAL, FIRST, MANAGEMENT_FINAL, MANAGEMENT_FIRST, SECOND, SEGPA,
    SIXTH, TRADE,
};

/// A MEF with what the simulation knows of it.
pub(super) struct Formation {
    /// Eleven digits: device, speciality, then duration or years, year, variant.
    pub(super) mef: &'static str,
    pub(super) label: &'static str,
    /// `ENTMEFSTAT11`.
    pub(super) stat: &'static str,
    /// `ENTNivFormation`.
    pub(super) level: &'static str,
    /// `ENTFiliere`.
    pub(super) track: &'static str,
    /// Begins the names of its divisions.
    pub(super) stem: &'static str,
    /// The age reached in the calendar year of that September by a pupil who is on time.
    pub(super) age: u8,
    pub(super) programme: &'static [Lesson],
    pub(super) languages: bool,
    pub(super) latin: bool,
    /// How many specialities a pupil follows.
    pub(super) specialities: u8,
    pub(super) halves: bool,
    /// Where it leads inside the same school, with weights; empty at the top.
    pub(super) next: &'static [(u8, u32)],
    /// Years spent in the school before it, when on time.
    pub(super) rank: u8,
    /// Pupils to a division.
    pub(super) size: u16,
}

/// The table below, one formation after the other. In braces, so that the lines stay as they are laid out.
macro_rules! formations {
    ($( $mef:literal $label:literal $stat:literal, $level:literal $track:literal, $stem:literal age $age:literal
        rank $rank:literal, $programme:ident, next [$($next:expr),*] $(, $field:ident = $value:expr)*; )*) => {
        [$( Formation {
            mef: $mef, label: $label, stat: $stat, level: $level, track: $track, stem: $stem, age: $age,
            programme: $programme, next: &[$($next),*], rank: $rank, $( $field: $value, )* ..PLAIN
        } ),*]
    };
}

/// What a formation is unless its line says more.
const PLAIN: Formation = Formation {
    mef: "",
    label: "",
    stat: "",
    level: "",
    track: "",
    stem: "",
    age: 0,
    programme: &[],
    languages: false,
    latin: false,
    specialities: 0,
    halves: false,
    next: &[],
    rank: 0,
    size: 27,
};

pub(super) const F6: u8 = 0;
pub(super) const F3: u8 = 3;
pub(super) const F3_SEGPA: u8 = 7;
pub(super) const F2DE: u8 = 8;
pub(super) const F2COM: u8 = 13;
pub(super) const F2ELEC: u8 = 16;
pub(super) const F1CAP: u8 = 19;

pub(super) static FORMATIONS: [Formation; 24] = formations! {
    "10010012110" "6EME" "21110010012", "6EME" "6EME",
        "6" age 11 rank 0, SIXTH, next [(1, 1)];
    "10110001110" "5EME" "21120010001", "5EME" "5EME",
        "5" age 12 rank 1, COLLEGE, next [(2, 1)], languages = true, latin = true;
    "10210001110" "4EME" "21150010001", "4EME" "4EME",
        "4" age 13 rank 2, COLLEGE, next [(3, 1)], languages = true, latin = true;
    "10310019110" "3EME" "21160010019", "3EME" "3EME",
        "3" age 14 rank 3, COLLEGE, next [], languages = true, latin = true;
    "16410002110" "6EME SEGPA" "24310010002", "6EME SEGPA" "SEGPA",
        "6S" age 11 rank 0, SEGPA, next [(5, 1)], size = 16;
    "16510002110" "5EME SEGPA" "24320010002", "5EME SEGPA" "SEGPA",
        "5S" age 12 rank 1, SEGPA, next [(6, 1)], size = 16;
    "16610002110" "4EME SEGPA" "24330010002", "4EME SEGPA" "SEGPA",
        "4S" age 13 rank 2, SEGPA, next [(7, 1)], size = 16;
    "16710002110" "3EME SEGPA" "24340010002", "3EME SEGPA" "SEGPA",
        "3S" age 14 rank 3, SEGPA, next [], size = 16;
    "20010015110" "2DE GENERALE ET TECHNOLOGIQUE" "22111410015", "2DE" "2DE GT",
        "2DE" age 15 rank 0, SECOND, next [(9, 74), (11, 26)], languages = true;
    "20111010110" "1ERE GENERALE" "22121111010", "1ERE" "1ERE GENERALE",
        "1G" age 16 rank 1, FIRST, next [(10, 1)], languages = true, specialities = 3;
    "20211010110" "TERMINALE GENERALE" "22131111010", "TERMINALE" "TERMINALE GENERALE",
        "TG" age 17 rank 2, FINAL, next [], languages = true, specialities = 2;
    "21131011110" "1ERE STMG" "22122231011", "1ERE" "1ERE TECHNOLOGIQUE",
        "1STMG" age 16 rank 1, MANAGEMENT_FIRST, next [(12, 1)], languages = true;
    "21231011110" "TERMINALE STMG" "22132231011", "TERMINALE" "TERMINALE TECHNOLOGIQUE",
        "TSTMG" age 17 rank 2, MANAGEMENT_FINAL, next [], languages = true;
    "24731202310" "2NDPRO COMMERCE" "23810031202", "2NDE PRO" "BAC PRO EN 3 ANS : 1ERE ANNEE",
        "2COM" age 15 rank 0, TRADE, next [(14, 1)], halves = true, size = 24;
    "24731202320" "1ERPRO COMMERCE" "23820031202", "1ERE PRO" "BAC PRO EN 3 ANS : 2EME ANNEE",
        "1COM" age 16 rank 1, TRADE, next [(15, 1)], halves = true, size = 24;
    "24731202330" "TLEPRO COMMERCE" "23830031202", "TLE PRO" "BAC PRO EN 3 ANS : 3EME ANNEE",
        "TCOM" age 17 rank 2, TRADE, next [], halves = true, size = 24;
    "24725506310" "2NDPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC" "23810025506", "2NDE PRO" "BAC PRO EN 3 ANS : 1ERE ANNEE",
        "2ELEC" age 15 rank 0, ELECTRICITY, next [(17, 1)], halves = true, size = 24;
    "24725506320" "1ERPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC" "23820025506", "1ERE PRO" "BAC PRO EN 3 ANS : 2EME ANNEE",
        "1ELEC" age 16 rank 1, ELECTRICITY, next [(18, 1)], halves = true, size = 24;
    "24725506330" "TLEPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC" "23830025506", "TLE PRO" "BAC PRO EN 3 ANS : 3EME ANNEE",
        "TELEC" age 17 rank 2, ELECTRICITY, next [], halves = true, size = 24;
    "24133409210" "1CAP2  RESTAURANT" "23210033409", "1ERE ANNEE CAP" "CAP EN 2 ANS : 1ERE ANNEE",
        "1CAP REST" age 15 rank 0, CATERING, next [(20, 1)], size = 16;
    "24133409220" "2CAP2  RESTAURANT" "23220033409", "2EME ANNEE CAP" "CAP EN 2 ANS : 2EME ANNEE",
        "2CAP REST" age 16 rank 1, CATERING, next [], size = 16;
    "20010015111" "2DE GT AGRICOLE" "22111410015", "2DE" "2DE GT",
        "2GTA" age 15 rank 0, SECOND, next [(22, 1)], languages = true;
    "21321004110" "1-STAV AGRONOMIE ALIM ENVIRT TERRITOIR" "22122921004", "1ERE" "1ERE TECHNOLOGIQUE",
        "1STAV" age 16 rank 1, AGRICULTURAL, next [(23, 1)], languages = true;
    "21421004110" "T-STAV AGRONOMIE ALIM ENVIRT TERRITOIR" "22132921004", "TERMINALE" "TERMINALE TECHNOLOGIQUE",
        "TSTAV" age 17 rank 2, AGRICULTURAL, next [], languages = true;
};

/// What kind of school it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    College,
    Segpa,
    Lycee,
    Vocational,
    Agricultural,
}

impl Kind {
    /// The formations that it offers, with the share of its pupils in each.
    pub(super) const fn offer(self) -> &'static [(u8, u32)] {
        match self {
            Self::College => &[(0, 26), (1, 25), (2, 25), (3, 24)],
            Self::Segpa => &[(4, 14), (5, 16), (6, 16), (7, 16)],
            Self::Lycee => &[(8, 100), (9, 70), (10, 67), (11, 25), (12, 24)],
            Self::Vocational => &[(13, 22), (14, 20), (15, 19), (16, 20), (17, 18), (18, 17), (19, 14), (20, 12)],
            Self::Agricultural => &[(21, 30), (22, 28), (23, 27)],
        }
    }

    /// The size of such a school among the others.
    pub(super) const fn weight(self) -> u32 {
        match self {
            Self::College => 500,
            Self::Segpa => 64,
            Self::Lycee => 750,
            Self::Vocational => 400,
            Self::Agricultural => 220,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_form() {
        for subject in &SUBJECTS {
            assert!(subject.code.len() == 6 && subject.label.len() <= 40, "{}", subject.code);
        }
        for formation in &FORMATIONS {
            assert!(
                formation.mef.len() == 11 && formation.mef.bytes().all(|b| b.is_ascii_digit()),
                "{}",
                formation.mef
            );
            assert!(formation.stat.len() == 11 && formation.label.len() <= 40, "{}", formation.mef);
            for lesson in formation.programme {
                assert!(SUBJECTS.len() > usize::from(lesson.subject));
                assert!(DISCIPLINES.len() > usize::from(lesson.discipline));
            }
        }
    }

    #[test]
    fn duration_and_year_stand_in_the_tail_of_vocational_codes() {
        for (index, rank) in [(13, b'1'), (14, b'2'), (15, b'3'), (19, b'1'), (20, b'2')] {
            let formation = &FORMATIONS[index];
            let duration = if index < 19 { b'3' } else { b'2' };
            assert_eq!(&formation.mef.as_bytes()[8..10], [duration, rank]);
            assert_eq!(formation.rank + 1, rank - b'0');
        }
    }

    #[test]
    fn every_way_up_stays_in_the_offer_of_the_school() {
        for kind in [Kind::College, Kind::Segpa, Kind::Lycee, Kind::Vocational, Kind::Agricultural] {
            for &(at, _) in kind.offer() {
                for &(next, _) in FORMATIONS[usize::from(at)].next {
                    assert!(kind.offer().iter().any(|&(offered, _)| offered == next));
                    assert_eq!(FORMATIONS[usize::from(next)].age, FORMATIONS[usize::from(at)].age + 1);
                }
            }
        }
    }
}
