//! Families of groups: which rule fills them and how they are named.
//!
//! The rules are few and in Rust, because what a class or a level is needs the roster; the names are patterns in the
//! dialect file, because every project has its own.

use serde::Deserialize;

use super::shape::profile_bit;
use crate::roster::{NationalProfile, Structure};

macro_rules! rules {
    ($($variant:ident, $name:literal, [$($slot:ident),*], $meaning:literal;)*) => {
        /// Which groups a family has, and who is in them. A rule never spans structures.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        pub enum GroupRule {
            $(
                #[doc = $meaning]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl GroupRule {
            /// In the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As a dialect file writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Who is in its groups, in French, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// What its pattern may name beside the school; the first one it must, since it tells the groups apart.
            pub(super) const fn slots(self) -> &'static [Slot] {
                match self { $(Self::$variant => &[$(Slot::$slot),*]),* }
            }
        }
    };
}

rules! {
    Profile, "profile", [Profile],
        "pour chaque profil national, ceux qui l'ont dans la structure ; `profiles` dit lesquels, tous s'il manque";
    AnyProfile, "any_profile", [], "ceux qui ont dans la structure l'un des profils de `profiles`";
    Everybody, "everybody", [], "tous ceux de la structure, responsables compris ; `profiles` peut en choisir";
    ClassPupils, "class_pupils", [Class, Level], "pour chaque division, ses élèves ; une division vide a son groupe";
    ClassTeachers, "class_teachers", [Class, Level],
        "pour chaque division, ceux qui y enseignent, ou dans un groupe dont elle fait partie";
    HeadTeachers, "head_teachers", [], "les professeurs principaux de la structure";
    LevelHeadTeachers, "level_head_teachers", [Level], "pour chaque niveau, les professeurs principaux de ses divisions";
    TeachingGroup, "teaching_group", [Group], "pour chaque groupe d'enseignement, ses élèves ; vide, il a son groupe";
    SubjectTeachers, "subject_teachers", [Subject], "pour chaque matière, ceux qui l'enseignent dans la structure";
    Function, "function", [Function],
        "pour chaque libellé de fonction, ceux qui l'exercent dans la structure ; `profiles` peut en choisir";
}

impl GroupRule {
    /// Whether `profiles` has a meaning for it.
    pub(super) const fn takes_profiles(self) -> bool {
        matches!(self, Self::Profile | Self::AnyProfile | Self::Everybody | Self::Function)
    }

    /// How many groups a structure may have is known without looking at anybody: their names are always theirs.
    pub(super) const fn is_closed(self) -> bool {
        matches!(self, Self::Profile | Self::AnyProfile | Self::Everybody | Self::HeadTeachers)
    }
}

macro_rules! slots {
    ($($variant:ident, $name:literal, $meaning:literal;)*) => {
        /// What stands between braces in a pattern.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Slot {
            $(#[doc = $meaning] $variant,)*
        }

        impl Slot {
            /// In the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As a pattern writes it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// In French, for the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

slots! {
    Uai, "{uai}", "UAI de la structure ; tout motif le contient, c'est lui qui distingue deux écoles";
    School, "{school}", "nom court de la structure, sans type ni académie, apostrophes en blancs et `&` en `et`";
    Profile, "{profile}", "profil national : `ELV`, `ENS`…";
    Class, "{class}", "code de la division";
    Group, "{group}", "code du groupe d'enseignement";
    Level, "{level}", "niveau de formation de la plupart des élèves de la division, `SANS NIVEAU` s'il n'est pas connu";
    Subject, "{subject}", "libellé de la matière";
    Function, "{function}", "libellé de la fonction";
}

/// A family made ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub rule: GroupRule,
    pub pattern: Pattern,
    /// Bits of [`profile_bit`]; all when the file names none.
    pub profiles: u16,
}

impl Ready {
    pub(super) const fn admits(&self, profile: NationalProfile) -> bool {
        self.profiles & profile_bit(profile) != 0
    }

    pub(super) fn names(&self, slot: Slot) -> bool {
        self.pattern.segments.iter().any(|s| matches!(s, Segment::Slot(known) if *known == slot))
    }
}

/// The name of a family's groups: text and slots.
#[derive(Debug)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    /// Its names are paths of steps between colons: what is filled in must not add a step.
    path: bool,
}

#[derive(Debug)]
enum Segment {
    Text(Box<str>),
    Slot(Slot),
}

/// What fills the slots of one group's name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'f> {
    pub structure: &'f Structure,
    /// The class, group, profile, subject, or function.
    pub code: &'f str,
    pub level: &'f str,
}

impl Pattern {
    /// # Errors
    /// What is wrong with it, to follow the key.
    pub(super) fn parse(text: &str, rule: GroupRule) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((before, slot)) = rest.split_once('{') {
            if !before.is_empty() {
                segments.push(Segment::Text(before.into()));
            }
            let Some((name, after)) = slot.split_once('}') else {
                return Err(format!("is {text:?}: a brace is never closed"));
            };
            let allowed = || [Slot::Uai, Slot::School].iter().chain(rule.slots());
            let Some(slot) = allowed().copied().find(|s| s.name().trim_matches(['{', '}']) == name) else {
                let allowed: Vec<&str> = allowed().map(|s| s.name()).collect();
                return Err(format!(
                    "is {text:?}: {{{name}}} is nothing that the rule {:?} fills; allowed: {}",
                    rule.name(),
                    allowed.join(", ")
                ));
            };
            segments.push(Segment::Slot(slot));
            rest = after;
        }
        if rest.contains('}') {
            return Err(format!("is {text:?}: a brace is never opened"));
        }
        if !rest.is_empty() {
            segments.push(Segment::Text(rest.into()));
        }
        let pattern = Self { segments, path: text.contains(':') };
        for needed in [Some(&Slot::Uai), rule.slots().first()].into_iter().flatten() {
            if !pattern.segments.iter().any(|s| matches!(s, Segment::Slot(slot) if slot == needed)) {
                return Err(format!("is {text:?}: without {} two groups would have one name", needed.name()));
            }
        }
        Ok(pattern)
    }

    pub(super) fn starts_with_uai(&self) -> bool {
        matches!(self.segments.first(), Some(Segment::Slot(Slot::Uai)))
    }

    pub(super) fn render(&self, filling: &Filling<'_>) -> String {
        let mut name = String::with_capacity(64);
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => name.push_str(text),
                Segment::Slot(Slot::Uai) => name.push_str(filling.structure.uai.as_str()),
                Segment::Slot(Slot::School) => self.fill(&mut name, &short_name(filling.structure)),
                Segment::Slot(Slot::Level) => self.fill(&mut name, filling.level),
                Segment::Slot(Slot::Profile | Slot::Class | Slot::Group | Slot::Subject | Slot::Function) => {
                    self.fill(&mut name, filling.code);
                }
            }
        }
        name
    }

    /// What stands for `{school}` in a name of this pattern, when it is told apart by what is fixed: text in front, then
    /// the school, then text and the UAI.
    pub(super) fn school_in(&self, name: &str, uai: &str) -> Option<String> {
        let (front, between, _) = self.around_school()?;
        let rest = name.strip_prefix(front.as_str())?;
        let (school, _) = rest.split_once(&format!("{between}{uai}"))?;
        (!school.is_empty()).then(|| school.to_owned())
    }

    /// The name with another school and UAI; a `{school}` at its end goes with them.
    pub(super) fn exchanged(&self, name: &str, former: (&str, &str), present: (&str, &str)) -> Option<String> {
        let (front, between, at_end) = self.around_school()?;
        let head = |(school, uai): (&str, &str)| format!("{front}{school}{between}{uai}");
        let rest = name.strip_prefix(&head(former))?;
        let rest = match rest.strip_suffix(former.0).filter(|_| at_end) {
            Some(rest) => format!("{rest}{}", present.0),
            None => rest.to_owned(),
        };
        Some(format!("{}{rest}", head(present)))
    }

    /// The text before `{school}`, that between it and `{uai}`, and whether the pattern ends with `{school}` again.
    fn around_school(&self) -> Option<(String, &str, bool)> {
        let at = self.segments.iter().position(|s| matches!(s, Segment::Slot(Slot::School)))?;
        let mut front = String::new();
        for segment in self.segments.get(..at)? {
            let Segment::Text(text) = segment else { return None };
            front.push_str(text);
        }
        let between = match (self.segments.get(at + 1)?, self.segments.get(at + 2)) {
            (Segment::Text(text), Some(Segment::Slot(Slot::Uai))) => &**text,
            _ => return None,
        };
        let at_end = matches!(self.segments.last(), Some(Segment::Slot(Slot::School)));
        Some((front, between, at_end))
    }

    fn fill(&self, name: &mut String, value: &str) {
        if !self.path {
            name.push_str(value);
            return;
        }
        for (i, word) in value.split(|c: char| c == ':' || c.is_whitespace()).filter(|w| !w.is_empty()).enumerate() {
            if i > 0 {
                name.push(' ');
            }
            name.push_str(word);
        }
    }
}

/// The name without the type in front and what stands behind: `CLG-JEAN MOULIN-ac-RENNES` and
/// `CLG$JEAN MOULIN$RENNES` are `JEAN MOULIN`, as the two forms of `ENTStructureNomCourant` in the AAF have it.
fn short_name(structure: &Structure) -> String {
    let delivered = structure.name_delivered.trim();
    let with_hyphens =
        || delivered.rsplit_once("-ac-").and_then(|(name, _)| name.split_once('-')).map(|(_, name)| name);
    let short = delivered.split('$').nth(1).or_else(with_hyphens).map(str::trim).filter(|name| !name.is_empty());
    short.unwrap_or(&structure.name).replace(['\'', '’'], " ").replace('&', "et")
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::structure;
    use super::*;

    fn pattern(text: &str, rule: GroupRule) -> Pattern {
        Pattern::parse(text, rule).unwrap()
    }

    #[test]
    fn names_are_filled_from_their_pattern() {
        let mut school = structure("1", "0350001A", None, "L'Elorn & fils");
        let filling = |s| Filling { structure: s, code: "5:A  b", level: "5EME" };
        let plain = pattern("{uai}_{class}", GroupRule::ClassPupils);
        assert_eq!(plain.render(&filling(&school)), "0350001A_5:A  b");
        let path = pattern("esco:{school}_{uai}:{level}:Eleves_{class}", GroupRule::ClassPupils);
        assert_eq!(path.render(&filling(&school)), "esco:L ELORN et FILS_0350001A:5EME:Eleves_5 A b");
        for (delivered, short) in [
            ("COLL.PR$L'ELORN$BREST", "L ELORN"),
            ("LPO$ST-YVES", "ST-YVES"),
            ("CLG-ST-YVES-ac-RENNES", "ST-YVES"),
            ("CLG$$BREST", "L Elorn et fils"),
            ("Rectorat", "L Elorn et fils"),
        ] {
            school.name_delivered = delivered.into();
            assert_eq!(short_name(&school), short);
        }
    }

    #[test]
    fn a_pattern_that_cannot_name_is_refused() {
        for (text, rule, says) in [
            ("{class}", GroupRule::ClassPupils, "without {uai}"),
            ("{uai}", GroupRule::ClassPupils, "without {class}"),
            ("{uai}_{group}", GroupRule::ClassPupils, "allowed: {uai}, {school}, {class}, {level}"),
            ("{uai}_{class", GroupRule::ClassPupils, "never closed"),
            ("{uai}_class}", GroupRule::Everybody, "never opened"),
            ("{uai}_{level}", GroupRule::Everybody, "\"everybody\""),
            ("", GroupRule::Everybody, "without {uai}"),
        ] {
            let why = Pattern::parse(text, rule).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }

    #[test]
    fn every_rule_is_known_by_its_name() {
        #[derive(Deserialize)]
        struct One {
            rule: GroupRule,
        }
        for rule in GroupRule::ALL {
            let read: One = toml::from_str(&format!("rule = {:?}", rule.name())).unwrap();
            assert_eq!(read.rule, *rule);
        }
    }
}
