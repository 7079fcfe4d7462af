//! Several sources, and sources that change their name.

use std::collections::BTreeMap;

use crate::support::people;
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

/// By uid: the stored password and the join keys.
fn accounts(slapd: &Slapd) -> BTreeMap<String, (String, Vec<String>)> {
    people(slapd)
        .into_iter()
        .map(|e| {
            let first = |name: &str| e.first(name).unwrap().to_owned();
            (first("uid"), (first("userPassword"), e.texts("ENTPersonJointure").map(str::to_owned).collect()))
        })
        .collect()
}

/// The academy is renamed: every account stays, with its password, and takes the new key; an envelope that was sealed
/// before opens all the same.
#[test]
fn a_renamed_academy_keeps_its_accounts() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 30, 0, false);
    let first = installation.sync(&[], 0);
    let before = accounts(&slapd);

    let text = std::fs::read_to_string(installation.config()).unwrap();
    let renamed = text.replace(
        "kind = \"aaf-2d\"",
        "kind = \"aaf-2d\"\nkey_prefix = \"AC-GRAND-TEST\"\nprevious_prefixes = [\"AC-TEST\"]",
    );
    std::fs::write(installation.config(), renamed).unwrap();
    let second = installation.sync(&[], 0);
    assert_eq!(second["accounts"]["created"], 0, "{second}");
    assert_eq!(second["accounts"]["updated"], first["accounts"]["created"], "{second}");
    assert_eq!(second["departures"]["absent"], 0, "{second}");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");

    let after = accounts(&slapd);
    assert_eq!(before.len(), after.len());
    for (uid, (password, keys)) in &before {
        let (same_password, new_keys) = &after[uid];
        assert_eq!(password, same_password);
        assert!(new_keys.contains(&keys[0].replace("AC-TEST$", "AC-GRAND-TEST$")), "{new_keys:?}");
    }
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[cfg(feature = "letters")]
#[test]
fn an_envelope_sealed_under_the_former_key_opens() {
    let installation = Installation::embedded();
    installation.simulate(1, 8, 0, false);
    let first = installation.sync(&[], 0);
    let text = std::fs::read_to_string(installation.config()).unwrap();
    let renamed =
        text.replace("kind = \"aaf-2d\"", "kind = \"aaf-2d\"\nkey_prefix = \"NEW\"\nprevious_prefixes = [\"AC-TEST\"]");
    std::fs::write(installation.config(), renamed).unwrap();
    installation.sync(&[], 0);
    let out = installation.home().join("sheets");
    let (out, key) = (out.to_str().unwrap(), installation.key());
    let answer = installation.run(&["letters", "--out", out, "--key", key.to_str().unwrap(), "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let printed = crate::support::program::printed(std::path::Path::new(out));
    assert!(printed.len() as u64 >= first["credentials"]["issued"].as_u64().unwrap(), "{}", answer.stdout);
}

/// Two sources on one prefix are refused unless the operator answers for their keys.
#[test]
fn a_shared_prefix_must_be_meant() {
    let installation = Installation::embedded();
    installation.simulate(1, 8, 0, false);
    let text = std::fs::read_to_string(installation.config()).unwrap();
    let second = |more: &str| {
        format!(
            "{}\n[[source]]\nname = \"AC-TWO\"\nkind = \"aaf-2d\"\npath = \"feed\"\nkey_prefix = \"AC-TEST\"\n{more}",
            text.replace("kind = \"aaf-2d\"", &format!("kind = \"aaf-2d\"\n{more}"))
        )
    };
    std::fs::write(installation.config(), second("")).unwrap();
    let answer = installation.run(&["sync", "--json"]);
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("keys_disjoint"), "{}", answer.stderr);
    std::fs::write(installation.config(), second("keys_disjoint = true")).unwrap();
    // The same people twice: one account each, and every record is counted.
    let summary = installation.sync(&[], 0);
    assert_eq!(summary["accounts"]["created"].as_u64().unwrap() % 2, 0, "{summary}");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

/// A workbook made to break its parser is a file that cannot be read, said once and in plain words.
#[test]
fn a_hostile_workbook_is_a_finding() {
    let installation = Installation::embedded();
    let text = std::fs::read_to_string(installation.config()).unwrap();
    let table = "kind = \"csv\"\n\n[source.school]\nuai = \"0960001X\"\nname = \"École du Port\"\n\n[ignored]";
    let text = text.replace("kind = \"aaf-2d\"", table).replace("[ignored]\npath = \"feed\"\n", "");
    let text = text.replace("name = \"AC-TEST\"\n", "name = \"AC-TEST\"\npath = \"feed\"\n");
    std::fs::write(installation.config(), text).unwrap();
    std::fs::create_dir_all(installation.feed()).unwrap();
    let workbook = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/table/book-endless-reference.xlsx");
    std::fs::copy(workbook, installation.feed().join("eleves.xlsx")).unwrap();
    let answer = installation.run(&["check"]);
    assert_eq!(answer.code, 3, "{}\n{}", answer.stderr, answer.stdout);
    assert!(answer.stdout.starts_with("Source AC-TEST : livraison non datée\n"), "{}", answer.stdout);
    assert!(answer.stdout.contains("eleves.xlsx classeur non lu"), "{}", answer.stdout);
    assert!(!answer.stderr.contains("panic"), "{}", answer.stderr);
}
