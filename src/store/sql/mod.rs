//! One face for the two databases that a store may be kept in. Queries are written once, in the SQL that both know, with
//! SQLite's placeholders; each names its columns by their places. What one of the two alone can do is asked of it by name.

mod bulk;
mod row;
mod value;

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, SqlStr, Sqlite, SqlitePool};

use super::storable;

pub(crate) use bulk::QueryBuilder;
pub(crate) use row::{Column, FromRow, Row};
pub(crate) use value::Value;

/// Connections to the database.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A transaction; dropped, it is rolled back.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(OnServer),
}

/// A transaction on a server. Dropped before its end, its connection is closed, not used again: answers to what was under
/// way on it (rows of a COPY) would be taken for those of the next query.
pub(crate) struct OnServer {
    connection: PoolConnection<Postgres>,
    ended: bool,
}

impl OnServer {
    /// Begins one with these statements.
    pub(crate) async fn begin(pool: &PgPool, statements: &'static str) -> Result<Self, sqlx::Error> {
        let mut transaction = Self { connection: pool.acquire().await?, ended: false };
        sqlx::raw_sql(statements).execute(&mut *transaction.connection).await?;
        Ok(transaction)
    }

    async fn commit(mut self) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut *self.connection).await?;
        self.ended = true;
        Ok(())
    }
}

impl Deref for OnServer {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for OnServer {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

#[cfg(test)]
impl Pool {
    /// The file's connections, for a test of what only a file has.
    pub(crate) fn sqlite(&self) -> &SqlitePool {
        match self {
            Self::Sqlite(pool) => pool,
            Self::Postgres(_) => panic!("not a file"),
        }
    }
}

impl Pool {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// A transaction that reads, as of one moment.
    pub(crate) async fn snapshot(&self) -> Result<Transaction, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => {
                Transaction::Postgres(OnServer::begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }
}

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// Where a query is carried out.
pub(crate) enum On<'c> {
    Pool(&'c Pool),
    Transaction(&'c mut Transaction),
}

impl<'c> From<&'c Pool> for On<'c> {
    fn from(pool: &'c Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'c> From<&'c mut Transaction> for On<'c> {
    fn from(transaction: &'c mut Transaction) -> Self {
        Self::Transaction(transaction)
    }
}

/// A query with its values.
pub(crate) struct Query<'q> {
    sql: SqlStr,
    values: Vec<Value<'q>>,
    /// The same without SQL's values, where a server may take them otherwise.
    copied: Option<bulk::Copied>,
}

/// A query of one text: `?`, or `?1`, `?2`, … stand for its values.
pub(crate) fn query<'q>(sql: impl sqlx::SqlSafeStr) -> Query<'q> {
    Query { sql: sql.into_sql_str(), values: Vec::new(), copied: None }
}

/// A query whose rows are read as `T`.
pub(crate) fn query_as<'q, T>(sql: impl sqlx::SqlSafeStr) -> Typed<'q, T> {
    Typed { query: query(sql), row: PhantomData }
}

/// A query of one column.
pub(crate) fn query_scalar<'q, T>(sql: impl sqlx::SqlSafeStr) -> Scalars<'q, T> {
    Scalars { query: query(sql), row: PhantomData }
}

/// As SQLite's placeholders are written for PostgreSQL. None of our texts has a question mark for anything else.
fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 16);
    let mut next = 1;
    let mut rest = sql;
    while let Some(at) = rest.find('?') {
        let (before, after) = rest.split_at(at);
        let after = after.get(1..).unwrap_or_default();
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(before);
        out.push('$');
        if digits == 0 {
            out.push_str(&next.to_string());
            next += 1;
        } else {
            out.push_str(after.get(..digits).unwrap_or_default());
        }
        rest = after.get(digits..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

type SqliteQuery<'q> = sqlx::query::Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;
type PgQuery<'q> = sqlx::query::Query<'q, Postgres, <Postgres as sqlx::Database>::Arguments>;

/// Carries out on whichever database it is.
macro_rules! dispatch {
    ($query:expr, $on:expr, |$call:ident, $executor:ident| $do:expr) => {
        match $on.into() {
            On::Pool(Pool::Sqlite($executor)) => {
                let $call = $query.sqlite();
                $do
            }
            On::Pool(Pool::Postgres($executor)) => {
                let $call = $query.postgres();
                $do
            }
            On::Transaction(Transaction::Sqlite(transaction)) => {
                let $executor = &mut **transaction;
                let $call = $query.sqlite();
                $do
            }
            On::Transaction(Transaction::Postgres(transaction)) => {
                let $executor = &mut **transaction;
                let $call = $query.postgres();
                $do
            }
        }
    };
}

impl<'q> Query<'q> {
    pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    fn sqlite(self) -> SqliteQuery<'q> {
        self.values.into_iter().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Integer(n) => query.bind(n),
            Value::Text(text) => query.bind(text),
            Value::Blob(bytes) => query.bind(bytes),
        })
    }

    fn postgres(self) -> PgQuery<'q> {
        let sql = sqlx::AssertSqlSafe(numbered(self.sql.as_str()));
        self.values.into_iter().fold(sqlx::query(sql), |query, value| match value {
            Value::Integer(n) => query.bind(n),
            Value::Text(text) => query.bind(text.map(|text| storable(&text).into_owned())),
            Value::Blob(bytes) => query.bind(bytes),
        })
    }

    /// Carries it out, and gives how many rows it touched.
    pub(crate) async fn execute<'c>(self, on: impl Into<On<'c>>) -> Result<Done, sqlx::Error> {
        let on = match (on.into(), &self.copied) {
            (On::Transaction(Transaction::Postgres(transaction)), Some(copied)) => {
                return Box::pin(bulk::copy(transaction, copied, &self.values)).await.map(Done);
            }
            (on, _) => on,
        };
        dispatch!(self, on, |query, executor| Box::pin(query.execute(executor))
            .await
            .map(|done| Done(done.rows_affected())))
    }

    pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<Row>, sqlx::Error> {
        dispatch!(self, on, |query, executor| {
            Ok(Box::pin(query.fetch_all(executor)).await?.into_iter().map(Row::from).collect())
        })
    }

    pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<Row>, sqlx::Error> {
        dispatch!(self, on, |query, executor| Ok(Box::pin(query.fetch_optional(executor)).await?.map(Row::from)))
    }

    pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<Row, sqlx::Error> {
        dispatch!(self, on, |query, executor| Ok(Row::from(Box::pin(query.fetch_one(executor)).await?)))
    }

    /// The rows as they are read.
    pub(crate) fn fetch<'e>(self, on: impl Into<On<'e>>) -> BoxStream<'e, Result<Row, sqlx::Error>>
    where
        'q: 'e,
    {
        dispatch!(self, on, |query, executor| query.fetch(executor).map_ok(Row::from).boxed())
    }
}

/// What a statement did.
pub(crate) struct Done(u64);

impl Done {
    pub(crate) const fn rows_affected(&self) -> u64 {
        self.0
    }
}

/// A query whose rows are read as `T`.
pub(crate) struct Typed<'q, T> {
    query: Query<'q>,
    row: PhantomData<fn() -> T>,
}

/// A query of one column, which is read as `T`.
pub(crate) struct Scalars<'q, T> {
    query: Query<'q>,
    row: PhantomData<fn() -> T>,
}

macro_rules! reads_rows {
    ($of:ident, $what:path, $read:expr) => {
        impl<'q, T: $what + Send + 'static> $of<'q, T> {
            pub(crate) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
                self.query = self.query.bind(value);
                self
            }

            pub(crate) async fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Result<Vec<T>, sqlx::Error> {
                self.query.fetch_all(on).await?.iter().map($read).collect()
            }

            pub(crate) async fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Result<Option<T>, sqlx::Error> {
                self.query.fetch_optional(on).await?.as_ref().map($read).transpose()
            }

            pub(crate) async fn fetch_one<'c>(self, on: impl Into<On<'c>>) -> Result<T, sqlx::Error> {
                $read(&self.query.fetch_one(on).await?)
            }
        }
    };
}

impl<'q, T: FromRow + Send + 'static> Typed<'q, T> {
    /// The rows as they are read.
    pub(crate) fn fetch<'e>(self, on: impl Into<On<'e>>) -> BoxStream<'e, Result<T, sqlx::Error>>
    where
        'q: 'e,
    {
        self.query.fetch(on).map(|row| row.and_then(|row| T::from_row(&row))).boxed()
    }
}

/// A column that owns what it says.
pub(crate) trait Owned: for<'r> Column<'r> {}
impl<T: for<'r> Column<'r>> Owned for T {}

reads_rows!(Typed, FromRow, |row: &Row| T::from_row(row));
reads_rows!(Scalars, Owned, |row: &Row| row.try_get(0));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_get_their_numbers() {
        assert_eq!(numbered("a = ? AND b = ? OR c"), "a = $1 AND b = $2 OR c");
        assert_eq!(numbered("a = ?2 AND b = ?1 AND c = ?12"), "a = $2 AND b = $1 AND c = $12");
    }
}
