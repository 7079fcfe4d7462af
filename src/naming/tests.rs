//! The register as the runs use it: worked examples, homonyms, properties.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{AdoptError, Login, Names, Register, Rules, Uid, fold};
use crate::config::{LoginRule, NamingConfig};
use crate::roster::{JoinKey, Name};

fn register(login: LoginRule) -> Register {
    register_of(&NamingConfig { login, ..NamingConfig::default() })
}

fn register_of(config: &NamingConfig) -> Register {
    Register::new(Rules::from_config(config).unwrap(), [], [])
}

fn name(first: &str, surname: &str) -> Name {
    Name { first: first.into(), surname: surname.into(), ..Name::default() }
}

fn key(n: usize) -> JoinKey {
    JoinKey::new("AC-RENNES", &format!("{n:07}"))
}

/// Names `people` in order, under the keys 0, 1, 2 …
fn logins(register: &mut Register, people: &[(&str, &str)]) -> Vec<String> {
    let one = |(n, (first, last)): (usize, &(&str, &str))| {
        register.assign(&key(n), &name(first, last), 2026).login.as_str().to_owned()
    };
    people.iter().enumerate().map(one).collect()
}

#[test]
fn worked_examples() {
    let people = [("Élodie", "d'Arc-Lefèvre"), ("Elodie", "D’ARC LEFÈVRE"), ("Jean", "Li"), ("Jean", "Li")];
    let cases = [
        (LoginRule::FirstDotLast, ["elodie.darc-lefevr", "elodie.darc-lefevr1", "jean.li", "jean.li1"]),
        (LoginRule::FirstDotLastPlain, ["elodie.darclefevre", "elodie.darclefevre2", "jean.li", "jean.li2"]),
        (LoginRule::InitialLast, ["edarclefevre", "edarclefevre1", "jli0", "jli01"]),
    ];
    for (rule, expected) in cases {
        let mut people = people;
        if rule != LoginRule::FirstDotLast {
            // Without hyphens both writings agree all the same.
            people[1] = ("Elodie", "D’ARC-LEFÈVRE");
        }
        assert_eq!(logins(&mut register(rule), &people), expected);
    }
}

#[test]
fn a_join_key_keeps_its_names() {
    let mut register = register(LoginRule::FirstDotLast);
    let before = register.assign(&key(1), &name("Nolwenn", "Kermarec"), 2026).clone();
    let after = register.assign(&key(1), &name("Nolwenn", "Oriano"), 2027).clone();
    assert_eq!(before, after, "neither a new surname nor a new year changes them");
    assert_eq!(before.uid.as_str(), "F2600001");
    assert_eq!(register.new_names().count(), 1);
    register.mark_stored();
    assert_eq!(register.new_names().count(), 0);
    assert_eq!(register.counters().collect::<Vec<_>>(), [("F260", 1)]);
}

#[test]
fn names_of_the_directory_are_taken() {
    let mut register = register(LoginRule::FirstDotLast);
    register.take(["Nolwenn.KERMAREC", "nolwénn.kermarec4", "f2600001", "nolwenn.kermarec07", ""]);
    let names = register.assign(&key(1), &name("Nolwenn", "Kermarec"), 2026);
    assert_eq!((names.uid.as_str(), names.login.as_str()), ("F2600002", "nolwenn.kermarec5"));
}

#[test]
fn reserved_words_get_a_suffix() {
    let mut register = register(LoginRule::InitialLast);
    assert_eq!(
        logins(&mut register, &[("Alix", "Dmin"), ("Rémi", "Oot"), ("Ali", "Dmin")]),
        ["admin1", "root1", "admin2"]
    );
}

#[test]
fn suffixes_have_no_ceiling_and_the_base_makes_room() {
    let mut register = register(LoginRule::FirstDotLast);
    let all: Vec<String> =
        (0..1102).map(|n| register.assign(&key(n), &name("Élodie", "d'Arc-Lefèvre"), 2026).login.to_string()).collect();
    let at = |n: usize| all[n].as_str();
    assert_eq!([at(0), at(1), at(99)], ["elodie.darc-lefevr", "elodie.darc-lefevr1", "elodie.darc-lefevr99"]);
    assert_eq!([at(100), at(999), at(1000)], ["elodie.darc-lefev100", "elodie.darc-lefev999", "elodie.darc-lefe1000"]);
    assert!(all.iter().all(|login| login.len() <= 20));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn a_high_suffix_elsewhere_does_not_waste_the_low_ones_for_ever() {
    let mut register = register(LoginRule::FirstDotLast);
    register.take(["jean.li", "jean.li98", "jean.li2"]);
    assert_eq!(logins(&mut register, &[("Jean", "Li"); 4]), ["jean.li99", "jean.li1", "jean.li3", "jean.li4"]);
}

#[test]
fn accounts_of_the_directory_are_adopted() {
    let mut register = register(LoginRule::FirstDotLast);
    register.take(["X1", "malo.kermarec", "X2", "enora.oriano"]);
    let adopt =
        |register: &mut Register, n, uid: &str, login: &str| register.adopt(&key(n), Uid::new(uid), Login::new(login));
    adopt(&mut register, 1, "X1", "malo.kermarec").unwrap();
    adopt(&mut register, 1, "x1", "Malo.Kermarec").unwrap();
    assert_eq!(register.get(&key(1)).unwrap().uid.as_str(), "X1");
    let taken = adopt(&mut register, 2, "X2", "MALO.KERMAREC").unwrap_err();
    assert_eq!(taken, AdoptError::Taken { name: "malo.kermarec".into(), owner: key(1) });
    assert_eq!(adopt(&mut register, 3, "X3", " ").unwrap_err(), AdoptError::Empty { key: key(3) });
    assert_eq!(register.new_names().count(), 1);
    assert_eq!(register.assign(&key(4), &name("Malo", "Kermarec"), 2026).login.as_str(), "malo.kermarec1");
}

#[test]
fn reserved_names_give_way_to_those_of_the_account() {
    let rules = || Rules::from_config(&NamingConfig::default()).unwrap();
    let reserved = [(key(1), Names { uid: Uid::new("F1"), login: Login::new("malo.kermarec") })];
    let mut register = Register::new(rules(), reserved, []);
    register.take(["va60001", "mkermarec"]);
    register.adopt(&key(1), Uid::new("VA60001"), Login::new("mkermarec")).unwrap();
    assert_eq!(register.get(&key(1)).unwrap().login.as_str(), "mkermarec");
    let changed: Vec<_> = register.changed_names().map(|(key, names)| (key.clone(), names.uid.clone())).collect();
    assert_eq!(changed, [(key(1), Uid::new("VA60001"))]);
    assert_eq!(register.new_names().count(), 0);
    // What was reserved stays taken, and the new names are his.
    assert_eq!(register.assign(&key(2), &name("Malo", "Kermarec"), 2026).login.as_str(), "malo.kermarec1");
    let taken = register.adopt(&key(3), Uid::new("va60001"), Login::new("other")).unwrap_err();
    assert_eq!(taken, AdoptError::Taken { name: "va60001".into(), owner: key(1) });
}

#[test]
fn the_store_gives_back_the_same_register() {
    let people = [("Jean", "Li"), ("Jean", "Li"), ("Anne", "Le Gall")];
    let mut first = register(LoginRule::FirstDotLast);
    let given = logins(&mut first, &people);
    let rows: Vec<(JoinKey, Names)> = first.new_names().map(|(k, n)| (k.clone(), n.clone())).collect();
    let counters: Vec<(String, u64)> = first.counters().map(|(s, n)| (s.to_owned(), n)).collect();
    let rules = Rules::from_config(&NamingConfig::default()).unwrap();
    let mut second = Register::new(rules, rows, counters);
    assert_eq!(logins(&mut second, &people), given);
    assert_eq!(second.new_names().count(), 0);
    let next = second.assign(&key(9), &name("Jean", "Li"), 2026);
    assert_eq!((next.login.as_str(), next.uid.as_str()), ("jean.li2", "F2600004"));
}

/// Few letters, so that homonyms and shared beginnings are the rule.
fn people() -> impl Strategy<Value = Vec<(String, String)>> {
    let word = prop_oneof![
        "[abé]{0,3}",
        "[ab]{8,20}",
        Just("Jean-Marie".to_owned()),
        Just("d'Arc-Lefèvre".to_owned()),
        Just("李".to_owned()),
        ".{0,8}",
    ];
    prop::collection::vec((word.clone(), word), 1..120)
}

fn rule() -> impl Strategy<Value = LoginRule> {
    prop::sample::select(vec![LoginRule::FirstDotLast, LoginRule::FirstDotLastPlain, LoginRule::InitialLast])
}

proptest! {
    // The register is small and the cases are dense: more of them only take longer.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_name_is_given_twice(
        people in people(),
        taken in prop::collection::vec("[abAB]{1,3}\\.[abé]{1,3}[0-9]{0,3}", 0..40),
        login in rule(),
        login_length in 6..24u8,
    ) {
        let mut register = register_of(&NamingConfig { login, login_length, ..NamingConfig::default() });
        register.take(taken.iter().map(String::as_str));
        register.take(["F2600002", "f2600003"]);
        let mut seen: BTreeSet<_> = taken.iter().map(|t| fold(t)).collect();
        seen.extend(["f2600002".into(), "f2600003".into()]);
        for (n, (first, surname)) in people.iter().enumerate() {
            let names = register.assign(&key(n), &name(first, surname), 2026).clone();
            prop_assert!(seen.insert(names.uid.folded()), "{} twice", names.uid);
            prop_assert!(seen.insert(names.login.folded()), "{} twice", names.login);
            prop_assert!(names.login.as_str().len() <= usize::from(login_length) + 2);
            let plain = names.login.as_str().bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
            prop_assert!(plain && !names.login.as_str().is_empty());
        }
    }

    #[test]
    fn names_are_stable_and_deterministic(people in people(), more in people(), login in rule()) {
        let mut register = register(login);
        let pairs = |list: &[(String, String)]| -> Vec<(String, String)> { list.to_vec() };
        let all = |register: &mut Register, list: &[(String, String)], from: usize| -> Vec<Names> {
            list.iter().enumerate().map(|(n, (f, s))| register.assign(&key(from + n), &name(f, s), 2026).clone()).collect()
        };
        let given = all(&mut register, &pairs(&people), 0);
        all(&mut register, &more, 1000);
        prop_assert_eq!(&all(&mut register, &people, 0), &given, "others came later");
        let mut again = super::tests::register(login);
        prop_assert_eq!(&all(&mut again, &people, 0), &given);
    }
}
