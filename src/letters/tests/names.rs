//! Names as exports hold them, or could: each prints as it can be read, and a sheet that cannot be printed does not take
//! its class with it.

use unicode_normalization::UnicodeNormalization as _;

use super::*;

/// A name, and what is on the paper.
const NAMES: [(&str, &str); 92] = [
    ("Zoé L'HELGOUALC'H", "Zoé L'HELGOUALC'H"),
    ("Zoé L’HELGOUALC’H", "Zoé L’HELGOUALC’H"),
    ("Œuvre DE LAŸ", "Œuvre DE LAŸ"),
    ("Ÿves HAŸ", "Ÿves HAŸ"),
    ("Anaïs GROSS-MÜLLER", "Anaïs GROSS-MÜLLER"),
    ("Straße ẞ ß", "Straße ẞ ß"),
    ("Ælfric ÞORN", "Ælfric ÞORN"),
    ("İpek ığdır", "İpek ığdır"),
    ("Łukasz ŻÓŁĆ", "Łukasz ŻÓŁĆ"),
    ("Ñandú ÇELEBI", "Ñandú ÇELEBI"),
    ("Đặng NGUYỄN", "Đặng NGUYỄN"),
    ("Ø Å Æ", "Ø Å Æ"),
    ("Jean-Christophe DE LA ROCHE", "Jean-Christophe DE LA ROCHE"),
    ("M. d'«Ormesson»", "M. d'«Ormesson»"),
    ("Marie–Ange", "Marie–Ange"),
    ("O'Brien", "O'Brien"),
    ("OʼBrien", "OʼBrien"),
    ("O′Brien", "O′Brien"),
    ("Zoé ‘X’", "Zoé ‘X’"),
    ("“Zoé”", "“Zoé”"),
    ("Zoé…", "Zoé…"),
    ("n° 5", "n° 5"),
    ("1er Ier", "1er Ier"),
    ("€ £ ¥", "€ £ ¥"),
    ("½ ¼ ¾ ²³", "½ ¼ ¾ ²³"),
    ("Ǆ ǅ ǆ", "Ǆ ǅ ǆ"),
    ("ﬁn ﬂeur", "ﬁn ﬂeur"),
    ("Zoe\u{301} NOE\u{308}L", "Zoé NOËL"),
    ("A\u{30a}ngstro\u{308}m", "Ångström"),
    ("c\u{327}a", "ça"),
    ("#panic(\"x\")", "#panic(\"x\")"),
    ("$x$", "$x$"),
    ("*gras*", "*gras*"),
    ("_souligné_", "_souligné_"),
    ("`code`", "`code`"),
    ("@label", "@label"),
    ("<label>", "<label>"),
    ("[contenu]", "[contenu]"),
    ("{bloc}", "{bloc}"),
    ("a // b", "a // b"),
    ("a /* b */ c", "a /* b */ c"),
    ("\\n", "\\n"),
    ("\\u{41}", "\\u{41}"),
    ("#{1+1}", "#{1+1}"),
    ("= Titre", "= Titre"),
    ("- liste", "- liste"),
    ("+ liste", "+ liste"),
    ("/ terme: x", "/ terme: x"),
    ("~ -- ---", "~ -- ---"),
    ("#import \"x\": *", "#import \"x\": *"),
    ("#read(\"/etc/passwd\")", "#read(\"/etc/passwd\")"),
    ("#set page(width: 0pt)", "#set page(width: 0pt)"),
    ("#eval(\"1\")", "#eval(\"1\")"),
    ("#let x = 1", "#let x = 1"),
    ("100%", "100%"),
    ("&amp;", "&amp;"),
    ("#sys.inputs", "#sys.inputs"),
    ("<b>Zoé</b>", "<b>Zoé</b>"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("=1+1", "=1+1"),
    ("+33 1 23", "+33 1 23"),
    ("-2+3", "-2+3"),
    ("@SUM(A1)", "@SUM(A1)"),
    ("=HYPERLINK(\"http://x\")", "=HYPERLINK(\"http://x\")"),
    ("'; DROP TABLE name;--", "'; DROP TABLE name;--"),
    ("\"guillemets\"", "\"guillemets\""),
    ("a;b,c|d", "a;b,c|d"),
    ("$(rm -rf /)", "$(rm -rf /)"),
    ("%s %d %n", "%s %d %n"),
    ("../../etc/passwd", "../../etc/passwd"),
    ("C:\\Windows", "C:\\Windows"),
    ("Robert'); --", "Robert'); --"),
    ("Zoé\u{9}MARTIN", "Zoé MARTIN"),
    ("Zoé\u{a}MARTIN", "Zoé MARTIN"),
    ("Zoé\u{d}\u{a}MARTIN", "Zoé MARTIN"),
    ("Zoé\u{0}MARTIN", "Zoé MARTIN"),
    ("  Zoé   MARTIN  ", "Zoé MARTIN"),
    ("Zoé\u{2003}MARTIN", "Zoé MARTIN"),
    ("Zoé\u{2028}MARTIN", "Zoé MARTIN"),
    ("\u{7}Zoé", "Zoé"),
    ("Zo\u{200b}é", "Zoé"),
    ("Zo\u{ad}é", "Zoé"),
    ("\u{feff}Zoé", "Zoé"),
    ("Zoé\u{202e}NITRAM", "ZoéNITRAM"),
    ("\u{2066}Zoé\u{2069}", "Zoé"),
    ("Zo\u{200d}é", "Zoé"),
    ("Zo\u{2060}é", "Zoé"),
    ("Zoé\u{fe0f}", "Zoé"),
    ("अनिल", "अनिल"),
    ("Жук Иванович", "Жук Иванович"),
    ("ΑΩ Παπαδόπουλος", "ΑΩ Παπαδόπουλος"),
    ("Ђорђе ЏОРЏ", "Ђорђе ЏОРЏ"),
];

/// Written from the right: the letters are there, whatever the order in which a reader of the text gives them.
const FROM_THE_RIGHT: [&str; 4] = ["עבדאללה", "محمد", "عبد الله بن محمد", "אבגד דהוז"];

/// What no shipped font has shows as a square, and is told.
const WITHOUT_GLYPH: [&str; 5] = ["👩‍👧 Zoé", "Zoé 😀", "王伟", "សុខា", "Zoé \u{e000}"];

fn class_of<'n>(names: impl Iterator<Item = &'n str>) -> Batch {
    let mut class = batch(0);
    for (n, name) in names.enumerate() {
        let address = vec![name.to_owned(), "3 rue des Lilas".to_owned(), "35000 RENNES".to_owned()];
        class.sheets.push(Sheet { name: name.to_owned(), address, ..pupil(n) });
    }
    class
}

/// The text of each page, on one line with single blanks.
fn pages(class: &Batch) -> Vec<String> {
    let text = text(&typeset(class, None).unwrap(), true);
    let pages = text.split('\u{c}').filter(|page| !page.trim().is_empty());
    pages.map(|page| page.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_hundred_nasty_names_print_as_they_are_read() {
    assert!(NAMES.len() + FROM_THE_RIGHT.len() + WITHOUT_GLYPH.len() >= 100);
    let class = class_of(NAMES.iter().map(|(name, _)| *name));
    assert!(class.inspect().iter().all(|notice| !notice.is_refusal()), "{:?}", class.inspect());
    let pages = pages(&class);
    assert_eq!(pages.len(), NAMES.len(), "a page each");
    // A reader of the text guesses the blanks from the distances.
    let solid = |text: &str| text.split_whitespace().collect::<String>();
    for ((name, shown), page) in NAMES.iter().zip(&pages) {
        assert!(solid(page).contains(&solid(shown)), "{name:?} is not {shown:?} in {page}");
    }
}

#[test]
fn names_from_the_right_keep_their_letters() {
    let pages = pages(&class_of(FROM_THE_RIGHT.into_iter()));
    let letters = |text: &str| -> Vec<char> {
        let mut letters: Vec<char> = text.nfkc().filter(|c| *c > '\u{590}' && c.is_alphabetic()).collect();
        letters.sort_unstable();
        letters
    };
    for (name, page) in FROM_THE_RIGHT.iter().zip(&pages) {
        // On the sheet and in its address.
        let twice: Vec<char> = letters(&name.repeat(2));
        assert_eq!(letters(page), twice, "{name:?} in {page}");
    }
}

#[test]
fn what_has_no_glyph_is_seen_and_told() {
    let class = class_of(WITHOUT_GLYPH.into_iter());
    let notices = class.inspect();
    for (sheet, page) in class.sheets.iter().zip(pages(&class)) {
        assert!(page.contains('□'), "{:?} in {page}", sheet.name);
        let told = notices.iter().any(|n| n.serial.as_ref() == Some(&sheet.serial) && n.problem == Problem::Replaced);
        assert!(told, "{:?}", sheet.name);
    }
}

#[test]
fn a_name_of_any_length_stays_on_its_page() {
    for name in ["W".repeat(120), "Œ".repeat(400), "Anne ".repeat(60), "a-".repeat(200)] {
        let class = class_of([name.as_str(), "Zoé SUITE"].into_iter());
        let pages = pages(&class);
        assert_eq!(pages.len(), 2, "{name}");
        assert!(pages[1].contains("Zoé SUITE"));
    }
}
