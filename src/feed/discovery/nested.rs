//! Archives that lie in the folder of a source: each is opened in place and its files join those of the folder, under
//! the name `<archive>/<member>`. One that does not open costs itself only.

use std::path::Path;
use std::sync::Arc;

use super::name::plain;
use crate::feed::archive::{self, Container, Member, Members};
use crate::feed::{Code, FeedError, Finding, Limits, Location};

/// Replaces each archive among `files` by what it holds.
///
/// Fails when all of them together go beyond the limit of files.
pub(super) fn open(
    root: &Path,
    files: Vec<Member>,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Member>, FeedError> {
    let mut all = Vec::with_capacity(files.len());
    for file in files {
        let Location::File(path) = &file.location else { continue };
        if !is_archive(&file.name) {
            all.push(file);
            continue;
        }
        match members(path, limits) {
            Ok(Some(inside)) => {
                findings.extend(inside.refused.iter().map(|name| {
                    let message =
                        "ce membre de l'archive n'est pas un fichier ordinaire (lien ou périphérique) : refusé";
                    Finding::new(Code::LinkRefused, message).at(&Arc::from(plain(&format!("{}/{name}", file.name))), 0)
                }));
                for mut member in inside.files {
                    // A compressed file is itself; an archive is a folder.
                    member.name = match &member.location {
                        Location::Gz(_) => file.name.clone(),
                        _ => format!("{}/{}", file.name, member.name),
                    };
                    all.push(member);
                }
            }
            Ok(None) => all.push(file),
            Err(error) => {
                tracing::warn!(%error, archive = file.name, "an archive of the folder does not open");
                let message =
                    format!("archive illisible ({}) : son contenu est ignoré ; demandez-la de nouveau", reason(&error));
                findings.push(Finding::new(Code::UnreadableArchive, message).at(&Arc::from(plain(&file.name)), 0));
            }
        }
        if all.len() > limits.files {
            let reason = format!("more than {} files", limits.files);
            return Err(FeedError::Limit { path: root.into(), reason });
        }
    }
    Ok(all)
}

fn members(path: &Path, limits: &Limits) -> Result<Option<Members>, FeedError> {
    Ok(Some(match archive::container(path)? {
        Some(Container::Zip) => archive::zip_members(path, limits)?,
        Some(Container::TarGz) => archive::tar_members(path, limits)?,
        Some(Container::Gz) => archive::gz_member(path)?,
        None => return Ok(None),
    }))
}

/// By its name: the bytes decide later, but nobody opens every file of a folder to look at its first ones.
fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".gz", ".tgz"].iter().any(|end| name.ends_with(end))
}

fn reason(error: &FeedError) -> String {
    match error {
        FeedError::Io { source, .. } => source.to_string(),
        FeedError::Archive { reason, .. } | FeedError::Limit { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}
