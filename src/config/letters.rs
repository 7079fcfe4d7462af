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
