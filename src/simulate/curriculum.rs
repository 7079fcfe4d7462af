//! What is taught: subjects, disciplines of those who teach them, formations (MEF) and their programmes.
//!
//! Codes are those of the national nomenclatures; hours are only plausible, counted in half hours per week, and
//! decide how many teachers a school has. Kept small: enough for every kind of school to look like one.

/// A subject of the nomenclature.
pub(super) struct Subject {
    pub(super) code: &'static str,
    /// At most 40 characters, upper case.
    pub(super) label: &'static str,
}

const fn subject(code: &'static str, label: &'static str) -> Subject {
    Subject { code, label }
}

pub(super) const FRENCH: u8 = 0;
pub(super) const MATHS: u8 = 1;
pub(super) const HISTORY: u8 = 2;
pub(super) const ENGLISH: u8 = 3;
pub(super) const BIOLOGY: u8 = 4;
pub(super) const PHYSICS: u8 = 5;
const TECHNOLOGY: u8 = 6;
const SPORT: u8 = 7;
const ART: u8 = 8;
const MUSIC: u8 = 9;
const CIVICS: u8 = 10;
const SPANISH: u8 = 11;
const GERMAN: u8 = 12;
const ITALIAN: u8 = 13;
const LATIN: u8 = 14;
pub(super) const ECONOMICS: u8 = 15;
const PHILOSOPHY: u8 = 16;
const MATHS_SCIENCE: u8 = 17;
const WORKSHOP: u8 = 18;
const APPLIED_ART: u8 = 19;
const HEALTH: u8 = 20;
const MANAGEMENT: u8 = 21;
const FRENCH_HISTORY: u8 = 22;
const SUPPORT: u8 = 23;

/// Every subject; those after the last constant above are only listed.
pub(super) static SUBJECTS: [Subject; 32] = [
    subject("020700", "FRANCAIS"),
    subject("061300", "MATHEMATIQUES"),
    subject("043700", "HISTOIRE-GEOGRAPHIE"),
    subject("030201", "ANGLAIS LV1"),
    subject("062900", "SCIENCES DE LA VIE ET DE LA TERRE"),
    subject("062300", "PHYSIQUE-CHIMIE"),
    subject("070800", "TECHNOLOGIE"),
    subject("100100", "EDUCATION PHYSIQUE ET SPORTIVE"),
    subject("090100", "ARTS PLASTIQUES"),
    subject("081300", "EDUCATION MUSICALE"),
    subject("043800", "ENSEIGNEMENT MORAL ET CIVIQUE"),
    subject("030602", "ESPAGNOL LV2"),
    subject("030102", "ALLEMAND LV2"),
    subject("030902", "ITALIEN LV2"),
    subject("020100", "LATIN"),
    subject("050700", "SCIENCES ECONOMIQUES ET SOCIALES"),
    subject("010300", "PHILOSOPHIE"),
    subject("061700", "MATHS SCIENCES"),
    subject("071100", "ENSEIGNEMENT TECHNOLOGIQUE-PROFESSIONNEL"),
    subject("278300", "ARTS APPLIQUES ET CULTURES ARTISTIQUES"),
    subject("312800", "PREVENTION-SANTE-ENVIRONNEMENT"),
    subject("380400", "ECONOMIE ET GESTION"),
    subject("043300", "FRANCAIS  HIST.-GEO. EDUCATION CIVIQUE"),
    subject("006600", "ACCOMPAGNEMENT PERSONNALISE"),
    subject("005400", "VIE SCOLAIRE"),
    subject("008400", "VIE DE CLASSE"),
    subject("030101", "ALLEMAND LV1"),
    subject("030202", "ANGLAIS LV2"),
    subject("030601", "ESPAGNOL LV1"),
    subject("030901", "ITALIEN LV1"),
    subject("040600", "HISTOIRE ET GEOGRAPHIE"),
    subject("041400", "EDUCATION CIVIQUE"),
];

/// What a teacher is qualified for.
pub(super) struct Discipline {
    /// Fourth field of a function.
    pub(super) code: &'static str,
    pub(super) label: &'static str,
    /// Discipline category (`ENTAuxEnsCategoDiscipline`).
    pub(super) category: &'static str,
    pub(super) category_label: &'static str,
}

const fn discipline(
    code: &'static str,
    label: &'static str,
    category: &'static str,
    category_label: &'static str,
) -> Discipline {
    Discipline { code, label, category, category_label }
}

pub(super) static DISCIPLINES: [Discipline; 26] = [
    discipline("L0202", "LETTRES MODERNES", "02", "LETTRES"),
    discipline("L1300", "MATHEMATIQUES", "13", "MATHEMATIQUES"),
    discipline("L1000", "HISTOIRE GEOGRAPHIE", "10", "HISTOIRE-GEOGRAPHIE"),
    discipline("L0422", "ANGLAIS", "04", "LANGUES VIVANTES"),
    discipline("L1600", "SCIENCES DE LA VIE ET DE LA TERRE", "16", "BIOLOGIE-GEOLOGIE"),
    discipline("L1500", "PHYSIQUE CHIMIE", "15", "PHYSIQUE-CHIMIE"),
    discipline("L1400", "TECHNOLOGIE", "14", "TECHNOLOGIE"),
    discipline("L1900", "EDUCATION PHYSIQUE ET SPORTIVE", "19", "EPS"),
    discipline("L1800", "ARTS PLASTIQUES", "18", "ARTS PLASTIQUES"),
    discipline("L1700", "EDUCATION MUSICALE", "17", "EDUCATION MUSICALE"),
    discipline("L0426", "ESPAGNOL", "04", "LANGUES VIVANTES"),
    discipline("L0421", "ALLEMAND", "04", "LANGUES VIVANTES"),
    discipline("L0429", "ITALIEN", "04", "LANGUES VIVANTES"),
    discipline("L0201", "LETTRES CLASSIQUES", "02", "LETTRES"),
    discipline("L1100", "SCIENCES ECONOMIQUES ET SOCIALES", "11", "SES"),
    discipline("L0100", "PHILOSOPHIE", "01", "PHILOSOPHIE"),
    discipline("P0210", "LETTRES HISTOIRE GEOGRAPHIE", "02", "LETTRES"),
    discipline("P1315", "MATHEMATIQUES SCIENCES PHYSIQUES", "13", "MATHEMATIQUES"),
    discipline("P0222", "ANGLAIS LETTRES", "04", "LANGUES VIVANTES"),
    discipline("P8013", "ECONOMIE GESTION COMMERCE VENTE", "80", "ECONOMIE ET GESTION"),
    discipline("P5200", "GENIE ELECTRIQUE ELECTROTECHNIQUE", "52", "ELECTROTECHNIQUE"),
    discipline("P8520", "HOTELLERIE SERVICES", "85", "HOTELLERIE-TOURISME"),
    discipline("P6500", "ARTS APPLIQUES", "65", "ARTS APPLIQUES"),
    discipline("P7200", "BIOTECHNOLOGIES SANTE ENVIRONNEMENT", "72", "BSE"),
    discipline("L8010", "ECONOMIE ET GESTION", "80", "ECONOMIE ET GESTION"),
    discipline("G0170", "ENSEIGNER EN SEGPA OU EREA", "00", "NON SPECIALISE"),
];

const LETTERS: u8 = 0;
const SEGPA_TEACHING: u8 = 25;

/// One line of a programme: a subject taught to whole divisions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lesson {
    pub(super) subject: u8,
    /// Per week, in half hours.
    pub(super) half_hours: u16,
    pub(super) discipline: u8,
}

const fn lesson(subject: u8, half_hours: u16, discipline: u8) -> Lesson {
    Lesson { subject, half_hours, discipline }
}

const SIXTH: &[Lesson] = &[
    lesson(FRENCH, 9, LETTERS),
    lesson(MATHS, 9, 1),
    lesson(HISTORY, 5, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 8, 3),
    lesson(BIOLOGY, 3, 4),
    lesson(PHYSICS, 2, 5),
    lesson(TECHNOLOGY, 2, 6),
    lesson(SPORT, 8, 7),
    lesson(ART, 2, 8),
    lesson(MUSIC, 2, 9),
];
const COLLEGE: &[Lesson] = &[
    lesson(FRENCH, 9, LETTERS),
    lesson(MATHS, 7, 1),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 6, 3),
    lesson(BIOLOGY, 3, 4),
    lesson(PHYSICS, 3, 5),
    lesson(TECHNOLOGY, 3, 6),
    lesson(SPORT, 6, 7),
    lesson(ART, 2, 8),
    lesson(MUSIC, 2, 9),
];
const SEGPA: &[Lesson] = &[
    lesson(FRENCH, 9, SEGPA_TEACHING),
    lesson(MATHS, 8, SEGPA_TEACHING),
    lesson(HISTORY, 6, SEGPA_TEACHING),
    lesson(TECHNOLOGY, 8, SEGPA_TEACHING),
    lesson(ENGLISH, 5, 3),
    lesson(SPORT, 6, 7),
];
const SECOND: &[Lesson] = &[
    lesson(FRENCH, 8, LETTERS),
    lesson(MATHS, 8, 1),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 6, 3),
    lesson(BIOLOGY, 3, 4),
    lesson(PHYSICS, 6, 5),
    lesson(ECONOMICS, 3, 14),
    lesson(SPORT, 4, 7),
];
const FIRST: &[Lesson] = &[
    lesson(FRENCH, 8, LETTERS),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 5, 3),
    lesson(SPORT, 4, 7),
];
const FINAL: &[Lesson] = &[
    lesson(PHILOSOPHY, 8, 15),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 4, 3),
    lesson(SPORT, 4, 7),
];
const MANAGEMENT_FIRST: &[Lesson] = &[
    lesson(FRENCH, 6, LETTERS),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 5, 3),
    lesson(MANAGEMENT, 22, 24),
    lesson(SPORT, 4, 7),
];
const MANAGEMENT_FINAL: &[Lesson] = &[
    lesson(PHILOSOPHY, 4, 15),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 5, 3),
    lesson(MANAGEMENT, 26, 24),
    lesson(SPORT, 4, 7),
];
const AGRICULTURAL: &[Lesson] = &[
    lesson(FRENCH, 6, LETTERS),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 6, 3),
    lesson(BIOLOGY, 10, 4),
    lesson(WORKSHOP, 10, 6),
    lesson(SPORT, 6, 7),
];

/// A vocational programme, whose workshop lessons belong to `trade`.
macro_rules! vocational {
    ($trade:literal) => {
        &[
            lesson(FRENCH_HISTORY, 9, 16),
            lesson(MATHS_SCIENCE, 8, 17),
            lesson(ENGLISH, 4, 18),
            lesson(WORKSHOP, 20, $trade),
            lesson(APPLIED_ART, 2, 22),
            lesson(HEALTH, 2, 23),
            lesson(SPORT, 5, 7),
        ]
    };
}

/// A subject that only some pupils of a division follow, in a group made from several divisions.
pub(super) struct Choice {
    pub(super) subject: u8,
    /// In the group's name.
    pub(super) short: &'static str,
    /// How many divisions share a group.
    pub(super) divisions: usize,
    pub(super) half_hours: u16,
    pub(super) discipline: u8,
}

const fn choice(subject: u8, short: &'static str, divisions: usize, half_hours: u16, discipline: u8) -> Choice {
    Choice { subject, short, divisions, half_hours, discipline }
}

/// A pupil's choices are bits, in this order.
pub(super) static CHOICES: [Choice; 13] = [
    choice(SPANISH, "ESP", 1, 5, 10),
    choice(GERMAN, "ALL", 3, 5, 11),
    choice(ITALIAN, "ITA", 4, 5, 12),
    choice(LATIN, "LAT", 4, 4, 13),
    choice(MATHS, "SPEMATHS", 2, 8, 1),
    choice(PHYSICS, "SPEPC", 2, 8, 5),
    choice(BIOLOGY, "SPESVT", 3, 8, 4),
    choice(ECONOMICS, "SPESES", 2, 8, 14),
    choice(HISTORY, "SPEHG", 3, 8, 2),
    choice(ENGLISH, "SPEANG", 3, 8, 3),
    choice(WORKSHOP, "GR1", 1, 4, 19),
    choice(WORKSHOP, "GR2", 1, 4, 19),
    choice(SUPPORT, "AP", 2, 2, 0),
];
/// Bits of the second languages.
pub(super) const LANGUAGES: std::ops::Range<u8> = 0..3;
pub(super) const LATIN_CHOICE: u8 = 3;
/// Bits of the specialities of the general lycée.
pub(super) const SPECIALITIES: std::ops::Range<u8> = 4..10;
/// Bits of the two halves of a workshop.
pub(super) const HALVES: std::ops::Range<u8> = 10..12;
pub(super) const SUPPORT_CHOICE: u8 = 12;

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

macro_rules! formation {
    ($mef:literal, $label:literal, $stat:literal, $level:literal, $track:literal, $stem:literal, $age:literal,
     $programme:expr, $rank:literal, $next:expr $(, $field:ident = $value:expr)*) => {{
        #[allow(unused_mut, reason = "some have no further field")]
        let mut formation = Formation {
            mef: $mef, label: $label, stat: $stat, level: $level, track: $track, stem: $stem, age: $age,
            programme: $programme, languages: false, latin: false, specialities: 0, halves: false,
            next: $next, rank: $rank, size: 27,
        };
        $( formation.$field = $value; )*
        formation
    }};
}

pub(super) const F6: u8 = 0;
pub(super) const F3: u8 = 3;
pub(super) const F3_SEGPA: u8 = 7;
pub(super) const F2DE: u8 = 8;
pub(super) const F2COM: u8 = 13;
pub(super) const F2ELEC: u8 = 16;
pub(super) const F1CAP: u8 = 19;

pub(super) static FORMATIONS: [Formation; 24] = [
    formation!("10010012110", "6EME", "21110010012", "6EME", "6EME", "6", 11, SIXTH, 0, &[(1, 1)]),
    formation!(
        "10110001110",
        "5EME",
        "21120010001",
        "5EME",
        "5EME",
        "5",
        12,
        COLLEGE,
        1,
        &[(2, 1)],
        languages = true,
        latin = true
    ),
    formation!(
        "10210001110",
        "4EME",
        "21150010001",
        "4EME",
        "4EME",
        "4",
        13,
        COLLEGE,
        2,
        &[(3, 1)],
        languages = true,
        latin = true
    ),
    formation!(
        "10310019110",
        "3EME",
        "21160010019",
        "3EME",
        "3EME",
        "3",
        14,
        COLLEGE,
        3,
        &[],
        languages = true,
        latin = true
    ),
    formation!(
        "16410002110",
        "6EME SEGPA",
        "24310010002",
        "6EME SEGPA",
        "SEGPA",
        "6S",
        11,
        SEGPA,
        0,
        &[(5, 1)],
        size = 16
    ),
    formation!(
        "16510002110",
        "5EME SEGPA",
        "24320010002",
        "5EME SEGPA",
        "SEGPA",
        "5S",
        12,
        SEGPA,
        1,
        &[(6, 1)],
        size = 16
    ),
    formation!(
        "16610002110",
        "4EME SEGPA",
        "24330010002",
        "4EME SEGPA",
        "SEGPA",
        "4S",
        13,
        SEGPA,
        2,
        &[(7, 1)],
        size = 16
    ),
    formation!("16710002110", "3EME SEGPA", "24340010002", "3EME SEGPA", "SEGPA", "3S", 14, SEGPA, 3, &[], size = 16),
    formation!(
        "20010015110",
        "2DE GENERALE ET TECHNOLOGIQUE",
        "22111410015",
        "2DE",
        "2DE GT",
        "2DE",
        15,
        SECOND,
        0,
        &[(9, 74), (11, 26)],
        languages = true
    ),
    formation!(
        "20111010110",
        "1ERE GENERALE",
        "22121111010",
        "1ERE",
        "1ERE GENERALE",
        "1G",
        16,
        FIRST,
        1,
        &[(10, 1)],
        languages = true,
        specialities = 3
    ),
    formation!(
        "20211010110",
        "TERMINALE GENERALE",
        "22131111010",
        "TERMINALE",
        "TERMINALE GENERALE",
        "TG",
        17,
        FINAL,
        2,
        &[],
        languages = true,
        specialities = 2
    ),
    formation!(
        "21131011110",
        "1ERE STMG",
        "22122231011",
        "1ERE",
        "1ERE TECHNOLOGIQUE",
        "1STMG",
        16,
        MANAGEMENT_FIRST,
        1,
        &[(12, 1)],
        languages = true
    ),
    formation!(
        "21231011110",
        "TERMINALE STMG",
        "22132231011",
        "TERMINALE",
        "TERMINALE TECHNOLOGIQUE",
        "TSTMG",
        17,
        MANAGEMENT_FINAL,
        2,
        &[],
        languages = true
    ),
    formation!(
        "24731202310",
        "2NDPRO COMMERCE",
        "23810031202",
        "2NDE PRO",
        "BAC PRO EN 3 ANS : 1ERE ANNEE",
        "2COM",
        15,
        vocational!(19),
        0,
        &[(14, 1)],
        halves = true,
        size = 24
    ),
    formation!(
        "24731202320",
        "1ERPRO COMMERCE",
        "23820031202",
        "1ERE PRO",
        "BAC PRO EN 3 ANS : 2EME ANNEE",
        "1COM",
        16,
        vocational!(19),
        1,
        &[(15, 1)],
        halves = true,
        size = 24
    ),
    formation!(
        "24731202330",
        "TLEPRO COMMERCE",
        "23830031202",
        "TLE PRO",
        "BAC PRO EN 3 ANS : 3EME ANNEE",
        "TCOM",
        17,
        vocational!(19),
        2,
        &[],
        halves = true,
        size = 24
    ),
    formation!(
        "24725506310",
        "2NDPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC",
        "23810025506",
        "2NDE PRO",
        "BAC PRO EN 3 ANS : 1ERE ANNEE",
        "2ELEC",
        15,
        vocational!(20),
        0,
        &[(17, 1)],
        halves = true,
        size = 24
    ),
    formation!(
        "24725506320",
        "1ERPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC",
        "23820025506",
        "1ERE PRO",
        "BAC PRO EN 3 ANS : 2EME ANNEE",
        "1ELEC",
        16,
        vocational!(20),
        1,
        &[(18, 1)],
        halves = true,
        size = 24
    ),
    formation!(
        "24725506330",
        "TLEPRO ELECTROTEC. ENERG. EQUIP.COMMUNIC",
        "23830025506",
        "TLE PRO",
        "BAC PRO EN 3 ANS : 3EME ANNEE",
        "TELEC",
        17,
        vocational!(20),
        2,
        &[],
        halves = true,
        size = 24
    ),
    formation!(
        "24133409210",
        "1CAP2  RESTAURANT",
        "23210033409",
        "1ERE ANNEE CAP",
        "CAP EN 2 ANS : 1ERE ANNEE",
        "1CAP REST",
        15,
        vocational!(21),
        0,
        &[(20, 1)],
        size = 16
    ),
    formation!(
        "24133409220",
        "2CAP2  RESTAURANT",
        "23220033409",
        "2EME ANNEE CAP",
        "CAP EN 2 ANS : 2EME ANNEE",
        "2CAP REST",
        16,
        vocational!(21),
        1,
        &[],
        size = 16
    ),
    formation!(
        "20010015111",
        "2DE GT AGRICOLE",
        "22111410015",
        "2DE",
        "2DE GT",
        "2GTA",
        15,
        SECOND,
        0,
        &[(22, 1)],
        languages = true
    ),
    formation!(
        "21321004110",
        "1-STAV AGRONOMIE ALIM ENVIRT TERRITOIR",
        "22122921004",
        "1ERE",
        "1ERE TECHNOLOGIQUE",
        "1STAV",
        16,
        AGRICULTURAL,
        1,
        &[(23, 1)],
        languages = true
    ),
    formation!(
        "21421004110",
        "T-STAV AGRONOMIE ALIM ENVIRT TERRITOIR",
        "22132921004",
        "TERMINALE",
        "TERMINALE TECHNOLOGIQUE",
        "TSTAV",
        17,
        AGRICULTURAL,
        2,
        &[],
        languages = true
    ),
];

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
