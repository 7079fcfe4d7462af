//! Civility: `M.`, `Mme` and the forms that circulate.

use serde::{Deserialize, Serialize};

/// How a person is addressed. "Mlle" is read and never printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Civility {
    #[serde(rename = "M.")]
    Monsieur,
    #[serde(rename = "Mme")]
    Madame,
}

impl Civility {
    /// As it is written before a name, in the AAF and on a letter: `M.` or `Mme`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monsieur => "M.",
            Self::Madame => "Mme",
        }
    }
}

/// Reads a civility as written in any of the feeds: the AAF's labels, with or without a point, in any case.
#[must_use]
pub fn parse_civility(text: &str) -> Option<Civility> {
    let word = text.trim().trim_end_matches('.');
    let is = |forms: &[&str]| forms.iter().any(|form| word.eq_ignore_ascii_case(form));
    if is(&["M", "MR", "MONSIEUR"]) {
        Some(Civility::Monsieur)
    } else if is(&["MME", "MLLE", "ME", "MADAME", "MADEMOISELLE"]) {
        Some(Civility::Madame)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_circulate() {
        for text in ["M.", "M", "m.", "Monsieur", " M. "] {
            assert_eq!(parse_civility(text), Some(Civility::Monsieur), "{text}");
        }
        for text in ["Mme", "Mme.", "MLLE", "Mlle", "Madame"] {
            assert_eq!(parse_civility(text), Some(Civility::Madame), "{text}");
        }
        for text in ["", "Dr", "MM", "1"] {
            assert_eq!(parse_civility(text), None, "{text}");
        }
        assert_eq!(Civility::Madame.as_str(), "Mme");
    }
}
