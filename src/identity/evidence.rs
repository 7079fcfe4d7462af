//! What agrees and what does not between two portraits, each with its weight and in words.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::portrait::{Class, Portrait};
use crate::feed::values::Ine;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clue {
    Ine,
    Birth,
    Number,
    Mail,
    Child,
    Phone,
    Address,
    Surname,
    FirstName,
    School,
}

/// One thing that speaks for or against two portraits being of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub clue: Clue,
    /// For; against otherwise.
    pub agrees: bool,
    /// How much it says, of a hundred: for people who read several candidates, never for the machine to decide.
    pub weight: i16,
    /// French.
    pub text: String,
}

impl Evidence {
    fn new(clue: Clue, agrees: bool, weight: i16, text: impl Into<String>) -> Self {
        Self { clue, agrees, weight: if agrees { weight } else { -weight }, text: text.into() }
    }

    /// Whether this alone keeps two portraits of a class from being linked by a proof.
    #[must_use]
    pub const fn contradicts(&self, class: Class) -> bool {
        if self.agrees {
            return false;
        }
        match self.clue {
            Clue::Ine | Clue::Birth => true,
            // Twins share surname, birth date, mail and address, and an INE that was copied. Adults change their names:
            // see `weigh`, which says both names differ by one piece of evidence of this weight.
            Clue::FirstName => matches!(class, Class::Pupil) || self.weight <= -STRANGERS,
            _ => false,
        }
    }
}

/// The weight of neither name agreeing.
const STRANGERS: i16 = 60;

/// Everything that can be said of two portraits, the heaviest first. What one side lacks says nothing.
#[must_use]
pub fn weigh(a: &Portrait, b: &Portrait) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    // A pupil may have an old number and a new one: two of two forms say nothing.
    if let (Some(one), Some(other)) = (&a.ine, &b.ine)
        && (one == other || of_one_form(one, other))
    {
        let text = if one == other { "même INE".to_owned() } else { "INE différents".to_owned() };
        evidence.push(Evidence::new(Clue::Ine, one == other, 60, text));
    }
    if let (Some(one), Some(other)) = (a.birth, b.birth) {
        let text = if one == other {
            format!("même date de naissance ({})", day(one))
        } else {
            format!("né(e) le {} d'un côté, le {} de l'autre", day(one), day(other))
        };
        evidence.push(Evidence::new(Clue::Birth, one == other, if one == other { 25 } else { 50 }, text));
    }
    if let (Some(one), Some(other)) = (&a.number, &b.number)
        && one == other
        && shared(&a.schools, &b.schools)
    {
        evidence.push(Evidence::new(Clue::Number, true, 30, "même numéro dans la base de l'établissement"));
    }
    for (clue, ours, theirs, weight, text) in [
        (Clue::Mail, &a.mails, &b.mails, 30, "même adresse électronique"),
        (Clue::Child, &a.children, &b.children, 30, "un même enfant"),
        (Clue::Phone, &a.phones, &b.phones, 20, "même téléphone"),
    ] {
        if shared(ours, theirs) {
            evidence.push(Evidence::new(clue, true, weight, text));
        }
    }
    if a.address.is_some() && a.address == b.address {
        evidence.push(Evidence::new(Clue::Address, true, 15, "même adresse postale"));
    }
    evidence.extend(names(a, b));
    evidence.sort_by_key(|e| (std::cmp::Reverse(e.weight.abs()), e.clue));
    evidence
}

/// A school of both, which says little: for adults of two roles only.
pub(super) fn shared_school(a: &Portrait, b: &Portrait) -> Option<Evidence> {
    shared(&a.schools, &b.schools).then(|| Evidence::new(Clue::School, true, 5, "un même établissement"))
}

fn names(a: &Portrait, b: &Portrait) -> Vec<Evidence> {
    let known = |p: &Portrait| (!p.surname.is_empty(), !p.first.is_empty());
    let ((surname_a, first_a), (surname_b, first_b)) = (known(a), known(b));
    let surname = (surname_a && surname_b).then(|| a.shares_surname(b));
    let first = (first_a && first_b).then(|| near(&a.first, &b.first));
    let mut evidence = Vec::new();
    if let Some(same) = surname {
        let text = if !same {
            "noms différents"
        } else if a.surname == b.surname {
            "même nom"
        } else {
            "même nom, d'usage d'un côté et de naissance de l'autre"
        };
        evidence.push(Evidence::new(Clue::Surname, same, if same { 15 } else { 20 }, text));
    }
    match first {
        Some(Near::Same) => evidence.push(Evidence::new(Clue::FirstName, true, 10, "même prénom")),
        // Not the same for a rung that asks for the names, and no contradiction either.
        Some(Near::Alike) | None => {}
        Some(Near::Other) if surname == Some(false) => {
            evidence.push(Evidence::new(Clue::FirstName, false, STRANGERS, "ni le nom ni le prénom ne s'accordent"));
        }
        Some(Near::Other) => evidence.push(Evidence::new(Clue::FirstName, false, 25, "prénoms différents")),
    }
    evidence
}

fn of_one_form(one: &str, other: &str) -> bool {
    matches!((Ine::parse(one), Ine::parse(other)), (Some(one), Some(other)) if one.is_of_one_form(&other))
}

fn shared<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.iter().any(|one| b.contains(one))
}

fn day(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

/// How two folded first names compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Near {
    Same,
    /// One begins with the other (`Jean` and `Jean-Marc`), or they are one or two letters apart.
    Alike,
    Other,
}

fn near(a: &str, b: &str) -> Near {
    if a == b {
        return Near::Same;
    }
    let short = a.len().min(b.len());
    let alike = (short >= 3 && (a.starts_with(b) || b.starts_with(a))) || (short >= 5 && distance(a, b) <= 2);
    if alike { Near::Alike } else { Near::Other }
}

/// Letters to change, add or leave out (Levenshtein); names are a dozen letters long.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<u8> = b.bytes().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (other, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(*other != letter);
            left = cost.min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
