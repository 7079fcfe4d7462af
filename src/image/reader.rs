//! [`Reader`]: the reader of a source's format, by its kind.

use std::path::PathBuf;

use futures_util::TryStreamExt as _;

use crate::config::SourceConfig;
use crate::feed::table::{self, Earlier, TableSpec};
use crate::feed::{
    self, Category, Census, Conclusion, Degree, Delivery, FeedError, Limits, Offer, ReadOptions, Reading, Sink,
};
use crate::store::{Store, StoreError};

/// Finds and reads the deliveries of one source.
pub enum Reader {
    Aaf { path: PathBuf, degree: Degree },
    Table { spec: Box<TableSpec>, earlier: Earlier },
}

impl Reader {
    /// The reader of a source; `earlier` is what its image holds that files of tables may not say again.
    ///
    /// # Errors
    /// When the configuration contradicts itself, which [`crate::config::Config::load`] refuses before.
    pub fn of(config: &SourceConfig, earlier: Earlier) -> Result<Self, FeedError> {
        let spec = TableSpec::from_config(config).map_err(|reason| FeedError::Table { reason })?;
        Ok(match spec {
            Some(spec) => Self::Table { spec: Box::new(spec), earlier },
            None => Self::Aaf { path: config.path.clone(), degree: config.kind.degree() },
        })
    }

    /// Finds what there is to read: the newest complete set, and for the AAF the differences after it.
    ///
    /// # Errors
    /// When there is nothing that can be read.
    pub fn survey(&self) -> Result<Offer, FeedError> {
        match self {
            Self::Aaf { path, degree } => feed::survey(path, Some(*degree), &Limits::default()),
            Self::Table { spec, .. } => {
                let mut delivery = table::discover(spec, &Limits::default())?;
                let findings = std::mem::take(&mut delivery.findings);
                Ok(Offer { complete: Some(delivery), deltas: Vec::new(), findings })
            }
        }
    }

    pub(super) const fn degree(&self) -> Degree {
        match self {
            Self::Aaf { degree, .. } => *degree,
            // Tables say nothing of a degree that could contradict the configuration.
            Self::Table { .. } => Degree::Second,
        }
    }

    pub(super) fn census(&self) -> Census {
        match self.degree() {
            Degree::First => Census::of_first_degree(),
            Degree::Second => Census::new(),
        }
    }

    pub(super) fn read(
        &self,
        delivery: &Delivery,
        options: &ReadOptions,
        sink: &mut dyn Sink,
    ) -> Result<Reading, FeedError> {
        match self {
            Self::Aaf { .. } => feed::read(delivery, options, sink),
            Self::Table { spec, earlier } => table::read(delivery, spec, options, earlier, sink),
        }
    }

    pub(super) fn conclude(&self, census: Census, delivery: &Delivery, reading: &Reading) -> Conclusion {
        match self {
            Self::Aaf { .. } => census.conclude(delivery, reading),
            Self::Table { spec, .. } => table::conclude(delivery, spec, reading),
        }
    }
}

/// The links that the image of a source of tables holds; nothing for the AAF, whose pupils always bring theirs.
pub(super) async fn earlier_links(store: &Store, source: i64, config: &SourceConfig) -> Result<Earlier, StoreError> {
    let mut earlier = Earlier::default();
    if !matches!(TableSpec::from_config(config), Ok(Some(_))) {
        return Ok(earlier);
    }
    let mut rows = store.image_rows(source);
    while let Some(row) = rows.try_next().await? {
        let links: Vec<_> = row.fields.values("ENTElevePersRelEleve").map(Into::into).collect();
        if row.category == Category::Pupil && !links.is_empty() {
            earlier.links.insert(row.key, links);
        }
    }
    Ok(earlier)
}
