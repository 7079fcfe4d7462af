//! The end of an account: a plan of its own that deletes those whose entitlement ended long enough ago.
//!
//! Deleting is never a side effect: no night does it, somebody asks for it, reads this plan and applies it. It takes the
//! accounts that are suspended and past their date by the register, and leaves out, with the reason, whoever came back:
//! in the exports, or usable again in the directory. What names a purged account goes too (groups of whoever they are,
//! links of relatives). A school, or the whole plan, that would lose too much is held. When it is applied the register
//! keeps uid and login for ever; who returns later gets the same names and a new password.

mod caps;
mod links;
mod live;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use compact_str::CompactString;
use jiff::civil::Date;
use serde::Serialize;

use crate::audit::Trail;
use crate::config::{Config, LifecycleConfig};
use crate::directory::{Dn, Entry};
use crate::feed::values::Uai;
use crate::roster::{JoinKey, LeftOutReason, Roster};
use crate::store::{AccountRow, Stage};
use crate::wording::date;

use super::file::{PlanFileError, Writer};
use super::persons::{known_subject, shown_name};
use super::prepare::{Ground, PlanError, config_now};
use super::reading::{again, refuse_replica, structures_and_groups};
use super::saved::{Contents, Saved, save};
use super::sources::years;
use super::{Change, ChangeKind, Departures, Header, Hold, Prepared, Seal, Totals, Write, count_by_severity};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Purge {
    /// Only accounts of this school.
    pub school: Option<Uai>,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

/// A saved plan, and who is past his date and not in it.
#[derive(Debug)]
pub struct Purging {
    pub prepared: Prepared,
    /// In the order of their join keys.
    pub spared: Vec<Spared>,
}

/// Somebody past his date whose account stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spared {
    pub join_key: JoinKey,
    pub name: String,
    pub schools: Vec<CompactString>,
    pub why: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The exports name him again: the next night restores him.
    Back,
    /// His record is there and cannot be used: the account waits for it to be mended.
    Rejected,
    /// Somebody unlocked the account in the directory.
    InUse,
    /// Two entries hold his join key.
    Twice,
    /// His school has not come to its new year yet, and he left in between.
    Transition,
}

impl Reason {
    /// In French, for a list.
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::Back => "de retour dans les exports ; la prochaine exécution le rétablit",
            Self::Rejected => "son enregistrement est rejeté ; à corriger d'abord",
            Self::InUse => "compte utilisable de nouveau dans l'annuaire",
            Self::Twice => "deux fiches portent sa clé de jointure",
            Self::Transition => "son établissement n'a pas encore basculé",
        }
    }
}

/// Whether an account is past its date. `never`: nobody ever took it over.
pub(super) fn is_due(account: &AccountRow, today: Date, lifecycle: &LifecycleConfig, never: bool) -> bool {
    let ended = account.ended(lifecycle.grace(account.profile));
    account.stage == Stage::Suspended && today >= lifecycle.purge_from(account.profile, ended, never)
}

/// Computes and saves the plan. Nothing is written to the directory, and no delivery is taken in.
///
/// # Errors
/// When nobody has an account in the school that is asked for; when store or directory fail.
pub async fn purge(ground: &Ground<'_>, asked: &Purge, trail: &Trail) -> Result<Purging, PlanError> {
    let started = std::time::Instant::now();
    refuse_replica(ground).await?;
    let accounts = ground.store.accounts().await?;
    let roster = present(ground).await?;
    if let Some(uai) = &asked.school
        && !accounts.values().any(|account| account.schools.iter().any(|school| school == uai.as_str()))
    {
        return Err(PlanError::UnknownSchool { school: uai.clone() });
    }
    ground.progress.begin("directory", None);
    let suspended = candidates(&accounts, asked);
    let live = again(ground, || live::read(ground, &accounts, &suspended)).await?;
    let (structures, groups) = structures_and_groups(ground).await?;

    let years = years(ground).await?;
    let closed = ground.config.year.closing(years.current);
    let (mut going, mut spared) = (Vec::new(), Vec::new());
    for account in suspended {
        let found = live.found.get(&account.join_key).map_or(&[][..], Vec::as_slice);
        let never = live.never.contains(&account.join_key);
        if !is_due(account, ground.today, &ground.config.lifecycle, never) {
            continue;
        }
        let waits = account.schools.iter().any(|school| years.in_transition(school));
        let ended = account.ended(ground.config.lifecycle.grace(account.profile));
        let why = match found {
            _ if is_present(&roster, &account.join_key) => Some(Reason::Back),
            _ if is_rejected(&roster, &account.join_key) => Some(Reason::Rejected),
            _ if ended >= closed && waits => Some(Reason::Transition),
            [one] if !ground.dialect.lock_method().is_locked(one) => Some(Reason::InUse),
            [_, _, ..] => Some(Reason::Twice),
            _ => None,
        };
        match why {
            Some(why) => spared.push(Spared {
                join_key: account.join_key.clone(),
                name: known_subject(account, found.first().and_then(shown_name)).name,
                schools: account.schools.clone(),
                why,
            }),
            None => going.extend(change(account, found.first(), ended, never)),
        }
    }

    let (holds, held, going) = caps::apply(ground.config, &accounts, going, &names_of(&roster));
    // Also those of an earlier purge that was interrupted before it came to what names them.
    let purged = accounts.values().filter(|a| a.stage == Stage::Purged && !is_present(&roster, &a.join_key));
    let gone: HashSet<Dn> =
        going.iter().map(|change| change.dn.clone()).chain(purged.filter_map(|a| Dn::parse(&a.dn).ok())).collect();
    let mut changes = going;
    let purged = changes.len() as u64;
    changes.extend(links::people(&ground.dialect, &live, &gone));
    changes.extend(links::objects(&ground.dialect, &structures, &gone));
    changes.extend(links::groups(&ground.dialect, &groups, &gone));
    let contents = contents(&roster, &changes, purged, (held.len() + spared.len()) as u64);
    let (kept, written) = (holds.clone(), (held, changes));
    let write = move |header: &Header, path: &Path| write(header, &kept, &written.0, written.1, path);
    let Saved { header, seal, path } = save(ground, contents, asked.out.as_deref(), write, trail).await?;
    trail.flush().await?;
    let seconds = [("plan", started.elapsed().as_secs_f64())].into();
    Ok(Purging { prepared: Prepared { header, holds, seal, path, findings: Vec::new(), seconds }, spared })
}

/// Who should exist by the images as they are.
async fn present(ground: &Ground<'_>) -> Result<Roster, PlanError> {
    ground.progress.begin("roster", None);
    let config: Config = config_now(ground.config, &ground.store.successor_rows().await?);
    Ok(crate::image::roster(ground.store, &config, &[], ground.today).await?)
}

/// Suspended accounts, in the order of their join keys.
fn candidates<'a>(accounts: &'a HashMap<JoinKey, AccountRow>, asked: &Purge) -> Vec<&'a AccountRow> {
    let of_school = |account: &AccountRow| {
        asked.school.as_ref().is_none_or(|uai| account.schools.iter().any(|school| school == uai.as_str()))
    };
    let mut suspended: Vec<&AccountRow> =
        accounts.values().filter(|account| account.stage == Stage::Suspended && of_school(account)).collect();
    suspended.sort_by(|a, b| a.join_key.cmp(&b.join_key));
    suspended
}

fn is_present(roster: &Roster, key: &JoinKey) -> bool {
    let key = roster.aliases.present(key.clone());
    roster.persons.binary_search_by(|person| person.key.cmp(&key)).is_ok()
}

fn is_rejected(roster: &Roster, key: &JoinKey) -> bool {
    let key = roster.aliases.present(key.clone());
    roster.left_out.iter().any(|left| left.key == key && left.why == LeftOutReason::Rejected)
}

fn names_of(roster: &Roster) -> BTreeMap<CompactString, String> {
    roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())).collect()
}

fn change(account: &AccountRow, entry: Option<&Entry>, ended: Date, never: bool) -> Option<Change> {
    let dn = entry.map(|entry| entry.dn.clone()).or_else(|| Dn::parse(&account.dn).ok())?;
    let subject = known_subject(account, entry.and_then(shown_name));
    let used = if never { " ; jamais activé" } else { "" };
    let there = if entry.is_none() { " ; déjà absent de l'annuaire" } else { "" };
    let note = format!("sans droit depuis le {}, suspendu depuis le {}{used}{there}", date(ended), date(account.since));
    Some(Change { note: Some(note), ..Change::new(ChangeKind::Purge, dn, subject, Write::Delete) })
}

fn contents(roster: &Roster, changes: &[Change], purged: u64, stay: u64) -> Contents {
    let totals = Totals {
        departures: Departures { purge_due: stay, purged, ..Departures::default() },
        groups: super::ObjectTotals {
            updated: changes.iter().filter(|c| c.kind == ChangeKind::GroupUpdate).count() as u64,
            ..super::ObjectTotals::default()
        },
        findings: count_by_severity([]),
        ..Totals::default()
    };
    Contents { totals, schools: names_of(roster), purge: true, ..Contents::default() }
}

/// The whole file: holds and what they keep back, then deletions, then what named the deleted.
fn write(
    header: &Header,
    holds: &[Hold],
    held: &[(String, Change)],
    changes: Vec<Change>,
    path: &Path,
) -> Result<Seal, PlanFileError> {
    let mut writer = Writer::create(path)?;
    writer.write_header(header)?;
    for hold in holds {
        writer.write_hold(hold)?;
    }
    for (hold, change) in held {
        writer.write_held(hold, &[], change)?;
    }
    for (seq, mut change) in (1..).zip(changes) {
        change.seq = seq;
        writer.write_change(&change)?;
    }
    writer.finish()
}
