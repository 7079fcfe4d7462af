//! The trail as a file for somebody else: an auditor, a data-protection officer, a court.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;

use super::AuditError;
use super::show::{Event, EventFilter, show};
use crate::private::{private_file, publish_new};
use crate::spreadsheet;
use crate::store::Store;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One [`Event`] as a JSON object on each line.
    JsonLines,
    /// A table for a spreadsheet, the payload as JSON in its last column.
    Csv,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("cannot write {path}")]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// Writes the events that `filter` lets through to a new file that only its owner can read (0600), as they are read:
/// memory does not grow with them. Gives their number.
///
/// # Errors
/// When the file is there or cannot be written, or the trail cannot be read: then there is no file.
pub async fn export(store: &Store, filter: &EventFilter, path: &Path, format: Format) -> Result<u64, ExportError> {
    let cannot = |source| ExportError::Write { path: path.to_owned(), source };
    let mut file = private_file(path).map_err(cannot)?;
    let mut events = show(store, filter).await?;
    let mut count = 0;
    {
        let mut lines = Lines::begin(BufWriter::new(&mut file), format).map_err(cannot)?;
        while let Some(event) = events.try_next().await? {
            lines.write(&event).map_err(cannot)?;
            count += 1;
        }
        lines.end().map_err(cannot)?;
    }
    publish_new(file, path).map_err(cannot)?;
    Ok(count)
}

enum Lines<W: io::Write> {
    Json(W),
    Csv(Box<::csv::Writer<W>>),
}

impl<W: io::Write> Lines<W> {
    fn begin(out: W, format: Format) -> io::Result<Self> {
        Ok(match format {
            Format::JsonLines => Self::Json(out),
            Format::Csv => {
                let mut table = spreadsheet::writer(out)?;
                table.write_record(["numéro", "quand", "exécution", "événement", "par", "personne", "contenu"])?;
                Self::Csv(Box::new(table))
            }
        })
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        match self {
            Self::Json(out) => {
                serde_json::to_writer(&mut *out, event)?;
                out.write_all(b"\n")
            }
            Self::Csv(table) => {
                let payload = event.payload.as_ref().map_or_else(|| "(effacé)".to_owned(), ToString::to_string);
                let (seq, at) = (event.seq.to_string(), event.at.to_string());
                let subject = event.subject.as_deref().unwrap_or_default();
                let cells = [&seq, &at, event.run.as_str(), &event.kind, &event.actor, subject, &payload];
                Ok(table.write_record(cells.map(spreadsheet::cell).iter().map(|cell| cell.as_bytes()))?)
            }
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::Json(mut out) => out.flush(),
            Self::Csv(mut table) => table.flush(),
        }
    }
}
