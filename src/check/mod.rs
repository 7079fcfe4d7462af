//! The sources read and judged without a store or a directory: what `rentree check` says, and to whom.
//!
//! Each source is read as for a plan, and the roster is computed from its records as they pass, because most of what a
//! school can mend (a pupil without class, a relative who is not delivered) only shows there. Findings are told by
//! person, class and school, and given to people in four forms: text for the operator, one page per school for its
//! secretariat ([`pages`]), a table for a spreadsheet ([`csv`]), and JSON. [`conformity`] counts how far the feed meets
//! what is asked of it. Nothing is decided here, and nothing is kept.

pub mod conformity;
mod csv;
mod pages;
mod rejected;
mod schools;
mod summary;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;

pub use csv::csv;
pub use pages::{PagesError, pages};
pub use schools::{School, Tally};
pub use summary::summary;

use conformity::{Conformity, Grid};

use crate::config::Config;
use crate::feed::{Category, Code, Finding};
use crate::image::{self, Checked, ImageError};
use crate::progress::Progress;
use crate::roster::{self, ImageRecord, Roster};

/// Cases of one kind told one by one in each school: a page for a secretariat names everybody, and the largest school
/// has some 3,000 pupils.
const LISTED: u32 = 3_000;

/// Batches of records on their way to the roster.
const AHEAD: usize = 4;

/// A source as it was read.
#[derive(Debug)]
pub struct Source {
    pub name: Arc<str>,
    /// Its findings are among those of the [`Checkup`].
    pub read: Checked,
}

/// Everything that a check found.
#[derive(Debug)]
pub struct Checkup {
    pub sources: Vec<Source>,
    /// The schools in scope and those that findings name, by UAI.
    pub schools: Vec<School>,
    /// What concerns no school of these.
    pub elsewhere: Tally,
    pub findings: Vec<Finding>,
    /// When it was asked for.
    pub conformity: Option<Conformity>,
}

/// Reads every configured source, with `threads` threads. With `conformity`, also counts how far the records meet what
/// is asked of them.
///
/// Memory is that of the roster (some hundred bytes per person) and of the findings.
///
/// # Errors
/// When a source has nothing readable, or `[roster]` is not valid.
pub fn check(
    config: &Config,
    threads: usize,
    progress: &dyn Progress,
    conformity: bool,
) -> Result<Checkup, ImageError> {
    // No day: what is judged is the data, whatever the age of the pupils.
    let options = roster::Options::from_config(&config.roster)?
        .with_policy(&config.policy, None)?
        .with_federated(&config.credentials);
    let options = roster::Options { listed: LISTED, ..options };
    let scope = options.schools.clone();
    let infos = image::sources(config);
    let mut grid = conformity.then(Grid::default);
    let (mut sources, roster) = thread::scope(|threads_of_check| -> Result<_, ImageError> {
        let (sender, receiver) = sync_channel::<Vec<ImageRecord>>(AHEAD);
        let infos = &infos;
        let builder = threads_of_check.spawn(move || roster::build(infos, receiver.into_iter().flatten(), &options));
        let mut sources = Vec::new();
        for (index, source) in config.sources.iter().enumerate() {
            let unknown: Arc<str> = "?".into();
            let read = image::check(source, threads, progress, &mut |names, batch| {
                let records = batch.into_iter().map(|record| {
                    if let Some(grid) = &mut grid {
                        grid.observe(index, record.category, &record.key, &record.fields);
                    }
                    ImageRecord {
                        source: index as u16,
                        category: record.category,
                        key: record.key,
                        fields: record.fields,
                        file: names.get(usize::from(record.part)).unwrap_or(&unknown).clone(),
                        line: record.line,
                    }
                });
                // A builder that went away has panicked; joining it says so.
                drop(sender.send(records.collect()));
            })?;
            sources.push(Source { name: source.name.as_str().into(), read });
        }
        drop(sender);
        let stopped = |_| ImageError::Stopped { source_name: "roster".into(), reason: "the thread died".into() };
        Ok((sources, builder.join().map_err(stopped)?))
    })?;
    let findings = gather(&mut sources, roster.findings.clone(), &roster, &infos);
    let (schools, elsewhere) = schools::schools(&roster, &infos, &scope, &findings);
    let conformity = grid.map(|grid| grid.finish(&schools, &findings));
    Ok(Checkup { sources, schools, elsewhere, findings, conformity })
}

/// The findings of the sources and of the roster, each about somebody by name. What contradicts itself was left out by
/// the reader: the roster, which saw its first copy, has nothing to say about it.
fn gather(
    sources: &mut [Source],
    of_roster: Vec<Finding>,
    roster: &Roster,
    infos: &[roster::SourceInfo],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        sources.iter_mut().flat_map(|source| std::mem::take(&mut source.read.findings)).collect();
    let conflicts: std::collections::HashSet<_> = findings
        .iter()
        .filter(|finding| finding.code == Code::DuplicateConflict)
        .map(|finding| (finding.source.clone(), finding.category, finding.key.clone()))
        .collect();
    findings.extend(of_roster.into_iter().filter(|finding| {
        finding.key.is_none() || !conflicts.contains(&(finding.source.clone(), finding.category, finding.key.clone()))
    }));
    roster.complete(&mut findings, infos);
    rejected::name_relatives(&mut findings);
    findings
}

/// How people call a category.
pub(crate) const fn category_word(category: Category) -> &'static str {
    match category {
        Category::Structure => "établissement",
        Category::Subject => "matière",
        Category::Mef => "formation",
        Category::Pupil => "élève",
        Category::Relative => "responsable",
        Category::Staff => "personnel",
    }
}

#[cfg(test)]
mod tests;
