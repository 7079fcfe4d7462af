//! What a query gives.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Row as _, TypeInfo as _};

use super::Value;

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row {
    /// A column by its place, or by its name.
    pub(crate) fn try_get<'r, T: Column<'r>, I: Place>(&'r self, place: I) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => T::of_sqlite(row, place.in_sqlite(row)?),
            Self::Postgres(row) => T::of_postgres(row, place.in_postgres(row)?),
        }
    }

    /// The columns' names.
    pub(crate) fn names(&self) -> Vec<String> {
        fn of<C: sqlx::Column>(columns: &[C]) -> Vec<String> {
            columns.iter().map(|column| column.name().to_owned()).collect()
        }
        match self {
            Self::Sqlite(row) => of(row.columns()),
            Self::Postgres(row) => of(row.columns()),
        }
    }

    /// Everything in it, as it could be bound again.
    pub(crate) fn values(&self) -> Result<Vec<Value<'static>>, sqlx::Error> {
        let value = |at: usize| {
            // Of a column of SQLite the declared type: what is not there has no other.
            let kind = match self {
                Self::Sqlite(row) => row.column(at).type_info().name().to_owned(),
                Self::Postgres(row) => row.column(at).type_info().name().to_owned(),
            };
            Ok(match kind.as_str() {
                "INTEGER" | "INT8" | "BOOL" | "BOOLEAN" => Value::Integer(self.try_get(at)?),
                "BLOB" | "BYTEA" => Value::Blob(self.try_get::<Option<Vec<u8>>, _>(at)?.map(Into::into)),
                _ => Value::Text(self.try_get::<Option<String>, _>(at)?.map(Into::into)),
            })
        };
        (0..self.names().len()).map(value).collect()
    }
}

/// How a column is named.
pub(crate) trait Place {
    fn in_sqlite(self, row: &SqliteRow) -> Result<usize, sqlx::Error>;
    fn in_postgres(self, row: &PgRow) -> Result<usize, sqlx::Error>;
}

impl Place for usize {
    fn in_sqlite(self, _: &SqliteRow) -> Result<usize, sqlx::Error> {
        Ok(self)
    }
    fn in_postgres(self, _: &PgRow) -> Result<usize, sqlx::Error> {
        Ok(self)
    }
}

impl Place for &str {
    fn in_sqlite(self, row: &SqliteRow) -> Result<usize, sqlx::Error> {
        sqlx::ColumnIndex::index(&self, row)
    }
    fn in_postgres(self, row: &PgRow) -> Result<usize, sqlx::Error> {
        sqlx::ColumnIndex::index(&self, row)
    }
}

/// A type that a column is read as.
pub(crate) trait Column<'r>: Sized {
    fn of_sqlite(row: &'r SqliteRow, at: usize) -> Result<Self, sqlx::Error>;
    fn of_postgres(row: &'r PgRow, at: usize) -> Result<Self, sqlx::Error>;
}

macro_rules! same_in_both {
    ($($type:ty),*) => {$(
        impl<'r> Column<'r> for $type {
            fn of_sqlite(row: &'r SqliteRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
            fn of_postgres(row: &'r PgRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
        }

        impl<'r> Column<'r> for Option<$type> {
            fn of_sqlite(row: &'r SqliteRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
            fn of_postgres(row: &'r PgRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
        }
    )*};
}

same_in_both!(String, &'r str, Vec<u8>, &'r [u8], f64);

/// PostgreSQL has whole numbers of one width here; what is true or false is one as well, unless it was computed.
fn whole(row: &PgRow, at: usize) -> Result<Option<i64>, sqlx::Error> {
    if row.column(at).type_info().name() == "BOOL" {
        return Ok(row.try_get::<Option<bool>, _>(at)?.map(i64::from));
    }
    row.try_get(at)
}

fn absent(at: usize) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: at.to_string(), source: Box::new(sqlx::error::UnexpectedNullError) }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Column<'_> for $type {
            fn of_sqlite(row: &SqliteRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
            fn of_postgres(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
                <Option<Self> as Column<'_>>::of_postgres(row, at)?.ok_or_else(|| absent(at))
            }
        }

        impl Column<'_> for Option<$type> {
            fn of_sqlite(row: &SqliteRow, at: usize) -> Result<Self, sqlx::Error> {
                row.try_get(at)
            }
            fn of_postgres(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
                let number = whole(row, at)?.map(<$type>::try_from).transpose();
                number.map_err(|source| sqlx::Error::ColumnDecode { index: at.to_string(), source: Box::new(source) })
            }
        }
    )*};
}

integers!(i64, i32, i16, u8, u16, u32);

impl Column<'_> for bool {
    fn of_sqlite(row: &SqliteRow, at: usize) -> Result<Self, sqlx::Error> {
        row.try_get(at)
    }
    fn of_postgres(row: &PgRow, at: usize) -> Result<Self, sqlx::Error> {
        Ok(whole(row, at)?.ok_or_else(|| absent(at))? != 0)
    }
}

/// A type that a whole row is read as.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error>;
}

macro_rules! tuples {
    ($(($($type:ident $at:tt),+))*) => {$(
        impl<$($type: for<'r> Column<'r>),+> FromRow for ($($type,)+) {
            fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
                Ok(($(row.try_get($at)?,)+))
            }
        }
    )*};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
}
