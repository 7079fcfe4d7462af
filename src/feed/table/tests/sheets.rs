//! Spreadsheets give the same rows as text.

use super::super::sheet::tests::workbook;
use super::*;

/// Rows of cells as the XML of a sheet: numbers are numbers, `=41715` is one with a date's style.
fn data(rows: &[&[&str]]) -> String {
    let cell = |(column, text): (usize, &&str)| {
        let name = char::from(b'A' + u8::try_from(column).expect("few columns"));
        match (text.strip_prefix('='), text.parse::<f64>()) {
            (Some(number), _) => format!("<c r=\"{name}ROW\" s=\"1\"><v>{number}</v></c>"),
            (None, Ok(number)) => format!("<c r=\"{name}ROW\"><v>{number}</v></c>"),
            (None, Err(_)) => format!("<c r=\"{name}ROW\" t=\"inlineStr\"><is><t>{text}</t></is></c>"),
        }
    };
    let row = |(at, cells): (usize, &&[&str])| {
        let cells: String = cells.iter().enumerate().map(cell).collect();
        format!("<row r=\"{}\">{}</row>", at + 1, cells.replace("ROW", &(at + 1).to_string()))
    };
    rows.iter().enumerate().map(row).collect()
}

#[test]
fn a_workbook_of_pupils() {
    let pupils = data(&[
        &["Élèves 2026"],
        &["Nom", "Prénom", "Date de naissance", "Classe", "CP", "Téléphone"],
        &["LE GALL", "Léa", "=41715", "6A", "1000", "299112233"],
        &["MARTIN", "Noé", "41716", "6A", "35400", "0299112233"],
    ]);
    let book = workbook(&[("Notes", &data(&[&["rien"]])), ("Liste", &pupils)]);
    let outcome = read_files(Layout::Csv, &[("eleves.xlsx", book)]);
    insta::assert_snapshot!(outcome.text());
}
