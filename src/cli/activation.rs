//! `rentree credentials status --by-class`: who has taken his account over.

use std::collections::BTreeMap;
#[cfg(feature = "letters")]
use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use rentree::credentials::activation::{Activation, PASSWORD_CHANGED, Signs, activation};
use rentree::directory::Search;
use rentree::directory::dialect::{Kind, Source};
#[cfg(feature = "letters")]
use rentree::letters::Sign;
use rentree::roster::{JoinKey, Profile};
use rentree::store::{AccountRow, Stage};
use serde::Serialize;

use super::exit::Failure;
use super::plan::failed;
use super::session::Session;
use super::{Global, output};

const USER_PASSWORD: &str = "userPassword";

/// One class of one school, or everybody of a profile there who has no class.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
struct Row {
    activated: u64,
    never: u64,
    unknown: u64,
}

/// School, class, profile.
type Key = (String, String, Profile);

pub async fn by_class(global: &Global, session: &Session) -> Result<u8, Failure> {
    let rows = count(session).await?;
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|((school, class, profile), row)| {
                serde_json::json!({
                    "school": school, "class": class, "profile": profile,
                    "activated": row.activated, "never": row.never, "unknown": row.unknown,
                })
            })
            .collect();
        output::json(&rows)?;
        return Ok(0);
    }
    let mut text = format!(
        "{:<10} {:<16} {:<10} {:>8} {:>8} {:>8}\n",
        "école", "classe", "profil", "activés", "jamais", "inconnu"
    );
    for ((school, class, profile), row) in &rows {
        text.push_str(&format!(
            "{school:<10} {class:<16} {:<10} {:>8} {:>8} {:>8}\n",
            profile.name(),
            row.activated,
            row.never,
            row.unknown
        ));
    }
    output::text(&text)?;
    Ok(0)
}

/// Reads the people once, and counts the accounts that are there under each of their schools.
async fn count(session: &Session) -> Result<BTreeMap<Key, Row>, Failure> {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    each(session, |account, is, _| {
        if !session.config.credentials.of(account.profile).mode.issues() {
            return;
        }
        let class = account.class.as_deref().unwrap_or_default();
        for school in &account.schools {
            let row = rows.entry((school.to_string(), class.to_owned(), account.profile)).or_default();
            match is {
                Activation::Activated => row.activated += 1,
                Activation::Never => row.never += 1,
                Activation::Unknown => row.unknown += 1,
            }
        }
    })
    .await?;
    Ok(rows)
}

/// What the directory shows of each account that matters to whoever prints: those without a sign are left out.
#[cfg(feature = "letters")]
pub async fn signs(session: &Session) -> Result<HashMap<JoinKey, Sign>, Failure> {
    let mut signs = HashMap::new();
    each(session, |account, is, locked| {
        let sign = Sign { activated: is == Activation::Activated, locked };
        if sign != Sign::default() {
            signs.insert(account.join_key.clone(), sign);
        }
    })
    .await?;
    Ok(signs)
}

/// Each account that is there: whether it was activated, and whether it is locked.
pub async fn each(session: &Session, mut see: impl FnMut(&AccountRow, Activation, bool)) -> Result<(), Failure> {
    let accounts = session.store.accounts().await?;
    let issued = session.store.issued_passwords().await?;
    let dialect = &session.dialect;
    let lock = dialect.lock_method();
    let key = dialect.attribute(Kind::Pupil, Source::JoinKey).unwrap_or_default().to_owned();
    let mut attributes = vec![key, USER_PASSWORD.to_owned(), PASSWORD_CHANGED.to_owned(), lock.attribute().to_owned()];
    attributes.extend(lock.activation_attributes());
    let search = Search { base: dialect.people_branch().clone(), filter: dialect.person_filter(), attributes };
    let mut entries = session.directory.search(search).await.map_err(failed)?;
    while let Some(entry) = entries.try_next().await.map_err(failed)? {
        let found = dialect.join_keys(&entry).map(JoinKey::from_text).find_map(|key| accounts.get(&key));
        let Some(account) = found.filter(|account| matches!(account.stage, Stage::Present | Stage::Absent)) else {
            continue;
        };
        let password = issued.get(&account.join_key);
        let values: Vec<&str> = entry.texts(USER_PASSWORD).filter_map(|v| lock.without_lock(v)).collect();
        let signs = Signs {
            state: lock.activated(&entry),
            changed: entry.first(PASSWORD_CHANGED),
            issued: password.and_then(|password| password.since),
            passwords: &values,
            hash: password.and_then(|password| password.hash.as_deref()),
            mark: password.and_then(|password| password.mark.as_deref()),
        };
        see(account, activation(&signs), lock.is_locked(&entry));
    }
    Ok(())
}
