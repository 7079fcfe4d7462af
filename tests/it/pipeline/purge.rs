//! The end of an account: deleted on its date, when somebody asks for it, and nobody who came back with it.

use rentree::config::Config;
use rentree::directory::{Directory, Dn, Entry, Operation, Pace};
use rentree::roster::JoinKey;
use rentree::store::{Stage, Store};
use serde_json::Value;

use crate::support::academy::{pupils, remove_pupils};
use crate::support::dn;
use crate::support::ds389::Ds389;
use crate::support::program::Installation;
use crate::support::slapd::{Options, Slapd};

const CHOIR: &str = "cn=Chorale,ou=groups,dc=esco-centre,dc=fr";

/// The store and the directory of an installation, beside its program.
struct Beside {
    store: Store,
    directory: Box<dyn Directory>,
    dialect: rentree::directory::dialect::Dialect,
}

impl Beside {
    async fn of(installation: &Installation) -> Self {
        let config = Config::load(&installation.config()).unwrap();
        let store = Store::of(&config.store).await.unwrap();
        let directory = rentree::directory::open(&config.directory, &store).await.unwrap();
        let dialect = rentree::directory::dialect::Dialect::load(&config.directory).unwrap();
        Self { store, directory, dialect }
    }

    async fn write(&self, operation: Operation) {
        self.directory.execute(&[operation], &Pace::unlimited()).await.pop().unwrap().unwrap();
    }

    async fn account(&self, key: &str) -> rentree::store::AccountRow {
        let key = JoinKey::from_text(key);
        self.store.accounts_of(std::slice::from_ref(&key)).await.unwrap().remove(&key).unwrap()
    }

    async fn entry(&self, key: &str) -> Option<Entry> {
        let name = Dn::parse(&self.account(key).await.dn).unwrap();
        self.directory.read(&name).await.unwrap()
    }
}

/// As a local administrator does who lets somebody in again.
async fn unlock(beside: &Beside, key: &str) {
    let lock = beside.dialect.lock_method();
    let name = Dn::parse(&beside.account(key).await.dn).unwrap();
    let entry = beside.directory.read_with(&name, &[lock.attribute()]).await.unwrap().unwrap();
    let modifications = lock.unlock(&entry);
    assert!(!modifications.is_empty(), "{key} is locked");
    beside.write(Operation::Modify { dn: entry.dn, modifications }).await;
}

fn json(installation: &Installation, arguments: &[&str], code: i32) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let answer = installation.run(&all);
    assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
    answer.json()
}

fn changes(summary: &Value) -> u64 {
    summary["departures"]["purged"].as_u64().unwrap_or_default()
}

/// Six pupils leave and are suspended; gives their join keys.
fn suspended(installation: &Installation) -> Vec<String> {
    installation.simulate(2, 90, 0, false);
    installation.sync(&["--today", "2026-09-02"], 0);
    // Three of each school are no alarm.
    let mut leave = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (key, school) in pupils(&installation.feed()) {
        let leave = leave.entry(school).or_default();
        if leave.len() < 3 {
            leave.push(key);
        }
    }
    let gone: Vec<String> = leave.into_values().flatten().collect();
    remove_pupils(&installation.feed(), &gone);
    installation.sync(&["--today", "2026-10-01"], 0);
    installation.sync(&["--today", "2026-11-02"], 0);
    gone.iter().map(|key| format!("AC-TEST${key}")).collect()
}

async fn from_the_date_to_the_return(installation: &Installation) {
    let gone = suspended(installation);
    assert_eq!(gone.len(), 6);
    let plan = installation.home().join("purge.plan");
    let file = plan.to_str().unwrap();
    let out = ["purge", "--out", file];
    let purge = |today: &str, code| json(installation, &[&out[..], &["--today", today]].concat(), code);
    assert_eq!(changes(&purge("2026-12-29", 0)), 0, "ninety days are not over");
    let due = purge("2026-12-30", 0);
    assert!(changes(&due) >= 6, "{due}");
    let relatives = changes(&due) - 6;
    let night = installation.sync(&["--today", "2026-12-30"], 0);
    assert_eq!(night["departures"]["purge_due"], changes(&due), "a night counts them and deletes nobody");

    // One is let in again by hand before the plan, one comes back in a delivery that nobody applied yet.
    let beside = Beside::of(installation).await;
    let [first, second, third, ..] = &gone[..] else { unreachable!() };
    let names: Vec<(String, String)> = name_rows(&beside, &gone).await;
    let dn_of = |entry: &Entry| entry.dn.clone();
    let (first_dn, third_dn) = (dn_of(&beside.entry(first).await.unwrap()), dn_of(&beside.entry(third).await.unwrap()));
    let mut choir = Entry::new(dn(CHOIR));
    choir.push("objectClass", ["top", "groupOfNames"]);
    choir.push("cn", ["Chorale"]);
    choir.push("member", [first_dn.as_str(), third_dn.as_str()]);
    beside.write(Operation::Add(choir)).await;
    unlock(&beside, second).await;
    let planned = purge("2026-12-30", 0);
    let spared = planned["spared"].as_array().unwrap();
    assert_eq!(spared.len(), 1, "{planned}");
    assert_eq!((&spared[0]["join_key"], &spared[0]["why"]), (&second.as_str().into(), &"in_use".into()));
    assert_eq!(changes(&planned), 5 + relatives);
    let number = rentree::plan::file::verify(&plan).unwrap().0.plan_id.to_string();
    // And one after the plan.
    unlock(&beside, third).await;
    let applied = json(installation, &["apply", file], 3);
    assert_eq!(applied["changes"]["failed"], 0, "{applied}");
    assert!(applied["changes"]["moved"].as_u64().unwrap() >= 1, "{applied}");

    for (key, stays) in [(first, false), (second, true), (third, true), (&gone[5], false)] {
        assert_eq!(beside.entry(key).await.is_some(), stays, "{key}");
        let stage = beside.account(key).await.stage;
        assert_eq!(stage, if stays { Stage::Suspended } else { Stage::Purged }, "{key}");
    }
    let purged: Vec<JoinKey> = [first, &gone[3], &gone[4], &gone[5]].map(|key| JoinKey::from_text(key)).to_vec();
    assert!(beside.store.live_envelopes(&purged).await.unwrap().is_empty(), "no password is kept");
    // The choir still names the one who was let in; the next purge takes the other one out.
    let singers = || async {
        let choir = beside.directory.read(&dn(CHOIR)).await.unwrap().unwrap();
        choir.texts("member").map(|m| Dn::parse(m).unwrap()).collect::<Vec<_>>()
    };
    assert!(singers().await.contains(&third_dn));
    let again = json(installation, &[&out[..], &["--today", "2026-12-30"]].concat(), 0);
    assert_eq!((changes(&again), again["spared"].as_array().unwrap().len()), (0, 2), "{again}");
    json(installation, &["apply", file], 0);
    assert_eq!(singers().await, [third_dn]);

    // It is not taken back, and what could take it back is not kept.
    let undone = installation.run(&["undo", &number]);
    assert_eq!(undone.code, 64, "{}", undone.stderr);
    assert!(undone.stderr.contains("deleted accounts"), "{}", undone.stderr);
    assert!(!installation.home().join("plans").join(format!("{number}.undo.plan")).exists());
    let told = json(installation, &["explain", first], 0);
    assert!(told["person"]["sentence"].as_str().unwrap().contains("a été effacé le"), "{told}");

    let trail = installation.run(&["audit", "show", "--person", first, "--json"]);
    assert!(trail.stdout.contains("\"purge\""), "{}", trail.stdout);
    assert_eq!(installation.sync(&["--today", "2026-12-30"], 0)["accounts"]["created"], 0);

    // Whoever returns gets the same names and a new password.
    installation.simulate(2, 90, 0, false);
    let back = installation.sync(&["--today", "2027-01-05"], 0);
    assert_eq!(back["accounts"]["created"], 4 + relatives, "{back}");
    assert_eq!(back["credentials"]["issued"], 4 + relatives, "{back}");
    assert_eq!(name_rows(&beside, &gone).await, names);
    let account = beside.account(first).await;
    assert_eq!((account.stage, account.left), (Stage::Present, None));
    assert_eq!(beside.entry(first).await.unwrap().dn, first_dn);
    assert_eq!(beside.store.live_envelopes(&purged).await.unwrap().len(), 4);
    assert_eq!(installation.sync(&["--today", "2027-01-05"], 0)["verdict"], "unchanged");
}

/// Uid and login of these, as the register has them.
async fn name_rows(beside: &Beside, keys: &[String]) -> Vec<(String, String)> {
    let rows = beside.store.names().await.unwrap();
    keys.iter()
        .map(|key| {
            let row = rows.iter().find(|row| row.join_key.as_str() == key).unwrap();
            (row.uid.as_str().to_owned(), row.login.as_str().to_owned())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_on_the_date_embedded() {
    from_the_date_to_the_return(&Installation::embedded()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_on_the_date_slapd() {
    let slapd = Slapd::with(&Options { least_rights: true, purges: true, ..Options::default() });
    from_the_date_to_the_return(&Installation::with(&slapd.sync_toml())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_on_the_date_389() {
    let server = Ds389::start();
    let scheme = "\n[credentials]\npbkdf2_rounds = 10000\n";
    from_the_date_to_the_return(&Installation::with(&format!("{}{scheme}", server.toml()))).await;
}

/// Whoever is in the exports again stays, even where the night could not restore him.
#[test]
fn who_is_in_the_exports_again_is_left_out() {
    let installation = Installation::embedded();
    let gone = suspended(&installation);
    installation.simulate(2, 90, 0, false);
    assert_eq!(installation.run(&["plan", "--today", "2026-12-30"]).code, 0);
    let planned = json(&installation, &["purge", "--today", "2026-12-30"], 0);
    assert_eq!(changes(&planned), 0, "{planned}");
    let spared: Vec<&str> =
        planned["spared"].as_array().unwrap().iter().map(|one| one["join_key"].as_str().unwrap()).collect();
    for key in &gone {
        assert!(spared.contains(&key.as_str()), "{key}: {planned}");
    }
    assert!(planned["spared"].as_array().unwrap().iter().all(|one| one["why"] == "back"), "{planned}");
}

/// Beyond the limit nothing of the school goes, and another school can go alone.
#[test]
fn too_many_at_once_are_held() {
    let installation = Installation::embedded();
    let text = std::fs::read_to_string(installation.config()).unwrap();
    let limited = format!("{text}\n[limits.purge]\npercent = 5.0\nminimum = 10\ntolerated = 1\n");
    suspended(&installation);
    std::fs::write(installation.config(), limited).unwrap();
    let plan = installation.home().join("purge.plan");
    let file = plan.to_str().unwrap();
    let held = json(&installation, &["purge", "--today", "2026-12-30", "--out", file], 3);
    let holds = held["holds"].as_array().unwrap();
    assert!(holds.iter().all(|hold| hold["reason"] == "purge_limit"), "{held}");
    let pupils: Vec<_> = holds.iter().filter(|hold| hold["id"].as_str().unwrap().ends_with(":pupil")).collect();
    assert_eq!(pupils.len(), 2, "{held}");
    assert!(pupils[0]["message"].as_str().unwrap().contains("3 élèves sur "), "{held}");
    // They are this plan's alone: what is decided about is what a night holds.
    let listed = json(&installation, &["holds", "list"], 0);
    assert_eq!(listed["holds"].as_array().unwrap().len(), 0, "{listed}");
    let before = installation.entries().len();
    json(&installation, &["apply", file], 0);
    assert_eq!(installation.entries().len(), before, "what is held is not written");
    // The same without the limit, one school.
    std::fs::write(installation.config(), text).unwrap();
    let uai = pupils[0]["school"].as_str().unwrap();
    let one = json(&installation, &["purge", "--today", "2026-12-30", "--out", file, "--school", uai], 0);
    assert!(changes(&one) >= 3, "{one}");
    json(&installation, &["apply", file], 0);
    assert_eq!(installation.entries().len() as u64, before as u64 - changes(&one));
    assert_eq!(installation.run(&["purge", "--school", "0999999Z"]).code, 64);
}
