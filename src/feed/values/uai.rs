//! UAI (*unité administrative immatriculée*, once RNE): seven digits and a check letter.
//!
//! The letter is the seven digits modulo 23 in the alphabet without I, O and Q.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A school's identifier (*unité administrative immatriculée*), as delivered in upper case.
///
/// Pseudo-UAI of things that are not schools circulate (six digits + `G`/`Z` + letter …): any non-empty text up to
/// 16 letters and digits is accepted here, [`Uai::is_regular`] says whether form and check letter hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uai(CompactString);

impl Uai {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let ok = !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        ok.then(|| Self(CompactString::from(text.to_ascii_uppercase())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Seven digits and the right check letter.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        let Some((digits, letter)) = self.0.split_at_checked(7) else { return false };
        digits.bytes().all(|b| b.is_ascii_digit())
            && letter.len() == 1
            && digits.parse::<u64>().is_ok_and(|n| check_letter(n).is_some_and(|l| letter.as_bytes() == [l]))
    }
}

/// The check letter of a number: its rank modulo 23 in the alphabet without I, O and Q. The INE uses it too.
pub(super) fn check_letter(number: u64) -> Option<u8> {
    const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";
    LETTERS.get(usize::try_from(number % 23).ok()?).copied()
}

impl fmt::Display for Uai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_letters_of_the_published_examples() {
        for uai in ["0290009C", "0291595B", "0210066H", "0940072T", "0771972A", "0123456S"] {
            assert!(Uai::parse(uai).is_some_and(|u| u.is_regular()), "{uai}");
        }
        assert!(Uai::parse("0123456A").is_some_and(|u| !u.is_regular()));
        assert!(Uai::parse("").is_none());
        assert!(Uai::parse("012 3456").is_none());
    }
}
