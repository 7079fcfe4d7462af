//! [`Schools`]: the schools of a delivery, their classes as the files show them, their records at the end.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;

use super::fold::folded;
use super::place::Place;
use super::spec::{Layout, School, TableSpec};
use crate::feed::values::Uai;
use crate::feed::{Category, FieldsBuilder, Record, Request};

/// What the AAF calls a first-degree school.
const ELEMENTARY: &str = "ECOLE DE NIVEAU ELEMENTAIRE";
const INFANT: &str = "ECOLE MATERNELLE";

/// Whether levels of an infant school were met, and others.
#[derive(Debug, Default)]
struct Levels {
    infant: bool,
    others: bool,
}

/// A school of the delivery.
#[derive(Debug)]
pub(super) struct SchoolState {
    pub(super) school: School,
    /// The part that named it first.
    part: usize,
    /// Its files are there, to know whose absence means something.
    pub(super) pupils: bool,
    pub(super) relatives: bool,
    /// Some of the relatives' rows could not be read: links may be missing.
    pub(super) relatives_broken: bool,
    met: Met,
}

/// What rows show of a school.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent things that were seen or not")]
pub(super) struct Met {
    /// Comparison form → the pupils' spelling.
    classes: BTreeMap<CompactString, CompactString>,
    /// The last class and level that were added: the next rows have them too.
    last_class: CompactString,
    last_level: CompactString,
    levels: Levels,
    /// A person was found in it.
    pub(super) inhabited: bool,
    /// One of its relatives could not be read.
    pub(super) relatives_broken: bool,
    /// Rows of pupils, and of relatives.
    pub(super) pupils: bool,
    pub(super) relatives: bool,
}

/// What the rows of a piece, then of a part, show of schools, in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct News {
    list: Vec<(Uai, Met)>,
    by_uai: HashMap<Uai, usize>,
}

/// The schools, by number.
#[derive(Debug, Default)]
pub(super) struct Schools {
    list: Vec<SchoolState>,
    by_uai: HashMap<Uai, usize>,
}

impl Schools {
    /// The school of a file, and the class of all its pupils when its folder says so.
    pub(super) fn of_part(
        &mut self,
        spec: &TableSpec,
        place: Option<Place>,
        part: usize,
    ) -> (Option<usize>, Option<CompactString>) {
        let Some(place) = place else {
            let school = spec.school.as_ref().map(|school| self.number(school.uai.clone(), part, spec));
            return (school, None);
        };
        let number = self.number(place.uai, part, spec);
        if let Some(state) = self.list.get_mut(number)
            && state.school.name.is_none()
        {
            state.school.name = place.name;
        }
        (Some(number), place.class)
    }

    /// The number of a school, known or new.
    pub(super) fn number(&mut self, uai: Uai, part: usize, spec: &TableSpec) -> usize {
        if let Some(number) = self.by_uai.get(&uai) {
            return *number;
        }
        let described = spec.school.as_ref().filter(|school| school.uai == uai).cloned();
        let number = self.list.len();
        self.by_uai.insert(uai.clone(), number);
        self.list.push(SchoolState {
            school: described.unwrap_or_else(|| School::new(uai)),
            part,
            pupils: false,
            relatives: false,
            relatives_broken: false,
            met: Met::default(),
        });
        number
    }

    /// Takes in what the rows of a part showed.
    pub(super) fn absorb(&mut self, news: News, part: usize, spec: &TableSpec) {
        for (uai, met) in news.list {
            let number = self.number(uai, part, spec);
            let Some(state) = self.list.get_mut(number) else { continue };
            state.pupils |= met.pupils;
            state.relatives |= met.relatives;
            state.relatives_broken |= met.relatives_broken;
            state.met.absorb(met);
        }
    }

    /// A school by its UAI, when it is known.
    pub(super) fn of(&self, uai: &Uai) -> Option<&SchoolState> {
        self.by_uai.get(uai).and_then(|number| self.get(*number))
    }

    pub(super) fn get(&self, number: usize) -> Option<&SchoolState> {
        self.list.get(number)
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut SchoolState> {
        self.list.get_mut(number)
    }

    /// The records of the schools in which somebody is, in the order of the files.
    pub(super) fn records(&self, layout: Layout) -> impl Iterator<Item = Record> {
        self.list.iter().filter(|state| state.met.inhabited).map(move |state| state.record(layout))
    }
}

impl SchoolState {
    pub(super) fn uai(&self) -> &str {
        self.school.uai.as_str()
    }

    /// The pupils' spelling of a class, when they are in it.
    pub(super) fn class(&self, label: &str) -> Option<&str> {
        self.met.class(label)
    }

    fn record(&self, layout: Layout) -> Record {
        let school = &self.school;
        let mut fields = FieldsBuilder::new();
        let mut one = |name: &str, value: Option<&str>| fields.attribute(name, value);
        one("ENTStructureJointure", Some(self.uai()));
        one("ENTStructureUAI", Some(self.uai()));
        one("ENTStructureSIREN", school.siret.as_deref());
        one("ENTStructureNomCourant", school.name.as_deref());
        let kind = school.kind.as_deref().or(match layout {
            Layout::Onde if self.met.levels.infant && !self.met.levels.others => Some(INFANT),
            Layout::Onde => Some(ELEMENTARY),
            Layout::Csv => None,
        });
        one("ENTStructureTypeStruct", kind);
        one("ENTServAcAcademie", school.academy.as_deref());
        one("street", school.street.as_deref());
        one("postalCode", school.postal_code.as_deref());
        one("l", school.town.as_deref());
        one("telephoneNumber", school.phone.as_deref());
        one("ENTStructureMailSI", school.mail.as_deref());
        fields.begin("ENTStructureClasses");
        for class in self.met.classes.values() {
            fields.value(&format!("{class}${class}"));
        }
        Record {
            category: Category::Structure,
            request: Request::Add,
            key: self.uai().into(),
            fields: fields.build(),
            part: u16::try_from(self.part).unwrap_or(u16::MAX),
            line: 1,
        }
    }
}

impl Met {
    /// Notes a pupil's class, as it is written.
    pub(super) fn add_class(&mut self, class: &str) {
        if class != self.last_class {
            self.last_class = class.into();
            self.classes.entry(folded(class)).or_insert_with(|| class.into());
        }
    }

    pub(super) fn add_level(&mut self, level: &str) {
        if !level.is_empty() && level != self.last_level {
            self.last_level = level.into();
            let infant = matches!(folded(level).as_str(), "tps" | "ps" | "ms" | "gs");
            self.levels.infant |= infant;
            self.levels.others |= !infant;
        }
    }

    /// The pupils' spelling of a class.
    fn class(&self, label: &str) -> Option<&str> {
        self.classes.get(&folded(label)).map(CompactString::as_str)
    }

    /// Takes in what later rows showed.
    fn absorb(&mut self, later: Self) {
        for (form, class) in later.classes {
            self.classes.entry(form).or_insert(class);
        }
        self.levels.infant |= later.levels.infant;
        self.levels.others |= later.levels.others;
        self.inhabited |= later.inhabited;
        self.relatives_broken |= later.relatives_broken;
        self.pupils |= later.pupils;
        self.relatives |= later.relatives;
    }
}

impl News {
    /// The place of a school, known or new.
    pub(super) fn place(&mut self, uai: &Uai) -> usize {
        if let Some((last, (known, _))) = self.list.iter().enumerate().next_back()
            && known == uai
        {
            return last;
        }
        *self.by_uai.entry(uai.clone()).or_insert_with(|| {
            self.list.push((uai.clone(), Met::default()));
            self.list.len() - 1
        })
    }

    pub(super) fn met(&mut self, place: usize) -> Option<&mut Met> {
        self.list.get_mut(place).map(|(_, met)| met)
    }

    /// A class of a school, as it was first met.
    pub(super) fn class(&self, uai: &Uai, label: &str) -> Option<&str> {
        self.by_uai.get(uai).and_then(|place| self.list.get(*place)).and_then(|(_, met)| met.class(label))
    }

    /// Takes in what later rows showed.
    pub(super) fn absorb(&mut self, later: Self) {
        for (uai, met) in later.list {
            let place = self.place(&uai);
            if let Some((_, known)) = self.list.get_mut(place) {
                known.absorb(met);
            }
        }
    }
}
