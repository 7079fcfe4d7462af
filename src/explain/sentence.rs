//! The answer in one sentence: has he an account, does it open, and if not, why not.

use super::Told;
use crate::roster::LeftOutReason;
use crate::store::Stage;
use crate::wording::date;

/// In French. `in_roster`: the exports name the person, and an account is due.
pub(super) fn sentence(told: &Told, in_roster: bool, classless: bool, missing: Option<&str>) -> String {
    let who = told.name.clone().unwrap_or_else(|| told.join_key.to_string());
    let why_none = || why_none(told, in_roster, classless, missing);
    match &told.account {
        None => format!("{who} n'a pas de compte : {}.", why_none()),
        Some(account) if !account.there && account.stage != Stage::Purged => {
            format!("{who} devrait avoir un compte, mais sa fiche n'est plus dans l'annuaire ({}).", account.dn)
        }
        Some(account) => {
            let since = date(account.since);
            match account.stage {
                Stage::Suspended => {
                    format!("Le compte de {who} est suspendu depuis le {since} : {}.", why_gone(told, in_roster))
                }
                Stage::Absent => format!(
                    "Le compte de {who} s'ouvre encore, mais il est absent des exports depuis le {since} : {}.",
                    why_gone(told, in_roster)
                ),
                Stage::Purged if in_roster => format!(
                    "Le compte de {who} a été effacé le {since} ; les exports le nomment de nouveau, et il le retrouve sous \
                     le même identifiant, avec un nouveau mot de passe."
                ),
                Stage::Purged => format!(
                    "Le compte de {who} a été effacé le {since}, après son départ ; uid et identifiant lui restent réservés."
                ),
                Stage::Present if account.locked => {
                    format!("{who} a un compte, qui est verrouillé dans l'annuaire par une autre main.")
                }
                Stage::Present if !told.holds.is_empty() => {
                    format!("{who} a un compte ; des changements sont retenus : {}.", held(told))
                }
                Stage::Present if in_roster => format!("{who} a un compte, et les exports le nomment."),
                Stage::Present => {
                    format!("{who} a encore un compte, et plus rien ne le justifie : {}.", why_gone(told, in_roster))
                }
            }
        }
    }
}

fn held(told: &Told) -> String {
    told.holds.first().map(|hold| hold.message.trim_end_matches('.').to_owned()).unwrap_or_default()
}

fn rejected(told: &Told) -> Option<String> {
    let finding = told.findings.iter().find(|finding| finding.severity == "rejected")?;
    let at = finding.origin.as_ref().map(|origin| format!(" ({origin})")).unwrap_or_default();
    Some(format!("sa ligne est rejetée{at} : {} [{}]", finding.message.trim_end_matches('.'), finding.code))
}

fn why_none(told: &Told, in_roster: bool, classless: bool, missing: Option<&str>) -> String {
    if let Some(why) = left_out(told) {
        return why;
    }
    if in_roster {
        return match (told.holds.is_empty(), classless, missing) {
            (_, true, _) => "il n'a pas de division : à affecter dans SIECLE (ou ONDE)".to_owned(),
            (false, ..) => format!("sa création est retenue : {}", held(told)),
            (_, _, Some(missing)) => missing.trim_end_matches('.').to_owned(),
            _ => "il est dans les exports, et sera créé à la prochaine exécution".to_owned(),
        };
    }
    rejected(told).unwrap_or_else(|| match &told.record {
        Some(_) => "rien dans les exports acceptés ne justifie un compte".to_owned(),
        None => "aucun export accepté ne le nomme".to_owned(),
    })
}

fn why_gone(told: &Told, in_roster: bool) -> String {
    if in_roster {
        return "les exports le nomment : le prochain plan le rétablit".to_owned();
    }
    left_out(told).or_else(|| rejected(told)).unwrap_or_else(|| "plus aucun export accepté ne le nomme".to_owned())
}

fn left_out(told: &Told) -> Option<String> {
    Some(match told.left_out? {
        LeftOutReason::OutOfScope => {
            "hors périmètre : aucun de ses établissements n'est de ceux que cette installation alimente".to_owned()
        }
        LeftOutReason::NoPupil => "c'est un responsable sans élève livré dans le périmètre".to_owned(),
        LeftOutReason::NoAuthority => {
            "aucun de ses liens ne lui donne d'autorité sur un élève (contact, payeur ou autre) : pas de compte par les \
             règles du projet"
                .to_owned()
        }
        LeftOutReason::Merged => match &told.joined_to {
            Some(key) => format!("c'est la même personne que {key}, qu'une autre source nomme et qui a le compte"),
            None => "c'est la même personne qu'une autre source nomme".to_owned(),
        },
        LeftOutReason::Rejected => {
            rejected(told).unwrap_or_else(|| "sa fiche a été livrée de façon contradictoire ou incomplète".to_owned())
        }
    })
}
