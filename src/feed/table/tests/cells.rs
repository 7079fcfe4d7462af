//! What holds for any table: every cell ends somewhere, and no bytes make the reader fall.

use proptest::prelude::*;

use super::*;

/// The corpus of the fuzz target.
#[test]
fn the_fuzz_corpus_is_read_without_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/table");
    let mut tried = 0;
    for entry in fs::read_dir(root).expect("a corpus") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a file");
        if let Ok((records, findings)) = crate::feed::fuzzing::table(&bytes) {
            assert!(records + findings > 0, "{}", path.display());
        }
        tried += 1;
    }
    assert!(tried >= 20, "{tried} files");
}

/// Headers of a file of pupils, known or not, and what a cell under each may hold.
const HEADERS: [(&str, &str); 16] = [
    ("Adresse1", "[a-z]{3,8}"),
    ("Adresse2", "[a-z]{3,8}"),
    ("Commune1", "[a-z]{3,8}"),
    ("Courriel", "[a-z]{3,8}(@[a-z]{3}\\.fr)?"),
    ("Téléphone", "[0-9]{8,11}"),
    ("Cp1", "[0-9]{3,6}"),
    ("Classe", "[a-z]{2,4}[|$]?[a-z]{2}"),
    ("Groupes", "[a-z]{2,4}[|]?[a-z]{2}"),
    ("Niveau", "[a-z]{2,4}"),
    ("Boursier", "(oui|non|[bcdfg]{3})"),
    ("INE", "[0-9]{10}[A-Z]"),
    ("Sexe", "[FMHX]"),
    ("Login", "[a-z]{5}"),
    ("Truc", "[a-z]{5}"),
    ("", "[a-z]{5}"),
    ("Deuxième prénom", "[A-Z][a-z]{4}"),
];

fn table() -> impl Strategy<Value = Vec<(&'static str, Vec<String>)>> {
    let column = (0..HEADERS.len()).prop_flat_map(|at| {
        let (header, pattern) = HEADERS[at];
        let cell = prop_oneof![1 => Just(String::new()), 3 => pattern.prop_map(|cell: String| cell)];
        prop::collection::vec(cell, 3).prop_map(move |cells| (header, cells))
    });
    prop::collection::vec(column, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A cell is in its record, or a finding names its value, its row, or its column.
    #[test]
    fn every_cell_ends_in_a_record_or_a_finding(columns in table()) {
        let mut text = String::from("Nom élève;Prénom élève;Date naissance");
        for (header, _) in &columns {
            text.push(';');
            text.push_str(header);
        }
        // A last column that is known: blank headers before it are not the end.
        text.push_str(";Pays1\n");
        for at in 0..3 {
            text.push_str(&format!("PETIT;Ida{at};0{}/03/2014", at + 1));
            for (_, cells) in &columns {
                text.push(';');
                text.push_str(&cells[at]);
            }
            text.push_str(";\n");
        }
        let outcome = read_files(Layout::Onde, &[("eleves.csv", text.clone().into())]);
        for (place, (header, cells)) in columns.iter().enumerate() {
            for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let line = u32::try_from(at + 2).expect("few lines");
                let record = outcome.of(Category::Pupil).find(|record| record.line == line);
                let packed = record.map(|record| record.fields.as_packed()).unwrap_or_default();
                let pieces: Vec<&str> = cell.split(['|', '$']).collect();
                // What stands in a record in another writing: yes and no, a gender, a number with its zero.
                let written = match cell.as_str() { "oui" => "O", "non" => "N", "F" => "Mme", "M" | "H" => "M.", other => other };
                let in_record = pieces.iter().all(|piece| packed.contains(piece)) || packed.contains(written);
                let named = format!("« {header} »");
                let in_finding = outcome.kept.findings.iter().any(|finding| {
                    let here = finding.origin.as_ref().is_some_and(|origin| origin.line == line);
                    let column = header.is_empty() && finding.message.contains(&format!("colonne {} sans", place + 4));
                    // The same piece on several rows is told once, at the first of them.
                    let folded = finding.count > 1
                        && (finding.code == Code::InvalidPostalCode
                            || pieces.iter().any(|piece| finding.message.contains(&format!("« {piece} »"))));
                    finding.message.contains(&named) || column || here || folded
                        || finding.message.contains(cell.as_str())
                });
                prop_assert!(in_record || in_finding, "{cell:?} of {header:?} in\n{text}\n{}", outcome.text());
            }
        }
    }

    /// One byte changed: no panic, the rows add up, and who is gone is not gone in silence.
    #[test]
    fn damage_is_never_silent(at in 0_usize..200, byte in any::<u8>()) {
        let text = "Nom;Prénom;Date de naissance;Classe\nLE GALL;Léa;17/03/2014;6A\nMARTIN;Noé;30/06/2015;6B\n";
        let mut bytes = text.as_bytes().to_vec();
        let at = at.min(bytes.len() - 1);
        bytes[at] = byte;
        let outcome = read_files(Layout::Csv, &[("eleves.csv", bytes)]);
        let records = outcome.of(Category::Pupil).count() as u64;
        prop_assert_eq!(outcome.reading.read[3], records + outcome.reading.rejected[3]);
        let said = outcome.codes().iter().any(|code| *code != Code::TableRead);
        prop_assert!(records >= 2 || said, "{}", outcome.text());
    }

    /// Any bytes at all.
    #[test]
    fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(crate::feed::fuzzing::table(&bytes).is_ok());
    }
}
