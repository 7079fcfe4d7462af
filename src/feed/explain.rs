//! What a finding means for a school, in plain words: what happens as long as nothing is done, and what to do.
//!
//! Written for a secretary who knows SIECLE and STS-Web and has never heard of a directory. A code without words of its
//! own here has those of its severity: every code can be explained.

#[cfg(test)]
mod catalogue;

use super::finding::{Code, Severity};

/// Two French sentences about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What the program does meanwhile, and what that means for people.
    pub effect: &'static str,
    /// What to do, and in which menu where that helps.
    pub remedy: &'static str,
}

const NOTHING: &str = "Rien à faire.";
const EXPORT: &str =
    "Signaler au rectorat : l'export lui-même est à revoir, la saisie de l'établissement n'y est pour rien.";
const WHOLE_SET: &str = "Demander au rectorat une livraison complète.";
const NO_DEPARTURE: &str = "Les comptes concernés restent comme ils sont : personne n'est considéré comme parti.";
const AS_DELIVERED: &str = "La valeur est gardée telle quelle ; personne n'y perd son compte.";

impl Code {
    /// What the finding means and asks for.
    #[must_use]
    pub const fn explanation(self) -> Explanation {
        let (effect, remedy) = self.words();
        Explanation { effect, remedy }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            // The delivery.
            Self::NoReadableAaf => ("Rien ne change dans l'ENT.", WHOLE_SET),
            Self::DeltaIgnored => ("Seul l'ensemble complet est lu.", NOTHING),
            Self::LinkRefused => ("Le fichier visé n'est pas lu.", "Déposer le fichier lui-même dans le dossier."),
            Self::DuplicatePart => ("Un seul des deux fichiers est lu, le plus récent.", EXPORT),
            Self::KindAssumedComplete | Self::MalformedDate | Self::MissingDeclaration => {
                ("La livraison est lue quand même.", EXPORT)
            }
            Self::UnknownCategory => ("Le fichier n'est pas lu.", EXPORT),
            Self::MissingCategory
            | Self::EmptyCategory
            | Self::MalformedFile
            | Self::PartGap
            | Self::RelativesWithoutPupil => (NO_DEPARTURE, WHOLE_SET),
            Self::FirstPartMissing => (
                "La livraison est lue telle quelle.",
                "Vérifier auprès du rectorat qu'aucun fichier 0000 ne s'est perdu en route.",
            ),
            Self::EncodingFallback => ("Les accents sont lus au mieux.", EXPORT),
            Self::Mojibake => (
                "Le nom ou le libellé s'affiche de travers (« Ã© » pour « é ») dans l'ENT et sur les fiches.",
                "Ressaisir le libellé dans l'outil d'origine ; s'il y est correct, signaler l'export au rectorat.",
            ),
            Self::InternalSubset | Self::UnknownEncoding => {
                ("Le fichier est refusé ; les comptes restent comme ils sont.", EXPORT)
            }
            Self::NotInComplete => ("La demande n'est pas suivie.", EXPORT),

            // Any record.
            Self::ItemTooLarge | Self::TooDeep => ("L'enregistrement est laissé de côté.", EXPORT),
            Self::UnknownEntity => ("La valeur est laissée vide.", EXPORT),
            Self::ValueTooLong => (
                "La valeur est laissée vide ; un nom ou une clé ainsi vides font rejeter l'enregistrement.",
                "Effacer dans l'outil d'origine ce qui a été collé là par erreur.",
            ),
            Self::GrammarDeviation | Self::ControlCharacter | Self::KeyMismatch => (AS_DELIVERED, EXPORT),
            Self::RecordWithoutKey | Self::CategoryMismatch => {
                ("L'enregistrement est laissé de côté et aucun départ n'est tiré de sa catégorie.", EXPORT)
            }
            Self::UnknownAttribute => {
                ("L'attribut n'est pas lu.", "Rien à faire : le signaler à l'éditeur de Rentrée.")
            }
            Self::DuplicateMerged => ("Une seule copie compte.", NOTHING),
            Self::DuplicateConflict => (
                "Aucune des versions n'est retenue : pas de compte nouveau ; un compte existant reste tel quel.",
                "Supprimer le doublon dans l'outil d'origine, ou demander au rectorat laquelle des fiches est la bonne.",
            ),
            Self::MissingSurname | Self::MissingFirstName => (
                "La personne n'a pas de compte ; un compte existant reste tel quel.",
                "Compléter l'état civil de la personne.",
            ),
            Self::MissingBirthDate => (
                "L'élève n'a pas de compte ; un compte existant reste tel quel.",
                "Saisir la date de naissance dans la fiche de l'élève.",
            ),
            Self::InvalidDate => ("La date est laissée vide.", "Corriger la date (jj/mm/aaaa)."),
            Self::UnlikelyAge => {
                ("La date est gardée telle quelle.", "Vérifier la date de naissance, surtout l'année.")
            }
            Self::InvalidPhone => (
                "Le numéro n'est pas repris dans l'ENT.",
                "Corriger le numéro, ou l'effacer s'il n'y en a pas (ne pas saisir de zéros).",
            ),
            Self::InvalidMail => (
                "L'adresse n'est pas reprise dans l'ENT : la personne ne reçoit pas de message.",
                "Corriger l'adresse : une seule par champ, sans espace ni accent.",
            ),
            Self::InvalidPostalCode => ("Le code postal est laissé vide.", "Corriger l'adresse postale."),
            Self::InvalidUai => (AS_DELIVERED, "Faire vérifier l'UAI par le rectorat."),
            Self::InvalidSiret => (AS_DELIVERED, "Faire vérifier le SIRET de l'établissement par le rectorat."),
            Self::InvalidIne => (
                "L'élève a son compte ; s'il change d'établissement, son dossier ne sera pas reconnu par son INE.",
                "Vérifier l'INE dans la fiche de l'élève.",
            ),
            Self::InvalidMef => (
                "Le code est gardé tel quel ; le niveau de l'élève peut manquer dans l'ENT.",
                "Vérifier la formation (MEF) de l'élève.",
            ),
            Self::UnknownCivility => ("La civilité est laissée vide.", "Choisir M. ou Mme."),
            Self::InvalidComposite => {
                ("La valeur n'est pas reprise : un lien, une division ou une fonction peut manquer.", EXPORT)
            }
            Self::UnknownLinkCode => (
                "Le lien est gardé tel quel ; le responsable peut avoir moins de droits qu'il ne devrait.",
                "Vérifier le lien de parenté entre l'élève et cette personne.",
            ),
            Self::UnknownFunction => (
                "La personne est comptée parmi les personnels administratifs et techniques.",
                "Vérifier la fonction ; si elle est juste, demander à l'équipe de l'ENT d'ajouter son code.",
            ),
            Self::UnknownRegime => (AS_DELIVERED, "Vérifier le régime de l'élève."),

            // The population.
            Self::StructureWithoutSiret => {
                ("L'établissement est nommé par son UAI dans l'annuaire.", "Faire renseigner le SIRET par le rectorat.")
            }
            Self::StructureSkipped => (
                "L'établissement n'est pas écrit dans l'annuaire, ses personnes attendent.",
                "Faire renseigner le SIRET par le rectorat.",
            ),
            Self::StructureWithoutUai => {
                ("Ses élèves et personnels n'ont pas de compte par elle.", "Faire renseigner l'UAI par le rectorat.")
            }
            Self::StructureNotDelivered => (
                "Rien ne change pour cet établissement.",
                "Demander au rectorat de l'inclure dans la livraison ; s'il quitte l'ENT, le retirer de la configuration.",
            ),
            Self::DuplicateUai => (
                "Une des deux est retenue, les personnes de l'autre lui sont rattachées.",
                "Faire corriger l'UAI par le rectorat.",
            ),
            Self::UnknownStructure => (
                "La valeur n'est pas reprise.",
                "Rien à faire si cet établissement n'est pas de l'académie ; sinon le signaler au rectorat.",
            ),
            Self::UnknownRelative => (
                "L'élève a son compte ; ce responsable n'en a pas, ou n'est pas relié à l'élève.",
                "Vérifier que la fiche du responsable est complète (nom, prénom) et bien rattachée à l'élève.",
            ),
            Self::FederationUnmatched => (
                "La personne a son compte et aucun mot de passe : elle ne pourra pas se connecter.",
                "Faire attribuer un INE à l'élève (ou à l'enfant du responsable), et vérifier le lien entre eux.",
            ),
            Self::PupilWithoutClass => (
                "Un nouvel élève et ses responsables attendent : pas de compte tant qu'il n'a pas de division.",
                "Affecter l'élève à une division, ou le sortir de l'établissement s'il est parti.",
            ),
            Self::ClassNotDeclared => (
                "La division ou le groupe est créé d'après les élèves et les enseignants.",
                "Vérifier le nom dans la liste des divisions et des groupes de l'établissement.",
            ),
            Self::SecondClassIgnored => (
                "L'élève est rangé dans la première division seulement.",
                "Ne garder qu'une division pour l'élève dans l'établissement.",
            ),
            Self::RelativeWithoutPupil => {
                ("Ces personnes n'ont pas de compte.", "Rien à faire si leurs enfants ont quitté l'établissement.")
            }
            Self::ReciprocityMismatch => (
                "La fiche de l'élève fait foi.",
                "Rien d'urgent : enregistrer de nouveau la fiche de l'élève suffit souvent.",
            ),
            Self::HeadTeacherElsewhere => (
                "La personne est professeur principal de la division dans l'ENT.",
                "Vérifier le professeur principal de la division et les services de cet enseignant.",
            ),
            Self::GroupNameClash => {
                ("Le groupe reçoit un nom distinct dans l'ENT.", "Renommer le groupe si ce nom ne convient pas.")
            }
            Self::DefaultedValue => (
                "Une valeur convenue (« - ») est écrite à la place : l'annuaire n'accepte pas de vide à cet endroit.",
                "Compléter la donnée à la source quand elle est connue.",
            ),
            Self::AccountWithoutStructure => (
                "La personne n'a pas de compte.",
                "Si elle travaille dans l'établissement : vérifier sa fonction et son service.",
            ),
            Self::JoinKeyTwice => (
                "Aucun des deux comptes n'est modifié.",
                "Demander à l'équipe de l'ENT lequel des deux comptes garder.",
            ),
            Self::ExportNotLoaded => (
                "Les comptes du fichier ne sont pas dans l'annuaire : leurs fiches ne sont pas imprimables et le plan les crée de nouveau, sous les mêmes noms et avec les mêmes mots de passe.",
                "Charger le fichier (serveur arrêté, slapadd) et refaire le plan ; ou appliquer ce plan et supprimer le fichier sans le charger.",
            ),
            Self::AddressProtected => {
                ("L'adresse n'est ni dans l'annuaire ni sur une fiche ; la fiche se remet en main propre.", NOTHING)
            }
            Self::RelationUnknown => (
                "Les deux comptes restent comme ils sont, sans dire qu'ils sont de la même personne.",
                "Faire charger dans l'annuaire la classe du schéma ENT (ENTPersonRelation) et donner au dialecte une section [relation].",
            ),
            Self::SchemaValueDropped => (
                "Le reste de la fiche est écrit ; ce que l'annuaire tenait à cette place reste.",
                "Corriger la valeur à sa source.",
            ),

            // Its severity says enough.
            other => by_severity(other.severity()),
        }
    }
}

/// What holds for every finding of a severity.
const fn by_severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Blocking => (NO_DEPARTURE, "Corriger à la source ou prévenir le rectorat, sans attendre."),
        Severity::Rejected => (
            "L'enregistrement est laissé de côté : pas de compte nouveau, un compte existant reste tel quel.",
            "Corriger à la source.",
        ),
        Severity::DroppedValue => {
            ("Cette valeur n'est pas reprise, le reste l'est.", "Corriger la valeur à la source.")
        }
        Severity::ToDecide => ("Rien n'est fait tant que personne n'a tranché.", "Trancher, à la source si possible."),
        Severity::Information => ("Rien n'est perdu.", NOTHING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_sentences() {
        for code in Code::ALL {
            let Explanation { effect, remedy } = code.explanation();
            for sentence in [effect, remedy] {
                assert!(sentence.ends_with('.') && !sentence.ends_with(" ."), "{}: {sentence}", code.id());
                assert!(sentence.chars().next().is_some_and(char::is_uppercase), "{}: {sentence}", code.id());
            }
        }
    }
}
