//! The roster of small synthetic academies: one file per kind of thing that it settles.

mod families;
mod order;
mod people;
mod policy;
mod schools;
mod service;
mod several;

use std::sync::Arc;

use compact_str::CompactString;

use super::{
    ImageRecord, JoinKey, LeftOut, LeftOutReason, Options, Person, Pupil, Relative, Role, Roster, SourceInfo, Staff,
    build,
};
use crate::feed::{Category, Code, Degree, FieldsBuilder, Finding};

/// Records under construction; each has its own line.
#[derive(Debug, Default, Clone)]
pub(super) struct Academy {
    pub(super) records: Vec<ImageRecord>,
}

type Attributes<'a> = &'a [(&'a str, &'a [&'a str])];

impl Academy {
    pub(super) fn add(mut self, category: Category, key: &str, attributes: Attributes<'_>) -> Self {
        let mut fields = FieldsBuilder::new();
        for (name, values) in attributes {
            fields.attribute(name, values.iter().copied());
        }
        self.records.push(ImageRecord {
            source: 0,
            category,
            key: CompactString::from(key),
            fields: fields.build(),
            file: Arc::from(format!("ENT_Complet_20260901_{category}_0000.xml")),
            line: self.records.len() as u32 + 1,
        });
        self
    }

    pub(super) fn school(self, key: &str, uai: &str, more: Attributes<'_>) -> Self {
        let mut attributes = vec![
            ("ENTStructureUAI", std::slice::from_ref(&uai)),
            ("ENTStructureNomCourant", &["CLG$LES TILLEULS$DINAN"][..]),
        ];
        if uai.is_empty() {
            attributes.remove(0);
        }
        attributes.extend_from_slice(more);
        self.add(Category::Structure, key, &attributes)
    }

    pub(super) fn pupil(self, key: &str, first: &str, more: Attributes<'_>) -> Self {
        let mut attributes = vec![
            ("sn", &["Kermarec"][..]),
            ("givenName", std::slice::from_ref(&first)),
            ("ENTPersonDateNaissance", &["14/03/2013"]),
        ];
        attributes.extend_from_slice(more);
        self.add(Category::Pupil, key, &attributes)
    }

    pub(super) fn relative(self, key: &str, first: &str, more: Attributes<'_>) -> Self {
        let mut attributes = vec![("sn", &["Kermarec"][..]), ("givenName", std::slice::from_ref(&first))];
        attributes.extend_from_slice(more);
        self.add(Category::Relative, key, &attributes)
    }

    pub(super) fn staff(self, key: &str, first: &str, more: Attributes<'_>) -> Self {
        let mut attributes = vec![("sn", &["Oriano"][..]), ("givenName", std::slice::from_ref(&first))];
        attributes.extend_from_slice(more);
        self.add(Category::Staff, key, &attributes)
    }

    /// The last record is of the second source.
    pub(super) fn of_nantes(mut self) -> Self {
        if let Some(last) = self.records.last_mut() {
            last.source = 1;
        }
        self
    }

    pub(super) fn roster(&self) -> Roster {
        self.roster_with(&Options::default())
    }

    pub(super) fn roster_with(&self, options: &Options) -> Roster {
        let roster = build(&sources(), self.records.clone(), options);
        let delivered = self.records.iter().filter(|r| r.category.is_person()).count();
        assert_eq!(roster.persons.len() + roster.left_out.len(), delivered, "every person is in exactly one list");
        assert!(roster.persons.is_sorted_by(|a, b| a.key < b.key));
        assert!(roster.structures.is_sorted_by(|a, b| a.uai < b.uai));
        roster
    }
}

pub(super) fn sources() -> Vec<SourceInfo> {
    vec![
        SourceInfo {
            name: "rennes".into(),
            prefix: "AC-RENNES".into(),
            previous_prefixes: Vec::new(),
            degree: Degree::Second,
        },
        SourceInfo {
            name: "nantes".into(),
            prefix: "AC-NANTES".into(),
            previous_prefixes: vec!["AC-LAVAL".into()],
            degree: Degree::Second,
        },
    ]
}

/// A school with one pupil, 1, in class 6A.
pub(super) fn small() -> Academy {
    Academy::default().school("100", "0290009C", &[("ENTStructureClasses", &["6A$SIXIEME A$10010012110", "6B"])]).pupil(
        "1",
        "Nolwenn",
        &[("ENTPersonStructRattach", &["100"]), ("ENTEleveClasses", &["100$6A"])],
    )
}

pub(super) fn person<'r>(roster: &'r Roster, key: &str) -> &'r Person {
    let key = JoinKey::new("AC-RENNES", key);
    roster.persons.iter().find(|p| p.key == key).unwrap_or_else(|| panic!("no person {key}"))
}

pub(super) fn left(roster: &Roster, key: &str) -> Option<LeftOutReason> {
    let key = JoinKey::new("AC-RENNES", key);
    roster.left_out.iter().find(|l: &&LeftOut| l.key == key).map(|l| l.why)
}

pub(super) fn pupil<'r>(roster: &'r Roster, key: &str) -> &'r Pupil {
    match &person(roster, key).role {
        Role::Pupil(pupil) => pupil,
        other => panic!("{key} is {other:?}"),
    }
}

pub(super) fn relative<'r>(roster: &'r Roster, key: &str) -> &'r Relative {
    match &person(roster, key).role {
        Role::Relative(relative) => relative,
        other => panic!("{key} is {other:?}"),
    }
}

pub(super) fn staff<'r>(roster: &'r Roster, key: &str) -> &'r Staff {
    match &person(roster, key).role {
        Role::Staff(staff) => staff,
        other => panic!("{key} is {other:?}"),
    }
}

/// `UAI:PROFILE+PROFILE …`
pub(super) fn schools(roster: &Roster, key: &str) -> String {
    let one = |a: &super::Attachment| {
        let profiles: Vec<_> = a.profiles.iter().map(crate::roster::NationalProfile::mnemonic).collect();
        format!("{}:{}", roster.structure(a.structure).unwrap().uai, profiles.join("+"))
    };
    person(roster, key).schools.iter().map(one).collect::<Vec<_>>().join(" ")
}

pub(super) fn findings(roster: &Roster, code: Code) -> Vec<&Finding> {
    roster.findings.iter().filter(|f| f.code == code).collect()
}
