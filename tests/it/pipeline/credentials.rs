//! The life of a first password: replaced, taken back, printed again; what was printed before opens nothing any more.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Entry};

use crate::support::program::{Answer, Installation, printed};
use crate::support::slapd::Slapd;
use crate::support::{choose_password, people};

/// An installation, its server, and what is printed of it.
struct Bench {
    slapd: Slapd,
    installation: Installation,
    directory: Ldap,
}

impl Bench {
    async fn new() -> Self {
        let slapd = Slapd::start();
        let installation = Installation::with(&slapd.toml());
        installation.simulate(2, 24, 0, false);
        installation.sync(&[], 0);
        let directory = Ldap::connect(&slapd.config()).await.unwrap();
        Self { slapd, installation, directory }
    }

    fn json(&self, arguments: &[&str], code: i32) -> serde_json::Value {
        self.answer(&[arguments, &["--json"]].concat(), code).json()
    }

    fn answer(&self, arguments: &[&str], code: i32) -> Answer {
        let answer = self.installation.run(arguments);
        assert_eq!(answer.code, code, "{arguments:?}\n{}\n{}", answer.stderr, answer.stdout);
        answer
    }

    /// Prints these into a folder of their own, and reads logins and passwords back.
    fn print(&self, folder: &str, arguments: &[&str]) -> BTreeMap<String, String> {
        let out = self.folder(folder);
        let key = self.installation.key();
        let with = ["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
        self.answer(&[&with[..], arguments].concat(), 0);
        if out.exists() { printed(&out).into_iter().collect() } else { BTreeMap::new() }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.installation.home().join(name)
    }

    fn entry(&self, login: &str) -> Entry {
        people(&self.slapd).into_iter().find(|e| e.first("ENTPersonLogin") == Some(login)).unwrap()
    }

    async fn binds(&self, login: &str, password: &str) -> bool {
        self.directory.bind(&self.entry(login).dn, password).await.unwrap()
    }

    /// As the account's user does in the portal.
    async fn choose(&self, login: &str, password: &str) {
        choose_password(&self.directory, &self.entry(login), password).await;
    }

    /// School and class of a pupil, as the print register has them.
    fn pupil(&self, sheets: &BTreeMap<String, String>, at: usize) -> String {
        let pupils: Vec<String> = people(&self.slapd)
            .into_iter()
            .filter(|e| e.texts("objectClass").any(|class| class == "ENTEleve"))
            .map(|e| e.first("ENTPersonLogin").unwrap().to_owned())
            .filter(|login| sheets.contains_key(login))
            .collect();
        pupils[at].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reissued_password_opens_and_the_printed_one_does_not() {
    let bench = Bench::new().await;
    let first = bench.print("first", &[]);
    let [lost, other, own, late] = [0, 1, 2, 3].map(|at| bench.pupil(&first, at));
    assert!(bench.binds(&lost, &first[&lost]).await);

    // A plan alone writes nothing.
    let planned =
        bench.json(&["credentials", "reissue", "--person", &lost, "--reason", "fiche perdue dans le couloir"], 0);
    assert_eq!(planned["kept"], serde_json::json!([]), "{planned}");
    assert!(bench.binds(&lost, &first[&lost]).await);
    let plan = planned["plan"].as_str().unwrap().to_owned();
    let shown = bench.answer(&["show", &plan], 0).stdout;
    assert!(shown.contains("Motif") && shown.contains("fiche perdue dans le couloir"), "{shown}");
    assert!(shown.contains("mot de passe à remplacer"), "{shown}");
    let applied = bench.json(&["apply", &plan], 0);
    assert_eq!(applied["credentials"]["issued"], 1, "{applied}");
    assert!(!bench.binds(&lost, &first[&lost]).await, "the lost sheet is dead");
    let second = bench.print("second", &["--person", &lost]);
    assert_ne!(first[&lost], second[&lost]);
    assert!(bench.binds(&lost, &second[&lost]).await);
    assert!(bench.binds(&other, &first[&other]).await, "nobody else is touched");
    // Applied a second time it does nothing.
    assert_eq!(bench.json(&["apply", &plan], 0)["changes"]["done"], 0);
    assert!(bench.binds(&lost, &second[&lost]).await);

    // Who has chosen a password keeps it, unless he is reset.
    bench.choose(&own, "choisi par moi").await;
    let reissue = ["credentials", "reissue", "--reason", "essai", "--yes"];
    let kept = bench.json(&[&reissue[..], &["--person", &own]].concat(), 0);
    assert_eq!(kept["kept"][0]["why"], "activated", "{kept}");
    assert!(bench.binds(&own, "choisi par moi").await);
    let reset = bench.json(&[&reissue[..], &["--person", &own, "--reset"]].concat(), 0);
    assert_eq!(reset["changes"]["done"], 1, "{reset}");
    assert!(!bench.binds(&own, "choisi par moi").await);
    let again = bench.print("third", &["--person", &own]);
    assert!(bench.binds(&own, &again[&own]).await);

    // Who activates his account between plan and apply is left out.
    let planned = bench.json(&["credentials", "reissue", "--person", &late, "--reason", "essai"], 0);
    bench.choose(&late, "juste à temps").await;
    let applied = bench.json(&["apply", planned["plan"].as_str().unwrap()], 3);
    assert_eq!(applied["changes"]["left_out"].as_array().unwrap().len(), 1, "{applied}");
    assert!(bench.binds(&late, "juste à temps").await);

    // All of it is on the trail, and a night finds nothing to do.
    let events = bench.json(&["audit", "show", "--kind", "credential_reissued"], 0);
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(events[0]["payload"]["reason"], "fiche perdue dans le couloir", "{events:?}");
    assert!(events.iter().all(|event| event["payload"]["replaces"].is_string()), "{events:?}");
    assert!(bench.answer(&["explain", &lost], 0).stdout.contains("fiche perdue dans le couloir"));
    assert_eq!(bench.installation.sync(&[], 0)["verdict"], "unchanged");
    bench.answer(&["audit", "verify"], 0);
    // It is not taken back.
    let saved = bench.json(&["audit", "show", "--kind", "plan_saved"], 0);
    let number = saved.as_array().unwrap().iter().rev().find(|event| event["payload"]["credentials"].is_object());
    let undone = bench.answer(&["undo", number.unwrap()["payload"]["plan"].as_str().unwrap()], 64);
    assert!(undone.stderr.contains("replaced first passwords"), "{}", undone.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_password_opens_nothing_and_another_can_be_had() {
    let bench = Bench::new().await;
    let first = bench.print("first", &[]);
    let who = bench.pupil(&first, 0);
    let revoke = ["credentials", "revoke", "--person", &who, "--reason", "fiche affichée au mur", "--yes"];
    let revoked = bench.json(&revoke, 0);
    assert_eq!((&revoked["changes"]["done"], &revoked["credentials"]["issued"]), (&1.into(), &0.into()), "{revoked}");
    assert!(!bench.binds(&who, &first[&who]).await);
    assert!(bench.print("none", &["--person", &who]).is_empty());
    let told = bench.answer(&["explain", &who], 0).stdout;
    assert!(told.contains("révoqué le") && told.contains("fiche affichée au mur"), "{told}");
    let states = bench.json(&["credentials", "status"], 0);
    let count = |state: &str| -> u64 {
        states.as_array().unwrap().iter().filter(|r| r["state"] == state).map(|r| r["count"].as_u64().unwrap()).sum()
    };
    assert_eq!((count("revoked"), count("superseded"), count("pending")), (1, 1, 0), "{states}");
    // Nobody has activated it: the hash that nobody knows the password of is still there.
    let back = bench.json(
        &["credentials", "reissue", "--never-activated", "--reason", "nouvelle fiche", "--person", &who, "--yes"],
        0,
    );
    assert_eq!(back["changes"]["done"], 1, "{back}");
    let second = bench.print("second", &["--person", &who]);
    assert!(bench.binds(&who, &second[&who]).await);
}

/// Whose creation was taken back and done again, and whoever was adopted, has no sheet to print until one is issued.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_undone_and_done_again_gets_a_password() {
    let bench = Bench::new().await;
    let first = bench.print("first", &[]);
    let who = bench.pupil(&first, 0);
    let saved = bench.json(&["audit", "show", "--kind", "plan_saved"], 0);
    let plan = saved[0]["payload"]["plan"].as_str().unwrap();
    let undo = bench.folder("undo.plan");
    let file = undo.to_str().unwrap();
    bench.answer(&["undo", plan, "--out", file], 3);
    bench.answer(&["apply", file], 0);
    assert!(!bench.binds(&who, &first[&who]).await);
    bench.installation.sync(&[], 0);
    assert!(bench.print("none", &["--person", &who]).is_empty());
    let reissue = ["credentials", "reissue", "--never-activated", "--reason", "créés, défaits, refaits", "--yes"];
    let done = bench.json(&reissue, 0);
    assert_eq!(done["changes"]["done"], first.len() as u64, "{done}");
    let second = bench.print("second", &["--profile", "pupil"]);
    assert!(bench.binds(&who, &second[&who]).await);
    assert!(!bench.binds(&who, &first[&who]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_asked_for_plainly() {
    let bench = Bench::new().await;
    for (arguments, word) in [
        (&["--reason", "x"][..], "whose?"),
        (&["--never-activated", "--reason", "  "], "--reason is empty"),
        (&["--class", "6A", "--reason", "x"], "add --school"),
        (&["--never-activated", "--at-most", "3", "--reason", "x"], "--at-most"),
        (&["--school", "0999999Z", "--reason", "x"], "nobody has an account"),
        (&["--person", "nobody", "--reason", "x"], "nobody here"),
        (&["--never-activated", "--reset", "--reason", "x"], "cannot be used with"),
    ] {
        let refused = bench.answer(&[&["credentials", "reissue"], arguments].concat(), 64);
        assert!(refused.stderr.contains(word), "{arguments:?}: {}", refused.stderr);
    }
    // A class: its pupils and nobody else.
    let entry = people(&bench.slapd).into_iter().find(|e| e.first("ENTEleveClasses").is_some()).unwrap();
    let class = entry.first("ENTEleveClasses").unwrap().split_once('$').unwrap().1.to_owned();
    let account = bench.json(&["explain", entry.first("ENTPersonLogin").unwrap()], 0);
    let uai = account["person"]["schools"][0]["uai"].as_str().unwrap().to_owned();
    let expected = people(&bench.slapd)
        .iter()
        .filter(|e| e.texts("ENTEleveClasses").any(|c| c == entry.first("ENTEleveClasses").unwrap()))
        .count();
    let done = bench
        .json(&["credentials", "reissue", "--school", &uai, "--class", &class, "--reason", "carton égaré", "--yes"], 0);
    assert_eq!(done["changes"]["done"].as_u64().unwrap() as usize, expected, "{done}");
    let nobody = ["--school", &uai, "--class", "99Z", "--reason", "x"];
    let refused = bench.answer(&[&["credentials", "reissue"], &nobody[..]].concat(), 64);
    assert!(refused.stderr.contains(&class), "those there are: {}", refused.stderr);

    // With their profile, the relatives whose sheet is printed with it.
    let of_class = ["--school", &uai, "--class", &class, "--profile", "relative"];
    let before = bench.print("relatives", &of_class);
    assert!(!before.is_empty());
    let out = bench.folder("lost");
    let key = bench.installation.key();
    let reprint = ["reprint", "--reason", "lost", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let again = sheets_of(&bench.json(&[&reprint[..], &of_class].concat(), 0));
    assert!(again.keys().eq(before.keys()), "the same people: {again:?} {before:?}");
    assert!(before.iter().all(|(login, password)| again[login] != *password), "each has another one");
    for (login, password) in &again {
        assert!(bench.binds(login, password).await && !bench.binds(login, &before[login]).await, "{login}");
    }
}

/// The sheets of one run of `reprint`, whose files lie in a folder of its own.
fn sheets_of(answer: &serde_json::Value) -> BTreeMap<String, String> {
    let folders: std::collections::BTreeSet<PathBuf> = answer["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| PathBuf::from(file["path"].as_str().unwrap()).parent().unwrap().to_owned())
        .collect();
    folders.iter().flat_map(|folder| printed(folder)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_sheet_comes_again_and_a_lost_one_is_dead() {
    let bench = Bench::new().await;
    let first = bench.print("first", &[]);
    let (out, key) = (bench.folder("first"), bench.installation.key());
    let reprint = |reason: &str, more: &[&str], code: i32| {
        let with = ["reprint", "--reason", reason, "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
        bench.json(&[&with[..], more].concat(), code)
    };
    let [jammed, lost, own] = [0, 1, 2].map(|at| bench.pupil(&first, at));
    let before = printed(&out).len();
    let again = reprint("jam", &["--person", &jammed], 0);
    assert_eq!(sheets_of(&again)[&jammed], first[&jammed], "the same secret");
    assert!(bench.binds(&jammed, &first[&jammed]).await);

    let started = std::time::Instant::now();
    let other = reprint("lost", &["--person", &lost, "--note", "oubliée dans le bus"], 0);
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    let sheets = sheets_of(&other);
    assert_eq!(sheets.keys().collect::<Vec<_>>(), [&lost]);
    assert!(!bench.binds(&lost, &first[&lost]).await);
    assert!(bench.binds(&lost, &sheets[&lost]).await);
    // What was printed for the whole class is still there.
    let top =
        |folder: &PathBuf| std::fs::read_dir(folder).unwrap().filter(|f| f.as_ref().unwrap().path().is_file()).count();
    assert!(top(&out) > 0 && before == first_sheets(&out));

    // Activated: nothing is replaced and nothing printed, unless it is a reset.
    bench.choose(&own, "choisi par moi").await;
    let kept = reprint("lost", &["--person", &own], 3);
    assert_eq!(kept["kept"][0]["why"], "activated", "{kept}");
    assert!(bench.binds(&own, "choisi par moi").await);
    let reset = sheets_of(&reprint("lost", &["--person", &own, "--reset"], 0));
    assert!(bench.binds(&own, &reset[&own]).await && !bench.binds(&own, "choisi par moi").await);

    // A key that opens nothing kills no sheet.
    let stranger = Installation::embedded();
    let with = ["reprint", "--reason", "lost", "--out", out.to_str().unwrap(), "--key"];
    bench.answer(&[&with[..], &[stranger.key().to_str().unwrap(), "--person", &jammed]].concat(), 64);
    assert!(bench.binds(&jammed, &first[&jammed]).await);

    // The register tells all of it.
    let history = bench.json(&["letters", "history", "--person", &lost], 0);
    let rows = history.as_array().unwrap();
    assert_eq!(rows.len(), 2, "{history}");
    assert_eq!((&rows[0]["reason"], &rows[0]["now"]["live"]), (&"lost".into(), &1.into()), "{history}");
    assert_eq!((&rows[1]["reason"], &rows[1]["now"]["superseded"]), (&serde_json::Value::Null, &1.into()), "{history}");
    assert_eq!(rows[0]["replaces"], rows[1]["serial"], "{history}");
    let jam = bench.json(&["letters", "history", "--person", &jammed], 0);
    assert_eq!((&jam[0]["reason"], &jam[0]["replaces"]), (&"jam".into(), &jam[1]["serial"]), "{jam}");
    assert!(bench.answer(&["letters", "history"], 0).stdout.contains("l'ancienne étant perdue"));

    // Its files are destroyed, and no others.
    let batch = other["batch"].as_str().unwrap();
    let file = PathBuf::from(other["files"][0]["path"].as_str().unwrap());
    assert!(file.exists());
    let shredded = bench.json(&["letters", "shred", "--batch", batch], 0);
    assert_eq!(shredded["destroyed"].as_array().unwrap().len(), 1, "{shredded}");
    assert!(!file.exists() && top(&out) > 0);
    let history = bench.json(&["letters", "history", "--batch", batch], 0);
    assert_eq!(history[0]["shredded"]["destroyed"], true, "{history}");
    let rest = bench.json(&["letters", "shred", "--older-than", "0"], 0);
    assert!(rest["destroyed"].as_array().unwrap().len() > 4 && rest["left"].as_array().unwrap().is_empty(), "{rest}");
    assert_eq!(top(&out), 0);
    bench.answer(&["letters", "shred", "--batch", "nothing"], 64);
    bench.answer(&["letters", "shred"], 64);
    bench.answer(&["letters"], 64);
    bench.answer(&["audit", "verify"], 0);
}

/// Sheets in the files of a folder itself.
fn first_sheets(folder: &std::path::Path) -> usize {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).filter(|path| path.is_file()) {
        std::fs::copy(&file, copy.path().join(file.file_name().unwrap())).unwrap();
    }
    printed(copy.path()).len()
}

/// Two programs on one store share what an operator may open in an hour.
#[test]
fn an_operator_opens_so_many_envelopes_an_hour_and_no_more() {
    let installation = Installation::embedded();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), config.replace("[letters]\n", "[letters]\nopenings_per_hour = 30\n"))
        .unwrap();
    installation.simulate(1, 24, 0, false);
    installation.sync(&[], 0);
    let (out, key) = (installation.home().join("sheets"), installation.key());
    let with = ["letters", "--profile", "pupil", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()];
    // At the same time: one of them gets the hour's rest.
    let spawn = || installation.command(&with).spawn().unwrap();
    let runs: Vec<_> =
        [spawn(), spawn()].into_iter().map(|run| Answer::from(run.wait_with_output().unwrap())).collect();
    let mut codes: Vec<i32> = runs.iter().map(|run| run.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 5], "{}\n{}", runs[0].stderr, runs[1].stderr);
    let refused = runs.iter().find(|run| run.code == 5).unwrap();
    assert!(
        refused.stderr.contains("24 enveloppes") && refused.stderr.contains("Recommencez à partir de"),
        "{}",
        refused.stderr
    );
    assert_eq!(printed(&out).len(), 24);
    // More than an hour's at once: never.
    let all = installation.run(&["letters", "--out", out.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    assert!(all.code == 5 && all.stderr.contains("par établissement"), "{}", all.stderr);
    // A list opens nothing.
    let list = ["letters", "--list", "--out", out.to_str().unwrap()];
    assert_eq!(installation.run(&list).code, 0);
    let events = installation.run(&["audit", "show", "--json", "--kind", "openings_refused"]).json();
    assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
    let opened = installation.run(&["audit", "show", "--json", "--kind", "envelope_opened"]).json();
    assert_eq!(opened.as_array().unwrap().len(), 24);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// A school's key opens the envelopes of its people, and no others.
#[tokio::test(flavor = "multi_thread")]
async fn a_school_opens_its_own_envelopes_and_no_others() {
    let bench = Bench::new().await;
    let all = bench.print("all", &[]);
    let files = std::fs::read_dir(bench.folder("all")).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let mut schools: Vec<String> = files.map(|name| name.split('_').next().unwrap().to_owned()).collect();
    schools.sort();
    schools.dedup();
    let [one, two] = &schools[..] else { panic!("{schools:?}") };
    // Away from the store, as it must be.
    let keys = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let key = rentree::credentials::PrintKey::generate();
        let path = keys.path().join(name);
        key.write(&path, None, &[]).unwrap();
        (path.to_str().unwrap().to_owned(), key.recipient().to_string())
    };
    let ((key_one, public_one), (key_two, public_two)) = (make("one"), make("two"));
    let before = std::fs::read_to_string(bench.installation.config()).unwrap();
    let table = |uai: &str, public: &str| format!("\n[letters.schools.{uai}]\nrecipients = [\"{public}\"]\n");
    let configure = |tables: &str| std::fs::write(bench.installation.config(), format!("{before}{tables}")).unwrap();
    configure(&format!("{}{}", table(one, &public_one), table(two, &public_two)));
    let run = |key: &str, folder: &str, more: &[&str], code: i32| {
        let out = bench.folder(folder);
        let with = ["letters", "--out", out.to_str().unwrap(), "--key", key];
        (bench.json(&[&with[..], more].concat(), code), out)
    };

    // What was sealed before is the project's alone, until it is sealed anew.
    let (early, _) = run(&key_one, "early", &["--school", one], 0);
    assert_eq!(early["files"].as_array().unwrap().len(), 0, "{early}");
    assert!(early["without"]["sealed_before"].as_u64().unwrap() > 0, "{early}");
    bench.answer(&["credentials", "reseal", "--school", one, "--key", &key_two], 1);
    let project = bench.installation.key();
    let project = project.to_str().unwrap();
    let resealed = bench.json(&["credentials", "reseal", "--school", one, "--key", project], 0);
    assert_eq!(resealed["unopened"], 0, "{resealed}");

    // Of the whole, the school's key prints what is the school's, and says what it does not open.
    let (own, out) = run(&key_one, "own", &[], 0);
    let sheets: BTreeMap<String, String> = printed(&out).into_iter().collect();
    assert_eq!(sheets.len() as u64, resealed["resealed"].as_u64().unwrap(), "{own}");
    assert!(sheets.iter().all(|(login, password)| all[login] == *password), "the same secrets");
    assert!(own["without"]["other_school"].as_u64().unwrap() > 0, "{own}");
    let (login, password) = sheets.iter().next().unwrap();
    assert!(bench.binds(login, password).await);
    // Relatives' are those of their children's schools.
    let relatives = own["files"].as_array().unwrap().iter().filter(|file| file["profile"] == "relative");
    assert!(relatives.count() > 0, "{own}");
    // The project's key opens everything, as before.
    assert_eq!(bench.print("project", &[]), all);

    // What is issued from now on is the school's at once.
    let other = all.keys().find(|login| !sheets.contains_key(*login)).unwrap();
    let out = bench.folder("lost");
    let reprint = ["reprint", "--reason", "lost", "--person", other, "--out", out.to_str().unwrap(), "--key"];
    bench.answer(&[&reprint[..], &[&key_one]].concat(), 64);
    let again = sheets_of(&bench.json(&[&reprint[..], &[&key_two]].concat(), 0));
    assert!(bench.binds(other, &again[other]).await && !bench.binds(other, &all[other]).await);

    // Whose key went opens nothing any more.
    configure(&table(two, &public_two));
    bench.json(&["credentials", "reseal", "--key", project], 0);
    let gone = bench.folder("gone");
    bench.answer(&["letters", "--school", one, "--out", gone.to_str().unwrap(), "--key", &key_one], 1);
    let (late, _) = run(&key_two, "late", &["--school", two], 0);
    assert_eq!(late["without"], serde_json::json!({}), "{late}");
    let events = bench.json(&["audit", "show", "--kind", "envelopes_resealed"], 0);
    assert!(events.as_array().unwrap().len() as u64 > resealed["resealed"].as_u64().unwrap());
    bench.answer(&["audit", "verify"], 0);
    let wrong = bench.installation.run(&["doctor"]);
    assert!(wrong.stdout.contains(&format!("clé {two}")), "{}", wrong.stdout);
}

/// Killed between what is intended and what is noted, before the write or after it: the next run finds the very hash, or
/// sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_reissue_is_settled_with_the_same_password() {
    use rentree::credentials::{Issuer, NewCredential, Scheme};
    use rentree::plan::Line;
    use rentree::plan::file::Reader;
    use rentree::store::{PlanState, Store};

    let bench = Bench::new().await;
    let first = bench.print("first", &[]);
    for (at, written) in [(0, false), (1, true)] {
        let who = bench.pupil(&first, at);
        let planned = bench.json(&["credentials", "reissue", "--person", &who, "--reason", "essai"], 0);
        let config = rentree::config::Config::load(&bench.installation.config()).unwrap();
        let store = Store::of(&config.store).await.unwrap();
        let reader = Reader::open(std::path::Path::new(planned["plan"].as_str().unwrap())).unwrap();
        let header = reader.header().clone();
        let subject = reader
            .map(Result::unwrap)
            .find_map(|line| if let Line::Change(change) = line { Some(change.subject) } else { None })
            .unwrap();
        // As far as the killed run came.
        store.set_plan_state(header.plan_id, PlanState::Applying).await.unwrap();
        store.journal_intent(header.plan_id, &[1]).await.unwrap();
        let account = NewCredential {
            join_key: subject.join_key.unwrap(),
            uid: subject.uid.unwrap(),
            login: subject.login.unwrap(),
            profile: subject.profile.unwrap(),
            schools: subject.schools,
            closed: false,
            course: None,
        };
        let issuer = Issuer::new(&config.credentials, &config.letters, Scheme::Argon2).unwrap();
        let batch = issuer.prepare(&store, vec![account], header.today).await.unwrap();
        issuer.save(&store, &batch).await.unwrap();
        let hash = batch[0].hash.expose().to_owned();
        if written {
            bench.choose(&who, &hash).await;
        }
        drop(store);

        bench.installation.sync(&[], 0);
        assert_eq!(bench.entry(&who).first("userPassword"), Some(hash.as_str()), "{written}");
        let second = bench.print(&format!("second-{at}"), &["--person", &who]);
        assert!(bench.binds(&who, &second[&who]).await && !bench.binds(&who, &first[&who]).await, "{written}");
        let states = bench.json(&["credentials", "status"], 0);
        assert!(states.as_array().unwrap().iter().all(|row| row["state"] != "pending"), "{states}");
    }
}
