//! Who is told how a night ended: mail over a real server, a webhook, the heartbeat, the figures; and what happens when
//! none of them answers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::browser::Served;
use crate::support::postgres;
use crate::support::program::Installation;
use crate::support::slapd::free_port;
use crate::support::smtp::{Security, Smtp};

/// Adds tables to the configuration.
fn configure(installation: &Installation, more: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{text}\n{more}")).unwrap();
}

fn secret(installation: &Installation, name: &str, content: &str) {
    let path = installation.home().join(name);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

fn waiting(installation: &Installation) -> Vec<Value> {
    installation.run(&["notify", "list", "--json"]).json().as_array().unwrap().clone()
}

/// A web server that answers everything with 204, and keeps head and body of what it is asked.
struct Hook {
    port: u16,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).unwrap_or(0) <= 2 {
                        break;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    head.push_str(&line);
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                keep.lock().unwrap().push((head, String::from_utf8(body).unwrap()));
                stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }
}

#[test]
fn mail_goes_over_tls_to_those_whom_it_concerns() {
    let ways = [(Security::StartTls, "smtp"), (Security::Tls, "smtps"), (Security::Clear, "smtp+insecure")];
    for (security, scheme) in ways {
        let smtp = Smtp::start(security);
        let installation = Installation::embedded();
        let authority = format!("ca_file = \"{}\"\n", smtp.authority());
        configure(&installation, &notify(&format!("{scheme}://localhost:{}", smtp.port), &authority));
        installation.simulate(2, 24, 0, false);
        installation.sync(&[], 0);
        let arrived = smtp.messages();
        assert_eq!(arrived.len(), 1, "{arrived:?}");
        for expected in [
            "To: chef@ent.example",
            "From: Rentrée <rentree@ent.example>",
            "Subject: [ENT 35] Tout va bien : 1 nuit",
            "Auto-Submitted: auto-generated",
            "comptes présents à l'annuaire",
        ] {
            assert!(arrived[0].contains(expected), "{expected}: {}", arrived[0]);
        }
        // All is well the next night too: not every night.
        installation.sync(&[], 0);
        assert_eq!(smtp.messages().len(), 1);
        assert!(waiting(&installation).is_empty());
        // A refused delivery: the operator, and nobody else.
        std::fs::remove_dir_all(installation.feed()).unwrap();
        assert_eq!(installation.run(&["sync"]).code, 5);
        let arrived = smtp.messages();
        assert_eq!(arrived.len(), 2, "{arrived:?}");
        assert!(arrived[1].contains("To: astreinte@ent.example") && arrived[1].contains("REFUSÉE"), "{}", arrived[1]);
        assert!(arrived[1].contains("Cause : "), "{}", arrived[1]);
        installation.simulate(2, 24, 0, false);
        installation.sync(&[], 0);
        let arrived = smtp.messages();
        assert_eq!(arrived.len(), 3, "{arrived:?}");
        assert!(arrived[2].contains("astreinte@") && arrived[2].contains("Rétabli"), "{}", arrived[2]);
    }
}

fn notify(smtp: &str, authority: &str) -> String {
    format!(
        "[notify]\nname = \"ENT 35\"\nsmtp = \"{smtp}\"\nfrom = \"Rentrée <rentree@ent.example>\"\n{authority}\
         [[notify.to]]\nmail = \"chef@ent.example\"\nfor = [\"well\", \"held\"]\n\
         [[notify.to]]\nmail = \"astreinte@ent.example\"\nfor = [\"failed\"]\n"
    )
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_trusted() {
    let smtp = Smtp::start(Security::Tls);
    let installation = Installation::embedded();
    configure(&installation, &notify(&format!("smtps://localhost:{}", smtp.port), ""));
    let answer = installation.run(&["notify", "test"]);
    assert_eq!(answer.code, 4, "{}", answer.stdout);
    assert!(answer.stdout.contains("certificate"), "{}", answer.stdout);
    assert!(smtp.messages().is_empty());
}

#[test]
fn a_dead_mail_server_delays_nobody_and_loses_nothing() {
    let port = free_port();
    let installation = Installation::embedded();
    configure(&installation, &notify(&format!("smtp+insecure://127.0.0.1:{port}"), ""));
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    let queue = waiting(&installation);
    assert_eq!(queue.len(), 1, "{queue:?}");
    assert_eq!((&queue[0]["kind"], &queue[0]["attempts"]), (&"well".into(), &1.into()));
    assert!(queue[0]["error"].as_str().is_some_and(|error| !error.is_empty()), "{queue:?}");
    let status = installation.run(&["status"]);
    assert!(status.stdout.contains("1 message en attente"), "{}", status.stdout);
    // It is not due at once again; once it is, and the server is back, it arrives.
    assert_eq!(installation.run(&["notify", "send"]).stdout, "0 message envoyé\n");
    let smtp = Smtp::start_on(port, Security::Clear);
    installation.sql("UPDATE notice SET next_at = 0");
    assert_eq!(installation.run(&["notify", "send"]).stdout, "1 message envoyé\n");
    assert_eq!(smtp.messages().len(), 1);
    assert!(waiting(&installation).is_empty());
}

#[test]
fn a_webhook_gets_signed_facts_and_the_heartbeat_only_good_nights() {
    let (hook, heart) = (Hook::start(), Hook::start());
    let installation = Installation::embedded();
    secret(&installation, "hook.secret", "clef-du-crochet\n");
    configure(
        &installation,
        &format!(
            "[notify]\nheartbeat = \"http://127.0.0.1:{}/battement/SECRET\"\n\
             [[notify.to]]\nwebhook = \"http://127.0.0.1:{}/crochet/SECRET\"\nsecret_file = \"hook.secret\"\n\
             for = [\"well\", \"held\", \"failed\"]\n\n[metrics]\ntextfile = \"rentree.prom\"\n",
            heart.port, hook.port
        ),
    );
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    let asked = hook.asked();
    assert_eq!(asked.len(), 1);
    let (head, body) = &asked[0];
    assert!(head.starts_with("POST /crochet/SECRET HTTP/1.1\r\n"), "{head}");
    let facts: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&facts["kind"], &facts["verdict"], &facts["format_version"]),
        (&"well".into(), &"done".into(), &1.into())
    );
    assert!(facts["changes"]["done"].as_u64().unwrap() > 20, "{facts}");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"clef-du-crochet");
    let expected: String =
        ring::hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(head.to_lowercase().contains(&format!("x-rentree-signature: sha256={expected}")), "{head}");
    assert_eq!(heart.asked().len(), 1);
    assert!(heart.asked()[0].0.starts_with("GET /battement/SECRET "));

    let figures = std::fs::read_to_string(installation.home().join("rentree.prom")).unwrap();
    for expected in [
        "rentree_status{word=\"ok\"} 1",
        "rentree_status{word=\"failed\"} 0",
        "rentree_accounts{profile=\"pupil\",stage=\"present\"} 24",
        "rentree_night_holds 0",
        "rentree_notices_waiting 0",
    ] {
        assert!(figures.contains(expected), "{expected}: {figures}");
    }

    // A night that fails does not beat. Not even the log says where the hook is.
    std::fs::remove_dir_all(installation.feed()).unwrap();
    let failed = installation.run(&["sync", "-vv"]);
    assert_eq!(failed.code, 5);
    assert!(!failed.stderr.contains("SECRET"), "{}", failed.stderr);
    assert_eq!((hook.asked().len(), heart.asked().len()), (2, 1));
    let facts: Value = serde_json::from_str(&hook.asked()[1].1).unwrap();
    assert_eq!((&facts["kind"], &facts["verdict"]), (&"failed".into(), &"refused".into()));
}

/// A service that is enabled before anything was run waits for its first night.
#[test]
fn the_nights_are_followed_from_the_first_day_on() {
    let installation = Installation::embedded();
    configure(&installation, "[serve]\nschedule = \"30 2 * * *\"\n");
    let served = Served::start_with(&installation, &["--nights"]);
    assert!(served.shown("/").body.contains("Dernières exécutions"));
    drop(served);
    assert_eq!(installation.run(&["status", "--word"]).stdout, "never\n");
}

#[test]
fn serve_catches_a_night_up_and_shows_figures_without_a_key() {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    configure(&installation, "[serve]\nschedule = \"30 2 * * *\"\n");
    // As if it had served the night before last.
    installation.sql("INSERT INTO schedule (source, served) VALUES ('AC-TEST', 0)");
    installation.simulate(2, 24, 1, false);
    let nights = || {
        let shown = installation.run(&["audit", "show", "--kind", "run_finished", "--json"]).json();
        shown.as_array().unwrap().len()
    };
    let before = nights();
    let served = Served::start_with(&installation, &["--nights"]);
    // Another one that looks at the same time begins nothing, and one that only shows does not either.
    let _second = Served::start_with(&installation, &["--nights"]);
    let _shows = Served::start(&installation);
    let begin = std::time::Instant::now();
    while nights() == before {
        assert!(begin.elapsed().as_secs() < 60, "no night was begun");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let host = format!("Host: {}\r\n", served.address);
    let ask = |path: &str| served.ask(&format!("GET {path} HTTP/1.1\r\n{host}"));
    assert_eq!((ask("/pret").status, ask("/pret").body.as_str()), (200, "ok\n"));
    let figures = ask("/metrics");
    assert_eq!(figures.status, 200);
    assert!(figures.body.contains("rentree_night_started_timestamp_seconds "), "{}", figures.body);
    assert_eq!(ask("/etablissements").status, 401);
    let begin = std::time::Instant::now();
    while installation.sql("SELECT CASE WHEN served > 0 AND attempts = 0 THEN 1 ELSE 0 END FROM schedule") != "1" {
        assert!(begin.elapsed().as_secs() < 60, "the night is not noted");
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    assert_eq!(nights(), before + 1);
}

/// Somebody updates the machine while a night is under way: no quarter of an hour is lost, and no attempt counted.
#[test]
fn a_night_that_ends_with_the_service_begins_anew_with_it() {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    configure(&installation, "[serve]\nschedule = \"30 2 * * *\"\n");
    installation.sql("INSERT INTO schedule (source, served) VALUES ('AC-TEST', 0)");
    // Enough to be under way for a while.
    installation.simulate(2, 900, 1, false);
    let wait = |what: &str, condition: &str| {
        let begin = std::time::Instant::now();
        let sql = format!("SELECT CASE WHEN {condition} THEN 1 ELSE 0 END FROM schedule");
        while installation.sql(&sql) != "1" {
            assert!(begin.elapsed().as_secs() < 120, "{what}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    };
    let served = Served::start_with(&installation, &["--nights"]);
    wait("no night was begun", "attempts = 1");
    assert_eq!(served.stop().code, 0);
    wait("it is not to begin anew at once", "served = 0 AND attempts = 0 AND next_at IS NULL");
    let _served = Served::start_with(&installation, &["--nights"]);
    wait("the night is not noted", "served > 0 AND attempts = 0");
}

#[test]
fn the_log_of_a_night_is_objects_that_name_nobody() {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    let answer = installation.run(&["--log-format", "json", "sync"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let lines: Vec<Value> = answer
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let messages: Vec<&str> = lines.iter().filter_map(|line| line["message"].as_str()).collect();
    assert!(messages.contains(&"run started") && messages.contains(&"run finished"), "{messages:?}");
    assert!(lines.iter().all(|line| line["timestamp"].is_string()), "{lines:?}");
    let people = installation.sql(if postgres::wanted() {
        "SELECT string_agg(uid || ' ' || login, ' ') FROM name"
    } else {
        "SELECT group_concat(uid || ' ' || login, ' ') FROM name"
    });
    for name in people.split_whitespace().filter(|name| name.len() > 3) {
        assert!(!answer.stderr.contains(name), "{name} is in the log");
    }
    // An error is an object too.
    std::fs::remove_dir_all(installation.feed()).unwrap();
    let answer = installation.run(&["--log-format", "json", "sync"]);
    assert_eq!(answer.code, 5);
    let last: Value = serde_json::from_str(answer.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((&last["level"], &last["verdict"], &last["code"]), (&"ERROR".into(), &"refused".into(), &5.into()));
}
