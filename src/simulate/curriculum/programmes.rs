//! What each level follows, and what pupils choose besides.

use super::subjects::{
    APPLIED_ART, ART, BIOLOGY, CIVICS, ECONOMICS, ENGLISH, FRENCH, FRENCH_HISTORY, GERMAN, HEALTH, HISTORY, ITALIAN,
    LATIN, LETTERS, MANAGEMENT, MATHS, MATHS_SCIENCE, MUSIC, PHILOSOPHY, PHYSICS, SEGPA_TEACHING, SPANISH, SPORT,
    SUPPORT, TECHNOLOGY, WORKSHOP,
};

/// One line of a programme: a subject taught to whole divisions.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulate) struct Lesson {
    pub(in crate::simulate) subject: u8,
    /// Per week, in half hours.
    pub(in crate::simulate) half_hours: u16,
    pub(in crate::simulate) discipline: u8,
}

const fn lesson(subject: u8, half_hours: u16, discipline: u8) -> Lesson {
    Lesson { subject, half_hours, discipline }
}

pub(super) const SIXTH: &[Lesson] = &[
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
pub(super) const COLLEGE: &[Lesson] = &[
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
pub(super) const SEGPA: &[Lesson] = &[
    lesson(FRENCH, 9, SEGPA_TEACHING),
    lesson(MATHS, 8, SEGPA_TEACHING),
    lesson(HISTORY, 6, SEGPA_TEACHING),
    lesson(TECHNOLOGY, 8, SEGPA_TEACHING),
    lesson(ENGLISH, 5, 3),
    lesson(SPORT, 6, 7),
];
pub(super) const SECOND: &[Lesson] = &[
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
pub(super) const FIRST: &[Lesson] = &[
    lesson(FRENCH, 8, LETTERS),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 5, 3),
    lesson(SPORT, 4, 7),
];
pub(super) const FINAL: &[Lesson] = &[
    lesson(PHILOSOPHY, 8, 15),
    lesson(HISTORY, 6, 2),
    lesson(CIVICS, 1, 2),
    lesson(ENGLISH, 4, 3),
    lesson(SPORT, 4, 7),
];
pub(super) const MANAGEMENT_FIRST: &[Lesson] = &[
    lesson(FRENCH, 6, LETTERS),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 5, 3),
    lesson(MANAGEMENT, 22, 24),
    lesson(SPORT, 4, 7),
];
pub(super) const MANAGEMENT_FINAL: &[Lesson] = &[
    lesson(PHILOSOPHY, 4, 15),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 5, 3),
    lesson(MANAGEMENT, 26, 24),
    lesson(SPORT, 4, 7),
];
pub(super) const AGRICULTURAL: &[Lesson] = &[
    lesson(FRENCH, 6, LETTERS),
    lesson(HISTORY, 3, 2),
    lesson(MATHS, 6, 1),
    lesson(ENGLISH, 6, 3),
    lesson(BIOLOGY, 10, 4),
    lesson(WORKSHOP, 10, 6),
    lesson(SPORT, 6, 7),
];

/// A vocational programme, whose workshop lessons belong to a trade's discipline.
const fn vocational(trade: u8) -> [Lesson; 7] {
    [
        lesson(FRENCH_HISTORY, 9, 16),
        lesson(MATHS_SCIENCE, 8, 17),
        lesson(ENGLISH, 4, 18),
        lesson(WORKSHOP, 20, trade),
        lesson(APPLIED_ART, 2, 22),
        lesson(HEALTH, 2, 23),
        lesson(SPORT, 5, 7),
    ]
}

pub(super) const TRADE: &[Lesson] = &vocational(19);
pub(super) const ELECTRICITY: &[Lesson] = &vocational(20);
pub(super) const CATERING: &[Lesson] = &vocational(21);

/// A subject that only some pupils of a division follow, in a group made from several divisions.
pub(in crate::simulate) struct Choice {
    pub(in crate::simulate) subject: u8,
    /// In the group's name.
    pub(in crate::simulate) short: &'static str,
    /// How many divisions share a group.
    pub(in crate::simulate) divisions: usize,
    pub(in crate::simulate) half_hours: u16,
    pub(in crate::simulate) discipline: u8,
}

const fn choice(subject: u8, short: &'static str, divisions: usize, half_hours: u16, discipline: u8) -> Choice {
    Choice { subject, short, divisions, half_hours, discipline }
}

/// A pupil's choices are bits, in this order.
pub(in crate::simulate) static CHOICES: [Choice; 13] = [
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
pub(in crate::simulate) const LANGUAGES: std::ops::Range<u8> = 0..3;
pub(in crate::simulate) const LATIN_CHOICE: u8 = 3;
/// Bits of the specialities of the general lycée.
pub(in crate::simulate) const SPECIALITIES: std::ops::Range<u8> = 4..10;
/// Bits of the two halves of a workshop.
pub(in crate::simulate) const HALVES: std::ops::Range<u8> = 10..12;
pub(in crate::simulate) const SUPPORT_CHOICE: u8 = 12;
