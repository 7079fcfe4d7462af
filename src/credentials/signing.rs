//! Signatures (Ed25519, RFC 8032): whoever has the private half made this, and nobody has changed it since.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::RngExt as _;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

const PRIVATE: &str = "RENTREE-SIGNING-KEY-1 ";
const PUBLIC: &str = "ed25519:";

/// The private half: a seed of 32 bytes. Wiped when dropped, masked in debug output.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

/// The public half, written `ed25519:<base64>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey([u8; 32]);

/// Written in base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    #[error("this is no signing key of Rentrée")]
    Private,
    #[error("a public signing key is written ed25519:<43 characters of base64>")]
    Public,
    #[error("a signature is written as 86 characters of base64")]
    Signature,
}

impl SigningKey {
    /// A new key, from the operating system's generator.
    ///
    /// # Errors
    /// Never, in practice: when the library refuses a seed.
    pub fn generate() -> Result<Self, SigningError> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::rng().fill(&mut *seed);
        Self::from_seed(seed)
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self, SigningError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| SigningError::Private)?;
        Ok(Self { seed, pair })
    }

    /// From the line of its file.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let encoded = line.and_then(|line| line.strip_prefix(PRIVATE)).ok_or(SigningError::Private)?;
        Self::from_seed(Zeroizing::new(bytes(encoded).ok_or(SigningError::Private)?))
    }

    /// The line of its file.
    #[must_use]
    pub fn to_line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PRIVATE}{}", STANDARD_NO_PAD.encode(*self.seed)))
    }

    #[must_use]
    pub fn public(&self) -> VerifyingKey {
        let mut key = [0; 32];
        key.iter_mut().zip(self.pair.public_key().as_ref()).for_each(|(to, from)| *to = *from);
        VerifyingKey(key)
    }

    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        let mut signature = [0; 64];
        signature.iter_mut().zip(self.pair.sign(message).as_ref()).for_each(|(to, from)| *to = *from);
        Signature(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

impl VerifyingKey {
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, &signature.0).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl FromStr for VerifyingKey {
    type Err = SigningError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().strip_prefix(PUBLIC).and_then(bytes).map(Self).ok_or(SigningError::Public)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD_NO_PAD.encode(self.0))
    }
}

impl FromStr for Signature {
    type Err = SigningError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        bytes(text.trim()).map(Self).ok_or(SigningError::Signature)
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.1, test 2.
    #[test]
    fn agrees_with_rfc_8032() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
        };
        let seed: [u8; 32] =
            hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").try_into().unwrap();
        let key = SigningKey::from_seed(Zeroizing::new(seed)).unwrap();
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public().0.as_slice(), public);
        let signature =
            hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c\
             387b2eaeb4302aeeb00d291612bb0c00");
        assert_eq!(key.sign(&[0x72]).0.as_slice(), signature);
    }

    #[test]
    fn written_forms_read_back_and_nothing_else_does() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::parse(&format!("# a comment\n{}\n", *key.to_line())).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        let signature = key.sign(b"message");
        assert_eq!(signature.to_string().parse(), Ok(signature));
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"messagf", &signature));
        assert!(!SigningKey::generate().unwrap().public().verifies(b"message", &signature));
        assert!(!format!("{key:?}").contains(&key.to_line()[22..]), "masked");
        for wrong in ["", "RENTREE-SIGNING-KEY-1 AAAA", "AGE-SECRET-KEY-1"] {
            assert!(SigningKey::parse(wrong).is_err(), "{wrong}");
        }
        assert!("ed25519:AAAA".parse::<VerifyingKey>().is_err());
        assert!("AAAA".parse::<Signature>().is_err());
    }
}
