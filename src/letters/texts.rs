//! What sheets say in a second language, and who gets which: English is shipped, a project may add others as TOML files
//! of the same keys.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::LettersConfig;
use crate::roster::{HouseholdId, JoinKey, PersonId, Roster, households};

/// Languages that are shipped, by their code.
const SHIPPED: [(&str, &str); 1] = [("en", include_str!("texts/en.toml"))];

/// Longest files read, in bytes: a language is a page of text, the table of languages has a short line a person.
const LANGUAGE_LIMIT: u64 = 64 << 10;
const TABLE_LIMIT: u64 = 64 << 20;

/// The texts of one language. `{ent}` and `{url}` stand for the name of the portal and its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Arabic, Hebrew and others.
    pub right_to_left: bool,
    pub title: String,
    pub open: String,
    pub enter: String,
    pub change: String,
    pub reminder: String,
    pub federated: String,
    pub lost: String,
    pub confidential: String,
}

impl Texts {
    /// With the name and the address in place.
    #[must_use]
    pub fn filled(&self, ent: &str, url: &str) -> Self {
        let mut filled = self.clone();
        for text in filled.all() {
            *text = text.replace("{ent}", ent).replace("{url}", url);
        }
        filled
    }

    pub(super) fn all(&mut self) -> [&mut String; 8] {
        [
            &mut self.title,
            &mut self.open,
            &mut self.enter,
            &mut self.change,
            &mut self.reminder,
            &mut self.federated,
            &mut self.lost,
            &mut self.confidential,
        ]
    }
}

/// Why languages cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is larger than {limit} bytes")]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("the language {language:?} ({path}): {reason}")]
    Language { language: String, path: PathBuf, reason: String },
    #[error("there is no language {language:?}; there are: fr, {}", known.join(", "))]
    Unknown { language: String, known: Vec<String> },
    #[error("{path}:{line}: {reason}")]
    Table { path: PathBuf, line: usize, reason: String },
}

/// The languages of an installation.
#[derive(Debug, Default)]
pub struct Languages {
    texts: BTreeMap<String, Texts>,
    of_all: Option<String>,
    /// Of `letters.languages_file`.
    of_person: HashMap<JoinKey, String>,
}

impl Languages {
    /// # Errors
    /// When a file cannot be read, a key of a language is missing or unknown, or a line of the table is none.
    pub fn load(config: &LettersConfig) -> Result<Self, TextsError> {
        let mut texts = BTreeMap::new();
        for (code, text) in SHIPPED {
            texts.insert(code.to_owned(), parse(code, Path::new("shipped"), text)?);
        }
        for (code, path) in &config.languages {
            texts.insert(code.clone(), parse(code, path, &read(path, LANGUAGE_LIMIT)?)?);
        }
        let known = |code: &str| code == "fr" || texts.contains_key(code);
        let unknown =
            |code: &str| TextsError::Unknown { language: code.to_owned(), known: texts.keys().cloned().collect() };
        let of_all = config.second_language.clone();
        if let Some(code) = of_all.as_deref().filter(|code| !known(code)) {
            return Err(unknown(code));
        }
        let mut of_person = HashMap::new();
        if let Some(path) = &config.languages_file {
            for (at, line) in read(path, TABLE_LIMIT)?.trim_start_matches('\u{feff}').lines().enumerate() {
                let fields: Vec<&str> = line.split([';', ',']).map(|field| field.trim().trim_matches('"')).collect();
                let told = |reason: String| TextsError::Table { path: path.clone(), line: at + 1, reason };
                match fields.as_slice() {
                    [""] => {}
                    [key, _] if at == 0 && key.eq_ignore_ascii_case("joinkey") => {}
                    [key, code] if !key.is_empty() => {
                        let code = code.to_lowercase();
                        if !known(&code) {
                            return Err(told(unknown(&code).to_string()));
                        }
                        of_person.insert(JoinKey::from_text(key), code);
                    }
                    _ => return Err(told("a line is a join key and a language, with ; between".to_owned())),
                }
            }
        }
        Ok(Self { texts, of_all, of_person })
    }

    #[must_use]
    pub fn texts(&self, language: &str) -> Option<&Texts> {
        self.texts.get(language)
    }

    /// The second language of each household of which somebody has one.
    #[must_use]
    pub fn spoken(&self, roster: &Roster) -> Spoken<'_> {
        let mut of_household: HashMap<HouseholdId, &str> = HashMap::new();
        let households = (!self.of_person.is_empty()).then(|| households(roster));
        for (person, at) in roster.persons.iter().zip(0..) {
            if let (Some(language), Some(households)) = (self.of_person.get(&person.key), &households)
                && let Some(home) = households.of(PersonId(at))
            {
                // In the order of the join keys: the same table gives the same sheets.
                of_household.entry(home).or_insert(language.as_str());
            }
        }
        let of =
            |at| households.as_ref().and_then(|households| of_household.get(&households.of(PersonId(at))?).copied());
        let languages =
            if of_household.is_empty() { Vec::new() } else { (0..roster.persons.len() as u32).map(of).collect() };
        Spoken { languages: self, of: languages }
    }
}

/// Who gets which second language.
#[derive(Debug)]
pub struct Spoken<'a> {
    languages: &'a Languages,
    of: Vec<Option<&'a str>>,
}

impl Spoken<'_> {
    /// His own, or else that of his household, or else that of all; `None` where it is French.
    #[must_use]
    pub fn of(&self, id: PersonId, key: &JoinKey) -> Option<&str> {
        let own = self.languages.of_person.get(key).map(String::as_str);
        let home = || self.of.get(id.0 as usize).copied().flatten();
        own.or_else(home).or(self.languages.of_all.as_deref()).filter(|language| *language != "fr")
    }
}

fn read(path: &Path, limit: u64) -> Result<String, TextsError> {
    let failed = |source| TextsError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > limit {
        return Err(TextsError::TooLarge { path: path.to_owned(), limit });
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn parse(code: &str, path: &Path, text: &str) -> Result<Texts, TextsError> {
    let told = |reason: String| TextsError::Language { language: code.to_owned(), path: path.to_owned(), reason };
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    if !is_code || code == "fr" {
        return Err(told(
            "a language is called by its code of two or three letters (ISO 639), other than fr".to_owned(),
        ));
    }
    let mut texts: Texts = toml::from_str(text).map_err(|error| told(error.message().to_owned()))?;
    if texts.all().iter().any(|text| text.trim().is_empty()) {
        return Err(told("a text is empty".to_owned()));
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &LettersConfig) -> Result<Languages, TextsError> {
        Languages::load(config)
    }

    #[test]
    fn english_is_there_and_knows_its_places() {
        let languages = of(&LettersConfig { second_language: Some("en".into()), ..LettersConfig::default() }).unwrap();
        let english = languages.texts("en").unwrap().filled("e-Armor", "https://ent.example.fr");
        assert_eq!(english.title, "Your account on e-Armor");
        assert!(english.open.contains("https://ent.example.fr"));
    }

    #[test]
    fn a_language_lacks_no_key_and_has_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("de.toml");
        let load = |text: String| {
            std::fs::write(&path, text).unwrap();
            of(&LettersConfig { languages: [("de".to_owned(), path.clone())].into(), ..LettersConfig::default() })
        };
        let english = SHIPPED[0].1;
        assert!(load(english.to_owned()).unwrap().texts("de").is_some());
        for (bad, why) in [
            (english.replace("lost = ", "found = "), "found"),
            (english.lines().filter(|line| !line.starts_with("lost")).collect::<Vec<_>>().join("\n"), "lost"),
            (english.replace("\"Any difficulty? Ask the school office.\"", "\" \""), "empty"),
        ] {
            let error = load(bad).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_table_says_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("langues.csv");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            of(&LettersConfig { languages_file: Some(path.clone()), ..LettersConfig::default() })
        };
        let languages = load("\u{feff}joinkey;lang\r\nAC-TEST$1;en\r\n\r\nAC-TEST$2;fr\r\n").unwrap();
        assert_eq!(languages.of_person.len(), 2);
        assert!(load("joinkey,lang\nAC-TEST$1,tlh\n").unwrap_err().to_string().contains(":2:"));
        assert!(load("AC-TEST$1\n").unwrap_err().to_string().contains(":1:"));
        let unknown = of(&LettersConfig { second_language: Some("tlh".into()), ..LettersConfig::default() });
        assert!(matches!(unknown, Err(TextsError::Unknown { .. })));
    }
}
