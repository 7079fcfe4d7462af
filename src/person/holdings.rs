//! What the store may hold on a person, table by table: what it is, how long it stays, what erasing does to it. The one
//! list that `person` goes by, and that the record of processing is made from; a test holds it against the schema.

/// Rows of a table that are about a person.
#[derive(Debug, Clone, Copy)]
pub struct Holding {
    pub table: &'static str,
    pub by: By,
    /// For people.
    pub what: &'static str,
    pub how_long: &'static str,
    pub erase: Erase,
}

/// How the rows of a person are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// These columns hold the join key.
    JoinKey(&'static [&'static str]),
    /// This column holds the serial of one of the person's envelopes.
    Serial(&'static str),
    /// These hold the person's DN.
    Dn(&'static [&'static str]),
    /// The text of this column names the person's DN among others'.
    DnWithin(&'static str),
}

/// What erasing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erase {
    Delete,
    /// The join key makes room for the person's pseudonym of the trail: counts and register stay whole.
    Pseudonym,
    /// The rows stay as they are: they speak of more people, or go by themselves.
    Keep,
}

/// Columns that are never shown: sealed secrets, hashes, and what they are bound with.
pub const WITHHELD: [&str; 5] = ["sealed", "hash", "binding", "mark", "material"];

const FOR_EVER: &str = "toujours : un nom n'est jamais donné à quelqu'un d'autre";
const WITH_ACCOUNT: &str = "jusqu'à la purge du compte";

pub const HOLDINGS: [Holding; 18] = [
    Holding {
        table: "name",
        by: By::JoinKey(&["join_key"]),
        what: "identifiants réservés : uid et nom de connexion",
        how_long: FOR_EVER,
        erase: Erase::Pseudonym,
    },
    Holding {
        table: "retired_name",
        by: By::JoinKey(&["join_key"]),
        what: "anciens noms de connexion",
        how_long: FOR_EVER,
        erase: Erase::Pseudonym,
    },
    Holding {
        table: "account",
        by: By::JoinKey(&["join_key"]),
        what: "compte : étape, établissements, division, empreinte de ce qui est écrit",
        how_long: WITH_ACCOUNT,
        erase: Erase::Delete,
    },
    Holding {
        table: "envelope",
        by: By::JoinKey(&["join_key", "sealed_key"]),
        what: "premiers mots de passe : numéro, jour, état ; le secret est scellé, puis détruit",
        how_long: "le secret : jusqu'à l'activation ou l'échéance (credentials.valid_days) ; le numéro : sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "portal_hash",
        by: By::Serial("serial"),
        what: "empreinte remise au portail",
        how_long: "jusqu'au mot de passe suivant",
        erase: Erase::Delete,
    },
    Holding {
        table: "renewal",
        by: By::JoinKey(&["join_key"]),
        what: "mots de passe remplacés ou retirés, avec le motif",
        how_long: "sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "withdrawn_mark",
        by: By::JoinKey(&["join_key"]),
        what: "marque d'un mot de passe retiré",
        how_long: "jusqu'au mot de passe suivant",
        erase: Erase::Delete,
    },
    Holding {
        table: "print_sheet",
        by: By::JoinKey(&["join_key"]),
        what: "fiches imprimées : lot, numéro, établissement, division",
        how_long: "sans terme",
        erase: Erase::Pseudonym,
    },
    Holding {
        table: "pack_sheet",
        by: By::JoinKey(&["join_key"]),
        what: "fiches mises dans un paquet d'impression",
        how_long: "sans terme",
        erase: Erase::Pseudonym,
    },
    Holding {
        table: "identity_link",
        by: By::JoinKey(&["a", "b"]),
        what: "identités reconnues comme une seule personne",
        how_long: "sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "identity_decision",
        by: By::JoinKey(&["join_key", "other"]),
        what: "réponses données sur l'identité",
        how_long: "sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "identity_case",
        by: By::JoinKey(&["join_key"]),
        what: "questions ouvertes sur l'identité",
        how_long: "jusqu'à la réponse",
        erase: Erase::Delete,
    },
    Holding {
        table: "identity_merged",
        by: By::JoinKey(&["join_key", "into_key"]),
        what: "comptes réunis",
        how_long: "sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "role_decision",
        by: By::JoinKey(&["a", "b"]),
        what: "réponses sur un adulte à deux rôles",
        how_long: "sans terme",
        erase: Erase::Delete,
    },
    Holding {
        table: "role_link",
        by: By::Dn(&["holder", "target"]),
        what: "liens entre les deux comptes d'un adulte",
        how_long: WITH_ACCOUNT,
        erase: Erase::Delete,
    },
    Holding {
        table: "group_state",
        by: By::DnWithin("members"),
        what: "groupes dont la personne est membre",
        how_long: "tant qu'elle l'est",
        erase: Erase::Keep,
    },
    Holding {
        table: "before",
        by: By::DnWithin("was"),
        what: "valeurs d'avant, pour défaire un plan",
        how_long: "comme les plans (retention.plans)",
        erase: Erase::Delete,
    },
    Holding {
        table: "journal",
        by: By::DnWithin("detail"),
        what: "ce que l'annuaire a répondu d'un changement",
        how_long: "sans terme",
        erase: Erase::Keep,
    },
];

/// Tables that hold nothing on a person by name or key, or whose content is shown apart, with the reason.
pub const OTHERS: [(&str, &str); 35] = [
    ("record", "ce que disent les exports : montré à part"),
    ("event", "la piste d'audit : montrée à part"),
    ("notice", "les messages aux exploitants : des établissements et des nombres, personne"),
    ("schedule", "où en est le planificateur"),
    ("event_payload", "la piste d'audit : montrée à part"),
    ("event_pruned", "la piste d'audit : jusqu'où le contenu de chaque sorte est parti, son temps passé"),
    ("event_subject", "la piste d'audit : quels événements portent sur un pseudonyme"),
    ("entry", "l'annuaire embarqué, celui des essais : montré à part"),
    ("source", "les sources"),
    ("origin_file", "noms de fichiers des exports"),
    ("delivery", "livraisons reçues"),
    ("reading", "empreintes de livraisons"),
    ("uid_counter", "compteurs"),
    ("school", "établissements"),
    ("indicator", "indicateurs : comptes par jour, établissement et profil"),
    ("run", "exécutions"),
    ("plan", "plans : numéro et empreinte"),
    ("plan_report", "pages de plans : chemins"),
    ("reviewed", "empreintes de ce qui a été lu"),
    ("hold", "retenues : jours"),
    ("hold_decision", "décisions sur des retenues : marques"),
    ("durable", "mécanique"),
    ("generation", "mécanique"),
    ("trail", "tête et sel de la piste"),
    ("pool", "mots de passe prêts, de personne encore"),
    ("print_pack", "paquets : établissement, quand, par qui"),
    ("pack_receipt", "accusés de paquets : quand, par qui"),
    ("print_batch", "lots : quand, par qui"),
    ("shredded", "fichiers effacés"),
    ("opening", "ouvertures : combien, par qui"),
    ("shadow_day", "comparaisons : jours"),
    ("shadow_count", "comparaisons : comptes"),
    ("successor", "structures qui ont changé"),
    ("lockout", "épreuves du serveur"),
    ("_sqlx_migrations", "mécanique"),
];
