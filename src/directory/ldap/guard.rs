//! Writes that depend on what the entry is, where naming the values is not enough.
//!
//! A modify names each value that it deletes and adds, and the server refuses it whole when one of them is not there,
//! or is there already (RFC 4511 §4.6). Two things this leaves open:
//!
//! - a value that somebody has put into an attribute that was seen empty: the conditions of
//!   [`Operation::OnlyIf`](crate::directory::Operation) close it, by the Assertion control where the server announces
//!   it (rootDSE), otherwise by reading the entry just before;
//! - an attribute without equality rule (`facsimileTelephoneNumber` in the standard schema), whose values a server
//!   cannot find by name and refuses to (inappropriateMatching): it is read, compared here octet by octet, and
//!   replaced as a whole, under the condition that the entry is still the one that was read (`entryCSN`);
//! - a password, under the ppolicy overlay of OpenLDAP: whoever names the value that goes must know it in clear, and
//!   nobody does (unwillingToPerform, "Must supply correct old password"). It is replaced in the same way.

use std::collections::HashSet;

use ldap3::controls::RawControl;
use ldap3::{LdapResult, Mod};

use super::{Ldap, assertion};
use crate::directory::{Condition, Directory as _, DirectoryError, Dn, Entry, Modification, Search, Value};

/// The number of an entry's last change, on OpenLDAP and its like (operational).
const ENTRY_CSN: &str = "entryCSN";

const PASSWORD: &str = "userPassword";
/// inappropriateMatching: an attribute whose values the server cannot compare.
const NO_EQUALITY_RULE: u32 = 18;
/// unwillingToPerform.
const UNWILLING: u32 = 53;

/// Whether the server refused to find the values that are to go, and takes whole attributes perhaps.
pub(super) fn needs_whole(result: &LdapResult, modifications: &[Modification]) -> bool {
    let replaces_password =
        || modifications.iter().any(|m| m.attribute.eq_ignore_ascii_case(PASSWORD) && !m.delete.is_empty());
    result.rc == NO_EQUALITY_RULE || (result.rc == UNWILLING && replaces_password())
}

/// A modify that gives whole attributes.
pub(super) struct Whole {
    attributes: Vec<(String, Vec<Value>)>,
    pub control: Option<RawControl>,
}

impl Whole {
    pub fn parts(&self) -> Vec<Mod<&[u8]>> {
        self.attributes
            .iter()
            .map(|(name, values)| {
                let values: HashSet<&[u8]> = values.iter().map(Value::as_bytes).collect();
                Mod::Replace(name.as_bytes(), values)
            })
            .collect()
    }
}

impl Ldap {
    /// Whether the server announces the Assertion control. One that does not let its rootDSE be read counts as not
    /// announcing it: entries are then read before they are written.
    pub(super) async fn asserts(&self) -> bool {
        let announced = self.asserts.get_or_try_init(|| async {
            let base = Dn::parse("").map_err(|e| DirectoryError::Configuration(e.to_string()))?;
            let search =
                Search { base, filter: "(objectClass=*)".into(), attributes: vec!["supportedControl".to_owned()] };
            let root = super::read::entry_at(self, search).await?;
            Ok::<_, DirectoryError>(
                root.is_some_and(|root| root.texts("supportedControl").any(|oid| oid == assertion::OID)),
            )
        });
        announced.await.copied().unwrap_or(false)
    }
}

/// Checks the conditions on the entry as it is now, for a server that cannot.
pub(super) async fn look_first(ldap: &Ldap, dn: &Dn, conditions: &[&Condition]) -> Result<(), DirectoryError> {
    let wanted: Vec<&str> = conditions.iter().map(|c| c.attribute()).collect();
    let entry = ldap.read_with(dn, &wanted).await?;
    let entry = entry.ok_or_else(|| DirectoryError::NoSuchEntry { dn: dn.to_string() })?;
    conditions
        .iter()
        .try_for_each(|c| c.check(&entry))
        .map_err(|reason| DirectoryError::Moved { dn: dn.to_string(), reason })
}

/// The same modifications with whole attributes, worked out from the entry as it is now.
pub(super) async fn whole(
    ldap: &Ldap,
    dn: &Dn,
    modifications: &[Modification],
    conditions: &[&Condition],
) -> Result<Whole, DirectoryError> {
    let entry = ldap.read_with(dn, &[ENTRY_CSN]).await?;
    let entry = entry.ok_or_else(|| DirectoryError::NoSuchEntry { dn: dn.to_string() })?;
    let moved = |reason| DirectoryError::Moved { dn: dn.to_string(), reason };
    conditions.iter().try_for_each(|c| c.check(&entry)).map_err(moved)?;
    let attributes = modifications.iter().map(|m| after(m, &entry)).collect::<Result<_, _>>().map_err(moved)?;
    let control = match entry.values(ENTRY_CSN).first() {
        Some(csn) if ldap.asserts().await => {
            Some(assertion::control(&[&Condition::Holds(ENTRY_CSN.to_owned(), csn.clone())]))
        }
        _ => None,
    };
    Ok(Whole { attributes, control })
}

/// All the values of an attribute after a modification.
fn after(modification: &Modification, entry: &Entry) -> Result<(String, Vec<Value>), String> {
    let Modification { attribute, delete, add } = modification;
    let mut values = entry.values(attribute).to_vec();
    let gone = delete.iter().filter(|v| !values.contains(v)).count();
    if gone > 0 {
        return Err(format!("{attribute}: {gone} of the values to delete not there"));
    }
    values.retain(|v| !delete.contains(v));
    if add.iter().any(|v| values.contains(v)) {
        return Err(format!("{attribute}: some of the values to add are already there"));
    }
    values.extend(add.iter().cloned());
    Ok((attribute.clone(), values))
}
