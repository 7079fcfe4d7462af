//! Between a plan and its application somebody else writes: what he wrote is never overwritten.

use rentree::directory::embedded::Embedded;
use rentree::directory::ldap::Ldap;
use rentree::directory::{AttributeChange, Directory, Dn, Entry, Modification, Operation, Pace, Value};
use rentree::plan::file::Reader;
use rentree::plan::{ChangeKind, Line, Write};

use crate::support::academy::{pupils, remove_pupils};
use crate::support::program::Installation;
use crate::support::slapd::{Options, Slapd};
use crate::support::{SUFFIX, dn, people};

async fn by_hand(directory: &dyn Directory, dn: &Dn, attribute: &str, delete: &[Value], add: &[&str]) {
    let modification = Modification {
        attribute: attribute.to_owned(),
        delete: delete.to_vec(),
        add: add.iter().map(|v| Value::from(*v)).collect(),
    };
    let operation = Operation::Modify { dn: dn.clone(), modifications: vec![modification] };
    directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
}

/// The modifies of people in a plan file: name and attributes.
fn updates(plan: &std::path::Path) -> Vec<(Dn, Vec<AttributeChange>)> {
    let lines = Reader::open(plan).unwrap().map(Result::unwrap);
    let changes = lines.filter_map(|line| if let Line::Change(change) = line { Some(*change) } else { None });
    changes
        .filter(|change| change.kind == ChangeKind::Update)
        .filter_map(|change| match change.write {
            Write::Modify { attributes } => Some((change.dn, attributes)),
            _ => None,
        })
        .collect()
}

/// Every account.
fn people_of(installation: &Installation) -> Vec<Entry> {
    let mut people = installation.entries();
    people.retain(|e| e.dn.normalised().contains(",ou=people,"));
    people
}

/// A first night, then the plan of another day; gives the plan's file.
fn planned(installation: &Installation) -> std::path::PathBuf {
    installation.simulate(3, 240, 0, false);
    installation.sync(&["--today", "2026-10-01"], 0);
    installation.simulate(3, 240, 30, false);
    let plan = installation.home().join("tonight.plan");
    let answer = installation.run(&["plan", "--json", "--today", "2026-10-01", "--out", plan.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    plan
}

async fn left_out_and_planned_anew(installation: &Installation, directory: &dyn Directory) {
    let plan = planned(installation);
    let updates = updates(&plan);
    let unset = |a: &&AttributeChange| a.unset && a.new.len() == 1 && a.old.is_empty();
    let replaced = |a: &&AttributeChange| a.old.len() == 1 && a.new.len() == 1 && a.attribute != "objectClass";

    // One value that the plan replaces is another by now.
    let (one, change) = updates.iter().find_map(|(dn, a)| Some((dn, a.iter().find(replaced)?))).unwrap();
    by_hand(directory, one, &change.attribute, &change.old, &["par une autre main"]).await;
    // One attribute that the plan saw empty has a value by now.
    let (two, filled) =
        updates.iter().filter(|(dn, _)| dn != one).find_map(|(dn, a)| Some((dn, a.iter().find(unset)?))).unwrap();
    by_hand(directory, two, &filled.attribute, &[], &["0199009900"]).await;
    // One entry is changed in what the plan does not touch.
    let (three, _) = updates.iter().find(|(dn, _)| dn != one && dn != two).unwrap();
    by_hand(directory, three, "ENTPersonCentresInteret", &[], &["voile"]).await;
    // One is gone altogether.
    let (four, _) = updates.iter().find(|(dn, _)| ![one, two, three].contains(&dn)).unwrap();
    directory.execute(&[Operation::Delete(four.clone())], &Pace::unlimited()).await.pop().unwrap().unwrap();
    // One is as the plan wants it already.
    let (five, wanted) = updates.iter().find(|(dn, _)| ![one, two, three, four].contains(&dn)).unwrap();
    let modifications = wanted.iter().map(|a| Modification {
        attribute: a.attribute.clone(),
        delete: a.old.clone(),
        add: a.new.clone(),
    });
    let same = Operation::Modify { dn: five.clone(), modifications: modifications.collect() };
    directory.execute(&[same], &Pace::unlimited()).await.pop().unwrap().unwrap();

    let announced = people_of(installation);
    let answer = installation.run(&["apply", plan.to_str().unwrap(), "--json"]);
    assert_eq!(answer.code, 3, "{}\n{}", answer.stderr, answer.stdout);
    let applied = answer.json();
    assert_eq!(applied["verdict"], "held");
    assert_eq!((&applied["changes"]["moved"], &applied["changes"]["failed"]), (&3.into(), &0.into()), "{applied}");
    assert_eq!(applied["accounts"]["held"], 3, "{applied}");
    let sum: u64 = applied["accounts"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
    let read: u64 = ["Eleve", "PersRelEleve", "PersEducNat"].iter().map(|c| applied["read"][c].as_u64().unwrap()).sum();
    assert_eq!(sum, read, "totals balance: {applied}");
    let left: Vec<&str> = applied["changes"]["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .inspect(|l| assert_eq!(l["outcome"], "moved"))
        .map(|l| l["dn"].as_str().unwrap())
        .collect();
    for dn in [one, two, four] {
        assert!(left.contains(&dn.as_str()), "{dn}: {left:?}");
    }

    // What the other hand wrote is there, and nothing else of these entries has changed.
    let now = people_of(installation);
    let of = |all: &[Entry], dn: &Dn| all.iter().find(|e| e.dn == *dn).cloned();
    assert_eq!(of(&now, one), of(&announced, one));
    assert_eq!(of(&now, one).unwrap().first(&change.attribute), Some("par une autre main"));
    assert_eq!(of(&now, two), of(&announced, two));
    assert_eq!(of(&now, two).unwrap().first(&filled.attribute), Some("0199009900"));
    assert_eq!(of(&now, three).unwrap().first("ENTPersonCentresInteret"), Some("voile"));
    assert_ne!(of(&now, three), of(&announced, three), "the plan's own change was made");
    assert_eq!(of(&now, four), None);
    assert_eq!(of(&now, five), of(&announced, five));

    // The trail says it, and the next night sees them anew.
    let told = installation.run(&["audit", "show", "--json"]);
    assert!(told.stdout.contains("\"moved\""), "{}", told.stdout);
    let night = installation.sync(&["--today", "2026-10-01"], 0);
    assert_eq!(night["changes"]["moved"], 0, "{night}");
    let mended = of(&people_of(installation), one).unwrap();
    assert!(mended.values(&change.attribute).contains(&change.new[0]));
    assert_eq!(installation.sync(&["--today", "2026-10-01"], 0)["verdict"], "unchanged");
}

#[tokio::test]
async fn what_moved_is_left_out_and_planned_anew() {
    let slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    left_out_and_planned_anew(&Installation::with(&slapd.toml()), &directory).await;
}

#[tokio::test]
async fn what_moved_is_left_out_of_the_embedded_directory_too() {
    let installation = Installation::embedded();
    let directory = Embedded::new(installation.store().await, dn(SUFFIX));
    left_out_and_planned_anew(&installation, &directory).await;
}

/// The same where the server hides that it could check: the entries are read before they are written.
#[tokio::test]
async fn what_moved_is_left_out_without_the_control_too() {
    let options = Options {
        global: "access to dn.base=\"\" attrs=supportedControl by * none\naccess to dn.base=\"\" by * read\n",
        ..Options::default()
    };
    let slapd = Slapd::with(&options);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    left_out_and_planned_anew(&Installation::with(&slapd.toml()), &directory).await;
}

/// A pupil who changes his password between the plan that suspends him and its application is suspended with the new
/// one, and finds it again.
#[tokio::test]
async fn a_password_changed_in_between_is_locked_and_kept() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-09-02"], 0);
    let (key, _) = pupils(&installation.feed()).pop().unwrap();
    remove_pupils(&installation.feed(), std::slice::from_ref(&key));
    installation.sync(&["--today", "2026-10-01"], 0);
    let plan = installation.home().join("suspend.plan");
    let file = plan.to_str().unwrap();
    assert_eq!(installation.run(&["plan", "--today", "2026-11-02", "--out", file]).code, 0);
    let account = people(&slapd)
        .into_iter()
        .find(|e| e.texts("ENTPersonJointure").any(|k| k == format!("AC-TEST${key}")))
        .unwrap();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    by_hand(&directory, &account.dn, "userPassword", account.values("userPassword"), &["secret-choisi"]).await;
    assert!(directory.bind(&account.dn, "secret-choisi").await.unwrap());
    let answer = installation.run(&["apply", file, "--json"]);
    assert_eq!(answer.code, 0, "{}\n{}", answer.stderr, answer.stdout);
    assert!(!directory.bind(&account.dn, "secret-choisi").await.unwrap());
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", "2026-11-20"], 0);
    assert!(directory.bind(&account.dn, "secret-choisi").await.unwrap());
}
