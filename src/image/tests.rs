//! Images as deliveries make them: support, and one file per promise.

mod abnormal;
mod again;
mod freshness;
mod invariants;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::config::SourceKind;
use crate::feed::Fields;
use crate::progress::Silent;
use crate::simulate;
use crate::store::testing;

/// A store with one source whose drop folder is `feed`.
pub(super) struct Academy {
    folder: TempDir,
    pub store: Store,
    pub rules: IntakeRules,
    pub kind: SourceKind,
}

/// The image: digest and packed fields by category and key.
pub(super) type Image = std::collections::BTreeMap<(Category, String), String>;

impl Academy {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("feed")).unwrap();
        let store = testing::open(folder.path()).await;
        Self { folder, store, rules: IntakeRules::default(), kind: SourceKind::Aaf2d }
    }

    pub fn feed(&self) -> PathBuf {
        self.folder.path().join("feed")
    }

    pub fn empty(&self) {
        std::fs::remove_dir_all(self.feed()).unwrap();
        std::fs::create_dir(self.feed()).unwrap();
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.feed().join(name), content).unwrap();
    }

    pub async fn try_take(&self) -> Result<Intake, ImageError> {
        let config = SourceConfig {
            name: "AC-TEST".into(),
            kind: self.kind,
            path: self.feed(),
            key_prefix: None,
            previous_prefixes: Vec::new(),
            keys_disjoint: false,
            school: None,
            columns: std::collections::BTreeMap::new(),
            schedule: None,
            encoding: None,
        };
        let progress: Arc<dyn Progress> = Arc::new(Silent);
        take_in(&self.store, 0, &config, 1, Timestamp::UNIX_EPOCH, &self.rules, &progress).await
    }

    pub async fn take(&self) -> Intake {
        self.try_take().await.unwrap()
    }

    pub async fn image(&self) -> Image {
        use futures_util::TryStreamExt as _;
        let rows: Vec<_> = self.store.image_rows(1).try_collect().await.unwrap();
        rows.into_iter().map(|r| ((r.category, r.key.to_string()), r.fields.as_packed().to_owned())).collect()
    }

    pub async fn fields(&self, category: Category, key: &str) -> Option<Fields> {
        self.image().await.get(&(category, key.to_owned())).map(|packed| Fields::from_packed(packed.as_str()))
    }
}

/// Options of a small synthetic academy on a day, written to `out`.
pub(super) fn simulated(pupils: u32, seed: u64, day: u32, delta: bool, out: &Path) -> simulate::Options {
    simulate::Options {
        schools: 3,
        pupils,
        seed,
        year: 2026,
        day,
        delta,
        bascule: false,
        bascule_night: None,
        out: out.to_owned(),
    }
}

pub(super) fn simulate(options: &simulate::Options) {
    simulate::write(options, &|_| {}).unwrap();
}

pub(super) fn codes(intake: &Intake) -> Vec<Code> {
    intake.findings.iter().map(|f| f.code).collect()
}

/// `key=value` pairs, `key=` for one that is empty; several values after several pairs of one name.
pub(super) fn request(kind: &str, category: Category, key: &str, attributes: &[(&str, &str)]) -> String {
    let (list, item, more) = match kind {
        "modify" => ("modifications", "modification", " operation=\"replace\""),
        _ => ("attributes", "attr", ""),
    };
    let body: String = attributes
        .iter()
        .map(|(name, value)| format!("<{item} name=\"{name}\"{more}><value>{value}</value></{item}>\n"))
        .collect();
    let body = if kind == "delete" { String::new() } else { format!("<{list}>\n{body}</{list}>\n") };
    format!(
        "<{kind}Request>\n<operationalAttributes><attr name=\"c\"><value>{}</value></attr></operationalAttributes>\n\
         <identifier><id>{key}</id></identifier>\n{body}</{kind}Request>\n",
        category.operational_value()
    )
}

pub(super) fn file(requests: &[String]) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ficAlimMENESR>\n{}</ficAlimMENESR>\n", requests.concat())
}

/// The name of a part.
pub(super) fn part(kind: &str, date: &str, category: Category) -> String {
    format!("ENT_{kind}_{date}_{}_0000.xml", category.token())
}
