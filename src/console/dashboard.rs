//! `/`: is everything as it should be? Deliveries, holds, accounts, runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;

use super::Console;
use super::failure::Failure;
use super::frame::{self, Place, segment};
use super::last_plan::{Look, Reviewed};
use super::words;
use crate::plan::render::{HoldFold, hold_reason};
use crate::roster::Profile;
use crate::store::{LastRun, SchoolCount, SourceOverview, Stage};
use crate::wording::{Escaped, count, date};

/// Runs shown.
const RUNS: u32 = 15;
/// Groups of holds shown; the plan has them all.
const HOLDS: usize = 12;
/// A source that delivered nothing for longer is late. Academies send a complete set every week or a difference every
/// working night; a day is left for a holiday.
const LATE_AFTER: i32 = 8;

pub async fn page(State(console): State<Arc<Console>>) -> Result<Response, Failure> {
    let store = &console.store;
    let (sources, runs, counts) =
        tokio::try_join!(store.source_overviews(), store.last_runs(RUNS), store.school_counts())?;
    let plan = console.last_plan.look(store).await?;
    let mut html = String::from("<h1>Tableau de bord</h1>\n");
    if runs.is_empty() && matches!(plan, Look::None) {
        html.push_str(
            "<p class=\"notice\">Rien n'a encore été calculé : lancez <code>rentree plan</code>, puis rechargez cette page.</p>\n",
        );
    }
    write_holds(&plan, &mut html);
    write_sources(&console, &sources, &mut html);
    write_accounts(&counts, &mut html);
    write_runs(&console, &runs, &mut html);
    Ok(frame::page("Tableau de bord", Place::Dashboard, &html))
}

fn write_holds(plan: &Look, html: &mut String) {
    let plan = match plan {
        Look::None => return,
        Look::Unreadable { id } => {
            let _ = writeln!(
                html,
                "<p class=\"notice bad\">Le fichier du dernier plan (<a href=\"/plans/{}\"><code>{}</code></a>) manque ou \
                 n'est plus celui qui a été scellé : ce qui est retenu ne peut pas être montré.</p>",
                segment(id),
                Escaped(id)
            );
            return;
        }
        Look::Whole(plan) => plan,
    };
    let n = plan.holds.count();
    write_decided(plan, html);
    if n == 0 {
        let _ = writeln!(
            html,
            "<p class=\"notice good\">Rien n'est retenu. {}</p>",
            plan_link(plan, "Lire le dernier plan")
        );
        return;
    }
    let _ = write!(
        html,
        "<section aria-labelledby=\"retenues\">\n<h2 id=\"retenues\">Retenu en ce moment : {}</h2>\n<p class=\"lead\">\
         D'après le dernier plan. {}</p>\n",
        count(n, "retenue", "retenues"),
        plan_link(plan, "Lire le plan entier")
    );
    for fold in plan.holds.iter().take(HOLDS) {
        write_hold(plan, fold, html);
    }
    let more = plan.holds.iter().count().saturating_sub(HOLDS) as u64;
    if more > 0 {
        let _ =
            writeln!(html, "<p class=\"more\">… et {} dans le plan.</p>", count(more, "autre motif", "autres motifs"));
    }
    html.push_str("</section>\n");
}

/// What was released into the last plan, and what was set aside.
fn write_decided(plan: &Reviewed, html: &mut String) {
    let released = plan.header.released.len() as u64;
    let discarded: u64 = plan.holds.discarded().map(|fold| fold.holds).sum();
    if released > 0 {
        let released = count(released, "retenue levée", "retenues levées");
        let _ = writeln!(html, "<p class=\"notice good\">{released} dans le dernier plan.</p>");
    }
    if discarded > 0 {
        let discarded = count(discarded, "retenue écartée", "retenues écartées");
        let _ = writeln!(html, "<p class=\"notice\">{discarded} : les changements restent de côté, comme décidé.</p>");
    }
}

fn plan_link(plan: &Reviewed, label: &str) -> String {
    format!("<a href=\"/plans/{}\">{label}</a>", plan.header.plan_id)
}

/// One reason, in one school, with the first messages.
pub fn write_hold(plan: &Reviewed, fold: &HoldFold, html: &mut String) {
    let place = match &fold.school {
        Some(uai) => {
            let uai = uai.as_str();
            words::school_link(uai, plan.header.schools.get(uai).map_or(uai, String::as_str))
        }
        None if fold.is_person() => "Hors établissement".to_owned(),
        None => "Plan entier".to_owned(),
    };
    let who =
        if fold.is_person() { format!("{}, ", count(fold.holds, "personne", "personnes")) } else { String::new() };
    let new = if fold.new > 0 { " <span class=\"badge waiting\">nouveau</span>" } else { "" };
    let _ = write!(
        html,
        "<article class=\"hold\">\n<h3>{place} : {who}{}{new}</h3>\n<ul>\n",
        Escaped(hold_reason(fold.reason))
    );
    for hold in &fold.shown {
        let _ = write!(html, "<li>{}", Escaped(&hold.message));
        if let Some(remark) = &hold.remark {
            let _ = write!(html, " <strong>{}</strong>", Escaped(remark));
        }
        let _ = write!(html, " <small>retenue <code>{}</code></small>", Escaped(&hold.id));
        if let Some(key) = &hold.join_key {
            let _ = write!(
                html,
                " <small><a href=\"/personnes/{}\">{}</a></small>",
                segment(key.as_str()),
                Escaped(key.as_str())
            );
        }
        html.push_str("</li>\n");
    }
    let more = fold.holds.saturating_sub(fold.shown.len() as u64);
    if more > 0 {
        let _ = writeln!(html, "<li class=\"more\">… et {}</li>", count(more, "autre", "autres"));
    }
    html.push_str("</ul>\n</article>\n");
}

fn write_sources(console: &Console, known: &[SourceOverview], html: &mut String) {
    let now = console.now();
    html.push_str(
        "<section aria-labelledby=\"sources\">\n<h2 id=\"sources\">Sources</h2>\n<div class=\"wide\"><table class=\"stack\">\n<thead><tr>\
         <th scope=\"col\">Source</th><th scope=\"col\">Dernière livraison</th><th scope=\"col\">Âge</th>\
         <th scope=\"col\">Acceptée</th></tr></thead>\n<tbody>\n",
    );
    for source in &console.config.sources {
        let _ = write!(
            html,
            "<tr><th scope=\"row\">{} <small>{}</small></th>",
            Escaped(&source.name),
            Escaped(source.kind.name())
        );
        let known = known.iter().find(|known| known.name == source.name);
        let Some((known, accepted)) = known.and_then(|known| Some((known, known.accepted?))) else {
            html.push_str("<td colspan=\"3\"><span class=\"badge bad\">jamais livrée</span></td></tr>\n");
            continue;
        };
        // A table has no date of its own: the day on which it was taken counts.
        let accepted_on = accepted.to_zoned(now.time_zone().clone()).date();
        let age = days_between(known.delivered.unwrap_or(accepted_on), now.date());
        let delivered = known.delivered.map_or_else(|| "non datée".to_owned(), date);
        let late = if age > LATE_AFTER { " <span class=\"badge bad\">en retard</span>" } else { "" };
        let _ = writeln!(
            html,
            "<td data-label=\"Livraison\">{delivered}</td><td data-label=\"Âge\">{}{late}</td>\
             <td data-label=\"Acceptée\">{}</td></tr>",
            words::days_ago(age),
            words::moment(accepted, now.time_zone())
        );
    }
    html.push_str("</tbody>\n</table></div>\n</section>\n");
}

fn days_between(from: Date, to: Date) -> i32 {
    // Days alone never overflow between two dates of the calendar.
    (to - from).get_days()
}

fn write_accounts(counts: &[SchoolCount], html: &mut String) {
    let mut by: BTreeMap<(Profile, Stage), u64> = BTreeMap::new();
    for count in counts {
        *by.entry((count.profile, count.stage)).or_default() += count.accounts;
    }
    let of = |profile, stage| by.get(&(profile, stage)).copied().unwrap_or_default();
    let stages: Vec<Stage> = words::STAGES
        .into_iter()
        .filter(|stage| *stage != Stage::Purged || Profile::ALL.iter().any(|profile| of(*profile, *stage) > 0))
        .collect();
    html.push_str("<section aria-labelledby=\"comptes\">\n<h2 id=\"comptes\">Comptes</h2>\n<div class=\"wide fit\"><table>\n<thead><tr><th scope=\"col\">Profil</th>");
    for stage in &stages {
        let _ = write!(html, "<th scope=\"col\" class=\"n\">{}</th>", words::stages(*stage));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for profile in Profile::ALL {
        let _ = write!(html, "<tr><th scope=\"row\">{}</th>", profile.in_words());
        for stage in &stages {
            html.push_str(&words::cell(of(profile, *stage)));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n<tfoot><tr><th scope=\"row\">Tous</th>");
    for stage in &stages {
        html.push_str(&words::cell(Profile::ALL.iter().map(|profile| of(*profile, *stage)).sum()));
    }
    html.push_str("</tr></tfoot>\n</table></div>\n</section>\n");
}

fn write_runs(console: &Console, runs: &[LastRun], html: &mut String) {
    html.push_str("<section aria-labelledby=\"executions\">\n<h2 id=\"executions\">Dernières exécutions</h2>\n");
    if runs.is_empty() {
        html.push_str("<p>Aucune.</p>\n</section>\n");
        return;
    }
    let now = console.now();
    html.push_str(
        "<div class=\"wide\"><table class=\"runs stack\">\n<thead><tr><th scope=\"col\">Quand</th><th scope=\"col\">Commande</th>\
         <th scope=\"col\">Verdict</th><th scope=\"col\">Comptes</th><th scope=\"col\">Par qui</th>\
         <th scope=\"col\">Exécution</th></tr></thead>\n<tbody>\n",
    );
    for run in runs {
        let (verdict, class) = words::verdict(run.verdict.as_deref());
        let counts = match &run.totals {
            Some(totals) => words::totals(totals, run.holds),
            None if run.outcomes.is_empty() => String::new(),
            None => words::outcomes(&run.outcomes),
        };
        let plan = run
            .plan
            .as_deref()
            .map_or_else(String::new, |plan| format!("<br><a href=\"/plans/{}\">lire le plan</a>", segment(plan)));
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td><span class=\"badge {class}\">{verdict}</span></td>\
             <td>{}</td><td>{}</td><td class=\"ids\"><code>{}</code>{plan}</td></tr>",
            words::moment(run.started, now.time_zone()),
            Escaped(&run.verb),
            Escaped(counts),
            Escaped(run.actor.as_deref().unwrap_or("inconnu")),
            Escaped(&run.id)
        );
    }
    html.push_str("</tbody>\n</table></div>\n</section>\n");
}
