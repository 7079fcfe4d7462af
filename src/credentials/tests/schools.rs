//! Keys of schools, credentials for nobody, and envelopes that are sealed anew.

use super::*;
use crate::audit::{Actor, Trail, Unchained};
use crate::config::SchoolLetters;
use crate::feed::values::Uai;
use crate::plan::{PlanId, Renew, RunId};
use crate::store::{AccountRow, BatchResult, RenewalRow, Stage};

const ONE: &str = "0290009C";
const TWO: &str = "0350001A";

/// The project's key, and those of these schools.
fn with_schools(project: &PrintKey, schools: &[(&str, &PrintKey)]) -> LettersConfig {
    let own = |key: &PrintKey| SchoolLetters { recipients: vec![key.recipient().to_string()] };
    let schools = schools.iter().map(|(uai, key)| (Uai::parse(uai).unwrap(), own(key))).collect();
    LettersConfig { schools, ..letters(project) }
}

fn in_schools(n: u32, schools: &[&str]) -> NewCredential {
    let schools = schools.iter().map(|uai| Uai::parse(uai).unwrap()).collect();
    NewCredential { schools, ..accounts(n..n + 1).remove(0) }
}

async fn opens(store: &Store, n: u32, key: &PrintKey) -> bool {
    let envelope = store.live_envelopes(&keys(n..n + 1)).await.unwrap().remove(0);
    match envelope.open(std::slice::from_ref(key)) {
        Ok(_) => true,
        Err(EnvelopeError::WrongKey) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_envelope_is_for_the_project_and_for_the_schools_of_its_person() {
    let bench = bench().await;
    let (one, two) = (PrintKey::generate(), PrintKey::generate());
    let config = with_schools(&bench.key, &[(ONE, &one), (TWO, &two)]);
    let issuer = Issuer::new(&super::config(), &config, Scheme::Argon2).unwrap();
    // Secrets made ahead are sealed for the project alone.
    issuer.fill_pool(&bench.store, Profile::Pupil, None, 2, |_| ()).await.unwrap();
    let people =
        vec![in_schools(0, &[ONE]), in_schools(1, &[ONE, TWO]), in_schools(2, &["0180005B"]), in_schools(3, &[])];
    let batch = issuer.prepare(&bench.store, people, today()).await.unwrap();
    let from_pool: Vec<bool> = batch.iter().map(|issued| issued.pool_item.is_some()).collect();
    assert_eq!(from_pool, [false, false, true, true]);
    issuer.save(&bench.store, &batch).await.unwrap();
    bench.store.settle(&outcomes(&batch, Outcome::Live), now()).await.unwrap();
    for (n, by_one, by_two) in [(0, true, false), (1, true, true), (2, false, false), (3, false, false)] {
        assert!(opens(&bench.store, n, &bench.key).await, "{n}");
        assert_eq!((opens(&bench.store, n, &one).await, opens(&bench.store, n, &two).await), (by_one, by_two), "{n}");
    }
    assert!(config.is_of_a_school(&one.recipient().to_string()));
    assert!(!config.is_of_a_school(&bench.key.recipient().to_string()));
}

fn account(n: u32, school: &str) -> AccountRow {
    AccountRow {
        join_key: join_key(n),
        dn: format!("uid=pab{n:05},ou=people,dc=fr"),
        profile: Profile::Pupil,
        stage: Stage::Present,
        since: today(),
        schools: vec![school.into()],
        class: None,
        level: None,
        expected: false,
        adopted: false,
        written: None,
        left: None,
        former_class: None,
    }
}

#[tokio::test]
async fn envelopes_are_sealed_anew_for_a_school_that_comes_later() {
    let bench = bench().await;
    // One of them from the pool: it names nobody, and is tied to its row by a tag.
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
    let batch = bench.issue_live(0..3).await;
    bench.print(&[batch[0].label.serial], now()).await;
    let rows = [account(0, ONE), account(1, ONE), account(2, TWO)];
    bench.store.restore_register(&rows, &[]).await.unwrap();
    let secret = |envelopes: &[SealedEnvelope]| -> Vec<String> {
        let open = |e: &SealedEnvelope| e.open(std::slice::from_ref(&bench.key)).unwrap().secret.expose().to_owned();
        envelopes.iter().map(open).collect()
    };
    let before = bench.store.live_envelopes(&keys(0..3)).await.unwrap();
    assert!(before.iter().any(|envelope| envelope.binding.is_some()));

    let (one, stranger) = (PrintKey::generate(), PrintKey::generate());
    let config = with_schools(&bench.key, &[(ONE, &one)]);
    let wrong = async |config: &LettersConfig| astray(&bench.store, config).await.unwrap().to_reseal;
    // One of them from the pool, and the two of the school that has a key now.
    assert_eq!((wrong(&letters(&bench.key)).await, wrong(&config).await), (0, 2));
    let school = Uai::parse(ONE).unwrap();
    let trail = Trail::open(&bench.store, RunId(uuid::Uuid::now_v7()), &Actor::current()).await.unwrap();
    let reseal = async |config: &LettersConfig, key: &PrintKey| {
        super::reseal(&bench.store, config, Some(&school), key, &trail, &crate::progress::Silent).await
    };
    assert!(matches!(reseal(&config, &stranger).await, Err(ResealError::WrongKey)));
    assert_eq!(reseal(&config, &bench.key).await.unwrap(), Resealed { resealed: 2, right: 0, unopened: 0 });
    // Whoever is right already is not opened again.
    assert_eq!(reseal(&config, &bench.key).await.unwrap(), Resealed { resealed: 0, right: 2, unopened: 0 });
    assert_eq!(reseal(&config, &stranger).await.unwrap().right, 2, "nothing is opened");
    let after = bench.store.live_envelopes(&keys(0..3)).await.unwrap();
    assert_eq!(secret(&after), secret(&before));
    assert_eq!(after[0].printed_at, before[0].printed_at);
    assert!(opens(&bench.store, 0, &one).await && opens(&bench.store, 1, &one).await);
    assert!(!opens(&bench.store, 2, &one).await, "another school's");
    // Swapped, they are refused as before.
    let swapped = SealedEnvelope { sealed: after[1].sealed.clone(), ..after[0].clone() };
    let refused = swapped.open(std::slice::from_ref(&one));
    assert!(matches!(refused, Err(EnvelopeError::Mismatch { .. })), "{refused:?}");
    assert_eq!((wrong(&letters(&bench.key)).await, wrong(&config).await), (2, 0));
    // Without the school's key again; what somebody replaced meanwhile is left.
    assert_eq!(reseal(&letters(&bench.key), &bench.key).await.unwrap().resealed, 2);
    assert!(!opens(&bench.store, 0, &one).await);
    assert_eq!(bench.store.replace_sealed(&[(after[0].clone(), vec![1], SealedFor::of(&[]))]).await.unwrap(), 0);
    trail.close().await.unwrap();
}

/// Whose credential is taken back has a hash that nobody knows the password of, and an envelope that holds nothing.
#[tokio::test]
async fn a_credential_for_nobody_takes_the_place_of_somebodys() {
    let bench = bench().await;
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
    let first = bench.issue(0..1).await;
    bench.store.settle(&outcomes(&first, Outcome::Live), now()).await.unwrap();
    bench.issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
    let closed = NewCredential { closed: true, ..accounts(0..1).remove(0) };
    let batch = bench.issuer.prepare(&bench.store, vec![closed], today()).await.unwrap();
    assert!(batch[0].sealed.is_empty() && batch[0].pool_item.is_none());
    bench.issuer.save(&bench.store, &batch).await.unwrap();
    // Interrupted here, the same hash would be sent again.
    assert_eq!(bench.store.pending_envelopes().await.unwrap()[0].hash.expose(), batch[0].hash.expose());
    let serial = batch[0].label.serial.to_string();
    let row = RenewalRow {
        serial: serial.clone(),
        join_key: join_key(0),
        replaces: bench.store.live_serials(&keys(0..1)).await.unwrap().remove(&join_key(0)),
        action: Renew::Revoke,
        reason: "affichée au mur".into(),
        reset: false,
        plan: "p".into(),
        actor: "zoe@secretariat".into(),
        at: now(),
    };
    let mut result = BatchResult::default();
    result.envelopes.settled = outcomes(&batch, Outcome::Live);
    result.envelopes.ended = vec![join_key(0)];
    result.envelopes.renewals = vec![row.clone()];
    bench.store.settle_batch(PlanId(uuid::Uuid::now_v7()), &result, Unchained::default(), now()).await.unwrap();
    assert!(bench.store.live_envelopes(&keys(0..1)).await.unwrap().is_empty());
    let mut states = bench.states().await;
    states.sort();
    assert_eq!(states, [(EnvelopeState::Superseded, 1), (EnvelopeState::Revoked, 1)]);
    assert_eq!(row.replaces, Some(first[0].label.serial.to_string()));
    assert_eq!(bench.store.renewals_of(&join_key(0)).await.unwrap(), [row]);
    // Both hashes are known again, should the directory still hold one of them.
    let marks = bench.store.marks_of(&keys(0..1)).await.unwrap().remove(&join_key(0)).unwrap();
    for issued in first.iter().chain(&batch) {
        assert!(marks.contains(&crate::store::hash_mark(issued.hash.expose())));
    }
}

#[tokio::test]
async fn what_was_withdrawn_unprinted_is_known_again() {
    let bench = bench().await;
    let batch = bench.issue_live(0..1).await;
    assert_eq!(bench.store.delete_unprinted(&keys(0..1)).await.unwrap(), 1);
    let marks = bench.store.marks_of(&keys(0..1)).await.unwrap();
    assert_eq!(marks[&join_key(0)], [crate::store::hash_mark(batch[0].hash.expose())]);
}
