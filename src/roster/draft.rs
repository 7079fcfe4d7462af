//! First pass: a record becomes a draft, that is a typed person or structure whose references are still the keys that
//! the record gave.
//!
//! One walk over the packed attributes per record, then the record is gone: what a draft keeps is what the roster
//! keeps, and the few composite values whose structures and persons are not known before every record was seen.

use std::sync::Arc;

use compact_str::CompactString;

use super::links::{self, Legacy, RawLink};
use super::model::{Contact, ImageRecord, JoinKey, Name, Person, Profile, Pupil, Relative, Role, Studies};
use super::normal;
use crate::feed::values::{parse_civility, parse_date, parse_flag};
use crate::feed::{Origin, OwnedValues, Values};

/// Which record something is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'r> {
    pub(super) key: &'r JoinKey,
    pub(super) source: u16,
    pub(super) origin: &'r Origin,
}

impl<'r> From<&'r Person> for Head<'r> {
    fn from(person: &'r Person) -> Self {
        Self { key: &person.key, source: person.source, origin: &person.origin }
    }
}

pub(super) fn origin_of(record: &ImageRecord) -> Origin {
    Origin { file: record.file.clone(), line: record.line }
}

/// What pupils, relatives and staff have in common; the schools and the role come with the second pass.
impl Person {
    fn draft(record: &ImageRecord, prefix: &str, profile: Profile) -> Box<Self> {
        Box::new(Self {
            key: JoinKey::new(prefix, &record.key),
            source: record.source,
            origin: origin_of(record),
            profile,
            name: Name::default(),
            civility: None,
            birth: None,
            contact: Contact::default(),
            address_shared: None,
            schools: Box::default(),
            administrative: None,
            role: Role::Relative(Relative::default()),
        })
    }

    /// Takes an attribute that any person may have; `false` when it is another's.
    fn take(&mut self, name: &str, mut values: Values<'_>) -> bool {
        let contact = &mut self.contact;
        match name {
            "sn" => self.name.surname = one(&mut values).unwrap_or_default(),
            "givenName" => self.name.first = one(&mut values).unwrap_or_default(),
            "ENTPersonNomPatro" => self.name.birth = one(&mut values),
            "ENTPersonAutresPrenoms" => self.name.others = values.map(CompactString::from).collect(),
            "personalTitle" => self.civility = values.find_map(parse_civility),
            "ENTPersonDateNaissance" => self.birth = values.find_map(parse_date),
            "mail" => contact.mail = values.find_map(normal::mail),
            "homePhone" => contact.home_phone = values.find_map(normal::phone),
            "telephoneNumber" => contact.work_phone = values.find_map(normal::phone),
            "mobile" => contact.mobiles = values.filter_map(normal::phone).collect(),
            "ENTPersonMobileSMS" => contact.mobile_sms = values.find_map(normal::phone),
            "ENTPersonAdresseDiffusion" => self.address_shared = values.find_map(parse_flag),
            "ENTPersonAdresse" => {
                Arc::make_mut(contact.address.get_or_insert_default()).lines =
                    exact(values.flat_map(normal::address_lines));
            }
            "ENTPersonCodePostal" => {
                Arc::make_mut(contact.address.get_or_insert_default()).postal_code =
                    values.find_map(normal::postal_code);
            }
            "ENTPersonVille" => Arc::make_mut(contact.address.get_or_insert_default()).town = one(&mut values),
            "ENTPersonPays" => Arc::make_mut(contact.address.get_or_insert_default()).country = one(&mut values),
            _ => return false,
        }
        true
    }

    fn settle_address(&mut self) {
        let address = self.contact.address.take().map(Arc::unwrap_or_clone);
        self.contact.address = address.and_then(normal::address).map(Arc::new);
    }

    /// Takes what a later source has and this one lacks. A name is never half of one source and half of another's.
    fn fill_from(&mut self, later: &Self) {
        let (own, other) = (&mut self.contact, &later.contact);
        fill(&mut self.name.birth, later.name.birth.as_ref());
        if self.name.others.is_empty() {
            self.name.others.clone_from(&later.name.others);
        }
        fill(&mut self.address_shared, later.address_shared.as_ref());
        fill(&mut self.civility, later.civility.as_ref());
        fill(&mut self.birth, later.birth.as_ref());
        fill(&mut own.mail, other.mail.as_ref());
        fill(&mut own.home_phone, other.home_phone.as_ref());
        fill(&mut own.work_phone, other.work_phone.as_ref());
        fill(&mut own.mobile_sms, other.mobile_sms.as_ref());
        fill(&mut own.address, other.address.as_ref());
        if own.mobiles.is_empty() {
            own.mobiles.clone_from(&other.mobiles);
        }
    }
}

/// A later source gives a value where there is none.
pub(super) fn fill<T: Clone>(own: &mut Option<T>, later: Option<&T>) {
    if own.is_none() {
        *own = later.cloned();
    }
}

/// The links of a pupil as the record gave them.
#[derive(Debug, Clone)]
pub(super) enum RawLinks {
    Current(OwnedValues),
    /// `ENTElevePersRelEleve` is not there at all: a set from before it.
    Legacy(Box<Legacy>),
}

impl Default for RawLinks {
    fn default() -> Self {
        Self::Current(OwnedValues::default())
    }
}

impl RawLinks {
    /// Whether no relative is named.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Current(links) => !links.iter().any(|value| links::parse(value).is_some()),
            Self::Legacy(legacy) => legacy.is_empty(),
        }
    }

    pub(super) fn into_links(self) -> Vec<RawLink> {
        match self {
            Self::Current(links) => links.iter().filter_map(links::parse).collect(),
            Self::Legacy(legacy) => legacy.links(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct PupilDraft {
    pub(super) who: Box<Person>,
    pub(super) administrative: Option<CompactString>,
    /// `struct$class` and `struct$group`.
    pub(super) classes: OwnedValues,
    pub(super) groups: OwnedValues,
    pub(super) links: RawLinks,
    /// Keys of the relatives at whose address he lives.
    pub(super) lives_with: OwnedValues,
    pub(super) pupil: Box<Pupil>,
    /// What later sources say of the same pupil; their references are to their own keys.
    pub(super) also: Vec<Self>,
}

impl PupilDraft {
    /// Takes what a later source has and this one lacks; schools and families are settled with the structures known.
    pub(super) fn fill(&mut self, mut later: Self) {
        let (own, other) = (&mut self.pupil, &later.pupil);
        for (own, other) in [
            (&mut own.ine, &other.ine),
            (&mut own.siecle, &other.siecle),
            (&mut own.regime, &other.regime),
            (&mut own.statut, &other.statut),
        ] {
            fill(own, other.as_ref());
        }
        fill(&mut own.boursier, other.boursier.as_ref());
        fill(&mut own.transport, other.transport.as_ref());
        let (own, other) = (Arc::make_mut(&mut own.studies), &other.studies);
        for (own, other) in [
            (&mut own.mef, &other.mef),
            (&mut own.libelle_mef, &other.libelle_mef),
            (&mut own.niv_formation, &other.niv_formation),
            (&mut own.filiere, &other.filiere),
        ] {
            fill(own, other.as_ref());
        }
        if own.enseignements.is_empty() && own.code_enseignements.is_empty() {
            own.enseignements.clone_from(&other.enseignements);
            own.code_enseignements.clone_from(&other.code_enseignements);
        }
        self.who.fill_from(&later.who);
        let more = std::mem::take(&mut later.also);
        self.also.push(later);
        self.also.extend(more);
    }

    pub(super) fn read(record: &ImageRecord, prefix: &str) -> Self {
        let mut who = Person::draft(record, prefix, Profile::Pupil);
        let (mut pupil, mut studies) = (Box::<Pupil>::default(), Studies::default());
        let (mut administrative, mut classes, mut groups) = (None, OwnedValues::default(), OwnedValues::default());
        let (mut links, mut lives_with) = (None, OwnedValues::default());
        let mut legacy = Legacy::default();
        for (name, mut values) in record.fields.iter() {
            match name {
                "ENTPersonStructRattach" => administrative = one(&mut values),
                "ENTEleveClasses" => classes = values.to_owned(),
                "ENTEleveGroupes" => groups = values.to_owned(),
                "ENTElevePersRelEleve" => links = Some(values.to_owned()),
                "ENTEleveAdresseRel" => lives_with = values.to_owned(),
                "ENTEleveINE" => pupil.ine = one(&mut values),
                "ENTEleveStructRattachId" => pupil.siecle = one(&mut values),
                "ENTEleveBoursier" => pupil.boursier = values.find_map(parse_flag),
                "ENTEleveTransport" => pupil.transport = values.find_map(parse_flag),
                "ENTEleveRegime" => pupil.regime = one(&mut values),
                "ENTEleveStatutEleve" => pupil.statut = one(&mut values),
                "ENTEleveMEF" => studies.mef = one(&mut values),
                "ENTEleveLibelleMEF" => studies.libelle_mef = one(&mut values),
                "ENTEleveNivFormation" => studies.niv_formation = one(&mut values),
                "ENTEleveFiliere" => studies.filiere = one(&mut values),
                "ENTEleveEnseignements" => studies.enseignements = all(values),
                "ENTEleveCodeEnseignements" => studies.code_enseignements = all(values),
                "ENTEleveParents" => legacy.parents = all(values),
                "ENTElevePere" => legacy.father = one(&mut values),
                "ENTEleveMere" => legacy.mother = one(&mut values),
                "ENTEleveAutoriteParentale" => legacy.authority = all(values),
                "ENTElevePersRelEleve1" => legacy.others[0].0 = one(&mut values),
                "ENTElevePersRelEleve2" => legacy.others[1].0 = one(&mut values),
                "ENTEleveQualitePersRelEleve1" => legacy.others[0].1 = one(&mut values),
                "ENTEleveQualitePersRelEleve2" => legacy.others[1].1 = one(&mut values),
                other => {
                    who.take(other, values);
                }
            }
        }
        who.settle_address();
        pupil.studies = Arc::new(studies);
        let links = links.map_or_else(|| RawLinks::Legacy(Box::new(legacy)), RawLinks::Current);
        Self { who, administrative, classes, groups, links, lives_with, pupil, also: Vec::new() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct RelativeDraft {
    pub(super) who: Box<Person>,
    /// Keys of the pupils that the relative's own record names; `None` when the set does not say.
    pub(super) pupils: Option<OwnedValues>,
}

impl RelativeDraft {
    /// Takes what a later source has and this one lacks. Which pupils a relative has is for the pupils to say.
    #[expect(clippy::needless_pass_by_value, reason = "as the drafts of pupils and staff, which keep it")]
    pub(super) fn fill(&mut self, later: Self) {
        self.who.fill_from(&later.who);
    }

    pub(super) fn read(record: &ImageRecord, prefix: &str) -> Self {
        let mut who = Person::draft(record, prefix, Profile::Relative);
        let mut pupils = None;
        for (name, values) in record.fields.iter() {
            if name == "ENTAuxPersRelEleveEleve" {
                pupils = Some(values.to_owned());
            } else {
                who.take(name, values);
            }
        }
        who.settle_address();
        Self { who, pupils }
    }
}

/// The composite attributes of a teacher, first field still the structure's key.
#[derive(Debug, Clone, Default)]
pub(super) struct Teaching {
    pub(super) mefs: OwnedValues,
    pub(super) subjects: OwnedValues,
    pub(super) classes: OwnedValues,
    pub(super) groups: OwnedValues,
    pub(super) classes_subjects: OwnedValues,
    pub(super) groups_subjects: OwnedValues,
    pub(super) head_teacher_of: OwnedValues,
}

#[derive(Debug, Clone)]
pub(super) struct StaffDraft {
    pub(super) who: Box<Person>,
    pub(super) administrative: Option<CompactString>,
    /// `struct$code$label$disciplineCode$disciplineLabel`.
    pub(super) functions: OwnedValues,
    pub(super) teaching: Teaching,
    pub(super) category_disciplines: Vec<CompactString>,
    /// `ENTEnsFonctionDir`: keys of the structures that the person directs.
    pub(super) directs: OwnedValues,
    /// `PersEducNatPresenceDevantEleves`.
    pub(super) present: bool,
    /// `ENTPersonCategorieEnseignant`: of a teacher corps.
    pub(super) corps: bool,
    /// What later sources say of the same person: somebody may serve in the schools of both.
    pub(super) also: Vec<Self>,
}

impl StaffDraft {
    /// Takes what a later source has and this one lacks; services add up.
    pub(super) fn fill(&mut self, mut later: Self) {
        self.who.fill_from(&later.who);
        self.present |= later.present;
        self.corps |= later.corps;
        if self.category_disciplines.is_empty() {
            self.category_disciplines.clone_from(&later.category_disciplines);
        }
        let more = std::mem::take(&mut later.also);
        self.also.push(later);
        self.also.extend(more);
    }

    pub(super) fn read(record: &ImageRecord, prefix: &str) -> Self {
        let mut who = Person::draft(record, prefix, Profile::Staff);
        let mut teaching = Teaching::default();
        let (mut administrative, mut functions, mut category_disciplines) = (None, OwnedValues::default(), Vec::new());
        let (mut present, mut corps, mut directs) = (false, false, OwnedValues::default());
        for (name, mut values) in record.fields.iter() {
            match name {
                "ENTPersonStructRattach" => administrative = one(&mut values),
                "ENTPersonFonctions" => functions = values.to_owned(),
                "ENTAuxEnsCategoDiscipline" => category_disciplines = all(values),
                "ENTEnsFonctionDir" => directs = values.to_owned(),
                "ENTAuxEnsMEF" => teaching.mefs = values.to_owned(),
                "ENTAuxEnsMatiereEnseignEtab" => teaching.subjects = values.to_owned(),
                "ENTAuxEnsClasses" => teaching.classes = values.to_owned(),
                "ENTAuxEnsGroupes" => teaching.groups = values.to_owned(),
                "ENTAuxEnsClassesMatieres" => teaching.classes_subjects = values.to_owned(),
                "ENTAuxEnsGroupesMatieres" => teaching.groups_subjects = values.to_owned(),
                "ENTAuxEnsClassesPrincipal" => teaching.head_teacher_of = values.to_owned(),
                "PersEducNatPresenceDevantEleves" => present = values.find_map(parse_flag).unwrap_or(false),
                "ENTPersonCategorieEnseignant" => corps = values.find_map(parse_flag).unwrap_or(false),
                other => {
                    who.take(other, values);
                }
            }
        }
        who.settle_address();
        let also = Vec::new();
        Self { who, administrative, functions, teaching, category_disciplines, directs, present, corps, also }
    }
}

fn one<'v>(values: &mut impl Iterator<Item = &'v str>) -> Option<CompactString> {
    values.next().map(CompactString::from)
}

pub(super) fn all<'v>(values: impl Iterator<Item = &'v str>) -> Vec<CompactString> {
    exact(values.map(CompactString::from))
}

/// Most lists have one value: without the room that a growing one would keep for more.
fn exact<T>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = values.collect();
    list.shrink_to_fit();
    list
}
