//! How far each category of a delivery of tables can be trusted.

use std::collections::BTreeSet;

use super::place::place;
use super::spec::{Layout, TableSpec};
use crate::feed::{Category, Code, Completeness, Conclusion, Delivery, Finding, Reading, Tool};

/// Concludes, once everything was read.
///
/// A category of which a file is missing, refused, or has a row without key makes nobody leave. ONDE gives three files
/// for each school: the absence of one is said. Other tables hold what they hold: an absent category says nothing.
#[must_use]
pub fn conclude(delivery: &Delivery, spec: &TableSpec, reading: &Reading) -> Conclusion {
    let outer = spec.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let school = |name: &str| {
        let named = place(name, &outer).map(|place| place.uai);
        named.or_else(|| spec.school.as_ref().map(|school| school.uai.clone())).map(|uai| uai.to_string())
    };
    let schools: BTreeSet<Option<String>> = delivery.parts.iter().map(|part| school(&part.name)).collect();
    let mut findings = Vec::new();
    let completeness = Category::ALL.map(|category| {
        let (read, rejected) = reading.of(category);
        match category {
            // No table has them: there is nobody to depart.
            Category::Subject | Category::Mef => return Completeness::Whole,
            // They are made of the people's rows.
            Category::Structure if reading.broken.is_empty() && read > 0 => return Completeness::Whole,
            Category::Structure => return Completeness::Partial,
            Category::Pupil | Category::Relative | Category::Staff => {}
        }
        let missing: Vec<&Option<String>> = schools
            .iter()
            .filter(|uai| !delivery.parts.iter().any(|part| part.category == category && school(&part.name) == **uai))
            .collect();
        let mut say = |code: Code, message: String, uai: Option<&String>| {
            let mut finding = Finding::new(code, message);
            finding.category = Some(category);
            finding.school = uai.map(|uai| uai.as_str().into());
            finding.tool = Some(if spec.layout == Layout::Onde { Tool::Onde } else { Tool::Table });
            findings.push(finding);
        };
        let file = match category {
            Category::Pupil => "élèves",
            Category::Relative => "responsables",
            _ => "enseignants",
        };
        if spec.layout == Layout::Onde {
            for uai in &missing {
                let message = format!("aucun fichier d'extraction des {file} : aucun départ pour eux");
                say(Code::MissingCategory, message, uai.as_ref());
            }
        }
        if !missing.is_empty() {
            return Completeness::Partial;
        }
        if reading.broken.contains(&category) {
            return Completeness::Partial;
        }
        if read == rejected {
            say(
                Code::EmptyCategory,
                format!("aucune ligne utilisable dans les fichiers des {file} : aucun départ pour eux"),
                None,
            );
            return Completeness::Partial;
        }
        Completeness::Whole
    });
    Conclusion { completeness, findings }
}
