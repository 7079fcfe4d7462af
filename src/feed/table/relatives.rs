//! Relatives: both variants of ONDE's extraction, and the templates.
//!
//! The file says *responsable*, and no more: each link is that of a legal representative (1) of unknown kinship (90).

use compact_str::{CompactString, format_compact};

use super::children::{Match, Named};
use super::columns::Child;
use super::field::Field;
use super::key;
use super::person::Names;
use super::pupils::subject;
use super::reader::{Context, Run};
use super::row::Row;
use crate::feed::{Category, Code, Record, Request};

/// `link$financial$legal$contact$payment` of somebody of whom the file says *responsable*.
const CODES: &str = "90$0$1$0$0";

impl Run<'_> {
    /// Reads an adult and links him to his children.
    pub(super) fn relative(&mut self, row: &Row, context: &Context) {
        let columns = &context.columns;
        let Some(school) = self.school_of(row, context) else { return };
        let Some(state) = self.schools.get_mut(school) else { return };
        state.relatives = true;
        let uai = CompactString::from(state.uai());
        self.scribe.clear();
        let names = self.scribe.person(row, columns, context.serial_dates);
        let subject = || subject(&names, None);
        let value = |field| columns.value(row, field);
        let sure = (!names.id.is_empty()).then(|| key::of_id(Category::Relative, &uai, names.id));
        if !self.accept(row, context, school, &names, &subject, sure.clone()) {
            return;
        }
        let key = sure.unwrap_or_else(|| {
            let address = format!("{} {}", value(Field::Address), value(Field::ZipCode));
            key::of_relative(&uai, names.last, names.first, &address, value(Field::Email))
        });
        let added = self.children(row, context, school, &names, &key);
        let fields = self.scribe.builder.take();
        let digest = fields.digest();
        // One adult on several rows, each with other children: one record.
        let again = self.relatives.get(&key) == Some(&digest);
        if again && added {
            return;
        }
        self.relatives.entry(key.clone()).or_insert(digest);
        self.remarks(row, context, school, subject, &key);
        if let Some(state) = self.schools.get_mut(school) {
            state.inhabited = true;
        }
        let part = u16::try_from(context.part).unwrap_or(u16::MAX);
        self.record(Record { category: Category::Relative, request: Request::Add, key, fields, part, line: row.line });
    }

    /// Links an adult to the children that his row names; gives whether a link is new.
    fn children(
        &mut self,
        row: &Row,
        context: &Context,
        school: usize,
        adult: &Names<'_>,
        key: &CompactString,
    ) -> bool {
        let mut added = false;
        let mut named_any = false;
        for group in &context.columns.children {
            let child = named(row, group);
            if [child.id, child.last, child.usual, child.first].iter().all(|cell| cell.is_empty()) {
                continue;
            }
            named_any = true;
            if !self.schools.get(school).is_some_and(|state| state.pupils) {
                self.tallies.add(Code::ChildNotFound, "no pupils", row.line, || {
                    "aucun fichier d'élèves lu pour cette école : les liens avec les enfants ne sont pas établis"
                        .to_owned()
                });
                continue;
            }
            let found = match self.index.find(school, &child) {
                Match::Several(keys) => self.settled(keys, key),
                other => other,
            };
            match found {
                Match::One(pupil) => {
                    let link = format_compact!("{key}${CODES}");
                    let links = self.links.entry(pupil).or_default();
                    if !links.contains(&link) {
                        links.push(link);
                        added = true;
                    }
                }
                Match::None => {
                    let text = format!("enfant {} introuvable parmi les élèves de l'école : aucun lien", shown(&child));
                    self.own(Code::ChildNotFound, text, row, context, school, subject(adult, None), key);
                }
                Match::Several(keys) => {
                    let text = format!(
                        "enfant {} : {} élèves portent ce nom, rien ne les départage ; aucun lien",
                        shown(&child),
                        keys.len()
                    );
                    self.own(Code::ChildAmbiguous, text, row, context, school, subject(adult, None), key);
                }
            }
        }
        if !named_any {
            let text = "aucun enfant sur la ligne : responsable sans élève".to_owned();
            self.own(Code::ChildNotFound, text, row, context, school, subject(adult, None), key);
        }
        added
    }

    /// A child that was linked to this adult before a namesake came stays his.
    fn settled(&self, keys: Vec<CompactString>, relative: &str) -> Match {
        let linked = |pupil: &&CompactString| {
            let links = self.earlier.links.get(*pupil).into_iter().flatten();
            links.filter_map(|link| link.split('$').next()).any(|key| key == relative)
        };
        let before: Vec<&CompactString> = keys.iter().filter(linked).collect();
        match before.as_slice() {
            [one] => Match::One((*one).clone()),
            _ => Match::Several(keys),
        }
    }
}

fn named<'r>(row: &'r Row, group: &Child) -> Named<'r> {
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
