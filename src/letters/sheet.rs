//! What is printed: a batch of sheets, as plain data.
//!
//! This is also the JSON that goes to the typesetting child over its standard input and that a template reads as
//! `batch.json`. A field without a value is left out of the JSON, never written as an empty string or `null`: a
//! template that uses it fails with its line, or prints the visible mark of `value()`.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::logo::Logo;
use super::texts::Texts;
use crate::config::{Layout, Mode};
use crate::roster::{Address, Civility, Profile};

/// One print run of one school, one profile and (for pupils and relatives) one class, or of households: one PDF file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Batch {
    /// Number of the print run in the ledger, printed at the foot of each sheet.
    pub id: String,
    /// Day of the print run. The only date that the PDF knows, so that the same batch gives the same bytes.
    pub date: Date,
    pub ent_name: String,
    /// `http://` or `https://`; what people type and what the QR code holds.
    pub login_url: String,
    /// Whom to ask when the credential is lost; a default sentence when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// How the people of a federated profile log in; a default sentence when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federated_text: Option<String>,
    pub school: School,
    /// None for a file of whole households.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Of several files of households, which one, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    #[serde(default)]
    pub layout: Layout,
    /// Of rules and frames, `#rrggbb`; black when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<String>,
    /// A template reads its file name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// The second languages of its sheets, by code, complete.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub languages: BTreeMap<String, Texts>,
    /// Printed on both sides of the paper: each page has a back that is nobody's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplex: bool,
    /// The page before the sheets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<Cover>,
    pub sheets: Vec<Sheet>,
}

impl Batch {
    /// What is said of the pile on its cover and its list.
    #[must_use]
    pub const fn title(profile: Option<Profile>) -> &'static str {
        match profile {
            Some(Profile::Pupil) => "Identifiants des élèves",
            Some(Profile::Relative) => "Identifiants des responsables",
            Some(Profile::Teacher) => "Identifiants des enseignants",
            Some(Profile::Staff) => "Identifiants des personnels",
            None => "Identifiants par foyer",
        }
    }
}

/// The page before the sheets: what is in the file, and who is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    pub title: String,
    pub sheets: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Without>,
}

/// People of the pile who get no sheet, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Without {
    pub count: usize,
    /// French.
    pub why: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// The school of the letterhead.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct School {
    pub name: String,
    pub uai: String,
    /// Address, telephone, whatever the letterhead should say below the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// For the date line: `Rennes, le 1er septembre 2026`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub town: Option<String>,
}

/// One printed credential.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sheet {
    /// The envelope's serial: what the ledger calls this sheet.
    pub serial: String,
    pub profile: Profile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub civility: Option<Civility>,
    /// `Prénom NOM`.
    pub name: String,
    pub login: String,
    pub mode: Mode,
    /// There with [`Mode::Bind`], and only then; not on a reminder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The account is in use: the sheet says its login, and nothing secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminder: bool,
    /// Last day on which the password of the sheet opens the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Date>,
    /// The code of the second language, one of the batch's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// A pupil's class; for a relative, the class with which the sheet is handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What shows in the window of the envelope, the name first ([`address_block`]). Empty when there is no postal
    /// address: the name alone is printed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// For a relative: the children in this school, and in others of the same controller where that is configured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Child>,
    /// On a list: what became of the sheet, in French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A relative's child in the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    pub name: String,
    /// The name of the school when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A password to be printed. Masked in `Debug`, wiped from memory when dropped, written in clear only by its
/// `Serialize`, which feeds nothing but the pipe to the typesetting child and the template.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<SecretString> for Secret {
    fn from(secret: SecretString) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// The block of a French window envelope: the name, the street lines, postal code and town in capitals, and the
/// country in capitals on the last line unless it is France. Empty when there is neither street nor town: such an
/// envelope cannot be posted.
#[must_use]
pub fn address_block(name: &str, address: &Address) -> Vec<String> {
    let filled = |text: &Option<compact_str::CompactString>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_uppercase)
    };
    let town: Vec<String> = [filled(&address.postal_code), filled(&address.town)].into_iter().flatten().collect();
    let mut block: Vec<String> =
        address.lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    if block.is_empty() && town.is_empty() {
        return Vec::new();
    }
    block.insert(0, name.to_owned());
    if !town.is_empty() {
        block.push(town.join(" "));
    }
    if let Some(country) = filled(&address.country).filter(|country| country != "FRANCE") {
        block.push(country);
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(lines: &[&str], code: &str, town: &str, country: &str) -> Address {
        let some = |text: &str| (!text.is_empty()).then(|| text.into());
        Address {
            lines: lines.iter().map(|&line| line.into()).collect(),
            postal_code: some(code),
            town: some(town),
            country: some(country),
        }
    }

    #[test]
    fn french_addresses_end_with_the_town_in_capitals() {
        let block = address_block("Mme Zoé LE GOFF", &address(&["3 rue des Lilas"], "35000", "Rennes", "France"));
        assert_eq!(block, ["Mme Zoé LE GOFF", "3 rue des Lilas", "35000 RENNES"]);
    }

    #[test]
    fn foreign_addresses_end_with_the_country_in_capitals() {
        let block = address_block("M. Luc PEETERS", &address(&["Rue Haute 12"], "1000", "Bruxelles", "Belgique"));
        assert_eq!(block, ["M. Luc PEETERS", "Rue Haute 12", "1000 BRUXELLES", "BELGIQUE"]);
    }

    #[test]
    fn an_address_that_cannot_be_posted_is_empty() {
        assert!(address_block("M. Luc PEETERS", &address(&["  "], "", "", "FRANCE")).is_empty());
    }

    #[test]
    fn a_secret_shows_in_json_only() {
        let secret = Secret::new("bafo-kiru".into());
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"bafo-kiru\"");
    }
}
