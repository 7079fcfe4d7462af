//! A plan to be shown to somebody who may not see people: join keys only, no name, no birth date, no value.
//!
//! Applied to what is read, before anything is sorted or counted, so that no form of a rendering can forget it. Names of
//! schools, classes, levels, groups and attributes stay: without them nothing could be found again.

use super::row::Row;
use super::shape::is_about_people;
use super::words;
use crate::plan::{Change, ChangeKind, Hold};

/// Takes out of a hold what names a person: its message becomes its reason.
pub fn redact_hold(hold: &mut Hold) {
    words::capitalised(words::hold_reason(hold.reason)).clone_into(&mut hold.message);
}

/// Takes the person out of a row; `change` is what it was made from. Values go as well, also those of groups: members
/// of a group are people.
pub(super) fn redact_row(row: &mut Row, change: &Change) {
    if is_about_people(row.kind) || (row.kind == ChangeKind::Rewrite && change.subject.profile.is_some()) {
        let key = change.subject.join_key.as_ref().map(|key| key.as_str().to_owned());
        row.name = key.unwrap_or_else(|| "sans clé de jointure".to_owned());
        row.login = None;
    }
    // Notes are free text. What a reader needs of them (stage, way, level) is in the shape.
    row.note = None;
    for detail in &mut row.details {
        detail.old.clear();
        detail.new.clear();
    }
}
