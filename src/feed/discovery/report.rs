//! What there is to say of the files and sets that are not read.

use std::sync::Arc;

use super::name::plain;
use super::{Set, SetKey};
use crate::feed::{Code, Delivery, Finding, french};

/// Foreign files that are named one by one; the others are counted.
const NAMED: usize = 20;

pub(super) fn foreign(mut names: Vec<String>, findings: &mut Vec<Finding>) {
    names.sort();
    let more = names.len().saturating_sub(NAMED);
    for name in names.iter().take(NAMED) {
        let message = if archive_extension(name) {
            "archive dans une archive, ou d'une forme inconnue : ignorée ; déposez son contenu"
        } else {
            "ce fichier n'est pas un fichier AAF : ignoré"
        };
        findings.push(Finding::new(Code::ForeignFile, message).at(&Arc::from(plain(name)), 0));
    }
    if more > 0 {
        findings
            .push(counted(Finding::new(Code::ForeignFile, format!("{more} autres fichiers étrangers, ignorés")), more));
    }
}

fn archive_extension(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".tgz", ".gz"].iter().any(|end| name.ends_with(end))
}

/// Files of the other degree in the same folder: another source's business.
pub(super) fn other_degree(names: &[String], findings: &mut Vec<Finding>) {
    if let Some(first) = names.first() {
        let message =
            format!("{} fichier(s) de l'autre degré d'après leur nom : laissés à une autre source", names.len());
        let finding = Finding::new(Code::OtherDegree, message).at(&Arc::from(plain(first)), 0);
        findings.push(counted(finding, names.len()));
    }
}

pub(super) fn unknown_category(token: &str, name: &str) -> Finding {
    let message = format!("fichier de la catégorie « {} », que ce programme ne connaît pas : ignoré", plain(token));
    Finding::new(Code::UnknownCategory, message).at(&Arc::from(plain(name)), 0)
}

/// Says why a set is not offered: older than the complete one, or a difference that nobody can put in its place.
pub(super) fn set_aside(key: &SetKey, set: &Set, chosen: Option<&SetKey>) -> Finding {
    let files = files(set.files.len());
    let dated = dated(key);
    let (code, message) = match (key.delta, &key.date, chosen) {
        (true, None, _) => (
            Code::DeltaRefused,
            format!("livraison différentielle {dated} ({files}) : refusée, on ne sait pas à quel jour l'appliquer"),
        ),
        (true, Some(_), chosen) => (
            Code::DeltaIgnored,
            format!(
                "livraison différentielle {dated} ({files}) : comprise dans la complète {}",
                chosen.map_or_else(String::new, self::dated)
            ),
        ),
        (false, _, chosen) => (
            Code::OlderSetIgnored,
            format!(
                "livraison complète {dated} ({files}) : ignorée, celle {} est lue",
                chosen.map_or_else(String::new, self::dated)
            ),
        ),
    };
    let mut finding = counted(Finding::new(code, message), set.files.len());
    if let Some((_, member)) = set.files.first() {
        finding = finding.at(&Arc::from(plain(&member.name)), 0);
    }
    finding
}

/// For who reads a complete set alone.
pub(super) fn delta_after(delta: &Delivery) -> Finding {
    let date = delta.date.map(french::date).unwrap_or_default();
    let message = format!("livraison différentielle du {date} ({}) : non lue ici", files(delta.parts.len()));
    let finding = counted(Finding::new(Code::DeltaIgnored, message), delta.parts.len());
    match delta.parts.first() {
        Some(part) => finding.at(&part.name, 0),
        None => finding,
    }
}

fn counted(mut finding: Finding, count: usize) -> Finding {
    finding.count = u32::try_from(count).unwrap_or(u32::MAX);
    finding
}

fn files(count: usize) -> String {
    if count == 1 { "1 fichier".to_owned() } else { format!("{count} fichiers") }
}

fn dated(key: &SetKey) -> String {
    match (&key.date, &key.malformed) {
        (Some(date), _) => format!("du {}", french::date(*date)),
        (None, Some(token)) => format!("à la date illisible « {} »", plain(token)),
        (None, None) => "sans date".to_owned(),
    }
}
