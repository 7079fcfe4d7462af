//! The comparison form of names and labels in tables, where two texts without any Latin letter are still two.

use compact_str::CompactString;

use crate::feed::values::{ascii, fold_name};

/// [`fold_name`]; the text itself when nothing of it has a Latin form.
pub(super) fn folded(text: &str) -> CompactString {
    let folded = fold_name(text);
    if folded.is_empty() { text.trim().to_lowercase().into() } else { folded }
}

/// The words of a label in comparison form: `CLASSE  CE2` gives `classe` and `ce2`.
pub(super) fn words(text: &str) -> Vec<CompactString> {
    ascii(text)
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.to_ascii_lowercase().into())
        .collect()
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
