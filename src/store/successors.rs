//! Structures that go on under other identifiers.

use std::collections::BTreeSet;

use super::sql::{Row, Transaction, query, query_as};
use super::{Store, StoreError};
use crate::feed::values::Uai;
use crate::roster::Successor;

/// A decision with the names of the entries, and when it was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuccessorRow {
    pub successor: Successor,
    pub former_dn: String,
    pub dn: String,
    /// Milliseconds since 1970, UTC.
    pub decided_at: i64,
}

impl Store {
    /// What became of structures, in the order of the decisions.
    pub async fn successors(&self) -> Result<Vec<Successor>, StoreError> {
        Ok(self.successor_rows().await?.into_iter().map(|row| row.successor).collect())
    }

    /// The same with the names of the entries.
    pub async fn successor_rows(&self) -> Result<Vec<SuccessorRow>, StoreError> {
        let rows = query(
            "SELECT former_uai, uai, former_siret, siret, merged, former_dn, dn, decided_at FROM successor ORDER BY id",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(successor_row).collect()
    }
}

fn successor_row(row: &Row) -> Result<SuccessorRow, StoreError> {
    let uai = |column: usize| {
        let text: &str = row.try_get(column)?;
        Uai::parse(text).ok_or_else(|| StoreError::Damaged { table: "successor", reason: "bad UAI".into() })
    };
    let siret = |column: usize| Ok::<_, StoreError>(row.try_get::<Option<&str>, _>(column)?.map(Into::into));
    Ok(SuccessorRow {
        successor: Successor {
            former_uai: uai(0)?,
            uai: uai(1)?,
            former_siret: siret(2)?,
            siret: siret(3)?,
            merged: row.try_get(4)?,
        },
        former_dn: row.try_get(5)?,
        dn: row.try_get(6)?,
        decided_at: row.try_get(7)?,
    })
}

/// Notes decisions with all that the register knows under the former UAI, inside a transaction of the caller's: the
/// schools of the accounts, and the year that the school has reached (a structure that was there keeps its own).
pub(super) async fn save_successors(transaction: &mut Transaction, rows: &[SuccessorRow]) -> Result<(), StoreError> {
    for SuccessorRow { successor, former_dn, dn, decided_at } in rows {
        query(
            "INSERT INTO successor (former_uai, uai, former_siret, siret, merged, former_dn, dn, decided_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(successor.former_uai.as_str())
        .bind(successor.uai.as_str())
        .bind(successor.former_siret.as_deref())
        .bind(successor.siret.as_deref())
        .bind(successor.merged)
        .bind(former_dn)
        .bind(dn)
        .bind(decided_at)
        .execute(&mut *transaction)
        .await?;
        let (former, present) = (successor.former_uai.as_str(), successor.uai.as_str());
        if former == present {
            continue;
        }
        let accounts: Vec<(String, String)> =
            query_as("SELECT join_key, schools FROM account WHERE ' ' || schools || ' ' LIKE '% ' || ?1 || ' %'")
                .bind(former)
                .fetch_all(&mut *transaction)
                .await?;
        for (join_key, schools) in accounts {
            let followed = schools.split_whitespace().map(|uai| if uai == former { present } else { uai });
            let schools: Vec<&str> = followed.collect::<BTreeSet<_>>().into_iter().collect();
            query("UPDATE account SET schools = ?2 WHERE join_key = ?1")
                .bind(join_key)
                .bind(schools.join(" "))
                .execute(&mut *transaction)
                .await?;
        }
        query("INSERT INTO school (uai, year) SELECT ?2, year FROM school WHERE uai = ?1 ON CONFLICT (uai) DO NOTHING")
            .bind(former)
            .bind(present)
            .execute(&mut *transaction)
            .await?;
        query("DELETE FROM school WHERE uai = ?1").bind(former).execute(&mut *transaction).await?;
    }
    Ok(())
}
