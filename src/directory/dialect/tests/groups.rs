//! Names of groups, clashes, and who is in them.

use super::super::*;
use super::fixture::*;
use crate::directory::Entry;
use crate::feed::Code;
use crate::roster::*;

fn names(roster: Roster) -> (Vec<String>, Vec<crate::feed::Finding>) {
    let dialect = dialect();
    School::new(roster).with(&dialect, |context| {
        let groups = dialect.groups(context);
        (groups.groups.into_iter().map(|g| g.cn).collect(), groups.findings)
    })
}

fn one_school(classes: &[&str], groups: &[&str]) -> Roster {
    let mut school = structure("1", "0350001A", Some("19350001400012"), "Jean Moulin");
    school.classes = classes.iter().map(|c| class(c)).collect();
    school.groups = groups.iter().map(|g| teaching_group(g, &[])).collect();
    Roster { structures: vec![school], ..Roster::default() }
}

#[test]
fn a_name_that_a_server_takes_for_another_is_set_apart() {
    for (classes, groups, expected, clashes) in [
        (&["5A"][..], &["5AGL1"][..], &["0350001A_5A", "0350001A_5AGL1"][..], 0),
        // A class called as a profile, also when nobody has that profile today.
        (&["ENS"], &["col"], &["0350001A_ENS_classe", "0350001A_col_groupe"], 2),
        // A group called as a class, in another case and spacing.
        (&["3E  A"], &["3e a"], &["0350001A_3E  A", "0350001A_3e a_groupe"], 1),
        (&["5A", "5a"], &["5A"], &["0350001A_5A", "0350001A_5a_classe", "0350001A_5A_groupe"], 2),
        (&["5A", "5A_groupe"], &["5A"], &["0350001A_5A", "0350001A_5A_groupe", "0350001A_5A_groupe_2"], 1),
        (&["5$A", "É1"], &["E\u{301}1"], &["0350001A_5$A", "0350001A_É1", "0350001A_E\u{301}1_groupe"], 1),
    ] {
        let (cn, findings) = names(one_school(classes, groups));
        assert_eq!(cn, expected);
        assert_eq!(findings.len(), clashes, "{expected:?}");
        assert!(findings.iter().all(|f| f.code == Code::GroupNameClash && f.school.as_deref() == Some("0350001A")));
    }
}

#[test]
fn special_characters_stay_in_the_name_and_are_escaped_in_the_dn() {
    let dialect = dialect();
    School::new(one_school(&["1,2+3", " #1"], &[])).with(&dialect, |context| {
        let groups = dialect.groups(context).groups;
        let dns: Vec<_> = groups.iter().map(|g| g.wanted.dn.as_str()).collect();
        assert_eq!(
            dns,
            ["cn=0350001A_ #1,ou=groups,dc=esco-centre,dc=fr", "cn=0350001A_1\\,2\\+3,ou=groups,dc=esco-centre,dc=fr"]
        );
        assert_eq!(groups[1].wanted.dn.rdn_value(), "0350001A_1,2+3");
    });
}

#[test]
fn members_are_the_pupils_of_the_class_and_the_holders_of_the_profile() {
    let (dialect, school) = (dialect(), school());
    school.with(&dialect, |context| {
        let groups = dialect.groups(context).groups;
        let members = |cn: &str| {
            let group = groups.iter().find(|g| g.cn == cn).unwrap_or_else(|| panic!("no group {cn}"));
            (group.rule, group.members.clone())
        };
        assert_eq!(members("0350001A_5A"), (GroupRule::ClassPupils, vec![PUPIL]));
        assert_eq!(members("0350001A_3E B"), (GroupRule::ClassPupils, vec![]));
        assert_eq!(members("0350001A_5AGL1"), (GroupRule::TeachingGroup, vec![PUPIL]));
        assert_eq!(members("0350001A_ELV"), (GroupRule::Profile, vec![PUPIL, NO_CLASS]));
        assert_eq!(members("0350001A_TUT"), (GroupRule::Profile, vec![MOTHER, FATHER]));
        assert_eq!(members("0350002B_TUT"), (GroupRule::Profile, vec![MOTHER]));
        assert_eq!(members("0350002B_ENS"), (GroupRule::Profile, vec![TEACHER, TZR]));
        assert_eq!(members("0350001A_DIR"), (GroupRule::Profile, vec![HEAD, TEACHING_HEAD]));
    });
}

#[test]
fn an_undeclared_class_has_its_group_and_a_structure_left_out_has_none() {
    let mut roster = roster();
    roster.structures[0].classes.clear();
    let (cn, _) = names(roster.clone());
    assert!(cn.contains(&"0350001A_5A".to_owned()));

    let dialect = Dialect::load(&config("[dialect]\nsiret_missing = \"skip\"")).unwrap();
    School::new(roster).with(&dialect, |context| {
        assert_eq!(context.findings.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::StructureSkipped]);
        assert!(dialect.groups(context).groups.iter().all(|g| g.structure != LYCEE));
        assert_eq!(dialect.structure_entry(context, LYCEE), None);
        // What pointed there is not written, and the class of a pupil of that school is missing.
        let missing = dialect.person_entry(context, BROTHER, false).unwrap_err();
        assert!(missing.class);
    });
}

#[test]
fn managed_groups_are_known_by_their_mark() {
    let (dialect, school) = (dialect(), school());
    school.with(&dialect, |context| {
        let group = dialect.groups(context).groups.remove(0);
        let mut entry = dialect.group_entry(&group, []);
        assert_eq!(entry.values("member"), ["".into()]);
        assert!(dialect.is_managed(&entry));
        // Others may write in the same attribute; the mark is put beside it.
        entry.attributes.retain(|(n, _)| n != "businessCategory");
        entry.push("businessCategory", ["à la main"]);
        assert!(!dialect.is_managed(&entry));
        let changes = dialect.differences(&group.wanted, &entry).unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].old.len(), &changes[0].new), (0, &vec!["rentree".into()]));
    });
    assert!(!dialect.is_managed(&Entry::new(Dn::parse("cn=x").unwrap())));
}

/// The rules that need the whole roster: who teaches whom, and at which level.
#[test]
fn recia_has_its_groups_by_level_subject_and_function() {
    let (dialect, school) = (preset("recia"), school());
    school.with(&dialect, |context| {
        let groups = dialect.groups(context).groups;
        let members = |path: &str| {
            let cn = format!("esco:Etablissements:JEAN MOULIN_0350001A:{path}");
            groups.iter().find(|g| g.cn == cn).unwrap_or_else(|| panic!("no group {cn}")).members.clone()
        };
        assert_eq!(members("Tous_JEAN MOULIN"), [PUPIL, MOTHER, FATHER, TEACHER, HEAD, NO_CLASS, TEACHING_HEAD]);
        assert_eq!(members("Eleves"), [PUPIL, NO_CLASS]);
        assert_eq!(members("Profs Principaux"), [TEACHER]);
        assert_eq!(members("5EME:Profs Principaux"), [TEACHER]);
        assert_eq!(members("5EME:Eleves_5A"), [PUPIL]);
        assert_eq!(members("5EME:Profs_5A"), [TEACHER, TEACHING_HEAD]);
        assert_eq!(members("Enseignements:ANGLAIS LV1"), [TEACHER]);
        assert_eq!(members("Administratifs:Tous_Administratifs"), [HEAD, TEACHING_HEAD]);
        assert_eq!(members("Administratifs:DIRECTION"), [HEAD, TEACHING_HEAD]);
        // Nobody says of which level it is.
        assert_eq!(members("SANS NIVEAU:Eleves_3E B"), []);
        assert_eq!(members("SANS NIVEAU:Profs_3E B"), [TEACHER]);
    });
}

/// Whoever teaches a group teaches every class of it.
#[test]
fn the_teacher_of_a_group_is_one_of_each_of_its_classes() {
    let mut roster = roster();
    let Role::Staff(staff) = &mut roster.persons[TEACHER.0 as usize].role else { panic!() };
    (staff.classes, staff.classes_subjects) = (Vec::new(), Vec::new());
    let dialect = preset("recia");
    School::new(roster).with(&dialect, |context| {
        let groups = dialect.groups(context).groups;
        let taught: Vec<&str> = groups
            .iter()
            .filter(|g| g.rule == GroupRule::ClassTeachers && g.members.contains(&TEACHER))
            .map(|g| g.code.as_str())
            .collect();
        assert_eq!(taught, ["5A", "5$A"]);
    });
}

/// The level of a class is that of most of its pupils.
#[test]
fn a_class_has_the_level_of_most_of_its_pupils() {
    let mut roster = roster();
    let mut twin = |key: &str, level: &str| {
        let mut person = (*roster.persons[PUPIL.0 as usize]).clone();
        person.key = JoinKey::new("AC-RENNES", key);
        let Role::Pupil(pupil) = &mut person.role else { panic!() };
        std::sync::Arc::make_mut(&mut pupil.studies).niv_formation = s(level);
        roster.persons.push(Box::new(person));
    };
    ["4EME", "4EME", "3EME"].iter().enumerate().for_each(|(i, level)| twin(&format!("90{i}"), level));
    let dialect = preset("recia");
    School::new(roster).with(&dialect, |context| {
        let groups = dialect.groups(context).groups;
        let group = groups.iter().find(|g| g.rule == GroupRule::ClassPupils && g.code == "5A").unwrap();
        assert_eq!(group.cn, "esco:Etablissements:JEAN MOULIN_0350001A:4EME:Eleves_5A");
        assert_eq!(group.members.len(), 4);
    });
}

#[test]
fn a_group_is_of_the_school_that_its_name_says() {
    let schools = ["0350001A", "0350002B"].map(str::to_owned).into();
    for (name, cn, school) in [
        ("sdet-siren", "0350001A_5A", Some("0350001A")),
        ("sdet-siren", "0350009X_0350001A", None),
        ("recia", "esco:Etablissements:JEAN MOULIN_0350002B:Eleves", Some("0350002B")),
        ("recia", "esco:Etablissements:JEAN MOULIN_0350009X:Eleves", None),
        ("recia", "", None),
    ] {
        assert_eq!(preset(name).school_of_group(cn, &schools), school, "{name}: {cn}");
    }
}

/// The plain names of members change with `member`, by the same rule.
#[test]
fn plain_names_of_members_come_and_go_and_manual_ones_stay() {
    let dialect = preset("recia");
    let dn = |uid: &str| Dn::parse(&format!("uid={uid},ou=people,dc=esco-centre,dc=fr")).unwrap();
    let group = |names: &[&str]| {
        let mut entry = Entry::new(Dn::parse("cn=g,ou=groups,dc=esco-centre,dc=fr").unwrap());
        entry.push("hasMember", names.iter().copied());
        entry
    };
    let changes = |wanted: &[&str], names: &[&str], put: &[&str]| {
        let wanted = wanted.iter().map(|u| dn(u)).collect();
        let put = put.iter().map(|u| dn(u)).collect();
        let change = dialect.member_uid_changes(&wanted, &group(names), &put)?;
        let texts =
            |v: &[crate::directory::Value]| v.iter().map(|v| v.as_text().unwrap().to_owned()).collect::<Vec<_>>();
        Some((texts(&change.old), texts(&change.new)))
    };
    assert_eq!(changes(&["F1"], &["f1", "esco:autre:groupe"], &["F1"]), None);
    assert_eq!(changes(&["F1"], &["F2", "main"], &["F2"]), Some((vec!["F2".into()], vec!["F1".into()])));
    assert_eq!(changes(&[], &["main"], &["F2"]), None);
    assert_eq!(preset("sdet-siren").member_uids(), None);
}
