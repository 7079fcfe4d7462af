//! What a change looks like from afar: changes of one shape are one line of the overview, whatever their values.
//!
//! Attributes are put into the words that a school uses (`telephoneNumber` and `mobile` are both a telephone), so that
//! a reader meets dozens of shapes and not every combination of attributes. What makes an account look like somebody
//! else's is a shape of its own: it must never disappear in a mass of new spellings.

use std::collections::BTreeSet;

use super::row::{Detail, Row};
use super::words;
use crate::plan::ChangeKind;
use crate::roster::Profile;

/// The matter that a change of school is.
pub(super) const SCHOOL: &str = "établissement";
const CLASS: &str = "classe";
const LEVEL: &str = "niveau";

/// What goes along with another class or level and is not said beside it.
const SCHOOLING: [&str; 6] = [LEVEL, CLASS, "groupes", "enseignements", "régime", "majorité"];

/// Where a pupil's level stands, the plainest first.
const LEVELS: [&str; 3] = ["ENTEleveNivFormation", "ENTEleveLibelleMEF", "ENTEleveMEF"];

/// Attributes (in lower case) and what they are about, for people.
const MATTERS: [(&str, &[&str]); 19] = [
    ("nom", &["sn", "givenname", "cn", "displayname", "entpersonnompatro", "entpersonautresprenoms"]),
    ("naissance", &["entpersondatenaissance", "entpersonlieunaissance"]),
    ("sexe", &["entpersonsexe"]),
    ("civilité", &["personaltitle"]),
    ("login", &["entpersonlogin"]),
    ("INE", &["enteleveine"]),
    ("courriel", &["mail", "entpersonmailperso", "entpersonmail"]),
    (
        "téléphone",
        &[
            "telephonenumber",
            "homephone",
            "mobile",
            "entpersonmobilesms",
            "entpersontelperso",
            "facsimiletelephonenumber",
        ],
    ),
    (
        "adresse",
        &["entpersonadresse", "entpersoncodepostal", "entpersonville", "entpersonpays", "entpersonadressediffusion"],
    ),
    (CLASS, &["enteleveclasses"]),
    ("groupes", &["entelevegroupes", "ismemberof"]),
    (
        LEVEL,
        &[
            "entelevemef",
            "entelevelibellemef",
            "entelevenivformation",
            "entelevefiliere",
            "entelevenivformationdiplome",
        ],
    ),
    (
        "service d'enseignement",
        &[
            "entauxensclasses",
            "entauxensclassesmatieres",
            "entauxensgroupes",
            "entauxensgroupesmatieres",
            "entauxensmef",
            "entauxensmatiereenseignetab",
        ],
    ),
    ("professeur principal", &["entauxensclassesprincipal"]),
    ("enseignements", &["enteleveenseignements", "entelevecodeenseignements"]),
    ("régime", &["enteleveregime"]),
    ("majorité", &["entelevemajeur"]),
    (
        "liens de famille",
        &["entauxpersreleleveeleve", "enteleveautoriteparentale", "entelevepersreleleve", "entelevepersreleleve1"],
    ),
    (SCHOOL, &["entpersonstructrattach", "entelevestructrattachid"]),
];

/// Kind, profile, what it is about, from which level to which; ordered so that lists are the same every time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Shape {
    pub kind: ChangeKind,
    pub profile: Option<Profile>,
    /// The account may be somebody else's now: name and birth date together, both names, the login, another INE.
    pub identity: bool,
    /// A departure that the year transition explains.
    pub expected: bool,
    pub adopts: bool,
    pub drift: bool,
    /// A credential that was never printed goes with it.
    pub revokes: bool,
    /// The level before and after.
    pub level: Option<(String, String)>,
    /// What is changed, in words; attributes that have none stand as they are.
    pub matters: BTreeSet<String>,
}

impl Shape {
    pub fn of(row: &Row) -> Self {
        let persons = is_about_people(row.kind);
        let level = if persons { level(&row.details) } else { None };
        let mut matters: BTreeSet<String> =
            if matches!(row.kind, ChangeKind::Absent | ChangeKind::Suspend | ChangeKind::Purge) {
                // A departure is the same whatever links it takes away.
                BTreeSet::new()
            } else {
                row.details.iter().map(|detail| matter(&detail.attribute)).collect()
            };
        if level.is_some() || row.kind == ChangeKind::Move {
            matters.retain(|matter| !SCHOOLING.contains(&matter.as_str()));
        }
        Self {
            kind: row.kind,
            profile: row.profile,
            identity: persons && is_identity(&row.details),
            expected: row.expected,
            adopts: row.adopts,
            drift: row.drift,
            revokes: row.revokes,
            level,
            matters,
        }
    }

    /// The same without its attributes: where there are more shapes than anybody reads.
    pub fn coarse(self) -> Self {
        Self { level: None, matters: BTreeSet::new(), ..self }
    }

    /// Somebody loses the account, and nothing says that it was to be expected.
    pub const fn is_departure(&self) -> bool {
        matches!(self.kind, ChangeKind::Absent | ChangeKind::Suspend) && !self.expected
    }

    /// `668 élèves passent de 5e en 4e`, `1 204 responsables : téléphone`.
    pub fn said(&self, n: u64) -> String {
        if !is_about_people(self.kind) {
            return words::kind(self.kind, n);
        }
        let who = format!("{} {}", words::number(n), words::profile(self.profile, n));
        let matters = self.matters.iter().filter(|matter| *matter != SCHOOL).map(|m| words::plain(m));
        let matters = matters.collect::<Vec<_>>().join(", ");
        let also = if matters.is_empty() { String::new() } else { format!(", et {matters}") };
        let moves = self.matters.contains(SCHOOL) || self.profile == Some(Profile::Relative);
        let mut text = match (self.kind, &self.level) {
            (ChangeKind::Move | ChangeKind::Update, Some((from, to))) => {
                let school = if self.matters.contains(SCHOOL) { " dans un autre établissement" } else { "" };
                let verb = words::agree(n, "passe", "passent");
                format!("{who} {verb} de {} en {}{school}{also}", words::plain(from), words::plain(to))
            }
            (ChangeKind::Move, None) => {
                let what = if moves { "d'établissement" } else { "de classe" };
                format!("{who} {} {what}{also}", words::agree(n, "change", "changent"))
            }
            (ChangeKind::Create, _) => format!("{who} : {}", words::agree(n, "compte à créer", "comptes à créer")),
            (ChangeKind::Absent, _) => format!("{who} : {}", words::agree(n, "absent", "absents")),
            (ChangeKind::Suspend, _) => format!("{who} : {}", words::agree(n, "suspendu", "suspendus")),
            (ChangeKind::Purge, _) => format!("{who} : {}", words::agree(n, "compte effacé", "comptes effacés")),
            (ChangeKind::Reissue, _) => format!("{who} : mot de passe remplacé"),
            (ChangeKind::Revoke, _) => format!("{who} : mot de passe retiré"),
            (ChangeKind::Restore, _) => format!("{who} : {}{also}", words::agree(n, "rétabli", "rétablis")),
            _ if matters.is_empty() && self.adopts => format!("{who} : rien à aligner"),
            _ if matters.is_empty() && moves => format!("{who} : {SCHOOL}"),
            _ if matters.is_empty() => format!("{who} : divers"),
            _ => format!("{who} : {matters}"),
        };
        let about = [
            (self.adopts, words::agree(n, "repris de l'annuaire", "repris de l'annuaire")),
            (self.drift, words::agree(n, "modifié à la main, rétabli", "modifiés à la main, rétablis")),
            (self.expected, words::agree(n, "attendu en fin d'année", "attendus en fin d'année")),
            (self.revokes, "mot de passe jamais imprimé retiré"),
        ];
        let about: Vec<&str> = about.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
        if !about.is_empty() {
            text.push_str(&format!(" ({})", about.join(", ")));
        }
        text
    }
}

pub(super) const fn is_about_people(kind: ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::Create
            | ChangeKind::Restore
            | ChangeKind::Move
            | ChangeKind::Update
            | ChangeKind::Absent
            | ChangeKind::Suspend
            | ChangeKind::Purge
            | ChangeKind::Reissue
            | ChangeKind::Revoke
    )
}

fn matter(attribute: &str) -> String {
    let lower = attribute.to_ascii_lowercase();
    let known = MATTERS.iter().find(|(_, attributes)| attributes.contains(&lower.as_str()));
    known.map_or_else(|| attribute.to_owned(), |(matter, _)| (*matter).to_owned())
}

/// The level before and after, when there is one of each.
fn level(details: &[Detail]) -> Option<(String, String)> {
    LEVELS.iter().find_map(|attribute| {
        let detail = details.iter().find(|d| d.attribute.eq_ignore_ascii_case(attribute))?;
        match (detail.old.as_slice(), detail.new.as_slice()) {
            ([old], [new]) if old != new => Some((short(old), short(new))),
            _ => None,
        }
    })
}

/// `5EME` as a school writes it.
fn short(level: &str) -> String {
    let level = level.trim();
    match level.strip_suffix("EME") {
        Some(digit) if digit.len() == 1 && digit.chars().all(|c| c.is_ascii_digit()) => format!("{digit}e"),
        _ => words::shorten(level, 40).into_owned(),
    }
}

fn is_identity(details: &[Detail]) -> bool {
    let is = |names: &[&str]| {
        details.iter().any(|d| {
            names.iter().any(|name| d.attribute.eq_ignore_ascii_case(name)) && !d.old.is_empty() && !d.new.is_empty()
        })
    };
    let (last, first) = (is(&["sn"]), is(&["givenName"]));
    let name = last || first || is(&["cn", "displayName"]);
    (name && is(&["ENTPersonDateNaissance"])) || (last && first) || is(&["ENTPersonLogin"]) || is(&["ENTEleveINE"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fixtures::{Plan, modify};

    fn shape(kind: ChangeKind, changes: &[(&str, &[&str], &[&str])]) -> Shape {
        let mut plan = Plan::default();
        plan.person(kind, 1, Some("4A"), modify(changes));
        Shape::of(&Row::from(&plan.changes[0]))
    }

    #[test]
    fn a_level_is_a_way_and_what_goes_with_it_is_not_said() {
        let up = shape(
            ChangeKind::Move,
            &[
                ("ENTEleveClasses", &["x$5A"], &["x$4A"]),
                ("ENTEleveLibelleMEF", &["5EME GENERALE"], &["4EME GENERALE"]),
                ("ENTEleveNivFormation", &["5EME"], &["4EME"]),
                ("ENTEleveGroupes", &[], &["x$4ESP"]),
            ],
        );
        assert_eq!(up.said(668), "668 élèves passent de 5e en 4e");
        assert_eq!(up.said(1), "1 élève passe de 5e en 4e");
        let class = shape(ChangeKind::Move, &[("ENTEleveClasses", &["x$5A"], &["x$5B"])]);
        assert_eq!(class.said(812), "812 élèves changent de classe");
        let away = shape(ChangeKind::Move, &[("ENTPersonStructRattach", &["x"], &["y"]), ("mobile", &["06"], &["07"])]);
        assert_eq!(away.said(2), "2 élèves changent d'établissement, et téléphone");
    }

    #[test]
    fn attributes_of_one_matter_are_one_word() {
        let phones =
            shape(ChangeKind::Update, &[("mobile", &["06"], &["07"]), ("ENTPersonMobileSMS", &["06"], &["07"])]);
        assert_eq!(phones.said(1_204), "1\u{202f}204 élèves : téléphone");
        let own = shape(ChangeKind::Update, &[("carLicense", &[], &["x"])]);
        assert_eq!(own.said(1), "1 élève : carLicense", "what has no word keeps its name");
    }

    #[test]
    fn what_makes_somebody_else_of_an_account_stands_out() {
        let name: (&str, &[&str], &[&str]) = ("sn", &["PETIT"], &["ROUX"]);
        let birth: (&str, &[&str], &[&str]) = ("ENTPersonDateNaissance", &["2014-01-01"], &["2013-05-05"]);
        assert!(shape(ChangeKind::Update, &[name, birth]).identity);
        assert!(shape(ChangeKind::Update, &[name, ("givenName", &["Ali"], &["Lou"])]).identity);
        assert!(shape(ChangeKind::Update, &[("ENTPersonLogin", &["a"], &["b"])]).identity);
        assert!(shape(ChangeKind::Move, &[("ENTEleveINE", &["1"], &["2"])]).identity);
        assert!(!shape(ChangeKind::Update, &[name]).identity, "a marriage");
        assert!(!shape(ChangeKind::Update, &[birth]).identity, "a typing error mended");
        assert!(!shape(ChangeKind::Update, &[("ENTEleveINE", &[], &["2"])]).identity, "a first INE");
    }
}
