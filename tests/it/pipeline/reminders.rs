//! Whoever uses the account already is reminded of the login, and of nothing else.

use rentree::directory::Directory as _;
use rentree::directory::ldap::Ldap;

use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{choose_password, people};

#[tokio::test(flavor = "multi_thread")]
async fn an_activated_account_gets_a_reminder_without_a_secret() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 12, 0, false);
    installation.sync(&[], 0);
    let pupil = |entry: &&rentree::directory::Entry| entry.texts("objectClass").any(|class| class == "ENTEleve");
    let entry = people(&slapd).iter().find(pupil).unwrap().clone();
    let login = entry.first("ENTPersonLogin").unwrap().to_owned();
    let directory = Ldap::connect(&slapd.config()).await.unwrap();
    choose_password(&directory, &entry, "choisi par moi").await;

    let (home, key) = (installation.home(), installation.key());
    let json = |arguments: &[&str]| {
        let answer = installation.run(&[&["letters", "--json"], arguments].concat());
        assert_eq!(answer.code, 0, "{arguments:?}\n{}", answer.stderr);
        answer.json()
    };
    let print = |folder: &str, more: &[&str]| {
        let out = home.join(folder);
        json(&[&["--out", out.to_str().unwrap(), "--key", key.to_str().unwrap(), "--profile", "pupil"], more].concat())
    };
    let counted = json(&["--count", "--reminders", "--profile", "pupil"]);
    let sum =
        |what: &str| -> u64 { counted["rows"].as_array().unwrap().iter().map(|row| row[what].as_u64().unwrap()).sum() };
    assert_eq!((sum("secret"), sum("reminder")), (11, 1), "{counted}");
    let none = print("none", &["--person", &login, "--ask-directory"]);
    assert_eq!((&none["files"], &none["without"]["activated"]), (&serde_json::json!([]), &1.into()), "{none}");

    let reminded = print("one", &["--person", &login, "--reminders"]);
    let file = reminded["files"][0]["path"].as_str().unwrap();
    let text = std::process::Command::new("pdftotext").args([file, "-"]).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&login) && text.contains("Votre compte est déjà activé"), "{text}");
    assert!(!text.contains("Mot de passe provisoire"), "{text}");
    let opened = installation.run(&["audit", "show", "--json", "--kind", "envelope_opened"]).json();
    assert_eq!(opened, serde_json::json!([]), "nothing was opened for it");
    assert!(directory.bind(&entry.dn, "choisi par moi").await.unwrap());

    // The same in a table; and whoever has not activated it gets the password beside.
    let table = home.join("t.csv");
    json(&[
        "--csv",
        "merge",
        "--reminders",
        "--profile",
        "pupil",
        "--out",
        table.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
    ]);
    let table = std::fs::read_to_string(table).unwrap();
    let (own, others): (Vec<&str>, Vec<&str>) =
        table.lines().skip(1).partition(|line| line.split(';').any(|cell| cell == login));
    assert!(own.len() == 1 && own[0].contains(";rappel;") && own[0].contains(&format!(";{login};;")), "{own:?}");
    assert!(others.len() == 11 && others.iter().all(|line| line.contains(";mot de passe;")), "{others:?}");
}
