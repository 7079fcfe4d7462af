//! Carriers: folder, archives, threads; the same delivery is the same reading.

use super::*;

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
