//! Adults in two roles: a parent who teaches keeps two accounts, which say so of each other once somebody said so.

use rentree::directory::{Dn, Entry};
use serde_json::Value;

use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

const DAY: [&str; 2] = ["--today", "2026-09-02"];
const PRINCIPAL: &str = "ENTPersRelRapprochPrincipal";
const SECONDARY: &str = "ENTPersRelRapprochSecondaire";
const MAIL: &str = "eve.arnaud@example.org";

fn child(parents: &[&str]) -> Record {
    let links: Vec<String> = parents.iter().map(|parent| format!("{parent}$10$1$1$1$0")).collect();
    Record::pupil("1", "Zoé", "ARNAUD", "05/01/2014", "200")
        .with("ENTElevePersRelEleve", &links.join("</value><value>"))
}

fn parent() -> Record {
    Record::relative("51", "Ève", "ARNAUD").with("mail", MAIL)
}

fn teacher() -> Record {
    Record::teacher("900", "Eve", "Arnaud", "200").with("mail", MAIL)
}

fn company() -> Record {
    Record::pupil("8", "Aldéric", "STABLE", "01/02/2013", "200")
}

fn night(installation: &Installation, day: &str, records: &[Record]) -> Value {
    let all: Vec<Record> = records.iter().cloned().chain([company()]).collect();
    deliver(&installation.feed(), day, false, &all);
    installation.sync(&DAY, 0)
}

fn cases(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let all = [&["cases", "list", "--json"], arguments].concat();
    let answer = installation.run(&all);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.json().as_array().unwrap().clone()
}

fn decide(installation: &Installation, case: &Value, answer: &str) {
    let id = case["id"].as_str().unwrap();
    let answer = installation.run(&["cases", "decide", id, answer, "--why", "appel du secrétariat"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

/// The entry with a join key.
fn at(installation: &Installation, key: &str) -> Entry {
    let entries = installation.entries();
    let found = entries.into_iter().find(|entry| entry.texts("ENTPersonJointure").any(|there| there == key));
    found.unwrap_or_else(|| panic!("nobody has {key}"))
}

fn linked(installation: &Installation) -> bool {
    let (parent, teacher) = (at(installation, "AC-TEST$51"), at(installation, "AC-TEST$900"));
    let says = |entry: &Entry, attribute: &str, of: &Dn| {
        let there: Vec<Dn> = entry.texts(attribute).map(|text| Dn::parse(text).unwrap()).collect();
        assert!(there.len() < 2 && there.iter().all(|dn| dn == of), "{there:?}");
        !there.is_empty()
    };
    let both = [says(&parent, PRINCIPAL, &teacher.dn), says(&teacher, SECONDARY, &parent.dn)];
    assert_eq!(both[0], both[1], "one without the other");
    assert!(parent.values(SECONDARY).is_empty() && teacher.values(PRINCIPAL).is_empty());
    for entry in [&parent, &teacher] {
        assert!(!both[0] || entry.texts("objectClass").any(|class| class == "ENTPersonRelation"), "{entry:?}");
    }
    both[0]
}

#[test]
fn a_parent_who_teaches_is_linked_and_unlinked() {
    let slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    let family = [child(&["51"]), parent(), teacher()];
    night(&installation, "20260901", &family);
    let [case] = cases(&installation, &[]).try_into().unwrap();
    assert_eq!((&case["question"], &case["candidates"][0]["proposed"]), (&"two_roles".into(), &"same".into()));
    assert_eq!(case["person"]["key"], "AC-TEST$51", "the secondary one is asked about");
    let page = installation.run(&["cases", "show", case["id"].as_str().unwrap()]).stdout;
    for words in ["deux rôles", "même adresse électronique", "Le Val", "0960010P", "rapprochés"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Nothing is held for it, nothing linked before somebody says so.
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
    assert!(!linked(&installation));
    let passwords = |installation: &Installation| {
        let file = installation.home().join("all.ldif");
        drop(std::fs::remove_file(&file));
        installation.run(&["export", "--with-password-hashes", "--ldif", file.to_str().unwrap()]);
        let text = std::fs::read_to_string(file).unwrap();
        text.lines().filter(|line| line.starts_with("userPassword")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = passwords(&installation);
    assert!(before.len() > 2);

    decide(&installation, &case, "same");
    let plan = installation.run(&["plan", DAY[0], DAY[1]]);
    assert!(
        plan.stdout.contains("rapproché de l'autre compte de cette personne, qui est le principal"),
        "{}",
        plan.stdout
    );
    let night_of = installation.sync(&DAY, 0);
    assert_eq!(
        (&night_of["accounts"]["updated"], &night_of["accounts"]["created"]),
        (&2.into(), &0.into()),
        "{night_of}"
    );
    assert!(linked(&installation));
    assert_eq!(passwords(&installation), before, "two accounts, as before");
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
    assert!(cases(&installation, &[]).is_empty());
    let told = installation.run(&["explain", "AC-TEST$51"]).stdout;
    assert!(told.contains("Rapproché de") && told.contains("le compte principal"), "{told}");

    // What another hand wrote beside it stays.
    let stranger = "uid=autre,ou=people,dc=ent,dc=fr";
    let teacher_dn = at(&installation, "AC-TEST$900").dn;
    slapd.modify(&format!("dn: {teacher_dn}\nchangetype: modify\nadd: {SECONDARY}\n{SECONDARY}: {stranger}\n"));
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");

    // Taken back.
    let [decided] = cases(&installation, &["--decided"]).try_into().unwrap();
    assert_eq!(decided["id"], case["id"]);
    decide(&installation, &decided, "different");
    let plan = installation.run(&["plan", DAY[0], DAY[1]]);
    assert!(plan.stdout.contains("rapprochement retiré"), "{}", plan.stdout);
    installation.sync(&DAY, 0);
    let (parent, teacher) = (at(&installation, "AC-TEST$51"), at(&installation, "AC-TEST$900"));
    assert!(parent.values(PRINCIPAL).is_empty());
    assert_eq!(teacher.texts(SECONDARY).collect::<Vec<_>>(), [stranger]);
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
    assert!(cases(&installation, &[]).is_empty(), "and not asked again");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// Whoever leaves stays linked as long as the account is there; a proof that is sufficient links without a question.
#[test]
fn a_link_outlives_a_departure_and_proofs_may_suffice() {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{config}\n[identity]\nadult = [\"names_and_mail\"]\n")).unwrap();
    let homonym = Record::relative("52", "Eve", "ARNAUD").with("mail", "autre@example.org");
    let family = [child(&["51", "52"]), parent(), homonym, teacher()];
    night(&installation, "20260901", &family);
    // The accounts are there only now: the next night links them.
    installation.sync(&DAY, 0);
    assert!(linked(&installation));
    let open = cases(&installation, &[]);
    assert!(open.is_empty(), "a homonym without anything else is nobody: {open:?}");
    assert!(at(&installation, "AC-TEST$52").values(PRINCIPAL).is_empty());
    // The teacher leaves, is absent, is suspended.
    night(&installation, "20260903", &[child(&["51"]), parent(), Record::teacher("901", "Ana", "ROUX", "200")]);
    assert!(linked(&installation), "absent");
    installation.sync(&["--today", "2026-11-02"], 0);
    assert!(linked(&installation), "suspended");
    assert_eq!(installation.sync(&["--today", "2026-11-02"], 0)["verdict"], "unchanged");
}

/// A directory without the classes: nobody is asked, and nothing is written.
#[test]
fn a_directory_that_cannot_say_it_is_not_asked_to() {
    let installation = Installation::with(
        "[directory]\nkind = \"embedded\"\nsuffix = \"dc=ent,dc=fr\"\n\n\
         [directory.dialect]\npreset = \"inetorgperson\"\n",
    );
    night(&installation, "20260901", &[child(&["51"]), parent(), teacher()]);
    assert!(cases(&installation, &[]).is_empty());
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
}
