//! Who is who: links between join keys, decisions, open cases, merged accounts.

use std::collections::HashMap;

use super::sql::{QueryBuilder, query};
use super::{ROWS_PER_STATEMENT, Store, StoreError};
use crate::identity::{Answer, Case, CaseId, Question};
use crate::roster::JoinKey;

/// Two join keys of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    pub a: JoinKey,
    pub b: JoinKey,
    /// By a person, and not by a proof: no contradiction undoes it.
    pub decided: bool,
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    pub join_key: JoinKey,
    /// A join key, or a normalised DN.
    pub other: String,
    pub answer: Answer,
    pub decided_by: String,
    pub why: String,
    /// Milliseconds since 1970, UTC.
    pub decided_at: i64,
}

/// An account that was merged into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedRow {
    pub join_key: JoinKey,
    /// Normalised.
    pub dn: String,
    pub into: JoinKey,
}

/// A case as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    /// Milliseconds since 1970, UTC.
    pub first_seen: i64,
    pub case: Case,
}

fn damaged(table: &'static str, what: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { table, reason: what.to_string() }
}

impl Store {
    pub async fn identity_links(&self) -> Result<Vec<LinkRow>, StoreError> {
        let rows = query("SELECT a, b, decided FROM identity_link ORDER BY a, b").fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| {
                let key = |column: usize| Ok::<_, StoreError>(JoinKey::from_text(row.try_get(column)?));
                Ok(LinkRow { a: key(0)?, b: key(1)?, decided: row.try_get(2)? })
            })
            .collect()
    }

    /// Notes links, whichever of the two keys comes first; those that are known stay as they are.
    pub async fn add_identity_links(&self, links: &[LinkRow], now: i64) -> Result<(), StoreError> {
        if links.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for chunk in links.chunks(ROWS_PER_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO identity_link (a, b, decided, noted_at) ");
            insert.push_values(chunk, |mut row, link| {
                let (a, b) = if link.a <= link.b { (&link.a, &link.b) } else { (&link.b, &link.a) };
                row.push_bind(a.as_str()).push_bind(b.as_str()).push_bind(link.decided).push_bind(now);
            });
            insert.push(" ON CONFLICT DO NOTHING");
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn decisions(&self) -> Result<Vec<AnswerRow>, StoreError> {
        let rows = query(
            "SELECT join_key, other, answer, decided_by, why, decided_at FROM identity_decision ORDER BY join_key, other",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let answer = row.try_get::<&str, _>(2)?;
                Ok(AnswerRow {
                    join_key: JoinKey::from_text(row.try_get(0)?),
                    other: row.try_get(1)?,
                    answer: Answer::from_name(answer).ok_or_else(|| damaged("identity_decision", answer))?,
                    decided_by: row.try_get(3)?,
                    why: row.try_get(4)?,
                    decided_at: row.try_get(5)?,
                })
            })
            .collect()
    }

    /// Notes decisions, each instead of an earlier one about the same two. Two join keys that are the same person's are
    /// linked, and unlinked when they are not.
    pub async fn decide(&self, decisions: &[AnswerRow]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for decision in decisions {
            let (key, other) = (decision.join_key.as_str(), decision.other.as_str());
            // The same two the other way round are the same question.
            query("DELETE FROM identity_decision WHERE join_key = ?2 AND other = ?1")
                .bind(key)
                .bind(other)
                .execute(&mut *transaction)
                .await?;
            query(
                "INSERT INTO identity_decision (join_key, other, answer, decided_by, why, decided_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (join_key, other) DO UPDATE
                 SET answer = ?3, decided_by = ?4, why = ?5, decided_at = ?6",
            )
            .bind(key)
            .bind(other)
            .bind(decision.answer.name())
            .bind(&decision.decided_by)
            .bind(&decision.why)
            .bind(decision.decided_at)
            .execute(&mut *transaction)
            .await?;
            let (a, b) = if key <= other { (key, other) } else { (other, key) };
            query("DELETE FROM identity_link WHERE a = ?1 AND b = ?2")
                .bind(a)
                .bind(b)
                .execute(&mut *transaction)
                .await?;
            // A join key has no `=` before its `$`; a DN has.
            if decision.answer == Answer::Same && is_join_key(other) {
                query("INSERT INTO identity_link (a, b, decided, noted_at) VALUES (?1, ?2, 1, ?3)")
                    .bind(a)
                    .bind(b)
                    .bind(decision.decided_at)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the cases that are open now, and those whose answer can be taken back; gives how many of them nobody has seen before.
    pub async fn save_cases(&self, cases: &[Case], now: i64) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let rows = query("SELECT id, first_seen FROM identity_case").fetch_all(&mut *transaction).await?;
        let mut known: HashMap<String, i64> = HashMap::new();
        for row in &rows {
            known.insert(row.try_get(0)?, row.try_get(1)?);
        }
        query("DELETE FROM identity_case").execute(&mut *transaction).await?;
        let mut new = 0;
        for case in cases {
            let Some(key) = &case.person.key else { continue };
            let first_seen = known.get(case.id.as_str()).copied();
            new += u64::from(first_seen.is_none() && case.is_open());
            query(
                "INSERT INTO identity_case (id, join_key, question, first_seen, last_seen, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .bind(case.id.as_str())
            .bind(key.as_str())
            .bind(match case.question {
                Question::OneAccount => "one_account",
                Question::TwoRoles => "two_roles",
            })
            .bind(first_seen.unwrap_or(now))
            .bind(now)
            .bind(serde_json::to_string(case).map_err(|e| damaged("identity_case", e))?)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// The open cases, and those whose answer can be taken back ([`Case::is_open`]), by identifier.
    pub async fn cases(&self) -> Result<Vec<CaseRow>, StoreError> {
        let rows = query("SELECT first_seen, content FROM identity_case ORDER BY id").fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| {
                let case = serde_json::from_str(row.try_get(1)?).map_err(|e| damaged("identity_case", e))?;
                Ok(CaseRow { first_seen: row.try_get(0)?, case })
            })
            .collect()
    }

    /// One of these cases.
    pub async fn case(&self, id: &CaseId) -> Result<Option<CaseRow>, StoreError> {
        Ok(self.cases().await?.into_iter().find(|row| row.case.id == *id))
    }

    /// The accounts that were merged into others.
    pub async fn merged_accounts(&self) -> Result<Vec<MergedRow>, StoreError> {
        let rows = query("SELECT join_key, dn, into_key FROM identity_merged ORDER BY join_key")
            .fetch_all(&self.reader)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(MergedRow {
                    join_key: JoinKey::from_text(row.try_get(0)?),
                    dn: row.try_get(1)?,
                    into: JoinKey::from_text(row.try_get(2)?),
                })
            })
            .collect()
    }

    /// Notes that accounts are merged into others.
    pub async fn note_merged(&self, merged: &[MergedRow], now: i64) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for row in merged {
            query(
                "INSERT INTO identity_merged (join_key, dn, into_key, merged_at) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )
            .bind(row.join_key.as_str())
            .bind(&row.dn)
            .bind(row.into.as_str())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Gives up names that were reserved for people who turned out to have an account: retired, never given again.
    pub async fn retire_names(&self, keys: &[JoinKey], now: i64) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for key in keys {
            for statement in [
                "INSERT INTO retired_name (folded, join_key, retired_at)
                 SELECT uid_folded, join_key, ?2 FROM name WHERE join_key = ?1
                 UNION SELECT login_folded, join_key, ?2 FROM name WHERE join_key = ?1
                 ON CONFLICT DO NOTHING",
                "DELETE FROM name WHERE join_key = ?1 AND ?2 IS NOT NULL",
            ] {
                query(statement).bind(key.as_str()).bind(now).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Whether a decision's other side is a join key: a DN has a `=` before any `$`.
#[must_use]
pub fn is_join_key(text: &str) -> bool {
    text.split_once('$').is_some_and(|(prefix, _)| !prefix.contains('='))
}
