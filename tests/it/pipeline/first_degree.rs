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
    let entries = installation.entries();
    let entry = |attribute: &str, value: &str| {
        let found = entries.iter().find(|e| e.texts(attribute).any(|v| v == value));
        found.unwrap_or_else(|| panic!("no entry with {attribute} {value}"))
    };
    let pupil = entry("givenName", "Enora");
    // What the directory wants and the first degree lacks is said to be missing; the level is there.
    for (attribute, value) in [("ENTEleveMEF", "-"), ("ENTEleveNivFormation", "CE1"), ("ENTEleveLibelleMEF", "-")] {
        assert_eq!(pupil.texts(attribute).collect::<Vec<_>>(), [value], "{attribute}");
    }
    assert!(pupil.texts("ENTEleveClasses").any(|class| class.ends_with("$44210")), "{pupil:?}");
    let mut groups = entries.iter().filter(|e| e.texts("objectClass").any(|c| c == "ENTClasse"));
    let group = groups.find(|g| g.texts("cn").any(|cn| cn.contains("44210"))).expect("a class");
    assert!(group.texts("description").any(|words| words.contains("CE1-CE2 MME ROUX")), "{group:?}");
    let mut profiles: Vec<&str> = entry("sn", "ROUX").texts("ENTPersonProfils").collect();
    profiles.sort_unstable();
    assert_eq!(profiles, ["National_DIR", "National_ENS"]);
}
