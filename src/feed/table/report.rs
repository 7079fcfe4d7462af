//! What is said of files: every finding on a part leaves here, those on its rows come from the workers.

use super::collect::{Account, Collector};
use super::cut::RowError;
use super::field::Field;
use super::open::{Refusal, Table};
use super::profile::Profile;
use super::reader::Pass;
use super::remarks::tool;
use super::school::News;
use super::worker::Context;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Finding};
use crate::wording::{count, plain, shorten};

impl Collector<'_> {
    /// Passes a finding on, with the school and the tool that can mend it.
    pub(super) fn say(&mut self, mut finding: Finding, school: Option<&Uai>) {
        finding.tool = Some(tool(self.spec));
        finding.school = school.map(|school| school.as_str().into());
        self.sink.finding(finding);
    }

    /// A part that is not read; `nobodys`: whose people it holds is not known.
    pub(super) fn refused(&mut self, at: usize, refusal: &Refusal, school: Option<&Uai>, nobodys: bool) {
        let Some(part) = self.delivery.parts.get(at) else { return };
        if nobodys {
            for category in Category::PERSONS {
                self.reading.breaks(category);
            }
        }
        self.reading.breaks(part.category);
        let mut finding = Finding::new(refusal.code, refusal.message.clone()).at(&part.name, 0);
        finding.category = Some(part.category);
        self.say(finding, school);
        self.sink.progress(part.size);
    }

    /// A file that cannot be read to its end.
    pub(super) fn stopped(&mut self, error: &RowError, context: &Context, news: &mut News) {
        self.reading.breaks(context.category);
        if context.category == Category::Relative {
            match &context.school {
                Some(school) => {
                    let place = news.place(school);
                    if let Some(met) = news.met(place) {
                        met.relatives_broken = true;
                    }
                }
                None => self.links_unsure = true,
            }
        }
        let (code, line, message) = match error {
            RowError::Endless { line } => (
                Code::UnclosedQuote,
                *line,
                "un guillemet ouvert ici n'est jamais refermé et avale les lignes suivantes : le fichier est lu jusque-là, aucun départ n'en est tiré".to_owned(),
            ),
            RowError::Io { line, reason } => (
                Code::UnreadableTable,
                *line,
                format!("lecture interrompue ({reason}) : le fichier est lu jusque-là, aucun départ n'en est tiré"),
            ),
        };
        self.about(code, line, message, context);
    }

    /// Another table begins at this line with this cell, and has so many rows.
    pub(super) fn say_second_table(&mut self, line: u32, cell: &str, rows: u64, context: &Context) {
        let rows = count(rows, "ligne qui suit n'est pas lue", "lignes qui suivent ne sont pas lues");
        let message = format!("un second tableau commence ici (« {} ») : {rows}", plain(cell));
        self.about(Code::SecondTable, line, message, context);
    }

    /// Opens the account of a part and says how it is read.
    pub(super) fn begin_part(&mut self, table: &Table<'_>, context: &Context, pass: Pass) {
        self.account = Account::new(context.columns.headers.len());
        if pass != Pass::Index {
            self.say_how_read(table, context);
        }
    }

    fn say_how_read(&mut self, table: &Table<'_>, context: &Context) {
        let columns = &context.columns;
        let message = format!(
            "lu comme un fichier {} : {}, en-têtes en {}",
            of(columns.profile),
            table.read_as,
            columns.language.name()
        );
        self.about_file(Code::TableRead, message, context);
        if let Some(hint) = table.contradiction {
            let message = format!(
                "le nom du fichier annonce des {}, ses colonnes sont celles d'un fichier de {} : les colonnes sont crues",
                hint.name(),
                columns.profile.name()
            );
            self.about_file(Code::ProfileContradiction, message, context);
        }
        if table.above > 0 {
            let message = count(
                table.above.into(),
                "ligne au-dessus des en-têtes, non lue",
                "lignes au-dessus des en-têtes, non lues",
            );
            self.about_file(Code::ColumnIgnored, message, context);
        }
        if table.formula_errors > 0 {
            let message = count(
                table.formula_errors.into(),
                "cellule dont la formule est en erreur (#N/A), tenue pour vide",
                "cellules dont la formule est en erreur (#N/A), tenues pour vides",
            );
            self.about_file(Code::FormulaError, message, context);
        }
    }

    fn about_file(&mut self, code: Code, message: String, context: &Context) {
        self.about(code, 0, message, context);
    }

    fn about(&mut self, code: Code, line: u32, message: String, context: &Context) {
        let mut finding = Finding::new(code, message).at(&context.name, line);
        finding.category = Some(context.category);
        self.say(finding, context.school.as_ref());
    }

    /// Columns whose values have no place in a record: said with their number, never with what they hold.
    pub(super) fn say_ignored(&mut self, ignored: &[u32], context: &Context) {
        let columns = &context.columns;
        for (at, ((values, header), field)) in ignored.iter().zip(&columns.headers).zip(&columns.fields).enumerate() {
            let header = header.split_whitespace().collect::<Vec<_>>().join(" ");
            let named = if header.is_empty() {
                format!("colonne {} sans en-tête", at + 1)
            } else {
                format!("colonne « {} »", shorten(&plain(&header), 60))
            };
            let lost = count(u64::from(*values), "valeur non reprise", "valeurs non reprises");
            let (code, message) = match field {
                None if header.is_empty() && *values == 0 => continue,
                None => (Code::UnknownColumn, format!("{named} inconnue : {lost}")),
                Some(Field::NotCarried) if *values > 0 => {
                    (Code::ColumnIgnored, format!("{named} : {lost}, l'annuaire n'a pas de place pour elle"))
                }
                Some(_) => continue,
            };
            self.about_file(code, message, context);
        }
    }

    /// Says what the pages of a part add up to.
    pub(super) fn say_end(&mut self, account: Account, context: &Context) {
        if account.stray > 0 {
            let message = count(
                account.stray,
                "ligne qui n'est pas de l'UTF-8 : lue en windows-1252",
                "lignes qui ne sont pas de l'UTF-8 : lues en windows-1252",
            );
            self.about_file(Code::EncodingFallback, message, context);
        }
        self.reading.bytes += account.bytes;
        let size = self.delivery.parts.get(context.part).map_or(0, |part| part.size);
        self.sink.progress(size.saturating_sub(account.told));
        for ((code, _), tally) in account.tallies.take() {
            let mut finding = Finding::new(code, tally.example).at(&context.name, tally.line);
            finding.category = Some(context.category);
            finding.count = tally.count;
            self.say(finding, context.school.as_ref());
        }
        for finding in account.noise.findings(context.category, self.delivery) {
            self.say(finding, context.school.as_ref());
        }
    }
}

/// `d'élèves`, `de responsables`.
fn of(profile: Profile) -> String {
    match profile {
        Profile::Pupil | Profile::Teacher | Profile::Guest => format!("d'{}", profile.name()),
        Profile::Relative | Profile::Staff => format!("de {}", profile.name()),
    }
}
