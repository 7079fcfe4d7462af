//! Text of an element: pieces put together, entities resolved, control characters out.

use std::borrow::Cow;

use quick_xml::events::BytesRef;

/// HTML 4's names of the characters U+00A0 to U+00FF, in order: seen in exports although the DTD declares none.
const LATIN1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not", "shy",
    "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm",
    "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig",
    "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve",
    "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN",
    "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc",
    "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
    "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// The text of one element, as its pieces arrive. One piece is the rule and is not copied.
#[derive(Debug, Default)]
pub(super) struct Text<'t> {
    only: Cow<'t, str>,
    /// The first reference that could not be resolved.
    pub unknown: Option<String>,
    /// A `&` that opens no reference was taken as itself.
    pub bare_ampersand: bool,
}

impl<'t> Text<'t> {
    pub(super) fn push(&mut self, piece: Cow<'t, str>) {
        if self.only.is_empty() {
            self.only = piece;
        } else {
            self.only.to_mut().push_str(&piece);
        }
    }

    /// Adds what `&name;` stands for.
    pub(super) fn push_reference(&mut self, reference: &BytesRef<'_>) {
        match resolve(reference) {
            Some(c) => self.only.to_mut().push(c),
            None => {
                let name: String = reference.chars().take(40).collect();
                self.unknown.get_or_insert(name);
            }
        }
    }

    /// The text so far, in bytes.
    pub(super) fn len(&self) -> usize {
        self.only.len()
    }

    /// The text without spaces around it, and whether control characters had to be replaced.
    pub(super) fn finish(&self) -> (Cow<'_, str>, bool) {
        clean(self.only.trim())
    }
}

fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        // U+0000 is refused by the parser; like any control character, it becomes a space.
        return match reference.resolve_char_ref() {
            Ok(c) => c,
            Err(_) if matches!(&**reference, "#0" | "#x0") => Some('\0'),
            Err(_) => None,
        };
    }
    let name: &str = reference;
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let at = LATIN1.iter().position(|latin| *latin == name)?;
            char::from_u32(0xa0 + u32::try_from(at).ok()?)
        }
    }
}

/// Replaces control characters by a space: they are illegal in XML or mean nothing in a name, and could make a report or
/// a sheet lie (U+202E writes backwards). Line ends and tabs become spaces too, without being worth a word.
pub(in crate::feed) fn clean(text: &str) -> (Cow<'_, str>, bool) {
    // What is to be replaced is below the blank, or begins with one of these bytes in UTF-8. All bytes are looked at in
    // any case, which is faster than to stop at the first: nearly all texts have none.
    if !text.bytes().fold(false, |odd, b| odd | matches!(b, 0..0x20 | 0x7f | 0xc2 | 0xe2 | 0xef)) {
        return (Cow::Borrowed(text), false);
    }
    let blank = |c: char| matches!(c, '\t' | '\r' | '\n');
    let control = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    if !text.chars().any(|c| blank(c) || control(c)) {
        return (Cow::Borrowed(text), false);
    }
    let mut found = false;
    let mut broken = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if blank(c) || (broken && c == ' ') {
            // A line broken by an editor is one space, indentation included.
            broken = true;
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if control(c) {
            found = true;
            out.push(' ');
        } else {
            broken = false;
            out.push(c);
        }
    }
    (Cow::Owned(out.trim().to_owned()), found)
}

/// Whether a text looks as if its UTF-8 had been taken for Latin-1 once (`Ã©`, `â€™`).
pub(super) fn is_mojibake(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut before = ' ';
    text.chars().any(|c| {
        let pair = matches!(
            (before, c),
            ('Ã' | 'Â', '\u{a0}'..='\u{bf}') | ('â', '€') | ('Ã', '‰' | 'ˆ' | '€' | '‡' | 'Š' | '‹' | 'Ž' | '”' | 'œ')
        );
        before = c;
        pair
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let char_of = |name: &str| resolve(&BytesRef::new(name.to_owned()));
        assert_eq!(char_of("eacute"), Some('é'));
        assert_eq!(char_of("nbsp"), Some('\u{a0}'));
        assert_eq!(char_of("yuml"), Some('ÿ'));
        assert_eq!(char_of("apos"), Some('\''));
        assert_eq!(char_of("#233"), Some('é'));
        assert_eq!(char_of("#xE9"), Some('é'));
        assert_eq!(char_of("#0"), Some('\0'));
        for name in ["", "foo", "euro", "#x110000", "#xD800", "#", "lol9"] {
            assert_eq!(char_of(name), None, "{name}");
        }
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(clean("Léa"), ("Léa".into(), false));
        assert_eq!(clean("a\r\n   b"), ("a b".into(), false));
        assert_eq!(clean("a\u{7}b\u{202e}c"), ("a b c".into(), true));
        assert_eq!(clean("a\u{85}"), ("a".into(), true));
    }

    #[test]
    fn mojibake_is_recognised() {
        for text in ["Ã©lodie", "d’HÃ¨res", "lâ€™Isle", "Ã‰lodie"] {
            assert!(is_mojibake(text), "{text}");
        }
        for text in ["Élodie", "João", "Ângela", "Ã", "MÃRIO", "abc"] {
            assert!(!is_mojibake(text), "{text}");
        }
    }
}
