//! Spreadsheets as rows: `.xlsx` through calamine, `.ods` in [`super::ods`].
//!
//! Both are archives of XML, and both can claim billions of cells in a few bytes. Every member is unpacked once into
//! nothing to know its real size, cells are streamed and counted with the blanks that rows need, and a reader that
//! panics on hostile XML costs its file, not the program.

use std::cell::Cell;
use std::io::{self, Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};
use compact_str::{CompactString, format_compact};
use zip::ZipArchive;

use super::ods;
use super::row::Piece;

/// Packed bytes of a spreadsheet: a hundred times what a large school sends.
pub(super) const PACKED: u64 = 64 << 20;
/// Its unpacked bytes.
const UNPACKED: u64 = 128 << 20;
/// Cells of one sheet, blanks between others included: some 120 MB.
const CELLS: usize = 5_000_000;
/// Sheets that are looked at.
const SHEETS: usize = 64;
/// Columns of a sheet.
pub(super) const COLUMNS: u32 = 1024;

/// The rows of one sheet, in memory.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// Line number from 1, and cells; blank rows are not there.
    rows: Vec<(u32, Vec<CompactString>)>,
    /// Cells kept, blanks between included.
    cells: usize,
    /// Cells whose formula gave an error (`#N/A`): they are blank.
    pub(super) errors: u32,
    /// Days are counted from 1904 instead of 1900.
    pub(super) from_1904: bool,
}

/// Why a spreadsheet is not read, in French.
pub(super) type Refused = String;

impl Sheet {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Puts a cell; rows and columns from 0, rows in any order but usually growing.
    pub(super) fn put(&mut self, row: u32, column: u32, value: CompactString) -> Result<(), Refused> {
        if value.is_empty() {
            return Ok(());
        }
        if column >= COLUMNS {
            return Err(format!("plus de {COLUMNS} colonnes"));
        }
        let line = row.saturating_add(1);
        if self.rows.last().is_none_or(|(last, _)| *last != line) {
            self.rows.push((line, Vec::new()));
        }
        let Some((_, cells)) = self.rows.last_mut() else { return Ok(()) };
        let wanted = column as usize + 1;
        if cells.len() < wanted {
            self.cells += wanted - cells.len();
            if self.cells > CELLS {
                return Err(format!("plus de {CELLS} cellules"));
            }
            cells.resize(wanted, CompactString::default());
        }
        if let Some(cell) = cells.get_mut(column as usize) {
            *cell = value;
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Adds a row to a piece; `false` beyond the last.
    pub(super) fn read(&self, at: usize, out: &mut Piece) -> bool {
        let Some((line, cells)) = self.rows.get(at) else { return false };
        out.push(*line, cells.iter().map(CompactString::as_str));
        true
    }
}

/// Whether a file is an archive, as both kinds of spreadsheets are.
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Whether a file is of the old binary kind (`.xls`), or a spreadsheet with a password.
pub(super) fn is_compound(head: &[u8]) -> bool {
    head.starts_with(b"\xd0\xcf\x11\xe0")
}

/// Reads the first sheet that `wanted` accepts; none when there is no such sheet.
pub(super) fn read(bytes: &[u8], wanted: &dyn Fn(&Sheet) -> bool) -> Result<Option<Sheet>, Refused> {
    let kind = inspect(bytes)?;
    // The parsers are not ours: what they do with hostile XML must not end the program.
    CAUGHT.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| match kind {
        Kind::Xlsx => xlsx(bytes, wanted),
        Kind::Ods => ods::read(bytes, wanted),
    }));
    CAUGHT.set(false);
    outcome.unwrap_or_else(|_| Err("classeur endommagé".to_owned()))
}

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would be caught now, and told as a finding: a program's panic hook then has nothing
/// to say.
#[must_use]
pub fn panic_is_caught() -> bool {
    CAUGHT.get()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Xlsx,
    Ods,
}

/// Unpacks every member into nothing: sizes that an archive announces prove nothing.
fn inspect(bytes: &[u8]) -> Result<Kind, Refused> {
    let damaged = |e: &dyn std::fmt::Display| format!("archive illisible ({e})");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut unpacked = 0_u64;
    let mut kind = None;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|e| damaged(&e))?;
        match member.name_raw() {
            b"xl/workbook.xml" => kind = Some(Kind::Xlsx),
            b"content.xml" => kind = Some(Kind::Ods),
            _ => {}
        }
        let most = UNPACKED.saturating_sub(unpacked) + 1;
        unpacked += io::copy(&mut member.take(most), &mut io::sink()).map_err(|e| damaged(&e))?;
        if unpacked > UNPACKED {
            return Err(format!("plus de {} Mo une fois décompressé", UNPACKED >> 20));
        }
    }
    kind.ok_or_else(|| "ni classeur Excel (.xlsx) ni classeur OpenDocument (.ods)".to_owned())
}

fn xlsx(bytes: &[u8], wanted: &dyn Fn(&Sheet) -> bool) -> Result<Option<Sheet>, Refused> {
    let damaged = |e: calamine::XlsxError| format!("classeur endommagé ({e})");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let from_1904 = book.has_1904_epoch();
    for name in book.sheet_names().into_iter().take(SHEETS) {
        let mut sheet = Sheet { from_1904, ..Sheet::named(&name) };
        // A chart or a macro sheet has no cells.
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
        while let Some(cell) = cells.next_cell().map_err(damaged)? {
            let (row, column) = cell.get_position();
            let value = text(cell.get_value(), &mut sheet.errors);
            sheet.put(row, column, value)?;
        }
        if wanted(&sheet) {
            return Ok(Some(sheet));
        }
    }
    Ok(None)
}

/// A value as somebody who types would write it.
fn text(value: &DataRef<'_>, errors: &mut u32) -> CompactString {
    match value {
        DataRef::Empty => CompactString::default(),
        DataRef::SharedString(text) => (*text).into(),
        DataRef::Int(number) => format_compact!("{number}"),
        DataRef::Float(number) => float(*number),
        DataRef::Bool(yes) => if *yes { "oui" } else { "non" }.into(),
        DataRef::DateTime(moment) if moment.is_datetime() && moment.as_f64() >= 1.0 => {
            let (year, month, day, ..) = moment.to_ymd_hms_milli();
            format_compact!("{day:02}/{month:02}/{year:04}")
        }
        DataRef::DateTime(moment) => float(moment.as_f64()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.as_str().into(),
        DataRef::Error(_) => {
            *errors += 1;
            CompactString::default()
        }
    }
}

/// A number without exponent, without decimals when it has none.
pub(super) fn float(number: f64) -> CompactString {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        format_compact!("{number:.0}")
    } else {
        format_compact!("{number}")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;

    /// An archive with these members.
    pub(in crate::feed::table) fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("a member");
            writer.write_all(text.as_bytes()).expect("memory");
        }
        writer.finish().expect("memory").into_inner()
    }

    /// A workbook whose sheets hold this `sheetData`.
    pub(in crate::feed::table) fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
        const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
        let list: String = sheets
            .iter()
            .enumerate()
            .map(|(n, (name, _))| format!("<sheet name=\"{name}\" sheetId=\"{}\" r:id=\"r{n}\"/>", n + 1))
            .collect();
        let relations: String = (0..sheets.len())
            .map(|n| format!("<Relationship Id=\"r{n}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/s{n}.xml\"/>"))
            .collect();
        let mut members = vec![
            (
                "_rels/.rels".to_owned(),
                format!(
                    "<Relationships xmlns=\"{PACKAGE}\"><Relationship Id=\"w\" Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
                ),
            ),
            (
                "xl/workbook.xml".to_owned(),
                format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{list}</sheets></workbook>"),
            ),
            (
                "xl/_rels/workbook.xml.rels".to_owned(),
                format!("<Relationships xmlns=\"{PACKAGE}\">{relations}</Relationships>"),
            ),
            // Style 1 is the built-in date format 14.
            (
                "xl/styles.xml".to_owned(),
                format!(
                    "<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
                ),
            ),
        ];
        for (n, (_, data)) in sheets.iter().enumerate() {
            let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{data}</sheetData></worksheet>");
            members.push((format!("xl/worksheets/s{n}.xml"), sheet));
        }
        let members: Vec<(&str, &str)> = members.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        archive(&members)
    }

    pub(in crate::feed::table) fn rows(sheet: &Sheet) -> Vec<(u32, Vec<String>)> {
        let mut piece = Piece::default();
        while sheet.read(piece.rows.len(), &mut piece) {}
        let page = piece.into_page();
        page.rows().map(|row| (row.line, row.cells().map(str::to_owned).collect())).collect()
    }

    #[test]
    fn values_are_as_typed() {
        let bytes = workbook(&[
            ("Notes", "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>rien</t></is></c></row>"),
            (
                "Eleves",
                "<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>LE GALL</t></is></c><c r=\"C2\" s=\"1\"><v>41715</v></c>\
                 <c r=\"D2\"><v>612345678</v></c><c r=\"E2\" t=\"b\"><v>1</v></c><c r=\"F2\" t=\"e\"><v>#N/A</v></c></row>\
                 <row r=\"5\"><c r=\"B5\"><v>1.5</v></c></row>",
            ),
        ]);
        let sheet = read(&bytes, &|sheet| sheet.len() > 1).expect("a workbook").expect("a sheet");
        assert_eq!(
            rows(&sheet),
            [
                (2, vec!["LE GALL".into(), String::new(), "17/03/2014".into(), "612345678".into(), "oui".into()]),
                (5, vec![String::new(), "1.5".into()]),
            ]
        );
        assert_eq!((sheet.name.as_str(), sheet.errors), ("Eleves", 1));
        assert!(read(&bytes, &|_| false).expect("a workbook").is_none());
    }

    #[test]
    fn hostile_workbooks_are_refused() {
        let far = workbook(&[("a", "<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>")]);
        assert!(read(&far, &|_| true).expect_err("too wide").contains("colonnes"));
        let bomb = archive(&[("xl/workbook.xml", "x"), ("xl/media", &" ".repeat(129 << 20))]);
        assert!(read(&bomb, &|_| true).expect_err("too large").contains("Mo"));
        for bytes in [&b"PK\x03\x04"[..], b"", &archive(&[("a", "b")]), &archive(&[("xl/workbook.xml", "<a")])] {
            assert!(read(bytes, &|_| true).is_err());
        }
    }
}
