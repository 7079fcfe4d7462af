//! Dirt: what is read all the same, what is refused, and that nothing is lost without a word.

use super::*;

const HEADER: &str = "Nom;Prénom;Date de naissance;Classe;Code postal;Téléphone;INE";

fn pupils(rows: &str) -> Outcome {
    read_files(Layout::Csv, &[("eleves.csv", format!("{HEADER}\n{rows}").into())])
}

#[test]
fn what_spreadsheets_do() {
    let outcome = pupils(
        "LE GALL;Léa;7032014;6A;1000;299112233;123456789M\n\
         MARTIN;Noé;2014-06-30 00:00:00;6A;35400;0299112233;1,23457E+10\n\
         BRUN;Ana;41715;6A;35400;2,99E+08;\n\
         ROY;Eva;17/03/14;6A;35400;;\n",
    );
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn rows_that_are_none() {
    let outcome = pupils(
        "\n;;;;;;\nLE GALL;Léa;17/03/2014\nMARTIN;Noé;30/06/2015;6A;35400;0299112233;;;;\n\
         BRUN;Ana;01/02/2014;6A;35400;0299112233;;3 rue; du Port\nNom;Prénom;Date de naissance;Classe;Code postal;Téléphone;INE\n\
         Intitulé;Adresse Organisme;Ville\nCantine;1 rue Haute;Rennes\n",
    );
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn an_unclosed_quote_stops_the_file() {
    let outcome = pupils("LE GALL;Léa;17/03/2014;6A;;;\nMARTIN;\"Noé;30/06/2015;6A;;;\nBRUN;Ana;01/02/2014;6A;;;\n");
    assert_eq!(outcome.of(Category::Pupil).count(), 1);
    let finding = outcome.finding_of(Code::UnclosedQuote);
    assert_eq!(finding.origin.as_ref().map(|origin| origin.line), Some(3));
    assert_eq!(outcome.completeness_of(Category::Pupil), Completeness::Partial);
}

#[test]
fn encodings_of_one_table() {
    let text = "Nom;Prénom;Date de naissance;Classe\r\nŒUVRARD;Hélène;17/03/2014;6A\r\n";
    let mac: Vec<u8> = "Nom;Pr\u{0}nom;Date de naissance;Classe\rABAD;H\u{0}l\u{1}ne;17/03/2014;6A\r"
        .bytes()
        .map(|b| match b {
            0 => 0x8e,
            1 => 0x8f,
            b => b,
        })
        .collect();
    let marked = |marks: &str| format!("{marks}{text}").into_bytes();
    for (bytes, said) in [
        (text.as_bytes().to_vec(), "codage UTF-8,"),
        (latin(text), "codage windows-1252,"),
        (utf16(text), "codage UTF-16,"),
        (marked("\u{feff}"), "codage UTF-8 avec marque,"),
        (marked("\u{feff}\u{feff}"), "codage UTF-8 avec marque (2 marques d'ordre des octets retirées),"),
        (marked("\u{ef}\u{bb}\u{bf}"), "codage UTF-8 avec marque,"),
    ] {
        let outcome = read_files(Layout::Csv, &[("eleves.csv", bytes)]);
        let message = &outcome.finding_of(Code::TableRead).message;
        assert!(message.contains(said), "{message}");
        assert_eq!(outcome.value(Category::Pupil, 0, "sn"), Some("ŒUVRARD"));
        assert_eq!(outcome.value(Category::Pupil, 0, "givenName"), Some("Hélène"));
    }
    let outcome = read_files(Layout::Csv, &[("eleves.csv", mac.clone())]);
    assert_eq!(outcome.of(Category::Pupil).count(), 0);
    assert!(outcome.codes().contains(&Code::MacintoshBytes));
    assert_eq!(outcome.completeness_of(Category::Pupil), Completeness::Partial);
    // Named, it is read.
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("eleves.csv", mac)]);
    let spec =
        TableSpec { charset: Some(super::super::encoding::Charset::Macintosh), ..spec(folder.path(), Layout::Csv) };
    let outcome = read_spec(&spec, &Earlier::default());
    assert_eq!(outcome.value(Category::Pupil, 0, "givenName"), Some("Hélène"));
}

#[test]
fn two_files_put_together_are_read_row_by_row() {
    let text = "Nom;Prénom;Date de naissance;Classe\nŒUVRARD;Hélène;17/03/2014;6A\n";
    let bytes = [text.as_bytes(), &latin("BRUN;Zoé;18/03/2014;6A")].concat();
    let outcome = read_files(Layout::Csv, &[("eleves.csv", bytes)]);
    assert_eq!(outcome.value(Category::Pupil, 0, "givenName"), Some("Hélène"));
    assert_eq!(outcome.value(Category::Pupil, 1, "givenName"), Some("Zoé"));
    assert!(outcome.finding_of(Code::EncodingFallback).message.contains("1 ligne"));
}

#[test]
fn what_was_encoded_twice_is_left_and_said() {
    let outcome = pupils("HÃ‰RON;ZoÃ©;17/03/2014;6A;;;\n");
    assert_eq!(outcome.value(Category::Pupil, 0, "givenName"), Some("ZoÃ©"));
    assert!(outcome.codes().contains(&Code::Mojibake));
}

#[test]
fn separators_and_titles() {
    for (separator, before) in
        [(';', ""), (',', ""), ('\t', ""), ('|', ""), (';', "sep=;\n"), (';', "Liste 2026;;\n;;\n")]
    {
        let text = format!("{before}Nom;Prénom;Date de naissance;Classe\n\"O'NEIL;fils\";Léa;17/03/2014;6A\n");
        let text = text.replace("O'NEIL;fils", "O'NEIL fils").replace(';', &separator.to_string());
        let outcome = read_files(Layout::Csv, &[("eleves.csv", text.into())]);
        assert_eq!(outcome.value(Category::Pupil, 0, "sn"), Some("O'NEIL fils"), "{separator:?} {before:?}");
        let titled = outcome.codes().contains(&Code::ColumnIgnored);
        assert_eq!(titled, before.starts_with("Liste"), "{before:?}");
    }
}

#[test]
fn files_that_are_refused() {
    let of = |name: &str, bytes: &[u8]| {
        let other: Vec<u8> = "Civilité;Nom;Prénom;Directeur\nM.;ROY;Paul;non\n".into();
        let outcome = read_files(Layout::Csv, &[(name, bytes.to_vec()), ("z.csv", other)]);
        assert_eq!(outcome.of(Category::Staff).count(), 1);
        let mut codes = outcome.codes();
        codes.retain(|code| *code != Code::TableRead);
        (codes, outcome.completeness_of(Category::Pupil))
    };
    let partial = Completeness::Partial;
    assert_eq!(of("eleves.csv", b"Nom;Classe\nLE GALL;6A\n"), (vec![Code::MissingColumn], partial));
    assert_eq!(of("eleves.csv", b"bonjour\n"), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("eleves.csv", b""), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("eleves.csv", b"Nom;Pr\0nom\nA;B\n"), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("eleves.csv", b"\xfe\xbb\xbfN\0o\0"), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("eleves.xls", b"\xd0\xcf\x11\xe0rest"), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("eleves.xlsx", b"PK\x03\x04rest"), (vec![Code::UnreadableTable], partial));
    assert_eq!(of("liste.csv", "Nom;Prénom\nLE GALL;Léa\n".as_bytes()), (vec![Code::UnknownProfile], partial));
    assert_eq!(of("notes.csv", b"bonjour\n"), (vec![Code::ForeignFile], partial));
    assert_eq!(of("photo.png", b"x"), (vec![Code::ForeignFile], partial));
}

#[test]
fn headers_are_believed_before_names() {
    let outcome = read_files(
        Layout::Csv,
        &[("Enseignants.csv", "Nom élève;Prénom élève;Date naissance\nLE GALL;Léa;17/03/2014\n".into())],
    );
    assert_eq!(outcome.of(Category::Pupil).count(), 1);
    assert!(outcome.codes().contains(&Code::ProfileContradiction));
}

#[test]
fn columns_without_place_are_counted_and_not_shown() {
    let outcome = read_files(
        Layout::Csv,
        &[("eleves.csv", "Nom;Prénom;Date de naissance;Login;Nom;Truc;;Vide\nLE GALL;Léa;17/03/2014;lgall;X;t;sans\nROY;Eva;18/03/2014;;;u;;\n".into())],
    );
    let messages: Vec<&str> = outcome.kept.findings.iter().skip(1).map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "colonne « Login » : 1 valeur non reprise, l'annuaire n'a pas de place pour elle",
            "colonne « Nom » : 1 valeur non reprise, l'annuaire n'a pas de place pour elle",
            "colonne « Truc » inconnue : 2 valeurs non reprises",
            "colonne 7 sans en-tête inconnue : 1 valeur non reprise",
            "colonne « Vide » inconnue : 0 valeur non reprise",
        ]
    );
}

#[test]
fn limits_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: String = (0..2_000).map(|n| format!("LE GALL;Léa{n};17/03/2014;6A;;;\n")).collect();
    write(folder.path(), &[("eleves.csv", format!("{HEADER}\n{rows}").into())]);
    let spec = spec(folder.path(), Layout::Csv);
    let limits = Limits { unpacked: 10_000, ..Limits::default() };
    let delivery = discover(&spec, &limits).expect("a delivery");
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let outcome = read(&delivery, &spec, &options, &Earlier::default(), &mut Kept::default());
    assert!(matches!(outcome, Err(crate::feed::FeedError::Limit { .. })));
    let limits = Limits { value: 10, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let mut kept = Kept::default();
    let reading = read(&delivery, &spec, &options, &Earlier::default(), &mut kept).expect("within the limits");
    assert_eq!(reading.read[3], 2_000);
    assert_eq!(reading.rejected[3], 0);
    write(folder.path(), &[("eleves.csv", format!("{HEADER}\nLE GALL;LéaLéaLéaLéa;17/03/2014;6A;;;\n").into())]);
    let reading = read(&delivery, &spec, &options, &Earlier::default(), &mut kept).expect("within the limits");
    assert_eq!((reading.read[3], reading.rejected[3]), (1, 1));
}

#[test]
fn a_class_that_the_folder_overrides_is_said() {
    let text = "Nom élève;Prénom élève;Date naissance;Classe\nLE GALL;Léa;17/03/2014;Bleue\n";
    let outcome = read_files(Layout::Csv, &[("Ecole_0350998W_CP/eleves.csv", text.into())]);
    assert_eq!(outcome.value(Category::Pupil, 0, "ENTEleveClasses"), Some("0350998W$CP"));
    assert!(outcome.finding_of(Code::ColumnIgnored).message.contains("Bleue"));
}

#[test]
fn gender_and_title() {
    let text = "Civilité;Sexe;Nom;Prénom;Directeur\nMme;M;ROY;Eva;non\n;F;PETIT;Ida;\nDr;;NOIR;Gil;peut-être\n";
    let outcome = read_files(Layout::Csv, &[("enseignants.csv", text.into())]);
    let titles: Vec<_> = (0..3).map(|at| outcome.value(Category::Staff, at, "personalTitle")).collect();
    assert_eq!(titles, [Some("Mme"), Some("Mme"), None]);
    let unknown: Vec<&str> = outcome
        .kept
        .findings
        .iter()
        .filter(|finding| finding.code == Code::UnknownCivility)
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(unknown.len() == 2 && unknown.iter().any(|m| m.contains("contredisent")), "{unknown:?}");
    assert!(outcome.finding_of(Code::InvalidBoolean).message.contains("peut-être"));
}
