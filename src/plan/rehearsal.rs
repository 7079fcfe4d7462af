//! What a plan would do to each school: who would come, go, move, and what is held. Read from the plan's file.

use std::collections::BTreeMap;
use std::path::Path;

use compact_str::CompactString;
use serde::Serialize;

use super::file::{PlanFileError, Reader};
use super::{Change, ChangeKind, Line};

/// One school.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outlook {
    pub name: String,
    /// New accounts.
    pub created: u64,
    /// Accounts that come back from absence or suspension.
    pub restored: u64,
    /// Accounts that change their class, or came from another school.
    pub moved: u64,
    pub updated: u64,
    /// Accounts that nothing names any more; still usable.
    pub absent: u64,
    /// Of those, the ones that the turn of the year explains.
    pub expected: u64,
    /// Accounts that could not be used any more.
    pub suspended: u64,
    pub groups_created: u64,
    pub groups_deleted: u64,
    /// Changes that a hold would keep back.
    pub held: u64,
    /// Why, in French.
    pub holds: Vec<String>,
    /// It goes over to its new year.
    pub switches: bool,
}

/// By UAI; what belongs to no school under an empty one.
pub type Outlooks = BTreeMap<CompactString, Outlook>;

/// Counts what a saved plan would do. Whoever acts in several schools counts where the change is listed.
///
/// # Errors
/// When the plan cannot be read or was altered.
pub fn outlooks(plan: &Path) -> Result<Outlooks, PlanFileError> {
    let mut outlooks = Outlooks::new();
    let mut lines = Reader::open(plan)?;
    for line in lines.by_ref() {
        match line? {
            Line::Change(change) => count(of(&mut outlooks, &change), &change),
            Line::Held { change, .. } => of(&mut outlooks, &change).held += 1,
            Line::Hold(hold) if hold.join_key.is_none() => {
                let school = hold.school.as_ref().map_or("", |uai| uai.as_str());
                outlooks.entry(school.into()).or_default().holds.push(hold.message);
            }
            _ => {}
        }
    }
    let (header, _) = lines.finish()?;
    for uai in header.years.keys() {
        outlooks.entry(uai.clone()).or_default().switches = true;
    }
    for (uai, outlook) in &mut outlooks {
        outlook.name = header.schools.get(uai).cloned().unwrap_or_default();
    }
    Ok(outlooks)
}

fn of<'o>(outlooks: &'o mut Outlooks, change: &Change) -> &'o mut Outlook {
    outlooks.entry(change.subject.schools.first().map_or("", |uai| uai.as_str()).into()).or_default()
}

fn count(outlook: &mut Outlook, change: &Change) {
    let counter = match change.kind {
        ChangeKind::Create => &mut outlook.created,
        ChangeKind::Restore => &mut outlook.restored,
        ChangeKind::Move => &mut outlook.moved,
        ChangeKind::Update => &mut outlook.updated,
        ChangeKind::Absent => {
            outlook.expected += u64::from(change.expected);
            &mut outlook.absent
        }
        ChangeKind::Suspend => &mut outlook.suspended,
        ChangeKind::GroupCreate => &mut outlook.groups_created,
        ChangeKind::GroupDelete => &mut outlook.groups_deleted,
        _ => return,
    };
    *counter += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Write;
    use crate::plan::fixtures::{MOULIN, Plan, add, hold_of_school};

    #[test]
    fn a_plan_is_counted_by_school() {
        let mut plan = Plan { holds: vec![hold_of_school()], ..Plan::default() };
        plan.person(ChangeKind::Create, 1, Some("6A"), add(1));
        plan.person(ChangeKind::Absent, 2, Some("3A"), Write::Nothing).expected = true;
        plan.person(ChangeKind::Absent, 3, Some("4A"), Write::Nothing);
        plan.object(ChangeKind::GroupDelete, "3A", Write::Delete);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.plan");
        plan.write(&path);
        let outlooks = outlooks(&path).unwrap();
        let moulin = &outlooks[MOULIN];
        assert_eq!((moulin.created, moulin.absent, moulin.expected, moulin.groups_deleted), (1, 2, 1, 1));
        assert!(moulin.switches && moulin.name == "Collège Jean Moulin");
        let weil = &outlooks[crate::plan::fixtures::WEIL];
        assert_eq!((weil.holds.len(), weil.created), (1, 0));
    }
}
