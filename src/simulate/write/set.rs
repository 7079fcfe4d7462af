//! The files of a set: parts of some 5,000 records, written beside and put in place at the end.
//!
//! A reader of the folder never sees half a set: parts are written in a hidden folder of it and moved by name once all
//! are there. Files are for their owner alone (0600), a folder that had to be made as well (0700): what is synthetic
//! today is replaced by what is not, and habits stay.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::feed::Category;
use crate::simulate::SimulateError;
use crate::simulate::model::Day;

/// Records in one file.
const PART: u64 = 5_000;

/// Writes the parts of one set.
pub(super) struct SetWriter<'p> {
    folder: PathBuf,
    staging: TempDir,
    /// `ENT_Complet_20260901_`.
    prefix: String,
    header: String,
    current: Option<Current>,
    names: Vec<String>,
    records: u64,
    bytes: u64,
    progress: &'p dyn Fn(u64),
}

struct Current {
    category: Category,
    number: u32,
    in_part: u64,
    path: PathBuf,
    file: BufWriter<File>,
}

/// What a finished set is made of.
pub(super) struct Written {
    pub(super) files: Vec<PathBuf>,
    pub(super) bytes: u64,
}

impl<'p> SetWriter<'p> {
    /// Prepares a set of `kind` (`Complet`, `Delta`) of the day `date` in `folder`.
    pub(super) fn new(
        folder: &Path,
        kind: &str,
        date: Day,
        seed: u64,
        progress: &'p dyn Fn(u64),
    ) -> Result<Self, SimulateError> {
        let error = |source| SimulateError::Io { path: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(error)?;
        let mut prefix = format!("ENT_{kind}_{:04}{:02}{:02}_", date.year, date.month, date.day);
        for entry in fs::read_dir(folder).map_err(error)? {
            let entry = entry.map_err(error)?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                return Err(SimulateError::Exists { path: entry.path() });
            }
        }
        prefix.shrink_to_fit();
        let staging = tempfile::Builder::new().prefix(".simulate-").tempdir_in(folder).map_err(error)?;
        let day = format!("{:02}/{:02}/{:04}", date.day, date.month, date.year);
        let format = crate::simulate::FORMAT;
        let header = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">\n\
             <ficAlimMENESR>\n\
             <!-- versionAF=\"AAF-VE2407\" -->\n\
             <!-- versionSDET=\"Annexe 4bis version 6.4\" -->\n\
             <!-- codeAcademieExport=\"96\" -->\n\
             <!-- degre=\"2D\" -->\n\
             <!-- dateGenerationExport=\"{day}\" -->\n\
             <!-- jeuSynthetique=\"rentree simulate {format}, graine {seed}\" -->\n"
        );
        Ok(Self {
            folder: folder.to_owned(),
            staging,
            prefix,
            header,
            current: None,
            names: Vec::new(),
            records: 0,
            bytes: 0,
            progress,
        })
    }

    /// Begins a category: it gets a first part even when nothing is put into it.
    pub(super) fn begin(&mut self, category: Category) -> Result<(), SimulateError> {
        self.close()?;
        self.open(category, 0)
    }

    fn open(&mut self, category: Category, number: u32) -> Result<(), SimulateError> {
        let name = format!("{}{}_{number:04}.xml", self.prefix, category.token());
        let path = self.staging.path().join(&name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| SimulateError::Io { path: path.clone(), source })?;
        self.names.push(name);
        let file = BufWriter::with_capacity(256 * 1_024, file);
        self.current = Some(Current { category, number, in_part: 0, path, file });
        let header = self.header.clone();
        self.put(&header)
    }

    /// Adds a record, in a new part when the last is full.
    pub(super) fn push(&mut self, record: &str) -> Result<(), SimulateError> {
        if let Some(current) = &self.current
            && current.in_part >= PART
        {
            let (category, number) = (current.category, current.number + 1);
            self.close()?;
            self.open(category, number)?;
        }
        if let Some(current) = &mut self.current {
            current.in_part += 1;
        }
        self.records += 1;
        if self.records.is_multiple_of(1_000) {
            (self.progress)(self.records);
        }
        self.put(record)
    }

    fn put(&mut self, text: &str) -> Result<(), SimulateError> {
        if let Some(current) = &mut self.current {
            self.bytes += text.len() as u64;
            let error = |source| SimulateError::Io { path: current.path.clone(), source };
            current.file.write_all(text.as_bytes()).map_err(error)?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), SimulateError> {
        self.put("\n</ficAlimMENESR>\n")?;
        if let Some(mut current) = self.current.take() {
            current.file.flush().map_err(|source| SimulateError::Io { path: current.path, source })?;
        }
        Ok(())
    }

    /// Puts every part in its place.
    pub(super) fn finish(mut self) -> Result<Written, SimulateError> {
        self.close()?;
        let mut files = Vec::with_capacity(self.names.len());
        for name in &self.names {
            let path = self.folder.join(name);
            fs::rename(self.staging.path().join(name), &path)
                .map_err(|source| SimulateError::Io { path: path.clone(), source })?;
            files.push(path);
        }
        let staging = self.staging.path().to_owned();
        self.staging.close().map_err(|source| SimulateError::Io { path: staging, source })?;
        (self.progress)(self.records);
        Ok(Written { files, bytes: self.bytes })
    }
}
