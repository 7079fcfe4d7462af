//! The dialect: how a member of the roster is written as directory entries, and what of them is owned.
//!
//! A dialect is data (`schemas/dialects/*.toml`: branches, naming attributes, classes, which field goes to which
//! attribute under which owner) over a short list of composed values in Rust ([`Source`]). It is checked and turned
//! into numbered tables when it is loaded, because [`Dialect::person_entry`] and [`Dialect::differences`] run once per
//! account and night. Plain functions: no server, no clock, no randomness, and no decision about what should change.
//!
//! - an attribute that is in none of the tables is never written, compared or removed;
//! - what [`Dialect::entry`] gives, read back from a server, has no [`Dialect::differences`];
//! - carrying out the differences leaves none.

mod attributes;
mod compile;
mod context;
mod defaulted;
mod differences;
mod error;
mod file;
mod group;
mod lock;
mod matching;
mod members;
mod person;
mod probe;
mod reading;
mod shape;
mod source;
mod spelling;
mod structure;
#[cfg(test)]
mod tests;
mod vocabulary;
mod wanted;

use std::path::Path;

use miette::{NamedSource, SourceSpan};

pub use context::{Context, Names};
pub use defaulted::{Defaulted, DefaultedValues};
pub use error::{ClassConflict, DialectError, MissingMandatory};
pub use group::{WantedGroup, WantedGroups};
pub use lock::LockMethod;
pub use members::{MemberChanges, member_changes};
pub use reading::TakenNames;
pub use shape::Kind;
pub use source::Source;
pub use vocabulary::Vocabulary;
pub use wanted::Wanted;

use attributes::Attributes;
use compile::{Compiler, same};
use file::{File, Marker, Style};
use shape::Shape;

use super::{Dn, Entry};
use crate::config::{DirectoryConfig, SiretMissing};

const SDET_SIREN: &str = include_str!("../../../schemas/dialects/sdet-siren.toml");
const PRESETS: [(&str, &str); 1] = [("sdet-siren", SDET_SIREN)];

/// The number of `objectClass`, the first one given.
const OBJECT_CLASS: u8 = 0;

/// A dialect made ready for one directory.
#[derive(Debug)]
pub struct Dialect {
    name: String,
    people: Dn,
    /// The branch of people inside composite values.
    people_reference: Box<str>,
    structures: Dn,
    groups: Dn,
    person_rdn: String,
    structure_rdn: String,
    structure_rdn_source: Source,
    group_rdn: String,
    style: Style,
    siret_missing: SiretMissing,
    lock: LockMethod,
    marker: Marker,
    service_types: Vec<String>,
    attributes: Attributes,
    /// In the order of [`Kind::ALL`].
    shapes: Vec<Shape>,
    drawn: Vec<(String, Source)>,
}

impl Dialect {
    /// The dialect that the configuration names, with the branches below its suffix.
    ///
    /// # Errors
    /// When the preset is unknown, the file cannot be read or contradicts itself, or a branch is no name.
    pub fn load(config: &DirectoryConfig) -> Result<Self, DialectError> {
        let wanted = &config.dialect;
        match (&wanted.file, wanted.preset.as_deref()) {
            (Some(_), Some(_)) => Err(DialectError::PresetAndFile),
            (Some(path), None) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| DialectError::Read { path: path.clone(), source })?;
                Self::parse(&text, &Path::display(path).to_string(), config)
            }
            (None, preset) => {
                let name = preset.unwrap_or("sdet-siren");
                let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) else {
                    return Err(DialectError::UnknownPreset { name: name.to_owned(), known: "sdet-siren" });
                };
                Self::parse(text, name, config)
            }
        }
    }

    /// `origin` is the path or the preset's name, for messages.
    fn parse(text: &str, origin: &str, config: &DirectoryConfig) -> Result<Self, DialectError> {
        let file: File = toml::from_str(text).map_err(|e| DialectError::Parse {
            origin: origin.to_owned(),
            message: e.message().to_owned(),
            span: e.span().map(SourceSpan::from),
            text: std::sync::Arc::new(NamedSource::new(origin, text.to_owned())),
        })?;
        let mut compiler = Compiler { origin, attributes: Attributes::default() };
        compiler.attributes.intern("objectClass");
        let shapes = compiler.shapes(&file)?;
        let structure_rdn_source = check_naming(&compiler, &shapes, &file)?;
        if let Err(why) = file.lock.check() {
            return compiler.refuse("lock.prefix", why);
        }
        if file.marker.value.trim().is_empty() {
            return compiler.refuse("marker.value", "is empty");
        }
        let drawn = drawn_at_creation(&shapes, &compiler.attributes);
        let Compiler { attributes, .. } = compiler;

        let suffix = name("directory.suffix", &config.suffix)?;
        let branch = |key, own: &Option<String>, preset: &str| {
            let relative = own.as_deref().unwrap_or(preset).trim();
            let comma = if relative.is_empty() || suffix.is_empty() { "" } else { "," };
            name(key, &format!("{relative}{comma}{suffix}"))
        };
        let people = branch("directory.dialect.people", &config.dialect.people, &file.branches.people)?;
        Ok(Self {
            people_reference: context::reference(people.as_str()),
            people,
            structures: branch("directory.dialect.structures", &config.dialect.structures, &file.branches.structures)?,
            groups: branch("directory.dialect.groups", &config.dialect.groups, &file.branches.groups)?,
            name: file.name,
            person_rdn: file.rdn.person,
            structure_rdn: file.rdn.structure,
            structure_rdn_source,
            group_rdn: file.rdn.group,
            siret_missing: config.dialect.siret_missing.unwrap_or(file.style.siret_missing),
            style: file.style,
            lock: file.lock,
            marker: file.marker,
            service_types: file.service.types,
            attributes,
            shapes,
            drawn,
        })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The branch where people are.
    #[must_use]
    pub const fn people_branch(&self) -> &Dn {
        &self.people
    }

    #[must_use]
    pub const fn structures_branch(&self) -> &Dn {
        &self.structures
    }

    #[must_use]
    pub const fn groups_branch(&self) -> &Dn {
        &self.groups
    }

    #[must_use]
    pub const fn lock_method(&self) -> &LockMethod {
        &self.lock
    }

    /// The attribute that holds `source` in entries of this kind (`ENTPersonJointure` for
    /// `(Kind::Pupil, Source::JoinKey)`), when one does.
    #[must_use]
    pub fn attribute(&self, kind: Kind, source: Source) -> Option<&str> {
        let item = self.shape(kind).items().find(|i| i.source == source)?;
        Some(self.attributes.name(item.attribute))
    }

    /// The attributes of people that are drawn when the entry is created, with what they take: [`Source::RandomUuid`]
    /// or [`Source::Credential`].
    #[must_use]
    pub fn drawn_at_creation(&self) -> &[(String, Source)] {
        &self.drawn
    }

    /// The classes of a pupil's entry: structure (DN or UAI, as written) and class. Empty for other entries.
    pub fn classes_in<'e>(&self, entry: &'e Entry) -> impl Iterator<Item = (&'e str, &'e str)> {
        let attribute = self.attribute(Kind::Pupil, Source::Classes).unwrap_or_default();
        entry.texts(attribute).filter_map(|v| v.split_once('$'))
    }

    fn shape(&self, kind: Kind) -> &Shape {
        // `parse` makes one shape per kind, in order.
        static NONE: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::default);
        self.shapes.get(kind as usize).unwrap_or(&NONE)
    }

    fn structure_child(&self, value: &str) -> Dn {
        self.structures.child(&self.structure_rdn, value)
    }
}

fn name(key: &'static str, text: &str) -> Result<Dn, DialectError> {
    Dn::parse(text).map_err(|source| DialectError::Name { key, source })
}

/// The naming attributes hold what names are made of, and are written once: a server refuses to modify them.
fn check_naming(compiler: &Compiler<'_>, shapes: &[Shape], file: &File) -> Result<Source, DialectError> {
    let source_of =
        |kind: Kind, attribute: &str| {
            let item =
                shapes.get(kind as usize)?.parts.first()?.items.iter().find(|i| {
                    same(compiler.attributes.name(i.attribute), attribute) && i.owner == shape::Owner::Once
                })?;
            Some(item.source)
        };
    let mut structure = Source::Siret;
    for kind in Kind::ALL {
        let (key, attribute, allowed): (_, _, &[Source]) = match kind {
            Kind::Pupil | Kind::Relative | Kind::Staff => ("rdn.person", &file.rdn.person, &[Source::Uid]),
            Kind::School | Kind::Service => ("rdn.structure", &file.rdn.structure, &[Source::Siret, Source::Uai]),
            _ => ("rdn.group", &file.rdn.group, &[Source::GroupName]),
        };
        match source_of(kind, attribute) {
            Some(source) if allowed.contains(&source) => {
                if kind == Kind::School {
                    structure = source;
                }
            }
            _ => return compiler.refuse(key, "is not written once with the source that names these entries"),
        }
    }
    for kind in [Kind::Pupil, Kind::Relative, Kind::Staff, Kind::School, Kind::Service] {
        let found = shapes.get(kind as usize).is_some_and(|s| s.items().any(|i| i.source == Source::JoinKey));
        if !found {
            return compiler.refuse(&format!("{kind:?}"), "has no attribute for the join key");
        }
    }
    Ok(structure)
}

fn drawn_at_creation(shapes: &[Shape], attributes: &Attributes) -> Vec<(String, Source)> {
    let mut drawn: Vec<(String, Source)> = Vec::new();
    for item in shapes.iter().flat_map(Shape::items) {
        let entry = (attributes.name(item.attribute).to_owned(), item.source);
        if matches!(item.source, Source::RandomUuid | Source::Credential) && !drawn.contains(&entry) {
            drawn.push(entry);
        }
    }
    drawn
}
