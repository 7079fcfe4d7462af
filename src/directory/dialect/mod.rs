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
//!
//! Which groups there are is a list of families in the dialect, each with one of the rules of [`GroupRule`] and a
//! pattern for names.

mod attributes;
mod compile;
mod context;
mod defaulted;
mod differences;
mod error;
mod family;
mod file;
mod group;
mod identity;
mod locate;
mod lock;
mod matching;
mod members;
mod memberships;
mod owned;
mod person;
mod populate;
mod presets;
mod probe;
mod reading;
mod relation;
mod roles;
mod shape;
mod source;
mod spelling;
mod states;
mod structure;
mod succession;
#[cfg(test)]
pub(crate) mod tests;
mod vocabulary;
mod wanted;

use std::path::Path;

use miette::{NamedSource, SourceSpan};

pub use context::{Context, Names};
pub use defaulted::{Defaulted, DefaultedValues};
pub use error::{ClassConflict, DialectError, MissingMandatory};
pub use family::{GroupRule, Slot};
pub use group::{WantedGroup, WantedGroups};
pub use identity::{Identity, folded_identifier};
pub use lock::LockMethod;
pub use members::{MemberChanges, member_changes};
pub use memberships::PutByEngine;
pub use owned::{OwnedDigest, Ownership};
pub use presets::{PRESETS, Preset};
pub use reading::TakenNames;
pub use relation::{LinkedTo, Relation};
pub use shape::Kind;
pub use source::Source;
pub use states::AccountStates;
pub use succession::SchoolInNames;
pub use vocabulary::Vocabulary;
pub use wanted::Wanted;

use attributes::{AttributeId, Attributes};
use compile::{Compiler, kind_name, same};
use family::Ready;
use file::{File, Marker, Style};
use matching::Rule;
use shape::Shape;

use super::schema::{Equality, Schema};
use super::{Dn, Entry};
use crate::config::{CaseChanges, DirectoryConfig, SiretMissing};

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
    /// Whether people are named by their login instead of their uid.
    named_by_login: bool,
    structure_rdn: String,
    structure_rdn_source: Source,
    group_rdn: String,
    style: Style,
    siret_missing: SiretMissing,
    lock: LockMethod,
    relation: Option<Relation>,
    marker: Marker,
    service_types: Vec<String>,
    attributes: Attributes,
    /// By [`Kind::index`].
    shapes: Vec<Shape>,
    families: Vec<Ready>,
    /// Whether a SIRET is written anywhere: without, nobody needs to know that one is missing.
    writes_siret: bool,
    domains: Vec<String>,
    drawn: Vec<(String, Source)>,
    /// By attribute.
    rules: Vec<Rule>,
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
                let name = preset.unwrap_or(presets::DEFAULT);
                let Some(preset) = PRESETS.iter().find(|known| known.name == name) else {
                    return Err(DialectError::UnknownPreset { name: name.to_owned(), known: presets::known() });
                };
                Self::parse(preset.text, name, config)
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
        let mut compiler = Compiler { origin, text, attributes: Attributes::default() };
        compiler.attributes.intern("objectClass");
        let families = compiler.families(&file)?;
        let shapes = compiler.shapes(&file)?;
        let naming = check_naming(&compiler, &shapes, &file)?;
        if let Err(why) = file.lock.check() {
            return compiler.refuse("lock.prefix", why);
        }
        if file.marker.value.trim().is_empty() {
            return compiler.refuse("marker.value", "is empty");
        }
        let drawn = drawn_at_creation(&shapes, &compiler.attributes);
        let writes_siret = shapes
            .iter()
            .flat_map(Shape::items)
            .any(|i| matches!(i.source, Source::Siret | Source::SchoolSirets | Source::CurrentSiret));
        let Compiler { attributes, .. } = compiler;
        let rules = default_rules(&shapes, config.case_changes == CaseChanges::Write);

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
            named_by_login: naming.person == Source::Login,
            structure_rdn_source: naming.structure,
            group_rdn: file.rdn.group,
            siret_missing: config.dialect.siret_missing.unwrap_or(file.style.siret_missing),
            domains: config.dialect.domains.clone().unwrap_or_else(|| file.style.domains.clone()),
            writes_siret,
            style: file.style,
            lock: file.lock,
            relation: file.relation,
            marker: file.marker,
            service_types: file.service.types,
            attributes,
            shapes,
            families,
            drawn,
            rules,
        })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the rules by which the server itself compares the values of its attributes.
    pub fn follow(&mut self, schema: &Schema) {
        for (number, rule) in (0..).zip(&mut self.rules) {
            let known = schema.attribute(self.attributes.name(number)).map(|attribute| attribute.equality);
            // One without a rule of its own is written whole, and compared as text.
            rule.equality = known.filter(|rule| *rule != Equality::None).unwrap_or(rule.equality);
        }
    }

    fn rule(&self, attribute: AttributeId) -> Rule {
        let text = Rule { equality: Equality::CaseIgnore, case_counts: true };
        self.rules.get(usize::from(attribute)).copied().unwrap_or(text)
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

    /// How two accounts of one adult say so of each other, where they can.
    #[must_use]
    pub const fn relation(&self) -> Option<&Relation> {
        self.relation.as_ref()
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
        // A dialect without families has no shape of groups.
        static NONE: std::sync::LazyLock<Shape> = std::sync::LazyLock::new(Shape::default);
        self.shapes.get(kind.index()).unwrap_or(&NONE)
    }

    fn structure_child(&self, value: &str) -> Dn {
        self.structures.child(&self.structure_rdn, value)
    }
}

fn name(key: &'static str, text: &str) -> Result<Dn, DialectError> {
    Dn::parse(text).map_err(|source| DialectError::Name { key, source })
}

/// What the naming attributes hold.
struct Naming {
    person: Source,
    structure: Source,
}

/// The naming attributes hold what names are made of, and are written once: a server refuses to modify them.
fn check_naming(compiler: &Compiler<'_>, shapes: &[Shape], file: &File) -> Result<Naming, DialectError> {
    let named = |kind: Kind, key: &str, attribute: &str, allowed: &[Source]| {
        let items = shapes.get(kind.index()).and_then(|s| s.parts.first()).map_or(&[][..], |part| &part.items);
        let item = items.iter().find(|i| same(compiler.attributes.name(i.attribute), attribute));
        match item {
            Some(item) if item.owner == shape::Owner::Once && allowed.contains(&item.source) => Ok(item.source),
            _ => {
                let allowed: Vec<String> = allowed.iter().map(|s| format!("{:?}", s.name())).collect();
                let section = kind_name(kind);
                let message = format!(
                    "is {attribute:?}, which names the entries of `{section}`: it has to be in a table `once` with {}",
                    allowed.join(" or ")
                );
                compiler.refuse(key, &message)
            }
        }
    };
    let person = |kind| named(kind, "rdn.person", &file.rdn.person, &[Source::Uid, Source::Login]);
    let structure = |kind| named(kind, "rdn.structure", &file.rdn.structure, &[Source::Siret, Source::Uai]);
    let naming = Naming { person: person(Kind::Pupil)?, structure: structure(Kind::School)? };
    if person(Kind::Relative)? != naming.person || person(Kind::Staff)? != naming.person {
        return compiler.refuse("rdn.person", "holds the uid of some and the login of others: one of them for all");
    }
    if structure(Kind::Service)? != naming.structure {
        return compiler.refuse("rdn.structure", "holds the SIRET of some and the UAI of others: one of them for all");
    }
    for number in 0..file.family.len() {
        named(Kind::Group(number as u8), "rdn.group", &file.rdn.group, &[Source::GroupName])?;
    }
    for kind in Kind::FIXED {
        let has = |source| shapes.get(kind.index()).is_some_and(|s| s.items().any(|i| i.source == source));
        if !has(Source::JoinKey) {
            let message = "has no attribute for \"join_key\": entries could not be found again";
            return compiler.refuse(kind_name(kind), message);
        }
        if matches!(kind, Kind::Pupil | Kind::Relative | Kind::Staff) && !has(Source::Login) {
            return compiler.refuse(kind_name(kind), "has no attribute for \"login\": nobody could connect");
        }
    }
    Ok(naming)
}

/// As the ENT schema has them, for a directory that publishes none.
fn default_rules(shapes: &[Shape], case_counts: bool) -> Vec<Rule> {
    let mut rules = vec![Rule { equality: Equality::CaseIgnore, case_counts }; attributes::MOST];
    for item in shapes.iter().flat_map(Shape::items) {
        if let (Some(rule), Source::MemberOf | Source::MemberUids) =
            (rules.get_mut(usize::from(item.attribute)), item.source)
        {
            rule.equality = Equality::CaseExact;
        }
    }
    rules
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
