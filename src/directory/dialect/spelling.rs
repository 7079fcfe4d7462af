//! Values that are computed rather than copied.

use crate::roster::NationalProfile;

/// The national number of a profile, where it has one (librarians and local authorities have none).
pub(super) const fn number(profile: NationalProfile) -> Option<&'static str> {
    match profile {
        NationalProfile::Elv => Some("National_1"),
        NationalProfile::Tut => Some("National_2"),
        NationalProfile::Ens => Some("National_3"),
        NationalProfile::Dir => Some("National_4"),
        NationalProfile::Evs => Some("National_5"),
        NationalProfile::Eta => Some("National_6"),
        NationalProfile::Aca => Some("National_7"),
        NationalProfile::Doc | NationalProfile::Col => None,
    }
}

/// `SURNAME GIVENNAME` in upper-case ASCII, hyphens and apostrophes removed; the names as they are when nothing of
/// them can be written so.
pub(super) fn cn(text: &mut String, surname: &str, first: &str) {
    let start = text.len();
    for name in [surname, first] {
        let ascii;
        let name = if name.is_ascii() {
            name
        } else {
            ascii = deunicode::deunicode(name);
            &ascii
        };
        for word in name.split_ascii_whitespace() {
            let before = text.len();
            if before > start {
                text.push(' ');
            }
            let blank = text.len();
            text.extend(word.chars().filter(|&c| !matches!(c, '-' | '\'' | '`')).map(|c| c.to_ascii_uppercase()));
            if text.len() == blank {
                text.truncate(before);
            }
        }
    }
    if text.len() == start {
        text.push_str(surname);
        text.push(' ');
        text.push_str(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_plain_capitals() {
        for (surname, first, expected) in [
            ("Le Gall", "Maëlle", "LE GALL MAELLE"),
            ("D'Angelo-Martin", "Jean-Pierre", "DANGELOMARTIN JEANPIERRE"),
            ("de l’Estoile", "Cœur", "DE LESTOILE COEUR"),
            ("  N'GUYEN  VAN ", "Œdipe", "NGUYEN VAN OEDIPE"),
            ("-", "Ægir", "AEGIR"),
            ("'", "-", "' -"),
            ("Wałęsa", "Łukasz", "WALESA LUKASZ"),
        ] {
            let mut text = String::from("before");
            cn(&mut text, surname, first);
            assert_eq!(text, format!("before{expected}"));
        }
    }
}
