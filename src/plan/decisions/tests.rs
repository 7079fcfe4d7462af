use super::*;
use crate::feed::values::Uai;
use crate::plan::Change;
use crate::plan::ChangeKind;
use crate::plan::fixtures::{self, MOULIN, Plan, modify};

const HOLD: &str = "school-missing:0290009C";

fn holds() -> Holds {
    let mut holds = Holds::default();
    holds.unknown_population(3, &[]);
    holds.school_missing(&Uai::parse(MOULIN).unwrap(), 3);
    holds
}

fn changes(n: usize) -> Vec<Change> {
    let mut plan = Plan::default();
    for i in 0..n {
        plan.person(ChangeKind::Update, i, None, modify(&[("sn", &["A"], &["B"])]));
    }
    plan.changes
}

fn row(hold: &str, ruling: Ruling, shown: &[Change]) -> DecisionRow {
    let marks = Marks::of(shown);
    DecisionRow {
        id: 1,
        hold: hold.into(),
        ruling,
        waiting: false,
        digest: marks.digest(),
        changes: shown.len() as u64,
        marks: marks.to_bytes(),
        shown_in: String::new(),
        actor: "zoe@pc".to_owned(),
        why: "vu avec l'établissement".to_owned(),
        at: fixtures::header().created,
        second: None,
        used_by: None,
    }
}

fn judged(row: &DecisionRow, now: &[Change]) -> (Holds, Outcomes) {
    let mut holds = holds();
    let kept = [(row.hold.as_str(), Marks::of(now))].into();
    let outcomes = judge(std::slice::from_ref(row), &kept, &mut holds);
    (holds, outcomes)
}

#[test]
fn the_same_changes_go_on() {
    let (holds, outcomes) = judged(&row("unknown-population", Ruling::Released, &changes(3)), &changes(3));
    assert_eq!(outcomes.released.len(), 1);
    assert_eq!(outcomes.released[0].1.decided.by, ["zoe@pc"]);
    assert_eq!(holds.ids(), [HOLD]);
    assert!(holds.holds_school(&Uai::parse(MOULIN).unwrap()), "the other hold still stands");
}

#[test]
fn other_changes_void_it_and_say_how_many() {
    let (mut holds, outcomes) = judged(&row("unknown-population", Ruling::Released, &changes(3)), &changes(15));
    assert_eq!(outcomes.ended, [(1, "unknown-population".to_owned(), DecisionEnd::Void)]);
    let hold = holds.get_mut("unknown-population").unwrap();
    let remark = hold.remark.clone().unwrap();
    assert!(remark.contains("par zoe@pc") && remark.contains(": 12 écritures de plus."), "{remark}");
    assert!(hold.new, "it asks again");
}

#[test]
fn a_discard_stays_back_and_asks_nobody() {
    let (mut holds, outcomes) = judged(&row(HOLD, Ruling::Discarded, &changes(2)), &changes(2));
    assert!(outcomes.released.is_empty() && outcomes.ended.is_empty());
    assert!(holds.all_discarded(&[HOLD.into()]));
    assert!(!holds.all_discarded(&[HOLD.into(), "unknown-population".into()]), "the other one asks");
    holds.mark_new(HOLD);
    assert_eq!(holds.new_ones(), 0);
    let (holds, outcomes) = judged(&row(HOLD, Ruling::Discarded, &changes(2)), &changes(1));
    assert!(!holds.all_discarded(&[HOLD.into()]));
    assert_eq!(outcomes.ended[0].2, DecisionEnd::Void);
}

#[test]
fn a_release_that_waits_for_the_second_person_lets_nothing_go() {
    let waiting = DecisionRow { waiting: true, ..row("unknown-population", Ruling::Released, &changes(3)) };
    let (mut holds, outcomes) = judged(&waiting, &changes(3));
    assert!(outcomes.released.is_empty() && outcomes.ended.is_empty());
    assert!(holds.get_mut("unknown-population").unwrap().remark.as_ref().unwrap().contains("deuxième personne"));
}

#[test]
fn a_hold_that_is_no_more_ends_its_decision() {
    let (_, outcomes) = judged(&row("create-limit:x", Ruling::Released, &[]), &[]);
    assert_eq!(outcomes.ended, [(1, "create-limit:x".to_owned(), DecisionEnd::Superseded)]);
}

/// Even if the store said so: what cannot be written does not go on.
#[test]
fn what_cannot_be_released_is_not() {
    let (holds, outcomes) = judged(&row(HOLD, Ruling::Released, &[]), &[]);
    assert!(outcomes.released.is_empty());
    assert_eq!(holds.ids().len(), 2);
    for reason in HoldReason::ALL {
        assert_eq!(HoldReason::from_name(&reason.name().replace('_', "-")), Some(reason));
        if let Err(instead) = reason.releasable() {
            assert!(instead.len() > 20, "{reason:?} says what else to do");
        }
    }
    let releasable = HoldReason::ALL.into_iter().filter(|reason| reason.releasable().is_ok()).count();
    assert_eq!(releasable, 7, "five axes, the unknown population, a premature switch; no purge");
}
