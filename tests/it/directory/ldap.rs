//! What is LDAP's alone: ways in, limits, and servers that fail.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use rentree::config::DirectoryConfig;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory, DirectoryError, Entry, Modification, Operation, Pace, Search, Value, ldif};

use super::suite::{carry_out, conditions_hold_or_nothing_is_done, group, one, person};
use crate::support::peer::{Answer, Peer};
use crate::support::slapd::{ADMIN_PASSWORD, Certificate, Options, Slapd, certificates};
use crate::support::{SUFFIX, dn};

async fn refusal(config: &DirectoryConfig) -> DirectoryError {
    let error = Ldap::connect(config).await.expect_err("it was let in");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(ADMIN_PASSWORD), "{shown}");
    error
}

fn adds(n: usize) -> Vec<Operation> {
    (0..n).map(|i| Operation::Add(person(&format!("p{i}")))).collect()
}

#[tokio::test]
async fn every_way_in() {
    let slapd = Slapd::with(&Options { tls: true, ..Options::default() });
    let clear = slapd.config();
    let mut start_tls = clear.clone();
    start_tls.starttls = Some(true);
    start_tls.ca_file = Some(slapd.ca_file());
    let mut tls = start_tls.clone();
    tls.url = Some(slapd.tls_url());
    tls.starttls = None;
    let mut socket = clear.clone();
    socket.url = Some(slapd.socket_url());
    let mut external = socket.clone();
    (external.bind_dn, external.password_file) = (None, None);
    for (i, config) in [clear, start_tls, tls, socket, external].iter().enumerate() {
        let directory = Ldap::connect(config).await.unwrap_or_else(|e| panic!("{:?}: {e}", config.url));
        one(&directory, Operation::Add(person(&format!("p{i}")))).await.unwrap();
        let shown = format!("{directory:?} {}", directory.describe());
        assert!(!shown.contains(ADMIN_PASSWORD), "{shown}");
    }
}

#[tokio::test]
async fn certificates_are_verified() {
    let slapd = Slapd::with(&Options { tls: true, ..Options::default() });
    let elsewhere = tempfile::tempdir().unwrap();
    certificates(elsewhere.path());
    let mut config = slapd.config();
    config.starttls = Some(true);
    config.ca_file = Some(elsewhere.path().join("ca.pem"));
    for url in [slapd.url(), slapd.tls_url()] {
        config.url = Some(url);
        config.starttls = config.url.as_deref().filter(|u| u.starts_with("ldap:")).map(|_| true);
        let error = refusal(&config).await;
        assert!(matches!(error, DirectoryError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("directory.ca_file"), "{error}");
    }
    config.ca_file = Some(slapd.path().join("server.key"));
    assert!(matches!(refusal(&config).await, DirectoryError::Configuration(_)));
}

#[tokio::test]
async fn a_certificate_that_does_not_do_is_told_with_what_to_do() {
    for (certificate, words) in [
        (Certificate::Expired, &["has expired", "renew"][..]),
        (Certificate::Elsewhere, &["is for another name", "directory.url"]),
    ] {
        let slapd = Slapd::with(&Options { tls: true, certificate, ..Options::default() });
        let mut config = slapd.config();
        config.ca_file = Some(slapd.ca_file());
        for url in [slapd.url(), slapd.tls_url()] {
            config.starttls = url.starts_with("ldap:").then_some(true);
            config.url = Some(url);
            let error = refusal(&config).await;
            assert!(matches!(error, DirectoryError::Unreachable { .. }), "{error:?}");
            assert!(words.iter().all(|w| error.to_string().contains(w)), "{error}");
        }
    }
}

/// It does not show that it knows the Assertion control: entries are then read before they are written.
#[tokio::test]
async fn a_server_without_the_control_is_asked_first() {
    let slapd = Slapd::with(&Options {
        global: "access to dn.base=\"\" attrs=supportedControl by * none\naccess to dn.base=\"\" by * read\n",
        ..Options::default()
    });
    conditions_hold_or_nothing_is_done(&Ldap::connect(&slapd.config()).await.unwrap()).await;
}

/// The standard schema gives the fax number no equality rule: a server cannot find such a value to delete it.
#[tokio::test]
async fn an_attribute_without_equality_rule_is_replaced_and_not_overwritten() {
    let slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let mut school = Entry::new(dn(&format!("ou=structures,{SUFFIX}")).child("o", "Lycée"));
    school.push("objectClass", ["organization"]);
    school.push("o", ["Lycée"]);
    school.push("facsimileTelephoneNumber", ["01", "02"]);
    one(&directory, Operation::Add(school.clone())).await.unwrap();
    let fax = |delete: &[&str], add: &[&str]| {
        let values = |texts: &[&str]| texts.iter().map(|t| Value::from(*t)).collect();
        let number =
            Modification { attribute: "facsimileTelephoneNumber".into(), delete: values(delete), add: values(add) };
        let town = Modification { attribute: "l".into(), delete: vec![], add: vec![add.concat().as_str().into()] };
        Operation::Modify { dn: school.dn.clone(), modifications: vec![town, number] }
    };
    one(&directory, fax(&["01"], &["03"])).await.unwrap();
    let read = || async { directory.read(&school.dn).await.unwrap().unwrap() };
    let mut there: Vec<_> = read().await.texts("facsimileTelephoneNumber").map(str::to_owned).collect();
    there.sort();
    assert_eq!(there, ["02", "03"], "the value beside it stays");
    assert_eq!(read().await.first("l"), Some("03"));
    for moved in [fax(&["01"], &["04"]), fax(&["02"], &["03"])] {
        let before = read().await;
        let error = one(&directory, moved).await.unwrap_err();
        assert!(matches!(error, DirectoryError::Moved { .. }), "{error:?}");
        assert_eq!(read().await, before);
    }
}

/// Ten members in and ten out of a group of twenty thousand.
#[tokio::test]
async fn a_very_large_group_changes_in_one_modify() {
    let slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let member = |i: usize| format!("uid=f{i:06},ou=people,{SUFFIX}");
    let members: Vec<String> = (0..20_000).map(member).collect();
    let entry = group("all", &members.iter().map(String::as_str).collect::<Vec<_>>());
    one(&directory, Operation::Add(entry.clone())).await.unwrap();
    let values = |range: std::ops::Range<usize>| range.map(|i| Value::from(member(i))).collect::<Vec<_>>();
    let mut took = Vec::new();
    for round in 0..5 {
        let first = round * 10;
        let change = Modification {
            attribute: "member".into(),
            delete: values(first..first + 10),
            add: values(20_000 + first..20_010 + first),
        };
        let started = std::time::Instant::now();
        one(&directory, Operation::Modify { dn: entry.dn.clone(), modifications: vec![change] }).await.unwrap();
        took.push(started.elapsed());
    }
    took.sort();
    println!("ten in and ten out of 20,000 members: median {:?} of {took:?}", took[2]);
    assert!(took[2] < Duration::from_millis(500), "{took:?}");
    assert_eq!(directory.read(&entry.dn).await.unwrap().unwrap().values("member").len(), 20_000);
}

#[tokio::test]
async fn what_the_network_would_see_in_clear_is_refused() {
    let slapd = Slapd::start();
    let mut config = slapd.config();
    config.url = Some("ldap://ldap.example.fr".into());
    config.starttls = Some(false);
    let error = refusal(&config).await;
    assert!(matches!(error, DirectoryError::Configuration(_)) && error.to_string().contains("in clear"), "{error}");
    // A server without TLS does not do for a configuration that wants it.
    let mut config = slapd.config();
    config.starttls = Some(true);
    config.ca_file = None;
    let error = refusal(&config).await;
    assert!(error.to_string().contains("StartTLS") || error.to_string().contains("ca-certificates"), "{error}");
}

#[tokio::test]
async fn identities_that_do_not_do() {
    let slapd = Slapd::start();
    let mut config = slapd.config();
    std::fs::set_permissions(slapd.password_file(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(&config).await;
    assert!(matches!(error, DirectoryError::Configuration(_)) && error.to_string().contains("chmod 600"), "{error}");
    std::fs::set_permissions(slapd.password_file(), std::fs::Permissions::from_mode(0o600)).unwrap();
    config.bind_dn = Some(format!("cn=nobody,{SUFFIX}"));
    let error = refusal(&config).await;
    assert!(
        matches!(error, DirectoryError::Refused { .. }) && error.to_string().contains("directory.bind_dn"),
        "{error}"
    );
    config.bind_dn = None;
    assert!(matches!(refusal(&config).await, DirectoryError::Configuration(_)));
    config.password_file = None;
    assert!(refusal(&config).await.to_string().contains("anonymous"));
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let mut slapd = Slapd::start();
    let mut config = slapd.config();
    slapd.kill();
    let error = refusal(&config).await;
    assert!(error.to_string().contains("is the server running"), "{error}");
    config.url = Some(slapd.socket_url());
    assert!(refusal(&config).await.to_string().contains("is the server running"));
    config.url = Some("ldaps://does-not-exist.invalid".into());
    config.ca_file = None;
    let error = refusal(&config).await.to_string();
    assert!(error.contains("is not known") || error.contains("ca-certificates"), "{error}");
}

#[tokio::test]
async fn a_limit_of_size_is_an_error_that_says_so() {
    let slapd = Slapd::with(&Options { size_limit: Some(100), ..Options::default() });
    let directory = Ldap::connect(&slapd.sync_config()).await.unwrap();
    assert!(carry_out(&directory, &adds(150)).await.iter().all(Result::is_ok));
    let search = Search { base: dn(SUFFIX), filter: "(uid=*)".into(), attributes: vec![] };
    let all: Result<Vec<_>, _> = directory.search(search).await.unwrap().try_collect().await;
    let error = all.unwrap_err();
    assert!(matches!(error, DirectoryError::Rejected { code: 4, .. }), "{error:?}");
    assert!(error.to_string().contains("size.prtotal"), "{error}");
}

#[tokio::test]
async fn our_ldif_is_theirs_and_theirs_is_ours() {
    let mut slapd = Slapd::start();
    let mut entries: Vec<Entry> = ["3E A, +\"é", "#x", "a\\b=c"].map(|cn| group(cn, &[""])).into();
    let mut entry = person("F1700ivg");
    entry.push("description", [" leading", "trailing ", "two\nlines", ":", "Œuvre", &"long ".repeat(60)]);
    entry.attributes.push(("jpegPhoto".into(), vec![Value::Octets(vec![0xff, 0xd8, 0x00])]));
    entries.push(entry);
    let mut text = Vec::new();
    for entry in &entries {
        ldif::write_entry(&mut text, entry).unwrap();
    }
    slapd.load_offline(&text);
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let dump = slapd.dump();
    let dumped: Vec<Entry> = ldif::Reader::new(&*dump).collect::<Result<_, _>>().unwrap();
    for entry in &entries {
        let there = directory.read(&entry.dn).await.unwrap().unwrap();
        let in_dump = dumped.iter().find(|e| e.dn == entry.dn).unwrap();
        for (name, values) in &entry.attributes {
            assert_eq!(there.values(name), values, "{name}");
            assert_eq!(in_dump.values(name), values, "{name}");
        }
    }
}

#[tokio::test]
async fn a_server_killed_in_mid_batch_leaves_no_lie() {
    let mut slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let operations = adds(1_000);
    // A second and a half of writes, and the kill in the midst of them.
    let pace = Pace::new(600.try_into().unwrap(), 10.try_into().unwrap());
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        slapd.kill();
    };
    let (outcomes, ()) = tokio::join!(directory.execute(&operations, &pace), kill);
    slapd.start_again();
    let (mut done, mut unknown, mut unsent) = (0, 0, 0);
    for (operation, outcome) in operations.iter().zip(&outcomes) {
        // The same handle finds the server again.
        let there = directory.read(operation.dn()).await.unwrap().is_some();
        match outcome {
            Ok(()) => {
                done += 1;
                assert!(there, "{} was told done", operation.dn());
            }
            Err(DirectoryError::Unknown { .. }) => unknown += 1,
            Err(DirectoryError::Unreachable { .. }) => {
                unsent += 1;
                assert!(!there, "{} was told not sent", operation.dn());
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(done > 0 && unsent > 0 && unknown <= 32, "{done} done, {unknown} unknown, {unsent} not sent");
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again_by_the_batch() {
    let mut slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    let operations = adds(600);
    let pace = Pace::new(600.try_into().unwrap(), 10.try_into().unwrap());
    let restart = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        slapd.kill();
        slapd.start_again();
    };
    let (outcomes, ()) = tokio::join!(directory.execute(&operations, &pace), restart);
    let unknown = outcomes.iter().filter(|o| matches!(o, Err(DirectoryError::Unknown { .. }))).count();
    let done = outcomes.iter().filter(|o| o.is_ok()).count();
    assert!(unknown <= 32 && done + unknown == operations.len(), "{done} done, {unknown} unknown: {outcomes:?}");
    assert!(outcomes.last().unwrap().is_ok());
}

fn peer_config(peer: &Peer, slapd_password: &std::path::Path) -> DirectoryConfig {
    let text = format!(
        "kind = \"ldap\"\nsuffix = \"{SUFFIX}\"\nurl = \"ldap://127.0.0.1:{}\"\nbind_dn = \"cn=admin\"\n\
         password_file = \"{}\"\ntimeout_seconds = 4\n",
        peer.port,
        slapd_password.display()
    );
    toml::from_str(&text).unwrap()
}

async fn against(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Peer, Ldap) {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("pw");
    std::fs::write(&password, "x").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let peer = Peer::start(script).await;
    let directory = Ldap::connect(&peer_config(&peer, &password)).await.unwrap();
    (peer, directory)
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (peer, directory) = against(|n| Answer::Code(if n % 3 == 0 { 51 } else { 0 })).await;
    assert!(carry_out(&directory, &adds(40)).await.iter().all(Result::is_ok));
    assert!(peer.writes.load(Ordering::SeqCst) > 40);
    let (_peer, directory) = against(|_| Answer::Code(52)).await;
    let error = one(&directory, adds(1).remove(0)).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unavailable { attempts: 6, .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_not_asked_again() {
    let (peer, directory) = against(|_| Answer::Code(50)).await;
    let error = one(&directory, adds(1).remove(0)).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Rejected { code: 50, .. }), "{error:?}");
    assert_eq!(peer.writes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn silence_is_unknown_and_the_rest_goes_on() {
    let (peer, directory) = against(|n| if n == 3 { Answer::Silence } else { Answer::Code(0) }).await;
    let outcomes = carry_out(&directory, &adds(100)).await;
    let unknown: Vec<_> = outcomes.iter().filter(|o| o.is_err()).collect();
    assert!(matches!(unknown[..], [Err(DirectoryError::Unknown { .. })]), "{unknown:?}");
    assert_eq!(peer.writes.load(Ordering::SeqCst), 100, "nothing was sent twice");
}

#[tokio::test]
async fn a_lost_connection_is_replaced_and_nothing_is_sent_twice() {
    let (peer, directory) = against(|n| if n == 50 { Answer::HangUp } else { Answer::Code(0) }).await;
    let outcomes = carry_out(&directory, &adds(200)).await;
    let unknown = outcomes.iter().filter(|o| matches!(o, Err(DirectoryError::Unknown { .. }))).count();
    let done = outcomes.iter().filter(|o| o.is_ok()).count();
    assert!((1..=32).contains(&unknown) && done + unknown == 200, "{done} done, {unknown} unknown");
    assert_eq!(peer.connections.load(Ordering::SeqCst), 2);
    assert!(peer.writes.load(Ordering::SeqCst) <= 200);
}

#[tokio::test]
async fn a_server_that_always_hangs_up_is_left_alone() {
    let (peer, directory) = against(|_| Answer::HangUp).await;
    let outcomes = carry_out(&directory, &adds(500)).await;
    assert!(outcomes.iter().all(Result::is_err));
    assert!(outcomes.iter().any(|o| matches!(o, Err(DirectoryError::Unreachable { .. }))));
    assert!(peer.connections.load(Ordering::SeqCst) <= 5);
}
