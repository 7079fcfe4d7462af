//! Which school a file is of, from the names around it.
//!
//! Folders follow `<name>[@externalId]_<UAI>[_overrideClass]`; archives and files of connectors have the UAI among
//! their words (`Educasud_20260901_0350999X_Ecole_Eleves_.csv`). The nearest name that holds a UAI speaks.

use compact_str::CompactString;

use crate::feed::values::Uai;

/// What a name says of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) uai: Uai,
    /// The school's name, of a folder only.
    pub(super) name: Option<CompactString>,
    /// The class of every pupil of the folder.
    pub(super) class: Option<CompactString>,
}

/// The school of a file named `name` (with `/` between folders) inside something called `outer`.
pub(super) fn place(name: &str, outer: &str) -> Option<Place> {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    if let Some((_, uai, _)) = split(stem(file)) {
        // The folder around may say more of the same school.
        let around = folders.rsplit('/').chain([outer]).find_map(folder).filter(|place| place.uai == uai);
        return Some(around.unwrap_or(Place { uai, name: None, class: None }));
    }
    let outer = stem(outer);
    folders.rsplit('/').chain([outer]).find_map(folder)
}

/// A name without the extension of a file.
fn stem(name: &str) -> &str {
    let ends = [".csv", ".txt", ".tsv", ".xlsx", ".ods", ".zip", ".tar.gz", ".tgz"];
    let cut = |end: &&str| {
        let at = name.len().checked_sub(end.len())?;
        let tail = name.get(at..)?;
        tail.eq_ignore_ascii_case(end).then(|| name.get(..at)).flatten()
    };
    ends.iter().find_map(cut).unwrap_or(name)
}

fn folder(name: &str) -> Option<Place> {
    let (before, uai, after) = split(name)?;
    // A connector's archive has its date before the UAI and the name after it.
    let dated = before.split('_').any(|word| word.len() == 8 && word.bytes().all(|b| b.is_ascii_digit()));
    let text = |text: &str| {
        let text = text.replace('_', " ");
        let text = text.trim();
        (!text.is_empty()).then(|| CompactString::from(text))
    };
    Some(if dated {
        Place { uai, name: text(after), class: None }
    } else {
        let named = before.split_once('@').map_or(before, |(named, _)| named);
        Place { uai, name: text(named), class: text(after) }
    })
}

/// What stands before and after the UAI of a name.
fn split(name: &str) -> Option<(&str, Uai, &str)> {
    let mut start = 0;
    for word in name.split('_') {
        let end = start + word.len();
        let is_uai = word.len() == 8
            && word.bytes().take(7).all(|b| b.is_ascii_digit())
            && word.ends_with(|c: char| c.is_ascii_alphabetic());
        if let (true, Some(uai)) = (is_uai, Uai::parse(word)) {
            let before = name.get(..start.saturating_sub(1)).unwrap_or_default();
            return Some((before, uai, name.get(end + 1..).unwrap_or_default()));
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, outer: &str) -> Option<(String, Option<String>, Option<String>)> {
        let text = |text: Option<CompactString>| text.map(|t| t.as_str().to_owned());
        place(name, outer).map(|p| (p.uai.to_string(), text(p.name), text(p.class)))
    }

    #[test]
    fn folders_archives_and_files() {
        let school = |name: Option<&str>, class: Option<&str>| {
            Some(("0350999X".to_owned(), name.map(str::to_owned), class.map(str::to_owned)))
        };
        assert_eq!(said("Ecole du Port_0350999X/Eleves.csv", ""), school(Some("Ecole du Port"), None));
        assert_eq!(said("Ecole du Port@a1b2_0350999x_CE1/Eleves.csv", ""), school(Some("Ecole du Port"), Some("CE1")));
        assert_eq!(said("Eleves.csv", "Ecole_0350999X"), school(Some("Ecole"), None));
        assert_eq!(said("x_Eleves_.csv", "Educasud_20260901_0350999X_Le Port.zip"), school(Some("Le Port"), None));
        assert_eq!(said("Educasud_20260901_0350999X_Le Port_Eleves_.csv", ""), school(None, None));
        assert_eq!(said("a/b/Eleves.csv", "c"), None);
        assert_eq!(said("0350999X/Eleves.csv", ""), school(None, None));
    }
}
