//! The embedded directory: entries in the store's database, with the manners of an LDAP server.
//!
//! It is for trying, for demonstrations, and for installations whose server is fed by an export. It checks what every
//! server checks (names, parents, values there or not) and knows how the values of ENT attributes compare; it has no
//! schema, so that what it accepts a server may still refuse.

mod filter;
mod matching;
mod modify;
mod password;
mod text;
mod write;

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt as _};

use self::filter::Filter;
use super::{Directory, DirectoryError, Dn, Entry, Operation, Pace, Search, suffix_entry};
use crate::store::{Store, StoreError};

/// How error texts call it.
const NAME: &str = "the embedded directory";

/// A directory below one suffix. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Embedded {
    store: Store,
    suffix: Dn,
}

impl Embedded {
    /// The directory in `store`. Writes nothing: see [`Embedded::ensure_suffix`].
    #[must_use]
    pub const fn new(store: Store, suffix: Dn) -> Self {
        Self { store, suffix }
    }

    /// Adds the entry of the suffix when it is not there, and tells whether it did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ensure_suffix(&self) -> Result<bool, DirectoryError> {
        if self.read(&self.suffix).await?.is_some() {
            return Ok(false);
        }
        let outcome = self.execute(&[Operation::Add(suffix_entry(&self.suffix))], &Pace::unlimited()).await;
        match outcome.into_iter().next() {
            None | Some(Ok(())) => Ok(true),
            Some(Err(DirectoryError::AlreadyExists { .. })) => Ok(false),
            Some(Err(error)) => Err(error),
        }
    }
}

#[async_trait]
impl Directory for Embedded {
    async fn search(&self, search: Search) -> Result<BoxStream<'_, Result<Entry, DirectoryError>>, DirectoryError> {
        let filter = Filter::parse(&search.filter).map_err(|e| DirectoryError::Configuration(e.to_string()))?;
        let selection = Selection::new(&search.attributes);
        let rows = self.store.entries(&path(&search.base));
        Ok(rows
            .filter_map(move |row| {
                let entry = row.map_err(|e| unreachable(&e)).and_then(|(dn, text)| {
                    let matches = filter.matches(&text).map_err(|e| damaged(&dn, &e))?;
                    matches.then(|| entry(dn, &text, &selection)).transpose()
                });
                std::future::ready(entry.transpose())
            })
            .boxed())
    }

    /// Nothing is operational here: every attribute is given.
    async fn read_with(&self, dn: &Dn, _operational: &[&str]) -> Result<Option<Entry>, DirectoryError> {
        let row = self.store.entry(&path(dn)).await.map_err(|e| unreachable(&e))?;
        row.map(|row| entry(row.dn, &row.attributes, &Selection::All)).transpose()
    }

    /// One transaction per call: either each operation has the outcome that is told for it, or none was carried out.
    async fn execute(&self, operations: &[Operation], pace: &Pace) -> Vec<Result<(), DirectoryError>> {
        for _ in operations {
            pace.ready().await;
        }
        write::execute(&self.store, &self.suffix, operations).await
    }

    async fn bind(&self, dn: &Dn, password: &str) -> Result<bool, DirectoryError> {
        let Some(entry) = self.read(dn).await? else { return Ok(false) };
        let locked = entry.first("pwdAccountLockedTime").is_some()
            || entry.first("nsAccountLock").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if locked {
            return Ok(false);
        }
        let password = secrecy::SecretString::from(password);
        tokio::task::spawn_blocking(move || {
            use secrecy::ExposeSecret as _;
            entry.texts("userPassword").any(|stored| password::opens(stored, password.expose_secret()))
        })
        .await
        .map_err(|e| DirectoryError::Unreachable { server: NAME.into(), reason: e.to_string() })
    }

    fn describe(&self) -> String {
        format!("embedded ({})", self.suffix)
    }
}

/// Which attributes a search gives.
enum Selection {
    All,
    Named(Vec<String>),
}

impl Selection {
    fn new(attributes: &[String]) -> Self {
        if attributes.is_empty() || attributes.iter().any(|a| a == "*") {
            Self::All
        } else {
            Self::Named(attributes.to_vec())
        }
    }

    fn wants(&self, attribute: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|n| n.eq_ignore_ascii_case(attribute)),
        }
    }
}

fn entry(dn: String, text: &str, selection: &Selection) -> Result<Entry, DirectoryError> {
    let attributes = text::decode(text, |name| selection.wants(name)).map_err(|e| damaged(&dn, &e))?;
    let dn = Dn::try_from(dn).map_err(|e| damaged(&e.text, &e))?;
    Ok(Entry { dn, attributes })
}

/// The key of an entry: its normalised name, root first.
fn path(dn: &Dn) -> String {
    let mut components: Vec<&str> = dn.components().collect();
    components.reverse();
    components.join(",")
}

fn unreachable(error: &StoreError) -> DirectoryError {
    DirectoryError::Unreachable { server: NAME.into(), reason: explain(error) }
}

fn damaged(dn: &str, error: &dyn std::error::Error) -> DirectoryError {
    DirectoryError::Unreachable { server: NAME.into(), reason: format!("the entry {dn} is damaged: {error}") }
}

/// An error with those that caused it, in one line.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
