//! The list against the schema, and the page against the list.

use std::collections::BTreeSet;

use super::*;
use crate::store::Store;

#[tokio::test]
async fn every_table_of_the_store_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("r.db").display())).await.unwrap();
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
