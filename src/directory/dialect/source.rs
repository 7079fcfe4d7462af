//! Where the values of an attribute come from: the vocabulary of the right-hand sides of a dialect file.
//!
//! One table holds the name, whom the source is for and what it gives, in French: the page of the documentation
//! (`docs/dialects.md`), the schema for editors and the error messages are made from it.

use serde::Deserialize;

/// Whom a table of the dialect file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Scope {
    Pupil = 1,
    Relative = 2,
    Staff = 4,
    Structure = 8,
    Group = 16,
}

impl Scope {
    /// As messages say it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pupil => "pupils",
            Self::Relative => "relatives",
            Self::Staff => "staff",
            Self::Structure => "structures",
            Self::Group => "groups",
        }
    }
}

const PUPIL: u8 = Scope::Pupil as u8;
const RELATIVE: u8 = Scope::Relative as u8;
const STAFF: u8 = Scope::Staff as u8;
const STRUCTURE: u8 = Scope::Structure as u8;
const GROUP: u8 = Scope::Group as u8;
const PEOPLE: u8 = PUPIL | RELATIVE | STAFF;

macro_rules! sources {
    ($($variant:ident, $name:literal, $scopes:expr, $meaning:literal;)*) => {
        /// A field of the roster, or a value composed from several. One name may stand in several tables (`mail`,
        /// `classes`): what it means there follows from whom the table is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
        pub enum Source {
            $(
                #[doc = $meaning]
                #[serde(rename = $name)]
                $variant,
            )*
            /// The value that tells managed groups; not for dialect files, which have `[marker]`.
            #[serde(skip)]
            Marker,
        }

        impl Source {
            /// Those that a dialect file may name, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As a dialect file writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Marker => "marker",
                }
            }

            /// What it gives, in French, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => $meaning,)*
                    Self::Marker => "la marque des groupes gérés",
                }
            }

            const fn scopes(self) -> u8 {
                match self {
                    $(Self::$variant => $scopes,)*
                    Self::Marker => GROUP,
                }
            }
        }
    };
}

sources! {
    JoinKey, "join_key", PEOPLE | STRUCTURE, "clé de jointure, `<source>$<clé>`";
    Uid, "uid", PEOPLE, "identifiant technique, attribué une fois pour toutes";
    Login, "login", PEOPLE, "identifiant de connexion, attribué une fois pour toutes";
    RandomUuid, "random_uuid", PEOPLE, "UUID tiré au hasard à la création (table `once` seulement)";
    Credential, "credential", PEOPLE, "empreinte du mot de passe provisoire (table `once` seulement)";
    AccountState, "account_state", PEOPLE, "état d'un compte neuf (table `once` seulement, verrou `state`)";
    Domains, "domains", PEOPLE, "`directory.dialect.domains` de la configuration, à défaut `style.domains`";
    MemberOf, "member_of", PEOPLE, "nom (`cn`) de chaque groupe de la personne (table `own` seulement)";

    Surname, "surname", PEOPLE, "nom d'usage";
    FirstName, "first_name", PEOPLE, "prénom usuel";
    OtherFirstNames, "other_first_names", PEOPLE, "autres prénoms";
    BirthName, "birth_name", PEOPLE, "nom de naissance";
    BirthDate, "birth_date", PEOPLE, "date de naissance, `jj/mm/aaaa`";
    Civility, "civility", PEOPLE, "civilité, dans les mots de `style.civility`";
    Sex, "sex", PEOPLE, "sexe, d'après la civilité, dans les mots de `style.sex`";
    Cn, "cn", PEOPLE, "`NOM PRENOM` en capitales sans accents, traits d'union ni apostrophes";
    DisplayName, "display_name", PEOPLE | STRUCTURE, "personne : `Prénom NOM` ; structure : nom lisible";

    Profiles, "profiles", PEOPLE, "profils nationaux, `National_ENS` ou `National_3` selon `style.profiles`";
    LocalProfiles, "local_profiles", PUPIL | STAFF, "`ELEVE`, ou le code de chaque fonction (`ENS`, `AED`…)";
    SchoolUais, "school_uais", PEOPLE, "UAI de chaque structure de la personne";
    SchoolSirets, "school_sirets", PEOPLE, "SIRET de chaque structure de la personne, ou ce qui en tient lieu";
    SchoolNames, "school_names", PEOPLE, "nom de chaque structure de la personne";
    CurrentUai, "current_uai", PEOPLE, "les mêmes UAI, la structure de rattachement d'abord (table `choice`)";
    CurrentSiret, "current_siret", PEOPLE, "les mêmes SIRET, dans l'ordre de `current_uai` (table `choice`)";
    AdministrativeStructure, "administrative_structure", PEOPLE, "DN de la structure de rattachement";
    AdministrativeUai, "administrative_uai", PEOPLE, "UAI de la structure de rattachement";

    Mail, "mail", PEOPLE | STRUCTURE, "adresse électronique";
    HomePhone, "home_phone", PEOPLE, "téléphone personnel";
    WorkPhone, "work_phone", PEOPLE, "téléphone professionnel";
    Mobiles, "mobiles", PEOPLE, "téléphones mobiles";
    MobileSms, "mobile_sms", PEOPLE, "mobile pour les SMS, tel que livré";
    Address, "address", PEOPLE, "lignes de l'adresse, séparées par `$`";
    PostalCode, "postal_code", PEOPLE | STRUCTURE, "code postal";
    Town, "town", PEOPLE | STRUCTURE, "commune";
    Country, "country", PEOPLE, "pays";
    AddressShared, "address_shared", PEOPLE, "adresse communicable, dans les mots de `style.boolean`";

    Classes, "classes", PUPIL | STRUCTURE, "élève : `référence$division` ; structure : `code$libellé$MEF…`";
    Groups, "groups", PUPIL | STRUCTURE, "élève : `référence$groupe` ; structure : `code$libellé$division…`";
    Ine, "ine", PUPIL, "INE";
    SiecleNumber, "siecle_number", PUPIL, "numéro dans la base SIECLE de l'établissement";
    IdentityVector, "identity_vector", PUPIL, "vecteur d'identité, `4|||<numéro SIECLE>|<UAI>`";
    Adult, "adult", PUPIL, "18 ans révolus, dans les mots de `style.boolean`";
    Scholarship, "scholarship", PUPIL, "boursier, dans les mots de `style.boolean`";
    Transport, "transport", PUPIL, "transport scolaire, dans les mots de `style.boolean`";
    Regime, "regime", PUPIL, "régime";
    Status, "status", PUPIL, "statut";
    Mef, "mef", PUPIL, "code MEF";
    MefLabel, "mef_label", PUPIL, "libellé du MEF";
    Level, "level", PUPIL, "niveau de formation";
    Track, "track", PUPIL, "filière";
    Subjects, "subjects", PUPIL, "libellé de chaque enseignement suivi";
    SubjectCodes, "subject_codes", PUPIL, "code de chaque enseignement suivi";
    CodedSubjects, "coded_subjects", PUPIL, "`code$libellé` de chaque enseignement suivi";
    LivesWith, "lives_with", PUPIL, "DN des responsables chez qui l'élève habite";
    Relatives, "relatives", PUPIL, "`DN$lien$financier$légal$contact$paiement` de chaque responsable";

    Pupils, "pupils", RELATIVE, "DN des élèves du responsable";
    IdentityVectors, "identity_vectors", RELATIVE, "vecteur d'identité de chaque élève du responsable";

    Functions, "functions", STAFF, "`référence$code$libellé$code discipline$discipline` de chaque fonction";
    FunctionLabels, "function_labels", STAFF, "libellé de chaque fonction";
    DisciplineCategories, "discipline_categories", STAFF, "catégories de discipline, `code$libellé`";
    MefsTaught, "mefs_taught", STAFF, "`référence$MEF$libellé`";
    SubjectsTaught, "subjects_taught", STAFF, "`référence$matière`";
    CodedSubjectsTaught, "coded_subjects_taught", STAFF,
        "`référence$code$matière`, quand un élève livré porte le code de la matière";
    ClassesTaught, "classes_taught", STAFF, "`référence$division`, celles de `classes_subjects` comprises";
    GroupsTaught, "groups_taught", STAFF, "`référence$groupe`, ceux de `groups_subjects` compris";
    ClassesSubjects, "classes_subjects", STAFF, "`référence$division$code matière`";
    GroupsSubjects, "groups_subjects", STAFF, "`référence$groupe$code matière`";
    HeadTeacherOf, "head_teacher_of", STAFF, "`référence$division` des divisions dont il est professeur principal";

    Siret, "siret", STRUCTURE, "SIRET, ou l'UAI selon `style.siret_missing`";
    Uai, "uai", STRUCTURE, "UAI";
    Name, "name", STRUCTURE, "nom livré, l'UAI s'il n'y en a pas";
    Type, "type", STRUCTURE, "libellé du type";
    Ministry, "ministry", STRUCTURE, "ministère de tutelle";
    Contract, "contract", STRUCTURE, "contrat, `PU` ou `PR`";
    Academy, "academy", STRUCTURE, "académie";
    Bassin, "bassin", STRUCTURE, "bassin";
    Street, "street", STRUCTURE, "voie";
    PostOfficeBox, "post_office_box", STRUCTURE, "boîte postale";
    Phone, "phone", STRUCTURE, "téléphone";
    Fax, "fax", STRUCTURE, "télécopie";
    AttachedTo, "attached_to", STRUCTURE, "DN des structures de rattachement fonctionnel";

    GroupName, "group_name", GROUP, "nom du groupe, d'après le motif de sa famille";
    GroupDescription, "group_description", GROUP, "le groupe en français, pour les personnes";
    MemberUids, "member_uids", GROUP, "valeur du RDN de chaque membre (table `own` seulement)";
}

/// How two values of an attribute are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Exactly, outer whitespace apart: a change of case in a name is a real change.
    Text,
    /// As distinguished names.
    Dn,
    /// Up to the first `$` as distinguished names when both are, the rest exactly.
    Reference,
}

impl Source {
    pub(super) const fn is_for(self, scope: Scope) -> bool {
        self.scopes() & scope as u8 != 0
    }

    /// The one table in which it has a meaning, when there is only one.
    pub(super) const fn only_table(self) -> Option<&'static str> {
        match self {
            Self::RandomUuid | Self::Credential | Self::AccountState => Some("once"),
            Self::CurrentUai | Self::CurrentSiret => Some("choice"),
            Self::MemberOf | Self::MemberUids => Some("own"),
            _ => None,
        }
    }

    pub(super) const fn syntax(self, scope: Scope) -> Syntax {
        match self {
            // A structure's own lists have no reference in front.
            Self::Classes | Self::Groups if matches!(scope, Scope::Structure) => Syntax::Text,
            Self::AdministrativeStructure | Self::LivesWith | Self::Pupils | Self::AttachedTo => Syntax::Dn,
            Self::Relatives
            | Self::Functions
            | Self::MefsTaught
            | Self::SubjectsTaught
            | Self::CodedSubjectsTaught
            | Self::ClassesTaught
            | Self::GroupsTaught
            | Self::ClassesSubjects
            | Self::GroupsSubjects
            | Self::HeadTeacherOf
            | Self::Classes
            | Self::Groups => Syntax::Reference,
            _ => Syntax::Text,
        }
    }

    /// Has a value for every member of the roster that can be written at all.
    pub(super) const fn is_certain(self) -> bool {
        matches!(
            self,
            Self::JoinKey
                | Self::Uid
                | Self::Login
                | Self::AccountState
                | Self::Cn
                | Self::DisplayName
                | Self::Siret
                | Self::Uai
                | Self::Name
                | Self::GroupName
                | Self::GroupDescription
                | Self::Marker
        )
    }

    /// The sources that a table about these members may name.
    pub(super) fn names_for(scope: Scope) -> String {
        let names: Vec<&str> = Self::ALL.iter().filter(|s| s.is_for(scope)).map(|s| s.name()).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_known_by_its_name_and_is_for_somebody() {
        #[derive(Deserialize)]
        struct One {
            source: Source,
        }
        for source in Source::ALL {
            let read: One = toml::from_str(&format!("source = {:?}", source.name())).unwrap();
            assert_eq!(read.source, *source);
            assert!(source.scopes() != 0, "{}", source.name());
            assert!(!source.meaning().contains('\n') && !source.meaning().is_empty());
        }
    }
}
