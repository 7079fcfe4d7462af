//! Tables that a French spreadsheet opens without a question: UTF-8 with a byte order mark, `;`, CRLF; no cell is a
//! formula.
//!
//! Knows nothing of what is in them.

use std::borrow::Cow;
use std::io::{self, Write};

/// A writer of records into `out`, which begins with the byte order mark.
///
/// # Errors
/// When `out` cannot be written.
pub fn writer<W: Write>(mut out: W) -> io::Result<::csv::Writer<W>> {
    out.write_all("\u{feff}".as_bytes())?;
    Ok(::csv::WriterBuilder::new().delimiter(b';').terminator(::csv::Terminator::CRLF).from_writer(out))
}

/// A cell that no spreadsheet takes for a formula, as OWASP advises against the injection of formulas: an apostrophe goes
/// before what would begin one, in the wide forms of these signs too. Control characters become spaces.
pub fn cell(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if !formula && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Cow::Owned(if formula { format!("'{clean}") } else { clean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1"] {
            assert!(cell(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(cell("Zoé\nX"), "Zoé X");
        assert!(matches!(cell("Zoé ; « x »"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_separator_does_not_begin_a_cell() {
        let mut out = Vec::new();
        let mut table = writer(&mut out).unwrap();
        table.write_record(["Zoé;=1+1", "dit \"Zo\"", "é"]).unwrap();
        drop(table);
        assert_eq!(String::from_utf8(out).unwrap(), "\u{feff}\"Zoé;=1+1\";\"dit \"\"Zo\"\"\";é\r\n");
    }
}
