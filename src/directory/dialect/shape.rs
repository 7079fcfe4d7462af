//! A dialect made ready for use: per kind of member, the attributes in the order of writing, each with its source,
//! its owner and its way of comparing.

use super::attributes::AttributeId;
use super::source::{Source, Syntax};
use crate::roster::NationalProfile;

/// The kinds of entries that a dialect writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Pupil,
    Relative,
    Staff,
    School,
    Service,
    /// By the number of its family in the dialect.
    Group(u8),
}

impl Kind {
    /// Those that every dialect has.
    pub(super) const FIXED: [Self; 5] = [Self::Pupil, Self::Relative, Self::Staff, Self::School, Self::Service];

    /// Its place among the shapes of a dialect.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Pupil => 0,
            Self::Relative => 1,
            Self::Staff => 2,
            Self::School => 3,
            Self::Service => 4,
            Self::Group(family) => Self::FIXED.len() + family as usize,
        }
    }
}

/// What is done with the values of an attribute that are already in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Written at creation only.
    Once,
    /// One of the values: at creation the first, then the user's as long as it is one of them.
    Choice,
    /// Added when missing, others stay.
    Added,
    /// The same, and withdrawn again when no longer due.
    Own,
    /// Replaced, also by nothing.
    Replace,
    /// Replaced, but not by nothing.
    Keep,
}

#[derive(Debug)]
pub(super) struct Item {
    pub attribute: AttributeId,
    pub source: Source,
    pub owner: Owner,
    pub syntax: Syntax,
    pub mandatory: bool,
    pub default: Option<Box<str>>,
}

/// Attributes that come and go together: part 0 is always there, the others are roles with their auxiliary classes.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Bits of [`profile_bit`]; unused in part 0.
    pub profiles: u16,
    pub services: bool,
    /// In part 0: of every such entry.
    pub auxiliary: Vec<Box<str>>,
    /// Attributes that only the auxiliary classes allow and that others fill.
    pub unowned: Vec<AttributeId>,
    pub items: Vec<Item>,
}

impl Part {
    pub(super) fn has_mandatory(&self) -> bool {
        self.items.iter().any(|i| i.mandatory)
    }
}

#[derive(Debug, Default)]
pub(super) struct Shape {
    /// From the top down; written at creation and never compared, since servers need not list them.
    pub superclasses: Vec<Box<str>>,
    pub structural: Box<str>,
    /// Structural classes of the sibling kinds: an entry with one of them cannot become this one.
    pub rivals: Vec<Box<str>>,
    pub parts: Vec<Part>,
    /// Attributes of [`Owner::Choice`], of which an entry takes the first value.
    pub choices: Vec<AttributeId>,
}

impl Shape {
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.parts.iter().flat_map(|p| &p.items)
    }
}

pub(super) const fn profile_bit(profile: NationalProfile) -> u16 {
    1 << profile as u16
}
