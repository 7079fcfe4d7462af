//! A transaction that writes, with an eye on how long it keeps everybody else waiting.

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::sql::{OnServer, Pool, Transaction};
use super::{Store, StoreError, lock};

/// Transactions that write have an advisory lock of their own, on a server.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(x'52454E5452454501'::bigint)";

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
    pub(super) fn write(&self) -> impl Future<Output = Result<Writing, StoreError>> + use<'_> {
        let began = Location::caller();
        async move {
            let transaction = match &self.writer {
                Pool::Sqlite(writer) => Transaction::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
                Pool::Postgres(writer) => {
                    let mut transaction = OnServer::begin(writer, BEGIN).await?;
                    let session = self.session.load(Ordering::Acquire);
                    if session != 0 && !has_turn(&mut transaction, session).await? {
                        return Err(StoreError::TurnLost);
                    }
                    Transaction::Postgres(transaction)
                }
            };
            Ok(Writing { transaction, since: Instant::now(), began })
        }
    }
}

/// Whether a session of the server has the turn.
async fn has_turn(connection: &mut PgConnection, session: i32) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = $1 AND objsubid = 1
                        AND (classid::bigint << 32) + objid::bigint = $2)",
    )
    .bind(session)
    .bind(lock::TURN)
    .fetch_one(connection)
    .await
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
