//! Finds the sets under a path: a folder (with its sub-folders, and the archives in them), a `.zip`, a `.tar.gz`, a
//! compressed file. The newest complete one is what counts, and the differences after it.
//!
//! A set is every `*_<Category>_*.xml` of one kind and date, whatever the prefix. Everything else that lies beside it is
//! a finding: older sets, foreign files, links that lead outside, archives that do not open. Nothing is opened beyond
//! the input that was named, and no file is read here but for the list of an archive. Which of the offered deliveries
//! are new is not known here: that is the image's to say.

mod folder;
mod name;
mod nested;
mod numbering;
mod report;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::archive::{self, Container, Member, Members};
use super::{Category, Code, Degree, Delivery, DeliveryKind, FeedError, Finding, Limits, Part};
pub(super) use name::plain;
use name::{DateToken, Recognised, Verdict};

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

/// What a place offers: the newest complete set, the differences after it, and what is to be said of the rest.
#[derive(Debug, Clone)]
pub struct Offer {
    pub complete: Option<Delivery>,
    /// Those dated after the complete set, the oldest first; all the dated ones when there is no complete set.
    pub deltas: Vec<Delivery>,
    pub findings: Vec<Finding>,
}

/// Finds the newest complete set under `path`, whatever its degree.
///
/// Fails when the path is not there or cannot be read, when it holds no complete set, and when it goes beyond the
/// limits; anything less is a finding of the [`Delivery`].
pub fn discover(path: &Path, limits: &Limits) -> Result<Delivery, FeedError> {
    let offer = survey(path, None, limits)?;
    let files = offer.deltas.iter().map(|delta| delta.parts.len()).sum();
    let Some(mut delivery) = offer.complete else { return Err(FeedError::OnlyDeltas { path: path.into(), files }) };
    let mut findings = offer.findings;
    findings.extend(offer.deltas.iter().map(report::delta_after));
    findings.append(&mut delivery.findings);
    Ok(Delivery { findings, ..delivery })
}

/// Finds everything under `path` that can be read, several deliveries side by side included. With a degree, sets whose
/// names say the other one are left aside.
///
/// Fails when the path is not there or cannot be read, when it holds no set at all, and when it goes beyond the limits.
pub fn survey(path: &Path, degree: Option<Degree>, limits: &Limits) -> Result<Offer, FeedError> {
    let (mut members, mut findings) = members(path, limits)?;
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let seen = members.len();
    let outer = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut sets: BTreeMap<SetKey, Set> = BTreeMap::new();
    let (mut foreign, mut unknown, mut other_degree) = (Vec::new(), Vec::new(), Vec::new());
    for member in members {
        match name::recognise(&member.name, &outer) {
            Verdict::Part(_)
                if degree.is_some_and(|wanted| name::degree(&member.name).is_some_and(|d| d != wanted)) =>
            {
                other_degree.push(member.name);
            }
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
    if sets.is_empty() {
        return Err(FeedError::NothingReadable { path: path.into(), seen });
    }
    // Dated before undated, then the newest.
    let newest = sets
        .keys()
        .filter(|key| !key.delta)
        .max_by_key(|key| (key.date, key.malformed.is_none(), key.malformed.clone()))
        .cloned();
    let chosen = newest.and_then(|key| sets.remove_entry(&key));
    report::foreign(foreign, &mut findings);
    report::other_degree(&other_degree, &mut findings);
    for (token, name) in unknown {
        findings.push(report::unknown_category(&token, &name));
    }
    let newest = chosen.as_ref().map(|(key, _)| key.clone());
    let mut deltas = Vec::new();
    for (key, set) in sets {
        match (key.delta, key.date, newest.as_ref().and_then(|newest| newest.date)) {
            (true, Some(date), complete) if complete.is_none_or(|complete| date > complete) => {
                deltas.push(delivery(DeliveryKind::Delta, &key, set));
            }
            _ => findings.push(report::set_aside(&key, &set, newest.as_ref())),
        }
    }
    let complete = chosen.map(|(key, set)| delivery(DeliveryKind::Complete, &key, set));
    Ok(Offer { complete, deltas, findings })
}

/// A set as a delivery, with what its file names leave to say.
fn delivery(kind: DeliveryKind, key: &SetKey, set: Set) -> Delivery {
    let mut findings = Vec::new();
    let parts = parts(set, key, &mut findings);
    numbering::report(&parts, &mut findings);
    if kind == DeliveryKind::Delta {
        // Differences are often numbered from 0001, and nobody leaves for want of a part.
        findings.retain(|finding| finding.code != Code::FirstPartMissing);
    }
    Delivery { kind, date: key.date, parts, findings }
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
        Some(Container::Gz) => archive::gz_member(path)?,
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

/// The parts of the chosen set, in the order of their file names, with what their names leave to say.
fn parts(mut set: Set, key: &SetKey, findings: &mut Vec<Finding>) -> Vec<Part> {
    let file_name = |name: &str| plain_xml(name.rsplit('/').next().unwrap_or_default()).to_owned();
    set.files.sort_by_cached_key(|(_, member)| (file_name(&member.name), member.name.clone()));
    // The same export lies there twice, as files and as the archive that brought them: once is enough. The one with
    // the fewest folders around it is the one that was unpacked.
    let mut copies: Vec<String> = Vec::new();
    set.files.dedup_by(|(_, later), (_, first)| {
        let twice = file_name(&later.name) == file_name(&first.name) && later.size == first.size;
        if twice {
            copies.push(plain(&later.name));
        }
        twice
    });
    if let Some(first) = copies.first() {
        let message = format!("{} fichier(s) présents deux fois (même nom, même taille) : lus une fois", copies.len());
        let mut finding = Finding::new(Code::DuplicatePart, message).at(&Arc::from(first.as_str()), 0);
        finding.count = u32::try_from(copies.len()).unwrap_or(u32::MAX);
        findings.push(finding);
    }
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

/// `a.xml` of `a.xml.gz`.
fn plain_xml(file: &str) -> &str {
    let end = file.len().saturating_sub(3);
    match file.get(end..) {
        Some(gz) if gz.eq_ignore_ascii_case(".gz") => file.get(..end).unwrap_or(file),
        _ => file,
    }
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
