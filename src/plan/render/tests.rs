use std::path::Path;

use super::*;
use crate::plan::fixtures::{self, MOULIN, Plan, WEIL, add, attributes, members, modify, name, uai};
use crate::plan::{AccountTotals, ChangeKind, Hold, HoldReason, Write};
use crate::roster::Profile;

fn rendered(plan: &Plan, options: &Options) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nuit.plan");
    plan.write(&path);
    let mut out = Vec::new();
    text(&path, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn page(plan: &Plan, options: &Options) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("nuit.plan"), folder.path().join("nuit.html"));
    plan.write(&path);
    html(&path, options, &to).unwrap();
    assert_eq!(mode(&to), 0o600);
    std::fs::read_to_string(to).unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The first load of a school: nothing exists, nothing is unchanged.
fn first_load() -> Plan {
    let mut header = fixtures::header();
    header.totals.accounts = AccountTotals { created: 96, ..AccountTotals::default() };
    let mut plan = Plan { header: Some(header), ..Plan::default() };
    plan.object(
        ChangeKind::StructureCreate,
        "Collège Jean Moulin",
        Write::Add { attributes: vec![], credential: false },
    );
    for n in 0..54 {
        plan.person(ChangeKind::Create, n, Some(if n % 2 == 0 { "6A" } else { "6B" }), add(n));
    }
    for n in 100..140 {
        plan.person(ChangeKind::Create, n, None, add(n)).subject.profile = Some(Profile::Relative);
    }
    for n in 200..202 {
        plan.person(ChangeKind::Create, n, None, add(n)).subject.profile = Some(Profile::Teacher);
    }
    for group in ["6A", "6B", "ELV", "TUT", "ENS"] {
        let name = format!("{MOULIN}_{group}");
        plan.object(ChangeKind::GroupCreate, &name, Write::Add { attributes: vec![], credential: false });
    }
    plan
}

/// An ordinary night: a little of everything, in two schools.
fn ordinary_night() -> Plan {
    let mut plan = Plan::default();
    plan.person(ChangeKind::Create, 1, Some("6A"), add(1));
    let restored = plan.person(ChangeKind::Restore, 2, Some("4B"), Write::Unlock { attributes: vec![] });
    restored.note = Some("de retour, absent depuis le 1er juin 2026".to_owned());
    let moved = plan.person(
        ChangeKind::Move,
        3,
        Some("4B"),
        modify(&[(
            "ENTEleveClasses",
            &["ENTStructureSIREN=0290009C,ou=structures$5A"],
            &["ENTStructureSIREN=0290009C,ou=structures$4B"],
        )]),
    );
    moved.note = Some("de la classe 5A vers 4B".to_owned());
    plan.person(
        ChangeKind::Update,
        4,
        Some("5A"),
        modify(&[("sn", &["Petit"], &["Petit-Roux"]), ("cn", &["Tom Petit"], &["Tom Petit-Roux"])]),
    );
    plan.person(
        ChangeKind::Update,
        5,
        Some("5A"),
        modify(&[("mail", &[], &["ines@example.org"]), ("mobile", &["0601020304"], &[])]),
    );
    let address = "telephoneNumber";
    for n in 20..32 {
        plan.person(
            ChangeKind::Update,
            n,
            Some("3C"),
            modify(&[(address, &[&format!("02980000{n}")], &[&format!("02981111{n}")])]),
        );
    }
    let adopted =
        plan.person(ChangeKind::Update, 40, Some("3C"), modify(&[("ENTPersonJointure", &[], &["AC-RENNES$40"])]));
    adopted.adopts = Some(crate::plan::Proof::Ine);
    adopted.note = Some("compte déjà présent, repris par son INE et sa date de naissance".to_owned());
    let aligned = plan.person(
        ChangeKind::Update,
        41,
        Some("3C"),
        modify(&[("ENTPersonJointure", &[], &["AC-RENNES$41"]), ("ENTPersonVille", &["DINAN"], &["RENNES"])]),
    );
    aligned.adopts = Some(crate::plan::Proof::JoinKey);
    aligned.note = Some("compte déjà présent, repris par sa clé de jointure".to_owned());
    for n in 50..53 {
        let absent = plan.person(ChangeKind::Absent, n, Some("3B"), Write::Nothing);
        absent.note = Some("absent depuis le 2 septembre 2026".to_owned());
    }
    let gone = plan.person(ChangeKind::Suspend, 60, None, Write::Lock { attributes: attributes(&[]) });
    gone.note = Some("absent depuis le 1er août 2026".to_owned());
    gone.subject.profile = Some(Profile::Teacher);
    gone.subject.schools = vec![uai(WEIL)];
    plan.person(ChangeKind::Create, 70, None, add(70)).subject.schools = vec![];
    plan.object(ChangeKind::GroupUpdate, "0290009C_4B", members(1, 0));
    plan.object(ChangeKind::GroupUpdate, "0290009C_5A", members(2, 3));
    plan
}

/// A school held, pupils without class, another school that goes on.
fn held() -> Plan {
    let mut plan = Plan { holds: vec![fixtures::hold_of_school()], ..Plan::default() };
    plan.holds.extend((0..8).map(fixtures::hold_of_pupil));
    plan.person(ChangeKind::Create, 1, Some("6A"), add(1));
    plan
}

/// The level of a whole school changes; one pupil among them is something else.
fn mass_change() -> Plan {
    let mut plan = Plan::default();
    for n in 0..300 {
        let (old, new) = if n == 137 { ("5EME", "3EME SEGPA") } else { ("5EME", "4EME") };
        plan.person(ChangeKind::Update, n, Some("4A"), modify(&[("ENTEleveLibelleMEF", &[old], &[new])]));
    }
    for n in 300..360 {
        let class = if n % 2 == 0 { "de la classe 5A vers 4B" } else { "de la classe 5C vers 4A" };
        plan.person(ChangeKind::Move, n, Some("4B"), modify(&[("ENTEleveClasses", &["a"], &["b"])])).note =
            Some(class.to_owned());
    }
    plan
}

#[test]
fn texts() {
    for (label, plan) in [
        ("first_load", first_load()),
        ("ordinary_night", ordinary_night()),
        ("held", held()),
        ("mass_change", mass_change()),
        ("nothing", Plan::default()),
    ] {
        insta::assert_snapshot!(label, rendered(&plan, &Options::default()));
    }
}

#[test]
fn full_text_names_everybody_and_every_value() {
    let options = Options { full: true, ..Options::default() };
    insta::assert_snapshot!("ordinary_night_full", rendered(&ordinary_night(), &options));
    let text = rendered(&first_load(), &options);
    assert!((0..54).all(|n| text.contains(&name(n))));
}

#[test]
fn colours_say_nothing_that_the_text_does_not() {
    let coloured = rendered(&ordinary_night(), &Options { colour: true, ..Options::default() });
    assert!(coloured.contains("\u{1b}[31m-\u{1b}[0m"));
    let mut bare = String::new();
    for (i, piece) in coloured.split('\u{1b}').enumerate() {
        bare.push_str(if i == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_eq!(bare, rendered(&ordinary_night(), &Options::default()));
}

#[test]
fn filters_choose_and_say_so() {
    let plan = ordinary_night();
    let of = |filter| rendered(&plan, &Options { filter, ..Options::default() });
    let weil = of(Filter { school: Some(uai(WEIL)), ..Filter::default() });
    assert!(weil.contains("Lycée Simone Weil") && !weil.contains("Jean Moulin"));
    assert!(weil.contains("Filtre : 1 des 26 changements"), "{weil}");
    let class = of(Filter { class: Some("4b".into()), ..Filter::default() });
    assert!(class.contains("Filtre : 2 des"), "{class}");
    let teachers = of(Filter { profile: Some(Profile::Teacher), ..Filter::default() });
    assert!(teachers.contains("Filtre : 1 des"));
    for person in ["AC-RENNES$4", "4", "f00004", "LOGIN.4"] {
        let one = of(Filter { person: Some(person.to_owned()), ..Filter::default() });
        assert!(one.contains("Petit-Roux") && one.contains("Filtre : 1 des"), "{person}: {one}");
    }
}

#[test]
fn a_filter_keeps_the_holds_that_matter_there() {
    let of = |filter| rendered(&held(), &Options { filter, ..Options::default() });
    let weil = of(Filter { school: Some(uai(WEIL)), ..Filter::default() });
    assert!(weil.contains("trop de départs") && !weil.contains("sans division"));
    let pupil = of(Filter { person: Some("3".to_owned()), ..Filter::default() });
    assert!(pupil.contains("1 personne, sans division") && pupil.contains("trop de départs"), "{pupil}");
}

#[test]
fn a_hold_of_the_whole_plan_is_first() {
    let mut plan = held();
    plan.holds.push(Hold {
        id: "unknown".to_owned(),
        reason: HoldReason::UnknownPopulation,
        school: None,
        join_key: None,
        message: "12 comptes de l'annuaire ne sont connus d'aucune source.".to_owned(),
        ..fixtures::hold_of_school()
    });
    let text = rendered(&plan, &Options::default());
    assert!(text.find("plan entier").unwrap() < text.find("Simone Weil").unwrap());
    assert!(text.ends_with("plan entier retenu, 1 établissement retenu, 8 personnes retenues.\n"), "{text}");
}

#[test]
fn hostile_names_stay_text() {
    let mut plan = Plan::default();
    let evil = "<script>alert('x')</script>\u{1b}[2J \"&\u{202e}";
    let note = "</td><img src=x onerror=alert(1)>";
    let change =
        plan.person(ChangeKind::Update, 1, Some("<b>6A"), modify(&[("cn", &["<i>a"], &["\"><svg/onload=1>"])]));
    change.subject.name = evil.to_owned();
    change.note = Some(note.to_owned());
    plan.person(ChangeKind::Create, 2, Some("<u>6B"), add(2)).subject.name = evil.to_owned();
    plan.person(ChangeKind::Create, 3, Some("<u>6B"), add(3));
    plan.object(ChangeKind::GroupUpdate, "<em>groupe", members(1, 1));
    plan.holds.push(Hold { message: evil.to_owned(), id: evil.to_owned(), ..fixtures::hold_of_school() });
    let mut header = fixtures::header();
    header.schools.insert(MOULIN.into(), evil.to_owned());
    header.directory = evil.to_owned();
    header.sources[0].name = evil.to_owned();
    header.program = evil.to_owned();
    plan.header = Some(header);

    let page = page(&plan, &Options::default());
    for raw in ["<script>alert", "<img", "<svg", "<b>6A", "<u>6B", "<i>a", "<em>", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(raw), "{raw:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert_eq!(page.matches("<script>").count(), 1, "only the page's own script");

    let text = rendered(&plan, &Options::default());
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn the_page_stands_alone_under_a_strict_policy() {
    let page = page(&ordinary_night(), &Options::default());
    assert!(page.starts_with("<!doctype html>\n<html lang=\"fr\">"));
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    for outside in ["http:", "https:", "src=", "@import", "url(", " style=", " on"] {
        let body = page.split_once("<body>").unwrap().1.split_once("<script>").unwrap().0;
        assert!(outside == " on" || !page.contains(outside), "{outside}");
        assert!(!body.contains(&format!("{outside}click")), "{outside}");
    }
    // Tags open and close in pairs.
    for tag in ["section", "table", "tbody", "thead", "tr", "ul", "article", "nav", "dl", "form", "main"] {
        let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
        let opened = page.matches(&format!("{open}>")).count() + page.matches(&format!("{open} ")).count();
        assert_eq!(opened, page.matches(&close).count(), "{tag}");
    }
}

#[test]
fn a_page_shows_some_rows_and_counts_the_others() {
    let mut plan = Plan::default();
    for n in 0..1_000 {
        plan.person(ChangeKind::Create, n, Some("6A"), add(n));
    }
    let short = page(&plan, &Options::default());
    let (tables, list) = short.split_once("<script type=\"application/json\"").unwrap();
    assert_eq!(tables.matches("login.").count(), 200);
    assert_eq!(list.matches("login.").count(), 1_000, "the search finds everybody");
    assert!(short.contains("… et 800 autres"));
    let full = page(&plan, &Options { full: true, ..Options::default() });
    assert_eq!(full.matches("login.").count(), 1_000);
}

#[test]
fn nothing_is_shown_of_a_damaged_plan() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("nuit.plan"), folder.path().join("nuit.html"));
    ordinary_night().write(&path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let mut out = Vec::new();
    assert!(matches!(text(&path, &Options::default(), &mut out), Err(RenderError::Plan(_))));
    assert!(out.is_empty());
    assert!(matches!(html(&path, &Options::default(), &to), Err(RenderError::Plan(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// What does not fit in memory goes to disk and comes back in its place. (200,000 changes do the same within 42 MB; here
/// the allowance is smaller instead of the plan being longer.)
#[test]
fn a_long_plan_stays_within_its_allowance() {
    const ALLOWANCE: usize = 1 << 20;
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("rentree.plan"), folder.path().join("rentree.html"));
    let mut writer = crate::plan::file::Writer::create(&path).unwrap();
    writer.write_header(&fixtures::header()).unwrap();
    let mut one = Plan::default();
    one.person(ChangeKind::Create, 1, None, add(1));
    let mut change = one.changes.remove(0);
    for n in 1..=20_000_u64 {
        change.seq = n;
        change.subject.class = Some(compact_str::format_compact!("C{}", n % 40));
        change.subject.schools = vec![uai(&format!("{:07}A", n % 50))];
        writer.write_change(&change).unwrap();
    }
    writer.finish().unwrap();

    let survey = survey::Survey::sort_into(buckets::Buckets::with_limit(ALLOWANCE), &path, &Options::default());
    let survey = survey.unwrap();
    assert!(survey.buckets.in_memory() <= ALLOWANCE && survey.buckets.on_disk() > ALLOWANCE);
    let mut out = Vec::new();
    text::write(survey, &Options { full: true, ..Options::default() }, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.matches("100 élèves de C").count(), 50 * 4, "40 classes over 50 schools meet in 4 classes each");
    assert!(out.contains("Plan : 20\u{202f}000 comptes à créer"));
    assert_eq!(html(&path, &Options::default(), &to).unwrap().len(), 2, "an index, and a folder of pages");
    let school = std::fs::read_to_string(folder.path().join("rentree-etablissements/0000007A.html")).unwrap();
    assert_eq!(school.matches("login.1<").count(), 200, "of 400");
}

/// A school with another UAI: one line, whatever the number of entries; all of them on demand.
fn renamed_school() -> Plan {
    let mut header = fixtures::header();
    header.structures = vec![crate::plan::StructureChange {
        kept: vec!["0290009C_Chorale".to_owned()],
        accounts: 2,
        groups: 1,
        ..fixtures::structure_change()
    }];
    header.schools = [("0290010D".into(), "Collège Jean Moulin".to_owned())].into();
    let mut plan = Plan { header: Some(header), ..Plan::default() };
    let uais = modify(&[("ENTStructureUAI", &["0290009C"], &["0290010D"])]);
    plan.object(ChangeKind::StructureRename, "Collège Jean Moulin", uais);
    for n in 0..2 {
        let classes = modify(&[("ENTEleveClasses", &["0290009C$5A"], &["0290010D$5A"])]);
        plan.person(ChangeKind::Rewrite, n, None, classes);
    }
    let to = crate::directory::Dn::parse("cn=0290010D_5A,ou=groups,dc=esco-centre,dc=fr").unwrap();
    plan.object(ChangeKind::GroupRename, "0290009C_5A", Write::Rename { to, attributes: vec![] });
    for change in &mut plan.changes {
        change.subject.schools = vec![uai("0290010D")];
    }
    plan
}

#[test]
fn a_school_that_is_called_otherwise_is_one_line() {
    let short = rendered(&renamed_school(), &Options::default());
    let line = "→ Collège Jean Moulin : 0290009C devient 0290010D ; 2 comptes, 1 groupe réécrits";
    assert_eq!(short.lines().filter(|l| l.contains("0290009C devient")).collect::<Vec<_>>(), [line]);
    assert!(!short.contains("ENTEleveClasses"), "{short}");
    let full = rendered(&renamed_school(), &Options { full: true, ..Options::default() });
    insta::assert_snapshot!("renamed_school", format!("{short}\n======== --full\n{full}"));
    let page_short = page(&renamed_school(), &Options::default());
    assert!(page_short.contains("0290009C devient 0290010D") && !page_short.contains("ENTEleveClasses"));
    let page_full = page(&renamed_school(), &Options { full: true, ..Options::default() });
    assert!(page_full.contains("Fiches à réécrire") && page_full.contains("0290010D$5A"));
}

fn pages(plan: &Plan, options: &Options) -> std::collections::BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("nuit.plan"), folder.path().join("pages"));
    plan.write(&path);
    assert_eq!(html(&path, options, &to).unwrap(), std::slice::from_ref(&to));
    assert_eq!(mode(&to), 0o700);
    let files = std::fs::read_dir(&to).unwrap().map(|file| file.unwrap().path());
    files
        .map(|file| {
            assert_eq!(mode(&file), 0o600);
            (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&file).unwrap())
        })
        .collect()
}

#[test]
fn a_folder_has_an_index_a_page_per_school_and_everybody_by_initial() {
    let pages = pages(&ordinary_night(), &Options::default());
    let names: Vec<&str> = pages.keys().map(String::as_str).collect();
    for expected in ["0290009C.html", "0291595B.html", "hors-etablissement.html", "index.html", "personnes-z.html"] {
        assert!(names.contains(&expected), "{names:?}");
    }
    let index = &pages["index.html"];
    assert!(index.contains("href=\"0290009C.html\"") && index.contains("data-initiale=\"z\""), "{index}");
    assert!(index.contains("[départ]") || index.contains(">départ<"), "{index}");
    let school = &pages["0290009C.html"];
    assert!(school.contains("Petit-Roux") && !school.contains("Lycée Simone Weil"), "{school}");
    assert!(pages["personnes-z.html"].contains("0291595B|Lycée Simone Weil"));
    for (name, page) in &pages {
        assert!(page.contains("default-src 'none'; style-src 'sha256-"), "{name}");
        // Everything that a page leads to is there.
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(link.starts_with('#') || pages.contains_key(link), "{name}: {link}");
        }
        assert_eq!(page.matches("<script>").count(), 1, "{name}");
    }
}

#[test]
fn a_folder_that_is_written_again_keeps_nothing_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("nuit.plan"), folder.path().join("pages"));
    ordinary_night().write(&path);
    html(&path, &Options::default(), &to).unwrap();
    std::fs::write(to.join("notes.html"), "x").unwrap();
    mass_change().write(&folder.path().join("autre.plan"));
    html(&folder.path().join("autre.plan"), &Options::default(), &to).unwrap();
    assert!(to.join("0290009C.html").exists() && to.join("notes.html").exists(), "not a page of ours");
    assert!(!to.join("0291595B.html").exists() && !to.join("hors-etablissement.html").exists());
}

#[test]
fn what_is_redacted_names_nobody() {
    let mut plan = ordinary_night();
    plan.holds.extend((0..8).map(fixtures::hold_of_pupil));
    for n in 0..300 {
        plan.person(ChangeKind::Create, n, Some("6A"), add(n)).note = Some(format!("ressemble à {}", name(n)));
    }
    let options = Options { redact: true, ..Options::default() };
    let full = Options { full: true, ..options.clone() };
    let mut all = vec![rendered(&plan, &options), rendered(&plan, &full), page(&plan, &options), page(&plan, &full)];
    all.extend(pages(&plan, &options).into_values());
    for text in &all {
        for n in 0..300 {
            assert!(!text.contains(&name(n)), "{}: {text}", name(n));
        }
        for secret in ["login.", "Petit-Roux", "ines@example.org", "0601020304", "02980000", "DINAN"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(all[1].contains("AC-RENNES$4 ") && all[1].contains("mobile"), "{}", all[1]);
}

#[test]
fn what_was_read_is_folded_when_it_comes_again() {
    let plan = ordinary_night();
    let before = rendered(&plan, &Options::default());
    assert!(before.contains("Petit-Roux") && !before.contains("Déjà vu"));
    let read = plan.changes.iter().filter(|c| c.kind == ChangeKind::Update);
    let seen: crate::plan::review::Seen = read.map(|c| crate::plan::review::digest(c).unwrap()).collect();
    assert_eq!(seen.len(), 16);
    let options = Options { seen: seen.into(), ..Options::default() };
    let after = rendered(&plan, &options);
    assert!(!after.contains("Petit-Roux"), "{after}");
    assert!(after.contains("Déjà vu, à l'identique : 16 changements (16 comptes à mettre à jour)"), "{after}");
    assert!(after.contains("26"), "the closing line counts the whole plan: {after}");
    assert_eq!(before.lines().last(), after.lines().last());
    // One value is another: it is shown.
    let mut other = ordinary_night();
    let changed = other.changes.iter_mut().find(|c| c.subject.class.as_deref() == Some("5A")).unwrap();
    changed.write = modify(&[("sn", &["Petit"], &["Petit-Rousse"])]);
    assert!(rendered(&other, &options).contains("Petit-Rousse"));
    assert!(page(&plan, &options).contains("Déjà vu, à l'identique : 16 changements"));
}

/// 300 schools and 100,000 changes: two screens of text, pages of some hundred kilobytes.
#[test]
fn an_academy_is_read_in_five_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("nuit.plan"), folder.path().join("pages"));
    let mut writer = crate::plan::file::Writer::create(&path).unwrap();
    let mut header = fixtures::header();
    let school = |n: u64| format!("{:07}A", n % 300);
    header.schools = (0..300).map(|n| (school(n).into(), format!("Collège numéro {n}"))).collect();
    header.totals.unchanged_by_school = (0..300).map(|n| (school(n).into(), 400)).collect();
    writer.write_header(&header).unwrap();
    let mut one = Plan::default();
    let level = |old, new| modify(&[("ENTEleveNivFormation", &[old], &[new]), ("ENTEleveClasses", &["a"], &["b"])]);
    one.person(ChangeKind::Move, 1, Some("4A"), level("5EME", "4EME"));
    one.person(ChangeKind::Move, 1, Some("4A"), level("6EME", "5EME"));
    one.person(ChangeKind::Update, 2, None, modify(&[("mobile", &["06"], &["07"])])).subject.profile =
        Some(Profile::Relative);
    one.person(ChangeKind::Create, 3, Some("6A"), add(3));
    let odd = modify(&[("sn", &["PETIT"], &["ROUX"]), ("ENTPersonDateNaissance", &["2014-01-01"], &["2013-05-05"])]);
    one.person(ChangeKind::Update, 4, Some("6A"), odd);
    let changes = std::mem::take(&mut one.changes);
    for n in 1..=100_000_u64 {
        // One in 50,000 is somebody else now.
        let at = if n % 50_000 == 77 { 4 } else { (n / 300 % 4) as usize };
        let mut change = changes[at].clone();
        change.seq = n;
        change.subject.name = format!("Prénom{n} NOM{}", n % 7_000);
        change.subject.login = Some(crate::naming::Login::new(&format!("p{n}.nom{n}")));
        change.subject.schools = vec![uai(&school(n))];
        writer.write_change(&change).unwrap();
    }
    writer.finish().unwrap();

    let mut out = Vec::new();
    text(&path, &Options::default(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.lines().count() <= 80, "{out}");
    let first = out.lines().find(|line| line.starts_with("  [")).unwrap();
    assert!(first.contains("[identité] 2 élèves : naissance, nom"), "{out}");
    assert!(out.contains("passent de 5e en 4e ; 300 établissements"), "{out}");

    html(&path, &Options::default(), &to).unwrap();
    let mut sizes: Vec<(u64, String)> = std::fs::read_dir(&to)
        .unwrap()
        .map(|file| file.unwrap())
        .map(|file| (file.metadata().unwrap().len(), file.file_name().into_string().unwrap()))
        .collect();
    sizes.sort();
    assert!(sizes.len() > 301, "{sizes:?}");
    let largest = |prefix: &str| sizes.iter().rev().find(|(_, name)| name.starts_with(prefix)).unwrap().0;
    assert!(largest("0") < 200_000 && largest("index") < 200_000 && largest("personnes") < 3_000_000, "{sizes:?}");
}

#[test]
fn index_and_school_pages_look_as_they_did() {
    let pages = pages(&ordinary_night(), &Options::default());
    let body = |name: &str| {
        let body = pages[name].split_once("<body>").unwrap().1;
        body.split_once("<script").unwrap().0.to_owned()
    };
    insta::assert_snapshot!("index_page", body("index.html"));
    insta::assert_snapshot!("school_page", body("0291595B.html"));
}
