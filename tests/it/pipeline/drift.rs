//! What somebody changes by hand in what the exports own: told apart from what the exports change.

use rentree::directory::embedded::Embedded;
use rentree::directory::{Directory as _, Dn, Modification, Operation, Pace, Value};

use crate::support::program::Installation;
use crate::support::{SUFFIX, dn};

async fn set(installation: &Installation, whom: &Dn, attribute: &str, new: &str) {
    let directory = Embedded::new(installation.store().await, dn(SUFFIX));
    let entry = directory.read(whom).await.unwrap().unwrap();
    let modification = Modification {
        attribute: attribute.to_owned(),
        delete: entry.values(attribute).to_vec(),
        add: vec![Value::from(new)],
    };
    let operation = Operation::Modify { dn: whom.clone(), modifications: vec![modification] };
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
}

/// Some pupils' names, as they are in the directory.
fn pupils(installation: &Installation) -> Vec<(Dn, String)> {
    let entries = installation.entries();
    let pupils = entries.iter().filter(|e| !e.values("ENTEleveClasses").is_empty());
    let mut pupils: Vec<_> = pupils.map(|e| (e.dn.clone(), e.first("sn").unwrap().to_owned())).collect();
    pupils.sort();
    pupils
}

fn surname(installation: &Installation, whom: &Dn) -> String {
    installation.entries().iter().find(|e| e.dn == *whom).unwrap().first("sn").unwrap().to_owned()
}

/// Straight after the first night, and after nights that changed nothing.
#[tokio::test]
async fn what_is_changed_by_hand_is_told_and_restored() {
    let installation = Installation::embedded();
    installation.simulate(1, 30, 0, false);
    assert_eq!(installation.sync(&[], 0)["drift"]["restored"], 0);
    let pupils = pupils(&installation);
    let (whom, name) = &pupils[0];
    for quiet_nights in 0..2 {
        for _ in 0..quiet_nights {
            assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
        }
        set(&installation, whom, "sn", "CHANGED-BY-HAND").await;
        let plan = installation.run(&["plan", "--html", installation.home().join("plan.html").to_str().unwrap()]);
        assert_eq!(plan.code, 0, "{}", plan.stderr);
        assert!(plan.stdout.contains("modifié à la main dans l'annuaire"), "{}", plan.stdout);
        assert!(plan.stdout.contains("Dérive : 1 compte modifié"), "{}", plan.stdout);
        let html = std::fs::read_to_string(installation.home().join("plan.html")).unwrap();
        assert!(html.contains("Dérive") && html.contains("CHANGED-BY-HAND"));
        std::fs::remove_file(installation.home().join("plan.html")).unwrap();
        let night = installation.sync(&[], 0);
        assert_eq!(night["drift"]["restored"], 1, "{}", night["drift"]);
        assert_eq!(night["accounts"]["updated"], 1);
        assert_eq!(&surname(&installation, whom), name);
    }
    assert_eq!(installation.sync(&[], 0)["verdict"], "unchanged");
}

/// What the exports change is no drift, even on an account that somebody changed too.
#[tokio::test]
async fn what_the_exports_change_is_no_drift() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-10-01"], 0);
    installation.simulate(2, 60, 20, false);
    let night = installation.sync(&["--today", "2026-10-01"], 0);
    assert!(night["accounts"]["updated"].as_u64().unwrap() > 0, "{night}");
    assert_eq!(night["drift"]["restored"], 0, "{night}");
}

#[tokio::test]
async fn what_is_accepted_stays_and_is_counted() {
    let installation = Installation::embedded();
    installation.simulate(1, 30, 0, false);
    installation.sync(&[], 0);
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let accepting = config.replace("[directory]\n", "[directory]\ndrift = \"accept\"\n");
    std::fs::write(installation.config(), accepting).unwrap();
    let pupils = pupils(&installation);
    for (whom, _) in &pupils[..2] {
        set(&installation, whom, "sn", "CHANGED-BY-HAND").await;
    }
    for _ in 0..2 {
        let night = installation.sync(&[], 0);
        assert_eq!(night["verdict"], "unchanged", "{night}");
        assert_eq!(night["drift"]["left"], 2, "{night}");
        assert_eq!(surname(&installation, &pupils[0].0), "CHANGED-BY-HAND");
    }
    let plan = installation.run(&["plan"]);
    assert!(plan.stdout.contains("laissés en l'état"), "{}", plan.stdout);
    std::fs::write(installation.config(), config).unwrap();
    assert_eq!(installation.sync(&[], 0)["drift"]["restored"], 2);
    assert_eq!(surname(&installation, &pupils[0].0), pupils[0].1);
}
