//! Stores for unit tests: in files, or on a PostgreSQL server when that is asked for, as for the tests of the program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sqlx::AssertSqlSafe;

use super::Store;
use super::sql::{Pool, Row, query};
use crate::config::StoreConfig;

#[path = "../../tests/it/support/postgres.rs"]
#[expect(dead_code, reason = "most of it is for the tests of the program")]
mod postgres;

/// Whether this run of the tests is about PostgreSQL: what only a file has is left out then.
pub(crate) fn on_a_server() -> bool {
    postgres::wanted()
}

/// The store of a folder, the same one each time.
pub(crate) async fn open(folder: &Path) -> Store {
    static DATABASES: Mutex<Option<HashMap<PathBuf, postgres::Database>>> = Mutex::new(None);
    if !on_a_server() {
        return Store::open(&format!("sqlite:{}", folder.join("rentree.db").display())).await.unwrap();
    }
    let url = {
        let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
        let databases = databases.get_or_insert_default();
        databases.entry(folder.to_owned()).or_insert_with(|| postgres::Cluster::shared().database()).url()
    };
    Store::of(&StoreConfig { url, folder: Some(folder.to_owned()), password_file: None }).await.unwrap()
}

/// Goes behind the store's back: statements that both databases know.
pub(crate) async fn execute(store: &Store, sql: &str) {
    let text = AssertSqlSafe(sql.to_owned());
    let done = match &store.writer {
        Pool::Sqlite(pool) => sqlx::raw_sql(text).execute(pool).await.map(drop),
        Pool::Postgres(pool) => sqlx::raw_sql(text).execute(pool).await.map(drop),
    };
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The row that a query of our own gives.
pub(crate) async fn row(store: &Store, sql: String) -> Row {
    query(AssertSqlSafe(sql)).fetch_one(&store.reader).await.unwrap()
}

/// Keeps everybody else from writing, until it is dropped.
pub(crate) async fn busy(store: &Store) -> impl Sized + use<> {
    store.write().await.unwrap()
}

/// Bytes as SQL writes them.
pub(crate) fn blob(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if on_a_server() { format!("'\\x{digits}'::bytea") } else { format!("x'{digits}'") }
}
