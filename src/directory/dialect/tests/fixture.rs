//! Two schools, a service and a dozen people, made by hand.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::{Date, date};

use super::super::*;
use crate::config::DirectoryConfig;
use crate::feed::Origin;
use crate::feed::values::Uai;
use crate::naming::{Login, Uid};
use crate::roster::*;

pub const TODAY: Date = date(2026, 9, 1);

pub const PUPIL: PersonId = PersonId(0);
pub const MOTHER: PersonId = PersonId(1);
pub const FATHER: PersonId = PersonId(2);
pub const BROTHER: PersonId = PersonId(3);
pub const TEACHER: PersonId = PersonId(4);
pub const HEAD: PersonId = PersonId(5);
pub const AED: PersonId = PersonId(6);
pub const TZR: PersonId = PersonId(7);
pub const NO_CLASS: PersonId = PersonId(8);
pub const TEACHING_HEAD: PersonId = PersonId(9);
pub const INSPECTOR: PersonId = PersonId(10);

pub const COLLEGE: StructureId = StructureId(0);
pub const LYCEE: StructureId = StructureId(1);
pub const RECTORAT: StructureId = StructureId(2);

pub fn config(more: &str) -> DirectoryConfig {
    let text = format!("kind = \"embedded\"\nsuffix = \"dc=esco-centre,dc=fr\"\n{more}");
    toml::from_str(&text).unwrap()
}

pub fn dialect() -> Dialect {
    Dialect::load(&config("")).unwrap()
}

pub fn preset(name: &str) -> Dialect {
    Dialect::load(&config(&format!("[dialect]\npreset = {name:?}"))).unwrap()
}

/// Every preset under its name.
pub fn presets() -> Vec<(&'static str, Dialect)> {
    PRESETS.iter().map(|p| (p.name, preset(p.name))).collect()
}

/// The text of the preset that is there when none is named.
pub const SDET_SIREN: &str = PRESETS[0].text;

#[expect(clippy::unnecessary_wraps, reason = "the fields that it fills are optional")]
pub fn s(text: &str) -> Option<CompactString> {
    Some(text.into())
}

pub fn list(texts: &[&str]) -> Vec<CompactString> {
    texts.iter().map(|t| (*t).into()).collect()
}

fn origin(line: u32) -> Origin {
    Origin { file: Arc::from("ENT_Complet_20260901_Test_0000.xml"), line }
}

pub fn structure(key: &str, uai: &str, siret: Option<&str>, name: &str) -> Structure {
    Structure {
        key: JoinKey::new("AC-RENNES", key),
        origin: origin(3),
        uai: Uai::parse(uai).unwrap(),
        siret: siret.map(Into::into),
        name_delivered: format!("CLG-{}-ac-RENNES", name.to_uppercase()).into(),
        name: name.to_owned(),
        kind: s("COLLEGE"),
        ministry: s("MINISTERE DE L'EDUCATION NATIONALE"),
        contract: s("PU"),
        academy: s("RENNES"),
        bassin: None,
        street: s("1 rue des Écoles"),
        post_office_box: None,
        postal_code: s("35000"),
        town: s("RENNES"),
        phone: s("+33 2 99 00 00 00"),
        fax: None,
        mail: Some(format!("ce.{uai}@ac-rennes.fr").into()),
        attached_to: vec![COLLEGE],
        classes: Vec::new(),
        groups: Vec::new(),
    }
}

pub fn class(code: &str) -> Class {
    Class { code: code.into(), label: None, mefs: list(&["10110001110"]), undeclared: false, numbered: false }
}

pub fn teaching_group(code: &str, classes: &[&str]) -> TeachingGroup {
    TeachingGroup { code: code.into(), label: None, classes: list(classes), undeclared: false, numbered: false }
}

pub fn person(key: &str, profile: Profile, surname: &str, first: &str, role: Role) -> Person {
    Person {
        key: JoinKey::new("AC-RENNES", key),
        source: 0,
        origin: origin(12),
        profile,
        name: Name { surname: surname.into(), first: first.into(), birth: None, others: Box::default() },
        civility: Some(Civility::Madame),
        birth: None,
        contact: Contact::default(),
        address_shared: None,
        schools: Box::default(),
        administrative: None,
        role,
    }
}

pub fn at(structure: StructureId, profiles: &[NationalProfile]) -> Attachment {
    Attachment { structure, profiles: profiles.iter().copied().collect() }
}

fn link(relative: PersonId, codes: [&str; 5]) -> Link {
    Link { relative, codes: LinkCodes::new(codes.join("$")), standing: Standing::Authority }
}

fn function(structure: StructureId, fields: [&str; 4]) -> Function {
    let [code, label, discipline_code, discipline_label] = fields.map(Into::into);
    Function { structure, code, label, discipline_code, discipline_label }
}

fn pupil(structure: StructureId, class: &str) -> Pupil {
    Pupil {
        siecle: s("4242"),
        classes: vec![(structure, class.into())],
        boursier: Some(false),
        transport: Some(true),
        regime: s("EXTERNE LIBRE"),
        statut: s("SCOLAIRE"),
        studies: Arc::new(Studies {
            mef: s("10110001110"),
            libelle_mef: s("5EME"),
            niv_formation: s("5EME"),
            filiere: s("COLLEGE"),
            ..Studies::default()
        }),
        ..Pupil::default()
    }
}

pub fn roster() -> Roster {
    use NationalProfile::{Aca, Dir, Elv, Ens, Evs, Tut};
    let mut college = structure("2828", "0350001A", Some("19350001400012"), "Jean Moulin");
    college.classes = vec![class("3E B"), class("5$A"), class("5A")];
    college.groups = vec![teaching_group("5AGL1", &["5A", "5$A"])];
    let mut lycee = structure("2929", "0350002B", None, "L'Elorn");
    (lycee.contract, lycee.kind) = (None, s("LYCEE POLYVALENT"));
    lycee.classes = vec![Class { label: s("TERMINALE 1"), ..class("T 1") }];
    let mut rectorat = structure("1", "0350099Z", Some("17350000000019"), "Rectorat");
    rectorat.kind = s("RECTORAT");

    let address = Arc::new(Address {
        lines: list(&["Résidence des Pins", "2 bis, chemin du Moulin"]),
        postal_code: s("35000"),
        town: s("RENNES"),
        country: s("FRANCE"),
    });
    let mut maelle = person(
        "100",
        Profile::Pupil,
        "Le Gall-d'Arc",
        "Maëlle",
        Role::Pupil(Box::new(Pupil {
            ine: s("0123456789M"),
            groups: vec![(COLLEGE, "5AGL1".into())],
            relatives: vec![
                link(MOTHER, ["10", "1", "1", "0", "1"]),
                link(FATHER, ["20", "0", "1", "0", "0"]),
                // Named by the feed, without an account.
                link(PersonId(999), ["38", "0", "0", "1", "0"]),
            ],
            lives_with: vec![MOTHER],
            studies: Arc::new(Studies {
                enseignements: list(&["ANGLAIS LV1", "MATHEMATIQUES"]),
                code_enseignements: list(&["030201", "061300"]),
                ..(*pupil(COLLEGE, "5A").studies).clone()
            }),
            ..pupil(COLLEGE, "5A")
        })),
    );
    maelle.name.others = list(&["Maëlle", "Anne", "ANNE"]).into();
    maelle.birth = Some(date(2014, 3, 9));
    maelle.schools = Box::new([at(COLLEGE, &[Elv])]);
    maelle.administrative = Some(COLLEGE);
    maelle.contact.address = Some(address.clone());

    let mut mother =
        person("200", Profile::Relative, "Le Gall", "Anne", Role::Relative(Relative { pupils: vec![PUPIL, BROTHER] }));
    mother.schools = Box::new([at(COLLEGE, &[Tut]), at(LYCEE, &[Tut])]);
    mother.contact = Contact {
        mail: s("anne@example.org"),
        mobiles: list(&["+33 6 00 00 00 00"]).into(),
        address: Some(address),
        ..Contact::default()
    };
    mother.address_shared = Some(false);
    let mut father =
        person("201", Profile::Relative, "d'Arc", "Œdipe", Role::Relative(Relative { pupils: vec![PUPIL] }));
    (father.civility, father.schools) = (Some(Civility::Monsieur), Box::new([at(COLLEGE, &[Tut])]));

    let mut brother = person("300", Profile::Pupil, "Le Gall", "Yann", Role::Pupil(Box::new(pupil(LYCEE, "T 1"))));
    if let Role::Pupil(p) = &mut brother.role {
        let studies = Arc::make_mut(&mut p.studies);
        (studies.mef, studies.libelle_mef, studies.filiere) = (None, None, None);
        p.relatives = vec![link(MOTHER, ["10", "1", "1", "0", "1"])];
    }
    (brother.civility, brother.birth) = (Some(Civility::Monsieur), Some(date(2008, 9, 1)));
    (brother.schools, brother.administrative) = (Box::new([at(LYCEE, &[Elv])]), Some(LYCEE));

    let mut teacher = person(
        "400",
        Profile::Teacher,
        "KERVELLA",
        "Gwenn",
        Role::Staff(Box::new(Staff {
            functions: vec![
                function(COLLEGE, ["ENS", "ENSEIGNEMENT", "L0422", "ANGLAIS"]),
                function(LYCEE, ["ENS", "ENSEIGNEMENT", "L0422", "ANGLAIS"]),
            ],
            teaches: true,
            category_disciplines: list(&["04$LANGUES VIVANTES"]),
            mefs: vec![(COLLEGE, "10110001110$5EME".into())],
            subjects: vec![(COLLEGE, "ANGLAIS LV1".into()), (LYCEE, "ANGLAIS LV1".into())],
            classes: vec![(COLLEGE, "3E B".into())],
            classes_subjects: vec![
                (COLLEGE, "5A$030201".into()),
                (COLLEGE, "5A$005400".into()),
                (COLLEGE, "5$A$030201".into()),
                (LYCEE, "T 1$030201".into()),
            ],
            groups_subjects: vec![(COLLEGE, "5AGL1$030201".into())],
            head_teacher_of: vec![(COLLEGE, "5A".into())],
            ..Staff::default()
        })),
    );
    teacher.birth = Some(date(1980, 12, 31));
    teacher.contact.mail = s("gwenn.kervella@ac-rennes.fr");
    (teacher.schools, teacher.administrative) = (Box::new([at(COLLEGE, &[Ens]), at(LYCEE, &[Ens])]), Some(COLLEGE));

    let with_function = |fields| Role::Staff(Box::new(Staff { functions: vec![fields], ..Staff::default() }));
    let mut head = person(
        "500",
        Profile::Staff,
        "Ménez",
        "Soazig",
        with_function(function(COLLEGE, ["DIR", "DIRECTION", "D0010", "CHEF D'ETABLISSEMENT"])),
    );
    (head.schools, head.administrative) = (Box::new([at(COLLEGE, &[Dir])]), Some(COLLEGE));
    let mut aed = person(
        "501",
        Profile::Staff,
        "Traoré",
        "Awa",
        with_function(function(LYCEE, ["AED", "ASSISTANT D'EDUCATION", "S0054", "EXTERNAT"])),
    );
    aed.schools = Box::new([at(LYCEE, &[Evs])]);
    let mut tzr = person(
        "502",
        Profile::Teacher,
        "Bihan",
        "Loïc",
        with_function(function(LYCEE, ["ENS", "ENSEIGNEMENT", "L1300", "MATHEMATIQUES"])),
    );
    (tzr.civility, tzr.schools) = (None, Box::new([at(LYCEE, &[Ens])]));
    let mut corsican = person("600", Profile::Pupil, "Colonna d’Istria", "Ghjuvan-Battista", {
        let mut p = pupil(COLLEGE, "");
        p.classes.clear();
        Role::Pupil(Box::new(p))
    });
    corsican.civility = Some(Civility::Monsieur);
    (corsican.birth, corsican.schools) = (Some(date(2013, 2, 28)), Box::new([at(COLLEGE, &[Elv])]));
    let mut teaching_head = person(
        "700",
        Profile::Staff,
        "Quéré",
        "Tifenn",
        Role::Staff(Box::new(Staff {
            functions: vec![function(COLLEGE, ["DIR", "DIRECTION", "D0011", "ADJOINT"])],
            classes_subjects: vec![(COLLEGE, "5A$061300".into())],
            ..Staff::default()
        })),
    );
    teaching_head.schools = Box::new([at(COLLEGE, &[Dir])]);
    let mut inspector = person(
        "701",
        Profile::Staff,
        "Abgrall",
        "Enora",
        with_function(function(RECTORAT, ["INS", "INSPECTION", "-", "SANS OBJET"])),
    );
    inspector.schools = Box::new([at(RECTORAT, &[Aca])]);

    Roster {
        structures: vec![college, lycee, rectorat],
        persons: [maelle, mother, father, brother, teacher, head, aed, tzr, corsican, teaching_head, inspector]
            .map(Box::new)
            .into(),
        ..Roster::default()
    }
}

/// A roster with names for everybody in it.
pub struct School {
    pub roster: Roster,
    names: Vec<(Uid, Login)>,
}

impl School {
    pub fn new(roster: Roster) -> Self {
        let names = (0..roster.persons.len())
            .map(|i| (Uid::new(&format!("F1700{i:03}")), Login::new(&format!("login{i}"))))
            .collect();
        Self { roster, names }
    }

    pub fn with<T>(&self, dialect: &Dialect, then: impl FnOnce(&Context<'_>) -> T) -> T {
        self.with_existing(dialect, &HashMap::new(), then)
    }

    pub fn with_existing<T>(
        &self,
        dialect: &Dialect,
        existing: &HashMap<StructureId, Dn>,
        then: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let names = |id: PersonId| self.names.get(id.0 as usize).map(|(uid, login)| (uid, login));
        let mut context = Context::new(dialect, &self.roster, &names, TODAY, existing);
        context.join_groups(dialect, &HashSet::new());
        then(&context)
    }

    /// Everybody in the groups of the roster, as the register notes it once they are written.
    pub fn put(&self, dialect: &Dialect) -> PutByEngine {
        self.with(dialect, |context| {
            let dn = |id: &PersonId| (context.names)(*id).map(|(u, l)| dialect.person_dn(u, l).normalised().to_owned());
            let groups = dialect.groups(context).groups.into_iter();
            groups.map(|g| (g.cn, g.members.iter().filter_map(dn).collect())).collect()
        })
    }

    pub fn wanted(&self, dialect: &Dialect, id: PersonId) -> Wanted {
        self.with(dialect, |context| dialect.person_entry(context, id, false).unwrap())
    }
}

pub fn school() -> School {
    School::new(roster())
}
