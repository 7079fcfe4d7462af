//! What a server asks of the one who writes to it: rights, a schema, to be the right one.

use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, DirectoryError, Modification, Operation, Pace};

use crate::support::academy::{pupils, remove_pupils};
use crate::support::ds389::Ds389;
use crate::support::people;
use crate::support::program::Installation;
use crate::support::slapd::{Options, Slapd};

async fn refused(directory: &Ldap, operation: Operation) {
    let outcome = directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap();
    assert!(matches!(outcome, Err(DirectoryError::Rejected { code: 50, .. })), "{outcome:?}");
}

/// A year with the rights that `doctor --rights` prints, and nothing beyond them.
fn a_year(installation: &Installation) {
    installation.simulate(2, 60, 0, false);
    let first = installation.sync(&["--today", "2026-09-02"], 0);
    assert!(first["accounts"]["created"].as_u64().unwrap() > 40, "{first}");
    assert_eq!(installation.sync(&["--today", "2026-09-02"], 0)["verdict"], "unchanged");
    let (key, _) = pupils(&installation.feed()).pop().unwrap();
    remove_pupils(&installation.feed(), &[key]);
    installation.sync(&["--today", "2026-09-03"], 0);
    installation.sync(&["--today", "2026-10-10"], 0);
    installation.simulate(2, 60, 3, false);
    let back = installation.sync(&["--today", "2026-10-11"], 0);
    assert!(back["accounts"]["restored"].as_u64().unwrap() >= 1, "{back}");
    assert_eq!(installation.sync(&["--today", "2026-10-11"], 0)["verdict"], "unchanged");
}

#[tokio::test]
async fn the_least_rights_suffice_on_openldap_and_are_the_least() {
    let slapd = Slapd::with(&Options { least_rights: true, ..Options::default() });
    a_year(&Installation::with(&slapd.sync_toml()));
    let directory = Ldap::connect(&slapd.sync_config()).await.unwrap();
    let somebody = people(&slapd).pop().unwrap().dn;
    refused(&directory, Operation::Delete(somebody.clone())).await;
    let modification =
        Modification { attribute: "ENTPersonAlias".into(), delete: vec![], add: vec!["not-its-own".into()] };
    refused(&directory, Operation::Modify { dn: somebody, modifications: vec![modification] }).await;
}

#[tokio::test]
async fn the_least_rights_suffice_on_389_and_are_the_least() {
    let server = Ds389::start();
    server.least_rights();
    a_year(&Installation::with(&format!("{}\n[credentials]\npbkdf2_rounds = 10000\n", server.toml())));
    let directory = Ldap::connect(&server.config()).await.unwrap();
    let uid = rentree::directory::Search {
        base: crate::support::dn(&format!("ou=people,{}", crate::support::SUFFIX)),
        filter: "(uid=*)".into(),
        attributes: vec!["uid".into()],
    };
    let entries: Vec<_> = futures_util::TryStreamExt::try_collect(directory.search(uid).await.unwrap()).await.unwrap();
    let somebody: rentree::directory::Entry = entries.into_iter().next().unwrap();
    refused(&directory, Operation::Delete(somebody.dn)).await;
}

#[test]
fn a_replica_is_no_source_of_a_plan() {
    let slapd = Slapd::with(&Options { replica: true, ..Options::default() });
    let installation = Installation::with(&slapd.sync_toml());
    installation.simulate(2, 40, 0, false);
    let answer = installation.run(&["plan"]);
    assert_eq!(answer.code, 5, "{}\n{}", answer.stderr, answer.stdout);
    assert!(answer.stderr.contains("replica"), "{}", answer.stderr);
    let doctor = installation.run(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.stdout.contains("n'accepte pas d'écriture"), "{}", doctor.stdout);
    // Whoever knows better says so.
    let installation = Installation::with(&format!("{}replica = false\n", slapd.sync_toml()));
    installation.simulate(2, 40, 0, false);
    assert_eq!(installation.run(&["plan"]).code, 0);
}

#[test]
fn a_server_without_the_schema_stops_the_plan_and_doctor_gives_the_definitions() {
    let slapd = Slapd::with(&Options { without_ent_groups: true, ..Options::default() });
    let installation = Installation::with(&slapd.sync_toml());
    installation.simulate(2, 40, 0, false);
    let answer = installation.run(&["plan"]);
    assert_eq!(answer.code, 5, "{}\n{}", answer.stderr, answer.stdout);
    for class in ["ENTClasse", "ENTGroupe", "ENTProfil"] {
        assert!(answer.stderr.contains(class), "{}", answer.stderr);
    }
    assert!(people(&slapd).is_empty());
    let doctor = installation.run(&["doctor"]);
    assert_eq!(doctor.code, 1);
    assert!(doctor.stdout.contains("olcObjectClasses: ( 2.25."), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("olcAttributeTypes: ( 2.25.") && doctor.stdout.contains("'ENTProfilPeuplement'"));
}

/// A server that takes less than ours: what it would refuse is not sent, and nothing fails in mid-run.
#[test]
fn what_the_schema_refuses_is_left_out_or_held() {
    let slapd = Slapd::with(&Options {
        ascii_only: &["ENTPersonAutresPrenoms", "ENTStructureNomCourant"],
        ..Options::default()
    });
    let installation = Installation::with(&slapd.sync_toml());
    installation.simulate(2, 60, 0, false);
    let plan = installation.run(&["plan", "--json"]);
    let summary = plan.json();
    let dropped = summary["findings"]["dropped_value"].as_u64().unwrap_or_default();
    assert!(dropped > 0, "{summary}");
    let first = installation.run(&["sync", "--json"]);
    assert!([0, 3].contains(&first.code), "{}\n{}", first.stderr, first.stdout);
    let first = first.json();
    assert!(first["accounts"]["created"].as_u64().unwrap() > 40, "{first}");
    for hold in first["holds"].as_array().unwrap() {
        assert_eq!(hold["reason"], "schema", "{hold}");
        assert!(hold["message"].as_str().unwrap().contains("l'annuaire refuserait la fiche"), "{hold}");
    }
    // A first name with an accent is not there; the others are.
    let accented = |entry: &rentree::directory::Entry| entry.texts("ENTPersonAutresPrenoms").any(|v| !v.is_ascii());
    assert!(!people(&slapd).iter().any(accented));
    assert!(people(&slapd).iter().any(|e| !e.values("ENTPersonAutresPrenoms").is_empty()));
    let again = installation.run(&["sync", "--json"]).json();
    assert_eq!((&again["accounts"]["created"], &again["accounts"]["updated"]), (&0.into(), &0.into()), "{again}");
}

#[test]
fn doctor_measures_passwords_and_leaves_nothing() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.sync_toml());
    let answer = installation.run(&["doctor", "--bind-rate", "1", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let measured = answer.json();
    assert_eq!(measured["scheme"], "argon2");
    assert!(measured["per_second"].as_f64().unwrap() > 1.0, "{measured}");
    assert!(people(&slapd).is_empty());
}
