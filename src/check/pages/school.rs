//! The page of one school.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{badge, deliveries, foot, head, place, plain_words, rank, title, urgency};
use crate::check::{Checkup, School};
use crate::feed::{Code, Finding, Severity, Tool};
use crate::wording::{Escaped, count, number};

/// Rows of one section: a browser stays quick, and nobody corrects more from a list.
const ROWS: usize = 5_000;

/// What is in one section: the findings of a tool.
type Sections<'f> = BTreeMap<u8, (Option<Tool>, Vec<&'f Finding>)>;

/// The page, from findings in the order of [`super::order`].
pub(super) fn page(checkup: &Checkup, school: &School, findings: &[&Finding]) -> String {
    let mut sections = Sections::new();
    let mut notes = Vec::new();
    for finding in findings {
        // Something to check about somebody is worth a line of the list; the rest is only good to know.
        if finding.severity == Severity::Information && finding.key.is_none() {
            notes.push(*finding);
        } else {
            sections.entry(rank(finding.tool)).or_insert_with(|| (finding.tool, Vec::new())).1.push(finding);
        }
    }
    let mut html = head(&format!("À corriger : {}", school.name));
    write_top(checkup, school, &sections, &mut html);
    for (tool, findings) in sections.values() {
        write_section(*tool, findings, &mut html);
    }
    write_notes(&notes, &mut html);
    html.push_str(&foot());
    html
}

fn write_top(checkup: &Checkup, school: &School, sections: &Sections<'_>, html: &mut String) {
    let (pupils, relatives, staff) = (
        count(school.pupils, "élève", "élèves"),
        count(school.relatives, "responsable", "responsables"),
        count(school.staff, "personnel", "personnels"),
    );
    let _ = write!(
        html,
        "<header>\n<p class=\"over\">Préparation de l'ENT</p>\n<h1>{} <small>{}</small></h1>\n\
         <p class=\"read\">D'après la {} : {pupils}, {relatives}, {staff} lus.</p>\n</header>\n",
        Escaped(&school.name),
        Escaped(&school.uai),
        deliveries(checkup, Some(school))
    );
    write_delivery_trouble(checkup, school, html);
    if sections.is_empty() {
        html.push_str(
            "<p class=\"clear\"><strong>Rien à corriger.</strong> Les données de l'établissement sont prises telles quelles. Merci !</p>\n",
        );
        return;
    }
    let all = || sections.values().flat_map(|(_, findings)| findings);
    let sum = |wanted: &[Severity]| -> u64 {
        all().filter(|f| wanted.contains(&f.severity)).map(|f| u64::from(f.count)).sum()
    };
    let urgent = sum(&[Severity::Blocking, Severity::Rejected, Severity::ToDecide]);
    let (dropped, check) = (sum(&[Severity::DroppedValue]), sum(&[Severity::Information]));
    html.push_str("<dl class=\"tiles\">\n");
    for (class, label, n) in [
        ("urgent", "à corriger vite : des personnes attendent leur compte", urgent),
        ("dropped", "données à corriger quand vous pouvez", dropped),
        ("info", "données à vérifier, sans urgence", check),
    ] {
        let none = if n == 0 { " none" } else { "" };
        let _ = writeln!(html, "<div class=\"{class}{none}\"><dt>{label}</dt><dd>{}</dd></div>", number(n));
    }
    html.push_str(
        "</dl>\n<p class=\"how\">Corrigez chaque donnée dans l'outil indiqué, jamais dans l'ENT : la correction arrive avec la livraison suivante, \
         le plus souvent en quelques jours, et la ligne disparaît de cette page.</p>\n",
    );
}

/// A delivery that is itself incomplete is nothing that a school can mend, and explains much of what it sees.
fn write_delivery_trouble(checkup: &Checkup, school: &School, html: &mut String) {
    let mut codes: Vec<Code> = checkup
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Blocking && f.school.is_none())
        .filter(|f| f.source.as_ref().is_none_or(|source| school.is_of(source)))
        .map(|f| f.code)
        .collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() {
        return;
    }
    html.push_str("<aside>\n<p><strong>La livraison a elle-même un défaut</strong>, qui ne vient pas de l'établissement et dont l'équipe de l'ENT s'occupe :</p>\n<ul>\n");
    for code in codes {
        let _ = writeln!(html, "<li>{}</li>", Escaped(code.title()));
    }
    html.push_str("</ul>\n</aside>\n");
}

fn write_section(tool: Option<Tool>, findings: &[&Finding], html: &mut String) {
    let total: u64 = findings.iter().map(|f| u64::from(f.count)).sum();
    let people = rows(findings);
    let who = people.iter().filter(|row| row.iter().any(|f| f.key.is_some())).count() as u64;
    let people_said = if who > 0 { format!(" pour {}", count(who, "personne", "personnes")) } else { String::new() };
    let id = format!("outil-{}", rank(tool));
    let _ = write!(
        html,
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{} : {}{people_said}</h2>\n",
        place(tool),
        count(total, "point", "points")
    );
    write_meanings(findings, html);
    write_people(&people, html);
    html.push_str("</section>\n");
}

/// What each kind means and asks for, the most urgent first.
fn write_meanings(findings: &[&Finding], html: &mut String) {
    let mut kinds: BTreeMap<(u8, Severity, Code), u64> = BTreeMap::new();
    for finding in findings {
        let kind = (urgency(finding.severity), finding.severity, finding.code);
        *kinds.entry(kind).or_default() += u64::from(finding.count);
    }
    html.push_str(
        "<table class=\"kinds\">\n<thead><tr><th scope=\"col\">Constat</th><th scope=\"col\" class=\"n\">Nombre</th>\
         <th scope=\"col\">Si rien n'est fait</th><th scope=\"col\">À faire</th></tr></thead>\n<tbody>\n",
    );
    for ((_, severity, code), n) in kinds {
        let explanation = code.explanation();
        let (class, _) = badge(severity);
        let _ = writeln!(
            html,
            "<tr class=\"{class}\"><th scope=\"row\">{}</th><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            Escaped(title(code)),
            number(n),
            Escaped(explanation.effect),
            Escaped(explanation.remedy)
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

/// Findings about the same person stand together: they are in the order of class and name.
fn rows<'r, 'f>(findings: &'r [&'f Finding]) -> Vec<&'r [&'f Finding]> {
    let same = |a: &&Finding, b: &&Finding| {
        a.key.is_some() && a.key == b.key && a.category == b.category && a.source == b.source
    };
    findings.chunk_by(same).collect()
}

fn write_people(people: &[&[&Finding]], html: &mut String) {
    html.push_str(
        "<table class=\"people\">\n<thead><tr><th scope=\"col\">Classe</th><th scope=\"col\">Nom</th>\
         <th scope=\"col\">Constat</th><th scope=\"col\" class=\"done\">Fait</th></tr></thead>\n<tbody>\n",
    );
    let mut before = None;
    for row in people.iter().take(ROWS) {
        let Some(first) = row.first() else { continue };
        let class = first.class.as_deref().unwrap_or_default();
        let new = if before.replace(class) == Some(class) { "" } else { " class=\"new\"" };
        let _ = write!(html, "<tr{new}><td>{}</td><th scope=\"row\">{}</th><td><ul>", Escaped(class), name(first));
        for finding in *row {
            write_finding(finding, html);
        }
        html.push_str("</ul></td><td class=\"done\"><span class=\"box\"></span></td></tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    if people.len() > ROWS {
        let more = count((people.len() - ROWS) as u64, "autre ligne", "autres lignes");
        let _ = writeln!(
            html,
            "<p class=\"more\">… et {more}, dans la liste complète que l'équipe de l'ENT peut fournir.</p>"
        );
    }
}

/// Who, escaped; of a relative, the pupil in smaller letters.
fn name(finding: &Finding) -> String {
    match (&finding.subject, &finding.key) {
        (Some(subject), _) => match subject.split_once(" (") {
            Some((name, rest)) => {
                format!("{} <small>{}</small>", Escaped(name), Escaped(rest.strip_suffix(')').unwrap_or(rest)))
            }
            None => Escaped(subject).to_string(),
        },
        (None, Some(key)) => format!("identifiant {}", Escaped(key)),
        (None, None) => "Plusieurs personnes".to_owned(),
    }
}

fn write_finding(finding: &Finding, html: &mut String) {
    let (class, word) = badge(finding.severity);
    let _ = write!(html, "<li><span class=\"badge {class}\">{word}</span> {}", Escaped(plain_words(&finding.message)));
    if let Some(origin) = &finding.origin {
        let _ = write!(html, " <small>{}", Escaped(&*origin.file));
        if origin.line > 0 {
            let _ = write!(html, ", ligne {}", number(origin.line.into()));
        }
        html.push_str("</small>");
    }
    html.push_str("</li>");
}

fn write_notes(notes: &[&Finding], html: &mut String) {
    if notes.is_empty() {
        return;
    }
    html.push_str(
        "<section aria-labelledby=\"notes\">\n<h2 id=\"notes\">Pour information</h2>\n<ul class=\"notes\">\n",
    );
    for finding in notes {
        let remedy = finding.code.explanation().remedy;
        let _ = writeln!(
            html,
            "<li><strong>{}</strong> {} <em>{}</em></li>",
            Escaped(format!("{}.", title(finding.code))),
            Escaped(plain_words(&finding.message)),
            Escaped(remedy)
        );
    }
    html.push_str("</ul>\n</section>\n");
}
