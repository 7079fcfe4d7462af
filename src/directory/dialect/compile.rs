//! From a dialect file to [`Shape`]s: everything that can be refused is refused here, once, with its place in the file.

use std::collections::BTreeMap;

use miette::NamedSource;

use super::attributes::{AttributeId, Attributes};
use super::error::DialectError;
use super::family::{GroupRule, Pattern, Ready};
use super::file::{Family, File, Section};
use super::locate::locate;
use super::shape::{Item, Kind, Owner, Part, Shape, profile_bit};
use super::source::{Scope, Source};
use crate::roster::NationalProfile;

/// Roles per kind: the parts of an entry are counted in the bits of a `u32`.
const MOST_ROLES: usize = 31;

/// Families: their number is a byte, and a school has a use for a dozen.
const MOST_FAMILIES: usize = 64;

pub(super) struct Compiler<'f> {
    pub origin: &'f str,
    pub text: &'f str,
    pub attributes: Attributes,
}

type Checked<T> = Result<T, DialectError>;

impl<'f> Compiler<'f> {
    pub(super) fn shapes(&mut self, file: &'f File) -> Checked<Vec<Shape>> {
        let mut shapes = Vec::with_capacity(Kind::FIXED.len() + file.family.len());
        for kind in Kind::FIXED {
            shapes.push(self.member_shape(file, kind)?);
        }
        self.only_roles("group", &file.group)?;
        for (number, family) in file.family.iter().enumerate() {
            shapes.push(self.group_shape(file, number, family)?);
        }
        // Within people, within structures and within groups, the structural classes exclude each other.
        for family in [0..3, 3..5, 5..shapes.len()] {
            let classes: Vec<Box<str>> =
                family.clone().filter_map(|i| shapes.get(i)).map(|s| s.structural.clone()).collect();
            for i in family {
                let Some(shape) = shapes.get_mut(i) else { continue };
                let own = |c: &str| same(c, &shape.structural) || shape.superclasses.iter().any(|s| same(c, s));
                shape.rivals = classes.iter().filter(|c| !own(c)).cloned().collect();
            }
        }
        Ok(shapes)
    }

    /// The families, in the order of the file.
    pub(super) fn families(&self, file: &File) -> Checked<Vec<Ready>> {
        if file.family.len() > MOST_FAMILIES {
            return self.refuse("family", &format!("has {} entries: at most {MOST_FAMILIES}", file.family.len()));
        }
        let mut families = Vec::with_capacity(file.family.len());
        let mut patterns: Vec<&str> = Vec::new();
        for (number, family) in file.family.iter().enumerate() {
            let key = |name: &str| format!("family[{number}].{name}");
            let pattern = match Pattern::parse(&family.name, family.rule) {
                Ok(pattern) => pattern,
                Err(why) => return self.refuse(&key("name"), &why),
            };
            if patterns.contains(&family.name.as_str()) {
                return self.refuse(&key("name"), &format!("is {:?}, as another family's", family.name));
            }
            patterns.push(&family.name);
            if !family.profiles.is_empty() && !family.rule.takes_profiles() {
                let takes: Vec<&str> = GroupRule::ALL.iter().filter(|r| r.takes_profiles()).map(|r| r.name()).collect();
                let message =
                    format!("means nothing for the rule {:?}: only for {}", family.rule.name(), takes.join(", "));
                return self.refuse(&key("profiles"), &message);
            }
            if family.profiles.is_empty() && family.rule == GroupRule::AnyProfile {
                return self.refuse(&key("profiles"), "is missing: `any_profile` is about some of them");
            }
            let profiles = if family.profiles.is_empty() { &NationalProfile::ALL[..] } else { &family.profiles };
            let profiles = profiles.iter().map(|&p| profile_bit(p)).fold(0, |a, b| a | b);
            families.push(Ready { rule: family.rule, pattern, profiles });
        }
        Ok(families)
    }

    fn member_shape(&mut self, file: &'f File, kind: Kind) -> Checked<Shape> {
        let (scope, sections): (Scope, [(&str, &Section); 2]) = match kind {
            Kind::Pupil => (Scope::Pupil, [("person", &file.person), ("pupil", &file.pupil)]),
            Kind::Relative => (Scope::Relative, [("person", &file.person), ("relative", &file.relative)]),
            Kind::Staff => (Scope::Staff, [("person", &file.person), ("staff", &file.staff)]),
            Kind::School => (Scope::Structure, [("structure", &file.structure), ("school", &file.school)]),
            Kind::Service | Kind::Group(_) => {
                (Scope::Structure, [("structure", &file.structure), ("service", &file.service)])
            }
        };
        for (name, section) in sections {
            self.only_roles(name, section)?;
        }
        let mut shape = self.shape(scope, &sections, None)?;
        if scope != Scope::Structure {
            self.account_state(file, &shape)?;
            self.roles(&file.role, scope, &mut shape)?;
        }
        self.finish(kind_name(kind), scope, shape)
    }

    fn group_shape(&mut self, file: &'f File, number: usize, family: &'f Family) -> Checked<Shape> {
        let mut shape = self.shape(Scope::Group, &[("group", &file.group)], family.structural.as_deref())?;
        let item = Item {
            attribute: self.intern("marker.attribute", &file.marker.attribute)?,
            source: Source::Marker,
            owner: Owner::Added,
            syntax: Source::Marker.syntax(Scope::Group),
            mandatory: false,
            default: None,
        };
        if let Some(base) = shape.parts.first_mut() {
            base.items.push(item);
        }
        self.finish(&format!("family[{number}]"), Scope::Group, shape)
    }

    /// What the sections of one kind say together. `structural` comes after theirs.
    fn shape(&mut self, scope: Scope, sections: &[(&str, &Section)], structural: Option<&str>) -> Checked<Shape> {
        let mut shape = Shape::default();
        let mut base = Part::default();
        let mut classes: Vec<&str> = Vec::new();
        for (name, section) in sections {
            shape.superclasses.extend(section.superclasses.iter().map(|c| c.as_str().into()));
            classes.extend(section.structural.as_deref());
            base.auxiliary.extend(section.auxiliary.iter().map(|c| c.as_str().into()));
            self.items(name, section, scope, &mut base.items)?;
        }
        classes.extend(structural);
        let Some(class) = classes.pop() else {
            let name = sections.first().map_or("", |(name, _)| name);
            return self.refuse(&format!("{name}.structural"), "is missing: the structural class of these entries");
        };
        shape.structural = class.into();
        shape.superclasses.extend(classes.into_iter().filter(|c| !same(c, class)).map(Box::from));
        for (name, section) in sections {
            self.mandatory(name, section, &mut base.items)?;
        }
        shape.parts.push(base);
        Ok(shape)
    }

    /// What can only be said once all parts are there. `name` is the section, for messages.
    fn finish(&self, name: &str, scope: Scope, mut shape: Shape) -> Checked<Shape> {
        self.unique(name, &shape)?;
        if matches!(scope, Scope::Structure | Scope::Group) {
            for item in shape.items() {
                if item.mandatory && !item.source.is_certain() && item.default.is_none() {
                    let attribute = self.attributes.name(item.attribute);
                    let message = format!("needs a default for {attribute}: a delivery may have none");
                    return self.refuse(&format!("{name}.mandatory"), &message);
                }
            }
        }
        let choices = shape.items().filter(|i| i.owner == Owner::Choice).map(|i| i.attribute).collect();
        shape.choices = choices;
        Ok(shape)
    }

    /// The source of the state and the lock speak of one attribute.
    fn account_state(&self, file: &File, shape: &Shape) -> Checked<()> {
        let mapped =
            shape.items().find(|i| i.source == Source::AccountState).map(|i| self.attributes.name(i.attribute));
        match (mapped, file.lock.state_attribute()) {
            (None, None) => Ok(()),
            (Some(mapped), Some(state)) if same(mapped, state) => Ok(()),
            (Some(mapped), Some(state)) => {
                self.refuse("lock.attribute", &format!("is {state:?}, but a new account gets its state in {mapped}"))
            }
            (Some(mapped), None) => {
                let key = format!("person.once.{mapped}");
                self.refuse(&key, "is \"account_state\": only with `lock.method = \"state\"`")
            }
            (None, Some(state)) => {
                let message = format!("needs `{state} = \"account_state\"`: `lock.method` is \"state\"");
                self.refuse("person.once", &message)
            }
        }
    }

    fn roles(&mut self, roles: &'f BTreeMap<String, Section>, scope: Scope, shape: &mut Shape) -> Checked<()> {
        for (name, section) in roles {
            let key = format!("role.{name}");
            if section.structural.is_some() || !section.superclasses.is_empty() || !section.types.is_empty() {
                let message = "is a role: it has `auxiliary` classes, no `structural`, `superclasses` or `types`";
                return self.refuse(&key, message);
            }
            let mut scopes = section.profiles.iter().map(|&p| scope_of(p));
            let Some(first) = scopes.next() else {
                return self.refuse(&format!("{key}.profiles"), "is empty: a role needs the profiles that give it");
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
            ("choice", Owner::Choice, &section.choice),
            ("added", Owner::Added, &section.added),
            ("own", Owner::Own, &section.own),
            ("engine", Owner::Replace, &section.engine),
            ("feed", Owner::Replace, &section.feed),
            ("keep", Owner::Keep, &section.keep),
        ];
        for (table, owner, attributes) in tables {
            for (attribute, &source) in attributes {
                let key = format!("{name}.{table}.{attribute}");
                if !source.is_for(scope) {
                    let (found, who) = (source.name(), scope.name());
                    let message =
                        format!("is {found:?}, which {who} do not have; allowed: {}", Source::names_for(scope));
                    return self.refuse(&key, &message);
                }
                if let Some(only) = source.only_table()
                    && only != table
                {
                    let message = format!("is {:?}, which belongs in `{name}.{only}`", source.name());
                    return self.refuse(&key, &message);
                }
                if owner == Owner::Own && source.only_table() != Some("own") {
                    let message = format!("is {:?}: only member_of and member_uids belong in `own`", source.name());
                    return self.refuse(&key, &message);
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
                None => {
                    let message = "is a default for an attribute that is in none of the tables of these entries";
                    return self.refuse(&key, message);
                }
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
                None => return self.refuse(&key, &format!("names {attribute}, which is in none of the tables")),
            }
        }
        Ok(())
    }

    /// An attribute of one kind has one source and one owner.
    fn unique(&self, name: &str, shape: &Shape) -> Checked<()> {
        let mut seen: Vec<AttributeId> = Vec::new();
        for id in shape.items().map(|i| i.attribute).chain(shape.parts.iter().flat_map(|p| p.unowned.iter().copied())) {
            if seen.contains(&id) {
                let attribute = self.attributes.name(id);
                let message = format!("has {attribute} in two tables that apply to the same entry");
                return self.refuse(name, &message);
            }
            seen.push(id);
        }
        Ok(())
    }

    fn only_roles(&self, name: &str, section: &Section) -> Checked<()> {
        let foreign = [
            ("profiles", !section.profiles.is_empty()),
            ("services", section.services),
            ("unowned", !section.unowned.is_empty()),
        ];
        for (key, used) in foreign {
            if used {
                return self.refuse(&format!("{name}.{key}"), "means nothing here: only roles (`[role.…]`) have it");
            }
        }
        if name != "service" && !section.types.is_empty() {
            return self.refuse(&format!("{name}.types"), "means nothing here: only `[service]` has it");
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
        Err(DialectError::Value {
            origin: self.origin.to_owned(),
            key: key.to_owned(),
            message: message.to_owned(),
            span: locate(self.text, key),
            text: std::sync::Arc::new(NamedSource::new(self.origin, self.text.to_owned())),
        })
    }
}

/// The section that is of this kind alone.
pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Pupil => "pupil",
        Kind::Relative => "relative",
        Kind::Staff => "staff",
        Kind::School => "school",
        Kind::Service => "service",
        Kind::Group(_) => "group",
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
