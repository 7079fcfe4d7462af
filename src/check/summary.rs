//! The summary of a check as a table in text: a line per school.

use std::io::{self, Write};

use super::{Checkup, School, Tally};
use crate::wording::{number, plain, shorten};

/// Characters of a school's name: the table fits in a terminal of 110 columns.
const NAME: usize = 34;

/// Writes the table, in French; nothing when no school is known.
///
/// # Errors
/// Those of `out`.
pub fn summary(checkup: &Checkup, out: &mut dyn Write) -> io::Result<()> {
    if checkup.schools.is_empty() {
        return Ok(());
    }
    let names: Vec<String> =
        checkup.schools.iter().map(|school| shorten(&plain(&school.name), NAME).into_owned()).collect();
    let elsewhere = "(hors établissement)";
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(elsewhere.chars().count());
    writeln!(
        out,
        "{:<9} {:<width$} {:>7} {:>7} {:>9} {:>8} {:>7} {:>8} {:>11} {:>6}",
        "UAI",
        "Établissement",
        "élèves",
        "resp.",
        "personnel",
        "bloquant",
        "rejetés",
        "écartées",
        "à trancher",
        "infos",
    )?;
    for (school, name) in checkup.schools.iter().zip(&names) {
        let School { uai, pupils, relatives, staff, findings, .. } = school;
        write!(
            out,
            "{:<9} {name:<width$} {:>7} {:>7} {:>9}",
            plain(uai),
            number(*pupils),
            number(*relatives),
            number(*staff)
        )?;
        tally(findings, out)?;
    }
    if checkup.elsewhere.total() > 0 {
        write!(out, "{:<9} {elsewhere:<width$} {:>7} {:>7} {:>9}", "", "", "", "")?;
        tally(&checkup.elsewhere, out)?;
    }
    writeln!(out)
}

fn tally(tally: &Tally, out: &mut dyn Write) -> io::Result<()> {
    let shown = tally.counts().map(|n| if n == 0 { "·".to_owned() } else { number(n) });
    let [blocking, rejected, dropped, to_decide, information] = shown;
    writeln!(out, " {blocking:>8} {rejected:>7} {dropped:>8} {to_decide:>11} {information:>6}")
}
