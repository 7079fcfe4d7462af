//! [`Collector`]: takes what the pages of a part gave, in their order, and passes it on.

use super::children::Index;
use super::cut::{End, RowError};
use super::reader::{Known, Pass, ROWS};
use super::relatives::Adults;
use super::school::News;
use super::spec::TableSpec;
use super::staff::StaffList;
use super::tally::Tallies;
use super::worker::{Batch, Context, Out, Stop};
use crate::feed::aaf::{Noise, Remark};
use crate::feed::french::number;
use crate::feed::{Category, Code, Delivery, Finding, Limits, Reading, Record, Sink};

/// The delivery goes beyond its limits; why.
#[derive(Debug)]
pub(super) struct TooMuch(pub(super) String);

/// Puts together what a reading gives.
pub(super) struct Collector<'d> {
    pub(super) delivery: &'d Delivery,
    pub(super) spec: &'d TableSpec,
    limits: &'d Limits,
    pub(super) sink: &'d mut dyn Sink,
    pub(super) reading: Reading,
    pub(super) index: Index,
    pub(super) adults: Adults,
    /// Relatives of a school that is not known could not be read.
    pub(super) links_unsure: bool,
    staff: StaffList,
    pub(super) digests: Vec<(usize, [u8; 32])>,
    pub(super) account: Account,
}

/// What the pages of one part add up to.
#[derive(Default)]
pub(super) struct Account {
    news: News,
    pub(super) tallies: Tallies,
    pub(super) noise: Noise,
    pub(super) ignored: Vec<u32>,
    rows: u64,
    /// Why the table ended before its file.
    stop: Option<Stop>,
    /// Rows with something in them after that.
    unread: u64,
    pub(super) stray: u64,
    /// Raw bytes read.
    pub(super) bytes: u64,
    /// Those that the watcher of the progress was told of.
    pub(super) told: u64,
    end: Option<End>,
}

impl Account {
    pub(super) fn new(columns: usize) -> Self {
        Self { ignored: vec![0; columns], ..Self::default() }
    }
}

impl<'d> Collector<'d> {
    pub(super) fn new(delivery: &'d Delivery, spec: &'d TableSpec, limits: &'d Limits, sink: &'d mut dyn Sink) -> Self {
        Self {
            delivery,
            spec,
            limits,
            sink,
            reading: Reading::default(),
            index: Index::default(),
            adults: Adults::default(),
            links_unsure: false,
            staff: StaffList::default(),
            digests: Vec::new(),
            account: Account::default(),
        }
    }

    /// What the pages so far showed of schools.
    pub(super) const fn news(&self) -> &News {
        &self.account.news
    }

    /// Takes what the next page gave.
    pub(super) fn take(&mut self, batch: Batch, context: &Context, pass: Pass) -> Result<(), TooMuch> {
        let account = &mut self.account;
        account.rows += batch.rows;
        account.bytes = batch.bytes;
        account.end = batch.end;
        if account.rows > ROWS || self.reading.bytes + account.bytes > self.limits.unpacked {
            let reason = format!("more than {ROWS} rows in a file, or {} bytes in all", self.limits.unpacked);
            return Err(TooMuch(reason));
        }
        if account.stop.is_some() {
            // Pages that were under way when the table ended: another table is counted, nothing of them is read.
            account.unread += batch.filled;
            if matches!(account.stop, Some(Stop::Second { .. })) {
                account.stray += batch.stray;
            }
            return Ok(());
        }
        account.stray += batch.stray;
        account.unread = batch.unread;
        account.stop = batch.stop;
        account.news.absorb(batch.news);
        if pass == Pass::Index {
            for out in batch.out {
                if let Out::Indexed(pupil) = out {
                    self.index.add(*pupil);
                }
            }
            return Ok(());
        }
        account.tallies.merge(batch.tallies);
        for (total, more) in account.ignored.iter_mut().zip(batch.ignored) {
            *total += more;
        }
        self.reading.count(context.category, batch.rejected, batch.rejected);
        if batch.broken {
            self.reading.breaks(context.category);
        }
        self.links_unsure |= batch.links_unsure;
        self.noise(batch.noise, context);
        for out in batch.out {
            self.out(out, context);
        }
        self.sink.progress(self.account.bytes - self.account.told);
        self.account.told = self.account.bytes;
        Ok(())
    }

    fn out(&mut self, out: Out, context: &Context) {
        match out {
            Out::Finding(finding) => self.sink.finding(*finding),
            Out::Record(record) => self.record(record),
            Out::Adult(adult) => {
                if let Some(adult) = self.adults.meet(*adult) {
                    self.account.tallies.merge(adult.tallies);
                    self.noise(adult.noise, context);
                    for said in adult.said {
                        self.out(said, context);
                    }
                    self.record(adult.record);
                }
            }
            Out::Member(member) => {
                self.staff.add(*member);
                if self.staff.is_full() {
                    self.emit_staff();
                }
            }
            Out::Indexed(_) => {}
        }
    }

    fn noise(&mut self, remarks: Vec<(Remark, u32)>, context: &Context) {
        for (remark, line) in remarks {
            self.account.noise.add(remark, context.part, line);
        }
    }

    /// Yields the staff.
    pub(super) fn emit_staff(&mut self) {
        for record in self.staff.take() {
            self.record(record);
        }
    }

    /// Yields a record.
    fn record(&mut self, record: Record) {
        self.reading.count(record.category, 1, 0);
        self.sink.record(record);
    }

    /// Concludes a part; gives what it showed of schools.
    pub(super) fn end_part(&mut self, context: &Context, pass: Pass) -> News {
        let mut account = std::mem::take(&mut self.account);
        if pass == Pass::Index {
            return account.news;
        }
        let mut fault = None;
        let mut digest = Ok(None);
        if let Some(end) = account.end.take() {
            (fault, digest) = (end.fault, end.digest);
        }
        match account.stop.take() {
            Some(Stop::Second { line, cell }) => self.say_second_table(line, &cell, account.unread, context),
            Some(Stop::Swallowed { line }) => self.stopped(&RowError::Endless { line }, context, &mut account.news),
            None => {
                if let Some(fault) = fault {
                    self.stopped(&fault, context, &mut account.news);
                }
            }
        }
        self.say_ignored(&account.ignored, context);
        match digest {
            Ok(digest) => self.digests.extend(digest.map(|digest| (context.part, digest))),
            Err(error) => {
                let fault = RowError::Io { line: 0, reason: error.to_string() };
                self.stopped(&fault, context, &mut account.news);
            }
        }
        let news = std::mem::take(&mut account.news);
        self.say_end(account, context);
        news
    }

    pub(super) fn finish(mut self, known: &Known<'_>) -> Reading {
        if known.index.beyond > 0 {
            let message = format!(
                "{} élèves au-delà de ce qui peut être rapproché de leurs responsables",
                number(known.index.beyond)
            );
            self.reading.breaks(Category::Relative);
            self.say(Finding::new(Code::ItemTooLarge, message), None);
        }
        for school in known.schools.records(self.spec.layout) {
            self.record(school);
        }
        self.reading.digest = self.delivery.digest(&self.digests);
        self.reading
    }
}
