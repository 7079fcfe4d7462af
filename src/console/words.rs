//! The French words of the console, and small pieces of HTML that several pages share.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize as _;

use crate::audit::{Event, Kind};
use crate::credentials::EnvelopeState;
use crate::plan::{ChangeKind, Totals};
use crate::roster::Profile;
use crate::store::{Outcome, Stage};
use crate::wording::{Escaped, agree, count, date, number};

/// The heading of a column of counts.
pub const fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::Pupil => "élève",
        Profile::Relative => "responsable",
        Profile::Teacher => "enseignant",
        Profile::Staff => "personnel",
    }
}

pub const STAGES: [Stage; 4] = [Stage::Present, Stage::Absent, Stage::Suspended, Stage::Purged];

pub const fn stages(stage: Stage) -> &'static str {
    match stage {
        Stage::Present => "Présents",
        Stage::Absent => "Absents",
        Stage::Suspended => "Suspendus",
        Stage::Purged => "Supprimés",
    }
}

pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Present => "présent",
        Stage::Absent => "absent (utilisable)",
        Stage::Suspended => "suspendu",
        Stage::Purged => "supprimé",
    }
}

/// How a run ended: the words, and the class of the badge.
pub fn verdict(word: Option<&str>) -> (&'static str, &'static str) {
    match word {
        None => ("en cours ou interrompue", "waiting"),
        Some("done") => ("fait", "good"),
        Some("unchanged") => ("rien à faire", "good"),
        Some("changes") => ("changements en attente", "info"),
        Some("held") => ("fait, des retenues", "waiting"),
        Some("partial") => ("partiel", "bad"),
        Some("stale") => ("plan périmé", "waiting"),
        Some("refused") => ("livraison refusée", "bad"),
        Some("locked") => ("verrouillé", "waiting"),
        Some(_) => ("échec", "bad"),
    }
}

/// What a plan comes to, the most telling first; nothing for what is nought.
pub fn totals(totals: &Totals, holds: u64) -> String {
    let accounts = &totals.accounts;
    let parts = [
        (accounts.created, "créé", "créés"),
        (accounts.restored, "rétabli", "rétablis"),
        (accounts.moved, "déplacé", "déplacés"),
        (accounts.updated, "mis à jour", "mis à jour"),
        (totals.departures.absent, "absent de la livraison", "absents de la livraison"),
        (totals.departures.suspended, "suspendu", "suspendus"),
        (accounts.unchanged, "inchangé", "inchangés"),
        (accounts.rejected, "rejeté", "rejetés"),
        (holds, "retenue", "retenues"),
    ];
    listed(parts.into_iter())
}

/// What became of the changes of a plan that was carried out.
pub fn outcomes(outcomes: &[(Outcome, u64)]) -> String {
    let of = |wanted| outcomes.iter().filter(|(outcome, _)| *outcome == wanted).map(|(_, n)| n).sum::<u64>();
    listed(
        [
            (of(Outcome::Done), "changement fait", "changements faits"),
            (of(Outcome::Moved), "laissé de côté", "laissés de côté"),
            (of(Outcome::Failed), "échoué", "échoués"),
            (of(Outcome::Intended), "en cours", "en cours"),
        ]
        .into_iter(),
    )
}

fn listed<'a>(parts: impl Iterator<Item = (u64, &'a str, &'a str)>) -> String {
    let parts: Vec<String> = parts.filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(n, one, many)).collect();
    if parts.is_empty() { "rien".to_owned() } else { parts.join(", ") }
}

pub const fn credential(state: EnvelopeState) -> &'static str {
    match state {
        EnvelopeState::Pending => "en cours d'écriture dans l'annuaire",
        EnvelopeState::Live => "scellé, imprimable",
        EnvelopeState::Superseded => "remplacé par un autre",
        EnvelopeState::Revoked => "révoqué",
        EnvelopeState::Expired => "expiré",
    }
}

/// What happened to a person, as the trail names it; the kind's own name for what is not told apart here.
pub fn event(event: &Event) -> &str {
    match Kind::from_name(&event.kind) {
        Some(Kind::ChangeApplied) => change(event),
        Some(Kind::ChangeFailed) => "changement non écrit",
        Some(Kind::HoldNew) => "retenue",
        Some(Kind::HoldReleased) => "retenue levée",
        Some(Kind::HoldDiscarded) => "retenue écartée",
        Some(Kind::HoldClosed) => "retenue close",
        Some(Kind::JoinKeyChanged) => "clé de jointure changée",
        Some(Kind::CredentialIssued) => "mot de passe provisoire émis",
        Some(Kind::CredentialRevoked) => "mot de passe provisoire révoqué",
        Some(Kind::CredentialsExpired) => "mots de passe provisoires périmés",
        Some(Kind::CredentialReissued) => "mot de passe provisoire remplacé",
        Some(Kind::EnvelopeOpened) => "enveloppe ouverte pour l'impression",
        Some(Kind::Printed) => "fiche imprimée",
        Some(Kind::Finding) => "signalement sur les données",
        _ => &event.kind,
    }
}

/// What was written, as far as the event still says it.
fn change(event: &Event) -> &'static str {
    let kind = event.payload.as_ref().and_then(|payload| payload.get("kind"));
    match kind.and_then(|kind| ChangeKind::deserialize(kind).ok()) {
        Some(ChangeKind::Create) => "compte créé",
        Some(ChangeKind::Update) => "compte mis à jour",
        Some(ChangeKind::Move) => "compte déplacé",
        Some(ChangeKind::Restore) => "compte rétabli",
        Some(ChangeKind::Absent) => "absence notée",
        Some(ChangeKind::Suspend) => "compte suspendu",
        Some(ChangeKind::Purge) => "compte effacé",
        Some(ChangeKind::Reissue) => "mot de passe provisoire remplacé",
        Some(ChangeKind::Revoke) => "mot de passe provisoire retiré",
        _ => "changement écrit dans l'annuaire",
    }
}

/// `22 novembre 2026, 16:20`, for people and machines.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    format!(
        "<time datetime=\"{}\">{}, {:02}:{:02}</time>",
        local.strftime("%Y-%m-%dT%H:%M%:z"),
        date(local.date()),
        local.hour(),
        local.minute()
    )
}

/// A cell of a count; nought recedes.
pub fn cell(n: u64) -> String {
    if n == 0 { "<td class=\"n none\">0</td>".to_owned() } else { format!("<td class=\"n\">{}</td>", number(n)) }
}

/// A count as a tile of a summary.
pub fn tile(class: &str, label: &str, n: u64) -> String {
    let none = if n == 0 { " none" } else { "" };
    format!("<div class=\"{class}{none}\"><dt>{label}</dt><dd>{}</dd></div>\n", number(n))
}

/// How many days ago: `aujourd'hui`, `hier`, `il y a 9 jours`.
pub fn days_ago(days: i32) -> String {
    match days {
        ..=-1 => "à venir".to_owned(),
        0 => "aujourd'hui".to_owned(),
        1 => "hier".to_owned(),
        days => format!("il y a {days} {}", agree(2, "jour", "jours")),
    }
}

pub fn school_link(uai: &str, name: &str) -> String {
    let small = if name == uai { String::new() } else { format!(" <small>{}</small>", Escaped(uai)) };
    format!("<a href=\"/etablissements/{}\">{}</a>{small}", super::frame::segment(uai), Escaped(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_days() {
        assert_eq!(days_ago(-2), "à venir");
        assert_eq!(days_ago(0), "aujourd'hui");
        assert_eq!(days_ago(1), "hier");
        assert_eq!(days_ago(9), "il y a 9 jours");
    }

    #[test]
    fn only_what_there_is_is_listed() {
        let mut of = Totals::default();
        assert_eq!(totals(&of, 0), "rien");
        of.accounts.created = 2;
        of.accounts.unchanged = 1_200;
        assert_eq!(totals(&of, 1), "2 créés, 1\u{202f}200 inchangés, 1 retenue");
        assert_eq!(outcomes(&[(Outcome::Done, 3), (Outcome::Failed, 1)]), "3 changements faits, 1 échoué");
    }

    #[test]
    fn a_school_is_escaped() {
        assert_eq!(school_link("1\"", "<b>"), "<a href=\"/etablissements/1%22\">&lt;b&gt;</a> <small>1&quot;</small>");
    }
}
