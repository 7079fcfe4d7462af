//! `.ods` as rows, straight from its `content.xml`.
//!
//! A sheet says "this row, a million times" in one attribute, and ends so in every file that LibreOffice writes. Rows
//! and cells are therefore streamed with their repetitions as numbers: blanks cost nothing, and what is not blank is
//! counted before it is kept.

use std::io::{BufReader, Cursor, Read as _};

use compact_str::{CompactString, format_compact};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::sheet::{Refused, Sheet, float};

/// Reads the first table that `wanted` accepts.
pub(super) fn read(bytes: &[u8], wanted: &dyn Fn(&Sheet) -> bool) -> Result<Option<Sheet>, Refused> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let manifest = archive.by_name("META-INF/manifest.xml").ok().map(|member| {
        let mut text = Vec::new();
        // The sizes of all members were looked at before.
        drop(member.take(1 << 20).read_to_end(&mut text));
        text
    });
    if manifest.is_some_and(|text| memchr::memmem::find(&text, b"encryption-data").is_some()) {
        return Err("classeur protégé par un mot de passe".to_owned());
    }
    let content = archive.by_name("content.xml").map_err(|e| damaged(&e))?;
    let mut parser = Parser::new(BufReader::new(content));
    while let Some(sheet) = parser.next_table()? {
        if wanted(&sheet) {
            return Ok(Some(sheet));
        }
    }
    Ok(None)
}

fn damaged(error: &dyn std::fmt::Display) -> Refused {
    format!("classeur endommagé ({error})")
}

struct Parser<R> {
    xml: Reader<R>,
    buffer: Vec<u8>,
}

/// A cell being read.
#[derive(Default)]
struct Cell {
    /// What its attributes say, when they say it better than the text shown.
    value: Option<CompactString>,
    text: String,
    paragraphs: u32,
    repeated: u32,
    error: bool,
}

impl<R: std::io::BufRead> Parser<R> {
    fn new(content: R) -> Self {
        let mut xml = Reader::from_reader(content);
        xml.config_mut().expand_empty_elements = true;
        Self { xml, buffer: Vec::new() }
    }

    /// The next table; none at the end of a well-formed document.
    fn next_table(&mut self) -> Result<Option<Sheet>, Refused> {
        let mut sheet: Option<Sheet> = None;
        let (mut row, mut column) = (0_u32, 0_u32);
        let mut repeated = 1_u32;
        let mut cells: Vec<(u32, CompactString)> = Vec::new();
        let mut cell: Option<Cell> = None;
        // Comments are text that nobody typed into the cell.
        let mut annotation = 0_u32;
        let mut inner_tables = 0_u32;
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(|e| damaged(&e))? {
                Event::Start(e) => match (e.name().as_ref(), &mut sheet) {
                    ("table:table", None) => {
                        sheet = Some(Sheet::named(&attribute(&e, "table:name").unwrap_or_default()));
                    }
                    ("table:table", Some(_)) => inner_tables += 1,
                    _ if inner_tables > 0 => {}
                    ("table:table-row", Some(_)) => {
                        column = 0;
                        cells.clear();
                        repeated = number(&e, "table:number-rows-repeated");
                    }
                    ("table:table-cell" | "table:covered-table-cell", Some(_)) => cell = Some(Cell::start(&e)),
                    ("office:annotation", Some(_)) => annotation += 1,
                    ("text:p", Some(_)) if annotation == 0 => {
                        if let Some(cell) = &mut cell {
                            if cell.paragraphs > 0 {
                                cell.text.push('\n');
                            }
                            cell.paragraphs += 1;
                        }
                    }
                    ("text:s", Some(_)) if annotation == 0 => {
                        let blanks = number(&e, "text:c").min(100);
                        if let Some(cell) = &mut cell {
                            (0..blanks).for_each(|_| cell.text.push(' '));
                        }
                    }
                    ("text:tab" | "text:line-break", Some(_)) if annotation == 0 => {
                        if let Some(cell) = &mut cell {
                            cell.text.push(' ');
                        }
                    }
                    _ => {}
                },
                Event::Text(e) if annotation == 0 && inner_tables == 0 => {
                    if let Some(cell) = cell.as_mut().filter(|cell| cell.paragraphs > 0) {
                        cell.text.push_str(&e);
                    }
                }
                Event::GeneralRef(e) if annotation == 0 && inner_tables == 0 => {
                    if let Some(cell) = cell.as_mut().filter(|cell| cell.paragraphs > 0) {
                        cell.push_reference(&e);
                    }
                }
                Event::End(e) => match e.name().as_ref() {
                    "table:table" if inner_tables > 0 => inner_tables -= 1,
                    "table:table" if sheet.is_some() => return Ok(sheet),
                    _ if inner_tables > 0 => {}
                    "office:annotation" => annotation = annotation.saturating_sub(1),
                    "table:table-cell" | "table:covered-table-cell" => {
                        let (Some(cell), Some(sheet)) = (cell.take(), &mut sheet) else { continue };
                        sheet.errors += u32::from(cell.error);
                        let count = cell.repeated;
                        let value = cell.finish();
                        if !value.is_empty() {
                            let most = super::sheet::COLUMNS.saturating_sub(column).saturating_add(1);
                            cells.extend((0..count.min(most)).map(|n| (column.saturating_add(n), value.clone())));
                        }
                        column = column.saturating_add(count);
                    }
                    "table:table-row" => {
                        if let Some(sheet) = &mut sheet {
                            let most = if cells.is_empty() { 0 } else { repeated };
                            for n in 0..most {
                                for (column, value) in &cells {
                                    sheet.put(row.saturating_add(n), *column, value.clone())?;
                                }
                            }
                            row = row.saturating_add(repeated);
                        }
                    }
                    _ => {}
                },
                Event::Eof if sheet.is_some() => return Err(damaged(&"fin inattendue")),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

impl Cell {
    fn start(e: &BytesStart<'_>) -> Self {
        let value = match attribute(e, "office:value-type").unwrap_or_default().as_str() {
            "date" => attribute(e, "office:date-value").map(|date| date.as_str().into()),
            "float" | "currency" | "percentage" => {
                attribute(e, "office:value").and_then(|value| value.parse::<f64>().ok()).map(float)
            }
            "boolean" => attribute(e, "office:boolean-value")
                .map(|value| format_compact!("{}", if value == "true" { "oui" } else { "non" })),
            _ => None,
        };
        let error = attribute(e, "calcext:value-type").is_some_and(|kind| kind == "error");
        Self { value, repeated: number(e, "table:number-columns-repeated"), error, ..Self::default() }
    }

    fn push_reference(&mut self, reference: &quick_xml::events::BytesRef<'_>) {
        let name: &str = reference;
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        self.text.push(character.unwrap_or('\u{fffd}'));
    }

    fn finish(self) -> CompactString {
        match (self.error, self.value) {
            (true, _) => CompactString::default(),
            (false, Some(value)) => value,
            (false, None) => self.text.trim().into(),
        }
    }
}

fn attribute(e: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = e.try_get_attribute(name).ok().flatten()?;
    attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

/// A count, 1 when there is none.
fn number(e: &BytesStart<'_>, name: &str) -> u32 {
    attribute(e, name).and_then(|value| value.parse().ok()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::sheet::tests::{archive, rows};
    use super::*;

    pub(super) fn book(tables: &str) -> Vec<u8> {
        let content = format!(
            "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\" xmlns:calcext=\"c\"><office:body>\
             <office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
        );
        archive(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", &content)])
    }

    #[test]
    fn values_repetitions_and_comments() {
        let bytes = book(
            "<table:table table:name=\"vide\"/><table:table table:name=\"Élèves\">\
             <table:table-row table:number-rows-repeated=\"2\"><table:table-cell table:number-columns-repeated=\"1024\"/></table:table-row>\
             <table:table-row><table:table-cell office:value-type=\"string\"><office:annotation><text:p>note</text:p></office:annotation>\
             <text:p>O&apos;NEIL<text:s/>&amp; fils</text:p></table:table-cell><table:table-cell table:number-columns-repeated=\"2\"/>\
             <table:table-cell office:value-type=\"date\" office:date-value=\"2014-03-17\"><text:p>17/03/14</text:p></table:table-cell>\
             <table:table-cell office:value-type=\"float\" office:value=\"612345678\" table:number-columns-repeated=\"2\"><text:p>6,12E+08</text:p></table:table-cell>\
             <table:table-cell calcext:value-type=\"error\"><text:p>#N/D</text:p></table:table-cell></table:table-row>\
             <table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"1024\"/></table:table-row>\
             </table:table>",
        );
        let sheet = read(&bytes, &|sheet| sheet.len() > 0).expect("a book").expect("a table");
        let cells = ["O'NEIL & fils", "", "", "2014-03-17", "612345678", "612345678"].map(str::to_owned).to_vec();
        assert_eq!(rows(&sheet), [(3, cells)]);
        assert_eq!((sheet.name.as_str(), sheet.errors), ("Élèves", 1));
    }

    #[test]
    fn repetitions_that_are_not_blank_are_bounded() {
        let bomb = book(
            "<table:table><table:table-row table:number-rows-repeated=\"4294967295\"><table:table-cell office:value-type=\"string\" \
             table:number-columns-repeated=\"1000\"><text:p>a</text:p></table:table-cell></table:table-row></table:table>",
        );
        assert!(read(&bomb, &|_| true).expect_err("too many").contains("cellules"));
        let wide = book(
            "<table:table><table:table-row><table:table-cell office:value-type=\"string\" \
             table:number-columns-repeated=\"4294967295\"><text:p>a</text:p></table:table-cell></table:table-row></table:table>",
        );
        assert!(read(&wide, &|_| true).expect_err("too wide").contains("colonnes"));
        let truncated = archive(&[("content.xml", "<a xmlns:table=\"t\"><table:table><table:table-row>")]);
        assert!(read(&truncated, &|_| true).is_err());
    }
}
