//! The change of a group, taken apart by what keeps which part of it back.
//!
//! A group may be free while one of its members waits: then the membership waits with him, and the rest of the group is
//! written. What is taken apart here is for the list of what is held, and for decisions about it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::{AttributeChange, Dn, Value};
use crate::plan::holds::HoldId;
use crate::plan::kept::is_member;
use crate::plan::{Change, ChangeKind, Write};

/// Who may not join or leave groups yet, and what keeps him.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub joining: HashMap<Dn, Vec<HoldId>>,
    pub staying: HashMap<Dn, Vec<HoldId>>,
}

impl Waiting {
    pub fn is_empty(&self) -> bool {
        self.joining.is_empty() && self.staying.is_empty()
    }
}

/// A part of a change, and every hold that keeps it back; none for what may go on.
pub(super) type Part = (Vec<HoldId>, Change);

/// Takes the change of a group apart. `whole` keeps back all of it; `there` are the members of the group today, and
/// `plain` is the attribute that names members beside `member`, if there is one.
pub(super) fn split(
    change: &Change,
    whole: &[HoldId],
    waiting: &Waiting,
    there: impl Iterator<Item = Dn>,
    plain: Option<&str>,
) -> Vec<Part> {
    if waiting.is_empty() {
        return vec![(whole.to_vec(), change.clone())];
    }
    let mut parts = Parts { whole, apart: BTreeMap::new() };
    let mut base = change.clone();
    match &mut base.write {
        // Somebody who has to stay keeps his group.
        Write::Delete | Write::Dissolve { .. } => {
            let keep = there.filter_map(|member| waiting.staying.get(&member)).flatten();
            let ids = union(whole, keep);
            return vec![(ids, base)];
        }
        Write::Members { add, remove, attributes, .. } => {
            add.retain(|member| !parts.takes(member, &waiting.joining, true));
            remove.retain(|member| !parts.takes(member, &waiting.staying, false));
            if let Some(plain) = plain {
                parts.take_plain(attributes, plain);
            }
        }
        Write::Add { attributes, .. } => {
            for (_, values) in attributes.iter_mut().filter(|(name, _)| is_member(name)) {
                values.retain(|value| {
                    let member = value.as_text().and_then(|text| Dn::parse(text).ok());
                    !member.is_some_and(|member| parts.takes(&member, &waiting.joining, true))
                });
            }
            let named: Vec<(String, Vec<HoldId>)> = parts.names(true);
            for (name, values) in attributes.iter_mut().filter(|(name, _)| Some(name.as_str()) == plain) {
                let taken = take(values, &named);
                parts.give_plain(name, taken, true);
            }
        }
        _ => {}
    }
    let mut all = Vec::new();
    if !is_empty(&base.write) {
        all.push((whole.to_vec(), base));
    }
    for (ids, part) in parts.apart {
        let write = Write::Members { add: part.add, remove: part.remove, kept: Vec::new(), attributes: part.plain };
        all.push((ids, Change::new(ChangeKind::GroupUpdate, change.dn.clone(), change.subject.clone(), write)));
    }
    all
}

/// Takes the change of a person apart: what would name somebody whose account cannot be created yet waits with him, and
/// the attribute stays as it is. `whole` keeps back all of it.
pub(super) fn split_person(change: &Change, whole: &[HoldId], waiting: &Waiting) -> Vec<Part> {
    let mut base = change.clone();
    let mut apart: BTreeMap<Vec<HoldId>, Vec<AttributeChange>> = BTreeMap::new();
    if let Write::Modify { attributes } | Write::Unlock { attributes } | Write::Lock { attributes } = &mut base.write
        && !waiting.joining.is_empty()
    {
        attributes.retain(|attribute| {
            let ids =
                union(whole, attribute.new.iter().filter_map(|value| waiting.joining.get(&named(value)?)).flatten());
            if ids.len() == whole.len() {
                return true;
            }
            apart.entry(ids).or_default().push(attribute.clone());
            false
        });
    }
    if apart.is_empty() {
        return vec![(whole.to_vec(), base)];
    }
    // The entry will not be what the register would say of it.
    base.written = None;
    let empty = matches!(&base.write, Write::Modify { attributes } if attributes.is_empty());
    let mut parts = Vec::new();
    if empty && base.kind != ChangeKind::Update {
        base.write = Write::Nothing;
    }
    if !(empty && base.kind == ChangeKind::Update && base.adopts.is_none()) {
        parts.push((whole.to_vec(), base));
    }
    for (ids, attributes) in apart {
        let write = Write::Modify { attributes };
        let part = Change::new(ChangeKind::Update, change.dn.clone(), change.subject.clone(), write);
        parts.push((ids, Change { origin: change.origin.clone(), ..part }));
    }
    parts
}

/// Leaves out of an entry to create what would name somebody who is not created.
pub(in crate::plan) fn without(change: &mut Change, people: &HashSet<Dn>) {
    let Write::Add { attributes, .. } = &mut change.write else { return };
    let mut all = true;
    for (_, values) in attributes.iter_mut() {
        values.retain(|value| {
            let stays = !named(value).is_some_and(|dn| people.contains(&dn));
            all &= stays;
            stays
        });
    }
    if !all {
        attributes.retain(|(_, values)| !values.is_empty());
        change.written = None;
    }
}

/// The entry that a value names: all of it, or its first field.
fn named(value: &Value) -> Option<Dn> {
    let text = value.as_text()?.split('$').next()?;
    if !text.contains('=') || !text.contains(',') {
        return None;
    }
    Dn::parse(text).ok()
}

#[derive(Default)]
struct Apart {
    add: Vec<Dn>,
    remove: Vec<Dn>,
    plain: Vec<AttributeChange>,
}

struct Parts<'w> {
    whole: &'w [HoldId],
    apart: BTreeMap<Vec<HoldId>, Apart>,
}

impl Parts<'_> {
    /// Takes a member over when something of his own keeps him back.
    fn takes(&mut self, member: &Dn, waiting: &HashMap<Dn, Vec<HoldId>>, joins: bool) -> bool {
        let Some(own) = waiting.get(member) else { return false };
        let ids = union(self.whole, own.iter());
        if ids.len() == self.whole.len() {
            return false;
        }
        let apart = self.apart.entry(ids).or_default();
        if joins {
            apart.add.push(member.clone());
        } else {
            apart.remove.push(member.clone());
        }
        true
    }

    /// The plain names of the members taken over, and what keeps them.
    fn names(&self, join: bool) -> Vec<(String, Vec<HoldId>)> {
        let of = |apart: &Apart| if join { apart.add.clone() } else { apart.remove.clone() };
        self.apart
            .iter()
            .flat_map(|(ids, apart)| of(apart).into_iter().map(move |dn| (dn.rdn_value(), ids.clone())))
            .collect()
    }

    /// The plain names go where the members went.
    fn take_plain(&mut self, attributes: &mut Vec<AttributeChange>, plain: &str) {
        let (joining, leaving) = (self.names(true), self.names(false));
        for change in attributes.iter_mut().filter(|change| change.attribute == plain) {
            let (new, old) = (take(&mut change.new, &joining), take(&mut change.old, &leaving));
            self.give_plain(plain, new, true);
            self.give_plain(plain, old, false);
        }
        attributes.retain(|change| !change.old.is_empty() || !change.new.is_empty());
    }

    fn give_plain(&mut self, plain: &str, taken: Vec<(Vec<HoldId>, Value)>, new: bool) {
        for (ids, value) in taken {
            let apart = self.apart.entry(ids).or_default();
            let mut change = AttributeChange { attribute: plain.to_owned(), old: vec![], new: vec![], unset: false };
            if new {
                change.new.push(value);
            } else {
                change.old.push(value);
            }
            apart.plain.push(change);
        }
    }
}

/// Takes out the values that are among `names`.
fn take(values: &mut Vec<Value>, names: &[(String, Vec<HoldId>)]) -> Vec<(Vec<HoldId>, Value)> {
    let mut taken = Vec::new();
    values.retain(|value| {
        let text = value.as_text().unwrap_or_default();
        match names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((_, ids)) => {
                taken.push((ids.clone(), value.clone()));
                false
            }
            None => true,
        }
    });
    taken
}

/// `whole`, then those of `more` that are not among it.
fn union<'h>(whole: &[HoldId], more: impl Iterator<Item = &'h HoldId>) -> Vec<HoldId> {
    let mut ids = whole.to_vec();
    for id in more {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

fn is_empty(write: &Write) -> bool {
    match write {
        Write::Members { add, remove, kept, attributes } => {
            add.is_empty() && remove.is_empty() && kept.is_empty() && attributes.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::Marks;
    use crate::plan::fixtures::{Plan, attributes, members};

    const UIDS: &str = "memberUid";

    fn id(text: &str) -> HoldId {
        Arc::from(text)
    }

    fn person(n: usize) -> Dn {
        Dn::parse(&format!("uid=f{n:05},ou=people,dc=esco-centre,dc=fr")).unwrap()
    }

    fn group(kind: ChangeKind, write: Write) -> Change {
        Plan::default().object(kind, "g", write).clone()
    }

    /// One joins who has to wait, one leaves who has to stay.
    fn waiting() -> Waiting {
        Waiting {
            joining: [(person(1), vec![id("no-class:1")])].into(),
            staying: [(person(500), vec![id("school:B")])].into(),
        }
    }

    fn update() -> Change {
        let Write::Members { add, remove, kept, .. } = members(3, 2) else { unreachable!() };
        let attributes =
            attributes(&[(UIDS, &["f00500", "f00501"], &["f00000", "F00001", "f00002"]), ("cn", &[], &["x"])]);
        group(ChangeKind::GroupUpdate, Write::Members { add, remove, kept, attributes })
    }

    #[test]
    fn nothing_is_lost_and_nothing_added() {
        let change = update();
        for whole in [vec![], vec![id("school:A")]] {
            let parts = split(&change, &whole, &waiting(), std::iter::empty(), Some(UIDS));
            assert_eq!(parts.len(), 3);
            assert_eq!(Marks::of(parts.iter().map(|(_, part)| part)), Marks::of([&change]));
            let of = |own: &str| [whole.clone(), vec![id(own)]].concat();
            let (_, joins) = parts.iter().find(|(ids, _)| *ids == of("no-class:1")).unwrap();
            let Write::Members { add, remove, attributes, .. } = &joins.write else { unreachable!() };
            assert_eq!((&**add, remove.len()), (&[person(1)][..], 0));
            assert_eq!(attributes[0].new, ["F00001".into()], "his plain name goes with him");
            assert!(parts.iter().any(|(ids, _)| *ids == of("school:B")));
            assert!(parts.iter().any(|(ids, _)| *ids == whole));
        }
    }

    #[test]
    fn a_group_is_created_without_those_who_wait() {
        let values = vec![person(0).as_str().into(), person(1).as_str().into()];
        let plain = (UIDS.to_owned(), vec!["f00000".into(), "f00001".into()]);
        let attributes = vec![("cn".to_owned(), vec!["g".into()]), ("member".to_owned(), values), plain];
        let change = group(ChangeKind::GroupCreate, Write::Add { attributes, credential: false });
        let parts = split(&change, &[], &waiting(), std::iter::empty(), Some(UIDS));
        assert_eq!(Marks::of(parts.iter().map(|(_, part)| part)), Marks::of([&change]));
        let (ids, joins) = &parts[1];
        assert_eq!((ids.as_slice(), joins.kind), (&[id("no-class:1")][..], ChangeKind::GroupUpdate));
    }

    #[test]
    fn a_group_stays_while_a_member_has_to() {
        let change = group(ChangeKind::GroupDelete, Write::Delete);
        let parts = split(&change, &[], &waiting(), [person(7), person(500)].into_iter(), None);
        assert_eq!(parts, [(vec![id("school:B")], change.clone())]);
        let free = split(&change, &[], &waiting(), [person(7)].into_iter(), None);
        assert_eq!(free, [(vec![], change)]);
    }

    #[test]
    fn what_keeps_the_whole_is_not_said_again_of_its_members() {
        let parts = split(&update(), &[id("no-class:1"), id("school:B")], &waiting(), std::iter::empty(), Some(UIDS));
        assert_eq!(parts.len(), 1);
    }
}
