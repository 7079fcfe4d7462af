//! A [`Finding`]: something wrong or noteworthy in the data, said so that a school can mend it.
//!
//! A bad record is data, not an error: readers and the roster yield findings and go on. Each has a stable code whose
//! severity and usual place of repair are fixed in one catalogue, [`Code`].

use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::Degree;
use super::record::{Category, Origin};

/// How much a finding matters, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The delivery, a category or a school cannot be used.
    Blocking,
    /// A record was left out.
    Rejected,
    /// A value of a record was left out.
    DroppedValue,
    /// A human has to say.
    ToDecide,
    Information,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::Blocking, Self::Rejected, Self::DroppedValue, Self::ToDecide, Self::Information];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Rejected => "rejected",
            Self::DroppedValue => "dropped_value",
            Self::ToDecide => "to_decide",
            Self::Information => "information",
        }
    }
}

/// The upstream tool where a school mends its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Tool {
    #[serde(rename = "SIECLE")]
    Siecle,
    #[serde(rename = "STS-Web")]
    StsWeb,
    #[serde(rename = "ONDE")]
    Onde,
    #[serde(rename = "AGAPE")]
    Agape,
    /// The academy's own service (the export itself, the reference of structures).
    #[serde(rename = "AAF")]
    Academy,
    /// The console of the ENT.
    #[serde(rename = "ENT")]
    Ent,
    /// The table itself, typed or exported by its owner.
    #[serde(rename = "CSV")]
    Table,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Siecle => "SIECLE",
            Self::StsWeb => "STS-Web",
            Self::Onde => "ONDE",
            Self::Agape => "AGAPE",
            Self::Academy => "AAF (rectorat)",
            Self::Ent => "console de l'ENT",
            Self::Table => "le fichier déposé",
        })
    }
}

macro_rules! codes {
    ($( $variant:ident = $id:literal, $severity:ident, $tool:expr, $title:literal; )*) => {
        /// The catalogue of findings. An identifier never changes its meaning and is never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $( #[doc = $title] $variant, )* }

        impl Code {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];
            /// The stable identifier, such as `pupil-without-birth-date`.
            #[must_use]
            pub const fn id(self) -> &'static str { match self { $( Self::$variant => $id, )* } }
            #[must_use]
            pub const fn severity(self) -> Severity { match self { $( Self::$variant => Severity::$severity, )* } }
            /// Where it is usually mended, when the category of the record does not say better.
            #[must_use]
            pub const fn tool(self) -> Option<Tool> { match self { $( Self::$variant => $tool, )* } }
            /// One French line for the catalogue and the reports.
            #[must_use]
            pub const fn title(self) -> &'static str { match self { $( Self::$variant => $title, )* } }
        }
    };
}

// What a school reads is French; identifiers are for scripts.
codes! {
    // The delivery.
    NoReadableAaf = "no-readable-aaf", Blocking, Some(Tool::Academy), "aucun fichier AAF lisible dans la livraison";
    ForeignFile = "foreign-file", Information, None, "fichier étranger à la livraison, ignoré";
    OlderSetIgnored = "older-set-ignored", Information, None, "livraison plus ancienne présente, ignorée";
    DeltaIgnored = "delta-ignored", Information, None, "livraison différentielle (Delta) présente, ignorée";
    LinkRefused = "link-refused", Information, None, "lien symbolique hors du dossier, refusé";
    DuplicatePart = "duplicate-part", Information, Some(Tool::Academy), "deux fichiers de même catégorie et de même numéro";
    KindAssumedComplete = "kind-assumed-complete", Information, Some(Tool::Academy), "ni « Complet » ni « Delta » dans le nom : complet supposé";
    MalformedDate = "malformed-date", Information, Some(Tool::Academy), "date mal formée dans le nom du fichier";
    UnknownCategory = "unknown-category", Information, Some(Tool::Academy), "catégorie inconnue, ignorée";
    MissingCategory = "missing-category", Blocking, Some(Tool::Academy), "catégorie absente de la livraison : aucun départ pour elle";
    EmptyCategory = "empty-category", Blocking, Some(Tool::Academy), "catégorie vide : aucun départ pour elle";
    MalformedFile = "malformed-file", Blocking, Some(Tool::Academy), "fichier XML mal formé ou tronqué : lu jusque-là, aucun départ pour sa catégorie";
    PartGap = "part-gap", Blocking, Some(Tool::Academy), "numérotation des fichiers avec un trou : catégorie supposée incomplète";
    FirstPartMissing = "first-part-missing", Information, Some(Tool::Academy), "première partie numérotée 0001";
    RelativesWithoutPupil = "relatives-without-pupil", Blocking, Some(Tool::Academy), "trop de responsables sans élève livré : catégorie Eleve supposée incomplète";
    MissingDeclaration = "missing-declaration", Information, Some(Tool::Academy), "déclaration XML absente";
    EncodingFallback = "encoding-fallback", Information, Some(Tool::Academy), "octets non UTF-8 : lus en windows-1252";
    Mojibake = "mojibake", Information, None, "texte doublement encodé (« Ã© »), laissé tel quel";
    InternalSubset = "internal-subset", Blocking, Some(Tool::Academy), "déclarations internes dans le DOCTYPE : fichier refusé";
    UnknownEncoding = "unknown-encoding", Blocking, Some(Tool::Academy), "codage de caractères non pris en charge : fichier refusé";
    NotInComplete = "not-in-complete", Rejected, Some(Tool::Academy), "modification ou suppression dans un complet, ignorée";

    // Any record.
    ItemTooLarge = "item-too-large", Rejected, Some(Tool::Academy), "enregistrement trop grand";
    TooDeep = "too-deep", Rejected, Some(Tool::Academy), "imbrication trop profonde";
    UnknownEntity = "unknown-entity", DroppedValue, Some(Tool::Academy), "entité inconnue dans le texte";
    GrammarDeviation = "grammar-deviation", Information, Some(Tool::Academy), "écart à la grammaire ficAlimMENESR, ignoré";
    ControlCharacter = "control-character", Information, Some(Tool::Academy), "caractère de contrôle remplacé par une espace";
    ValueTooLong = "value-too-long", DroppedValue, None, "valeur d'une longueur invraisemblable";
    RecordWithoutKey = "record-without-key", Rejected, Some(Tool::Academy), "enregistrement sans identifiant";
    CategoryMismatch = "category-mismatch", Rejected, Some(Tool::Academy), "enregistrement d'une autre catégorie que son fichier";
    KeyMismatch = "key-mismatch", Information, Some(Tool::Academy), "identifiant et clé de jointure différents : l'identifiant prévaut";
    UnknownAttribute = "unknown-attribute", Information, None, "attribut inconnu, ignoré";
    DuplicateMerged = "duplicate-merged", Information, Some(Tool::Academy), "enregistrement livré deux fois à l'identique";
    DuplicateConflict = "duplicate-conflict", Rejected, Some(Tool::Academy), "même clé livrée avec des contenus différents : rejetés, compte existant figé";
    MissingSurname = "missing-surname", Rejected, None, "personne sans nom";
    MissingFirstName = "missing-first-name", Rejected, None, "personne sans prénom";
    MissingBirthDate = "missing-birth-date", Rejected, Some(Tool::Siecle), "élève sans date de naissance";
    InvalidDate = "invalid-date", DroppedValue, None, "date invalide";
    UnlikelyAge = "unlikely-age", Information, None, "âge invraisemblable";
    InvalidPhone = "invalid-phone", DroppedValue, None, "numéro de téléphone invalide";
    InvalidMail = "invalid-mail", DroppedValue, None, "adresse électronique invalide";
    InvalidPostalCode = "invalid-postal-code", DroppedValue, None, "code postal invalide";
    InvalidUai = "invalid-uai", Information, Some(Tool::Academy), "UAI mal formée ou clé de contrôle fausse";
    InvalidSiret = "invalid-siret", Information, Some(Tool::Academy), "SIRET invalide";
    InvalidIne = "invalid-ine", Information, Some(Tool::Siecle), "INE mal formé : non utilisé pour rapprocher";
    InvalidMef = "invalid-mef", Information, Some(Tool::Siecle), "code MEF mal formé";
    UnknownCivility = "unknown-civility", DroppedValue, None, "civilité inconnue";
    InvalidComposite = "invalid-composite", DroppedValue, Some(Tool::Academy), "valeur composée au mauvais nombre de champs";
    UnknownLinkCode = "unknown-link-code", Information, Some(Tool::Siecle), "code de lien de parenté inconnu";
    UnknownFunction = "unknown-function", Information, Some(Tool::StsWeb), "fonction inconnue";
    UnknownRegime = "unknown-regime", Information, Some(Tool::Siecle), "régime inconnu";

    // The population.
    StructureWithoutSiret = "structure-without-siret", Information, Some(Tool::Academy), "structure sans SIRET : l'UAI en tient lieu";
    StructureSkipped = "structure-skipped", Blocking, Some(Tool::Academy), "structure sans SIRET : ignorée";
    StructureWithoutUai = "structure-without-uai", Blocking, Some(Tool::Academy), "structure sans UAI : hors périmètre";
    StructureNotDelivered = "structure-not-delivered", Blocking, Some(Tool::Academy), "établissement du périmètre absent de la livraison : figé";
    DuplicateUai = "duplicate-uai", ToDecide, Some(Tool::Academy), "deux structures avec la même UAI";
    UnknownStructure = "unknown-structure", DroppedValue, Some(Tool::Academy), "structure inconnue dans une valeur";
    UnknownRelative = "unknown-relative", DroppedValue, Some(Tool::Siecle), "responsable non livré : lien en attente";
    PupilWithoutClass = "pupil-without-class", ToDecide, Some(Tool::Siecle), "élève sans division";
    ClassNotDeclared = "class-not-declared", Information, Some(Tool::Siecle), "division absente de la structure : créée";
    SecondClassIgnored = "second-class-ignored", DroppedValue, Some(Tool::Siecle), "plusieurs divisions dans un établissement : la première retenue";
    RelativeWithoutPupil = "relative-without-pupil", Information, None, "responsable sans élève dans le périmètre : pas de compte";
    ReciprocityMismatch = "reciprocity-mismatch", Information, Some(Tool::Siecle), "lien donné d'un seul côté";
    HeadTeacherElsewhere = "head-teacher-elsewhere", Information, Some(Tool::StsWeb), "professeur principal d'une division où il n'enseigne pas";
    GroupNameClash = "group-name-clash", Information, Some(Tool::Siecle), "groupe du même nom qu'une division ou qu'un profil : nom distinct donné";
    DefaultedValue = "defaulted-value", Information, None, "valeur obligatoire absente : valeur par défaut de l'annuaire";
    AccountWithoutStructure = "account-without-structure", Information, Some(Tool::StsWeb), "personnel sans établissement du périmètre : pas de compte";
    PossibleDuplicate = "possible-duplicate", ToDecide, Some(Tool::Ent), "peut-être une même personne livrée par deux sources : un cas à décider";
    JoinKeyTwice = "join-key-twice", Blocking, Some(Tool::Ent), "deux comptes de l'annuaire portent la même clé de jointure";

    // Deltas, freshness, degrees.
    OtherDegree = "other-degree", Information, None, "fichiers de l'autre degré, laissés à une autre source";
    UnreadableArchive = "unreadable-archive", Blocking, Some(Tool::Academy), "archive illisible dans le dossier, ignorée";
    DeltaRefused = "delta-refused", Blocking, Some(Tool::Academy), "livraison différentielle refusée : demandez une livraison complète";
    DeltaAlreadyApplied = "delta-already-applied", Information, None, "livraison différentielle déjà prise en compte";
    DeltaPostponed = "delta-postponed", Information, None, "livraison différentielle remise à la prochaine exécution";
    DeltaGap = "delta-gap", ToDecide, Some(Tool::Academy), "jour sans livraison différentielle : demandez une livraison complète";
    DeltaSchoolWaits = "delta-school-waits", Rejected, Some(Tool::Academy), "différence pour un établissement qui attend sa livraison complète : refusée";
    DeltaUnknownModified = "delta-unknown-modified", Information, Some(Tool::Academy), "modification d'une fiche inconnue : créée";
    DeltaKnownAdded = "delta-known-added", Information, Some(Tool::Academy), "ajout d'une fiche déjà connue : mise à jour";
    DeltaUnknownDeleted = "delta-unknown-deleted", Information, Some(Tool::Academy), "suppression d'une fiche inconnue : sans effet";
    DeltaStructureDeleted = "delta-structure-deleted", Information, Some(Tool::Academy), "suppression d'une structure par une différence : sans effet";
    DeltaReferenceShrunk = "delta-reference-shrunk", Information, Some(Tool::Academy), "nomenclature très raccourcie dans une différence : rien n'en est retiré";
    SchoolVanished = "school-vanished", Blocking, Some(Tool::Academy), "établissement disparu de la livraison : figé";
    SchoolCollapsed = "school-collapsed", Blocking, Some(Tool::Academy), "effectif d'un établissement effondré : aucun départ pour lui";
    CategoryCollapsed = "category-collapsed", Blocking, Some(Tool::Academy), "effectif d'une catégorie effondré : aucun départ pour elle";
    // Tables (ONDE, CSV, spreadsheets).
    TableRead = "table-read", Information, None, "tableau lu : codage, séparateur, en-têtes";
    UnreadableTable = "unreadable-table", Blocking, None, "tableau illisible : fichier non lu ou lu en partie";
    MacintoshBytes = "macintosh-bytes", Blocking, None, "accents d'un ancien Macintosh : fichier non lu";
    UnknownProfile = "unknown-profile", Blocking, None, "tableau dont rien ne dit de qui il parle : non lu";
    ProfileContradiction = "profile-contradiction", ToDecide, None, "nom de fichier et colonnes en désaccord";
    MissingColumn = "missing-column", Blocking, None, "colonne obligatoire absente : fichier non lu";
    UnknownColumn = "unknown-column", Information, None, "colonne inconnue, non reprise";
    ColumnIgnored = "column-ignored", Information, None, "valeurs sans place dans l'annuaire, non reprises";
    RaggedRow = "ragged-row", Rejected, None, "ligne plus longue que ses en-têtes : rejetée";
    UnclosedQuote = "unclosed-quote", Blocking, None, "guillemet jamais refermé : fichier lu jusque-là";
    SecondTable = "second-table", Information, None, "second tableau ou en-tête répété dans le fichier, non lu";
    SchoolUnknown = "school-unknown", Blocking, None, "fichier dont l'école n'est pas connue";
    RepairedValue = "repaired-value", Information, None, "valeur abîmée par un tableur, rétablie";
    SpreadsheetDamage = "spreadsheet-damage", DroppedValue, None, "valeur abîmée par un tableur, perdue";
    FormulaError = "formula-error", DroppedValue, None, "cellule en erreur dans un classeur";
    InvalidBoolean = "invalid-boolean", DroppedValue, None, "ni oui ni non";
    FunctionRead = "function-read", Information, None, "fonction en toutes lettres, traduite en code";
    ChildNotFound = "child-not-found", DroppedValue, None, "enfant introuvable : responsable non lié";
    ChildAmbiguous = "child-ambiguous", ToDecide, None, "plusieurs élèves du même nom : responsable non lié";
    // The schema of the directory.
    SchemaValueDropped = "schema-value-dropped", DroppedValue, None, "valeur que l'annuaire refuserait : non écrite";
    // What was written for an offline loader.
    ExportNotLoaded = "export-not-loaded", ToDecide, None, "fichier LDIF exporté et pas chargé dans l'annuaire";
    // Who is who.
    SharedIne = "shared-ine", ToDecide, Some(Tool::Siecle), "un INE porté par deux élèves : il ne prouve rien d'aucun";
    // Families: who sees what, and adults in two roles.
    AddressProtected = "address-protected", Information, None, "adresse protégée, écrite nulle part";
    RelationUnknown = "relation-unknown", ToDecide, None, "rapprochement décidé que l'annuaire ne sait pas écrire";
    // Those who log in elsewhere.
    FederationUnmatched = "federation-unmatched", ToDecide, Some(Tool::Siecle), "personne que la connexion fédérée ne peut pas reconnaître";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Self::ALL
            .iter()
            .copied()
            .find(|c| c.id() == id)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown finding code {id:?}")))
    }
}

/// Something wrong or noteworthy, with its origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub category: Option<Category>,
    /// The record's key inside its source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<CompactString>,
    /// The person or thing by name as lists write it (`ARNAUD Zoé`, `Collège Jean Moulin`), for those who do not know
    /// keys.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// The class under which a school looks for the person; of a relative, that of a child.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<CompactString>,
    /// UAI of the school that can mend it, when one is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub school: Option<CompactString>,
    /// French: what is wrong, with the raw value, and what the program did.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool: Option<Tool>,
    /// How many times, when one finding stands for many.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: u32,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(count: &u32) -> bool {
    *count == 1
}

impl Finding {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            source: None,
            origin: None,
            category: None,
            key: None,
            subject: None,
            class: None,
            school: None,
            message: message.into(),
            tool: code.tool(),
            count: 1,
        }
    }

    #[must_use]
    pub fn at(mut self, file: &Arc<str>, line: u32) -> Self {
        self.origin = Some(Origin { file: Arc::clone(file), line });
        self
    }

    #[must_use]
    pub fn about(mut self, category: Category, key: impl Into<CompactString>) -> Self {
        self.category = Some(category);
        self.key = Some(key.into());
        if self.tool.is_none() {
            self.tool = match category {
                Category::Pupil | Category::Relative => Some(Tool::Siecle),
                Category::Staff => Some(Tool::StsWeb),
                _ => Some(Tool::Academy),
            };
        }
        self
    }

    /// Notes whose finding it is: its source, and the tools of its degree (ONDE and AGAPE stand where SIECLE and STS-Web
    /// do in the second).
    #[must_use]
    pub fn of_source(mut self, source: &Arc<str>, degree: Degree) -> Self {
        self.source = Some(Arc::clone(source));
        if degree == Degree::First {
            self.tool = self.tool.map(|tool| match tool {
                Tool::Siecle => Tool::Onde,
                Tool::StsWeb => Tool::Agape,
                other => other,
            });
        }
        self
    }

    #[must_use]
    pub fn who(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    #[must_use]
    pub fn in_class(mut self, class: Option<CompactString>) -> Self {
        self.class = class;
        self
    }

    /// The person or thing with his class: `ARNAUD Zoé (6A)`.
    #[must_use]
    pub fn whom(&self) -> Option<String> {
        match (&self.subject, &self.class) {
            (Some(subject), Some(class)) => Some(format!("{subject} ({class})")),
            (Some(subject), None) => Some(subject.clone()),
            (None, Some(class)) => Some(class.to_string()),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn identifiers_are_unique_and_plain() {
        let ids: HashSet<_> = Code::ALL.iter().map(|c| c.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    }
}
