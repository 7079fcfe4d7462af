//! A primary school, from its export to the directory.

use std::path::Path;

use crate::support::program::Installation;

#[test]
fn a_school_of_the_first_degree() {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), config.replace("aaf-2d", "aaf-1d")).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds/aaf/first-degree");
    std::fs::create_dir(installation.feed()).unwrap();
    for file in std::fs::read_dir(sample).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, installation.feed().join(path.file_name().unwrap())).unwrap();
    }
    // One pupil has no class that can be read: he waits.
    let night = installation.sync(&["--today", "2026-09-02"], 3);
    assert_eq!(night["accounts"]["created"], 8, "{night}");
    assert_eq!((&night["accounts"]["held"], &night["accounts"]["out_of_scope"]), (&1.into(), &0.into()), "{night}");
    let again = installation.sync(&["--today", "2026-09-02", "--exit-held", "new"], 0);
    assert_eq!(again["accounts"]["unchanged"], 8, "{again}");
    let export = installation.run(&["export"]).stdout;
    let pupil = entry(&export, "givenName: Enora");
    // What the directory wants and the first degree lacks is said to be missing; the level is there.
    for line in ["ENTEleveMEF: -", "ENTEleveNivFormation: CE1", "ENTEleveLibelleMEF: -"] {
        assert!(pupil.contains(line), "{line} in {pupil}");
    }
    assert!(pupil.lines().any(|l| l.starts_with("ENTEleveClasses:") && l.ends_with("$44210")), "{pupil}");
    let group = entry(&export, "objectClass: ENTClasse");
    assert!(group.contains("44210") && group.contains("CE1-CE2 MME ROUX"), "{group}");
    let director = entry(&export, "sn: ROUX");
    assert!(director.contains("National_DIR") && director.contains("National_ENS"), "{director}");
}

/// The first entry that holds a line.
fn entry<'e>(export: &'e str, line: &str) -> &'e str {
    export
        .split("\n\n")
        .find(|entry| entry.lines().any(|l| l == line))
        .unwrap_or_else(|| panic!("no entry with {line} in {export}"))
}
