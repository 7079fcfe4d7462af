//! What several benchmarks need; each uses a part of it.

#![allow(dead_code)]

use std::hint::black_box;

use rentree::directory::{Dn, Entry, Value};
use rentree::feed::{Finding, Record, Sink};

/// As in the program: what threads hand over to each other is freed by another than took it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub const SUFFIX: &str = "dc=esco-centre,dc=fr";
/// As many operations as an apply sends between two entries of its journal.
pub const BATCH: usize = 1_000;

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
