//! First pass: a record becomes a draft, that is a typed person or structure whose references are still the keys that
//! the record gave.
//!
//! One walk over the packed attributes per record, then the record is gone: what a draft keeps is what the roster
//! keeps, and the few composite values whose structures and persons are not known before every record was seen.

use compact_str::CompactString;
use jiff::civil::Date;

use super::links::{self, Legacy, RawLink};
use super::model::{Civility, Contact, ImageRecord, JoinKey, Name, Pupil};
use super::normal;
use crate::feed::values::Uai;
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
            "personalTitle" => self.civility = values.find_map(normal::civility),
            "ENTPersonDateNaissance" => self.birth = values.find_map(normal::date),
            "mail" => contact.mail = values.find_map(normal::mail),
            "homePhone" => contact.home_phone = values.find_map(normal::phone),
            "telephoneNumber" => contact.work_phone = values.find_map(normal::phone),
            "mobile" => contact.mobiles = exact(values.filter_map(normal::phone)),
            "ENTPersonMobileSMS" => contact.mobile_sms = values.find_map(normal::phone),
            "ENTPersonAdresseDiffusion" => contact.address_shared = values.find_map(normal::flag),
            "ENTPersonAdresse" => {
                contact.address.get_or_insert_default().lines = exact(values.flat_map(normal::address_lines));
            }
            "ENTPersonCodePostal" => {
                contact.address.get_or_insert_default().postal_code = values.find_map(normal::postal_code);
            }
            "ENTPersonVille" => contact.address.get_or_insert_default().town = one(&mut values),
            "ENTPersonPays" => contact.address.get_or_insert_default().country = one(&mut values),
            _ => return false,
        }
        true
    }

    fn finish(mut self) -> Self {
        self.contact.address = self.contact.address.and_then(normal::address);
        self
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
    pub(super) fn into_links(self) -> Vec<RawLink> {
        match self {
            Self::Current(links) => links,
            Self::Legacy(legacy) => legacy.links(),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct PupilDraft {
    pub(super) who: Who,
    pub(super) administrative: Option<CompactString>,
    /// `struct$class` and `struct$group`.
    pub(super) classes: Vec<CompactString>,
    pub(super) groups: Vec<CompactString>,
    pub(super) links: RawLinks,
    /// Keys of the relatives at whose address he lives.
    pub(super) lives_with: Vec<CompactString>,
    pub(super) pupil: Box<Pupil>,
}

impl PupilDraft {
    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let mut who = Who::new(head);
        let mut pupil = Box::<Pupil>::default();
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
                "ENTEleveBoursier" => pupil.boursier = values.find_map(normal::flag),
                "ENTEleveTransport" => pupil.transport = values.find_map(normal::flag),
                "ENTEleveRegime" => pupil.regime = one(&mut values),
                "ENTEleveStatutEleve" => pupil.statut = one(&mut values),
                "ENTEleveMEF" => pupil.mef = one(&mut values),
                "ENTEleveLibelleMEF" => pupil.libelle_mef = one(&mut values),
                "ENTEleveNivFormation" => pupil.niv_formation = one(&mut values),
                "ENTEleveFiliere" => pupil.filiere = one(&mut values),
                "ENTEleveEnseignements" => pupil.enseignements = all(values),
                "ENTEleveCodeEnseignements" => pupil.code_enseignements = all(values),
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
        let links = links.map_or_else(|| RawLinks::Legacy(Box::new(legacy)), RawLinks::Current);
        Self { who: who.finish(), administrative, classes, groups, links, lives_with, pupil }
    }
}

#[derive(Debug, Clone)]
pub(super) struct RelativeDraft {
    pub(super) who: Who,
    /// Keys of the pupils that the relative's own record names; `None` when the set does not say.
    pub(super) pupils: Option<Vec<CompactString>>,
}

impl RelativeDraft {
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
        Self { who: who.finish(), pupils }
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
    pub(super) who: Who,
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
}

impl StaffDraft {
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
                "PersEducNatPresenceDevantEleves" => present = values.find_map(normal::flag).unwrap_or(false),
                "ENTPersonCategorieEnseignant" => corps = values.find_map(normal::flag).unwrap_or(false),
                other => {
                    who.take(other, values);
                }
            }
        }
        Self { who: who.finish(), administrative, functions, teaching, category_disciplines, directs, present, corps }
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
    pub(super) fn read(head: Head, record: &ImageRecord) -> Self {
        let fields = &record.fields;
        let text = |name: &str| fields.first(name).map(CompactString::from);
        let uai = |name: &str| fields.values(name).find_map(Uai::parse);
        let phone = |name: &str| fields.values(name).find_map(normal::phone);
        Self {
            head,
            uai: uai("ENTStructureUAI").or_else(|| uai("ENTEtablissementUAI")),
            siret: fields.values("ENTStructureSIREN").find_map(normal::siret),
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
