//! The grammar of file names: `<prefix>_<Complet|Delta>_<yyyymmdd>_<Category>_<NNNN>.xml`, and what is met of it.
//!
//! The prefix is free text, the date can be malformed or absent, the number can be a word or nothing, and a kind that
//! the name does not give may be given by the folder or the archive that holds the file.

use jiff::civil::Date;

use crate::feed::{Category, Degree, DeliveryKind};

/// The name of the grammar that travels with the files; it is part of a delivery and of no interest.
const DTD: &str = "ficAlimMENESR.dtd";

/// What a name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Part(Recognised),
    /// The shape of the AAF with a category that is none of the six.
    UnknownCategory(String),
    /// The DTD.
    Grammar,
    Foreign,
}

/// What is known of a file of a set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    pub category: Category,
    pub kind: Option<DeliveryKind>,
    pub date: DateToken,
    pub number: Option<u32>,
}

/// The date of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DateToken {
    Valid(Date),
    Malformed(String),
    None,
}

/// Recognises a file by its name inside a container called `outer`.
pub(super) fn recognise(name: &str, outer: &str) -> Verdict {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    if file == DTD {
        return Verdict::Grammar;
    }
    let Some(stem) = strip_xml(file) else { return Verdict::Foreign };
    // The last token of the six that stands between underscores: `_Eleve_` is not in `PersRelEleve`.
    let found = Category::ALL
        .into_iter()
        .filter_map(|category| {
            let token = format!("_{}_", category.token());
            stem.rfind(&token).map(|at| (at, at + token.len(), category))
        })
        .max_by_key(|&(at, ..)| at);
    let Some((at, end, category)) = found else { return unknown(stem) };
    let before = stem.get(..at).unwrap_or_default();
    let number = stem.get(end..).filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()));
    let (mut kind, mut date) = kind_and_date(before);
    // What the file does not say, its folders and its archive may.
    for context in folders.rsplit('/').chain([outer]) {
        let (of_context, context_date) = kind_and_date(context);
        kind = kind.or(of_context);
        if let (DateToken::None, DateToken::Valid(_)) = (&date, &context_date) {
            date = context_date;
        }
    }
    Verdict::Part(Recognised { category, kind, date, number: number.and_then(|n| n.parse().ok()) })
}

/// The degree that a name says (`ENT2D…`, `ENT1D…`), when it says one.
pub(super) fn degree(name: &str) -> Option<Degree> {
    let name = name.to_ascii_uppercase();
    match (name.contains("ENT1D"), name.contains("ENT2D")) {
        (true, false) => Some(Degree::First),
        (false, true) => Some(Degree::Second),
        _ => None,
    }
}

/// The name without `.xml`, compressed or not.
fn strip_xml(file: &str) -> Option<&str> {
    let (stem, extension) = super::plain_xml(file).rsplit_once('.')?;
    extension.eq_ignore_ascii_case("xml").then_some(stem)
}

/// A name of the AAF's shape with another category, or a foreign file.
fn unknown(stem: &str) -> Verdict {
    let mut tokens = stem.split('_').skip_while(|token| kind(token).is_none()).skip(1);
    let (date, category) = (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
    let is_date = date.len() >= 6 && date.bytes().all(|b| b.is_ascii_digit());
    if is_date && !category.is_empty() && category.bytes().all(|b| b.is_ascii_alphabetic()) {
        Verdict::UnknownCategory(category.to_owned())
    } else {
        Verdict::Foreign
    }
}

fn kind(token: &str) -> Option<DeliveryKind> {
    if token.eq_ignore_ascii_case("Complet") {
        Some(DeliveryKind::Complete)
    } else if token.eq_ignore_ascii_case("Delta") {
        Some(DeliveryKind::Delta)
    } else {
        None
    }
}

fn kind_and_date(text: &str) -> (Option<DeliveryKind>, DateToken) {
    let tokens: Vec<&str> = text.split(['_', '-', '.', ' ']).collect();
    let at = tokens.iter().rposition(|token| kind(token).is_some());
    let found = at.and_then(|at| tokens.get(at)).and_then(|token| kind(token));
    let digits = |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
    // Right after the kind, any row of digits means to be the date.
    if let Some(token) = at.and_then(|at| tokens.get(at + 1)).filter(|token| digits(token)) {
        return (found, date(token).map_or_else(|| DateToken::Malformed((*token).to_owned()), DateToken::Valid));
    }
    let elsewhere = tokens.iter().rev().filter(|token| digits(token)).find_map(|token| date(token));
    (found, elsewhere.map_or(DateToken::None, DateToken::Valid))
}

/// `yyyymmdd`, in this century.
fn date(token: &str) -> Option<Date> {
    if token.len() != 8 {
        return None;
    }
    let year: i16 = token.get(..4)?.parse().ok()?;
    let (month, day) = (token.get(4..6)?.parse().ok()?, token.get(6..)?.parse().ok()?);
    (2000..=2099).contains(&year).then(|| Date::new(year, month, day).ok()).flatten()
}

/// A name fit for a message or a report: no control character, not endless.
pub(in crate::feed) fn plain(name: &str) -> String {
    let hostile =
        |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    name.chars().take(300).map(|c| if hostile(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn part(name: &str, outer: &str) -> Recognised {
        match recognise(name, outer) {
            Verdict::Part(file) => file,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_shape_that_was_seen() {
        let valid = |y, m, d| DateToken::Valid(date(y, m, d));
        let complete = Some(DeliveryKind::Complete);
        for (name, category, kind, day, number) in [
            ("ENT_Complet_20200101_Eleve_0000.xml", Category::Pupil, complete, valid(2020, 1, 1), Some(0)),
            (
                "FULL_ENTTSSERVICES_Complet_20130117_PersEducNat_0001.xml",
                Category::Staff,
                complete,
                valid(2013, 1, 17),
                Some(1),
            ),
            (
                "ENTTSSERVICES-x_Complet_20130305_MefEducNat_0000.xml",
                Category::Mef,
                complete,
                valid(2013, 3, 5),
                Some(0),
            ),
            (
                "ENT_TS_SERVICES_21_Delta_20140225_Eleve_0001.xml",
                Category::Pupil,
                Some(DeliveryKind::Delta),
                valid(2014, 2, 25),
                Some(1),
            ),
            (
                "EnvOLE_ENT2DVA_0290009C_Complet_20180830_EtabEducNat_0000.xml",
                Category::Structure,
                complete,
                valid(2018, 8, 30),
                Some(0),
            ),
            (
                "ENT2DVA-ENT16_Complet_20240916_MatiereEducNat_0000.xml",
                Category::Subject,
                complete,
                valid(2024, 9, 16),
                Some(0),
            ),
            (
                "clean-FULL_ENT_Complet_20130117_PersRelEleve_0039.xml",
                Category::Relative,
                complete,
                valid(2013, 1, 17),
                Some(39),
            ),
            ("_Eleve_.xml", Category::Pupil, None, DateToken::None, None),
            ("_Eleve_2.xml", Category::Pupil, None, DateToken::None, Some(2)),
            ("_PersEducNat_admin.xml", Category::Staff, None, DateToken::None, None),
            (
                "X_Delta_201300408_Eleve_0000.XML",
                Category::Pupil,
                Some(DeliveryKind::Delta),
                DateToken::Malformed("201300408".into()),
                Some(0),
            ),
            ("Eleve_Complet_20200101_PersRelEleve_0000.xml", Category::Relative, complete, valid(2020, 1, 1), Some(0)),
        ] {
            assert_eq!(part(name, ""), Recognised { category, kind, date: day, number }, "{name}");
        }
    }

    #[test]
    fn folder_and_archive_say_what_the_name_does_not() {
        let file = part("a/b_Delta_x/_Eleve_0000.xml", "ENT2D.20240916.zip");
        assert_eq!((file.kind, file.date), (Some(DeliveryKind::Delta), DateToken::Valid(date(2024, 9, 16))));
        let file = part("Delta/ENT_Complet_20200101_Eleve_0000.xml", "x_Delta_20190101.zip");
        assert_eq!((file.kind, file.date), (Some(DeliveryKind::Complete), DateToken::Valid(date(2020, 1, 1))));
    }

    #[test]
    fn other_files() {
        assert_eq!(recognise("a/ficAlimMENESR.dtd", ""), Verdict::Grammar);
        assert_eq!(recognise("ENT_Complet_20200101_PersAL_0000.xml", ""), Verdict::UnknownCategory("PersAL".into()));
        for name in
            ["notes.txt", "ENT_Complet_20200101_PersAL.txt", "Eleve_0000.xml", "xEleve_.xml", "", "..", "photo.xml"]
        {
            assert_eq!(recognise(name, ""), Verdict::Foreign, "{name}");
        }
    }

    #[test]
    fn names_are_shown_without_tricks() {
        assert_eq!(plain("a\u{202e}b\nc"), "a\u{fffd}b\u{fffd}c");
    }
}
