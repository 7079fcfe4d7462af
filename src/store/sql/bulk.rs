//! A query that is put together, and many rows in one statement: for a server that takes rows by COPY, so.

use std::ops::Range;

use sqlx::AssertSqlSafe;

use super::{Query, Value, query};
use crate::store::storable;

/// A query in the making; every value stands for a `?`.
pub(crate) struct QueryBuilder<'q> {
    sql: String,
    values: Vec<Value<'q>>,
    /// Where in the text the rows of an `INSERT` are.
    rows: Option<Range<usize>>,
}

/// The values of one row.
pub(crate) struct RowValues<'b, 'q> {
    builder: &'b mut QueryBuilder<'q>,
    first: bool,
}

/// Rows that go into a table as they are.
pub(super) struct Copied {
    /// `COPY table (columns) FROM STDIN …`.
    pub statement: String,
    /// Values to a row.
    pub width: usize,
}

impl<'q> QueryBuilder<'q> {
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new(), rows: None }
    }

    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.sql.push('?');
        self.values.push(value.into());
        self
    }

    /// `VALUES (…), (…)`, a row for each item.
    pub(crate) fn push_values<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut values: impl FnMut(RowValues<'_, 'q>, T),
    ) -> &mut Self {
        let start = self.sql.len();
        self.sql.push_str("VALUES ");
        for (n, item) in items.into_iter().enumerate() {
            self.sql.push_str(if n == 0 { "(" } else { ", (" });
            values(RowValues { builder: self, first: true }, item);
            self.sql.push(')');
        }
        self.rows = Some(start..self.sql.len());
        self
    }

    pub(crate) fn build(&mut self) -> Query<'q> {
        let copied = self.copied();
        let mut whole = query(AssertSqlSafe(std::mem::take(&mut self.sql)));
        whole.values = std::mem::take(&mut self.values);
        whole.copied = copied;
        whole
    }

    /// Only an `INSERT` with nothing but its rows, which has nothing to answer and nobody in its way.
    fn copied(&self) -> Option<Copied> {
        let rows = self.rows.as_ref().filter(|rows| rows.end == self.sql.len())?;
        let into = self.sql.get(..rows.start)?.strip_prefix("INSERT INTO ")?.trim_end();
        let width = into.matches(',').count() + 1;
        Some(Copied { statement: format!("COPY {into} FROM STDIN (FORMAT binary)"), width })
    }
}

impl<'q> RowValues<'_, 'q> {
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        if !std::mem::take(&mut self.first) {
            self.builder.sql.push_str(", ");
        }
        self.builder.push_bind(value);
        self
    }
}

/// Sends the rows, in PostgreSQL's binary format of COPY: columns are `bigint`, `text` or `bytea`, as values are.
/// <https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4>
pub(super) async fn copy(
    connection: &mut sqlx::PgConnection,
    copied: &Copied,
    values: &[Value<'_>],
) -> Result<u64, sqlx::Error> {
    let rows = rows(values, copied.width)?;
    let mut copy = connection.copy_in_raw(&copied.statement).await?;
    copy.send(rows).await?;
    copy.finish().await
}

fn rows(values: &[Value<'_>], width: usize) -> Result<Vec<u8>, sqlx::Error> {
    let too_long = |_| sqlx::Error::Encode("more than a row holds".into());
    let columns = i16::try_from(width).map_err(too_long)?.to_be_bytes();
    let mut rows = Vec::with_capacity(values.len() * 32);
    // The signature; no flags, and nothing more in the header.
    rows.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    for row in values.chunks(width) {
        rows.extend_from_slice(&columns);
        for value in row {
            let (number, text);
            let bytes = match value {
                Value::Integer(value) => {
                    number = value.map(i64::to_be_bytes);
                    number.as_ref().map(<[u8; 8]>::as_slice)
                }
                Value::Text(value) => {
                    text = value.as_deref().map(storable);
                    text.as_ref().map(|text| text.as_bytes())
                }
                Value::Blob(value) => value.as_deref(),
            };
            let length = bytes.map_or(Ok(-1), |bytes| i32::try_from(bytes.len())).map_err(too_long)?;
            rows.extend_from_slice(&length.to_be_bytes());
            rows.extend_from_slice(bytes.unwrap_or_default());
        }
    }
    rows.extend_from_slice(&(-1_i16).to_be_bytes());
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_rows_are_copied() {
        let mut plain = QueryBuilder::new("INSERT INTO t (a, b) ");
        plain.push_values([1_i64, 2], |mut row, n| {
            row.push_bind(n).push_bind("x");
        });
        let copied = plain.copied().unwrap();
        assert_eq!((copied.statement.as_str(), copied.width), ("COPY t (a, b) FROM STDIN (FORMAT binary)", 2));
        plain.push(" ON CONFLICT DO NOTHING");
        assert!(plain.copied().is_none());
    }

    #[test]
    fn a_row_is_its_lengths_and_its_bytes() {
        let values =
            [Value::from("a\0b"), Value::from(vec![0_u8, 255]), Value::from(None::<String>), Value::from(-2_i64)];
        let rows = rows(&values, 4).unwrap();
        let mut expected = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x04".to_vec();
        expected.extend_from_slice(b"\0\0\0\x05a\xef\xbf\xbdb\0\0\0\x02\0\xff\xff\xff\xff\xff\0\0\0\x08");
        expected.extend_from_slice(b"\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff");
        assert_eq!(rows, expected);
    }
}
