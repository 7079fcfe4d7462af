//! One page per school for its secretariat, and an index of them for the operator: self-contained HTML, no script.
//!
//! A page is a list to work from: by upstream tool, what each kind of finding means and asks for, then person by
//! person in the order of classes and names, with a box to tick on paper. Values come from outside and are hostile
//! until escaped; a strict content policy stands behind the escaping.

mod index;
mod school;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Checkup, School};
use crate::feed::values::fold_name;
use crate::feed::{Code, Finding, Severity, Tool, aaf};
use crate::private::{self, private_folder};
use crate::wording::{Escaped, date, policy_source};

const STYLE: &str = concat!(include_str!("../page.css"), include_str!("pages/page.css"));

/// Why the pages could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}")]
pub struct PagesError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Writes `index.html` and `<UAI>.html` for each school into `folder`: files that only their owner can read (0600), in
/// a folder of his (0700) that is made when it is missing. A school without findings has its page too, so that one
/// from an earlier check does not stay.
///
/// # Errors
/// With the path that could not be written.
pub fn pages(checkup: &Checkup, folder: &Path) -> Result<(), PagesError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PagesError { path, source }
    };
    private_folder(folder).map_err(failed(folder))?;
    let save = |name: &str, html: &str| {
        let path = folder.join(name);
        private::write(&path, |file| file.write_all(html.as_bytes())).map_err(failed(&path))
    };
    let names = file_names(&checkup.schools);
    let mut findings: Vec<&Finding> = checkup.findings.iter().collect();
    findings.sort_by_cached_key(|finding| order(finding));
    for (school, name) in checkup.schools.iter().zip(&names) {
        // Sorted by school first: those of one stand together.
        let from = findings.partition_point(|f| f.school.as_deref().unwrap_or_default() < school.uai.as_str());
        let of_school: Vec<&Finding> = findings
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|finding| finding.school.as_ref() == Some(&school.uai))
            .copied()
            .collect();
        save(name, &school::page(checkup, school, &of_school))?;
    }
    save("index.html", &index::page(checkup, &names, &findings))
}

/// A file name per school. A delivered UAI can be anything: what is not a letter or digit becomes `-`, and two schools
/// never share a name, even where a file system does not tell capitals from small letters.
fn file_names(schools: &[School]) -> Vec<String> {
    let mut given: HashSet<String> = HashSet::from(["index".to_owned()]);
    let name = |school: &School| {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let stem: String = school.uai.chars().map(safe).take(32).collect();
        let mut name = if stem.is_empty() { "-".to_owned() } else { stem.clone() };
        let mut n = 1;
        while !given.insert(name.to_lowercase()) {
            n += 1;
            name = format!("{stem}-{n}");
        }
        format!("{name}.html")
    };
    schools.iter().map(name).collect()
}

/// By school, class and name, the worst first, then the place in the files.
pub(super) fn order(finding: &Finding) -> impl Ord + use<> {
    (
        finding.school.clone().unwrap_or_default(),
        // Nobody in particular first: it is about all of them.
        finding.subject.is_some() || finding.key.is_some(),
        finding.class.as_deref().map(fold_name),
        finding.subject.as_deref().map(fold_name),
        finding.subject.clone(),
        (finding.severity, finding.code),
        finding.origin.clone(),
        finding.message.clone(),
    )
}

/// The beginning of a page, up to the open `<main>`.
fn head(title: &str) -> String {
    let style = policy_source(STYLE);
    format!(
        "<!doctype html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {style}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        Escaped(title)
    )
}

fn foot() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "</main>\n<footer>\n<p>Page faite par Rentrée {version}. Elle contient des données personnelles : à conserver sous clé et à détruire une fois traitée.</p>\n</footer>\n</body>\n</html>\n"
    )
}

/// `livraison du 1er septembre 2026 (AC-RENNES)`, one after the other: those that concern a school, or all.
fn deliveries(checkup: &Checkup, school: Option<&School>) -> String {
    let mut text = String::new();
    for source in checkup.sources.iter().filter(|source| school.is_none_or(|school| school.is_of(&source.name))) {
        let separator = if text.is_empty() { "livraison " } else { ", livraison " };
        let day = source.read.date.map_or_else(|| "non datée".to_owned(), |day| format!("du {}", date(day)));
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{day} ({})", Escaped(&source.name));
    }
    text
}

/// Where it is mended, as a heading says it.
const fn place(tool: Option<Tool>) -> &'static str {
    match tool {
        Some(Tool::Siecle) => "À corriger dans SIECLE",
        Some(Tool::StsWeb) => "À corriger dans STS-Web",
        Some(Tool::Onde) => "À corriger dans ONDE",
        Some(Tool::Agape) => "À corriger dans AGAPE",
        Some(Tool::Table) => "À corriger dans le fichier déposé",
        Some(Tool::Ent) => "À régler dans la console de l'ENT",
        Some(Tool::Academy) => "À signaler au rectorat (export AAF)",
        None => "À vérifier",
    }
}

/// The order of the sections: the school's own tools first.
const fn rank(tool: Option<Tool>) -> u8 {
    match tool {
        Some(Tool::Siecle) => 0,
        Some(Tool::StsWeb) => 1,
        Some(Tool::Onde) => 2,
        Some(Tool::Agape) => 3,
        Some(Tool::Table) => 4,
        Some(Tool::Ent) => 5,
        Some(Tool::Academy) => 6,
        None => 7,
    }
}

/// The order of the kinds: who waits for an account before what is only a value.
const fn urgency(severity: Severity) -> u8 {
    match severity {
        Severity::Blocking => 0,
        Severity::Rejected => 1,
        Severity::ToDecide => 2,
        Severity::DroppedValue => 3,
        Severity::Information => 4,
    }
}

/// What became of the person or value, in a word or two.
const fn badge(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Blocking => ("blocking", "bloquant"),
        Severity::Rejected => ("rejected", "laissé de côté"),
        Severity::DroppedValue => ("dropped", "valeur non reprise"),
        Severity::ToDecide => ("waiting", "en attente"),
        Severity::Information => ("info", "à vérifier"),
    }
}

/// A code's title with a capital.
fn title(code: Code) -> String {
    let mut chars = code.title().chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A message without the names that only the export knows: `téléphone du domicile (homePhone)` is said as schools say
/// it.
fn plain_words(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some((before, after)) = rest.split_once(" (") {
        out.push_str(before);
        match after.split_once(')') {
            Some((name, after)) if aaf::is_attribute(name) => rest = after,
            _ => {
                out.push_str(" (");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_names_are_not_for_schools() {
        assert_eq!(
            plain_words("téléphone du domicile (homePhone) : « 06 » (2 fois)"),
            "téléphone du domicile : « 06 » (2 fois)"
        );
        assert_eq!(plain_words("( (mail (x"), "( (mail (x");
    }

    #[test]
    fn file_names_are_safe_and_distinct() {
        let school = |uai: &str| School {
            uai: uai.into(),
            name: String::new(),
            pupils: 0,
            relatives: 0,
            staff: 0,
            findings: super::super::Tally::default(),
            sources: std::collections::BTreeSet::new(),
        };
        let names = file_names(&["../../etc", "0290009C", "0290009c", "", "INDEX"].map(school));
        assert_eq!(names, ["------etc.html", "0290009C.html", "0290009c-2.html", "-.html", "INDEX-2.html"]);
    }
}
