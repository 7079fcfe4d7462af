//! What there is to tell after a night. A plain function of how it ended and of what was told before.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Zoned};
use serde::Serialize;
use serde_json::json;

use super::{Kind, Notice};
use crate::feed::values::Uai;
use crate::plan::render::hold_reason;
use crate::plan::{Hold, HoldReason, Verdict};
use crate::wording::{count, date, nameless, number};

/// "All is well" is told, and what still waits is told again, after so many days.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24 - 12);
/// A failure that follows another one within this time is the same, tried again.
const AGAIN: SignedDuration = SignedDuration::from_hours(2);
/// Schools that a message names one by one.
const MOST_LINES: usize = 20;
/// Of the object that a webhook gets.
const FORMAT_VERSION: u32 = 1;

/// How a night ended.
#[derive(Debug, Clone)]
pub struct Ended<'a> {
    pub run: Option<String>,
    pub at: Zoned,
    pub verdict: Verdict,
    /// What became of the changes.
    pub changes: Changes,
    /// Those that somebody is asked about.
    pub holds: Vec<&'a Hold>,
    /// Names of the schools, by UAI.
    pub schools: &'a BTreeMap<String, String>,
    /// Why it failed.
    pub error: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    pub done: u64,
    pub failed: u64,
    pub not_done: u64,
    pub unknown: u64,
}

/// What was told before.
#[derive(Debug, Clone, Default)]
pub struct Past {
    pub well: Option<jiff::Timestamp>,
    pub held: Option<jiff::Timestamp>,
    pub failed: Option<jiff::Timestamp>,
    pub recovered: Option<jiff::Timestamp>,
    /// Nights since the last time that all was said to be well, this one with them.
    pub nights: u64,
    /// Accounts that are there.
    pub accounts: u64,
}

/// What is told, and to whom it goes by its kind. `name` is what the installation is called.
#[must_use]
pub fn compose(ended: &Ended<'_>, past: &Past, name: &str) -> Vec<Notice> {
    let mut notices = Vec::new();
    let now = ended.at.timestamp();
    let long_ago = |last: Option<jiff::Timestamp>| last.is_none_or(|last| now.duration_since(last) >= WEEK);
    let mut tell = |kind: Kind, subject: String, text: String| {
        let facts = facts(kind, ended, name);
        notices.push(Notice { kind, subject: format!("[{name}] {subject}"), text, facts });
    };
    let failed = matches!(
        ended.verdict,
        Verdict::Failed | Verdict::Refused | Verdict::Locked | Verdict::Stale | Verdict::Partial
    );
    let unmended = past.failed.filter(|failed| past.recovered.is_none_or(|recovered| recovered < *failed));
    if failed && unmended.is_none_or(|failed| now.duration_since(failed) >= AGAIN) {
        tell(Kind::Failed, failure_subject(ended), failure_text(ended));
    }
    if !ended.holds.is_empty() && (ended.holds.iter().any(|hold| hold.new) || long_ago(past.held)) {
        tell(Kind::Held, held_subject(ended), held_text(ended));
    }
    if failed {
        return notices;
    }
    if unmended.is_some() {
        let text = format!(
            "La nuit du {} a abouti : {}. Il n'y a rien à faire.\n",
            date(ended.at.date()),
            done(ended.changes.done)
        );
        tell(Kind::Recovered, format!("Rétabli : la nuit du {} a abouti", date(ended.at.date())), text);
    }
    if ended.holds.is_empty() && long_ago(past.well) {
        let nights = count(past.nights.max(1), "nuit", "nuits");
        let text = format!(
            "{nights} depuis le dernier message, la dernière le {} : {}. {} à l'annuaire.\n",
            date(ended.at.date()),
            done(ended.changes.done),
            count(past.accounts, "compte présent", "comptes présents")
        );
        tell(Kind::Well, format!("Tout va bien : {nights}"), text);
    }
    notices
}

fn done(changes: u64) -> String {
    match changes {
        0 => "rien à changer".to_owned(),
        n => count(n, "changement fait", "changements faits"),
    }
}

fn failure_subject(ended: &Ended<'_>) -> String {
    let night = date(ended.at.date());
    match ended.verdict {
        Verdict::Refused => format!("Livraison REFUSÉE, nuit du {night}"),
        Verdict::Locked => format!("Nuit du {night} NON FAITE : une autre exécution était en cours"),
        Verdict::Stale => format!("Nuit du {night} NON FAITE : plan périmé"),
        Verdict::Partial => {
            let left = ended.changes.failed + ended.changes.not_done + ended.changes.unknown;
            format!("Nuit du {night} INCOMPLÈTE : {}", count(left, "changement non fait", "changements non faits"))
        }
        _ => format!("ÉCHEC de la nuit du {night}"),
    }
}

fn failure_text(ended: &Ended<'_>) -> String {
    let mut text = match ended.verdict {
        Verdict::Refused => "Ce qui a été livré n'a pas été accepté ; rien n'a changé dans l'annuaire.\n".to_owned(),
        Verdict::Locked => "Une autre exécution tenait le verrou ; rien n'a changé dans l'annuaire.\n".to_owned(),
        Verdict::Partial => {
            "Une partie des changements n'a pas été faite ; la prochaine nuit les reprend.\n".to_owned()
        }
        _ => "La nuit n'a pas abouti ; la prochaine reprend où elle en était.\n".to_owned(),
    };
    let Changes { done, failed, not_done, unknown } = ended.changes;
    if done + failed + not_done + unknown > 0 {
        text.push_str(&format!(
            "\nFaits : {}. En échec : {}. Non faits : {}. Sort inconnu : {}.\n",
            number(done),
            number(failed),
            number(not_done),
            number(unknown)
        ));
    }
    if let Some(error) = &ended.error {
        text.push_str(&format!("\nCause : {}\n", nameless(error)));
    }
    text.push_str("\nÀ voir : rentree status, puis le journal de la nuit. Relancer : rentree sync (sans danger).\n");
    signature(&mut text, ended);
    text
}

/// A school, or people, or everything, with one reason.
type Line<'a> = (Option<&'a str>, bool, HoldReason);

fn held_subject(ended: &Ended<'_>) -> String {
    // A school that is held for two reasons waits with the same changes for both.
    let mut schools: BTreeMap<&str, u64> = BTreeMap::new();
    let mut changes = 0;
    for hold in &ended.holds {
        match &hold.school {
            Some(uai) => {
                let most = schools.entry(uai.as_str()).or_default();
                *most = hold.changes.max(*most);
            }
            None => changes += hold.changes,
        }
    }
    changes += schools.values().sum::<u64>();
    let whole = ended.holds.iter().any(|hold| hold.school.is_none() && hold.join_key.is_none());
    let whereto = match schools.len() as u64 {
        0 if whole => " (tout le plan)".to_owned(),
        0 => String::new(),
        n => format!(" ({})", count(n, "établissement", "établissements")),
    };
    format!(
        "{}, {}{whereto}",
        count(ended.holds.len() as u64, "retenue", "retenues"),
        count(changes, "changement attend", "changements attendent")
    )
}

fn held_text(ended: &Ended<'_>) -> String {
    let mut text = format!(
        "La nuit du {} retient ce qui suit, jusqu'à ce que quelqu'un décide. Le reste : {}.\n\n",
        date(ended.at.date()),
        done(ended.changes.done)
    );
    // One line for a school and a reason: a person is never named.
    let mut lines: BTreeMap<Line<'_>, (u64, u64, bool)> = BTreeMap::new();
    for hold in &ended.holds {
        let place = hold.school.as_ref().map(Uai::as_str);
        let line = lines.entry((place, hold.join_key.is_some(), hold.reason)).or_default();
        line.0 += 1;
        line.1 += hold.changes;
        line.2 |= hold.new;
    }
    for ((school, people, reason), (holds, changes, new)) in lines.iter().take(MOST_LINES) {
        let place = match school {
            Some(uai) => match ended.schools.get(*uai) {
                Some(name) => format!("{name} ({uai})"),
                None => (*uai).to_owned(),
            },
            None if *people => "Des personnes".to_owned(),
            None => "Tous établissements".to_owned(),
        };
        let several = if *holds > 1 { format!(" × {}", number(*holds)) } else { String::new() };
        text.push_str(&format!(
            "- {place} : {}{several}, {}{}\n",
            hold_reason(*reason),
            count(*changes, "changement", "changements"),
            if *new { ", nouveau" } else { "" }
        ));
    }
    if lines.len() > MOST_LINES {
        text.push_str(&format!("- … et {} autres lignes\n", number((lines.len() - MOST_LINES) as u64)));
    }
    text.push_str(
        "\nVoir : rentree holds list, rentree holds show <retenue>\nLever ou écarter : rentree holds release|discard <retenue> --why « … »\n",
    );
    signature(&mut text, ended);
    text
}

fn signature(text: &mut String, ended: &Ended<'_>) {
    if let Some(run) = &ended.run {
        text.push_str(&format!("\nExécution {run}\n"));
    }
}

fn facts(kind: Kind, ended: &Ended<'_>, name: &str) -> serde_json::Value {
    let mut holds: BTreeMap<(Option<&str>, &'static str), (u64, u64)> = BTreeMap::new();
    for hold in &ended.holds {
        let line = holds.entry((hold.school.as_ref().map(Uai::as_str), hold.reason.name())).or_default();
        *line = (line.0 + 1, line.1 + hold.changes);
    }
    let holds: Vec<serde_json::Value> = holds
        .into_iter()
        .map(|((school, reason), (holds, changes))| {
            json!({ "school": school, "reason": reason, "holds": holds, "changes": changes })
        })
        .collect();
    json!({
        "format_version": FORMAT_VERSION, "kind": kind, "installation": name, "at": ended.at.timestamp(), "run": ended.run,
        "verdict": ended.verdict, "changes": ended.changes, "holds": holds,
        "error": ended.error.as_deref().map(nameless),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::roster::JoinKey;

    fn at(day: i8) -> Zoned {
        jiff::civil::date(2026, 11, day).at(2, 40, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap()
    }

    fn hold(school: Option<&str>, person: Option<&str>, changes: u64, new: bool) -> Hold {
        Hold {
            id: format!("h{changes}"),
            reason: if person.is_some() { HoldReason::Ambiguous } else { HoldReason::SuspendLimit },
            school: school.map(|uai| Uai::parse(uai).unwrap()),
            join_key: person.map(JoinKey::from_text),
            origin: None,
            message: "Zoé Exemple partirait".into(),
            remark: None,
            changes,
            new,
            discarded: None,
        }
    }

    fn ended<'a>(day: i8, verdict: Verdict, holds: &'a [Hold], schools: &'a BTreeMap<String, String>) -> Ended<'a> {
        Ended {
            run: Some("0190".into()),
            at: at(day),
            verdict,
            changes: Changes { done: 120, ..Changes::default() },
            holds: holds.iter().collect(),
            schools,
            error: None,
        }
    }

    fn kinds(notices: &[Notice]) -> Vec<Kind> {
        notices.iter().map(|notice| notice.kind).collect()
    }

    #[test]
    fn what_is_held_goes_to_the_administrator_with_the_counts_in_the_subject() {
        let schools = BTreeMap::from([("0290009C".to_owned(), "Collège Jean Moulin".to_owned())]);
        let holds = [
            hold(Some("0290009C"), None, 210, true),
            hold(Some("0350999X"), None, 12, false),
            hold(None, Some("AC-TEST$77"), 1, false),
            hold(None, Some("AC-TEST$78"), 1, false),
        ];
        let told = compose(&ended(23, Verdict::Held, &holds, &schools), &Past::default(), "ENT 29");
        assert_eq!(kinds(&told), [Kind::Held]);
        insta::assert_snapshot!(format!("{}\n\n{}\n{:#}", told[0].subject, told[0].text, told[0].facts));
        for name in ["Zoé", "AC-TEST"] {
            assert!(!format!("{:?}", told[0]).contains(name), "{name} is told");
        }
        // The same the next day is not told again, within the week.
        let known: Vec<Hold> = holds.iter().map(|hold| Hold { new: false, ..hold.clone() }).collect();
        let past = |days: i8| Past { held: Some(at(23 - days).timestamp()), ..Past::default() };
        assert!(compose(&ended(23, Verdict::Held, &known, &schools), &past(1), "ENT").is_empty());
        assert_eq!(kinds(&compose(&ended(23, Verdict::Held, &known, &schools), &past(7), "ENT")), [Kind::Held]);
    }

    #[test]
    fn a_failure_goes_to_the_operator_and_so_does_its_end() {
        let none = BTreeMap::new();
        let mut failed = ended(23, Verdict::Failed, &[], &none);
        failed.error = Some("cannot write uid=zoe.exemple,ou=personnes,dc=fr: délai".into());
        let told = compose(&failed, &Past::default(), "ENT 29");
        assert_eq!(kinds(&told), [Kind::Failed]);
        assert!(!format!("{:?}", told[0]).contains("zoe"));
        insta::assert_snapshot!(format!("{}\n\n{}", told[0].subject, told[0].text));
        for (verdict, subject) in [
            (Verdict::Refused, "[E] Livraison REFUSÉE, nuit du 23 novembre 2026"),
            (Verdict::Locked, "[E] Nuit du 23 novembre 2026 NON FAITE : une autre exécution était en cours"),
            (Verdict::Partial, "[E] Nuit du 23 novembre 2026 INCOMPLÈTE : 0 changement non fait"),
        ] {
            assert_eq!(compose(&ended(23, verdict, &[], &none), &Past::default(), "E")[0].subject, subject);
        }
        // Tried again within the hour, it is the same failure; the night after it is told again.
        let ago = |hours: i64| Past {
            failed: Some(at(23).timestamp() - SignedDuration::from_hours(hours)),
            ..Past::default()
        };
        assert!(compose(&failed, &ago(1), "E").is_empty());
        assert_eq!(kinds(&compose(&failed, &ago(24), "E")), [Kind::Failed]);
        let day = |day: i8| Some(at(day).timestamp());
        let well: Option<Timestamp> = day(20);
        let good = ended(23, Verdict::Done, &[], &none);
        let past = Past { failed: day(22), well, ..Past::default() };
        assert_eq!(kinds(&compose(&good, &past, "E")), [Kind::Recovered]);
        assert!(compose(&good, &Past { recovered: day(23), ..past }, "E").is_empty());
    }

    #[test]
    fn that_all_is_well_is_a_line_a_week() {
        let none = BTreeMap::new();
        let mut told = Vec::new();
        let mut past = Past { accounts: 98_483, ..Past::default() };
        for day in 1..=28 {
            past.nights += 1;
            for notice in compose(&ended(day, Verdict::Unchanged, &[], &none), &past, "E") {
                told.push((day, notice.text.clone()));
                past = Past { well: Some(at(day).timestamp()), nights: 0, ..past };
            }
        }
        assert_eq!(told.iter().map(|(day, _)| *day).collect::<Vec<_>>(), [1, 8, 15, 22]);
        assert!(told.iter().all(|(_, text)| text.trim_end().lines().count() == 1), "{told:?}");
        assert!(told[1].1.starts_with("7 nuits depuis le dernier message"), "{}", told[1].1);
    }
}
