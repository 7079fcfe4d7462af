//! From a [`Page`] to a [`Batch`]: rows judged, records built. Each page is worked on alone, by any thread.
//!
//! What a row means may depend on rows before it in a few respects only: which relatives and staff were met already,
//! which classes the school has. The first is settled by the collector; for the second, a batch says which classes it
//! would have liked to know ([`Batch::missed`]).

use compact_str::CompactString;

use super::children::Entry;
use super::columns::Columns;
use super::cut::End;
use super::field::Field;
use super::person::Scribe;
use super::reader::{COLUMNS, Known, Pass};
use super::relatives::Adult;
use super::remarks::tool;
use super::row::{Page, Row};
use super::school::{Met, News, SchoolState};
use super::staff::Member;
use super::tally::Tallies;
use crate::feed::aaf::Remark;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Finding, Record, Severity};

/// What is known of the part whose rows are read.
pub(super) struct Context {
    pub(super) part: usize,
    pub(super) name: std::sync::Arc<str>,
    pub(super) category: Category,
    pub(super) columns: Columns,
    /// The line of the header.
    pub(super) header: u32,
    /// Of a text.
    pub(super) separator: Option<u8>,
    /// The school of the file.
    pub(super) school: Option<Uai>,
    /// The class of every pupil, said by the folder.
    pub(super) class: Option<CompactString>,
    pub(super) serial_dates: Option<bool>,
}

/// What a page gave.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In the order of the rows.
    pub(super) out: Vec<Out>,
    /// Remarks that fold, with their lines.
    pub(super) noise: Vec<(Remark, u32)>,
    pub(super) tallies: Tallies,
    pub(super) news: News,
    /// Labels that were looked for among the classes of a school and are none so far.
    pub(super) missed: Vec<(Uai, CompactString)>,
    /// Values of each column without place.
    pub(super) ignored: Vec<u32>,
    pub(super) rows: u64,
    pub(super) rejected: u64,
    /// Somebody is missing and nobody can tell who.
    pub(super) broken: bool,
    /// Relatives of a school that is not known could not be read.
    pub(super) links_unsure: bool,
    /// The rows that follow are not of this table.
    pub(super) stop: Option<Stop>,
    /// Rows with something in them, and how many of them come after the stop.
    pub(super) filled: u64,
    pub(super) unread: u64,
    /// Rows read as windows-1252 in a file of UTF-8.
    pub(super) stray: u64,
    /// Raw bytes of the file so far.
    pub(super) bytes: u64,
    /// Set at the end of the file.
    pub(super) end: Option<End>,
}

/// What a row gave.
#[derive(Debug)]
pub(super) enum Out {
    Finding(Box<Finding>),
    Record(Record),
    Indexed(Box<Entry>),
    Adult(Box<Adult>),
    Member(Box<Member>),
}

/// Why the rows of a table end before its file.
#[derive(Debug)]
pub(super) enum Stop {
    /// A row swallowed others: an opening quote without its closing one.
    Swallowed { line: u32 },
    /// Another table begins here, with this cell.
    Second { line: u32, cell: String },
}

/// Works on the pages of a part, one after the other.
pub(super) struct Worker<'k> {
    pub(super) known: &'k Known<'k>,
    pub(super) context: &'k Context,
    pub(super) pass: Pass,
    pub(super) scribe: Scribe,
    pub(super) batch: Batch,
    /// The school of the row before.
    last: Option<(Uai, Option<&'k SchoolState>)>,
}

impl<'k> Worker<'k> {
    pub(super) fn new(known: &'k Known<'k>, context: &'k Context, pass: Pass) -> Self {
        Self { known, context, pass, scribe: Scribe::new(), batch: Batch::default(), last: None }
    }

    /// Reads the rows of a page; `earlier` is what is known of the pages before it.
    pub(super) fn work(&mut self, page: &Page, earlier: &News, unclosed: bool) -> Batch {
        self.batch.ignored = vec![0; self.context.columns.headers.len()];
        self.batch.out.reserve(page.len());
        let mut read = 0;
        for (at, row) in page.rows().enumerate() {
            if row.line <= self.context.header {
                continue;
            }
            self.batch.rows += 1;
            if row.is_blank() {
                continue;
            }
            self.batch.filled += 1;
            if self.batch.stop.is_some() {
                self.batch.unread += 1;
                continue;
            }
            read = at + 1;
            self.batch.stop = self.stops(&row, unclosed && read == page.len());
            if self.batch.stop.is_none() {
                self.row(&row, earlier);
            }
        }
        let whole = !matches!(self.batch.stop, Some(Stop::Swallowed { .. }));
        self.batch.stray = page.stray_within(if whole { page.len() } else { read });
        std::mem::take(&mut self.batch)
    }

    /// Whether the table ends before this row.
    fn stops(&self, row: &Row<'_>, unclosed: bool) -> Option<Stop> {
        if unclosed || self.swallowed(row) {
            return Some(Stop::Swallowed { line: row.line });
        }
        is_second_table(row).then(|| Stop::Second { line: row.line, cell: row.cell(0).to_owned() })
    }

    /// Whether a row swallowed others: an opening quote without its closing one.
    fn swallowed(&self, row: &Row<'_>) -> bool {
        let Some(separator) = self.context.separator.filter(|_| row.has_lines) else { return false };
        let columns = self.context.columns.headers.len();
        columns > 2
            && row.len() <= columns
            && row.cells().any(|cell| {
                let mut later = cell.split('\n').skip(1);
                later.any(|line| line.matches(char::from(separator)).count() + 1 >= columns)
            })
    }

    fn row(&mut self, row: &Row<'_>, earlier: &News) {
        let columns = &self.context.columns;
        if row.cell(0).eq_ignore_ascii_case(columns.headers.first().map_or("", |h| h.trim())) && columns.is_header(row)
        {
            self.batch
                .tallies
                .add(Code::SecondTable, "header", row.line, || "ligne d'en-tête répétée, passée".to_owned());
            return;
        }
        if !self.fits(row) {
            return;
        }
        for at in &columns.without_place {
            if let Some(count) = self.batch.ignored.get_mut(*at) {
                *count += u32::from(!row.cell(*at).is_empty());
            }
        }
        let Some(school) = self.school_of(row) else { return };
        match self.pass {
            Pass::Index => self.index(row, &school),
            Pass::Pupils => self.pupil(row, &school, earlier),
            Pass::Relatives => self.relative(row, &school),
            Pass::Staff => self.staff(row, &school),
        }
    }

    /// Whether the row is one of this table; says why not.
    fn fits(&mut self, row: &Row<'_>) -> bool {
        let width = self.context.columns.headers.len();
        let limit = self.known.limits.value;
        let too_long = row.bytes() > limit && row.cells().any(|cell| cell.len() > limit);
        if too_long || row.len() > COLUMNS.max(width) {
            let message = "ligne ou cellule trop grande : rejetée".to_owned();
            self.reject(Code::ItemTooLarge, row.line, None, None, message);
            return false;
        }
        let extra = (width..row.len()).filter(|at| !row.cell(*at).is_empty()).count();
        if extra > 0 {
            let message = format!(
                "la ligne a {} cellules pour {width} colonnes, {extra} sans en-tête et non vide{} : un séparateur dans une cellule sans guillemets ? ligne rejetée",
                row.len(),
                if extra > 1 { "s" } else { "" }
            );
            self.reject(Code::RaggedRow, row.line, None, None, message);
            return false;
        }
        true
    }

    /// The school of a row, when there is one.
    fn school_of(&mut self, row: &Row<'_>) -> Option<Uai> {
        let cell = self.context.columns.value(row, Field::School);
        let school = if cell.is_empty() { self.context.school.clone() } else { Uai::parse(cell) };
        match &school {
            Some(uai) => {
                self.batch.news.place(uai);
            }
            None if cell.is_empty() => {
                // The same for every row of the file: said once.
                self.batch.tallies.add(Code::SchoolUnknown, "", row.line, || {
                    "établissement inconnu : donnez son UAI dans [source.school], dans le nom du dossier (Nom_UAI) ou dans une colonne UAI".to_owned()
                });
                self.batch.rejected += 1;
                self.broken();
            }
            None => {
                let message = format!("« {} » n'est pas une UAI : ligne rejetée", crate::wording::plain(cell));
                self.reject(Code::InvalidUai, row.line, None, None, message);
            }
        }
        school
    }

    /// What this page shows of a school.
    pub(super) fn met(&mut self, school: &Uai) -> Option<&mut Met> {
        let place = self.batch.news.place(school);
        self.batch.news.met(place)
    }

    /// What was known of a school before this part.
    pub(super) fn school(&mut self, uai: &Uai) -> Option<&'k SchoolState> {
        match &self.last {
            Some((last, state)) if last == uai => *state,
            _ => {
                let state = self.known.schools.of(uai);
                self.last = Some((uai.clone(), state));
                state
            }
        }
    }

    /// The pupils' spelling of a class, as far as it is known.
    pub(super) fn class<'c>(&'c self, school: &Uai, label: &str, earlier: &'c News) -> Option<&'c str> {
        let read = self.known.schools.of(school).and_then(|state| state.class(label));
        read.or_else(|| earlier.class(school, label)).or_else(|| self.batch.news.class(school, label))
    }

    /// Says that a row is no record. Without a key, nobody can tell who is missing: its category is broken.
    pub(super) fn reject(
        &mut self,
        code: Code,
        line: u32,
        key: Option<CompactString>,
        subject: Option<String>,
        message: String,
    ) {
        self.batch.rejected += 1;
        if key.is_none() {
            self.broken();
        }
        let mut finding = Finding::new(code, message).at(&self.context.name, line);
        finding.severity = Severity::Rejected;
        finding.category = Some(self.context.category);
        finding.key = key;
        finding.subject = subject;
        self.say(finding, self.context.school.as_ref());
    }

    fn broken(&mut self) {
        self.batch.broken = true;
        if self.context.category != Category::Relative {
            return;
        }
        match &self.context.school {
            Some(school) => {
                if let Some(met) = self.met(school) {
                    met.relatives_broken = true;
                }
            }
            // Of any school.
            None => self.batch.links_unsure = true,
        }
    }

    /// Passes a finding on, with the school and the tool that can mend it.
    pub(super) fn say(&mut self, mut finding: Finding, school: Option<&Uai>) {
        finding.tool = Some(tool(self.known.spec));
        finding.school = school.map(|school| school.as_str().into());
        self.batch.out.push(Out::Finding(Box::new(finding)));
    }
}

/// The second table of a parents' export (Pronote): organisations.
fn is_second_table(row: &Row<'_>) -> bool {
    let first = row.cell(0);
    first.len() <= 20
        && first.as_bytes().first().is_some_and(|b| b.eq_ignore_ascii_case(&b'i'))
        && super::synonyms::normalise(first) == "intitule"
        && super::synonyms::normalise(row.cell(1)) == "adresseorganisme"
}
