//! A night that is read: by likeness, once, without names where they are not wanted, in pages that need no server, and
//! not for ever.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use crate::support::program::Installation;

/// Names and logins of everybody in the directory.
fn everybody(installation: &Installation) -> BTreeSet<String> {
    let entries = installation.entries();
    let people = entries.iter().filter(|entry| entry.first("ENTPersonJointure").is_some());
    people
        .flat_map(|entry| {
            ["displayName", "cn", "ENTPersonLogin", "mail", "ENTPersonDateNaissance"].map(|a| entry.first(a))
        })
        .flatten()
        .filter(|value| value.len() > 4)
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_was_read_is_folded_in_the_next_plan_of_the_same_changes() {
    let installation = Installation::embedded();
    installation.simulate(2, 40, 0, false);
    installation.sync(&[], 0);
    installation.simulate(2, 40, 9, false);
    let first = installation.run(&["plan"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert!(!first.stdout.contains("Déjà vu"), "{}", first.stdout);
    let plan = installation.run(&["plan", "--json"]).json()["plan_id"].as_str().unwrap().to_owned();
    let read = installation.run(&["review", &plan, "--by", "Mme Exemple", "--json"]);
    assert_eq!(read.code, 0, "{}", read.stderr);
    let n = read.json()["changes"].as_u64().unwrap();
    assert!(n > 0);

    let again = installation.run(&["plan"]);
    let folded = again.stdout.lines().filter_map(|line| line.trim().strip_prefix("Déjà vu, à l'identique : "));
    let folded: u64 = folded.map(|rest| rest.split(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(folded, n, "{}", again.stdout);
    // Folded, not left out: the end of it is the same, all of it is there on demand, and it is carried out.
    assert_eq!(first.stdout.lines().last(), again.stdout.lines().last());
    let whole = installation.run(&["show", &plan, "--seen"]);
    let folded = installation.run(&["show", &plan]);
    assert!(!whole.stdout.contains("Déjà vu") && whole.stdout.lines().count() > folded.stdout.lines().count());
    let shown = installation.run(&["audit", "show", "--kind", "plan_reviewed", "--json"]);
    assert!(shown.stdout.contains("Mme Exemple") && shown.stdout.contains(&plan), "{}", shown.stdout);
    let applied = installation.run(&["apply", &plan, "--json"]).json();
    assert_eq!(applied["changes"]["done"], n);
}

#[test]
fn a_redacted_plan_names_nobody_of_the_academy() {
    let installation = Installation::embedded();
    installation.simulate(2, 40, 0, false);
    installation.sync(&["--today", "2026-06-15"], 0);
    installation.simulate(2, 40, 0, true);
    let pages = installation.home().join("pages");
    let folder = pages.to_str().unwrap();
    let text = installation.run(&["plan", "--redact", "--html", folder, "--today", "2026-09-02"]);
    assert!([0, 3].contains(&text.code), "{}", text.stderr);
    let json = installation.run(&["plan", "--redact", "--json", "--today", "2026-09-02"]);
    let plan = json.json()["plan_id"].as_str().unwrap().to_owned();
    let full = installation.run(&["show", &plan, "--redact", "--full"]);
    let shown = installation.run(&["show", &plan, "--redact", "--json"]);
    let mut all = vec![text.stdout, text.stderr, json.stdout, full.stdout, shown.stdout];
    all.extend(std::fs::read_dir(&pages).unwrap().map(|page| std::fs::read_to_string(page.unwrap().path()).unwrap()));
    assert!(all[3].contains("AC-TEST$"), "join keys are there");
    // Those of before, and those whom the plan creates.
    let mut names = everybody(&installation);
    assert!([0, 3].contains(&installation.run(&["apply", &plan]).code));
    names.extend(everybody(&installation));
    assert!(names.len() > 200, "{}", names.len());
    for text in &all {
        for name in &names {
            assert!(!text.contains(name.as_str()), "{name}");
        }
    }
}

#[tokio::test]
async fn an_old_plan_is_not_applied_and_its_file_goes_with_its_pages() {
    let installation = Installation::embedded();
    installation.simulate(1, 10, 0, false);
    let pages = installation.home().join("pages");
    let plan = installation.run(&["plan", "--json", "--html", pages.to_str().unwrap()]).json()["plan_id"].clone();
    let plan = plan.as_str().unwrap();
    let file = installation.home().join(format!("plans/{plan}.plan"));
    assert!(file.exists() && pages.join("index.html").exists());
    let store = installation.store().await;
    // The same plan, made three months ago.
    let row = store.plan(plan).await.unwrap().unwrap();
    let before = row.created_at - 91 * 24 * 3_600 * 1_000;
    installation.sql(&format!("UPDATE plan SET created_at = {before}"));

    for named in [plan, file.to_str().unwrap()] {
        let refused = installation.run(&["apply", named]);
        assert_eq!(refused.code, 7, "{}", refused.stderr);
        let said: Vec<&str> = refused.stderr.split_whitespace().filter(|word| *word != "│").collect();
        let said = said.join(" ");
        assert!(said.contains("has expired") && said.contains("90 days"), "{said}");
    }
    assert_eq!(installation.run(&["plan"]).code, 0);
    assert!(!file.exists() && !pages.exists());
    assert_eq!(store.plan(plan).await.unwrap().unwrap().digest, row.digest, "what it was stays known");
    let told = installation.run(&["audit", "show", "--kind", "plans_expired", "--json"]).json();
    assert_eq!(told.as_array().unwrap().len(), 1, "{told}");
    assert_eq!(installation.run(&["show", plan]).code, 7);
}

/// A page from the disk as a browser has it in the end.
fn browse(file: &std::path::Path, fragment: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"])
        .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--timeout=60000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{fragment}", file.display()))
        .stdin(Stdio::null())
        .output()
        .expect("chromium is missing: apt-get install chromium");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_browser_finds_one_person_in_pages_from_the_disk() {
    let installation = Installation::embedded();
    installation.simulate(2, 700, 0, false);
    let pages = installation.home().join("pages");
    let plan = installation.run(&["plan", "--html", pages.to_str().unwrap()]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    // Somebody who stands in no table, only in the list that the search goes through.
    let files = || std::fs::read_dir(&pages).unwrap().map(|page| page.unwrap().path());
    let (school, page) = files()
        .filter(|file| !file.file_name().unwrap().to_str().unwrap().starts_with(['p', 'i']))
        .map(|file| (file.clone(), std::fs::read_to_string(file).unwrap()))
        .find(|(_, page)| page.contains("id=\"liste\""))
        .unwrap();
    let (tables, list) = page.split_once("id=\"liste\"").unwrap();
    let (name, login) = list
        .lines()
        .filter_map(|line| serde_json::from_str::<Vec<String>>(line.trim_end_matches(',')).ok())
        .filter(|row| row[3] == "pupil")
        .map(|row| (row[0].clone(), row[2].clone()))
        .find(|(name, login)| !login.is_empty() && !tables.contains(name.as_str()))
        .unwrap();
    let found = |page: &str| {
        let results = page.split_once("id=\"trouves\"").unwrap().1;
        results.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0.to_owned()
    };
    let fragment = format!("#q={login}");
    let (shown, said) = browse(&school, &fragment);
    assert_eq!(found(&shown).matches(&format!("<td>{login}</td>")).count(), 1, "{}", found(&shown));
    assert!(found(&shown).contains(&format!("<td>{name}</td>")) && found(&shown).contains("élève"));
    assert!(!said.contains("Content Security Policy"), "{said}");
    let (nobody, _) = browse(&school, "#q=zzzzzz");
    assert_eq!(found(&nobody), "");
    // From the other end: by initial, with the way to the school.
    let initial = pages.join(format!("personnes-{}.html", &login[..1]));
    let (shown, said) = browse(&initial, &fragment);
    let uai = school.file_name().unwrap().to_str().unwrap();
    assert!(found(&shown).contains(&format!("href=\"{uai}\"")), "{}", found(&shown));
    assert!(!said.contains("Content Security Policy"), "{said}");
    // The index narrows its schools.
    let uai = uai.trim_end_matches(".html");
    let (index, _) = browse(&pages.join("index.html"), &format!("#q={uai}"));
    let table = index.split_once("id=\"ecoles\"").unwrap().1.split_once("</table>").unwrap().0;
    assert!(table.matches("<tr hidden").count() >= 1, "{table}");
    // By kind and profile as well.
    let (relatives, _) = browse(&school, "#q=&profil=relative&genre=create");
    let shown: Vec<&str> = relatives.split("<tbody data-profil=\"").skip(1).collect();
    let visible = |profile: &str| {
        shown
            .iter()
            .filter(|body| body.starts_with(profile) && !body.split('>').next().unwrap().contains("hidden"))
            .count()
    };
    assert!(visible("relative") > 0 && visible("pupil") == 0 && visible("teacher") == 0);
}
