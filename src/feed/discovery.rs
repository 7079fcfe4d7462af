//! Finds the newest complete set under a path: a folder (with its sub-folders), a `.zip` or a `.tar.gz`.
//!
//! A set is every `*_<Category>_*.xml` of one kind and date, whatever the prefix. Everything else that lies beside it is
//! a finding: older sets, deltas, foreign files, links that lead outside. Nothing is opened beyond the input that was
//! named, and no file is read here but for the list of an archive.

mod folder;
mod name;
mod numbering;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::archive::{self, Container, Member, Members};
use super::{Category, Code, Delivery, DeliveryKind, FeedError, Finding, Limits, Part, french};
pub(super) use name::plain;
use name::{DateToken, Recognised, Verdict};

/// Foreign files that are named one by one; the others are counted.
const NAMED: usize = 20;

/// What tells one set from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SetKey {
    delta: bool,
    date: Option<Date>,
    /// The token that should have been a date.
    malformed: Option<String>,
}

/// The files of a set, found.
#[derive(Default)]
struct Set {
    files: Vec<(Recognised, Member)>,
}

/// Finds the newest complete set under `path`.
///
/// Fails when the path is not there or cannot be read, when it holds no complete set, and when it goes beyond the
/// limits; anything less is a finding of the [`Delivery`].
pub fn discover(path: &Path, limits: &Limits) -> Result<Delivery, FeedError> {
    let (mut members, mut findings) = members(path, limits)?;
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let seen = members.len();
    let outer = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sets: BTreeMap<SetKey, Set> = BTreeMap::new();
    let mut foreign = Vec::new();
    let mut unknown = Vec::new();
    for member in members {
        match name::recognise(&member.name, &outer) {
            Verdict::Part(file) => {
                let (date, malformed) = match &file.date {
                    DateToken::Valid(date) => (Some(*date), None),
                    DateToken::Malformed(token) => (None, Some(token.clone())),
                    DateToken::None => (None, None),
                };
                let delta = file.kind == Some(DeliveryKind::Delta);
                sets.entry(SetKey { delta, date, malformed }).or_default().files.push((file, member));
            }
            Verdict::UnknownCategory(token) => unknown.push((token, member.name)),
            Verdict::Foreign => foreign.push(member.name),
            Verdict::Grammar => {}
        }
    }
    // Complete before delta, dated before undated, then the newest.
    let newest = sets
        .keys()
        .filter(|key| !key.delta)
        .max_by_key(|key| (key.date, key.malformed.is_none(), key.malformed.clone()))
        .cloned();
    let Some((key, chosen)) = newest.and_then(|key| sets.remove_entry(&key)) else {
        let files: usize = sets.values().map(|set| set.files.len()).sum();
        return Err(match files {
            0 => FeedError::NothingReadable { path: path.into(), seen },
            files => FeedError::OnlyDeltas { path: path.into(), files },
        });
    };
    report_foreign(foreign, &mut findings);
    for (token, name) in unknown {
        let message =
            format!("fichier de la catégorie « {} », que ce programme ne connaît pas : ignoré", plain(&token));
        findings.push(Finding::new(Code::UnknownCategory, message).at(&Arc::from(plain(&name)), 0));
    }
    for (other, set) in sets {
        findings.push(other_set(&other, &set, &key));
    }
    let parts = parts(chosen, &key, &mut findings);
    numbering::report(&parts, &mut findings);
    Ok(Delivery { kind: DeliveryKind::Complete, date: key.date, parts, findings })
}

/// Every regular file under the path, with a finding for each that is refused.
pub(super) fn members(path: &Path, limits: &Limits) -> Result<(Vec<Member>, Vec<Finding>), FeedError> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(FeedError::NoSuchPath { path: path.into() });
        }
        Err(source) => return Err(FeedError::Io { path: path.into(), source }),
    };
    if metadata.is_dir() {
        return folder::members(path, limits);
    }
    let Members { files, refused } = match archive::container(path)? {
        Some(Container::Zip) => archive::zip_members(path, limits)?,
        Some(Container::TarGz) => archive::tar_members(path, limits)?,
        None => single_file(path, metadata.len()),
    };
    let findings = refused
        .into_iter()
        .map(|name| {
            let message = "ce membre de l'archive n'est pas un fichier ordinaire (lien ou périphérique) : refusé";
            Finding::new(Code::LinkRefused, message).at(&Arc::from(plain(&name)), 0)
        })
        .collect();
    Ok((files, findings))
}

/// A plain file named as the source: a set of one part, when its name says so.
fn single_file(path: &Path, size: u64) -> Members {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let location = super::Location::File(path.into());
    Members { files: vec![Member { name, size, location }], refused: Vec::new() }
}

fn report_foreign(mut names: Vec<String>, findings: &mut Vec<Finding>) {
    names.sort();
    let more = names.len().saturating_sub(NAMED);
    for name in names.iter().take(NAMED) {
        let message = if archive_extension(name) {
            "archive rangée dans le dossier : pour la lire, indiquez l'archive elle-même comme source"
        } else {
            "ce fichier n'est pas un fichier AAF : ignoré"
        };
        findings.push(Finding::new(Code::ForeignFile, message).at(&Arc::from(plain(name)), 0));
    }
    if more > 0 {
        let mut rest = Finding::new(Code::ForeignFile, format!("{more} autres fichiers étrangers, ignorés"));
        rest.count = u32::try_from(more).unwrap_or(u32::MAX);
        findings.push(rest);
    }
}

fn archive_extension(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".tgz", ".gz"].iter().any(|end| name.ends_with(end))
}

/// Says why another set is not read.
fn other_set(key: &SetKey, set: &Set, chosen: &SetKey) -> Finding {
    let count = set.files.len();
    let files = if count == 1 { "1 fichier".to_owned() } else { format!("{count} fichiers") };
    let (code, message) = if key.delta {
        (
            Code::DeltaIgnored,
            format!("livraison différentielle {} ({files}) : ignorée, seuls les complets sont lus", dated(key)),
        )
    } else {
        (
            Code::OlderSetIgnored,
            format!("livraison complète {} ({files}) : ignorée, celle {} est lue", dated(key), dated(chosen)),
        )
    };
    let mut finding = Finding::new(code, message);
    finding.count = u32::try_from(count).unwrap_or(u32::MAX);
    if let Some((_, member)) = set.files.first() {
        finding = finding.at(&Arc::from(plain(&member.name)), 0);
    }
    finding
}

fn dated(key: &SetKey) -> String {
    match (&key.date, &key.malformed) {
        (Some(date), _) => format!("du {}", french::date(*date)),
        (None, Some(token)) => format!("à la date illisible « {} »", plain(token)),
        (None, None) => "sans date".to_owned(),
    }
}

/// The parts of the chosen set, in the order of their file names, with what their names leave to say.
fn parts(mut set: Set, key: &SetKey, findings: &mut Vec<Finding>) -> Vec<Part> {
    let file_name = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    set.files.sort_by_cached_key(|(_, member)| (file_name(&member.name), member.name.clone()));
    let unnamed_kind = set.files.iter().filter(|(file, _)| file.kind.is_none()).count();
    if let Some((_, member)) = set.files.iter().find(|(file, _)| file.kind.is_none()) {
        let message = format!(
            "ni « Complet » ni « Delta » dans le nom de {unnamed_kind} fichier(s) : lus comme une livraison complète"
        );
        let mut finding = Finding::new(Code::KindAssumedComplete, message).at(&Arc::from(plain(&member.name)), 0);
        finding.count = u32::try_from(unnamed_kind).unwrap_or(u32::MAX);
        findings.push(finding);
    }
    if let (Some(token), Some((_, member))) = (&key.malformed, set.files.first()) {
        let message =
            format!("« {} » n'est pas une date (attendu : aaaammjj) : la livraison est lue sans date", plain(token));
        findings.push(Finding::new(Code::MalformedDate, message).at(&Arc::from(plain(&member.name)), 0));
    }
    let parts = set.files.into_iter().map(|(file, member)| Part {
        category: file.category,
        name: Arc::from(plain(&member.name)),
        number: file.number,
        size: member.size,
        location: member.location,
    });
    parts.collect()
}

/// The parts of one category.
fn of(parts: &[Part], category: Category) -> impl Iterator<Item = &Part> {
    parts.iter().filter(move |part| part.category == category)
}

/// Whether the numbers of a category's parts have a hole.
pub(super) fn has_hole(parts: &[Part], category: Category) -> bool {
    !numbering::holes(parts, category).is_empty()
}

#[cfg(test)]
mod tests;
