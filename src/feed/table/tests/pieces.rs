//! Several threads and pieces of any size read what one thread reads from one piece.

use proptest::prelude::*;

use super::super::reader::read_by;
use super::*;

/// Everything that a reading gives, in the order in which it gives it.
fn told(folder: &Path, block: usize, threads: usize) -> String {
    let spec = TableSpec { school: None, ..spec(folder, Layout::Csv) };
    let delivery = discover(&spec, &Limits::default()).expect("a delivery");
    let mut kept = Kept::default();
    let options = ReadOptions { threads, ..ReadOptions::default() };
    let reading =
        read_by(block, &delivery, &spec, &options, &Earlier::default(), &mut kept).expect("within the limits");
    // How often the progress is told depends on the pieces, what it adds up to does not.
    format!("{kept:#?}\n{reading:?}")
}

/// A row of a table: cells that are right, odd or wrong, and rows that are none.
fn row(cells: Vec<BoxedStrategy<&'static str>>, odd: &'static [&'static str]) -> BoxedStrategy<String> {
    let usual = cells.prop_map(|cells| cells.join(";"));
    prop_oneof![20 => usual, 1 => prop::sample::select(odd).prop_map(str::to_owned)].boxed()
}

fn one_of(cells: &'static [&'static str]) -> BoxedStrategy<&'static str> {
    prop::sample::select(cells).boxed()
}

const SCHOOLS: &[&str] = &["", "0350998W", "0350997V", "0350999X", "0350999X", "pas une UAI !"];
const NAMES: &[&str] = &["LE GALL", "MARTIN", "\"O'NEIL\"", "PÉRON", "", "HÃ‰RON", "\"A \"\"B\"\"\""];
const FIRST: &[&str] = &["Léa", "Noé", "Ana\u{7}", "Zoé", " Eva ", ""];
const CLASSES: &[&str] = &["CE1", "ce1", "CE2", "CE1, CE2", "\"CM1\nA\"", "6A$MATHS", "CE1|CM1", ""];
const PHONES: &[&str] = &["0299112233", "299112233", "02 99 11 22 33", "0000000000", "abc", ""];

fn pupils() -> BoxedStrategy<Vec<String>> {
    let cells = vec![
        one_of(SCHOOLS),
        one_of(NAMES),
        one_of(FIRST),
        one_of(&["17/03/2014", "2014-03-18", "7032014", "31/02/2014", ""]),
        one_of(CLASSES),
        one_of(CLASSES),
        one_of(&["oui", "non", "peut-être", ""]),
        one_of(PHONES),
        one_of(&["x", ""]),
    ];
    let odd = &[
        "",
        ";;;;",
        "UAI;Nom;Prénom;Date de naissance;Classe;Groupes;Boursier;Téléphone;Truc",
        "0350999X;a;b;c;d;e;f;g;h;i;j",
        "0350999X;LE GALL;Léa;17/03/2014;CE1;;;;\u{1}",
        "Intitulé;Adresse organisme",
        "0350999X;\"LE GALL;Léa;17/03/2014;CE1;;;;",
    ];
    prop::collection::vec(row(cells, odd), 0..40).boxed()
}

fn adults() -> BoxedStrategy<Vec<String>> {
    let cells = vec![
        one_of(SCHOOLS),
        one_of(&["DURAND", "PETIT", ""]),
        one_of(&["Maude", "Yann"]),
        one_of(&["1 rue du Port", "2 rue du Port", "\"3 rue\ndu Port\""]),
        one_of(PHONES),
        one_of(NAMES),
        one_of(FIRST),
        one_of(CLASSES),
    ];
    let odd = &["UAI;Nom responsable;Prénom responsable;Adresse;Téléphone;Nom enfant;Prénom enfant;Classe enfant", ";"];
    prop::collection::vec(row(cells, odd), 0..40).boxed()
}

fn teachers() -> BoxedStrategy<Vec<String>> {
    let cells = vec![
        one_of(SCHOOLS),
        one_of(NAMES),
        one_of(FIRST),
        one_of(&["M.", "Mme", "Dr", ""]),
        one_of(CLASSES),
        one_of(&["oui", "non", "?"]),
        one_of(&["", "Secrétaire de mairie", "ENS"]),
    ];
    prop::collection::vec(row(cells, &["", "x;y;z;;;;;;;;u"]), 0..20).boxed()
}

/// A file: its rows, one byte of which may be none of UTF-8.
fn file(header: &str, rows: &[String], end: &str) -> Vec<u8> {
    let text: String = [header].into_iter().chain(rows.iter().map(String::as_str)).flat_map(|row| [row, end]).collect();
    let stray = |b: u8| if b == 1 { 0xe9 } else { b };
    text.bytes().map(stray).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_pieces_and_threads_give_the_same(
        pupils in pupils(),
        adults in adults(),
        teachers in teachers(),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        block in 9_usize..400,
        threads in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let header = "UAI;Nom;Prénom;Date de naissance;Classe;Groupes;Boursier;Téléphone;Truc";
        let relatives = "UAI;Nom responsable;Prénom responsable;Adresse;Téléphone;Nom enfant;Prénom enfant;Classe enfant";
        write(folder.path(), &[
            ("eleves.csv", file(header, &pupils, end)),
            ("responsables_0350999X.csv", file(relatives, &adults, end)),
            ("enseignants.csv", file("UAI;Nom;Prénom;Civilité;Classe;Directeur;Fonction", &teachers, end)),
        ]);
        let whole = told(folder.path(), 1 << 20, 1);
        let pieces = told(folder.path(), block, threads);
        if whole != pieces {
            let differs = whole.lines().zip(pieces.lines()).find(|(a, b)| a != b);
            prop_assert!(false, "{differs:?} with blocks of {block} and {threads} threads\n{whole}");
        }
    }
}
