//! Findings as a table for a spreadsheet.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use super::{Checkup, category_word};
use crate::feed::{Finding, Severity};
use crate::private;
use crate::spreadsheet::{cell, writer};

const HEADER: [&str; 16] = [
    "gravité",
    "code",
    "UAI",
    "établissement",
    "classe",
    "personne",
    "catégorie",
    "identifiant",
    "à corriger dans",
    "constat",
    "si rien n'est fait",
    "à faire",
    "nombre",
    "source",
    "fichier",
    "ligne",
];

/// Writes the findings to a file that only its owner can read (0600), by school, class and person.
///
/// # Errors
/// When the file cannot be written.
pub fn csv(checkup: &Checkup, path: &Path) -> io::Result<()> {
    private::write(path, |file| write(checkup, file))
}

pub(super) fn write(checkup: &Checkup, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = writer(out)?;
    writer.write_record(HEADER)?;
    let names: HashMap<&str, &str> = checkup.schools.iter().map(|s| (s.uai.as_str(), s.name.as_str())).collect();
    let mut findings: Vec<&Finding> = checkup.findings.iter().collect();
    findings.sort_by_cached_key(|finding| super::pages::order(finding));
    for finding in findings {
        let school = finding.school.as_deref().unwrap_or_default();
        let explanation = finding.code.explanation();
        let (count, line) =
            (finding.count.to_string(), finding.origin.as_ref().map(|o| o.line.to_string()).unwrap_or_default());
        let tool = finding.tool.map(|tool| tool.to_string()).unwrap_or_default();
        let cells = [
            severity_word(finding.severity),
            finding.code.id(),
            school,
            names.get(school).copied().unwrap_or_default(),
            finding.class.as_deref().unwrap_or_default(),
            finding.subject.as_deref().unwrap_or_default(),
            finding.category.map_or("", category_word),
            finding.key.as_deref().unwrap_or_default(),
            &tool,
            &finding.message,
            explanation.effect,
            explanation.remedy,
            &count,
            finding.source.as_deref().unwrap_or_default(),
            finding.origin.as_ref().map_or("", |o| &*o.file),
            &line,
        ];
        writer.write_record(cells.map(|text| cell(text).into_owned()))?;
    }
    writer.flush()
}

const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocking => "bloquant",
        Severity::Rejected => "rejeté",
        Severity::DroppedValue => "valeur écartée",
        Severity::ToDecide => "à trancher",
        Severity::Information => "information",
    }
}
