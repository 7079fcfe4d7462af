//! Speed of the readers: of the AAF, in bytes of XML a second (one part of pupils, read and validated by one thread and
//! by two), and of tables, in bytes of CSV a second (one file of pupils as ONDE writes it, on one thread).
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

/// Rows in the table: about 20 MB.
const ROWS: usize = 100_000;

/// An extraction of pupils with ONDE's columns.
fn rows(count: usize) -> String {
    let mut out = String::from(
        "\"Nom élève\";\"Nom d'usage élève\";\"Prénom élève\";\"Date naissance\";\"Sexe\";\"INE\";\"Adresse1\";\"Cp1\";\"Commune1\";\
         \"Pays1\";\"Adresse2\";\"Cp2\";\"Commune2\";\"Pays2\";\" Cycle\";\"Niveau\";\"Libellé classe\";\"Identifiant classe\";\
         \"Attestation fournie\";\"Autorisation associations\";\"Autorisation photo\";\"Décision de passage\"\r\n",
    );
    for n in 0..count {
        let surname = ["LE GALL", "MARTIN", "D'ARC", "PÉRON", "DUPONT-LEFÈVRE"][n % 5];
        let _ = write!(
            out,
            "\"{surname}\";;\"Élodie {n}\";\"{:02}/03/2014\";\"F\";;\"{n} rue des Lilas\";\"35400\";\"Saint-Malo\";\"FRANCE\";\
             ;;;;\"CYCLE III\";\"CM1\";\"Classe de Mme Petit {}\";\"{}\";\"Oui\";\"Non\";\"Oui\";\r\n",
            n % 28 + 1,
            n % 40,
            4400 + n % 40
        );
    }
    out
}

fn tables(criterion: &mut Criterion) {
    let text = rows(ROWS);
    let (latin, ..) = encoding_rs::WINDOWS_1252.encode(&text);
    let mut group = criterion.benchmark_group("table");
    for (name, bytes) in [("utf-8", text.as_bytes()), ("windows-1252", &latin[..])] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("eleves.csv"), bytes).expect("a file");
        let school = Uai::parse("0350999X").map(School::new);
        let spec = TableSpec::new(folder.path().into(), Layout::Onde, school);
        let delivery = table::discover(&spec, &Limits::default()).expect("a delivery");
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        group.bench_function(name, |bencher| {
            let options = ReadOptions { threads: 1, ..ReadOptions::default() };
            bencher.iter(|| {
                table::read(&delivery, &spec, &options, &Earlier::default(), &mut Nowhere).expect("a reading")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, feed, tables);
criterion_main!(benches);
