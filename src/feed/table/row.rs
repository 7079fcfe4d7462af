//! [`Piece`], [`Page`] and [`Row`]: consecutive rows of a table as bytes, the same as text, and one of them.
//!
//! Cells are places in one text: reading a row allocates nothing.

use encoding_rs::WINDOWS_1252;

/// Where a cell stands in its piece.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// In the file, from 1.
    pub(super) first: u32,
    /// Lines of the file that it takes.
    pub(super) lines: u32,
    /// Where its cells end in the list of all.
    pub(super) end: u32,
}

/// Consecutive whole rows, cut and not yet known to be text.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) cells: Vec<Span>,
    pub(super) rows: Vec<Line>,
}

/// The same rows as text.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    cells: Vec<Span>,
    rows: Vec<Line>,
    /// Rows that are not UTF-8 and were read as windows-1252.
    stray: Vec<usize>,
    /// Nothing in it is to be replaced or looks encoded twice: its cells need not be looked at one by one.
    tidy: bool,
}

/// The cells of a row and the line of the file where it begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row<'p> {
    text: &'p str,
    cells: &'p [Span],
    /// From 1.
    pub(super) line: u32,
    /// Whether a cell has several lines.
    pub(super) has_lines: bool,
    /// No cell has a control character, nor characters that look encoded twice.
    pub(super) tidy: bool,
}

impl Piece {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.rows.clear();
    }

    /// Adds a row.
    pub(super) fn push<'c>(&mut self, line: u32, cells: impl IntoIterator<Item = &'c str>) {
        let mut lines = 1;
        for cell in cells {
            let start = place(self.bytes.len());
            self.bytes.extend_from_slice(cell.as_bytes());
            lines += u32::from(cell.contains('\n'));
            self.cells.push(Span { start, end: place(self.bytes.len()) });
        }
        self.rows.push(Line { first: line, lines, end: place(self.cells.len()) });
    }

    /// As text: UTF-8, or windows-1252 for a row that has a cell which is not UTF-8.
    pub(super) fn into_page(self) -> Page {
        let Self { bytes, cells, rows } = self;
        match String::from_utf8(bytes) {
            Ok(text) => Page { tidy: is_tidy(text.as_bytes()), text, cells, rows, stray: Vec::new() },
            Err(error) => mend(error.as_bytes(), cells, rows),
        }
    }
}

/// Where something stands in a piece: pieces are far smaller than 4 GB.
pub(super) fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Whether no character but line ends may be a control character or a sign of double encoding, told from bytes that all
/// such characters have in UTF-8.
#[expect(clippy::needless_bitwise_bool, reason = "a choice between bytes would make the loop look at them one by one")]
fn is_tidy(text: &[u8]) -> bool {
    let odd = |b: u8| ((b < 0x20) & (b != b'\n')) | (b == 0x7f) | (b == 0xc2) | (b == 0xe2) | (b == 0xef);
    // `Ã`, `Â` and `â`: the first is what `é` begins with, read as Latin-1.
    let doubled = |a: u8, b: u8| (a == 0xc3) & ((b == 0x82) | (b == 0x83) | (b == 0xa2));
    let after = text.get(1..).unwrap_or_default();
    let any = text.iter().fold(0, |any, b| any | u8::from(odd(*b)));
    text.iter().zip(after).fold(any, |any, (a, b)| any | u8::from(doubled(*a, *b))) == 0
}

fn mend(bytes: &[u8], mut cells: Vec<Span>, rows: Vec<Line>) -> Page {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut stray = Vec::new();
    let of = |span: Span| bytes.get(span.start as usize..span.end as usize).unwrap_or_default();
    let mut first = 0;
    for (at, row) in rows.iter().enumerate() {
        let spans = cells.get_mut(first..row.end as usize).unwrap_or_default();
        first = row.end as usize;
        let is_utf8 = spans.iter().all(|span| std::str::from_utf8(of(*span)).is_ok());
        if !is_utf8 {
            stray.push(at);
        }
        for span in spans {
            let start = place(text.len());
            match std::str::from_utf8(of(*span)) {
                Ok(cell) if is_utf8 => text.push_str(cell),
                _ => text.push_str(&WINDOWS_1252.decode_without_bom_handling(of(*span)).0),
            }
            *span = Span { start, end: place(text.len()) };
        }
    }
    Page { tidy: is_tidy(text.as_bytes()), text, cells, rows, stray }
}

impl Page {
    pub(super) fn row(&self, at: usize) -> Option<Row<'_>> {
        let row = self.rows.get(at)?;
        let first = at.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |before| before.end);
        let cells = self.cells.get(first as usize..row.end as usize)?;
        let has_lines = row.lines > 1;
        Some(Row { text: &self.text, cells, line: row.first, has_lines, tidy: self.tidy && !has_lines })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).filter_map(|at| self.row(at))
    }

    /// Of the first `rows` rows, those that were read as windows-1252.
    pub(super) fn stray_within(&self, rows: usize) -> u64 {
        self.stray.partition_point(|at| *at < rows) as u64
    }

    /// Its memory, to be used again.
    pub(super) fn into_spare(self) -> Piece {
        Piece { bytes: self.text.into_bytes(), cells: self.cells, rows: self.rows }
    }
}

impl<'p> Row<'p> {
    /// Bytes from the first cell to the end of the last: at least as long as any cell.
    pub(super) fn bytes(&self) -> usize {
        match (self.cells.first(), self.cells.last()) {
            (Some(first), Some(last)) => (last.end - first.start) as usize,
            _ => 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// A cell without the blanks around it; empty when the row is too short.
    pub(super) fn cell(&self, at: usize) -> &'p str {
        let Some(span) = self.cells.get(at) else { return "" };
        let cell = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        // Nearly all cells begin and end with something to see: blanks of all scripts need not be thought of.
        match cell.as_bytes() {
            [] => "",
            [one] if one.is_ascii_graphic() => cell,
            [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
            _ => cell.trim(),
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &'p str> + use<'p> {
        let row = *self;
        (0..row.len()).map(move |at| row.cell(at))
    }

    /// Whether nothing but blanks is in it.
    pub(super) fn is_blank(&self) -> bool {
        self.cells().all(str::is_empty)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A page of one row, its cells separated by `;`.
    pub(in crate::feed::table) fn page(text: &str) -> Page {
        let mut piece = Piece::default();
        piece.push(1, text.split(';'));
        piece.into_page()
    }

    #[test]
    fn cells_are_where_they_were_put() {
        let page = page(" a ;;b;c;é");
        let row = page.row(0).expect("a row");
        assert_eq!(row.cells().collect::<Vec<_>>(), ["a", "", "b", "c", "é"]);
        assert_eq!(row.cell(9), "");
        assert!(!row.is_blank());
        let mut piece = Piece::default();
        piece.push(3, ["  ", ""]);
        let page = piece.into_page();
        assert!(page.row(0).is_some_and(|row| row.is_blank() && row.line == 3));
        assert!(page.row(1).is_none());
    }

    #[test]
    fn a_row_that_is_not_utf8_is_windows_1252() {
        let mut piece = Piece::default();
        piece.push(1, ["é", "b"]);
        piece.push(2, ["xx", "é"]);
        piece.push(3, ["é"]);
        piece.bytes[3..5].copy_from_slice(b"\xe9\x80");
        let page = piece.into_page();
        let rows: Vec<Vec<&str>> = page.rows().map(|row| row.cells().collect()).collect();
        assert_eq!(rows, [vec!["é", "b"], vec!["é€", "Ã©"], vec!["é"]]);
        assert_eq!((page.stray_within(1), page.stray_within(2), page.stray_within(3)), (0, 1, 1));
    }
}
