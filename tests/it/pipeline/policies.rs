//! What first passwords are asked to be, on a server with a policy: short codes only where a lockout is seen, and a mark
//! that they are to be changed.

use rentree::directory::{Entry, ldif};

use crate::support::SUFFIX;
use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;
use crate::support::slapd::{Options, Slapd};

const OVERLAY: &str = "overlay ppolicy\nppolicy_default \"cn=regle,dc=esco-centre,dc=fr\"\n";

/// A server whose policy closes an account after so many failures.
fn with_policy(failures: u32) -> Slapd {
    with_policy_and(failures, &Options::default())
}

fn with_policy_and(failures: u32, options: &Options) -> Slapd {
    let options = Options { global: "moduleload ppolicy\n", database: OVERLAY, ..options.clone() };
    let mut slapd = Slapd::with(&options);
    let policy = format!(
        "dn: cn=regle,{SUFFIX}\nobjectClass: device\nobjectClass: pwdPolicy\ncn: regle\npwdAttribute: userPassword\n\
         pwdLockout: TRUE\npwdMaxFailure: {failures}\npwdMustChange: TRUE\n\n"
    );
    slapd.load_offline(policy.as_bytes());
    slapd
}

fn installation(slapd: &Slapd) -> Installation {
    let installation = Installation::with(&slapd.toml());
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let pupils = "[credentials.pupil]\nstyle = \"code\"\nentropy_bits = 28\nmust_change = true\n\n[credentials.argon2]";
    std::fs::write(installation.config(), config.replacen("[credentials.argon2]", pupils, 1)).unwrap();
    installation.simulate(1, 12, 0, false);
    installation
}

fn people(slapd: &Slapd) -> Vec<Entry> {
    let all = ldif::Reader::new(slapd.dump().as_slice()).map(Result::unwrap).collect::<Vec<Entry>>();
    all.into_iter().filter(|entry| entry.first("ENTPersonJointure").is_some()).collect()
}

#[test]
fn short_codes_wait_for_a_lockout_that_was_seen_and_are_to_be_changed() {
    let slapd = with_policy(5);
    let installation = installation(&slapd);
    let refused = installation.run(&["sync"]);
    assert_eq!(refused.code, 5, "{}\n{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("rentree doctor"), "{}", refused.stderr);
    assert_eq!(people(&slapd).len(), 0, "nobody was created");

    let doctor = installation.run(&["doctor"]);
    assert!(doctor.stdout.contains("10 essais faux ferment le compte"), "{}\n{}", doctor.stdout, doctor.stderr);
    assert!(doctor.stdout.contains("les comptes créés portent pwdReset"), "{}", doctor.stdout);
    assert_eq!(people(&slapd).len(), 0, "the probe is gone");

    installation.sync(&[], 0);
    let people = people(&slapd);
    let marked = |entry: &Entry| entry.first("pwdReset") == Some("TRUE");
    let is_pupil = |entry: &Entry| entry.texts("objectClass").any(|class| class == "ENTEleve");
    assert!(people.iter().filter(|entry| is_pupil(entry)).count() >= 12);
    assert!(people.iter().all(|entry| marked(entry) == is_pupil(entry)), "pupils, and nobody else");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

#[test]
fn without_a_lockout_there_are_no_short_codes() {
    let slapd = with_policy(20);
    let installation = installation(&slapd);
    let doctor = installation.run(&["doctor"]);
    assert!(doctor.stdout.contains("ne ferment pas le compte"), "{}\n{}", doctor.stdout, doctor.stderr);
    let refused = installation.run(&["sync"]);
    assert_eq!(refused.code, 5, "{}\n{}", refused.stdout, refused.stderr);
    assert_eq!(people(&slapd).len(), 0);
}

/// An ordinary account under the policy: it may not name the password that goes, and it locks, unlocks and reissues.
#[test]
fn an_account_under_the_policy_locks_and_replaces_passwords() {
    let slapd = with_policy_and(5, &Options { least_rights: true, ..Options::default() });
    let installation = Installation::with(&slapd.sync_toml());
    installation.simulate(1, 12, 0, false);
    // The probe locks and unlocks before anything is written.
    installation.sync(&[], 0);
    let before = people(&slapd);
    let pupil = before.iter().find(|entry| entry.texts("objectClass").any(|class| class == "ENTEleve")).unwrap();
    let key = pupil.first("ENTPersonJointure").unwrap();
    let done = installation.run(&["credentials", "reissue", "--person", key, "--reason", "essai", "--yes"]);
    assert_eq!(done.code, 0, "{}\n{}", done.stdout, done.stderr);
    for entry in people(&slapd) {
        let old = before.iter().find(|other| other.dn == entry.dn).unwrap();
        let same = old.values("userPassword") == entry.values("userPassword");
        assert_eq!(same, entry.dn != pupil.dn, "{}", entry.dn);
        assert_eq!(entry.values("userPassword").len(), 1, "{}", entry.dn);
    }
}

#[test]
fn doctor_warns_of_passwords_that_nothing_protects_until_a_lockout_was_seen() {
    let slapd = with_policy(5);
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 12, 0, false);
    let lockout = |arguments: &[&str]| {
        let checks = installation.run(&[&["doctor", "--json"], arguments].concat());
        let checks: serde_json::Value = serde_json::from_str(&checks.stdout).unwrap();
        let check = checks.as_array().unwrap().iter().find(|check| check["what"] == "verrouillage").unwrap().clone();
        (check["state"].as_str().unwrap().to_owned(), check["hint"].as_str().unwrap_or_default().to_owned())
    };
    let (state, hint) = lockout(&[]);
    assert_eq!(state, "warning");
    assert!(hint.contains("--lockout") && hint.contains("80"), "{hint}");
    assert_eq!(lockout(&["--lockout"]).0, "good");
    assert_eq!(lockout(&[]).0, "good", "what was seen counts for a month");
}

/// What is made ahead for a level is drawn by its pupils, and by nobody else.
#[test]
fn a_level_draws_from_a_pool_of_its_own() {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let level = "[[credentials.levels]]\nlevels = [\"10010012110\"]\nstyle = \"words\"\n\n[credentials.argon2]";
    std::fs::write(installation.config(), config.replacen("[credentials.argon2]", level, 1)).unwrap();
    let pupil = |key: &str, first: &str| Record::pupil(key, first, "ARNAUD", "05/01/2014", "200");
    let all = [
        pupil("1", "Zoé").with("ENTElevePersRelEleve", "11$10$1$1$1$0"),
        pupil("2", "Malo"),
        pupil("3", "Lou").with("ENTEleveMEF", "20010012110"),
        Record::relative("11", "Ève", "ARNAUD"),
    ];
    deliver(&installation.feed(), "20260901", false, &all);
    let prepare = |n: &str, more: &[&str]| {
        let answer = installation.run(&[&["credentials", "prepare", n, "--json"], more].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.json()["in_pool"].as_u64().unwrap()
    };
    let of_level = ["--level", "10010012110"];
    assert_eq!((prepare("3", &of_level), prepare("4", &[])), (3, 4));
    for (arguments, why) in [
        (["--level", "CP", "--profile", "pupil"], "no [[credentials.levels]] names"),
        (["--level", "10010012110", "--profile", "staff"], "--level is one of pupils"),
    ] {
        let refused = installation.run(&[&["credentials", "prepare", "1"], &arguments[..]].concat());
        assert!(refused.code == 64 && refused.stderr.contains(why), "{}", refused.stderr);
    }
    installation.sync(&["--today", "2026-09-02"], 0);
    assert_eq!((prepare("0", &of_level), prepare("0", &[])), (1, 2), "two of the level, and two others");
}
