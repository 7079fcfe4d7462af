//! From a dialect file to [`Shape`]s: everything that can be refused is refused here, once, with its place in the file.

use std::collections::BTreeMap;

use super::attributes::{AttributeId, Attributes};
use super::error::DialectError;
use super::file::{File, Section};
use super::shape::{Item, Kind, Owner, Part, Shape, profile_bit};
use super::source::{Scope, Source};
use crate::roster::NationalProfile;

/// Roles per kind: the parts of an entry are counted in the bits of a `u32`.
const MOST_ROLES: usize = 31;

pub(super) struct Compiler<'f> {
    pub origin: &'f str,
    pub attributes: Attributes,
}

type Checked<T> = Result<T, DialectError>;

impl<'f> Compiler<'f> {
    pub(super) fn shapes(&mut self, file: &'f File) -> Checked<Vec<Shape>> {
        let mut shapes = Vec::with_capacity(Kind::ALL.len());
        for kind in Kind::ALL {
            shapes.push(self.shape(file, kind)?);
        }
        // Within people, within structures and within groups, the structural classes exclude each other.
        let families: [&[usize]; 3] = [&[0, 1, 2], &[3, 4], &[5, 6, 7]];
        for family in families {
            let classes: Vec<Box<str>> =
                family.iter().filter_map(|&i| shapes.get(i)).map(|s| s.structural.clone()).collect();
            for &i in family {
                let Some(shape) = shapes.get_mut(i) else { continue };
                let own = |c: &str| same(c, &shape.structural) || shape.superclasses.iter().any(|s| same(c, s));
                shape.rivals = classes.iter().filter(|c| !own(c)).cloned().collect();
            }
        }
        Ok(shapes)
    }

    fn shape(&mut self, file: &'f File, kind: Kind) -> Checked<Shape> {
        let (scope, sections): (Scope, [(&str, &Section); 2]) = match kind {
            Kind::Pupil => (Scope::Pupil, [("person", &file.person), ("pupil", &file.pupil)]),
            Kind::Relative => (Scope::Relative, [("person", &file.person), ("relative", &file.relative)]),
            Kind::Staff => (Scope::Staff, [("person", &file.person), ("staff", &file.staff)]),
            Kind::School => (Scope::Structure, [("structure", &file.structure), ("school", &file.school)]),
            Kind::Service => (Scope::Structure, [("structure", &file.structure), ("service", &file.service)]),
            Kind::ClassGroup => (Scope::Group, [("group", &file.group), ("class_group", &file.class_group)]),
            Kind::TeachingGroup => (Scope::Group, [("group", &file.group), ("teaching_group", &file.teaching_group)]),
            Kind::ProfileGroup => (Scope::Group, [("group", &file.group), ("profile_group", &file.profile_group)]),
        };
        let mut shape = Shape::default();
        let mut base = Part::default();
        for (name, section) in sections {
            self.only_roles(name, section)?;
            shape.superclasses.extend(section.superclasses.iter().map(|c| c.as_str().into()));
            if let Some(class) = &section.structural {
                let upper = std::mem::replace(&mut shape.structural, class.as_str().into());
                if !upper.is_empty() {
                    shape.superclasses.push(upper);
                }
            }
            self.items(name, section, scope, &mut base.items)?;
        }
        if shape.structural.is_empty() {
            let [(name, _), _] = sections;
            return self.refuse(&format!("{name}.structural"), "is missing");
        }
        if scope == Scope::Group {
            let attribute = self.intern("marker.attribute", &file.marker.attribute)?;
            base.items.push(Item {
                attribute,
                source: Source::Marker,
                owner: Owner::Added,
                syntax: Source::Marker.syntax(scope),
                mandatory: false,
                default: None,
            });
        }
        for (name, section) in sections {
            self.mandatory(name, section, &mut base.items)?;
        }
        shape.parts.push(base);
        if matches!(scope, Scope::Pupil | Scope::Relative | Scope::Staff) {
            self.roles(&file.role, scope, &mut shape)?;
        }
        self.unique(kind, &shape)?;
        if matches!(scope, Scope::Structure | Scope::Group) {
            for item in shape.items() {
                if item.mandatory && !item.source.is_certain() && item.default.is_none() {
                    let [_, (name, _)] = sections;
                    let attribute = self.attributes.name(item.attribute).to_owned();
                    return self.refuse(&format!("{name}.mandatory"), &format!("{attribute} needs a default"));
                }
            }
        }
        Ok(shape)
    }

    fn roles(&mut self, roles: &'f BTreeMap<String, Section>, scope: Scope, shape: &mut Shape) -> Checked<()> {
        for (name, section) in roles {
            let key = format!("role.{name}");
            if section.structural.is_some() || !section.superclasses.is_empty() || !section.types.is_empty() {
                return self.refuse(&key, "is a role: it has auxiliary classes only");
            }
            let mut scopes = section.profiles.iter().map(|&p| scope_of(p));
            let Some(first) = scopes.next() else {
                return self.refuse(&format!("{key}.profiles"), "is empty");
            };
            if scopes.any(|s| s != first) {
                return self.refuse(&format!("{key}.profiles"), "mixes pupils, relatives and staff");
            }
            if first != scope {
                continue;
            }
            let mut part = Part {
                profiles: section.profiles.iter().map(|&p| profile_bit(p)).fold(0, |a, b| a | b),
                services: section.services,
                auxiliary: section.auxiliary.iter().map(|c| c.as_str().into()).collect(),
                ..Part::default()
            };
            self.items(&key, section, scope, &mut part.items)?;
            self.mandatory(&key, section, &mut part.items)?;
            for attribute in &section.unowned {
                let id = self.intern(&format!("{key}.unowned"), attribute)?;
                part.unowned.push(id);
            }
            shape.parts.push(part);
        }
        if shape.parts.len() > MOST_ROLES {
            return self.refuse("role", "has too many roles for one kind of person");
        }
        Ok(())
    }

    fn items(&mut self, name: &str, section: &Section, scope: Scope, items: &mut Vec<Item>) -> Checked<()> {
        let tables = [
            ("once", Owner::Once, &section.once),
            ("added", Owner::Added, &section.added),
            ("engine", Owner::Replace, &section.engine),
            ("feed", Owner::Replace, &section.feed),
            ("keep", Owner::Keep, &section.keep),
        ];
        for (table, owner, attributes) in tables {
            for (attribute, &source) in attributes {
                let key = format!("{name}.{table}.{attribute}");
                if !source.is_for(scope) {
                    return self.refuse(&key, "has a source that these members do not have");
                }
                if matches!(source, Source::RandomUuid | Source::Credential) && owner != Owner::Once {
                    return self.refuse(&key, "is drawn at creation: it belongs in `once`");
                }
                items.push(Item {
                    attribute: self.intern(&key, attribute)?,
                    source,
                    owner,
                    syntax: source.syntax(scope),
                    mandatory: false,
                    default: None,
                });
            }
        }
        for (attribute, value) in &section.defaults {
            let key = format!("{name}.defaults.{attribute}");
            let id = self.intern(&key, attribute)?;
            match items.iter_mut().find(|i| i.attribute == id) {
                Some(_) if value.trim().is_empty() => return self.refuse(&key, "is empty"),
                Some(item) => item.default = Some(value.trim().into()),
                None => return self.refuse(&key, "is in none of the tables above it"),
            }
        }
        Ok(())
    }

    fn mandatory(&mut self, name: &str, section: &Section, items: &mut [Item]) -> Checked<()> {
        let key = format!("{name}.mandatory");
        for attribute in &section.mandatory {
            let id = self.intern(&key, attribute)?;
            match items.iter_mut().find(|i| i.attribute == id) {
                Some(item) => item.mandatory = true,
                None => return self.refuse(&key, &format!("{attribute} is in none of the tables")),
            }
        }
        Ok(())
    }

    /// An attribute of one kind has one source and one owner.
    fn unique(&self, kind: Kind, shape: &Shape) -> Checked<()> {
        let mut seen: Vec<AttributeId> = Vec::new();
        for id in shape.items().map(|i| i.attribute).chain(shape.parts.iter().flat_map(|p| p.unowned.iter().copied())) {
            if seen.contains(&id) {
                let message = format!("stands in two tables that apply to the same entry ({kind:?})");
                return self.refuse(self.attributes.name(id), &message);
            }
            seen.push(id);
        }
        Ok(())
    }

    fn only_roles(&self, name: &str, section: &Section) -> Checked<()> {
        let foreign = [
            ("profiles", !section.profiles.is_empty()),
            ("services", section.services),
            ("auxiliary", !section.auxiliary.is_empty()),
            ("unowned", !section.unowned.is_empty()),
        ];
        for (key, used) in foreign {
            if used {
                return self.refuse(&format!("{name}.{key}"), "is for roles only");
            }
        }
        if name != "service" && !section.types.is_empty() {
            return self.refuse(&format!("{name}.types"), "is for `service` only");
        }
        Ok(())
    }

    /// An attribute description without options: letters, digits and hyphens, or a numeric OID.
    fn intern(&mut self, key: &str, attribute: &str) -> Checked<AttributeId> {
        let ok = !attribute.is_empty()
            && attribute.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
            && !attribute.eq_ignore_ascii_case("objectClass");
        if !ok {
            return self.refuse(key, &format!("{attribute:?} is not an attribute that can be mapped"));
        }
        match self.attributes.intern(attribute) {
            Some(id) => Ok(id),
            None => self.refuse(key, "is one attribute too many"),
        }
    }

    pub(super) fn refuse<T>(&self, key: &str, message: &str) -> Checked<T> {
        Err(DialectError::Value { origin: self.origin.to_owned(), key: key.to_owned(), message: message.to_owned() })
    }
}

/// Whose profile it is.
const fn scope_of(profile: NationalProfile) -> Scope {
    match profile {
        NationalProfile::Elv => Scope::Pupil,
        NationalProfile::Tut => Scope::Relative,
        _ => Scope::Staff,
    }
}

/// Names of classes and attributes compare without case.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}
