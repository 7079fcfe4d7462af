//! The comparison form of names and labels: what makes `LE GALL`, `Le Gall` and `le-gall` the same.

use std::borrow::Cow;

use compact_str::CompactString;
use deunicode::deunicode_with_tofu_cow;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Lower-case ASCII letters and digits only; the text itself when nothing of it has a Latin form.
pub(super) fn folded(text: &str) -> CompactString {
    let mut out = String::with_capacity(text.len());
    if !text.chars().all(|c| fold_french(c, &mut out)) {
        out.clear();
        let ascii = ascii(text);
        out.extend(ascii.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
    }
    if out.is_empty() { text.trim().to_lowercase().into() } else { out.as_str().into() }
}

/// Adds a character of French in comparison form: nearly all names are of these, and every row has two. `false` for any
/// other, which the tables of all scripts know.
fn fold_french(c: char, out: &mut String) -> bool {
    let letter = match c {
        'a'..='z' | '0'..='9' => c,
        'A'..='Z' => c.to_ascii_lowercase(),
        '\0'..='\x7f' | '’' | '\u{a0}' => return true,
        'à' | 'â' | 'ä' | 'À' | 'Â' | 'Ä' => 'a',
        'ç' | 'Ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' | 'É' | 'È' | 'Ê' | 'Ë' => 'e',
        'î' | 'ï' | 'Î' | 'Ï' => 'i',
        'ô' | 'ö' | 'Ô' | 'Ö' => 'o',
        'ù' | 'û' | 'ü' | 'Ù' | 'Û' | 'Ü' => 'u',
        'œ' | 'Œ' => {
            out.push('o');
            'e'
        }
        _ => return false,
    };
    out.push(letter);
    true
}

/// The words of a label in comparison form: `CLASSE  CE2` gives `classe` and `ce2`.
pub(super) fn words(text: &str) -> Vec<CompactString> {
    ascii(text)
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_ascii_lowercase().into())
        .collect()
}

/// The nearest ASCII, case kept. Composed first, because a bare combining accent has no transliteration of its own.
pub(super) fn ascii(text: &str) -> Cow<'_, str> {
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
            &["D’Arc-Lefèvre", "D'ARC LEFEVRE"],
            &["Œuvré", "OEUVRE"],
        ] {
            assert!(writings.windows(2).all(|w| folded(w[0]) == folded(w[1])), "{writings:?}");
        }
        assert_ne!(folded("Martin"), folded("Martine"));
        // The quick way and the tables of all scripts agree.
        for c in "àâäÀÂÄçÇéèêëÉÈÊËîïÎÏôöÔÖùûüÙÛÜœŒ’' -".chars() {
            assert_eq!(folded(&format!("a{c}b")), folded(&format!("a{c}b\u{200b}")), "{c}");
        }
        // Two names without any Latin form are not one name.
        assert_ne!(folded("∆"), folded("∇∇"));
    }

    #[test]
    fn labels_have_words() {
        assert_eq!(words("CLASSE  CE2"), ["classe", "ce2"]);
        assert_eq!(words("CE1/CE2 – Mme Éon"), ["ce1", "ce2", "mme", "eon"]);
    }
}
