//! Locked, refused, tampered with.

use std::io::{BufRead as _, BufReader};

use rentree::store::RunLock;

use crate::support::program::Installation;

#[tokio::test]
async fn a_second_run_is_refused_while_one_goes_on() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let store = installation.store().await;
    let lock = RunLock::take(&store, "purge").await.unwrap();
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 6, "{}", answer.stderr);
    assert!(answer.stderr.contains("another run is under way (purge, "), "{}", answer.stderr);
    drop(lock);
    store.close().await;
    installation.sync(&[], 0);
}

/// Runs of other sources take turns; the same source is not begun twice.
#[tokio::test]
async fn a_run_of_one_source_waits_for_those_of_others() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let store = installation.store().await;
    let other = RunLock::take_with(&store, "sync", &["AC-AUTRE".to_owned()], None).await.unwrap();
    let mut waiting = installation.command(&["sync", "--source", "AC-TEST"]).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(waiting.stderr.as_mut().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("une autre exécution est en cours (sync, ") && told.contains("AC-TEST"), "{told}");
    // While it waits its source is its own, for one of all sources as well.
    for arguments in [["sync", "--source=AC-TEST"].as_slice(), &["plan", "--source=AC-TEST"], &["sync"]] {
        let refused = installation.run(arguments);
        assert_eq!(refused.code, 6, "{}", refused.stderr);
        assert!(refused.stderr.contains("another run reads the source \"AC-TEST\" (sync, "), "{}", refused.stderr);
    }
    assert!(waiting.try_wait().unwrap().is_none());
    drop(other);
    assert!(waiting.wait().unwrap().success());
    store.close().await;
}

#[test]
fn nothing_readable_is_refused() {
    let installation = Installation::embedded();
    std::fs::create_dir(installation.feed()).unwrap();
    std::fs::write(installation.feed().join("lisezmoi.txt"), "rien").unwrap();
    assert_eq!(installation.run(&["sync"]).code, 5);
    assert_eq!(installation.run(&["check"]).code, 5);
    assert_eq!(installation.run(&["sync", "--no-such-option"]).code, 64);
}

#[test]
fn an_older_delivery_is_refused() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 5, false);
    installation.sync(&[], 0);
    installation.simulate(1, 10, 2, false);
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 5, "{}", answer.stderr);
}

/// One byte changed anywhere in the trail is found.
#[tokio::test]
async fn a_tampered_trail_is_found() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    installation.sql("UPDATE event SET actor = 'somebody@else' WHERE seq = 3");
    let answer = installation.run(&["audit", "verify"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stdout.contains("event 3"), "{}", answer.stdout);
}
