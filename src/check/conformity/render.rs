//! The grid in text: every rule for the whole delivery, then per school what is not met by everybody.

use std::io::{self, Write};

use super::{Conformity, Count, Level};
use crate::check::category_word;
use crate::wording::{number, plain};

/// Writes the grid, in French.
///
/// # Errors
/// Those of `out`.
pub fn text(conformity: &Conformity, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Conformité de l'alimentation : toute la livraison\n")?;
    let label = |at: usize| conformity.rules.get(at).map_or("", |met| met.rule.label);
    let width = conformity.rules.iter().map(|met| met.rule.label.chars().count()).max().unwrap_or(0);
    writeln!(
        out,
        "  {:<13} {:<14} {:<width$} {:>10} {:>10} {:>6}  source",
        "enregistrement", "niveau", "règle", "conformes", "sur", "%"
    )?;
    let mut about = None;
    for met in &conformity.rules {
        let word = if about == Some(met.rule.about) { "" } else { category_word(met.rule.about) };
        about = Some(met.rule.about);
        write!(out, "  {word:<14} {:<14} {:<width$} ", level(met.rule.level), met.rule.label)?;
        writeln!(out, "{}  {}", figures(met.count), met.rule.source)?;
    }
    for school in &conformity.schools {
        writeln!(out, "\n{} ({})", plain(&school.name), plain(&school.uai))?;
        let mut lacking = 0;
        for (at, (_, count)) in school.rules.iter().enumerate().filter(|(_, (_, count))| count.met < count.of) {
            lacking += 1;
            let Some(rule) = conformity.rules.get(at).map(|met| met.rule) else { continue };
            let word = category_word(rule.about);
            writeln!(out, "  {word:<14} {:<14} {:<width$} {}", level(rule.level), label(at), figures(*count))?;
        }
        if school.rules.iter().all(|(_, count)| count.of == 0) {
            writeln!(out, "  aucun enregistrement")?;
        } else if lacking == 0 {
            writeln!(out, "  tout est conforme")?;
        }
    }
    writeln!(out)
}

const fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "exigence",
        Level::Should => "recommandation",
    }
}

fn figures(count: Count) -> String {
    let percent = count.percent().map_or_else(|| "–".to_owned(), |percent| percent.to_string());
    format!("{:>10} {:>10} {percent:>6}", number(count.met), number(count.of))
}
