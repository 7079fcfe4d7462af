//! How a wanted entry differs from the one in the directory: owned attributes only.

use super::attributes::MOST;
use super::compile::same as same_name;
use super::error::ClassConflict;
use super::matching::same_folded;
use super::memberships::{PutByEngine, is_put};
use super::shape::{Item, Owner, Part, Shape};
use super::source::Source;
use super::wanted::{Piece, Wanted};
use super::{Dialect, OBJECT_CLASS};
use crate::directory::{AttributeChange, Dn, Entry, Value};

/// The values of every known attribute of an entry, by number.
type Slots<'e> = [&'e [Value]; MOST];

impl Dialect {
    /// What has to be modified so that `actual` is as wanted. `actual` holds all its user attributes.
    ///
    /// Values are removed and added one by one, so that what others put beside them stays; within one attribute the
    /// removals come first, which a server needs when a value only changes its case. Classes that are not listed and
    /// attributes that the dialect does not own are never part of the answer, nor is anything written only once.
    ///
    /// # Errors
    /// When the entry's structural class is another one: no modify can change it.
    pub fn differences(&self, wanted: &Wanted, actual: &Entry) -> Result<Vec<AttributeChange>, ClassConflict> {
        self.differences_beside(wanted, actual, &PutByEngine::new())
    }

    /// The same for somebody whose groups are written on his entry: `put` says which of them the engine put him into,
    /// and no other is ever taken off.
    ///
    /// # Errors
    /// As [`Dialect::differences`].
    pub fn differences_beside(
        &self,
        wanted: &Wanted,
        actual: &Entry,
        put: &PutByEngine,
    ) -> Result<Vec<AttributeChange>, ClassConflict> {
        let mut slots: Slots<'_> = [&[]; MOST];
        for (name, values) in &actual.attributes {
            if let Some(slot) = self.attributes.find(name).and_then(|id| slots.get_mut(usize::from(id))) {
                *slot = values;
            }
        }
        let shape = self.shape(wanted.kind);
        let classes = slot(&slots, OBJECT_CLASS);
        check_structural(shape, wanted, classes)?;

        let mut changes = Vec::new();
        let leaving = self.class_changes(shape, wanted, &slots, &mut changes);
        let mut pieces = wanted.pieces.as_slice();
        for (number, part) in shape.parts.iter().enumerate() {
            let goes = leaving & (1 << number) != 0;
            for item in &part.items {
                let count = pieces.iter().take_while(|p| p.attribute == item.attribute).count();
                let (own, rest) = pieces.split_at_checked(count).unwrap_or((pieces, &[]));
                pieces = rest;
                let there = slot(&slots, item.attribute);
                if goes {
                    self.push_change(item.attribute, there, there.to_vec(), Vec::new(), &mut changes);
                } else if item.owner == Owner::Own {
                    self.memberships_change(item, wanted, own, (there, &actual.dn), put, &mut changes);
                } else if !wanted.left_alone.contains(&item.attribute) {
                    self.attribute_change(item, wanted, own, there, &mut changes);
                }
            }
            if goes {
                for &attribute in &part.unowned {
                    let there = slot(&slots, attribute);
                    self.push_change(attribute, there, there.to_vec(), Vec::new(), &mut changes);
                }
            }
        }
        Ok(changes)
    }

    fn attribute_change(
        &self,
        item: &Item,
        wanted: &Wanted,
        own: &[Piece],
        there: &[Value],
        changes: &mut Vec<AttributeChange>,
    ) {
        match item.owner {
            // Memberships are not compared here.
            Owner::Once | Owner::Own => {}
            Owner::Choice | Owner::Keep if own.is_empty() => {}
            Owner::Choice => {
                let rule = self.rule(item.attribute);
                let is_one = |v: &&Value| {
                    v.as_text().is_some_and(|t| own.iter().any(|p| rule.same(item.syntax, wanted.piece(*p), t)))
                };
                let old: Vec<Value> = there.iter().filter(|v| !is_one(v)).cloned().collect();
                let first = own.first().filter(|_| !there.iter().any(|v| is_one(&v)));
                let new = first.map(|p| Value::from(wanted.piece(*p))).into_iter().collect();
                self.push_change(item.attribute, there, old, new, changes);
            }
            Owner::Added => {
                let missing = own.iter().map(|p| wanted.piece(*p)).filter(|w| {
                    // A server would refuse a value that it takes for one that is there.
                    !there.iter().filter_map(Value::as_text).any(|t| same_folded(w, t))
                });
                let missing: Vec<Value> = missing.map(Value::from).collect();
                self.push_change(item.attribute, there, Vec::new(), missing, changes);
            }
            Owner::Keep | Owner::Replace => {
                // What is unchanged, nearly always: the same values in the same order.
                let in_order = own.len() == there.len()
                    && own.iter().zip(there).all(|(p, v)| v.as_text() == Some(wanted.piece(*p)));
                if in_order {
                    return;
                }
                let rule = self.rule(item.attribute);
                let is =
                    |p: &Piece, v: &Value| v.as_text().is_some_and(|t| rule.same(item.syntax, wanted.piece(*p), t));
                // Two writings of one value in the directory (DNs in two cases) both stand for the wanted one: the
                // second is harmless there and the server's rule for composite values may not even see it as equal.
                let old: Vec<Value> = there.iter().filter(|v| !own.iter().any(|p| is(p, v))).cloned().collect();
                let new: Vec<Value> = own
                    .iter()
                    .filter(|p| !there.iter().any(|v| is(p, v)))
                    .map(|p| Value::from(wanted.piece(*p)))
                    .collect();
                self.push_change(item.attribute, there, old, new, changes);
            }
        }
    }

    /// The groups of a person: those due are added, those that the engine put and that are no longer due go.
    fn memberships_change(
        &self,
        item: &Item,
        wanted: &Wanted,
        own: &[Piece],
        (there, person): (&[Value], &Dn),
        put: &PutByEngine,
        changes: &mut Vec<AttributeChange>,
    ) {
        if item.source != Source::MemberOf {
            return;
        }
        let is = |p: &Piece, v: &Value| v.as_text().is_some_and(|t| wanted.piece(*p) == t.trim());
        let stay = wanted.left_alone.contains(&item.attribute);
        let gone = |v: &&Value| !stay && !own.iter().any(|p| is(p, v)) && is_put(v, person, put);
        let old: Vec<Value> = there.iter().filter(gone).cloned().collect();
        let missing = own.iter().filter(|p| !there.iter().any(|v| is(p, v)));
        let new: Vec<Value> = missing.map(|p| Value::from(wanted.piece(*p))).collect();
        self.push_change(item.attribute, there, old, new, changes);
    }

    /// Missing classes are added. An auxiliary class whose role ended goes with its attributes (the bits of these
    /// parts are the answer), unless somebody else's value hangs on it and it could go on existing.
    fn class_changes(
        &self,
        shape: &Shape,
        wanted: &Wanted,
        slots: &Slots<'_>,
        changes: &mut Vec<AttributeChange>,
    ) -> u32 {
        let classes = slot(slots, OBJECT_CLASS);
        let roles = || shape.parts.iter().enumerate().skip(1);
        let everybody = || shape.parts.first().into_iter().flat_map(|part| &part.auxiliary);
        let needed = |class: &str| {
            everybody().any(|c| same_name(c, class))
                || roles().any(|(n, part)| wanted.has_part(n) && part.auxiliary.iter().any(|c| same_name(c, class)))
        };
        let mut add: Vec<&str> = Vec::new();
        let mut remove: Vec<Value> = Vec::new();
        let mut leaving = 0;
        add.extend(everybody().filter(|class| listed(classes, class).is_none()).map(|class| &**class));
        for (number, part) in roles() {
            if wanted.has_part(number) {
                for class in &part.auxiliary {
                    if listed(classes, class).is_none() && !add.iter().any(|c| same_name(c, class)) {
                        add.push(class);
                    }
                }
            } else if !used_by_others(part, slots) {
                let gone = part.auxiliary.iter().filter(|c| !needed(c)).filter_map(|c| listed(classes, c));
                let before = remove.len();
                remove.extend(gone.cloned());
                if remove.len() > before {
                    leaving |= 1 << number;
                }
            }
        }
        self.push_change(OBJECT_CLASS, classes, remove, add.into_iter().map(Value::from).collect(), changes);
        leaving
    }

    /// `there` is all that the attribute holds.
    fn push_change(
        &self,
        attribute: u8,
        there: &[Value],
        old: Vec<Value>,
        new: Vec<Value>,
        changes: &mut Vec<AttributeChange>,
    ) {
        let unset = there.is_empty();
        if !(old.is_empty() && new.is_empty()) {
            changes.push(AttributeChange { attribute: self.attributes.name(attribute).to_owned(), old, new, unset });
        }
    }
}

fn slot<'e>(slots: &Slots<'e>, attribute: u8) -> &'e [Value] {
    slots.get(usize::from(attribute)).copied().unwrap_or_default()
}

fn listed<'e>(classes: &'e [Value], class: &str) -> Option<&'e Value> {
    classes.iter().find(|v| v.as_text().is_some_and(|c| same_name(c.trim(), class)))
}

/// Whether somebody else's value hangs on the classes of a role that ended. A class with mandatory attributes of its
/// own cannot outlive them, so there the value goes with it.
fn used_by_others(part: &Part, slots: &Slots<'_>) -> bool {
    !part.has_mandatory() && part.unowned.iter().any(|&a| !slot(slots, a).is_empty())
}

fn check_structural(shape: &Shape, wanted: &Wanted, classes: &[Value]) -> Result<(), ClassConflict> {
    let rival = shape.rivals.iter().find(|c| listed(classes, c).is_some());
    let conflict = |found: &str| ClassConflict {
        dn: wanted.dn.to_string(),
        wanted: shape.structural.to_string(),
        found: found.to_owned(),
    };
    match rival {
        Some(rival) => Err(conflict(rival)),
        None if listed(classes, &shape.structural).is_some() => Ok(()),
        None => {
            let upper = shape.superclasses.iter().rev().find(|c| listed(classes, c).is_some());
            Err(conflict(upper.map_or("", |c| c)))
        }
    }
}
