//! [`Row`]: one line of a table, its cells in one reused string.

/// The cells of a row and the line of the file where it begins.
#[derive(Debug, Default)]
pub(super) struct Row {
    text: String,
    ends: Vec<usize>,
    /// From 1.
    pub(super) line: u32,
}

impl Row {
    pub(super) fn clear(&mut self, line: u32) {
        self.text.clear();
        self.ends.clear();
        self.line = line;
    }

    /// Adds a cell.
    pub(super) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Adds a cell that `write` appends to the text.
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len());
    }

    /// Adds all cells at once: their text put together, and where each ends.
    pub(super) fn push_all(&mut self, text: &str, ends: impl IntoIterator<Item = usize>) {
        let start = self.text.len();
        self.text.push_str(text);
        self.ends.extend(ends.into_iter().map(|end| start + end));
    }

    /// Bytes of all cells.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell without the blanks around it; empty when the row is too short.
    pub(super) fn cell(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before));
        match (start, self.ends.get(at)) {
            (Some(start), Some(end)) => {
                let cell = self.text.get(*start..*end).unwrap_or_default();
                // Nearly all cells begin and end with something to see: blanks of all scripts need not be thought of.
                match cell.as_bytes() {
                    [] => "",
                    [one] if one.is_ascii_graphic() => cell,
                    [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
                    _ => cell.trim(),
                }
            }
            _ => "",
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.cell(at))
    }

    /// Whether a cell has several lines.
    pub(super) fn has_lines(&self) -> bool {
        memchr::memchr(b'\n', self.text.as_bytes()).is_some()
    }

    /// Whether nothing but blanks is in it.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_where_they_were_put() {
        let mut row = Row::default();
        row.push(" a ");
        row.push("");
        row.push_all("bcé", [1, 2, 4]);
        assert_eq!(row.cells().collect::<Vec<_>>(), ["a", "", "b", "c", "é"]);
        assert_eq!(row.cell(9), "");
        row.clear(3);
        row.push("  ");
        assert!(row.is_blank());
    }
}
