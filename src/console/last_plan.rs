//! The plan that was saved last, read whole and found intact before anything of it is shown; then kept, because a first
//! load of a large academy takes seconds to read.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::failure::Failure;
use crate::plan::file::{PlanFileError, Reader};
use crate::plan::render::HoldFolds;
use crate::plan::{Header, Line};
use crate::roster::JoinKey;
use crate::store::Store;

/// Holds of single persons that are kept by their keys. A plan that holds more is held as a whole in all but name.
const HELD_PERSONS: usize = 20_000;

/// What the console knows of the last plan.
#[derive(Debug)]
pub struct Reviewed {
    pub header: Header,
    pub holds: HoldFolds,
    /// Why a person is held, of the first [`HELD_PERSONS`].
    pub held: HashMap<JoinKey, String>,
}

/// The last plan, or why there is none to show.
#[derive(Debug, Clone)]
pub enum Look {
    /// Nothing was ever planned.
    None,
    Whole(Arc<Reviewed>),
    /// Its file is gone or is not what was sealed.
    Unreadable {
        id: String,
    },
}

impl Look {
    pub fn reviewed(&self) -> Option<&Reviewed> {
        match self {
            Self::Whole(reviewed) => Some(reviewed),
            Self::None | Self::Unreadable { .. } => None,
        }
    }

    /// The name of a school, its UAI when the plan does not name it.
    pub fn school_name<'a>(&'a self, uai: &'a str) -> &'a str {
        self.reviewed().and_then(|plan| plan.header.schools.get(uai)).map_or(uai, String::as_str)
    }
}

/// Keeps what was read until the plan is another, or its file was touched.
#[derive(Debug, Default)]
pub struct LastPlan(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    digest: String,
    mark: Mark,
    reviewed: Arc<Reviewed>,
}

type Mark = (u64, Option<SystemTime>);

impl LastPlan {
    pub async fn look(&self, store: &Store) -> Result<Look, Failure> {
        let Some(row) = store.last_plan().await? else { return Ok(Look::None) };
        // Held while it is read, so that a burst of requests reads it once.
        let mut kept = self.0.lock().await;
        let file = PathBuf::from(&row.file);
        let Ok(mark) = mark(&file).await else { return Ok(Look::Unreadable { id: row.id }) };
        if let Some(known) = kept.as_ref().filter(|known| known.digest == row.digest && known.mark == mark) {
            return Ok(Look::Whole(Arc::clone(&known.reviewed)));
        }
        let digest = row.digest.clone();
        let read = tokio::task::spawn_blocking(move || read(&file, &digest)).await.map_err(|_| Failure::Stopped)?;
        Ok(match read {
            Ok(reviewed) => {
                let reviewed = Arc::new(reviewed);
                *kept = Some(Kept { digest: row.digest, mark, reviewed: Arc::clone(&reviewed) });
                Look::Whole(reviewed)
            }
            Err(error) => {
                tracing::warn!(%error, "the last plan cannot be shown");
                Look::Unreadable { id: row.id }
            }
        })
    }
}

async fn mark(file: &Path) -> std::io::Result<Mark> {
    let metadata = tokio::fs::metadata(file).await?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn read(file: &Path, digest: &str) -> Result<Reviewed, PlanFileError> {
    let mut reader = Reader::open(file)?;
    let mut holds = HoldFolds::new(false);
    let mut held = HashMap::new();
    for line in reader.by_ref() {
        if let Line::Hold(hold) = line? {
            if let Some(key) = hold.join_key.as_ref().filter(|_| held.len() < HELD_PERSONS) {
                held.insert(key.clone(), hold.message.clone());
            }
            holds.push(hold);
        }
    }
    let (header, seal) = reader.finish()?;
    if seal.digest != digest {
        // Whole, and not the one that was saved: somebody put another in its place.
        return Err(PlanFileError::Altered { path: file.to_owned() });
    }
    Ok(Reviewed { header, holds, held })
}
