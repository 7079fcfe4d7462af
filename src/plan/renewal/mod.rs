//! The life of a first password: a plan of its own that replaces those of some people, or takes them back.
//!
//! No night does it: somebody asks for it with a reason, reads this plan and applies it. It takes accounts that nobody has
//! made his own, and leaves out the others, with the reason, unless they are to be reset. When it is applied, what was
//! printed before opens nothing any more. Nothing is written here.

mod class;
mod judge;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use compact_str::CompactString;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::audit::Trail;
use crate::credentials::activation::PASSWORD_CHANGED;
use crate::directory::{DirectoryError, Dn, Entry, Search};
use crate::feed::values::Uai;
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, NameRow, Stage};

use super::file::{PlanFileError, Writer};
use super::prepare::{Ground, PlanError, config_now};
use super::reading::{again, refuse_replica};
use super::saved::{Contents, Saved, save};
use super::{Change, Header, Prepared, Renew, Renewal, Seal, Totals, count_by_severity};
use judge::{Judge, Known};

pub use judge::{Kept, Why};

/// Up to so many people are read one by one; beyond, the branch is read once.
const ONE_BY_ONE: usize = 200;
/// Reads in flight.
const READS: usize = 16;
const USER_PASSWORD: &str = "userPassword";

/// Whose first passwords; conditions add up.
#[derive(Debug, Clone, Default)]
pub struct Whom {
    pub school: Option<Uai>,
    /// Of `school`; compared without case. Its pupils, or with the profile of relatives those whose sheet is printed with it.
    pub class: Option<String>,
    pub profile: Option<Profile>,
    /// Join keys; everybody when empty.
    pub persons: Vec<JoinKey>,
    /// More accounts than that are refused: somebody meant something else.
    pub most: u64,
    /// Where the plan goes; `plans/<id>.plan` beside the store otherwise.
    pub out: Option<PathBuf>,
}

/// A saved plan, and who was asked for and is not in it.
#[derive(Debug)]
pub struct Renewing {
    pub prepared: Prepared,
    /// In the order of their join keys.
    pub kept: Vec<Kept>,
}

/// Computes and saves the plan.
///
/// # Errors
/// When nobody has an account in the school, when there are more accounts than `whom.most`, when passwords cannot be read,
/// when store or directory fail.
pub async fn renew(ground: &Ground<'_>, whom: &Whom, renewal: Renewal, trail: &Trail) -> Result<Renewing, PlanError> {
    let started = std::time::Instant::now();
    refuse_replica(ground).await?;
    let accounts = candidates(ground, whom, renewal.action).await?;
    ground.progress.begin("directory", Some(accounts.len() as u64));
    let mut found = if accounts.len() <= ONE_BY_ONE {
        again(ground, || one_by_one(ground, &accounts)).await?
    } else {
        again(ground, || branch(ground, &accounts)).await?
    };
    let judge = Judge { ground, renewal: &renewal, readable: found.readable, known: known(ground, &accounts).await? };
    let (mut changes, mut kept) = (Vec::new(), Vec::new());
    for account in &accounts {
        let entries = found.entries.remove(&account.join_key).unwrap_or_default();
        match judge.change(account, &entries) {
            Ok(change) => changes.push(change),
            Err(one) => kept.push(one),
        }
    }
    let count = changes.len() as u64;
    if count > whom.most {
        return Err(PlanError::TooMany { accounts: count, most: whom.most });
    }
    let contents = contents(ground, &changes, &renewal).await?;
    let write = move |header: &Header, path: &Path| write(header, changes, path);
    let Saved { header, seal, path } = save(ground, contents, whom.out.as_deref(), write, trail).await?;
    trail.flush().await?;
    let seconds = [("plan", started.elapsed().as_secs_f64())].into();
    let prepared = Prepared { header, holds: Vec::new(), seal, path, findings: Vec::new(), seconds };
    Ok(Renewing { prepared, kept })
}

/// The accounts that are asked about, in the order of their join keys: of whom a sheet can be printed, or, where nothing
/// is printed, whoever can connect.
async fn candidates(ground: &Ground<'_>, whom: &Whom, action: Renew) -> Result<Vec<AccountRow>, PlanError> {
    let accounts = if whom.persons.is_empty() {
        ground.store.accounts().await?
    } else {
        ground.store.accounts_of(&whom.persons).await?
    };
    if let Some(uai) = &whom.school
        && !accounts.values().any(|account| account.schools.iter().any(|school| school == uai.as_str()))
    {
        return Err(PlanError::UnknownSchool { school: uai.clone() });
    }
    let in_class = match (&whom.school, &whom.class) {
        (Some(school), Some(class)) => Some(class::members(ground, &accounts, school, class, whom.profile).await?),
        _ => None,
    };
    let asked = |account: &AccountRow| {
        let stage = match action {
            Renew::Reissue => account.stage == Stage::Present,
            Renew::Revoke => matches!(account.stage, Stage::Present | Stage::Absent),
        };
        stage
            && whom.school.as_ref().is_none_or(|uai| account.schools.iter().any(|school| school == uai.as_str()))
            && whom.profile.is_none_or(|profile| profile == account.profile)
            && in_class.as_ref().is_none_or(|members| members.contains(&account.join_key))
    };
    let mut asked: Vec<AccountRow> = accounts.into_values().filter(asked).collect();
    asked.sort_by(|a, b| a.join_key.cmp(&b.join_key));
    Ok(asked)
}

/// What the directory shows.
#[derive(Debug, Default)]
struct Found {
    /// More than one of the same key is one too many.
    entries: HashMap<JoinKey, Vec<Entry>>,
    /// Whether any password could be read.
    readable: bool,
}

impl Found {
    fn take(&mut self, key: JoinKey, entry: Entry) {
        self.readable |= !entry.values(USER_PASSWORD).is_empty();
        self.entries.entry(key).or_default().push(entry);
    }
}

async fn one_by_one(ground: &Ground<'_>, accounts: &[AccountRow]) -> Result<Found, PlanError> {
    let operational = operational(ground);
    let names: Vec<&str> = operational.iter().map(String::as_str).collect();
    let read = |account: &AccountRow| {
        let (dn, key) = (Dn::parse(&account.dn).ok(), account.join_key.clone());
        let names = &names;
        async move {
            let entry = match dn {
                Some(dn) => ground.directory.read_with(&dn, names).await?,
                None => None,
            };
            Ok::<_, DirectoryError>(entry.map(|entry| (key, entry)))
        }
    };
    let reads: Vec<_> = stream::iter(accounts.iter().map(read)).buffered(READS).try_collect().await?;
    let mut found = Found::default();
    for (key, entry) in reads.into_iter().flatten() {
        ground.progress.advance(1);
        if ground.dialect.join_keys(&entry).any(|k| k == key.as_str()) {
            found.take(key, entry);
        }
    }
    Ok(found)
}

async fn branch(ground: &Ground<'_>, accounts: &[AccountRow]) -> Result<Found, PlanError> {
    let dialect = &ground.dialect;
    let asked: HashMap<&str, &JoinKey> = accounts.iter().map(|a| (a.join_key.as_str(), &a.join_key)).collect();
    let mut attributes = dialect.person_attributes();
    attributes.extend(operational(ground));
    let search = Search { base: dialect.people_branch().clone(), filter: dialect.person_filter(), attributes };
    let mut entries = ground.directory.search(search).await?;
    let mut found = Found::default();
    while let Some(entry) = entries.try_next().await? {
        let key = dialect.join_keys(&entry).find_map(|key| asked.get(key).copied());
        if let Some(key) = key {
            ground.progress.advance(1);
            found.take(key.clone(), entry);
        }
    }
    Ok(found)
}

/// What has to be asked for by its name, beside what the dialect knows.
fn operational(ground: &Ground<'_>) -> Vec<String> {
    let lock = ground.dialect.lock_method();
    let mut names: Vec<String> = [USER_PASSWORD, PASSWORD_CHANGED, lock.attribute(), "displayName", "cn"]
        .into_iter()
        .chain(lock.written())
        .map(str::to_owned)
        .chain(lock.activation_attributes())
        .chain(ground.config.credentials.hash_attribute.clone())
        .collect();
    names.sort_by_key(|name| name.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    names
}

/// What the store knows of these accounts.
async fn known(ground: &Ground<'_>, accounts: &[AccountRow]) -> Result<Known, PlanError> {
    let keys: Vec<JoinKey> = accounts.iter().map(|account| account.join_key.clone()).collect();
    let names = ground.store.names_of(&keys).await?;
    Ok(Known {
        names: names.into_iter().map(|row: NameRow| (row.join_key.clone(), row)).collect(),
        issued: ground.store.issued_passwords().await?,
        marks: ground.store.marks_of(&keys).await?,
    })
}

async fn contents(ground: &Ground<'_>, changes: &[Change], renewal: &Renewal) -> Result<Contents, PlanError> {
    let reissued = if renewal.action == Renew::Reissue { changes.len() as u64 } else { 0 };
    let totals = Totals { credentials: reissued, findings: count_by_severity([]), ..Totals::default() };
    let schools = if changes.is_empty() { BTreeMap::new() } else { school_names(ground).await? };
    Ok(Contents { totals, schools, credentials: Some(renewal.clone()), ..Contents::default() })
}

/// The schools by their names, as the exports have them.
async fn school_names(ground: &Ground<'_>) -> Result<BTreeMap<CompactString, String>, PlanError> {
    let config = config_now(ground.config, &ground.store.successor_rows().await?);
    let roster = crate::image::roster(ground.store, &config, &[], ground.today).await?;
    Ok(roster.structures.iter().map(|s| (s.uai.as_str().into(), s.name.clone())).collect())
}

fn write(header: &Header, changes: Vec<Change>, path: &Path) -> Result<Seal, PlanFileError> {
    let mut writer = Writer::create(path)?;
    writer.write_header(header)?;
    for (seq, mut change) in (1..).zip(changes) {
        change.seq = seq;
        writer.write_change(&change)?;
    }
    writer.finish()
}
