//! Every dialect against a real server, which refuses what its schema does not allow.

use std::collections::{BTreeMap, BTreeSet};

use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Dn, Entry, Modification, Operation, Pace};

use crate::support::academy::{pupils, remove_pupils};
use crate::support::program::Installation;
use crate::support::slapd::{Options, Schema, Slapd};
use crate::support::{SUFFIX, people};

fn installation(slapd: &Slapd, dialect: &str) -> Installation {
    Installation::with(&format!("{}\n[directory.dialect]\npreset = \"{dialect}\"\n\n", slapd.toml()))
}

/// The academy goes in, and nothing is left to do; then ordinary nights and the next year.
fn a_year(slapd: &Slapd, dialect: &str) -> Installation {
    let installation = installation(slapd, dialect);
    for day in [0, 1, 9] {
        installation.simulate(3, 150, day, false);
        let night = installation.sync(&["--today", "2026-10-01"], 0);
        let class = if day == 0 { "created" } else { "unchanged" };
        assert!(night["accounts"][class].as_u64().unwrap() > 250, "{dialect}: {night}");
        assert!(day > 0 || night["groups"]["created"].as_u64().unwrap() > 20, "{dialect}: {night}");
        let again = installation.sync(&["--today", "2026-10-01"], 0);
        assert_eq!(again["verdict"], "unchanged", "{dialect}, day {day}: {again}");
    }
    installation.simulate(3, 150, 9, true);
    for today in ["2027-09-01", "2027-09-02", "2027-10-15"] {
        let night = installation.run(&["sync", "--json", "--today", today]);
        assert!([0, 3].contains(&night.code), "{dialect}, {today}: {}\n{}", night.stderr, night.stdout);
        let again = installation.run(&["sync", "--json", "--today", today]).json();
        for what in ["created", "moved", "updated"] {
            assert_eq!(again["accounts"][what], 0, "{dialect}, {today}: {again}");
        }
        assert_eq!(again["groups"]["updated"], 0, "{dialect}, {today}: {again}");
    }
    installation
}

#[test]
fn sdet_uai() {
    let slapd = Slapd::start();
    let installation = a_year(&slapd, "sdet-uai");
    let entries = installation.entries();
    let pupil = entries.iter().find(|e| !e.values("ENTEleveClasses").is_empty()).unwrap();
    let class = pupil.first("ENTEleveClasses").unwrap();
    let (uai, _) = class.split_once('$').unwrap();
    let school = Dn::parse(&format!("ENTStructureUAI={uai},ou=structures,{SUFFIX}")).unwrap();
    assert!(entries.iter().any(|e| e.dn == school), "{class}");
}

#[test]
fn sdet_siren() {
    a_year(&Slapd::start(), "sdet-siren");
}

/// On a server that has never heard of the ENT.
#[test]
fn inetorgperson() {
    let slapd = Slapd::with(&Options { schema: Schema::Standard, ..Options::default() });
    let installation = a_year(&slapd, "inetorgperson");
    let people = people(&slapd);
    assert!(people.iter().all(|e| e.values("employeeNumber").len() == 1 && e.values("uid").len() == 1));
    assert!(people.iter().any(|e| !e.values("seeAlso").is_empty()), "relatives are linked to their pupils");
    // The register lost: the accounts are found again by their join keys, and keep their names.
    let before: BTreeSet<Dn> = people.into_iter().map(|e| e.dn).collect();
    for file in std::fs::read_dir(installation.home()).unwrap().map(|f| f.unwrap().path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        // With the mark of the store: an installation that begins anew, on purpose.
        if name.starts_with("rentree.db") || name == "rentree.generation" {
            std::fs::remove_file(file).unwrap();
        }
    }
    let night = installation.run(&["sync", "--json", "--today", "2027-10-16", "--accept-foreign"]);
    assert!([0, 3].contains(&night.code), "{}\n{}", night.stderr, night.stdout);
    assert_eq!(night.json()["accounts"]["created"], 0, "{}", night.stdout);
    let after: BTreeSet<Dn> = crate::support::people(&slapd).into_iter().map(|e| e.dn).collect();
    assert_eq!(after, before);
}

#[test]
fn recia() {
    let slapd = Slapd::start();
    let installation = a_year(&slapd, "recia");
    let entries = installation.entries();
    memberships_agree(&entries);
    let people: Vec<&Entry> = entries.iter().filter(|e| e.dn.as_str().contains("ou=people")).collect();
    for person in people.iter().filter(|e| !e.values("uid").is_empty()) {
        let one =
            |attribute: &str| person.first(attribute).unwrap_or_else(|| panic!("{} has no {attribute}", person.dn));
        assert!(["INVALIDE", "DELETE"].contains(&one("ESCOPersonEtatCompte")));
        assert!(person.texts("ESCOUAI").any(|uai| uai == one("ESCOUAICourant")), "{}", person.dn);
        assert_eq!(person.values("ESCOUAI").len(), person.values("ESCOSIREN").len(), "{}", person.dn);
    }
}

/// `member`, `hasMember` and `isMemberOf` say the same, and no group stands without a `member`.
fn memberships_agree(entries: &[Entry]) {
    let mut on_people: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in entries {
        for group in entry.texts("isMemberOf") {
            on_people.entry(group.to_owned()).or_default().insert(entry.first("uid").unwrap().to_owned());
        }
    }
    let groups: Vec<&Entry> = entries.iter().filter(|e| !e.values("member").is_empty()).collect();
    assert!(groups.len() > 30, "{}", groups.len());
    let mut full = 0;
    for group in groups {
        let cn = group.first("cn").unwrap();
        let members: BTreeSet<String> =
            group.texts("member").filter(|m| !m.is_empty()).map(|m| Dn::parse(m).unwrap().rdn_value()).collect();
        let uids: BTreeSet<String> = group.texts("hasMember").map(str::to_owned).collect();
        assert_eq!(members, uids, "{cn}");
        assert_eq!(members, on_people.remove(cn).unwrap_or_default(), "{cn}");
        full += usize::from(!members.is_empty());
    }
    assert!(full > 20, "{full}");
    assert_eq!(on_people, BTreeMap::new(), "people are said to be in groups that are not there");
}

/// What the portal does when a user activates his account, as its administrator would.
async fn set(slapd: &Slapd, dn: &Dn, values: &[(&str, &str)]) {
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let entry = directory.read(dn).await.unwrap().unwrap();
    let modifications = values
        .iter()
        .map(|(attribute, value)| Modification {
            attribute: (*attribute).to_owned(),
            delete: entry.values(attribute).to_vec(),
            add: vec![(*value).into()],
        })
        .collect();
    let change = Operation::Modify { dn: dn.clone(), modifications };
    directory.execute(&[change], &Pace::unlimited()).await.pop().unwrap().unwrap();
}

/// A pupil who had activated his account leaves and comes back: state, password and groups go and come with him. One
/// whom an administrator blocked stays blocked; one who never activated his account waits for it again.
#[tokio::test]
async fn recia_suspends_and_restores() {
    let slapd = Slapd::start();
    let installation = installation(&slapd, "recia");
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-09-02"], 0);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let keys: Vec<String> = pupils(&installation.feed()).into_iter().rev().take(3).map(|(key, _)| key).collect();
    let accounts: Vec<Entry> = keys
        .iter()
        .map(|key| {
            let jointure = format!("AC-TEST${key}");
            people(&slapd).into_iter().find(|e| e.texts("ENTPersonJointure").any(|k| k == jointure)).unwrap()
        })
        .collect();
    let [active, blocked, never] = [0, 1, 2].map(|i| accounts[i].dn.clone());
    for account in &accounts {
        assert_eq!(account.first("ESCOPersonEtatCompte"), Some("INVALIDE"));
        let password = account.first("userPassword").unwrap();
        assert!(password.starts_with("{SCRIPT}LOCK{ARGON2}"), "the issued password waits behind the lock");
        assert!(!directory.bind(&account.dn, password).await.unwrap());
    }

    let own = "a-password-of-my-own-4";
    let argon2 = rentree::config::Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
    let cheap = rentree::config::CredentialsConfig { argon2, ..Default::default() };
    let hasher = rentree::credentials::Hasher::new(rentree::credentials::Scheme::Argon2, &cheap).unwrap();
    let hash = hasher.hash(&rentree::credentials::Secret::new(own.to_owned().into()), &mut rand::rng()).unwrap();
    let charter = ("ESCOPersonValidationCharte", "20260903080000Z");
    let elsewhere = ("isMemberOf", "esco:admin:local:a la main");
    set(&slapd, &active, &[("userPassword", hash.expose()), ("ESCOPersonEtatCompte", "VALIDE"), charter]).await;
    set(&slapd, &blocked, &[("userPassword", "{SCRIPT}LOCK"), ("ESCOPersonEtatCompte", "BLOQUE"), charter]).await;
    assert!(directory.bind(&active, own).await.unwrap());
    let add = Modification { attribute: elsewhere.0.into(), delete: Vec::new(), add: vec![elsewhere.1.into()] };
    let add = Operation::Modify { dn: active.clone(), modifications: vec![add] };
    directory.execute(&[add], &Pace::unlimited()).await.pop().unwrap().unwrap();
    assert_eq!(installation.sync(&["--today", "2026-09-03"], 0)["verdict"], "unchanged", "all that is the portal's");
    let before = [&active, &blocked, &never].map(|dn| person(&slapd, dn));
    let groups: Vec<String> = before[0].texts("isMemberOf").map(str::to_owned).collect();
    assert!(groups.len() > 3, "{groups:?}");

    remove_pupils(&installation.feed(), &keys);
    installation.sync(&["--today", "2026-10-01"], 0);
    assert!(directory.bind(&active, own).await.unwrap(), "absent is still usable");
    let night = installation.sync(&["--today", "2026-11-02"], 0);
    assert!(night["departures"]["suspended"].as_u64().unwrap() >= 3, "{night}");
    for (dn, state) in [(&active, "DELETE"), (&blocked, "BLOQUE"), (&never, "DELETE")] {
        let entry = person(&slapd, dn);
        assert_eq!(entry.first("ESCOPersonEtatCompte"), Some(state), "{dn}");
        let password = entry.first("userPassword").unwrap();
        assert!(password.starts_with("{SCRIPT}LOCK"), "{dn}");
        assert!(!directory.bind(dn, own).await.unwrap() && !directory.bind(dn, password).await.unwrap(), "{dn}");
        let left: Vec<&str> = entry.texts("isMemberOf").collect();
        assert_eq!(left, if *dn == active { vec![elsewhere.1] } else { Vec::new() }, "{dn}");
    }
    assert_eq!(installation.sync(&["--today", "2026-11-02"], 0)["verdict"], "unchanged");

    installation.simulate(2, 60, 0, false);
    let night = installation.sync(&["--today", "2026-11-20"], 0);
    assert!(night["accounts"]["restored"].as_u64().unwrap() >= 3, "{night}");
    assert!(directory.bind(&active, own).await.unwrap(), "back with his own password");
    for (dn, before) in [&active, &blocked, &never].into_iter().zip(&before) {
        let after = person(&slapd, dn);
        for attribute in ["ESCOPersonEtatCompte", "userPassword", "ESCOPersonValidationCharte", "isMemberOf"] {
            let values = |e: &Entry| e.texts(attribute).map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(values(&after), values(before), "{dn}: {attribute}");
        }
    }
    assert_eq!(installation.sync(&["--today", "2026-11-20"], 0)["verdict"], "unchanged");
    let mut entries = installation.entries();
    for entry in &mut entries {
        for (name, values) in &mut entry.attributes {
            values.retain(|v| !(name == elsewhere.0 && v.as_text() == Some(elsewhere.1)));
        }
    }
    memberships_agree(&entries);
}

fn person(slapd: &Slapd, dn: &Dn) -> Entry {
    people(slapd).into_iter().find(|e| e.dn == *dn).unwrap()
}
