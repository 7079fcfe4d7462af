//! What a rendering keeps of a change: the words and values that it shows, not the whole entry.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::directory::Value;
use crate::plan::{AttributeChange, Change, ChangeKind, Write};
use crate::roster::Profile;

/// Values beyond this many characters (photographs, hostile input) are shortened before they are sorted.
const VALUE_LIMIT: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Row {
    pub kind: ChangeKind,
    pub name: String,
    pub profile: Option<Profile>,
    pub class: Option<CompactString>,
    pub login: Option<CompactString>,
    /// The record that caused it, as `file:line`.
    pub origin: Option<String>,
    pub note: Option<String>,
    pub adopts: bool,
    pub drift: bool,
    /// A departure that the year transition explains.
    pub expected: bool,
    /// A credential that was never printed is withdrawn.
    pub revokes: bool,
    /// The very same change was read in an earlier plan.
    pub seen: bool,
    pub details: Vec<Detail>,
    /// Members added to and removed from a group.
    pub added: u64,
    pub removed: u64,
}

/// One attribute, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Detail {
    pub attribute: String,
    pub old: Vec<String>,
    pub new: Vec<String>,
}

impl From<&AttributeChange> for Detail {
    fn from(change: &AttributeChange) -> Self {
        let words = |values: &[Value]| values.iter().map(words).collect();
        Self { attribute: change.attribute.clone(), old: words(&change.old), new: words(&change.new) }
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Text(text) => super::words::shorten(text, VALUE_LIMIT).into_owned(),
        Value::Octets(octets) => format!("({} octets)", octets.len()),
    }
}

impl From<&Change> for Row {
    fn from(change: &Change) -> Self {
        let (details, added, removed): (&[AttributeChange], usize, usize) = match &change.write {
            Write::Nothing | Write::Add { .. } | Write::Delete | Write::Dissolve { .. } | Write::Password { .. } => {
                (&[], 0, 0)
            }
            Write::Modify { attributes }
            | Write::Lock { attributes }
            | Write::Unlock { attributes }
            | Write::Rename { attributes, .. } => (attributes, 0, 0),
            Write::Members { add, remove, attributes, .. } => (attributes, add.len(), remove.len()),
        };
        let subject = &change.subject;
        // A change without a name is still one that somebody has to recognise.
        let name = if subject.name.is_empty() { change.dn.rdn_value() } else { subject.name.clone() };
        Self {
            kind: change.kind,
            name,
            profile: subject.profile,
            class: subject.class.clone(),
            login: subject.login.as_ref().map(|l| l.as_str().into()),
            origin: change.origin.as_ref().map(ToString::to_string),
            note: change.note.clone(),
            adopts: change.adopts.is_some(),
            drift: change.drift,
            expected: change.expected,
            revokes: change.revokes,
            seen: false,
            // Taking over always writes the join key: what else is written is what a reviewer looks for.
            details: renamed(change)
                .into_iter()
                .chain(details.iter().filter(|a| !change.adds_join_key(a)).map(Detail::from))
                .collect(),
            added: added as u64,
            removed: removed as u64,
        }
    }
}

/// The name of an entry as one of its attributes, which it is.
fn renamed(change: &Change) -> Option<Detail> {
    let Write::Rename { to, .. } = &change.write else { return None };
    let attribute = to.rdn().split('=').next().unwrap_or_default().trim().to_owned();
    Some(Detail { attribute, old: vec![change.dn.rdn_value()], new: vec![to.rdn_value()] })
}
