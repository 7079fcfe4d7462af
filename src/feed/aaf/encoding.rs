//! Which characters the bytes of a part are.
//!
//! Every encoding that is read has ASCII as its first half, so that markup can be found before anything is decoded; each
//! request is decoded on its own, and one stray byte never spoils more than its record.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The encoding of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// Declared, announced by a byte-order mark, or assumed. What is no UTF-8 is read as windows-1252.
    Utf8,
    /// One byte per character: ISO-8859-15, windows-1252, …
    OneByte(&'static Encoding),
}

/// What the first bytes of a part say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sniffed {
    pub charset: Charset,
    /// Length of the byte-order mark.
    pub mark: usize,
    /// A label that nobody knows; the part is read as if it had none.
    pub unknown: Option<String>,
}

/// Reads the byte-order mark and the XML declaration. Fails with the name of an encoding that is not read.
pub(super) fn sniff(bytes: &[u8]) -> Result<Sniffed, String> {
    let utf8 = |mark| Sniffed { charset: Charset::Utf8, mark, unknown: None };
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Ok(utf8(3));
    }
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'<', 0, ..] | [0, b'<', ..] = bytes {
        return Err("UTF-16".to_owned());
    }
    let Some(label) = declared(bytes) else { return Ok(utf8(0)) };
    match Encoding::for_label(label.as_bytes()) {
        None => Ok(Sniffed { unknown: Some(label), ..utf8(0) }),
        Some(encoding) if encoding == UTF_8 => Ok(utf8(0)),
        Some(encoding) if encoding.is_single_byte() && encoding.is_ascii_compatible() => {
            Ok(Sniffed { charset: Charset::OneByte(encoding), mark: 0, unknown: None })
        }
        Some(encoding) => Err(encoding.name().to_owned()),
    }
}

/// The label of `<?xml … encoding="label"?>`.
fn declared(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.get(..bytes.len().min(512))?.trim_ascii_start();
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let end = memchr::memmem::find(declaration, b"?>")?;
    let declaration = std::str::from_utf8(declaration.get(..end)?).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (label, _) = rest.get(1..)?.split_once(quote)?;
    Some(label.trim().to_owned())
}

impl Charset {
    /// The characters of some bytes, and whether they had to be read as windows-1252 for want of UTF-8.
    pub(super) fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        match self {
            Self::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => (Cow::Borrowed(text), false),
                Err(_) => (WINDOWS_1252.decode_without_bom_handling(bytes).0, true),
            },
            Self::OneByte(encoding) => (encoding.decode_without_bom_handling(bytes).0, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_and_marks() {
        let charset = |bytes: &[u8]| sniff(bytes).map(|s| s.charset);
        assert_eq!(charset(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><a/>"), Ok(Charset::Utf8));
        assert_eq!(charset(b"<a/>"), Ok(Charset::Utf8));
        assert_eq!(
            charset(b"<?xml version='1.0' encoding = 'ISO-8859-15' ?>"),
            Ok(Charset::OneByte(encoding_rs::ISO_8859_15))
        );
        assert_eq!(charset(b"<?xml version='1.0' encoding='iso-8859-1'?>"), Ok(Charset::OneByte(WINDOWS_1252)));
        assert_eq!(charset(b"\xff\xfe<\0"), Err("UTF-16".into()));
        assert_eq!(charset(b"<?xml version='1.0' encoding='shift_jis'?>"), Err("Shift_JIS".into()));
        assert_eq!(sniff(b"\xef\xbb\xbf<a/>").map(|s| s.mark), Ok(3));
        assert_eq!(sniff(b"<?xml encoding='ANSI'?>").map(|s| s.unknown), Ok(Some("ANSI".into())));
    }

    #[test]
    fn stray_bytes_are_windows_1252() {
        assert_eq!(Charset::Utf8.decode("é".as_bytes()), ("é".into(), false));
        assert_eq!(Charset::Utf8.decode(b"\xe9\x80"), ("é€".into(), true));
        assert_eq!(Charset::OneByte(encoding_rs::ISO_8859_15).decode(b"\xa4\xbd"), ("€œ".into(), false));
    }
}
