//! [`TextRows`]: the rows of a text table, streamed.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::encoding::Charset;
use super::row::Row;
use super::stream::{CHUNK, Normalised};

/// Reads rows one by one; memory is one row.
pub(super) struct TextRows<R> {
    reader: csv::Reader<Normalised<R>>,
    record: ByteRecord,
    charset: Charset,
    separator: u8,
    /// Bytes that one row may take.
    row_limit: usize,
    /// Rows that had to be read as windows-1252 in a file of UTF-8.
    pub(super) stray_rows: u64,
    /// The last row took the end of the file into a cell.
    unclosed: bool,
}

/// Why no further row can be read.
#[derive(Debug)]
pub(super) enum RowError {
    /// From this line on, a row never ends: an unclosed quote.
    Endless {
        line: u32,
    },
    Io {
        line: u32,
        reason: String,
    },
}

impl<R: Read> TextRows<R> {
    pub(super) fn new(stream: Normalised<R>, charset: Charset, separator: u8, row_limit: usize) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(CHUNK)
            .from_reader(stream);
        Self { reader, record: ByteRecord::new(), charset, separator, row_limit, stray_rows: 0, unclosed: false }
    }

    /// Reads the next row that is not an empty line; `false` at the end.
    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool, RowError> {
        let before = self.line();
        self.reader.get_mut().allow(self.row_limit);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => {
                let csv::ErrorKind::Io(io) = error.kind() else {
                    return Err(RowError::Io { line: before, reason: error.to_string() });
                };
                return Err(match io.kind() {
                    std::io::ErrorKind::FileTooLarge => RowError::Endless { line: before },
                    _ => RowError::Io { line: before, reason: io.to_string() },
                });
            }
        }
        let bytes = self.record.as_slice();
        // Every row ends with a line feed here, which the parser takes away: what ends with the file is in a quote.
        self.unclosed =
            bytes.ends_with(b"\n") && self.reader.get_ref().ended_inside_quote(self.reader.position().byte());
        let inside = u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX);
        let line = self.line().saturating_sub(u32::from(!self.unclosed));
        row.clear(line.saturating_sub(inside));
        let ends = (0..self.record.len()).map(|at| self.record.range(at).map_or(0, |range| range.end));
        if bytes.is_ascii() {
            row.push_all(&String::from_utf8_lossy(bytes), ends);
            return Ok(true);
        }
        let text = std::str::from_utf8(bytes).ok().filter(|text| ends.clone().all(|end| text.is_char_boundary(end)));
        match text {
            Some(text) if self.charset.reads_utf8() => row.push_all(text, ends),
            _ => {
                self.stray_rows += u64::from(self.charset.reads_utf8());
                for cell in &self.record {
                    match std::str::from_utf8(cell).ok().filter(|text| text.is_ascii()) {
                        Some(text) => row.push(text),
                        None => row.push_with(|out| self.charset.decode_into(cell, false, out)),
                    }
                }
            }
        }
        Ok(true)
    }

    /// Whether a row swallowed others: an opening quote without its closing one.
    pub(super) fn swallowed(&self, row: &Row, columns: usize) -> bool {
        let separator = char::from(self.separator);
        self.unclosed
            || columns > 2
                && row.has_lines()
                && row.len() <= columns
                && row.cells().any(|cell| {
                    cell.contains('\n')
                        && cell.split('\n').skip(1).any(|line| line.matches(separator).count() + 1 >= columns)
                })
    }

    /// Raw bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.reader.get_ref().bytes
    }

    /// Marks that were taken away.
    pub(super) fn marks(&self) -> u32 {
        self.reader.get_ref().marks
    }

    /// Reads what is left for the digest of the raw bytes.
    pub(super) fn finish(&mut self) -> std::io::Result<Option<[u8; 32]>> {
        self.reader.get_mut().finish()
    }

    fn line(&self) -> u32 {
        u32::try_from(self.reader.position().line()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], charset: Charset, separator: u8) -> Vec<(u32, Vec<String>)> {
        let mut rows = TextRows::new(Normalised::new(bytes, charset, false), charset, separator, 1 << 20);
        let mut row = Row::default();
        let mut all = Vec::new();
        while rows.next(&mut row).expect("a row") {
            all.push((row.line, row.cells().map(str::to_owned).collect()));
        }
        all
    }

    fn lines(bytes: &[u8]) -> Vec<u32> {
        rows(bytes, Charset::Utf8, b';').into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        assert_eq!(lines(b"a;b\nc;d\ne;f\n"), [1, 2, 3]);
        assert_eq!(lines(b"a;b\r\nc;d\r\ne;f"), [1, 2, 3]);
        assert_eq!(lines(b"a;b\rc;d\re;f\r"), [1, 2, 3]);
        assert_eq!(lines(b"\n\na;b\r\n\r\nc;d\n"), [3, 5]);
        assert_eq!(lines(b"a;\"b\r\nb\"\r\nc;d\r\n"), [1, 3]);
    }

    #[test]
    fn quotes_and_separators() {
        let of = |bytes: &[u8], separator| rows(bytes, Charset::Utf8, separator).remove(0).1;
        assert_eq!(of(b"\"a;b\";\"c\"\"d\"", b';'), ["a;b", "c\"d"]);
        assert_eq!(of(b"12 \"rue\";b", b';'), ["12 \"rue\"", "b"]);
        assert_eq!(of(b"a\tb", b'\t'), ["a", "b"]);
        assert_eq!(of(b"a|b|", b'|'), ["a", "b", ""]);
    }

    #[test]
    fn a_character_is_not_made_of_two_cells() {
        // C3 and A9 are `é` together and two characters of windows-1252 apart.
        let all = rows(b"\xc3;\xa9;\xc3\xa9", Charset::Mixed, b';');
        assert_eq!(all, [(1, vec!["Ã".to_owned(), "©".to_owned(), "Ã©".to_owned()])]);
        let all = rows(b"\xc3\xa9;a\n\xe9;b", Charset::Mixed, b';');
        assert_eq!(all, [(1, vec!["é".to_owned(), "a".to_owned()]), (2, vec!["é".to_owned(), "b".to_owned()])]);
    }

    #[test]
    fn an_unclosed_quote_is_bounded_and_seen() {
        let mut bytes = b"a;b;c\n\"d;e;f\ng;h;i\n".to_vec();
        let stream = Normalised::new(bytes.as_slice(), Charset::Utf8, false);
        let mut reader = TextRows::new(stream, Charset::Utf8, b';', 1 << 20);
        let mut row = Row::default();
        assert!(reader.next(&mut row).expect("a row") && !reader.swallowed(&row, 3));
        assert!(reader.next(&mut row).expect("a row") && reader.swallowed(&row, 3));
        bytes.extend(std::iter::repeat_n(b"x;y;z\n", 100_000).flatten());
        let stream = Normalised::new(bytes.as_slice(), Charset::Utf8, false);
        let mut reader = TextRows::new(stream, Charset::Utf8, b';', 1 << 16);
        assert!(reader.next(&mut row).expect("a row"));
        assert!(matches!(reader.next(&mut row), Err(RowError::Endless { line: 2 })));
    }
}
