//! The Debian package: what is in it, and that systemd, man, the shells and the program take what it brings.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::Installation;

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {told}");
    told
}

/// Makes the package of the binary that the other tests drive, and lays out its files below a folder.
fn unpacked(folder: &Path) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_rentree"));
    let target = binary.parent().and_then(Path::parent).unwrap();
    let told = output(
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/package"))
            .arg("--debug")
            .env("CARGO_TARGET_DIR", target),
    );
    let package = told.lines().find(|line| line.contains("/debian/")).unwrap_or_else(|| panic!("no package: {told}"));
    let root = folder.join("root");
    output(Command::new("dpkg-deb").arg("-x").arg(package).arg(&root));
    output(Command::new("dpkg-deb").arg("-e").arg(package).arg(folder.join("control")));
    root
}

fn files(root: &Path, below: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

#[test]
fn what_the_package_brings_is_taken_by_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let root = unpacked(folder.path());
    let mut found = BTreeSet::new();
    files(&root, &root, &mut found);
    for expected in [
        "etc/rentree/rentree.toml",
        "usr/bin/rentree",
        "usr/lib/systemd/system/rentree.service",
        "usr/lib/systemd/system/rentree-sync.service",
        "usr/lib/systemd/system/rentree-sync.timer",
        "usr/lib/sysusers.d/rentree.conf",
        "usr/lib/tmpfiles.d/rentree.conf",
        "usr/share/bash-completion/completions/rentree",
        "usr/share/doc/rentree/copyright",
        "usr/share/doc/rentree/etablissement.md.gz",
        "usr/share/doc/rentree/exploitation.md.gz",
        "usr/share/fish/vendor_completions.d/rentree.fish",
        "usr/share/man/man1/rentree-sync.1.gz",
        "usr/share/rentree/schemas/ldap/10-ent-persons.schema",
        "usr/share/zsh/vendor-completions/_rentree",
    ] {
        let plain = expected.trim_end_matches(".gz");
        assert!(found.contains(expected) || found.contains(plain), "{expected} is missing: {found:#?}");
    }
    let conffiles = std::fs::read_to_string(folder.path().join("control/conffiles")).unwrap();
    assert_eq!(conffiles.trim(), "/etc/rentree/rentree.toml");
    let after = std::fs::read_to_string(folder.path().join("control/postinst")).unwrap();
    assert!(!after.contains("#DEBHELPER#") && after.contains("systemd-sysusers"), "{after}");
    assert!(!after.contains("deb-systemd-invoke"), "nothing starts by itself: {after}");

    units(&root, folder.path());
    pages(&root);
    completions(&root);
    configuration(&root);
}

/// systemd understands the units, and finds little that they could harm.
fn units(root: &Path, scratch: &Path) {
    let units = root.join("usr/lib/systemd/system");
    let (there, binary) = ("/usr/bin/rentree", root.join("usr/bin/rentree"));
    let copies: Vec<PathBuf> = ["rentree.service", "rentree-sync.service", "rentree-sync.timer"]
        .map(|name| {
            let unit = std::fs::read_to_string(units.join(name)).unwrap();
            let copy = scratch.join(name);
            std::fs::write(&copy, unit.replace(there, binary.to_str().unwrap())).unwrap();
            copy
        })
        .to_vec();
    let told = output(Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&copies));
    assert!(!told.contains("rentree"), "{told}");
    for service in &copies[..2] {
        // In tenths: 0 is the least exposed, 100 the most.
        output(Command::new("systemd-analyze").args(["security", "--offline=true", "--threshold=20"]).arg(service));
    }
}

/// Every verb has its page, and man has nothing to say against any.
fn pages(root: &Path) {
    let folder = root.join("usr/share/man/man1");
    let mut verbs = 0;
    for page in std::fs::read_dir(&folder).unwrap() {
        let page = page.unwrap().path();
        let told = output(
            Command::new("man").args(["--warnings", "-E", "UTF-8", "-Tutf8", "-l"]).arg(&page).env("MANPAGER", "cat"),
        );
        assert!(!told.contains("warning"), "{}: {told}", page.display());
        verbs += 1;
    }
    assert!(verbs > 50, "{verbs} pages");
}

fn completions(root: &Path) {
    let script = root.join("usr/share/bash-completion/completions/rentree");
    let ask =
        "source \"$0\"; COMP_WORDS=(rentree sy); COMP_CWORD=1; _rentree rentree sy rentree; echo \"${COMPREPLY[@]}\"";
    let told = output(Command::new("bash").args(["-c", ask]).arg(script));
    assert_eq!(told.trim(), "sync");
}

/// The shipped configuration is right as it is, but for what only the operator can say.
fn configuration(root: &Path) {
    let installation = Installation::embedded();
    let home = installation.home();
    let text = std::fs::read_to_string(root.join("etc/rentree/rentree.toml")).unwrap();
    assert!(text.contains("sqlite:/var/lib/rentree/rentree.db") && !text.contains("@RECIPIENT@"), "{text}");
    let config = home.join("shipped.toml");
    std::fs::write(&config, text.replace("/var/lib/rentree", home.join("var").to_str().unwrap())).unwrap();
    std::fs::create_dir_all(home.join("var/depots")).unwrap();
    let ask = |arguments: &[&str]| {
        Command::new(root.join("usr/bin/rentree")).arg("--config").arg(&config).args(arguments).output().unwrap()
    };
    let told = String::from_utf8(ask(&["doctor"]).stdout).unwrap();
    let bad: Vec<&str> = told.lines().filter(|line| line.starts_with('✗')).collect();
    assert_eq!(bad.len(), 2, "{told}");
    assert!(bad[0].contains("source") && bad[1].contains("clé d'impression"), "{told}");
    // The key that is missing, as `doctor` advises; the configuration stays as it is.
    let media = tempfile::tempdir().unwrap();
    let key = media.path().join("impression.key");
    let made = ask(&["init", "--key-only", "--without-passphrase", "--key-out", key.to_str().unwrap()]);
    let told = String::from_utf8(made.stdout).unwrap();
    let line = told.lines().find(|line| line.starts_with("recipients = ")).unwrap_or_else(|| panic!("{told}"));
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("recipients = []", line)).unwrap();
    let told = String::from_utf8(ask(&["doctor"]).stdout).unwrap();
    assert_eq!(told.lines().filter(|line| line.starts_with('✗')).count(), 1, "{told}");
}
