//! Schools: from folders, archives and the configuration; what a missing file may not do.

use std::io::Write as _;

use super::*;

const PUPILS: &str = "Nom élève;Prénom élève;Date naissance;Niveau;Classe\nLE GALL;Léa;17/03/2014;PS;Bleue\n";
const RELATIVES: &str = "Nom responsable;Prénom responsable;Adresse responsable;Nom de famille enfant;Prénom enfant\nLE GALL;Maude;3 rue du Port;LE GALL;Léa\n";
const TEACHERS: &str = "Civilité;Nom;Prénom;Directeur;Classe\nM.;ROY;Paul;non;bleue\n";

#[test]
fn each_folder_is_a_school() {
    let outcome = read_files(
        Layout::Onde,
        &[
            ("Ecole du Centre@x1_0350998W/eleves.csv", PUPILS.into()),
            ("Ecole du Centre@x1_0350998W/responsables.csv", RELATIVES.into()),
            ("Ecole du Centre@x1_0350998W/enseignants.csv", TEACHERS.into()),
            ("Ecole Neuve_0350997V_CP ROUGE/eleves.csv", PUPILS.into()),
            ("eleves.csv", PUPILS.into()),
        ],
    );
    insta::assert_snapshot!(outcome.text());
}

#[test]
fn a_connectors_archive() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("Educasud_20260901_0350998W_Ecole du Centre.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&path).expect("an archive"));
    for (name, text) in
        [("x_Eleves_.csv", PUPILS), ("x_Responsables_.csv", RELATIVES), ("x_Enseignants_.csv", TEACHERS)]
    {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("a member");
        archive.write_all(text.as_bytes()).expect("a member");
    }
    archive.finish().expect("an archive");
    let outcome = read_spec(&TableSpec { school: None, ..spec(&path, Layout::Onde) }, &Earlier::default());
    assert_eq!(outcome.value(Category::Structure, 0, "ENTStructureUAI"), Some("0350998W"));
    assert_eq!(outcome.value(Category::Structure, 0, "ENTStructureNomCourant"), Some("Ecole du Centre"));
    assert_eq!(outcome.value(Category::Structure, 0, "ENTStructureTypeStruct"), Some("ECOLE MATERNELLE"));
    assert_eq!(outcome.value(Category::Staff, 0, "ENTAuxEnsClasses"), Some("0350998W$Bleue"));
    assert_eq!(outcome.completeness, [Completeness::Whole; 6]);
}

#[test]
fn without_a_school_nobody_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("eleves.csv", PUPILS.into())]);
    let outcome = read_spec(&TableSpec { school: None, ..spec(folder.path(), Layout::Csv) }, &Earlier::default());
    assert_eq!(outcome.kept.records.len(), 0);
    assert!(outcome.codes().contains(&Code::SchoolUnknown));
    assert_eq!(outcome.completeness_of(Category::Pupil), Completeness::Partial);
}

/// What a night before knew: Maude answers for Léa.
fn earlier(outcome: &Outcome) -> Earlier {
    let links = outcome
        .of(Category::Pupil)
        .map(|record| (record.key.clone(), record.fields.values("ENTElevePersRelEleve").map(Into::into).collect()));
    Earlier { links: links.collect() }
}

#[test]
fn links_stay_when_the_relatives_are_missing_or_damaged() {
    let whole =
        [("eleves.csv", PUPILS.into()), ("responsables.csv", RELATIVES.into()), ("enseignants.csv", TEACHERS.into())];
    let before = read_files(Layout::Onde, &whole);
    let link = before.value(Category::Pupil, 0, "ENTElevePersRelEleve").expect("a link").to_owned();
    let after = |files: &[(&str, Vec<u8>)]| {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), files);
        read_spec(&spec(folder.path(), Layout::Onde), &earlier(&before))
    };
    let missing = after(&[whole[0].clone(), whole[2].clone()]);
    assert_eq!(missing.value(Category::Pupil, 0, "ENTElevePersRelEleve"), Some(link.as_str()));
    assert_eq!(missing.completeness_of(Category::Relative), Completeness::Partial);
    assert_eq!(missing.completeness_of(Category::Pupil), Completeness::Whole);
    assert!(missing.finding_of(Code::MissingCategory).message.contains("responsables"));
    let damaged = RELATIVES.replace("LE GALL;Maude", ";Maude");
    let damaged = after(&[whole[0].clone(), ("responsables.csv", damaged.into()), whole[2].clone()]);
    assert_eq!(damaged.value(Category::Pupil, 0, "ENTElevePersRelEleve"), Some(link.as_str()));
    assert_eq!(damaged.completeness_of(Category::Relative), Completeness::Partial);
    // Whole, and without her: she no longer answers for anybody.
    let gone = RELATIVES.replace("LE GALL;Maude", "LE GALL;Yann");
    let gone = after(&[whole[0].clone(), ("responsables.csv", gone.into()), whole[2].clone()]);
    assert_ne!(gone.value(Category::Pupil, 0, "ENTElevePersRelEleve"), Some(link.as_str()));
    assert_eq!(gone.completeness, [Completeness::Whole; 6]);
}

#[test]
fn a_namesake_does_not_take_a_child_away() {
    let files = |pupils: &str| [("eleves.csv", pupils.into()), ("responsables.csv", RELATIVES.into())];
    let before = read_files(Layout::Csv, &files(PUPILS));
    let twice = format!("{PUPILS}LE GALL;Léa;05/11/2015;PS;Bleue\n");
    let alone = read_files(Layout::Csv, &files(&twice));
    assert!(alone.codes().contains(&Code::ChildAmbiguous));
    assert!(alone.of(Category::Pupil).all(|record| record.fields.first("ENTElevePersRelEleve").is_none()));
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &files(&twice));
    let after = read_spec(&spec(folder.path(), Layout::Csv), &earlier(&before));
    assert!(!after.codes().contains(&Code::ChildAmbiguous));
    let linked: Vec<bool> =
        after.of(Category::Pupil).map(|record| record.fields.first("ENTElevePersRelEleve").is_some()).collect();
    assert_eq!(linked, [true, false]);
}

#[test]
fn last_weeks_file_beside_this_weeks() {
    let outcome = read_files(Layout::Csv, &[("eleves.csv", PUPILS.into()), ("eleves (1).csv", PUPILS.into())]);
    assert!(outcome.codes().contains(&Code::DuplicatePart));
    assert_eq!(outcome.of(Category::Pupil).count(), 2);
}
