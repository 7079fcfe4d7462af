//! Finds the tables under a path, and whose they are.
//!
//! A folder (with its sub-folders), a `.zip`, a `.tar.gz` or one table. Whose file it is, its first lines say; its name
//! only hints. Nothing dates these files: the source is what lies there now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::open::{BLOCK, Glance, Wanted, glance, open};
use super::place::place;
use super::profile::Profile;
use super::spec::{Layout, TableSpec};
use crate::feed::archive::{Member, PartBytes};
use crate::feed::discovery::{members, plain};
use crate::feed::{Category, Code, Delivery, DeliveryKind, FeedError, Finding, Limits, Location, Part, Tool};

/// Endings of tables.
const TEXT: [&str; 4] = ["csv", "txt", "tsv", "tab"];
const BOOKS: [&str; 5] = ["xlsx", "xlsm", "ods", "xls", "xlsb"];
/// Foreign files that are named one by one; the others are counted.
const NAMED: usize = 20;

/// Finds the tables of a source.
///
/// # Errors
/// When the path is not there or cannot be read, when no table is in it, and when it goes beyond the limits; anything
/// less is a finding of the [`Delivery`].
pub fn discover(spec: &TableSpec, limits: &Limits) -> Result<Delivery, FeedError> {
    let (mut files, mut findings) = files(&spec.path, limits)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let seen = files.len();
    let mut bytes = PartBytes::default();
    let mut parts = Vec::new();
    let mut foreign = Vec::new();
    for file in files {
        let ending = ending(&file.name);
        let is_book = BOOKS.contains(&ending.as_str());
        let mut part = Part {
            category: Category::Staff,
            name: Arc::from(plain(&file.name)),
            number: None,
            size: file.size,
            location: file.location,
        };
        let hint = Profile::of_name(&file.name);
        let found = if is_book {
            book(&mut bytes, &part, spec, limits)
        } else if TEXT.contains(&ending.as_str()) {
            glance(&mut bytes, &part, spec).unwrap_or(Glance::Foreign)
        } else {
            foreign.push(part.name);
            continue;
        };
        // A name that says whose it is makes a finding of its own of a bad file.
        let profile = match (found, hint) {
            (Glance::Of(profile), _) | (Glance::Table | Glance::Foreign, Some(profile)) => profile,
            // A table of people, and nothing says which: the reading refuses it, and nobody leaves on its account.
            (Glance::Table, None) => Profile::Staff,
            (Glance::Foreign, None) => {
                foreign.push(part.name);
                continue;
            }
        };
        part.category = profile.category();
        parts.push((profile, part));
    }
    if parts.is_empty() {
        return Err(FeedError::NoTable { path: spec.path.clone(), seen });
    }
    report_foreign(&foreign, &mut findings);
    report_twins(&parts, spec, &mut findings);
    let tool = if spec.layout == Layout::Onde { Tool::Onde } else { Tool::Table };
    for finding in &mut findings {
        finding.tool = finding.tool.map(|_| tool);
    }
    let parts = parts.into_iter().map(|(_, part)| part).collect();
    Ok(Delivery { kind: DeliveryKind::Complete, date: None, parts, findings })
}

/// Every file under the path. A spreadsheet is an archive to a machine, and one table to us.
fn files(path: &Path, limits: &Limits) -> Result<(Vec<Member>, Vec<Finding>), FeedError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if let Ok(metadata) = std::fs::metadata(path)
        && metadata.is_file()
        && BOOKS.contains(&ending(&name).as_str())
    {
        let location = Location::File(path.into());
        return Ok((vec![Member { name, size: metadata.len(), location }], Vec::new()));
    }
    members(path, limits)
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// What a book is about, only its sheets tell.
fn book(bytes: &mut PartBytes, part: &Part, spec: &TableSpec, limits: &Limits) -> Glance {
    match open(bytes, part, spec, Wanted { limits, block: BLOCK, hash: false }) {
        Ok(table) => Glance::Of(table.columns.profile),
        Err(refusal) if refusal.code == Code::UnknownProfile => Glance::Table,
        Err(_) => Glance::Foreign,
    }
}

fn report_foreign(names: &[Arc<str>], findings: &mut Vec<Finding>) {
    for name in names.iter().take(NAMED) {
        findings.push(Finding::new(Code::ForeignFile, "ce fichier n'est pas un tableau reconnu : ignoré").at(name, 0));
    }
    let more = names.len().saturating_sub(NAMED);
    if more > 0 {
        let mut rest = Finding::new(Code::ForeignFile, format!("{more} autres fichiers étrangers, ignorés"));
        rest.count = u32::try_from(more).unwrap_or(u32::MAX);
        findings.push(rest);
    }
}

/// `eleves.csv` beside `eleves (1).csv`: one of the two is usually last week's.
fn report_twins(parts: &[(Profile, Part)], spec: &TableSpec, findings: &mut Vec<Finding>) {
    let outer = spec.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut first: BTreeMap<(Option<String>, Profile), &Part> = BTreeMap::new();
    let mut told: BTreeSet<(Option<String>, Profile)> = BTreeSet::new();
    for (profile, part) in parts {
        let school = place(&part.name, &outer).map(|place| place.uai.to_string());
        let key = (school, *profile);
        match first.get(&key) {
            None => drop(first.insert(key, part)),
            Some(other) if told.insert(key) => {
                let message = format!(
                    "plusieurs fichiers de {} pour la même école, dont {} : tous sont lus ; retirez les anciens",
                    profile.name(),
                    other.name
                );
                findings.push(Finding::new(Code::DuplicatePart, message).at(&part.name, 0));
            }
            Some(_) => {}
        }
    }
}
