//! [`Blocks`]: the bytes of a text table as the cutter wants them, block by block.
//!
//! Every encoding becomes UTF-8 (but for the stray bytes of a file that is none), byte-order marks go (one, several, or
//! one that was encoded twice), every kind of line end becomes `\n` and the last line has one, so that lines can be
//! counted.

use std::io::{self, Read};

use encoding_rs::Decoder;
use sha2::{Digest as _, Sha256};

use super::encoding::Charset;
use crate::feed::archive::read_full;

/// Bytes of the head of a file, on which it is judged.
pub(super) const HEAD: usize = 64 << 10;

/// The UTF-8 mark, and the same read as windows-1252 and encoded again.
const MARKS: [&[u8]; 2] = [b"\xef\xbb\xbf", b"\xc3\xaf\xc2\xbb\xc2\xbf"];

/// A normalising reader.
#[expect(clippy::struct_excessive_bools, reason = "where a stream stands, in independent respects")]
pub(super) struct Blocks<R> {
    inner: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    /// Raw bytes read.
    pub(super) bytes: u64,
    /// Marks taken away at the start.
    pub(super) marks: u32,
    hasher: Option<Sha256>,
    started: bool,
    /// Nothing is left to read.
    pub(super) ended: bool,
    /// The block before ended with a carriage return, whose line feed may come now.
    after_return: bool,
    /// The last byte given was a line feed.
    at_line_start: bool,
}

impl<R: Read> Blocks<R> {
    /// `hash`: whether the digest of the raw bytes is wanted.
    pub(super) fn new(inner: R, charset: Charset, block: usize, hash: bool) -> Self {
        Self {
            inner,
            decoder: charset.stream_encoding().map(encoding_rs::Encoding::new_decoder_with_bom_removal),
            // Room for a mark, so that the first block holds it whole.
            raw: vec![0; block.max(MARKS.concat().len())],
            decoded: Vec::new(),
            bytes: 0,
            marks: 0,
            hasher: hash.then(Sha256::new),
            started: false,
            ended: false,
            after_return: false,
            at_line_start: true,
        }
    }

    /// Adds the next block to `out`; the last one says so in [`Blocks::ended`].
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        let read = read_full(&mut self.inner, &mut self.raw)?;
        let raw = self.raw.get(..read).unwrap_or_default();
        self.bytes += read as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(raw);
        }
        let last = read < self.raw.len();
        let mut text = raw;
        if let Some(decoder) = &mut self.decoder {
            let room = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(4 * raw.len());
            if self.decoded.len() < room {
                self.decoded.resize(room, 0);
            }
            let (_, _, written, _) = decoder.decode_to_utf8(raw, &mut self.decoded, last);
            text = self.decoded.get(..written).unwrap_or_default();
        }
        if !self.started {
            self.started = true;
            while let Some(rest) = MARKS.iter().find_map(|mark| text.strip_prefix(*mark)) {
                text = rest;
                self.marks += 1;
            }
        }
        let before = out.len();
        self.after_return = push_lines(text, self.after_return, out);
        if out.len() > before {
            self.at_line_start = out.last() == Some(&b'\n');
        }
        self.ended = last;
        if last && !self.at_line_start {
            out.push(b'\n');
            self.at_line_start = true;
        }
        Ok(())
    }

    /// Reads the rest for its digest; gives the digest when it was wanted.
    pub(super) fn finish(&mut self) -> io::Result<Option<[u8; 32]>> {
        while self.hasher.is_some() && !self.ended {
            let read = read_full(&mut self.inner, &mut self.raw)?;
            self.bytes += read as u64;
            self.ended = read < self.raw.len();
            if let Some(hasher) = &mut self.hasher {
                hasher.update(self.raw.get(..read).unwrap_or_default());
            }
        }
        Ok(self.hasher.take().map(|hasher| hasher.finalize().into()))
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

    fn all<R: Read>(blocks: &mut Blocks<R>) -> Vec<u8> {
        let mut out = Vec::new();
        while !blocks.ended {
            blocks.fill(&mut out).expect("memory");
        }
        out
    }

    fn normalised(bytes: &[u8], charset: Charset) -> (String, u32) {
        let mut blocks = Blocks::new(Slow(bytes), charset, HEAD, false);
        let out = all(&mut blocks);
        (String::from_utf8(out).expect("utf-8"), blocks.marks)
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
    fn one_byte_is_one_character() {
        assert_eq!(normalised(b"L\x92\x8cuvre \x80", Charset::Windows1252).0, "L’Œuvre €\n");
        assert_eq!(normalised(b"H\x8el\x8fne", Charset::Macintosh).0, "Hélène\n");
    }

    #[test]
    fn a_line_end_may_fall_between_two_blocks() {
        let mut text = vec![b'a'; HEAD - 1];
        text.extend_from_slice(b"\r\nb\r\n");
        let mut blocks = Blocks::new(text.as_slice(), Charset::Utf8, HEAD, true);
        let out = all(&mut blocks);
        assert_eq!(memchr::memchr_iter(b'\n', &out).count(), 2);
        assert_eq!(blocks.finish().expect("memory"), Some(Sha256::digest(&text).into()));
    }
}
