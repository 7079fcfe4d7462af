//! `/etablissements`: every school that has accounts, with its sheets and whether it is held.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use compact_str::CompactString;

use super::Console;
use super::failure::Failure;
use super::frame::{self, Place};
use super::last_plan::Look;
use super::words;
use crate::config::{Config, Mode};
use crate::feed::values::fold_name;
use crate::roster::Profile;
use crate::store::{SchoolCount, Stage};
use crate::wording::count;

/// The counts of one school.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    present: BTreeMap<Profile, u64>,
    absent: u64,
    suspended: u64,
    printed: u64,
    to_print: u64,
}

impl Tally {
    fn add(&mut self, count: &SchoolCount, config: &Config) {
        match count.stage {
            Stage::Present => {
                *self.present.entry(count.profile).or_default() += count.accounts;
                self.printed += count.printed;
                self.to_print += to_print(config, count.profile, count.accounts, count.printed, count.sealed);
            }
            Stage::Absent => self.absent += count.accounts,
            Stage::Suspended => self.suspended += count.accounts,
            Stage::Purged => {}
        }
    }
}

/// Present accounts whose sheet `letters --new` would print: those with a sealed credential, or everybody of a profile
/// that logs in elsewhere and gets a sheet without a password.
pub fn to_print(config: &Config, profile: Profile, accounts: u64, printed: u64, sealed: u64) -> u64 {
    match config.credentials.of(profile).mode {
        Mode::Bind | Mode::Portal => sealed,
        Mode::Federated => accounts.saturating_sub(printed),
    }
}

pub async fn page(State(console): State<Arc<Console>>) -> Result<Response, Failure> {
    let counts = console.store.school_counts().await?;
    let plan = console.last_plan.look(&console.store).await?;
    let mut schools: BTreeMap<CompactString, Tally> = BTreeMap::new();
    if let Some(plan) = plan.reviewed() {
        // A school whose accounts are all to come is one already.
        schools.extend(plan.header.schools.keys().map(|uai| (uai.clone(), Tally::default())));
    }
    for count in &counts {
        for uai in &count.schools {
            schools.entry(uai.clone()).or_default().add(count, &console.config);
        }
    }
    let mut schools: Vec<(CompactString, Tally)> = schools.into_iter().collect();
    schools.sort_by_cached_key(|(uai, _)| (fold_name(plan.school_name(uai)), uai.clone()));
    let mut html = String::from("<h1>Établissements</h1>\n");
    write(&schools, &plan, &mut html);
    Ok(frame::page("Établissements", Place::Schools, &html))
}

fn write(schools: &[(CompactString, Tally)], plan: &Look, html: &mut String) {
    if schools.is_empty() {
        html.push_str("<p class=\"notice\">Aucun établissement n'a encore de compte.</p>\n");
        return;
    }
    let _ = writeln!(
        html,
        "<p class=\"lead\">{}. Qui est dans deux établissements compte dans chacun.</p>",
        count(schools.len() as u64, "établissement", "établissements")
    );
    html.push_str("<div class=\"wide\"><table class=\"schools\">\n<thead><tr><th scope=\"col\">Établissement</th>");
    for profile in Profile::ALL {
        let _ = write!(html, "<th scope=\"col\" class=\"n\">{}</th>", profile.in_words());
    }
    for label in ["Absents", "Suspendus", "Fiches imprimées", "À imprimer"] {
        let _ = write!(html, "<th scope=\"col\" class=\"n\">{label}</th>");
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (uai, tally) in schools {
        let held = plan.reviewed().is_some_and(|plan| plan.holds.holds_school(uai));
        let held = if held { " <span class=\"badge waiting\">retenu</span>" } else { "" };
        let _ = write!(html, "<tr><th scope=\"row\">{}{held}</th>", words::school_link(uai, plan.school_name(uai)));
        for profile in Profile::ALL {
            html.push_str(&words::cell(tally.present.get(&profile).copied().unwrap_or_default()));
        }
        for n in [tally.absent, tally.suspended, tally.printed, tally.to_print] {
            html.push_str(&words::cell(n));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
}
