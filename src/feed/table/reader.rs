//! [`read`]: all parts of a delivery, in the order that their references need.
//!
//! Relatives name their children by name, and the links belong to the children's records: pupils are first passed over
//! for an index, when there are relatives at all; then come relatives, pupils with their links, staff, and last the
//! schools with the classes that were met. Each pass streams; what stays is the index, the links and the staff.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::children::Index;
use super::columns::Columns;
use super::open::{Refusal, Table, open};
use super::person::Scribe;
use super::place::place;
use super::row::Row;
use super::school::Schools;
use super::spec::TableSpec;
use super::staff::StaffList;
use super::tally::Tallies;
use super::text::RowError;
use crate::feed::aaf::{Noise, ReadOptions};
use crate::feed::archive::PartBytes;
use crate::feed::french::number;
use crate::feed::values::Uai;
use crate::feed::{Category, Code, Delivery, FeedError, Finding, Limits, Reading, Record, Sink};

/// Rows of one file: several times the pupils of the largest academy.
const ROWS: u64 = 5_000_000;
/// Columns of one file.
const COLUMNS: usize = super::sheet::COLUMNS as usize;

/// What was known before: the links of each pupil (`ENTElevePersRelEleve`), by key. Where relatives are missing or cannot
/// all be read, their links stay.
#[derive(Debug, Clone, Default)]
pub struct Earlier {
    pub links: HashMap<CompactString, Vec<CompactString>>,
}

/// Reads every part of a delivery of tables. Blocking.
///
/// # Errors
/// When the delivery goes beyond its limits; what was yielded before is then to be thrown away. Everything else that
/// is wrong is a finding.
pub fn read(
    delivery: &Delivery,
    spec: &TableSpec,
    options: &ReadOptions,
    earlier: &Earlier,
    sink: &mut dyn Sink,
) -> Result<Reading, FeedError> {
    let mut run = Run::new(delivery, spec, &options.limits, earlier, sink);
    run.note_schools();
    let of = |category: Category| {
        delivery.parts.iter().enumerate().filter(move |(_, part)| part.category == category).map(|(at, _)| at)
    };
    let mut bytes = PartBytes::default();
    if of(Category::Relative).next().is_some() {
        run.quiet = true;
        for part in of(Category::Pupil) {
            run.part(&mut bytes, part, Run::index_pupil)?;
        }
        run.quiet = false;
        for part in of(Category::Relative) {
            run.part(&mut bytes, part, Run::relative)?;
        }
    }
    for part in of(Category::Pupil) {
        run.part(&mut bytes, part, Run::pupil)?;
    }
    for part in of(Category::Staff) {
        run.part(&mut bytes, part, Run::staff)?;
    }
    run.emit_staff();
    Ok(run.finish())
}

/// What is known of the part whose rows are read.
pub(super) struct Context {
    pub(super) part: usize,
    pub(super) name: Arc<str>,
    pub(super) category: Category,
    pub(super) columns: Columns,
    /// The school of the file.
    pub(super) school: Option<usize>,
    /// The class of every pupil, said by the folder.
    pub(super) class: Option<CompactString>,
    pub(super) serial_dates: Option<bool>,
}

/// A reading under way.
pub(super) struct Run<'d> {
    pub(super) delivery: &'d Delivery,
    pub(super) spec: &'d TableSpec,
    limits: &'d Limits,
    pub(super) earlier: &'d Earlier,
    pub(super) sink: &'d mut dyn Sink,
    pub(super) reading: Reading,
    pub(super) noise: BTreeMap<Category, Noise>,
    pub(super) tallies: Tallies,
    pub(super) schools: Schools,
    pub(super) index: Index,
    /// Per pupil, the relatives that his file of relatives gives him.
    pub(super) links: HashMap<CompactString, Vec<CompactString>>,
    /// Relatives yielded, with the digest of their record.
    pub(super) relatives: HashMap<CompactString, [u8; 16]>,
    pub(super) staff_list: StaffList,
    pub(super) scribe: Scribe,
    pub(super) digests: Vec<(usize, [u8; 32])>,
    /// The first pass over the pupils: everything that it sees is seen again.
    pub(super) quiet: bool,
}

impl<'d> Run<'d> {
    fn new(
        delivery: &'d Delivery,
        spec: &'d TableSpec,
        limits: &'d Limits,
        earlier: &'d Earlier,
        sink: &'d mut dyn Sink,
    ) -> Self {
        Self {
            delivery,
            spec,
            limits,
            earlier,
            sink,
            reading: Reading::default(),
            noise: BTreeMap::new(),
            tallies: Tallies::default(),
            schools: Schools::default(),
            index: Index::default(),
            links: HashMap::new(),
            relatives: HashMap::new(),
            staff_list: StaffList::default(),
            scribe: Scribe::new(),
            digests: Vec::new(),
            quiet: false,
        }
    }

    /// Which schools have which files, before anything is read.
    fn note_schools(&mut self) {
        for (at, part) in self.delivery.parts.iter().enumerate() {
            let (school, _) = self.school_of_part(at, &part.name);
            if let Some(state) = school.and_then(|school| self.schools.get_mut(school)) {
                state.pupils |= part.category == Category::Pupil;
                state.relatives |= part.category == Category::Relative;
            }
        }
    }

    pub(super) fn school_of_part(&mut self, part: usize, name: &str) -> (Option<usize>, Option<CompactString>) {
        let outer = self.spec.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.schools.of_part(self.spec, place(name, &outer), part)
    }

    /// Reads the rows of a part with `handle`.
    fn part(
        &mut self,
        bytes: &mut PartBytes,
        at: usize,
        handle: fn(&mut Self, &Row, &Context),
    ) -> Result<(), FeedError> {
        let Some(part) = self.delivery.parts.get(at) else { return Ok(()) };
        let (school, class) = self.school_of_part(at, &part.name);
        let mut table = match open(bytes, part, self.spec, self.limits, !self.quiet) {
            Ok(table) => table,
            Err(refusal) => {
                self.refused(at, &refusal);
                return Ok(());
            }
        };
        let context = Context {
            part: at,
            name: Arc::clone(&part.name),
            category: table.columns.profile.category(),
            columns: table.columns.clone(),
            school,
            class,
            serial_dates: table.serial_dates,
        };
        if context.category != part.category || context.columns.headers.len() > COLUMNS {
            let message = "le fichier a changé depuis qu'il a été trouvé, ou il a trop de colonnes : il n'est pas lu";
            self.refused(at, &Refusal { code: Code::UnreadableTable, message: message.to_owned() });
            return Ok(());
        }
        if !self.quiet {
            self.say_how_read(&table, &context);
        }
        let mut ignored = vec![0_u32; context.columns.headers.len()];
        let told = self.rows(&mut table, &context, &mut ignored, handle)?;
        if !self.quiet {
            self.say_ignored(&ignored, &context);
            self.say_end(&mut table, &context, told);
            self.say_tallies(&context);
        }
        Ok(())
    }

    /// Gives how many bytes were told to the watcher of the progress.
    fn rows(
        &mut self,
        table: &mut Table<'_>,
        context: &Context,
        ignored: &mut [u32],
        handle: fn(&mut Self, &Row, &Context),
    ) -> Result<u64, FeedError> {
        let mut row = Row::default();
        let (mut count, mut told) = (0_u64, 0_u64);
        loop {
            match table.read(&mut row) {
                Ok(true) => {}
                Ok(false) => return Ok(told),
                Err(error) => {
                    self.stopped(&error, context);
                    return Ok(told);
                }
            }
            count += 1;
            if count > ROWS || self.reading.bytes + table.bytes() > self.limits.unpacked {
                let reason = format!("more than {ROWS} rows in a file, or {} bytes in all", self.limits.unpacked);
                return Err(FeedError::Limit { path: self.spec.path.clone(), reason });
            }
            if !self.quiet && count.is_multiple_of(4096) {
                self.sink.progress(table.bytes() - told);
                told = table.bytes();
            }
            if row.is_blank() {
                continue;
            }
            if table.swallowed(&row) {
                self.stopped(&RowError::Endless { line: row.line }, context);
                return Ok(told);
            }
            if is_second_table(&row) {
                self.second_table(table, &row, context);
                return Ok(told);
            }
            if row.cell(0).eq_ignore_ascii_case(context.columns.headers.first().map_or("", |h| h.trim()))
                && context.columns.is_header(&row)
            {
                self.tallies
                    .add(Code::SecondTable, "header", row.line, || "ligne d'en-tête répétée, passée".to_owned());
                continue;
            }
            if !self.fits(&row, context) {
                continue;
            }
            for at in &context.columns.without_place {
                if let Some(count) = ignored.get_mut(*at) {
                    *count += u32::from(!row.cell(*at).is_empty());
                }
            }
            handle(self, &row, context);
        }
    }

    /// Whether the row is one of this table; says why not.
    fn fits(&mut self, row: &Row, context: &Context) -> bool {
        let width = context.columns.headers.len();
        let too_long = row.bytes() > self.limits.value && row.cells().any(|cell| cell.len() > self.limits.value);
        if too_long || row.len() > COLUMNS.max(width) {
            self.reject(
                Code::ItemTooLarge,
                row.line,
                context,
                None,
                None,
                "ligne ou cellule trop grande : rejetée".to_owned(),
            );
            return false;
        }
        let extra = row.cells().skip(width).filter(|cell| !cell.is_empty()).count();
        if extra > 0 {
            let message = format!(
                "la ligne a {} cellules pour {width} colonnes, {extra} sans en-tête et non vide{} : un séparateur dans une cellule sans guillemets ? ligne rejetée",
                row.len(),
                if extra > 1 { "s" } else { "" }
            );
            self.reject(Code::RaggedRow, row.line, context, None, None, message);
            return false;
        }
        true
    }

    /// The school of a row, when there is one.
    pub(super) fn school_of(&mut self, row: &Row, context: &Context) -> Option<usize> {
        let cell = context.columns.value(row, super::field::Field::School);
        let school = if cell.is_empty() {
            context.school
        } else {
            Uai::parse(cell).map(|uai| self.schools.number(uai, context.part, self.spec))
        };
        if school.is_none() && !self.quiet {
            let message = if cell.is_empty() {
                "établissement inconnu : donnez son UAI dans [source.school], dans le nom du dossier (Nom_UAI) ou dans une colonne UAI".to_owned()
            } else {
                format!("« {} » n'est pas une UAI : ligne rejetée", crate::wording::plain(cell))
            };
            if cell.is_empty() {
                // The same for every row of the file: said once.
                self.tallies.add(Code::SchoolUnknown, "", row.line, || message);
                self.count_rejected(context);
                self.broken(context.category, None);
            } else {
                self.reject(Code::InvalidUai, row.line, context, None, None, message);
            }
        }
        school
    }

    /// Yields a record.
    pub(super) fn record(&mut self, record: Record) {
        self.count(record.category);
        self.sink.record(record);
    }

    fn count(&mut self, category: Category) {
        let index = Category::ALL.iter().position(|other| *other == category).unwrap_or_default();
        if let Some(total) = self.reading.read.get_mut(index) {
            *total += 1;
        }
    }

    pub(super) fn count_rejected(&mut self, context: &Context) {
        self.count(context.category);
        let index = Category::ALL.iter().position(|other| *other == context.category).unwrap_or_default();
        if let Some(total) = self.reading.rejected.get_mut(index) {
            *total += 1;
        }
    }

    pub(super) fn quiet(&self) -> bool {
        self.quiet
    }

    fn finish(mut self) -> Reading {
        if self.index.beyond > 0 {
            let message = format!(
                "{} élèves au-delà de ce qui peut être rapproché de leurs responsables",
                number(self.index.beyond)
            );
            self.broken(Category::Relative, None);
            self.say(Finding::new(Code::ItemTooLarge, message), None);
        }
        let schools: Vec<Record> = self.schools.records(self.spec.layout).collect();
        for school in schools {
            self.record(school);
        }
        self.digests
            .sort_unstable_by_key(|(part, _)| self.delivery.parts.get(*part).map(|part| Arc::clone(&part.name)));
        let mut whole = Sha256::new();
        for (part, digest) in &self.digests {
            let name = self.delivery.parts.get(*part).map_or("", |part| &*part.name);
            whole.update((name.len() as u64).to_be_bytes());
            whole.update(name.as_bytes());
            whole.update(digest);
        }
        self.reading.digest = whole.finalize().into();
        self.reading
    }
}

/// The second table of a parents' export (Pronote): organisations.
fn is_second_table(row: &Row) -> bool {
    let first = row.cell(0);
    first.len() <= 20
        && first.as_bytes().first().is_some_and(|b| b.eq_ignore_ascii_case(&b'i'))
        && super::synonyms::normalise(first) == "intitule"
        && super::synonyms::normalise(row.cell(1)) == "adresseorganisme"
}
