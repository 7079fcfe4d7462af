//! The issuer, the pool and the states of envelopes over a real store.

mod levels;
mod schools;

use jiff::Timestamp;
use jiff::civil::Date;
use tempfile::TempDir;

use super::*;
use crate::audit::Unchained;
use crate::config::{Argon2Config, CredentialsConfig, LettersConfig, Mode};
use crate::naming::{Login, Uid};
use crate::roster::JoinKey;
use crate::roster::Profile;
use crate::store::{PrintBatch, PrintedSheet, Store, testing};

struct Bench {
    folder: TempDir,
    store: Store,
    issuer: Issuer,
    key: PrintKey,
}

fn config() -> CredentialsConfig {
    let argon2 = Argon2Config { memory_kib: 64, passes: 1, lanes: 1, allow_weak: true };
    CredentialsConfig { argon2, ..CredentialsConfig::default() }
}

fn letters(key: &PrintKey) -> LettersConfig {
    LettersConfig { recipients: vec![key.recipient().to_string()], ..LettersConfig::default() }
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = testing::open(folder.path()).await;
    let key = PrintKey::generate();
    let issuer = Issuer::new(&config(), &letters(&key), Scheme::Argon2).unwrap();
    Bench { folder, store, issuer, key }
}

fn accounts(range: std::ops::Range<u32>) -> Vec<NewCredential> {
    range
        .map(|n| NewCredential {
            closed: false,
            schools: Vec::new(),
            join_key: join_key(n),
            uid: Uid::new(&format!("pab{n:05}")),
            login: Login::new(&format!("zoé.exemple{n}")),
            profile: Profile::Pupil,
            course: None,
        })
        .collect()
}

fn join_key(n: u32) -> JoinKey {
    JoinKey::new("AC-TEST", &n.to_string())
}

fn keys(range: std::ops::Range<u32>) -> Vec<JoinKey> {
    range.map(join_key).collect()
}

fn today() -> Date {
    "2026-08-25".parse().unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_787_000_000).unwrap()
}

fn outcomes(batch: &[Issued], outcome: Outcome) -> Vec<(Serial, Outcome)> {
    batch.iter().map(|issued| (issued.label.serial, outcome)).collect()
}

impl Bench {
    async fn issue(&self, range: std::ops::Range<u32>) -> Vec<Issued> {
        let batch = self.issuer.prepare(&self.store, accounts(range), today()).await.unwrap();
        self.issuer.save(&self.store, &batch).await.unwrap();
        batch
    }

    /// Puts a sheet of each in the print register, as a print run does.
    async fn print(&self, serials: &[Serial], at: Timestamp) {
        let batch = PrintBatch {
            id: uuid::Uuid::now_v7().to_string(),
            at: at.as_millisecond(),
            actor: "zoe@secretariat".into(),
            selection: "{}".into(),
            template: None,
            reason: None,
        };
        let sheets: Vec<PrintedSheet> = serials
            .iter()
            .map(|serial| PrintedSheet {
                serial: serial.to_string(),
                join_key: join_key(0),
                profile: Profile::Pupil,
                school: "0290009C".into(),
                class: None,
                file: "6A.pdf".into(),
            })
            .collect();
        self.store.note_printed(&batch, &sheets, Unchained::default()).await.unwrap();
    }

    async fn issue_live(&self, range: std::ops::Range<u32>) -> Vec<Issued> {
        let batch = self.issue(range).await;
        self.store.settle(&outcomes(&batch, Outcome::Live), now()).await.unwrap();
        batch
    }

    async fn states(&self) -> Vec<(EnvelopeState, u64)> {
        self.store.envelope_counts().await.unwrap().into_iter().map(|(_, state, n, _)| (state, n)).collect()
    }

    /// Every byte of every file in the store's folder.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle.as_bytes())
}

#[tokio::test]
async fn what_is_printed_is_what_was_hashed() {
    let bench = bench().await;
    let batch = bench.issue_live(0..20).await;
    let envelopes = bench.store.live_envelopes(&keys(0..30)).await.unwrap();
    assert_eq!(envelopes.len(), 20);
    for issued in &batch {
        let envelope = envelopes.iter().find(|e| e.label == issued.label).unwrap();
        let content = envelope.open(std::slice::from_ref(&bench.key)).unwrap();
        assert!(verify(issued.hash.expose(), &content.secret).unwrap());
    }
}

#[tokio::test]
async fn no_secret_and_no_settled_hash_is_in_the_files() {
    if testing::on_a_server() {
        return;
    }
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 5, |_| ()).await.unwrap();
    assert!(!holds(&bench.bytes(), "argon2id$v"), "the hashes of the pool are sealed");
    let batch = bench.issue(0..10).await;
    assert!(holds(&bench.bytes(), batch[0].hash.expose()), "a pending hash is kept, to be sent again");
    let mut outcomes = outcomes(&batch, Outcome::Live);
    outcomes[3].1 = Outcome::Dead;
    bench.store.settle(&outcomes, now()).await.unwrap();
    assert!(bench.store.empty_log().await.unwrap());
    let bytes = bench.bytes();
    assert!(!holds(&bytes, "argon2id$v"), "no hash outlives its outcome");
    for envelope in bench.store.live_envelopes(&keys(0..10)).await.unwrap() {
        let content = envelope.open(std::slice::from_ref(&bench.key)).unwrap();
        assert!(holds(&bytes, envelope.label.uid.as_str()), "the search itself works");
        assert!(!holds(&bytes, content.secret.expose()));
    }
}

#[tokio::test]
async fn a_crash_between_the_steps_leaves_the_same_hash_to_send_again() {
    let bench = bench().await;
    // Before the save: nothing is there.
    drop(bench.issuer.prepare(&bench.store, accounts(0..3), today()).await.unwrap());
    assert!(bench.store.pending_envelopes().await.unwrap().is_empty());
    // After the save: another process finds the very hashes.
    let batch = bench.issue(0..3).await;
    let again = testing::open(bench.folder.path()).await;
    let pending = again.pending_envelopes().await.unwrap();
    assert_eq!(pending.len(), 3);
    for (found, issued) in pending.iter().zip(&batch) {
        assert_eq!((&found.label, &found.hash), (&issued.label, &issued.hash));
    }
    // An account with an unknown outcome is not issued a second time, and the whole batch stays out.
    let second = bench.issuer.prepare(&bench.store, accounts(2..5), today()).await.unwrap();
    assert!(bench.issuer.save(&bench.store, &second).await.is_err());
    assert_eq!(again.pending_envelopes().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 2, |_| ()).await.unwrap();
    let batch = bench.issuer.prepare(&bench.store, accounts(0..2), today()).await.unwrap();
    bench.store.discard_pool(&[]).await.unwrap();
    // The pool's items are gone: the save must fail whole.
    assert!(bench.issuer.save(&bench.store, &batch).await.is_err());
    assert!(bench.states().await.is_empty());
}

/// Polls a future so many times, with time to work in between, and drops it.
async fn abandon_after(polls: usize, future: impl Future) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await;
        if polled.is_ready() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_save_that_is_abandoned_anywhere_is_whole_or_nothing() {
    let bench = bench().await;
    let mut whole = 0;
    for polls in 1..25 {
        bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
        let batch = bench.issuer.prepare(&bench.store, accounts(0..3), today()).await.unwrap();
        abandon_after(polls, bench.store.save_issued(&batch)).await;
        // The next writer is not blocked, and finds all three or none.
        let settled = bench.store.settle(&outcomes(&batch, Outcome::Dead), now()).await.unwrap();
        match settled {
            0 => {}
            3 => whole += 1,
            some => panic!("{some} of 3 saved after {polls} polls"),
        }
        assert!(bench.states().await.is_empty());
        bench.issuer.discard_pool(&bench.store, true).await.unwrap();
    }
    assert!(whole > 0, "none came through");
}

#[tokio::test]
async fn states_follow_one_another() {
    use EnvelopeState::{Expired, Live, Pending, Revoked, Superseded};
    let bench = bench().await;
    let store = &bench.store;
    let first = bench.issue(0..4).await;
    assert_eq!(bench.states().await, [(Pending, 4)]);
    let mut settled = outcomes(&first, Outcome::Live);
    settled[3].1 = Outcome::Dead;
    assert_eq!(store.settle(&settled, now()).await.unwrap(), 4);
    assert_eq!(bench.states().await, [(Live, 3)]);
    // A late contradiction changes nothing.
    assert_eq!(store.settle(&outcomes(&first, Outcome::Dead), now()).await.unwrap(), 0);
    assert_eq!(bench.states().await, [(Live, 3)]);
    // A second issue that fails keeps the first; one that succeeds replaces it.
    let second = bench.issue(0..2).await;
    let outcome = [(second[0].label.serial, Outcome::Live), (second[1].label.serial, Outcome::Dead)];
    assert_eq!(store.settle(&outcome, now()).await.unwrap(), 2);
    assert_eq!(bench.states().await, [(Live, 3), (Superseded, 1)]);
    let live = store.live_envelopes(&keys(0..4)).await.unwrap();
    let serials: Vec<Serial> = live.iter().map(|e| e.label.serial).collect();
    assert_eq!(serials, [second[0].label.serial, first[1].label.serial, first[2].label.serial]);
    // Printed ones are not deleted with a withdrawn entitlement; they are revoked.
    bench.print(&serials[..1], now()).await;
    assert_eq!(store.delete_unprinted(&keys(0..2)).await.unwrap(), 1);
    assert_eq!(store.end_envelopes(&keys(0..2), Ended::Revoked, now()).await.unwrap(), 1);
    assert_eq!(bench.states().await, [(Live, 1), (Revoked, 1), (Superseded, 1)]);
    let none = |_| Ok(Unchained::default());
    assert_eq!(store.expire_envelopes(today(), now(), none).await.unwrap(), 0, "issued today");
    assert_eq!(store.expire_envelopes(today().tomorrow().unwrap(), now(), none).await.unwrap(), 1);
    assert_eq!(bench.states().await, [(Expired, 1), (Revoked, 1), (Superseded, 1)]);
    assert!(store.live_envelopes(&keys(0..4)).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_first_printing_counts() {
    let bench = bench().await;
    let serials: Vec<Serial> = bench.issue_live(0..1).await.iter().map(|i| i.label.serial).collect();
    bench.print(&serials, now()).await;
    bench.print(&serials, Timestamp::UNIX_EPOCH).await;
    assert_eq!(bench.store.live_envelopes(&keys(0..1)).await.unwrap()[0].printed_at, Some(now()));
}

#[tokio::test]
async fn the_pool_serves_first_and_its_key_goes_with_it() {
    let bench = bench().await;
    let key_file = bench.folder.path().join("rentree.pool-key");
    let mut heard = Vec::new();
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 4, |n| heard.push(n)).await.unwrap();
    assert_eq!(heard, [4]);
    assert!(key_file.exists());
    assert_eq!(bench.issuer.in_pool(&bench.store, Profile::Pupil, None).await.unwrap(), 4);
    // Two batches prepared before either is saved do not share an item.
    let one = bench.issuer.prepare(&bench.store, accounts(0..3), today()).await.unwrap();
    let two = bench.issuer.prepare(&bench.store, accounts(3..6), today()).await.unwrap();
    let from_pool = |batch: &[Issued]| batch.iter().filter(|i| i.pool_item.is_some()).count();
    assert_eq!((from_pool(&one), from_pool(&two)), (3, 1));
    for batch in [one, two] {
        bench.issuer.save(&bench.store, &batch).await.unwrap();
        bench.store.settle(&outcomes(&batch, Outcome::Live), now()).await.unwrap();
        for issued in batch {
            let envelope = &bench.store.live_envelopes(&[issued.label.join_key]).await.unwrap()[0];
            let content = envelope.open(std::slice::from_ref(&bench.key)).unwrap();
            assert!(verify(issued.hash.expose(), &content.secret).unwrap());
        }
    }
    assert!(!key_file.exists(), "an empty pool needs no key");
    assert_eq!(from_pool(&bench.issue(6..8).await), 0);
}

#[tokio::test]
async fn a_pool_of_another_policy_recipient_or_lost_key_is_left_alone() {
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 2, |_| ()).await.unwrap();
    let mut longer = config();
    longer.pupil.entropy_bits = 64;
    for issuer in [
        Issuer::new(&longer, &letters(&bench.key), Scheme::Argon2).unwrap(),
        Issuer::new(&config(), &letters(&PrintKey::generate()), Scheme::Argon2).unwrap(),
    ] {
        let batch = issuer.prepare(&bench.store, accounts(0..1), today()).await.unwrap();
        assert!(batch[0].pool_item.is_none());
    }
    std::fs::remove_file(bench.folder.path().join("rentree.pool-key")).unwrap();
    let fresh = Issuer::new(&config(), &letters(&bench.key), Scheme::Argon2).unwrap();
    assert!(fresh.prepare(&bench.store, accounts(0..1), today()).await.unwrap()[0].pool_item.is_none());
    let lost = fresh.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await;
    assert!(matches!(lost, Err(CredentialError::PoolKeyLost { .. })), "{lost:?}");
    assert_eq!(fresh.discard_pool(&bench.store, true).await.unwrap(), 2);
    fresh.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
}

#[tokio::test]
async fn rows_swapped_in_the_store_do_not_open() {
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 2, |_| ()).await.unwrap();
    bench.issue_live(0..4).await;
    let live = bench.store.live_envelopes(&keys(0..4)).await.unwrap();
    for (i, a) in live.iter().enumerate() {
        for (j, b) in live.iter().enumerate() {
            let mixed = SealedEnvelope { sealed: b.sealed.clone(), binding: b.binding, ..a.clone() };
            assert_eq!(mixed.open(std::slice::from_ref(&bench.key)).is_ok(), i == j, "{i} {j}");
        }
    }
}

#[tokio::test]
async fn a_damaged_item_of_the_pool_costs_only_its_time() {
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
    testing::execute(&bench.store, &format!("UPDATE pool SET material = {}", testing::blob(&[0]))).await;
    let batch = bench.issue_live(0..1).await;
    assert!(batch[0].pool_item.is_none());
    let envelope = &bench.store.live_envelopes(&keys(0..1)).await.unwrap()[0];
    assert!(verify(batch[0].hash.expose(), &envelope.open(std::slice::from_ref(&bench.key)).unwrap().secret).unwrap());
}

#[tokio::test]
async fn federated_profiles_get_nothing_and_bind_needs_a_recipient() {
    let bench = bench().await;
    let mut federated = config();
    federated.pupil.mode = Mode::Federated;
    let issuer = Issuer::new(&federated, &letters(&bench.key), Scheme::Argon2).unwrap();
    assert!(issuer.policy(Profile::Pupil).is_none() && issuer.policy(Profile::Teacher).is_some());
    let refused = issuer.prepare(&bench.store, accounts(0..1), today()).await;
    assert!(matches!(refused, Err(CredentialError::Federated { profile: Profile::Pupil })));
    let none = Issuer::new(&config(), &LettersConfig::default(), Scheme::Argon2);
    assert!(matches!(none, Err(CredentialError::Envelope(EnvelopeError::NoRecipient))));
}

#[tokio::test]
async fn durable_commits_and_goes_back_to_quick_commits() {
    if testing::on_a_server() {
        return;
    }
    let bench = bench().await;
    bench.store.durable().await.unwrap();
    let mark: i64 =
        sqlx::query_scalar("SELECT mark FROM durable").fetch_one(bench.store.reader.sqlite()).await.unwrap();
    assert_eq!(mark, 1);
    let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(bench.store.writer.sqlite()).await.unwrap();
    assert_eq!(level, 1, "NORMAL");
}
