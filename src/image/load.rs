//! The roster from the images, as they are now.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use jiff::civil::Date;
use tokio::sync::mpsc;

use super::{ImageError, Intake};
use crate::config::{Config, SourceConfig};
use crate::identity::Answer;
use crate::roster::{self, Identities, ImageRecord, JoinKey, Roster, SourceInfo};
use crate::store::{Store, is_join_key};

/// Records handed over at once between threads.
const BATCH: usize = 1_024;

/// Streams the images of the configured sources into the roster. Records that `intakes` delivered in this run carry
/// the origins of that delivery; the others those of the delivery that last changed them. Who is of age is so `today`.
///
/// # Errors
/// When the configuration of the roster is not valid, or the store fails.
pub async fn roster(store: &Store, config: &Config, intakes: &[Intake], today: Date) -> Result<Roster, ImageError> {
    let files = store.origin_names().await?;
    let unknown: Arc<str> = "?".into();
    let sources = sources(config);
    let options = roster::Options::from_config(&config.roster)?
        .with_policy(&config.policy, Some(today))?
        .with_federated(&config.credentials)
        .with_successors(store.successors().await?)
        .with_identities(identities(store, config).await?);
    let (sender, mut receiver) = mpsc::channel::<Vec<ImageRecord>>(4);
    let builder = tokio::task::spawn_blocking(move || {
        roster::build(&sources, std::iter::from_fn(move || receiver.blocking_recv()).flatten(), &options)
    });
    for (index, source) in config.sources.iter().enumerate() {
        let row = store.source(&source.name, source.prefix(), source.kind.name()).await?;
        let intake = intakes.iter().find(|i| i.id == row.id);
        let mut batch = Vec::with_capacity(BATCH);
        let mut rows = store.image_rows(row.id);
        while let Some(row) = rows.try_next().await? {
            let origin = intake.and_then(|i| i.delivered.origin(row.category, &row.key));
            let (file, line) = match origin {
                Some(origin) => (origin.file, origin.line),
                None => (files.get(&row.file).unwrap_or(&unknown).clone(), row.line),
            };
            batch.push(ImageRecord {
                source: index as u16,
                category: row.category,
                key: row.key,
                fields: row.fields,
                file,
                line,
            });
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sender.send(full).await.is_err() {
                    break;
                }
            }
        }
        drop(sender.send(batch).await);
    }
    drop(sender);
    builder.await.map_err(|e| ImageError::Stopped { source_name: "roster".into(), reason: e.to_string() })
}

/// What is known of who is who: proved in earlier nights, or decided.
async fn identities(store: &Store, config: &Config) -> Result<Identities, ImageError> {
    let links = store.identity_links().await?.into_iter().map(|link| (link.a, link.b, link.decided)).collect();
    let mut apart = HashSet::new();
    for decision in store.decisions().await? {
        if decision.answer != Answer::Same && is_join_key(&decision.other) {
            let other = JoinKey::from_text(&decision.other);
            apart.insert((decision.join_key.clone(), other.clone()));
            apart.insert((other, decision.join_key));
        }
    }
    Ok(Identities { rules: config.identity.rules(), links, apart })
}

/// The configured sources as the roster names them, in their order.
#[must_use]
pub fn sources(config: &Config) -> Vec<SourceInfo> {
    let info = |s: &SourceConfig| SourceInfo {
        name: s.name.as_str().into(),
        prefix: s.prefix().to_owned(),
        previous_prefixes: s.previous_prefixes.clone(),
        degree: s.kind.degree(),
    };
    config.sources.iter().map(info).collect()
}
