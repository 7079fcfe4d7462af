//! Why somebody has an account, or none: asked for in every way that people are known by.

use serde_json::Value;

use crate::support::academy::pupils;
use crate::support::program::Installation;

const DAY: &str = "2026-10-01";

fn explain(installation: &Installation, who: &str) -> Value {
    let answer = installation.run(&["explain", who, "--json"]);
    assert_eq!(answer.code, 0, "{who}: {}", answer.stderr);
    for secret in ["{ARGON2}", "{SSHA", "{LOCKED}", "AGE-"] {
        assert!(!answer.stdout.contains(secret), "{who}: {secret}");
    }
    answer.json()
}

fn sentence(told: &Value) -> &str {
    told["person"]["sentence"].as_str().unwrap_or_else(|| panic!("{told}"))
}

fn attribute<'a>(told: &'a Value, name: &str) -> &'a Value {
    let all = told["person"]["attributes"].as_array().unwrap();
    all.iter()
        .find(|a| a["name"].as_str().unwrap().eq_ignore_ascii_case(name))
        .unwrap_or_else(|| panic!("{name}: {told}"))
}

/// Replaces once in the files of a category.
fn edit(installation: &Installation, category: &str, change: impl Fn(&str) -> Option<String>) {
    let token = format!("_{category}_");
    for file in std::fs::read_dir(installation.feed()).unwrap().map(|f| f.unwrap().path()) {
        if !file.file_name().unwrap().to_str().unwrap().contains(&token) {
            continue;
        }
        if let Some(changed) = change(&std::fs::read_to_string(&file).unwrap()) {
            std::fs::write(&file, changed).unwrap();
            return;
        }
    }
    panic!("nothing to change in {category}");
}

/// The request of a key, whole.
fn request<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = text.find(&format!("<id>{key}</id>"))?;
    let start = text[..at].rfind("<addRequest>")?;
    let end = text[at..].find("</addRequest>")? + at + "</addRequest>".len();
    Some(&text[start..end])
}

#[test]
fn a_pupil_and_his_parent_from_line_to_entry() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", DAY], 0);
    let (key, _) = pupils(&installation.feed()).remove(0);
    let join_key = format!("AC-TEST${key}");
    let told = explain(&installation, &join_key);
    let person = &told["person"];
    assert!(sentence(&told).contains("a un compte, et les exports le nomment"), "{told}");
    assert_eq!(person["profile"], "pupil");
    assert_eq!(person["record"]["source"], "AC-TEST");
    let origin = &person["record"]["origin"];
    assert!(origin["file"].as_str().unwrap().contains("Eleve") && origin["line"].as_u64().unwrap() > 0, "{origin}");
    assert!(person["schools"][0]["class"].is_string(), "{told}");
    assert!(person["names"]["why"].as_str().unwrap().contains("règle"), "{told}");
    assert_eq!(person["account"]["stage"], "present");
    assert_eq!(person["account"]["there"], true);
    assert_eq!(attribute(&told, "sn")["owner"], "feed");
    assert_eq!(attribute(&told, "uid")["owner"], "engine");
    assert_eq!(attribute(&told, "ENTPersonJointure")["actual"], serde_json::json!([join_key]));
    assert!(person["attributes"].as_array().unwrap().iter().all(|a| a["differs"] == false), "{told}");
    let created = person["history"].as_array().unwrap().iter().find(|e| e["change"] == "create").unwrap();
    assert!(created["values"].as_array().unwrap().iter().any(|v| v["attribute"] == "sn"), "{created}");

    // The same person, however he is asked for.
    let (uid, login) = (person["names"]["uid"].as_str().unwrap(), person["names"]["login"].as_str().unwrap());
    let dn = person["account"]["dn"].as_str().unwrap();
    let line = format!("{}:{}", origin["file"].as_str().unwrap(), origin["line"].as_u64().unwrap() + 1);
    for who in [uid, login, dn, &key, &line] {
        assert_eq!(explain(&installation, who)["person"]["join_key"], join_key.as_str(), "{who}");
    }
    let by_name = explain(&installation, person["name"].as_str().unwrap());
    let candidates = by_name["candidates"].as_array().cloned().unwrap_or_default();
    let found = by_name["person"]["join_key"] == join_key.as_str();
    assert!(found || candidates.iter().any(|c| c["join_key"] == join_key.as_str()), "{by_name}");

    let parent = person["links"][0]["join_key"].as_str().unwrap();
    let told = explain(&installation, parent);
    assert_eq!(told["person"]["profile"], "relative");
    let links = told["person"]["links"].as_array().unwrap();
    assert!(links.iter().any(|link| link["join_key"] == join_key.as_str()), "{told}");
    let text = installation.run(&["explain", parent]).stdout;
    assert!(text.contains("Lien") && text.contains("[export]") && text.contains("jamais montré"), "{text}");

    // Who looked is on the trail.
    let trail = installation.run(&["audit", "show", "--json", "--person", &join_key]).stdout;
    assert!(trail.contains("person_looked_up"), "{trail}");
}

#[test]
fn whoever_has_no_account_is_told_why() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    let all = pupils(&installation.feed());
    let (rejected, classless) = (&all[0].0, &all[1].0);
    // One without birth date; one without a class.
    edit(&installation, "Eleve", |text| {
        let whole = request(text, rejected)?;
        let start = whole.find("<attr name=\"ENTPersonDateNaissance\">")?;
        let end = whole[start..].find("</attr>")? + start + "</attr>".len();
        Some(text.replacen(whole, &format!("{}{}", &whole[..start], &whole[end..]), 1))
    });
    edit(&installation, "Eleve", |text| {
        let whole = request(text, classless)?;
        let start = whole.find("<attr name=\"ENTEleveClasses\">")?;
        let end = whole[start..].find("</attr>")? + start + "</attr>".len();
        Some(text.replacen(whole, &format!("{}{}", &whole[..start], &whole[end..]), 1))
    });
    installation.sync(&["--today", DAY], 3);
    let told = explain(&installation, &format!("AC-TEST${rejected}"));
    assert!(sentence(&told).contains("n'a pas de compte") && sentence(&told).contains("rejetée"), "{told}");
    assert!(sentence(&told).contains("missing-birth-date"), "{told}");
    assert_eq!(told["person"]["record"]["accepted"], false);
    let origin = &told["person"]["record"]["origin"];
    let line = format!("{}:{}", origin["file"].as_str().unwrap(), origin["line"]);
    assert_eq!(explain(&installation, &line)["person"]["join_key"], format!("AC-TEST${rejected}"));
    let told = explain(&installation, classless);
    assert!(sentence(&told).contains("pas de division"), "{told}");
    assert_eq!(told["person"]["holds"].as_array().unwrap().len(), 1, "{told}");

    let unknown = installation.run(&["explain", "Personne Inconnue-Nulle-Part"]);
    assert_eq!(unknown.code, 1, "{}", unknown.stdout);
    assert!(unknown.stdout.contains("ne connaissent cette personne"), "{}", unknown.stdout);
}

#[test]
fn whoever_is_out_of_scope_or_without_authority_is_told_so() {
    let installation = Installation::embedded();
    installation.simulate(2, 60, 0, false);
    installation.sync(&["--today", DAY], 0);
    let inside = explain(&installation, &format!("AC-TEST${}", pupils(&installation.feed())[0].0));
    let uai = inside["person"]["schools"][0]["uai"].as_str().unwrap().to_owned();
    let all = pupils(&installation.feed());
    let outside = all
        .iter()
        .map(|(key, _)| format!("AC-TEST${key}"))
        .find(|key| explain(&installation, key)["person"]["schools"][0]["uai"] != uai.as_str())
        .unwrap();

    // Another installation, of one school alone.
    let small = Installation::embedded();
    small.simulate(2, 60, 0, false);
    let config = std::fs::read_to_string(small.config()).unwrap();
    std::fs::write(small.config(), format!("{config}\n[roster]\nschools = [\"{uai}\"]\n")).unwrap();
    small.sync(&["--today", DAY], 0);
    let told = explain(&small, &outside);
    assert!(sentence(&told).contains("hors périmètre"), "{told}");
    assert_eq!(told["person"]["left_out"], "out_of_scope");

    // A relative whose links give no authority: the payer alone.
    let text: String = std::fs::read_dir(small.feed())
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.to_str().unwrap().contains("_PersRelEleve_"))
        .map(|p| std::fs::read_to_string(p).unwrap())
        .collect();
    let reasons: Vec<Value> = text
        .split("<id>")
        .skip(1)
        .filter_map(|rest| rest.split("</id>").next())
        .map(|key| explain(&installation, &format!("AC-TEST${key}")))
        .filter(|told| told["person"]["account"].is_null())
        .collect();
    assert!(reasons.iter().any(|told| sentence(told).contains("autorité")), "{reasons:?}");
    for told in &reasons {
        let why = sentence(told);
        assert!(why.contains("autorité") || why.contains("responsable sans élève"), "{told}");
    }
}
