//! The room as a whole: what comes back from the paper.

mod golden;
mod names;

use std::process::Command;

use super::error::{LettersError, TypesetError};
use super::fixtures::{URL, batch, federated, pupil, relative};
use super::frames::{self, Kind};
use super::printable::Problem;
use super::sheet::{Batch, Cover, Secret, Sheet, Without};
use super::{TEMPLATE_KIT, child, template_data, typeset};
use crate::config::Layout;
use crate::roster::Profile;

/// What a program of the poppler family makes of a file.
fn read_back(pdf: &[u8], program: &str, arguments: &[&str], output: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("sheets.pdf");
    std::fs::write(&input, pdf).unwrap();
    let result = Command::new(program).args(arguments).arg(&input).arg(output).output().unwrap();
    assert!(result.status.success(), "{program}: {}", String::from_utf8_lossy(&result.stderr));
    String::from_utf8(result.stdout).unwrap()
}

fn text(pdf: &[u8], layout: bool) -> String {
    read_back(pdf, "pdftotext", if layout { &["-layout"] } else { &[] }, "-")
}

fn one(sheet: Sheet) -> Batch {
    Batch { sheets: vec![sheet], ..batch(0) }
}

fn refusal(result: Result<Vec<u8>, LettersError>) -> TypesetError {
    match result {
        Err(LettersError::Typeset(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

fn own(template: &str) -> TypesetError {
    refusal(typeset(&batch(1), Some(template)))
}

#[test]
fn every_login_and_password_of_a_class_reads_back() {
    let mut class = batch(30);
    class.sheets.push(relative(3));
    // Everything that a policy may draw, and the longest login.
    for (n, secret) in ["Il1O0o-8B5S", "fi->ff==ffl!=", "a--b__c~~d", "'\"<>&#$*_@[]{}\\`"].into_iter().enumerate() {
        let login = format!("{n}-{}", "jean-christophe.".repeat(4)).chars().take(64).collect();
        class.sheets.push(Sheet { login, secret: Some(Secret::new(secret.into())), ..pupil(100 + n) });
    }
    let pdf = typeset(&class, None).unwrap();
    for layout in [false, true] {
        let text = text(&pdf, layout);
        let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert_eq!(pages.len(), class.sheets.len());
        for (page, sheet) in pages.into_iter().zip(&class.sheets) {
            let lines: Vec<&str> = page.lines().map(str::trim).collect();
            let identifier = format!("Identifiant {}", sheet.login);
            let password = format!("Mot de passe provisoire {}", sheet.secret.as_ref().unwrap().expose());
            assert_eq!(lines.iter().filter(|line| **line == identifier).count(), 1, "{identifier}\n{page}");
            assert_eq!(lines.iter().filter(|line| **line == password).count(), 1, "{password}\n{page}");
            assert_eq!(lines.iter().filter(|line| line.starts_with("Identifiant ")).count(), 1, "{page}");
        }
    }
}

#[test]
fn the_code_holds_the_address_and_no_more() {
    let pdf = typeset(&batch(1), None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("page");
    read_back(&pdf, "pdftoppm", &["-r", "150", "-png", "-singlefile"], image.to_str().unwrap());
    let scanned = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(image.with_extension("png")).output().unwrap();
    assert_eq!(String::from_utf8(scanned.stdout).unwrap().trim(), URL);
}

#[test]
fn a_relative_reads_all_children() {
    let text = text(&typeset(&one(relative(8)), None).unwrap(), true);
    assert!(text.contains("Vos enfants dans l’établissement"));
    for n in 1..=8 {
        assert!(text.contains(&format!("Enfant{n} MARTIN")) && text.contains(&format!("{n}B")), "{text}");
    }
    let many = self::text(&typeset(&one(relative(40)), None).unwrap(), true);
    assert!(many.contains("et 29 autres enfants"), "{many}");
}

#[test]
fn a_federated_sheet_tells_how_to_log_in() {
    let mut federated_batch = one(federated());
    federated_batch.federated_text = Some("Passez par l'ÉduConnect : rien d'autre !".into());
    // The extractor gives narrow blanks as ordinary ones.
    let text = text(&typeset(&federated_batch, None).unwrap(), true).replace('\u{202f}', " ");
    assert!(text.contains("Passez par l’ÉduConnect : rien d’autre !"), "{text}");
    assert!(!text.contains("Mot de passe provisoire"));
    assert!(!text.contains("Identifiant"));
}

#[test]
fn the_same_batch_gives_the_same_bytes() {
    let class = batch(3);
    let first = typeset(&class, None).unwrap();
    assert!(first == typeset(&class, None).unwrap());
    assert!(first.starts_with(b"%PDF-"));
    let later = Batch { id: "2026-0043".into(), ..class };
    assert!(first != typeset(&later, None).unwrap());
}

#[test]
fn names_of_any_kind_print_on_one_page() {
    let long = "Œ".repeat(119) + "Ÿ";
    let nasty = [
        r#"#panic("x") $ * _ @ <label> [ ] \ // /* `"#,
        "Jean l'Haÿ d'Œuvre",
        "אבגד عبد الله",
        "Zoé\u{200b}\u{202e} 👩‍👧 ΑΩ Жук",
        "- + = 1. / ~ -- ...",
        &long,
    ];
    let mut class = batch(0);
    for (n, name) in nasty.iter().enumerate() {
        let address = vec![(*name).to_owned(); 7];
        class.sheets.push(Sheet { name: (*name).into(), class: Some((*name).into()), address, ..pupil(n) });
    }
    class.school.name = nasty.join(" ");
    class.school.lines = nasty.iter().map(|&line| line.into()).collect();
    class.ent_name = long.clone();
    class.help = Some("Écrivez à l'assistance ! ".repeat(40));
    let notices = class.inspect();
    assert!(notices.iter().all(|notice| !notice.is_refusal()), "{notices:?}");
    assert!(notices.iter().any(|notice| notice.field == "name" && notice.problem == Problem::Replaced));
    assert!(notices.iter().any(|notice| notice.field == "help" && notice.problem == Problem::Cut));
    let text = text(&typeset(&class, None).unwrap(), true);
    assert!(text.contains(r#"#panic("x") $ * _ @ <label> [ ] \ // /* `"#), "{text}");
    assert!(text.contains("Jean l'Haÿ d'Œuvre"));
    assert!(text.contains("Zoé □ ΑΩ Жук"));
    assert!(text.contains("- + = 1. / ~ -- ..."));
}

/// The words of a file: their texts and bounding boxes `[left, top, right, bottom]`, in points from the page's corner.
fn words(pdf: &[u8]) -> Vec<(String, [f64; 4])> {
    let number = |line: &str, key: &str| -> f64 {
        let start = line.find(key).unwrap() + key.len() + 2;
        line[start..].split('"').next().unwrap().parse().unwrap()
    };
    let word = |line: &str| {
        let text = line.split(['>', '<']).nth(2).unwrap().to_owned();
        (text, ["xMin", "yMin", "xMax", "yMax"].map(|key| number(line, key)))
    };
    let boxes = read_back(pdf, "pdftotext", &["-bbox"], "-");
    boxes.lines().filter(|line| line.contains("<word")).map(word).collect()
}

fn bottom_of(words: &[(String, [f64; 4])], wanted: &str) -> f64 {
    words.iter().find(|(text, _)| text == wanted).unwrap_or_else(|| panic!("no {wanted} in {words:?}")).1[3]
}

/// Points of a millimetre.
const MM: f64 = 72.0 / 25.4;

#[test]
fn nothing_leaves_the_paper() {
    let mut class = batch(0);
    let name = "W".repeat(120);
    let address = vec!["M".repeat(130); 7];
    let class_name = Some("W".repeat(40));
    let mut sheet = Sheet { name: name.clone(), address, class: class_name.clone(), ..relative(30) };
    for child in &mut sheet.children {
        child.name.clone_from(&name);
        child.class.clone_from(&class_name);
    }
    class.sheets.push(sheet);
    class.school.name.clone_from(&name);
    class.ent_name = name;
    class.help = Some("mot ".repeat(170));
    let words = words(&typeset(&class, None).unwrap());
    assert!(words.len() > 100);
    for (text, [left, top, right, bottom]) in &words {
        // A4, with five millimetres that printers cannot reach.
        assert!(*left > 5.0 * MM && *right < 205.0 * MM && *top > 5.0 * MM && *bottom < 292.0 * MM, "{text}");
    }
    assert!(bottom_of(&words, "demander.") < 275.0 * MM, "above the foot");
}

/// The template does not measure texts that its rules call short: at their bounds, in the
/// widest letters, they stay clear of the foot (283 mm).
#[test]
fn what_the_template_calls_short_fits() {
    let wide = |length: usize| "WWWWWWW ".repeat(20)[..length].to_owned();
    let mut class = batch(0);
    class.school.name = wide(44);
    class.school.lines = vec![wide(50); 3];
    class.ent_name = wide(20);
    class.login_url = format!("https://{}", "w".repeat(42));
    let mut sheet = Sheet { name: wide(36), class: Some(wide(12)), login: "w".repeat(64), ..relative(3) };
    for child in &mut sheet.children {
        child.name = wide(34);
        child.class = Some(wide(12));
    }
    let fewer = Sheet { children: sheet.children[..2].to_vec(), ..sheet.clone() };
    let childless = Sheet { children: Vec::new(), ..sheet.clone() };
    // The longest help that is not measured, in words of a letter: about two lines, and four without children.
    for (sheet, help) in [(&sheet, 210), (&sheet, 0), (&fewer, 210), (&childless, 550)] {
        let help = (help > 0).then(|| "m ".repeat(help / 4));
        let class = Batch { sheets: vec![sheet.clone()], help, ..class.clone() };
        let words = words(&typeset(&class, None).unwrap());
        assert!(bottom_of(&words, "0350001A") < 42.0 * MM, "{words:?}");
        let bottom = bottom_of(&words, "demander.") / MM;
        assert!(bottom < 278.0, "{bottom} mm: {words:?}");
        let beside = words.iter().filter(|(_, [left, _, _, bottom])| *left < 90.0 * MM && *bottom < 100.0 * MM);
        assert!(beside.map(|(_, [.., bottom])| *bottom).fold(0.0, f64::max) < 86.0 * MM, "{words:?}");
    }
    class.federated_text = Some(wide(150) + &wide(150));
    let words = words(&typeset(&Batch { sheets: vec![federated()], ..class }, None).unwrap());
    assert!(bottom_of(&words, "passe.") < 278.0 * MM, "{words:?}");
}

#[test]
fn what_cannot_be_copied_from_paper_is_refused() {
    let login = |login: &str| Sheet { login: login.into(), ..pupil(1) };
    let secret = |secret: &str| Sheet { secret: Some(Secret::new(secret.into())), ..pupil(1) };
    let long = "x".repeat(65);
    let bad = [
        login(""),
        login("lea martin"),
        login("lea\u{200b}martin"),
        login("e\u{301}ve.martin"),
        login(&long),
        secret("a b"),
        secret("clé👩"),
        secret(""),
        Sheet { secret: None, ..pupil(1) },
        Sheet { secret: Some(Secret::new("x".into())), ..federated() },
    ];
    for sheet in bad {
        let serial = sheet.serial.clone();
        let mut class = one(sheet);
        class.sheets.push(pupil(7));
        let error = refusal(typeset(&class, None));
        let TypesetError::Unprintable { notices } = &error else { panic!("{error:?}") };
        assert_eq!(notices[0].serial.as_ref(), Some(&serial));
        assert_eq!(class.set_aside_unprintable(), *notices);
        assert_eq!(class.sheets.iter().map(|sheet| sheet.serial.as_str()).collect::<Vec<_>>(), ["000007"]);
    }
    assert_eq!(refusal(typeset(&batch(0), None)), TypesetError::Empty { batch: "2026-0042".into() });
    let mut nowhere = batch(1);
    nowhere.login_url = "ent.example.fr".into();
    assert!(matches!(refusal(typeset(&nowhere, None)), TypesetError::LoginUrl { .. }));
}

const OWN: &str = r#"#import "rentree.typ": *
#set document(title: "Fiches")
#set text(lang: "fr")
#for sheet in batch.sheets [
  = #value(sheet, "name")
  #value(sheet, "email") #value(batch, "school", "head")
  Identifiant #value(sheet, "login")

  Mot de passe provisoire #value(sheet, "secret")
  #pagebreak(weak: true)
]
"#;

#[test]
fn a_school_may_have_its_own_template() {
    let text = text(&typeset(&batch(2), Some(OWN)).unwrap(), false);
    assert!(text.contains("Identifiant lea1.martin"), "{text}");
    assert_eq!(text.matches("[valeur absente] [valeur absente]").count(), 2, "a missing value shows: {text}");
}

#[test]
fn a_wrong_template_is_told_its_line() {
    let place = |template: &str| match own(template) {
        TypesetError::Template { messages } => messages[0].to_string(),
        other => panic!("{other:?}"),
    };
    assert!(place("= Fiche\n#nothing").starts_with("template.typ:2:2: unknown variable: nothing"));
    assert!(place(&OWN.replace("value(sheet, \"email\")", "sheet.email")).starts_with("template.typ:6:"));
    // Inside a helper: the line of the call.
    assert!(place("#import \"rentree.typ\": *\n\n#date-fr(3)").starts_with("template.typ:3:"));
    let font = place(&OWN.replace("lang: \"fr\"", "font: \"Comic Nothing\""));
    assert!(font.contains("template.typ:3:") && font.contains("unknown font family"), "{font}");
    let title = place(&OWN.replace("#set document(title: \"Fiches\")\n", ""));
    assert!(title.contains("title"), "{title}");
}

#[test]
fn a_template_that_loses_a_credential_is_refused() {
    let without = OWN.replace("#value(sheet, \"secret\")", "");
    assert_eq!(own(&without), TypesetError::NotOnThePage { serial: "000000".into(), field: "secret".into() });
    let split = OWN.replace("#value(sheet, \"login\")", "#sheet.login.clusters().join(\" \")");
    assert_eq!(own(&split), TypesetError::NotOnThePage { serial: "000000".into(), field: "login".into() });
}

#[test]
fn a_template_sees_nothing_but_its_batch() {
    for attempt in [
        "#read(\"/etc/passwd\")",
        "#read(\"../../etc/passwd\")",
        "#image(\"logo.png\")",
        "#import \"@preview/cetz:0.3.0\"",
        "#include \"/tmp/x.typ\"",
        "#json(\"/proc/self/environ\")",
        "#plugin(\"x.wasm\")",
    ] {
        let error = own(attempt);
        let TypesetError::Template { messages } = &error else { panic!("{attempt}: {error:?}") };
        assert!(!messages.is_empty() && messages[0].line == Some(1), "{attempt}: {error}");
        assert!(!error.to_string().contains("root:"));
    }
    for endless in ["#while true {}", "#let f() = f()\n#f()"] {
        assert!(matches!(own(endless), TypesetError::Template { .. }));
    }
}

#[test]
fn no_message_carries_a_secret() {
    let class = batch(2);
    let secret = class.sheets[1].secret.as_ref().unwrap().expose().to_owned();
    for attempt in ["#panic(batch.sheets.at(1).secret)", "#(x: 1).at(batch.sheets.at(1).secret)"] {
        let error = typeset(&class, Some(&format!("#import \"rentree.typ\": *\n{attempt}"))).unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(&secret) && told.contains("••••"), "{told}");
    }
    assert!(!format!("{class:?}").contains(&secret));
}

#[test]
fn the_child_answers_each_request_in_turn() {
    let mut input = Vec::new();
    for (class, template) in [(batch(1), None), (batch(1), Some("#nothing")), (batch(0), None), (batch(2), None)] {
        frames::write(&mut input, Kind::Request, &frames::request(&class, template).unwrap()).unwrap();
    }
    frames::write(&mut input, Kind::Request, b"{\"batch\": {\"id\": \"bafo-kiru\"").unwrap();
    let mut output = Vec::new();
    child::serve(&mut input.as_slice(), &mut output).unwrap();
    let mut answers = output.as_slice();
    let mut kinds = Vec::new();
    while let Some((kind, body)) = frames::read(&mut answers).unwrap() {
        if kind == Kind::Error {
            let error: TypesetError = serde_json::from_slice(&body).unwrap();
            assert!(!error.to_string().contains("bafo"), "{error}");
        }
        kinds.push(kind);
    }
    assert_eq!(kinds, [Kind::Pdf, Kind::Error, Kind::Error, Kind::Pdf, Kind::Error]);
}

#[test]
fn the_shipped_sample_previews() {
    let [.., (_, data)] = TEMPLATE_KIT;
    let sample: Batch = serde_json::from_slice(data).unwrap();
    typeset(&sample, None).unwrap();
    let shown: serde_json::Value = serde_json::from_slice(data).unwrap();
    let made: serde_json::Value = serde_json::from_str(&template_data(&sample).unwrap()).unwrap();
    assert_eq!(shown, made, "as the typesetter would draw it");
}

/// The layouts with sheets, and how many lie on a page.
const LAYOUTS: [(Layout, usize, usize); 4] =
    [(Layout::Letter, 1, 1), (Layout::Half, 1, 2), (Layout::Large, 1, 2), (Layout::Cards, 2, 4)];

fn covered(layout: Layout, pupils: usize) -> Batch {
    let names = vec!["Zoé D'ŒUVRE".to_owned()];
    let without = vec![Without { count: 1, why: "déjà activé".into(), names }];
    let cover = Cover { title: Batch::title(Some(Profile::Pupil)).to_owned(), sheets: pupils, without };
    Batch { layout, cover: Some(cover), ..batch(pupils) }
}

#[test]
fn every_layout_shows_every_credential_in_its_place_after_a_cover() {
    for (layout, columns, rows) in LAYOUTS {
        let mut class = covered(layout, 11);
        class.sheets.push(relative(7));
        let pdf = typeset(&class, None).unwrap();
        let text = text(&pdf, false);
        let pages: Vec<&str> = text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert_eq!(pages.len(), 1 + class.sheets.len().div_ceil(columns * rows), "{layout:?}");
        assert!(pages[0].contains("3A") && pages[0].contains("Zoé D'ŒUVRE"), "{}", pages[0]);
        for sheet in &class.sheets {
            assert!(!pages[0].contains(sheet.secret.as_ref().unwrap().expose()));
            for exact in [&sheet.login, sheet.secret.as_ref().unwrap().expose()] {
                assert_eq!(text.split_whitespace().filter(|word| word == &exact).count(), 1, "{layout:?} {exact}");
            }
        }
        assert!(pdf == typeset(&class, None).unwrap(), "the same bytes");
    }
}

#[test]
fn no_layout_lets_a_long_or_strange_text_leave_its_place() {
    for (layout, columns, rows) in LAYOUTS {
        let long = "W".repeat(120);
        let mut class = covered(layout, 0);
        for (n, name) in [long.as_str(), r#"#panic("x") $ * _ @ <l> [ ] \"#, "אבגד عبد الله", "Zoé\u{200b}\u{202e} Жук"]
            .into_iter()
            .enumerate()
        {
            let login = format!("{n}-{}", "w".repeat(62));
            let class_name = Some("W".repeat(40));
            class.sheets.push(Sheet { name: name.into(), login, class: class_name, ..pupil(n) });
        }
        class.sheets.push(Sheet { serial: "F9".into(), ..federated() });
        class.sheets.push(relative(30));
        class.school.name.clone_from(&long);
        class.ent_name.clone_from(&long);
        class.login_url = format!("https://{}", "w".repeat(60));
        class.help = Some("mot ".repeat(170));
        class.federated_text = Some("mot ".repeat(170));
        let words = words(&typeset(&class, None).unwrap());
        assert!(words.len() > 20);
        let (width, height) = (210.0 / columns as f64, 297.0 / rows as f64);
        for (text, [left, top, right, bottom]) in &words {
            // Within one place, or on the cover.
            let column = (left / MM / width).floor();
            let row = (top / MM / height).floor();
            let inside = right / MM <= (column + 1.0) * width && bottom / MM <= (row + 1.0) * height;
            assert!(*left > 0.0 && (inside || right / MM < 205.0), "{layout:?} {text}");
        }
    }
}

#[test]
fn a_list_names_everybody_and_holds_nothing_secret() {
    let line = |sheet: Sheet| Sheet { secret: None, note: Some("0000abcd".into()), ..sheet };
    let pupils = (0..60).map(|n| line(pupil(n))).collect();
    let list = Batch { layout: Layout::List, sheets: pupils, ..batch(0) };
    let text = text(&typeset(&list, None).unwrap(), true);
    assert!((0..60).all(|n| text.contains(&format!("Léa{n} MARTIN"))), "{text}");
    // The heading of the columns is on every page.
    assert!(text.matches("signature").count() >= 2 && text.contains("2/2"), "{text}");
    let parents = vec![line(relative(2))];
    let list = Batch { layout: Layout::List, profile: Some(Profile::Relative), sheets: parents, ..batch(0) };
    assert!(self::text(&typeset(&list, None).unwrap(), true).contains("Enfant1 MARTIN (1B)"));
    // A secret has no business there, whoever put it.
    let wrong = Batch { layout: Layout::List, ..batch(1) };
    assert!(matches!(refusal(typeset(&wrong, None)), TypesetError::Unprintable { .. }));
}

const PAPER: [Layout; 4] = [Layout::Letter, Layout::Half, Layout::Cards, Layout::Large];

fn in_layout(layout: Layout, sheets: Vec<Sheet>) -> Batch {
    Batch { layout, sheets, ..batch(0) }
}

/// Each code of each layout, as a telephone sees it on paper.
#[test]
fn every_code_of_every_layout_is_read() {
    for layout in PAPER {
        let class = in_layout(layout, (0..3).map(pupil).collect());
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("page");
        read_back(&typeset(&class, None).unwrap(), "pdftoppm", &["-r", "200", "-png"], image.to_str().unwrap());
        let mut scanned = Vec::new();
        for page in std::fs::read_dir(folder.path()).unwrap().map(|page| page.unwrap().path()) {
            if page.extension().is_some_and(|extension| extension == "png") {
                let output = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(page).output().unwrap();
                scanned.extend(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned));
            }
        }
        assert_eq!(scanned, [URL; 3], "{layout:?}");
    }
}

/// Two-sided printing would lay a blank page between two sheets, or a sheet on the back of another's.
#[test]
fn no_page_is_blank() {
    for layout in PAPER {
        let mut class = in_layout(layout, (0..9).map(pupil).collect());
        class.cover = Some(Cover { title: "Identifiants".into(), sheets: 9, without: Vec::new() });
        let text = text(&typeset(&class, None).unwrap(), false);
        let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
        let sheets = super::layout::grid(layout).map(|(columns, rows)| 9_usize.div_ceil(columns * rows)).unwrap();
        assert_eq!(pages.len(), 1 + sheets, "{layout:?}");
        assert!(pages.iter().all(|page| !page.trim().is_empty()), "{layout:?}");
    }
}

#[test]
fn a_file_is_for_every_reader_and_for_the_archive() {
    let pdf = typeset(&batch(1), None).unwrap();
    let said = String::from_utf8_lossy(&pdf);
    for mark in ["<pdfuaid:part>1<", "<pdfaid:part>2<", "<pdfaid:conformance>A<"] {
        assert!(said.contains(mark), "{mark}");
    }
}

#[test]
fn a_reminder_says_the_login_and_nothing_secret() {
    for layout in PAPER {
        let sheet = Sheet { reminder: true, secret: None, ..pupil(1) };
        let pdf = typeset(&in_layout(layout, vec![sheet]), None).unwrap();
        let text = text(&pdf, false).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("lea1.martin") && text.contains("déjà activé"), "{layout:?} {text}");
        assert!(!text.contains("provisoire") && !text.contains("onfidentielle,"), "{layout:?} {text}");
    }
    let both = Sheet { reminder: true, ..pupil(1) };
    assert!(matches!(refusal(typeset(&one(both), None)), TypesetError::Unprintable { .. }));
}

/// In a second language, one that runs from right to left as well, and French stays.
#[test]
fn a_second_language_stands_beside_french() {
    let config = crate::config::LettersConfig { second_language: Some("en".into()), ..Default::default() };
    let words = super::Languages::load(&config).unwrap().texts("en").unwrap().filled("e-Armor", URL);
    let hebrew = super::Texts { right_to_left: true, title: "החשבון שלך".into(), ..words.clone() };
    for layout in [Layout::Letter, Layout::Half, Layout::Large] {
        let speaks = |n, language: &str| Sheet { language: Some(language.into()), ..pupil(n) };
        let mut class = in_layout(layout, vec![speaks(0, "en"), speaks(1, "he"), pupil(2)]);
        class.languages = [("en".to_owned(), words.clone()), ("he".to_owned(), hebrew.clone())].into();
        let text = text(&typeset(&class, None).unwrap(), false).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.matches("Then choose a password that only you know.").count(), 2, "{layout:?} {text}");
    }
}

#[test]
fn a_logo_and_a_colour_dress_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logo.svg");
    let drawing =
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><path fill="#c00" d="M0 0h40v10H0z"/></svg>"##;
    std::fs::write(&path, drawing).unwrap();
    let logo = super::Logo::read(&path).unwrap();
    for layout in [Layout::Letter, Layout::Half] {
        let plain = in_layout(layout, vec![pupil(1)]);
        let dressed = Batch { logo: Some(logo.clone()), colour: Some("#1a4f8b".into()), ..plain.clone() };
        let colours = |batch: &Batch| {
            let folder = tempfile::tempdir().unwrap();
            let image = folder.path().join("page");
            let pdf = typeset(batch, None).unwrap();
            read_back(&pdf, "pdftoppm", &["-r", "40", "-singlefile"], image.to_str().unwrap());
            let ppm = std::fs::read(image.with_extension("ppm")).unwrap();
            ppm.rchunks_exact(3).filter(|dot| dot[0].abs_diff(dot[2]) > 100).count()
        };
        assert_eq!(colours(&plain), 0);
        assert!(colours(&dressed) > 100, "{layout:?}");
    }
    // A template sees the file, and no other.
    let own = format!("{OWN}\n#logo(20mm, 5mm)");
    let class = Batch { logo: Some(logo), ..batch(1) };
    assert!(typeset(&class, Some(&own)).is_ok());
}

#[test]
fn long_addresses_stay_in_their_column() {
    let long = format!("https://ent.example.fr/{}", "connexion-education/".repeat(6));
    for layout in PAPER {
        let class = Batch { login_url: long.clone(), ..in_layout(layout, vec![pupil(1), relative(3)]) };
        for (text, [left, _, right, _]) in words(&typeset(&class, None).unwrap()) {
            assert!(left > 5.0 * MM && right < 205.0 * MM, "{layout:?} {text}");
        }
    }
    // In the letter the code is at the right of the steps: from 157 mm on nothing of the address.
    let class = Batch { login_url: long, ..one(pupil(1)) };
    let mut address = words(&typeset(&class, None).unwrap());
    for (text, _) in &mut address {
        *text = text.replace('\u{200b}', "");
    }
    let part = address.iter().filter(|(text, _)| text.contains("connexion-educ") || text.contains("education/"));
    assert!(part.clone().count() > 0 && part.clone().all(|(_, [.., right, _])| *right < 157.0 * MM), "{address:?}");
}

/// The invented people of the preview, in every layout.
#[test]
fn the_preview_prints() {
    let letters = crate::config::LettersConfig::default();
    for layout in Layout::ALL {
        for batch in super::samples(&letters, layout, jiff::civil::date(2026, 9, 1)) {
            let refused: Vec<_> = batch.inspect().into_iter().filter(super::Notice::is_refusal).collect();
            assert!(refused.is_empty(), "{refused:?}");
            assert!(typeset(&batch, None).is_ok(), "{layout:?}");
        }
    }
}

/// On both sides of the paper: no leaf has two people, and no page is blank.
#[test]
fn no_two_people_share_a_leaf() {
    for layout in [Layout::Letter, Layout::Half, Layout::Cards, Layout::Large] {
        let cover = Some(Cover { title: "Identifiants des élèves".into(), sheets: 10, ..Cover::default() });
        let class = Batch { layout, duplex: true, cover, ..batch(10) };
        let text = text(&typeset(&class, None).unwrap(), true);
        let pages: Vec<&str> = text.split('\u{c}').collect();
        let pages = &pages[..pages.len() - 1];
        assert!(pages.len().is_multiple_of(2) && pages.iter().all(|page| !page.trim().is_empty()), "{layout:?}");
        for (at, page) in pages.iter().enumerate() {
            let somebody = class.sheets.iter().any(|sheet| page.split_whitespace().any(|word| word == sheet.login));
            assert_eq!(somebody, at >= 2 && at % 2 == 0, "{layout:?}, page {at}: {page}");
        }
    }
}

/// A school's own template makes its backs itself, or is refused.
#[test]
fn an_own_template_puts_nobody_on_a_back() {
    let own = |more: &str| {
        let text = format!(
            "#set document(title: \"a\")\n#for sheet in batch.sheets {{ page[#sheet.login #sheet.secret]\n{more} }}"
        );
        let class = Batch { duplex: true, ..batch(3) };
        typeset(&class, Some(&format!("#import \"rentree.typ\": *\n{text}")))
    };
    let error = refusal(own(""));
    assert!(matches!(error, TypesetError::OnABack { .. }), "{error:?}");
    assert!(own("page[Au dos]").is_ok(), "{:?}", own("page[Au dos]").err());
}
