//! Where the directory differs from what the exports say, counted by school: what a plan would change, seen by somebody
//! who lets another program write.
//!
//! The kinds are those of a reader, not of a writer: an account that is missing, one that differs, one that should not be
//! usable any more. What is doubtful is counted apart, because it says nothing of the other program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use compact_str::{CompactString, format_compact};
use serde::Serialize;

use super::file::{PlanFileError, Reader};
use super::{Change, ChangeKind, Line, Write};

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub enum Divergence {
    /// Somebody of the exports has no account.
    AccountMissing,
    /// An account that is there has other values than the exports give.
    AccountDiffers,
    /// Of those, the accounts with this attribute among what differs.
    Attribute(CompactString),
    StructureMissing,
    StructureDiffers,
    GroupMissing,
    GroupDiffers,
    /// A group that nothing in the exports wants.
    GroupSuperfluous,
    /// What a person has to decide first.
    Doubtful,
}

impl Divergence {
    /// A word that stays, for the store and for scripts.
    #[must_use]
    pub fn token(&self) -> CompactString {
        match self {
            Self::AccountMissing => "account_missing".into(),
            Self::AccountDiffers => "account_differs".into(),
            Self::Attribute(name) => format_compact!("attribute:{name}"),
            Self::StructureMissing => "structure_missing".into(),
            Self::StructureDiffers => "structure_differs".into(),
            Self::GroupMissing => "group_missing".into(),
            Self::GroupDiffers => "group_differs".into(),
            Self::GroupSuperfluous => "group_superfluous".into(),
            Self::Doubtful => "doubtful".into(),
        }
    }

    /// What [`Self::token`] gave.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let named = [
            Self::AccountMissing,
            Self::AccountDiffers,
            Self::StructureMissing,
            Self::StructureDiffers,
            Self::GroupMissing,
            Self::GroupDiffers,
            Self::GroupSuperfluous,
            Self::Doubtful,
        ];
        match token.strip_prefix("attribute:") {
            Some(name) => Some(Self::Attribute(name.into())),
            None => named.into_iter().find(|kind| kind.token() == token),
        }
    }
}

impl From<Divergence> for String {
    fn from(kind: Divergence) -> Self {
        kind.token().into()
    }
}

/// In French, for a table.
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccountMissing => "comptes absents de l'annuaire",
            Self::AccountDiffers => "comptes qui diffèrent",
            Self::Attribute(name) => return write!(f, "  {name}"),
            Self::StructureMissing => "structures absentes",
            Self::StructureDiffers => "structures qui diffèrent",
            Self::GroupMissing => "groupes absents",
            Self::GroupDiffers => "groupes qui diffèrent",
            Self::GroupSuperfluous => "groupes en trop",
            Self::Doubtful => "à décider",
        })
    }
}

/// By school (UAI, empty for what belongs to none) and kind.
pub type Divergences = BTreeMap<(CompactString, Divergence), u64>;

/// Counts what a saved plan would change. Whoever acts in several schools counts where the change is listed.
///
/// # Errors
/// When the plan cannot be read or was altered.
pub fn divergences(plan: &Path) -> Result<Divergences, PlanFileError> {
    let mut divergences = Divergences::new();
    for line in Reader::open(plan)? {
        match line? {
            Line::Change(change) => count(&mut divergences, &change),
            Line::Held { change, .. } => add(&mut divergences, &change, Divergence::Doubtful),
            Line::Header(_) | Line::Hold(_) | Line::Seal(_) => {}
        }
    }
    Ok(divergences)
}

fn add(divergences: &mut Divergences, change: &Change, kind: Divergence) {
    let school = change.subject.schools.first().map(|uai| uai.as_str().into()).unwrap_or_default();
    *divergences.entry((school, kind)).or_default() += 1;
}

fn count(divergences: &mut Divergences, change: &Change) {
    let kind = match change.kind {
        ChangeKind::Create => Divergence::AccountMissing,
        ChangeKind::StructureCreate => Divergence::StructureMissing,
        ChangeKind::StructureUpdate
        | ChangeKind::StructureRename
        | ChangeKind::StructureMerge
        | ChangeKind::StructureDelete => Divergence::StructureDiffers,
        ChangeKind::GroupCreate => Divergence::GroupMissing,
        ChangeKind::GroupUpdate | ChangeKind::GroupRename => Divergence::GroupDiffers,
        ChangeKind::GroupDelete => Divergence::GroupSuperfluous,
        ChangeKind::Update
        | ChangeKind::Rewrite
        | ChangeKind::Move
        | ChangeKind::Restore
        | ChangeKind::Absent
        | ChangeKind::Suspend
        | ChangeKind::Purge
        | ChangeKind::Reissue
        | ChangeKind::Revoke => Divergence::AccountDiffers,
    };
    let attributes = match &change.write {
        Write::Modify { attributes } | Write::Lock { attributes } | Write::Unlock { attributes } => attributes,
        // Only our register would change.
        Write::Nothing => return,
        _ => return add(divergences, change, kind),
    };
    // The join key is ours to add: the other program does not know it.
    let mut names: Vec<&str> =
        attributes.iter().filter(|a| !change.adds_join_key(a)).map(|a| a.attribute.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() && change.adopts.is_some() {
        return;
    }
    let of_person = kind == Divergence::AccountDiffers;
    add(divergences, change, kind);
    for name in names.into_iter().filter(|_| of_person) {
        add(divergences, change, Divergence::Attribute(name.into()));
    }
}
