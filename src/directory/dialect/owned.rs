//! Sixteen bytes for all that is wanted of an entry: whether the exports ask for the same as last time.
//!
//! The register keeps them per account, and no value. When the directory differs although what is wanted is what was
//! written, somebody has changed it there by hand.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::attributes::AttributeId;
use super::compile::same;
use super::shape::Owner;
use super::wanted::Wanted;
use super::{Dialect, Kind, OBJECT_CLASS, Source};
use crate::directory::{Entry, Value};
use crate::roster::{NationalProfile, Profile};

/// Digest of the owned values of an entry (the first half of a SHA-256): names of attributes, values in their order,
/// roles, and what is left alone. In JSON, 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnedDigest(pub [u8; 16]);

impl Serialize for OwnedDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::credentials::mac::hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for OwnedDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = u128::from_str_radix(&text, 16).ok().filter(|_| text.len() == 32);
        number
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(|| serde::de::Error::custom("a digest is of 32 hexadecimal digits"))
    }
}

impl Dialect {
    /// The digest of what is wanted of an entry.
    #[must_use]
    pub fn owned_digest(&self, wanted: &Wanted) -> OwnedDigest {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update(bytes);
            digest.update([0]);
        };
        // The roles stand for the classes.
        part(self.attributes.name(OBJECT_CLASS).as_bytes());
        part(&wanted.parts.to_be_bytes());
        part(&(wanted.left_alone.len() as u64).to_be_bytes());
        for &attribute in &wanted.left_alone {
            part(self.attributes.name(attribute).as_bytes());
        }
        for &piece in &wanted.pieces {
            part(self.attributes.name(piece.attribute).as_bytes());
            part(wanted.piece(piece).as_bytes());
        }
        let mut first = [0; 16];
        first.copy_from_slice(digest.finalize().split_at(16).0);
        OwnedDigest(first)
    }
}

/// Whose the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ownership {
    /// What the exports say; a change by hand is written over.
    Feed,
    /// Given once by this program, and never changed.
    Engine,
    /// From the exports at creation, then the person's own; or chosen among what they say.
    User,
    /// The engine adds what is due, everything else is an administrator's or another program's.
    Shared,
}

impl Dialect {
    /// The attributes of a person's entry that this program writes: name, what they hold, whose they are. An attribute
    /// that is not among them is somebody else's.
    #[must_use]
    pub fn attributes_of(&self, profile: Profile) -> Vec<(&str, Source, Ownership)> {
        let mut all: Vec<(&str, Source, Ownership)> = Vec::new();
        for item in self.shape(person_kind(profile)).items() {
            let name = self.attributes.name(item.attribute);
            if all.iter().any(|(known, ..)| known.eq_ignore_ascii_case(name)) {
                continue;
            }
            let given = matches!(
                item.source,
                Source::Uid | Source::Login | Source::JoinKey | Source::RandomUuid | Source::Credential
            );
            let ownership = match item.owner {
                _ if item.source == Source::Credential => Ownership::User,
                _ if given => Ownership::Engine,
                Owner::Once | Owner::Choice => Ownership::User,
                Owner::Added | Owner::Own => Ownership::Shared,
                Owner::Replace | Owner::Keep => Ownership::Feed,
            };
            all.push((name, item.source, ownership));
        }
        all
    }

    /// What somebody is by the classes of his entry, for whoever knows nothing else.
    #[must_use]
    pub fn profile_of(&self, entry: &Entry) -> Profile {
        let identity = self.identity(entry);
        if identity.may_be_pupil && !identity.may_be_staff {
            return Profile::Pupil;
        }
        let has = |class: &str| entry.texts(self.attributes.name(OBJECT_CLASS)).any(|c| same(c.trim(), class));
        let teaching = super::shape::profile_bit(NationalProfile::Ens);
        let mut staff = self.shape(Kind::Staff).parts.iter().skip(1);
        let is_teacher = staff.any(|part| part.profiles & teaching != 0 && part.auxiliary.iter().any(|c| has(c)));
        let mut relative = self.shape(Kind::Relative).parts.iter();
        let is_relative = relative.any(|part| part.auxiliary.iter().any(|c| has(c)));
        match (is_teacher, is_relative) {
            (true, _) => Profile::Teacher,
            (false, true) => Profile::Relative,
            (false, false) => Profile::Staff,
        }
    }

    /// The digest of what the feed alone owns among these attributes of a person's entry, whatever the order of the
    /// values: whether somebody has changed it since.
    #[must_use]
    pub fn entry_digest(&self, profile: Profile, attributes: &[(String, Vec<Value>)]) -> OwnedDigest {
        let owned =
            self.shape(person_kind(profile)).items().filter(|i| matches!(i.owner, Owner::Replace | Owner::Keep));
        let mut owned: Vec<AttributeId> = owned.map(|item| item.attribute).collect();
        owned.sort_unstable();
        owned.dedup();
        let mut digest = Sha256::new();
        for attribute in owned {
            let name = self.attributes.name(attribute);
            let there = attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            let mut values: Vec<&[u8]> = there.into_iter().flat_map(|(_, v)| v).map(Value::as_bytes).collect();
            values.sort_unstable();
            for value in values {
                digest.update(name.as_bytes());
                digest.update([0]);
                digest.update((value.len() as u64).to_be_bytes());
                digest.update(value);
            }
        }
        let mut first = [0; 16];
        first.copy_from_slice(digest.finalize().split_at(16).0);
        OwnedDigest(first)
    }
}

const fn person_kind(profile: Profile) -> Kind {
    match profile {
        Profile::Pupil => Kind::Pupil,
        Profile::Relative => Kind::Relative,
        Profile::Teacher | Profile::Staff => Kind::Staff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_back_and_nothing_else_is() {
        let digest = OwnedDigest([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text, "\"000102030405060708090a0b0c0d0eff\"");
        assert_eq!(serde_json::from_str::<OwnedDigest>(&text).unwrap(), digest);
        for bad in
            ["\"\"", "\"00\"", "\"+0102030405060708090a0b0c0d0eff\"x", "\"zz0102030405060708090a0b0c0d0e0f\"", "7"]
        {
            assert!(serde_json::from_str::<OwnedDigest>(bad).is_err(), "{bad}");
        }
    }
}
