//! `[letters]`: the printed sheets.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    /// Envelopes that one operator may open within an hour; 0: as many as there are.
    pub openings_per_hour: Option<u64>,
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

    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Some(template) = &mut self.template {
            *template = folder.join(&*template);
        }
    }
}
