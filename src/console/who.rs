//! What people are called: only the directory knows. A connection is made for each page that needs one, so that a
//! server that was restarted is found again, and given up soon, so that a page without names comes all the same.
//!
//! Only names and the join key are asked for: passwords and their hashes never leave the server.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::Console;
use crate::directory::dialect::{Dialect, Kind, Source};
use crate::directory::{Directory, DirectoryError, Dn, Entry, Search};
use crate::roster::JoinKey;

/// For everything that one page asks of the directory.
const PATIENCE: Duration = Duration::from_secs(5);
const PEOPLE: [Kind; 3] = [Kind::Pupil, Kind::Relative, Kind::Staff];

/// The directory did not answer: the page goes on without names.
#[derive(Debug, Clone, Copy)]
pub struct NoAnswer;

/// The names of the accounts at these DNs; one that is not there is left out.
pub async fn names(console: &Console, accounts: &[(JoinKey, String)]) -> Result<HashMap<JoinKey, String>, NoAnswer> {
    patiently(async {
        let (directory, dialect) = open(console).await?;
        let mut names = HashMap::new();
        for (key, dn) in accounts {
            let Ok(base) = Dn::parse(dn) else { continue };
            let search = Search { base, filter: "(objectClass=*)".into(), attributes: attributes(&dialect) };
            let mut entries = directory.search(search).await?;
            if let Some(name) = entries.try_next().await?.as_ref().and_then(|entry| display(&dialect, entry)) {
                names.insert(key.clone(), name);
            }
        }
        Ok(names)
    })
    .await
}

/// The join keys of people one of whose names begins with each of `words`, at most `most`.
pub async fn find(console: &Console, words: &[&str], most: usize) -> Result<Vec<JoinKey>, NoAnswer> {
    patiently(async {
        let (directory, dialect) = open(console).await?;
        let search = Search {
            base: dialect.people_branch().clone(),
            filter: filter(&dialect, words),
            attributes: attributes(&dialect),
        };
        let entries = directory.search(search).await?;
        let found: Vec<Entry> = entries.take(most).try_collect().await?;
        Ok(found.iter().filter_map(|entry| dialect.join_keys(entry).next()).map(JoinKey::from_text).collect())
    })
    .await
}

async fn patiently<T>(asked: impl Future<Output = Result<T, DirectoryError>>) -> Result<T, NoAnswer> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            // It may name an entry: only for those who asked for everything.
            tracing::warn!("the directory did not answer the console");
            tracing::debug!(%error, "the directory did not answer the console");
            Err(NoAnswer)
        }
        Err(_) => {
            tracing::warn!("the directory was too slow for the console");
            Err(NoAnswer)
        }
    }
}

async fn open(console: &Console) -> Result<(Box<dyn Directory>, Dialect), DirectoryError> {
    let config = &console.config.directory;
    let dialect = Dialect::load(config).map_err(|error| DirectoryError::Configuration(error.to_string()))?;
    Ok((crate::directory::open(config, &console.store).await?, dialect))
}

fn attributes(dialect: &Dialect) -> Vec<String> {
    let mut names: Vec<String> = [Source::DisplayName, Source::FirstName, Source::Surname, Source::JoinKey]
        .into_iter()
        .flat_map(|source| named(dialect, source))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The attributes that hold something of a person, whatever the profile.
fn named(dialect: &Dialect, source: Source) -> impl Iterator<Item = String> {
    PEOPLE.into_iter().filter_map(move |kind| dialect.attribute(kind, source)).map(str::to_owned)
}

fn display(dialect: &Dialect, entry: &Entry) -> Option<String> {
    let first = |source| named(dialect, source).find_map(|attribute| entry.first(&attribute).map(str::to_owned));
    first(Source::DisplayName).or_else(|| match (first(Source::FirstName), first(Source::Surname)) {
        (Some(first), Some(surname)) => Some(format!("{first} {surname}")),
        (first, surname) => surname.or(first),
    })
}

/// Every word is the beginning of a first name or of a surname.
fn filter(dialect: &Dialect, words: &[&str]) -> String {
    let mut attributes: Vec<String> =
        [Source::FirstName, Source::Surname].into_iter().flat_map(|source| named(dialect, source)).collect();
    attributes.sort();
    attributes.dedup();
    let mut filter = String::from("(&");
    for word in words {
        filter.push_str("(|");
        for attribute in &attributes {
            let _ = write!(filter, "({attribute}={}*)", escaped(word));
        }
        filter.push(')');
    }
    filter.push(')');
    filter
}

/// A value in a filter (RFC 4515): whatever is no letter or digit as its octets.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "\\{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_no_filter() {
        assert_eq!(escaped("d'arc*)(uid=*"), "d\\27arc\\2a\\29\\28uid\\3d\\2a");
        assert_eq!(escaped("Zoé"), "Zo\\c3\\a9");
    }
}
