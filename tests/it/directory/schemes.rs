//! Which scheme of passwords each server is proved to check, and that the proof leaves nothing behind.

use futures_util::TryStreamExt as _;
use rentree::apply::probe::{ProbeError, Proof, Refusal, prove, remove_left};
use rentree::config::{Argon2Config, CredentialsConfig, PasswordScheme};
use rentree::credentials::Scheme;
use rentree::directory::dialect::Dialect;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory, Operation, Search};

use super::suite::one;
use crate::support::ds389::Ds389;
use crate::support::slapd::{Options, Passwords, Slapd};
use crate::support::{dn, embedded};

/// Hashing made cheap: it is not what these tests are about.
pub fn cheap() -> CredentialsConfig {
    let argon2 = Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
    CredentialsConfig { argon2, pbkdf2_rounds: 10_000, ..CredentialsConfig::default() }
}

async fn proof(directory: &dyn Directory, dialect: &Dialect, wanted: PasswordScheme) -> Result<Proof, ProbeError> {
    prove(directory, dialect, &cheap(), &Scheme::allowed(wanted)).await
}

async fn people(directory: &dyn Directory) -> usize {
    let search = Search {
        base: dn(&format!("ou=people,{}", crate::support::SUFFIX)),
        filter: "(uid=*)".into(),
        attributes: vec!["1.1".into()],
    };
    let found: Vec<_> = directory.search(search).await.unwrap().try_collect().await.unwrap();
    found.len()
}

async fn slapd(passwords: Passwords) -> (Slapd, Ldap, Dialect) {
    let slapd = Slapd::with(&Options { passwords, ..Options::default() });
    // An ordinary account, not the administrator whom nothing is refused.
    let config = slapd.sync_config();
    let directory = Ldap::connect(&config).await.unwrap();
    let dialect = Dialect::load(&config).unwrap();
    (slapd, directory, dialect)
}

#[tokio::test]
async fn openldap_with_argon2_checks_argon2() {
    let (_slapd, directory, dialect) = slapd(Passwords::Argon2).await;
    let proof = proof(&directory, &dialect, PasswordScheme::Auto).await.unwrap();
    assert_eq!(proof.scheme, Scheme::Argon2);
    assert_eq!(proof.refused, []);
    assert_eq!(people(&directory).await, 0);
}

#[tokio::test]
async fn openldap_without_it_falls_back_to_what_it_checks() {
    let (_slapd, directory, dialect) = slapd(Passwords::Sha2).await;
    let auto = proof(&directory, &dialect, PasswordScheme::Auto).await.unwrap();
    assert_eq!(auto.scheme, Scheme::Ssha512);
    let fails = |scheme| (scheme, Refusal::PasswordFails);
    assert_eq!(auto.refused, [fails(Scheme::Argon2), fails(Scheme::Pbkdf2Sha512)]);
    assert_eq!(people(&directory).await, 0);
}

#[tokio::test]
async fn a_server_that_checks_none_stops_the_run_and_keeps_nothing() {
    let (_slapd, directory, dialect) = slapd(Passwords::Core).await;
    for wanted in [PasswordScheme::Auto, PasswordScheme::Argon2] {
        let error = proof(&directory, &dialect, wanted).await.unwrap_err();
        assert!(matches!(error, ProbeError::NoScheme { .. }), "{error:?}");
        let told = error.to_string();
        assert!(told.contains("argon2: the password does not bind") && told.contains("module argon2"), "{told}");
    }
    assert_eq!(people(&directory).await, 0);
}

#[tokio::test]
async fn the_embedded_directory_checks_argon2_alone() {
    let (directory, _folder) = embedded().await;
    let config = toml::from_str(&format!("kind = \"embedded\"\nsuffix = \"{}\"\n", crate::support::SUFFIX)).unwrap();
    let dialect = Dialect::load(&config).unwrap();
    let branches = [dialect.people_branch().clone()];
    rentree::directory::ensure_branches(&directory, &dn(crate::support::SUFFIX), &branches).await.unwrap();
    assert_eq!(proof(&directory, &dialect, PasswordScheme::Auto).await.unwrap().scheme, Scheme::Argon2);
    assert!(proof(&directory, &dialect, PasswordScheme::Ssha512).await.is_err());
    assert_eq!(people(&directory).await, 0);
}

#[tokio::test]
async fn what_a_killed_run_left_goes_and_namesakes_stay() {
    let (_slapd, directory, dialect) = slapd(Passwords::Argon2).await;
    one(&directory, Operation::Add(dialect.probe("left", "{ARGON2}x"))).await.unwrap();
    // A person who happens to be called like a probe.
    let mut person = super::suite::person("F1700ivg");
    person.attributes.retain(|(name, _)| name != "cn");
    person.push("cn", ["RENTREE SONDE"]);
    one(&directory, Operation::Add(person)).await.unwrap();
    assert_eq!(remove_left(&directory, &dialect).await.unwrap(), 1);
    assert_eq!(remove_left(&directory, &dialect).await.unwrap(), 0);
    assert_eq!(people(&directory).await, 1);
}

#[tokio::test]
async fn an_account_without_the_right_is_told_so() {
    let slapd = Slapd::with(&Options { read_only: true, ..Options::default() });
    let config = slapd.sync_config();
    let directory = Ldap::connect(&config).await.unwrap();
    let error = proof(&directory, &Dialect::load(&config).unwrap(), PasswordScheme::Auto).await.unwrap_err();
    assert!(matches!(error, ProbeError::Add { .. }), "{error:?}");
    assert!(error.to_string().contains("right to add"), "{error}");
}

#[tokio::test]
async fn a_389_server_takes_argon2_for_a_password_and_checks_pbkdf2() {
    let server = Ds389::start();
    let config = server.config();
    let directory = Ldap::connect(&config).await.unwrap();
    let dialect = Dialect::load(&config).unwrap();
    let auto = proof(&directory, &dialect, PasswordScheme::Auto).await.unwrap();
    assert_eq!(auto.scheme, Scheme::Pbkdf2Sha512);
    assert_eq!(auto.refused, [(Scheme::Argon2, Refusal::HashBinds)]);
    assert_eq!(proof(&directory, &dialect, PasswordScheme::Ssha512).await.unwrap().scheme, Scheme::Ssha512);
    let error = proof(&directory, &dialect, PasswordScheme::Argon2).await.unwrap_err().to_string();
    assert!(error.contains("the hash itself binds"), "{error}");
    assert_eq!(people(&directory).await, 0);

    // The lock of the shipped dialect would be a password of its own there, and the user's own would be lost.
    let config = server.config_for_openldap();
    let shipped = Dialect::load(&config).unwrap();
    let error = proof(&directory, &shipped, PasswordScheme::Auto).await.unwrap_err();
    assert!(matches!(error, ProbeError::Lock { .. }), "{error:?}");
    assert!(error.to_string().contains("nsAccountLock"), "{error}");
    assert_eq!(people(&directory).await, 0);

    // As such a server is out of the box, an ordinary account may not write hashes.
    server.modify("dn: cn=config\nchangetype: modify\nreplace: nsslapd-allow-hashed-passwords\nnsslapd-allow-hashed-passwords: off\n");
    let error = proof(&directory, &dialect, PasswordScheme::Auto).await.unwrap_err();
    assert!(error.to_string().contains("nsslapd-allow-hashed-passwords"), "{error}");
    assert_eq!(people(&directory).await, 0);
}
