//! Every rung for and against, and what must hold whatever the people are.

use compact_str::CompactString;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const INE: &str = "120394857AB";

fn zoe() -> Portrait {
    Portrait {
        surname: "arnaud".into(),
        first: "zoe".into(),
        birth: Some(date(2014, 1, 5)),
        ine: Some(INE.to_lowercase().into()),
        ..Portrait::default()
    }
}

fn judge(class: Class, a: &Portrait, b: &Portrait) -> Judgement {
    let (judgement, evidence) = Rules::default().compare(class, a, b);
    // Explained, and the same both ways.
    assert_eq!(judgement, Rules::default().compare(class, b, a).0);
    assert!(evidence.iter().all(|e| !e.text.is_empty() && (e.weight > 0) == e.agrees), "{evidence:?}");
    judgement
}

#[test]
fn pupils() {
    use Judgement::{Doubt, Same, Unrelated};
    let pupil = |other: Portrait| judge(Class::Pupil, &zoe(), &other);
    assert_eq!(pupil(zoe()), Same(Proof::Ine));
    // Written a little differently; married names are not for pupils, but a surname may change.
    assert_eq!(pupil(Portrait { first: "zoee".into(), ..zoe() }), Same(Proof::Ine));
    assert_eq!(pupil(Portrait { surname: "petit".into(), ..zoe() }), Same(Proof::Ine));
    // An INE with another birth date is a contradiction, never a match; without one it is not enough.
    assert_eq!(pupil(Portrait { birth: Some(date(2014, 5, 1)), ..zoe() }), Doubt(Proof::IneAlone));
    assert_eq!(pupil(Portrait { birth: None, ..zoe() }), Doubt(Proof::IneAlone));
    // The INE of a twin.
    assert_eq!(pupil(Portrait { first: "malo".into(), ..zoe() }), Doubt(Proof::Ine));
    // Names and birth date.
    assert_eq!(pupil(Portrait { ine: None, ..zoe() }), Doubt(Proof::NamesAndBirth));
    assert_eq!(pupil(Portrait { ine: Some("120394857ac".into()), ..zoe() }), Doubt(Proof::NamesAndBirth));
    // Another number of the same form speaks against it, an older one does not.
    let against = |ine: &str| weigh(&zoe(), &Portrait { ine: Some(ine.into()), ..zoe() }).iter().any(|e| !e.agrees);
    assert!(against("120394857ac") && !against("0291234567h"));
    assert_eq!(pupil(Portrait { ine: None, birth: Some(date(2014, 1, 6)), ..zoe() }), Unrelated);
    assert_eq!(pupil(Portrait { ine: None, birth: None, ..zoe() }), Unrelated);
}

#[test]
fn the_number_counts_within_a_school() {
    let at = |school: &str, number: &str| Portrait {
        ine: None,
        number: Some(number.into()),
        schools: vec![school.into()],
        first: "z".into(),
        ..zoe()
    };
    let rules = Rules { pupil: vec![Proof::Number], ..Rules::default() };
    let judge = |a: &Portrait, b: &Portrait| rules.compare(Class::Pupil, a, b).0;
    assert_eq!(judge(&at("0290009C", "12"), &at("0290009C", "12")), Judgement::Same(Proof::Number));
    assert_eq!(judge(&at("0290009C", "12"), &at("0290010D", "12")), Judgement::Doubt(Proof::NamesAndBirth));
    let born_later = Portrait { birth: Some(date(2015, 1, 5)), ..at("0290009C", "12") };
    assert_eq!(judge(&at("0290009C", "12"), &born_later), Judgement::Doubt(Proof::Number));
}

#[test]
fn relatives_need_more_than_a_name() {
    let parent = Portrait { surname: "petit".into(), first: "eve".into(), ..Portrait::default() };
    let with = |more: &dyn Fn(&mut Portrait)| {
        let mut portrait = parent.clone();
        more(&mut portrait);
        portrait
    };
    let child = with(&|p| p.children = vec!["c1".into()]);
    let mail = with(&|p| p.mails = vec!["eve@example.fr".into()]);
    let phone = with(&|p| p.phones = vec!["612345678".into()]);
    let address = with(&|p| p.address = Some("2ruedumail|29000quimper".into()));
    for (portrait, proof) in [
        (&child, Proof::NamesAndChild),
        (&mail, Proof::NamesAndMail),
        (&phone, Proof::NamesAndPhone),
        (&address, Proof::NamesAndAddress),
    ] {
        assert_eq!(judge(Class::Relative, portrait, portrait), Judgement::Doubt(proof));
        assert_eq!(judge(Class::Relative, portrait, &parent), Judgement::Unrelated, "a homonym");
        let rules = Rules { relative: vec![proof], ..Rules::default() };
        assert_eq!(rules.compare(Class::Relative, portrait, portrait).0, Judgement::Same(proof));
        // The other parent lives there too.
        let other = Portrait { first: "luc".into(), ..portrait.clone() };
        assert_eq!(rules.compare(Class::Relative, portrait, &other).0, Judgement::Unrelated);
    }
    let born = Portrait { birth_name: Some("martin".into()), ..child.clone() };
    let named = Portrait { surname: "martin".into(), ..child };
    assert_eq!(judge(Class::Relative, &born, &named), Judgement::Doubt(Proof::NamesAndChild));
}

#[test]
fn an_identifier_is_typed_by_hand() {
    let key = crate::roster::JoinKey::from_text("AC-TEST$1");
    let [first, second] = name_cases([(Question::OneAccount, &key), (Question::TwoRoles, &key)]).try_into().unwrap();
    assert_ne!(first, second, "two cases never share one");
    assert_eq!(CaseId::parse(&first.as_str().to_lowercase().replace('-', "")), Some(first));
    assert_eq!(CaseId::parse("o0lI-1111").map(|id| id.to_string()).as_deref(), Some("0011-1111"));
    assert_eq!(CaseId::parse("K7F2-QX4"), None);
    assert_eq!(CaseId::parse("K7F2-QX4é"), None);
}

/// People out of few names, days and numbers, so that they collide.
fn portraits() -> impl Strategy<Value = Vec<Portrait>> {
    let name = || prop::sample::select(vec!["arnaud", "petit"]);
    let first = prop::sample::select(vec!["zoe", "malo", "zoelle"]);
    let ine = prop::sample::select(vec![None, Some("120394857ab"), Some("120394858cd")]);
    let one = (name(), first, prop::option::of(1..4i8), ine).prop_map(|(surname, first, day, ine)| Portrait {
        surname: surname.into(),
        first: first.into(),
        birth: day.map(|day| date(2014, 1, day)),
        ine: ine.map(CompactString::from),
        ..Portrait::default()
    });
    prop::collection::vec(one, 0..8)
}

proptest! {
    /// Nobody gets two accounts and no account two people; a contradiction never links; whoever is linked is not asked
    /// about; the order of the people does not matter.
    #[test]
    fn one_to_one(left in portraits(), right in portraits()) {
        let rules = Rules { pupil: vec![Proof::Ine, Proof::NamesAndBirth], ..Rules::default() };
        let pairing = pair_up(Class::Pupil, &rules, &left, &right, |_, _| None);
        let mut lefts: Vec<u32> = pairing.links.iter().map(|l| l.left).collect();
        let mut rights: Vec<u32> = pairing.links.iter().map(|l| l.right).collect();
        rights.sort_unstable();
        let links = lefts.len();
        lefts.dedup();
        rights.dedup();
        prop_assert_eq!((lefts.len(), rights.len()), (links, links));
        for link in &pairing.links {
            let (a, b) = (&left[link.left as usize], &right[link.right as usize]);
            prop_assert!(weigh(a, b).iter().all(|e| !e.contradicts(Class::Pupil)), "{:?} {:?}", a, b);
            prop_assert!(a.birth.is_none() || b.birth.is_none() || a.birth == b.birth);
        }
        prop_assert!(pairing.doubts.iter().all(|d| !lefts.contains(&d.left) && !rights.contains(&d.right)));

        let turned = pair_up(
            Class::Pupil,
            &rules,
            &left.iter().rev().cloned().collect::<Vec<_>>(),
            &right.iter().rev().cloned().collect::<Vec<_>>(),
            |_, _| None,
        );
        let back = |l: u32, r: u32| (left.len() as u32 - 1 - l, right.len() as u32 - 1 - r);
        let mut links: Vec<_> = turned.links.iter().map(|l| back(l.left, l.right)).collect();
        links.sort_unstable();
        prop_assert_eq!(links, pairing.links.iter().map(|l| (l.left, l.right)).collect::<Vec<_>>());
        let mut doubts: Vec<_> = turned.doubts.iter().map(|d| back(d.left, d.right)).collect();
        doubts.sort_unstable();
        prop_assert_eq!(doubts, pairing.doubts.iter().map(|d| (d.left, d.right)).collect::<Vec<_>>());
    }

    /// Decisions are followed, and still nobody is linked twice.
    #[test]
    fn decisions_are_followed(left in portraits(), right in portraits(), answers in prop::collection::vec(0..4u8, 64)) {
        let told = |l: u32, r: u32| match answers[(l * 8 + r) as usize] {
            0 => Some(Answer::Same),
            1 => Some(Answer::Different),
            2 => Some(Answer::Later),
            _ => None,
        };
        let pairing = pair_up(Class::Pupil, &Rules::default(), &left, &right, told);
        let mut seen = std::collections::HashSet::new();
        for link in &pairing.links {
            prop_assert!(seen.insert((0, link.left)) && seen.insert((1, link.right)));
            prop_assert!(matches!(told(link.left, link.right), Some(Answer::Same) | None));
        }
        for doubt in &pairing.doubts {
            prop_assert_eq!(doubt.later, told(doubt.left, doubt.right) == Some(Answer::Later));
        }
    }
}

/// A parent and a member of staff: never one account, a link at most, and names alone ask nobody.
#[test]
fn adults_in_two_roles() {
    use Judgement::{Doubt, Same, Unrelated};
    let eve = || Portrait { surname: "arnaud".into(), first: "eve".into(), ..Portrait::default() };
    let mail = || vec!["eve@example.org".into()];
    let at_school = || Portrait { schools: vec!["0960010P".into()], ..eve() };
    let parent = Portrait { mails: mail(), phones: vec!["612345678".into()], ..at_school() };
    assert_eq!(judge(Class::Adult, &parent, &Portrait { mails: mail(), ..eve() }), Doubt(Proof::NamesAndMail));
    let born = |day| Portrait { birth: Some(date(1980, 1, day)), mails: mail(), ..eve() };
    assert_eq!(judge(Class::Adult, &born(1), &born(1)), Doubt(Proof::NamesAndBirth));
    assert_eq!(judge(Class::Adult, &born(1), &born(2)), Unrelated, "born on two days");
    assert_eq!(judge(Class::Adult, &eve(), &eve()), Unrelated);
    assert_eq!(judge(Class::Adult, &parent, &Portrait { first: "ana".into(), mails: mail(), ..eve() }), Unrelated);
    // A school in common says something here, and nothing among people of one role.
    assert_eq!(judge(Class::Adult, &parent, &at_school()), Doubt(Proof::NamesAndSchool));
    assert_eq!(judge(Class::Staff, &at_school(), &at_school()), Unrelated);
    let rules = Rules { adult: vec![Proof::NamesAndMail], ..Rules::default() };
    assert_eq!(rules.compare(Class::Adult, &parent, &Portrait { mails: mail(), ..eve() }).0, Same(Proof::NamesAndMail));
    // Whatever a rung could prove, its keys make the two meet.
    for proof in Proof::rungs(Class::Adult) {
        let keys = parent.keys(*proof);
        assert_eq!(keys.is_empty(), *proof == Proof::NamesAndBirth, "{proof:?}");
    }
}
