//! The chain itself: what an event's hash covers, and how persons are named in it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::credentials::mac::{hex, keyed_digest, unhex};
use crate::roster::JoinKey;

/// A SHA-256 digest.
pub(crate) type Digest = [u8; 32];

/// The last event of the chain. Printed at the end of each run: who noted one can prove later that nothing before it
/// was changed, even by somebody who rewrote the whole store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last event; 0 before the first.
    pub seq: u64,
    pub hash: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex(&self.hash))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head of the trail is written as <number>:<64 hexadecimal digits>")]
pub struct HeadError;

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, hash) = text.trim().split_once(':').ok_or(HeadError)?;
        let hash = unhex(hash).ok_or(HeadError)?;
        Ok(Self { seq: seq.parse().map_err(|_| HeadError)?, hash: *hash })
    }
}

/// An event that is not in the chain yet.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Draft {
    /// Milliseconds since 1970, UTC.
    pub at: i64,
    pub run: String,
    pub kind: String,
    pub actor: String,
    pub subject: Option<String>,
    /// JSON.
    pub body: String,
}

/// An event as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub seq: u64,
    pub at: i64,
    pub run: String,
    pub kind: String,
    pub actor: String,
    pub subject: Option<String>,
    pub payload_digest: Vec<u8>,
    pub prev: Vec<u8>,
    pub hash: Vec<u8>,
    /// Absent once erased.
    pub payload: Option<Payload>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub salt: Vec<u8>,
    pub body: String,
}

impl Payload {
    /// Salted, so that an erased payload cannot be guessed from its digest.
    pub(super) fn digest(&self) -> Digest {
        Sha256::new()
            .chain_update((self.salt.len() as u64).to_be_bytes())
            .chain_update(&self.salt)
            .chain_update(&self.body)
            .finalize()
            .into()
    }
}

impl Link {
    /// Appends `draft` after `head`.
    pub(super) fn after(head: &Head, draft: Draft, salt: [u8; 16]) -> Self {
        let payload = Payload { salt: salt.to_vec(), body: draft.body };
        let mut link = Self {
            seq: head.seq + 1,
            at: draft.at,
            run: draft.run,
            kind: draft.kind,
            actor: draft.actor,
            subject: draft.subject,
            payload_digest: payload.digest().to_vec(),
            prev: head.hash.to_vec(),
            hash: Vec::new(),
            payload: Some(payload),
        };
        link.hash = link.computed_hash().to_vec();
        link
    }

    /// Covers everything of the event but its payload, of which it covers the digest. Each field is preceded by its
    /// length.
    pub(super) fn computed_hash(&self) -> Digest {
        let mut sha = Sha256::new();
        let mut field = |bytes: &[u8]| {
            sha.update((bytes.len() as u64).to_be_bytes());
            sha.update(bytes);
        };
        field(b"rentree event 1");
        field(&self.prev);
        field(&self.seq.to_be_bytes());
        field(&self.at.to_be_bytes());
        field(self.run.as_bytes());
        field(self.kind.as_bytes());
        field(self.actor.as_bytes());
        match &self.subject {
            Some(subject) => {
                field(b"subject");
                field(subject.as_bytes());
            }
            None => field(b"no subject"),
        }
        field(&self.payload_digest);
        sha.finalize().into()
    }

    pub(super) fn head(&self) -> Head {
        let mut hash = [0; 32];
        hash.iter_mut().zip(&self.hash).for_each(|(to, from)| *to = *from);
        Head { seq: self.seq, hash }
    }
}

/// What the first event follows: bound to the salt, so that changing the salt breaks the chain.
pub(super) fn genesis(salt: &Digest) -> Head {
    Head { seq: 0, hash: keyed_digest(salt, &[b"rentree trail 1"]) }
}

/// How a person appears in the trail: a keyed digest of the join key under the store's salt.
///
/// Who gets an extract of the trail cannot tell whom it is about, nor try out all keys of an academy, without the salt.
/// Who has the whole store has the salt and can: there it only keeps names out of sight.
pub(super) fn pseudonym(salt: &Digest, person: &JoinKey) -> String {
    let digest = keyed_digest(salt, &[b"rentree person", person.as_str().as_bytes()]);
    // Half of it: no two persons of any academy share one, and it still fits on a line.
    hex(digest.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// How somebody's DN appears in an event about another, of which it is not erased with him.
pub(super) fn mark(salt: &Digest, dn: &str) -> String {
    let digest = keyed_digest(salt, &[b"rentree dn", dn.as_bytes()]);
    format!("dn:{}", hex(digest.first_chunk::<8>().unwrap_or(&[0; 8])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back() {
        let head = Head { seq: 42, hash: [0xab; 32] };
        assert_eq!(head.to_string().parse(), Ok(head));
        for text in ["", "42", "42:ab", "x:00", &format!("-1:{}", "0".repeat(64)), &format!("1:{}", "é".repeat(32))] {
            assert_eq!(text.parse::<Head>(), Err(HeadError), "{text}");
        }
    }

    #[test]
    fn pseudonyms_are_stable_and_depend_on_the_salt() {
        let key = JoinKey::new("AC-TEST", "1");
        assert_eq!(pseudonym(&[1; 32], &key), pseudonym(&[1; 32], &key));
        assert_ne!(pseudonym(&[1; 32], &key), pseudonym(&[2; 32], &key));
        assert_ne!(pseudonym(&[1; 32], &key), pseudonym(&[1; 32], &JoinKey::new("AC-TEST", "2")));
    }

    #[test]
    fn fields_do_not_run_into_one_another() {
        let draft = |run: &str, kind: &str| Draft {
            at: 0,
            run: run.into(),
            kind: kind.into(),
            actor: String::new(),
            subject: None,
            body: "{}".into(),
        };
        let start = genesis(&[0; 32]);
        let hash = |d| Link::after(&start, d, [0; 16]).hash;
        assert_ne!(hash(draft("ab", "c")), hash(draft("a", "bc")));
    }
}
