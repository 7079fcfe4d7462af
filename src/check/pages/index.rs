//! The index of the pages: the schools with their counts, and what concerns no school.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{deliveries, foot, head, place, rank, title, urgency};
use crate::check::Checkup;
use crate::feed::{Code, Finding, Severity};
use crate::wording::{Escaped, count, number};

/// Messages shown of one kind.
const SHOWN: usize = 20;

/// The page; `names` are the files of the schools, `findings` all of them in order.
pub(super) fn page(checkup: &Checkup, names: &[String], findings: &[&Finding]) -> String {
    let mut html = head("À corriger, par établissement");
    let _ = write!(
        html,
        "<header>\n<p class=\"over\">Préparation de l'ENT</p>\n<h1>À corriger, par établissement</h1>\n\
         <p class=\"read\">D'après la {} : {}.</p>\n</header>\n",
        deliveries(checkup, None),
        count(checkup.schools.len() as u64, "établissement", "établissements")
    );
    write_schools(checkup, names, &mut html);
    let listed = |finding: &&&Finding| {
        finding.school.as_ref().is_none_or(|uai| !checkup.schools.iter().any(|school| school.uai == *uai))
    };
    let elsewhere: Vec<&Finding> = findings.iter().filter(listed).copied().collect();
    write_elsewhere(&elsewhere, &mut html);
    html.push_str(&foot());
    html
}

fn write_schools(checkup: &Checkup, names: &[String], html: &mut String) {
    if checkup.schools.is_empty() {
        html.push_str("<p class=\"clear\">Aucun établissement dans la livraison.</p>\n");
        return;
    }
    html.push_str(
        "<div class=\"wide\"><table class=\"schools\">\n<thead><tr><th scope=\"col\">Établissement</th>\
         <th scope=\"col\" class=\"n\">Élèves</th><th scope=\"col\" class=\"n\">Responsables</th>\
         <th scope=\"col\" class=\"n\">Personnels</th><th scope=\"col\" class=\"n\">Bloquants</th>\
         <th scope=\"col\" class=\"n\">Laissés de côté</th><th scope=\"col\" class=\"n\">Valeurs non reprises</th>\
         <th scope=\"col\" class=\"n\">En attente</th><th scope=\"col\" class=\"n\">À vérifier</th></tr></thead>\n<tbody>\n",
    );
    for (school, name) in checkup.schools.iter().zip(names) {
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><a href=\"{}\">{}</a> <small>{}</small></th>",
            Escaped(name),
            Escaped(&school.name),
            Escaped(&school.uai)
        );
        for n in [school.pupils, school.relatives, school.staff] {
            let _ = write!(html, "<td class=\"n\">{}</td>", number(n));
        }
        for (severity, n) in Severity::ALL.into_iter().zip(school.findings.counts()) {
            let (class, _) = super::badge(severity);
            let _ = match n {
                0 => write!(html, "<td class=\"n none\">0</td>"),
                n => write!(html, "<td class=\"n {class}\">{}</td>", number(n)),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
}

/// Tool, urgency, severity and code: the order of the page.
type Kind = (u8, u8, Severity, Code);

/// By tool and kind: the delivery as a whole, and persons whose school is not known.
fn write_elsewhere(findings: &[&Finding], html: &mut String) {
    let mut kinds: BTreeMap<Kind, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        let key = (rank(finding.tool), urgency(finding.severity), finding.severity, finding.code);
        kinds.entry(key).or_default().push(finding);
    }
    let mut open = None;
    for ((rank, _, severity, code), findings) in kinds {
        if open != Some(rank) {
            if open.is_some() {
                html.push_str("</section>\n");
            }
            let _ = write!(
                html,
                "<section aria-labelledby=\"outil-{rank}\">\n<h2 id=\"outil-{rank}\">Toute la livraison : {}</h2>\n",
                Escaped(lower(place(findings.first().and_then(|finding| finding.tool))))
            );
            open = Some(rank);
        }
        let total: u64 = findings.iter().map(|f| u64::from(f.count)).sum();
        let (class, _) = super::badge(severity);
        let explanation = code.explanation();
        let _ = write!(
            html,
            "<article class=\"{class}\">\n<h3>{} : {}</h3>\n<p>{} {}</p>\n<ul class=\"notes\">\n",
            Escaped(title(code)),
            number(total),
            Escaped(explanation.effect),
            Escaped(explanation.remedy)
        );
        for finding in findings.iter().take(SHOWN) {
            let whom = finding.whom().map(|whom| format!("{whom} : ")).unwrap_or_default();
            let origin = finding.origin.as_ref().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(
                html,
                "<li>{}{} <small>{}</small></li>",
                Escaped(whom),
                Escaped(&finding.message),
                Escaped(origin)
            );
        }
        if findings.len() > SHOWN {
            let more = count((findings.len() - SHOWN) as u64, "autre", "autres");
            let _ = writeln!(html, "<li class=\"more\">… et {more}</li>");
        }
        html.push_str("</ul>\n</article>\n");
    }
    if open.is_some() {
        html.push_str("</section>\n");
    }
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
