//! An inverse against what is there now: only what the apply left is taken back.

use std::collections::{HashMap, HashSet};

use crate::apply::Accounts;
use crate::apply::seen::{Seen, members, seen};
use crate::directory::dialect::Dialect;
use crate::directory::{Dn, Entry};
use crate::plan::{Change, Write};

/// What the present state makes of an inverse.
pub(super) enum Present {
    /// To be carried out.
    Goes(Change),
    /// Everything is as before already.
    Already,
    /// Left out; the reason, in French, names attributes and never values.
    Left(Change, String),
}

/// What the register knows now, and whom this undo leaves as they are.
pub(super) struct Now<'a> {
    pub dialect: &'a Dialect,
    pub accounts: &'a Accounts,
    /// Normalised DNs that the engine put in its groups, by cn.
    pub put: &'a HashMap<String, Vec<String>>,
    /// The entries of people who are left out: their memberships stay as well.
    pub left: HashSet<Dn>,
}

impl Now<'_> {
    /// Compares; whoever is left out is remembered.
    pub fn compare(&mut self, mut change: Change, entry: Option<&Entry>) -> Present {
        if change.subject.join_key.is_none() {
            return self.object(change, entry);
        }
        if self.is_back(&change, entry) {
            return Present::Already;
        }
        if let Some(reason) = self.newer(&change) {
            return self.leave(change, reason);
        }
        let Some(entry) = entry else {
            let reason = "la fiche n'est plus dans l'annuaire".to_owned();
            return self.leave(change, reason);
        };
        empty(&mut change, entry);
        let created = change.undo.as_ref().and_then(|undo| undo.entry);
        if let (Some(left), Some(profile)) = (created, change.subject.profile)
            && self.dialect.entry_digest(profile, &entry.attributes) != left
        {
            return self.leave(change, "la fiche créée a été modifiée depuis".to_owned());
        }
        if created.is_some() {
            // Out of the groups that are written on the entry itself.
            let leave = self.dialect.leave_groups(entry, self.put);
            if let Write::Lock { attributes } = &mut change.write {
                attributes.extend(leave);
            }
        }
        match seen(self.dialect, &change, Some(entry), false, None) {
            Seen::AsPlanned | Seen::Partly(_) => Present::Goes(change),
            // The directory is as before, the register is not: it follows.
            Seen::Done => Present::Goes(Change { write: Write::Nothing, ..change }),
            Seen::Moved(_) => {
                let reason = format!("{} : modifié depuis par quelqu'un d'autre", touched(&change));
                self.leave(change, reason)
            }
        }
    }

    fn leave(&mut self, change: Change, reason: String) -> Present {
        self.left.insert(change.dn.clone());
        Present::Left(change, reason)
    }

    /// Whether the register says that something has changed the account since.
    fn newer(&self, change: &Change) -> Option<String> {
        let undo = change.undo.as_deref()?;
        let Some(account) = self.accounts.get(change.subject.join_key.as_ref()?) else {
            return Some("le registre ne connaît plus ce compte".to_owned());
        };
        let restaged = undo.stage.is_some_and(|stage| stage != account.stage);
        let rewritten = undo.left.is_some() && undo.left != account.written;
        (restaged || rewritten).then(|| "une exécution plus récente a changé ce compte : la défaire d'abord".to_owned())
    }

    /// Whether an account is as it was before: it was taken back already.
    fn is_back(&self, change: &Change, entry: Option<&Entry>) -> bool {
        let Some(undo) = change.undo.as_deref() else { return false };
        let now = change.subject.join_key.as_ref().and_then(|key| self.accounts.get(key));
        let known = match (&undo.account, now) {
            (Some(before), Some(now)) => **before == *now,
            (None, None) => undo.forgets,
            // Created, and suspended since.
            (None, Some(now)) => undo.entry.is_some() && now.stage == crate::store::Stage::Suspended,
            (Some(_), None) => false,
        };
        known && matches!(seen(self.dialect, change, entry, true, None), Seen::Done)
    }

    /// A structure or a group.
    fn object(&self, mut change: Change, entry: Option<&Entry>) -> Present {
        let cn = change.dn.rdn_value();
        if let (Write::Members { .. }, Some(entry)) = (&change.write, entry) {
            self.keep_left(&mut change, entry);
            place_holder(&mut change, entry);
        }
        if let (Write::Delete, Some(entry)) = (&change.write, entry)
            && members(entry).iter().any(|member| self.left.contains(member))
        {
            return Present::Left(change, "des comptes laissés en l'état sont dans ce groupe".to_owned());
        }
        if let Some(entry) = entry {
            empty(&mut change, entry);
        }
        // A group that stands there with all that it held was made again already.
        let again = matches!(change.write, Write::Add { .. });
        match seen(self.dialect, &change, entry, again, self.put.get(&cn)) {
            Seen::Partly(_) if again => Present::Left(change, "une autre fiche a pris ce nom".to_owned()),
            Seen::Done => Present::Already,
            Seen::AsPlanned => Present::Goes(change),
            Seen::Partly(rest) => Present::Goes(*rest),
            Seen::Moved(_) if entry.is_none() => {
                Present::Left(change, "la fiche n'est plus dans l'annuaire".to_owned())
            }
            Seen::Moved(_) => {
                let reason = match &change.write {
                    Write::Add { .. } => "une autre fiche a pris ce nom".to_owned(),
                    Write::Delete => "quelqu'un d'autre y a mis un membre".to_owned(),
                    _ => format!("{} : modifié depuis par quelqu'un d'autre", touched(&change)),
                };
                Present::Left(change, reason)
            }
        }
    }

    /// Whoever is left out stays where he is.
    fn keep_left(&self, change: &mut Change, entry: &Entry) {
        let there = members(entry);
        if let Write::Members { add, remove, .. } = &mut change.write {
            add.retain(|dn| dn.is_empty() || (!self.left.contains(dn) && !there.contains(dn)));
            remove.retain(|dn| dn.is_empty() || (!self.left.contains(dn) && there.contains(dn)));
        }
    }
}

/// A group that would stand empty has a member without name, and one that does not has none.
fn place_holder(change: &mut Change, entry: &Entry) {
    let there = members(entry);
    let Write::Members { add, remove, .. } = &mut change.write else { return };
    add.retain(|dn| !dn.is_empty());
    remove.retain(|dn| !dn.is_empty());
    if add.is_empty() && remove.is_empty() {
        return;
    }
    let staying = there.iter().filter(|dn| !dn.is_empty() && !remove.contains(dn)).count() + add.len();
    let nobody = there.iter().find(|dn| dn.is_empty());
    match (staying, nobody) {
        (0, None) => add.extend(Dn::parse("").ok()),
        (1.., Some(nobody)) => remove.push(nobody.clone()),
        _ => {}
    }
}

/// An attribute that the apply emptied must still be empty.
fn empty(change: &mut Change, entry: &Entry) {
    let (Write::Modify { attributes }
    | Write::Lock { attributes }
    | Write::Unlock { attributes }
    | Write::Members { attributes, .. }) = &mut change.write
    else {
        return;
    };
    for attribute in attributes {
        attribute.unset = attribute.old.is_empty() && entry.values(&attribute.attribute).is_empty();
    }
}

/// The attributes of a change, for the reason.
fn touched(change: &Change) -> String {
    let (Write::Modify { attributes }
    | Write::Lock { attributes }
    | Write::Unlock { attributes }
    | Write::Members { attributes, .. }) = &change.write
    else {
        return String::new();
    };
    let names: Vec<&str> = attributes.iter().map(|a| a.attribute.as_str()).collect();
    if names.is_empty() { "la fiche".to_owned() } else { names.join(", ") }
}
