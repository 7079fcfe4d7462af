//! Just enough of a lexer to tell where requests start: markup is told from what only looks like it.

use memchr::{memchr, memmem};

/// Where the lexer stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Text,
    Comment,
    CData,
    Instruction,
    /// In the DOCTYPE, outside or inside a quoted name.
    Doctype(Option<u8>),
    /// The DOCTYPE opens declarations of its own: nothing after it is trusted.
    Subset,
}

#[derive(Debug, Default)]
pub(super) struct Lexer {
    pub state: State,
}

/// Bytes that must be there to tell what a `<` opens: the longest is `<deleteRequest` and one more.
const LONGEST: usize = 15;

impl Lexer {
    /// Looks at `bytes` from `from` on and notes where requests start. Gives up to where it got: what is left is too
    /// short to tell, unless the input has ended.
    pub(super) fn scan(&mut self, bytes: &[u8], from: usize, ended: bool, starts: &mut Vec<usize>) -> usize {
        let mut at = from;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return bytes.len();
            }
            // The end of a construct may stand astride two readings: its last two bytes are looked at again.
            let kept = |length: usize| if ended { bytes.len() } else { at.max(bytes.len().saturating_sub(length)) };
            match self.state {
                State::Subset => return bytes.len(),
                State::Comment => match memmem::find(rest, b"-->") {
                    Some(end) => at = self.text(at + end + 3),
                    None => return kept(2),
                },
                State::CData => match memmem::find(rest, b"]]>") {
                    Some(end) => at = self.text(at + end + 3),
                    None => return kept(2),
                },
                State::Instruction => match memmem::find(rest, b"?>") {
                    Some(end) => at = self.text(at + end + 2),
                    None => return kept(1),
                },
                State::Doctype(Some(quote)) => match memchr(quote, rest) {
                    Some(end) => {
                        self.state = State::Doctype(None);
                        at += end + 1;
                    }
                    None => return bytes.len(),
                },
                State::Doctype(None) => match rest.iter().position(|b| matches!(b, b'"' | b'\'' | b'[' | b'>')) {
                    Some(end) => {
                        at += end + 1;
                        self.state = match rest.get(end) {
                            Some(b'[') => State::Subset,
                            Some(b'>') => State::Text,
                            quote => State::Doctype(quote.copied()),
                        };
                    }
                    None => return bytes.len(),
                },
                State::Text => {
                    let Some(markup) = memchr(b'<', rest) else { return bytes.len() };
                    at += markup;
                    let rest = bytes.get(at..).unwrap_or_default();
                    if rest.len() < LONGEST && !ended {
                        return at;
                    }
                    at += self.open(rest, at, starts);
                }
            }
        }
    }

    fn text(&mut self, at: usize) -> usize {
        self.state = State::Text;
        at
    }

    /// Tells what a `<` opens and gives how many bytes of it are settled.
    fn open(&mut self, rest: &[u8], at: usize, starts: &mut Vec<usize>) -> usize {
        match rest.get(1) {
            Some(b'!') if rest.starts_with(b"<!--") => {
                self.state = State::Comment;
                4
            }
            Some(b'!') if rest.starts_with(b"<![CDATA[") => {
                self.state = State::CData;
                9
            }
            Some(b'!') if rest.get(..9).is_some_and(|b| b.eq_ignore_ascii_case(b"<!DOCTYPE")) => {
                self.state = State::Doctype(None);
                9
            }
            Some(b'?') => {
                self.state = State::Instruction;
                2
            }
            Some(b'a' | b'm' | b'd') if is_request(rest) => {
                starts.push(at);
                2
            }
            _ => 1,
        }
    }
}

/// Whether a tag of one of the three requests is opened here.
fn is_request(rest: &[u8]) -> bool {
    [&b"<addRequest"[..], b"<modifyRequest", b"<deleteRequest"].iter().any(|tag| {
        rest.strip_prefix(*tag)
            .is_some_and(|after| matches!(after.first(), Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Starts found when the bytes arrive `step` at a time.
    fn starts(text: &str, step: usize) -> Vec<usize> {
        let bytes = text.as_bytes();
        let (mut lexer, mut found, mut scanned) = (Lexer::default(), Vec::new(), 0);
        for end in (0..bytes.len()).step_by(step).chain([bytes.len()]) {
            scanned = lexer.scan(&bytes[..end], scanned, end == bytes.len(), &mut found);
        }
        found
    }

    #[test]
    fn requests_in_comments_and_cdata_are_none() {
        let text = "<?xml <addRequest> ?><!DOCTYPE a SYSTEM \"<addRequest>\"><a><!-- <addRequest> --><addRequest >\
                    <![CDATA[<addRequest>]]></addRequest><modifyRequest/><addRequests><deleteRequest>x";
        let expected: Vec<usize> = ["<addRequest >", "<modifyRequest/>", "<deleteRequest>"]
            .iter()
            .map(|tag| text.find(tag).expect("it is there"))
            .collect();
        for step in [1, 2, 3, 7, 16, 1000] {
            assert_eq!(starts(text, step), expected, "{step} bytes at a time");
        }
    }

    #[test]
    fn declarations_inside_the_doctype_are_seen() {
        let mut lexer = Lexer::default();
        lexer.scan(b"<!DOCTYPE a [<!ENTITY b 'c'>]><addRequest>", 0, true, &mut Vec::new());
        assert_eq!(lexer.state, State::Subset);
    }
}
