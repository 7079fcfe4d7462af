//! What must hold for any synthetic academy, read back from its files.

mod life;
mod references;
mod samples;
mod set;

use std::os::unix::fs::PermissionsExt as _;

use set::options;

use super::{Options, SimulateError, write};
use crate::feed::Category;

#[test]
fn same_options_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |name: &str, seed| {
        let options = Options { day: 3, ..options(12, 700, seed, &folder.path().join(name)) };
        let files = write(&options, &|_| {}).unwrap().files;
        files
            .iter()
            .map(|path| (path.file_name().unwrap().to_owned(), std::fs::read(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let first = bytes("a", 1);
    assert!(first == bytes("b", 1));
    assert!(first != bytes("c", 2));
}

#[test]
fn summary_and_progress_count_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new");
    let told = std::cell::RefCell::new(Vec::new());
    let summary = write(&options(12, 1_500, 5, &out), &|n| told.borrow_mut().push(n)).unwrap();
    assert_eq!(summary.of(Category::Pupil), 1_500);
    let total: u64 = summary.records.iter().sum();
    let told = told.into_inner();
    assert!(told.is_sorted() && told.len() > 3);
    assert_eq!(told.last(), Some(&total));
    let bytes: u64 = summary.files.iter().map(|f| std::fs::metadata(f).unwrap().len()).sum();
    assert_eq!(summary.bytes, bytes);
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o700);
    let names: Vec<_> = summary.files.iter().map(|f| f.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(names.first().unwrap(), "ENT_Complet_20260901_EtabEducNat_0000.xml");
    // Nothing but the set is left in the folder.
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), summary.files.len());
}

#[test]
fn parts_hold_five_thousand() {
    let folder = tempfile::tempdir().unwrap();
    let summary = write(&options(20, 5_100, 5, folder.path()), &|_| {}).unwrap();
    let parts: Vec<_> =
        summary.files.iter().filter(|f| f.to_string_lossy().contains("_Eleve_")).map(|f| f.to_string_lossy()).collect();
    assert_eq!(parts.len(), 2);
    assert!(parts[1].ends_with("_Eleve_0001.xml"));
    let records = |part: &str| std::fs::read_to_string(part).unwrap().matches("<addRequest>").count();
    assert_eq!([records(&parts[0]), records(&parts[1])], [5_000, 100]);
}

#[test]
fn bad_options_are_refused_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let good = options(2, 60, 1, folder.path());
    for bad in [
        Options { schools: 0, ..good.clone() },
        Options { schools: 9_001, pupils: 10_000, ..good.clone() },
        Options { pupils: 1, ..good.clone() },
        Options { pupils: 2_000_001, ..good.clone() },
        Options { year: 1900, ..good.clone() },
        Options { day: 365, ..good.clone() },
        Options { delta: true, ..good.clone() },
    ] {
        assert!(matches!(write(&bad, &|_| {}), Err(SimulateError::Range { .. })), "{bad:?}");
    }
    let both = Options { delta: true, bascule: true, day: 1, ..good.clone() };
    assert!(matches!(write(&both, &|_| {}), Err(SimulateError::DeltaOfBascule)));
    let night = Options { bascule_night: Some(1), ..good.clone() };
    assert!(matches!(write(&night, &|_| {}), Err(SimulateError::NightWithoutBascule)));
    write(&good, &|_| {}).unwrap();
    assert!(matches!(write(&good, &|_| {}), Err(SimulateError::Exists { .. })));
    // A delta of another day goes beside it.
    write(&Options { day: 1, delta: true, ..good }, &|_| {}).unwrap();
}
