//! The web console as its reader meets it: in a browser, and over bare HTTP where a browser would behave too well.

use std::collections::BTreeSet;

use crate::support::academy;
use crate::support::browser::Served;
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

/// Two schools after their first night.
fn after_a_night() -> Installation {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    installation.sync(&[], 0);
    installation
}

/// The first link of a page that leads below `folder`.
fn link(served: &Served, page: &str, folder: &str) -> String {
    let page = served.shown(page);
    page.links().into_iter().find(|link| link.starts_with(folder)).unwrap_or_else(|| panic!("{}", page.body))
}

#[test]
fn a_browser_shows_the_night_a_school_and_the_plan() {
    let installation = after_a_night();
    let served = Served::start(&installation);
    let (dashboard, said) = served.browse("/");
    for expected in ["Dernières exécutions", "sync", "AC-TEST", "Rien n'est retenu"] {
        assert!(dashboard.contains(expected), "{expected}: {dashboard}");
    }
    assert!(!said.contains("Content Security Policy"), "{said}");

    let school = link(&served, "/etablissements", "/etablissements/");
    let (page, said) = served.browse(&school);
    assert!(page.contains("Élèves par classe") && page.contains("Fiches imprimées"), "{page}");
    assert!(!said.contains("Content Security Policy"), "{said}");

    // The report's own script runs, and nothing else is asked for: the filter that only it uncovers is there.
    let plan = link(&served, "/", "/plans/");
    let (page, said) = served.browse(&plan);
    assert!(page.contains("id=\"filtre\" role=\"search\">"), "{page}");
    assert!(!said.contains("Content Security Policy"), "{said}");
}

#[test]
fn only_the_machine_itself_with_the_key_may_look() {
    let installation = after_a_night();
    let served = Served::start(&installation);
    let host = format!("Host: {}\r\n", served.address);
    let without = |request: &str| served.ask(&format!("{request} HTTP/1.1\r\n{host}"));
    for path in ["/", "/etablissements", "/personnes?q=a", "/plans/1", "/nowhere"] {
        let page = without(&format!("GET {path}"));
        assert_eq!(page.status, 401, "{path}");
        assert!(page.body.contains("rentree serve") && !page.body.contains("AC-TEST"), "{}", page.body);
    }
    assert_eq!((without("GET /sante").status, without("GET /sante").body.as_str()), (200, "ok\n"));
    assert_eq!(without("HEAD /sante").status, 200);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let page = without(&format!("{method} /"));
        assert_eq!((page.status, page.header("allow")), (405, "GET, HEAD"), "{method}");
    }
    // A name that somebody made point here is not ours, whatever cookie comes with it.
    for host in ["evil.example", "evil.example:80", "127.0.0.1", ""] {
        assert_eq!(served.ask(&format!("GET /sante HTTP/1.1\r\nHost: {host}\r\n")).status, 421, "{host}");
    }
    assert_eq!(served.ask("GET /sante HTTP/1.0\r\n").status, 421);
    let huge = format!("X-Huge: {}\r\n", "a".repeat(200_000));
    assert_eq!(served.ask(&format!("GET /sante HTTP/1.1\r\n{host}{huge}")).status, 431);

    for page in [served.shown("/"), without("GET /"), served.page("/nowhere"), without("GET /sante")] {
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(page.header(name), value, "{}", page.head);
        }
    }

    let answers: Vec<u16> = (0..15).map(|n| without(&format!("GET /?cle={n}")).status).collect();
    assert_eq!((answers[0], answers[14]), (401, 429), "{answers:?}");
    assert_eq!(without(&format!("GET /?cle={}", served.key)).status, 303, "the right key is not made to wait");
    assert_eq!(served.stop().code, 0);
    let shown = installation.run(&["audit", "show", "--kind", "console_refused", "--json"]);
    assert!(shown.json().as_array().unwrap().len() >= 10, "{}", shown.stdout);
}

#[test]
fn a_night_goes_on_while_somebody_looks() {
    let installation = after_a_night();
    let served = Served::start(&installation);
    let runs = |page: &str| page.matches("<code>sync</code>").count();
    assert_eq!(runs(&served.shown("/").body), 1);
    let gone: Vec<String> = academy::pupils(&installation.feed()).into_iter().take(1).map(|(key, _)| key).collect();
    academy::remove_pupils(&installation.feed(), &gone);
    installation.sync(&[], 0);
    assert_eq!(runs(&served.shown("/").body), 2);
    let person = format!("/personnes/AC-TEST${}", gone[0]);
    let page = served.shown(&person).body;
    assert!(page.contains("absence notée") && page.contains("compte créé"), "{page}");
    let heads = served.ask(&format!("HEAD /etablissements HTTP/1.1\r\nHost: {}\r\n", served.address));
    assert_eq!((heads.status, heads.body.as_str()), (401, ""));

    let ended = served.stop();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    let kinds = |person: &[&str]| -> BTreeSet<String> {
        let answer = installation.run(&[&["audit", "show", "--json"], person].concat());
        answer.json().as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert!(kinds(&[]).contains("console_opened"));
    assert!(kinds(&["--person", person.strip_prefix("/personnes/").unwrap()]).contains("person_looked_up"));
    let verified = installation.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

#[test]
fn no_page_shows_a_secret() {
    let installation = after_a_night();
    let secrets = [printed_passwords(&installation), SECRET_WORDS.map(str::to_owned).into()].concat();
    let served = Served::start(&installation);
    let mut waiting: Vec<String> = ["/", "/personnes?q=a", "/personnes?q=e"].map(str::to_owned).into();
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !path.starts_with('/') || !seen.insert(path.clone()) {
            continue;
        }
        let page = served.shown(&path.replace("&amp;", "&"));
        for secret in &secrets {
            assert!(!page.body.contains(secret.as_str()), "{secret} in {path}");
        }
        waiting.extend(page.links());
    }
    assert!(seen.iter().filter(|path| path.starts_with("/personnes/")).count() > 20, "{seen:?}");
    assert!(seen.iter().any(|path| path.starts_with("/plans/")), "{seen:?}");
    assert_eq!(served.stop().stderr, "", "nothing of all that is in the log");
}

/// What only a hash, a sealed text or an entry with its password holds.
const SECRET_WORDS: [&str; 4] = ["ARGON2", "argon2", "userPassword", "age-encryption"];

/// Every password on the sheets of everybody.
#[cfg(feature = "letters")]
fn printed_passwords(installation: &Installation) -> Vec<String> {
    let (out, key) = (installation.home().join("sheets"), installation.key());
    let answer = installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let passwords: Vec<String> =
        crate::support::program::printed(&out).into_iter().map(|(_, password)| password).collect();
    assert!(passwords.len() > 20, "{}", passwords.len());
    passwords
}

/// Without the typesetter nothing was ever printed.
#[cfg(not(feature = "letters"))]
fn printed_passwords(_: &Installation) -> Vec<String> {
    Vec::new()
}

#[test]
fn names_come_from_an_ldap_server_and_pages_come_without_it() {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 10, 0, false);
    installation.sync(&[], 0);
    let entry = crate::support::people(&slapd).into_iter().find(|entry| entry.first("sn").is_some()).unwrap();
    let (name, key) = (entry.first("displayName").unwrap(), entry.first("ENTPersonJointure").unwrap());
    let served = Served::start(&installation);
    let found = served.shown(&format!("/personnes?q={}", entry.first("ENTPersonLogin").unwrap())).body;
    let shown = name.replace('\'', "&#39;");
    assert!(found.contains(&shown) && found.contains(key), "{name}: {found}");
    slapd.kill();
    let person = served.shown(&format!("/personnes/{key}")).body;
    assert!(person.contains("L'annuaire ne répond pas") && !person.contains(&shown), "{person}");
    assert!(served.shown("/personnes?q=a").body.contains("L'annuaire ne répond pas"));
    let said = served.stop().stderr;
    assert!(said.contains("directory") && !said.contains(key) && !said.contains("uid="), "{said}");
}

/// An error as one line, without the rule beside it.
fn unwrapped(stderr: &str) -> String {
    stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

#[test]
fn what_cannot_be_served_is_said() {
    let installation = Installation::embedded();
    let early = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(early.code, 1);
    assert!(unwrapped(&early.stderr).contains("run `rentree plan` first"), "{}", early.stderr);
    assert!(!installation.home().join("rentree.db").exists(), "looking makes no store");

    for public in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8020"] {
        let refused = installation.run(&["serve", "--listen", public]);
        assert_eq!(refused.code, 64, "{}", refused.stderr);
        assert!(unwrapped(&refused.stderr).contains("SSH tunnel"), "{}", refused.stderr);
    }

    installation.simulate(1, 5, 0, false);
    installation.sync(&[], 0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = installation.run(&["serve", "--listen", &format!("127.0.0.1:{port}")]);
    assert_eq!(refused.code, 1);
    let said = unwrapped(&refused.stderr);
    assert!(said.contains(&format!("port {port} is in use")) && said.contains("--listen 127.0.0.1:PORT"), "{said}");
}
