//! Rows about one person, whatever the table: for who asks what is held, and for erasing it. Which tables and columns is
//! said by [`crate::person`].

use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;

use super::sql::{self, Pool, Row, Transaction, query, query_scalar};
use super::{Store, StoreError, json_list};
use crate::person::{By, Erase, HOLDINGS, Holding};
use crate::roster::JoinKey;

/// What a person is called in the store.
#[derive(Debug, Clone, Default)]
pub struct Called {
    pub keys: Vec<JoinKey>,
    /// As registered.
    pub dns: Vec<String>,
}

/// A row, by column.
pub type HeldRow = Map<String, Value>;

impl Store {
    /// The tables of the schema.
    pub async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let tables = query_scalar(match &self.reader {
            Pool::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            }
            Pool::Postgres(_) => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
        });
        Ok(tables.fetch_all(&self.reader).await?)
    }

    /// The DNs under which these join keys are registered, as accounts or as merged ones.
    pub async fn dns_of(&self, keys: &[JoinKey]) -> Result<Vec<String>, StoreError> {
        let dns = query_scalar(
            "SELECT dn FROM account WHERE join_key IN (SELECT value FROM json_each(?1))
             UNION SELECT dn FROM identity_merged WHERE join_key IN (SELECT value FROM json_each(?1))",
        );
        Ok(dns.bind(json_list(keys)).fetch_all(&self.reader).await?)
    }

    /// The rows of a table that are about a person.
    pub async fn held(&self, holding: &Holding, called: &Called) -> Result<Vec<HeldRow>, StoreError> {
        let sql = format!("SELECT * FROM {} WHERE {}", holding.table, condition(holding));
        let rows = query(AssertSqlSafe(sql))
            .bind(json_list(&called.keys))
            .bind(json_list(&called.dns))
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(row).collect()
    }

    /// Erases what the store holds on a person, in one transaction; `pseudonym` stands for him where rows stay. Gives how
    /// many rows of each table.
    pub async fn erase_person(&self, called: &Called, pseudonym: &str) -> Result<Vec<(&'static str, u64)>, StoreError> {
        let mut tx = self.write().await?;
        let mut done = Vec::new();
        // What is found by the serial of an envelope goes before the envelope.
        let (first, then): (Vec<&Holding>, Vec<&Holding>) =
            HOLDINGS.iter().partition(|holding| matches!(holding.by, By::Serial(_)));
        for holding in first.into_iter().chain(then) {
            let rows = erase(&mut tx, holding, called, pseudonym).await?;
            if rows > 0 {
                done.push((holding.table, rows));
            }
        }
        tx.commit().await?;
        Ok(done)
    }
}

async fn erase(tx: &mut Transaction, holding: &Holding, called: &Called, pseudonym: &str) -> Result<u64, StoreError> {
    let (table, condition) = (holding.table, condition(holding));
    let sql = match holding.erase {
        Erase::Keep => return Ok(0),
        Erase::Delete => format!("DELETE FROM {table} WHERE {condition}"),
        Erase::Pseudonym => format!("UPDATE {table} SET join_key = ?3 WHERE {condition}"),
    };
    let query = query(AssertSqlSafe(sql)).bind(json_list(&called.keys)).bind(json_list(&called.dns));
    let query = if holding.erase == Erase::Pseudonym { query.bind(pseudonym) } else { query };
    Ok(query.execute(tx).await?.rows_affected())
}

/// `?1`: the join keys as JSON, `?2`: the DNs.
fn condition(holding: &Holding) -> String {
    let any = |columns: &[&str], list: &str| {
        let each: Vec<String> =
            columns.iter().map(|column| format!("{column} IN (SELECT value FROM json_each({list}))")).collect();
        each.join(" OR ")
    };
    match holding.by {
        By::JoinKey(columns) => any(columns, "?1"),
        By::Dn(columns) => {
            let lower: Vec<String> = columns
                .iter()
                .map(|column| format!("lower({column}) IN (SELECT lower(value) FROM json_each(?2))"))
                .collect();
            lower.join(" OR ")
        }
        By::Serial(column) => {
            format!("{column} IN (SELECT serial FROM envelope WHERE {})", any(&["join_key", "sealed_key"], "?1"))
        }
        By::DnWithin(column) => {
            format!("EXISTS (SELECT 1 FROM json_each(?2) WHERE instr(lower({column}), lower(value)) > 0)")
        }
    }
}

fn row(row: &Row) -> Result<HeldRow, StoreError> {
    let mut held = Map::new();
    for (name, value) in row.names().into_iter().zip(row.values()?) {
        let value = match value {
            sql::Value::Integer(Some(n)) => n.into(),
            sql::Value::Text(Some(text)) => text.into_owned().into(),
            sql::Value::Blob(Some(bytes)) => format!("({} octets)", bytes.len()).into(),
            sql::Value::Integer(None) | sql::Value::Text(None) | sql::Value::Blob(None) => continue,
        };
        held.insert(name, value);
    }
    Ok(held)
}
