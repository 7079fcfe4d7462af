//! What the fuzz targets call, and what the ordinary tests replay over their corpus: each takes any bytes and must come
//! back, without panic and within its limits.

use std::io::Write as _;
use std::sync::Arc;

use super::table::{Earlier, Layout, School, TableSpec};
use super::values::Uai;
use super::{
    Category, Census, Delivery, DeliveryKind, FeedError, Finding, Limits, Location, Part, ReadOptions, Record, Sink,
    discover, read,
};

/// Limits that keep one try short.
fn limits() -> Limits {
    Limits { unpacked: 8 << 20, record: 64 << 10, value: 16 << 10, ..Limits::default() }
}

/// Counts what a reader yields.
#[derive(Debug, Default)]
struct Count {
    records: u64,
    findings: u64,
}

impl Sink for Count {
    fn record(&mut self, record: Record) {
        self.records += u64::from(!record.key.is_empty());
    }

    fn finding(&mut self, finding: Finding) {
        self.findings += u64::from(!finding.message.is_empty());
    }
}

/// Reads bytes as a file of pupils; gives records and findings.
pub fn aaf(bytes: &[u8]) -> Result<(u64, u64), FeedError> {
    let io = |source| FeedError::Io { path: std::env::temp_dir(), source };
    let mut file = tempfile::NamedTempFile::new().map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    let part = Part {
        category: Category::Pupil,
        name: Arc::from("A_Complet_20260901_Eleve_0000.xml"),
        number: Some(0),
        size: bytes.len() as u64,
        location: Location::File(file.path().into()),
    };
    let delivery = Delivery { kind: DeliveryKind::Complete, date: None, parts: vec![part], findings: Vec::new() };
    let mut count = Count::default();
    let reading = read(&delivery, &ReadOptions { threads: 1, limits: limits() }, &mut count)?;
    let conclusion = Census::new().conclude(&delivery, &reading);
    Ok((count.records, count.findings + conclusion.findings.len() as u64))
}

/// Looks for a delivery in bytes taken for an archive, and reads it; gives records and findings.
pub fn archive(bytes: &[u8]) -> Result<(u64, u64), FeedError> {
    let io = |source| FeedError::Io { path: std::env::temp_dir(), source };
    let mut file = tempfile::NamedTempFile::new().map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    let delivery = discover(file.path(), &limits())?;
    let mut count = Count::default();
    read(&delivery, &ReadOptions { threads: 1, limits: limits() }, &mut count)?;
    Ok((count.records, count.findings + delivery.findings.len() as u64))
}

/// Reads bytes as tables: as pupils with relatives beside them, as relatives, as teachers, and as a spreadsheet; gives
/// records and findings.
pub fn table(bytes: &[u8]) -> Result<(u64, u64), FeedError> {
    let folder = tempfile::tempdir().map_err(|source| FeedError::Io { path: std::env::temp_dir(), source })?;
    let io = |source| FeedError::Io { path: folder.path().into(), source };
    let school = Uai::parse("0350999X").map(School::new);
    let spec = TableSpec::new(folder.path().into(), Layout::Csv, school);
    let whole = "Nom;Prénom;Date de naissance;Classe\nLE GALL;Léa;17/03/2014;6A\n";
    let relatives = "Nom responsable;Prénom responsable;Nom enfant;Prénom enfant\nLE GALL;Maude;LE GALL;Léa\n";
    let mut count = Count::default();
    for (name, other) in [
        ("eleves.csv", Some(("responsables.csv", relatives))),
        ("responsables.csv", Some(("eleves.csv", whole))),
        ("enseignants.csv", None),
        ("eleves.xlsx", None),
    ] {
        std::fs::write(folder.path().join(name), bytes).map_err(io)?;
        if let Some((other, text)) = other {
            std::fs::write(folder.path().join(other), text).map_err(io)?;
        }
        match super::table::discover(&spec, &limits()) {
            Ok(delivery) => {
                let options = ReadOptions { threads: 1, limits: limits() };
                let reading = super::table::read(&delivery, &spec, &options, &Earlier::default(), &mut count)?;
                count.findings += super::table::conclude(&delivery, &spec, &reading).findings.len() as u64;
            }
            Err(FeedError::NoTable { .. }) => {}
            Err(error) => return Err(error),
        }
        for entry in std::fs::read_dir(folder.path()).map_err(io)?.flatten() {
            std::fs::remove_file(entry.path()).map_err(io)?;
        }
    }
    Ok((count.records, count.findings))
}
