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
use super::reader::{Context, Run};
use super::row::Row;
use crate::feed::{Category, Code, Fields, FieldsBuilder, Record, Request};

/// People kept to put their rows together, at some 500 bytes each; beyond, they are yielded as they stand.
const KEPT: usize = 200_000;

/// The staff read so far, in the order of the files.
#[derive(Debug, Default)]
pub(super) struct StaffList {
    people: Vec<Member>,
    by_key: HashMap<CompactString, Vec<usize>>,
    /// Relatives of a school that is not known could not be read.
    pub(super) links_unsure: bool,
}

/// A person with what his rows add up to.
#[derive(Debug)]
struct Member {
    key: CompactString,
    part: u16,
    line: u32,
    /// What every row of a person says alike.
    base: Fields,
    /// Composite values by attribute.
    service: Vec<(&'static str, String)>,
}

impl Run<'_> {
    /// Reads a row of a teacher, a member of the staff or a guest.
    pub(super) fn staff(&mut self, row: &Row, context: &Context) {
        let columns = &context.columns;
        let Some(school) = self.school_of(row, context) else { return };
        let Some(uai) = self.schools.get(school).map(|state| CompactString::from(state.uai())) else { return };
        self.scribe.clear();
        let names = self.scribe.person(row, columns, context.serial_dates);
        let subject = || subject(&names, None);
        let sure = (!names.id.is_empty()).then(|| key::of_id(Category::Staff, &uai, names.id));
        if !self.accept(row, context, school, &names, &subject, sure.clone()) {
            return;
        }
        let key = sure.unwrap_or_else(|| key::of_staff(&uai, names.last, names.first, &names.born));
        self.scribe.put(self.scribe.known.structure, &uai);
        let mut service = self.service(row, context, school, &uai);
        self.functions(row, context, &uai, &mut service);
        self.remarks(row, context, school, subject, &key);
        let base = self.scribe.builder.take();
        if let Some(state) = self.schools.get_mut(school) {
            state.inhabited = true;
        }
        self.put_together(key, base, service, context, row.line);
        if self.staff_list.people.len() >= KEPT {
            self.emit_staff();
        }
    }

    /// Functions of a row: its own words, the headship, what the file is about.
    fn functions(&mut self, row: &Row, context: &Context, uai: &str, service: &mut Vec<(&'static str, String)>) {
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
                    self.tallies.add(Code::FunctionRead, cell, row.line, || {
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
        self.tallies.add(Code::InvalidBoolean, cell, line, || {
            format!("« {} » n'est ni oui ni non : valeur ignorée", crate::wording::plain(cell))
        });
    }

    /// Classes, groups and subjects of a row, as composite values.
    fn service(&mut self, row: &Row, context: &Context, school: usize, uai: &str) -> Vec<(&'static str, String)> {
        let columns = &context.columns;
        let state = self.schools.get(school);
        let spelled = |class: &str| {
            let class = classes::plain(class);
            state.and_then(|state| state.class(&class)).map_or(class.clone(), str::to_owned)
        };
        let mut service = Vec::new();
        for cell in columns.values(row, Field::Classes) {
            for piece in classes::split(cell, state) {
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

    fn put_together(
        &mut self,
        key: CompactString,
        base: Fields,
        service: Vec<(&'static str, String)>,
        context: &Context,
        line: u32,
    ) {
        let list = &mut self.staff_list;
        let places = list.by_key.entry(key.clone()).or_default();
        for at in places.iter() {
            if let Some(member) = list.people.get_mut(*at)
                && member.base == base
                && service.iter().any(|value| !member.service.contains(value))
            {
                member.service.extend(service);
                return;
            }
        }
        places.push(list.people.len());
        let part = u16::try_from(context.part).unwrap_or(u16::MAX);
        list.people.push(Member { key, part, line, base, service });
    }

    /// Yields the staff.
    pub(super) fn emit_staff(&mut self) {
        let people = std::mem::take(&mut self.staff_list.people);
        self.staff_list.by_key.clear();
        let mut builder = FieldsBuilder::new();
        for member in people {
            for (name, values) in member.base.iter() {
                builder.attribute(name, values);
            }
            let mut service = member.service;
            // Attribute by attribute: the builder adds to the one that was begun last.
            service.sort_by_key(|(attribute, _)| *attribute);
            for (attribute, value) in &service {
                builder.begin(attribute);
                builder.value(value);
            }
            let fields = builder.take();
            let Member { key, part, line, .. } = Member { service: Vec::new(), ..member };
            self.record(Record { category: Category::Staff, request: Request::Add, key, fields, part, line });
        }
    }
}
