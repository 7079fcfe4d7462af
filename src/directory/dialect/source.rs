//! Where the values of an attribute come from: the vocabulary of the right-hand sides of a dialect file.

use serde::Deserialize;

/// A field of the roster, or a value composed from several. One name may stand in several tables (`mail`, `classes`):
/// what it means there follows from whom the table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `<source>$<key>`.
    JoinKey,
    Mail,
    PostalCode,
    Town,
    /// Of a pupil: `reference$class`. Of a structure: `code$label$mef…`.
    Classes,
    /// Of a pupil: `reference$group`. Of a structure: `code$label$class…`.
    Groups,

    Uid,
    Login,
    /// A random UUID, drawn when the entry is created and never by a plan.
    RandomUuid,
    /// The hash of the issued password, added when the entry is created and never by a plan.
    Credential,
    /// `SURNAME GIVENNAME`, upper-case ASCII, without hyphens and apostrophes.
    Cn,
    /// `Prénom NOM`.
    DisplayName,
    /// `National_ENS` and its like, over all schools.
    Profiles,
    /// From the civility.
    Sex,
    Surname,
    FirstName,
    Civility,
    BirthName,
    OtherFirstNames,
    /// `dd/mm/yyyy`.
    BirthDate,
    /// The lines joined by `$`.
    Address,
    Country,
    AddressShared,
    HomePhone,
    WorkPhone,
    Mobiles,
    MobileSms,
    /// DN.
    AdministrativeStructure,
    AdministrativeUai,
    /// The UAI of every school where the person acts.
    SchoolUais,
    /// The SIRET (or what stands for it) of every school where the person acts.
    SchoolSirets,

    /// Eighteen or older today.
    Adult,
    /// DNs of relatives.
    LivesWith,
    /// `DN$link$financial$legal$contact$payment`.
    Relatives,
    Scholarship,
    Transport,
    Subjects,
    SubjectCodes,
    Ine,
    SiecleNumber,
    Regime,
    Status,
    Mef,
    MefLabel,
    Level,
    Track,

    /// DNs of a relative's pupils.
    Pupils,

    /// `reference$code$label$disciplineCode$disciplineLabel`.
    Functions,
    DisciplineCategories,
    /// `reference$mef$label`.
    MefsTaught,
    /// `reference$label`.
    SubjectsTaught,
    /// `reference$class`, those of [`Source::ClassesSubjects`] included.
    ClassesTaught,
    /// `reference$group`, those of [`Source::GroupsSubjects`] included.
    GroupsTaught,
    /// `reference$class$subjectCode`.
    ClassesSubjects,
    /// `reference$group$subjectCode`.
    GroupsSubjects,
    /// `reference$class`.
    HeadTeacherOf,

    /// SIRET, or the UAI where the style says so.
    Siret,
    Uai,
    /// As delivered; the UAI when the feed has none.
    Name,
    Type,
    Ministry,
    Contract,
    Academy,
    Bassin,
    Street,
    PostOfficeBox,
    Phone,
    Fax,
    /// DNs.
    AttachedTo,

    /// `<UAI>_<class, group or profile>`.
    GroupName,
    /// French, for people.
    GroupDescription,
    /// The value that tells managed groups; not for dialect files, which have `[marker]`.
    #[serde(skip)]
    Marker,
}

/// Whom a table of the dialect file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Pupil,
    Relative,
    Staff,
    Structure,
    Group,
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
        match self {
            Self::JoinKey | Self::Mail | Self::PostalCode | Self::Town => !matches!(scope, Scope::Group),
            Self::Classes | Self::Groups => matches!(scope, Scope::Pupil | Scope::Structure),
            Self::Uid
            | Self::Login
            | Self::RandomUuid
            | Self::Credential
            | Self::Cn
            | Self::DisplayName
            | Self::Profiles
            | Self::Sex
            | Self::Surname
            | Self::FirstName
            | Self::Civility
            | Self::BirthName
            | Self::OtherFirstNames
            | Self::BirthDate
            | Self::Address
            | Self::Country
            | Self::AddressShared
            | Self::HomePhone
            | Self::WorkPhone
            | Self::Mobiles
            | Self::MobileSms
            | Self::AdministrativeStructure
            | Self::AdministrativeUai
            | Self::SchoolUais
            | Self::SchoolSirets => matches!(scope, Scope::Pupil | Scope::Relative | Scope::Staff),
            Self::Adult
            | Self::LivesWith
            | Self::Relatives
            | Self::Scholarship
            | Self::Transport
            | Self::Subjects
            | Self::SubjectCodes
            | Self::Ine
            | Self::SiecleNumber
            | Self::Regime
            | Self::Status
            | Self::Mef
            | Self::MefLabel
            | Self::Level
            | Self::Track => matches!(scope, Scope::Pupil),
            Self::Pupils => matches!(scope, Scope::Relative),
            Self::Functions
            | Self::DisciplineCategories
            | Self::MefsTaught
            | Self::SubjectsTaught
            | Self::ClassesTaught
            | Self::GroupsTaught
            | Self::ClassesSubjects
            | Self::GroupsSubjects
            | Self::HeadTeacherOf => matches!(scope, Scope::Staff),
            Self::Siret
            | Self::Uai
            | Self::Name
            | Self::Type
            | Self::Ministry
            | Self::Contract
            | Self::Academy
            | Self::Bassin
            | Self::Street
            | Self::PostOfficeBox
            | Self::Phone
            | Self::Fax
            | Self::AttachedTo => matches!(scope, Scope::Structure),
            Self::GroupName | Self::GroupDescription | Self::Marker => matches!(scope, Scope::Group),
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
}
