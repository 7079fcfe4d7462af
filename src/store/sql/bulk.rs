//! A query that is put together, and many rows in one statement: for a server that takes rows by COPY, so.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use super::{Query, Value, query};

/// A query in the making; every value stands for a `?`.
pub(crate) struct QueryBuilder<'q> {
    sql: String,
    values: Vec<Value<'q>>,
    /// Where the rows of an `INSERT` begin.
    rows: Option<usize>,
    /// Where they end.
    end: usize,
}

/// The values of one row.
pub(crate) struct RowValues<'b, 'q> {
    builder: &'b mut QueryBuilder<'q>,
    first: bool,
}

/// Rows that go into a table as they are.
pub(super) struct Copied {
    /// `COPY table (columns) FROM STDIN`.
    pub statement: String,
    /// Values to a row.
    pub width: usize,
}

impl<'q> QueryBuilder<'q> {
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new(), rows: None, end: 0 }
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
        self.rows = Some(self.sql.len());
        self.sql.push_str("VALUES ");
        for (n, item) in items.into_iter().enumerate() {
            self.sql.push_str(if n == 0 { "(" } else { ", (" });
            values(RowValues { builder: self, first: true }, item);
            self.sql.push(')');
        }
        self.end = self.sql.len();
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
        let rows = self.rows.filter(|_| self.end == self.sql.len())?;
        let into = self.sql.get(..rows)?.strip_prefix("INSERT INTO ")?.trim_end();
        let width = into.matches(',').count() + 1;
        Some(Copied { statement: format!("COPY {into} FROM STDIN"), width })
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

/// Sends the rows, in PostgreSQL's text format of COPY.
pub(super) async fn copy(
    connection: &mut sqlx::PgConnection,
    copied: &Copied,
    values: &[Value<'_>],
) -> Result<u64, sqlx::Error> {
    let mut text = String::with_capacity(values.len() * 32);
    for row in values.chunks(copied.width) {
        for (n, value) in row.iter().enumerate() {
            if n > 0 {
                text.push('\t');
            }
            write_value(value, &mut text);
        }
        text.push('\n');
    }
    let mut copy = connection.copy_in_raw(&copied.statement).await?;
    copy.send(text.as_bytes()).await?;
    copy.finish().await
}

fn write_value(value: &Value<'_>, text: &mut String) {
    match value {
        Value::Integer(None) | Value::Text(None) | Value::Blob(None) => text.push_str("\\N"),
        Value::Integer(Some(n)) => {
            let _ = write!(text, "{n}");
        }
        Value::Text(Some(value)) => {
            for c in value.chars() {
                match c {
                    '\\' => text.push_str("\\\\"),
                    '\t' => text.push_str("\\t"),
                    '\n' => text.push_str("\\n"),
                    '\r' => text.push_str("\\r"),
                    c => text.push(c),
                }
            }
        }
        Value::Blob(Some(bytes)) => {
            text.push_str("\\\\x");
            for byte in bytes.iter() {
                for digit in [byte >> 4, byte & 15] {
                    text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
                }
            }
        }
    }
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
        assert_eq!((copied.statement.as_str(), copied.width), ("COPY t (a, b) FROM STDIN", 2));
        plain.push(" ON CONFLICT DO NOTHING");
        assert!(plain.copied().is_none());
    }

    #[test]
    fn nothing_in_a_value_ends_it() {
        let mut text = String::new();
        for value in [
            Value::from("a\tb\nc\rd\\N"),
            Value::from(vec![0_u8, 255]),
            Value::from(None::<String>),
            Value::from(-5_i64),
        ] {
            write_value(&value, &mut text);
            text.push('|');
        }
        assert_eq!(text, "a\\tb\\nc\\rd\\\\N|\\\\x00ff|\\N|-5|");
    }
}
