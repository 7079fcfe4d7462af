//! The manuals: every command in them is carried out as it stands, in an order in which somebody would, with the names of
//! an invented academy in the place of the manual's. A command that nobody walks through fails here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::academy::{pupils, remove_pupils};
use crate::support::postgres::Cluster;
use crate::support::program::{Answer, Installation};
use crate::support::slapd::Slapd;

const MANUALS: [&str; 8] = [
    "README.md",
    "docs/annuaire.md",
    "docs/dialects.md",
    "docs/donnees.md",
    "docs/etablissement.md",
    "docs/exploitation.md",
    "docs/plan.md",
    "docs/signalements.md",
];

/// Commands of other programs that the manuals name and that are not ours to try.
const OTHERS: [&str; 15] = [
    ".ci/package", // tests/it/package.rs
    "cargo ",
    "cd ",
    "pg_dump ",    // tests/it/postgres.rs
    "pg_restore ", // the same
    "shred ",
    "ssh ",
    "sudo -u openldap slapadd ",
    "sudo -u rentree rentree --config /etc/rentree/rentree.toml serve", // the end of `ssh`
    "sudo -u postgres ",
    "sudo adduser ",
    "sudo apt ",
    "sudo install ",
    "systemctl ",
    "tests/run",
];

/// What the manuals have their readers type, without comments.
fn commands() -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for manual in MANUALS {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(manual)).unwrap();
        let mut inside = false;
        for line in text.lines() {
            match line.trim() {
                "```sh" => inside = true,
                "```" => inside = false,
                line if inside => {
                    let command = line.split(" #").next().unwrap_or_default().trim();
                    if !command.is_empty() && !OTHERS.iter().any(|other| command.starts_with(other)) {
                        commands.insert(command.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
    commands
}

/// An installation that commands of the manuals are carried out on, and those that are still to come.
struct Walk<'a> {
    left: &'a mut BTreeSet<String>,
    installation: &'a Installation,
    /// What stands in the manual, and what stands for it here.
    names: Vec<(String, String)>,
}

impl Walk<'_> {
    fn new<'a>(left: &'a mut BTreeSet<String>, installation: &'a Installation) -> Walk<'a> {
        let key = installation.key().display().to_string();
        let srv = installation.home().join("srv");
        std::fs::create_dir_all(&srv).unwrap();
        let names =
            vec![("/media/cle/impression.key".to_owned(), key), ("/srv/".to_owned(), format!("{}/", srv.display()))];
        Walk { left, installation, names }
    }

    fn means(&mut self, manual: &str, here: &str) {
        self.names.retain(|(name, _)| name != manual);
        self.names.push((manual.to_owned(), here.to_owned()));
    }

    /// Carries out a command of the manual, with more words at its end, in the folder of the installation.
    fn step_with(&mut self, command: &str, more: &str, code: i32) -> Answer {
        assert!(self.left.contains(command) || command.starts_with("rentree "), "no manual says: {command}");
        self.left.remove(command);
        let mut line = command.trim_start_matches("sudo -u rentree ").to_owned();
        for (name, here) in &self.names {
            line = line.replace(name, here);
        }
        let answer = self.shell(&format!("{line} {more}"));
        assert_eq!(answer.code, code, "{line} {more}\n{}\n{}", answer.stderr, answer.stdout);
        answer
    }

    fn step(&mut self, command: &str) -> Answer {
        self.step_with(command, "", 0)
    }

    fn shell(&self, line: &str) -> Answer {
        let folder = Path::new(env!("CARGO_BIN_EXE_rentree")).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        Command::new("sh")
            .args(["-c", line])
            .current_dir(self.installation.home())
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()
            .unwrap()
            .into()
    }

    /// The plan that was saved last, in the place of the manual's.
    fn last_plan(&mut self) -> String {
        let plans = std::fs::read_dir(self.installation.home().join("plans")).unwrap();
        let newest = plans
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "plan"))
            .max()
            .unwrap()
            .display()
            .to_string();
        for name in ["<plan>", "<plan ou exécution>", "<the number or file that plan printed>", "PLAN"] {
            self.means(name, &newest);
        }
        newest
    }
}

/// The schools of an installation by their codes.
fn schools(installation: &Installation) -> Vec<String> {
    let found = installation.run(&["check", "--json"]).json();
    let mut schools: Vec<String> =
        found["schools"].as_array().unwrap().iter().filter_map(|s| s["uai"].as_str().map(str::to_owned)).collect();
    schools.sort();
    schools
}

fn configure(installation: &Installation, more: &str) {
    let text = std::fs::read_to_string(installation.config()).unwrap();
    std::fs::write(installation.config(), format!("{text}\n{more}\n")).unwrap();
}

#[test]
fn every_command_of_the_manuals_does_what_it_is_there_for() {
    let mut left = commands();
    assert!(left.len() > 60, "{left:#?}");
    installing(&mut left);
    first_time_and_daily_life(&mut left);
    packs_and_shops(&mut left);
    holds(&mut left);
    an_empty_directory(&mut left);
    structures_and_leaving(&mut left);
    assert!(left.is_empty(), "nobody walks through these commands of the manuals: {left:#?}");
}

/// The configuration and the key; the rights that the directory has to give.
fn installing(left: &mut BTreeSet<String>) {
    let installation = Installation::embedded();
    let mut walk = Walk::new(left, &installation);
    let (etc, media) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    walk.means("/etc/rentree", etc.path().to_str().unwrap());
    walk.means("/media/cle/impression.key", media.path().join("a.key").to_str().unwrap());
    let init = "rentree --config /etc/rentree/rentree.toml init --key-out /media/cle/impression.key";
    walk.step_with(init, "--without-passphrase", 0);
    let other = Installation::embedded();
    std::fs::remove_file(other.config()).unwrap();
    let mut walk = Walk::new(walk.left, &other);
    walk.means("/media/cle/impression.key", media.path().join("b.key").to_str().unwrap());
    walk.step_with("rentree init --key-out /media/cle/impression.key", "--without-passphrase", 0);
    for server in ["openldap", "389"] {
        let told = walk.step(&format!("rentree doctor --rights {server}")).stdout;
        assert!(told.contains("dn:"), "{told}");
    }
}

fn first_time_and_daily_life(left: &mut BTreeSet<String>) {
    let installation = Installation::embedded();
    installation.simulate(2, 40, 0, false);
    let school = schools(&installation)[0].clone();
    let mut walk = Walk::new(left, &installation);
    for manual in ["0350001A", "0290009C", "0450822X"] {
        walk.means(manual, &school);
    }
    walk.step("sudo -u rentree rentree doctor");
    walk.step("rentree doctor");
    walk.step("rentree check");
    walk.step("rentree plan --html plan.html");
    walk.last_plan();
    let told = walk.step("rentree show <plan> --school 0350001A --full").stdout;
    assert!(told.contains(&school), "{told}");
    walk.step("rentree review <plan> --by \"Mme Exemple\"");
    walk.step("rentree review <plan> --school 0290009C --profile pupil");
    walk.step("rentree apply <plan>");
    walk.step("rentree apply <the number or file that plan printed>");

    let classes = installation.run(&["credentials", "status", "--by-class", "--json"]).json();
    let class = classes
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["school"] == *school && row["profile"] == "pupil")
        .find_map(|row| row["class"].as_str().filter(|class| !class.is_empty()))
        .unwrap_or_else(|| panic!("{classes}"))
        .to_owned();
    let of_class = |entry: &rentree::directory::Entry| {
        entry.texts("ENTEleveClasses").any(|value| value.ends_with(&format!("${class}")))
    };
    let pupil = installation.entries().into_iter().find(of_class).unwrap();
    let value = |name: &str| pupil.first(name).unwrap().to_owned();
    walk.means("zoe.exemple", &value("ENTPersonLogin"));
    for manual in ["6B", "6A"] {
        walk.means(manual, &class);
    }
    people_and_sheets(&mut walk);
    let key = value("ENTPersonJointure");
    walk.means("AC-RENNES$123456", &key);
    walk.means("123456", key.rsplit('$').next().unwrap());
    walk.means("Zoé Arnaud", &format!("{} {}", value("givenName"), value("sn")));
    let (file, line) = a_line_of_a_pupil(&installation.feed());
    walk.means("Eleve_0001.xml:1234", &format!("{file}:{line}"));
    for what in ["123456", "\"Zoé Arnaud\"", "Eleve_0001.xml:1234"] {
        walk.step(&format!("rentree explain {what}"));
    }
    walk.step("rentree indicators");
    walk.step("rentree indicators --html indicateurs.html");
    walk.means("2026-09-01", "2026-01-01");
    walk.means("2026-09-30", "2099-01-01");
    walk.step("rentree indicators --csv indicateurs.csv --since 2026-09-01");
    walk.step("rentree indicators --noted --school 0450822X");
    let plan = walk.last_plan();
    walk.means("nuit.plan", &plan);
    walk.step("zcat nuit.plan | grep '\"line\":\"change\"' | jq -r 'select(.kind == \"suspend\") | .subject.name'");
    let digest = walk.step("zcat nuit.plan | head -n -1 | sha256sum").stdout;
    let seal = walk.step("zcat nuit.plan | tail -n 1").stdout;
    assert!(seal.contains(digest.split(' ').next().unwrap()), "{seal} {digest}");
    walk.step("rentree schools");
    walk.step("rentree rehearse --today 2027-09-01");
    console(&mut walk);
    trail(&mut walk);
    taken_back_and_lost(&mut walk);
}

fn people_and_sheets(walk: &mut Walk<'_>) {
    walk.step("rentree letters --new --out /srv/fiches --key /media/cle/impression.key");
    walk.step("rentree letters --school 0350001A --class 6B --profile pupil --out /srv/fiches --key /media/cle/impression.key");
    walk.step("rentree letters --school 0350001A --profile pupil --layout cards --out /srv/fiches --key /media/cle/impression.key");
    walk.step("rentree letters --school 0350001A --list --out /srv/listes");
    walk.step(
        "rentree letters --school 0350001A --csv merge  --out /srv/fiches/fiches.csv --key /media/cle/impression.key",
    );
    walk.step("rentree letters --school 0350001A --csv labels --by household --out /srv/listes/etiquettes.csv");
    walk.step("rentree reprint --reason jam  --person zoe.exemple --out /srv/fiches --key /media/cle/impression.key");
    walk.step("rentree reprint --reason lost --person zoe.exemple --out /srv/fiches --key /media/cle/impression.key");
    walk.step("rentree credentials reissue --school 0350001A --class 6B --reason \"carton égaré à la livraison\"");
    walk.last_plan();
    walk.step("rentree apply PLAN");
    walk.step("rentree credentials reissue --never-activated --profile relative --reason \"réunion de rentrée reportée\" --yes");
    walk.step("rentree credentials revoke  --person zoe.exemple --reason \"fiche affichée au mur\" --yes");
    let history = walk.step_with("rentree letters history --person zoe.exemple", "--json", 0).json();
    let batch = history[0]["batch"].as_str().or_else(|| history["batches"][0]["batch"].as_str());
    walk.means("0198…", batch.unwrap_or_else(|| panic!("{history}")));
    walk.step("rentree letters shred --batch 0198…");
}

fn trail(walk: &mut Walk<'_>) {
    walk.step("rentree audit show --last 50");
    let printed = walk.step("rentree audit show --kind printed --since 2026-09-01").stdout;
    assert!(printed.contains("printed"), "{printed}");
    walk.step("rentree audit show --person 'AC-RENNES$123456'");
    walk.step(
        "rentree audit export --school 0290009C --since 2026-09-01 --until 2026-09-30 --format csv --out septembre.csv",
    );
    let key = walk.installation.home().join("audit.key").display().to_string();
    let made = walk.shell(&format!("rentree audit key --out {key} --json")).json();
    let public = made["public_key"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    configure(
        walk.installation,
        &format!("[audit]\nsigning_key = \"audit.key\"\ncheckpoints = \"points\"\npublic_key = \"{public}\""),
    );
    let answer = walk.shell("rentree audit checkpoint");
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let verified = walk.shell("rentree audit verify --json").json();
    let head = verified["head"].as_str().unwrap_or_else(|| panic!("{verified}")).to_owned();
    walk.means("1234:ab12…", &head);
    walk.step("rentree audit verify --head 1234:ab12… --checkpoints points");
}

/// What an apply did is taken back; the register is saved, lost, brought back, rebuilt.
fn taken_back_and_lost(walk: &mut Walk<'_>) {
    let all = pupils(&walk.installation.feed());
    remove_pupils(&walk.installation.feed(), &[all[0].0.clone()]);
    walk.installation.sync(&[], 0);
    walk.last_plan();
    walk.step("rentree undo <plan ou exécution> --out retour.plan");
    walk.step("rentree apply retour.plan");
    walk.means("/var/lib/rentree/", &format!("{}/", walk.installation.home().display()));
    std::fs::create_dir_all(walk.installation.home().join("srv/sauvegarde")).unwrap();
    walk.step("sqlite3 /var/lib/rentree/rentree.db \".backup '/srv/sauvegarde/rentree.db'\"");
    for name in ["rentree.db", "rentree.db-wal", "rentree.db-shm"] {
        drop(std::fs::remove_file(walk.installation.home().join(name)));
    }
    std::fs::copy(
        walk.installation.home().join("srv/sauvegarde/rentree.db"),
        walk.installation.home().join("rentree.db"),
    )
    .unwrap();
    walk.step("rentree recover --dry-run");
    walk.step("rentree recover");
    walk.installation.sync(&[], 0);
    let database = Cluster::shared().database();
    let config = std::fs::read_to_string(walk.installation.config()).unwrap();
    std::fs::write(walk.installation.config(), config.replace("sqlite:rentree.db", &database.url())).unwrap();
    walk.step("rentree store take-over --from sqlite:/var/lib/rentree/rentree.db");
    assert_eq!(walk.installation.sync(&[], 0)["verdict"], "unchanged");
}

/// Until it is told to end.
fn console(walk: &mut Walk<'_>) {
    let serve = "rentree --config /etc/rentree/rentree.toml serve";
    assert!(walk.left.remove(serve));
    let here = serve.replace("/etc/rentree/rentree.toml", walk.installation.config().to_str().unwrap());
    let answer = walk.shell(&format!("timeout --signal=INT 3 {here} --listen 127.0.0.1:0"));
    let told = format!("{}{}", answer.stdout, answer.stderr);
    assert!(told.contains("http://127.0.0.1:"), "{told}");
}

/// The file of pupils of an export, and a line of it that is of one.
fn a_line_of_a_pupil(feed: &Path) -> (String, usize) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(feed).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let file = files.into_iter().find(|path| path.file_name().unwrap().to_string_lossy().contains("Eleve_")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("<addRequest")).unwrap();
    (file.file_name().unwrap().to_string_lossy().into_owned(), line)
}

/// A school's own key, packs for its machine, a print shop.
fn packs_and_shops(left: &mut BTreeSet<String>) {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    let school = schools(&installation)[0].clone();
    installation.sync(&[], 0);
    let shop = rentree::credentials::PrintKey::generate();
    let own = rentree::credentials::PrintKey::generate();
    let keys = tempfile::tempdir().unwrap();
    own.write(&keys.path().join("own.key"), None, &[]).unwrap();
    configure(
        &installation,
        &format!(
            "[letters.schools.{school}]\nrecipients = [\"{}\"]\n\n[letters.shops.imprimeur]\nrecipients = [\"{}\"]",
            own.recipient(),
            shop.recipient()
        ),
    );
    let mut walk = Walk::new(left, &installation);
    walk.means("0350001A", &school);
    let own = keys.path().join("own.key").display().to_string();
    walk.means("ma.key", &own);
    walk.means("etablissement.key", &own);
    walk.step("rentree credentials reseal --school 0350001A --key /media/cle/impression.key");
    walk.step("rentree letters pack --school 0350001A --out 0350001A.paquet");
    walk.step("rentree letters --pack 0350001A.paquet --key ma.key --out fiches");
    let receipt = |folder: &str| -> String {
        let folder = installation.home().join(folder);
        let mut receipts = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        receipts.find(|path| path.extension().is_some_and(|e| e == "txt")).unwrap().display().to_string()
    };
    walk.means(&format!("recu_{school}_….txt"), &receipt("fiches"));
    walk.step("rentree letters receipt recu_0350001A_….txt");
    std::fs::remove_dir_all(installation.home().join("fiches")).unwrap();
    walk.step("rentree letters --pack 0350001A.paquet --key etablissement.key --out fiches");
    walk.step("rentree letters packs");
    std::fs::create_dir_all(installation.home().join("srv/envoi")).unwrap();
    walk.step("rentree letters --new --csv merge --for imprimeur --out /srv/envoi/fiches.csv.age --key /media/cle/impression.key");
}

/// Half a school gone, and every class of another one: shown, released, set aside.
fn holds(left: &mut BTreeSet<String>) {
    let day = ["--today", "2026-11-10"];
    let installation = Installation::embedded();
    installation.simulate(3, 240, 0, false);
    installation.sync(&day, 0);
    let all = pupils(&installation.feed());
    let school = all[0].1.clone();
    let half: Vec<String> = all.iter().filter(|(_, s)| *s == school).step_by(2).map(|(key, _)| key.clone()).collect();
    remove_pupils(&installation.feed(), &half);
    let held = installation.sync(&day, 3);
    let ids: BTreeSet<String> =
        held["holds"].as_array().unwrap().iter().map(|h| h["id"].as_str().unwrap().to_owned()).collect();
    let id = ids.iter().find(|id| id.starts_with("suspend-limit")).unwrap_or_else(|| panic!("{ids:?}"));
    let mut walk = Walk::new(left, &installation);
    walk.means("suspend-limit:0350001A:pupil", id);
    walk.means("groups-limit:0350001A:classes", id);
    walk.step("rentree holds list");
    walk.step("rentree holds show suspend-limit:0350001A:pupil");
    let aside = "rentree holds discard groups-limit:0350001A:classes --why \"essai de l'emploi du temps, à ignorer\"";
    walk.step(aside);
    walk.step("rentree holds release suspend-limit:0350001A:pupil --why \"fermeture de la SEGPA, vu avec la cheffe d'établissement\"");
    let night = installation.run(&["sync", "--json", "--today", "2026-11-10"]).json();
    assert_eq!(night["released"].as_array().unwrap().len(), 1, "{night}");
    assert!(night["departures"]["absent"].as_u64().unwrap() > 0, "{night}");
}

/// A server is loaded while it is stopped.
fn an_empty_directory(left: &mut BTreeSet<String>) {
    let mut slapd = Slapd::start();
    let installation = Installation::with(&slapd.toml());
    installation.simulate(1, 12, 0, false);
    let mut walk = Walk::new(left, &installation);
    walk.step("rentree plan --out premier.plan");
    walk.step("rentree apply premier.plan --ldif /srv/premier.ldif");
    slapd.load_offline(&std::fs::read(installation.home().join("srv/premier.ldif")).unwrap());
    walk.step_with("rentree plan", "--detailed-exitcode", 0);
    walk.step("rentree letters --new --out /srv/fiches --key /media/cle/impression.key");
}

fn structures_and_leaving(left: &mut BTreeSet<String>) {
    let installation = Installation::embedded();
    installation.simulate(2, 24, 0, false);
    let schools = schools(&installation);
    installation.sync(&[], 0);
    let mut walk = Walk::new(left, &installation);
    walk.means("0290009C", &schools[0]);
    walk.means("0350001A", &schools[1]);
    walk.step("rentree structures rename 0290009C 0290010D --html renommage.html");
    walk.step("rentree structures rename 0290009C 0290010D --siret 19290010000013");
    walk.step("rentree structures merge 0290009C 0350001A");
    walk.last_plan();
    walk.step("rentree apply <plan>");
    walk.step("rentree purge --out effacement.plan");
    walk.step("rentree apply effacement.plan");
}
