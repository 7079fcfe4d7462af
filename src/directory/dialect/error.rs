//! What goes wrong with a dialect or with writing a member of the roster in it.

use std::path::PathBuf;

use miette::{Diagnostic, NamedSource, SourceSpan};

use crate::directory::DnError;

/// Why a dialect cannot be used, with the place in its file.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum DialectError {
    #[error("cannot read the dialect {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("there is no dialect {name:?}: {known} are built in")]
    #[diagnostic(help("`directory.dialect.file` names a file of your own, in the form of schemas/dialects/*.toml"))]
    UnknownPreset { name: String, known: String },
    #[error("directory.dialect names both a preset and a file: one of them")]
    PresetAndFile,
    #[error("the dialect {origin} is not valid: {message}")]
    Parse {
        /// The file's path, or the preset's name.
        origin: String,
        message: String,
        #[source_code]
        text: std::sync::Arc<NamedSource<String>>,
        #[label("here")]
        span: Option<SourceSpan>,
    },
    /// Readable and contradictory. `key` is the place in the file, such as `pupil.feed.ENTEleveINE`.
    #[error("the dialect {origin} is not valid: {key} {message}")]
    Value {
        origin: String,
        key: String,
        message: String,
        #[source_code]
        text: std::sync::Arc<NamedSource<String>>,
        /// Where the key stands, or the table that should have it.
        #[label("here")]
        span: Option<SourceSpan>,
    },
    #[error("{key} is not a name in the directory")]
    Name { key: &'static str, source: DnError },
}

/// A member of the roster cannot be written: the server would refuse the entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value for {attribute}, which the directory requires")]
pub struct MissingMandatory {
    pub attribute: String,
    /// It is the pupil's class that is missing.
    pub class: bool,
}

impl MissingMandatory {
    /// For a school.
    #[must_use]
    pub fn french(&self) -> String {
        if self.class {
            "élève sans division : le compte attend que la division soit saisie dans SIECLE".to_owned()
        } else {
            format!("valeur absente pour {}, que l'annuaire exige", self.attribute)
        }
    }
}

/// The entry in the directory is of another structural class; no modify can change that, only deletion and re-creation
/// (a pupil who became an assistant, say).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{dn} is {found:?} in the directory and should be {wanted}: a structural class cannot be modified")]
pub struct ClassConflict {
    pub dn: String,
    pub wanted: String,
    /// The structural class found, empty when none that the dialect knows.
    pub found: String,
}
