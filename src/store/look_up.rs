//! Finding one person, and what the store holds on the person's credential. Read only, and never a secret: neither hash
//! nor sealed text is selected here.

use jiff::Timestamp;
use jiff::civil::Date;

use super::overview::moment;
use super::sql::{QueryBuilder, Row, query};
use super::{NameRow, Store, StoreError, json_list};
use crate::credentials::EnvelopeState;
use crate::naming::{Login, Uid};
use crate::roster::JoinKey;

/// A credential without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    pub serial: String,
    pub state: EnvelopeState,
    pub issued: Date,
    pub printed: Option<Timestamp>,
}

/// One sheet that was printed for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    pub at: Timestamp,
    pub actor: String,
    pub school: String,
    pub class: Option<String>,
}

impl Store {
    /// Reservations that `exact` names (a join key, with or without its prefix, a uid or a login) or whose login holds
    /// every one of `words`; in the order of logins, at most `most`. What is compared is folded by the caller as the
    /// register folds it: `exact_folded` is `exact` in that form.
    pub async fn find_names(
        &self,
        exact: &str,
        exact_folded: &str,
        words: &[impl AsRef<str> + Sync],
        most: u32,
    ) -> Result<Vec<NameRow>, StoreError> {
        let mut query = QueryBuilder::new("SELECT join_key, uid, login FROM name WHERE join_key = ");
        query.push_bind(exact.to_owned());
        query.push(" OR substr(join_key, instr(join_key, '$') + 1) = ").push_bind(exact.to_owned());
        query.push(" OR uid_folded = ").push_bind(exact_folded.to_owned());
        query.push(" OR login_folded = ").push_bind(exact_folded.to_owned());
        for (at, word) in words.iter().enumerate() {
            query.push(if at == 0 { " OR (" } else { " AND " });
            query.push("instr(login_folded, ").push_bind(word.as_ref().to_owned()).push(") > 0");
        }
        if !words.is_empty() {
            query.push(")");
        }
        query.push(" ORDER BY login_folded LIMIT ").push_bind(most);
        query.build().fetch_all(&self.reader).await?.iter().map(name_row).collect()
    }

    /// The reservations of those of `keys` that have one, in the order of logins.
    pub async fn names_of(&self, keys: &[JoinKey]) -> Result<Vec<NameRow>, StoreError> {
        let rows = query(
            "SELECT join_key, uid, login FROM name WHERE join_key IN (SELECT value FROM json_each(?1))
             ORDER BY login_folded",
        )
        .bind(json_list(keys))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(name_row).collect()
    }

    /// The credentials of a person, newest first.
    pub async fn credentials_of(&self, person: &JoinKey) -> Result<Vec<CredentialRow>, StoreError> {
        let rows = query("SELECT serial, state, issued, printed_at FROM envelope WHERE join_key = ?1 ORDER BY id DESC")
            .bind(person.as_str())
            .fetch_all(&self.reader)
            .await?;
        let damaged = |reason: &str| StoreError::Damaged { table: "envelope", reason: reason.to_owned() };
        rows.iter()
            .map(|row| {
                Ok(CredentialRow {
                    serial: row.try_get(0)?,
                    state: EnvelopeState::from_name(row.try_get(1)?).ok_or_else(|| damaged("bad state"))?,
                    issued: row.try_get::<&str, _>(2)?.parse().map_err(|_| damaged("issued is no day"))?,
                    printed: row.try_get::<Option<i64>, _>(3)?.map(|at| moment(at, "envelope")).transpose()?,
                })
            })
            .collect()
    }

    /// The sheets printed for a person, newest first.
    pub async fn sheets_of(&self, person: &JoinKey) -> Result<Vec<SheetRow>, StoreError> {
        let rows = query(
            "SELECT b.at, b.actor, s.school, s.class FROM print_sheet AS s JOIN print_batch AS b ON b.id = s.batch
             WHERE s.join_key = ?1 ORDER BY b.at DESC, s.school",
        )
        .bind(person.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(SheetRow {
                    at: moment(row.try_get(0)?, "print_batch")?,
                    actor: row.try_get(1)?,
                    school: row.try_get(2)?,
                    class: row.try_get(3)?,
                })
            })
            .collect()
    }
}

fn name_row(row: &Row) -> Result<NameRow, StoreError> {
    Ok(NameRow {
        join_key: JoinKey::from_text(row.try_get(0)?),
        uid: Uid::new(row.try_get(1)?),
        login: Login::new(row.try_get(2)?),
    })
}
