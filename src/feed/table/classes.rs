//! Cells that hold several classes or groups.

use compact_str::CompactString;

/// The classes of a cell. `|` always separates. A comma does when every piece is a class of the school: ONDE writes
/// labels such as `CE1, CE2 MME DURAND`, which are one class.
pub(super) fn split(cell: &str, mut known: impl FnMut(&str) -> bool) -> Vec<&str> {
    // Nearly all cells hold one.
    if !cell.contains(['|', ',']) || known(cell) {
        return Vec::from_iter((!cell.is_empty()).then_some(cell));
    }
    cell.split('|')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .flat_map(|piece| {
            let pieces: Vec<&str> = piece.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
            if pieces.len() > 1 && !known(piece) && pieces.iter().all(|piece| known(piece)) {
                pieces
            } else {
                vec![piece]
            }
        })
        .collect()
}

/// A label fit for a field of a composite value, whose separator is `$`.
pub(super) fn plain(label: &str) -> CompactString {
    // Most labels are fit: words of graphic ASCII, one blank between two.
    let mut before = b' ';
    let fit = label.bytes().all(|b| {
        let double = before == b' ' && b == b' ';
        before = b;
        (b == b' ' || b.is_ascii_graphic()) && b != b'$' && !double
    });
    if fit && before != b' ' {
        return label.into();
    }
    let mut words = label.split(|c: char| c == '$' || c.is_whitespace()).filter(|word| !word.is_empty());
    let mut plain = CompactString::from(words.next().unwrap_or_default());
    for word in words {
        plain.push(' ');
        plain.push_str(word);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_classes_only() {
        let known = ["CE1", "CE2", "CE1, CE2 MME DURAND"];
        let of = |cell| split(cell, |class| known.contains(&class));
        assert_eq!(of("CE1, CE2 MME DURAND"), ["CE1, CE2 MME DURAND"]);
        assert_eq!(of("CE1, CE2"), ["CE1", "CE2"]);
        assert_eq!(of("CE1|CM1"), ["CE1", "CM1"]);
        assert_eq!(of("CM1, CM2"), ["CM1, CM2"]);
        assert_eq!(of("CE1, CE2|CM1"), ["CE1", "CE2", "CM1"]);
        assert!(of("").is_empty());
        for label in [" a$b  c ", "a b c ", " a b c", "a  b c", "a$b$c", "a\tb c", "a b c"] {
            assert_eq!(plain(label), "a b c", "{label:?}");
        }
        assert_eq!((plain(""), plain(" "), plain("é\u{a0}$")), ("".into(), "".into(), "é".into()));
    }
}
