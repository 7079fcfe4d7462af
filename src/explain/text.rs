//! The answer as text, in French: the sentence first, then the steps.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::{Attribute, Event, Explained, Remark, Told};
use crate::directory::dialect::Ownership;
use crate::roster::{Profile, Standing};
use crate::store::Stage;
use crate::wording::date;

/// Values of one attribute that are shown.
const VALUES: usize = 6;

/// Renders an answer; `zone` is where times are read.
#[must_use]
pub fn text(explained: &Explained, zone: &TimeZone) -> String {
    let mut out = String::new();
    match &explained.person {
        Some(person) => person_text(person, zone, &mut out),
        None if !explained.candidates.is_empty() => {
            let _ = writeln!(
                out,
                "« {} » peut désigner plusieurs personnes ; demandez l'une d'elles par sa clé :",
                explained.asked
            );
            for candidate in &explained.candidates {
                let _ =
                    write!(out, "  {:<28} {}", candidate.join_key.as_str(), candidate.name.as_deref().unwrap_or("?"));
                if let Some(login) = &candidate.login {
                    let _ = write!(out, ", {login}");
                }
                if let Some(origin) = &candidate.origin {
                    let _ = write!(out, " ({origin})");
                }
                out.push('\n');
            }
        }
        None if !explained.findings.is_empty() => {
            let _ = writeln!(out, "{} : aucune personne n'a pu en être tirée.", explained.asked);
            explained.findings.iter().for_each(|remark| remark_text(remark, &mut out));
        }
        None => {
            let _ = writeln!(
                out,
                "« {} » : ni les exports acceptés, ni le registre, ni l'annuaire ne connaissent cette personne.",
                explained.asked
            );
        }
    }
    plain(&out)
}

/// Names and values come from outside: nothing in them may drive the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn person_text(told: &Told, zone: &TimeZone, out: &mut String) {
    let _ = writeln!(out, "{}\n", told.sentence);
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(out, "  {label:<18} {value}");
    };
    fact("Clé de jointure", told.join_key.as_str());
    if let Some(profile) = told.profile {
        fact("Profil", profile_name(profile));
    }
    match &told.record {
        Some(record) => {
            let day = record.delivered.map_or_else(|| "non datée".to_owned(), |day| format!("du {}", date(day)));
            let taken = if record.accepted { "" } else { ", rejetée" };
            fact(
                "Ligne",
                &format!("{} ({}, {}, livraison {day}{taken})", record.origin, record.source, record.category),
            );
        }
        None => fact("Ligne", "aucune dans les exports acceptés"),
    }
    for school in &told.schools {
        let class = school.class.as_ref().map(|class| format!(", classe {class}")).unwrap_or_default();
        fact("Établissement", &format!("{} ({}){class}", school.name, school.uai));
    }
    for link in &told.links {
        let standing = link.standing.map(|standing| format!(", {}", standing_name(standing))).unwrap_or_default();
        fact("Lien", &format!("{} ({}){standing}", link.name, link.join_key));
    }
    if let Some(names) = &told.names {
        fact("Identifiant", &format!("{} : {}", names.login, names.why));
        fact("uid", &names.uid);
    }
    if let Some(identity) = &told.identity {
        fact("Identité", identity);
    }
    for other in &told.other_accounts {
        let role = if other.principal { "le compte principal de cette personne" } else { "un compte secondaire" };
        let profile = other.profile.map(|profile| format!(" ({})", profile_name(profile))).unwrap_or_default();
        fact("Rapproché de", &format!("{}{profile}, {role}", other.dn));
    }
    if let Some(account) = &told.account {
        let there = if account.there { "" } else { " (n'y est plus)" };
        fact("Fiche", &format!("{}{there}", account.dn));
        let locked = if account.locked { ", verrouillé" } else { "" };
        fact("Étape", &format!("{} depuis le {}{locked}", stage_name(account.stage), date(account.since)));
        if let Some(class) = &account.former_class {
            fact("Classe d'avant", &format!("{class} (l'an dernier)"));
        }
        fact("Premier mot de passe", account.credential.as_deref().unwrap_or("aucun d'ici"));
    }
    if !told.findings.is_empty() {
        out.push_str("\nCe que la lecture a relevé :\n");
        told.findings.iter().for_each(|remark| remark_text(remark, out));
    }
    if !told.holds.is_empty() {
        out.push_str("\nRetenu :\n");
        for hold in &told.holds {
            let _ = writeln!(out, "  {} [{}, plan {}]", hold.message, hold.id, hold.plan);
        }
    }
    if !told.attributes.is_empty() {
        out.push_str("\nLa fiche, attribut par attribut :\n");
        told.attributes.iter().for_each(|attribute| attribute_text(attribute, out));
    }
    out.push_str("\nCe qui s'est passé :\n");
    if told.history.is_empty() {
        out.push_str("  rien n'a encore été écrit pour cette personne\n");
    }
    told.history.iter().for_each(|event| event_text(event, zone, out));
}

fn remark_text(remark: &Remark, out: &mut String) {
    let at = remark.origin.as_ref().map(|origin| format!("{origin} : ")).unwrap_or_default();
    let _ = writeln!(out, "  {at}{} [{}]", remark.message, remark.code);
    let _ = writeln!(out, "    {} {}", remark.effect, remark.remedy);
}

fn attribute_text(attribute: &Attribute, out: &mut String) {
    let owner = match attribute.owner {
        Some(Ownership::Feed) => "export",
        Some(Ownership::Engine) => "moteur",
        Some(Ownership::User) => "personne",
        Some(Ownership::Shared) => "partagé",
        None => "autre main",
    };
    let meaning = attribute.meaning.map(|meaning| format!(" : {meaning}")).unwrap_or_default();
    let _ = writeln!(out, "  {} [{owner}]{meaning}", attribute.name);
    if attribute.hidden {
        out.push_str("      (présent, jamais montré)\n");
        return;
    }
    if attribute.differs {
        let _ = writeln!(out, "    ≠ voulu    {}", joined(&attribute.wanted));
        let _ = writeln!(out, "      annuaire {}", joined(&attribute.actual));
    } else {
        let shown = if attribute.actual.is_empty() { &attribute.wanted } else { &attribute.actual };
        let _ = writeln!(out, "      {}", joined(shown));
    }
}

fn joined(values: &[String]) -> String {
    if values.is_empty() {
        return "(rien)".to_owned();
    }
    let more = values.len().saturating_sub(VALUES);
    let more = if more > 0 { format!(" | … et {more} autres") } else { String::new() };
    format!("{}{more}", values.iter().take(VALUES).map(String::as_str).collect::<Vec<_>>().join(" | "))
}

fn event_text(event: &Event, zone: &TimeZone, out: &mut String) {
    let at = event.at.to_zoned(zone.clone()).strftime("%d/%m/%Y %H:%M");
    let what = match (&event.change, &event.outcome) {
        (Some(change), Some(outcome)) if outcome != "done" => format!("{change} : {outcome}"),
        (Some(change), _) => change.clone(),
        (None, _) => event.kind.clone(),
    };
    let plan = match (&event.plan, event.seq) {
        (Some(plan), Some(seq)) => format!(", plan {plan} n° {seq}"),
        (Some(plan), None) => format!(", plan {plan}"),
        _ => String::new(),
    };
    let note = event.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
    let _ = writeln!(out, "  {at} {what}{note}, par {}{plan}", event.actor);
    // The values of a creation are those above.
    if event.change.as_deref() != Some("create") {
        for values in &event.values {
            let _ =
                writeln!(out, "      {} : {} → {}", values.attribute, joined(&values.before), joined(&values.after));
        }
    }
}

const fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Pupil => "élève",
        Profile::Relative => "responsable",
        Profile::Teacher => "enseignant",
        Profile::Staff => "personnel",
    }
}

const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Present => "présent",
        Stage::Absent => "absent",
        Stage::Suspended => "suspendu",
        Stage::Purged => "effacé",
    }
}

const fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Authority => "autorité parentale",
        Standing::InCharge => "en charge",
        Standing::Contact => "contact",
        Standing::Other => "autre",
    }
}
