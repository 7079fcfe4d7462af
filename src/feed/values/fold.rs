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
    // No character is longer folded than written.
    let mut room = [0; SHORT];
    if name.len() <= SHORT
        && let Some(length) = fold_french(name, &mut room)
    {
        return std::str::from_utf8(room.get(..length).unwrap_or_default()).unwrap_or_default().into();
    }
    ascii(name).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Bytes of a name that is folded on the way: nearly all are shorter.
const SHORT: usize = 64;

/// Writes a name in comparison form and gives its length, when it is of the characters of French: nearly all are. The
/// tables of all scripts know the others.
fn fold_french(name: &str, room: &mut [u8; SHORT]) -> Option<usize> {
    let mut length = 0;
    let mut push = |letter: u8| {
        if let Some(place) = room.get_mut(length) {
            *place = letter;
            length += 1;
        }
    };
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => push(c as u8),
            'A'..='Z' => push(c.to_ascii_lowercase() as u8),
            '\0'..='\x7f' | '’' | '\u{a0}' => {}
            'à' | 'â' | 'ä' | 'À' | 'Â' | 'Ä' => push(b'a'),
            'ç' | 'Ç' => push(b'c'),
            'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => push(b'e'),
            'î' | 'ï' | 'Î' | 'Ï' => push(b'i'),
            'ô' | 'ö' | 'Ô' | 'Ö' => push(b'o'),
            'ù' | 'û' | 'ü' | 'Ù' | 'Û' | 'Ü' => push(b'u'),
            'œ' | 'Œ' => {
                push(b'o');
                push(b'e');
            }
            _ => return None,
        }
    }
    Some(length)
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
        // The quick way and the tables of all scripts agree.
        for c in "àâäÀÂÄçÇéèêëÉÈÊËîïÎÏôöÔÖùûüÙÛÜœŒ’' -".chars() {
            assert_eq!(fold_name(&format!("a{c}b")), fold_name(&format!("a{c}b\u{200b}")), "{c}");
        }
        assert_eq!(fold_name("?!"), "");
    }
}
