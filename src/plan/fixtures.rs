//! Synthetic plans for the tests of this room.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::file::Writer;
use super::{
    AccountTotals, AttributeChange, Change, ChangeKind, Header, Hold, HoldReason, PlanId, SourceState, Subject, Totals,
    Write,
};
use crate::directory::dialect::OwnedDigest;
use crate::directory::{Dn, Value};
use crate::feed::Origin;
use crate::feed::values::Uai;
use crate::naming::{Login, Uid};
use crate::roster::{JoinKey, Profile};

pub const MOULIN: &str = "0290009C";
pub const WEIL: &str = "0291595B";

const WRITTEN: Option<OwnedDigest> = Some(OwnedDigest([0x5a; 16]));

const FIRST: [&str; 10] = ["Zoé", "Ali", "Lou", "Maël", "Chloé", "Éloïse", "Noé", "Inès", "Tom", "Anaïs"];
const LAST: [&str; 10] =
    ["ARNAUD", "BEN SAÏD", "CAM", "LE GALL", "D’ARCY", "ŒUVRARD", "PETIT", "N’GUYEN", "ROUX", "FAURE"];

pub fn uai(text: &str) -> Uai {
    Uai::parse(text).unwrap()
}

pub fn name(n: usize) -> String {
    format!("{} {}", FIRST[n % 10], LAST[(n / 10 + n) % 10])
}

pub fn header() -> Header {
    Header {
        format_version: super::FORMAT_VERSION,
        plan_id: PlanId(Uuid::from_u128(0x0199_0d2c_7a10_7000_8000_0000_0000_0001)),
        created: "2026-09-02T01:12:00Z".parse().unwrap(),
        today: jiff::civil::date(2026, 9, 2),
        program: "rentree 0.1.0".to_owned(),
        sources: vec![SourceState {
            name: "AC-RENNES".to_owned(),
            version: 12,
            delivered: Some(jiff::civil::date(2026, 9, 1)),
            digest: Some("00ff".to_owned()),
        }],
        config_digest: "c0ffee".to_owned(),
        directory: "embedded (dc=esco-centre,dc=fr)".to_owned(),
        totals: Totals {
            accounts: AccountTotals { unchanged: 8_900, rejected: 3, ..AccountTotals::default() },
            read: [("Eleve".to_owned(), 8_903)].into(),
            ..Totals::default()
        },
        schools: [(MOULIN.into(), "Collège Jean Moulin".to_owned()), (WEIL.into(), "Lycée Simone Weil".to_owned())]
            .into(),
        years: [(MOULIN.into(), 2026)].into(),
        structures: Vec::new(),
        released: Vec::new(),
        closed: super::ClosedHolds::default(),
        undoes: None,
        purge: false,
        credentials: None,
    }
}

pub fn structure_change() -> super::StructureChange {
    let name = |number: &str, siret: &str| super::StructureName {
        uai: uai(number),
        siret: Some(siret.into()),
        dn: Dn::parse(&format!("ENTStructureSIREN={siret},ou=structures,dc=esco-centre,dc=fr")).unwrap(),
    };
    super::StructureChange {
        merge: false,
        name: "Collège Jean Moulin".to_owned(),
        into: None,
        former: name(MOULIN, "19290009000016"),
        present: name("0290010D", "19290009000016"),
        accounts: 812,
        groups: 43,
        structures: 0,
        kept: Vec::new(),
        deleted: false,
    }
}

pub fn hold_of_school() -> Hold {
    Hold {
        id: "suspend-0291595B-pupil".to_owned(),
        reason: HoldReason::SuspendLimit,
        school: Some(uai(WEIL)),
        join_key: None,
        origin: None,
        message: "62 élèves sur 400 disparaissent de la livraison (15 %, la limite est 10 %). \
                  Vérifiez l'export, ou libérez la retenue."
            .to_owned(),
        remark: None,
        changes: 62,
        new: true,
        discarded: None,
    }
}

pub fn hold_of_pupil(n: usize) -> Hold {
    Hold {
        id: format!("no-class-{n}"),
        reason: HoldReason::NoClass,
        school: Some(uai(MOULIN)),
        join_key: Some(JoinKey::new("AC-RENNES", &n.to_string())),
        origin: Some(origin(n)),
        message: format!("{} n'a pas de division : à saisir dans SIECLE.", name(n)),
        remark: None,
        changes: 1,
        new: n.is_multiple_of(2),
        discarded: None,
    }
}

pub fn origin(n: usize) -> Origin {
    Origin { file: Arc::from("ENT_Complet_20260901_Eleve_0000.xml"), line: 10 + 40 * n as u32 }
}

/// Builds changes and numbers them.
#[derive(Debug, Default)]
pub struct Plan {
    pub header: Option<Header>,
    pub holds: Vec<Hold>,
    pub changes: Vec<Change>,
}

impl Plan {
    pub fn person(&mut self, kind: ChangeKind, n: usize, class: Option<&str>, write: Write) -> &mut Change {
        let uid = format!("f{n:05}");
        let dn = Dn::parse(&format!("uid={uid},ou=people,dc=esco-centre,dc=fr")).unwrap();
        let subject = Subject {
            join_key: Some(JoinKey::new("AC-RENNES", &n.to_string())),
            profile: Some(Profile::Pupil),
            uid: Some(Uid::new(&uid)),
            login: Some(Login::new(&format!("login.{n}"))),
            name: name(n),
            schools: vec![uai(MOULIN)],
            class: class.map(Into::into),
            level: None,
        };
        let change = Change::new(kind, dn, subject, write);
        self.push(Change { origin: Some(origin(n)), written: WRITTEN, ..change })
    }

    pub fn object(&mut self, kind: ChangeKind, name: &str, write: Write) -> &mut Change {
        let dn = Dn::parse("ou=groups,dc=esco-centre,dc=fr").unwrap().child("cn", name);
        let subject = Subject { name: name.to_owned(), schools: vec![uai(MOULIN)], ..Subject::default() };
        self.push(Change { written: WRITTEN, ..Change::new(kind, dn, subject, write) })
    }

    fn push(&mut self, mut change: Change) -> &mut Change {
        change.seq = self.changes.len() as u64 + 1;
        self.changes.push(change);
        self.changes.last_mut().unwrap()
    }

    pub fn write(&self, path: &Path) {
        let mut writer = Writer::create(path).unwrap();
        writer.write_header(self.header.as_ref().unwrap_or(&header())).unwrap();
        for hold in &self.holds {
            writer.write_hold(hold).unwrap();
        }
        for change in &self.changes {
            writer.write_change(change).unwrap();
        }
        writer.finish().unwrap();
    }
}

pub fn add(n: usize) -> Write {
    Write::Add {
        attributes: vec![
            ("objectClass".to_owned(), vec!["ENTEleve".into()]),
            ("uid".to_owned(), vec![format!("f{n:05}").into()]),
            ("cn".to_owned(), vec![name(n).into()]),
        ],
        credential: true,
    }
}

pub fn modify(changes: &[(&str, &[&str], &[&str])]) -> Write {
    Write::Modify { attributes: attributes(changes) }
}

pub fn attributes(changes: &[(&str, &[&str], &[&str])]) -> Vec<AttributeChange> {
    let values = |list: &[&str]| list.iter().map(|v| Value::from(*v)).collect();
    changes
        .iter()
        .map(|(attribute, old, new)| AttributeChange {
            attribute: (*attribute).to_owned(),
            old: values(old),
            new: values(new),
            unset: old.is_empty(),
        })
        .collect()
}

pub fn members(add: usize, remove: usize) -> Write {
    let dn = |n: usize| Dn::parse(&format!("uid=f{n:05},ou=people,dc=esco-centre,dc=fr")).unwrap();
    Write::Members {
        kept: vec![dn(99)],
        add: (0..add).map(dn).collect(),
        remove: (500..500 + remove).map(dn).collect(),
        attributes: vec![],
    }
}
