//! What is printed opens the account, and lies nowhere else.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;

use crate::support::people;
use crate::support::program::{Installation, printed};
use crate::support::slapd::Slapd;

#[tokio::test]
async fn every_printed_credential_binds_and_nothing_else_does() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    let out = installation.home().join("sheets");
    let answer = installation.run(&[
        "letters",
        "--out",
        out.to_str().unwrap(),
        "--key",
        installation.key().to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let answered = answer.json();
    let announced: u64 = answered["files"].as_array().unwrap().iter().map(|f| f["sheets"].as_u64().unwrap()).sum();
    let printed = printed(&out);
    assert_eq!(printed.len() as u64, announced);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let accounts: HashMap<String, _> =
        people(&slapd).into_iter().map(|e| (e.first("ENTPersonLogin").unwrap().to_owned(), e)).collect();
    for (login, password) in &printed {
        let entry = &accounts[login];
        assert!(directory.bind(&entry.dn, password).await.unwrap(), "{login}");
        let hash = entry.first("userPassword").unwrap();
        assert!(hash.starts_with("{ARGON2}$argon2id$"));
        assert!(!directory.bind(&entry.dn, hash).await.unwrap(), "the stored string is no password");
    }
    // Everybody got a sheet.
    let distinct: std::collections::HashSet<&String> = printed.iter().map(|(login, _)| login).collect();
    assert_eq!(distinct.len(), accounts.len());

    no_secret_at_rest(&installation.home(), &out, &printed);
    assert!(!answer.stdout.contains(&printed[0].1) && !answer.stderr.contains(&printed[0].1));

    // Nobody is new any more.
    let again = installation.run(&[
        "letters",
        "--new",
        "--out",
        installation.home().join("again").to_str().unwrap(),
        "--key",
        installation.key().to_str().unwrap(),
        "--json",
    ]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(again.json()["files"].as_array().unwrap().len(), 0);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// No file but the sheets holds a printed password; every file is its owner's alone.
fn no_secret_at_rest(home: &Path, sheets: &Path, printed: &[(String, String)]) {
    let mut folders = vec![home.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("feed") {
                    folders.push(path);
                }
                continue;
            }
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
            if path.starts_with(sheets) {
                continue;
            }
            seen += 1;
            let bytes = std::fs::read(&path).unwrap();
            for (_, password) in printed {
                let found = bytes.windows(password.len()).any(|w| w == password.as_bytes());
                assert!(!found, "a password lies in {}", path.display());
            }
        }
    }
    assert!(seen >= 3, "store, configuration and plan were looked at");
}

#[test]
fn a_wrong_key_opens_nothing() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let other = Installation::embedded();
    let out = installation.home().join("sheets");
    let answer = installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", other.key().to_str().unwrap()]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(!out.exists() || std::fs::read_dir(out).unwrap().next().is_none());
}

/// The first command of the README.
#[test]
fn the_demonstration_shows_everything() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rentree"))
        .args(["demo", "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("Plan :") && stdout.contains("fiches/"), "{stdout}");
    let sheets = std::fs::read_dir(out.join("fiches")).unwrap().count();
    assert!(sheets > 3, "{sheets}");
}

/// The same credentials in every layout, and a list that needs no key and is no printing.
#[test]
fn whatever_the_layout_the_credentials_are_the_same() {
    let installation = Installation::embedded();
    installation.simulate(1, 24, 0, false);
    installation.sync(&[], 0);
    let key = installation.key();
    let words = |arguments: &[&str], folder: &str| -> Vec<Vec<String>> {
        let out = installation.home().join(folder);
        let answer = installation.run(&[arguments, &["--out", out.to_str().unwrap(), "--json"]].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let mut files: Vec<_> = std::fs::read_dir(&out).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let read = |file: &std::path::PathBuf| {
            let output = std::process::Command::new("pdftotext").arg(file).arg("-").output().unwrap();
            String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
        };
        files.iter().map(read).collect()
    };
    let with_key = ["letters", "--profile", "pupil", "--key", key.to_str().unwrap()];
    words(&with_key, "letter");
    let printed = printed(&installation.home().join("letter"));
    assert_eq!(printed.len(), 24);
    for layout in ["half", "cards", "large"] {
        let all = words(&[&with_key[..], &["--layout", layout]].concat(), layout).concat();
        for exact in printed.iter().flat_map(|(login, password)| [login, password]) {
            assert_eq!(all.iter().filter(|word| word == &exact).count(), 1, "{layout} {exact}");
        }
    }
    let sheets = installation.run(&["audit", "show", "--json", "--kind", "printed"]).stdout;
    let list = words(&["letters", "--profile", "pupil", "--list"], "list").concat();
    for (login, password) in &printed {
        assert!(list.contains(login) && !list.contains(password), "{login}");
    }
    assert_eq!(installation.run(&["audit", "show", "--json", "--kind", "printed"]).stdout, sheets, "nothing printed");
}
