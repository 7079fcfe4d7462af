//! Adults in two roles: what was answered about two people, and the links that the engine put on their entries.

use std::collections::HashMap;

use super::sql::{Transaction, query};
use super::{AnswerRow, Store, StoreError};
use crate::directory::Dn;
use crate::identity::Answer;
use crate::roster::JoinKey;

/// A link on an entry that the engine wrote. DNs normalised.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoleLinkRow {
    pub holder: String,
    pub target: String,
    /// The target is the holder's principal account; else it is one of its secondary ones.
    pub principal: bool,
}

impl Store {
    /// What was answered, by the two join keys in their order.
    pub async fn role_decisions(&self) -> Result<HashMap<(JoinKey, JoinKey), Answer>, StoreError> {
        let rows = query("SELECT a, b, answer FROM role_decision").fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| {
                let key = |column: usize| Ok::<_, StoreError>(JoinKey::from_text(row.try_get(column)?));
                let answer = row.try_get::<&str, _>(2)?;
                let known = Answer::from_name(answer);
                let damaged = || StoreError::Damaged { table: "role_decision", reason: answer.to_owned() };
                Ok(((key(0)?, key(1)?), known.ok_or_else(damaged)?))
            })
            .collect()
    }

    /// Notes answers, each instead of an earlier one about the same two.
    pub async fn decide_roles(&self, answers: &[AnswerRow]) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        for answer in answers {
            let (key, other) = (answer.join_key.as_str(), answer.other.as_str());
            let (a, b) = if key <= other { (key, other) } else { (other, key) };
            query(
                "INSERT INTO role_decision (a, b, answer, decided_by, why, decided_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (a, b) DO UPDATE SET answer = excluded.answer, decided_by = excluded.decided_by,
                 why = excluded.why, decided_at = excluded.decided_at",
            )
            .bind(a)
            .bind(b)
            .bind(answer.answer.name())
            .bind(&answer.decided_by)
            .bind(&answer.why)
            .bind(answer.decided_at)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The links that the engine wrote.
    pub async fn role_links(&self) -> Result<Vec<RoleLinkRow>, StoreError> {
        let rows = query("SELECT holder, target, principal FROM role_link").fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| Ok(RoleLinkRow { holder: row.try_get(0)?, target: row.try_get(1)?, principal: row.try_get(2)? }))
            .collect()
    }

    /// The links of one entry.
    pub async fn role_links_of(&self, holder: &str) -> Result<Vec<RoleLinkRow>, StoreError> {
        let links = query("SELECT target, principal FROM role_link WHERE holder = ?1 ORDER BY target");
        let rows = links.bind(holder).fetch_all(&self.reader).await?;
        rows.iter()
            .map(|row| {
                Ok(RoleLinkRow { holder: holder.to_owned(), target: row.try_get(0)?, principal: row.try_get(1)? })
            })
            .collect()
    }
}

/// Links that were written (`true`) or taken away.
pub(super) async fn save_role_links(
    transaction: &mut Transaction,
    links: &[(RoleLinkRow, bool)],
) -> Result<(), StoreError> {
    for (link, written) in links {
        let statement = if *written {
            "INSERT INTO role_link (holder, target, principal) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM role_link WHERE holder = ?1 AND target = ?2 AND principal = ?3"
        };
        let query = query(statement).bind(&link.holder).bind(&link.target).bind(link.principal);
        query.execute(&mut *transaction).await?;
    }
    Ok(())
}

/// The links of entries that are no more, on either side.
pub(super) async fn forget_role_links(
    transaction: &mut Transaction,
    gone: impl Iterator<Item = Dn>,
) -> Result<(), StoreError> {
    for dn in gone {
        query("DELETE FROM role_link WHERE holder = ?1 OR target = ?1")
            .bind(dn.normalised())
            .execute(&mut *transaction)
            .await?;
    }
    Ok(())
}
