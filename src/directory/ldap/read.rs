//! Reading: pages are asked for as they are consumed, so that one page at most is in memory.
//!
//! A read gives everything or ends in an error: what is not in half an answer would look like accounts that are not
//! there. So a lost connection, a limit of the server and a part of the branch that is on another server are errors all
//! alike, however many entries were given before.

use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use ldap3::adapters::{Adapter, PagedResults};
use ldap3::asn1::{PL, StructureTag};
use ldap3::{LdapError, Scope, SearchStream};

use tokio::time::sleep;

use super::{ATTEMPTS, FIRST_WAIT, Generation, Ldap, connection, outcome};
use crate::directory::{DirectoryError, Dn, Entry, Search, Value};

type Stream = SearchStream<'static, String, Vec<String>>;
type Adapters = Vec<Box<dyn Adapter<'static, String, Vec<String>> + 'static>>;

/// noSuchObject: for a search, a base that does not exist.
const NO_SUCH_OBJECT: u32 = 32;
const REFERRAL: u32 = 10;

/// A search under way.
struct Reading<'a> {
    ldap: &'a Ldap,
    search: Search,
    scope: Scope,
    stream: Stream,
    /// Gone once it has failed.
    connection: Option<Connection>,
    given: u64,
    reopened: bool,
    /// How many times the server was too busy.
    refused: u32,
}

/// The one entry at the base of a search, if it is there.
pub(super) async fn entry_at(ldap: &Ldap, what: Search) -> Result<Option<Entry>, DirectoryError> {
    search(ldap, what, Scope::Base).await?.next().await.transpose()
}

pub(super) async fn search(
    ldap: &Ldap,
    search: Search,
    scope: Scope,
) -> Result<BoxStream<'_, Result<Entry, DirectoryError>>, DirectoryError> {
    let (stream, connection) = match start(ldap, &search, scope).await {
        Ok(started) => started,
        Err(Failure { error, lost: true }) => {
            tracing::debug!(%error, "the connection was lost before the search: once more on a new one");
            start(ldap, &search, scope).await.map_err(|f| f.error)?
        }
        Err(failure) => return Err(failure.error),
    };
    let connection = Some(connection);
    let reading = Reading { ldap, search, scope, stream, connection, given: 0, reopened: false, refused: 0 };
    Ok(unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(entry)) => Some((Ok(entry), Some(reading))),
            Ok(None) => {
                if let Some(connection) = reading.connection.take() {
                    connection.give_back(ldap).await;
                }
                None
            }
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

/// Where a search is under way.
enum Connection {
    /// On the connection of writes and single entries.
    Shared(Generation),
    /// On its own, given back at the end.
    Own(ldap3::Ldap),
}

impl Connection {
    async fn discard(self, ldap: &Ldap) {
        match self {
            Self::Shared(generation) => ldap.discard(generation).await,
            Self::Own(handle) => drop(handle),
        }
    }

    async fn give_back(self, ldap: &Ldap) {
        if let Self::Own(handle) = self {
            ldap.give_back(handle).await;
        }
    }
}

struct Failure {
    error: DirectoryError,
    /// Whether it is the connection that failed, so that another one may do better.
    lost: bool,
}

async fn start(ldap: &Ldap, search: &Search, scope: Scope) -> Result<(Stream, Connection), Failure> {
    let failed = |error| Failure { error, lost: false };
    let (mut handle, connection) = if scope == Scope::Base {
        let (handle, generation) = ldap.patient_handle().await.map_err(failed)?;
        (handle, Connection::Shared(generation))
    } else {
        let handle = ldap.lease().await.map_err(failed)?;
        (handle.clone(), Connection::Own(handle))
    };
    let adapters: Adapters = match scope {
        Scope::Base => Vec::new(),
        _ => vec![Box::new(PagedResults::new(ldap.page_size))],
    };
    handle.with_timeout(ldap.connector.patience);
    let started =
        handle.streaming_search_with(adapters, search.base.as_str(), scope, &search.filter, search.attributes.clone());
    match started.await {
        Ok(stream) => Ok((stream, connection)),
        Err(LdapError::FilterParsing) => {
            let error = DirectoryError::Configuration(format!("{:?} is not an LDAP filter", search.filter));
            Err(Failure { error, lost: false })
        }
        Err(error) => {
            connection.discard(ldap).await;
            Err(Failure { error: ldap.connector.unreachable(connection::explain(&error)), lost: true })
        }
    }
}

impl Reading<'_> {
    async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        loop {
            match self.stream.next().await {
                Ok(Some(answer)) if answer.is_ref() => return Err(self.elsewhere(answer.0)),
                Ok(Some(answer)) if answer.is_intermediate() => {}
                Ok(Some(answer)) => {
                    self.given += 1;
                    let unreadable = || self.ldap.connector.unreachable("an entry of its answer cannot be read");
                    return entry(answer.0).ok_or_else(unreadable).map(Some);
                }
                Ok(None) => {
                    let Some(wait) = self.end().await? else { return Ok(None) };
                    sleep(wait).await;
                    self.start_again().await?;
                }
                Err(error) => {
                    if let Some(connection) = self.connection.take() {
                        connection.discard(self.ldap).await;
                    }
                    // A connection that the server had closed shows only now. While nothing was given, asking again
                    // repeats nothing.
                    if self.given > 0 || self.reopened || matches!(error, LdapError::Timeout { .. }) {
                        let reason = format!("{} after {} entries", connection::explain(&error), self.given);
                        return Err(self.ldap.connector.unreachable(reason));
                    }
                    self.reopened = true;
                    self.start_again().await?;
                }
            }
        }
    }

    async fn start_again(&mut self) -> Result<(), DirectoryError> {
        let (stream, connection) = start(self.ldap, &self.search, self.scope).await.map_err(|f| f.error)?;
        (self.stream, self.connection) = (stream, Some(connection));
        Ok(())
    }

    /// How the server ended the answer; a wait when it is to be asked again.
    async fn end(&mut self) -> Result<Option<Duration>, DirectoryError> {
        let result = self.stream.finish().await;
        let dn = self.search.base.to_string();
        let reason = || format!("{} (after {} entries)", outcome::in_words(&result), self.given);
        match result.rc {
            0 => Ok(None),
            NO_SUCH_OBJECT if self.given == 0 => Ok(None),
            51 | 52 => {
                let wait = FIRST_WAIT * 2_u32.pow(self.refused);
                self.refused += 1;
                if self.given == 0 && self.refused < ATTEMPTS {
                    return Ok(Some(wait));
                }
                Err(DirectoryError::Unavailable { dn, reason: reason(), attempts: self.refused })
            }
            code => Err(DirectoryError::Rejected { dn, code, reason: reason() }),
        }
    }

    /// A part of the branch is on another server: its entries would be missing here.
    fn elsewhere(&self, reference: StructureTag) -> DirectoryError {
        let urls: Vec<String> = children(reference)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|url| String::from_utf8(octets(url)?).ok())
            .collect();
        let reason = format!(
            "a part of the branch is on another server ({}): references are not followed, because the identity's \
             password would go there too; put in directory.url a server that holds the whole branch",
            urls.join(", ")
        );
        DirectoryError::Rejected { dn: self.search.base.to_string(), code: REFERRAL, reason }
    }
}

/// Takes an entry out of the answer (`SearchResultEntry` of RFC 4511 §4.5.2). The library's own way panics on what it
/// does not expect and loses the order of attributes.
fn entry(tag: StructureTag) -> Option<Entry> {
    let mut parts = children(tag)?.into_iter();
    let dn = Dn::parse(&String::from_utf8(octets(parts.next()?)?).ok()?).ok()?;
    let mut attributes = Vec::new();
    for attribute in children(parts.next()?)? {
        let mut parts = children(attribute)?.into_iter();
        let name = String::from_utf8(octets(parts.next()?)?).ok()?;
        let values: Option<Vec<Value>> =
            children(parts.next()?)?.into_iter().map(|value| octets(value).map(Value::from_bytes)).collect();
        attributes.push((name, values?));
    }
    Some(Entry { dn, attributes })
}

fn children(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(children) => Some(children),
        PL::P(_) => None,
    }
}

fn octets(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(octets) => Some(octets),
        PL::C(_) => None,
    }
}
