//! A check of a small delivery with every kind of trouble that a school knows, in all the forms that it is told.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::feed::Code;
use crate::feed::report::{Report, ReportOptions};
use crate::progress::Silent;

type Attributes<'a> = &'a [(&'a str, &'a [&'a str])];

/// Writes the file of a category.
fn write(folder: &Path, category: Category, records: &[(&str, Attributes<'_>)]) {
    let kind = if category.is_person() { "Personne" } else { "Structure" };
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ficAlimMENESR>\n");
    for (key, attributes) in records {
        let operational = category.operational_value();
        write!(
            xml,
            "<addRequest>\n<operationalAttributes><attr name=\"categorie{kind}\"><value>{operational}</value></attr></operationalAttributes>\n\
             <identifier><id>{key}</id></identifier>\n<attributes>\n"
        )
        .unwrap();
        for (name, values) in *attributes {
            let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
            writeln!(xml, "<attr name=\"{name}\">{values}</attr>").unwrap();
        }
        xml.push_str("</attributes>\n</addRequest>\n");
    }
    xml.push_str("</ficAlimMENESR>\n");
    std::fs::write(folder.join(format!("ENT_Complet_20260901_{category}_0000.xml")), xml).unwrap();
}

/// A collège and a lycée; only the collège has something to mend.
fn delivery(folder: &Path) {
    let clean: Attributes<'_> = &[
        ("sn", &["TANGUY"]),
        ("givenName", &["Maël"]),
        ("ENTPersonDateNaissance", &["04/05/2010"]),
        ("ENTEleveINE", &["123456789HK"]),
        ("ENTPersonStructRattach", &["200"]),
        ("ENTEleveClasses", &["200$2DE 1"]),
        ("ENTElevePersRelEleve", &["20$10$1$1$0$0"]),
    ];
    let hostile: Attributes<'_> = &[
        ("sn", &["&lt;script&gt;alert(1)&lt;/script&gt;"]),
        ("givenName", &["=Léa"]),
        ("ENTPersonDateNaissance", &["14/03/2013"]),
        ("homePhone", &["01 23"]),
        ("mail", &["lea@"]),
        ("ENTEleveINE", &["0123456789A"]),
        ("ENTPersonStructRattach", &["100"]),
        ("ENTEleveClasses", &["100$6A"]),
        ("ENTElevePersRelEleve", &["10$10$1$1$0$0", "11$20$0$1$0$0"]),
    ];
    write(
        folder,
        Category::Structure,
        &[
            (
                "100",
                &[
                    ("ENTStructureUAI", &["0290009C"]),
                    ("ENTStructureSIREN", &["19290009000015"]),
                    ("ENTStructureNomCourant", &["CLG$LES TILLEULS$DINAN"]),
                    ("ENTStructureTypeStruct", &["COLLEGE"]),
                    ("ENTStructureClasses", &["6A$SIXIEME A$10010012110", "6B"]),
                ],
            ),
            (
                "200",
                &[
                    ("ENTStructureUAI", &["0291595B"]),
                    ("ENTStructureNomCourant", &["LGT$DES DUNES$BREST"]),
                    ("ENTStructureClasses", &["2DE 1"]),
                ],
            ),
            ("300", &[("ENTStructureUAI", &["0210066H"]), ("ENTStructureNomCourant", &["CIO DE MORLAIX"])]),
        ],
    );
    write(folder, Category::Subject, &[("020700", &[("ENTLibelleMatiere", &["FRANCAIS"])])]);
    write(folder, Category::Mef, &[("10010012110", &[("ENTLibelleMef", &["6EME"])])]);
    write(
        folder,
        Category::Pupil,
        &[
            ("1", hostile),
            (
                "2",
                &[
                    ("sn", &["ABGRALL"]),
                    ("givenName", &["Nolwenn"]),
                    ("ENTPersonDateNaissance", &["02/01/2014"]),
                    ("ENTPersonStructRattach", &["100"]),
                    ("ENTElevePersRelEleve", &["10$10$1$1$0$0"]),
                ],
            ),
            (
                "3",
                &[
                    ("sn", &["LE BRAS"]),
                    ("givenName", &["Malo"]),
                    ("ENTPersonStructRattach", &["100"]),
                    ("ENTEleveClasses", &["100$6B"]),
                ],
            ),
            ("4", clean),
        ],
    );
    write(
        folder,
        Category::Relative,
        &[
            ("10", &[("sn", &["ABGRALL"]), ("givenName", &["Yann"]), ("mail", &["yann abgrall@example.fr"])]),
            ("11", &[("sn", &["CADIOU"]), ("mail", &["c@example.fr"])]),
            ("20", &[("sn", &["TANGUY"]), ("givenName", &["Rozenn"]), ("mail", &["r.tanguy@example.fr"])]),
        ],
    );
    write(
        folder,
        Category::Staff,
        &[(
            "30",
            &[
                ("sn", &["ORIANO"]),
                ("givenName", &["Élise"]),
                ("ENTPersonFonctions", &["100$ENS$ENSEIGNEMENT$L0202$LETTRES"]),
                ("ENTAuxEnsClassesPrincipal", &["100$6B"]),
                ("PersEducNatPresenceDevantEleves", &["O"]),
            ],
        )],
    );
}

fn checked(folder: &TempDir, conformity: bool) -> Checkup {
    let feed = folder.path().join("feed");
    std::fs::create_dir_all(&feed).unwrap();
    delivery(&feed);
    let text = "[store]\nurl = \"sqlite:x.db\"\n\n[[source]]\nname = \"AC-TEST\"\nkind = \"aaf-2d\"\npath = \"feed\"\n\n\
                [directory]\nkind = \"embedded\"\nsuffix = \"dc=example,dc=fr\"\n";
    let config = Config::parse(text, &folder.path().join("rentree.toml")).unwrap();
    check(&config, 1, &Silent, conformity).unwrap()
}

fn text(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_operator_reads_a_table_and_the_findings() {
    let checkup = checked(&tempfile::tempdir().unwrap(), false);
    assert!(checkup.conformity.is_none());
    let mut report = Report::new();
    report.extend(checkup.findings.iter().cloned());
    let schools = checkup.schools.iter().map(|s| (s.uai.to_string(), s.name.clone())).collect();
    let options = ReportOptions { schools, ..ReportOptions::default() };
    insta::assert_snapshot!(text(|out| {
        summary(&checkup, out)?;
        report.text(&options, out)
    }));
}

#[test]
fn every_finding_of_a_person_names_him() {
    let checkup = checked(&tempfile::tempdir().unwrap(), false);
    let about = |code: Code| checkup.findings.iter().find(|f| f.code == code).unwrap();
    assert_eq!(about(Code::PupilWithoutClass).whom().as_deref(), Some("ABGRALL Nolwenn"));
    assert_eq!(about(Code::MissingBirthDate).whom().as_deref(), Some("LE BRAS Malo (6B)"));
    let relative = about(Code::MissingFirstName);
    assert!(relative.whom().is_some_and(|whom| whom.starts_with("CADIOU (responsable de ") && whom.ends_with("(6A)")));
    for finding in checkup.findings.iter().filter(|f| f.key.is_some() && f.category.is_some_and(Category::is_person)) {
        assert!(finding.subject.is_some() && finding.school.is_some() && finding.origin.is_some(), "{finding:?}");
    }
}

/// The trouble of a delivery is told to the schools that it concerns.
#[test]
fn a_school_hears_of_its_own_sources() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, broken] = ["whole", "broken"].map(|name| folder.path().join(name));
    for feed in [&whole, &broken] {
        std::fs::create_dir(feed).unwrap();
        delivery(feed);
    }
    for file in std::fs::read_dir(&broken).unwrap() {
        let path = file.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        // Other schools, and other people: the same INE would be the same pupil.
        for (from, to) in [("0290009C", "0350001A"), ("0291595B", "0350002B"), ("123456789", "987654321")] {
            text = text.replace(from, to);
        }
        let end = if path.to_str().unwrap().contains("_PersEducNat_") { text.len() / 2 } else { text.len() };
        std::fs::write(&path, &text[..end]).unwrap();
    }
    let source = |name| format!("[[source]]\nname = \"AC-{name}\"\nkind = \"aaf-2d\"\npath = \"{name}\"\n\n");
    let text = format!(
        "[store]\nurl = \"sqlite:x.db\"\n\n{}{}[directory]\nkind = \"embedded\"\nsuffix = \"dc=example,dc=fr\"\n",
        source("whole"),
        source("broken")
    );
    let config = Config::parse(&text, &folder.path().join("rentree.toml")).unwrap();
    let out = folder.path().join("pages");
    pages(&check(&config, 1, &Silent, false).unwrap(), &out).unwrap();
    for (uai, own, other, trouble) in
        [("0290009C", "AC-whole", "AC-broken", false), ("0350001A", "AC-broken", "AC-whole", true)]
    {
        let page = std::fs::read_to_string(out.join(format!("{uai}.html"))).unwrap();
        assert!(page.contains(own) && !page.contains(other), "{page}");
        assert_eq!(page.contains("La livraison a elle-même un défaut"), trouble, "{page}");
    }
}

#[test]
fn a_page_for_the_secretariat() {
    let folder = tempfile::tempdir().unwrap();
    let checkup = checked(&folder, false);
    let out = folder.path().join("pages");
    pages(&checkup, &out).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&out), 0o700);
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(!page.contains("<script") && !page.contains("<SCRIPT"), "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["0290009C.html", "0291595B.html", "index.html"]);
    let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
    assert!(read("0291595B.html").contains("Rien à corriger"));
    let body = |page: String| page.split_once("<main>").unwrap().1.replace(env!("CARGO_PKG_VERSION"), "0.0.0");
    insta::assert_snapshot!("page", body(read("0290009C.html")));
    insta::assert_snapshot!("index", body(read("index.html")));
}

#[test]
fn a_table_for_a_spreadsheet() {
    let folder = tempfile::tempdir().unwrap();
    let checkup = checked(&folder, false);
    let path = folder.path().join("findings.csv");
    csv(&checkup, &path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.starts_with('\u{feff}') && written.contains("\r\n"));
    insta::assert_snapshot!(written.trim_start_matches('\u{feff}').replace("\r\n", "\n"));
}

#[test]
fn the_grid_of_conformity() {
    let checkup = checked(&tempfile::tempdir().unwrap(), true);
    let grid = checkup.conformity.unwrap();
    insta::assert_snapshot!(text(|out| conformity::text(&grid, out)));
    let count = |school: usize, id: &str| {
        let (_, count) = grid.schools[school].rules.iter().find(|(rule, _)| *rule == id).unwrap();
        (count.met, count.of)
    };
    // The rejected pupil and relative count where they are missing something.
    assert_eq!(count(0, "pupil-birth-date"), (2, 3));
    assert_eq!(count(0, "relative-first-name"), (1, 2));
    assert_eq!(count(1, "relative-pupil"), (1, 1));
    assert_eq!(count(1, "structure-siret"), (0, 1));
    let json = serde_json::to_value(&grid).unwrap();
    assert_eq!(json["rules"][0]["level"], "MUST");
    assert_eq!(json["rules"][0]["of"], 2, "a structure without pupils is not counted");
}
