//! [`Cutter`]: cuts a text table into pieces of whole rows, and the rows into cells, in one pass over the bytes.
//!
//! A quote opens a cell only where the cell begins, is written twice inside it, and what stands after the closing one
//! belongs to the cell; empty lines are no rows. That is what the `csv` crate reads, and a property test says so. What a
//! row may take is rationed: an unclosed quote must not put a whole file into memory.

use std::io::{self, Read};

use super::encoding::Charset;
use super::row::{Line, Piece, Span, place};
use super::stream::Blocks;

/// Cuts the bytes of a table; memory is one piece: a block, and the row that it ends in.
pub(super) struct Cutter<R> {
    blocks: Blocks<R>,
    separator: u8,
    /// Bytes that one row may take.
    row_limit: usize,
    /// What was read and not given: whole rows, then the beginning of one.
    piece: Piece,
    /// Where the cell under way begins: it is looked at again when more of it is there.
    at: usize,
    /// Where the row under way begins, and its line.
    row: usize,
    row_line: u32,
    /// The line at `at`.
    line: u32,
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

/// The end of a file.
#[derive(Debug)]
pub(super) struct End {
    /// Why the rows stop before it.
    pub(super) fault: Option<RowError>,
    /// The last row took the end of the file into a cell.
    pub(super) unclosed: bool,
    /// The digest of the whole file, when it was wanted.
    pub(super) digest: io::Result<Option<[u8; 32]>>,
}

/// A piece with what is known of the file so far.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) piece: Piece,
    /// Raw bytes read so far.
    pub(super) bytes: u64,
    /// Set on the last one.
    pub(super) end: Option<End>,
}

impl<R: Read> Cutter<R> {
    /// Reads `block` bytes at once; `hash`: whether the digest of the raw bytes is wanted.
    pub(super) fn new(inner: R, charset: Charset, separator: u8, row_limit: usize, block: usize, hash: bool) -> Self {
        Self {
            blocks: Blocks::new(inner, charset, block, hash),
            separator,
            // Places are of 32 bits.
            row_limit: row_limit.min(1 << 30),
            piece: Piece::default(),
            at: 0,
            row: 0,
            row_line: 1,
            line: 1,
        }
    }

    /// Byte-order marks taken away, once something was read.
    pub(super) fn marks(&self) -> u32 {
        self.blocks.marks
    }

    /// The next piece; `spare` is memory to use for what follows it.
    pub(super) fn next(&mut self, spare: Piece) -> Cut {
        loop {
            let fault = match self.blocks.fill(&mut self.piece.bytes) {
                Ok(()) => self.scan().err(),
                Err(error) => Some(RowError::Io { line: self.row_line, reason: error.to_string() }),
            };
            if fault.is_some() || self.blocks.ended {
                return self.last(fault);
            }
            if !self.piece.rows.is_empty() {
                return Cut { piece: self.cut(spare), bytes: self.blocks.bytes, end: None };
            }
        }
    }

    /// Looks at what is new.
    fn scan(&mut self) -> Result<(), RowError> {
        let mut bytes = std::mem::take(&mut self.piece.bytes);
        let scanned = self.scan_bytes(&mut bytes);
        self.piece.bytes = bytes;
        scanned
    }

    fn scan_bytes(&mut self, bytes: &mut [u8]) -> Result<(), RowError> {
        while let Some(&first) = bytes.get(self.at) {
            if first == b'\n' && self.at == self.row {
                self.begin_row(self.at + 1);
                continue;
            }
            let end = if first == b'"' { self.quoted(bytes) } else { self.plain(bytes) };
            let Some(end) = end else { break };
            self.at = end + 1;
            if bytes.get(end) == Some(&b'\n') {
                if self.at - self.row > self.row_limit {
                    return Err(RowError::Endless { line: self.row_line });
                }
                self.push_row();
                self.begin_row(self.at);
            }
        }
        if bytes.len() - self.row > self.row_limit {
            return Err(RowError::Endless { line: self.row_line });
        }
        Ok(())
    }

    /// Adds the cell at `at`, which has no quotes around it; gives where it ends, when its end is there.
    fn plain(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = find(bytes, self.at, [self.separator, b'\n'])?;
        self.push_cell(self.at, end);
        Some(end)
    }

    /// The same for a cell that begins with a quote.
    fn quoted(&mut self, bytes: &mut [u8]) -> Option<usize> {
        let (mut at, mut lines, mut is_plain) = (self.at + 1, 0, true);
        let end = loop {
            at = find(bytes, at, [b'"', b'\n'])?;
            if bytes.get(at) == Some(&b'\n') {
                lines += 1;
                at += 1;
                continue;
            }
            match *bytes.get(at + 1)? {
                b'"' => at += 2,
                byte if byte == self.separator || byte == b'\n' => break at + 1,
                // What stands after the closing quote belongs to the cell.
                _ => {
                    is_plain = false;
                    break find(bytes, at + 1, [self.separator, b'\n'])?;
                }
            }
            is_plain = false;
        };
        self.line = self.line.saturating_add(lines);
        if is_plain {
            self.push_cell(self.at + 1, end - 1);
        } else {
            self.unquote(bytes, end);
        }
        Some(end)
    }

    /// Adds the cell from `at` to `end` with its quotes undone.
    fn unquote(&mut self, bytes: &mut [u8], end: usize) {
        let length = unquote(bytes.get_mut(self.at..end).unwrap_or_default());
        self.push_cell(self.at, self.at + length);
    }

    fn push_cell(&mut self, start: usize, end: usize) {
        self.piece.cells.push(Span { start: place(start), end: place(end) });
    }

    fn push_row(&mut self) {
        let lines = self.line - self.row_line + 1;
        self.piece.rows.push(Line { first: self.row_line, lines, end: place(self.piece.cells.len()) });
    }

    /// A row begins at `at`, on a line of its own.
    fn begin_row(&mut self, at: usize) {
        self.line = self.line.saturating_add(1);
        self.row_line = self.line;
        self.row = at;
        self.at = at;
    }

    /// Gives the whole rows, keeps the rest.
    fn cut(&mut self, mut rest: Piece) -> Piece {
        rest.clear();
        rest.bytes.extend_from_slice(self.piece.bytes.get(self.row..).unwrap_or_default());
        let whole = self.piece.rows.last().map_or(0, |row| row.end as usize);
        let before = place(self.row);
        let begun = self.piece.cells.get(whole..).unwrap_or_default();
        rest.cells.extend(begun.iter().map(|span| Span { start: span.start - before, end: span.end - before }));
        self.piece.bytes.truncate(self.row);
        self.piece.cells.truncate(whole);
        self.at -= self.row;
        self.row = 0;
        std::mem::replace(&mut self.piece, rest)
    }

    /// The last piece: the rows that are whole, or took the end of the file into a quote.
    fn last(&mut self, fault: Option<RowError>) -> Cut {
        // The last line has its end: what is left over is in a quote that is never closed.
        let unclosed = fault.is_none() && self.at < self.piece.bytes.len();
        if unclosed {
            let mut bytes = std::mem::take(&mut self.piece.bytes);
            let inside = bytes.get(self.at..).map_or(0, |rest| memchr::memchr_iter(b'\n', rest).count());
            self.line = self.line.saturating_add(place(inside));
            let end = bytes.len();
            self.unquote(&mut bytes, end);
            self.push_row();
            (self.at, self.row) = (bytes.len(), bytes.len());
            self.piece.bytes = bytes;
        }
        let digest = self.blocks.finish();
        let piece = self.cut(Piece::default());
        Cut { piece, bytes: self.blocks.bytes, end: Some(End { fault, unclosed, digest }) }
    }
}

/// Where one of two bytes is met next: eight bytes at once, for most cells are no longer than that.
fn find(bytes: &[u8], from: usize, wanted: [u8; 2]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let [a, b] = wanted.map(|byte| ONES * u64::from(byte));
    // The lowest byte that is nought has its high bit set, and no lower one has.
    let noughts = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.get(from..)?.as_chunks::<8>();
    let mut at = from;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let met = noughts(word ^ a) | noughts(word ^ b);
        if met != 0 {
            return Some(at + (met.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    rest.iter().position(|byte| wanted.contains(byte)).map(|place| at + place)
}

/// Writes the text of a quoted cell where the cell stands; gives its length. What is left over becomes blanks.
fn unquote(cell: &mut [u8]) -> usize {
    let (mut from, mut to, mut inside) = (1, 0, true);
    while let Some(&byte) = cell.get(from) {
        from += 1;
        if inside && byte == b'"' {
            if cell.get(from) != Some(&b'"') {
                inside = false;
                continue;
            }
            from += 1;
        }
        if let Some(place) = cell.get_mut(to) {
            *place = byte;
        }
        to += 1;
    }
    cell.get_mut(to..).unwrap_or_default().fill(b' ');
    to
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Read = Vec<(u32, Vec<String>)>;

    fn rows_by(bytes: &[u8], charset: Charset, separator: u8, block: usize) -> (Read, bool) {
        let mut cutter = Cutter::new(bytes, charset, separator, 1 << 20, block, false);
        let mut all = Vec::new();
        let mut spare = Piece::default();
        loop {
            let cut = cutter.next(std::mem::take(&mut spare));
            let page = cut.piece.into_page();
            all.extend(page.rows().map(|row| (row.line, row.cells().map(str::to_owned).collect())));
            if let Some(end) = cut.end {
                return (all, end.unclosed);
            }
            spare = page.into_spare();
        }
    }

    fn rows(bytes: &[u8], charset: Charset, separator: u8) -> Read {
        rows_by(bytes, charset, separator, 1 << 16).0
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
        assert_eq!(of(b"\"a\"b\"c;\"\"", b';'), ["ab\"c", ""]);
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
        let (all, unclosed) = rows_by(&bytes, Charset::Utf8, b';', 1 << 16);
        assert!(all.len() == 2 && unclosed);
        bytes.extend(std::iter::repeat_n(b"x;y;z\n", 100_000).flatten());
        for block in [1 << 10, 1 << 20] {
            let mut cutter = Cutter::new(bytes.as_slice(), Charset::Utf8, b';', 1 << 16, block, false);
            let mut rows = 0;
            let fault = loop {
                let cut = cutter.next(Piece::default());
                rows += cut.piece.rows.len();
                assert!(cut.piece.bytes.len() <= block + (1 << 16));
                if let Some(end) = cut.end {
                    break end.fault;
                }
            };
            assert!(rows == 1 && matches!(fault, Some(RowError::Endless { line: 2 })), "{rows} {fault:?}");
        }
    }

    proptest! {
        /// The rows of the `csv` crate, whatever the size of the blocks.
        #[test]
        fn rows_are_those_of_csv(text in "[ab;\"\n\ré]{0,60}", block in 1_usize..20) {
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let mut reader = csv::ReaderBuilder::new()
                .delimiter(b';')
                .has_headers(false)
                .flexible(true)
                .terminator(csv::Terminator::Any(b'\n'))
                .from_reader(plain.as_bytes());
            let theirs: Vec<Vec<String>> = reader
                .records()
                .map(|record| record.expect("text").iter().map(|cell| cell.trim().to_owned()).collect())
                .collect();
            let (all, unclosed) = rows_by(text.as_bytes(), Charset::Utf8, b';', block);
            let ours: Vec<Vec<String>> = all.iter().map(|(_, cells)| cells.clone()).collect();
            prop_assert_eq!(&ours, &theirs);
            let (whole, same) = rows_by(text.as_bytes(), Charset::Utf8, b';', 1 << 16);
            prop_assert_eq!((all, unclosed), (whole, same));
        }

        #[test]
        fn bytes_are_found(bytes in prop::collection::vec(prop_oneof![Just(b';'), Just(b'\n'), any::<u8>()], 0..40), from in 0_usize..8) {
            let from = from.min(bytes.len());
            let plain = bytes[from..].iter().position(|b| b";\n".contains(b)).map(|at| from + at);
            prop_assert_eq!(find(&bytes, from, [b';', b'\n']), plain);
        }
    }
}
