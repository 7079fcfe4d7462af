//! The state of an invented academy: compact rows that refer to each other by index.
//!
//! Rows are never removed: someone who leaves is marked absent, keeps the key and may come back. A key is the row's
//! index in its table plus a base per table, so that it is never given twice. Indices come from this module's own
//! tables only; nothing read from outside is ever used as one.

use super::draw::{Draw, Stream};
use super::places::{Address, Phone, Places};
use super::words::{FirstName, Surname, Words};

pub(super) use super::curriculum::Kind;

/// Bases of the keys of the person tables: seven digits, no two tables overlap before [`MAX_PUPILS`].
pub(super) const STAFF_BASE: u32 = 1_000_000;
pub(super) const PUPIL_BASE: u32 = 2_000_000;
pub(super) const RELATIVE_BASE: u32 = 5_000_000;
pub(super) const STRUCTURE_BASE: u32 = 52_001;

/// Pupils of one academy, so that keys stay within seven digits and their ranges (relatives are under twice as many).
pub(super) const MAX_PUPILS: u32 = 2_000_000;
/// Schools of one academy, so that UAI and structure keys stay within their ranges.
pub(super) const MAX_SCHOOLS: u32 = 9_000;

/// A civil day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_field_names, reason = "a day of the month is called so")]
pub(super) struct Day {
    pub(super) year: i16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Day {
    /// 1 September of a year: the day zero of a school year.
    pub(super) const fn september(year: i16) -> Self {
        Self { year, month: 9, day: 1 }
    }

    /// A birthday in `year`; the 29th to the 31st are left to other people.
    pub(super) fn birthday(draw: &mut Draw, year: i16) -> Self {
        Self { year, month: draw.between(1, 12) as u8, day: draw.between(1, 28) as u8 }
    }

    /// Whether someone born on this day is of age on `today`.
    pub(super) const fn adult_on(self, today: Self) -> bool {
        let years = today.year - self.year;
        years > 18 || years == 18 && (self.month < today.month || self.month == today.month && self.day <= today.day)
    }
}

/// A structure with pupils.
#[derive(Debug, Clone)]
pub(super) struct School {
    pub(super) uai: String,
    pub(super) siret: Option<String>,
    pub(super) kind: Kind,
    pub(super) private: bool,
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) phone: Phone,
    /// How divisions are numbered: `A`, `1`, ` 1`, `°2`.
    pub(super) numbering: u8,
    /// The school that it belongs to (itself for the head of a group), by index.
    pub(super) attached_to: Option<u16>,
    /// Where its leavers usually go.
    pub(super) lycee: Option<u16>,
    pub(super) vocational: Option<u16>,
    pub(super) classes: Vec<Class>,
    pub(super) groups: Vec<Group>,
    pub(super) posts: Vec<Post>,
}

/// A division.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) formation: u8,
    pub(super) size: u16,
    /// Groups of the school that take pupils of this division.
    pub(super) groups: Vec<u16>,
    /// The choices that those groups offer.
    pub(super) offered: u16,
    /// The post whose holder is its head teacher.
    pub(super) head: Option<u16>,
}

/// A teaching group: one choice, in some divisions of one formation.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) choice: u8,
    pub(super) formation: u8,
    pub(super) classes: std::ops::Range<u16>,
}

/// A teacher's service in one school: divisions and groups with their subjects.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) discipline: u8,
    pub(super) half_hours: u16,
    /// (division, subject).
    pub(super) classes: Vec<(u16, u8)>,
    /// (group, subject).
    pub(super) groups: Vec<(u16, u8)>,
    pub(super) holder: Option<u32>,
}

/// A structure outside the ENT: listed as reference, without divisions.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    pub(super) uai: String,
    pub(super) siret: Option<String>,
    pub(super) short: &'static str,
    pub(super) name: String,
    pub(super) type_label: &'static str,
    pub(super) address: Address,
    pub(super) phone: Phone,
}

/// Parents, their addresses and children, under one index of its own stream.
#[derive(Debug, Clone)]
pub(super) struct Family {
    /// The collège of the place where they live.
    pub(super) sector: u16,
    pub(super) homes: [Home; 3],
    pub(super) pupils: Vec<u32>,
    pub(super) relatives: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) address: Address,
    pub(super) phone: Phone,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "as many yes-or-no attributes in the record")]
pub(super) struct Pupil {
    pub(super) family: u32,
    pub(super) surname: Surname,
    /// The usual name when it is another.
    pub(super) usual: Surname,
    pub(super) first: FirstName,
    pub(super) others: [FirstName; 2],
    pub(super) male: bool,
    pub(super) born: Day,
    pub(super) present: bool,
    pub(super) school: u16,
    pub(super) class: u16,
    pub(super) formation: u8,
    /// Bits of the choices (languages, specialities, halves).
    pub(super) choices: u16,
    /// Which home of the family, and whether the second is one as well.
    pub(super) home: u8,
    pub(super) alternates: bool,
    pub(super) regime: u8,
    pub(super) grant: bool,
    pub(super) transport: bool,
    pub(super) apprentice: bool,
    pub(super) mail: bool,
    pub(super) number: Number,
    pub(super) joined_school: Day,
    pub(super) joined_class: Day,
    pub(super) links: Vec<Link>,
}

/// Which national number a pupil has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Nine digits and two letters, the letters kept here as indices below ten.
    Register(u8, u8),
    /// Ten digits and a check letter.
    Base,
    None,
}

/// A value of `ENTElevePersRelEleve`, in the codes from 2017 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) relative: u32,
    pub(super) code: u8,
    /// 0 none, 1 parental authority, 2 in charge, 3 contact.
    pub(super) legal: u8,
    pub(super) financial: bool,
    pub(super) contact: bool,
    pub(super) payment: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Relative {
    pub(super) family: u32,
    pub(super) surname: Surname,
    pub(super) usual: Surname,
    pub(super) first: FirstName,
    pub(super) male: bool,
    pub(super) home: u8,
    pub(super) mobile: Phone,
    pub(super) work: Phone,
    pub(super) mail: Mail,
    pub(super) texts: bool,
    pub(super) shares_address: bool,
    /// Present pupils that name this relative: delivered when there are some.
    pub(super) children: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    None,
    /// `prenom.nom` and the n-th address that this person has had.
    Own(u8),
    /// One for the household.
    Shared,
}

#[derive(Debug, Clone)]
pub(super) struct Staff {
    pub(super) surname: Surname,
    pub(super) usual: Surname,
    pub(super) first: FirstName,
    pub(super) other: FirstName,
    pub(super) male: bool,
    pub(super) born: Day,
    pub(super) job: Job,
    pub(super) attached: Attached,
    /// Schools served by those who do not teach.
    pub(super) schools: Vec<u16>,
    /// Structures outside the ENT served besides.
    pub(super) outside: Vec<u16>,
    /// Posts held: (school, post).
    pub(super) posts: Vec<(u16, u16)>,
    pub(super) mail: u8,
    /// The night on which a contract begins; present from the start when 0.
    pub(super) from_night: u16,
    pub(super) present: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attached {
    School(u16),
    Outside(u16),
    Nowhere,
}

/// What someone is employed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Teacher of a discipline.
    Teacher(u8),
    Head,
    Deputy,
    Counsellor,
    Assistant,
    Supervisor,
    Librarian,
    Nurse,
    Manager,
    Secretary,
    Companion,
    Laboratory,
    WorkshopHead,
    Psychologist,
    Office,
    /// Employed, without a function (`-`).
    Nothing,
}

/// The academy on one day.
#[derive(Debug, Clone)]
pub(super) struct Academy {
    pub(super) seed: u64,
    /// The school year: that of its September.
    pub(super) year: i16,
    pub(super) today: Day,
    pub(super) schools: Vec<School>,
    pub(super) outside: Vec<Outside>,
    pub(super) families: Vec<Family>,
    pub(super) pupils: Vec<Pupil>,
    pub(super) relatives: Vec<Relative>,
    pub(super) staff: Vec<Staff>,
    /// Pupils who left during the year, the last at the end: some come back.
    pub(super) departed: Vec<u32>,
    /// Functions other than teaching that someone left and nobody took yet, with their school.
    pub(super) openings: Vec<(Job, u16)>,
}

/// What does not change with the days.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) words: Words,
    pub(super) places: Places,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self { words: Words::new(), places: Places::new() }
    }
}

impl Academy {
    pub(super) fn draw(&self, stream: Stream, index: usize) -> Draw {
        Draw::new(self.seed, stream, index)
    }

    /// A pupil arrives, stays or leaves: the counters of relatives and of the division follow.
    pub(super) fn set_present(&mut self, pupil: u32, present: bool) {
        let Some(row) = self.pupils.get_mut(pupil as usize) else { return };
        if row.present == present {
            return;
        }
        row.present = present;
        let step = |count: &mut u16| *count = if present { count.saturating_add(1) } else { count.saturating_sub(1) };
        for link in &row.links {
            if let Some(relative) = self.relatives.get_mut(link.relative as usize) {
                step(&mut relative.children);
            }
        }
        if let Some(class) =
            self.schools.get_mut(usize::from(row.school)).and_then(|s| s.classes.get_mut(usize::from(row.class)))
        {
            step(&mut class.size);
        }
    }

    /// Puts a pupil into a division, out of the one that he was in.
    pub(super) fn seat(&mut self, pupil: u32, school: u16, class: u16, day: Day) {
        let was_present = self.pupils[pupil as usize].present;
        self.set_present(pupil, false);
        let offered = self.schools[usize::from(school)].classes[usize::from(class)].offered;
        let formation = self.schools[usize::from(school)].classes[usize::from(class)].formation;
        let row = &mut self.pupils[pupil as usize];
        if row.school != school {
            row.joined_school = day;
        }
        row.school = school;
        row.class = class;
        row.formation = formation;
        row.joined_class = day;
        row.choices = super::divisions::fit(row.choices, offered);
        self.set_present(pupil, was_present);
    }

    /// The smallest division of a formation in a school.
    pub(super) fn smallest_class(&self, school: u16, formation: u8) -> Option<u16> {
        let classes = &self.schools[usize::from(school)].classes;
        let at = classes.iter().enumerate().filter(|(_, c)| c.formation == formation).min_by_key(|(_, c)| c.size)?.0;
        u16::try_from(at).ok()
    }

    /// Accounts-to-be: present pupils, relatives with a present pupil, present staff.
    pub(super) fn persons(&self) -> usize {
        self.pupils.iter().filter(|p| p.present).count()
            + self.relatives.iter().filter(|r| r.children > 0).count()
            + self.staff.iter().filter(|s| s.present).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_age_on_the_day_itself() {
        let today = Day { year: 2026, month: 9, day: 1 };
        assert!(Day { year: 2008, month: 9, day: 1 }.adult_on(today));
        assert!(!Day { year: 2008, month: 9, day: 2 }.adult_on(today));
        assert!(Day { year: 2007, month: 12, day: 31 }.adult_on(today));
        assert!(!Day { year: 2009, month: 1, day: 1 }.adult_on(today));
    }
}
