//! Relatives: both variants of ONDE's extraction, and the templates.
//!
//! The file says *responsable*, and no more: each link is that of a legal representative (1) of unknown kinship (90).

use std::collections::HashMap;

use compact_str::{CompactString, format_compact};

use super::children::{Match, Named};
use super::columns::Child;
use super::field::Field;
use super::key;
use super::person::Names;
use super::pupils::subject;
use super::row::Row;
use super::tally::Tallies;
use super::worker::{Out, Worker};
use crate::feed::aaf::Remark;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Record, RecordDigest, Request};

/// `link$financial$legal$contact$payment` of somebody of whom the file says *responsable*.
const CODES: &str = "90$0$1$0$0";

/// A row of an adult: whether it is a record of its own depends on the rows before it.
#[derive(Debug)]
pub(super) struct Adult {
    record: Record,
    digest: RecordDigest,
    /// The keys of his children.
    children: Vec<CompactString>,
    /// What is said of him when he is yielded.
    said: Vec<Out>,
    noise: Vec<(Remark, u32)>,
    tallies: Tallies,
}

/// The adults met so far.
#[derive(Debug, Default)]
pub(super) struct Adults {
    /// Those that were yielded, with the digest of their record.
    met: HashMap<CompactString, RecordDigest>,
    /// Per pupil, his relatives (`ENTElevePersRelEleve`).
    pub(super) links: HashMap<CompactString, Vec<CompactString>>,
}

/// What is to be passed on of an adult.
pub(super) struct Yielded {
    pub(super) record: Record,
    pub(super) said: Vec<Out>,
    pub(super) noise: Vec<(Remark, u32)>,
    pub(super) tallies: Tallies,
}

impl Adults {
    /// Links an adult to his children; gives his record, unless one of his other rows gave the same.
    pub(super) fn meet(&mut self, adult: Adult) -> Option<Yielded> {
        let Adult { record, digest, children, said, noise, tallies } = adult;
        let mut added = false;
        for pupil in children {
            let link = format_compact!("{}${CODES}", record.key);
            let links = self.links.entry(pupil).or_default();
            if !links.contains(&link) {
                links.push(link);
                added = true;
            }
        }
        // One adult on several rows, each with other children: one record.
        let again = self.met.get(&record.key) == Some(&digest);
        if again && added {
            return None;
        }
        self.met.entry(record.key.clone()).or_insert(digest);
        Some(Yielded { record, said, noise, tallies })
    }
}

impl Worker<'_> {
    /// Reads an adult and looks for his children.
    pub(super) fn relative(&mut self, row: &Row<'_>, school: &Uai) {
        let context = self.context;
        let columns = &context.columns;
        if let Some(met) = self.met(school) {
            met.relatives = true;
        }
        self.scribe.begin(row);
        let names = self.scribe.person(row, columns, context.serial_dates);
        let subject = || subject(&names, None);
        let value = |field| columns.value(row, field);
        let sure = (!names.id.is_empty()).then(|| key::of_id(Category::Relative, school.as_str(), names.id));
        if !self.accept(row, &names, &subject, sure.clone()) {
            return;
        }
        let key = sure.unwrap_or_else(|| {
            let address = format!("{} {}", value(Field::Address), value(Field::ZipCode));
            key::of_relative(school.as_str(), names.last, names.first, &address, value(Field::Email))
        });
        let children = self.children(row, school, &names, &key);
        let fields = self.scribe.builder.take();
        // What the remarks say is kept with him.
        let (out, noise) = (self.batch.out.len(), self.batch.noise.len());
        let tallies = std::mem::take(&mut self.batch.tallies);
        self.remarks(row, school, subject, &key);
        let said = self.batch.out.split_off(out);
        let noise = self.batch.noise.split_off(noise);
        let tallies = std::mem::replace(&mut self.batch.tallies, tallies);
        if let Some(met) = self.met(school) {
            met.inhabited = true;
        }
        let digest = fields.digest();
        let part = u16::try_from(context.part).unwrap_or(u16::MAX);
        let record = Record { category: Category::Relative, request: Request::Add, key, fields, part, line: row.line };
        self.batch.out.push(Out::Adult(Box::new(Adult { record, digest, children, said, noise, tallies })));
    }

    /// The keys of the children that a row names.
    fn children(&mut self, row: &Row<'_>, school: &Uai, adult: &Names<'_>, key: &CompactString) -> Vec<CompactString> {
        let (known, context) = (self.known, self.context);
        let mut children = Vec::new();
        let mut named_any = false;
        for group in &context.columns.children {
            let child = named(row, group);
            if [child.id, child.last, child.usual, child.first].iter().all(|cell| cell.is_empty()) {
                continue;
            }
            named_any = true;
            if !known.schools.of(school).is_some_and(|state| state.pupils) {
                self.batch.tallies.add(Code::ChildNotFound, "no pupils", row.line, || {
                    "aucun fichier d'élèves lu pour cette école : les liens avec les enfants ne sont pas établis"
                        .to_owned()
                });
                continue;
            }
            let found = match known.index.find(school.as_str(), &child) {
                Match::Several(keys) => self.settled(keys, key),
                other => other,
            };
            match found {
                Match::One(pupil) => children.push(pupil),
                Match::None => {
                    let text = format!("enfant {} introuvable parmi les élèves de l'école : aucun lien", shown(&child));
                    self.own(Code::ChildNotFound, text, row, school, subject(adult, None), key);
                }
                Match::Several(keys) => {
                    let text = format!(
                        "enfant {} : {} élèves portent ce nom, rien ne les départage ; aucun lien",
                        shown(&child),
                        keys.len()
                    );
                    self.own(Code::ChildAmbiguous, text, row, school, subject(adult, None), key);
                }
            }
        }
        if !named_any {
            let text = "aucun enfant sur la ligne : responsable sans élève".to_owned();
            self.own(Code::ChildNotFound, text, row, school, subject(adult, None), key);
        }
        children
    }

    /// A child that was linked to this adult before a namesake came stays his.
    fn settled(&self, keys: Vec<CompactString>, relative: &str) -> Match {
        let linked = |pupil: &&CompactString| {
            let links = self.known.earlier.links.get(*pupil).into_iter().flatten();
            links.filter_map(|link| link.split('$').next()).any(|key| key == relative)
        };
        let before: Vec<&CompactString> = keys.iter().filter(linked).collect();
        match before.as_slice() {
            [one] => Match::One((*one).clone()),
            _ => Match::Several(keys),
        }
    }
}

fn named<'r>(row: &Row<'r>, group: &Child) -> Named<'r> {
    let cell = |at: Option<usize>| at.map_or("", |at| row.cell(at));
    Named {
        id: cell(group.id),
        last: cell(group.last),
        usual: cell(group.usual),
        first: cell(group.first),
        class: cell(group.class),
        level: "",
    }
}

/// The child in the words of the row.
fn shown(child: &Named<'_>) -> String {
    let surname = if child.usual.is_empty() { child.last } else { child.usual };
    let name = format!("{} {surname}", child.first);
    let mut text = if name.trim().is_empty() { format!("n° {}", child.id) } else { name.trim().to_owned() };
    let class = child.class.split_whitespace().collect::<Vec<_>>().join(" ");
    if !class.is_empty() {
        text.push_str(&format!(" ({class})"));
    }
    format!("« {} »", crate::wording::plain(&text))
}
