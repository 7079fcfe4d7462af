//! Speed of the readers: of the AAF, in bytes of XML a second (one part of pupils, read and validated by one thread and
//! by two), and of tables, in bytes of CSV a second (pupils as ONDE and as a template write them).
//!
//! `cargo bench --bench feed`. To compare with a plain XML parser on the same file, `RENTREE_BENCH_KEEP=folder` leaves
//! the file there for `xmllint --stream --noout`.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start says so and stops")]

use std::fmt::Write as _;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rentree::feed::table::{self, Earlier, Layout, School, TableSpec};
use rentree::feed::values::Uai;
use rentree::feed::{Limits, ReadOptions, discover, read};

mod support;

use support::Nowhere;

/// Pupils in the part: about 13 MB.
const PUPILS: usize = 5_000;

/// A part of pupils with the attributes of a recent export.
fn pupils(count: usize) -> String {
    let first_names = ["Léa", "Noé", "Élodie", "Gaël", "Zoé"];
    let surnames = ["LE GALL", "MARTIN", "D'ARC", "PÉRON", "DUPONT-LEFÈVRE"];
    let subjects = [
        ("020700", "FRANCAIS"),
        ("030201", "ANGLAIS LV1"),
        ("040600", "HISTOIRE ET GEOGRAPHIE"),
        ("061300", "MATHEMATIQUES"),
        ("062900", "SCIENCES DE LA VIE ET DE LA TERRE"),
        ("100100", "EDUCATION PHYSIQUE ET SPORTIVE"),
    ];
    let labels: Vec<&str> = subjects.iter().map(|(_, label)| *label).collect();
    let codes: Vec<&str> = subjects.iter().map(|(code, _)| *code).collect();
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">\n\
         <ficAlimMENESR>\n<!-- versionAF=\"AAF-VE2407\" -->\n",
    );
    for n in 0..count {
        let (key, surname) = (n.to_string(), surnames[n % surnames.len()]);
        let class = format!("{}$6{}", 100 + n % 50, ["A", "B", "C"][n % 3]);
        let links = [format!("{}$10$0$1$0$0", 2 * n), format!("{}$20$1$1$0$1", 2 * n + 1)];
        let values: &[(&str, &[&str])] = &[
            ("ENTPersonJointure", &[&key]),
            ("ENTEleveINE", &[""]),
            ("ENTEleveStructRattachId", &[&key]),
            ("ENTPersonDateNaissance", &["17/03/2014"]),
            ("ENTPersonNomPatro", &[surname]),
            ("sn", &[surname]),
            ("givenName", &[first_names[n % first_names.len()]]),
            ("ENTPersonAutresPrenoms", &["Marie", "Anne"]),
            ("personalTitle", &["Mme"]),
            ("ENTElevePersRelEleve", &[&links[0], &links[1]]),
            ("ENTEleveBoursier", &["N"]),
            ("ENTEleveRegime", &["DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT"]),
            ("ENTEleveTransport", &["N"]),
            ("ENTEleveStatutEleve", &["SCOLAIRE"]),
            ("ENTEleveMEF", &["10010012110"]),
            ("ENTEleveLibelleMEF", &["6EME"]),
            ("ENTEleveEnseignements", &labels),
            ("ENTEleveCodeEnseignements", &codes),
            ("ENTPersonStructRattach", &["100"]),
            ("ENTEleveClasses", &[&class]),
            ("ENTEleveGroupes", &[&class, &class]),
            ("ENTPersonAdresse", &["12 rue de la République$$$"]),
            ("ENTPersonCodePostal", &["29000"]),
            ("ENTPersonVille", &["QUIMPER"]),
            ("ENTPersonPays", &["FRANCE"]),
            ("mail", &[""]),
            ("homePhone", &["+33 2 98 01 02 03"]),
        ];
        let _ = write!(
            out,
            "<addRequest>\n<operationalAttributes><attr name=\"categoriePersonne\"><value>Eleve</value></attr>\
             </operationalAttributes>\n<identifier><id>{key}</id></identifier>\n<attributes>\n"
        );
        for (name, values) in values {
            let _ = write!(out, "<attr name=\"{name}\">");
            for value in *values {
                let _ = if value.is_empty() { write!(out, "<value/>") } else { write!(out, "<value>{value}</value>") };
            }
            out.push_str("</attr>\n");
        }
        out.push_str("</attributes>\n</addRequest>\n");
    }
    out.push_str("</ficAlimMENESR>\n");
    out
}

fn feed(criterion: &mut Criterion) {
    let kept = std::env::var_os("RENTREE_BENCH_KEEP").map(PathBuf::from);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let text = pupils(PUPILS);
    std::fs::write(folder.join("BENCH_Complet_20260901_Eleve_0000.xml"), &text).expect("a file");
    let delivery = discover(folder, &Limits::default()).expect("a delivery");
    let mut group = criterion.benchmark_group("aaf");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    for threads in [1, 2] {
        let options = ReadOptions { threads, ..ReadOptions::default() };
        group.bench_function(format!("{threads} threads"), |bencher| {
            bencher.iter(|| read(&delivery, &options, &mut Nowhere).expect("a reading"));
        });
    }
    group.finish();
}

/// Rows in a table: about 20 MB.
const ROWS: usize = 100_000;

const SURNAMES: [&str; 10] =
    ["LE GALL", "MARTIN", "D'ARC", "PÉRON", "DUPONT-LEFÈVRE", "Nguyen", "BENALI", "DE LA TOUR", "ŒUVRARD", "KERVELLA"];
const FIRST_NAMES: [&str; 10] =
    ["Élodie", "Noé", "Léa", "Jean-Baptiste", "Zoé", "Inès", "Maël", "Anaïs", "Adam", "Chloé"];
const STREETS: [&str; 6] = [
    "rue des Lilas",
    "avenue de la République",
    "impasse du Vieux Puits",
    "rue \"\"Ar Mor\"\"",
    "boulevard Clémenceau",
    "lieu-dit Kergoat",
];
const TOWNS: [(&str, &str); 5] =
    [("35400", "SAINT-MALO"), ("35800", "DINARD"), ("22100", "DINAN"), ("35000", "RENNES"), ("29000", "QUIMPER")];

/// A column of invented people, some of it in each row.
fn pick<T: Copy>(list: &[T], n: usize, step: usize) -> T {
    list[n / step % list.len()]
}

/// An extraction of pupils with ONDE's columns: every cell that holds something is quoted.
fn onde(count: usize) -> String {
    let mut out = String::from(
        "\"Nom élève\";\"Nom d'usage élève\";\"Prénom élève\";\"Date naissance\";\"Sexe\";\"INE\";\"Adresse1\";\"Cp1\";\"Commune1\";\
         \"Pays1\";\"Adresse2\";\"Cp2\";\"Commune2\";\"Pays2\";\" Cycle\";\"Niveau\";\"Libellé classe\";\"Identifiant classe\";\
         \"Attestation fournie\";\"Autorisation associations\";\"Autorisation photo\";\"Décision de passage\"\r\n",
    );
    for n in 0..count {
        let (surname, first, street) = (pick(&SURNAMES, n, 1), pick(&FIRST_NAMES, n, 7), pick(&STREETS, n, 3));
        let (code, town) = pick(&TOWNS, n, 11);
        let (level, teacher, class) =
            (pick(&["CP", "CE1", "CE2", "CM1", "CM2"], n, 25), pick(&SURNAMES, n, 25), n / 25);
        let _ = write!(
            out,
            "\"{surname}\";;\"{first} {n}\";\"{:02}/{:02}/{}\";\"{}\";\"{:09}HK\";\"{} {street}\";\"{code}\";\"{town}\";\"FRANCE\";\
             ;;;;\"CYCLE III\";\"{level}\";\"{level} Mme {teacher}\";\"{class}\";\"Oui\";\"Non\";\"Oui\";\r\n",
            n % 28 + 1,
            n / 3 % 12 + 1,
            2015 + n % 5,
            pick(&["F", "M"], n, 1),
            n * 7 + 1,
            n % 200 + 1,
        );
    }
    out
}

/// A template of pupils, as the console of an ENT gives it: no quotes, phones and addresses of mail.
fn template(count: usize) -> String {
    let mut out = String::from(
        "Id;Nom;Prénom;Date de naissance;Sexe;Classe;Groupes;Adresse;Code postal;Ville;Téléphone;Portable;Courriel;Régime;Boursier\n",
    );
    for n in 0..count {
        let (surname, first) = (pick(&SURNAMES, n, 1), pick(&FIRST_NAMES, n, 7));
        let (code, town) = pick(&TOWNS, n, 11);
        let _ = writeln!(
            out,
            "{};{surname};{first};{:02}/{:02}/{};{};6{};6{} GR{};{} {};{code};{town};02 99 {:02} 22 33;06{:08};p{n}@example.fr;EXTERNE LIBRE;{}",
            n + 1000,
            n % 28 + 1,
            n / 3 % 12 + 1,
            2010 + n % 5,
            pick(&["F", "M"], n, 1),
            pick(&["A", "B", "C", "D"], n, 25),
            pick(&["A", "B", "C", "D"], n, 25),
            n % 3 + 1,
            n % 200 + 1,
            pick(&["rue des Lilas", "avenue de la République", "impasse du Vieux Puits"], n, 3),
            n % 100,
            n % 100_000_000,
            pick(&["oui", "non"], n, 5),
        );
    }
    out
}

/// Reads of tables of pupils to records, by one thread and by two; bytes to cells of text alone; and what the `csv` crate
/// takes to find the same cells, which it leaves as bytes.
fn tables(criterion: &mut Criterion) {
    let (onde, template) = (onde(ROWS), template(ROWS));
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(&onde);
    let mut group = criterion.benchmark_group("table");
    for (name, bytes) in
        [("onde utf-8", onde.as_bytes()), ("onde windows-1252", &latin[..]), ("template", template.as_bytes())]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("eleves.csv");
        std::fs::write(&path, bytes).expect("a file");
        let school = Uai::parse("0350999X").map(School::new);
        let spec = TableSpec::new(folder.path().into(), Layout::Csv, school);
        let delivery = table::discover(&spec, &Limits::default()).expect("a delivery");
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        group.bench_function(format!("{name}: decoded"), |bencher| {
            bencher.iter(|| {
                let decoded = table::decode(&delivery, &spec, &Limits::default()).expect("a table");
                assert!(decoded.rows == ROWS as u64 + 1);
                decoded
            });
        });
        group.bench_function(format!("{name}: csv crate"), |bencher| {
            bencher.iter(|| {
                let mut reader =
                    csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_path(&path).expect("a file");
                let mut record = csv::ByteRecord::new();
                let mut cells = 0;
                while reader.read_byte_record(&mut record).expect("a row") {
                    cells += record.len();
                }
                cells
            });
        });
        for threads in [1, 2] {
            let options = ReadOptions { threads, ..ReadOptions::default() };
            group.bench_function(format!("{name}: {threads} threads"), |bencher| {
                bencher.iter(|| {
                    table::read(&delivery, &spec, &options, &Earlier::default(), &mut Nowhere).expect("a reading")
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, feed, tables);
criterion_main!(benches);
