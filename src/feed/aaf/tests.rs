//! Support of the reader's tests: parts in memory, synthetic requests, a sink that keeps everything.

mod carriers;
mod damage;
mod encodings;
mod golden;
mod records;

use std::fmt::Write as _;

use super::*;
use crate::feed::kept::Kept;
use crate::feed::{Census, Code, Completeness, DeliveryKind, Finding, Request, discover};

impl Kept {
    fn codes(&self) -> Vec<Code> {
        self.findings.iter().map(|f| f.code).collect()
    }

    fn finding_of(&self, code: Code) -> &Finding {
        self.findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("no {code:?} in {:#?}", self.findings))
    }

    fn keys(&self) -> Vec<&str> {
        self.records.iter().map(|r| r.key.as_str()).collect()
    }
}

/// Parts held in memory.
#[derive(Default)]
struct Memory {
    parts: Vec<Vec<u8>>,
    open: io::Cursor<Vec<u8>>,
}

impl Source for Memory {
    fn open(&mut self, part: usize) -> io::Result<()> {
        self.open = io::Cursor::new(self.parts[part].clone());
        Ok(())
    }
}

impl io::Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.open.read(buffer)
    }
}

fn delivery(kind: DeliveryKind, categories: &[Category]) -> Delivery {
    let part = |(number, &category): (usize, &Category)| Part {
        category,
        name: format!("A_Complet_20260901_{}_{number:04}.xml", category.token()).as_str().into(),
        number: u32::try_from(number).ok(),
        size: 0,
        location: Location::File("memory".into()),
    };
    let parts = categories.iter().enumerate().map(part).collect();
    Delivery { kind, date: Some(jiff::civil::date(2026, 9, 1)), parts, findings: Vec::new() }
}

fn read_parts(kind: DeliveryKind, parts: &[(Category, &[u8])], threads: usize) -> (Kept, Reading) {
    let categories: Vec<Category> = parts.iter().map(|(category, _)| *category).collect();
    let delivery = delivery(kind, &categories);
    let source = Memory { parts: parts.iter().map(|(_, bytes)| bytes.to_vec()).collect(), ..Memory::default() };
    let mut kept = Kept::default();
    let options = ReadOptions { threads, ..ReadOptions::default() };
    let reading = read_from(source, &delivery, &options, &mut kept).unwrap_or_else(|TooMuch| panic!("too much"));
    (kept, reading)
}

fn read_one(category: Category, bytes: impl AsRef<[u8]>) -> (Kept, Reading) {
    read_parts(DeliveryKind::Complete, &[(category, bytes.as_ref())], 1)
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">\n\
                    <ficAlimMENESR>\n<!-- versionAF=\"AAF-VE2407\" -->\n<!-- degre=\"2D\" -->\n";
const FOOT: &str = "</ficAlimMENESR>\n";

fn attributes(list: &[(&str, &[&str])]) -> String {
    let mut out = String::new();
    for (name, values) in list {
        let values: String = values.iter().map(|v| format!("<value>{v}</value>")).collect();
        writeln!(out, "<attr name=\"{name}\">{values}</attr>").expect("a string");
    }
    out
}

fn request(category: Category, key: &str, attributes: &str) -> String {
    let token = category.operational_value();
    format!(
        "<addRequest>\n<operationalAttributes><attr name=\"c\"><value>{token}</value></attr></operationalAttributes>\n\
         <identifier><id>{key}</id></identifier>\n<attributes>\n{attributes}</attributes>\n</addRequest>\n"
    )
}

fn pupil(key: &str, more: &[(&str, &[&str])]) -> String {
    let base: &[(&str, &[&str])] = &[
        ("sn", &["LE GALL"]),
        ("givenName", &["Léa"]),
        ("ENTPersonDateNaissance", &["17/03/2014"]),
        ("ENTEleveClasses", &["10$6A"]),
    ];
    request(Category::Pupil, key, &(attributes(base) + &attributes(more)))
}

fn file(body: &str) -> String {
    format!("{HEAD}{body}{FOOT}")
}
