//! Whether a server was seen to lock out whoever tries passwords.

use jiff::civil::Date;

use super::sql::query;
use super::{Store, StoreError};

impl Store {
    /// Notes what was proved of a server, in the place of what was noted before.
    pub async fn note_lockout(&self, server: &str, day: Date, locks: bool) -> Result<(), StoreError> {
        query(
            "INSERT INTO lockout (server, day, locks) VALUES (?1, ?2, ?3)
             ON CONFLICT (server) DO UPDATE SET day = excluded.day, locks = excluded.locks",
        )
        .bind(server)
        .bind(day.to_string())
        .bind(locks)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// What was proved last of a server, and when.
    pub async fn lockout(&self, server: &str) -> Result<Option<(Date, bool)>, StoreError> {
        let row =
            query("SELECT day, locks FROM lockout WHERE server = ?1").bind(server).fetch_optional(&self.reader).await?;
        let Some(row) = row else { return Ok(None) };
        let day: &str = row.try_get(0)?;
        let locks: bool = row.try_get(1)?;
        // A day that cannot be read proves nothing.
        Ok(day.parse().ok().map(|day| (day, locks)))
    }
}
