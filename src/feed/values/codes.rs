//! Closed lists of the nomenclatures: link codes, functions, regimes, and the form of a MEF.
//!
//! What is not in a list is kept and reported: nomenclatures grow, and an engine that is a year behind must not lose a
//! person over a new code.

/// Codes of the link between a pupil and a relative: 1–7 until about 2016, 10–90 since.
const LINKS: &[&str] =
    &["1", "2", "3", "4", "5", "6", "7", "10", "20", "37", "38", "39", "41", "42", "43", "50", "51", "70", "90"];

/// Function codes (second field of `ENTPersonFonctions`), second and first degree; `-` stands for "none".
const FUNCTIONS: &[&str] = &[
    "-", "ACP", "ACS", "ADA", "ADF", "ADM", "AED", "AEH", "AES", "ALB", "APP", "ASE", "ASH", "BED", "CFC", "COL",
    "COLTER", "CPD", "CTR", "DEC", "DECPR", "DIR", "DOC", "DSES", "EDU", "EEI", "ENS", "FCA", "FCP", "FIJ", "INJ",
    "INS", "IS", "ISES", "LAB", "MDS", "ORI", "OUV", "PPA", "PSY", "RH1D", "RPL", "SUR", "TEC", "UPI",
];

/// Boarding labels, without the number of days that some end with.
const REGIMES: &[&str] = &[
    "EXTERNE LIBRE",
    "EXTERNE SURVEILLE",
    "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT",
    "DEMI-PENSIONNAIRE HORS L'ETABLISSEMENT",
    "DEMI-PENSIONNAIRE AU TICKET",
    "INTERNE DANS L'ETABLISSEMENT",
    "INTERNE EXTERNE",
    "INTERNE HEBERGE",
    "DEMI INTERNE",
    "INTERNE WEEK END",
];

/// Whether a link code is in the old (1–7) or the new (10–90) list.
#[must_use]
pub fn is_link_code(code: &str) -> bool {
    LINKS.contains(&code)
}

/// Whether a function code is known; an empty one says "none", as `-` does.
#[must_use]
pub fn is_function(code: &str) -> bool {
    code.is_empty() || FUNCTIONS.binary_search(&code).is_ok()
}

/// Whether a boarding label is one of the nomenclature, days included (`… 4`, `INTERNE 5 JOURS`).
#[must_use]
pub fn is_regime(label: &str) -> bool {
    if REGIMES.contains(&label) {
        return true;
    }
    let label = label.replace('’', "'").to_uppercase();
    let label = label.trim();
    let days = |text: &str| matches!(text.trim(), "1" | "2" | "3" | "4" | "5" | "6");
    REGIMES.iter().any(|regime| label.strip_prefix(regime).is_some_and(|rest| rest.is_empty() || days(rest)))
        || label
            .strip_prefix("INTERNE ")
            .and_then(|rest| rest.strip_suffix(" JOURS").or_else(|| rest.strip_suffix(" JOUR")))
            .is_some_and(days)
}

/// `O` (or `Y`, which circulates) is yes, `N` is no.
#[must_use]
pub fn parse_flag(text: &str) -> Option<bool> {
    match text.trim() {
        "O" | "o" | "Y" | "y" => Some(true),
        "N" | "n" => Some(false),
        _ => None,
    }
}

/// The form of a MEF: eleven digits or capital letters (local ones end with letters).
#[must_use]
pub fn is_mef(code: &str) -> bool {
    code.len() == 11 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_for_the_search() {
        assert!(FUNCTIONS.is_sorted());
        assert!(is_function("ENS") && is_function("-") && is_function("AEH"));
        assert!(!is_function("XYZ"));
    }

    #[test]
    fn regimes_with_and_without_days() {
        for label in [
            "EXTERNE LIBRE",
            "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT 4",
            "DEMI-PENSIONNAIRE DANS L’ETABLISSEMENT",
            "INTERNE 5 JOURS",
            "INTERNE 1 JOUR",
            "INTERNE WEEK END",
        ] {
            assert!(is_regime(label), "{label}");
        }
        for label in ["", "EXTERNE", "INTERNE 9 JOURS", "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT 7"] {
            assert!(!is_regime(label), "{label}");
        }
    }

    #[test]
    fn flags() {
        assert_eq!((parse_flag("O"), parse_flag(" n "), parse_flag("?")), (Some(true), Some(false), None));
    }

    #[test]
    fn links_and_mef() {
        assert!(is_link_code("1") && is_link_code("90") && !is_link_code("8") && !is_link_code(""));
        assert!(is_mef("10010012110") && is_mef("1031000F11A") && !is_mef("1031000f11a") && !is_mef("1001001211"));
    }
}
