//! Dialect files: what is refused and how it is said; what a project may vary.

use super::super::*;
use super::fixture::*;

fn error(edit: impl Fn(&str) -> String) -> DialectError {
    Dialect::parse(&edit(SDET_SIREN), "own.toml", &config("")).unwrap_err()
}

#[test]
fn a_contradiction_is_refused_with_its_place() {
    for (from, to, key, says) in [
        ("cn = \"cn\"", "cn = \"ine\"", "person.engine.cn", "which relatives do not have; allowed: join_key, "),
        ("ENTEleveMEF = \"-\"", "ENTEleveMefs = \"-\"", "pupil.defaults.ENTEleveMefs", "tables"),
        ("ENTEleveMEF = \"-\"", "ENTEleveMEF = \" \"", "pupil.defaults.ENTEleveMEF", "empty"),
        ("mandatory = [\"cn\"]", "mandatory = [\"ou\"]", "group.mandatory", "ou"),
        ("structure = \"ENTStructureSIREN\"", "structure = \"ou\"", "rdn.structure", "once"),
        ("structural = \"ENTPerson\"", "", "person.structural", "missing"),
        ("homePhone = \"home_phone\"\nmail", "sn = \"home_phone\"\nmail", "pupil", "sn in two tables"),
        ("prefix = \"{LOCKED}\"", "prefix = \"{SSHA}\"", "lock.prefix", "lock"),
        ("value = \"rentree\"", "value = \"\"", "marker.value", "empty"),
        ("profiles = [\"ENS\", \"DOC\"]", "profiles = [\"ENS\", \"TUT\"]", "role.teacher.profiles", "mixes"),
        ("profiles = [\"COL\"]", "profiles = []", "role.local_staff.profiles", "empty"),
        ("ENTPersonSexe = \"sex\"", "\"sn;lang-fr\" = \"sex\"", "person.engine.sn;lang-fr", "attribute"),
        ("ENTPersonSexe = \"sex\"", "objectClass = \"sex\"", "person.engine.objectClass", "attribute"),
        ("ENTPersonSexe = \"sex\"", "x = \"random_uuid\"", "person.engine.x", "once"),
        ("ENTServAcAcademie = \"-\"", "", "service.mandatory", "default"),
        ("ENTPersonJointure = \"join_key\"", "ENTPersonJointure = \"uid\"", "pupil", "join_key"),
    ] {
        assert!(SDET_SIREN.contains(from), "{from}");
        match error(|text| text.replacen(from, to, 1)) {
            DialectError::Value { origin, key: at, message, span, .. } => {
                assert!(span.is_some(), "{at}: {message}");
                assert_eq!((origin.as_str(), at.as_str()), ("own.toml", key), "{from} -> {to}: {message}");
                assert!(message.contains(says), "{at}: {message}");
            }
            other => panic!("{from} -> {to}: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_key_or_source_is_refused_at_its_line() {
    for (from, to, says) in [
        ("[marker]", "[marker]\ncolour = \"red\"", "colour"),
        ("cn = \"cn\"", "cn = \"full_name\"", "full_name"),
        ("method = \"prefix\"", "method = \"wish\"", "wish"),
        ("structure_reference = \"dn\"", "structure_reference = \"siren\"", "siren"),
        ("[pupil]", "[pupils]", "pupil"),
        ("name = \"sdet-siren\"", "name = ", ""),
        ("ENTPersonSexe = \"sex\"", "ENTPersonSexe = \"marker\"", "marker"),
    ] {
        match error(|text| text.replacen(from, to, 1)) {
            DialectError::Parse { origin, message, span, .. } => {
                assert!(origin == "own.toml" && message.contains(says), "{message}");
                assert!(span.is_some(), "{message}");
            }
            other => panic!("{from} -> {to}: {other:?}"),
        }
    }
}

#[test]
fn a_file_of_ones_own_goes_through_the_same_types() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let mut config = config("[dialect]\npeople = \"ou=personnes\"\ngroups = \"ou=profils,ou=groupes\"");
    config.dialect.file = Some(path.clone());
    assert!(matches!(Dialect::load(&config), Err(DialectError::Read { .. })));
    std::fs::write(&path, SDET_SIREN.replace("\"sdet-siren\"", "\"own\"")).unwrap();
    let dialect = Dialect::load(&config).unwrap();
    assert_eq!(dialect.name(), "own");
    assert_eq!(dialect.people_branch().as_str(), "ou=personnes,dc=esco-centre,dc=fr");
    assert_eq!(dialect.structures_branch().as_str(), "ou=structures,dc=esco-centre,dc=fr");
    assert_eq!(dialect.groups_branch().as_str(), "ou=profils,ou=groupes,dc=esco-centre,dc=fr");

    config.dialect.preset = Some("sdet-siren".to_owned());
    assert!(matches!(Dialect::load(&config), Err(DialectError::PresetAndFile)));
    config.dialect.file = None;
    config.dialect.preset = Some("toutatice".to_owned());
    assert!(
        Dialect::load(&config)
            .unwrap_err()
            .to_string()
            .contains("sdet-siren, sdet-uai, recia, inetorgperson are built in")
    );
    config.dialect.preset = None;
    config.suffix = "nonsense".to_owned();
    assert!(matches!(Dialect::load(&config), Err(DialectError::Name { key: "directory.suffix", .. })));
}

#[test]
fn what_the_plan_asks_a_dialect() {
    let dialect = dialect();
    for (kind, source, attribute) in [
        (Kind::Pupil, Source::JoinKey, Some("ENTPersonJointure")),
        (Kind::Staff, Source::Login, Some("ENTPersonLogin")),
        (Kind::School, Source::JoinKey, Some("ENTStructureJointure")),
        (Kind::Relative, Source::Classes, None),
    ] {
        assert_eq!(dialect.attribute(kind, source), attribute);
    }
    let drawn =
        [("ENTPersonGARIdentifiant".to_owned(), Source::RandomUuid), ("userPassword".to_owned(), Source::Credential)];
    assert_eq!(dialect.drawn_at_creation(), drawn);
    assert_eq!(*dialect.lock_method(), LockMethod::Prefix { prefix: "{LOCKED}".into() });
}

/// The structure reference of another project: the UAI as first field and as name, both profile values, other words.
#[test]
fn another_projects_style() {
    let text = SDET_SIREN
        .replace("structure_reference = \"dn\"", "structure_reference = \"uai\"")
        .replace("profiles = \"mnemonic\"", "profiles = \"both\"")
        .replace("monsieur = \"M.\"", "monsieur = \"M\"")
        .replace("structure = \"ENTStructureSIREN\"", "structure = \"ENTStructureUAI\"")
        .replace("[structure.once]", "[structure.once]\nENTStructureUAI = \"uai\"")
        .replace("ENTStructureUAI = \"uai\"\nou = \"name\"", "ou = \"name\"")
        .replace(
            "[staff.keep]",
            "[staff.engine]\nESCOUAI = \"school_uais\"\nESCOSIREN = \"school_sirets\"\n[staff.keep]",
        )
        .replace("method = \"prefix\"\nprefix = \"{LOCKED}\"", "method = \"nsAccountLock\"");
    let dialect = Dialect::parse(&text, "own.toml", &config("")).unwrap();
    assert_eq!(*dialect.lock_method(), LockMethod::NsAccountLock {});
    let school = school();
    let teacher = school.wanted(&dialect, TEACHER);
    let values = |attribute: &str| dialect.wanted_values(&teacher, attribute).collect::<Vec<_>>();
    assert_eq!(values("ENTAuxEnsClassesPrincipal"), ["0350001A$5A"]);
    assert_eq!(values("ENTPersonProfils"), ["National_ENS", "National_3"]);
    assert_eq!(values("ESCOUAI"), ["0350001A", "0350002B"]);
    assert_eq!(values("ESCOSIREN"), ["19350001400012", "0350002B"]);
    assert_eq!(values("ENTPersonStructRattach"), ["ENTStructureUAI=0350001A,ou=structures,dc=esco-centre,dc=fr"]);
    let father = school.wanted(&dialect, FATHER);
    assert_eq!(dialect.wanted_values(&father, "personalTitle").collect::<Vec<_>>(), ["M"]);
}

/// A `$` in the name of a branch does not end the first field of a composite value.
#[test]
fn a_dollar_in_the_suffix_is_escaped_in_composite_values() {
    let mut config = config("");
    config.suffix = "o=Lycées $ Co,c=fr".to_owned();
    let dialect = Dialect::load(&config).unwrap();
    let school = school();
    let wanted = school.wanted(&dialect, PUPIL);
    let class = dialect.wanted_values(&wanted, "ENTEleveClasses").next().unwrap();
    let (structure, class) = class.split_once('$').unwrap();
    assert_eq!(class, "5A");
    let dn = school.with(&dialect, |c| dialect.structure_dn(c, COLLEGE).unwrap().clone());
    assert_eq!(Dn::parse(structure).unwrap(), dn);
    let relative = dialect.wanted_values(&wanted, "ENTElevePersRelEleve").next().unwrap();
    assert_eq!(Dn::parse(relative.split_once('$').unwrap().0).unwrap(), school.wanted(&dialect, MOTHER).dn);
    assert_eq!(
        dialect.wanted_values(&wanted, "ENTEleveAdresseRel").next().unwrap(),
        school.wanted(&dialect, MOTHER).dn.as_str()
    );
}
