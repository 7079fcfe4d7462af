//! How many envelopes an operator was let open, counted before they are opened, over all processes on this store.
//!
//! A guard against mistakes and against a session left open, not against whoever has both the key and the store: he needs
//! none of this program.

use jiff::{SignedDuration, Timestamp};

use super::overview::moment;
use super::sql::{Transaction, query};
use super::{Store, StoreError};

/// Over which time they are counted.
const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Older counts serve nobody; the trail has every opening.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 31);

/// Why no more envelopes may be opened now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Within the last hour.
    pub opened: u64,
    /// From when on so many more may be; never, when they are more than an hour's by themselves.
    pub again: Option<Timestamp>,
}

impl Store {
    /// Counts `envelopes` for this operator, unless that makes more than `most` within an hour: one transaction, so that
    /// two processes cannot both take the rest. On the disk when it returns.
    ///
    /// # Errors
    /// When the store fails; then nothing is counted, and nothing may be opened.
    pub async fn reserve_openings(
        &self,
        actor: &str,
        batch: &str,
        envelopes: u64,
        most: u64,
        at: Timestamp,
    ) -> Result<Result<(), TooMany>, StoreError> {
        let mut tx = self.write().await?;
        let counted = counted(&mut tx, actor, at).await?;
        if let Some(refused) = refuse(&counted, envelopes, most) {
            return Ok(Err(refused));
        }
        query("DELETE FROM opening WHERE at < ?1").bind(before(at, KEPT)).execute(&mut *tx).await?;
        query("INSERT INTO opening (at, actor, batch, envelopes) VALUES (?1, ?2, ?3, ?4)")
            .bind(at.as_millisecond())
            .bind(actor)
            .bind(batch)
            .bind(i64::try_from(envelopes).unwrap_or(i64::MAX))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.durable().await?;
        Ok(Ok(()))
    }

    /// Why this operator may not open so many now, without counting them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn room_for_openings(
        &self,
        actor: &str,
        envelopes: u64,
        most: u64,
        at: Timestamp,
    ) -> Result<Option<TooMany>, StoreError> {
        let mut reader = self.reader.snapshot().await?;
        Ok(refuse(&counted(&mut reader, actor, at).await?, envelopes, most))
    }
}

/// What an operator was let open in the last hour, in the order of time.
async fn counted(
    connection: &mut Transaction,
    actor: &str,
    at: Timestamp,
) -> Result<Vec<(Timestamp, u64)>, StoreError> {
    let rows = query("SELECT at, envelopes FROM opening WHERE actor = ?1 AND at > ?2 ORDER BY at, id")
        .bind(actor)
        .bind(before(at, WINDOW))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let n: i64 = row.try_get(1)?;
            Ok((moment(row.try_get(0)?, "opening")?, n.unsigned_abs()))
        })
        .collect()
}

fn before(at: Timestamp, span: SignedDuration) -> i64 {
    at.checked_sub(span).unwrap_or(Timestamp::MIN).as_millisecond()
}

/// `counted` are the openings of the last hour, in the order of time.
fn refuse(counted: &[(Timestamp, u64)], envelopes: u64, most: u64) -> Option<TooMany> {
    let opened: u64 = counted.iter().map(|(_, n)| n).sum();
    if opened.saturating_add(envelopes) <= most {
        return None;
    }
    // Each leaves the hour in its turn, until there is room.
    let mut left = opened;
    let again = counted.iter().find_map(|(at, n)| {
        left -= n;
        (left.saturating_add(envelopes) <= most).then(|| at.checked_add(WINDOW).unwrap_or(Timestamp::MAX))
    });
    Some(TooMany { opened, again })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH.checked_add(SignedDuration::from_mins(minute)).unwrap()
    }

    #[test]
    fn there_is_room_again_when_enough_have_left_the_hour() {
        let counted = [(at(0), 5), (at(10), 20), (at(30), 10)];
        assert_eq!(refuse(&counted, 5, 40), None);
        assert_eq!(refuse(&counted, 6, 40), Some(TooMany { opened: 35, again: Some(at(60)) }));
        assert_eq!(refuse(&counted, 15, 40), Some(TooMany { opened: 35, again: Some(at(70)) }));
        assert_eq!(refuse(&counted, 40, 40), Some(TooMany { opened: 35, again: Some(at(90)) }));
        assert_eq!(refuse(&counted, 41, 40), Some(TooMany { opened: 35, again: None }));
        assert_eq!(refuse(&[], 41, 40), Some(TooMany { opened: 0, again: None }));
    }

    #[tokio::test]
    async fn one_operator_is_counted_over_all_openings_of_the_hour() {
        let folder = tempfile::tempdir().unwrap();
        // Two handles, as two processes have.
        let (one, two) = (testing::open(folder.path()).await, testing::open(folder.path()).await);
        let take = async |store: &Store, actor: &str, n: u64, minute: i64| {
            store.reserve_openings(actor, "lot", n, 100, at(minute)).await.unwrap().is_ok()
        };
        assert!(take(&one, "a@h", 60, 0).await);
        assert!(!take(&two, "a@h", 41, 1).await);
        assert!(take(&two, "a@h", 40, 1).await);
        assert!(!take(&one, "a@h", 1, 59).await);
        assert!(take(&one, "b@h", 100, 2).await, "another operator");
        assert!(take(&one, "a@h", 60, 60).await, "the first sixty have left the hour");
        assert!(!take(&one, "a@h", 1, 60).await);
        // All at once: together they get no more than the rest.
        let (x, y) = tokio::join!(take(&one, "c@h", 60, 5), take(&two, "c@h", 60, 5));
        assert!(x != y, "one of them");
    }
}
