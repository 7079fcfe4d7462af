//! Sixteen bytes for all that is wanted of an entry: whether the exports ask for the same as last time.
//!
//! The register keeps them per account, and no value. When the directory differs although what is wanted is what was
//! written, somebody has changed it there by hand.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::wanted::Wanted;
use super::{Dialect, OBJECT_CLASS};

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
