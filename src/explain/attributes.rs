//! Each attribute of an entry: whose it is, which field it comes from, what is wanted and what is there.

use serde::Serialize;

use crate::directory::dialect::{Dialect, Ownership};
use crate::directory::{Entry, Value, is_secret};
use crate::plan::Look;
use crate::roster::Profile;

/// One attribute of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    pub name: String,
    /// `None`: nobody's that this program knows, an administrator's or another program's.
    pub owner: Option<Ownership>,
    /// The field of the roster that fills it, and what that is, in French.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<&'static str>,
    pub wanted: Vec<String>,
    pub actual: Vec<String>,
    /// A plan would change it.
    pub differs: bool,
    /// A password or a hash: only that it is there is said.
    pub hidden: bool,
}

/// Every attribute that is wanted or there, in the order of the dialect; what is somebody else's comes last.
pub(super) fn attributes(
    dialect: &Dialect,
    profile: Profile,
    looked: Option<&Result<Look, String>>,
    entry: Option<&Entry>,
) -> Vec<Attribute> {
    let look = looked.and_then(|looked| looked.as_ref().ok());
    let wanted = |name: &str| {
        let found = look.and_then(|look| look.wanted.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    };
    let differs =
        |name: &str| look.is_some_and(|look| look.differences.iter().any(|d| d.attribute.eq_ignore_ascii_case(name)));
    let made = |name: &str, owner, source: Option<(&'static str, &'static str)>| {
        let hidden = is_secret(name);
        let shown = |values: &[Value]| if hidden { Vec::new() } else { values.iter().map(text).collect() };
        Attribute {
            name: name.to_owned(),
            owner,
            source: source.map(|(name, _)| name),
            meaning: source.map(|(_, meaning)| meaning),
            wanted: shown(wanted(name)),
            actual: shown(entry.map(|entry| entry.values(name)).unwrap_or_default()),
            differs: differs(name),
            hidden,
        }
    };
    let owned = dialect.attributes_of(profile);
    let mut all = vec![made("objectClass", Some(Ownership::Shared), None)];
    all.extend(
        owned.iter().map(|(name, source, owner)| made(name, Some(*owner), Some((source.name(), source.meaning())))),
    );
    let others = entry.iter().flat_map(|entry| &entry.attributes).filter(|(name, _)| {
        !name.eq_ignore_ascii_case("objectClass") && !owned.iter().any(|(own, ..)| own.eq_ignore_ascii_case(name))
    });
    // Value by value the engine's or another hand's.
    let shared = |name: &str| dialect.relation().is_some_and(|relation| relation.is_link(name));
    all.extend(others.map(|(name, _)| made(name, shared(name).then_some(Ownership::Shared), None)));
    let there = |name: &str| entry.is_some_and(|entry| !entry.values(name).is_empty());
    all.retain(|a| !a.wanted.is_empty() || !a.actual.is_empty() || (a.hidden && there(&a.name)));
    all
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Octets(octets) => format!("({} octets)", octets.len()),
    }
}
