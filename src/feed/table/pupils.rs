//! Pupils: ONDE's extraction, old and new, and the templates.

use compact_str::CompactString;

use super::children::{Entry, Named};
use super::classes;
use super::field::Field;
use super::fold::folded;
use super::key;
use super::person::{Names, yes};
use super::repair::{self, Number};
use super::row::Row;
use super::school::News;
use super::worker::{Out, Worker};
use crate::feed::aaf::clean;
use crate::feed::values::{Uai, parse_date};
use crate::feed::{Category, Code, Record, Request};

impl Worker<'_> {
    /// First pass: who there is, for the relatives.
    pub(super) fn index(&mut self, row: &Row<'_>, school: &Uai) {
        let context = self.context;
        let columns = &context.columns;
        let value = |field| columns.value(row, field);
        let born = repair::date(value(Field::BirthDate), context.serial_dates).text;
        let (family, usual) = (value(Field::LastName), value(Field::UsualName));
        let names = Names {
            last: if family.is_empty() { usual } else { family },
            usual,
            first: value(Field::FirstName),
            born,
            id: value(Field::ExternalId),
        };
        // Who has no record of his own can be nobody's child here.
        let whole = !names.last.is_empty() && !names.first.is_empty() && parse_date(&names.born).is_some();
        let Some(met) = self.met(school).filter(|_| whole) else { return };
        met.pupils = true;
        let class = context.class.as_deref().unwrap_or_else(|| value(Field::Classes));
        let named =
            Named { id: names.id, last: names.last, usual, first: names.first, class, level: value(Field::Level) };
        let key = pupil_key(school, &names);
        self.batch.out.push(Out::Indexed(Box::new(Entry::new(school.as_str(), &named, key))));
    }

    /// Second pass: the record.
    pub(super) fn pupil(&mut self, row: &Row<'_>, school: &Uai, earlier: &News) {
        let context = self.context;
        let columns = &context.columns;
        let uai = school.as_str();
        self.scribe.begin(row);
        let names = self.scribe.person(row, columns, context.serial_dates);
        let known = self.scribe.known;
        self.scribe.builder.attribute("ENTPersonStructRattach", [uai]);
        self.ine(columns.value(row, Field::Ine));
        let class = self.pupil_classes(row, school);
        for cell in columns.values(row, Field::Groups) {
            for group in self.groups(cell, school, earlier) {
                self.scribe.put(known.group, &inside(school, &classes::plain(group)));
            }
        }
        let level = columns.value(row, Field::Level);
        for (field, attribute) in [
            (Field::Level, known.level),
            (Field::Cycle, known.cycle),
            (Field::Regime, known.regime),
            (Field::Mef, known.mef),
            (Field::MefLabel, known.mef_label),
            (Field::Status, known.status),
        ] {
            let cell = columns.value(row, field);
            if !cell.is_empty() {
                self.scribe.put(attribute, cell);
            }
        }
        for (field, attribute) in [(Field::SubjectCode, known.subject_code), (Field::SubjectLabel, known.subject_label)]
        {
            for piece in columns.values(row, field).flat_map(|cell| cell.split('|')) {
                self.scribe.put(attribute, piece.trim());
            }
        }
        for (field, attribute) in [(Field::Scholarship, known.scholarship), (Field::Transport, known.transport)] {
            let cell = columns.value(row, field);
            match yes(cell) {
                Some(yes) => drop(self.scribe.put(attribute, if yes { "O" } else { "N" })),
                None if !cell.is_empty() => self.neither(cell, row.line),
                None => {}
            }
        }
        let key = pupil_key(school, &names);
        self.put_links(school, &key);
        if let Some(met) = self.met(school) {
            met.add_level(level);
        }
        self.judge(row, school, &names, class.as_deref(), key);
    }

    /// The groups of a cell. Whether a comma separates depends on the classes of the school: those that are not known
    /// here are noted, since rows of another page may have shown them.
    fn groups<'c>(&mut self, cell: &'c str, school: &Uai, earlier: &News) -> Vec<&'c str> {
        let mut missed = Vec::new();
        let groups = classes::split(cell, |label| {
            let known = self.class(school, label, earlier).is_some();
            if !known {
                missed.push((school.clone(), folded(label)));
            }
            known
        });
        self.batch.missed.extend(missed);
        groups
    }

    fn ine(&mut self, cell: &str) {
        if cell.is_empty() {
            return;
        }
        match repair::ine(cell) {
            Number::Value(value) => {
                let put = self.scribe.put(self.scribe.known.ine, &value.text);
                if put && value.repaired {
                    // The number itself is not for reports.
                    self.scribe.repairs.push(("ENTEleveINE", "sans son zéro".into(), "zéro rétabli".into()));
                }
            }
            Number::Lost => self.scribe.losses.push((
                Code::SpreadsheetDamage,
                "INE en notation scientifique : ses chiffres sont perdus, la valeur est écartée ; mettez la colonne au format texte".to_owned(),
            )),
        }
    }

    /// The class of a pupil; gives the first.
    fn pupil_classes(&mut self, row: &Row<'_>, school: &Uai) -> Option<CompactString> {
        let context = self.context;
        let forced = context.class.as_deref();
        let cells = context.columns.values(row, Field::Classes);
        if let (Some(forced), Some(cell)) = (forced, cells.clone().next()) {
            self.batch.tallies.add(Code::ColumnIgnored, cell, row.line, || {
                let cell = crate::wording::plain(cell);
                format!("classe « {cell} » : non reprise, le nom du dossier donne {forced} à tous ses élèves")
            });
        }
        let mut first = None;
        for cell in forced.into_iter().chain(cells.filter(|_| forced.is_none())) {
            for piece in cell.split('|').map(str::trim).filter(|piece| !piece.is_empty()) {
                let Some(class) = self.class_of(piece, row.line, school) else { continue };
                self.scribe.builder.begin("ENTEleveClasses");
                self.scribe.builder.value(&inside(school, &class));
                first.get_or_insert(class);
            }
        }
        first
    }

    /// The class that a piece of a cell names.
    fn class_of(&mut self, piece: &str, line: u32, school: &Uai) -> Option<CompactString> {
        // `class$subject` of a template: a pupil has the class.
        let (class, subject) = piece.split_once('$').map_or((piece, ""), |(class, rest)| (class, rest));
        if !subject.trim().is_empty() {
            self.batch.tallies.add(Code::ColumnIgnored, subject, line, || {
                format!("matière « {} » dans une classe : la classe seule est reprise", crate::wording::plain(subject))
            });
        }
        let (class, _) = clean(class);
        let class = classes::plain(&class);
        if class.is_empty() {
            return None;
        }
        self.met(school)?.add_class(&class);
        Some(class)
    }

    /// The relatives that the files give him; what was known stays where they cannot say all.
    fn put_links(&mut self, school: &Uai, key: &CompactString) {
        let known = self.known;
        let state = self.school(school);
        let has_relatives = state.is_some_and(|state| state.relatives);
        let unsure = !has_relatives || state.is_some_and(|state| state.relatives_broken) || known.links_unsure;
        let now = known.links.get(key).map_or(&[][..], Vec::as_slice);
        let before = known.earlier.links.get(key).filter(|_| unsure).map_or(&[][..], Vec::as_slice);
        if !has_relatives && before.is_empty() {
            return;
        }
        let builder = &mut self.scribe.builder;
        builder.begin("ENTElevePersRelEleve");
        for value in now.iter().chain(before) {
            builder.value(value);
        }
    }

    /// A record when nothing that it needs is missing, findings in any case.
    fn judge(&mut self, row: &Row<'_>, school: &Uai, names: &Names<'_>, class: Option<&str>, key: CompactString) {
        let context = self.context;
        let subject = || subject(names, class);
        // Somebody with a number keeps his place even when his row is bad.
        let sure = (!names.id.is_empty()).then(|| key.clone());
        if !self.accept(row, names, &subject, sure) {
            return;
        }
        self.remarks(row, school, subject, &key);
        if let Some(met) = self.met(school) {
            met.inhabited = true;
        }
        let fields = self.scribe.builder.take();
        let part = u16::try_from(context.part).unwrap_or(u16::MAX);
        let record = Record { category: context.category, request: Request::Add, key, fields, part, line: row.line };
        self.batch.out.push(Out::Record(record));
    }

    /// Whether a row has what its category needs; says what is missing.
    pub(super) fn accept(
        &mut self,
        row: &Row<'_>,
        names: &Names<'_>,
        subject: &dyn Fn() -> Option<String>,
        key: Option<CompactString>,
    ) -> bool {
        let context = self.context;
        let (code, message) = if !self.scribe.seen.surname {
            (Code::MissingSurname, "personne sans nom : ligne rejetée".to_owned())
        } else if !self.scribe.seen.first_name {
            (Code::MissingFirstName, "personne sans prénom : ligne rejetée".to_owned())
        } else if context.category == Category::Pupil && names.born.is_empty() {
            let cell = context.columns.value(row, Field::BirthDate);
            let message = if cell.is_empty() {
                "élève sans date de naissance : ligne rejetée".to_owned()
            } else {
                format!(
                    "élève rejeté : sa date de naissance « {} » n'est pas une date (jj/mm/aaaa)",
                    crate::wording::plain(cell)
                )
            };
            (Code::MissingBirthDate, message)
        } else {
            return true;
        };
        self.reject(code, row.line, key, subject(), message);
        false
    }
}

/// A label as a composite value: `0350999X$6A`.
fn inside(school: &Uai, label: &str) -> CompactString {
    let mut value = CompactString::from(school.as_str());
    value.push('$');
    value.push_str(label);
    value
}

/// The key of a pupil.
fn pupil_key(school: &Uai, names: &Names<'_>) -> CompactString {
    let uai = school.as_str();
    if names.id.is_empty() {
        key::of_pupil(uai, names.last, names.first, &names.born)
    } else {
        key::of_id(Category::Pupil, uai, names.id)
    }
}

/// The person in the words of a school: `Léa LE GALL (CE2)`.
pub(super) fn subject(names: &Names<'_>, class: Option<&str>) -> Option<String> {
    let name = format!("{} {}", names.first, names.shown());
    let name = name.trim();
    match (name.is_empty(), class) {
        (true, None) => None,
        (true, Some(class)) => Some(format!("élève de {class}")),
        (false, None) => Some(name.to_owned()),
        (false, Some(class)) => Some(format!("{name} ({class})")),
    }
}
