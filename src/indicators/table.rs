//! The counts as a text for a terminal and as a table for a spreadsheet.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use compact_str::CompactString;

use super::Series;
use super::series::{Activation, Figures};
use crate::private;
use crate::spreadsheet::{cell, writer};
use crate::store::IndicatorRow;
use crate::wording::{date, number, plain};

/// Days that a terminal shows at the most: evenly spread, the first and the last among them.
const DAYS: usize = 14;

/// The share of a whole, in whole percents.
pub(super) fn percent(part: u64, whole: u64) -> Option<u64> {
    (whole > 0).then(|| (part.min(whole) * 100 + whole / 2) / whole)
}

/// The last day by profile, then the days.
#[must_use]
pub fn text(name: &str, series: &Series) -> String {
    let Some((day, profiles_)) = series.last() else {
        return "Rien n'a encore été noté : la prochaine nuit (rentree sync) le fera.\n".to_owned();
    };
    let mut text = format!("{} au {}\n\n", plain(name), date(day));
    let _ = writeln!(
        text,
        "{:<14} {:>9} {:>9} {:>9} {:>16} {:>16}",
        "", "présents", "absents", "suspendus", "imprimés", "activés"
    );
    let line = |text: &mut String, label: &str, figures: &Figures, activation: Option<Activation>| {
        let share = |n: u64, of: u64| {
            let percent = percent(n, of).map_or_else(String::new, |percent| format!(" ({percent} %)"));
            format!("{}{percent}", number(n))
        };
        let activated = activation.map_or_else(|| "–".to_owned(), |then| share(then.activated, then.usable));
        let _ = writeln!(
            text,
            "{label:<14} {:>9} {:>9} {:>9} {:>16} {activated:>16}",
            number(figures.present),
            number(figures.absent),
            number(figures.suspended),
            share(figures.printed, figures.usable()),
        );
    };
    for (profile, figures) in profiles_ {
        line(&mut text, profile.in_words(), figures, series.last_activation(Some(*profile)));
    }
    let days = series.over_time(None);
    if let Some((_, total)) = days.last() {
        line(&mut text, "Ensemble", total, series.last_activation(None));
    }
    if let Some(asked) = series.last_activation(None).map(|then| then.day).filter(|asked| *asked != day) {
        let _ = writeln!(text, "\nActivés : au {} (l'annuaire n'est pas lu chaque nuit pour cela).", date(asked));
    }
    if days.len() > 1 {
        let _ = writeln!(text, "\n{:<20} {:>9} {:>9} {:>9} {:>9}", "", "présents", "suspendus", "imprimés", "activés");
        for (day, figures) in spread(&days, DAYS) {
            let activated = figures.activated.map_or_else(|| "–".to_owned(), number);
            let _ = writeln!(
                text,
                "{:<20} {:>9} {:>9} {:>9} {activated:>9}",
                date(day),
                number(figures.present),
                number(figures.suspended),
                number(figures.printed)
            );
        }
    }
    text
}

/// At most so many of them, evenly, the first and the last among them.
fn spread<T: Copy>(items: &[T], most: usize) -> Vec<T> {
    if items.len() <= most || most < 2 {
        return items.to_vec();
    }
    (0..most).filter_map(|i| items.get(i * (items.len() - 1) / (most - 1)).copied()).collect()
}

/// Writes everything as a table that a spreadsheet opens, a line for each day, school and profile.
///
/// # Errors
/// When the file cannot be written.
pub fn csv(rows: &[IndicatorRow], names: &BTreeMap<CompactString, String>, path: &Path) -> io::Result<()> {
    private::write(path, |file| {
        let mut table = writer(file)?;
        table.write_record([
            "jour",
            "uai",
            "établissement",
            "profil",
            "présents",
            "absents",
            "suspendus",
            "imprimés",
            "activés",
        ])?;
        for row in rows {
            let uai = row.school.as_deref().unwrap_or_default();
            let name = row.school.as_ref().map_or("Ensemble", |uai| names.get(uai).map_or("", String::as_str));
            table.write_record([
                &*row.day.to_string(),
                &*cell(uai),
                &*cell(name),
                row.profile.in_words(),
                &*row.present.to_string(),
                &*row.absent.to_string(),
                &*row.suspended.to_string(),
                &*row.printed.to_string(),
                &*row.activated.map(|n| n.to_string()).unwrap_or_default(),
            ])?;
        }
        table.flush()
    })
}
