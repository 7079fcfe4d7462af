//! First passwords that the server wants changed at the first log-in.
//!
//! OpenLDAP's policy overlay (draft-behera-ldap-password-policy, 5.3.7) has `pwdReset` for it: together with
//! `pwdMustChange` in the policy of the account, whoever binds may only change the password. A password that is replaced
//! later gets the mark from the server itself. Other servers have no mark that others may set: 389 DS sets its own
//! (`passwordMustChange`).

use crate::config::CredentialsConfig;
use crate::directory::{Directory, DirectoryError, Operation};
use crate::plan::{Change, ChangeKind};

pub(super) const PWD_RESET: &str = "pwdReset";

/// Whether accounts are to be marked, and the server knows the mark.
///
/// # Errors
/// When the directory cannot be asked.
pub async fn is_marked(directory: &dyn Directory, credentials: &CredentialsConfig) -> Result<bool, DirectoryError> {
    if !credentials.any_must_change() {
        return Ok(false);
    }
    Ok(directory.schema().await?.is_some_and(|schema| schema.attribute(PWD_RESET).is_some()))
}

/// Marks the account that these operations create.
pub(super) fn mark(credentials: &CredentialsConfig, change: &Change, operations: &mut [Operation]) {
    let is_asked = change.kind == ChangeKind::Create
        && change.subject.profile.is_some_and(|profile| credentials.must_change(profile));
    if let (true, Some(Operation::Add(entry))) = (is_asked, operations.first_mut()) {
        entry.push(PWD_RESET, ["TRUE"]);
    }
}
