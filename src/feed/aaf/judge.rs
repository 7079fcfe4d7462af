//! Decides whether a request becomes a record, and whom its findings are about.
//!
//! Only what makes a person unusable rejects a record: no key, no name, no birth date for a pupil, another category than
//! the file's. Everything else is said and the record stays.

use compact_str::{CompactString, ToCompactString as _};
use jiff::civil::Date;

use super::remark::{Fold, Remark, message, short};
use super::request::{Parsed, RequestParser};
use crate::feed::french::date;
use crate::feed::{Category, Code, Delivery, DeliveryKind, Fields, Finding, Record, Request};

/// Longest key that is taken for one, in bytes; those of the AAF have at most seven digits.
const LONGEST_KEY: usize = 64;

/// Where a request stands.
pub(super) struct Place<'d> {
    pub category: Category,
    pub part: usize,
    pub line: u32,
    pub delivery: &'d Delivery,
}

/// What became of a request.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// None: rejected, with a finding.
    pub record: Option<Record>,
    pub findings: Vec<Finding>,
    pub noise: Vec<Remark>,
    /// Rejected without a key.
    pub lost: bool,
    /// The key of the structure that can mend it.
    pub structure: Option<CompactString>,
    /// Of a structure: its key and its UAI.
    pub uai: Option<(CompactString, CompactString)>,
}

/// Judges the request that the parser has just read.
pub(super) fn judge(parser: &mut RequestParser, parsed: Parsed, place: &Place<'_>) -> Judged {
    let fields = parser.builder.take();
    let mut judged = Judged::default();
    let rejections = rejections(parser, &parsed, place);
    note_key(parser, parsed.key.as_deref());
    note_age(parser, place);
    let remarks = std::mem::take(&mut parser.seen.remarks);
    let has_own = remarks.iter().any(|remark| remark.fold == Fold::Own);
    let key = parsed.key.unwrap_or_default();
    if has_own || !rejections.is_empty() {
        let (subject, class) = (subject(place.category, &fields), class(place.category, &fields));
        let finding = |code: Code, text: String| {
            let mut finding = Finding::new(code, text).about(place.category, key.clone());
            if let Some(part) = place.delivery.parts.get(place.part) {
                finding = finding.at(&part.name, place.line);
            }
            finding.subject.clone_from(&subject);
            finding.in_class(class.clone())
        };
        judged.findings.extend(rejections.iter().map(|(code, text)| finding(*code, text.clone())));
        for remark in remarks.iter().filter(|remark| remark.fold == Fold::Own) {
            // A structure without divisions hosts nobody: its odd UAI is the habit of a reference list.
            if remark.code != Code::InvalidUai || hosts(&fields) {
                judged.findings.push(finding(remark.code, message(remark.code, remark.attribute, &remark.detail)));
            }
        }
        judged.structure = parser.seen.structure.take().map(CompactString::from);
    }
    judged.noise.extend(remarks.into_iter().filter_map(|mut remark| {
        if remark.code == Code::InvalidUai && !hosts(&fields) {
            remark.fold = Fold::ByAttribute;
        }
        (remark.fold != Fold::Own).then_some(remark)
    }));
    judged.lost = rejections.iter().any(|(code, _)| *code == Code::RecordWithoutKey);
    if place.category == Category::Structure {
        judged.uai = fields.first("ENTStructureUAI").map(|uai| (key.clone(), uai.to_compact_string()));
        judged.structure = Some(key.clone());
    }
    if rejections.is_empty() {
        let part = u16::try_from(place.part).unwrap_or(u16::MAX);
        let (category, request, line) = (place.category, parsed.request, place.line);
        judged.record = Some(Record { category, request, key, fields, part, line });
    }
    judged
}

/// Why the request is no record, in French; nothing when it is one.
fn rejections(parser: &RequestParser, parsed: &Parsed, place: &Place<'_>) -> Vec<(Code, String)> {
    let category = place.category;
    if let Some(operational) = parsed.operational.as_deref()
        && operational != category.operational_value()
        && operational != category.token()
    {
        let text =
            format!("enregistrement de la catégorie « {} » dans un fichier {category} : rejeté", short(operational));
        return vec![(Code::CategoryMismatch, text)];
    }
    let Some(key) = parsed.key.as_deref() else {
        let text =
            format!("enregistrement sans identifiant : rejeté ; aucun départ n'est tiré de la catégorie {category}");
        return vec![(Code::RecordWithoutKey, text)];
    };
    if key.len() > LONGEST_KEY || key.contains('$') {
        let text = format!(
            "« {} » ne peut pas être un identifiant : enregistrement rejeté ; aucun départ n'est tiré de la catégorie {category}",
            short(key)
        );
        return vec![(Code::RecordWithoutKey, text)];
    }
    if place.delivery.kind == DeliveryKind::Complete && parsed.request != Request::Add {
        let what = if parsed.request == Request::Delete { "suppression" } else { "modification" };
        return vec![(Code::NotInComplete, format!("{what} dans une livraison complète : ignorée"))];
    }
    let mut all = Vec::new();
    // A modification may list some attributes only, a deletion lists none.
    if category.is_person() && parsed.request == Request::Add {
        if !parser.seen.surname {
            all.push((Code::MissingSurname, "personne sans nom : rejetée".to_owned()));
        }
        if !parser.seen.first_name {
            all.push((Code::MissingFirstName, "personne sans prénom : rejetée".to_owned()));
        }
        if category == Category::Pupil && parser.seen.birth_date.is_none() {
            let text = match &parser.seen.bad_birth_date {
                Some((_, raw)) => {
                    format!("élève rejeté : sa date de naissance « {} » n'est pas une date (jj/mm/aaaa)", short(raw))
                }
                None => "élève rejeté : pas de date de naissance".to_owned(),
            };
            all.push((Code::MissingBirthDate, text));
        }
    }
    all
}

fn note_key(parser: &mut RequestParser, key: Option<&str>) {
    let (Some((attribute, join_key)), Some(key)) = (&parser.seen.join_key, key) else { return };
    if join_key != key {
        let detail = format!("« {} » et « {} »", short(join_key), short(key));
        let remark = Remark::on(attribute, Code::KeyMismatch, &detail, Fold::ByAttribute);
        parser.seen.remark(remark);
    }
}

/// Birth dates of other persons than pupils, and ages that nobody has at the date of the delivery.
fn note_age(parser: &mut RequestParser, place: &Place<'_>) {
    if place.category != Category::Pupil
        && let Some((attribute, raw)) = parser.seen.bad_birth_date.take()
    {
        parser.seen.remark(Remark::on(attribute, Code::InvalidDate, &raw, Fold::Own));
    }
    let (Some(born), Some(day)) = (parser.seen.birth_date, place.delivery.date) else { return };
    let (least, most) = match place.category {
        Category::Pupil => (2, 30),
        Category::Relative | Category::Staff => (16, 90),
        _ => return,
    };
    let age = age(born, day);
    if !(least..=most).contains(&age) {
        parser.seen.remark(Remark {
            code: Code::UnlikelyAge,
            attribute: None,
            detail: date(born).into(),
            fold: Fold::Own,
        });
    }
}

/// Years completed on a day; negative before the birth.
fn age(born: Date, day: Date) -> i16 {
    let before_birthday = (day.month(), day.day()) < (born.month(), born.day());
    day.year() - born.year() - i16::from(before_birthday)
}

/// Whether a structure has divisions: people live in it.
fn hosts(fields: &Fields) -> bool {
    fields.first("ENTStructureClasses").is_some()
}

/// The person or thing in the words of a school: `LE GALL Léa`, `COLLEGE JEAN MOULIN`.
fn subject(category: Category, fields: &Fields) -> Option<String> {
    let first = |names: &[&str]| names.iter().find_map(|name| fields.first(name)).map(short);
    match category {
        Category::Structure => {
            let name = first(&["ENTStructureNomCourant"])?.replace('$', " ");
            Some(match first(&["ENTStructureUAI"]) {
                Some(uai) => format!("{name} ({uai})"),
                None => name,
            })
        }
        Category::Subject => first(&["ENTLibelleMatiere"]).map(Into::into),
        Category::Mef => first(&["ENTLibelleMef"]).map(Into::into),
        Category::Pupil | Category::Relative | Category::Staff => {
            let surname = first(&["sn", "ENTPersonNom"]).map(|name| name.to_uppercase());
            let names = [surname, first(&["givenName", "ENTPersonPrenom"])];
            let name: Vec<CompactString> = names.into_iter().flatten().collect();
            (!name.is_empty()).then(|| name.join(" "))
        }
    }
}

/// The class of a pupil: the last field of its value in both degrees.
fn class(category: Category, fields: &Fields) -> Option<CompactString> {
    let value = ["ENTEleveClasses", "ENTPersonClasses"].iter().find_map(|name| fields.first(name))?;
    let class = value.rsplit('$').next().filter(|class| !class.is_empty())?;
    (category == Category::Pupil).then(|| short(class))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn ages_are_completed_years() {
        assert_eq!(age(day(2010, 9, 2), day(2026, 9, 1)), 15);
        assert_eq!(age(day(2010, 9, 1), day(2026, 9, 1)), 16);
        assert_eq!(age(day(2027, 1, 1), day(2026, 9, 1)), -1);
    }
}
