//! When two names are the same.

use compact_str::CompactString;

use crate::feed::values::ascii;

/// A name as it is compared: without accents and case, blanks at the ends gone and inside as one space (a directory
/// compares so, and a person who types so means the same).
#[must_use]
pub fn fold(name: &str) -> CompactString {
    let ascii = ascii(name);
    let mut folded = CompactString::with_capacity(ascii.len());
    for word in ascii.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_blanks_do_not_count() {
        for (name, folded) in [
            ("Elodie.Darc", "elodie.darc"),
            ("élodie.d'arc", "elodie.d'arc"),
            ("e\u{301}lodie", "elodie"),
            ("  Jean   Li ", "jean li"),
            ("F2600001", "f2600001"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded);
        }
        assert_ne!(fold("jean.li"), fold("jeanli"));
    }
}
