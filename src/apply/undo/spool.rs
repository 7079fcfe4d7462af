//! Changes that wait on disk for the lines that come before them in a plan: what is left out is counted last and stands
//! first. One line at a time is in memory, however large the plan.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::plan::file::{PlanFileError, Reader, Writer};
use crate::plan::{Change, Header, Hold, Line, Seal};

/// Two lists of changes in a folder of their own, which goes with the spool: those that will be carried out, and those
/// that are left out.
pub(super) struct Spool {
    folder: TempDir,
    going: Writer,
    left: Writer,
    pub changes: u64,
    pub left_out: u64,
}

impl Spool {
    /// Beside `path`, under a header that only stands in.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, PlanFileError> {
        let failed = |source| PlanFileError::Write { path: folder.to_owned(), source };
        // Only its owner can enter it.
        let folder = tempfile::Builder::new().prefix(".rentree-undo-").tempdir_in(folder).map_err(failed)?;
        let mut going = Writer::create(going(folder.path()))?;
        going.write_header(header)?;
        let mut left = Writer::create(left(folder.path()))?;
        left.write_header(header)?;
        Ok(Self { folder, going, left, changes: 0, left_out: 0 })
    }

    pub fn push(&mut self, mut change: Change) -> Result<(), PlanFileError> {
        self.changes += 1;
        change.seq = self.changes;
        self.going.write_change(&change)
    }

    /// One that is left out, for the reason that its note says; `hold` is the number of what it is listed under.
    pub fn leave(&mut self, hold: &str, mut change: Change) -> Result<(), PlanFileError> {
        self.left_out += 1;
        change.seq = self.left_out;
        self.left.write_held(hold, &[], &change)
    }

    /// Both lists are on disk.
    pub fn close(self) -> Result<Spooled, PlanFileError> {
        self.going.finish()?;
        self.left.finish()?;
        Ok(Spooled { folder: self.folder })
    }
}

/// A spool that was closed.
pub(super) struct Spooled {
    folder: TempDir,
}

impl Spooled {
    /// The plan: header, holds, what is left out, what is carried out, seal.
    pub fn write(&self, header: &Header, holds: &[Hold], path: &Path) -> Result<Seal, PlanFileError> {
        let mut writer = Writer::create(path)?;
        writer.write_header(header)?;
        for hold in holds {
            writer.write_hold(hold)?;
        }
        for line in Reader::open(left(self.folder.path()))? {
            if let Line::Held { hold, also, change } = line? {
                writer.write_held(&hold, &also, &change)?;
            }
        }
        for line in Reader::open(going(self.folder.path()))? {
            if let Line::Change(change) = line? {
                writer.write_change(&change)?;
            }
        }
        writer.finish()
    }
}

fn going(folder: &Path) -> PathBuf {
    folder.join("going")
}

fn left(folder: &Path) -> PathBuf {
    folder.join("left")
}
