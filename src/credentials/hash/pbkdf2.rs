//! `{PBKDF2-SHA512}rounds$salt$hash`, as 389 DS and OpenLDAP's contributed module write it: base64 without padding, with
//! `.` in the place of `+`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::Sha512;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::HashError;
use crate::credentials::scheme::Scheme;
use crate::credentials::secret::{PasswordHash, Secret};

/// Bytes of hash: one output of SHA-512; both servers expect exactly that.
const OUTPUT: usize = 64;
/// More than any server asks for: beyond, a hostile value would keep a thread for minutes.
const MOST_ROUNDS: u32 = 100_000_000;

pub(super) fn hash(secret: &Secret, salt: &[u8], rounds: u32) -> PasswordHash {
    let output = derive(secret, salt, rounds);
    let mut text = Zeroizing::new(String::with_capacity(160));
    text.push_str(Scheme::Pbkdf2Sha512.prefix());
    text.push_str(&format!("{rounds}${}$", encode(salt)));
    text.push_str(&Zeroizing::new(encode(output.as_slice())));
    PasswordHash::new(text)
}

/// `rest` is what follows the name of the scheme.
pub(super) fn verify(rest: &str, secret: &Secret) -> Result<bool, HashError> {
    let mut fields = rest.split('$');
    let (Some(rounds), Some(salt), Some(hash), None) = (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(HashError::Form);
    };
    let rounds: u32 = rounds.parse().map_err(|_| HashError::Form)?;
    let (salt, hash) = (decode(salt)?, decode(hash)?);
    if !(1..=MOST_ROUNDS).contains(&rounds) || salt.is_empty() || hash.len() != OUTPUT {
        return Err(HashError::Form);
    }
    Ok(derive(secret, &salt, rounds).ct_eq(hash.as_slice()).into())
}

fn derive(secret: &Secret, salt: &[u8], rounds: u32) -> Zeroizing<[u8; OUTPUT]> {
    let mut output = Zeroizing::new([0; OUTPUT]);
    pbkdf2::pbkdf2_hmac::<Sha512>(secret.expose().as_bytes(), salt, rounds, output.as_mut_slice());
    output
}

fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes).replace('+', ".")
}

fn decode(text: &str) -> Result<Vec<u8>, HashError> {
    // Servers read with and without padding.
    STANDARD_NO_PAD.decode(text.replace('.', "+").trim_end_matches('=')).map_err(|_| HashError::Form)
}

#[cfg(test)]
mod tests {
    use super::super::tests::secret;
    use super::*;

    #[test]
    fn the_known_answer() {
        // The vectors of RFC 6070 with SHA-512 for SHA-1, as several libraries publish them.
        let output = derive(&secret("password"), b"salt", 4_096);
        assert_eq!(output.get(..8), Some(&[0xd1, 0x97, 0xb1, 0xb3, 0x3d, 0xb0, 0x14, 0x3e][..]));
    }

    #[test]
    fn the_alphabet_has_a_dot_and_no_plus() {
        let hash = hash(&secret("bamo"), &[0xfb; 16], 1);
        let rest = hash.expose().strip_prefix("{PBKDF2-SHA512}1$").unwrap();
        assert!(rest.starts_with('.') && !rest.contains(['+', '=']), "{rest}");
        assert!(verify(&format!("1${rest}=="), &secret("bamo")).unwrap());
    }
}
