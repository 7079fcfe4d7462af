//! What people decided about holds, in lines: released, set aside, and what is no more.

use super::holds::{HoldFold, HoldFolds};
use super::words::{agree, count, date, hold_reason};
use crate::plan::{ClosedHolds, Decided, Header};

/// Holds named of what was set aside.
const NAMED: usize = 12;

/// A section with its title, as lines; empty when there is nothing to say.
pub(super) fn sections(header: &Header, holds: &HoldFolds, full: bool) -> Vec<(&'static str, Vec<String>)> {
    let released = header.released.iter().map(|released| {
        let changes = count(released.changes, "changement", "changements");
        format!("{} ({}) : {changes}, {}", released.id, hold_reason(released.reason), by(&released.decided))
    });
    let closed = closed(&header.closed).into_iter();
    [("Retenues levées", released.collect()), ("Écarté", discarded(holds, full)), ("Retenues closes", closed.collect())]
        .into_iter()
        .filter(|(_, lines): &(_, Vec<String>)| !lines.is_empty())
        .collect()
}

fn discarded(holds: &HoldFolds, full: bool) -> Vec<String> {
    let shown = holds.discarded().flat_map(|fold: &HoldFold| &fold.shown);
    let mut lines: Vec<String> = shown
        .take(if full { usize::MAX } else { NAMED })
        .map(|hold| {
            let decided = hold.discarded.as_ref().map(by).unwrap_or_default();
            let changes = count(hold.changes, "changement laissé", "changements laissés");
            format!("{} ({}) : {changes}, {decided}", hold.id, hold_reason(hold.reason))
        })
        .collect();
    let more = holds.discarded().map(|fold| fold.holds).sum::<u64>().saturating_sub(lines.len() as u64);
    if more > 0 {
        lines.push(format!("… et {}", count(more, "autre", "autres")));
    }
    lines
}

/// One line for what the run before held and this one does not.
fn closed(closed: &ClosedHolds) -> Option<String> {
    let of = |n: u64, one: &str, many: &str| (n > 0).then(|| format!("{n} {}", agree(n, one, many)));
    let parts: Vec<String> = [
        of(closed.carried_out, "levée et appliquée", "levées et appliquées"),
        of(closed.superseded, "sans objet depuis la dernière livraison", "sans objet depuis la dernière livraison"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// `par zoe@pc, max@pc le 2 septembre 2026 : « fermeture de la section »`.
fn by(decided: &Decided) -> String {
    let day = date(decided.at.to_zoned(jiff::tz::TimeZone::system()).date());
    format!("par {} le {day} : « {} »", decided.by.join(" et "), decided.why)
}
