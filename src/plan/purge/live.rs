//! What the directory says of the accounts that may be purged, and who names them: one reading of the people.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt as _;

use crate::credentials::activation::{Activation, PASSWORD_CHANGED, Signs, activation};
use crate::directory::dialect::Dialect;
use crate::directory::{Dn, Entry, Search};
use crate::plan::{Ground, PlanError};
use crate::roster::JoinKey;
use crate::store::{AccountRow, IssuedPassword, Stage};

const USER_PASSWORD: &str = "userPassword";
/// Where people's names are, whatever the dialect owns.
const SHOWN: [&str; 2] = ["displayName", "cn"];

/// The people branch, as far as it concerns a purge.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// The entries of the candidates; more than one of the same key is one too many.
    pub found: HashMap<JoinKey, Vec<Entry>>,
    /// Candidates whose account nobody ever took over.
    pub never: HashSet<JoinKey>,
    /// Entries of others with a value that names a candidate, or somebody purged before.
    pub naming: Vec<Entry>,
}

/// Reads the people. `candidates` are accounts of the register, all of them suspended.
pub(super) async fn read(
    ground: &Ground<'_>,
    accounts: &HashMap<JoinKey, AccountRow>,
    candidates: &[&AccountRow],
) -> Result<Live, PlanError> {
    let dialect = &ground.dialect;
    let candidate: HashMap<&JoinKey, &AccountRow> = candidates.iter().map(|a| (&a.join_key, *a)).collect();
    let purged = accounts.values().filter(|account| account.stage == Stage::Purged);
    let ours: HashSet<Dn> =
        candidates.iter().copied().chain(purged).filter_map(|account| Dn::parse(&account.dn).ok()).collect();
    let issued = ground.store.issued_passwords().await?;
    let sealed = ground.store.sealed_for().await?;
    let mut live = Live::default();
    let search = Search {
        base: dialect.people_branch().clone(),
        filter: dialect.person_filter(),
        attributes: attributes(dialect),
    };
    let mut entries = ground.directory.search(search).await?;
    while let Some(entry) = entries.try_next().await? {
        ground.progress.advance(1);
        let account = dialect.join_keys(&entry).find_map(|key| candidate.get(&JoinKey::from_text(key)));
        let Some(account) = account else {
            if names(&entry, |dn| ours.contains(dn)) {
                live.naming.push(entry);
            }
            continue;
        };
        let key = &account.join_key;
        let unprinted =
            !account.adopted && !sealed.contains(key) && ground.config.credentials.of(account.profile).mode.issues();
        // A password that was never printed is withdrawn with the suspension, and nobody can have used it.
        if unprinted || is_never_activated(dialect, account, &entry, issued.get(key)) {
            live.never.insert(key.clone());
        }
        live.found.entry(key.clone()).or_default().push(entry);
    }
    // A server promises no order.
    live.naming.sort_by(|a, b| a.dn.cmp(&b.dn));
    for entries in live.found.values_mut() {
        entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    }
    Ok(live)
}

fn is_never_activated(dialect: &Dialect, account: &AccountRow, entry: &Entry, issued: Option<&IssuedPassword>) -> bool {
    let lock = dialect.lock_method();
    let values: Vec<&str> = entry.texts(USER_PASSWORD).filter_map(|value| lock.without_lock(value)).collect();
    // The lock itself may count as a change of the password: then the time says nothing.
    let since = account.since.strftime("%Y%m%d").to_string();
    let changed = entry.first(PASSWORD_CHANGED).filter(|time| *time < since.as_str());
    let signs = Signs {
        state: lock.activated(entry),
        changed,
        issued: issued.and_then(|password| password.since),
        passwords: &values,
        hash: issued.and_then(|password| password.hash.as_deref()),
        mark: issued.and_then(|password| password.mark.as_deref()),
    };
    activation(&signs) == Activation::Never
}

/// Whether a value of the entry, or what stands before its first `$`, is the name of such a one.
pub(super) fn names(entry: &Entry, is: impl Fn(&Dn) -> bool) -> bool {
    entry.attributes.iter().flat_map(|(_, values)| values).any(|value| named(value.as_text()).is_some_and(|dn| is(&dn)))
}

/// The name that a value is, or begins with.
pub(super) fn named(text: Option<&str>) -> Option<Dn> {
    let text = text.filter(|text| text.contains('='))?;
    let whole = Dn::parse(text.trim()).ok();
    whole.or_else(|| Dn::parse(text.split_once('$')?.0.trim()).ok())
}

fn attributes(dialect: &Dialect) -> Vec<String> {
    let lock = dialect.lock_method();
    let mut attributes = dialect.person_attributes();
    let also = SHOWN.into_iter().chain([USER_PASSWORD, PASSWORD_CHANGED, lock.attribute()]).map(str::to_owned);
    attributes.extend(also);
    attributes.extend(lock.written().into_iter().map(str::to_owned));
    attributes.extend(lock.activation_attributes());
    attributes.extend(dialect.relation().into_iter().flat_map(|relation| relation.attributes().map(str::to_owned)));
    attributes.sort_by_key(|name| name.to_ascii_lowercase());
    attributes.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    attributes
}
