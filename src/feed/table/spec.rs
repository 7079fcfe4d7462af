//! [`TableSpec`]: what the configuration says of a source of tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use compact_str::CompactString;

use super::encoding::Charset;
use super::field::Field;
use super::synonyms::normalise;
use crate::config::{SourceConfig, SourceKind};
use crate::feed::values::Uai;

/// What a source of tables is and what its files do not say.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// A folder, an archive, or one table.
    pub path: PathBuf,
    pub layout: Layout,
    /// The school of the files whose folder or name gives none.
    pub school: Option<School>,
    /// Normalised header → what it means, before any synonym.
    pub columns: BTreeMap<String, Field>,
    /// The encoding of every text file; found file by file when absent.
    pub(super) charset: Option<Charset>,
}

/// Which population the files hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The extractions of a first-degree school: pupils, teachers and *responsables* are all expected.
    Onde,
    /// Templates, or people whom other sources lack: whatever is there.
    Csv,
}

/// A school as the configuration or a folder's name describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    pub uai: Uai,
    pub name: Option<CompactString>,
    /// `ENTStructureTypeStruct`, such as `ECOLE DE NIVEAU ELEMENTAIRE`.
    pub kind: Option<CompactString>,
    pub siret: Option<CompactString>,
    pub academy: Option<CompactString>,
    pub street: Option<CompactString>,
    pub postal_code: Option<CompactString>,
    pub town: Option<CompactString>,
    pub phone: Option<CompactString>,
    pub mail: Option<CompactString>,
}

impl School {
    /// A school of which only the UAI is known.
    #[must_use]
    pub const fn new(uai: Uai) -> Self {
        Self {
            uai,
            name: None,
            kind: None,
            siret: None,
            academy: None,
            street: None,
            postal_code: None,
            town: None,
            phone: None,
            mail: None,
        }
    }
}

impl TableSpec {
    /// A source of which the configuration says no more.
    #[must_use]
    pub const fn new(path: PathBuf, layout: Layout, school: Option<School>) -> Self {
        Self { path, layout, school, columns: BTreeMap::new(), charset: None }
    }

    /// `None` when the source is no source of tables.
    ///
    /// # Errors
    /// When a column, an encoding or a UAI of the configuration is none; the message names it.
    pub fn from_config(config: &SourceConfig) -> Result<Option<Self>, String> {
        let layout = if config.kind == SourceKind::Onde {
            Layout::Onde
        } else if config.kind == SourceKind::Csv {
            Layout::Csv
        } else {
            return Ok(None);
        };
        let school = config.school.as_ref().map(|school| {
            let uai = Uai::parse(&school.uai).ok_or_else(|| format!("school.uai {:?} is no UAI", school.uai))?;
            let text = |value: &Option<String>| value.as_deref().map(CompactString::from);
            Ok::<School, String>(School {
                uai,
                name: text(&school.name),
                kind: text(&school.kind),
                siret: text(&school.siret),
                academy: text(&school.academy),
                street: text(&school.street),
                postal_code: text(&school.postal_code),
                town: text(&school.town),
                phone: text(&school.phone),
                mail: text(&school.mail),
            })
        });
        let mut columns = BTreeMap::new();
        for (header, field) in &config.columns {
            let known = Field::parse(field).ok_or_else(|| {
                format!(
                    "columns: {field:?} is no field; the fields are {}",
                    Field::names().collect::<Vec<_>>().join(", ")
                )
            })?;
            columns.insert(normalise(header), known);
        }
        let charset = match config.encoding.as_deref() {
            None => None,
            Some(label) => Some(
                Charset::from_label(label)
                    .ok_or_else(|| format!("encoding {label:?}: \"utf-8\", \"windows-1252\" or \"macintosh\""))?,
            ),
        };
        Ok(Some(Self { path: config.path.clone(), layout, school: school.transpose()?, columns, charset }))
    }
}
