//! First pass, structures and nomenclatures: as [`super::draft`] for persons.

use compact_str::CompactString;

use super::draft::{Head, all, fill, origin_of};
use super::model::{ImageRecord, JoinKey};
use super::normal;
use crate::feed::values::{Uai, siret_digits};
use crate::feed::{Category, Origin};

#[derive(Debug, Clone)]
pub(super) struct StructureDraft {
    pub(super) key: JoinKey,
    pub(super) source: u16,
    pub(super) origin: Origin,
    /// Merged into the structure whose UAI it has now.
    pub(super) joined: bool,
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

impl<'r> From<&'r StructureDraft> for Head<'r> {
    fn from(draft: &'r StructureDraft) -> Self {
        Self { key: &draft.key, source: draft.source, origin: &draft.origin }
    }
}

impl StructureDraft {
    /// Takes what another record of the same school has and this one lacks; classes and groups add up.
    pub(super) fn fill(&mut self, later: Self) {
        self.classes.extend(later.classes);
        self.groups.extend(later.groups);
        if self.source == later.source {
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
            fill(own, later.as_ref());
        }
        // An address is one source's or the other's.
        if self.street.is_none() && self.postal_code.is_none() && self.town.is_none() {
            self.street = later.street;
            self.post_office_box = later.post_office_box;
            self.postal_code = later.postal_code;
            self.town = later.town;
        }
    }

    pub(super) fn read(record: &ImageRecord, prefix: &str) -> Self {
        let fields = &record.fields;
        let text = |name: &str| fields.first(name).map(CompactString::from);
        let uai = |name: &str| fields.values(name).find_map(Uai::parse);
        let phone = |name: &str| fields.values(name).find_map(normal::phone);
        Self {
            key: JoinKey::new(prefix, &record.key),
            source: record.source,
            origin: origin_of(record),
            joined: false,
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
