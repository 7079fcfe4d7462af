//! Every record of the images as a draft, sorted by join key, one draft per key.

use std::collections::HashMap;

use rayon::prelude::*;

use super::draft::{Head, PupilDraft, RelativeDraft, StaffDraft};
use super::model::{Address, ImageRecord, JoinKey, LeftOut, LeftOutReason, Person, Studies};
use super::options::Identities;
use super::pool::Pool;
use super::report::Report;
use super::several;
use super::structure_draft::{Label, StructureDraft};
use crate::feed::{Category, Code};
use crate::identity::Portrait;

/// Records read together: enough to keep the cores busy, few enough that the packed ones weigh nothing (some
/// megabytes per category).
const BATCH: usize = 4096;

#[derive(Default)]
#[expect(clippy::vec_box, reason = "see the fields")]
pub(super) struct Drafts {
    pub(super) structures: Vec<StructureDraft>,
    pub(super) subjects: HashMap<JoinKey, Label>,
    pub(super) mefs: HashMap<JoinKey, Label>,
    /// Boxed, as are those of the staff: large, sorted, and given up one by one.
    pub(super) pupils: Vec<Box<PupilDraft>>,
    pub(super) relatives: Vec<RelativeDraft>,
    pub(super) staff: Vec<Box<StaffDraft>>,
    pub(super) studies: Pool<Studies>,
    addresses: Pool<Address>,
    /// Keys of records that went into another's, with that one's.
    pub(super) aliases: Vec<(JoinKey, JoinKey)>,
}

impl Drafts {
    /// Reads the records, then puts what they gave in an order that is not theirs.
    pub(super) fn read(
        records: impl IntoIterator<Item = ImageRecord>,
        report: &mut Report<'_>,
        left_out: &mut Vec<LeftOut>,
        identity: &Identities,
    ) -> Self {
        let mut drafts = Self::default();
        let mut batches: [Vec<ImageRecord>; Category::ALL.len()] = Default::default();
        for record in records {
            let category = record.category;
            let Some(batch) = batches.get_mut(category.index()) else { continue };
            batch.push(record);
            if batch.len() == BATCH {
                drafts.take(category, std::mem::take(batch), report);
            }
        }
        for (category, batch) in Category::ALL.into_iter().zip(batches) {
            drafts.take(category, batch, report);
        }
        drafts.structures.sort_by(|a, b| order(a, b));
        drafts.structures.dedup_by(|later, first| later.key == first.key);
        one_per_key(&mut drafts.pupils, Category::Pupil, left_out);
        one_per_key(&mut drafts.relatives, Category::Relative, left_out);
        one_per_key(&mut drafts.staff, Category::Staff, left_out);
        drafts.reject_shared_keys(report, left_out);
        several::one_population(&mut drafts, identity, report, left_out);
        drafts
    }

    /// Reads the records of one category on all cores, and drops them.
    fn take(&mut self, category: Category, batch: Vec<ImageRecord>, report: &Report<'_>) {
        let prefix = |record: &ImageRecord| report.prefix(record.source);
        let batch = batch.into_par_iter();
        match category {
            Category::Structure => self.structures.par_extend(batch.map(|r| StructureDraft::read(&r, prefix(&r)))),
            Category::Pupil => {
                let mut read: Vec<_> = batch.map(|r| Box::new(PupilDraft::read(&r, prefix(&r)))).collect();
                for draft in &mut read {
                    self.studies.share(&mut draft.pupil.studies);
                }
                gather(&mut self.pupils, read, &mut self.addresses);
            }
            Category::Relative => {
                let read = batch.map(|r| RelativeDraft::read(&r, prefix(&r))).collect();
                gather(&mut self.relatives, read, &mut self.addresses);
            }
            Category::Staff => {
                let read = batch.map(|r| Box::new(StaffDraft::read(&r, prefix(&r)))).collect();
                gather(&mut self.staff, read, &mut self.addresses);
            }
            Category::Subject | Category::Mef => {
                let labels = if category == Category::Mef { &mut self.mefs } else { &mut self.subjects };
                let read: Vec<_> = batch.map(|r| (JoinKey::new(prefix(&r), &r.key), Label::read(&r))).collect();
                for (key, label) in read {
                    learn(labels, key, label);
                }
            }
        }
    }

    /// A join key names one person of the directory: when two categories claim it, neither gets it.
    fn reject_shared_keys(&mut self, report: &mut Report<'_>, left_out: &mut Vec<LeftOut>) {
        let shared = self.shared_keys();
        if shared.is_empty() {
            return;
        }
        reject(&mut self.pupils, &shared, Category::Pupil, report, left_out);
        reject(&mut self.relatives, &shared, Category::Relative, report, left_out);
        reject(&mut self.staff, &shared, Category::Staff, report, left_out);
    }

    /// Keys in more than one of the three sorted lists, sorted.
    fn shared_keys(&self) -> Vec<JoinKey> {
        let lists = [
            Box::new(self.pupils.iter().map(PersonDraft::key)) as Box<dyn Iterator<Item = &JoinKey>>,
            Box::new(self.relatives.iter().map(RelativeDraft::key)),
            Box::new(self.staff.iter().map(PersonDraft::key)),
        ];
        let mut lists = lists.map(Iterator::peekable);
        let mut shared = Vec::new();
        while let Some(least) = lists.iter_mut().filter_map(|l| l.peek().copied()).min() {
            let with = lists.iter_mut().filter_map(|l| l.next_if(|key| *key == least)).count();
            if with > 1 {
                shared.push(least.clone());
            }
        }
        shared
    }
}

fn gather<D: PersonDraft>(drafts: &mut Vec<D>, mut read: Vec<D>, addresses: &mut Pool<Address>) {
    for address in read.iter_mut().filter_map(|draft| draft.who_mut().contact.address.as_mut()) {
        addresses.share(address);
    }
    drafts.append(&mut read);
}

/// Two sources under one prefix may give one code two labels: the smaller one, whatever the order.
fn learn(labels: &mut HashMap<JoinKey, Label>, key: JoinKey, label: Option<Label>) {
    if let Some(label) = label {
        match labels.get(&key) {
            Some(known) if *known <= label => {}
            _ => drop(labels.insert(key, label)),
        }
    }
}

/// A draft of a person.
pub(super) trait PersonDraft {
    fn who(&self) -> &Person;

    fn who_mut(&mut self) -> &mut Person;

    /// Takes what another record of the same person, from a source that is heard later, has and this one lacks.
    fn fill(&mut self, later: Self);

    fn key(&self) -> &JoinKey {
        &self.who().key
    }

    /// What is compared with what other sources say; the schools are not settled yet.
    fn portrait(&self) -> Portrait {
        let who = self.who();
        Portrait { birth: who.birth, ..Portrait::named(&who.name).with_contact(&who.contact) }
    }
}

/// An INE proves more than all the rest.
impl PersonDraft for PupilDraft {
    fn who(&self) -> &Person {
        &self.who
    }

    fn who_mut(&mut self) -> &mut Person {
        &mut self.who
    }

    fn fill(&mut self, later: Self) {
        self.fill(later);
    }

    fn portrait(&self) -> Portrait {
        let portrait = Portrait::named(&self.who.name).with_contact(&self.who.contact);
        Portrait { birth: self.who.birth, ..portrait }
            .with_numbers(self.pupil.ine.as_deref(), self.pupil.siecle.as_deref())
    }
}

macro_rules! person_draft {
    ($($draft:ty),*) => { $(
        impl PersonDraft for $draft {
            fn who(&self) -> &Person { &self.who }
            fn who_mut(&mut self) -> &mut Person { &mut self.who }
            fn fill(&mut self, later: Self) { self.fill(later); }
        }
    )* };
}
person_draft!(RelativeDraft, StaffDraft);

impl<D: PersonDraft> PersonDraft for Box<D> {
    fn who(&self) -> &Person {
        (**self).who()
    }

    fn who_mut(&mut self) -> &mut Person {
        (**self).who_mut()
    }

    fn fill(&mut self, later: Self) {
        (**self).fill(*later);
    }

    fn portrait(&self) -> Portrait {
        (**self).portrait()
    }
}

fn order<'r>(a: impl Into<Head<'r>>, b: impl Into<Head<'r>>) -> std::cmp::Ordering {
    let (a, b): (Head, Head) = (a.into(), b.into());
    (a.key, a.source, a.origin).cmp(&(b.key, b.source, b.origin))
}

/// Sorts by key. Two sources under one prefix may both deliver a person: the first configured one is heard, the other
/// fills what it lacks.
fn one_per_key<D: PersonDraft>(drafts: &mut Vec<D>, category: Category, left_out: &mut Vec<LeftOut>) {
    drafts.sort_by(|a, b| order(a.who(), b.who()));
    let twice = |pair: &[D]| matches!(pair, [a, b] if a.key() == b.key());
    if !drafts.windows(2).any(twice) {
        return;
    }
    let mut kept: Vec<D> = Vec::with_capacity(drafts.len());
    for draft in std::mem::take(drafts) {
        match kept.last_mut() {
            Some(first) if first.key() == draft.key() => {
                left_out.push(several::merged(category, draft.who(), first.key()));
                first.fill(draft);
            }
            _ => kept.push(draft),
        }
    }
    *drafts = kept;
}

fn reject<D: PersonDraft>(
    drafts: &mut Vec<D>,
    keys: &[JoinKey],
    category: Category,
    report: &mut Report<'_>,
    left_out: &mut Vec<LeftOut>,
) {
    drafts.retain(|draft| {
        let shared = keys.binary_search(draft.key()).is_ok();
        if shared {
            let message = "la même clé est livrée dans une autre catégorie de personnes : aucune n'est traitée";
            let finding = report.about(Code::DuplicateConflict, category, draft.who(), message);
            report.add(finding.who(draft.who().name.listed()));
            left_out.push(leave(category, draft.who(), LeftOutReason::Rejected));
        }
        !shared
    });
}

pub(super) fn leave(category: Category, who: &Person, why: LeftOutReason) -> LeftOut {
    LeftOut { category, key: who.key.clone(), origin: who.origin.clone(), why, into: None, relative: None }
}
