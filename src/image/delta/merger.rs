//! Requests against the records of the image, one by one: what is done, and what is said.

use std::collections::HashMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::tally::Tally;
use super::waiting::Waiting;
use crate::feed::{Category, Code, Finding, Record, Request};
use crate::image::ImageError;
use crate::image::delivered::Fate;
use crate::image::merge::{lacks, modified, subject};
use crate::store::{KnownRecord, StagedRecord, Store};

/// Puts requests against the records of the image.
pub(super) struct Merger<'s> {
    pub store: &'s Store,
    pub source: i64,
    pub files: Vec<i64>,
    pub names: Vec<Arc<str>>,
    pub waiting: Waiting,
    pub gone: Vec<(Category, CompactString)>,
    /// What became of those that are neither taken nor contradicted.
    pub fates: Vec<(Category, CompactString, Fate)>,
    pub tally: Tally,
}

impl Merger<'_> {
    pub(super) async fn batch(&mut self, records: Vec<Record>) -> Result<(), ImageError> {
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
