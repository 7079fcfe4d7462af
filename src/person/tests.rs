//! The list against the schema, and the page against the list.

use std::collections::BTreeSet;

use super::*;
use crate::store::testing;

#[tokio::test]
async fn every_table_of_the_store_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = testing::open(folder.path()).await;
    let tables: BTreeSet<String> = store.tables().await.unwrap().into_iter().collect();
    let listed: Vec<&str> =
        HOLDINGS.iter().map(|holding| holding.table).chain(OTHERS.iter().map(|(table, _)| *table)).collect();
    let set: BTreeSet<String> = listed.iter().map(|table| (*table).to_owned()).collect();
    assert_eq!(set.len(), listed.len(), "a table is listed once");
    assert_eq!(tables, set, "a new table is in HOLDINGS or in OTHERS of src/person/holdings.rs");
    // Each condition is one that the store understands.
    let called = Called { keys: vec![JoinKey::new("AC-TEST", "1")], dns: vec!["uid=a,dc=fr".to_owned()] };
    for holding in &HOLDINGS {
        assert!(store.held(holding, &called).await.unwrap().is_empty(), "{}", holding.table);
    }
    assert!(store.erase_person(&called, "erased$x").await.unwrap().is_empty());
}

#[test]
fn the_record_of_processing_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/donnees.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- tables : produit par un test -->\n", "<!-- fin des tables -->");
    let (head, rest) = page.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let fresh = format!("{head}{begin}{}{end}{tail}", record_of_processing());
    if std::env::var_os("RENTREE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == fresh, "docs/donnees.md: run once with RENTREE_UPDATE_DOCS=1");
}

#[test]
fn deadlines_follow_the_stage_and_the_settings() {
    use jiff::civil::date;

    use super::deadlines;
    use crate::credentials::EnvelopeState;
    use crate::roster::{JoinKey, Profile};
    use crate::store::{AccountRow, CredentialRow, Stage};

    let text = "[store]\nurl = \"sqlite:r.db\"\n[directory]\nkind = \"embedded\"\nsuffix = \"dc=fr\"\n";
    let config = crate::config::Config::parse(text, std::path::Path::new("/r.toml")).unwrap();
    let account = |stage, left| AccountRow {
        join_key: JoinKey::new("AC-TEST", "1"),
        dn: "uid=a,dc=fr".into(),
        profile: Profile::Pupil,
        stage,
        since: date(2026, 10, 1),
        schools: vec!["0450001A".into()],
        class: None,
        level: None,
        expected: false,
        adopted: false,
        written: None,
        left,
        former_class: None,
    };
    let sealed =
        CredentialRow { serial: "s".into(), state: EnvelopeState::Live, issued: date(2026, 9, 1), printed: None };
    let days = |stage, left| -> Vec<_> {
        deadlines(&account(stage, left), std::slice::from_ref(&sealed), &config).iter().map(|d| d.day).collect()
    };
    let left = Some(date(2026, 10, 1));
    assert_eq!(days(Stage::Present, None), [Some(date(2026, 11, 30)), None]);
    assert_eq!(
        days(Stage::Absent, left),
        [Some(date(2026, 10, 31)), Some(date(2026, 11, 30)), Some(date(2026, 12, 30))]
    );
    assert_eq!(days(Stage::Suspended, left), [Some(date(2026, 11, 30)), Some(date(2026, 12, 30))]);
    let line = deadlines(&account(Stage::Suspended, left), &[], &config)[0].line();
    assert_eq!(
        line,
        "le compte est à effacer : le 30 décembre 2026 (lifecycle.purge_after, au plus tard ; par rentree purge)"
    );
}
