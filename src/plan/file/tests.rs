use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::read::GzDecoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::plan::fixtures::{self, Plan, add, members, modify};
use crate::plan::{ChangeKind, Line};

fn small() -> Plan {
    let mut plan = Plan { holds: vec![fixtures::hold_of_school(), fixtures::hold_of_pupil(1)], ..Plan::default() };
    plan.person(ChangeKind::Create, 1, Some("6A"), add(1));
    plan.person(ChangeKind::Update, 2, Some("5B"), modify(&[("mail", &["a@x"], &["b@x"])]));
    plan.object(ChangeKind::GroupUpdate, "0290009C_6A", members(2, 1));
    plan
}

/// Short enough to try every byte of it.
fn tiny() -> Plan {
    let mut header = fixtures::header();
    header.schools.clear();
    header.sources.clear();
    let mut plan = Plan { header: Some(header), ..Plan::default() };
    plan.person(ChangeKind::Update, 2, None, modify(&[("mail", &["a@x"], &["b@x"])]));
    plan
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nuit.plan");
    Place { _folder: folder, path }
}

fn lines(path: &Path) -> Vec<Line> {
    Reader::open(path).unwrap().collect::<Result<_, _>>().unwrap()
}

fn unpack(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Packs lines as the writer does.
fn pack(path: &Path, bytes: &[u8]) {
    let file = fs::File::create(path).unwrap();
    let mut out = GzBuilder::new().mtime(0).operating_system(255).write(file, Compression::new(4));
    out.write_all(bytes).unwrap();
    out.finish().unwrap();
}

/// Takes the seal away and puts a right one for these lines.
fn reseal(path: &Path, lines: &[&[u8]], changes: u64, holds: u64) {
    let mut bytes: Vec<u8> = lines.iter().flat_map(|l| [l, &b"\n"[..]].concat()).collect();
    let seal = Seal { digest: super::writer::hexadecimal(&Sha256::digest(&bytes)), changes, holds };
    serde_json::to_writer(&mut bytes, &LineRef::Seal(&seal)).unwrap();
    bytes.push(b'\n');
    pack(path, &bytes);
}

#[test]
fn what_is_written_is_read() {
    let Place { path, .. } = &place();
    let plan = small();
    plan.write(path);
    let read = lines(path);
    let mut expected: Vec<Line> = plan.holds.iter().cloned().map(Line::Hold).collect();
    expected.extend(plan.changes.iter().cloned().map(|c| Line::Change(Box::new(c))));
    assert_eq!(read[..read.len() - 1], expected);
    let (header, seal) = verify(path).unwrap();
    assert_eq!(header, fixtures::header());
    assert_eq!(read.last(), Some(&Line::Seal(seal.clone())));
    assert_eq!((seal.changes, seal.holds), (3, 2));
    // The seal is what anybody can compute: SHA-256 over the lines before it.
    let bytes = unpack(path);
    let end = bytes[..bytes.len() - 1].iter().rposition(|&b| b == b'\n').unwrap() + 1;
    assert_eq!(seal.digest, super::writer::hexadecimal(&Sha256::digest(&bytes[..end])));
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let (a, b) = (place(), place());
    small().write(&a.path);
    small().write(&b.path);
    assert_eq!(fs::read(&a.path).unwrap(), fs::read(&b.path).unwrap());
}

#[test]
fn a_plan_without_changes_is_a_plan() {
    let Place { path, .. } = &place();
    Plan::default().write(path);
    assert_eq!(verify(path).unwrap().1.changes, 0);
}

#[test]
fn an_unfinished_plan_leaves_the_old_one() {
    let Place { path, .. } = &place();
    small().write(path);
    let before = fs::read(path).unwrap();
    let mut writer = Writer::create(path).unwrap();
    writer.write_header(&fixtures::header()).unwrap();
    drop(writer);
    assert_eq!(fs::read(path).unwrap(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn the_writer_refuses_what_a_reader_would() {
    let Place { path, .. } = &place();
    let plan = small();
    let mut writer = Writer::create(path).unwrap();
    assert!(matches!(writer.write_change(&plan.changes[0]), Err(PlanFileError::Order { .. })));
    writer.write_header(&fixtures::header()).unwrap();
    assert!(matches!(writer.write_header(&fixtures::header()), Err(PlanFileError::Order { .. })));
    assert!(matches!(writer.write_change(&plan.changes[1]), Err(PlanFileError::Sequence { found: 2, .. })));
    writer.write_change(&plan.changes[0]).unwrap();
    assert!(matches!(writer.write_change(&plan.changes[0]), Err(PlanFileError::Sequence { after: 1, .. })));
    assert!(matches!(writer.write_hold(&plan.holds[0]), Err(PlanFileError::Order { .. })));
}

#[test]
fn a_bit_turned_over_is_found() {
    let Place { path, .. } = &place();
    tiny().write(path);
    let packed = fs::read(path).unwrap();
    let plain = unpack(path);
    let mut harmless = 0;
    for at in 0..packed.len() {
        // Another bit in each byte: all of them would take ten seconds more and find nothing more.
        let mut bytes = packed.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(path, &bytes).unwrap();
        if verify(path).is_ok() {
            // A few bits of a compressed stream mean nothing: those behind its last code, and a reference to one of two
            // equal earlier strings. What unpacks to the same lines is the same plan.
            harmless += 1;
            assert_eq!(unpack(path), plain, "byte {at} of {}", packed.len());
        }
        let mut bytes = packed.clone();
        bytes[at] ^= 0xff;
        fs::write(path, &bytes).unwrap();
        assert!(verify(path).is_err(), "byte {at}");
    }
    assert!(harmless < packed.len() / 50, "{harmless} of {} bits", packed.len() * 8);
}

#[test]
fn a_byte_changed_inside_is_found() {
    let Place { path, .. } = &place();
    tiny().write(path);
    let plain = unpack(path);
    for at in 0..plain.len() {
        let mut bytes = plain.clone();
        bytes[at] ^= 0x01;
        pack(path, &bytes);
        assert!(verify(path).is_err(), "byte {at}: {:?}", char::from(plain[at]));
    }
}

#[test]
fn a_plan_cut_short_says_so() {
    let Place { path, .. } = &place();
    tiny().write(path);
    let packed = fs::read(path).unwrap();
    let plain = unpack(path);
    for length in 2..packed.len() {
        fs::write(path, &packed[..length]).unwrap();
        assert!(matches!(verify(path), Err(PlanFileError::Truncated { .. })), "{length}: {:?}", verify(path));
    }
    for length in 0..plain.len() {
        pack(path, &plain[..length]);
        assert!(matches!(verify(path), Err(PlanFileError::Truncated { .. })), "{length}");
    }
}

#[test]
fn each_kind_of_tampering_has_its_own_words() {
    let Place { path, .. } = &place();
    small().write(path);
    let packed = fs::read(path).unwrap();
    let plain = unpack(path);
    let lines: Vec<&[u8]> = plain.split(|&b| b == b'\n').filter(|l| !l.is_empty()).collect();
    let [header, hold, other, first, second, third, seal] = lines[..] else { panic!("{} lines", lines.len()) };

    // Packed again by another tool: gzip writes a name, a date or another system.
    let file = fs::File::create(path).unwrap();
    let mut out = GzBuilder::new().filename("nuit").mtime(1).write(file, Compression::best());
    out.write_all(&plain).unwrap();
    out.finish().unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::Repacked { .. })));

    // Appended, in the file and within the packed lines.
    fs::write(path, [&packed[..], b"x"].concat()).unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::Appended { .. })));
    fs::write(path, [&packed[..], &packed[..]].concat()).unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::Appended { .. })));
    pack(path, &[&plain[..], first].concat());
    assert!(matches!(verify(path), Err(PlanFileError::Appended { .. })));

    // Lines moved, taken away or repeated, with and without a new seal.
    reseal(path, &[header, hold, other, second, first, third], 3, 2);
    assert!(matches!(verify(path), Err(PlanFileError::Sequence { found: 2, after: 0, .. })));
    reseal(path, &[header, hold, other, first, first], 2, 2);
    assert!(matches!(verify(path), Err(PlanFileError::Sequence { found: 1, after: 1, .. })));
    reseal(path, &[header, first, hold], 1, 1);
    assert!(matches!(verify(path), Err(PlanFileError::Order { line: 3, found: "hold", .. })));
    reseal(path, &[hold, header], 0, 1);
    assert!(matches!(verify(path), Err(PlanFileError::NotAPlan { .. })));
    reseal(path, &[header, hold, other, first], 3, 2);
    assert!(matches!(verify(path), Err(PlanFileError::Counts { what: "changes", counted: 1, sealed: 3, .. })));
    reseal(path, &[header, hold, first], 1, 2);
    assert!(matches!(verify(path), Err(PlanFileError::Counts { what: "holds", .. })));
    let edited = String::from_utf8_lossy(second).replace("b@x", "c@x").into_bytes();
    pack(path, &[header, hold, other, first, &edited, third, seal, b""].join(&b'\n'));
    assert!(matches!(verify(path), Err(PlanFileError::Altered { .. })));

    // Resealed in good order it is a plan again: the seal is no signature.
    reseal(path, &[header, hold, other, first, second, third], 3, 2);
    assert!(verify(path).is_ok());

    // Other things.
    let newer = String::from_utf8_lossy(header).replace("\"format_version\":4", "\"format_version\":5").into_bytes();
    reseal(path, &[&newer], 0, 0);
    assert!(matches!(verify(path), Err(PlanFileError::Format { found: 5, .. })));
    reseal(path, &[header, b"{}"], 0, 0);
    assert!(matches!(verify(path), Err(PlanFileError::Malformed { line: 2, .. })));
    fs::write(path, b"%PDF-1.7").unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::NotAPlan { .. })));
    fs::write(path, b"").unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::NotAPlan { .. })));
    fs::remove_file(path).unwrap();
    assert!(matches!(verify(path), Err(PlanFileError::Read { .. })));
}

#[test]
fn a_line_without_end_is_refused_within_its_limit() {
    let Place { path, .. } = &place();
    small().write(path);
    let header = unpack(path).split(|&b| b == b'\n').next().unwrap().to_vec();
    let mut bytes = header;
    bytes.push(b'\n');
    bytes.resize(bytes.len() + MAX_LINE + 10, b'a');
    pack(path, &bytes);
    assert!(matches!(verify(path), Err(PlanFileError::TooLong { line: 2, .. })));
}

fn value() -> impl Strategy<Value = crate::directory::Value> {
    prop_oneof![
        ".{0,12}".prop_map(crate::directory::Value::Text),
        proptest::collection::vec(any::<u8>(), 1..8).prop_map(|mut octets| {
            octets.push(0xff);
            crate::directory::Value::Octets(octets)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_plan_comes_back(
        names in proptest::collection::vec((".{0,20}", proptest::collection::vec(value(), 0..3), any::<bool>()), 0..20)
    ) {
        let Place { path, .. } = &place();
        let mut plan = Plan::default();
        for (i, (name, values, adopts)) in names.into_iter().enumerate() {
            let write = super::super::Write::Add { attributes: vec![("cn".to_owned(), values)], credential: adopts };
            let change = plan.person(ChangeKind::Create, i, Some(&name), write);
            change.subject.name.clone_from(&name);
            change.note = Some(name);
            change.adopts = adopts.then_some(crate::plan::Proof::Mail);
        }
        plan.write(path);
        let read: Vec<Line> = lines(path);
        let expected: Vec<Line> = plan.changes.iter().cloned().map(|c| Line::Change(Box::new(c))).collect();
        prop_assert_eq!(&read[..read.len() - 1], &expected[..]);
    }
}
