//! The trail over a real store: what is recorded comes back, and what is tampered with is found.

use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::config::RetentionConfig;
use crate::plan::RunId;
use crate::roster::{JoinKey, Profile};
use crate::store::testing::{self, blob};
use crate::store::{PrintBatch, PrintedSheet, Store};

async fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = testing::open(folder.path()).await;
    (folder, store)
}

fn run() -> RunId {
    RunId(Uuid::now_v7())
}

fn person(n: u32) -> JoinKey {
    JoinKey::new("AC-TEST", &n.to_string())
}

async fn trail(store: &Store) -> Trail {
    Trail::open(store, run(), &Actor::current()).await.unwrap()
}

/// Ten events about two persons and none.
async fn ten(store: &Store) -> Head {
    let trail = trail(store).await;
    trail.record(Kind::RunStarted, None, json!({"verb": "sync"})).unwrap();
    for n in 0..8 {
        trail
            .record(Kind::ChangeApplied, Some(&person(n % 2)), json!({"change": n, "dn": format!("uid=pab{n}")}))
            .unwrap();
    }
    trail.record(Kind::RunFinished, None, json!({"verdict": "done"})).unwrap();
    trail.close().await.unwrap()
}

async fn execute(store: &Store, sql: impl AsRef<str>) {
    testing::execute(store, sql.as_ref()).await;
}

/// What goes with an event would be kept from changing alone by a key; a forger is not stopped by it.
fn unbound() -> &'static str {
    if testing::on_a_server() { "" } else { "PRAGMA foreign_keys = off;" }
}

async fn events(store: &Store, filter: EventFilter) -> Vec<Event> {
    show(store, &filter).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn what_is_recorded_comes_back_in_order_and_by_filter() {
    let (_folder, store) = fresh().await;
    assert_eq!(head(&store).await.unwrap(), None);
    let first = ten(&store).await;
    let second = ten(&store).await;
    assert_eq!((first.seq, second.seq, head(&store).await.unwrap()), (10, 20, Some(second)));
    let all = events(&store, EventFilter::default()).await;
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    assert_eq!(all[1].payload.as_ref().unwrap()["dn"], "uid=pab0");
    assert!(all[0].actor.contains('@'));
    let run = RunId(all[12].run.parse().unwrap());
    let of = |filter| async { events(&store, filter).await.len() };
    assert_eq!(of(EventFilter { run: Some(run), ..EventFilter::default() }).await, 10);
    assert_eq!(of(EventFilter { kind: Some(Kind::RunFinished), ..EventFilter::default() }).await, 2);
    assert_eq!(of(EventFilter { person: Some(person(1)), ..EventFilter::default() }).await, 8);
    assert_eq!(of(EventFilter { person: Some(person(9)), ..EventFilter::default() }).await, 0);
    #[expect(clippy::disallowed_methods, reason = "the trail's own clock")]
    let later = Timestamp::now() + jiff::SignedDuration::from_secs(60);
    assert_eq!(of(EventFilter { since: Some(later), ..EventFilter::default() }).await, 0);
    let verdict = verify(&store, &[first, second]).await.unwrap();
    assert!(verdict.is_intact() && verdict.events == 20, "{verdict}");
}

#[tokio::test]
async fn an_empty_trail_is_intact() {
    let (_folder, store) = fresh().await;
    assert!(verify(&store, &[]).await.unwrap().is_intact(), "never opened");
    let head = trail(&store).await.close().await.unwrap();
    assert_eq!(head.seq, 0);
    assert!(verify(&store, &[head]).await.unwrap().is_intact(), "opened, nothing recorded");
}

#[tokio::test]
async fn tampering_with_any_column_of_any_row_is_found() {
    let (_folder, store) = fresh().await;
    let printed = ten(&store).await;
    let (short, random, long) = (blob(&[]), blob(&rand::random::<[u8; 32]>()), blob(&[0; 33]));
    let columns = [
        ("event", "seq", "seq + 100"),
        ("event", "at", "at + 1"),
        ("event", "run", "run || 'x'"),
        ("event", "kind", "kind || 'x'"),
        ("event", "actor", "'somebody@else'"),
        ("event", "subject", "coalesce(subject, '') || 'x'"),
        ("event", "subject", "CASE WHEN subject IS NULL THEN '' END"),
        ("event", "payload_digest", &random),
        ("event", "payload_digest", &short),
        ("event", "prev", &random),
        ("event", "prev", &long),
        ("event", "hash", &random),
        ("event", "hash", &long),
        ("event_payload", "seq", "seq + 100"),
        ("event_payload", "salt", &random),
        ("event_payload", "body", "body || ' '"),
    ];
    for (table, column, value) in columns {
        for seq in 1..=10_u64 {
            let kept = "CREATE TABLE e AS SELECT * FROM event; CREATE TABLE p AS SELECT * FROM event_payload";
            execute(&store, format!("{} {kept}", unbound())).await;
            execute(&store, format!("UPDATE {table} SET {column} = {value} WHERE seq = {seq}")).await;
            let verdict = verify(&store, &[printed]).await.unwrap();
            assert!(!verdict.is_intact(), "{table}.{column} of {seq}");
            let named = verdict.problems.iter().any(|p| p.seq == seq || p.seq == seq + 1 || p.seq == seq + 100);
            assert!(named, "{table}.{column} of {seq}: {:?}", verdict.problems);
            execute(
                &store,
                "DELETE FROM event_payload; DELETE FROM event; INSERT INTO event SELECT * FROM e;
                 INSERT INTO event_payload SELECT * FROM p; DROP TABLE e; DROP TABLE p",
            )
            .await;
            assert!(verify(&store, &[printed]).await.unwrap().is_intact(), "put back");
        }
    }
    for (column, value) in [("salt", random.as_str()), ("head_seq", "9"), ("head_hash", &random)] {
        execute(&store, format!("CREATE TABLE t AS SELECT * FROM trail; UPDATE trail SET {column} = {value}")).await;
        assert!(!verify(&store, &[]).await.unwrap().is_intact(), "trail.{column}");
        execute(&store, "DELETE FROM trail; INSERT INTO trail SELECT * FROM t; DROP TABLE t").await;
    }
    assert!(verify(&store, &[printed]).await.unwrap().is_intact());
}

#[tokio::test]
async fn one_flipped_bit_of_any_byte_is_found_and_its_event_named() {
    let (_folder, store) = fresh().await;
    ten(&store).await;
    let texts =
        [("event", "run"), ("event", "kind"), ("event", "actor"), ("event", "subject"), ("event_payload", "body")];
    let blobs = [("event", "payload_digest"), ("event", "prev"), ("event", "hash"), ("event_payload", "salt")];
    let columns = texts.iter().map(|c| (c, true)).chain(blobs.iter().map(|c| (c, false)));
    let mut flipped = 0;
    for ((table, column), is_text) in columns {
        for seq in [2_u64, 6] {
            let read = format!("SELECT {column} FROM {table} WHERE seq = {seq}");
            let row = testing::row(&store, read).await;
            let bytes =
                if is_text { row.try_get::<String, _>(0).unwrap().into_bytes() } else { row.try_get(0).unwrap() };
            let write = async |bytes: &[u8]| {
                let value = match (is_text, testing::on_a_server()) {
                    (false, _) => blob(bytes),
                    (true, false) => format!("CAST({} AS TEXT)", blob(bytes)),
                    (true, true) => format!("convert_from({}, 'UTF8')", blob(bytes)),
                };
                execute(&store, format!("UPDATE {table} SET {column} = {value} WHERE seq = {seq}")).await;
            };
            for at in 0..bytes.len() {
                let mut forged = bytes.clone();
                forged[at] ^= 1;
                write(&forged).await;
                let verdict = verify(&store, &[]).await.unwrap();
                let named = verdict.problems.iter().any(|problem| problem.seq == seq || problem.seq == seq + 1);
                assert!(!verdict.is_intact() && named, "{table}.{column} of {seq}, byte {at}: {:?}", verdict.problems);
                flipped += 1;
            }
            write(&bytes).await;
        }
    }
    for bit in 0..63 {
        execute(&store, format!("UPDATE event SET at = (at | {0}) - (at & {0}) WHERE seq = 5", 1_u64 << bit)).await;
        assert!(!verify(&store, &[]).await.unwrap().is_intact(), "bit {bit} of the time");
        execute(&store, format!("UPDATE event SET at = (at | {0}) - (at & {0}) WHERE seq = 5", 1_u64 << bit)).await;
    }
    assert!(flipped > 400, "{flipped}");
    assert!(verify(&store, &[]).await.unwrap().is_intact(), "all is as it was");
}

#[tokio::test]
async fn removed_inserted_and_reordered_events_are_named() {
    use Tampering::{Changed, End, Missing, NotedHead, PayloadMissing, Unchained};
    let cases = [
        ("DELETE FROM event WHERE seq = 4", vec![(5, Missing { from: 4 }), (5, Unchained)]),
        ("DELETE FROM event WHERE seq >= 9", vec![(8, End)]),
        ("DELETE FROM event WHERE seq <= 2", vec![(3, Missing { from: 1 }), (3, Unchained)]),
        (
            "UPDATE event SET seq = 99 WHERE seq = 4; UPDATE event SET seq = 4 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 99",
            vec![(4, Changed), (4, Unchained), (5, Changed), (5, Unchained)],
        ),
        (
            "INSERT INTO event SELECT 11, at, run, kind, actor, subject, payload_digest, hash, prev FROM event WHERE seq = 10",
            vec![(11, Changed), (11, PayloadMissing), (11, End)],
        ),
        ("DELETE FROM event_payload WHERE seq = 6", vec![(6, PayloadMissing)]),
    ];
    for (sql, expected) in cases {
        let (_folder, store) = fresh().await;
        ten(&store).await;
        execute(&store, format!("{} {sql}", unbound())).await;
        let verdict = verify(&store, &[]).await.unwrap();
        for (seq, what) in expected {
            assert!(verdict.problems.contains(&Problem { seq, what }), "{sql}: {:?}", verdict.problems);
        }
    }
    // A forger who also mends the store's own head is found out by a head that was noted.
    let (_folder, store) = fresh().await;
    let printed = ten(&store).await;
    execute(&store, "DELETE FROM event_payload WHERE seq = 10; DELETE FROM event WHERE seq = 10; UPDATE trail SET head_seq = 9, head_hash = (SELECT hash FROM event WHERE seq = 9)").await;
    assert!(verify(&store, &[]).await.unwrap().is_intact());
    assert_eq!(verify(&store, &[printed]).await.unwrap().problems, [Problem { seq: 10, what: NotedHead }]);
}

#[tokio::test]
async fn an_erased_person_leaves_the_chain_valid_and_is_said() {
    let (folder, store) = fresh().await;
    let printed = ten(&store).await;
    let trail = trail(&store).await;
    trail.record(Kind::Printed, Some(&person(0)), json!({"login": "zoé.exemple-unique"})).unwrap();
    assert_eq!(trail.erase(&person(0)).await.unwrap(), 5, "the one that was still gathered included");
    assert_eq!(trail.erase(&person(0)).await.unwrap(), 0);
    assert_eq!(trail.erase(&person(77)).await.unwrap(), 0);
    let head = trail.close().await.unwrap();
    let verdict = verify(&store, &[printed, head]).await.unwrap();
    assert!(verdict.is_intact(), "{:?}", verdict.problems);
    assert_eq!((verdict.events, verdict.erased), (12, 5));
    let shown = events(&store, EventFilter { person: Some(person(0)), ..EventFilter::default() }).await;
    assert!(shown.len() == 5 && shown.iter().all(|e| e.payload.is_none()));
    assert!(store.empty_log().await.unwrap());
    if !testing::on_a_server() {
        let bytes = std::fs::read(folder.path().join("rentree.db")).unwrap();
        assert!(!bytes.windows(14).any(|w| w == b"exemple-unique"), "nothing of it is left in the file");
    }
    // Erasing with a knife instead is found.
    execute(&store, "DELETE FROM event_payload WHERE seq = 3").await;
    assert_eq!(verify(&store, &[]).await.unwrap().problems, [Problem { seq: 3, what: Tampering::PayloadMissing }]);
}

#[tokio::test]
async fn what_has_had_its_time_says_nothing_more_and_the_chain_stays_whole() {
    let (_folder, store) = fresh().await;
    ten(&store).await;
    let erasing = trail(&store).await;
    assert_eq!(erasing.erase(&person(0)).await.unwrap(), 4);
    let config = RetentionConfig { trail: [("run_started".to_owned(), 30)].into(), ..RetentionConfig::default() };
    #[expect(clippy::disallowed_methods, reason = "the trail's own clock")]
    let in_days = |days: i64| Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    for (days, pruned) in [(29, 0), (31, 1), (31, 0), (364, 0), (366, 5), (366, 0), (100_000, 0)] {
        assert_eq!(erasing.prune(&config, in_days(days)).await.unwrap(), pruned, "after {days} days");
        let verdict = verify(&store, &[]).await.unwrap();
        assert!(verdict.is_intact(), "after {days} days: {verdict} {:?}", verdict.problems);
    }
    let verdict = verify(&store, &[]).await.unwrap();
    assert_eq!(verdict.erased, 10, "all ten, those of the person and those whose time was over");
    let said = events(&store, EventFilter { kind: Some(Kind::PayloadErased), ..EventFilter::default() }).await;
    let last = said.last().unwrap().payload.clone().unwrap();
    assert_eq!(last["ranges"], json!([[3, 3], [5, 5], [7, 7], [9, 10]]));
    // What goes without an event that says so is still found.
    trail(&store).await.close().await.unwrap();
    ten(&store).await;
    execute(&store, "DELETE FROM event_payload WHERE seq = (SELECT max(seq) FROM event_payload)").await;
    assert_eq!(verify(&store, &[]).await.unwrap().problem_count, 1);
    erasing.close().await.unwrap();
}

#[tokio::test]
async fn people_are_found_among_many_events_and_among_the_last() {
    let (_folder, store) = fresh().await;
    let trail = trail(&store).await;
    for n in 0..45_003_u32 {
        trail.record(Kind::ChangeApplied, Some(&person(n % 1_000)), json!({ "n": n })).unwrap();
        if trail.waiting() == 5_000 {
            trail.flush().await.unwrap();
        }
    }
    trail.flush().await.unwrap();
    let of = |n: u32| events(&store, EventFilter { person: Some(person(n)), ..EventFilter::default() });
    assert_eq!(of(2).await.len(), 46, "indexed and not yet");
    assert_eq!(of(7).await.len(), 45);
    assert_eq!(trail.erase(&person(2)).await.unwrap(), 46);
    assert_eq!(trail.erase(&person(2)).await.unwrap(), 0);
    trail.close().await.unwrap();
    let verdict = verify(&store, &[]).await.unwrap();
    assert!(verdict.is_intact() && verdict.erased == 46, "{verdict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_writers_never_fork_the_chain() {
    let (folder, one) = fresh().await;
    let two = testing::open(folder.path()).await;
    let write = |store: Store| async move {
        let trail = trail(&store).await;
        for round in 0..25 {
            for n in 0..7 {
                trail.record(Kind::ChangeApplied, Some(&person(n)), json!({"round": round})).unwrap();
            }
            trail.flush().await.unwrap();
        }
        trail.close().await.unwrap()
    };
    let tasks = [one.clone(), two, one.clone()].map(|store| tokio::spawn(write(store)));
    for task in tasks {
        task.await.unwrap();
    }
    let verdict = verify(&one, &[]).await.unwrap();
    assert!(verdict.is_intact(), "{:?}", verdict.problems);
    assert_eq!(verdict.events, 3 * 25 * 7);
}

#[tokio::test]
async fn notes_are_summed_exactly_and_changes_never_dropped() {
    let (_folder, store) = fresh().await;
    let trail = trail(&store).await;
    for n in 0..1_000 {
        trail.note(Note::Finding, "E-NAME", None, json!({"line": n})).unwrap();
        trail.record(Kind::ChangeApplied, None, json!({"n": n})).unwrap();
        if n % 300 == 0 {
            trail.flush().await.unwrap();
        }
    }
    for n in 0..70 {
        trail.note(Note::Retry, "busy", None, n).unwrap();
    }
    trail.close().await.unwrap();
    let of = |kind| events(&store, EventFilter { kind: Some(kind), ..EventFilter::default() });
    assert_eq!(of(Kind::ChangeApplied).await.len(), 1_000);
    let summed = |summaries: &[Event], kind: &str| -> u64 {
        let payloads = summaries.iter().map(|e| e.payload.as_ref().unwrap());
        payloads.filter(|p| p["kind"] == kind).map(|p| p["count"].as_u64().unwrap()).sum()
    };
    let summaries = of(Kind::Summary).await;
    assert_eq!(of(Kind::Finding).await.len() as u64 + summed(&summaries, "finding"), 1_000);
    assert_eq!(of(Kind::Retry).await.len() as u64 + summed(&summaries, "retry"), 70);
    assert!(of(Kind::Finding).await.len() < 100);
    assert!(verify(&store, &[]).await.unwrap().is_intact());
}

#[tokio::test]
async fn a_trail_that_is_not_closed_is_taken_up_by_the_next() {
    let (folder, store) = fresh().await;
    let file = folder.path().join("rentree.trail-left");
    let first = trail(&store).await;
    first.record(Kind::Printed, Some(&person(1)), json!({"sheet": 1})).unwrap();
    for n in 0..50 {
        first.note(Note::Retry, "busy", None, n).unwrap();
    }
    drop(first);
    assert!(file.exists());
    assert!(events(&store, EventFilter::default()).await.is_empty());
    // A line that was cut off is counted.
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("{\"at\":1,\"ru");
    std::fs::write(&file, text).unwrap();
    let second = trail(&store).await;
    assert!(!file.exists());
    second.close().await.unwrap();
    let all = events(&store, EventFilter::default()).await;
    assert_eq!(all[0].kind, "printed");
    let recovered = all.last().unwrap();
    assert_eq!(recovered.kind, "events_recovered");
    assert_eq!(recovered.payload, Some(json!({"events": all.len() - 1, "unreadable_lines": 1})));
    let noted = all.iter().filter(|e| e.kind == "retry").count() as u64;
    let summary = all.iter().find(|e| e.kind == "summary").unwrap();
    assert_eq!(noted + summary.payload.as_ref().unwrap()["count"].as_u64().unwrap(), 50);
    assert!(verify(&store, &[]).await.unwrap().is_intact());
}

#[tokio::test]
async fn a_failed_or_abandoned_flush_keeps_its_events() {
    let (_folder, store) = fresh().await;
    let trail = trail(&store).await;
    trail.record(Kind::KeyCreated, None, json!({"file": "a"})).unwrap();
    let busy = testing::busy(&store).await;
    assert!(trail.flush().now_or_never().is_none(), "waits for the writer, and is dropped");
    drop(busy);
    assert_eq!(trail.waiting(), 1);
    execute(&store, "ALTER TABLE event RENAME TO elsewhere").await;
    assert!(trail.flush().await.is_err());
    trail.record(Kind::KeyCreated, None, json!({"file": "b"})).unwrap();
    assert_eq!(trail.waiting(), 2);
    execute(&store, "ALTER TABLE elsewhere RENAME TO event").await;
    assert_eq!(trail.close().await.unwrap().seq, 2);
    let files: Vec<_> = events(&store, EventFilter::default())
        .await
        .iter()
        .map(|e| e.payload.as_ref().unwrap()["file"].clone())
        .collect();
    assert_eq!(files, ["a", "b"]);
}

#[tokio::test]
async fn a_printed_sheet_and_its_event_are_both_kept_or_neither() {
    let (_folder, store) = fresh().await;
    let trail = trail(&store).await;
    let batch = PrintBatch {
        id: "b".to_owned(),
        at: 0,
        actor: "x".to_owned(),
        selection: "{}".to_owned(),
        template: None,
        reason: None,
    };
    let sheet = PrintedSheet {
        serial: "1".to_owned(),
        join_key: person(1),
        profile: Profile::Pupil,
        school: "0290009C".to_owned(),
        class: None,
        file: "6A.pdf".to_owned(),
    };
    let printed = || trail.events([(Kind::Printed, Some(&sheet.join_key), json!({"serial": "1"}))]).unwrap();
    let sheets = std::slice::from_ref(&sheet);
    execute(&store, "ALTER TABLE event_payload RENAME TO aside").await;
    assert!(store.note_printed(&batch, sheets, printed()).await.is_err());
    execute(&store, "ALTER TABLE aside RENAME TO event_payload").await;
    let entered =
        || async { (store.printed_before().await.unwrap().len(), events(&store, EventFilter::default()).await) };
    let (sheets_then, events_then) = entered().await;
    assert_eq!((sheets_then, events_then.len(), trail.waiting()), (0, 0, 0));
    store.note_printed(&batch, sheets, printed()).await.unwrap();
    let (sheets_now, events_now) = entered().await;
    assert_eq!(
        (sheets_now, events_now.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>()),
        (1, vec![Kind::Printed.name()])
    );
}

#[tokio::test]
async fn a_flush_that_is_abandoned_anywhere_loses_nothing() {
    let (_folder, store) = fresh().await;
    let trail = trail(&store).await;
    for n in 0..30_u64 {
        trail.record(Kind::Printed, None, n).unwrap();
        let mut flush = std::pin::pin!(trail.flush());
        for _ in 0..=n % 10 {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(flush.as_mut().poll(cx))).await;
            if polled.is_ready() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    trail.close().await.unwrap();
    let mut told: Vec<u64> = events(&store, EventFilter::default())
        .await
        .iter()
        .map(|e| e.payload.as_ref().unwrap().as_u64().unwrap())
        .collect();
    // A commit whose answer nobody heard is written a second time.
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, (0..30).collect::<Vec<_>>());
    assert!(verify(&store, &[]).await.unwrap().is_intact());
}

#[tokio::test]
async fn no_join_key_and_no_secret_is_in_the_files() {
    let (folder, store) = fresh().await;
    let trail = trail(&store).await;
    let person = JoinKey::new("AC-TEST", "987654321");
    let payload = json!({"password": "bamo-tiku", "value": "{ARGON2}$argon2id$v=19$x"});
    trail.record(Kind::CredentialIssued, Some(&person), payload).unwrap();
    assert!(!trail.pseudonym(&person).contains("98765"));
    trail.close().await.unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for leak in ["987654321", "bamo-tiku", "argon2id"] {
            assert!(!bytes.windows(leak.len()).any(|w| w == leak.as_bytes()), "{leak}");
        }
    }
}
