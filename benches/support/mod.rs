//! What several benchmarks need; each uses a part of it.

#![allow(dead_code)]

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

use rentree::directory::{Directory, Dn, Entry, Operation, Pace, Value, ldif};
use rentree::feed::{Finding, Record, Sink};

/// As in the program: what threads hand over to each other is freed by another than took it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const SUFFIX: &str = "dc=esco-centre,dc=fr";
/// Operations that a directory is given at once.
pub const BATCH: usize = 1_000;

/// A part of the configuration: hashes that take next to no time, for a benchmark of something else.
pub const CHEAPEST_HASHES: &str = "[credentials.argon2]\nmemory_kib = 64\npasses = 1\nlanes = 1\nallow_weak = true\n\n";

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A sink that drops what it is given, without the compiler dropping the work.
pub struct Nowhere;

impl Sink for Nowhere {
    fn record(&mut self, record: Record) {
        black_box(record);
    }

    fn finding(&mut self, finding: Finding) {
        black_box(finding);
    }
}

pub fn people() -> Result<Dn, Failure> {
    Ok(Dn::parse(&format!("ou=people,{SUFFIX}"))?)
}

pub fn class(code: &str) -> Value {
    Value::from(format!("ENTStructureSIREN=19350001400012,ou=structures,{SUFFIX}${code}"))
}

/// A pupil of 22 attributes.
pub fn person(i: usize) -> Result<Entry, Failure> {
    let uid = format!("F26{:05x}", i.wrapping_mul(7_919) % 1_048_576);
    let mut entry = Entry::new(people()?.child("uid", &uid));
    let structure = format!("ENTStructureSIREN=19350001400012,ou=structures,{SUFFIX}");
    entry.push("objectClass", ["inetOrgPerson", "ENTPerson", "ENTEleve"]);
    entry.push("uid", [uid.clone()]);
    entry.push("ENTEleveClasses", [class("6A")]);
    for (name, value) in [
        ("cn", format!("MARTIN ZOE {i}")),
        ("sn", format!("Martin-{i}")),
        ("givenName", "Zoé".to_owned()),
        ("displayName", format!("Zoé MARTIN-{i}")),
        ("ENTPersonLogin", format!("zoe.martin{i}")),
        ("ENTPersonJointure", format!("AC-RENNES${i}")),
        ("ENTPersonDateNaissance", "01/02/2014".to_owned()),
        ("ENTPersonSexe", "F".to_owned()),
        ("ENTPersonAutresPrenoms", "Zoé".to_owned()),
        ("ENTPersonStructRattach", structure.clone()),
        ("ENTPersonProfils", "National_ELV".to_owned()),
        ("ENTEleveStructRattachId", format!("{i}")),
        ("ENTEleveStatutEleve", "ST".to_owned()),
        ("ENTEleveMEF", "10010012110".to_owned()),
        ("ENTEleveLibelleMEF", "6EME".to_owned()),
        ("ENTEleveNivFormation", "6EME".to_owned()),
        ("ENTEleveFiliere", "COLLEGE".to_owned()),
        ("ENTEleveMajeur", "N".to_owned()),
        ("userPassword", format!("{{ARGON2}}$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0${i:043}")),
    ] {
        entry.push(name, [value]);
    }
    Ok(entry)
}

/// Writes entries to a server as an apply does.
pub async fn execute(directory: &dyn Directory, operations: &[Operation]) -> Result<(), Failure> {
    for batch in operations.chunks(BATCH) {
        directory.execute(batch, &Pace::unlimited()).await.into_iter().collect::<Result<(), _>>()?;
    }
    Ok(())
}

/// Entries as a file for OpenLDAP's tools, in a folder that is there.
pub fn ldif_file(folder: &Path, name: &str, entries: &[Entry]) -> Result<String, Failure> {
    let path = folder.join(format!("{name}.ldif"));
    let mut text = Vec::new();
    for entry in entries {
        ldif::write_entry(&mut text, entry)?;
    }
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// One `ldapadd` a file, all at the same time.
pub fn ldapadd(url: &str, bind_dn: &str, password_file: &Path, files: &[String]) -> Result<(), Failure> {
    let running = files
        .iter()
        .map(|file| {
            Command::new("ldapadd")
                .args(["-x", "-H", url, "-D", bind_dn, "-f", file, "-y"])
                .arg(password_file)
                .stdout(Stdio::null())
                .spawn()
        })
        .collect::<Result<Vec<_>, _>>()?;
    for mut process in running {
        if !process.wait()?.success() {
            return Err("ldapadd failed".into());
        }
    }
    Ok(())
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// User and system time of this process: fields 14 and 15 of `/proc/self/stat`, in hundredths.
pub fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|f| f.parse::<f64>().ok()).sum::<f64>() / 100.0
}
