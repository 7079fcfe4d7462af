//! What tests stand on: a real slapd, a peer that misbehaves at command, a store in a folder of its own.

pub mod academy;
pub mod browser;
pub mod delivery;
pub mod ds389;
pub mod peer;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod slapd;
pub mod smtp;

use rentree::directory::embedded::Embedded;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Dn, Entry, Modification, Operation, Pace, Value};
use rentree::store::Store;
use tempfile::TempDir;

/// The suffix of every directory in the tests.
pub const SUFFIX: &str = "dc=esco-centre,dc=fr";

pub fn dn(text: &str) -> Dn {
    Dn::parse(text).unwrap()
}

/// An embedded directory with its suffix, in a folder that lives as long as the guard.
pub async fn embedded() -> (Embedded, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}/rentree.db", folder.path().display())).await.unwrap();
    let directory = Embedded::new(store, dn(SUFFIX));
    assert!(directory.ensure_suffix().await.unwrap());
    assert!(!directory.ensure_suffix().await.unwrap());
    (directory, folder)
}

/// Every entry below the people branch of a server, sorted by name.
pub fn people(slapd: &slapd::Slapd) -> Vec<Entry> {
    try_people(slapd).expect("a server that reads its own database")
}

/// The same; nothing when the server has an internal error.
pub fn try_people(slapd: &slapd::Slapd) -> Option<Vec<Entry>> {
    let output = std::process::Command::new("ldapsearch")
        .args(["-x", "-LLL", "-o", "ldif_wrap=no", "-H", &slapd.url(), "-D", &slapd::Slapd::admin_dn()])
        .args(["-w", slapd::ADMIN_PASSWORD, "-b", &format!("ou=people,{SUFFIX}"), "-s", "one", "(uid=*)"])
        .output()
        .unwrap();
    if String::from_utf8_lossy(&output.stderr).contains("internal error in mdb_entry_decode") {
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut entries: Vec<_> =
        rentree::directory::ldif::Reader::new(output.stdout.as_slice()).map(Result::unwrap).collect();
    entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    Some(entries)
}

/// Replaces a first password, as its user does in the portal.
pub async fn choose_password(directory: &Ldap, entry: &Entry, password: &str) {
    let modification = Modification {
        attribute: "userPassword".to_owned(),
        delete: entry.values("userPassword").to_vec(),
        add: vec![Value::from(password)],
    };
    let operation = Operation::Modify { dn: entry.dn.clone(), modifications: vec![modification] };
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
}
