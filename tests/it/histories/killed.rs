//! Killed at every boundary, over and over, also together with the server: the end is the same as without.
//!
//! Random times are the business of `pipeline/killed.rs`; here the moment is chosen. On the embedded directory a run is
//! killed as soon as the store shows the k-th state of that run (a plan, an intention, an outcome, an envelope), for k
//! from 1 on; on a server, when its k-th write reaches the wire, before it arrives or instead of its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rentree::credentials::{SealedEnvelope, read_key};
use rentree::directory::{Directory, Entry};
use rentree::roster::JoinKey;
use rentree::store::Store;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection as _;

use super::judge::store;
use crate::support::program::Installation;
use crate::support::proxy::{Count, Fault, Proxy};
use crate::support::slapd::Slapd;

/// No run of these few people takes so long.
const HANGS: Duration = Duration::from_mins(1);

const SCHOOLS: u32 = 2;
const PUPILS: u32 = 40;
/// Some weeks of ordinary life: people who come, go, and change class.
const LATER: u32 = 60;

type Picture = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The directory by name, without what is drawn at random.
fn picture(installation: &Installation) -> Picture {
    let entry = |entry: &Entry| {
        let told = entry.attributes.iter().filter(|(name, _)| {
            !["ENTPersonGARIdentifiant", "userPassword"].iter().any(|drawn| name.eq_ignore_ascii_case(drawn))
        });
        told.map(|(name, values)| (name.to_lowercase(), values.iter().map(|v| format!("{v:?}")).collect())).collect()
    };
    let ours = |entry: &&Entry| {
        ["people", "structures", "groups"].iter().any(|b| entry.dn.normalised().contains(&format!(",ou={b},")))
    };
    installation.entries().iter().filter(ours).map(|e| (e.dn.normalised().to_owned(), entry(e))).collect()
}

/// The two nights of these tests: everybody is created; some come, go and change.
fn night(installation: &Installation, which: usize) -> [&'static str; 4] {
    installation.simulate(SCHOOLS, PUPILS, [0, LATER][which], false);
    ["sync", "--json", "--today", ["2026-09-01", "2026-11-02"][which]]
}

/// What a night leaves: the directory, and who has a live envelope.
struct End {
    directory: Picture,
    envelopes: BTreeSet<JoinKey>,
}

/// What each of the nights leaves when nobody is killed.
async fn undisturbed() -> Vec<End> {
    let installation = Installation::embedded();
    let mut ends = Vec::new();
    for which in [0, 1] {
        let answer = installation.run(&night(&installation, which));
        assert!([0, 3].contains(&answer.code), "{}", answer.stderr);
        let envelopes = live_envelopes(&installation).await.into_iter().map(|envelope| envelope.holder).collect();
        ends.push(End { directory: picture(&installation), envelopes });
    }
    ends
}

async fn live_envelopes(installation: &Installation) -> Vec<SealedEnvelope> {
    let store = store(installation).await;
    assert!(!store.has_pending().await.unwrap(), "an envelope whose outcome nobody knows");
    let keys: Vec<JoinKey> = store.accounts().await.unwrap().into_keys().collect();
    store.live_envelopes(&keys).await.unwrap()
}

/// After a night that was killed and has ended at last: everything is as if it had not been.
async fn is_as_if_nothing_had_happened(
    installation: &Installation,
    arguments: &[&str],
    wanted: &End,
    directory: &dyn Directory,
) {
    let again = installation.run(arguments);
    assert!([0, 3].contains(&again.code), "{}", again.stderr);
    assert_eq!(again.json()["changes"]["done"], 0, "{}", again.stdout);
    let there = picture(installation);
    let differing: Vec<_> = wanted.directory.iter().filter(|(dn, entry)| there.get(*dn) != Some(entry)).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    let more: Vec<_> = there.keys().filter(|dn| !wanted.directory.contains_key(*dn)).collect();
    assert!(more.is_empty(), "{more:?}");

    let accounts = store(installation).await.accounts().await.unwrap();
    let envelopes = live_envelopes(installation).await;
    assert_eq!(envelopes.iter().map(|envelope| envelope.holder.clone()).collect::<BTreeSet<_>>(), wanted.envelopes);
    assert_eq!(envelopes.len(), wanted.envelopes.len(), "one each");
    let key = [read_key(&installation.key(), || unreachable!()).unwrap()];
    for envelope in &envelopes {
        let content = envelope.open(&key).unwrap();
        let account = &accounts[&envelope.holder];
        let dn = rentree::directory::Dn::parse(&account.dn).unwrap();
        assert!(directory.bind(&dn, content.secret.expose()).await.unwrap(), "{}", account.dn);
    }
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let untold = installation.sql(
        "SELECT count(*) FROM journal j WHERE j.outcome = 'done' AND 1 <> (
             SELECT count(*) FROM event e JOIN event_payload p USING (seq)
             WHERE e.kind = 'change_applied' AND json_extract(p.body, '$.plan') = j.plan
                   AND json_extract(p.body, '$.seq') = j.seq)",
    );
    assert_ne!(installation.sql("SELECT count(*) FROM journal WHERE outcome = 'done'"), "0");
    assert_eq!(untold, "0", "what was carried out has its event, once");
}

/// How far a run has come, as the store shows it.
async fn state(connection: &mut sqlx::SqliteConnection) -> Option<[i64; 6]> {
    let row: (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM plan), (SELECT count(*) FROM plan WHERE state = 'applying'), \
         (SELECT count(*) FROM journal), (SELECT count(*) FROM journal WHERE outcome = 'done'), \
         (SELECT count(*) FROM envelope WHERE state = 'pending'), (SELECT count(*) FROM name)",
    )
    .fetch_one(connection)
    .await
    .ok()?;
    Some(row.into())
}

/// Runs it, and kills it when the store shows the `k`-th state of the run; `false` when it ended before.
async fn killed_at(installation: &Installation, arguments: &[&str], k: usize) -> bool {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(installation.home().join("rentree.db"))
        .busy_timeout(Duration::ZERO)
        .read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let mut last = state(&mut connection).await;
    let mut seen = 0;
    let mut run = installation.command(arguments).spawn().unwrap();
    let started = Instant::now();
    let killed = loop {
        assert!(started.elapsed() < HANGS, "state {k}: {last:?} and nothing more");
        if run.try_wait().unwrap().is_some() {
            break false;
        }
        let now = state(&mut connection).await;
        if now.is_some() && now != last {
            (last, seen) = (now, seen + 1);
        }
        if seen >= k {
            run.kill().unwrap();
            break true;
        }
    };
    let output = run.wait_with_output().unwrap();
    connection.close().await.unwrap();
    // It may have ended by itself in the moment of the kill.
    assert!(
        killed || [Some(0), Some(3)].contains(&output.status.code()),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    killed && output.status.code().is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_state_of_the_store() {
    let wanted = undisturbed().await;
    let installation = Installation::embedded();
    // The store has its schema; nobody is in it.
    drop(store(&installation).await);
    for (which, wanted) in wanted.iter().enumerate() {
        let arguments = night(&installation, which);
        let mut kills = 0;
        // Each run gets one state further than the one before, and does again only what is left.
        while killed_at(&installation, &arguments, kills + 1).await {
            kills += 1;
            assert!(kills < 60, "it never ends");
        }
        assert!(kills >= 3, "night {which} was killed {kills} times");
        let store: Store = store(&installation).await;
        let directory = rentree::directory::embedded::Embedded::new(store, crate::support::dn(crate::support::SUFFIX));
        is_as_if_nothing_had_happened(&installation, &arguments, wanted, &directory).await;
    }
}

/// What a run says that ends, one way or the other.
fn ended(mut run: Child) -> Output {
    let started = Instant::now();
    while run.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < HANGS, "run {} does not end", run.id());
        std::thread::sleep(Duration::from_millis(2));
    }
    run.wait_with_output().unwrap()
}

/// The run that is to be killed, and at which of its writes.
#[derive(Default)]
struct Target {
    process: Mutex<Option<u32>>,
    writes: AtomicUsize,
    at: AtomicUsize,
}

impl Target {
    fn on_write(&self) -> Fault {
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let at = self.at.load(Ordering::SeqCst);
        if write < at {
            return Fault::Pass;
        }
        if let Some(process) = self.process.lock().unwrap().take() {
            kill_process(Pid::from_raw(process.cast_signed()).unwrap(), Signal::KILL).unwrap();
        }
        // What it had sent by then arrives or is lost.
        if at.is_multiple_of(2) { Fault::CutRequest } else { Fault::CutAnswer }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_write_and_the_server_with_it() {
    let wanted = undisturbed().await;
    let mut slapd = Slapd::start();
    let target = Arc::new(Target::default());
    let proxy = {
        let target = target.clone();
        Proxy::start(slapd.port(), Count::Writes, move |_| target.on_write())
    };
    let toml = slapd.toml().replace(&format!(":{}", slapd.port()), &format!(":{}", proxy.port));
    let installation = Installation::with(&format!("{toml}timeout_seconds = 2\n"));
    let started = Instant::now();
    for (which, wanted) in wanted.iter().enumerate() {
        let arguments = night(&installation, which);
        let mut kills = 0;
        loop {
            // One write further than the run before; in the long first night faster towards the end.
            let faster = if which == 0 { kills * kills / 8 } else { 0 };
            target.at.store(1 + kills + faster, Ordering::SeqCst);
            target.writes.store(0, Ordering::SeqCst);
            let run = {
                let mut process = target.process.lock().unwrap();
                let run = installation.command(&arguments).spawn().unwrap();
                *process = Some(run.id());
                run
            };
            let output = ended(run);
            if target.process.lock().unwrap().take().is_some() {
                assert!(
                    [Some(0), Some(3)].contains(&output.status.code()),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                break;
            }
            assert_eq!(output.status.code(), None, "killed: {}", String::from_utf8_lossy(&output.stderr));
            kills += 1;
            assert!(started.elapsed() < Duration::from_mins(2), "it never ends");
            if kills % 3 == 0 {
                slapd.kill();
                slapd.start_again();
            }
        }
        target.at.store(usize::MAX, Ordering::SeqCst);
        assert!(kills >= 6, "night {which} was killed {kills} times");
        let directory = rentree::directory::ldap::Ldap::connect(&slapd.config()).await.unwrap();
        is_as_if_nothing_had_happened(&installation, &arguments, wanted, &directory).await;
        let probes = crate::support::people(&slapd).len();
        assert_eq!(probes, wanted.directory.keys().filter(|dn| dn.starts_with("uid=")).count(), "no probe is left");
    }
}
