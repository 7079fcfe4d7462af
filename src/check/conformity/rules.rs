//! The rules, in one table: what is asked of a feed, how strongly, and by whom.
//!
//! *SDET 4* is annex 4 of the *schéma directeur des espaces numériques de travail*, the classes of the directory (what
//! an entry must hold, the feed must deliver); *SDET 4 bis* is its annex on the academic feed (AAF). *Comptes* and
//! *courriers* are what giving out accounts and credentials needs in practice. Attributes are those of the AAF, second
//! degree first, then their names in the first degree.

use serde::Serialize;

use crate::feed::values::{Ine, Uai, composite, is_mail, is_mef, parse_date, parse_siret, split_composite};
use crate::feed::{Category, Code, Fields};

/// How strongly a rule is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// *Exigence.*
    Must,
    /// *Recommandation.*
    Should,
}

/// What is asked of the records of a category.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Stable, for scripts.
    pub id: &'static str,
    pub about: Category,
    pub level: Level,
    /// French.
    pub label: &'static str,
    /// Who asks.
    pub source: &'static str,
    #[serde(skip)]
    pub(super) asked: Asked,
    /// The finding of a record that was rejected for want of this.
    #[serde(skip)]
    pub(super) rejection: Option<Code>,
}

/// How a rule is checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// Of the record alone; `None` when the rule does not concern it.
    OfRecord(fn(&Fields) -> Option<bool>),
    /// That a delivered pupil is linked to the relative.
    OfLinks,
}

const ENTRY: &str = "SDET 4 (entrée obligatoire de l'annuaire)";
const FEED: &str = "SDET 4 bis (alimentation AAF)";
const ACCOUNTS: &str = "création des comptes";
const LETTERS: &str = "envoi des identifiants";

macro_rules! rules {
    ($( $about:ident { $( $id:literal $level:ident $label:literal $source:ident $asked:expr $(, $rejection:ident)?; )* } )*) => {
        &[ $( $( Rule {
            id: $id,
            about: Category::$about,
            level: Level::$level,
            label: $label,
            source: $source,
            asked: $asked,
            rejection: rules!(@rejection $($rejection)?),
        }, )* )* ]
    };
    (@rejection) => { None };
    (@rejection $rejection:ident) => { Some(Code::$rejection) };
}

use Asked::{OfLinks, OfRecord};

/// At most 64: a record's outcome is bits of a word.
pub(super) const RULES: &[Rule] = rules! {
    Structure {
        "structure-uai" Must "UAI à la clé juste" FEED
            OfRecord(|f| Some(first(f, &["ENTStructureUAI", "ENTEtablissementUAI"]).and_then(Uai::parse).is_some_and(|uai| uai.is_regular())));
        "structure-siret" Must "SIRET à la clé juste" ENTRY
            OfRecord(|f| Some(first(f, &["ENTStructureSIREN"]).and_then(parse_siret).is_some()));
        "structure-name" Must "nom courant" ENTRY OfRecord(|f| any(f, &["ENTStructureNomCourant"]));
        "structure-ministry" Must "ministère de tutelle" ENTRY
            OfRecord(|f| any(f, &["ENTEtablissementMinistereTutelle", "ENTEcoleMinistereTutelle"]));
        "structure-contract" Must "contrat (public ou privé)" ENTRY
            OfRecord(|f| any(f, &["ENTEtablissementContrat", "ENTEcoleSecteur"]));
        "structure-type" Should "type d'établissement" FEED OfRecord(|f| any(f, &["ENTStructureTypeStruct"]));
        "structure-classes" Should "liste des divisions (second degré)" FEED
            OfRecord(|f| if first_degree_structure(f) { None } else { any(f, &["ENTStructureClasses"]) });
        "structure-address" Should "code postal et ville" FEED
            OfRecord(|f| all(f, &[&["postalCode", "ENTStructureCodePostal"], &["l", "ENTStructureVille"]]));
    }
    Pupil {
        "pupil-surname" Must "nom" ACCOUNTS OfRecord(|f| any(f, SURNAME)), MissingSurname;
        "pupil-first-name" Must "prénom" ACCOUNTS OfRecord(|f| any(f, FIRST_NAME)), MissingFirstName;
        "pupil-birth-date" Must "date de naissance" ACCOUNTS
            OfRecord(|f| Some(first(f, &["ENTPersonDateNaissance"]).and_then(parse_date).is_some())), MissingBirthDate;
        "pupil-structure" Must "établissement de rattachement" FEED OfRecord(|f| any(f, &["ENTPersonStructRattach"]));
        "pupil-class" Must "division ou classe" ENTRY OfRecord(|f| any(f, &["ENTEleveClasses", "ENTPersonClasses"]));
        "pupil-mef" Must "formation (MEF ; niveau dans le premier degré)" ENTRY
            OfRecord(|f| Some(first(f, &["ENTEleveMEF"]).map_or_else(|| f.first("ENTEleveNiveau").is_some(), is_mef)));
        "pupil-level" Must "libellé de la formation, niveau et filière (second degré)" ENTRY
            OfRecord(|f| if f.contains("ENTEleveNiveau") { None } else { all(f, &[&["ENTEleveLibelleMEF"], &["ENTEleveNivFormation"], &["ENTEleveFiliere"]]) });
        "pupil-status" Must "statut (second degré)" ENTRY
            OfRecord(|f| if f.contains("ENTEleveNiveau") { None } else { any(f, &["ENTEleveStatutEleve"]) });
        "pupil-guardian" Must "au moins un représentant légal" ACCOUNTS OfRecord(|f| Some(has_guardian(f)));
        "pupil-ine" Should "INE bien formé" FEED
            OfRecord(|f| Some(first(f, &["ENTEleveINE"]).and_then(Ine::parse).is_some_and(|ine| !ine.is_wrong())));
        "pupil-civility" Should "civilité" FEED OfRecord(|f| any(f, CIVILITY));
        "pupil-address" Should "adresse (rue ou lieu, code postal, ville)" LETTERS OfRecord(|f| Some(has_address(f)));
    }
    Relative {
        "relative-surname" Must "nom" ACCOUNTS OfRecord(|f| any(f, SURNAME)), MissingSurname;
        "relative-first-name" Must "prénom" ACCOUNTS OfRecord(|f| any(f, FIRST_NAME)), MissingFirstName;
        "relative-pupil" Must "au moins un élève livré" ENTRY OfLinks;
        "relative-contact" Should "courriel ou téléphone portable" LETTERS
            OfRecord(|f| any(f, &["mail", "mobile", "ENTPersonMobileSMS", "ENTPersonMail", "ENTPersRelEleveTelMobile"]));
        "relative-mail" Should "courriel" LETTERS OfRecord(|f| Some(has_mail(f)));
        "relative-address" Should "adresse (rue ou lieu, code postal, ville)" LETTERS
            OfRecord(|f| Some(has_address(f)));
        "relative-civility" Should "civilité" FEED OfRecord(|f| any(f, CIVILITY));
    }
    Staff {
        "staff-surname" Must "nom" ACCOUNTS OfRecord(|f| any(f, SURNAME)), MissingSurname;
        "staff-first-name" Must "prénom" ACCOUNTS OfRecord(|f| any(f, FIRST_NAME)), MissingFirstName;
        "staff-function" Must "fonction dans un établissement" ACCOUNTS
            OfRecord(|f| Some(functions(f).any(|[structure, code, ..]| !structure.is_empty() && !none(code))));
        "staff-mail" Should "courriel" FEED OfRecord(|f| Some(has_mail(f)));
        "staff-birth-date" Should "date de naissance" FEED OfRecord(|f| any(f, &["ENTPersonDateNaissance"]));
        "staff-discipline" Should "discipline de chaque fonction d'enseignement" FEED OfRecord(has_discipline);
        "staff-teaching" Should "divisions ou groupes d'un enseignant devant élèves" FEED OfRecord(has_service);
        "staff-civility" Should "civilité" FEED OfRecord(|f| any(f, CIVILITY));
    }
};

const SURNAME: &[&str] = &["sn", "ENTPersonNom"];
const FIRST_NAME: &[&str] = &["givenName", "ENTPersonPrenom"];
const CIVILITY: &[&str] = &["personalTitle", "ENTPersonCivilite"];

/// The first value of the first attribute that has one.
fn first<'f>(fields: &'f Fields, names: &[&str]) -> Option<&'f str> {
    names.iter().find_map(|name| fields.values(name).next())
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a rule that concerns every record")]
fn any(fields: &Fields, names: &[&str]) -> Option<bool> {
    Some(first(fields, names).is_some())
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a rule that concerns every record")]
fn all(fields: &Fields, each: &[&[&str]]) -> Option<bool> {
    Some(each.iter().all(|names| first(fields, names).is_some()))
}

/// The first degree lists no classes of a school: they come with pupils and teachers.
fn first_degree_structure(fields: &Fields) -> bool {
    ["ENTEcoleSecteur", "ENTEcoleMinistereTutelle", "ENTStructureVille"].iter().any(|name| fields.contains(name))
}

fn has_mail(fields: &Fields) -> bool {
    first(fields, &["mail", "ENTPersonMail"]).is_some_and(is_mail)
}

fn has_address(fields: &Fields) -> bool {
    let lines = fields.values("ENTPersonAdresse").flat_map(split_composite).any(|line| !line.trim().is_empty());
    lines && fields.first("ENTPersonCodePostal").is_some() && fields.first("ENTPersonVille").is_some()
}

/// The relatives that a pupil's record names: six-field links, the older ids, the first degree's `id$link`.
pub(super) fn relatives(fields: &Fields) -> impl Iterator<Item = &str> {
    ["ENTElevePersRelEleve", "ENTEleveParents", "ENTEleveAutoriteParentale"]
        .into_iter()
        .flat_map(|name| fields.values(name))
        .filter_map(|value| split_composite(value).next())
}

/// The pupils that a relative's record names.
pub(super) fn pupils(fields: &Fields) -> impl Iterator<Item = &str> {
    ["ENTAuxPersRelEleveEleve", "ENTPersRelEleveEleve"].into_iter().flat_map(|name| fields.values(name))
}

/// Somebody with authority, or the pupil himself. Below 10, link codes are the old ones, whose legal field is 1 or 2
/// for the first and second guardian; since then 1 is a legal representative.
fn has_guardian(fields: &Fields) -> bool {
    let legal = |value: &str| {
        composite::<6>(value).is_some_and(|[_, link, _, legal, ..]| {
            let old = link.parse::<u32>().is_ok_and(|code| code < 10);
            matches!((legal, old), ("1", _) | ("2", true)) || matches!(link, "7" | "70")
        })
    };
    fields.values("ENTElevePersRelEleve").any(legal) || fields.first("ENTEleveAutoriteParentale").is_some()
}

fn functions(fields: &Fields) -> impl Iterator<Item = [&str; 5]> {
    fields.values("ENTPersonFonctions").filter_map(composite::<5>)
}

/// A field that says "none".
fn none(field: &str) -> bool {
    matches!(field, "" | "-") || field.eq_ignore_ascii_case("AUCUNE")
}

/// Concerns those who have a function of teaching.
fn has_discipline(fields: &Fields) -> Option<bool> {
    let mut teaching = functions(fields).filter(|[_, code, ..]| *code == "ENS").peekable();
    teaching.peek()?;
    Some(teaching.all(|[.., discipline, _]| !none(discipline)))
}

/// Concerns those who stand in front of pupils.
fn has_service(fields: &Fields) -> Option<bool> {
    if fields.first("PersEducNatPresenceDevantEleves") != Some("O") {
        return None;
    }
    any(
        fields,
        &[
            "ENTAuxEnsClassesMatieres",
            "ENTAuxEnsGroupesMatieres",
            "ENTAuxEnsClasses",
            "ENTAuxEnsGroupes",
            "ENTPersonClasses",
            "ENTPersonGroupes",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rules_fit_and_are_distinct() {
        assert!(RULES.len() <= 64);
        assert_eq!(RULES.iter().map(|rule| rule.id).collect::<HashSet<_>>().len(), RULES.len());
    }
}
