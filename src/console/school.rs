//! `/etablissements/{uai}`: one school: what is held there, its accounts, its sheets by class.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use compact_str::CompactString;

use super::Console;
use super::dashboard::write_hold;
use super::failure::Failure;
use super::frame::{self, Place, segment};
use super::last_plan::Look;
use super::schools::to_print;
use super::words;
use crate::config::Config;
use crate::feed::values::{Uai, fold_name};
use crate::roster::Profile;
use crate::store::{ClassCount, Stage};
use crate::wording::Escaped;

/// Present accounts of one row of a table, and their sheets.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    accounts: u64,
    printed: u64,
    to_print: u64,
}

impl Row {
    fn add(&mut self, count: &ClassCount, config: &Config) {
        self.accounts += count.accounts;
        self.printed += count.printed;
        self.to_print += to_print(config, count.profile, count.accounts, count.printed, count.sealed);
    }

    fn cells(&self) -> String {
        let without = self.accounts.saturating_sub(self.printed + self.to_print);
        [self.accounts, self.printed, self.to_print, without].into_iter().map(words::cell).collect()
    }
}

const SHEETS: &str = "<th scope=\"col\" class=\"n\">Présents</th><th scope=\"col\" class=\"n\">Fiches imprimées</th>\
                      <th scope=\"col\" class=\"n\">À imprimer</th><th scope=\"col\" class=\"n\">Sans fiche</th>";

pub async fn page(State(console): State<Arc<Console>>, Path(uai): Path<String>) -> Result<Response, Failure> {
    let unknown = Failure::NotFound("Aucun établissement connu n'a ce code (UAI).");
    let Some(uai) = Uai::parse(&uai) else { return Err(unknown) };
    let counts = console.store.class_counts(uai.as_str()).await?;
    let plan = console.last_plan.look(&console.store).await?;
    let planned = plan.reviewed().is_some_and(|plan| plan.header.schools.contains_key(uai.as_str()));
    if counts.is_empty() && !planned {
        return Err(unknown);
    }
    let name = plan.school_name(uai.as_str());
    let mut html = format!("<h1>{}</h1>\n<p class=\"lead\">UAI <code>{uai}</code></p>\n", Escaped(name));
    write_tiles(&counts, &console.config, &mut html);
    write_holds(&uai, &plan, &mut html);
    write_profiles(&counts, &console.config, &mut html);
    write_classes(&counts, &console.config, &mut html);
    Ok(frame::page(name, Place::Schools, &html))
}

fn write_tiles(counts: &[ClassCount], config: &Config, html: &mut String) {
    let of = |stage| counts.iter().filter(|count| count.stage == stage).map(|count| count.accounts).sum();
    let mut all = Row::default();
    counts.iter().filter(|count| count.stage == Stage::Present).for_each(|count| all.add(count, config));
    html.push_str("<dl class=\"tiles\">\n");
    html.push_str(&words::tile("good", "Comptes présents", all.accounts));
    html.push_str(&words::tile("waiting", "Absents, encore utilisables", of(Stage::Absent)));
    html.push_str(&words::tile("bad", "Suspendus", of(Stage::Suspended)));
    html.push_str(&words::tile("good", "Fiches imprimées", all.printed));
    html.push_str(&words::tile("info", "Fiches à imprimer", all.to_print));
    html.push_str("</dl>\n");
}

fn write_holds(uai: &Uai, plan: &Look, html: &mut String) {
    let Some(plan) = plan.reviewed() else { return };
    html.push_str("<section aria-labelledby=\"retenues\">\n<h2 id=\"retenues\">Retenu en ce moment</h2>\n");
    let mut any = false;
    for fold in plan.holds.iter().filter(|fold| fold.is_whole_plan() || fold.school.as_ref() == Some(uai)) {
        write_hold(plan, fold, html);
        any = true;
    }
    if !any {
        html.push_str("<p>Rien.</p>\n");
    }
    let _ = write!(
        html,
        "<p><a href=\"/plans/{}?etablissement={}\">Ce que le dernier plan change ici</a></p>\n</section>\n",
        plan.header.plan_id,
        segment(uai.as_str())
    );
}

fn write_profiles(counts: &[ClassCount], config: &Config, html: &mut String) {
    let _ = write!(
        html,
        "<section aria-labelledby=\"profils\">\n<h2 id=\"profils\">Comptes et fiches</h2>\n<div class=\"wide\"><table>\n\
         <thead><tr><th scope=\"col\">Profil</th>{SHEETS}<th scope=\"col\" class=\"n\">Absents</th>\
         <th scope=\"col\" class=\"n\">Suspendus</th></tr></thead>\n<tbody>\n"
    );
    for profile in Profile::ALL {
        let of_profile = || counts.iter().filter(|count| count.profile == profile);
        let mut row = Row::default();
        of_profile().filter(|count| count.stage == Stage::Present).for_each(|count| row.add(count, config));
        let of = |stage| of_profile().filter(|count| count.stage == stage).map(|count| count.accounts).sum();
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th>{}{}{}</tr>",
            profile.in_words(),
            row.cells(),
            words::cell(of(Stage::Absent)),
            words::cell(of(Stage::Suspended))
        );
    }
    html.push_str(
        "</tbody>\n</table></div>\n<p class=\"more\">« À imprimer » : ce que <code>rentree letters --new</code> imprimerait. \
         « Sans fiche » : comptes repris d'un annuaire existant, dont le mot de passe n'est pas connu d'ici.</p>\n</section>\n",
    );
}

fn write_classes(counts: &[ClassCount], config: &Config, html: &mut String) {
    let mut classes: BTreeMap<CompactString, Row> = BTreeMap::new();
    for count in counts.iter().filter(|count| count.profile == Profile::Pupil && count.stage == Stage::Present) {
        classes.entry(count.class.clone().unwrap_or_default()).or_default().add(count, config);
    }
    if classes.is_empty() {
        return;
    }
    let _ = write!(
        html,
        "<section aria-labelledby=\"classes\">\n<h2 id=\"classes\">Élèves par classe</h2>\n<div class=\"wide\"><table>\n\
         <thead><tr><th scope=\"col\">Classe</th>{SHEETS}</tr></thead>\n<tbody>\n"
    );
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by_cached_key(|(class, _)| fold_name(class));
    for (class, row) in classes {
        let name = if class.is_empty() { "sans classe" } else { class.as_str() };
        let _ = writeln!(html, "<tr><th scope=\"row\">{}</th>{}</tr>", Escaped(name), row.cells());
    }
    html.push_str("</tbody>\n</table></div>\n</section>\n");
}
