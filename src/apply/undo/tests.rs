//! Random plans over the embedded directory, applied and taken back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use jiff::civil::date;
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::{Asked, undo};
use crate::apply::apply;
use crate::audit::{Actor, Trail, Unchained};
use crate::config::Config;
use crate::directory::dialect::{Dialect, OwnedDigest};
use crate::directory::embedded::Embedded;
use crate::directory::{AttributeChange, Directory as _, Dn, Entry, Operation, Pace, Search, Value, ensure_branches};
use crate::naming::{Login, Uid};
use crate::plan::file::Writer;
use crate::plan::{Change, ChangeKind, Ground, Header, PlanId, RunId, Subject, Totals, Write, fixtures};
use crate::progress::Silent;
use crate::roster::{JoinKey, Profile};
use crate::store::{AccountRow, BatchResult, Stage, Store};

const SUFFIX: &str = "dc=fr";
const PEOPLE: usize = 6;
const GROUPS: usize = 3;

/// What a plan does to one person.
#[derive(Debug, Clone, Copy)]
enum Act {
    Nothing,
    Rename,
    /// The name is not what the plan saw: the change is left out of the apply.
    Stale,
    Move,
    Leave,
    Lock,
    ComeBack,
    Adopt,
}

/// A plan: what happens to each person, who is created, what happens to each group.
#[derive(Debug, Clone)]
struct Night {
    acts: Vec<Act>,
    created: usize,
    /// Per group: deleted, or who is in it afterwards (a bit per person).
    groups: Vec<Option<u8>>,
    new_group: bool,
}

fn night() -> impl Strategy<Value = Night> {
    let act = prop::sample::select(vec![
        Act::Nothing,
        Act::Rename,
        Act::Stale,
        Act::Move,
        Act::Leave,
        Act::Lock,
        Act::ComeBack,
        Act::Adopt,
    ]);
    let groups = prop::collection::vec(prop::option::weighted(0.8, any::<u8>()), GROUPS);
    (prop::collection::vec(act, PEOPLE), 0..3_usize, groups, any::<bool>())
        .prop_map(|(acts, created, groups, new_group)| Night { acts, created, groups, new_group })
}

struct World {
    _folder: TempDir,
    config: Config,
    store: Store,
    directory: Embedded,
    dialect: Arc<Dialect>,
    trail: Trail,
}

fn person_dn(n: usize) -> Dn {
    Dn::parse(&format!("uid=f{n:05},ou=people,{SUFFIX}")).unwrap()
}

fn group_dn(n: usize) -> Dn {
    Dn::parse(&format!("cn=0290009C_G{n},ou=groups,{SUFFIX}")).unwrap()
}

fn person(n: usize, locked: bool) -> Entry {
    let mut entry = Entry::new(person_dn(n));
    entry.push("objectClass", ["ENTEleve"]);
    entry.push("uid", [format!("f{n:05}")]);
    entry.push("sn", [format!("NOM{n}")]);
    entry.push("ENTPersonJointure", [format!("AC$%{n}")]);
    entry.push("userPassword", [if locked { format!("{{LOCKED}}{{SSHA}}{n}") } else { format!("{{SSHA}}{n}") }]);
    entry
}

fn members(bits: u8) -> Vec<Dn> {
    let all: Vec<Dn> = (0..PEOPLE).filter(|n| bits & (1 << n) != 0).map(person_dn).collect();
    if all.is_empty() { vec![Dn::parse("").unwrap()] } else { all }
}

/// At the beginning: two of three are present, one is absent, one suspended, and so on; the last is nobody's yet.
fn stage(n: usize) -> Option<Stage> {
    match n {
        5 => None,
        n if n % 3 == 1 => Some(Stage::Absent),
        n if n % 3 == 2 => Some(Stage::Suspended),
        _ => Some(Stage::Present),
    }
}

fn subject(n: usize, class: &str) -> Subject {
    Subject {
        join_key: Some(JoinKey::new("AC", &format!("%{n}"))),
        profile: Some(Profile::Pupil),
        uid: Some(Uid::new(&format!("f{n:05}"))),
        login: Some(Login::new(&format!("l.{n}"))),
        name: format!("Nom {n}"),
        schools: vec![fixtures::uai(fixtures::MOULIN)],
        class: Some(class.into()),
        level: None,
    }
}

fn replace(name: &str, old: &str, new: &str) -> Vec<AttributeChange> {
    vec![AttributeChange {
        attribute: name.into(),
        old: vec![old.into()],
        new: vec![new.into(), Value::from(format!("{new}-bis"))],
        unset: false,
    }]
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display();
        let text = format!(
            "[store]\nurl = \"sqlite:{home}/rentree.db\"\n[[source]]\nname = \"AC\"\nkind = \"aaf-2d\"\npath = \"x\"\n\
             [directory]\nkind = \"embedded\"\nsuffix = \"{SUFFIX}\"\n"
        );
        let config = Config::parse(&text, &folder.path().join("rentree.toml")).unwrap();
        let store = Store::of(&config.store).await.unwrap();
        let directory = Embedded::new(store.clone(), Dn::parse(SUFFIX).unwrap());
        directory.ensure_suffix().await.unwrap();
        let dialect = Arc::new(Dialect::load(&config.directory).unwrap());
        let branches = [dialect.people_branch().clone(), dialect.groups_branch().clone()];
        ensure_branches(&directory, &Dn::parse(SUFFIX).unwrap(), &branches).await.unwrap();
        let mut entries: Vec<Operation> =
            (0..PEOPLE).map(|n| Operation::Add(person(n, stage(n) == Some(Stage::Suspended)))).collect();
        let mut result = BatchResult::default();
        for n in 0..GROUPS {
            let mut entry = Entry::new(group_dn(n));
            entry.push("objectClass", ["groupOfNames"]);
            entry.push("cn", [group_dn(n).rdn_value()]);
            entry.push("description", [format!("Groupe {n}")]);
            entry.push("member", members(0b0101).iter().map(Dn::as_str));
            entries.push(Operation::Add(entry));
            let put = members(0b0101).iter().map(|dn| dn.normalised().to_owned()).collect();
            result.groups.push((group_dn(n).rdn_value(), Some(put)));
        }
        for outcome in directory.execute(&entries, &Pace::unlimited()).await {
            outcome.unwrap();
        }
        for n in 0..PEOPLE {
            let Some(stage) = stage(n) else { continue };
            result.accounts.push(AccountRow {
                join_key: JoinKey::new("AC", &format!("%{n}")),
                dn: person_dn(n).to_string(),
                profile: Profile::Pupil,
                stage,
                since: date(2026, 9, 1),
                schools: vec![fixtures::MOULIN.into()],
                class: Some("5A".into()),
                level: None,
                expected: n == 1,
                adopted: false,
                written: Some(OwnedDigest([n as u8; 16])),
                left: None,
                former_class: None,
            });
        }
        store
            .settle_batch(PlanId(Uuid::now_v7()), &result, Unchained::default(), jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        let trail = Trail::open(&store, RunId(Uuid::now_v7()), &Actor::current()).await.unwrap();
        Self { _folder: folder, config, store, directory, dialect, trail }
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            config: &self.config,
            dialect: Arc::clone(&self.dialect),
            store: &self.store,
            directory: &self.directory,
            now: "2026-10-01T03:00:00Z".parse().unwrap(),
            today: date(2026, 10, 1),
            threads: 1,
            progress: Arc::new(Silent),
            hours: None,
        }
    }

    async fn entries(&self) -> BTreeMap<String, BTreeMap<String, Vec<Value>>> {
        let search =
            Search { base: Dn::parse(SUFFIX).unwrap(), filter: "(objectClass=*)".into(), attributes: Vec::new() };
        let entries: Vec<Entry> = self.directory.search(search).await.unwrap().try_collect().await.unwrap();
        let sorted = |entry: Entry| {
            let attributes = entry.attributes.into_iter().map(|(name, mut values)| {
                values.sort();
                (name, values)
            });
            (entry.dn.to_string(), attributes.collect())
        };
        entries.into_iter().map(sorted).collect()
    }

    async fn register(&self) -> (HashMap<JoinKey, AccountRow>, HashMap<String, Vec<String>>) {
        (self.store.accounts().await.unwrap(), self.store.group_members().await.unwrap())
    }

    /// Writes and saves the plan of a night; gives its number and its file.
    async fn plan(&self, night: &Night) -> (PlanId, std::path::PathBuf) {
        let plan_id = PlanId(Uuid::now_v7());
        let header = Header {
            plan_id,
            sources: Vec::new(),
            config_digest: self.config.digest.clone(),
            directory: format!("{} {SUFFIX}", self.directory.describe()),
            totals: Totals::default(),
            years: [("0290009C".into(), 2026)].into(),
            ..fixtures::header()
        };
        let path = self.store.private_folder("plans").unwrap().join(format!("{plan_id}.plan"));
        let mut writer = Writer::create(&path).unwrap();
        writer.write_header(&header).unwrap();
        for (seq, mut change) in (1..).zip(changes(night)) {
            change.seq = seq;
            writer.write_change(&change).unwrap();
        }
        let seal = writer.finish().unwrap();
        self.store.save_plan(plan_id, path.to_str().unwrap(), &seal.digest, 0).await.unwrap();
        (plan_id, path)
    }
}

fn changes(night: &Night) -> Vec<Change> {
    let mut changes = Vec::new();
    let written = Some(OwnedDigest([0xaa; 16]));
    for (n, act) in night.acts.iter().enumerate() {
        let name = || replace("sn", &format!("NOM{n}"), "AUTRE");
        let (kind, class, write) = match (*act, stage(n)) {
            (Act::Stale, Some(Stage::Present)) => {
                (ChangeKind::Update, "5A", Write::Modify { attributes: replace("sn", "JAMAIS", "AUTRE") })
            }
            (Act::Rename, Some(Stage::Present)) | (Act::Adopt, None) => {
                (ChangeKind::Update, "5A", Write::Modify { attributes: name() })
            }
            (Act::Move, Some(Stage::Present)) => (ChangeKind::Move, "4B", Write::Nothing),
            (Act::Leave, Some(Stage::Present)) => (ChangeKind::Absent, "5A", Write::Nothing),
            (Act::Lock, Some(Stage::Absent)) => (ChangeKind::Suspend, "5A", Write::Lock { attributes: name() }),
            (Act::ComeBack, Some(Stage::Absent)) => (ChangeKind::Restore, "5A", Write::Nothing),
            (Act::ComeBack, Some(Stage::Suspended)) => {
                (ChangeKind::Restore, "4B", Write::Unlock { attributes: name() })
            }
            _ => continue,
        };
        changes.push(Change { written, ..Change::new(kind, person_dn(n), subject(n, class), write) });
    }
    for n in PEOPLE..PEOPLE + night.created {
        let write = Write::Add { attributes: person(n, false).attributes, credential: false };
        changes.push(Change { written, ..Change::new(ChangeKind::Create, person_dn(n), subject(n, "5A"), write) });
    }
    for (n, group) in night.groups.iter().enumerate() {
        let about = Subject { name: format!("G{n}"), ..Subject::default() };
        let (kind, write) = match group {
            None => (ChangeKind::GroupDelete, Write::Delete),
            Some(bits) => {
                let (before, after) = (members(0b0101), members(*bits));
                let add: Vec<Dn> = after.iter().filter(|dn| !before.contains(dn)).cloned().collect();
                let remove: Vec<Dn> = before.iter().filter(|dn| !after.contains(dn)).cloned().collect();
                if add.is_empty() && remove.is_empty() {
                    continue;
                }
                let attributes = replace("description", &format!("Groupe {n}"), "Autre");
                (ChangeKind::GroupUpdate, Write::Members { add, remove, kept: Vec::new(), attributes })
            }
        };
        changes.push(Change::new(kind, group_dn(n), about, write));
    }
    if night.new_group {
        let mut entry = Entry::new(group_dn(GROUPS));
        entry.push("objectClass", ["groupOfNames"]);
        entry.push("cn", [entry.dn.rdn_value()]);
        entry.push("member", members(0b0011).iter().map(Dn::as_str));
        let write = Write::Add { attributes: entry.attributes, credential: false };
        changes.push(Change::new(ChangeKind::GroupCreate, entry.dn, Subject::default(), write));
    }
    changes
}

async fn taken_back(night: Night) {
    let world = World::new().await;
    let (before, (accounts, groups)) = (world.entries().await, world.register().await);
    let (plan, path) = world.plan(&night).await;
    let applied = apply(&world.ground(), &path, &world.trail).await.unwrap();
    assert!(applied.failed.is_empty(), "{applied:?}");
    assert_eq!(world.store.school_years().await.unwrap().len(), 1);

    let asked = Asked { of: plan.to_string(), school: None, out: None };
    if applied.done == 0 {
        assert!(undo(&world.ground(), &asked, &world.trail).await.unwrap_err().is_usage());
        return;
    }
    let back = undo(&world.ground(), &asked, &world.trail).await.unwrap();
    assert_eq!((back.holds.len(), back.seal.changes), (0, applied.done), "{:?}", back.holds);
    let undone = apply(&world.ground(), &back.path, &world.trail).await.unwrap();
    assert_eq!((undone.done, undone.moved.len(), undone.failed.len()), (applied.done, 0, 0), "{undone:?}");

    let now = world.entries().await;
    for (dn, entry) in &before {
        assert_eq!(now.get(dn), Some(entry), "{dn}");
    }
    let extra: Vec<_> = now.keys().filter(|dn| !before.contains_key(*dn)).collect();
    assert_eq!(extra.len(), night.created, "{extra:?}");
    for n in PEOPLE..PEOPLE + night.created {
        let entry = &now[person_dn(n).as_str()];
        assert_eq!(entry["userPassword"], [Value::from(format!("{{LOCKED}}{{SSHA}}{n}"))]);
    }
    let (mut accounts_now, groups_now) = world.register().await;
    for n in PEOPLE..PEOPLE + night.created {
        let row = accounts_now.remove(&JoinKey::new("AC", &format!("%{n}"))).unwrap();
        assert_eq!(row.stage, Stage::Suspended);
    }
    assert_eq!(accounts_now, accounts);
    let sorted = |mut groups: HashMap<String, Vec<String>>| {
        for members in groups.values_mut() {
            members.sort();
        }
        groups
    };
    assert_eq!(sorted(groups_now), sorted(groups));
    assert!(world.store.school_years().await.unwrap().is_empty(), "the school had no year before");

    // Once is enough.
    let again = undo(&world.ground(), &asked, &world.trail).await.unwrap();
    assert_eq!((again.seal.changes, again.holds.len()), (0, 0), "{:?}", again.holds);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_applied_is_taken_back(night in night()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(taken_back(night));
    }
}

/// What an apply leaves behind is readable by its owner only, sealed, and of the changes that were done.
#[tokio::test]
async fn what_is_left_behind_is_private_and_only_of_what_was_done() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let acts = vec![Act::Rename, Act::Nothing, Act::Nothing, Act::Stale, Act::Nothing, Act::Nothing];
    let night = Night { acts, created: 1, groups: vec![Some(0b0101); GROUPS], new_group: false };
    let (plan, path) = world.plan(&night).await;
    let applied = apply(&world.ground(), &path, &world.trail).await.unwrap();
    assert_eq!((applied.done, applied.moved.len()), (2, 1), "{applied:?}");
    let left = path.with_file_name(format!("{plan}.undo.plan"));
    assert_eq!(std::fs::metadata(&left).unwrap().permissions().mode() & 0o777, 0o600);
    let (header, seal) = crate::plan::file::verify(&left).unwrap();
    assert_eq!((header.undoes.unwrap().plan, seal.changes), (plan, 2));
    // Nothing else stays in the folder.
    let files: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}
