//! Findings for the people who mend them: by school, and within a school by the upstream tool where it is done.
//!
//! Bad data is the normal case, and a bad export has a finding per record: a [`Report`] keeps them up to a limit and
//! counts the others by code, so that memory stays bounded and every figure stays right. It decides nothing; severities
//! and tools are the catalogue's ([`Code`]).

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::finding::{Code, Finding, Severity, Tool};
use crate::wording::{count, number, plain};

/// Findings kept whole. At some 300 bytes each, 30 MB.
pub const KEPT: usize = 100_000;
/// Findings shown of one code in one school.
const SHOWN: usize = 5;

/// Gathers findings and says them.
#[derive(Debug, Clone)]
pub struct Report {
    kept: Vec<Finding>,
    limit: usize,
    /// Per severity and code, all of them, kept or not.
    counts: BTreeMap<(Severity, Code), u64>,
    /// Per code, those that were not kept.
    beyond: BTreeMap<Code, u64>,
}

/// How a report is rendered.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// All findings of a code, instead of the first ones and a count.
    pub full: bool,
    /// UAI → name, for headings.
    pub schools: BTreeMap<String, String>,
    /// Only what concerns this school (UAI).
    pub school: Option<String>,
    /// Only what is at least this serious; everything when absent.
    pub at_least: Option<Severity>,
}

/// What `check --json` adds: every finding kept, and how many there were in all.
#[derive(Debug, Clone, Serialize)]
pub struct ReportJson<'a> {
    /// Per severity, every severity present.
    pub counts: BTreeMap<&'static str, u64>,
    pub findings: Vec<&'a Finding>,
    /// Per code, how many more there were than are listed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub not_listed: BTreeMap<&'static str, u64>,
}

impl Default for Report {
    fn default() -> Self {
        Self::with_limit(KEPT)
    }
}

impl Extend<Finding> for Report {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }
}

impl Report {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self { kept: Vec::new(), limit, counts: BTreeMap::new(), beyond: BTreeMap::new() }
    }

    pub fn push(&mut self, finding: Finding) {
        let n = u64::from(finding.count);
        *self.counts.entry((finding.severity, finding.code)).or_default() += n;
        if self.kept.len() < self.limit {
            self.kept.push(finding);
        } else {
            *self.beyond.entry(finding.code).or_default() += n;
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Those kept, in the order in which they came.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.kept
    }

    /// Per severity name, every severity present: what summaries and plan headers hold.
    #[must_use]
    pub fn by_severity(&self) -> BTreeMap<String, u64> {
        self.severities().into_iter().map(|(name, n)| (name.to_owned(), n)).collect()
    }

    fn severities(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<_, _> = Severity::ALL.iter().map(|s| (s.name(), 0)).collect();
        for ((severity, _), n) in &self.counts {
            *counts.entry(severity.name()).or_default() += n;
        }
        counts
    }

    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.iter().filter(|((s, _), _)| *s == severity).map(|(_, n)| n).sum()
    }

    /// For scripts, in a stable order: by school, file, line and code.
    #[must_use]
    pub fn json(&self) -> ReportJson<'_> {
        let mut findings: Vec<&Finding> = self.kept.iter().collect();
        findings.sort_by(|a, b| order(a).cmp(&order(b)));
        ReportJson {
            counts: self.severities(),
            findings,
            not_listed: self.beyond.iter().map(|(code, n)| (code.id(), *n)).collect(),
        }
    }

    /// In French, for a terminal or a mail: per school what it can mend, by tool, the worst first.
    pub fn text(&self, options: &ReportOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut sections: BTreeMap<Place<'_>, BTreeMap<CodeOrder, Vec<&Finding>>> = BTreeMap::new();
        for finding in self.kept.iter().filter(|f| options.accepts(f)) {
            let place = Place { school: finding.school.as_deref(), tool: ToolOrder::of(finding.tool) };
            let code = CodeOrder(finding.severity, finding.code);
            sections.entry(place).or_default().entry(code).or_default().push(finding);
        }
        let mut school = None;
        for (place, codes) in &mut sections {
            if school != Some(place.school) {
                if school.is_some() {
                    writeln!(out)?;
                }
                writeln!(out, "{}", options.heading(place.school))?;
                school = Some(place.school);
            }
            let total: u64 = codes.values().flatten().map(|f| u64::from(f.count)).sum();
            writeln!(out, "  {} ({})", place.tool.heading(), number(total))?;
            for (CodeOrder(severity, code), findings) in codes {
                findings.sort_by(|a, b| order(a).cmp(&order(b)));
                write_code(out, *severity, *code, findings, options.full)?;
            }
        }
        self.write_end(!sections.is_empty(), out)
    }

    fn write_end(&self, any: bool, out: &mut dyn Write) -> io::Result<()> {
        let beyond: u64 = self.beyond.values().sum();
        if beyond > 0 {
            writeln!(out, "\nAu-delà de {} signalements, comptés sans être listés :", number(self.limit as u64))?;
            for (code, n) in &self.beyond {
                writeln!(out, "  {} : {}", code.title(), number(*n))?;
            }
        }
        if any || beyond > 0 {
            writeln!(out)?;
        }
        let said: Vec<String> = Severity::ALL
            .iter()
            .map(|severity| (*severity, self.count(*severity)))
            .filter(|(_, n)| *n > 0)
            .map(|(severity, n)| severity_count(severity, n))
            .collect();
        let said = if said.is_empty() { "rien à signaler".to_owned() } else { said.join(", ") };
        writeln!(out, "Signalements : {said}.")
    }
}

impl ReportOptions {
    fn accepts(&self, finding: &Finding) -> bool {
        self.school.as_ref().is_none_or(|uai| finding.school.as_deref() == Some(uai.as_str()))
            && self.at_least.is_none_or(|least| finding.severity <= least)
    }

    fn heading(&self, school: Option<&str>) -> String {
        match school {
            None => "Toute la livraison".to_owned(),
            Some(uai) => self.schools.get(uai).map_or_else(
                || format!("Établissement {}", plain(uai)),
                |name| format!("{} ({})", plain(name), plain(uai)),
            ),
        }
    }
}

/// Where a finding is listed. What concerns no school in particular comes first: it is often the cause of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    school: Option<&'a str>,
    tool: ToolOrder,
}

/// A tool, those without one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ToolOrder {
    Some(Tool),
    None,
}

impl ToolOrder {
    fn of(tool: Option<Tool>) -> Self {
        tool.map_or(Self::None, Self::Some)
    }

    fn heading(self) -> String {
        match self {
            Self::Some(Tool::Ent) => "À corriger dans la console de l'ENT".to_owned(),
            Self::Some(tool) => format!("À corriger dans {tool}"),
            Self::None => "Pour information".to_owned(),
        }
    }
}

/// The worst first, then the catalogue's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct CodeOrder(Severity, Code);

fn order(finding: &Finding) -> impl Ord + '_ {
    (finding.school.as_deref(), finding.origin.as_ref(), finding.code, finding.key.as_deref(), finding.message.as_str())
}

fn write_code(
    out: &mut dyn Write,
    severity: Severity,
    code: Code,
    findings: &[&Finding],
    full: bool,
) -> io::Result<()> {
    let total: u64 = findings.iter().map(|f| u64::from(f.count)).sum();
    writeln!(out, "    {} {} : {}", severity_sign(severity), code.title(), number(total))?;
    let shown = if full { findings.len() } else { SHOWN };
    for finding in findings.iter().take(shown) {
        let origin = finding.origin.as_ref().map(|o| format!("{} ", plain(&o.to_string()))).unwrap_or_default();
        let subject = finding.whom().map(|s| format!("{} : ", plain(&s))).unwrap_or_default();
        // Many messages give their number in words.
        let times = number(u64::from(finding.count));
        let times = if finding.count > 1 && !finding.message.contains(&times) {
            format!(" ({times} fois)")
        } else {
            String::new()
        };
        writeln!(out, "        {origin}{subject}{}{times}", plain(&finding.message))?;
    }
    let more: u64 = findings.iter().skip(shown).map(|f| u64::from(f.count)).sum();
    if more > 0 {
        writeln!(out, "        … et {}", count(more, "autre", "autres"))?;
    }
    Ok(())
}

const fn severity_sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocking => "!!",
        Severity::Rejected => "✗",
        Severity::DroppedValue => "~",
        Severity::ToDecide => "?",
        Severity::Information => "·",
    }
}

fn severity_count(severity: Severity, n: u64) -> String {
    let (singular, plural) = match severity {
        Severity::Blocking => ("bloquant", "bloquants"),
        Severity::Rejected => ("enregistrement rejeté", "enregistrements rejetés"),
        Severity::DroppedValue => ("valeur écartée", "valeurs écartées"),
        Severity::ToDecide => ("à trancher", "à trancher"),
        Severity::Information => ("information", "informations"),
    };
    count(n, singular, plural)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::feed::Category;

    fn pupil(code: Code, n: u32, message: &str) -> Finding {
        let file: Arc<str> = "ENT_Complet_20260901_Eleve_0000.xml".into();
        let mut finding = Finding::new(code, message)
            .at(&file, 10 + n)
            .about(Category::Pupil, n.to_string())
            .who(format!("Zoé ARNAUD {n}"));
        finding.school = Some("0290009C".into());
        finding
    }

    fn report(limit: usize) -> Report {
        let mut report = Report::with_limit(limit);
        report.extend((0..7).rev().map(|n| pupil(Code::PupilWithoutClass, n, "aucune division, en attente")));
        report.push(pupil(Code::MissingBirthDate, 40, "pas de date de naissance, rejeté"));
        report.push(pupil(Code::InvalidMail, 50, "adresse « x@ » écartée"));
        report.push(pupil(Code::UnknownAttribute, 60, "attribut ENTTruc ignoré"));
        report.push(Finding::new(Code::PartGap, "il manque la partie 0003 de Eleve"));
        report.push(Finding { count: 1_234, ..Finding::new(Code::Mojibake, "« Ã© » laissé tel quel") });
        let mut teacher = Finding::new(Code::UnknownFunction, "fonction « XYZ » inconnue\u{1b}[31m")
            .about(Category::Staff, "9")
            .who("Léa PETIT");
        teacher.school = Some("0290009C".into());
        report.push(teacher);
        report
    }

    fn text(report: &Report, options: &ReportOptions) -> String {
        let mut out = Vec::new();
        report.text(options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn findings_by_school_and_tool() {
        let schools = [("0290009C".to_owned(), "Collège Jean Moulin".to_owned())].into();
        insta::assert_snapshot!(text(&report(KEPT), &ReportOptions { schools, ..ReportOptions::default() }));
    }

    #[test]
    fn beyond_the_limit_findings_are_counted() {
        let (small, whole) = (report(3), report(KEPT));
        assert_eq!(small.by_severity(), whole.by_severity());
        assert_eq!(small.by_severity()["to_decide"], 7);
        assert_eq!(small.findings().len(), 3);
        let listed: u64 = small.findings().iter().map(|f| u64::from(f.count)).sum();
        let not_listed: u64 = small.json().not_listed.values().sum();
        assert_eq!(listed + not_listed, small.by_severity().values().sum::<u64>());
        assert!(text(&small, &ReportOptions::default()).contains("Au-delà de 3 signalements"));
    }

    #[test]
    fn json_has_a_stable_order_and_every_severity() {
        let report = report(KEPT);
        let json = serde_json::to_value(report.json()).unwrap();
        assert_eq!(json["counts"]["blocking"], 1);
        assert_eq!(json["counts"]["information"], 1_236);
        assert!(json.get("not_listed").is_none());
        let lines: Vec<u64> =
            json["findings"].as_array().unwrap().iter().filter_map(|f| f["origin"]["line"].as_u64()).collect();
        assert!(lines.is_sorted() && lines.len() == 10, "{lines:?}");
        let mut backwards = Report::new();
        backwards.extend(report.findings().iter().rev().cloned());
        assert_eq!(serde_json::to_value(backwards.json()).unwrap(), json);
    }

    #[test]
    fn choices() {
        let options = ReportOptions { at_least: Some(Severity::Rejected), ..ReportOptions::default() };
        let severe = text(&report(KEPT), &options);
        assert!(severe.contains("0003") && severe.contains("date de naissance") && !severe.contains("division,"));
        let options = ReportOptions { school: Some("0290009C".to_owned()), full: true, ..ReportOptions::default() };
        let school = text(&report(KEPT), &options);
        assert!(!school.contains("0003") && school.contains("ARNAUD 6") && !school.contains("… et"));
        assert_eq!(text(&Report::new(), &ReportOptions::default()), "Signalements : rien à signaler.\n");
    }
}
