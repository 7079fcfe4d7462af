//! Teachers, other staff and guests. One person may be on several rows, one for each class: they are put together.

use std::collections::HashMap;

use compact_str::CompactString;

use super::classes;
use super::field::Field;
use super::functions::{self, Reading};
use super::key;
use super::person::yes;
use super::profile::Profile;
use super::pupils::subject;
use super::row::Row;
use super::school::News;
use super::worker::{Out, Worker};
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Fields, FieldsBuilder, Record, Request};

/// People kept to put their rows together, at some 500 bytes each; beyond, they are yielded as they stand.
const KEPT: usize = 200_000;

/// The staff read so far, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct StaffList {
    people: Vec<Member>,
    by_key: HashMap<CompactString, Vec<usize>>,
}

/// A person with what his rows add up to.
#[derive(Debug)]
pub(super) struct Member {
    key: CompactString,
    part: u16,
    line: u32,
    /// What every row of a person says alike.
    base: Fields,
    /// Composite values by attribute.
    service: Vec<(&'static str, String)>,
}

impl Worker<'_> {
    /// Reads a row of a teacher, a member of the staff or a guest.
    pub(super) fn staff(&mut self, row: &Row<'_>, school: &Uai) {
        let context = self.context;
        let uai = school.as_str();
        self.scribe.begin(row);
        let names = self.scribe.person(row, &context.columns, context.serial_dates);
        let subject = || subject(&names, None);
        let sure = (!names.id.is_empty()).then(|| key::of_id(Category::Staff, uai, names.id));
        if !self.accept(row, &names, &subject, sure.clone()) {
            return;
        }
        let key = sure.unwrap_or_else(|| key::of_staff(uai, names.last, names.first, &names.born));
        self.scribe.builder.attribute("ENTPersonStructRattach", [uai]);
        let mut service = self.service(row, school);
        self.functions(row, uai, &mut service);
        self.remarks(row, school, subject, &key);
        let base = self.scribe.builder.take();
        if let Some(met) = self.met(school) {
            met.inhabited = true;
        }
        let part = u16::try_from(context.part).unwrap_or(u16::MAX);
        self.batch.out.push(Out::Member(Box::new(Member { key, part, line: row.line, base, service })));
    }

    /// Functions of a row: its own words, the headship, what the file is about.
    fn functions(&mut self, row: &Row<'_>, uai: &str, service: &mut Vec<(&'static str, String)>) {
        let context = self.context;
        let has_classes = !service.is_empty();
        let mut function = |value: String| service.push(("ENTPersonFonctions", value));
        let (columns, profile) = (&context.columns, context.columns.profile);
        let known = self.scribe.known;
        let mut any = false;
        for cell in columns.values(row, Field::Functions).flat_map(|cell| cell.split('|')).map(str::trim) {
            match functions::read(cell, uai, profile) {
                Reading::None => continue,
                Reading::Value(value) => {
                    if !self.scribe.accepts(known.functions, &value) {
                        continue;
                    }
                    function(value);
                }
                Reading::Words { value, code } => {
                    self.batch.tallies.add(Code::FunctionRead, cell, row.line, || {
                        format!("fonction « {} » lue comme {code}", crate::wording::plain(cell))
                    });
                    function(value);
                }
            }
            any = true;
        }
        let director = columns.value(row, Field::Director);
        let heads = yes(director);
        if heads.is_none() && !director.is_empty() {
            self.neither(director, row.line);
        }
        if heads == Some(true) {
            function(format!("{uai}$DIR$DIRECTION$D0000$DIRECTION"));
        }
        // A head who has a class teaches it; one without is only head.
        let default = heads != Some(true) || has_classes;
        if !any && default {
            function(functions::default(uai, profile));
        }
        if profile == Profile::Teacher {
            let cell = columns.value(row, Field::Teaches);
            let said = yes(cell);
            if said.is_none() && !cell.is_empty() {
                self.neither(cell, row.line);
            }
            if said.unwrap_or(default) {
                service.push(("PersEducNatPresenceDevantEleves", "O".to_owned()));
            }
        }
    }

    /// Says that a cell is neither yes nor no.
    pub(super) fn neither(&mut self, cell: &str, line: u32) {
        self.batch.tallies.add(Code::InvalidBoolean, cell, line, || {
            format!("« {} » n'est ni oui ni non : valeur ignorée", crate::wording::plain(cell))
        });
    }

    /// Classes, groups and subjects of a row, as composite values.
    fn service(&self, row: &Row<'_>, school: &Uai) -> Vec<(&'static str, String)> {
        let (columns, uai) = (&self.context.columns, school.as_str());
        // Pupils were read before: the classes are all known.
        let news = News::default();
        let spelled = |class: &str| {
            let class = classes::plain(class);
            self.class(school, &class, &news).map_or_else(|| class.clone(), CompactString::from)
        };
        let mut service = Vec::new();
        for cell in columns.values(row, Field::Classes) {
            for piece in classes::split(cell, |label| self.class(school, label, &news).is_some()) {
                let (class, subject) = piece.split_once('$').unwrap_or((piece, ""));
                let class = spelled(class);
                if class.is_empty() {
                    continue;
                }
                let subject = classes::plain(subject);
                if !subject.is_empty() {
                    service.push(("ENTAuxEnsClassesMatieres", format!("{uai}${class}${subject}")));
                }
                service.push(("ENTAuxEnsClasses", format!("{uai}${class}")));
            }
        }
        for (field, attribute) in [
            (Field::Groups, "ENTAuxEnsGroupes"),
            (Field::HeadTeacher, "ENTAuxEnsClassesPrincipal"),
            (Field::Discipline, "ENTAuxEnsCategoDiscipline"),
            (Field::SubjectTaught, "ENTAuxEnsMatiereEnseignEtab"),
        ] {
            for piece in columns.values(row, field).flat_map(|cell| cell.split('|')).map(str::trim) {
                let label = if field == Field::HeadTeacher { spelled(piece) } else { classes::plain(piece) };
                if !label.is_empty() {
                    service.push((attribute, format!("{uai}${label}")));
                }
            }
        }
        service
    }
}

impl StaffList {
    /// Adds a row to those of the same person.
    pub(super) fn add(&mut self, row: Member) {
        let places = self.by_key.entry(row.key.clone()).or_default();
        for at in places.iter() {
            if let Some(member) = self.people.get_mut(*at)
                && member.base == row.base
                && row.service.iter().any(|value| !member.service.contains(value))
            {
                member.service.extend(row.service);
                return;
            }
        }
        places.push(self.people.len());
        self.people.push(row);
    }

    pub(super) fn is_full(&self) -> bool {
        self.people.len() >= KEPT
    }

    /// The records of all; nobody is left.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Record> + use<> {
        let people = std::mem::take(&mut self.people);
        self.by_key.clear();
        let mut builder = FieldsBuilder::new();
        people.into_iter().map(move |member| {
            for (name, values) in member.base.iter() {
                builder.attribute(name, values);
            }
            let Member { key, part, line, mut service, .. } = member;
            // Attribute by attribute: the builder adds to the one that was begun last.
            service.sort_by_key(|(attribute, _)| *attribute);
            for (attribute, value) in &service {
                builder.begin(attribute);
                builder.value(value);
            }
            Record { category: Category::Staff, request: Request::Add, key, fields: builder.take(), part, line }
        })
    }
}
