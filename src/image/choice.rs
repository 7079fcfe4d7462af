//! Which of the offered deliveries an image takes in: a plain function of what is offered and what was accepted.
//!
//! A complete set is read when it is not older than the image. Differences follow it in the order of their dates; one
//! that was applied, or that the complete set comprises, is left aside; one that was never applied and is older than
//! the image came too late: what it undid may have been done again since.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::feed::{Code, Delivery, DeliveryKind, Finding, Offer};
use crate::store::{DeliveryRow, SourceRow};
use crate::wording;

/// What an image has taken in so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Whether anything was ever accepted.
    filled: bool,
    /// Date of the newest delivery.
    image: Option<Date>,
    /// Date of the last complete set.
    base: Option<Date>,
    /// Dates of the differences since.
    deltas: BTreeSet<Date>,
    digests: Vec<[u8; 32]>,
}

impl History {
    pub fn new(source: &SourceRow, deliveries: &[DeliveryRow]) -> Self {
        let complete = deliveries.iter().rfind(|row| row.kind == DeliveryKind::Complete);
        Self {
            filled: source.digest.is_some(),
            image: source.delivered,
            // An image from before deliveries were noted knows no difference.
            base: complete.map_or(if deliveries.is_empty() { source.delivered } else { None }, |row| row.date),
            deltas: deliveries.iter().filter(|r| r.kind == DeliveryKind::Delta).filter_map(|r| r.date).collect(),
            digests: deliveries.iter().map(|row| row.digest).collect(),
        }
    }

    /// Whether this complete set is another one than the image started from.
    pub fn is_newer(&self, complete: &Delivery) -> bool {
        self.filled && complete.date > self.image
    }
}

/// What to take in, in this order; nothing when everything offered was taken in before.
#[derive(Debug)]
pub(super) struct Choice {
    pub complete: Option<Delivery>,
    pub deltas: Vec<Delivery>,
    pub findings: Vec<Finding>,
}

/// Why nothing of an offer can be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A complete set is needed first.
    OnlyDeltas { files: usize },
    /// The complete set is older than the one that the image started from.
    Older { found: Date, accepted: Date },
    /// The only new difference is older than the image.
    OutOfOrder { found: Date, accepted: Date },
}

/// `fingerprint` gives the digest of a delivery's files; it is asked only where dates do not tell. `gap` is how many
/// working days may pass without a difference before it is said.
pub(super) fn choose(
    offer: Offer,
    history: &History,
    gap: u16,
    fingerprint: &dyn Fn(&Delivery) -> [u8; 32],
) -> Result<Choice, Refusal> {
    let Offer { mut complete, deltas, mut findings } = offer;
    let mut stale = None;
    let followed = deltas.iter().any(|delta| delta.date > history.image);
    if let Some(set) = complete.take_if(|set| !takes_complete(set, history, followed, fingerprint)) {
        if let (Some(found), Some(accepted)) = (set.date, history.base.filter(|base| set.date < Some(*base))) {
            stale = Some(Refusal::Older { found, accepted });
        }
        if set.date != history.base {
            findings.push(older(&set, history));
        }
    }
    if complete.is_none() && !history.filled {
        return Err(Refusal::OnlyDeltas { files: deltas.iter().map(|delta| delta.parts.len()).sum() });
    }
    let (mut new, mut applied, mut comprised) = (Vec::new(), Vec::new(), Vec::new());
    let mut late = None;
    for delta in deltas {
        let Some(date) = delta.date else { continue };
        match history.image.filter(|_| complete.is_none()) {
            Some(image) if date < image || (date == image && history.base == Some(image)) => {
                if history.deltas.contains(&date) {
                    applied.push(date);
                } else if history.base.is_some_and(|base| date <= base) {
                    comprised.push(date);
                } else {
                    late = Some(Refusal::OutOfOrder { found: date, accepted: image });
                    findings.push(out_of_order(&delta, date, image));
                }
            }
            // The same day again: the same files, or a delivery that was completed since.
            Some(image) if date == image && history.digests.contains(&fingerprint(&delta)) => applied.push(date),
            _ => new.push(delta),
        }
    }
    findings.extend(aside(Code::DeltaAlreadyApplied, &applied, "déjà prise en compte", "déjà prises en compte"));
    findings.extend(aside(
        Code::DeltaIgnored,
        &comprised,
        "comprise dans la dernière livraison complète",
        "comprises dans la dernière livraison complète",
    ));
    if complete.is_none() && new.is_empty() {
        // What is stale says more than what is late: it is the whole folder that went back.
        if let Some(refusal) = stale.or(late) {
            return Err(refusal);
        }
    }
    let from = complete.as_ref().map_or(history.image, |set| set.date);
    findings.extend(gaps(from, &new, gap));
    Ok(Choice { complete, deltas: new, findings })
}

fn takes_complete(
    set: &Delivery,
    history: &History,
    followed: bool,
    fingerprint: &dyn Fn(&Delivery) -> [u8; 32],
) -> bool {
    let known = || history.digests.contains(&fingerprint(set));
    match (set.date, history.image) {
        _ if !history.filled => true,
        // The set of the image's own day is read every night, so that its findings are told, until differences follow.
        (Some(date), Some(image)) if date == image => !(followed && known()),
        (Some(date), Some(image)) => date > image,
        (Some(_), None) => true,
        // Without a date only the content can tell whether differences came after it.
        (None, _) => history.deltas.is_empty() || !known(),
    }
}

fn older(set: &Delivery, history: &History) -> Finding {
    let since = history.image.map(wording::date).unwrap_or_default();
    let dated = set.date.map_or_else(|| "sans date".to_owned(), |date| format!("du {}", wording::date(date)));
    at(
        Finding::new(Code::OlderSetIgnored, format!("livraison complète {dated} : ignorée, l'image est du {since}")),
        set,
    )
}

fn out_of_order(delta: &Delivery, date: Date, image: Date) -> Finding {
    let message = format!(
        "livraison différentielle du {} : arrivée après celle du {}, elle ne peut plus être appliquée ; demandez une \
         livraison complète",
        wording::date(date),
        wording::date(image)
    );
    at(Finding::new(Code::DeltaRefused, message), delta)
}

fn at(finding: Finding, delivery: &Delivery) -> Finding {
    match delivery.parts.first() {
        Some(part) => finding.at(&part.name, 0),
        None => finding,
    }
}

/// One finding for the differences that there is nothing to do about.
fn aside(code: Code, dates: &[Date], one: &str, many: &str) -> Option<Finding> {
    let message = match dates {
        [] => return None,
        [date] => format!("livraison différentielle du {} : {one}", wording::date(*date)),
        [first, .., last] => format!(
            "{} livraisons différentielles du {} au {} : {many}",
            dates.len(),
            wording::date(*first),
            wording::date(*last)
        ),
    };
    let mut finding = Finding::new(code, message);
    finding.count = u32::try_from(dates.len()).unwrap_or(u32::MAX);
    Some(finding)
}

/// Differences carry no sequence number: only days tell that one is missing. They are made on working days.
fn gaps(from: Option<Date>, deltas: &[Delivery], gap: u16) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut last = from;
    for delta in deltas {
        if let (Some(before), Some(date)) = (last, delta.date) {
            let missing = working_days_between(before, date);
            if missing > u32::from(gap) {
                let message = format!(
                    "{missing} jour(s) ouvré(s) sans livraison différentielle entre le {} et le {} : des changements \
                     peuvent manquer ; si une livraison s'est perdue, demandez une livraison complète",
                    wording::date(before),
                    wording::date(date)
                );
                let mut finding = at(Finding::new(Code::DeltaGap, message), delta);
                finding.count = missing;
                findings.push(finding);
            }
        }
        last = delta.date;
    }
    findings
}

/// Monday to Friday, strictly between two days.
fn working_days_between(from: Date, to: Date) -> u32 {
    // Beyond ten years the number says nothing more.
    let days = (to - from).get_days().min(3_660);
    let works = |step: &i32| {
        let weekday = from.saturating_add(i64::from(*step).days()).weekday();
        !matches!(weekday, Weekday::Saturday | Weekday::Sunday)
    };
    (1..days).filter(works).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{Category, Location, Part};
    use jiff::civil::date;

    fn day(day: i8) -> Date {
        date(2026, 9, day)
    }

    fn set(kind: DeliveryKind, day: Option<Date>) -> Delivery {
        let part = Part {
            category: Category::Pupil,
            name: "a.xml".into(),
            number: None,
            size: 0,
            location: Location::File("a".into()),
        };
        Delivery { kind, date: day, parts: vec![part], findings: Vec::new() }
    }

    fn offer(complete: Option<i8>, deltas: &[i8]) -> Offer {
        Offer {
            complete: complete.map(|d| set(DeliveryKind::Complete, Some(day(d)))),
            deltas: deltas.iter().map(|d| set(DeliveryKind::Delta, Some(day(*d)))).collect(),
            findings: Vec::new(),
        }
    }

    fn history(base: i8, deltas: &[i8]) -> History {
        let deltas: BTreeSet<Date> = deltas.iter().map(|d| day(*d)).collect();
        let image = deltas.last().copied().or(Some(day(base)));
        History { filled: true, image, base: Some(day(base)), deltas, digests: vec![[1; 32]] }
    }

    type Chosen = (Option<i8>, Vec<i8>, Vec<Code>);

    /// Complete set and deltas taken, codes of the findings; every fingerprint is `digest`.
    fn chosen(offer: Offer, history: &History, digest: u8) -> Result<Chosen, Refusal> {
        let choice = choose(offer, history, 0, &|_| [digest; 32])?;
        Ok((
            choice.complete.and_then(|c| c.date).map(Date::day),
            choice.deltas.iter().filter_map(|d| d.date).map(Date::day).collect(),
            choice.findings.iter().map(|f| f.code).collect(),
        ))
    }

    // 2026-09-01 is a Tuesday.
    #[test]
    fn what_is_taken_in() {
        let none = History::default();
        let cases = [
            (offer(Some(1), &[2, 3]), none.clone(), 0, Ok((Some(1), vec![2, 3], vec![]))),
            (offer(None, &[2]), none, 0, Err(Refusal::OnlyDeltas { files: 1 })),
            // The same complete set again is read again: it may have been corrected.
            (offer(Some(1), &[]), history(1, &[]), 0, Ok((Some(1), vec![], vec![]))),
            // Once differences came after it, it is only where the image started from.
            (offer(Some(1), &[2]), history(1, &[2]), 1, Ok((None, vec![], vec![Code::DeltaAlreadyApplied]))),
            (offer(Some(1), &[2]), history(1, &[2]), 0, Ok((None, vec![2], vec![]))),
            (offer(Some(1), &[2, 3]), history(1, &[2]), 1, Ok((None, vec![3], vec![Code::DeltaAlreadyApplied]))),
            (offer(Some(3), &[4]), history(1, &[2]), 0, Ok((Some(3), vec![4], vec![]))),
            (offer(None, &[1, 2]), history(1, &[]), 0, Ok((None, vec![2], vec![Code::DeltaIgnored]))),
            // Too late, beside something new and alone.
            (offer(None, &[2, 4]), history(1, &[3]), 0, Ok((None, vec![4], vec![Code::DeltaRefused]))),
            (offer(None, &[2]), history(1, &[3]), 0, Err(Refusal::OutOfOrder { found: day(2), accepted: day(3) })),
            (offer(Some(1), &[]), history(2, &[]), 0, Err(Refusal::Older { found: day(1), accepted: day(2) })),
            (offer(Some(1), &[3]), history(2, &[]), 0, Ok((None, vec![3], vec![Code::OlderSetIgnored]))),
            // Wednesday to Monday: Thursday and Friday are missing. Friday to Monday: nothing is.
            (offer(None, &[7]), history(1, &[2]), 0, Ok((None, vec![7], vec![Code::DeltaGap]))),
            (offer(None, &[4, 7]), history(1, &[2, 3]), 0, Ok((None, vec![4, 7], vec![]))),
        ];
        for (at, (offer, history, digest, expected)) in cases.into_iter().enumerate() {
            assert_eq!(chosen(offer, &history, digest), expected, "case {at}");
        }
    }

    #[test]
    fn an_undated_set_is_told_by_its_content() {
        let undated = || Offer { complete: Some(set(DeliveryKind::Complete, None)), deltas: vec![], findings: vec![] };
        let with_deltas = History { base: None, ..history(1, &[2]) };
        assert!(choose(undated(), &with_deltas, 0, &|_| [1; 32]).unwrap().complete.is_none());
        assert!(choose(undated(), &with_deltas, 0, &|_| [2; 32]).unwrap().complete.is_some());
        assert!(choose(undated(), &history(1, &[]), 0, &|_| [1; 32]).unwrap().complete.is_some());
    }

    #[test]
    fn working_days() {
        for (from, to, expected) in
            [(1, 2, 0), (4, 7, 0), (4, 8, 1), (1, 8, 4), (5, 12, 5), (6, 7, 0), (1, 15, 9), (5, 6, 0)]
        {
            assert_eq!(working_days_between(day(from), day(to)), expected, "{from} to {to}");
        }
        assert_eq!(working_days_between(day(3), day(3)), 0);
        assert_eq!(working_days_between(day(5), day(3)), 0);
    }
}
