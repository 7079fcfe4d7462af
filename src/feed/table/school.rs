//! [`Schools`]: the schools of a delivery, their classes as the files show them, their records at the end.

use std::collections::{BTreeMap, HashMap, HashSet};

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
#[expect(clippy::struct_excessive_bools, reason = "four independent things that are known of its files")]
pub(super) struct SchoolState {
    pub(super) school: School,
    /// Comparison form → the pupils' spelling.
    classes: BTreeMap<CompactString, CompactString>,
    /// Every spelling met.
    written: HashSet<CompactString>,
    last_level: CompactString,
    /// The part that named it first.
    part: usize,
    levels: Levels,
    /// Files of each kind, to know whose absence means something.
    pub(super) pupils: bool,
    pub(super) relatives: bool,
    /// Some of the relatives' rows could not be read: links may be missing.
    pub(super) relatives_broken: bool,
    /// A person was found in it.
    pub(super) inhabited: bool,
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
            classes: BTreeMap::new(),
            written: HashSet::new(),
            last_level: CompactString::default(),
            part,
            levels: Levels::default(),
            pupils: false,
            relatives: false,
            relatives_broken: false,
            inhabited: false,
        });
        number
    }

    pub(super) fn get(&self, number: usize) -> Option<&SchoolState> {
        self.list.get(number)
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut SchoolState> {
        self.list.get_mut(number)
    }

    /// The records of the schools in which somebody is, in the order of the files.
    pub(super) fn records(&self, layout: Layout) -> impl Iterator<Item = Record> {
        self.list.iter().filter(|state| state.inhabited).map(move |state| state.record(layout))
    }
}

impl SchoolState {
    pub(super) fn uai(&self) -> &str {
        self.school.uai.as_str()
    }

    /// Notes a pupil's class, as it is written.
    pub(super) fn add_class(&mut self, class: &str) {
        self.written.insert(class.into());
        self.classes.entry(folded(class)).or_insert_with(|| class.into());
    }

    pub(super) fn add_level(&mut self, level: &str) {
        if !level.is_empty() && level != self.last_level {
            self.last_level = level.into();
            let infant = matches!(folded(level).as_str(), "tps" | "ps" | "ms" | "gs");
            self.levels.infant |= infant;
            self.levels.others |= !infant;
        }
    }

    /// A class that was met in this very spelling.
    pub(super) fn class_written(&self, class: &str) -> Option<CompactString> {
        self.written.get(class).cloned()
    }

    /// The pupils' spelling of a class, when they are in it.
    pub(super) fn class(&self, label: &str) -> Option<&str> {
        self.classes.get(&folded(label)).map(CompactString::as_str)
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
            Layout::Onde if self.levels.infant && !self.levels.others => Some(INFANT),
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
        for class in self.classes.values() {
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
