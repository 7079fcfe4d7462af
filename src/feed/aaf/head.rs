//! What stands before the first request and after the last: declaration, DOCTYPE, root, comments.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The root of every AAF file.
const ROOT: &str = "ficAlimMENESR";

/// Header comments that are kept; a file has five.
const COMMENTS: usize = 32;

/// What the beginning of a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub declared: bool,
    /// `versionAF`, `degre`, `dateGenerationExport`, … in the order of the file.
    pub comments: Vec<(String, String)>,
    /// Whether the root is closed already (a file without requests).
    pub closed: bool,
    /// What is wrong, with the byte.
    pub fault: Option<(usize, &'static str)>,
}

/// Reads what stands before the first request.
pub(super) fn head(text: &str) -> Head {
    let mut head = Head::default();
    let mut opened = false;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let fault = loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Decl(_)) => head.declared = true,
            Ok(Event::DocType(_) | Event::PI(_)) => {}
            Ok(Event::Comment(comment)) => {
                if head.comments.len() < COMMENTS {
                    head.comments.extend(header_comment(&comment));
                }
            }
            Ok(Event::Text(piece)) if piece.trim().is_empty() => {}
            Ok(Event::Start(tag)) if !opened && tag.name().as_ref() == ROOT => opened = true,
            Ok(Event::End(_)) if opened && !head.closed => head.closed = true,
            Ok(Event::Start(_)) if !opened => break Some((at, "la racine n'est pas <ficAlimMENESR>")),
            Ok(Event::Eof) if opened => break None,
            Ok(Event::Eof) if text.trim().is_empty() => break Some((0, "fichier vide")),
            Ok(Event::Eof) => break Some((text.trim_end().len(), "la racine <ficAlimMENESR> manque")),
            Ok(_) => break Some((at, "contenu inattendu avant le premier enregistrement")),
            Err(_) => break Some((at, "début de fichier mal formé ou tronqué")),
        }
    };
    head.fault = fault;
    head
}

/// `versionAF="AAF-VE2407"`.
fn header_comment(comment: &str) -> Option<(String, String)> {
    let (name, value) = comment.trim().split_once('=')?;
    let value = value.trim().trim_matches(['"', '\'']);
    let name = name.trim();
    let plain = !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let (value, _) = super::text::clean(value);
    (plain && value.len() <= 256).then(|| (name.to_owned(), value.into_owned()))
}

/// What follows a request: nothing but spaces and comments, and at the end of the file the closed root.
pub(super) fn tail(text: &str, last: bool) -> Result<(), (usize, &'static str)> {
    if !last && text.trim().is_empty() {
        return Ok(());
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_unmatched_ends = true;
    let mut closed = false;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Comment(_) | Event::PI(_)) => {}
            Ok(Event::Text(piece)) if piece.trim().is_empty() => {}
            Ok(Event::End(tag)) if last && !closed && tag.name().as_ref() == ROOT => closed = true,
            Ok(Event::Eof) if closed || !last => return Ok(()),
            Ok(Event::Eof) => {
                return Err((text.trim_end().len(), "fin de fichier sans </ficAlimMENESR> : le fichier est tronqué"));
            }
            Ok(_) => return Err((at, "contenu inattendu entre deux enregistrements")),
            Err(_) => return Err((at, "XML mal formé entre deux enregistrements")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_with_its_comments() {
        let head = head(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE ficAlimMENESR SYSTEM \"x.dtd\">\n<ficAlimMENESR>\n\
                         <!-- versionAF=\"AAF-VE2407\" -->\n<!-- degre='2D' --><!-- libre -->\n",
        );
        assert!(head.declared && !head.closed);
        assert_eq!(head.fault, None);
        assert_eq!(head.comments, [("versionAF".into(), "AAF-VE2407".into()), ("degre".into(), "2D".into())]);
    }

    #[test]
    fn heads_that_are_none() {
        for text in [
            "",
            "  ",
            "<a>",
            "hello",
            "<ficAlimMENESR>x",
            "<ficAlimMENESR><x>",
            "<ficAlimMENESR",
            "<?xml",
            "<!-- x -->",
        ] {
            assert!(head(text).fault.is_some(), "{text}");
        }
        for text in ["<ficAlimMENESR/>", "<ficAlimMENESR></ficAlimMENESR>\n"] {
            assert!(head(text).closed && head(text).fault.is_none(), "{text}");
        }
    }

    #[test]
    fn tails() {
        assert_eq!(tail(" \n", false), Ok(()));
        assert_eq!(tail("<!-- x --> ", false), Ok(()));
        assert_eq!(tail("\n</ficAlimMENESR>\n<!-- x -->", true), Ok(()));
        for (text, last) in [
            ("", true),
            ("\n", true),
            ("</ficAlimMENESR>", false),
            ("x", false),
            ("<x/>", false),
            ("</ficAlimMENESR>x", true),
            ("</x>", true),
            ("</ficAlimMENESR", true),
        ] {
            assert!(tail(text, last).is_err(), "{text:?}");
        }
    }
}
