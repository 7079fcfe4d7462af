//! One night after the other: everything the first time, nothing the second, and what changes in between.

use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Modification, Operation, Pace};

use crate::support::academy::{pupils, remove_pupils, truncate};
use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{dn, people};

fn twice(installation: &Installation) {
    installation.simulate(3, 150, 0, false);
    let first = installation.sync(&[], 0);
    assert_eq!(first["verdict"], "done");
    assert!(first["accounts"]["created"].as_u64().unwrap() > 300, "{first}");
    let second = installation.sync(&[], 0);
    assert_eq!(second["verdict"], "unchanged", "{second}");
    assert_eq!(second["accounts"]["unchanged"], first["accounts"]["created"]);
    assert_eq!(second["groups"]["unchanged"], first["groups"]["created"]);
}

#[test]
fn everything_then_nothing_embedded() {
    twice(&Installation::embedded());
}

#[test]
fn everything_then_nothing_slapd() {
    let slapd = Slapd::start();
    twice(&Installation::with(&slapd.toml()));
}

/// Nights of ordinary life, then the next year: whatever a night changes, the same delivery again changes nothing.
#[test]
fn ordinary_life_and_the_next_year() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    for day in [0, 1, 2, 9] {
        installation.simulate(3, 240, day, false);
        let night = installation.sync(&["--today", "2026-10-01"], 0);
        assert!(day == 0 || night["accounts"]["unchanged"].as_u64().unwrap() > 300, "{night}");
        assert_eq!(installation.sync(&["--today", "2026-10-01"], 0)["verdict"], "unchanged", "day {day}");
    }
    installation.simulate(3, 240, 9, true);
    let answer = installation.run(&["sync", "--json", "--today", "2027-09-01"]);
    assert!([0, 3].contains(&answer.code), "{}", answer.stderr);
    assert!(
        answer.json()["accounts"]["updated"].as_u64().unwrap() + answer.json()["accounts"]["moved"].as_u64().unwrap()
            > 100
    );
    let again = installation.run(&["sync", "--json", "--today", "2027-09-01"]).json();
    assert_eq!(again["accounts"]["created"], 0, "{again}");
    assert_eq!(again["accounts"]["moved"], 0, "{again}");
    assert_eq!(again["held_new"], 0, "{again}");
}

/// A dry run writes nothing, and the plan that was shown is the one that runs.
#[test]
fn plan_then_apply() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 40, 0, false);
    let plan = installation.home().join("tonight.plan");
    let file = plan.to_str().unwrap();
    let answer = installation.run(&["plan", "--json", "--detailed-exitcode", "--out", file]);
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    let announced = answer.json();
    assert!(people(&slapd).is_empty(), "a dry run writes nothing");
    let answer = installation.run(&["apply", file, "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert_eq!(people(&slapd).len() as u64, announced["accounts"]["created"].as_u64().unwrap());
    assert_eq!(installation.run(&["apply", file]).code, 0, "a second time there is nothing to do");
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

#[test]
fn a_plan_of_an_older_delivery_is_stale() {
    let installation = Installation::embedded();
    installation.simulate(2, 40, 0, false);
    let plan = installation.home().join("old.plan");
    let file = plan.to_str().unwrap();
    assert_eq!(installation.run(&["plan", "--out", file]).code, 0);
    installation.simulate(2, 40, 40, false);
    installation.sync(&[], 0);
    let answer = installation.run(&["apply", file]);
    assert_eq!(answer.code, 7, "{}", answer.stderr);
    assert!(answer.stderr.contains("newer delivery"), "{}", answer.stderr);
}

/// A pupil who vanishes is absent, then suspended after the grace; one who comes back finds his own password.
#[tokio::test]
async fn absent_suspended_restored() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-09-02"], 0);
    let (key, _) = pupils(&installation.feed()).pop().unwrap();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let account = people(&slapd)
        .into_iter()
        .find(|e| e.texts("ENTPersonJointure").any(|k| k == format!("AC-TEST${key}")))
        .unwrap();

    // The pupil chooses his own password.
    let own = "a-password-of-my-own-4";
    let argon2 = rentree::config::Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
    let cheap = rentree::config::CredentialsConfig { argon2, ..rentree::config::CredentialsConfig::default() };
    let hash = rentree::credentials::Hasher::new(rentree::credentials::Scheme::Argon2, &cheap)
        .unwrap()
        .hash(&rentree::credentials::Secret::new(own.to_owned().into()), &mut rand::rng())
        .unwrap();
    let issued = account.values("userPassword").to_vec();
    let change = Operation::Modify {
        dn: account.dn.clone(),
        modifications: vec![Modification {
            attribute: "userPassword".into(),
            delete: issued,
            add: vec![hash.expose().into()],
        }],
    };
    directory.execute(&[change], &Pace::unlimited()).await.pop().unwrap().unwrap();
    assert!(directory.bind(&account.dn, own).await.unwrap());

    remove_pupils(&installation.feed(), std::slice::from_ref(&key));
    let night = installation.sync(&["--today", "2026-10-01"], 0);
    assert!(night["departures"]["absent"].as_u64().unwrap() >= 1, "{night}");
    assert!(directory.bind(&account.dn, own).await.unwrap(), "absent is still usable");
    assert_eq!(installation.sync(&["--today", "2026-10-15"], 0)["verdict"], "unchanged");

    let night = installation.sync(&["--today", "2026-11-02"], 0);
    assert!(night["departures"]["suspended"].as_u64().unwrap() >= 1, "{night}");
    assert!(!directory.bind(&account.dn, own).await.unwrap(), "suspended cannot bind");
    let locked = directory.read(&account.dn).await.unwrap().unwrap();
    let stored = locked.first("userPassword").unwrap().to_owned();
    assert!(!directory.bind(&account.dn, &stored).await.unwrap(), "nor with what is stored");
    assert_eq!(installation.sync(&["--today", "2026-11-02"], 0)["verdict"], "unchanged");

    installation.simulate(2, 60, 0, false);
    let night = installation.sync(&["--today", "2026-11-20"], 0);
    assert!(night["accounts"]["restored"].as_u64().unwrap() >= 1, "{night}");
    assert!(directory.bind(&account.dn, own).await.unwrap(), "back with his own password");
    assert_eq!(installation.sync(&["--today", "2026-11-20"], 0)["verdict"], "unchanged");
}

/// One school that loses half of its pupils is held; the others go on.
#[test]
fn half_a_school_gone_is_held() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 240, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let before = people(&slapd);
    let all = pupils(&installation.feed());
    let school = &all[0].1;
    let half: Vec<String> = all.iter().filter(|(_, s)| s == school).step_by(2).map(|(key, _)| key.clone()).collect();
    assert!(half.len() > 10);
    remove_pupils(&installation.feed(), &half);
    let night = installation.sync(&["--today", "2026-09-10"], 3);
    assert_eq!(night["verdict"], "held");
    assert_eq!(night["holds"][0]["reason"], "suspend_limit", "{night}");
    assert_eq!(people(&slapd), before, "nothing was written for them");
    assert!(night["held_new"].as_u64().unwrap() > 0);
    let again = installation.sync(&["--today", "2026-09-10", "--exit-held", "new"], 0);
    assert_eq!(again["held_new"], 0);
}

/// A delivery cut by a broken transfer makes nobody depart.
#[test]
fn a_truncated_delivery_removes_nobody() {
    let installation = Installation::embedded();
    installation.simulate(2, 120, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    for category in ["Eleve", "PersRelEleve", "PersEducNat"] {
        installation.simulate(2, 120, 0, false);
        truncate(&installation.feed(), category, 50);
        let answer = installation.run(&["sync", "--json", "--today", "2026-09-11"]);
        assert!([0, 3].contains(&answer.code), "{}", answer.stderr);
        let night = answer.json();
        assert_eq!(night["departures"]["absent"], 0, "{category}: {night}");
        assert!(night["findings"]["blocking"].as_u64().unwrap() >= 1, "{category}: {night}");
    }
}

/// Entries that nobody knows hold the first plan; accepted, they stay as they are. So do manual members of a group.
#[tokio::test]
async fn what_others_own_stays() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let mut stranger = rentree::directory::Entry::new(dn("uid=guest1,ou=people,dc=esco-centre,dc=fr"));
    stranger.push("objectClass", ["inetOrgPerson"]);
    stranger.push("uid", ["guest1"]);
    stranger.push("cn", ["Invité"]);
    stranger.push("sn", ["Invité"]);
    directory.execute(&[Operation::Add(stranger.clone())], &Pace::unlimited()).await.pop().unwrap().unwrap();

    let night = installation.sync(&[], 3);
    assert_eq!(night["holds"][0]["reason"], "unknown_population", "{night}");
    assert_eq!(people(&slapd).len(), 1);
    installation.sync(&["--accept-foreign"], 0);
    assert!(people(&slapd).len() > 60);

    // Somebody adds the guest to a managed group by hand, and a class goes empty of nothing: he stays.
    let groups = rentree::directory::Search {
        base: dn("ou=groups,dc=esco-centre,dc=fr"),
        filter: "(objectClass=ENTClasse)".into(),
        attributes: Vec::new(),
    };
    let group = {
        use futures_util::TryStreamExt as _;
        let mut groups: Vec<_> = directory.search(groups).await.unwrap().try_collect().await.unwrap();
        groups.sort_by(|a, b| a.dn.cmp(&b.dn));
        groups.remove(0)
    };
    let by_hand = Operation::Modify {
        dn: group.dn.clone(),
        modifications: vec![Modification {
            attribute: "member".into(),
            delete: Vec::new(),
            add: vec![stranger.dn.as_str().into()],
        }],
    };
    directory.execute(&[by_hand], &Pace::unlimited()).await.pop().unwrap().unwrap();
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
    let group = directory.read(&group.dn).await.unwrap().unwrap();
    assert!(group.texts("member").any(|m| dn(m) == stranger.dn));
}
