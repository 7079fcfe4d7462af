//! Cases: what a person has to decide, and the answers.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use compact_str::CompactString;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::evidence::Evidence;
use super::portrait::Class;
use crate::directory::Dn;
use crate::roster::JoinKey;

/// What somebody said of two people who may be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Same,
    Different,
    /// Nobody knows yet: the case stays.
    Later,
}

impl Answer {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Different => "different",
            Self::Later => "later",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Same, Self::Different, Self::Later].into_iter().find(|answer| answer.name() == name)
    }
}

/// What is asked about two people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether they are one, with one account.
    #[default]
    OneAccount,
    /// Whether they are one adult in two roles, whose two accounts are linked.
    TwoRoles,
}

/// Eight letters and digits that are not taken for one another, written `K7F2-QX4M`: made from the key of the person
/// asked about, so that a case has the same one every night.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(CompactString);

/// Crockford's base 32: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl CaseId {
    /// The `attempt`th for a question about a key: the first, unless another one has it.
    fn of(question: Question, key: &JoinKey, attempt: u32) -> Self {
        let about = match question {
            Question::OneAccount => "",
            Question::TwoRoles => "roles:",
        };
        let digest = Sha256::digest(format!("{attempt}:{about}{key}").as_bytes());
        let letter = |byte: &u8| ALPHABET.get(usize::from(*byte & 31)).map_or('0', |letter| char::from(*letter));
        let letters: Vec<char> = digest.iter().take(8).map(letter).collect();
        Self(letters.iter().take(4).chain(&['-']).chain(letters.iter().skip(4)).collect())
    }

    /// As somebody types it: with or without the hyphen, in small letters, O for 0, I and L for 1.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let letter = |c: char| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let letters: Vec<char> = text.trim().chars().filter(|c| *c != '-').map(letter).collect();
        let known = letters.len() == 8 && letters.iter().all(|c| ALPHABET.iter().any(|a| char::from(*a) == *c));
        known.then(|| Self(letters.iter().take(4).chain(&['-']).chain(letters.iter().skip(4)).collect()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One of those who may be one person, as people know him.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<JoinKey>,
    /// Of his account, when there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dn: Option<String>,
    /// `Prénom NOM`.
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub birth: Option<Date>,
    /// UAI.
    pub schools: Vec<CompactString>,
    /// What people call those of them that the roster has, by UAI.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub school_names: BTreeMap<CompactString, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub class: Option<CompactString>,
    /// French: where he was found.
    pub found: String,
}

impl Party {
    /// What a decision names him by: the join key where there is one, else the normalised DN.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let dn = || self.dn.as_deref().and_then(|dn| Dn::parse(dn).ok()).map(|dn| dn.normalised().to_owned());
        self.key.as_ref().map(|key| key.as_str().to_owned()).or_else(dn)
    }
}

/// Somebody whom the person of a case may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub who: Party,
    /// The sum of the weights.
    pub score: i16,
    pub evidence: Vec<Evidence>,
    /// What the evidence suggests, when it suggests something.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proposed: Option<Answer>,
    /// What was answered about him and stands: kept with the case as long as it can be taken back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decided: Option<Answer>,
}

impl Candidate {
    /// A candidate with what speaks for and against him.
    #[must_use]
    pub fn new(class: Class, who: Party, evidence: Vec<Evidence>, contested: bool) -> Self {
        let score = evidence.iter().map(|e| e.weight).sum();
        let contradicted = evidence.iter().any(|e| e.contradicts(class));
        let proposed = match score {
            _ if contradicted => Some(Answer::Different),
            40.. if !contested => Some(Answer::Same),
            _ => None,
        };
        Self { who, score, evidence, proposed, decided: None }
    }
}

/// An identity that a person has to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    #[serde(default)]
    pub question: Question,
    pub person: Party,
    /// The likeliest first.
    pub candidates: Vec<Candidate>,
    /// Somebody looked at it and put it off.
    pub later: bool,
    /// Both have an account already.
    pub two_accounts: bool,
}

impl Case {
    /// Whether somebody has to answer: not when all that was asked is answered, which is kept to be taken back.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.candidates.iter().any(|candidate| candidate.decided.is_none())
    }

    /// Whether an answer about one of the candidates stands.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.candidates.iter().any(|candidate| candidate.decided.is_some())
    }

    /// Whom an answer is about: the candidate that is named (by join key or DN), or all of them.
    ///
    /// # Errors
    /// When nobody of that name is a candidate, or several are and only one can be the same.
    pub fn choose(&self, answer: Answer, named: Option<&str>) -> Result<Vec<&Party>, ChoiceError> {
        let all = || self.candidates.iter().map(|candidate| &candidate.who);
        let Some(named) = named else {
            return match (answer, self.candidates.len()) {
                (Answer::Same, 2..) => {
                    Err(ChoiceError::Several { id: self.id.clone(), candidates: self.candidates.len() })
                }
                _ => Ok(all().collect()),
            };
        };
        let dn = Dn::parse(named).ok();
        let is = |party: &&Party| {
            let there = party.dn.as_deref().and_then(|dn| Dn::parse(dn).ok());
            party.key.as_ref().is_some_and(|key| key.as_str() == named) || (dn.is_some() && dn == there)
        };
        let found: Vec<&Party> = all().filter(is).collect();
        if found.is_empty() {
            return Err(ChoiceError::Unknown { id: self.id.clone(), named: named.to_owned() });
        }
        Ok(found)
    }

    /// Whether the case concerns this school.
    #[must_use]
    pub fn concerns(&self, uai: &str) -> bool {
        let parties = std::iter::once(&self.person).chain(self.candidates.iter().map(|c| &c.who));
        parties.flat_map(|party| &party.schools).any(|school| school.eq_ignore_ascii_case(uai))
    }
}

/// Why an answer cannot be taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChoiceError {
    #[error("case {id} has {candidates} candidates: say which one is the same person with --candidate")]
    Several { id: CaseId, candidates: usize },
    #[error("case {id} has no candidate {named:?}: give a join key or a DN as `rentree cases show {id}` writes it")]
    Unknown { id: CaseId, named: String },
}

/// Gives each question about a key its own identifier.
#[must_use]
pub fn name_cases<'k>(asked: impl IntoIterator<Item = (Question, &'k JoinKey)>) -> Vec<CaseId> {
    let mut taken = HashSet::new();
    asked
        .into_iter()
        .map(|(question, key)| {
            let mut attempt = 0;
            loop {
                let id = CaseId::of(question, key, attempt);
                if taken.insert(id.clone()) {
                    return id;
                }
                attempt += 1;
            }
        })
        .collect()
}
