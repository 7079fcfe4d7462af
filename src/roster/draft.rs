//! First pass: a record becomes a draft, that is a typed person or structure whose references are still the keys that
//! the record gave.
//!
//! One walk over the packed attributes per record, then the record is gone: what a draft keeps is what the roster
//! keeps, and the few composite values whose structures and persons are not known before every record was seen.

use std::sync::Arc;

use compact_str::CompactString;
use jiff::civil::Date;

use super::links::{self, Legacy, RawLink};
use super::model::{Civility, Contact, ImageRecord, JoinKey, Name, Pupil, Studies};
use super::normal;
use crate::feed::values::{Uai, parse_civility, parse_date, parse_flag, siret_digits};
use crate::feed::{Category, Origin, Values};

/// What every draft has.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) key: JoinKey,
    pub(super) source: u16,
    pub(super) origin: Origin,
}

impl Head {
    /// Takes a record apart; `prefix` is its source's.
    pub(super) fn new(record: &ImageRecord, prefix: &str) -> Self {
        Self {
            key: JoinKey::new(prefix, &record.key),
            source: record.source,
            origin: Origin { file: record.file.clone(), line: record.line },
        }
    }
}

/// What pupils, relatives and staff have in common.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) head: Head,
    pub(super) name: Name,
    pub(super) civility: Option<Civility>,
    pub(super) birth: Option<Date>,
    pub(super) contact: Contact,
}

impl Who {
    fn new(head: Head) -> Self {
        Self { head, name: Name::default(), civility: None, birth: None, contact: Contact::default() }
    }

    /// Takes an attribute that any person may have; `false` when it is another's.
    fn take(&mut self, name: &str, mut values: Values<'_>) -> bool {
        let contact = &mut self.contact;
        match name {
            "sn" => self.name.surname = one(&mut values).unwrap_or_default(),
            "givenName" => self.name.first = one(&mut values).unwrap_or_default(),
            "ENTPersonNomPatro" => self.name.birth = one(&mut values),
            "ENTPersonAutresPrenoms" => self.name.others = all(values),
            "personalTitle" => self.civility = values.find_map(parse_civility),
            "ENTPersonDateNaissance" => self.birth = values.find_map(parse_date),
            "mail" => contact.mail = values.find_map(normal::mail),
            "homePhone" => contact.home_phone = values.find_map(normal::phone),
            "telephoneNumber" => contact.work_phone = values.find_map(normal::phone),
            "mobile" => contact.mobiles = exact(values.filter_map(normal::phone)),
            "ENTPersonMobileSMS" => contact.mobile_sms = values.find_map(normal::phone),
            "ENTPersonAdresseDiffusion" => contact.address_shared = values.find_map(parse_flag),
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

    fn finish(mut self) -> Self {
        let address = self.contact.address.map(Arc::unwrap_or_clone);
        self.contact.address = address.and_then(normal::address).map(Arc::new);
        self
    }

    /// Takes what a later source has and this one lacks. A name is never half of one source and half of another's.
    fn fill(&mut self, later: Self) {
        let (own, other) = (&mut self.contact, later.contact);
        fill(&mut self.name.birth, later.name.birth);
        if self.name.others.is_empty() {
            self.name.others = later.name.others;
        }
        fill(&mut self.civility, later.civility);
        fill(&mut self.birth, later.birth);
        fill(&mut own.mail, other.mail);
        fill(&mut own.home_phone, other.home_phone);
        fill(&mut own.work_phone, other.work_phone);
        fill(&mut own.mobile_sms, other.mobile_sms);
        fill(&mut own.address, other.address);
        fill(&mut own.address_shared, other.address_shared);
        if own.mobiles.is_empty() {
            own.mobiles = other.mobiles;
        }
    }
}

/// A later source gives a value where there is none.
fn fill<T>(own: &mut Option<T>, later: Option<T>) {
    if own.is_none() {
        *own = later;
    }
}

/// The links of a pupil as the record gave them.
#[derive(Debug, Clone)]
pub(super) enum RawLinks {
    Current(Vec<RawLink>),
    /// `ENTElevePersRelEleve` is not there at all: a set from before it.
    Legacy(Box<Legacy>),
}

impl Default for RawLinks {
    fn default() -> Self {
        Self::Current(Vec::new())
    }
}

impl RawLinks {
    /// Whether no relative is named.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Current(links) => links.is_empty(),
            Self::Legacy(legacy) => legacy.is_empty(),
        }
    }

    pub(super) fn into_links(self) -> Vec<RawLink> {
        match self {
            Self::Current(links) => links,
            Self::Legacy(legacy) => legacy.links(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct PupilDraft {
    pub(super) who: Box<Who>,
    pub(super) administrative: Option<CompactString>,
    /// `struct$class` and `struct$group`.
    pub(super) classes: Vec<CompactString>,
    pub(super) groups: Vec<CompactString>,
    pub(super) links: RawLinks,
    /// Keys of the relatives at whose address he lives.
    pub(super) lives_with: Vec<CompactString>,
    pub(super) pupil: Box<Pupil>,
    /// What later sources say of the same pupil; their references are to their own keys.
    pub(super) also: Vec<Self>,
}

impl PupilDraft {
    /// Takes what a later source has and this one lacks; schools and families are settled with the structures known.
    pub(super) fn fill(&mut self, mut later: Self) {
        let (own, other) = (&mut self.pupil, &mut later.pupil);
        for (own, other) in [
            (&mut own.ine, &mut other.ine),
            (&mut own.siecle, &mut other.siecle),
            (&mut own.regime, &mut other.regime),
            (&mut own.statut, &mut other.statut),
        ] {
            fill(own, other.take());
        }
        fill(&mut own.boursier, other.boursier);
        fill(&mut own.transport, other.transport);
        let (own, other) = (Arc::make_mut(&mut own.studies), &other.studies);
        for (own, other) in [
            (&mut own.mef, &other.mef),
            (&mut own.libelle_mef, &other.libelle_mef),
            (&mut own.niv_formation, &other.niv_formation),
            (&mut own.filiere, &other.filiere),
        ] {
            fill(own, other.clone());
        }
        if own.enseignements.is_empty() && own.code_enseignements.is_empty() {
            own.enseignements.clone_from(&other.enseignements);
            own.code_enseignements.clone_from(&other.code_enseignements);
        }
        self.who.fill((*later.who).clone());
        let more = std::mem::take(&mut later.also);
        self.also.push(later);
        self.also.extend(more);
    }

    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let mut who = Who::new(head);
        let (mut pupil, mut studies) = (Box::<Pupil>::default(), Studies::default());
        let (mut administrative, mut classes, mut groups) = (None, Vec::new(), Vec::new());
        let (mut links, mut lives_with) = (None, Vec::new());
        let mut legacy = Legacy::default();
        for (name, mut values) in record.fields.iter() {
            match name {
                "ENTPersonStructRattach" => administrative = one(&mut values),
                "ENTEleveClasses" => classes = all(values),
                "ENTEleveGroupes" => groups = all(values),
                "ENTElevePersRelEleve" => links = Some(exact(values.filter_map(links::parse))),
                "ENTEleveAdresseRel" => lives_with = all(values),
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
        pupil.studies = Arc::new(studies);
        let links = links.map_or_else(|| RawLinks::Legacy(Box::new(legacy)), RawLinks::Current);
        Self {
            who: Box::new(who.finish()),
            administrative,
            classes,
            groups,
            links,
            lives_with,
            pupil,
            also: Vec::new(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct RelativeDraft {
    pub(super) who: Box<Who>,
    /// Keys of the pupils that the relative's own record names; `None` when the set does not say.
    pub(super) pupils: Option<Vec<CompactString>>,
}

impl RelativeDraft {
    /// Takes what a later source has and this one lacks. Which pupils a relative has is for the pupils to say.
    pub(super) fn fill(&mut self, later: Self) {
        self.who.fill(*later.who);
    }

    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let mut who = Who::new(head);
        let mut pupils = None;
        for (name, values) in record.fields.iter() {
            if name == "ENTAuxPersRelEleveEleve" {
                pupils = Some(all(values));
            } else {
                who.take(name, values);
            }
        }
        Self { who: Box::new(who.finish()), pupils }
    }
}

/// The composite attributes of a teacher, first field still the structure's key.
#[derive(Debug, Clone, Default)]
pub(super) struct Teaching {
    pub(super) mefs: Vec<CompactString>,
    pub(super) subjects: Vec<CompactString>,
    pub(super) classes: Vec<CompactString>,
    pub(super) groups: Vec<CompactString>,
    pub(super) classes_subjects: Vec<CompactString>,
    pub(super) groups_subjects: Vec<CompactString>,
    pub(super) head_teacher_of: Vec<CompactString>,
}

#[derive(Debug, Clone)]
pub(super) struct StaffDraft {
    pub(super) who: Box<Who>,
    pub(super) administrative: Option<CompactString>,
    /// `struct$code$label$disciplineCode$disciplineLabel`.
    pub(super) functions: Vec<CompactString>,
    pub(super) teaching: Teaching,
    pub(super) category_disciplines: Vec<CompactString>,
    /// `ENTEnsFonctionDir`: keys of the structures that the person directs.
    pub(super) directs: Vec<CompactString>,
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
        self.who.fill((*later.who).clone());
        self.present |= later.present;
        self.corps |= later.corps;
        if self.category_disciplines.is_empty() {
            self.category_disciplines.clone_from(&later.category_disciplines);
        }
        let more = std::mem::take(&mut later.also);
        self.also.push(later);
        self.also.extend(more);
    }

    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let mut who = Who::new(head);
        let mut teaching = Teaching::default();
        let (mut administrative, mut functions, mut category_disciplines) = (None, Vec::new(), Vec::new());
        let (mut present, mut corps, mut directs) = (false, false, Vec::new());
        for (name, mut values) in record.fields.iter() {
            match name {
                "ENTPersonStructRattach" => administrative = one(&mut values),
                "ENTPersonFonctions" => functions = all(values),
                "ENTAuxEnsCategoDiscipline" => category_disciplines = all(values),
                "ENTEnsFonctionDir" => directs = all(values),
                "ENTAuxEnsMEF" => teaching.mefs = all(values),
                "ENTAuxEnsMatiereEnseignEtab" => teaching.subjects = all(values),
                "ENTAuxEnsClasses" => teaching.classes = all(values),
                "ENTAuxEnsGroupes" => teaching.groups = all(values),
                "ENTAuxEnsClassesMatieres" => teaching.classes_subjects = all(values),
                "ENTAuxEnsGroupesMatieres" => teaching.groups_subjects = all(values),
                "ENTAuxEnsClassesPrincipal" => teaching.head_teacher_of = all(values),
                "PersEducNatPresenceDevantEleves" => present = values.find_map(parse_flag).unwrap_or(false),
                "ENTPersonCategorieEnseignant" => corps = values.find_map(parse_flag).unwrap_or(false),
                other => {
                    who.take(other, values);
                }
            }
        }
        let also = Vec::new();
        Self {
            who: Box::new(who.finish()),
            administrative,
            functions,
            teaching,
            category_disciplines,
            directs,
            present,
            corps,
            also,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct StructureDraft {
    pub(super) head: Head,
    pub(super) uai: Option<Uai>,
    pub(super) siret: Option<CompactString>,
    pub(super) name: CompactString,
    pub(super) kind: Option<CompactString>,
    pub(super) ministry: Option<CompactString>,
    pub(super) contract: Option<CompactString>,
    pub(super) academy: Option<CompactString>,
    pub(super) bassin: Option<CompactString>,
    pub(super) street: Option<CompactString>,
    pub(super) post_office_box: Option<CompactString>,
    pub(super) postal_code: Option<CompactString>,
    pub(super) town: Option<CompactString>,
    pub(super) phone: Option<CompactString>,
    pub(super) fax: Option<CompactString>,
    pub(super) mail: Option<CompactString>,
    pub(super) attached_to: Vec<CompactString>,
    /// `code$label$mef…` and `code$label$division…`.
    pub(super) classes: Vec<CompactString>,
    pub(super) groups: Vec<CompactString>,
}

impl StructureDraft {
    /// Takes what another record of the same school has and this one lacks; classes and groups add up.
    pub(super) fn fill(&mut self, later: Self) {
        self.classes.extend(later.classes);
        self.groups.extend(later.groups);
        if self.head.source == later.head.source {
            return;
        }
        if self.name.is_empty() {
            self.name = later.name;
        }
        let own = [
            (&mut self.siret, later.siret),
            (&mut self.kind, later.kind),
            (&mut self.ministry, later.ministry),
            (&mut self.contract, later.contract),
            (&mut self.academy, later.academy),
            (&mut self.bassin, later.bassin),
            (&mut self.phone, later.phone),
            (&mut self.fax, later.fax),
            (&mut self.mail, later.mail),
        ];
        for (own, later) in own {
            fill(own, later);
        }
        // An address is one source's or the other's.
        if self.street.is_none() && self.postal_code.is_none() && self.town.is_none() {
            self.street = later.street;
            self.post_office_box = later.post_office_box;
            self.postal_code = later.postal_code;
            self.town = later.town;
        }
    }

    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let fields = &record.fields;
        let text = |name: &str| fields.first(name).map(CompactString::from);
        let uai = |name: &str| fields.values(name).find_map(Uai::parse);
        let phone = |name: &str| fields.values(name).find_map(normal::phone);
        Self {
            head,
            uai: uai("ENTStructureUAI").or_else(|| uai("ENTEtablissementUAI")),
            siret: fields.values("ENTStructureSIREN").find_map(siret_digits),
            name: text("ENTStructureNomCourant").unwrap_or_default(),
            kind: text("ENTStructureTypeStruct"),
            ministry: text("ENTEtablissementMinistereTutelle"),
            contract: text("ENTEtablissementContrat"),
            academy: text("ENTServAcAcademie"),
            bassin: text("ENTEtablissementBassin"),
            street: text("street"),
            post_office_box: text("postOfficeBox"),
            postal_code: fields.values("postalCode").find_map(normal::postal_code),
            town: text("l"),
            phone: phone("telephoneNumber"),
            fax: phone("facsimileTelephoneNumber"),
            mail: fields.values("ENTStructureMailSI").find_map(normal::mail),
            attached_to: all(fields.values("ENTEtablissementStructRattachFctl")),
            classes: all(fields.values("ENTStructureClasses")),
            groups: all(fields.values("ENTStructureGroupes")),
        }
    }
}

/// What the roster takes from the two nomenclatures: words for codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label {
    pub(super) words: CompactString,
    /// `ENTNivFormation` and `ENTFiliere`, of a MEF.
    pub(super) level: Option<CompactString>,
    pub(super) track: Option<CompactString>,
}

impl Label {
    pub(super) fn read(record: &ImageRecord) -> Option<Self> {
        let fields = &record.fields;
        let name = if record.category == Category::Mef { "ENTLibelleMef" } else { "ENTLibelleMatiere" };
        Some(Self {
            words: fields.first(name)?.into(),
            level: fields.first("ENTNivFormation").map(CompactString::from),
            track: fields.first("ENTFiliere").map(CompactString::from),
        })
    }
}

fn one<'v>(values: &mut impl Iterator<Item = &'v str>) -> Option<CompactString> {
    values.next().map(CompactString::from)
}

fn all<'v>(values: impl Iterator<Item = &'v str>) -> Vec<CompactString> {
    exact(values.map(CompactString::from))
}

/// Most lists have one value: without the room that a growing one would keep for more.
fn exact<T>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = values.collect();
    list.shrink_to_fit();
    list
}
