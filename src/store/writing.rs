//! A transaction that writes, with an eye on how long it keeps everybody else waiting.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::{Duration, Instant};

use super::Store;
use super::sql::{Pool, Transaction};

/// The advisory lock of the transactions that write, on a server.
const TURN: i64 = 0x5245_4E54_5245_4501;

/// One writer at a time: longer than this, another program at work (a sheet that is printed, somebody who decides)
/// would notice.
const LONG: Duration = Duration::from_millis(100);

/// The one transaction that may write now. Dropped, it is rolled back.
pub(super) struct Writing {
    transaction: Transaction,
    since: Instant,
    began: &'static Location<'static>,
}

impl Store {
    /// Begins a transaction that writes. It waits for its turn at its beginning: one that first reads would fail at its
    /// first write, without waiting, when another program has written in between.
    #[track_caller]
    pub(super) fn write(&self) -> impl Future<Output = Result<Writing, sqlx::Error>> + use<'_> {
        let began = Location::caller();
        async move {
            let transaction = match &self.writer {
                Pool::Sqlite(writer) => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
                Pool::Postgres(writer) => {
                    let mut transaction = writer.begin().await?;
                    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(TURN).execute(&mut *transaction).await?;
                    Transaction::Postgres(transaction)
                }
            };
            Ok(Writing { transaction, since: Instant::now(), began })
        }
    }
}

impl Writing {
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await?;
        let held = self.since.elapsed();
        if held > LONG {
            tracing::debug!(milliseconds = held.as_millis() as u64, began = %self.began, "a long write transaction");
        }
        Ok(())
    }
}

impl Deref for Writing {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Transaction {
        &mut self.transaction
    }
}
