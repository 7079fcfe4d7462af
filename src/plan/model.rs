//! The types of a plan. Their JSON form is the format of plan files (one object per line) and is versioned.

use std::collections::BTreeMap;
use std::fmt;

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StructureChange;
use crate::directory::dialect::OwnedDigest;
use crate::directory::{AttributeChange, Dn, Value};
use crate::feed::values::Uai;
use crate::feed::{Origin, Severity};
pub use crate::identity::Proof;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, Stage};

/// Raised when a field is added or changes its meaning.
pub const FORMAT_VERSION: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(pub Uuid);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A line of a plan file: the header first, then holds, then held changes, then changes in the order in which they are
/// applied, then the seal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    Header(Box<Header>),
    Hold(Hold),
    /// A change that a hold keeps back: shown, never applied.
    Held {
        hold: String,
        /// Other holds that keep it back too: it goes on when all of them are released.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
        change: Box<Change>,
    },
    Change(Box<Change>),
    Seal(Seal),
}

/// What the plan is bound to, and its totals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub format_version: u32,
    pub plan_id: PlanId,
    pub created: Timestamp,
    /// The day that stages and ages were computed for.
    pub today: Date,
    pub program: String,
    pub sources: Vec<SourceState>,
    pub config_digest: String,
    /// In words: the server and its suffix.
    pub directory: String,
    pub totals: Totals,
    /// UAI → name, of every school that the plan mentions.
    pub schools: BTreeMap<CompactString, String>,
    /// Schools that reach a new school year with this plan (the year in which it begins).
    #[serde(default)]
    pub years: BTreeMap<CompactString, i16>,
    /// Structures that go on under other identifiers: what a plan of `structures` is about, and no other has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub structures: Vec<StructureChange>,
    /// Holds that somebody released, and whose changes are in this plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<ReleasedHold>,
    /// Holds of the run before that are no more.
    #[serde(default, skip_serializing_if = "ClosedHolds::is_none")]
    pub closed: ClosedHolds,
    /// The plan that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Undoes>,
    /// The accounts that are past their date go, and nothing else is done.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub purge: bool,
    /// First passwords are replaced or taken back, and nothing else is done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credentials: Option<Renewal>,
}

/// What a plan of `credentials` does, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    pub action: Renew,
    /// In the words of whoever asked for it.
    pub reason: String,
    /// Accounts that were activated too: their users lose the password that they chose.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub reset: bool,
}

/// What becomes of a first password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renew {
    /// Another one takes its place: what was printed opens nothing any more.
    Reissue,
    /// Nobody gets one: what was printed opens nothing any more.
    Revoke,
}

/// Of a plan that takes another one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoes {
    pub plan: PlanId,
    pub created: Timestamp,
    /// The school years to go back to; a school without one is forgotten.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub years: BTreeMap<CompactString, Option<i16>>,
}

/// Of a change that takes another one back: what the apply of that one left, and what the register knew before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Its number in the plan that is taken back.
    pub seq: u64,
    /// The stage at which it left the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The owned values that it left, as the register notes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<OwnedDigest>,
    /// The same, as the entry that it created holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<OwnedDigest>,
    /// The account as the register knew it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<AccountRow>>,
    /// The register forgets the account or the group: it was taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgets: bool,
}

/// The image of one source when the plan was computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    pub name: String,
    pub version: i64,
    pub delivered: Option<Date>,
    pub digest: Option<String>,
}

/// The account classes of a report: each person record read is in exactly one, the first that applies in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountTotals {
    pub rejected: u64,
    /// Also the requests of a difference to take somebody out: the account is among the departures.
    pub out_of_scope: u64,
    pub held: u64,
    /// Kept back as somebody decided; nobody is asked any more.
    #[serde(default)]
    pub discarded: u64,
    pub suspended: u64,
    pub created: u64,
    pub restored: u64,
    pub moved: u64,
    pub updated: u64,
    pub unchanged: u64,
}

impl AccountTotals {
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.rejected
            + self.out_of_scope
            + self.held
            + self.discarded
            + self.suspended
            + self.created
            + self.restored
            + self.moved
            + self.updated
            + self.unchanged
    }
}

/// Accounts that no record names, by stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Departures {
    pub absent: u64,
    pub suspended: u64,
    pub purge_due: u64,
    /// Whom a plan of `purge` deletes; no other plan has any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub purged: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde hands over")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectTotals {
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    pub unchanged: u64,
    #[serde(default)]
    pub held: u64,
}

/// Accounts that somebody changed by hand in the directory, in what the feed owns and has not changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DriftTotals {
    /// Written again as they were; among the updated accounts.
    pub restored: u64,
    /// Left as they are (`directory.drift = "accept"`); among the unchanged accounts.
    pub left: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Records read per category token.
    pub read: BTreeMap<String, u64>,
    pub accounts: AccountTotals,
    pub departures: Departures,
    pub structures: ObjectTotals,
    pub groups: ObjectTotals,
    /// Accounts already in the directory that this plan takes over.
    pub adopted: u64,
    /// Accounts that somebody changed by hand in what the feed owns.
    #[serde(default)]
    pub drift: DriftTotals,
    /// Credentials to issue.
    pub credentials: u64,
    pub held_new: u64,
    pub findings: BTreeMap<String, u64>,
    /// UAI → accounts of the roster that stay as they are, whether or not this run read their records.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unchanged_by_school: BTreeMap<CompactString, u64>,
}

/// Changes kept back, with the reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Stable while the reason stays the same: what `held_new` compares.
    pub id: String,
    pub reason: HoldReason,
    /// The school that is held; the whole plan when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub school: Option<Uai>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub join_key: Option<JoinKey>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// French: what, why, and what to do.
    pub message: String,
    /// French: what became of a decision on it, when there was one that does not let it go on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remark: Option<String>,
    /// How many changes it keeps back.
    pub changes: u64,
    pub new: bool,
    /// Somebody decided that exactly these changes stay kept back: nobody is asked, and it is not counted as held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub discarded: Option<Decided>,
}

/// Who decided, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// `user@host`, and the second person's where two are asked for.
    pub by: Vec<String>,
    pub at: Timestamp,
    pub why: String,
}

/// A hold whose changes go on, because somebody released exactly these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedHold {
    pub id: String,
    pub reason: HoldReason,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub school: Option<Uai>,
    pub changes: u64,
    #[serde(flatten)]
    pub decided: Decided,
}

/// Holds of the run before that this one does not have any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClosedHolds {
    /// Released, and their changes were carried out.
    pub carried_out: u64,
    /// A later delivery, or the directory, gives no more reason for them.
    pub superseded: u64,
}

impl ClosedHolds {
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.carried_out == 0 && self.superseded == 0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// More departures than the limit.
    SuspendLimit,
    /// More creations than the limit.
    CreateLimit,
    /// More changes of identity than the limit.
    UpdateLimit,
    /// More purges than the limit.
    PurgeLimit,
    /// More people taken out of groups than the limit.
    MembersLimit,
    /// More classes or groups that disappear than the limit.
    GroupsLimit,
    /// The school seems to have gone over to its next year too early.
    PrematureSwitch,
    /// A pupil without class.
    NoClass,
    /// The directory holds people that the register does not know.
    UnknownPopulation,
    /// The school is in the scope and not in the delivery.
    SchoolMissing,
    /// The entry is no longer what the plan saw.
    Moved,
    /// A schema-mandatory value is missing and the dialect has no default.
    MissingMandatory,
    /// Identity or name that a human has to settle.
    Ambiguous,
    /// The server's schema would refuse the entry.
    Schema,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    StructureCreate,
    StructureUpdate,
    /// It goes on under another name: first of all, and the register follows with it.
    StructureRename,
    /// Another one joins it: likewise.
    StructureMerge,
    /// It has joined another one, last of all.
    StructureDelete,
    /// Values that name a structure or group by what it was called before.
    Rewrite,
    Create,
    Restore,
    Move,
    Update,
    /// First day without a record: dated in the register, still usable.
    Absent,
    /// Locked in the directory.
    Suspend,
    GroupCreate,
    GroupUpdate,
    GroupDelete,
    GroupRename,
    /// Deleted from the directory, long after the entitlement ended; only a plan of `purge` has it.
    Purge,
    /// Another first password; only a plan of `credentials` has it.
    Reissue,
    /// No first password any more; only a plan of `credentials` has it.
    Revoke,
}

impl ChangeKind {
    pub const ALL: [Self; 19] = [
        Self::StructureCreate,
        Self::StructureUpdate,
        Self::StructureRename,
        Self::StructureMerge,
        Self::StructureDelete,
        Self::Rewrite,
        Self::Create,
        Self::Restore,
        Self::Move,
        Self::Update,
        Self::Absent,
        Self::Suspend,
        Self::GroupCreate,
        Self::GroupUpdate,
        Self::GroupDelete,
        Self::GroupRename,
        Self::Purge,
        Self::Reissue,
        Self::Revoke,
    ];
}

/// One change: what it is about, what caused it, what will be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// From 1, in the order of application.
    pub seq: u64,
    pub kind: ChangeKind,
    pub dn: Dn,
    /// Who or what, for people.
    pub subject: Subject,
    /// The record that caused it, when one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    /// French, when the kind alone does not say it: "de la classe 5A vers 4B", "absent depuis le 2 septembre 2026".
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// An account found in the directory that this change takes over, by what it was recognised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub adopts: Option<Proof>,
    /// A credential that was issued and never printed is withdrawn.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub revokes: bool,
    /// A departure that the year transition explains.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub expected: bool,
    /// Somebody changed by hand what the feed owns and has not changed since: it is written as it was.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub drift: bool,
    /// Of the owned values as this change leaves them, for the register.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub written: Option<OwnedDigest>,
    /// The change that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub undo: Option<Box<Undo>>,
    pub write: Write,
}

impl Change {
    /// A change with nothing to say beside what it does; `seq` comes when the plan is written.
    #[must_use]
    pub const fn new(kind: ChangeKind, dn: Dn, subject: Subject, write: Write) -> Self {
        Self {
            seq: 0,
            kind,
            dn,
            subject,
            origin: None,
            note: None,
            adopts: None,
            revokes: false,
            expected: false,
            drift: false,
            written: None,
            undo: None,
            write,
        }
    }

    /// Whether `attribute` only receives the join key of an account that is taken over, which is always written.
    #[must_use]
    pub fn adds_join_key(&self, attribute: &AttributeChange) -> bool {
        let key = self.subject.join_key.as_ref().map(JoinKey::as_str);
        let adds = matches!((&*attribute.old, &*attribute.new), ([], [value]) if value.as_text() == key);
        self.adopts.is_some() && adds
    }
}

/// Who or what a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub join_key: Option<JoinKey>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile: Option<Profile>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uid: Option<Uid>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login: Option<Login>,
    /// `Prénom NOM`, or the name of the structure or group.
    pub name: String,
    /// The schools concerned, the first being where the change is listed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub schools: Vec<Uai>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<CompactString>,
    /// A pupil's MEF, kept in the register for the next year transition.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<CompactString>,
}

/// What is written to the directory. No password and no hash is ever in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Only the register changes.
    Nothing,
    Add {
        attributes: Vec<(String, Vec<Value>)>,
        /// A credential is issued and its hash added as `userPassword`.
        #[serde(default)]
        credential: bool,
    },
    /// Owned attributes, with their values before and after.
    Modify {
        attributes: Vec<AttributeChange>,
    },
    /// Locks by the dialect's method, restoring is `Unlock`; with what else changes on the entry.
    Lock {
        attributes: Vec<AttributeChange>,
    },
    Unlock {
        attributes: Vec<AttributeChange>,
    },
    /// Members by difference.
    Members {
        add: Vec<Dn>,
        remove: Vec<Dn>,
        /// Members of a group that is taken over who are there already, and are the engine's from then on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<Dn>,
        #[serde(default)]
        attributes: Vec<AttributeChange>,
    },
    Delete,
    /// Another name below the same parent, after these attributes.
    Rename {
        to: Dn,
        #[serde(default)]
        attributes: Vec<AttributeChange>,
    },
    /// A group whose members were given to another one: deleted as long as these are all that it has.
    Dissolve {
        members: Vec<Dn>,
    },
    /// Another hash in the place of the first password's. A plan holds neither: what was there is known by marks, the
    /// first bytes of a SHA-256 in hexadecimal, sorted.
    Password {
        seen: Vec<String>,
    },
}

impl Write {
    /// What changes on an entry that is there.
    #[must_use]
    pub fn attributes(&self) -> &[AttributeChange] {
        match self {
            Self::Modify { attributes }
            | Self::Lock { attributes }
            | Self::Unlock { attributes }
            | Self::Members { attributes, .. }
            | Self::Rename { attributes, .. } => attributes,
            Self::Nothing | Self::Add { .. } | Self::Delete | Self::Dissolve { .. } | Self::Password { .. } => &[],
        }
    }
}

/// The last line: digest over all the lines before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// SHA-256 in hexadecimal over the bytes of every line before this one, newlines included.
    pub digest: String,
    pub changes: u64,
    pub holds: u64,
}

/// The worst thing that happened, in one word; the exit code follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Failed,
    Refused,
    Locked,
    Stale,
    Partial,
    Held,
    Changes,
    Done,
    Unchanged,
}

impl Verdict {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Locked => "locked",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Held => "held",
            Self::Changes => "changes",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
        }
    }

    /// `detailed`: whether pending changes have an exit code of their own (`plan --detailed-exitcode`).
    #[must_use]
    pub const fn exit_code(self, detailed: bool) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Refused => 5,
            Self::Locked => 6,
            Self::Stale => 7,
            Self::Partial => 4,
            Self::Held => 3,
            Self::Changes if detailed => 2,
            Self::Changes | Self::Done | Self::Unchanged => 0,
        }
    }
}

/// Counts findings by severity, every severity present.
#[must_use]
pub fn count_by_severity<'a>(findings: impl IntoIterator<Item = &'a crate::feed::Finding>) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = Severity::ALL.iter().map(|s| (s.name().to_owned(), 0)).collect();
    for finding in findings {
        *counts.entry(finding.severity.name().to_owned()).or_default() += u64::from(finding.count);
    }
    counts
}
