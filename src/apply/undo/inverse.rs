//! The change that takes another one back: a plain function of that change and of what was there before it.

use crate::directory::AttributeChange;
use crate::directory::dialect::Dialect;
use crate::plan::{Change, ChangeKind, Undo, Write};
use crate::store::{Before, Stage};

/// Why a change is not taken back, in French.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stays {
    /// A structure that was created.
    Structure,
    /// A structure's other name, and everything that was rewritten for it.
    Renamed,
    /// An account that was deleted.
    Purged,
    /// An older version noted less than this needs.
    NotNoted,
}

impl Stays {
    pub const ALL: [Self; 4] = [Self::Structure, Self::Renamed, Self::Purged, Self::NotNoted];

    pub const fn french(self) -> &'static str {
        match self {
            Self::Structure => "la fiche de structure créée reste : rien ne la supprime",
            Self::Renamed => {
                "le changement de nom ou la réunion de structures ne se défait pas tout seul : « rentree structures » dans \
                 l'autre sens"
            }
            Self::Purged => "un compte effacé l'est pour toujours ; qui revient est recréé sous les mêmes identifiants",
            Self::NotNoted => "ce qui était là avant n'a pas été noté (version antérieure) : à reprendre à la main",
        }
    }
}

/// The inverse of a change that was carried out.
pub(super) fn inverse(dialect: &Dialect, change: &Change, before: Option<Before>) -> Result<Change, Stays> {
    let undo = Undo {
        seq: change.seq,
        stage: change.subject.join_key.is_some().then(|| stage_after(change)),
        left: change.written,
        entry: None,
        account: None,
        forgets: false,
    };
    match (change.kind, &change.write) {
        (ChangeKind::StructureCreate, _) => Err(Stays::Structure),
        (ChangeKind::Purge, _) => Err(Stays::Purged),
        (ChangeKind::StructureUpdate, Write::Modify { attributes }) => {
            let write = Write::Modify { attributes: reversed(attributes) };
            Ok(taking_back(change, ChangeKind::StructureUpdate, write, undo))
        }
        (ChangeKind::Create, Write::Add { attributes, .. }) => {
            let entry = change.subject.profile.map(|profile| dialect.entry_digest(profile, attributes));
            let write = Write::Lock { attributes: Vec::new() };
            let back = taking_back(change, ChangeKind::Suspend, write, Undo { entry, ..undo });
            let note = "créé par le plan défait : suspendu, jamais supprimé ; identifiant révoqué".to_owned();
            Ok(Change { note: Some(note), revokes: true, ..back })
        }
        (
            ChangeKind::Restore | ChangeKind::Move | ChangeKind::Update | ChangeKind::Absent | ChangeKind::Suspend,
            write,
        ) => {
            let before = before.ok_or(Stays::NotNoted)?;
            let write = match write {
                Write::Nothing => Write::Nothing,
                Write::Modify { attributes } => Write::Modify { attributes: reversed(attributes) },
                Write::Lock { attributes } => Write::Unlock { attributes: reversed(attributes) },
                Write::Unlock { attributes } => Write::Lock { attributes: reversed(attributes) },
                _ => return Err(Stays::NotNoted),
            };
            let kind = kind_back(change.kind, before.account.as_ref().map(|account| account.stage));
            let (account, forgets) = (before.account.map(Box::new), before.unknown);
            if account.is_none() && !forgets {
                return Err(Stays::NotNoted);
            }
            Ok(taking_back(change, kind, write, Undo { account, forgets, ..undo }))
        }
        (ChangeKind::GroupCreate, Write::Add { .. }) => {
            Ok(taking_back(change, ChangeKind::GroupDelete, Write::Delete, undo))
        }
        (ChangeKind::GroupUpdate, Write::Members { add, remove, attributes, .. }) => {
            let write = Write::Members {
                add: remove.clone(),
                remove: add.clone(),
                kept: Vec::new(),
                attributes: reversed(attributes),
            };
            let forgets = before.is_some_and(|before| before.unknown);
            Ok(taking_back(change, ChangeKind::GroupUpdate, write, Undo { forgets, ..undo }))
        }
        (ChangeKind::GroupDelete, Write::Delete) => {
            let before = before.filter(|before| !before.entry.is_empty()).ok_or(Stays::NotNoted)?;
            let write = Write::Add { attributes: before.entry, credential: false };
            Ok(taking_back(change, ChangeKind::GroupCreate, write, undo))
        }
        _ => Err(Stays::Renamed),
    }
}

fn taking_back(change: &Change, kind: ChangeKind, write: Write, undo: Undo) -> Change {
    let written = undo.account.as_ref().and_then(|account| account.written);
    let note = (kind != change.kind || change.note.is_some()).then(|| "comme avant le plan défait".to_owned());
    Change {
        origin: change.origin.clone(),
        note,
        written,
        undo: Some(Box::new(undo)),
        ..Change::new(kind, change.dn.clone(), change.subject.clone(), write)
    }
}

/// Each value back; what had no value before has none again.
fn reversed(attributes: &[AttributeChange]) -> Vec<AttributeChange> {
    let back = |a: &AttributeChange| AttributeChange {
        attribute: a.attribute.clone(),
        old: a.new.clone(),
        new: a.old.clone(),
        // Whether it is empty now is seen when it is compared with the directory.
        unset: false,
    };
    attributes.iter().map(back).collect()
}

/// The stage at which a change leaves an account.
fn stage_after(change: &Change) -> Stage {
    match change.kind {
        // What was itself taken back went to where it had been.
        _ if let Some(account) = change.undo.as_ref().and_then(|undo| undo.account.as_deref()) => account.stage,
        ChangeKind::Absent => Stage::Absent,
        ChangeKind::Suspend => Stage::Suspended,
        _ => Stage::Present,
    }
}

/// What taking a change back is called.
const fn kind_back(kind: ChangeKind, before: Option<Stage>) -> ChangeKind {
    match (kind, before) {
        (ChangeKind::Restore, Some(Stage::Suspended)) => ChangeKind::Suspend,
        (ChangeKind::Restore, Some(Stage::Absent)) => ChangeKind::Absent,
        (ChangeKind::Absent | ChangeKind::Suspend, _) => ChangeKind::Restore,
        (kind, _) => kind,
    }
}
