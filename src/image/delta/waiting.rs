//! Schools between two years, and whose records are theirs.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use crate::feed::{Category, Fields, Record};
use crate::image::merge::structures_of;
use crate::image::{ImageError, STAGE_BATCH};
use crate::store::{KnownRecord, Store};

/// The schools that wait for their complete set of the new year: nothing of a difference is theirs.
#[derive(Default)]
pub(super) struct Waiting {
    /// By structure key: the UAI.
    structures: HashMap<CompactString, CompactString>,
}

impl Waiting {
    pub(super) async fn load(store: &Store, source: i64, schools: &HashSet<CompactString>) -> Result<Self, ImageError> {
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
    pub(super) async fn of<'k>(
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
            let listed = |fields: &Fields| -> Vec<CompactString> {
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
