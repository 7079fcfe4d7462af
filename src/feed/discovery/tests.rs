use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::civil::date;

use super::*;

/// A folder with these files, each holding its own name.
fn folder(names: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("source");
    fs::create_dir(&root).expect("a root");
    for name in names {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, name).expect("a file");
    }
    (dir, root)
}

fn found(names: &[&str]) -> Delivery {
    let (_dir, root) = folder(names);
    discover(&root, &Limits::default()).expect("a delivery")
}

fn names(delivery: &Delivery) -> Vec<&str> {
    delivery.parts.iter().map(|part| &*part.name).collect()
}

fn codes(delivery: &Delivery) -> Vec<Code> {
    delivery.findings.iter().map(|f| f.code).collect()
}

#[test]
fn the_newest_complete_set_wins() {
    let delivery = found(&[
        "A_Complet_20250901_Eleve_0000.xml",
        "A_Complet_20260901_Eleve_0001.xml",
        "sub/B_Complet_20260901_Eleve_0000.xml",
        "A_Delta_20260902_Eleve_0000.xml",
        "notes.txt",
        "ficAlimMENESR.dtd",
    ]);
    assert_eq!(delivery.date, Some(date(2026, 9, 1)));
    assert_eq!(names(&delivery), ["A_Complet_20260901_Eleve_0001.xml", "sub/B_Complet_20260901_Eleve_0000.xml"]);
    assert_eq!(codes(&delivery), [Code::ForeignFile, Code::OlderSetIgnored, Code::DeltaIgnored]);
}

#[test]
fn names_without_kind_or_date_are_a_set() {
    let delivery = found(&["_Eleve_.xml", "_Eleve_2.xml", "_PersEducNat_admin.xml"]);
    assert_eq!((delivery.kind, delivery.date, delivery.parts.len()), (DeliveryKind::Complete, None, 3));
    assert_eq!(codes(&delivery), [Code::KindAssumedComplete]);
    assert!(!has_hole(&delivery.parts, Category::Pupil));
}

#[test]
fn a_malformed_date_is_read_when_there_is_no_better() {
    let delivery = found(&["X_Complet_201300408_Eleve_0000.xml"]);
    assert_eq!((delivery.date, codes(&delivery)), (None, vec![Code::MalformedDate]));
    let delivery = found(&["X_Complet_201300408_Eleve_0000.xml", "X_Complet_20120101_Eleve_0000.xml"]);
    assert_eq!((delivery.date, codes(&delivery)), (Some(date(2012, 1, 1)), vec![Code::OlderSetIgnored]));
}

#[test]
fn holes_first_parts_and_twins() {
    let delivery = found(&[
        "A_Complet_20260901_Eleve_0000.xml",
        "A_Complet_20260901_Eleve_0002.xml",
        "A_Complet_20260901_PersEducNat_0001.xml",
        "A_Complet_20260901_MefEducNat_0000.xml",
        "B_Complet_20260901_MefEducNat_0000.xml",
    ]);
    assert_eq!(codes(&delivery), [Code::DuplicatePart, Code::PartGap, Code::FirstPartMissing]);
    assert!(has_hole(&delivery.parts, Category::Pupil) && !has_hole(&delivery.parts, Category::Mef));
    let gap = delivery.findings.iter().find(|f| f.code == Code::PartGap).expect("the hole");
    assert!(gap.message.contains("0001"), "{}", gap.message);
}

#[test]
fn nothing_and_only_deltas_are_refused() {
    let (_dir, root) = folder(&["a.txt", "b.txt"]);
    assert!(matches!(discover(&root, &Limits::default()), Err(FeedError::NothingReadable { seen: 2, .. })));
    assert!(matches!(discover(&root.join("none"), &Limits::default()), Err(FeedError::NoSuchPath { .. })));
    let (_dir, root) = folder(&["A_Delta_20260901_Eleve_0000.xml"]);
    assert!(matches!(discover(&root, &Limits::default()), Err(FeedError::OnlyDeltas { files: 1, .. })));
}

#[test]
fn too_many_files_are_refused() {
    let (_dir, root) = folder(&["a.txt", "b.txt", "A_Complet_20260901_Eleve_0000.xml"]);
    let limits = Limits { files: 2, ..Limits::default() };
    assert!(matches!(discover(&root, &limits), Err(FeedError::Limit { .. })));
}

#[cfg(unix)]
#[test]
fn links_stay_inside() {
    use std::os::unix::fs::symlink;
    let (dir, root) = folder(&["real.xml", "A_Complet_20260901_MefEducNat_0000.xml"]);
    let outside = dir.path().join("A_Complet_20260901_PersEducNat_0000.xml");
    fs::write(&outside, "secret").expect("a file outside");
    symlink(&outside, root.join("A_Complet_20260901_PersEducNat_0000.xml")).expect("a link");
    symlink(root.join("real.xml"), root.join("A_Complet_20260901_Eleve_0000.xml")).expect("a link");
    symlink(&root, root.join("loop")).expect("a link");
    let delivery = discover(&root, &Limits::default()).expect("a delivery");
    assert_eq!(names(&delivery), ["A_Complet_20260901_Eleve_0000.xml", "A_Complet_20260901_MefEducNat_0000.xml"]);
    assert_eq!(codes(&delivery), [Code::LinkRefused]);
}

fn zip(names: &[&str]) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".zip").tempfile().expect("a file");
    let mut writer = zip::ZipWriter::new(file.reopen().expect("the file"));
    for name in names {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        writer.write_all(name.as_bytes()).expect("content");
    }
    writer.finish().expect("a directory");
    file
}

fn tar_gz(names: &[&str]) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for name in names {
        let mut header = tar::Header::new_gnu();
        header.set_size(name.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, name.as_bytes()).expect("a member");
    }
    builder.into_inner().expect("a tar").finish().expect("a gzip")
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("content");
    file
}

#[test]
fn archives_are_sets_too() {
    let inside = ["x/A_Complet_20260901_Eleve_0000.xml", "x/A_Complet_20260901_MefEducNat_0000.xml", "x/readme.txt"];
    let zip = zip(&inside);
    let tar = written(&tar_gz(&inside));
    for path in [zip.path(), tar.path()] {
        let delivery = discover(path, &Limits::default()).expect("a delivery");
        assert_eq!(names(&delivery), inside[..2], "{}", path.display());
        assert_eq!(codes(&delivery), [Code::ForeignFile]);
        let mut bytes = archive::PartBytes::default();
        for part in delivery.parts.iter().rev() {
            bytes.open(part).expect("a part");
            let mut text = String::new();
            std::io::Read::read_to_string(&mut bytes, &mut text).expect("its text");
            assert_eq!(text, &*part.name);
        }
    }
}

#[test]
fn names_that_climb_are_only_names() {
    let zip = zip(&["../../etc/A_Complet_20260901_Eleve_0000.xml"]);
    let delivery = discover(zip.path(), &Limits::default()).expect("a delivery");
    assert_eq!(names(&delivery), ["../../etc/A_Complet_20260901_Eleve_0000.xml"]);
}

#[test]
fn a_truncated_archive_is_refused() {
    let whole = tar_gz(&["A_Complet_20260901_Eleve_0000.xml", "A_Complet_20260901_MefEducNat_0000.xml"]);
    for cut in [20, whole.len() / 2, whole.len() - 1] {
        let file = written(&whole[..cut]);
        assert!(matches!(discover(file.path(), &Limits::default()), Err(FeedError::Archive { .. })), "cut at {cut}");
    }
    let file = written(b"PK\x03\x04 this is no zip");
    assert!(matches!(discover(file.path(), &Limits::default()), Err(FeedError::Archive { .. })));
}

#[test]
fn a_bomb_is_refused() {
    let zeros = vec![0_u8; 70 << 20];
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best()));
    let mut header = tar::Header::new_gnu();
    header.set_size(zeros.len() as u64);
    builder.append_data(&mut header, "A_Complet_20260901_Eleve_0000.xml", &zeros[..]).expect("a member");
    let file = written(&builder.into_inner().expect("a tar").finish().expect("a gzip"));
    assert!(matches!(discover(file.path(), &Limits::default()), Err(FeedError::Limit { .. })));
}

#[test]
fn endless_headers_are_refused() {
    // A long name of two megabytes, which a reader of tar would keep in memory.
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_path("././@LongLink").expect("a path");
    let name = vec![b'a'; 2 << 20];
    header.set_size(name.len() as u64);
    header.set_cksum();
    builder.append(&header, &name[..]).expect("a header");
    let file = written(&builder.into_inner().expect("a tar").finish().expect("a gzip"));
    assert!(matches!(discover(file.path(), &Limits::default()), Err(FeedError::Archive { .. })));
}

fn zip_of(names: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in names {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a member");
        zip.write_all(name.as_bytes()).expect("its content");
    }
    zip.finish().expect("a zip").into_inner()
}

fn gz_of(content: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(content).expect("content");
    gz.finish().expect("a gzip")
}

/// Complete set and deltas of an offer, by their days and part names.
fn offered(offer: &Offer) -> Vec<(DeliveryKind, Option<i8>, Vec<&str>)> {
    let all = offer.complete.iter().chain(&offer.deltas);
    all.map(|d| (d.kind, d.date.map(jiff::civil::Date::day), names(d))).collect()
}

#[test]
fn several_deliveries_in_one_folder() {
    let (_dir, root) = folder(&[
        "A_Complet_20260901_Eleve_0000.xml",
        "A_Complet_20260903_Eleve_0000.xml",
        "later/A_Delta_20260905_Eleve_0001.xml",
        "A_Delta_20260904_Eleve_0001.xml",
        "A_Delta_20260903_Eleve_0001.xml",
        "A_Delta_2026_Eleve_0001.xml",
    ]);
    let offer = survey(&root, None, &Limits::default()).expect("an offer");
    assert_eq!(
        offered(&offer),
        [
            (DeliveryKind::Complete, Some(3), vec!["A_Complet_20260903_Eleve_0000.xml"]),
            (DeliveryKind::Delta, Some(4), vec!["A_Delta_20260904_Eleve_0001.xml"]),
            (DeliveryKind::Delta, Some(5), vec!["later/A_Delta_20260905_Eleve_0001.xml"]),
        ]
    );
    let codes: Vec<Code> = offer.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::OlderSetIgnored, Code::DeltaRefused, Code::DeltaIgnored]);
    assert!(offer.deltas.iter().all(|delta| delta.findings.is_empty()), "0001 is how differences are numbered");
}

#[test]
fn archives_in_a_folder_are_opened_in_place() {
    let (_dir, root) = folder(&["sub/notes.txt"]);
    fs::write(root.join("ENT2D.20260901.zip"), zip_of(&["a/_Eleve_0000.xml", "_PersEducNat_0000.xml"])).expect("a zip");
    fs::write(root.join("sub/A_Delta_20260902_Eleve_0001.xml.gz"), gz_of(b"<x/>")).expect("a gzip");
    fs::write(root.join("broken.zip"), b"PK\x03\x04 and nothing").expect("a file");
    fs::write(root.join("nested.zip"), zip_of(&["inner.zip"])).expect("a zip");
    let offer = survey(&root, None, &Limits::default()).expect("an offer");
    assert_eq!(
        offered(&offer),
        [
            (
                DeliveryKind::Complete,
                Some(1),
                vec!["ENT2D.20260901.zip/a/_Eleve_0000.xml", "ENT2D.20260901.zip/_PersEducNat_0000.xml"]
            ),
            (DeliveryKind::Delta, Some(2), vec!["sub/A_Delta_20260902_Eleve_0001.xml.gz"]),
        ]
    );
    let codes: Vec<Code> = offer.findings.iter().map(|f| f.code).collect();
    assert_eq!(codes, [Code::UnreadableArchive, Code::ForeignFile, Code::ForeignFile]);
    let delta = offer.deltas.first().and_then(|d| d.parts.first()).expect("a part");
    assert_eq!((delta.size, delta.number), (4, Some(1)));
}

#[test]
fn an_export_beside_its_archive_is_read_once() {
    let name = "A_Complet_20260901_Eleve_0000.xml";
    let (_dir, root) = folder(&[name]);
    fs::write(root.join("export.zip"), zip_of(&[name])).expect("a zip");
    fs::write(root.join(format!("{name}.gz")), gz_of(name.as_bytes())).expect("a gzip");
    let delivery = discover(&root, &Limits::default()).expect("a delivery");
    assert_eq!(delivery.parts.len(), 1);
    assert_eq!(codes(&delivery), [Code::DuplicatePart]);
    assert_eq!(delivery.findings.first().map(|f| f.count), Some(2));
}

#[test]
fn the_other_degree_is_left_to_its_own_source() {
    let (_dir, root) = folder(&["ENT1D_Complet_20260901_Eleve_0000.xml", "ENT2D_Complet_20260801_Eleve_0000.xml"]);
    let second = survey(&root, Some(Degree::Second), &Limits::default()).expect("an offer");
    assert_eq!(offered(&second), [(DeliveryKind::Complete, Some(1), vec!["ENT2D_Complet_20260801_Eleve_0000.xml"])]);
    assert_eq!(second.findings.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::OtherDegree]);
    let first = survey(&root, Some(Degree::First), &Limits::default()).expect("an offer");
    assert_eq!(first.complete.map(|d| d.date), Some(Some(date(2026, 9, 1))));
}
