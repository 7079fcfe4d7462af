//! Which characters the bytes of a table are.
//!
//! The order is: a UTF-16 mark, a UTF-8 mark, valid UTF-8, windows-1252. ISO-8859-1 is never assumed: it would lose `œ`,
//! `’` and `€`. Bytes of a Macintosh look like windows-1252 to a machine and like nothing to a reader, so that they
//! are recognised and the file is refused unless the configuration names the encoding: a guess would name children wrong.

use encoding_rs::{Encoding, MACINTOSH, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// The encoding of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    /// UTF-8 with stray bytes, such as two files put together: each row is read as UTF-8 when it is, else as
    /// windows-1252.
    Mixed,
    Utf16Le,
    Utf16Be,
    Windows1252,
    Macintosh,
}

impl Charset {
    /// Reads what a configuration may say.
    pub(super) fn from_label(label: &str) -> Option<Self> {
        match label.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "windows-1252" | "cp1252" => Some(Self::Windows1252),
            "macintosh" | "macroman" => Some(Self::Macintosh),
            _ => None,
        }
    }

    /// For a finding.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Mixed => "UTF-8 avec des lignes en windows-1252",
            Self::Utf16Le | Self::Utf16Be => "UTF-16",
            Self::Windows1252 => "windows-1252",
            Self::Macintosh => "Macintosh",
        }
    }

    /// The decoder of the whole stream; bytes that may be UTF-8 are looked at row by row.
    pub(super) const fn stream_encoding(self) -> Option<&'static Encoding> {
        match self {
            Self::Utf8 | Self::Mixed => None,
            Self::Utf16Le => Some(UTF_16LE),
            Self::Utf16Be => Some(UTF_16BE),
            Self::Windows1252 => Some(WINDOWS_1252),
            Self::Macintosh => Some(MACINTOSH),
        }
    }
}

/// Why bytes are not read at all, in French.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// The bytes FE BB BF and what follows: a mark that went through two conversions.
    BrokenMark,
    /// NUL bytes: no text.
    Binary,
    Macintosh,
}

/// Looks at all bytes of a file, chunk by chunk.
#[derive(Debug, Default)]
pub(super) struct Survey {
    started: bool,
    mark: Option<Charset>,
    broken: Option<Unreadable>,
    nul: u64,
    /// Characters of several bytes, and bytes that are none of UTF-8.
    multi: u64,
    stray: u64,
    /// Stray bytes that are accented letters on a Macintosh, and those that are in windows-1252.
    macintosh: u64,
    latin: u64,
    /// The last byte of the chunk before, and the incomplete character at its end.
    last: u8,
    carry: Vec<u8>,
}

impl Survey {
    pub(super) fn chunk(&mut self, bytes: &[u8]) {
        if !self.started && !bytes.is_empty() {
            self.started = true;
            self.start(bytes);
        }
        if self.mark.is_some() {
            return;
        }
        self.nul += memchr::memchr_iter(0, bytes).count() as u64;
        if self.carry.is_empty() {
            let rest = self.validate(bytes);
            self.carry = bytes.get(rest..).unwrap_or_default().to_vec();
        } else {
            let mut joined = std::mem::take(&mut self.carry);
            joined.extend_from_slice(bytes);
            let rest = self.validate(&joined);
            self.carry = joined.get(rest..).unwrap_or_default().to_vec();
        }
    }

    fn start(&mut self, bytes: &[u8]) {
        match bytes {
            [0xff, 0xfe, ..] => self.mark = Some(Charset::Utf16Le),
            [0xfe, 0xff, ..] => self.mark = Some(Charset::Utf16Be),
            [0xfe, 0xbb, 0xbf, ..] => self.broken = Some(Unreadable::BrokenMark),
            // Text of Latin letters in UTF-16 without its mark.
            [a, 0, b, 0, ..] if a.is_ascii_graphic() && b.is_ascii_graphic() => self.mark = Some(Charset::Utf16Le),
            [0, a, 0, b, ..] if a.is_ascii_graphic() && b.is_ascii_graphic() => self.mark = Some(Charset::Utf16Be),
            _ => {}
        }
    }

    /// Counts; gives where an incomplete last character begins.
    fn validate(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        loop {
            at = beyond_ascii(bytes, at);
            if let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) {
                self.last = *before;
            }
            let Some(&lead) = bytes.get(at) else { return at };
            let length = match lead {
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => 1,
            };
            let rest = bytes.get(at..).unwrap_or_default();
            let character = rest.get(..length).unwrap_or(rest);
            match std::str::from_utf8(character).map_err(|error| error.error_len()) {
                Ok(_) => {
                    self.multi += 1;
                    at += length;
                }
                Err(None) => return at,
                Err(Some(length)) => {
                    for byte in character.iter().take(length) {
                        self.stray_byte(*byte);
                    }
                    at += length;
                }
            }
        }
    }

    fn stray_byte(&mut self, byte: u8) {
        self.stray += 1;
        match byte {
            // à ç é è ê ù of a Macintosh, in a word; in windows-1252 four of them are nothing at all.
            0x88 | 0x8d | 0x8e | 0x8f | 0x90 | 0x9d
                if self.last.is_ascii_alphabetic() || self.last >= 0x80 || byte != 0x8e =>
            {
                self.macintosh += 1;
            }
            0xc0.. => self.latin += 1,
            _ => {}
        }
        self.last = byte;
    }

    /// What the bytes are. `forced` is what the configuration says of files without a mark.
    pub(super) fn conclude(mut self, forced: Option<Charset>) -> Result<Charset, Unreadable> {
        let carry = std::mem::take(&mut self.carry);
        for byte in carry {
            self.stray_byte(byte);
        }
        if let Some(mark) = self.mark {
            return Ok(mark);
        }
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        if self.nul > 0 {
            return Err(Unreadable::Binary);
        }
        match forced {
            Some(Charset::Utf8) if self.stray > 0 => return Ok(Charset::Mixed),
            Some(forced) => return Ok(forced),
            None => {}
        }
        if self.stray == 0 {
            Ok(Charset::Utf8)
        } else if self.multi > self.stray {
            Ok(Charset::Mixed)
        } else if self.macintosh > self.latin {
            Err(Unreadable::Macintosh)
        } else {
            Ok(Charset::Windows1252)
        }
    }
}

/// Where the next byte that is not ASCII stands, or the end: eight bytes at once.
fn beyond_ascii(bytes: &[u8], from: usize) -> usize {
    let (words, rest) = bytes.get(from..).unwrap_or_default().as_chunks::<8>();
    let mut at = from;
    for word in words {
        let high = u64::from_le_bytes(*word) & 0x8080_8080_8080_8080;
        if high != 0 {
            return at + (high.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(bytes: &[u8]) -> Result<Charset, Unreadable> {
        let whole = {
            let mut survey = Survey::default();
            survey.chunk(bytes);
            survey.conclude(None)
        };
        // Whatever the chunks.
        let mut survey = Survey::default();
        for chunk in bytes.chunks(5) {
            survey.chunk(chunk);
        }
        assert_eq!(survey.conclude(None), whole);
        whole
    }

    #[test]
    fn each_encoding_is_recognised() {
        assert_eq!(survey("Nom;Prénom\nLE GALL;Léa".as_bytes()), Ok(Charset::Utf8));
        assert_eq!(survey(b"Nom;Prenom"), Ok(Charset::Utf8));
        assert_eq!(survey(b"Nom;Pr\xe9nom\nL\x92\x8cuvre;Zo\xe9"), Ok(Charset::Windows1252));
        assert_eq!(survey(b"Nom;Pr\x8enom\nABAD;H\x8el\x8fne"), Err(Unreadable::Macintosh));
        assert_eq!(survey(b"\xff\xfeN\0o\0m\0"), Ok(Charset::Utf16Le));
        assert_eq!(survey(b"\xfe\xff\0N\0o\0m"), Ok(Charset::Utf16Be));
        assert_eq!(survey(b"N\0o\0m\0;\0"), Ok(Charset::Utf16Le));
        assert_eq!(survey(b"\xfe\xbb\xbfN\0o\0m\0"), Err(Unreadable::BrokenMark));
        assert_eq!(survey(b"ABC\0\0\0DEF"), Err(Unreadable::Binary));
        assert_eq!(
            survey("é;è;ê;ç\n".as_bytes().iter().copied().chain(*b"\xe9\n").collect::<Vec<_>>().as_slice()),
            Ok(Charset::Mixed)
        );
    }

    #[test]
    fn the_configuration_decides_where_no_mark_does() {
        let of = |bytes: &[u8], forced| {
            let mut survey = Survey::default();
            survey.chunk(bytes);
            survey.conclude(Some(forced))
        };
        assert_eq!(of(b"H\x8el\x8fne", Charset::Macintosh), Ok(Charset::Macintosh));
        assert_eq!(of(b"H\xe9l", Charset::Utf8), Ok(Charset::Mixed));
        assert_eq!(of(b"\xff\xfeN\0", Charset::Windows1252), Ok(Charset::Utf16Le));
    }
}
