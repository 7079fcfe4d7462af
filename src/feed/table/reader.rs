//! [`read`]: all parts of a delivery, in the order that their references need.
//!
//! Relatives name their children by name, and the links belong to the children's records: pupils are first passed over
//! for an index, when there are relatives at all; then come relatives, pupils with their links, staff, and last the
//! schools with the classes that were met. Each pass streams; what stays is the index, the links and the staff.
//!
//! A part is cut into pieces (`cut`), pieces are worked on by as many threads as wished (`hands`, `worker`), and what
//! they give is put together in the order of the file (`collect`): the outcome does not depend on the number of threads,
//! nor on the size of the pieces.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::children::Index;
use super::collect::{Collector, TooMuch};
use super::hands;
use super::open::{BLOCK, Refusal, Wanted, open};
use super::place::place;
use super::school::Schools;
use super::spec::TableSpec;
use super::worker::Context;
use crate::feed::aaf::ReadOptions;
use crate::feed::archive::PartBytes;
use crate::feed::{Category, Code, Delivery, FeedError, Limits, Reading, Sink};

/// Rows of one file: several times the pupils of the largest academy.
pub(super) const ROWS: u64 = 5_000_000;
/// Columns of one file.
pub(super) const COLUMNS: usize = super::sheet::COLUMNS as usize;

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
    read_by(BLOCK, delivery, spec, options, earlier, sink)
}

/// Reads so many bytes at once.
pub(super) fn read_by(
    block: usize,
    delivery: &Delivery,
    spec: &TableSpec,
    options: &ReadOptions,
    earlier: &Earlier,
    sink: &mut dyn Sink,
) -> Result<Reading, FeedError> {
    let known = Known {
        spec,
        limits: &options.limits,
        earlier,
        schools: Schools::default(),
        index: Index::default(),
        links: HashMap::new(),
        links_unsure: false,
    };
    let collector = Collector::new(delivery, spec, &options.limits, sink);
    let mut run = Run { delivery, block, threads: options.threads, known, collector };
    run.note_schools();
    let mut bytes = PartBytes::default();
    for pass in [Pass::Index, Pass::Relatives, Pass::Pupils, Pass::Staff] {
        if pass == Pass::Index && !delivery.parts.iter().any(|part| part.category == Category::Relative) {
            continue;
        }
        for (at, part) in delivery.parts.iter().enumerate() {
            if part.category == pass.category() {
                run.part(&mut bytes, at, pass)
                    .map_err(|TooMuch(reason)| FeedError::Limit { path: spec.path.clone(), reason })?;
            }
        }
        run.end_pass(pass);
    }
    Ok(run.collector.finish(&run.known))
}

/// What is done with the rows of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Pupils are noted for their relatives. Nothing is said: everything that is seen is seen again.
    Index,
    Relatives,
    Pupils,
    Staff,
}

impl Pass {
    const fn category(self) -> Category {
        match self {
            Self::Index | Self::Pupils => Category::Pupil,
            Self::Relatives => Category::Relative,
            Self::Staff => Category::Staff,
        }
    }
}

/// What rows are read against; it stands still while a part is read.
pub(super) struct Known<'d> {
    pub(super) spec: &'d TableSpec,
    pub(super) limits: &'d Limits,
    pub(super) earlier: &'d Earlier,
    pub(super) schools: Schools,
    pub(super) index: Index,
    /// Per pupil, the relatives that their file gives him.
    pub(super) links: HashMap<CompactString, Vec<CompactString>>,
    /// Relatives of a school that is not known could not be read.
    pub(super) links_unsure: bool,
}

/// A reading under way.
struct Run<'d> {
    delivery: &'d Delivery,
    block: usize,
    threads: usize,
    known: Known<'d>,
    collector: Collector<'d>,
}

impl Run<'_> {
    /// Which schools have which files, before anything is read.
    fn note_schools(&mut self) {
        for (at, part) in self.delivery.parts.iter().enumerate() {
            let (school, _) = self.school_of_part(at, &part.name);
            if let Some(state) = school.and_then(|school| self.known.schools.get_mut(school)) {
                state.pupils |= part.category == Category::Pupil;
                state.relatives |= part.category == Category::Relative;
            }
        }
    }

    fn school_of_part(&mut self, part: usize, name: &str) -> (Option<usize>, Option<CompactString>) {
        let spec = self.known.spec;
        let outer = spec.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.known.schools.of_part(spec, place(name, &outer), part)
    }

    /// Reads the rows of a part.
    fn part(&mut self, bytes: &mut PartBytes, at: usize, pass: Pass) -> Result<(), TooMuch> {
        let Some(part) = self.delivery.parts.get(at) else { return Ok(()) };
        let (school, class) = self.school_of_part(at, &part.name);
        let wanted = Wanted { limits: self.known.limits, block: self.block, hash: pass != Pass::Index };
        let table = match open(bytes, part, self.known.spec, wanted) {
            Ok(table) => table,
            Err(refusal) => {
                self.refused(at, &refusal, school, pass);
                return Ok(());
            }
        };
        if table.columns.profile.category() != part.category || table.columns.headers.len() > COLUMNS {
            let message = "le fichier a changé depuis qu'il a été trouvé, ou il a trop de colonnes : il n'est pas lu";
            let refusal = Refusal { code: Code::UnreadableTable, message: message.to_owned() };
            self.refused(at, &refusal, school, pass);
            return Ok(());
        }
        let context = Context {
            part: at,
            name: Arc::clone(&part.name),
            category: part.category,
            columns: table.columns.clone(),
            header: table.header,
            separator: table.separator,
            school: school.and_then(|school| self.known.schools.get(school)).map(|state| state.school.uai.clone()),
            class,
            serial_dates: table.serial_dates,
        };
        self.collector.begin_part(&table, &context, pass);
        let read = (&self.known, &context, pass);
        hands::read(table.rows, self.threads, read, &mut self.collector)?;
        let news = self.collector.end_part(&context, pass);
        self.known.schools.absorb(news, at, self.known.spec);
        self.known.links_unsure |= self.collector.links_unsure;
        Ok(())
    }

    /// A part that is not read.
    fn refused(&mut self, at: usize, refusal: &Refusal, school: Option<usize>, pass: Pass) {
        let state = school.and_then(|school| self.known.schools.get_mut(school));
        let category = pass.category();
        if pass == Pass::Index {
            // Said once for the file, not again for each child.
            if let Some(state) = state {
                state.pupils = false;
            }
            return;
        }
        // Whose people are not read, nobody knows.
        let nobodys = refusal.code == Code::UnknownProfile;
        if category == Category::Relative || nobodys {
            match state {
                Some(state) => state.relatives_broken = true,
                None => self.known.links_unsure = true,
            }
        }
        let uai = school.and_then(|school| self.known.schools.get(school)).map(|state| state.school.uai.clone());
        self.collector.refused(at, refusal, uai.as_ref(), nobodys);
    }

    fn end_pass(&mut self, pass: Pass) {
        match pass {
            Pass::Index => self.known.index = std::mem::take(&mut self.collector.index),
            Pass::Relatives => self.known.links = std::mem::take(&mut self.collector.adults.links),
            Pass::Pupils => {}
            Pass::Staff => self.collector.emit_staff(),
        }
    }
}
