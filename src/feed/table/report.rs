//! What is said of files and of rows that are no records: every finding leaves through [`Run::say`].

use compact_str::CompactString;

use super::field::Field;
use super::open::{Refusal, Table};
use super::profile::Profile;
use super::reader::{Context, Run};
use super::row::Row;
use super::spec::Layout;
use super::text::RowError;
use crate::feed::{Category, Code, Finding, Severity, Tool};
use crate::wording::{count, plain, shorten};

impl Run<'_> {
    /// Says that a row is no record. Without a key, nobody can tell who is missing: its category is broken.
    pub(super) fn reject(
        &mut self,
        code: Code,
        line: u32,
        context: &Context,
        key: Option<CompactString>,
        subject: Option<String>,
        message: String,
    ) {
        if self.quiet {
            return;
        }
        self.count_rejected(context);
        if key.is_none() {
            self.broken(context.category, context.school);
        }
        let mut finding = Finding::new(code, message).at(&context.name, line);
        finding.severity = Severity::Rejected;
        finding.category = Some(context.category);
        finding.key = key;
        finding.subject = subject;
        self.say(finding, context.school);
    }

    pub(super) fn broken(&mut self, category: Category, school: Option<usize>) {
        if !self.reading.broken.contains(&category) {
            self.reading.broken.push(category);
        }
        if category == Category::Relative {
            match school.and_then(|school| self.schools.get_mut(school)) {
                Some(state) => state.relatives_broken = true,
                // Of any school.
                None => self.staff_list.links_unsure = true,
            }
        }
    }

    /// Passes a finding on, with the school and the tool that can mend it.
    pub(super) fn say(&mut self, mut finding: Finding, school: Option<usize>) {
        if self.quiet {
            return;
        }
        finding.tool = Some(match self.spec.layout {
            Layout::Onde => Tool::Onde,
            Layout::Csv => Tool::Table,
        });
        if let Some(state) = school.and_then(|school| self.schools.get(school)) {
            finding.school = Some(state.uai().into());
        }
        self.sink.finding(finding);
    }

    pub(super) fn refused(&mut self, at: usize, refusal: &Refusal) {
        let Some(part) = self.delivery.parts.get(at) else { return };
        let (school, _) = self.school_of_part(at, &part.name);
        if self.quiet {
            // Said once for the file, not again for each child.
            if let Some(state) = school.and_then(|school| self.schools.get_mut(school)) {
                state.pupils = false;
            }
            return;
        }
        if refusal.code == Code::UnknownProfile {
            // Whose people are not read, nobody knows.
            for category in Category::PERSONS {
                self.broken(category, school);
            }
        }
        self.broken(part.category, school);
        let mut finding = Finding::new(refusal.code, refusal.message.clone()).at(&part.name, 0);
        finding.category = Some(part.category);
        self.say(finding, school);
        self.sink.progress(part.size);
    }

    /// A file that cannot be read to its end.
    pub(super) fn stopped(&mut self, error: &RowError, context: &Context) {
        self.broken(context.category, context.school);
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
        let mut finding = Finding::new(code, message).at(&context.name, line);
        finding.category = Some(context.category);
        self.say(finding, context.school);
    }

    pub(super) fn second_table(&mut self, table: &mut Table<'_>, first: &Row, context: &Context) {
        let mut row = Row::default();
        let mut rows = 0_u64;
        while let Ok(true) = table.read(&mut row) {
            rows += u64::from(!row.is_blank());
        }
        let rows = count(rows, "ligne qui suit n'est pas lue", "lignes qui suivent ne sont pas lues");
        let message = format!("un second tableau commence ici (« {} ») : {rows}", plain(first.cell(0)));
        let mut finding = Finding::new(Code::SecondTable, message).at(&context.name, first.line);
        finding.category = Some(context.category);
        self.say(finding, context.school);
    }

    pub(super) fn say_how_read(&mut self, table: &Table<'_>, context: &Context) {
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
        let mut finding = Finding::new(code, message).at(&context.name, 0);
        finding.category = Some(context.category);
        self.say(finding, context.school);
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
            let mut finding = Finding::new(code, message).at(&context.name, 0);
            finding.category = Some(context.category);
            self.say(finding, context.school);
        }
    }

    pub(super) fn say_end(&mut self, table: &mut Table<'_>, context: &Context, told: u64) {
        match table.finish() {
            Ok(Some(digest)) => self.digests.push((context.part, digest)),
            Ok(None) => {}
            Err(error) => {
                self.stopped(&RowError::Io { line: 0, reason: error.to_string() }, context);
            }
        }
        if table.stray_rows() > 0 {
            let message = count(
                table.stray_rows(),
                "ligne qui n'est pas de l'UTF-8 : lue en windows-1252",
                "lignes qui ne sont pas de l'UTF-8 : lues en windows-1252",
            );
            self.about_file(Code::EncodingFallback, message, context);
        }
        self.reading.bytes += table.bytes();
        let size = self.delivery.parts.get(context.part).map_or(0, |part| part.size);
        self.sink.progress(size.saturating_sub(told));
    }

    pub(super) fn say_tallies(&mut self, context: &Context) {
        let tallies: Vec<_> = self.tallies.take().collect();
        for ((code, _), tally) in tallies {
            let mut finding = Finding::new(code, tally.example).at(&context.name, tally.line);
            finding.category = Some(context.category);
            finding.count = tally.count;
            self.say(finding, context.school);
        }
        for (category, noise) in std::mem::take(&mut self.noise) {
            let findings: Vec<Finding> = noise.findings(category, self.delivery).collect();
            for finding in findings {
                self.say(finding, context.school);
            }
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
