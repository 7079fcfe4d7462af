use proptest::prelude::*;

use super::*;
use crate::plan::fixtures::{self, Plan, add, modify};
use crate::plan::{AttributeChange, Subject};

fn change() -> impl Strategy<Value = Change> {
    let kinds =
        prop::sample::select(vec![ChangeKind::Create, ChangeKind::Update, ChangeKind::Absent, ChangeKind::Move]);
    let write = (0..4_usize, "[a-c]{0,2}", "[a-c]{1,2}").prop_map(|(which, old, new)| match which {
        0 => Write::Nothing,
        1 => add(3),
        2 => modify(&[("sn", &[old.as_str()], &[new.as_str()])]),
        _ => Write::Lock { attributes: fixtures::attributes(&[("cn", &[], &[new.as_str()])]) },
    });
    let class = prop::option::of("[1-3][AB]");
    let person = (kinds, 0..6_usize, class, write).prop_map(|(kind, n, class, write)| {
        let mut plan = Plan::default();
        plan.person(kind, n, class.as_deref(), write).clone()
    });
    let group = (0..3_usize, 0..4_usize, 0..4_usize).prop_map(|(n, joins, leaves)| {
        let mut plan = Plan::default();
        plan.object(ChangeKind::GroupUpdate, &format!("g{n}"), fixtures::members(joins, leaves)).clone()
    });
    prop_oneof![person, group]
}

/// A canonical text of a change's effect, by other means than the marks: what they have to tell apart.
fn effect(changes: &[Change]) -> Vec<String> {
    let mut all: Vec<String> = changes
        .iter()
        .flat_map(|change| match &change.write {
            Write::Members { add, remove, kept, .. } => {
                let dn = change.dn.normalised();
                let of = |sign: &str, members: &[Dn]| {
                    members.iter().map(|m| format!("{dn} {sign} {}", m.normalised())).collect::<Vec<_>>()
                };
                [of("+", add), of("-", remove), of("=", kept)].concat()
            }
            write => vec![format!(
                "{:?} {} {:?} {:?} {:?} {write:?}",
                change.kind,
                change.dn.normalised(),
                change.subject.join_key,
                change.subject.schools,
                change.subject.class
            )],
        })
        .collect();
    all.sort();
    all
}

proptest! {
    #[test]
    fn the_order_does_not_matter(
        (changes, shuffled) in prop::collection::vec(change(), 0..12)
            .prop_flat_map(|changes| (Just(changes.clone()), Just(changes).prop_shuffle()))
    ) {
        prop_assert_eq!(Marks::of(&changes).digest(), Marks::of(&shuffled).digest());
        prop_assert_eq!(Marks::of(&changes).beside(&Marks::of(&shuffled)), MarksDiffer::default());
    }

    #[test]
    fn other_changes_give_another_digest(
        a in prop::collection::vec(change(), 0..6), b in prop::collection::vec(change(), 0..6)
    ) {
        let (one, other) = (Marks::of(&a), Marks::of(&b));
        prop_assert_eq!(one.digest() == other.digest(), effect(&a) == effect(&b));
        prop_assert_eq!(one.beside(&other) == MarksDiffer::default(), effect(&a) == effect(&b));
    }

    #[test]
    fn one_change_more_is_told(changes in prop::collection::vec(change(), 0..6), more in change()) {
        let shown = Marks::of(&changes);
        let now = Marks::of(changes.iter().chain([&more]));
        let writes = effect(std::slice::from_ref(&more)).len() as u64;
        prop_assert_eq!(now.beside(&shown), MarksDiffer { more: writes, fewer: 0 });
        prop_assert_eq!(shown.beside(&now), MarksDiffer { more: 0, fewer: writes });
        prop_assert_eq!(Marks::from_bytes(&now.to_bytes()), now);
    }
}

#[test]
fn what_only_tells_is_no_part_of_it() {
    let mut plan = Plan::default();
    let plain = plan.person(ChangeKind::Absent, 1, Some("6A"), Write::Nothing).clone();
    let told = Change {
        note: Some("utilisable jusqu'au 2 octobre 2026".to_owned()),
        origin: Some(fixtures::origin(900)),
        seq: 12,
        subject: Subject { name: "autrement".to_owned(), ..plain.subject.clone() },
        ..plain.clone()
    };
    assert_eq!(Marks::of([&plain]), Marks::of([&told]));
}

#[test]
fn neither_the_order_of_values_nor_the_case_of_names_matters() {
    let mut plan = Plan::default();
    let change = plan.person(ChangeKind::Update, 1, None, modify(&[("Sn", &["a", "b"], &["c"]), ("cn", &[], &["x"])]));
    let one = change.clone();
    change.write = modify(&[("cn", &[], &["x"]), ("sn", &["b", "a"], &["c"])]);
    assert_eq!(Marks::of([&one]), Marks::of([&*change]));
}

/// A group that is created with its members, and one that exists and receives them, write the same memberships.
#[test]
fn memberships_are_the_same_however_they_are_bundled() {
    let mut plan = Plan::default();
    let both = plan.object(ChangeKind::GroupUpdate, "g", fixtures::members(2, 1)).clone();
    let Write::Members { add, remove, kept, .. } = &both.write else { unreachable!() };
    let part = |add: &[Dn], remove: &[Dn], kept: &[Dn]| {
        let mut part = both.clone();
        part.write = Write::Members { add: add.into(), remove: remove.into(), kept: kept.into(), attributes: vec![] };
        part
    };
    let parts = [part(&add[..1], &[], kept), part(&add[1..], remove, &[])];
    assert_eq!(Marks::of([&both]), Marks::of(&parts));
    let member = Value::from(add[0].as_str());
    let created = Write::Add { attributes: vec![("member".to_owned(), vec![member])], credential: false };
    let created = Change { write: created, kind: ChangeKind::GroupCreate, ..both.clone() };
    assert_eq!(Marks::of([&created]), Marks::of([&part(&add[..1], &[], &[])]));
    let attribute =
        AttributeChange { attribute: "description".into(), old: vec![], new: vec!["x".into()], unset: true };
    let described = Write::Members { add: vec![], remove: vec![], kept: vec![], attributes: vec![attribute] };
    assert_ne!(Marks::of([&Change { write: described, ..both.clone() }]), Marks::default());
}
