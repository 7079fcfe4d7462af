//! The counts as one page that needs nothing beside it: tables and plain charts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use compact_str::CompactString;
use jiff::civil::Date;

use super::chart::{Line, chart};
use super::series::{Activation, Figures, Series};
use super::table::percent;
use crate::feed::values::fold_name;
use crate::private;
use crate::roster::Profile;
use crate::wording::{Escaped, count, date, number, policy_source};

const STYLE: &str = concat!(include_str!("../page.css"), include_str!("page.css"));

/// Writes the page of a scope: `name` is the school's, or the installation's; `schools` are listed when there are any.
///
/// # Errors
/// When the file cannot be written.
pub fn page(
    name: &str,
    series: &Series,
    schools: &BTreeMap<CompactString, Series>,
    names: &BTreeMap<CompactString, String>,
    path: &Path,
) -> io::Result<()> {
    private::write(path, |file| file.write_all(html(name, series, schools, names).as_bytes()))
}

pub(super) fn html(
    name: &str,
    series: &Series,
    schools: &BTreeMap<CompactString, Series>,
    names: &BTreeMap<CompactString, String>,
) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Indicateurs · {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Indicateurs : {}</h1>\n",
        policy_source(STYLE),
        Escaped(name),
        Escaped(name)
    );
    match series.last() {
        None => html.push_str("<p>Rien n'a encore été noté : la prochaine nuit le fera.</p>\n"),
        Some((day, profiles)) => {
            let asked = match series.last_activation(None) {
                Some(then) => format!("comptes activés vus dans l'annuaire le {}", date(then.day)),
                None => "comptes activés : l'annuaire n'a pas encore été interrogé".to_owned(),
            };
            let _ = writeln!(html, "<p class=\"lead\">Au {} ; {asked}.</p>", date(day));
            today(profiles, series, &mut html);
            over_time(series, &mut html);
            if !schools.is_empty() {
                by_school(schools, names, &mut html);
            }
        }
    }
    let version = env!("CARGO_PKG_VERSION");
    let _ = write!(
        html,
        "<footer><p>Présents : nommés par les exports. Absents : plus nommés, le compte fonctionne encore. Imprimés, \
         activés : parmi les présents et les absents ; une fiche compte tant que son mot de passe n'a pas été remplacé, \
         un compte est activé quand son titulaire s'en est servi ou a changé son mot de passe. Rentrée {version}. Aucune \
         donnée nominative.</p></footer>\n</body>\n</html>\n"
    );
    html
}

fn today(profiles_: &BTreeMap<Profile, Figures>, series: &Series, html: &mut String) {
    html.push_str(
        "<h2>Les comptes aujourd'hui</h2>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Profil</th>\
         <th scope=\"col\" class=\"n\">Présents</th><th scope=\"col\" class=\"n\">Absents</th>\
         <th scope=\"col\" class=\"n\">Suspendus</th><th scope=\"col\">Imprimés</th><th scope=\"col\">Activés</th></tr>\
         </thead>\n<tbody>\n",
    );
    for (profile, figures) in profiles_ {
        row(profile.in_words(), figures, series.last_activation(Some(*profile)), html);
    }
    html.push_str("</tbody>\n<tfoot>\n");
    if let Some((_, total)) = series.over_time(None).last() {
        row("Ensemble", total, series.last_activation(None), html);
    }
    html.push_str("</tfoot>\n</table></div>\n");
}

fn row(label: &str, figures: &Figures, activation: Option<Activation>, html: &mut String) {
    let activated = activation.map(|then| (then.activated, then.usable));
    let _ = writeln!(
        html,
        "<tr><th scope=\"row\">{label}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td>{}</td><td>{}</td></tr>",
        number(figures.present),
        number(figures.absent),
        number(figures.suspended),
        share(Some((figures.printed, figures.usable()))),
        share(activated)
    );
}

/// A part of a whole, as a bar and in numbers.
fn share(of: Option<(u64, u64)>) -> String {
    let Some((part, whole)) = of else { return "–".to_owned() };
    let Some(percent) = percent(part, whole) else { return number(part) };
    format!(
        "<meter min=\"0\" max=\"100\" value=\"{percent}\">{percent} %</meter> {} <small>({percent} %)</small>",
        number(part)
    )
}

fn over_time(series: &Series, html: &mut String) {
    html.push_str("<h2>Au fil du temps</h2>\n<div class=\"card\"><h3>Tous les profils</h3>\n");
    html.push_str(&lines("Tous les profils", &series.over_time(None)));
    html.push_str("</div>\n<p></p>\n<div class=\"grid2\">\n");
    for profile in Profile::ALL {
        let days = series.over_time(Some(profile));
        if days.iter().any(|(_, figures)| *figures != Figures::default()) {
            let _ = writeln!(html, "<div class=\"card\"><h3>{}</h3>", profile.in_words());
            html.push_str(&lines(profile.in_words(), &days));
            html.push_str("</div>\n");
        }
    }
    html.push_str("</div>\n");
}

fn lines(title: &str, days: &[(Date, Figures)]) -> String {
    let of = |value: &dyn Fn(&Figures) -> Option<u64>| -> Vec<(Date, u64)> {
        days.iter().filter_map(|(day, figures)| value(figures).map(|n| (*day, n))).collect()
    };
    chart(
        &format!("{title} : comptes présents, imprimés, activés"),
        &[
            Line { name: "Présents", class: "present", points: of(&|f| Some(f.present)) },
            Line { name: "Imprimés", class: "printed", points: of(&|f| Some(f.printed)) },
            Line { name: "Activés", class: "activated", points: of(&|f| f.activated) },
        ],
    )
}

fn by_school(schools: &BTreeMap<CompactString, Series>, names: &BTreeMap<CompactString, String>, html: &mut String) {
    let name = |uai: &CompactString| names.get(uai).map_or(uai.as_str(), String::as_str).to_owned();
    let mut sorted: Vec<(&CompactString, &Series)> = schools.iter().collect();
    sorted.sort_by_cached_key(|(uai, _)| (fold_name(&name(uai)), (*uai).clone()));
    let _ = write!(
        html,
        "<h2>Par établissement</h2>\n<p class=\"lead\">{} ; qui est dans deux établissements compte dans chacun.</p>\n\
         <div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Établissement</th>",
        count(sorted.len() as u64, "établissement", "établissements")
    );
    for profile in Profile::ALL {
        let _ = write!(html, "<th scope=\"col\" class=\"n\">{}</th>", profile.in_words());
    }
    html.push_str(
        "<th scope=\"col\" class=\"n\">Suspendus</th><th scope=\"col\">Imprimés</th><th scope=\"col\">Activés</th></tr>\
         </thead>\n<tbody>\n",
    );
    for (uai, series) in sorted {
        let Some((_, profiles)) = series.last() else { continue };
        let Some((_, total)) = series.over_time(None).last().copied() else { continue };
        let _ = write!(html, "<tr><th scope=\"row\">{} <small>{uai}</small></th>", Escaped(name(uai)));
        for profile in Profile::ALL {
            let present = profiles.get(&profile).map_or(0, |figures| figures.present);
            let _ = write!(html, "<td class=\"n\">{}</td>", number(present));
        }
        let activated = series.last_activation(None).map(|then| (then.activated, then.usable));
        let _ = writeln!(
            html,
            "<td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            number(total.suspended),
            share(Some((total.printed, total.usable()))),
            share(activated)
        );
    }
    html.push_str("</tbody>\n</table></div>\n");
}
