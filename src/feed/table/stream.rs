//! [`Normalised`]: the bytes of a text table, as the CSV parser wants them.
//!
//! Byte-order marks go (one, several, or one that was encoded twice), UTF-16 becomes UTF-8, every kind of line end
//! becomes `\n` and the last line has one, so that lines can be counted. What the parser may take for one row is
//! rationed: an unclosed quote must not put a whole file into memory.

use std::io::{self, Read};

use encoding_rs::Decoder;
use sha2::{Digest as _, Sha256};

use super::encoding::Charset;
use crate::feed::archive::read_full;

/// Bytes read at once.
pub(super) const CHUNK: usize = 64 << 10;

/// The UTF-8 mark, and the same read as windows-1252 and encoded again.
const MARKS: [&[u8]; 2] = [b"\xef\xbb\xbf", b"\xc3\xaf\xc2\xbb\xc2\xbf"];

/// A normalising reader.
#[expect(clippy::struct_excessive_bools, reason = "where a stream stands, in four independent respects")]
pub(super) struct Normalised<R> {
    inner: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// What is ready to be given, from `at`.
    ready: Vec<u8>,
    at: usize,
    /// Raw bytes read.
    pub(super) bytes: u64,
    /// Marks taken away at the start.
    pub(super) marks: u32,
    hasher: Option<Sha256>,
    started: bool,
    ended: bool,
    /// The chunk before ended with a carriage return, whose line feed may come now.
    after_return: bool,
    /// The last byte given was a line feed.
    at_line_start: bool,
    /// Bytes that may still be given; see [`Normalised::allow`].
    allowance: usize,
    /// Bytes given so far.
    given: u64,
    /// The byte before the last line feed was a quote.
    after_quote: bool,
}

impl<R: Read> Normalised<R> {
    /// `hash`: whether the digest of the raw bytes is wanted.
    pub(super) fn new(inner: R, charset: Charset, hash: bool) -> Self {
        Self {
            inner,
            decoder: charset.stream_encoding().map(encoding_rs::Encoding::new_decoder_with_bom_removal),
            raw: vec![0; CHUNK],
            ready: Vec::with_capacity(CHUNK),
            at: 0,
            bytes: 0,
            marks: 0,
            hasher: hash.then(Sha256::new),
            started: false,
            ended: false,
            after_return: false,
            at_line_start: true,
            allowance: usize::MAX,
            given: 0,
            after_quote: false,
        }
    }

    /// Lets so many bytes be read; the one beyond is an error.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// Whether a row whose last cell ends with a line feed, and which took `consumed` bytes, took the end of the file
    /// into that cell: a closing quote would stand before the last line feed.
    pub(super) fn ended_inside_quote(&self, consumed: u64) -> bool {
        self.ended && self.at >= self.ready.len() && consumed == self.given && !self.after_quote
    }

    /// Reads the rest for its digest; gives the digest when it was wanted.
    pub(super) fn finish(&mut self) -> io::Result<Option<[u8; 32]>> {
        while !self.ended {
            self.fill()?;
        }
        Ok(self.hasher.take().map(|hasher| hasher.finalize().into()))
    }

    /// Makes the next chunk ready.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let read = read_full(&mut self.inner, &mut self.raw)?;
        let raw = self.raw.get(..read).unwrap_or_default();
        self.bytes += read as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(raw);
        }
        let last = read < self.raw.len();
        let mut decoded = Vec::new();
        let mut text = raw;
        if let Some(decoder) = &mut self.decoder {
            let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(4 * CHUNK);
            decoded.resize(room, 0);
            let (_, _, written, _) = decoder.decode_to_utf8(raw, &mut decoded, last);
            decoded.truncate(written);
            text = &decoded;
        }
        if !self.started {
            self.started = true;
            while let Some(rest) = MARKS.iter().find_map(|mark| text.strip_prefix(*mark)) {
                text = rest;
                self.marks += 1;
            }
        }
        self.after_return = push_lines(text, self.after_return, &mut self.ready);
        if let Some(byte) = self.ready.last() {
            self.at_line_start = *byte == b'\n';
        }
        if let [.., before, b'\n'] = self.ready.as_slice() {
            self.after_quote = *before == b'"';
        }
        if last {
            self.ended = true;
            if !self.at_line_start {
                self.after_quote = self.ready.last() == Some(&b'"');
                self.ready.push(b'\n');
                self.at_line_start = true;
            }
        }
        Ok(())
    }
}

/// Copies text with its line ends as `\n`; gives whether it ended with a carriage return.
fn push_lines(mut text: &[u8], after_return: bool, out: &mut Vec<u8>) -> bool {
    if after_return {
        text = text.strip_prefix(b"\n").unwrap_or(text);
    }
    while let Some(at) = memchr::memchr(b'\r', text) {
        out.extend_from_slice(text.get(..at).unwrap_or_default());
        out.push(b'\n');
        text = text.get(at + 1..).unwrap_or_default();
        if text.is_empty() {
            return true;
        }
        text = text.strip_prefix(b"\n").unwrap_or(text);
    }
    out.extend_from_slice(text);
    false
}

impl<R: Read> Read for Normalised<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.ready.len() {
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            self.fill()?;
        }
        if self.allowance == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a row beyond the limit"));
        }
        let ready = self.ready.get(self.at..).unwrap_or_default();
        let most = ready.len().min(buffer.len()).min(self.allowance);
        if let (Some(target), Some(source)) = (buffer.get_mut(..most), ready.get(..most)) {
            target.copy_from_slice(source);
        }
        self.at += most;
        self.given += most as u64;
        self.allowance -= most;
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'b>(&'b [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match (self.0.split_first(), buffer.first_mut()) {
                (Some((first, rest)), Some(place)) => {
                    *place = *first;
                    self.0 = rest;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    fn normalised(bytes: &[u8], charset: Charset) -> (String, u32) {
        let mut reader = Normalised::new(Slow(bytes), charset, false);
        let mut out = Vec::new();
        reader.read_to_end(&mut out).expect("memory");
        (String::from_utf8(out).expect("utf-8"), reader.marks)
    }

    #[test]
    fn line_ends_are_one_kind() {
        for text in ["a\r\nb\r\n", "a\rb\r", "a\nb", "a\r\nb"] {
            assert_eq!(normalised(text.as_bytes(), Charset::Utf8).0, "a\nb\n", "{text:?}");
        }
        assert_eq!(normalised(b"a\r\r\nb", Charset::Utf8).0, "a\n\nb\n");
        assert_eq!(normalised(b"", Charset::Utf8).0, "");
    }

    #[test]
    fn marks_go() {
        assert_eq!(normalised(b"\xef\xbb\xbf\xef\xbb\xbfa", Charset::Utf8), ("a\n".into(), 2));
        assert_eq!(normalised("\u{ef}\u{bb}\u{bf}a".as_bytes(), Charset::Utf8), ("a\n".into(), 1));
        assert_eq!(normalised(b"\xff\xfea\0\xe9\0\r\0\n\0", Charset::Utf16Le), ("aé\n".into(), 0));
        assert_eq!(normalised(b"\0a", Charset::Utf16Be), ("a\n".into(), 0));
    }

    #[test]
    fn a_line_end_may_fall_between_two_chunks() {
        let mut text = vec![b'a'; CHUNK - 1];
        text.extend_from_slice(b"\r\nb\r\n");
        let mut reader = Normalised::new(text.as_slice(), Charset::Utf8, true);
        let mut out = Vec::new();
        reader.read_to_end(&mut out).expect("memory");
        assert_eq!(memchr::memchr_iter(b'\n', &out).count(), 2);
        assert_eq!(reader.finish().expect("memory"), Some(Sha256::digest(&text).into()));
    }

    #[test]
    fn a_row_is_rationed() {
        let mut reader = Normalised::new(&b"abcdef"[..], Charset::Utf8, false);
        reader.allow(4);
        let mut out = Vec::new();
        assert!(reader.read_to_end(&mut out).is_err());
        assert_eq!(out, b"abcd");
    }
}
