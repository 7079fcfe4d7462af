//! A difference: each of its requests against what the image knows, the outcome in one transaction.
//!
//! Adding puts a record in its place, whatever was there; modifying replaces the attributes that are listed; deleting
//! takes the record out, and its account then departs as any other. The three reference categories are complete lists
//! even in a difference (as exports make them), but no structure leaves on their account. What a request supposes and the
//! image contradicts (an unknown record modified, a known one added) is done all the same and said. A difference that
//! is damaged is refused whole: part of it applied and the rest lost would be worse than a day's delay.
//!
//! Memory: one entry for each key that the difference names; the records of the image are read by batches.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use compact_str::CompactString;
use tokio::sync::mpsc;

use super::delivered::Fate;
use super::ledger::Ledger;
use super::merge::{lacks, modified, structures_of, subject};
use super::reading::agrees;
use super::{Delivered, Ground, ImageError, STAGE_BATCH};
use crate::feed::{
    self, Category, Code, Delivery, DeliveryKind, Finding, ReadOptions, Reading, Record, Request, Severity, Sink,
};
use crate::progress::Progress;
use crate::store::{Acceptance, DeliveryRow, KnownRecord, StagedRecord, Store};
use crate::wording;

/// Findings of one kind that are told one by one; the others are counted.
const LISTED: u32 = 50;

/// A nomenclature that loses more than this share in one night, in percent, is a list of changes and not a list.
const SHRUNK_PERCENT: usize = 50;

/// What became of a difference.
pub(super) enum Outcome {
    Applied(Box<Applied>),
    /// Nothing of it was done, for the reasons given.
    Refused(Vec<Finding>),
}

pub(super) struct Applied {
    pub reading: Reading,
    pub delivered: Delivered,
    pub findings: Vec<Finding>,
    pub digest: String,
    pub version: i64,
}

/// Reads a difference and applies it to the image of the source.
///
/// # Errors
/// When it goes beyond its limits or the store fails; the image is then what it was.
pub(super) async fn apply(ground: &Ground<'_>, delivery: Delivery) -> Result<Outcome, ImageError> {
    let Ground { store, source, rules, threads, .. } = ground;
    let (store, threads) = (*store, *threads);
    let names: Vec<Arc<str>> = delivery.parts.iter().map(|p| Arc::clone(&p.name)).collect();
    let date = delivery.date;
    let first = names.first().cloned();
    store.staging_clear(source.id).await?;
    let mut merger = Merger {
        store,
        source: source.id,
        files: store.origin_files(&names).await?,
        names: names.clone(),
        waiting: Waiting::load(store, source.id, &rules.waiting).await?,
        gone: Vec::new(),
        fates: Vec::new(),
        tally: Tally::default(),
    };
    ground.progress.begin("feed", Some(delivery.parts.iter().map(|p| p.size).sum()));
    let (sender, mut receiver) = mpsc::channel(4);
    let reader = {
        let progress = Arc::clone(ground.progress);
        tokio::task::spawn_blocking(move || {
            let mut sink = Requests {
                ledger: Ledger::new(names),
                batch: Vec::new(),
                findings: Vec::new(),
                sender,
                progress: &*progress,
            };
            let options = ReadOptions { threads, ..ReadOptions::default() };
            let reading = feed::read(&delivery, &options, &mut sink);
            sink.flush();
            reading.map(|reading| (delivery, reading, sink.ledger, sink.findings))
        })
    };
    while let Some(batch) = receiver.recv().await {
        merger.batch(batch).await?;
    }
    let (mut delivery, reading, mut ledger, read_findings) = reader.await.map_err(|e| ground.stopped(&e))??;
    agrees(ground.reader.degree(), &reading, &source.name)?;
    let mut findings = std::mem::take(&mut delivery.findings);
    findings.extend(read_findings);
    if let Some(why) = damage(&delivery, &findings) {
        store.staging_clear(source.id).await?;
        let dated = date.map(wording::date).unwrap_or_default();
        let message = format!(
            "livraison différentielle du {dated} : {why}, rien n'en est appliqué ; faites-la envoyer de nouveau, ou \
             demandez une livraison complète"
        );
        let mut finding = Finding::new(Code::DeltaRefused, message);
        if let Some(name) = &first {
            finding = finding.at(name, 0);
        }
        findings.push(finding);
        return Ok(Outcome::Refused(findings));
    }
    let Merger { mut gone, fates, mut tally, .. } = merger;
    for (category, key, fate) in fates {
        ledger.settle(category, &key, fate);
    }
    let conflicts = ledger.conflicts();
    store.unstage(source.id, &conflicts).await?;
    let contradicted: HashSet<_> = conflicts.into_iter().collect();
    gone.retain(|key| !contradicted.contains(key));
    for category in [Category::Subject, Category::Mef] {
        if feed::is_whole(&delivery, &reading, category) {
            gone.extend(unlisted(store, source.id, category, &ledger, &mut tally).await?);
        }
    }
    gone.sort();
    let digest = ledger.digest();
    let version = store
        .accept(Acceptance {
            source: source.id,
            delivered: date,
            digest: &digest,
            gone: &gone,
            delivery: &DeliveryRow { kind: DeliveryKind::Delta, date, digest: reading.digest },
            accepted_at: ground.now.as_millisecond(),
        })
        .await?;
    findings.append(&mut ledger.take_findings());
    findings.extend(tally.finish());
    let delivered = ledger.into_delivered();
    Ok(Outcome::Applied(Box::new(Applied { reading, delivered, findings, digest, version })))
}

/// Why a difference cannot be believed, when it cannot.
fn damage(delivery: &Delivery, findings: &[Finding]) -> Option<&'static str> {
    let file = |f: &Finding| matches!(f.code, Code::MalformedFile | Code::UnknownEncoding | Code::InternalSubset);
    if findings.iter().any(file) {
        return Some("un de ses fichiers est tronqué ou illisible");
    }
    let hole = findings.iter().any(|f| f.code == Code::PartGap);
    (hole || delivery.parts.is_empty()).then_some("il en manque des fichiers")
}

/// Keys of a nomenclature that its complete list no longer holds.
async fn unlisted(
    store: &Store,
    source: i64,
    category: Category,
    ledger: &Ledger,
    tally: &mut Tally,
) -> Result<Vec<(Category, CompactString)>, ImageError> {
    let known = store.image_keys(source, category).await?;
    let before = known.len();
    let gone: Vec<_> =
        known.into_iter().filter(|key| !ledger.names(category, key)).map(|key| (category, key)).collect();
    if gone.len() * 100 > before * SHRUNK_PERCENT {
        let message = format!(
            "{category} : {} codes connus sur {before} ne sont plus dans la liste ; ils sont gardés",
            gone.len()
        );
        let mut finding = Finding::new(Code::DeltaReferenceShrunk, message);
        finding.category = Some(category);
        tally.findings.push(finding);
        return Ok(Vec::new());
    }
    Ok(gone)
}

/// Where the reader's requests go: the first of each key, by batches.
struct Requests<'p> {
    ledger: Ledger,
    batch: Vec<Record>,
    findings: Vec<Finding>,
    sender: mpsc::Sender<Vec<Record>>,
    progress: &'p dyn Progress,
}

impl Requests<'_> {
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            // A receiver that went away means that the store failed: its own error says why.
            drop(self.sender.blocking_send(batch));
        }
    }
}

impl Sink for Requests<'_> {
    fn record(&mut self, record: Record) {
        if self.ledger.request(&record) {
            self.batch.push(record);
            if self.batch.len() >= STAGE_BATCH {
                self.flush();
            }
        }
    }

    fn finding(&mut self, finding: Finding) {
        self.ledger.finding(&finding);
        self.findings.push(finding);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.advance(bytes);
    }
}

/// Puts requests against the records of the image.
struct Merger<'s> {
    store: &'s Store,
    source: i64,
    files: Vec<i64>,
    names: Vec<Arc<str>>,
    waiting: Waiting,
    gone: Vec<(Category, CompactString)>,
    /// What became of those that are neither taken nor contradicted.
    fates: Vec<(Category, CompactString, Fate)>,
    tally: Tally,
}

impl Merger<'_> {
    async fn batch(&mut self, records: Vec<Record>) -> Result<(), ImageError> {
        let mut known = HashMap::new();
        for category in Category::ALL {
            let keys: Vec<&str> =
                records.iter().filter(|r| r.category == category).map(|record| record.key.as_str()).collect();
            if !keys.is_empty() {
                known.insert(category, self.store.image_records(self.source, category, &keys).await?);
            }
        }
        let of = |record: &Record| known.get(&record.category).and_then(|rows| rows.get(&record.key));
        let waits = self.waiting.of(self.store, self.source, &records, &of).await?;
        let mut staged = Vec::new();
        for (record, school) in records.into_iter().zip(waits) {
            let before = of(&record);
            if let Some(school) = school {
                self.tally.waits(school);
                self.fates.push((record.category, record.key, Fate::Refused));
            } else if let Some(record) = self.decide(record, before) {
                staged.push(record);
            }
        }
        self.store.stage(self.source, staged, &self.files).await?;
        Ok(())
    }

    /// The record to put into the image, when one is.
    fn decide(&mut self, record: Record, before: Option<&KnownRecord>) -> Option<StagedRecord> {
        let person = record.category.is_person();
        let fields = match (record.request, before) {
            (Request::Delete, before) => {
                self.delete(record, before);
                return None;
            }
            (Request::Add, Some(before)) => {
                if person {
                    let message = "ajout d'une fiche déjà connue : la fiche est mise à jour";
                    self.say(Code::DeltaKnownAdded, message, &record, Some(before));
                }
                record.fields
            }
            (Request::Add, None) => record.fields,
            (Request::Modify, before) => {
                let after = before.map_or_else(|| record.fields.clone(), |b| modified(&b.fields, &record.fields));
                if let Some(lack) = lacks(record.category, &after) {
                    let what = match before {
                        Some(_) => "la modification ôterait ce sans quoi personne n'a de fiche : refusée",
                        None => "modification d'une fiche inconnue, et incomplète : refusée",
                    };
                    self.say(lack, &format!("{} ; {what}", lack.title()), &record, before);
                    self.fates.push((record.category, record.key, Fate::Refused));
                    return None;
                }
                if before.is_none() {
                    let message =
                        "modification d'une fiche inconnue : la fiche est créée ; une livraison a pu se perdre";
                    self.say(Code::DeltaUnknownModified, message, &record, None);
                }
                after
            }
        };
        let digest = fields.digest();
        before.is_none_or(|before| before.digest != digest).then_some(StagedRecord {
            category: record.category,
            key: record.key,
            digest,
            part: record.part,
            line: record.line,
            fields,
        })
    }

    fn delete(&mut self, record: Record, before: Option<&KnownRecord>) {
        match before {
            _ if record.category == Category::Structure => {
                let message = "suppression d'une structure : sans effet, seule une livraison complète en retire";
                self.say(Code::DeltaStructureDeleted, message, &record, before);
            }
            None => {
                let message = "suppression d'une fiche inconnue : sans effet";
                self.say(Code::DeltaUnknownDeleted, message, &record, None);
            }
            Some(_) => self.gone.push((record.category, record.key.clone())),
        }
        self.fates.push((record.category, record.key, Fate::Deleted));
    }

    fn say(&mut self, code: Code, message: &str, record: &Record, before: Option<&KnownRecord>) {
        let name = self.names.get(usize::from(record.part)).cloned().unwrap_or_else(|| "?".into());
        let mut finding = Finding::new(code, message).at(&name, record.line).about(record.category, record.key.clone());
        finding.subject = subject(&record.fields).or_else(|| before.and_then(|b| subject(&b.fields)));
        self.tally.add(finding);
    }
}

/// The schools that wait for their complete set of the new year: nothing of a difference is theirs.
#[derive(Default)]
struct Waiting {
    /// By structure key: the UAI.
    structures: HashMap<CompactString, CompactString>,
}

impl Waiting {
    async fn load(store: &Store, source: i64, schools: &HashSet<CompactString>) -> Result<Self, ImageError> {
        let mut structures = HashMap::new();
        if !schools.is_empty() {
            let keys = store.image_keys(source, Category::Structure).await?;
            for chunk in keys.chunks(STAGE_BATCH) {
                let chunk: Vec<&str> = chunk.iter().map(CompactString::as_str).collect();
                for (key, record) in store.image_records(source, Category::Structure, &chunk).await? {
                    let uai = record.fields.first("ENTStructureUAI").map(str::to_ascii_uppercase);
                    if let Some(uai) = uai.filter(|uai| schools.contains(uai.as_str())) {
                        structures.insert(key, uai.into());
                    }
                }
            }
        }
        Ok(Self { structures })
    }

    /// For each record, the school that it has to wait for: when every school that it names waits. A deletion names
    /// none, its record in the image does; a relative is where his pupils are.
    async fn of<'k>(
        &self,
        store: &Store,
        source: i64,
        records: &[Record],
        known: &impl Fn(&Record) -> Option<&'k KnownRecord>,
    ) -> Result<Vec<Option<CompactString>>, ImageError> {
        if self.structures.is_empty() {
            return Ok(vec![None; records.len()]);
        }
        let pupils_of = |record: &Record| -> Vec<CompactString> {
            let listed = |fields: &feed::Fields| -> Vec<CompactString> {
                fields.values("ENTAuxPersRelEleveEleve").map(CompactString::from).collect()
            };
            let own = listed(&record.fields);
            if own.is_empty() { known(record).map_or_else(Vec::new, |k| listed(&k.fields)) } else { own }
        };
        let relatives = records.iter().filter(|r| r.category == Category::Relative);
        let pupils: Vec<CompactString> = relatives.flat_map(pupils_of).collect();
        let keys: Vec<&str> = pupils.iter().map(CompactString::as_str).collect();
        let pupils = store.image_records(source, Category::Pupil, &keys).await?;
        let waits = |record: &Record| -> Option<CompactString> {
            match record.category {
                Category::Subject | Category::Mef => None,
                Category::Structure => self.structures.get(&record.key).cloned(),
                Category::Relative => self.all_wait(
                    pupils_of(record).iter().filter_map(|key| pupils.get(key)).flat_map(|p| structures_of(&p.fields)),
                ),
                Category::Pupil | Category::Staff => {
                    let own = self.all_wait(structures_of(&record.fields));
                    let silent = structures_of(&record.fields).next().is_none();
                    own.or_else(|| {
                        known(record).filter(|_| silent).and_then(|k| self.all_wait(structures_of(&k.fields)))
                    })
                }
            }
        };
        Ok(records.iter().map(waits).collect())
    }

    fn all_wait<'f>(&self, structures: impl Iterator<Item = &'f str>) -> Option<CompactString> {
        let mut first = None;
        for key in structures {
            let uai = self.structures.get(key)?;
            first.get_or_insert_with(|| uai.clone());
        }
        first
    }
}

/// Findings folded beyond what anybody reads.
#[derive(Default)]
struct Tally {
    findings: Vec<Finding>,
    seen: BTreeMap<Code, u32>,
    waiting: BTreeMap<CompactString, u32>,
}

impl Tally {
    fn add(&mut self, finding: Finding) {
        let seen = self.seen.entry(finding.code).or_default();
        *seen += 1;
        // Each rejected record is somebody to mend.
        if *seen <= LISTED || finding.severity == Severity::Rejected {
            self.findings.push(finding);
        }
    }

    fn waits(&mut self, school: CompactString) {
        *self.waiting.entry(school).or_default() += 1;
    }

    fn finish(mut self) -> Vec<Finding> {
        for (code, seen) in self.seen {
            let more = seen.saturating_sub(LISTED);
            if more > 0 && code.severity() != Severity::Rejected {
                let mut finding = Finding::new(code, format!("{} : {more} autres cas", code.title()));
                finding.count = more;
                self.findings.push(finding);
            }
        }
        for (school, count) in self.waiting {
            let message = format!(
                "{school} attend sa livraison complète de la nouvelle année : {} refusée{}",
                wording::count(count.into(), "différence", "différences"),
                if count > 1 { "s" } else { "" }
            );
            let mut finding = Finding::new(Code::DeltaSchoolWaits, message);
            finding.school = Some(school);
            finding.count = count;
            self.findings.push(finding);
        }
        self.findings
    }
}
