//! `[letters]`: the printed sheets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::feed::values::Uai;
use crate::roster::Profile;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LettersConfig {
    /// Public age recipients (`age1…`): who can open the envelopes. At least one is needed to issue credentials.
    pub recipients: Vec<String>,
    /// By UAI: whose envelopes the schools themselves can open, beside those above.
    pub schools: BTreeMap<Uai, SchoolLetters>,
    /// By a name of one's own: print shops, for which sheets and tables are encrypted.
    pub shops: BTreeMap<String, PrintShop>,
    /// What people type, and what the QR code holds.
    pub login_url: String,
    /// The name of the ENT on the sheets.
    pub ent_name: Option<String>,
    /// Who to ask for help, on the sheets.
    pub help: Option<String>,
    /// A project's own template instead of the shipped one (Typst).
    pub template: Option<PathBuf>,
    /// For federated profiles: how they log in, one paragraph.
    pub federated_text: Option<String>,
    /// How the sheets lie on the paper, unless the command says otherwise.
    pub layout: Layout,
    /// Layouts of single profiles.
    pub layout_of: LayoutOf,
    /// The printer prints on both sides: each page gets a back with advice, so that no two people share a leaf.
    pub duplex: bool,
    /// Whether each file begins with a page that says what is in it.
    pub cover: Option<bool>,
    /// Of rules and frames, `#rrggbb`.
    pub colour: Option<String>,
    /// PNG or SVG, at most 512 KiB.
    pub logo: Option<PathBuf>,
    /// Files of fonts, for names in scripts that the shipped ones do not have.
    pub fonts: Vec<PathBuf>,
    /// The second language of all sheets, by its code (`en`).
    pub second_language: Option<String>,
    /// The project's own languages: code → TOML file.
    pub languages: BTreeMap<String, PathBuf>,
    /// Who gets another second language, or none (`fr`): a table `joinkey;lang`, which counts for the household.
    pub languages_file: Option<PathBuf>,
    /// In which order sheets come out, unless the command says otherwise.
    pub order: Order,
    /// An adult's sheet also names the children in other schools of the same controller.
    pub cross_school: bool,
    /// Which schools have one controller (the authority that answers for their data), by UAI: with `cross_school`.
    pub controllers: Vec<Vec<String>>,
    /// Envelopes that one operator may open within an hour; 0: as many as there are.
    pub openings_per_hour: Option<u64>,
}

/// `[letters.schools.UAI]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolLetters {
    /// Public age recipients of the school: they open the envelopes of its people, and no others.
    pub recipients: Vec<String>,
}

/// `[letters.shops.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintShop {
    /// Public age recipients of the shop: they open the files that are made for it, and no envelope.
    pub recipients: Vec<String>,
}

/// In which order sheets come out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By profile and class, to hand out.
    #[default]
    Class,
    /// The sheets of a household together, adults first, to post.
    Household,
    /// Everybody of a school in one file, by profile and class.
    School,
}

/// `[letters.layout_of]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayoutOf {
    pub pupil: Option<Layout>,
    pub relative: Option<Layout>,
    pub teacher: Option<Layout>,
    pub staff: Option<Layout>,
}

/// How sheets lie on the paper.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// A page each, with the address where a window envelope shows it.
    #[default]
    Letter,
    /// Two on a page, to cut in the middle.
    Half,
    /// Eight on a page, to cut.
    Cards,
    /// Two on a page in large type, for the very young.
    Large,
    /// No sheets: the list of a pile with a column to sign, nothing secret.
    List,
}

impl Layout {
    pub const ALL: [Self; 5] = [Self::Letter, Self::Half, Self::Cards, Self::Large, Self::List];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Half => "half",
            Self::Cards => "cards",
            Self::Large => "large",
            Self::List => "list",
        }
    }
}

impl LettersConfig {
    /// For whom the envelope of somebody in these schools is sealed: the project, then each of the schools that has a key
    /// of its own.
    #[must_use]
    pub fn recipients_of<'s>(&self, schools: impl IntoIterator<Item = &'s str>) -> Vec<String> {
        let own = schools.into_iter().filter_map(|uai| self.school(uai)).flat_map(|school| &school.recipients);
        let mut recipients: Vec<String> = Vec::new();
        for recipient in self.recipients.iter().chain(own) {
            if !recipients.contains(recipient) {
                recipients.push(recipient.clone());
            }
        }
        recipients
    }

    /// What is said of a school alone.
    #[must_use]
    pub fn school(&self, uai: &str) -> Option<&SchoolLetters> {
        self.schools.iter().find(|(known, _)| known.as_str() == uai).map(|(_, school)| school)
    }

    /// Whether a recipient is some school's and not the project's: its key opens a part of the envelopes only.
    #[must_use]
    pub fn is_of_a_school(&self, recipient: &str) -> bool {
        let is = |recipients: &[String]| recipients.iter().any(|known| known == recipient);
        !is(&self.recipients) && self.schools.values().any(|school| is(&school.recipients))
    }

    /// Of a lycée of 2,300 pupils, all the sheets in one go, and no whole academy by mistake.
    const OPENINGS: u64 = 3_000;

    /// How many envelopes one operator may open within an hour; `None` when nothing limits it.
    #[must_use]
    pub fn most_openings(&self) -> Option<u64> {
        Some(self.openings_per_hour.unwrap_or(Self::OPENINGS)).filter(|most| *most > 0)
    }

    /// The layout of a profile's sheets.
    #[must_use]
    pub fn layout(&self, profile: Profile) -> Layout {
        let of = self.layout_of;
        let own = match profile {
            Profile::Pupil => of.pupil,
            Profile::Relative => of.relative,
            Profile::Teacher => of.teacher,
            Profile::Staff => of.staff,
        };
        own.unwrap_or(self.layout)
    }

    /// Whether an adult's sheet of one school may name a child of the other.
    #[must_use]
    pub fn shares(&self, uai: &str, other: &str) -> bool {
        let is = |named: &String, uai: &str| named.trim().eq_ignore_ascii_case(uai);
        self.cross_school
            && self.controllers.iter().any(|schools| {
                schools.iter().any(|named| is(named, uai)) && schools.iter().any(|named| is(named, other))
            })
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let is_colour = |text: &str| {
            text.strip_prefix('#')
                .is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        if let Some(colour) = self.colour.as_deref().filter(|colour| !is_colour(colour)) {
            return Err(format!("letters.colour is {colour:?}: six hexadecimal digits after #, as in \"#1a4f8b\""));
        }
        for (uai, school) in &self.schools {
            if Uai::parse(uai.as_str()).as_ref() != Some(uai) {
                return Err(format!("letters.schools.{}: a UAI, in upper case", uai.as_str()));
            }
            if school.recipients.is_empty() {
                return Err(format!("letters.schools.{}: recipients is empty", uai.as_str()));
            }
        }
        if let Some((name, _)) = self.shops.iter().find(|(_, shop)| shop.recipients.is_empty()) {
            return Err(format!("letters.shops.{name}: recipients is empty"));
        }
        let mut seen = std::collections::HashSet::new();
        for uai in self.controllers.iter().flatten() {
            let Some(known) = Uai::parse(uai) else { return Err(format!("letters.controllers: {uai:?} is not a UAI")) };
            if !seen.insert(known) {
                return Err(format!("letters.controllers: {uai} is named twice; a school has one controller"));
            }
        }
        Ok(())
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        let single = [&mut self.template, &mut self.logo, &mut self.languages_file].into_iter().flatten();
        for path in single.chain(&mut self.fonts).chain(self.languages.values_mut()) {
            *path = folder.join(&*path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> LettersConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn somebody_is_for_the_project_and_for_his_schools() {
        let letters = parse(
            "recipients = [\"p\"]\n[schools.0350001A]\nrecipients = [\"a\", \"p\"]\n[schools.0290009C]\nrecipients = [\"b\"]\n",
        );
        letters.check().unwrap();
        assert_eq!(letters.recipients_of(["0180005B"]), ["p"]);
        assert_eq!(letters.recipients_of(["0290009C", "0350001A", "0290009C"]), ["p", "b", "a"]);
        assert!(letters.is_of_a_school("a") && !letters.is_of_a_school("p") && !letters.is_of_a_school("x"));
    }

    #[test]
    fn a_school_without_key_or_by_no_uai_is_refused() {
        for wrong in [
            "[schools.0350001a]\nrecipients = [\"a\"]\n",
            "[schools.0350001A]\nrecipients = []\n",
            "[shops.imprimeur]\nrecipients = []\n",
        ] {
            assert!(parse(wrong).check().is_err(), "{wrong}");
        }
        assert!(toml::from_str::<LettersConfig>("[schools.0350001A]\nkeys = [\"a\"]\n").is_err());
    }

    #[test]
    fn nothing_limits_the_openings_when_that_is_said() {
        assert_eq!(parse("").most_openings(), Some(3_000));
        assert_eq!(parse("openings_per_hour = 0").most_openings(), None);
        assert_eq!(parse("openings_per_hour = 20").most_openings(), Some(20));
    }
}
