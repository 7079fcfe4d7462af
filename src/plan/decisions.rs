//! What somebody decided about a hold, against what it keeps back today: the same changes, or not.
//!
//! A release lets exactly the changes through that were shown; a discard keeps exactly these back without asking again.
//! With any other change the decision is void, and the hold asks anew. Plain functions; the store keeps the decisions.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::store::DecisionRow;
use crate::wording::{count, date};

use super::holds::Holds;
use super::kept::{Marks, MarksDiffer};
use super::{Decided, HoldReason, ReleasedHold};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The changes go on.
    Released,
    /// They stay kept back, and nobody is asked again.
    Discarded,
}

impl Ruling {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Discarded => "discarded",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Released, Self::Discarded].into_iter().find(|ruling| ruling.name() == name)
    }
}

/// How a decision ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionEnd {
    /// A plan with the changes was applied.
    CarriedOut,
    /// The changes are no longer those that were shown.
    Void,
    /// The hold is no more.
    Superseded,
    /// Too long ago.
    Expired,
}

impl DecisionEnd {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CarriedOut => "carried_out",
            Self::Void => "void",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
        }
    }
}

impl HoldReason {
    pub const ALL: [Self; 14] = [
        Self::SuspendLimit,
        Self::CreateLimit,
        Self::UpdateLimit,
        Self::PurgeLimit,
        Self::MembersLimit,
        Self::GroupsLimit,
        Self::PrematureSwitch,
        Self::NoClass,
        Self::UnknownPopulation,
        Self::SchoolMissing,
        Self::Moved,
        Self::MissingMandatory,
        Self::Ambiguous,
        Self::Schema,
    ];

    /// As ids, plan files and the command line have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuspendLimit => "suspend_limit",
            Self::CreateLimit => "create_limit",
            Self::UpdateLimit => "update_limit",
            Self::PurgeLimit => "purge_limit",
            Self::MembersLimit => "members_limit",
            Self::GroupsLimit => "groups_limit",
            Self::PrematureSwitch => "premature_switch",
            Self::NoClass => "no_class",
            Self::UnknownPopulation => "unknown_population",
            Self::SchoolMissing => "school_missing",
            Self::Moved => "moved",
            Self::MissingMandatory => "missing_mandatory",
            Self::Ambiguous => "ambiguous",
            Self::Schema => "schema",
        }
    }

    /// By its name, with `_` or `-`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.replace('-', "_");
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Whether somebody may let the changes go on; otherwise, in French, what else is to be done.
    ///
    /// # Errors
    /// When a decision cannot help: the change could not be written, or nobody knows to whom.
    pub const fn releasable(self) -> Result<(), &'static str> {
        match self {
            Self::SuspendLimit
            | Self::CreateLimit
            | Self::UpdateLimit
            | Self::MembersLimit
            | Self::GroupsLimit
            | Self::PrematureSwitch
            | Self::UnknownPopulation => Ok(()),
            Self::PurgeLimit => Err(
                "relevez [limits.purge] le temps d'une exécution, ou procédez par établissement (rentree purge --school)",
            ),
            Self::NoClass => Err("l'établissement affecte l'élève à une division (SIECLE, ONDE), et le compte suit"),
            Self::SchoolMissing => {
                Err("faites revenir l'établissement dans l'export ; fermé, il se retire de roster.schools")
            }
            Self::Moved => Err("rien à lever : le prochain plan revoit la fiche telle qu'elle est"),
            Self::MissingMandatory => Err("corrigez la valeur à sa source, ou donnez-lui un défaut dans le dialecte"),
            Self::Ambiguous => {
                Err("tranchez l'identité : corrigez l'annuaire ou l'export, ou donnez au bon compte la clé de jointure")
            }
            Self::Schema => {
                Err("l'annuaire refuserait l'écriture : corrigez la valeur à sa source, le schéma ou le dialecte")
            }
        }
    }
}

impl From<&DecisionRow> for Decided {
    fn from(row: &DecisionRow) -> Self {
        let by = [Some(&row.actor), row.second.as_ref()].into_iter().flatten().cloned().collect();
        Self { by, at: row.at, why: row.why.clone() }
    }
}

/// What the decisions come to in one plan.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// With the number of the decision.
    pub released: Vec<(i64, ReleasedHold)>,
    pub ended: Vec<(i64, String, DecisionEnd)>,
}

/// Compares each decision with what its hold keeps back now (`kept`), and marks the holds accordingly: released ones
/// are out of `holds` afterwards.
pub(super) fn judge(decisions: &[DecisionRow], kept: &HashMap<&str, Marks>, holds: &mut Holds) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for row in decisions {
        let Some(hold) = holds.get_mut(&row.hold) else {
            outcomes.ended.push((row.id, row.hold.to_string(), DecisionEnd::Superseded));
            continue;
        };
        let nothing = Marks::default();
        let now = kept.get(row.hold.as_str()).unwrap_or(&nothing);
        if now.digest() != row.digest {
            hold.remark = Some(void(row, now.beside(&Marks::from_bytes(&row.marks))));
            hold.new = true;
            outcomes.ended.push((row.id, row.hold.to_string(), DecisionEnd::Void));
        } else if row.waiting {
            hold.remark = Some(format!("{} ; attend une deuxième personne.", said(row)));
        } else {
            match row.ruling {
                Ruling::Discarded => hold.discarded = Some(row.into()),
                Ruling::Released if hold.reason.releasable().is_err() => {}
                Ruling::Released => {
                    if let Some(hold) = holds.release(&row.hold) {
                        let (id, reason, school) = (hold.id, hold.reason, hold.school);
                        let released = ReleasedHold { id, reason, school, changes: row.changes, decided: row.into() };
                        outcomes.released.push((row.id, released));
                    }
                }
            }
        }
    }
    outcomes
}

/// `Levée le 12/09/2026 par zoe@pc`.
fn said(row: &DecisionRow) -> String {
    let what = match row.ruling {
        Ruling::Released => "Levée",
        Ruling::Discarded => "Écartée",
    };
    format!("{what} le {} par {}", date(row.at.to_zoned(TimeZone::system()).date()), row.actor)
}

fn void(row: &DecisionRow, differ: MarksDiffer) -> String {
    let more = (differ.more > 0).then(|| count(differ.more, "écriture de plus", "écritures de plus"));
    let fewer = (differ.fewer > 0).then(|| count(differ.fewer, "de moins", "de moins"));
    let what: Vec<String> = [more, fewer].into_iter().flatten().collect();
    format!(
        "{}, mais les changements ne sont plus ceux qui ont été montrés : {}. La décision ne vaut plus.",
        said(row),
        what.join(", ")
    )
}

#[cfg(test)]
mod tests;
