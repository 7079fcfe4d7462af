//! Locked, refused, tampered with.

use crate::support::program::Installation;

#[test]
fn a_second_run_is_refused_while_one_goes_on() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let lock = std::fs::OpenOptions::new().append(true).open(installation.home().join("rentree.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 6, "{}", answer.stderr);
    drop(lock);
    installation.sync(&[], 0);
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
