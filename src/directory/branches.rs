//! The branches that hold people, structures and groups.

use super::{Directory, DirectoryError, Dn, Entry, Operation, Pace};

/// Adds those of `branches` that are missing below `suffix`, and what lies between, as `organizationalUnit` entries.
/// Gives the names of what it added, outermost first. The suffix itself must be there.
///
/// # Errors
/// When a branch is not below the suffix or is not named by `ou`, or when the directory refuses.
pub async fn ensure_branches(
    directory: &dyn Directory,
    suffix: &Dn,
    branches: &[Dn],
) -> Result<Vec<Dn>, DirectoryError> {
    let mut added = Vec::new();
    for entry in missing_branches(directory, suffix, branches).await? {
        let dn = entry.dn.clone();
        let outcome = directory.execute(&[Operation::Add(entry)], &Pace::unlimited()).await;
        match outcome.into_iter().next() {
            // Another run was quicker.
            Some(Err(DirectoryError::AlreadyExists { .. })) => {}
            Some(Err(error)) => return Err(error),
            Some(Ok(())) | None => added.push(dn),
        }
    }
    Ok(added)
}

/// What [`ensure_branches`] would add, outermost first. Nothing is written.
///
/// # Errors
/// As [`ensure_branches`].
pub async fn missing_branches(
    directory: &dyn Directory,
    suffix: &Dn,
    branches: &[Dn],
) -> Result<Vec<Entry>, DirectoryError> {
    let mut entries: Vec<Entry> = Vec::new();
    for branch in branches {
        let mut missing = Vec::new();
        let mut at = branch.clone();
        while &at != suffix {
            let above = at.parent().filter(|p| p.is_within(suffix));
            let Some(above) = above.filter(|_| at.rdn_type() == "ou") else {
                return Err(DirectoryError::Configuration(format!(
                    "the branch {branch} cannot be made: it must be named by `ou`, below {suffix}"
                )));
            };
            if entries.iter().any(|e| e.dn == at) || directory.read(&at).await?.is_some() {
                break;
            }
            missing.push(std::mem::replace(&mut at, above));
        }
        while let Some(dn) = missing.pop() {
            let mut entry = Entry::new(dn.clone());
            entry.push("objectClass", ["organizationalUnit"]);
            entry.push("ou", [dn.rdn_value()]);
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The entry of a suffix, by the attribute that names it.
#[must_use]
pub fn suffix_entry(suffix: &Dn) -> Entry {
    let mut entry = Entry::new(suffix.clone());
    let (kind, value) = (suffix.rdn_type(), suffix.rdn_value());
    match kind.as_str() {
        "dc" => {
            entry.push("objectClass", ["dcObject", "organization"]);
            entry.push("o", [value.clone()]);
        }
        "ou" => entry.push("objectClass", ["organizationalUnit"]),
        "c" => entry.push("objectClass", ["country"]),
        _ => entry.push("objectClass", ["organization"]),
    }
    entry.push(&kind, [value]);
    entry
}
