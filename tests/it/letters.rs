//! The typesetting process, through the real binary.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::civil::date;
use rentree::config::Mode;
use rentree::letters::{Batch, LettersError, School, Secret, Sheet, TypesetError, Typesetter};
use rentree::roster::Profile;

const PROGRAM: &str = env!("CARGO_BIN_EXE_rentree");

fn class(pupils: usize) -> Batch {
    let sheets = (0..pupils).map(|n| Sheet {
        serial: format!("{n:06}"),
        profile: Profile::Pupil,
        reminder: false,
        expires: None,
        language: None,
        civility: None,
        name: format!("Zoé{n} LE GOFF"),
        login: format!("zoe{n}.le-goff"),
        mode: Mode::Bind,
        secret: Some(Secret::new(format!("govu-lipa-{n}"))),
        class: Some("6B".into()),
        address: Vec::new(),
        children: Vec::new(),
        note: None,
    });
    Batch {
        id: "1".into(),
        date: date(2026, 9, 1),
        ent_name: "e-Armor".into(),
        login_url: "https://ent.example.fr".into(),
        help: None,
        federated_text: None,
        school: School { name: "Collège".into(), uai: "0350001A".into(), lines: Vec::new(), town: None },
        profile: Some(Profile::Pupil),
        part: None,
        class: Some("6B".into()),
        layout: rentree::config::Layout::Letter,
        colour: None,
        logo: None,
        languages: std::collections::BTreeMap::new(),
        cover: None,
        duplex: false,
        sheets: sheets.collect(),
    }
}

/// A template whose second loop alone would run for hours: each loop stays below the typesetter's own bound.
const NESTED: &str = "#for i in range(100000) { for j in range(100000) { for k in range(100000) {} } }";

#[tokio::test]
async fn one_child_serves_many_batches() {
    let mut typesetter = Typesetter::new(Path::new(PROGRAM));
    let first = typesetter.typeset(&class(2)).await.unwrap();
    assert!(first.starts_with(b"%PDF-"));
    let refused = typesetter.typeset(&class(0)).await.unwrap_err();
    assert!(matches!(refused, LettersError::Typeset(TypesetError::Empty { .. })), "{refused}");
    assert!(first == typesetter.typeset(&class(2)).await.unwrap(), "the same bytes after an error");
    typesetter.finish().await;
}

#[tokio::test]
async fn a_loop_is_killed_in_time_and_the_next_batch_prints() {
    let limit = Duration::from_secs(3);
    let mut typesetter =
        Typesetter::new(Path::new(PROGRAM)).with_template(NESTED).with_time_limit(limit, Duration::ZERO);
    let start = Instant::now();
    let error = typesetter.typeset(&class(1)).await.unwrap_err();
    assert!(matches!(error, LettersError::TimeLimit { .. }), "{error}");
    assert!(start.elapsed() < 3 * limit);
    let error = typesetter.typeset(&class(1)).await.unwrap_err();
    assert!(matches!(error, LettersError::TimeLimit { .. }), "a fresh child, the same template: {error}");
}

#[tokio::test]
async fn a_template_that_eats_memory_ends_its_child_only() {
    let mut typesetter = Typesetter::new(Path::new(PROGRAM))
        .with_template("#let x = \"0123456789\" * 10000000\n#let y = range(50).map(n => x + str(n))\n#y.len()")
        .with_memory_limit(600)
        .with_time_limit(Duration::from_mins(1), Duration::ZERO);
    let error = typesetter.typeset(&class(1)).await.unwrap_err();
    assert!(matches!(error, LettersError::Died { .. }), "{error}");
}

#[tokio::test]
async fn a_program_that_is_not_there_is_told() {
    let error = Typesetter::new(Path::new("/nowhere/rentree")).typeset(&class(1)).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/rentree"), "{error}");
}

#[test]
fn the_child_is_confined_and_ends_with_its_input() {
    let mut child = Command::new(PROGRAM)
        .arg("__typeset")
        .arg("700")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let proc = format!("/proc/{}", child.id());
    let limit_of = |name: &str| {
        let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.trim_start_matches(name).split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    // The limits are set within moments of its start.
    let start = Instant::now();
    while limit_of("Max core file size") != ["0", "0"] || limit_of("Max address space") != ["734003200", "734003200"] {
        assert!(start.elapsed() < Duration::from_secs(20), "never confined");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_child_does_not_outlive_its_parent() {
    // The input stays open in this test, so that only the parent's end can end the child.
    let mut shell = Command::new("sh")
        .args(["-c", "exec 3<&0; \"$0\" __typeset 2048 $$ <&3 & echo $!; wait", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pid = String::new();
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut pid).unwrap();
    let alive =
        || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(alive());
    shell.kill().unwrap();
    shell.wait().unwrap();
    let start = Instant::now();
    while alive() {
        assert!(start.elapsed() < Duration::from_secs(20), "still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whatever a template does: an error, in bounded time and memory, and the same program prints the next batch.
#[tokio::test]
async fn template_bombs_are_stopped() {
    let bombs = [
        ("recursion", "#let f(n) = f(n + 1)\n#f(0)"),
        ("two that call each other", "#let a(n) = b(n)\n#let b(n) = a(n)\n#a(0)"),
        ("a show rule that meets itself", "#show \"x\": \"xx\"\nx"),
        ("a loop without end", "#{ let n = 0\n while true { n += 1 } }"),
        ("pages without end", "#for i in range(20000) [ #pagebreak() a ]"),
        ("a text that doubles", "#{ let s = \"0123456789\"\n for i in range(60) { s += s } \n s }"),
        ("an array that doubles", "#{ let s = (0,)\n for i in range(60) { s += s } \n s.len() }"),
        (
            "depth",
            "#for i in range(3000) { [#box[#box[#box[a]]]] }#let d(n) = if n == 0 [a] else [#box(d(n - 1))]\n#d(3000)",
        ),
        ("a package", "#import \"@preview/cetz:0.3.1\": *"),
        ("a plugin", "#plugin(\"a.wasm\")"),
        ("a file", "#read(\"/etc/passwd\")"),
        ("a file above", "#read(\"../../../etc/passwd\")"),
        ("an image of a file", "#image(\"/etc/passwd\")"),
        ("a network", "#image(\"https://example.org/a.png\")"),
        ("the environment", "#sys.inputs.at(\"HOME\")"),
    ];
    let limit = Duration::from_secs(8);
    for (what, template) in bombs {
        let mut typesetter = Typesetter::new(Path::new(PROGRAM))
            .with_template(template)
            .with_memory_limit(700)
            .with_time_limit(limit, Duration::ZERO);
        let start = Instant::now();
        let error = typesetter.typeset(&class(1)).await.expect_err(what);
        assert!(start.elapsed() < 3 * limit, "{what}: {:?}", start.elapsed());
        let text = error.to_string();
        assert!(!text.contains("root:") && !text.contains("govu-lipa"), "{what}: {text}");
        if let LettersError::Typeset(TypesetError::Template { messages }) = &error {
            assert!(messages.iter().all(|message| message.file == "template.typ"), "{what}: {messages:?}");
        }
    }
    let mut fine = Typesetter::new(Path::new(PROGRAM));
    assert!(fine.typeset(&class(1)).await.unwrap().starts_with(b"%PDF-"));
}
