//! Servers that fail: what a night does then, and that the next one ends where it would have ended anyway.
//!
//! Every fault happens to a real slapd, by its own configuration, by its death, or by a proxy that breaks what goes
//! through it. Afterwards the directory is compared with one that never had the fault.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::Installation;
use crate::support::proxy::{Count, Fault, Proxy};
use crate::support::slapd::{Certificate, Options, Slapd};
use crate::support::{people, try_people};

const SCHOOLS: u32 = 2;
const PUPILS: u32 = 60;

/// Every entry of people, structures and groups, without what is drawn at random.
type Picture = BTreeMap<String, BTreeMap<String, Vec<String>>>;

fn picture(installation: &Installation) -> Picture {
    let mut picture = Picture::new();
    for entry in installation.entries() {
        if !["people", "structures", "groups"].iter().any(|b| entry.dn.normalised().contains(&format!(",ou={b},"))) {
            continue;
        }
        let attributes = picture.entry(entry.dn.normalised().to_owned()).or_default();
        for (name, values) in &entry.attributes {
            if name != "ENTPersonGARIdentifiant" && name != "userPassword" {
                let mut values: Vec<String> = values.iter().map(|v| format!("{v:?}")).collect();
                values.sort();
                attributes.insert(name.to_lowercase(), values);
            }
        }
    }
    picture
}

/// What the directory is like when nothing fails.
fn without_fault() -> Picture {
    let installation = Installation::embedded();
    installation.simulate(SCHOOLS, PUPILS, 0, false);
    installation.sync(&[], 0);
    picture(&installation)
}

/// An installation whose directory is reached by this port, with short waits.
fn installation(slapd: &Slapd, port: u16, more: &str) -> Installation {
    let toml = slapd.toml().replace(&format!(":{}", slapd.port()), &format!(":{port}"));
    let installation = Installation::with(&format!("{toml}timeout_seconds = 2\n{more}"));
    installation.simulate(SCHOOLS, PUPILS, 0, false);
    installation
}

/// The next night changes nothing more, and all is as if nothing had happened.
fn as_if_nothing_had_happened(installation: &Installation, slapd: &Slapd) {
    let again = installation.sync(&[], 0);
    assert_eq!(again["verdict"], "unchanged", "{again}");
    let (there, wanted) = (picture(installation), without_fault());
    let differing: Vec<_> = wanted.iter().filter(|(dn, e)| there.get(*dn) != Some(e)).map(|(dn, _)| dn).collect();
    assert_eq!(there.len(), wanted.len());
    assert!(differing.is_empty(), "{differing:?}");
    let accounts = people(slapd);
    let mut keys: Vec<&str> = accounts.iter().flat_map(|e| e.texts("ENTPersonJointure")).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), accounts.len(), "no account twice");
    // Each account has one password, which the register holds sealed: no envelope was left over or lost.
    let status = installation.run(&["credentials", "status", "--json"]);
    assert_eq!(status.code, 0, "{}", status.stderr);
    assert!(!status.stdout.contains("pending\": 1"), "{}", status.stdout);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// A night through a proxy that breaks a few writes, and ends well by itself.
fn recovers(script: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Value {
    let slapd = Slapd::start();
    let proxy = Proxy::start(slapd.port(), Count::Writes, script);
    recovered(&installation(&slapd, proxy.port, ""), &slapd)
}

fn recovered(installation: &Installation, slapd: &Slapd) -> Value {
    let night = installation.sync(&[], 0);
    let changes = &night["changes"];
    assert_eq!(night["verdict"], "done", "{night}");
    for none in ["moved", "failed", "not_done", "unknown"] {
        assert_eq!(changes[none], 0, "{changes}");
    }
    assert!(changes["done"].as_u64().unwrap() > 100, "{changes}");
    as_if_nothing_had_happened(installation, slapd);
    night
}

#[test]
fn a_connection_cut_in_place_of_an_answer() {
    recovers(|n| if n == 40 || n == 170 { Fault::CutAnswer } else { Fault::Pass });
}

#[test]
fn a_connection_cut_before_a_request() {
    recovers(|n| if n == 40 || n == 170 { Fault::CutRequest } else { Fault::Pass });
}

#[test]
fn answers_that_are_lost() {
    recovers(|n| if n == 3 || n == 90 { Fault::DropAnswer } else { Fault::Pass });
}

#[test]
fn answers_that_are_slow_or_too_late() {
    // Within what is waited for, and beyond: those behind it are late too.
    recovers(|n| match n {
        20 => Fault::Delay(1_200),
        60 => Fault::Delay(3_500),
        _ => Fault::Pass,
    });
}

#[test]
fn a_busy_server_slows_us_down_and_nothing_is_lost() {
    let slapd = Slapd::start();
    let proxy = Proxy::start(slapd.port(), Count::Writes, |n| if n % 5 == 2 { Fault::Answer(51) } else { Fault::Pass });
    let installation = installation(&slapd, proxy.port, "");
    let night = recovered(&installation, &slapd);
    assert_eq!(night["slowdown"]["trouble"], "busy", "{night}");
    assert!(night["slowdown"]["cuts"].as_u64().unwrap() >= 1, "{night}");
    // Each was tried again, and is on the trail: one by one up to the quota, the others counted.
    let trail =
        |kind: &str| installation.run(&["audit", "show", "--json", "--kind", kind]).json().as_array().unwrap().clone();
    let retries = trail("retry");
    assert!(retries.iter().all(|event| event["payload"]["because"] == "busy"), "{retries:?}");
    let summed: u64 = trail("summary")
        .iter()
        .filter(|event| event["payload"]["kind"] == "retry")
        .map(|event| event["payload"]["count"].as_u64().unwrap())
        .sum();
    let answered = proxy.seen.load(Ordering::SeqCst) as u64 / 5;
    let told = retries.len() as u64 + summed;
    assert!(told > 20 && told <= answered + 1 && told + 5 >= answered / 2, "{told} of some {answered}");
}

/// The server refuses everything from the n-th write on, until it is mended.
fn stops_and_goes_on(code: u8, word: &str) {
    let slapd = Slapd::start();
    let ill = Arc::new(AtomicBool::new(true));
    let still = ill.clone();
    let proxy = Proxy::start(slapd.port(), Count::Writes, move |n| {
        if n >= 60 && still.load(Ordering::SeqCst) { Fault::Answer(code) } else { Fault::Pass }
    });
    let installation = installation(&slapd, proxy.port, "");
    let night = installation.sync(&[], 4);
    assert_eq!(night["verdict"], "partial");
    let changes = &night["changes"];
    let count = |key: &str| changes[key].as_u64().unwrap();
    assert_eq!(night["stopped"]["why"], "server", "{night}");
    assert!(night["stopped"]["text"].as_str().unwrap().contains(word), "{night}");
    assert!(count("done") > 0 && count("failed") > 0 && count("not_done") > 0, "{changes}");
    // It was left alone: not each of the hundreds of changes was tried.
    assert!(proxy.seen.load(Ordering::SeqCst) < 60 + 6 * 32 + 40, "{}", proxy.seen.load(Ordering::SeqCst));
    ill.store(false, Ordering::SeqCst);
    installation.sync(&[], 0);
    as_if_nothing_had_happened(&installation, &slapd);
}

#[test]
fn a_server_that_stays_unavailable_is_left_alone() {
    stops_and_goes_on(52, "unavailable");
}

#[test]
fn a_server_that_stays_unwilling_is_left_alone() {
    stops_and_goes_on(53, "unwillingToPerform");
}

/// slapd's own refusals: what it says is told with what to do, nothing is written, and once mended the night ends well.
fn refused_by_slapd(lines: &'static str, words: &[&str]) {
    let mut slapd = Slapd::start();
    let installation = installation(&slapd, slapd.port(), "");
    // The branches are there; what follows is refused.
    slapd.restart_with(lines);
    for _ in 0..2 {
        let answer = installation.run(&["sync", "--json"]);
        assert_eq!(answer.code, 5, "{}\n{}", answer.stderr, answer.stdout);
        // As one line: the terminal's folding apart.
        let told = answer.stderr.replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert!(people(&slapd).is_empty());
    }
    slapd.restart_with("");
    installation.sync(&[], 0);
    as_if_nothing_had_happened(&installation, &slapd);
}

#[test]
fn a_read_only_database() {
    refused_by_slapd("readonly on\n", &["takes no write", "read-only", "olcReadOnly"]);
}

#[test]
fn a_restricted_database() {
    refused_by_slapd("restrict add modify\n", &["restricted", "olcRestrict", "could not be added"]);
}

/// A replica refers writes to the server that takes them. The password never goes there.
#[test]
fn a_replica_names_the_one_that_writes() {
    refused_by_slapd(
        "syncrepl rid=001 provider=ldap://127.0.0.1:9 type=refreshOnly interval=01:00:00:00 \
         searchbase=\"dc=esco-centre,dc=fr\" bindmethod=simple\nupdateref ldap://ecriture.example.fr\n",
        &["referral", "ldap://ecriture.example.fr", "directory.url", "not followed"],
    );
}

/// Once in a while OpenLDAP itself cannot read its own database after it was full ("internal error in mdb_entry_decode"):
/// then another server has to fill up.
#[test]
fn a_disk_that_fills_up() {
    assert!((0..5).any(|_| is_borne_when_the_disk_is_full()), "five servers that could not read their own databases");
}

/// `false` when the server cannot read its own database.
fn is_borne_when_the_disk_is_full() -> bool {
    let slapd = Slapd::with(&Options { max_size: Some(600 << 10), ..Options::default() });
    let installation = installation(&slapd, slapd.port(), "");
    let night = installation.sync(&[], 4);
    assert_eq!(night["stopped"]["why"], "server", "{night}");
    assert!(night["stopped"]["text"].as_str().unwrap().contains("disk"), "{night}");
    assert!(night["changes"]["done"].as_u64().unwrap() > 0, "{night}");
    let Some(there) = try_people(&slapd) else { return false };
    // No better the next time, and no worse: not even the probe of passwords finds room.
    let again = installation.run(&["sync"]);
    let Some(now) = try_people(&slapd) else { return false };
    assert_eq!(again.code, 5, "{}", again.stderr);
    assert!(again.stderr.contains("could not"), "{}", again.stderr);
    assert_eq!(now.len(), there.len(), "{}", again.stderr);
    true
}

/// A part of the branch on another server: the accounts there would be missing from the plan.
#[test]
fn a_branch_that_goes_on_elsewhere_is_no_branch_without_accounts() {
    let slapd = Slapd::start();
    let installation = installation(&slapd, slapd.port(), "");
    installation.sync(&[], 0);
    let before = people(&slapd);
    let referral = "dn: ou=sud,ou=people,dc=esco-centre,dc=fr\nobjectClass: referral\nobjectClass: extensibleObject\n\
                    ou: sud\nref: ldap://sud.example.fr/ou=sud,ou=people,dc=esco-centre,dc=fr\n\n";
    slapd.add(referral);
    let answer = installation.run(&["sync"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    let told = answer.stderr.replace('\n', " ");
    assert!(told.contains("ldap://sud.example.fr") && told.contains("not followed"), "{told}");
    assert_eq!(people(&slapd), before);
}

#[test]
fn limits_of_reading_are_told_with_what_to_do() {
    let slapd = Slapd::with(&Options { size_limit: Some(50), ..Options::default() });
    let admin = installation(&slapd, slapd.port(), "");
    admin.sync(&[], 0);
    let before = people(&slapd);
    let toml = std::fs::read_to_string(admin.config()).unwrap();
    let toml = toml.replace("cn=admin,", "cn=sync,").replace("admin.pw", "sync.pw");
    std::fs::write(admin.config(), toml).unwrap();
    let answer = admin.run(&["sync"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stderr.contains("sizeLimitExceeded") && answer.stderr.contains("olcLimits"), "{}", answer.stderr);
    assert_eq!(people(&slapd), before, "half an answer is no answer");
}

#[test]
fn certificates_that_do_not_do() {
    for (certificate, word) in [(Certificate::Expired, "has expired"), (Certificate::Elsewhere, "another name")] {
        let slapd = Slapd::with(&Options { tls: true, certificate, ..Options::default() });
        let toml = slapd.toml().replace(&slapd.url(), &slapd.tls_url());
        let installation = Installation::with(&format!("{toml}ca_file = \"{}\"\n", slapd.ca_file().display()));
        installation.simulate(1, 10, 0, false);
        let answer = installation.run(&["sync"]);
        assert_eq!(answer.code, 1);
        assert!(answer.stderr.replace('\n', " ").contains(word), "{}", answer.stderr);
    }
}

/// Restarted in the midst of the writes: the same run goes on.
#[test]
fn a_server_that_restarts() {
    let mut slapd = Slapd::start();
    let installation = installation(&slapd, slapd.port(), "writes_per_second = 150\n");
    let mut night = installation.command(&["sync", "--json"]).spawn().unwrap();
    wait_for(|| people(&slapd).len() > 20);
    slapd.kill();
    std::thread::sleep(Duration::from_millis(800));
    slapd.start_again();
    let status = night.wait().unwrap();
    assert!(status.success(), "{status}");
    as_if_nothing_had_happened(&installation, &slapd);
}

/// Gone in the midst of the writes and not back: what was done is known, the rest is left, the next night ends it.
#[test]
fn a_server_that_does_not_come_back() {
    let mut slapd = Slapd::start();
    let installation = installation(&slapd, slapd.port(), "writes_per_second = 150\n");
    let night = installation.command(&["sync", "--json"]).spawn().unwrap();
    wait_for(|| people(&slapd).len() > 20);
    slapd.kill();
    let answer: crate::support::program::Answer = night.wait_with_output().unwrap().into();
    assert_eq!(answer.code, 4, "{}", answer.stderr);
    let night = answer.json();
    assert_eq!(night["stopped"]["why"], "server", "{night}");
    assert!(night["changes"]["not_done"].as_u64().unwrap() > 0, "{night}");
    // While it is away, a night says so and changes nothing.
    let away = installation.run(&["sync"]);
    assert_eq!(away.code, 1);
    assert!(away.stderr.contains("is the server running"), "{}", away.stderr);
    slapd.start_again();
    installation.sync(&[], 0);
    as_if_nothing_had_happened(&installation, &slapd);
}

fn wait_for(reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Cut at any message of the long reads, the read begins again or the night ends without a plan: half of the people
/// never look like people without account.
#[test]
fn half_a_read_is_no_read() {
    let slapd = Slapd::start();
    let (offset, from, until) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(usize::MAX)), Arc::new(AtomicUsize::new(0)));
    let proxy = {
        let (offset, from, until) = (offset.clone(), from.clone(), until.clone());
        Proxy::start(slapd.port(), Count::Found, move |n| {
            let n = n - offset.load(Ordering::SeqCst);
            let cut = (from.load(Ordering::SeqCst)..until.load(Ordering::SeqCst)).contains(&n);
            if cut { Fault::CutAnswer } else { Fault::Pass }
        })
    };
    let installation = installation(&slapd, proxy.port, "page_size = 20\n");
    installation.sync(&[], 0);
    let before = people(&slapd);
    let night = |cut: std::ops::Range<usize>| {
        offset.store(proxy.seen.load(Ordering::SeqCst), Ordering::SeqCst);
        from.store(cut.start, Ordering::SeqCst);
        until.store(cut.end, Ordering::SeqCst);
        installation.run(&["sync", "--json"])
    };
    let whole = night(0..0);
    assert_eq!(whole.code, 0, "{}", whole.stderr);
    let messages = proxy.seen.load(Ordering::SeqCst) - offset.load(Ordering::SeqCst);
    assert!(messages > 150, "{messages}");
    // Once: in the first branch, in the midst of the people, between two pages, near the end.
    for at in [0, 1, 5, 40, 41, 60, 63, 100, messages - 2] {
        let answer = night(at..at + 1);
        assert_eq!(answer.code, 0, "cut at {at}: {}", answer.stderr);
        let night = answer.json();
        assert_eq!(night["verdict"], "unchanged", "cut at {at}: {night}");
        assert_eq!(night["accounts"]["created"], 0, "cut at {at}: {night}");
        assert_eq!(night["departures"]["absent"], 0, "cut at {at}: {night}");
    }
    // Again and again: no plan at all.
    for at in [0, 40, 100] {
        let answer = night(at..usize::MAX);
        assert_eq!(answer.code, 1, "cut from {at}: {}", answer.stdout);
        assert!(answer.stderr.contains("closed the connection"), "{}", answer.stderr);
    }
    assert_eq!(people(&slapd), before);
    assert_eq!(night(0..0).json()["verdict"], "unchanged");
}
