//! The attributes that the AAF is known to carry, second and first degree, old and new, and what each must look like.
//!
//! The parser is driven by these names and never by the version of the export: versions only add to them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a value of an attribute must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Check {
    /// Nothing to check.
    Free,
    /// Must equal the identifier of its record.
    JoinKey,
    Surname,
    FirstName,
    BirthDate,
    Date,
    Phone,
    Mail,
    PostalCode,
    Uai,
    Siret,
    Ine,
    Mef,
    Civility,
    Regime,
    /// A label where double encoding shows.
    Label,
    /// Fields separated by `$`: the least and the most.
    Composite(u8, u8),
    /// `id$link$financial$legal$contact$payment`.
    Links,
    /// `struct$code$label$disciplineCode$disciplineLabel`.
    Functions,
    /// `struct$dd/mm/yyyy$class`.
    DatedClass,
    /// The administrative structure of a person.
    Structure,
    /// Ids alone in the old second degree, `id$link` in the first.
    Authority,
}

/// In what words the value of an attribute goes on: those of the second degree, which everything downstream knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::feed) enum Becomes {
    Itself,
    /// The same under another name.
    Named(&'static str),
    /// `struct$typeCode$typeLabel$id$label`: a class, as `struct$id$label`.
    Class,
    Group,
    /// A holder of parental authority: a link of six fields.
    Link,
    /// `code$label`: also the level of the pupil, which the second degree gives as a label.
    Level,
}

/// An attribute of the AAF.
#[derive(Debug)]
pub(in crate::feed) struct Attribute {
    pub name: &'static str,
    /// How a school calls it; the name itself when nobody but the export speaks of it.
    pub label: &'static str,
    pub check: Check,
    pub becomes: Becomes,
}

macro_rules! vocabulary {
    ($( $name:literal $label:literal $check:ident $(($least:expr, $most:expr))? $(=> $becomes:expr)?; )*) => {
        const ATTRIBUTES: &[Attribute] = &[ $( Attribute {
            name: $name,
            label: $label,
            check: $check $(($least, $most))?,
            becomes: vocabulary!(@ $($becomes)?),
        }, )* ];
    };
    (@) => { Becomes::Itself };
    (@ $becomes:expr) => { $becomes };
}

use Becomes::{Class, Group, Level, Link, Named};
use Check::{
    Authority, BirthDate, Civility, Composite, Date, DatedClass, FirstName, Free, Functions, Ine, JoinKey, Label,
    Links, Mail, Mef, Phone, PostalCode, Regime, Siret, Structure, Surname, Uai,
};

vocabulary! {
    // Any person.
    "ENTPersonJointure" "" JoinKey;
    "ENTPersonDateNaissance" "date de naissance" BirthDate;
    "ENTPersonNomPatro" "nom de famille" Label;
    "sn" "nom" Surname;
    "givenName" "prénom" FirstName;
    "ENTPersonAutresPrenoms" "autres prénoms" Label;
    "personalTitle" "civilité" Civility;
    "ENTPersonStructRattach" "établissement de rattachement" Structure;
    "ENTPersonAdresse" "adresse" Label;
    "ENTPersonCodePostal" "code postal" PostalCode;
    "ENTPersonVille" "ville" Label;
    "ENTPersonPays" "pays" Free;
    "ENTPersonAdresseDiffusion" "diffusion de l'adresse" Free;
    "mail" "adresse électronique" Mail;
    "homePhone" "téléphone du domicile" Phone;
    "telephoneNumber" "téléphone professionnel" Phone;
    "mobile" "téléphone portable" Phone;
    "ENTPersonMobileSMS" "portable pour les SMS" Phone;

    // Pupils.
    "ENTEleveINE" "INE" Ine;
    "ENTEleveStructRattachId" "numéro dans l'établissement" Free;
    "ENTEleveStructureRattachIdMEN" "" Free;
    "ENTElevePersRelEleve" "liens avec les responsables" Links;
    "ENTEleveBoursier" "" Free;
    "ENTEleveRegime" "régime" Regime;
    "ENTEleveTransport" "" Free;
    "ENTEleveStatutEleve" "statut" Free;
    "ENTEleveMEF" "MEF" Mef;
    "ENTEleveLibelleMEF" "" Label;
    "ENTEleveNivFormation" "" Free;
    "ENTEleveFiliere" "" Free;
    "ENTEleveEnseignements" "" Label;
    "ENTEleveCodeEnseignements" "" Free;
    "ENTEleveEnseignementsEtablissementsAccueil" "" Free;
    "ENTEleveClasses" "division" Composite(2, 2);
    "ENTEleveGroupes" "groupes" Composite(2, 2);
    "ENTEleveAdresseRel" "" Free;
    "ENTEleveDateEntreeClasses" "entrée dans la division" DatedClass;
    "ENTEleveDateSortieClasses" "sortie de la division" DatedClass;
    "ENTEleveDateEntreeStructRattach" "entrée dans l'établissement" Date;
    "ENTEleveDateSortieStructRattach" "sortie de l'établissement" Date;
    // Pupils until about 2015: a projection of ENTElevePersRelEleve.
    "ENTEleveParents" "" Free;
    "ENTElevePere" "" Free;
    "ENTEleveMere" "" Free;
    "ENTElevePersRelEleve1" "" Free;
    "ENTElevePersRelEleve2" "" Free;
    "ENTEleveQualitePersRelEleve1" "" Free;
    "ENTEleveQualitePersRelEleve2" "" Free;
    // Ids alone in the old second degree, `id$link` in the first degree.
    "ENTEleveAutoriteParentale" "autorité parentale" Authority => Link;

    // Relatives.
    "ENTAuxPersRelEleveEleve" "" Free;

    // Staff.
    "ENTPersonFonctions" "fonctions" Functions;
    "ENTAuxEnsCategoDiscipline" "" Composite(2, 2);
    "ENTAuxEnsDisciplinesPoste" "" Free;
    "ENTAuxEnsMEF" "MEF enseignés" Composite(3, 3);
    "ENTAuxEnsMatiereEnseignEtab" "matières enseignées" Composite(2, 2);
    "ENTAuxEnsClasses" "divisions" Composite(2, 2);
    "ENTAuxEnsGroupes" "groupes" Composite(2, 2);
    "ENTAuxEnsClassesMatieres" "divisions et matières" Composite(3, 3);
    "ENTAuxEnsGroupesMatieres" "groupes et matières" Composite(3, 3);
    "ENTAuxEnsClassesPrincipal" "professeur principal" Composite(2, 2);
    "PersEducNatPresenceDevantEleves" "" Free;
    "ENTPersonCategorieEnseignant" "" Free;
    "ENTEnsFonctionDir" "" Free;
    "ENTEnsSpecialites" "" Composite(2, 2);
    "ENTPersonSTSId" "" Composite(2, 2);
    "ENTPersonStructRattachDate" "" Free;
    "ENTAuxEnsCategoDisciplineDate" "" Free;
    "ENTAuxEnsMEFDate" "" Free;
    "ENTAuxEnsClassesMatieresDate" "" Free;
    "ENTAuxEnsGroupesMatieresDate" "" Free;
    "ENTAuxEnsClassesPrincipalDate" "" Free;
    "ENTPersonFonctionsDate" "" Free;
    "ENTPersonCategorieEnseignantDate" "" Free;

    // Structures.
    "ENTStructureJointure" "" JoinKey;
    "ENTStructureUAI" "UAI" Uai;
    "ENTEtablissementUAI" "" Free;
    "ENTStructureSIREN" "SIRET" Siret;
    "ENTStructureNomCourant" "nom" Label;
    "ENTStructureTypeStruct" "type" Free;
    "ENTStructureCodeTypeStruct" "" Free;
    "ENTEtablissementMinistereTutelle" "" Free;
    "ENTEtablissementCodeMinistereTutelle" "" Free;
    "ENTEtablissementContrat" "contrat" Free;
    "postOfficeBox" "boîte postale" Free;
    "street" "rue" Label;
    "postalCode" "code postal" PostalCode;
    "l" "ville" Label;
    "facsimileTelephoneNumber" "télécopie" Phone;
    "ENTStructureMailSI" "adresse électronique" Mail;
    "ENTEtablissementStructRattachFctl" "" Free;
    "ENTEtablissementBassin" "" Composite(2, 2);
    "ENTServAcAcademie" "académie" Free;
    "ENTServAcCodeAcademie" "" Free;
    "ENTStructureClasses" "divisions" Composite(2, u8::MAX);
    "ENTStructureGroupes" "groupes" Composite(2, u8::MAX);

    // Nomenclatures.
    "ENTMatJointure" "" JoinKey;
    "ENTLibelleMatiere" "libellé" Label;
    "ENTMatiereRattach" "" Free;
    "ENTMefJointure" "" JoinKey;
    "ENTLibelleMef" "libellé" Label;
    "ENTMEFRattach" "" Free;
    "ENTMEFSTAT11" "" Free;
    "ENTNivFormation" "" Free;
    "ENTFiliere" "" Free;

    // First degree.
    "ENTPersonNom" "nom" Surname => Named("sn");
    "ENTPersonPrenom" "prénom" FirstName => Named("givenName");
    "ENTPersonCivilite" "civilité" Civility => Named("personalTitle");
    "ENTPersonMail" "adresse électronique" Mail => Named("mail");
    "ENTPersonTelPerso" "téléphone du domicile" Phone => Named("homePhone");
    "ENTPersRelEleveTelPro" "téléphone professionnel" Phone => Named("telephoneNumber");
    "ENTPersRelEleveTelMobile" "téléphone portable" Phone => Named("mobile");
    "ENTPersRelEleveEleve" "" Free => Named("ENTAuxPersRelEleveEleve");
    "ENTPersonClasses" "classes" Composite(5, 5) => Class;
    "ENTPersonGroupes" "groupes" Composite(5, 5) => Group;
    "ENTEleveNiveau" "niveau" Composite(2, 2) => Level;
    "ENTEleveCycle" "" Composite(2, 2);
    "ENTEleveTypeClasse" "" Composite(2, 2);
    "ENTEleveRestaurantScolaire" "" Free;
    "ENTEleveGarderieMatin" "" Free;
    "ENTEleveGarderieSoir" "" Free;
    "ENTEleveEtudesSurveillees" "" Free;
    "ENTStructureAdresse" "adresse" Label => Named("street");
    "ENTStructureBoitePostale" "" Free => Named("postOfficeBox");
    "ENTStructureCodePostal" "code postal" PostalCode => Named("postalCode");
    "ENTStructureVille" "ville" Label => Named("l");
    "ENTStructureTelephone" "téléphone" Phone => Named("telephoneNumber");
    "ENTStructureFax" "télécopie" Phone => Named("facsimileTelephoneNumber");
    "ENTEcoleMinistereTutelle" "" Free => Named("ENTEtablissementMinistereTutelle");
    "ENTEcoleCodeMinistereTutelle" "" Free => Named("ENTEtablissementCodeMinistereTutelle");
    "ENTEcoleSecteur" "" Free => Named("ENTEtablissementContrat");
    "ENTEcoleCirconscription" "" Free;
    "ENTEcoleCommune" "" Composite(3, 3);
    "ENTEcoleRPI" "" Composite(3, 3);
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static Attribute>> =
    LazyLock::new(|| ATTRIBUTES.iter().map(|attribute| (attribute.name, attribute)).collect());

/// An attribute by its name.
pub(in crate::feed) fn attribute(name: &str) -> Option<&'static Attribute> {
    BY_NAME.get(name).copied()
}

impl Attribute {
    /// How it is called in a message: `téléphone du domicile (homePhone)`.
    pub(in crate::feed) fn called(&self) -> String {
        if self.label.is_empty() { self.name.to_owned() } else { format!("{} ({})", self.label, self.name) }
    }
}

/// Whether a name is in the vocabulary.
pub(super) fn is_known(name: &str) -> bool {
    BY_NAME.contains_key(name)
}

/// Recognises names. Records of one part list the same attributes in the same order: the one that followed last time is
/// tried before the table is.
#[derive(Debug, Default)]
pub(super) struct Recogniser {
    expected: Vec<&'static Attribute>,
    at: usize,
}

impl Recogniser {
    /// Starts a record.
    pub(super) fn begin(&mut self) {
        self.at = 0;
    }

    pub(super) fn recognise(&mut self, name: &str) -> Option<&'static Attribute> {
        let expected = self.expected.get(self.at).copied();
        if let Some(attribute) = expected.filter(|attribute| attribute.name == name) {
            self.at += 1;
            return Some(attribute);
        }
        let attribute = BY_NAME.get(name).copied()?;
        // A record has as many attributes as its sender likes; only so many are worth remembering.
        if let Some(slot) = self.expected.get_mut(self.at) {
            *slot = attribute;
        } else if self.expected.len() < ATTRIBUTES.len() {
            self.expected.push(attribute);
        }
        self.at += 1;
        Some(attribute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_recognised_in_any_order() {
        assert_eq!(BY_NAME.len(), ATTRIBUTES.len());
        let mut recogniser = Recogniser::default();
        for names in [["sn", "mail", "l"], ["sn", "mail", "l"], ["l", "sn", "sn"]] {
            recogniser.begin();
            for name in names {
                assert_eq!(recogniser.recognise(name).map(|a| a.name), Some(name));
            }
            assert!(recogniser.recognise("ENTNoSuch").is_none());
        }
    }

    #[test]
    fn the_published_list_is_this_one() {
        let published = include_str!("../../../schemas/aaf/attributes.txt");
        let listed: Vec<&str> = published.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
        let known: Vec<&str> = ATTRIBUTES.iter().map(|a| a.name).collect();
        assert_eq!(listed, known);
    }
}
