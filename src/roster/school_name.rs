//! A school's name for people, from the two styles of `ENTStructureNomCourant`.

use crate::feed::values::{ascii, fold_name};

/// First part of the delivered name → words. Sigles of the SIECLE and AAF nomenclatures.
const SIGLES: [(&str, &str); 24] = [
    ("CLG", "Collège"),
    ("COL", "Collège"),
    ("LG", "Lycée"),
    ("LGT", "Lycée"),
    ("LEGT", "Lycée"),
    ("LT", "Lycée technologique"),
    ("LYC", "Lycée"),
    ("LPO", "Lycée polyvalent"),
    ("LP", "Lycée professionnel"),
    ("LEGTA", "Lycée agricole"),
    ("LPA", "Lycée professionnel agricole"),
    ("EREA", "EREA"),
    ("SEGPA", "SEGPA"),
    ("SES", "SEGPA"),
    ("SEP", "Section d'enseignement professionnel"),
    ("SGT", "Section d'enseignement général et technologique"),
    ("E.E.PU", "École élémentaire"),
    ("E.M.PU", "École maternelle"),
    ("E.P.PU", "École primaire"),
    ("E.E.PR", "École élémentaire"),
    ("E.M.PR", "École maternelle"),
    ("E.P.PR", "École primaire"),
    ("CFA", "CFA"),
    ("CIO", "CIO"),
];

/// Words that stay in lower case inside a name.
const PARTICLES: [&str; 17] =
    ["de", "du", "des", "la", "le", "les", "l", "d", "et", "en", "au", "aux", "sur", "sous", "lès", "lez", "à"];

/// `CLG-JEAN MOULIN-ac-RENNES` and `CLG$JEAN MOULIN$RENNES` both give `Collège Jean Moulin`.
///
/// Text delivered in capitals becomes title case; text with small letters is kept. `academy` is the delivered label,
/// by which an abbreviated tail (`-AIX_MARS.`) is known. `fallback` names a structure whose delivered name is empty.
#[must_use]
pub fn readable(delivered: &str, academy: Option<&str>, fallback: &str) -> String {
    let dollar = delivered.contains('$');
    let (sigle, name) = if dollar {
        let mut parts = delivered.split('$').map(str::trim);
        let (sigle, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        (sigle, if name.is_empty() { parts.next().unwrap_or_default() } else { name })
    } else {
        let name = without_academy(delivered.trim(), academy);
        name.split_once('-').unwrap_or(("", name))
    };
    let known = SIGLES.iter().find(|(s, _)| s.eq_ignore_ascii_case(sigle.trim())).map(|(_, words)| *words);
    let full = match known {
        // `CLG$COLLEGE JEAN MOULIN`: the word is there already.
        Some(words) => format!("{words} {}", title_case(without_words(words, name))),
        None if dollar => format!("{sigle} {}", title_case(name)),
        None => title_case(without_academy(delivered, academy)),
    };
    let full = full.trim();
    if full.is_empty() { fallback.to_owned() } else { full.to_owned() }
}

/// The name without the words of the type that it begins with.
fn without_words<'n>(words: &str, name: &'n str) -> &'n str {
    let mut rest = name.trim();
    for word in words.split(' ') {
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        if fold_name(first) != fold_name(word) {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// Cuts `-ac-RENNES`, or a last part that abbreviates the academy's label.
fn without_academy<'n>(name: &'n str, academy: Option<&str>) -> &'n str {
    // ASCII folding of case keeps byte positions, unlike `to_lowercase`.
    let lower = name.to_ascii_lowercase();
    if let Some(at) = lower.rfind("-ac-") {
        return name.get(..at).unwrap_or(name);
    }
    match (name.rsplit_once('-'), academy) {
        (Some((head, tail)), Some(academy)) if abbreviates(tail, academy) => head,
        _ => name,
    }
}

/// `AIX_MARS.` abbreviates `AIX-MARSEILLE`: each word begins the word at its place.
fn abbreviates(short: &str, long: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let text = ascii(text).to_ascii_lowercase();
        text.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    let (short, long) = (words(short), words(long));
    !short.is_empty() && short.len() == long.len() && short.iter().zip(&long).all(|(s, l)| l.starts_with(s.as_str()))
}

/// Capitals at the beginning of words, French particles small, Roman numerals kept. Text that already has small
/// letters is as its authors want it.
pub(super) fn title_case(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(char::is_lowercase) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let first = !out.chars().any(char::is_alphanumeric);
            out.push_str(&one_word(&word, first, c));
            word.clear();
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

fn one_word(word: &str, first: bool, next: char) -> String {
    let lower = word.to_lowercase();
    let elided = matches!(lower.as_str(), "l" | "d");
    // "L" alone is an initial unless an apostrophe follows it.
    let particle = PARTICLES.contains(&lower.as_str()) && (!elided || matches!(next, '\'' | '’'));
    if particle && !first {
        return lower;
    }
    let roman = word.len() > 1 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
    if roman || word.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    let mut letters = lower.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_styles_become_words() {
        let cases = [
            ("CLG-JEAN MOULIN-ac-RENNES", None, "Collège Jean Moulin"),
            ("CLG$JEAN MOULIN$RENNES", None, "Collège Jean Moulin"),
            ("LGT-JEAN-JAURES-ac-ORL._TOURS", None, "Lycée Jean-Jaures"),
            ("LP$COLETTE BESSON$BREST", None, "Lycée professionnel Colette Besson"),
            ("CLG$COLLEGE LES ORMEAUX$RENNES", None, "Collège Les Ormeaux"),
            ("LP$LYCEE PROFESSIONNEL LA CLOSERIE$BREST", None, "Lycée professionnel La Closerie"),
            ("CLG$$VITRE", None, "Collège Vitre"),
            ("LG$HENRI IV$CHALONS-SUR-SAONE", None, "Lycée Henri IV"),
            ("E.E.PU$JACQUES PREVERT$DOL-DE-BRETAGNE", None, "École élémentaire Jacques Prevert"),
            ("Z.REMP-DE GAP-AIX_MARS.", Some("AIX-MARSEILLE"), "Z.Remp-de Gap"),
            ("CLG-LES TILLEULS-NANTES", Some("RENNES"), "Collège Les Tilleuls-Nantes"),
            ("SANS OBJET", None, "Sans Objet"),
            ("Collège Émile-Zola", None, "Collège Émile-Zola"),
            ("", None, "Établissement 0290009C"),
            ("$$", None, "Établissement 0290009C"),
        ];
        for (delivered, academy, expected) in cases {
            assert_eq!(readable(delivered, academy, "Établissement 0290009C"), expected, "{delivered}");
        }
    }

    #[test]
    fn titles_are_french() {
        let cases = [
            ("LA FAYETTE", "La Fayette"),
            ("D'ALEMBERT", "D'Alembert"),
            ("JEAN D'ORMESSON", "Jean d'Ormesson"),
            ("VILLENEUVE-LES-SABLONS", "Villeneuve-les-Sablons"),
            ("ÉCOLE  DE L’ÉTANG", "École de l’Étang"),
            ("PIERRE L", "Pierre L"),
            ("J.-B. DE LA SALLE", "J.-B. de la Salle"),
            ("Jean moulin", "Jean moulin"),
            ("CENTRE 3A", "Centre 3A"),
        ];
        for (given, expected) in cases {
            assert_eq!(title_case(given), expected);
        }
    }
}
