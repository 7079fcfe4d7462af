use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::feed::{Census, Code, Completeness, DeliveryKind, Finding, Record, Request, discover};

/// Everything that a reading gave.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    records: Vec<Record>,
    findings: Vec<Finding>,
    progress: u64,
}

impl Sink for Kept {
    fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn progress(&mut self, bytes: u64) {
        self.progress += bytes;
    }
}

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

#[test]
fn a_pupil_with_its_origin() {
    let (kept, reading) = read_one(Category::Pupil, file(&(pupil("1", &[]) + &pupil("2", &[("mail", &[""])]))));
    assert_eq!(kept.findings, []);
    assert_eq!(kept.keys(), ["1", "2"]);
    let second = &kept.records[1];
    assert_eq!((second.category, second.request, second.part, second.line), (Category::Pupil, Request::Add, 0, 16));
    assert_eq!(second.fields.first("givenName"), Some("Léa"));
    assert!(second.fields.contains("mail") && second.fields.first("mail").is_none());
    assert_eq!(reading.read, [0, 0, 0, 2, 0, 0]);
    assert_eq!(reading.rejected, [0; 6]);
    assert_eq!(reading.header, [("versionAF".into(), "AAF-VE2407".into()), ("degre".into(), "2D".into())]);
    assert_eq!(reading.bytes, kept.progress);
    assert!(reading.broken.is_empty());
}

#[test]
fn every_encoding_says_the_same() {
    let text = file(&pupil("1", &[("ENTPersonVille", &["Bœuf-Île, 3 €"])]));
    let declared = |label: &str| text.replace("UTF-8", label);
    let undeclared = text.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "");
    let bytes = |text: &str, encoding: &'static encoding_rs::Encoding| encoding.encode(text).0.into_owned();
    let cp1252 = encoding_rs::WINDOWS_1252;
    for (bytes, codes) in [
        (text.clone().into_bytes(), vec![]),
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), vec![]),
        // Encoders write what ISO-8859-15 really has: œ and € are in it.
        (iso_8859_15(&declared("ISO-8859-15")), vec![]),
        (bytes(&declared("windows-1252"), cp1252), vec![]),
        (bytes(&declared("ISO-8859-1"), cp1252), vec![]),
        (undeclared.clone().into_bytes(), vec![Code::MissingDeclaration]),
        (bytes(&undeclared, cp1252), vec![Code::MissingDeclaration, Code::EncodingFallback]),
        (bytes(&text, cp1252), vec![Code::EncodingFallback]),
        (text.replace('\n', "\r\n").into_bytes(), vec![]),
    ] {
        let (kept, reading) = read_one(Category::Pupil, &bytes);
        assert_eq!(kept.codes(), codes);
        assert_eq!(kept.records[0].fields.first("ENTPersonVille"), Some("Bœuf-Île, 3 €"));
        assert_eq!(kept.records[0].fields.first("givenName"), Some("Léa"));
        assert!(reading.broken.is_empty());
    }
}

fn iso_8859_15(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '€' => 0xa4,
            'œ' => 0xbd,
            c => u8::try_from(u32::from(c)).expect("a Latin-9 character"),
        })
        .collect()
}

#[test]
fn one_stray_byte_spoils_one_record_only() {
    let (first, second) = (pupil("1", &[]), pupil("2", &[]));
    let bytes =
        [HEAD.as_bytes(), &encoding_rs::WINDOWS_1252.encode(&first).0, second.as_bytes(), FOOT.as_bytes()].concat();
    let (kept, _) = read_one(Category::Pupil, bytes);
    assert_eq!(kept.records.iter().map(|r| r.fields.first("givenName")).collect::<Vec<_>>(), [Some("Léa"); 2]);
    assert_eq!(kept.finding_of(Code::EncodingFallback).origin.as_ref().map(|o| o.line), Some(6));
}

#[test]
fn utf_16_is_refused_and_said() {
    let bytes: Vec<u8> = file("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (kept, reading) = read_one(Category::Pupil, [b"\xff\xfe", bytes.as_slice()].concat());
    assert_eq!((kept.codes(), reading.broken), (vec![Code::UnknownEncoding], vec![Category::Pupil]));
}

#[test]
fn entities_and_cdata() {
    let values: &[&str] =
        &["A &amp; B &lt;C&gt; &quot;D&quot; &apos;E&apos;", "&Eacute;l&#233;&#xE9;", "<![CDATA[x < y & z]]> t"];
    let (kept, _) = read_one(Category::Pupil, file(&pupil("1", &[("ENTEleveEnseignements", values)])));
    let read: Vec<&str> = kept.records[0].fields.values("ENTEleveEnseignements").collect();
    assert_eq!(read, ["A & B <C> \"D\" 'E'", "Éléé", "x < y & z t"]);
    assert_eq!(kept.findings, []);
}

#[test]
fn unknown_entities_cost_their_value_and_a_bare_ampersand_nothing() {
    let values: &[&str] = &["a &foo; b", "DUPONT & FILS", "c"];
    let (kept, reading) = read_one(Category::Pupil, file(&pupil("1", &[("ENTEleveEnseignements", values)])));
    let read: Vec<&str> = kept.records[0].fields.values("ENTEleveEnseignements").collect();
    assert_eq!(read, ["DUPONT & FILS", "c"]);
    assert_eq!(kept.codes(), [Code::UnknownEntity, Code::GrammarDeviation]);
    assert!(reading.broken.is_empty());
}

#[test]
fn an_entity_bomb_is_refused_unread() {
    let bomb = "<!DOCTYPE ficAlimMENESR [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let text =
        file(&pupil("1", &[("mail", &["&b;"])])).replace("<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">", bomb);
    let (kept, reading) = read_one(Category::Pupil, text);
    assert_eq!((kept.codes(), kept.records.len()), (vec![Code::InternalSubset], 0));
    assert_eq!(reading.broken, [Category::Pupil]);
}

#[test]
fn truncation_anywhere_is_reported() {
    let text = file(&(pupil("1", &[("ENTEleveINE", &["0123456789M"])]) + "<!-- é -->\n" + &pupil("2", &[])));
    let whole = text.trim_end().len();
    for cut in 0..whole {
        let (kept, reading) = read_one(Category::Pupil, &text.as_bytes()[..cut]);
        assert_eq!(
            reading.broken,
            [Category::Pupil],
            "cut at {cut}: {:?}",
            &text.as_bytes()[cut.saturating_sub(20)..cut]
        );
        let malformed = kept.findings.iter().filter(|f| f.code == Code::MalformedFile).count();
        assert_eq!(malformed, 1, "cut at {cut}: {:#?}", kept.findings);
        assert!(kept.finding_of(Code::MalformedFile).origin.as_ref().is_some_and(|o| o.line >= 1));
        let complete = String::from_utf8_lossy(&text.as_bytes()[..cut]).matches("</addRequest>").count();
        assert_eq!(kept.records.len(), complete, "cut at {cut}");
    }
    let (kept, reading) = read_one(Category::Pupil, &text.as_bytes()[..whole]);
    assert!(kept.findings.is_empty() && reading.broken.is_empty());
}

#[test]
fn reading_goes_on_after_a_malformed_record() {
    for bad in [
        pupil("2", &[]).replace("</attributes>", ""),
        pupil("2", &[]).replace("</addRequest>", ""),
        pupil("2", &[]).replace("<value>LE GALL</value>", "<value>LE GALL"),
        pupil("2", &[]).replace("<value>LE GALL</value>", "<value>LE <GALL</value>"),
        pupil("2", &[]) + "stray text",
        pupil("2", &[]) + "</ficAlimMENESR><ficAlimMENESR>",
    ] {
        let (kept, reading) = read_one(Category::Pupil, file(&(pupil("1", &[]) + &bad + &pupil("3", &[]))));
        let keys = kept.keys();
        assert!(keys.contains(&"1") && keys.contains(&"3"), "{keys:?} {bad}");
        assert_eq!(kept.codes(), [Code::MalformedFile], "{bad}");
        assert_eq!(reading.broken, [Category::Pupil]);
        assert_eq!(reading.read[3], 3);
        assert_eq!(reading.rejected[3], 3 - keys.len() as u64);
        let line = kept.findings[0].origin.as_ref().map_or(0, |o| o.line);
        assert!((16..=26).contains(&line), "line {line}: {bad}");
    }
}

#[test]
fn too_deep_and_too_large_are_rejected_alone() {
    let deep = pupil("2", &[("mail", &[&("<a>".repeat(40) + &"</a>".repeat(40))])]);
    let large = pupil("3", &[("ENTPersonVille", &[&"x".repeat(2 << 20)])]);
    let huge = pupil("4", &[("ENTPersonVille", &vec!["x"; 600_000])]);
    let (kept, reading) =
        read_one(Category::Pupil, file(&[pupil("1", &[]), deep, large, huge, pupil("5", &[])].concat()));
    assert_eq!(kept.keys(), ["1", "5"]);
    assert_eq!(kept.codes(), [Code::TooDeep, Code::ItemTooLarge, Code::ItemTooLarge]);
    assert_eq!((reading.read[3], reading.rejected[3]), (5, 3));
    assert_eq!(reading.broken, [Category::Pupil], "lost without a key");
}

#[test]
fn a_record_made_to_cost_is_cut_short() {
    let bad = vec!["x"; 50_000];
    let bad: Vec<String> = bad.iter().enumerate().map(|(n, x)| format!("{x}{n}")).collect();
    let phones: Vec<&str> = bad.iter().map(String::as_str).collect();
    let (kept, _) = read_one(Category::Pupil, file(&pupil("1", &[("homePhone", &phones)])));
    assert_eq!(kept.records.len(), 1);
    assert!(kept.findings.len() < 300, "{} findings", kept.findings.len());
    assert_eq!(kept.findings.last().map(|f| f.code), Some(Code::GrammarDeviation));
    let many = vec![("mail", &["lea@example.fr"][..]); 1000];
    let (kept, reading) = read_one(Category::Pupil, file(&(pupil("1", &many) + &pupil("2", &[]))));
    assert_eq!((kept.keys(), kept.codes(), reading.broken.len()), (vec!["2"], vec![Code::ItemTooLarge], 1));
}

#[test]
fn files_without_requests() {
    for (text, code) in [
        (file(""), None),
        ("<?xml version='1.0'?><ficAlimMENESR/>".to_owned(), None),
        (String::new(), Some(Code::MalformedFile)),
        ("nothing here".to_owned(), Some(Code::MalformedFile)),
        ("<?xml version='1.0'?><html></html>".to_owned(), Some(Code::MalformedFile)),
        (HEAD.to_owned(), Some(Code::MalformedFile)),
    ] {
        let (kept, reading) = read_one(Category::Pupil, &text);
        assert_eq!(kept.codes(), Vec::from_iter(code), "{text}");
        assert_eq!(reading.broken.is_empty(), code.is_none());
    }
}

#[test]
fn what_rejects_a_record() {
    let staff = |list: &[(&str, &[&str])]| request(Category::Staff, "1", &attributes(list));
    let relative = |text: String| text.replace(">Eleve<", ">PersRelEleve<");
    for (category, body, codes) in [
        (Category::Staff, staff(&[("sn", &["X"])]), vec![Code::MissingFirstName]),
        (Category::Staff, staff(&[("givenName", &["X"]), ("sn", &[" "])]), vec![Code::MissingSurname]),
        (Category::Staff, staff(&[]), vec![Code::MissingSurname, Code::MissingFirstName]),
        (Category::Pupil, pupil("1", &[]).replace("17/03/2014", ""), vec![Code::MissingBirthDate]),
        (Category::Pupil, pupil("1", &[]).replace("17/03/2014", "31/02/2014"), vec![Code::MissingBirthDate]),
        (Category::Pupil, pupil("", &[]), vec![Code::RecordWithoutKey]),
        (Category::Pupil, pupil("1$2", &[]), vec![Code::RecordWithoutKey]),
        (Category::Pupil, relative(pupil("1", &[])), vec![Code::CategoryMismatch]),
        (Category::Pupil, pupil("1", &[]).replace("addRequest", "deleteRequest"), vec![Code::NotInComplete]),
    ] {
        let (kept, reading) = read_one(category, file(&body));
        assert_eq!((kept.records.len(), kept.codes()), (0, codes.clone()), "{body}");
        assert_eq!((reading.read.iter().sum::<u64>(), reading.rejected.iter().sum::<u64>()), (1, 1));
        assert_eq!(reading.broken.is_empty(), codes != [Code::RecordWithoutKey]);
        assert_eq!(kept.findings[0].origin.as_ref().map(|o| o.line), Some(6));
    }
}

#[test]
fn the_first_degree_has_its_own_names() {
    let body = attributes(&[
        ("ENTPersonNom", &["ROUX"]),
        ("ENTPersonPrenom", &["Zoé"]),
        ("ENTPersonDateNaissance", &["01/02/2019"]),
    ]);
    let (kept, _) = read_one(Category::Pupil, file(&request(Category::Pupil, "1", &body)));
    assert_eq!((kept.records.len(), kept.findings), (1, vec![]));
}

#[test]
fn bad_values_cost_themselves_only() {
    let bad: &[(&str, &[&str])] = &[
        ("homePhone", &["123", "01 23 45 67 89"]),
        ("mail", &["léa@example"]),
        ("ENTPersonCodePostal", &["QUIMPER"]),
        ("personalTitle", &["Dr"]),
        ("ENTElevePersRelEleve", &["7$10$0$1$0$0", "8$10$0$1"]),
        ("ENTEleveINE", &["0123456789A"]),
        ("ENTEleveDateEntreeStructRattach", &["2026-09-01"]),
    ];
    let (kept, reading) = read_one(Category::Pupil, file(&pupil("1", bad)));
    let record = &kept.records[0];
    assert_eq!(record.fields.values("homePhone").collect::<Vec<_>>(), ["01 23 45 67 89"]);
    assert_eq!(record.fields.values("ENTElevePersRelEleve").collect::<Vec<_>>(), ["7$10$0$1$0$0"]);
    for name in ["mail", "ENTPersonCodePostal", "personalTitle", "ENTEleveDateEntreeStructRattach"] {
        assert!(record.fields.contains(name) && record.fields.first(name).is_none(), "{name}");
    }
    assert_eq!(record.fields.first("ENTEleveINE"), Some("0123456789A"));
    let expected = [
        Code::InvalidPhone,
        Code::InvalidMail,
        Code::InvalidPostalCode,
        Code::InvalidComposite,
        Code::InvalidIne,
        Code::InvalidDate,
        Code::UnknownCivility,
    ];
    assert_eq!(kept.codes(), expected);
    let phone = kept.finding_of(Code::InvalidPhone);
    assert_eq!(phone.subject.as_deref(), Some("Léa LE GALL (6A)"));
    assert!(phone.message.contains("« 123 »") && phone.message.contains("téléphone du domicile"), "{}", phone.message);
    assert!(!kept.finding_of(Code::InvalidIne).message.contains("0123456789A"), "an INE is masked");
    assert_eq!(reading.rejected, [0; 6]);
}

#[test]
fn dates_of_birth_that_nobody_has() {
    let staff = |born: &str| {
        let list: &[(&str, &[&str])] =
            &[("sn", &["ROUX"]), ("givenName", &["Zoé"]), ("ENTPersonDateNaissance", &[born])];
        read_one(Category::Staff, file(&request(Category::Staff, "1", &attributes(list)))).0
    };
    for (born, codes, message) in [
        ("01/01/1980", vec![], ""),
        ("01/01/2020", vec![Code::UnlikelyAge], "« 01/01/2020 »"),
        ("1980", vec![Code::InvalidDate], "date de naissance (ENTPersonDateNaissance) : « 1980 »"),
    ] {
        let kept = staff(born);
        assert_eq!((kept.records.len(), kept.codes()), (1, codes), "{born}");
        assert!(kept.findings.iter().all(|f| f.message.contains(message)), "{:#?}", kept.findings);
    }
    let (kept, _) = read_one(Category::Pupil, file(&pupil("1", &[]).replace("2014", "2027")));
    assert_eq!(kept.codes(), [Code::UnlikelyAge]);
}

#[test]
fn what_repeats_is_one_finding() {
    let body: String =
        (0..500).map(|n| pupil(&n.to_string(), &[("homePhone", &["0000000000"]), ("ENTNew", &["x"])])).collect();
    let parts = [(Category::Pupil, file(&body)), (Category::Pupil, file(&body))];
    let parts: Vec<(Category, &[u8])> = parts.iter().map(|(c, text)| (*c, text.as_bytes())).collect();
    let (kept, _) = read_parts(DeliveryKind::Complete, &parts, 1);
    assert_eq!(kept.codes(), [Code::UnknownAttribute, Code::InvalidPhone]);
    assert!(kept.findings.iter().all(|f| f.count == 1000 && f.message.contains("2 fichiers")), "{:#?}", kept.findings);
    assert!(kept.records.iter().all(|r| !r.fields.contains("ENTNew")));
}

#[test]
fn other_deviations_are_said_and_harmless() {
    let cases: [(&str, String, Code); 5] = [
        ("key", pupil("1", &[("ENTPersonJointure", &["2"])]), Code::KeyMismatch),
        (
            "element",
            pupil("1", &[])
                .replace("<attributes>", "<extra><attr name=\"sn\"><value>X</value></attr></extra><attributes>"),
            Code::GrammarDeviation,
        ),
        ("text", pupil("1", &[]).replace("<attributes>", "text<attributes>"), Code::GrammarDeviation),
        ("control", pupil("1", &[("ENTPersonVille", &["a&#7;b"])]), Code::ControlCharacter),
        ("mojibake", pupil("1", &[("ENTPersonVille", &["SAINT-HÃ©LIER"])]), Code::Mojibake),
    ];
    for (what, body, code) in cases {
        let (kept, reading) = read_one(Category::Pupil, file(&body));
        assert_eq!((kept.codes(), kept.keys()), (vec![code], vec!["1"]), "{what}");
        assert_eq!(kept.records[0].fields.first("sn"), Some("LE GALL"));
        assert!(reading.broken.is_empty());
    }
}

#[test]
fn a_delta_modifies_and_deletes() {
    let modify =
        pupil("1", &[]).replace("addRequest", "modifyRequest").replace("attributes>", "modifications>").replace(
            "<attr name=\"sn\"><value>LE GALL</value></attr>",
            "<modification name=\"sn\" operation=\"replace\"><value>ROUX</value></modification>",
        );
    let delete = "<deleteRequest><operationalAttributes><attr name=\"c\"><value>Eleve</value></attr></operationalAttributes>\
                  <identifier><id>9</id></identifier></deleteRequest>";
    let text = file(&(modify + delete));
    let (kept, _) = read_parts(DeliveryKind::Delta, &[(Category::Pupil, text.as_bytes())], 1);
    assert_eq!(kept.findings, []);
    assert_eq!(kept.records.iter().map(|r| r.request).collect::<Vec<_>>(), [Request::Modify, Request::Delete]);
    assert_eq!(kept.records[0].fields.first("sn"), Some("ROUX"));
}

#[test]
fn findings_name_the_school() {
    let structure = request(
        Category::Structure,
        "10",
        &attributes(&[
            ("ENTStructureUAI", &["0290009C"]),
            ("ENTStructureNomCourant", &["CLG$JEAN MOULIN$BREST"]),
            ("ENTStructureClasses", &["6A$6A"]),
        ]),
    );
    let pupils = file(&pupil("1", &[("ENTPersonStructRattach", &["10"]), ("mail", &["x"])]));
    // The structures are read first, wherever their file stands.
    let structures = file(&structure);
    let parts = [(Category::Pupil, pupils.as_bytes()), (Category::Structure, structures.as_bytes())];
    let (kept, _) = read_parts(DeliveryKind::Complete, &parts, 2);
    assert_eq!(kept.finding_of(Code::InvalidMail).school.as_deref(), Some("0290009C"));
    assert_eq!(kept.keys(), ["10", "1"]);
}

/// Several parts, with a bit of everything.
fn academy(records: usize) -> Vec<(Category, String)> {
    let mut parts = Vec::new();
    for number in 0..3 {
        let body: String = (0..records)
            .map(|n| {
                let phone = if n % 7 == 0 { "12" } else { "0123456789" };
                pupil(
                    &format!("{number}-{n}"),
                    &[("homePhone", &[phone]), ("ENTEleveEnseignements", &["FRANCAIS", "LATIN"])],
                )
            })
            .collect();
        parts.push((Category::Pupil, file(&body)));
    }
    parts.push((
        Category::Mef,
        file(&request(Category::Mef, "10010012110", &attributes(&[("ENTLibelleMef", &["6EME"])]))),
    ));
    parts
}

#[test]
fn threads_change_nothing() {
    let parts = academy(1500);
    let parts: Vec<(Category, &[u8])> = parts.iter().map(|(c, text)| (*c, text.as_bytes())).collect();
    let (one, reading) = read_parts(DeliveryKind::Complete, &parts, 1);
    assert_eq!(one.records.len(), 4501);
    for threads in [2, 3, 8] {
        let (many, same) = read_parts(DeliveryKind::Complete, &parts, threads);
        assert!(many == one, "{threads} threads");
        assert_eq!((same.digest, same.read, same.bytes), (reading.digest, reading.read, reading.bytes));
    }
}

#[test]
fn the_carrier_changes_neither_records_nor_digest() {
    let parts = academy(200);
    let name = |at: usize, category: Category| format!("A_Complet_20260901_{}_{at:04}.xml", category.token());
    let folder = tempfile::tempdir().expect("a folder");
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (at, (category, text)) in parts.iter().enumerate().rev() {
        let name = name(at, *category);
        std::fs::write(folder.path().join(&name), text).expect("a file");
        zip.start_file(&name, zip::write::SimpleFileOptions::default()).expect("a member");
        io::Write::write_all(&mut zip, text.as_bytes()).expect("its content");
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, &name, text.as_bytes()).expect("a member");
    }
    let archives = tempfile::tempdir().expect("a folder");
    let (zipped, tarred) = (archives.path().join("a.zip"), archives.path().join("a.tar.gz"));
    std::fs::write(&zipped, zip.finish().expect("a zip").into_inner()).expect("a file");
    std::fs::write(&tarred, tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("a tar"))
        .expect("a file");
    let mut outcomes = Vec::new();
    for path in [folder.path(), &zipped, &tarred] {
        let delivery = discover(path, &Limits::default()).expect("a delivery");
        let mut kept = Kept::default();
        let reading =
            read(&delivery, &ReadOptions { threads: 2, ..ReadOptions::default() }, &mut kept).expect("a reading");
        let mut keys: Vec<String> = kept.records.iter().map(|r| format!("{} {:?}", r.key, r.fields)).collect();
        keys.sort();
        outcomes.push((keys, reading.digest, reading.read));
        let mut census = Census::new();
        kept.records.iter().for_each(|record| census.observe(record));
        let conclusion = census.conclude(&delivery, &reading);
        assert_eq!(conclusion.of(Category::Pupil), Completeness::Whole);
        assert_eq!(conclusion.of(Category::Staff), Completeness::Partial);
    }
    assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_damaged_member_breaks_its_category_only() {
    let parts = academy(50);
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (at, (category, text)) in parts.iter().enumerate() {
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("A_Complet_20260901_{}_{at:04}.xml", category.token()), stored).expect("a member");
        io::Write::write_all(&mut zip, text.as_bytes()).expect("its content");
    }
    let mut bytes = zip.finish().expect("a zip").into_inner();
    // One letter of one name, which only the checksum can tell.
    let at = bytes.windows(7).position(|window| window == b"LE GALL").expect("a name");
    bytes[at] = b'X';
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.zip");
    std::fs::write(&path, bytes).expect("a file");
    let delivery = discover(&path, &Limits::default()).expect("a delivery");
    let mut kept = Kept::default();
    let reading = read(&delivery, &ReadOptions { threads: 1, ..ReadOptions::default() }, &mut kept).expect("a reading");
    assert_eq!(reading.broken, [Category::Pupil]);
    assert!(kept.finding_of(Code::MalformedFile).message.contains("interrompue"));
    assert_eq!(reading.read, [0, 0, 1, 150, 0, 0]);
}

#[test]
fn the_limit_of_a_delivery_holds_while_reading() {
    let parts = academy(300);
    let folder = tempfile::tempdir().expect("a folder");
    for (at, (category, text)) in parts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("A_Complet_20260901_{}_{at:04}.xml", category.token())), text)
            .expect("a file");
    }
    let delivery = discover(folder.path(), &Limits::default()).expect("a delivery");
    let limits = Limits { unpacked: 150_000, ..Limits::default() };
    for threads in [1, 2] {
        let outcome = read(&delivery, &ReadOptions { threads, limits: limits.clone() }, &mut Kept::default());
        assert!(matches!(outcome, Err(FeedError::Limit { .. })));
    }
}

#[test]
fn a_part_that_is_gone_is_said() {
    let (kept, reading) = {
        let delivery = delivery(DeliveryKind::Complete, &[Category::Mef]);
        let mut kept = Kept::default();
        let reading = read(&delivery, &ReadOptions::default(), &mut kept).expect("a reading");
        (kept, reading)
    };
    assert_eq!((kept.codes(), reading.broken), (vec![Code::MalformedFile], vec![Category::Mef]));
}

/// The corpus of the fuzz targets, and what the targets assert.
#[test]
fn the_fuzz_corpus_is_read_without_panic() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let mut tried = 0;
    for (folder, try_on) in [
        ("aaf", crate::feed::fuzzing::aaf as fn(&[u8]) -> Result<(u64, u64), FeedError>),
        ("archive", crate::feed::fuzzing::archive),
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a corpus") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).expect("a file");
            // A delivery may be refused; it may not be misread in silence.
            if let Ok((records, findings)) = try_on(&bytes) {
                assert!(records + findings > 0, "{}", path.display());
            }
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried} files");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes, any damage to a good file: no panic, and no record lost in silence.
    #[test]
    fn damage_is_never_silent(at in 0_usize..1200, byte in any::<u8>(), drop in 0_usize..40) {
        let text = file(&(pupil("1", &[("mail", &["lea@example.fr"])]) + &pupil("2", &[])));
        let mut bytes = text.into_bytes();
        let at = at.min(bytes.len() - 1);
        let end = (at + drop).min(bytes.len());
        bytes.splice(at..end, [byte]);
        let (kept, reading) = read_one(Category::Pupil, &bytes);
        prop_assert_eq!(reading.read[3], kept.records.len() as u64 + reading.rejected[3]);
        let lost = kept.records.len() < 2;
        let said = kept.findings.iter().any(|f| f.severity <= crate::feed::Severity::Rejected);
        prop_assert!(!lost || said, "{:?}", kept);
    }
}
