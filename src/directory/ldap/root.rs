//! What a server says of itself: its root entry and the schema that it publishes (RFC 4512 §4.2 and §5.1).

use std::sync::Arc;

use futures_util::StreamExt as _;
use ldap3::Scope;

use super::{Ldap, read};
use crate::directory::{DirectoryError, Dn, Entry, Schema, Search, survey};

/// Operational attributes come only when they are asked for; `+` (RFC 3673) asks for all, and servers that do not know
/// it ignore it.
const ROOT: [&str; 9] = [
    "*",
    "+",
    "subschemaSubentry",
    "vendorName",
    "vendorVersion",
    "supportedControl",
    "supportedExtension",
    "namingContexts",
    "configContext",
];

/// The root entry; `None` when it may not be read.
pub(super) async fn root(ldap: &Ldap) -> Result<Option<Entry>, DirectoryError> {
    one(ldap, "", "(objectClass=*)", &ROOT).await
}

/// The schema; `None` when the server does not let it be read.
pub(super) async fn schema(ldap: &Ldap) -> Result<Option<Arc<Schema>>, DirectoryError> {
    let Some(root) = root(ldap).await? else { return Ok(None) };
    let Some(place) = root.first("subschemaSubentry") else { return Ok(None) };
    let wanted = ["attributeTypes", "objectClasses"];
    let Some(subentry) = one(ldap, place, "(objectClass=subschema)", &wanted).await? else { return Ok(None) };
    if subentry.values("objectClasses").is_empty() || subentry.values("attributeTypes").is_empty() {
        return Ok(None);
    }
    let schema =
        Schema::read(subentry.texts("attributeTypes"), subentry.texts("objectClasses"), &survey::vendor(&root));
    for warning in schema.warnings() {
        tracing::debug!(server = ldap.connector.server, warning, "the schema of the server");
    }
    Ok(Some(Arc::new(schema)))
}

async fn one(ldap: &Ldap, base: &str, filter: &str, attributes: &[&str]) -> Result<Option<Entry>, DirectoryError> {
    let base = Dn::parse(base).map_err(|e| ldap.connector.unreachable(e.to_string()))?;
    let attributes = attributes.iter().map(|&name| name.to_owned()).collect();
    let search = Search { base, filter: filter.to_owned(), attributes };
    read::search(ldap, search, Scope::Base).await?.next().await.transpose()
}
