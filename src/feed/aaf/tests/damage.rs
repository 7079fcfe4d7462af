//! Damage: truncated, malformed, oversized files, and the corpus of the fuzz targets.

use proptest::prelude::*;

use super::*;

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

/// The end of one request and the start of the next lost together: what is left would pass for one record.
#[test]
fn two_requests_melted_into_one_are_refused() {
    let text = file(&(pupil("1", &[]) + &pupil("2", &[])));
    let start = text.find("</addRequest>").expect("an end");
    let end = start + text[start..].find("<operationalAttributes>").expect("a start");
    let melted = format!("{}{}", &text[..start], &text[end..]);
    let (kept, reading) = read_one(Category::Pupil, melted.as_bytes());
    assert!(kept.records.is_empty());
    assert_eq!(reading.broken, [Category::Pupil]);
    assert!(kept.codes().contains(&Code::MalformedFile), "{kept:?}");
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
