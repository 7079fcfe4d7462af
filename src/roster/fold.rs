//! The comparison form of names: what makes `LE GALL`, `Le Gall` and `le-gall` the same.

use std::borrow::Cow;

use compact_str::CompactString;
use deunicode::deunicode_with_tofu_cow;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// A name without accents, case, spaces and punctuation: lower-case ASCII letters and digits only.
///
/// `Élodie d'Arc` gives `elodiedarc`, `Œuvré` gives `oeuvre`. For comparing identities across sources, never for
/// showing. Empty when nothing of it has a Latin form.
#[must_use]
pub fn fold_name(name: &str) -> CompactString {
    let mut folded = CompactString::with_capacity(name.len());
    for byte in ascii(name).bytes().filter(u8::is_ascii_alphanumeric) {
        folded.push(char::from(byte.to_ascii_lowercase()));
    }
    folded
}

/// The nearest ASCII, case kept. Composed first, because a bare combining accent has no transliteration of its own.
pub(crate) fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        Cow::Borrowed(text)
    } else if is_nfc(text) {
        deunicode_with_tofu_cow(text, "")
    } else {
        let composed: String = text.nfc().collect();
        Cow::Owned(deunicode_with_tofu_cow(&composed, "").into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_one_name_agree() {
        for writings in [
            &["Le Gall", "LE GALL", "le-gall", " Le  Gall "][..],
            &["D’Arc-Lefèvre", "D'ARC LEFEVRE", "d arc lefe\u{300}vre"],
            &["Œuvré", "OEUVRE"],
            &["Łukasz", "lukasz"],
            &["Straße", "STRASSE"],
        ] {
            let folded: Vec<_> = writings.iter().map(|w| fold_name(w)).collect();
            assert!(folded.windows(2).all(|w| w[0] == w[1]), "{folded:?}");
        }
        assert_ne!(fold_name("Martin"), fold_name("Martine"));
        assert_eq!(fold_name("?!"), "");
    }
}
