//! Who is who: an account that changes its source keeps all that is its user's; what no proof settles is asked, and the
//! answer is remembered.

use std::collections::BTreeMap;

use rentree::directory::{Entry, ldif};
use serde_json::Value;

use crate::support::delivery::{Record, deliver};
use crate::support::program::Installation;
use crate::support::slapd::Slapd;

const INE: &str = "120394857AB";
const DAY: [&str; 2] = ["--today", "2026-09-02"];

/// The college of `AC-TEST` and the schools of `ECOLES`, which is configured after it.
fn two_sources(directory: Option<&str>) -> Installation {
    let installation = directory.map_or_else(Installation::embedded, Installation::with);
    more(&installation, "[[source]]\nname = \"ECOLES\"\nkind = \"aaf-1d\"\npath = \"ecoles\"\n");
    installation
}

fn more(installation: &Installation, text: &str) {
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{config}\n{text}")).unwrap();
}

fn schools(installation: &Installation, day: &str, records: &[Record]) {
    deliver(&installation.home().join("ecoles"), day, true, &with_company(records, "9", "100"));
}

fn college(installation: &Installation, day: &str, records: &[Record]) {
    deliver(&installation.feed(), day, false, &with_company(records, "8", "200"));
}

/// A school is never empty: somebody stays there whom nothing happens to.
fn with_company(records: &[Record], key: &str, school: &str) -> Vec<Record> {
    let somebody = Record::pupil(key, "Aldéric", &format!("STABLE{school}"), "01/02/2013", school);
    records.iter().cloned().chain([somebody]).collect()
}

fn zoe(key: &str, school: &str) -> Record {
    Record::pupil(key, "Zoé", "ARNAUD", "05/01/2014", school)
}

/// People by the first join key that ends so.
fn account(installation: &Installation, first: &str) -> Vec<Entry> {
    let is = |entry: &Entry| entry.dn.rdn_type() == "uid" && entry.first("givenName") == Some(first);
    let file = installation.home().join("with-passwords.ldif");
    drop(std::fs::remove_file(&file));
    let answer = installation.run(&["export", "--with-password-hashes", "--ldif", file.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let text = std::fs::read(file).unwrap();
    ldif::Reader::new(text.as_slice()).map(Result::unwrap).filter(is).collect()
}

fn only(installation: &Installation, first: &str) -> Entry {
    let [entry] = account(installation, first).try_into().unwrap();
    entry
}

/// What is its user's: names, and the password as it is stored.
fn own(entry: &Entry) -> BTreeMap<&'static str, String> {
    let all = |name: &str| entry.values(name).iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(",");
    let own: BTreeMap<_, _> = ["uid", "ENTPersonLogin", "userPassword"].map(|name| (name, all(name))).into();
    assert!(own.values().all(|value| !value.is_empty()), "{own:?}");
    own
}

fn cases(installation: &Installation) -> Vec<Value> {
    let answer = installation.run(&["cases", "list", "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.json().as_array().unwrap().clone()
}

fn decide(installation: &Installation, case: &Value, arguments: &[&str]) {
    let mut all = vec!["cases", "decide", case["id"].as_str().unwrap()];
    all.extend(arguments);
    all.extend(["--why", "appel du secrétariat"]);
    let answer = installation.run(&all);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

/// From the school to the college: another source, another key, another degree; the account is the same, whether the
/// two records overlap for a while or not.
fn goes_up(installation: &Installation, overlap: bool) {
    schools(installation, "20260901", &[zoe("1", "100").ine(INE)]);
    college(installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    let before = only(installation, "Zoé");
    assert_eq!(before.texts("ENTPersonJointure").collect::<Vec<_>>(), ["ECOLES$1"]);

    if overlap {
        college(installation, "20260902", &[zoe("77", "200").ine(INE)]);
        let night = installation.sync(&DAY, 0);
        assert_eq!(night["accounts"]["created"], 0, "{night}");
        assert_eq!(own(&only(installation, "Zoé")), own(&before));
    }
    schools(installation, "20260903", &[]);
    college(installation, "20260903", &[zoe("77", "200").ine(INE)]);
    let plan = installation.run(&["plan", DAY[0], DAY[1]]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    if !overlap {
        assert!(plan.stdout.contains("arrive de 0960001X (source ECOLES)"), "{}", plan.stdout);
    }
    let night = installation.sync(&DAY, 0);
    assert_eq!(
        (&night["accounts"]["created"], &night["accounts"]["moved"], &night["departures"]["absent"]),
        (&0.into(), &1.into(), &0.into()),
        "{night}"
    );
    assert_eq!(night["credentials"]["issued"], 0, "{night}");
    let after = only(installation, "Zoé");
    assert_eq!(own(&after), own(&before));
    assert!(after.texts("ENTPersonJointure").any(|key| key == "AC-TEST$77"), "{after:?}");
    assert!(after.texts("ENTEleveClasses").all(|class| class.ends_with("$6A")), "{after:?}");
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");

    // A late delivery of the school names her once more: still one account, and the college stays the one that is heard.
    schools(installation, "20260904", &[zoe("1", "100").ine(INE)]);
    let late = installation.sync(&DAY, 0);
    assert_eq!(late["accounts"]["created"], 0, "{late}");
    assert_eq!(own(&only(installation, "Zoé")), own(&before));
    // And she goes back: the college has lost her, the school has her again.
    college(installation, "20260905", &[]);
    let back = installation.sync(&DAY, 0);
    assert_eq!((&back["accounts"]["created"], &back["departures"]["absent"]), (&0.into(), &0.into()), "{back}");
    assert_eq!(own(&only(installation, "Zoé")), own(&before));
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

#[test]
fn from_school_to_college_embedded() {
    goes_up(&two_sources(None), false);
    goes_up(&two_sources(None), true);
}

#[test]
fn from_school_to_college_slapd() {
    let slapd = Slapd::start();
    goes_up(&two_sources(Some(&slapd.toml())), false);
}

/// Gone for so long that the account was suspended; she comes back under another key, and finds it again.
#[test]
fn whoever_comes_back_under_another_key_finds_the_account_again() {
    let installation = two_sources(None);
    schools(&installation, "20260901", &[zoe("1", "100").ine(INE)]);
    college(&installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    let before = only(&installation, "Zoé");
    schools(&installation, "20260902", &[]);
    installation.sync(&DAY, 0);
    installation.sync(&["--today", "2026-11-02"], 0);
    assert_ne!(own(&only(&installation, "Zoé")), own(&before), "locked");
    college(&installation, "20261103", &[zoe("77", "200").ine(INE)]);
    let back = installation.sync(&["--today", "2026-11-03"], 0);
    assert_eq!((&back["accounts"]["created"], &back["accounts"]["restored"]), (&0.into(), &1.into()), "{back}");
    assert_eq!(own(&only(&installation, "Zoé")), own(&before));
    assert_eq!(installation.sync(&["--today", "2026-11-03"], 0)["verdict"], "unchanged");
}

/// Ten pupils whom names and birth date alone recognise: ten cases, the others go on. Each answer is followed, and
/// remembered for ever after.
#[test]
fn ten_ambiguous_identities_are_ten_cases() {
    let installation = two_sources(None);
    let names: Vec<String> = ('A'..='J').map(|letter| format!("Prénom{letter}")).collect();
    let pupils = |school: &str| -> Vec<Record> {
        let one =
            |(name, n): (&String, usize)| Record::pupil(&format!("{school}{n}"), name, "LE GALL", "05/01/2014", school);
        names.iter().zip(0..).map(one).collect()
    };
    schools(&installation, "20260901", &pupils("100"));
    college(&installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    schools(&installation, "20260902", &[]);
    let new = Record::pupil("555", "Nouvelle", "MARTIN", "09/09/2014", "200");
    let up: Vec<Record> = pupils("200").into_iter().chain([new]).collect();
    college(&installation, "20260902", &up);
    let night = installation.sync(&DAY, 3);
    assert_eq!((&night["accounts"]["held"], &night["accounts"]["created"]), (&10.into(), &1.into()), "{night}");
    let open = cases(&installation);
    assert_eq!(open.len(), 10, "{open:?}");
    assert!(open.iter().all(|case| case["candidates"].as_array().unwrap().len() == 1));
    assert!(open.iter().all(|case| case["candidates"][0]["proposed"] == "same"), "{open:?}");
    assert_eq!(installation.run(&["cases", "list", "--school", "0960099Z", "--json"]).json(), serde_json::json!([]));
    let page = installation.run(&["cases", "show", &open[0]["id"].as_str().unwrap().to_lowercase()]);
    for words in ["né(e) le 05/01/2014", "même date de naissance", "6A", "0960010P", "plus aucun export"] {
        assert!(page.stdout.contains(words), "{words}: {}", page.stdout);
    }

    // Same: the account is kept. Different: she gets her own. Later: it stays as it is, and is nothing new.
    let first = |case: &Value| case["person"]["name"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    let (same, different, later) = (first(&open[0]), first(&open[1]), first(&open[2]));
    let before = only(&installation, &same);
    decide(&installation, &open[0], &["same"]);
    decide(&installation, &open[1], &["different"]);
    decide(&installation, &open[2], &["later"]);
    let night = installation.sync(&DAY, 3);
    let counts = |night: &Value| ["moved", "created", "held"].map(|class| night["accounts"][class].as_u64().unwrap());
    assert_eq!(counts(&night), [1, 1, 8], "{night}");
    assert_eq!(night["held_new"], 0, "{night}");
    assert_eq!(own(&only(&installation, &same)), own(&before));
    assert_eq!(account(&installation, &different).len(), 2);
    let open = cases(&installation);
    assert_eq!(open.len(), 8);
    assert_eq!(open.iter().filter(|case| case["later"] == true).map(first).collect::<Vec<_>>(), [later]);
    // The next nights remember.
    let night = installation.sync(&DAY, 3);
    assert_eq!(counts(&night), [0, 0, 8], "{night}");
    assert_eq!(cases(&installation), open);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    // What is no answer is refused.
    assert_eq!(installation.run(&["cases", "decide", "0000-0000", "same", "--why", "x"]).code, 64);
    assert_eq!(installation.run(&["cases", "decide", open[0]["id"].as_str().unwrap(), "same", "--why", " "]).code, 64);
    let nobody = ["cases", "decide", open[0]["id"].as_str().unwrap(), "same", "--candidate", "X$1", "--why", "x"];
    assert_eq!(installation.run(&nobody).code, 64);
}

/// One INE on two pupils of the college, and an account that bears it: nobody gets it, nobody is created, two cases.
#[test]
fn one_ine_on_two_pupils_links_nobody() {
    let installation = two_sources(None);
    schools(&installation, "20260901", &[zoe("1", "100").ine(INE)]);
    college(&installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    let before = only(&installation, "Zoé");
    schools(&installation, "20260902", &[]);
    let twin = Record::pupil("78", "Malo", "ARNAUD", "05/01/2014", "200").ine(INE);
    college(&installation, "20260902", &[zoe("77", "200").ine(INE).with("givenName", "Zoë"), twin]);
    let night = installation.sync(&DAY, 0);
    // The twin has another first name: only hers agrees with everything.
    assert_eq!((&night["accounts"]["moved"], &night["accounts"]["created"]), (&1.into(), &1.into()), "{night}");
    assert_eq!(own(&only(&installation, "Zoë")), own(&before));

    let second = two_sources(None);
    schools(&second, "20260901", &[zoe("1", "100").ine(INE)]);
    college(&second, "20260901", &[]);
    second.sync(&DAY, 0);
    schools(&second, "20260902", &[]);
    college(&second, "20260902", &[zoe("77", "200").ine(INE), zoe("78", "200").ine(INE)]);
    let night = second.sync(&DAY, 3);
    assert_eq!((&night["accounts"]["held"], &night["accounts"]["created"]), (&2.into(), &0.into()), "{night}");
    let open = cases(&second);
    assert_eq!(open.len(), 2);
    // One of them is; the other has her number, name and birth date all the same, and waits for another answer.
    decide(&second, &open[0], &["same"]);
    let night = second.sync(&DAY, 3);
    assert_eq!((&night["accounts"]["moved"], &night["accounts"]["held"]), (&1.into(), &1.into()), "{night}");
    let open = cases(&second);
    assert_eq!(open.len(), 1);
    decide(&second, &open[0], &["different"]);
    assert_eq!(second.sync(&DAY, 0)["accounts"]["created"], 1);
    assert!(cases(&second).is_empty());
}

/// A parent follows the child: name and child are asked about, and link by themselves where the configuration says so.
#[test]
fn a_parent_follows_the_child() {
    let child = |key: &str, school: &str, parent: &str| {
        zoe(key, school).ine(INE).with("ENTElevePersRelEleve", &format!("{parent}$10$1$1$1$0"))
    };
    let year = |installation: &Installation| {
        schools(installation, "20260901", &[child("1", "100", "51"), Record::relative("51", "Ève", "ARNAUD")]);
        college(installation, "20260901", &[]);
        installation.sync(&DAY, 0);
        let before = only(installation, "Ève");
        schools(installation, "20260902", &[]);
        college(installation, "20260902", &[child("77", "200", "510"), Record::relative("510", "Ève", "ARNAUD")]);
        before
    };
    let asked = two_sources(None);
    let before = year(&asked);
    let night = asked.sync(&DAY, 3);
    assert_eq!((&night["accounts"]["moved"], &night["accounts"]["held"]), (&1.into(), &1.into()), "{night}");
    let [case] = cases(&asked).try_into().unwrap();
    assert!(case["candidates"][0]["evidence"].to_string().contains("un même enfant"), "{case}");
    decide(&asked, &case, &["same"]);
    asked.sync(&DAY, 0);
    assert_eq!(own(&only(&asked, "Ève")), own(&before));

    let trusted = two_sources(None);
    more(&trusted, "[identity]\nrelative = [\"names_and_child\"]\n");
    let before = year(&trusted);
    let night = trusted.sync(&DAY, 0);
    assert_eq!((&night["accounts"]["moved"], &night["accounts"]["created"]), (&2.into(), &0.into()), "{night}");
    assert_eq!(own(&only(&trusted, "Ève")), own(&before));
    assert_eq!(trusted.sync(&DAY, 0)["verdict"], "unchanged");
}

/// A school that extracted its pupils by hand is delivered by the academy from now on: the same school, other keys.
#[test]
fn from_a_table_to_the_academy() {
    let installation = Installation::embedded();
    let table = "[[source]]\nname = \"TABLE\"\nkind = \"csv\"\npath = \"table\"\n\n[source.school]\nuai = \"0960010P\"\n\
                 name = \"Collège du Val\"\n";
    more(&installation, &format!("{table}\n[identity]\npupil = [\"ine\", \"names_and_birth\"]\n"));
    let folder = installation.home().join("table");
    std::fs::create_dir(&folder).unwrap();
    let head = "Nom;Prénom;Date de naissance;Classe;INE\n";
    let rows = format!("ARNAUD;Zoé;05/01/2014;6A;{INE}\nMARTIN;Malo;06/02/2014;6A;\n");
    let write = |rows: &str| std::fs::write(folder.join("eleves.csv"), format!("{head}{rows}")).unwrap();
    write(&rows);
    college(&installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    let before = [only(&installation, "Zoé"), only(&installation, "Malo")];
    // The table stays where it is: its people are the academy's from now on, one account each.
    let malo = Record::pupil("78", "Malo", "MARTIN", "06/02/2014", "200");
    college(&installation, "20260902", &[zoe("77", "200").ine(INE), malo]);
    let night = installation.sync(&DAY, 0);
    assert_eq!((&night["accounts"]["created"], &night["departures"]["absent"]), (&0.into(), &0.into()), "{night}");
    let after = [only(&installation, "Zoé"), only(&installation, "Malo")];
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(own(before), own(after));
        assert!(after.texts("ENTPersonJointure").any(|key| key.starts_with("AC-TEST$")), "{after:?}");
    }
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
}

/// Two accounts, one person, by decision: one stays with all that is its user's, the other is locked and says where it
/// went; nothing is deleted, and later nights agree.
#[test]
fn two_accounts_become_one() {
    let slapd = Slapd::start();
    let installation = two_sources(Some(&slapd.toml()));
    more(
        &installation,
        "[identity]\npupil = [\"ine\"]\nmerged_into = \"ENTPersRelFusionPrincipal\"\n\
         merged_from = \"ENTPersRelFusionSecondaire\"\nmerged_class = \"ENTPersonRelation\"\n",
    );
    // Born another day in one of the exports: two people, as far as anybody can tell.
    schools(&installation, "20260901", &[zoe("1", "100").with("ENTPersonDateNaissance", "05/01/2013")]);
    college(&installation, "20260901", &[zoe("77", "200")]);
    installation.sync(&DAY, 0);
    let key = |entry: &Entry, key: &str| entry.texts("ENTPersonJointure").any(|k| k == key);
    let [before, other]: [Entry; 2] = account(&installation, "Zoé").try_into().unwrap();
    let (before, other) = if key(&before, "AC-TEST$77") { (before, other) } else { (other, before) };
    assert!(cases(&installation).is_empty(), "homonyms born on two days are no case");

    // Corrected: names and birth date agree, both have an account. Nothing is held meanwhile.
    schools(&installation, "20260902", &[zoe("1", "100")]);
    installation.sync(&DAY, 0);
    let [case] = cases(&installation).try_into().unwrap();
    assert_eq!(case["two_accounts"], true, "{case}");
    decide(&installation, &case, &["same"]);
    let night = installation.sync(&DAY, 0);
    assert_eq!((&night["accounts"]["created"], &night["departures"]["suspended"]), (&0.into(), &1.into()), "{night}");

    let people = account(&installation, "Zoé");
    assert_eq!(people.len(), 2, "nothing is deleted");
    let at = |dn: &rentree::directory::Dn| people.iter().find(|entry| entry.dn == *dn).unwrap();
    let (stays, gone) = (at(&before.dn), at(&other.dn));
    assert_eq!(own(stays), own(&before), "that of the source configured first");
    assert_ne!(own(gone), own(&other), "locked");
    assert_eq!(gone.first("ENTPersRelFusionPrincipal"), Some(stays.dn.as_str()));
    assert_eq!(stays.first("ENTPersRelFusionSecondaire"), Some(gone.dn.as_str()));
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
    // The record of the merged account leads to the one that stays, also when it is the only one left.
    college(&installation, "20260903", &[]);
    let night = installation.sync(&DAY, 0);
    assert_eq!((&night["accounts"]["created"], &night["departures"]["absent"]), (&0.into(), &0.into()), "{night}");
    let people = account(&installation, "Zoé");
    assert_eq!(own(people.iter().find(|entry| entry.dn == before.dn).unwrap()), own(&before));
    assert_eq!(installation.sync(&DAY, 0)["verdict"], "unchanged");
}

/// While it is asked who a pupil is, the parents keep the child that they have; nothing names an account that is not
/// there; the account in question is not suspended. The answer gives them the child under the new key.
#[test]
fn a_family_waits_with_a_doubtful_child() {
    let installation = two_sources(None);
    let family = |key: &str, ine: Option<&str>| {
        let child = zoe(key, "100").with("ENTElevePersRelEleve", "51$10$1$1$1$0");
        [ine.map_or_else(|| child.clone(), |ine| child.clone().ine(ine)), Record::relative("51", "Ève", "ARNAUD")]
    };
    schools(&installation, "20260901", &family("1", Some(INE)));
    college(&installation, "20260901", &[]);
    installation.sync(&DAY, 0);
    let (child, parent) = (only(&installation, "Zoé"), only(&installation, "Ève"));
    schools(&installation, "20260902", &family("77", None));
    for day in ["2026-09-03", "2026-10-20"] {
        let night = installation.sync(&["--today", day], 3);
        assert_eq!(night["accounts"]["held"], 2, "the child and what the parent's entry would say: {night}");
        assert_eq!(only(&installation, "Ève").attributes, parent.attributes);
        assert_eq!(only(&installation, "Zoé").attributes, child.attributes, "{day}");
    }
    let open = cases(&installation);
    decide(&installation, &open[0], &["same"]);
    let night = installation.sync(&["--today", "2026-10-21"], 0);
    assert_eq!(night["accounts"]["created"], 0, "{night}");
    let (after, same) = (only(&installation, "Zoé"), only(&installation, "Ève"));
    assert_eq!((after.dn.clone(), own(&after)), (child.dn.clone(), own(&child)));
    assert_eq!(same.values("ENTAuxPersRelEleveEleve"), parent.values("ENTAuxPersRelEleveEleve"));
    assert_eq!(installation.sync(&["--today", "2026-10-21"], 0)["verdict"], "unchanged");
}
