//! One golden entry per kind of member. The snapshots are what a project reads to know what it gets.

use std::collections::BTreeMap;

use super::fixture::*;
use super::server::{ldif, read_back};
use crate::roster::PersonId;

#[test]
fn people() {
    let school = school();
    for (preset, dialect) in presets() {
        for (name, id) in [
            ("pupil", PUPIL),
            ("pupil_of_age", BROTHER),
            ("relative_in_two_schools", MOTHER),
            ("relative", FATHER),
            ("teacher_in_two_schools", TEACHER),
            ("head", HEAD),
            ("aed", AED),
            ("tzr", TZR),
            ("head_who_teaches", TEACHING_HEAD),
            ("inspector", INSPECTOR),
        ] {
            let wanted = school.wanted(&dialect, id);
            insta::assert_snapshot!(snapshot(preset, name), ldif(&dialect.entry(&wanted)));
        }
    }
}

/// Those of the preset that is there when none is named have no prefix.
fn snapshot(preset: &str, name: &str) -> String {
    if preset == "sdet-siren" { name.to_owned() } else { format!("{preset}_{name}") }
}

#[test]
fn structures() {
    let school = school();
    for (preset, dialect) in presets() {
        school.with(&dialect, |context| {
            for (name, id) in [("school", COLLEGE), ("school_without_siret", LYCEE), ("service", RECTORAT)] {
                let wanted = dialect.structure_entry(context, id).unwrap();
                assert_eq!(dialect.structure_dn(context, id), Some(&wanted.dn));
                insta::assert_snapshot!(snapshot(preset, name), ldif(&dialect.entry(&wanted)));
            }
            let findings: Vec<_> = context.findings.iter().map(|f| (f.code.id(), f.message.as_str())).collect();
            insta::assert_debug_snapshot!(snapshot(preset, "structure_findings"), findings);
        });
    }
}

#[test]
fn groups() {
    let school = school();
    for (preset, dialect) in presets() {
        school.with(&dialect, |context| {
            let groups = dialect.groups(context);
            assert_eq!(groups.findings, []);
            let names = |id: PersonId| (context.names)(id).unwrap();
            let text: Vec<String> = groups
                .groups
                .iter()
                .map(|g| {
                    let members: Vec<_> =
                        g.members.iter().map(|&id| dialect.person_dn(names(id).0, names(id).1)).collect();
                    ldif(&dialect.group_entry(g, &members))
                })
                .collect();
            insta::assert_snapshot!(snapshot(preset, "groups"), text.join("\n"));
        });
    }
}

/// What was written and read back gives nothing to do, for everything that is ever written.
#[test]
fn what_is_read_back_has_no_difference() {
    let school = school();
    for (preset, dialect) in presets() {
        let put = school.put(&dialect);
        school.with(&dialect, |context| {
            let people = [PUPIL, MOTHER, FATHER, BROTHER, TEACHER, HEAD, AED, TZR, TEACHING_HEAD, INSPECTOR];
            let people = people.map(|id| dialect.person_entry(context, id, false).unwrap());
            let structures = [COLLEGE, LYCEE, RECTORAT].map(|id| dialect.structure_entry(context, id).unwrap());
            let groups = dialect.groups(context).groups.into_iter().map(|g| g.wanted);
            let mut seen = BTreeMap::new();
            for wanted in people.into_iter().chain(structures).chain(groups) {
                let entry = read_back(&dialect.entry(&wanted));
                assert_eq!(dialect.differences_beside(&wanted, &entry, &put), Ok(vec![]), "{preset}: {}", wanted.dn);
                *seen.entry(wanted.kind()).or_insert(0) += 1;
            }
            let kinds = if dialect.service_types.is_empty() { 4 } else { 5 };
            assert_eq!(seen.len(), kinds + dialect.families.len(), "{preset}: every kind was tried: {seen:?}");
        });
    }
}
