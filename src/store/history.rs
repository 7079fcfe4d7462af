//! The print register read back: what was printed when, by whom, and what became of it; files that may be destroyed.

use jiff::Timestamp;
use serde::Serialize;

use super::overview::moment;
use super::sql::{query, query_as};
use super::{Store, StoreError};
use crate::roster::JoinKey;

/// Which printings; conditions add up.
#[derive(Debug, Clone, Default)]
pub struct PrintFilter {
    pub person: Option<JoinKey>,
    /// UAI.
    pub school: Option<String>,
    pub batch: Option<String>,
}

/// One file of a print run, as far as the filter goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrintedBefore {
    pub batch: String,
    pub at: Timestamp,
    pub actor: String,
    /// jam | lost; of a first printing none.
    pub reason: Option<String>,
    /// SHA-256 of the template, when it is not the shipped one.
    pub template: Option<String>,
    pub file: String,
    /// UAI, class, profile: where all sheets of the file have the same.
    pub school: Option<String>,
    pub class: Option<String>,
    pub profile: Option<String>,
    pub sheets: u64,
    /// What the credentials on these sheets are now.
    pub now: StatesNow,
    /// Of a single sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The serial of the sheet in whose place it was handed out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// When the file was destroyed, or found to be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shredded: Option<Shredded>,
}

/// How many of some credentials are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct StatesNow {
    /// What is printed opens the account, unless its user has chosen another password.
    pub live: u64,
    pub superseded: u64,
    pub revoked: u64,
    pub expired: u64,
    /// Sheets without a secret, and credentials that are not known any more.
    pub none: u64,
}

/// The end of a printed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shredded {
    pub at: Timestamp,
    pub actor: String,
    /// Overwritten and removed by us; otherwise somebody had removed, moved or replaced it.
    pub destroyed: bool,
}

/// A printed file whose end is not noted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintedPath {
    pub batch: String,
    pub file: String,
    /// A later run wrote its own sheets under the same name: what this one wrote is gone.
    pub overwritten: bool,
}

impl Store {
    /// What was printed, newest first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub async fn print_history(&self, filter: &PrintFilter) -> Result<Vec<PrintedBefore>, StoreError> {
        let rows = query(
            "SELECT b.id, b.at, b.actor, b.reason, b.template, s.file,
                    CASE WHEN min(s.school) = max(s.school) THEN min(s.school) END,
                    CASE WHEN min(coalesce(s.class, '')) = max(coalesce(s.class, '')) THEN min(s.class) END,
                    CASE WHEN min(s.profile) = max(s.profile) THEN min(s.profile) END, count(*),
                    count(*) FILTER (WHERE e.state = 'live'), count(*) FILTER (WHERE e.state = 'superseded'),
                    count(*) FILTER (WHERE e.state = 'revoked'), count(*) FILTER (WHERE e.state = 'expired'),
                    count(*) FILTER (WHERE e.state IS NULL), min(s.serial), min(s.replaces), d.at, d.actor, d.outcome
             FROM print_sheet AS s JOIN print_batch AS b ON b.id = s.batch
             LEFT JOIN envelope AS e ON e.serial = s.serial
             LEFT JOIN shredded AS d ON d.batch = s.batch AND d.file = s.file
             WHERE (?1 IS NULL OR s.join_key = ?1) AND (?2 IS NULL OR s.school = ?2) AND (?3 IS NULL OR b.id = ?3)
             GROUP BY b.id, s.file, d.at, d.actor, d.outcome ORDER BY b.at DESC, b.id DESC, s.file",
        )
        .bind(filter.person.as_ref().map(JoinKey::as_str))
        .bind(filter.school.as_deref())
        .bind(filter.batch.as_deref())
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let number = |at: usize| row.try_get::<i64, _>(at).map(i64::unsigned_abs);
                let one = number(9)? == 1;
                let shredded = match row.try_get::<Option<i64>, _>(17)? {
                    None => None,
                    Some(at) => Some(Shredded {
                        at: moment(at, "shredded")?,
                        actor: row.try_get(18)?,
                        destroyed: row.try_get::<&str, _>(19)? == "destroyed",
                    }),
                };
                Ok(PrintedBefore {
                    batch: row.try_get(0)?,
                    at: moment(row.try_get(1)?, "print_batch")?,
                    actor: row.try_get(2)?,
                    reason: row.try_get(3)?,
                    template: row.try_get(4)?,
                    file: row.try_get(5)?,
                    school: row.try_get(6)?,
                    class: row.try_get(7)?,
                    profile: row.try_get(8)?,
                    sheets: number(9)?,
                    now: StatesNow {
                        live: number(10)?,
                        superseded: number(11)?,
                        revoked: number(12)?,
                        expired: number(13)?,
                        none: number(14)?,
                    },
                    serial: row.try_get::<Option<String>, _>(15)?.filter(|_| one),
                    replaces: row.try_get::<Option<String>, _>(16)?.filter(|_| one),
                    shredded,
                })
            })
            .collect()
    }

    /// The files of a batch, or of every batch printed before `before`, whose end is not noted yet, in the order of their
    /// printing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn printed_files(
        &self,
        batch: Option<&str>,
        before: Option<Timestamp>,
    ) -> Result<Vec<PrintedPath>, StoreError> {
        let rows: Vec<(String, String, bool, i64)> = query_as(
            "SELECT DISTINCT b.id, s.file,
                    EXISTS (SELECT 1 FROM print_sheet AS o JOIN print_batch AS p ON p.id = o.batch
                            WHERE o.file = s.file AND (p.at, p.id) > (b.at, b.id)), b.at
             FROM print_sheet AS s JOIN print_batch AS b ON b.id = s.batch
             WHERE (?1 IS NULL OR b.id = ?1) AND (?2 IS NULL OR b.at < ?2)
               AND NOT EXISTS (SELECT 1 FROM shredded AS d WHERE d.batch = b.id AND d.file = s.file)
               -- What a school printed from a pack is on its own disk.
               AND NOT EXISTS (SELECT 1 FROM pack_receipt AS r WHERE r.run = b.id)
             ORDER BY b.at, b.id, s.file",
        )
        .bind(batch)
        .bind(before.map(Timestamp::as_millisecond))
        .fetch_all(&self.reader)
        .await?;
        let path = |(batch, file, overwritten, _)| PrintedPath { batch, file, overwritten };
        Ok(rows.into_iter().map(path).collect())
    }

    /// Notes the end of a file.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note_shredded(&self, path: &PrintedPath, end: &Shredded) -> Result<(), StoreError> {
        query(
            "INSERT INTO shredded (batch, file, at, actor, outcome) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (batch, file) DO UPDATE SET at = excluded.at, actor = excluded.actor, outcome = excluded.outcome",
        )
            .bind(&path.batch)
            .bind(&path.file)
            .bind(end.at.as_millisecond())
            .bind(&end.actor)
            .bind(if end.destroyed { "destroyed" } else { "missing" })
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
