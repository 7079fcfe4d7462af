//! Whole schemas: what is inherited, what is odd, what is hostile.

use proptest::prelude::*;

use super::shipped::shipped;
use super::*;

const STANDARD_ATTRIBUTES: [&str; 8] = [
    "( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
    "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
    "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
    "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
    "( 2.5.4.31 NAME 'member' SUP distinguishedName )",
    "( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    "( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50{32} )",
    "( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
];
const STANDARD_CLASSES: [&str; 5] = [
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( telephoneNumber ) )",
    "( 2.5.6.7 NAME 'inetOrgPerson' SUP person STRUCTURAL )",
    "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST ( member $ cn ) )",
    "( 1.3.6.1.4.1.1466.101.120.111 NAME 'extensibleObject' SUP top AUXILIARY )",
];

/// The shipped schema of the ENT over what it stands on.
pub(crate) fn ent(vendor: &str) -> Schema {
    let shipped = shipped();
    Schema::read(
        STANDARD_ATTRIBUTES.into_iter().chain(shipped.attributes.iter().map(String::as_str)),
        STANDARD_CLASSES.into_iter().chain(shipped.classes.iter().map(String::as_str)),
        vendor,
    )
}

#[test]
fn names_aliases_and_numbers_find_the_same_with_what_is_inherited() {
    let schema = ent("OpenLDAP");
    for name in ["cn", "CN", "commonName", "2.5.4.3", "cn;lang-fr"] {
        let cn = schema.attribute(name).unwrap();
        assert_eq!((cn.name(), cn.syntax, cn.bound), ("cn", Syntax::DirectoryString, Some(32_768)), "{name}");
        assert_eq!(cn.equality, Equality::CaseIgnore);
    }
    assert_eq!(schema.equality("member"), Some(Equality::Dn));
    assert_eq!(schema.equality("telephoneNumber"), Some(Equality::Telephone));
    assert_eq!(schema.equality("ENTPersonGARIdentifiant"), Some(Equality::Uuid));
    assert_eq!(schema.equality("nothing"), None);
    let stamp = schema.attribute("createTimestamp").unwrap();
    assert!(stamp.single_value && !stamp.user_modifiable);
    assert!(schema.attribute("ENTPersonLogin").unwrap().single_value);
}

#[test]
fn classes_require_and_allow_what_those_above_do() {
    let schema = ent("OpenLDAP");
    let pupil = schema.together(["ENTEleve"]);
    let number = |name| schema.number(name).unwrap();
    for must in ["sn", "cn", "objectClass", "ENTPersonLogin", "ENTPersonJointure", "ENTEleveClasses"] {
        assert!(pupil.must().contains(&number(must)), "{must}");
    }
    assert!(pupil.allows(number("telephoneNumber")) && pupil.allows(number("ENTPersonVille")));
    assert!(!pupil.allows(number("ENTAuxEnsMEF")) && !pupil.allows(number("member")));
    assert!(schema.together(["ENTEleve", "ENTAuxEnseignant"]).allows(number("ENTAuxEnsMEF")));
    assert!(schema.together(["extensibleObject"]).allows(number("member")));
    assert!(!schema.together(["nothing"]).allows(number("cn")));
    assert_eq!(schema.class("ENTAuxEnseignant").unwrap().kind, ClassKind::Auxiliary);
    assert_eq!(schema.class("TOP").unwrap().kind, ClassKind::Abstract);
}

#[test]
fn what_is_odd_is_told_and_the_rest_stands() {
    let schema = Schema::read(
        [
            "( 1.1 NAME 'a' SUP b )",
            "( 1.2 NAME 'b' SUP a )",
            "( 1.3 NAME 'c' SUP nobody )",
            "( 1.4 NAME 'd' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27{0} )",
            "( 1.5 NAME 'd' SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 )",
            "( broken",
        ],
        ["( 2.1 NAME 'x' SUP y MUST ( a $ nothing ) )", "( 2.2 NAME 'y' SUP x MAY b )", "garbage"],
        "Somebody",
    );
    assert_eq!(schema.size(), (5, 2));
    assert_eq!(schema.warnings().len(), 4, "{:?}", schema.warnings());
    assert_eq!(schema.attribute("a").unwrap().syntax, Syntax::Other, "a circle ends");
    let d = schema.attribute("d").unwrap();
    assert_eq!((d.syntax, d.bound), (Syntax::Integer, None), "the first definition stands");
    assert!(schema.together(["y"]).must().contains(&schema.number("a").unwrap()));
    assert!(schema.bounds_enforced());
    assert!(!ent("OpenLDAP").bounds_enforced() && !ent("389 Project").bounds_enforced());
}

proptest! {
    /// Whatever a server sends gives a schema, perhaps an empty one.
    #[test]
    fn any_text_is_a_schema_or_a_warning(
        texts in prop::collection::vec("[()$'{} A-Za-z0-9.\\\\é-]{0,60}", 0..12), free in any::<String>(),
    ) {
        let all = || texts.iter().map(String::as_str).chain([free.as_str()]);
        let schema = Schema::read(all(), all(), &free);
        let (attributes, _) = schema.size();
        prop_assert!(attributes + schema.warnings().len() > texts.len());
        for text in all() {
            let _ = (schema.attribute(text), schema.class(text), schema.equality(text), schema.together([text]));
        }
    }

    /// Any octets are judged by every syntax.
    #[test]
    fn any_value_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for oid in (1..60).map(|n| format!("1.3.6.1.4.1.1466.115.121.1.{n}")).chain(["1.3.6.1.1.16.1".to_owned()]) {
            let _ = super::syntax::Syntax::of(&oid).check(&bytes);
        }
    }

    /// A description survives any spacing.
    #[test]
    fn spacing_does_not_matter(gap in "[ \t]{1,3}", bound in 1_usize..100_000) {
        let text = format!("( 1.9 NAME ( 'q' 'r' ) SUP name SYNTAX 1.2{{{bound}}} SINGLE-VALUE X-A ( 'é' 'b' ) )");
        let text = text.replace(' ', &gap);
        let schema = Schema::read([text.as_str()], [], "");
        let q = schema.attribute("r").unwrap();
        prop_assert_eq!((q.name(), q.bound, q.single_value), ("q", Some(bound), true));
    }

    /// Any beginning of a real description is a description or an error, and never a panic.
    #[test]
    fn cut_anywhere(at in 0_usize..400, which in 0_usize..200) {
        let shipped = shipped();
        let all: Vec<&String> = shipped.attributes.iter().chain(&shipped.classes).collect();
        let text = all[which % all.len()];
        let cut: String = text.chars().take(at).collect();
        let schema = Schema::read([cut.as_str()], [cut.as_str()], "");
        let whole = cut.len() == text.len();
        prop_assert_eq!(schema.size().0 == 1, whole);
    }
}
