//! The French words of a plan: kinds, profiles, reasons.

use crate::plan::{ChangeKind, HoldReason, Renew, Renewal};
use crate::roster::Profile;

pub(super) use crate::wording::{agree, count, date, moment, number, plain, shorten};

pub(super) const fn profile(profile: Option<Profile>, n: u64) -> &'static str {
    match profile {
        Some(Profile::Pupil) => agree(n, "élève", "élèves"),
        Some(Profile::Relative) => agree(n, "responsable", "responsables"),
        Some(Profile::Teacher) => agree(n, "enseignant", "enseignants"),
        Some(Profile::Staff) => agree(n, "personnel", "personnels"),
        None => agree(n, "compte", "comptes"),
    }
}

/// The sign in front of a change, readable without colour.
pub(super) const fn symbol(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::StructureCreate | ChangeKind::Create | ChangeKind::GroupCreate => "+",
        ChangeKind::StructureUpdate | ChangeKind::Update | ChangeKind::Rewrite => "~",
        ChangeKind::Restore | ChangeKind::Reissue => "↺",
        ChangeKind::Move | ChangeKind::StructureRename | ChangeKind::StructureMerge | ChangeKind::GroupRename => "→",
        ChangeKind::Absent
        | ChangeKind::Revoke
        | ChangeKind::Suspend
        | ChangeKind::Purge
        | ChangeKind::GroupDelete
        | ChangeKind::StructureDelete => "-",
        ChangeKind::GroupUpdate => "±",
    }
}

/// What becomes of so many: `3 suspensions`.
pub(super) fn kind(kind: ChangeKind, n: u64) -> String {
    let (singular, plural) = match kind {
        ChangeKind::StructureCreate => ("structure à créer", "structures à créer"),
        ChangeKind::StructureUpdate => ("structure à mettre à jour", "structures à mettre à jour"),
        ChangeKind::StructureRename => ("structure à renommer", "structures à renommer"),
        ChangeKind::StructureMerge => ("structure à réunir", "structures à réunir"),
        ChangeKind::StructureDelete => ("structure à supprimer", "structures à supprimer"),
        ChangeKind::Rewrite => ("fiche à réécrire", "fiches à réécrire"),
        ChangeKind::Create => ("compte à créer", "comptes à créer"),
        ChangeKind::Restore => ("compte rétabli", "comptes rétablis"),
        ChangeKind::Move => ("déplacé", "déplacés"),
        ChangeKind::Update => ("compte à mettre à jour", "comptes à mettre à jour"),
        ChangeKind::Absent => ("absent", "absents"),
        ChangeKind::Suspend => ("suspendu", "suspendus"),
        ChangeKind::GroupCreate => ("groupe à créer", "groupes à créer"),
        ChangeKind::GroupUpdate => ("groupe à mettre à jour", "groupes à mettre à jour"),
        ChangeKind::GroupDelete => ("groupe à supprimer", "groupes à supprimer"),
        ChangeKind::GroupRename => ("groupe à renommer", "groupes à renommer"),
        ChangeKind::Purge => ("compte à effacer", "comptes à effacer"),
        ChangeKind::Reissue => ("mot de passe à remplacer", "mots de passe à remplacer"),
        ChangeKind::Revoke => ("mot de passe à retirer", "mots de passe à retirer"),
    };
    count(n, singular, plural)
}

/// What a plan of first passwords does with whom, and why.
pub(super) fn renewal(renewal: &Renewal) -> String {
    let what = match renewal.action {
        Renew::Reissue => "remplace les premiers mots de passe",
        Renew::Revoke => "retire les premiers mots de passe",
    };
    let whom = if renewal.reset { ", comptes activés compris" } else { "" };
    format!("{what}{whom} : {}", renewal.reason)
}

/// Why it is held, in a few words.
#[must_use]
pub const fn hold_reason(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::SuspendLimit => "trop de départs",
        HoldReason::CreateLimit => "trop de créations",
        HoldReason::UpdateLimit => "trop d'identités qui changent",
        HoldReason::PurgeLimit => "trop d'effacements",
        HoldReason::MembersLimit => "trop de retraits de groupes",
        HoldReason::GroupsLimit => "trop de classes ou de groupes qui disparaissent",
        HoldReason::PrematureSwitch => "bascule prématurée",
        HoldReason::NoClass => "sans division",
        HoldReason::UnknownPopulation => "population inconnue dans l'annuaire",
        HoldReason::SchoolMissing => "établissement absent de la livraison",
        HoldReason::Moved => "fiche modifiée depuis le plan",
        HoldReason::MissingMandatory => "valeur obligatoire absente",
        HoldReason::Ambiguous => "identité à trancher",
        HoldReason::Schema => "refusé par le schéma de l'annuaire",
    }
}

/// With its first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What an undo leaves as it is, counted.
pub(super) fn not_undone(changes: u64) -> String {
    let what = count(changes, "changement", "changements");
    format!("{what} du plan {} en l'état", agree(changes, "reste", "restent"))
}
