//! A structure that goes on under other identifiers: one plan for its entry and for everything that names it.
//!
//! Schools get another UAI or SIRET, two become one. Night after night a structure keeps the name that it has in the
//! directory, because that name is in the values of all its people; here it is changed on purpose. The plan is made from
//! the directory alone, whatever the exports say; it is sealed, reviewed and applied like any other, and when it is
//! applied the register follows, so that later nights know the structure under its new identifiers
//! ([`Successor`](crate::roster::Successor)). Nobody's account, uid, login, password or stage changes.

mod entries;
mod find;
mod groups;
mod lists;
mod model;
mod rewrite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use compact_str::CompactString;

use crate::audit::Trail;
use crate::directory::dialect::Dialect;
use crate::directory::{DirectoryError, Dn};
use crate::feed::values::{Uai, siret_digits};
use crate::store::{StoreError, SuccessorRow};

use self::find::{Known, find, unknown};
use self::rewrite::Rewriter;
use super::file::{PlanFileError, Writer};
use super::prepare::{Ground, PlanError};
use super::reading::{again, refuse_replica, structures_and_groups};
use super::saved::{Contents, Saved, save};
use super::{Change, ChangeKind, Header, ObjectTotals, Prepared, Seal, Totals, count_by_severity};

pub use model::{StructureChange, StructureName};

/// What is asked for. Identifiers are a UAI, a SIRET, or the value of an entry's name.
#[derive(Debug, Clone)]
pub struct Succession {
    pub former: String,
    pub present: String,
    pub how: How,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// The same structure, called otherwise.
    Rename {
        /// Its SIRET from now on, where the UAI is not all that changes.
        siret: Option<String>,
    },
    /// Its people and groups go to another one that is there.
    Merge {
        /// The entry goes; otherwise it stays, empty.
        delete_entry: bool,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum SuccessionError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("no structure of the directory is called {given:?}{}", near_in_words(.near))]
    Unknown { given: String, near: Vec<String> },
    #[error("{given:?} is more than one structure: {}; say which by its UAI", .which.join(", "))]
    Ambiguous { given: String, which: Vec<String> },
    #[error(
        "{given:?} is neither a UAI (seven digits and their check letter) nor a SIRET (fourteen digits): a structure \
         can only be renamed to one of them"
    )]
    NoIdentifier { given: String },
    #[error("{given:?} is the name of another structure, {which}; `structures merge` brings the two together")]
    Taken { given: String, which: String },
    #[error("{which} is called that already")]
    Same { which: String },
    #[error("{which} has no UAI in the directory: it is no structure of this program")]
    NoUai { which: String },
    #[error(
        "plan {id} was interrupted; apply it to its end (or let `sync` settle it) before a structure changes its name"
    )]
    Interrupted { id: String },
}

fn near_in_words(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) }
}

impl SuccessionError {
    /// Whether something else has to be asked for.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Plan(_) | Self::Interrupted { .. })
    }
}

impl From<StoreError> for SuccessionError {
    fn from(error: StoreError) -> Self {
        Self::Plan(error.into())
    }
}
impl From<DirectoryError> for SuccessionError {
    fn from(error: DirectoryError) -> Self {
        Self::Plan(error.into())
    }
}
impl From<PlanFileError> for SuccessionError {
    fn from(error: PlanFileError) -> Self {
        Self::Plan(error.into())
    }
}
impl From<crate::audit::AuditError> for SuccessionError {
    fn from(error: crate::audit::AuditError) -> Self {
        Self::Plan(error.into())
    }
}

/// Computes and saves the plan. Nothing is written to the directory.
///
/// # Errors
/// When what is asked for makes no sense (see [`SuccessionError::is_usage`]); when an interrupted plan waits; when
/// store or directory fail.
pub async fn succeed(ground: &Ground<'_>, asked: &Succession, trail: &Trail) -> Result<Prepared, SuccessionError> {
    let started = std::time::Instant::now();
    if let Some(row) = ground.store.interrupted_plan().await? {
        return Err(SuccessionError::Interrupted { id: row.id });
    }
    refuse_replica(ground).await?;
    let dialect = &*ground.dialect;
    ground.progress.begin("directory", None);
    let (structures, groups) = structures_and_groups(ground).await?;
    let known: Vec<Known<'_>> = structures.iter().map(|entry| Known::new(dialect, entry)).collect();
    let rows = ground.store.successor_rows().await?;
    let pair = pair(dialect, &known, &rows, asked)?;

    let mut rewriter = Rewriter::new(dialect);
    rewriter.name(&pair.former.dn, &pair.present.dn);
    rewriter.identifiers(
        (pair.former.uai.as_str(), pair.former.siret.as_deref()),
        (pair.present.uai.as_str(), pair.present.siret.as_deref()),
    );
    let merge = matches!(asked.how, How::Merge { .. });
    let fates = groups::decide(dialect, &groups, &pair.former.uai, &pair.present.uai, merge, &mut rewriter);
    let put = ground.store.group_members().await?;
    let (mut written, emptied) = groups::changes(dialect, &groups, &fates, &rewriter, &put, &pair.present.uai);
    let (first, last) = entries::entries(dialect, &known, &pair, asked, &rewriter);
    let others = entries::others(dialect, &known, &pair, &rewriter);
    let persons = again(ground, || async { Ok(entries::persons(ground, &rewriter, &pair.present.uai).await?) }).await?;

    let structure = StructureChange {
        merge,
        name: pair.name,
        into: pair.into,
        former: pair.former,
        present: pair.present,
        accounts: persons.len() as u64,
        groups: (written.len() + emptied.len()) as u64,
        structures: others.len() as u64,
        kept: fates.kept,
        deleted: matches!(asked.how, How::Merge { delete_entry: true }),
    };
    let mut changes: Vec<Change> = first;
    changes.extend(others);
    changes.extend(persons);
    // Groups of somebody's own go with the people: nothing depends on their order.
    let (rewritten, own): (Vec<Change>, Vec<Change>) =
        written.drain(..).partition(|change| change.kind == ChangeKind::Rewrite);
    changes.extend(rewritten);
    changes.extend(own);
    changes.extend(emptied);
    changes.extend(last);
    let contents = contents(structure, &changes);
    let write = move |header: &Header, path: &Path| write(header, changes, path);
    let Saved { header, seal, path } = save(ground, contents, asked.out.as_deref(), write, trail).await?;
    trail.flush().await?;
    let seconds = [("plan", started.elapsed().as_secs_f64())].into();
    Ok(Prepared { header, holds: Vec::new(), seal, path, findings: Vec::new(), seconds })
}

/// The two structures, or the one under its two names.
struct Pair {
    name: String,
    into: Option<String>,
    former: StructureName,
    present: StructureName,
    /// The decision was carried out before: what is left of it is looked for, and the register has followed.
    decided: bool,
}

fn pair(
    dialect: &Dialect,
    known: &[Known<'_>],
    rows: &[SuccessorRow],
    asked: &Succession,
) -> Result<Pair, SuccessionError> {
    let merge = matches!(asked.how, How::Merge { .. });
    let former = find(known, &asked.former)?;
    let present = find(known, &asked.present)?;
    if let Some(pair) = decided(dialect, rows, former, present, asked) {
        return Ok(pair);
    }
    let Some(former) = former else { return Err(unknown(known, &asked.former)) };
    let name = named(former)?;
    if !merge {
        return renamed(dialect, known, former, name, asked);
    }
    let Some(present) = present else { return Err(unknown(known, &asked.present)) };
    if former.dn() == present.dn() {
        return Err(SuccessionError::Same { which: former.in_words() });
    }
    let into = Some(present.name.clone());
    Ok(Pair { name: former.name.clone(), into, former: name, present: named(present)?, decided: false })
}

fn named(known: &Known<'_>) -> Result<StructureName, SuccessionError> {
    let uai = known.uai.clone().ok_or_else(|| SuccessionError::NoUai { which: known.in_words() })?;
    Ok(StructureName { uai, siret: known.siret.as_deref().map(CompactString::from), dn: known.dn().clone() })
}

/// The same decision as one before: it is asked for again because something was left.
fn decided(
    dialect: &Dialect,
    rows: &[SuccessorRow],
    former: Option<&Known<'_>>,
    present: Option<&Known<'_>>,
    asked: &Succession,
) -> Option<Pair> {
    let present = present?;
    let merge = matches!(asked.how, How::Merge { .. });
    let row = rows.iter().rev().find(|row| {
        let dn = Dn::parse(&row.former_dn).ok();
        let said = asked.former.trim();
        let by_name = row.successor.former_uai.as_str().eq_ignore_ascii_case(said)
            || row.successor.former_siret.as_deref().is_some_and(|siret| Some(siret) == siret_digits(said).as_deref())
            || dn.as_ref().is_some_and(|dn| dn.rdn_value().eq_ignore_ascii_case(said));
        let is_gone = match former {
            None => true,
            // What was merged may still stand there; what was renamed is found under what did not change of it.
            Some(former) => former.dn() == present.dn() || (merge && dn.is_some_and(|dn| dn == *former.dn())),
        };
        let same = present.uai.as_ref() == Some(&row.successor.uai);
        row.successor.merged == merge && by_name && is_gone && same
    })?;
    let now = named(present).ok()?;
    let before = StructureName {
        uai: row.successor.former_uai.clone(),
        siret: row.successor.former_siret.clone().or_else(|| now.siret.clone().filter(|_| !merge)),
        dn: Dn::parse(&row.former_dn).ok()?,
    };
    // A merged structure's own SIRET is still on its entry, if that is there.
    let before = match former.filter(|_| merge) {
        Some(former) => StructureName { siret: dialect.siret_of(former.entry).map(Into::into), ..before },
        None => before,
    };
    let name = former.map_or_else(|| present.name.clone(), |f| f.name.clone());
    Some(Pair { name, into: merge.then(|| present.name.clone()), former: before, present: now, decided: true })
}

/// What a structure is called after a rename.
fn renamed(
    dialect: &Dialect,
    known: &[Known<'_>],
    structure: &Known<'_>,
    former: StructureName,
    asked: &Succession,
) -> Result<Pair, SuccessionError> {
    let mut present = former.clone();
    let given = asked.present.trim();
    if let Some(siret) = siret_digits(given) {
        present.siret = Some(siret);
    } else {
        // The check letter of what is typed by hand; identifiers of a form of their own only follow such.
        let uai = Uai::parse(given).filter(|uai| uai.is_regular() || !former.uai.is_regular());
        present.uai = uai.ok_or_else(|| SuccessionError::NoIdentifier { given: given.to_owned() })?;
    }
    if let How::Rename { siret: Some(siret) } = &asked.how {
        let digits = siret_digits(siret).ok_or_else(|| SuccessionError::NoIdentifier { given: siret.clone() })?;
        present.siret = Some(digits);
    }
    if present == former {
        return Err(SuccessionError::Same { which: structure.in_words() });
    }
    // A name that is neither of the two identifiers is somebody's choice, and stays.
    let rdn = structure.dn().rdn_value();
    let is_ours = rdn.eq_ignore_ascii_case(former.uai.as_str()) || former.siret.as_deref() == Some(&*rdn);
    if is_ours {
        present.dn = dialect.structure_dn_by(&present.uai, present.siret.as_deref());
        if structure.dn().rdn_type() != present.dn.rdn_type() {
            present.dn = former.dn.clone();
        }
    }
    let others = || known.iter().filter(|k| k.dn() != structure.dn());
    let taken = others().find(|k| {
        *k.dn() == present.dn
            || (present.uai != former.uai && k.uai.as_ref() == Some(&present.uai))
            || (present.siret != former.siret && k.siret.as_deref() == present.siret.as_deref() && k.siret.is_some())
    });
    if let Some(other) = taken {
        return Err(SuccessionError::Taken { given: given.to_owned(), which: other.in_words() });
    }
    Ok(Pair { name: structure.name.clone(), into: None, former, present, decided: false })
}

/// What the header says of the plan: the structure under its present name is the only school that it is about.
fn contents(structure: StructureChange, changes: &[Change]) -> Contents {
    let of = |kinds: &[ChangeKind]| changes.iter().filter(|c| kinds.contains(&c.kind)).count() as u64;
    let totals = Totals {
        structures: ObjectTotals {
            updated: of(&[ChangeKind::StructureRename, ChangeKind::StructureMerge]) + structure.structures,
            deleted: of(&[ChangeKind::StructureDelete]),
            ..ObjectTotals::default()
        },
        groups: ObjectTotals {
            updated: structure.groups - of(&[ChangeKind::GroupDelete]),
            deleted: of(&[ChangeKind::GroupDelete]),
            ..ObjectTotals::default()
        },
        findings: count_by_severity([]),
        ..Totals::default()
    };
    let name = structure.into.clone().unwrap_or_else(|| structure.name.clone());
    Contents {
        totals,
        schools: [(structure.present.uai.as_str().into(), name)].into(),
        years: BTreeMap::new(),
        structures: vec![structure],
        undoes: None,
    }
}

/// The whole file, its changes numbered in their order.
fn write(header: &Header, changes: Vec<Change>, path: &Path) -> Result<Seal, PlanFileError> {
    let mut writer = Writer::create(path)?;
    writer.write_header(header)?;
    for (seq, mut change) in (1..).zip(changes) {
        change.seq = seq;
        writer.write_change(&change)?;
    }
    writer.finish()
}
