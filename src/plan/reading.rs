//! The directory as a plan needs it: from the server that is written, each branch whole, the people streamed through the
//! comparison.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use rayon::prelude::*;
use tokio::sync::mpsc;

use crate::directory::dialect::Relation;
use crate::directory::{Dn, Entry, Search, survey};
use crate::roster::PersonId;

use super::draft::Matter;
use super::gate::Judgement;
use super::identity::Known;
use super::names::{self, Asked, Look, Unasked};
use super::population::Population;
use super::prepare::{Ground, PlanError};
use super::recognise::{self, Strangers};
use super::recover::Witness;

/// Entries handed over at once between threads.
const BATCH: usize = 1_024;

/// How many times a branch is read when the connection is lost in the midst of it.
const READS: u32 = 3;

/// A replica lags behind the server that is written.
pub(super) async fn refuse_replica(ground: &Ground<'_>) -> Result<(), PlanError> {
    let reason = match ground.config.directory.replica {
        Some(false) => None,
        Some(true) => Some("directory.replica = true".to_owned()),
        None => survey::replica(ground.directory, &ground.dialect).await?,
    };
    match reason {
        Some(reason) => Err(PlanError::Replica { server: ground.directory.describe(), reason }),
        None => Ok(()),
    }
}

/// Structures and groups, which fit in memory, without the branches themselves.
pub(super) async fn structures_and_groups(ground: &Ground<'_>) -> Result<(Vec<Entry>, Vec<Entry>), PlanError> {
    tokio::try_join!(
        again(ground, || collect(ground, ground.dialect.structures_branch())),
        again(ground, || collect(ground, ground.dialect.groups_branch()))
    )
}

/// Everybody's entry, compared with the roster; `None` when the newcomers' names came from the register alone and an
/// entry contradicts them.
pub(super) async fn people(
    ground: &Ground<'_>,
    matter: &Arc<Matter>,
    identities: &Arc<Known>,
    asked: Asked,
) -> Result<Option<People>, PlanError> {
    again(ground, || population(ground, matter, identities, asked)).await
}

/// Reads a branch, from its beginning again when it broke off: half of it would be taken for the whole, and those of
/// the other half for people without account.
pub(super) async fn again<T, F: Future<Output = Result<T, PlanError>>>(
    ground: &Ground<'_>,
    read: impl Fn() -> F,
) -> Result<T, PlanError> {
    let mut reads = 1;
    loop {
        match read().await {
            Err(PlanError::Directory(error)) if error.is_passing() && reads < READS => {
                reads += 1;
                ground
                    .progress
                    .note(&format!("la lecture de l'annuaire a été interrompue, elle reprend du début ({error})"));
            }
            outcome => return outcome,
        }
    }
}

/// All the entries of a branch.
async fn collect(ground: &Ground<'_>, base: &Dn) -> Result<Vec<Entry>, PlanError> {
    let search = Search { base: base.clone(), filter: "(objectClass=*)".to_owned(), attributes: Vec::new() };
    let mut entries: Vec<Entry> = ground.directory.search(search).await?.try_collect().await?;
    entries.retain(|entry| entry.dn != *base);
    Ok(entries)
}

/// What the schema says of changes, by person.
pub(super) type Judged = Vec<(PersonId, Judgement)>;

/// Everybody's entry, compared with the roster.
pub(super) struct People {
    pub population: Population,
    pub judged: Judged,
    /// Newcomers about whom a person is asked, because of an entry that might be theirs.
    pub asked: BTreeMap<PersonId, recognise::Asked>,
}

/// Streams the people branch through the comparison, on all cores.
async fn population(
    ground: &Ground<'_>,
    matter: &Arc<Matter>,
    identities: &Arc<Known>,
    asked: Asked,
) -> Result<Option<People>, PlanError> {
    let witness = Witness::new(ground.config, &ground.store.uid_counters().await?);
    let (sender, mut receiver) = mpsc::channel::<Vec<Entry>>(4);
    let comparer = {
        let (matter, identities) = (Arc::clone(matter), Arc::clone(identities));
        tokio::task::spawn_blocking(move || {
            let rules = matter.config.identity.rules();
            let unasked = (asked == Asked::Register).then(|| {
                let strangers = Strangers::new(&matter.roster, &matter.accounts, &rules, &identities.decisions);
                Unasked::new(strangers, &matter, &identities, witness)
            });
            matter.with_diff(|diff| {
                let (mut population, mut judged) = (Population::new(matter.config.directory.drift), Judged::new());
                let mut strays = Vec::new();
                while let Some(batch) = receiver.blocking_recv() {
                    let compare = |entry: &Entry| {
                        let mut seen = diff.compare(entry);
                        let stray = match unasked.as_ref().map(|unasked| unasked.look_at(entry, &seen)) {
                            Some(Look::Contradiction) => return None,
                            Some(Look::Stray(stray)) => Some(stray),
                            Some(Look::Nothing) | None => None,
                        };
                        let judgement = matter.gate.seen(entry, &mut seen);
                        Some((seen, judgement, stray))
                    };
                    let seen: Option<Vec<_>> = batch.par_iter().map(compare).collect();
                    for (seen, judgement, stray) in seen? {
                        strays.extend(stray.map(|stray| *stray));
                        judged.extend(judgement);
                        population.absorb(seen);
                    }
                }
                population.sort();
                // The account that the other one points to says it first.
                let relations = &matter.recognised.relations;
                population.changes.sort_by_key(|(_, change)| !relations.is_of_principal(change.write.attributes()));
                judged.sort_by_key(|(id, _)| *id);
                let asked = unasked.map_or(Some(BTreeMap::new()), |unasked| unasked.settle(strays))?;
                Some(People { population, judged, asked })
            })
        })
    };
    let dialect = &ground.dialect;
    let mut attributes = matter.config.identity.beside(dialect.person_attributes());
    attributes.extend(dialect.relation().into_iter().flat_map(Relation::attributes).map(str::to_owned));
    if asked == Asked::Register {
        attributes.extend(names::attributes(dialect));
        attributes.sort();
        attributes.dedup();
    }
    let search = Search { base: dialect.people_branch().clone(), filter: dialect.person_filter(), attributes };
    let mut entries = ground.directory.search(search).await?;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(entry) = entries.try_next().await? {
        // One that a killed run left: the next that writes credentials removes it.
        if dialect.is_probe(&entry.dn) {
            continue;
        }
        batch.push(entry);
        if batch.len() == BATCH {
            ground.progress.advance(BATCH as u64);
            if sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).await.is_err() {
                break;
            }
        }
    }
    drop(sender.send(batch).await);
    drop(sender);
    comparer.await.map_err(|e| PlanError::Stopped(e.to_string()))
}
