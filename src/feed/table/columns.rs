//! [`Columns`]: what each column of one file means.

use std::collections::BTreeMap;

use super::field::Field;
use super::profile::Profile;
use super::row::Row;
use super::synonyms::{Language, look_up, normalise, speaks};

/// Rows among which the header is looked for: sheets begin with titles.
pub(super) const HEADER_WITHIN: usize = 20;
/// Headers to recognise before a row is taken for one.
const ENOUGH: usize = 2;

/// A column that no row has.
const NOWHERE: usize = usize::MAX;

/// The meaning of the columns of one file.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) profile: Profile,
    pub(super) language: Language,
    /// Headers as written, for findings.
    pub(super) headers: Vec<String>,
    /// In the order of the columns.
    pub(super) fields: Vec<Option<Field>>,
    /// Columns per field (its number is the index), in order; of a field that is one value, only the first.
    places: Vec<Vec<usize>>,
    /// The first of them.
    first: [usize; Field::COUNT],
    /// Columns whose values go nowhere.
    pub(super) without_place: Vec<usize>,
    /// Per child of the row's adult, the columns that designate it.
    pub(super) children: Vec<Child>,
}

/// The columns that designate one child.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) id: Option<usize>,
    pub(super) last: Option<usize>,
    pub(super) usual: Option<usize>,
    pub(super) first: Option<usize>,
    pub(super) class: Option<usize>,
}

impl Child {
    fn slot(&mut self, field: Field) -> Option<&mut Option<usize>> {
        Some(match field {
            Field::ChildExternalId => &mut self.id,
            Field::ChildLastName => &mut self.last,
            Field::ChildUsualName => &mut self.usual,
            Field::ChildFirstName => &mut self.first,
            Field::ChildClasses => &mut self.class,
            _ => return None,
        })
    }
}

/// How many cells of a row are headers that are known, in any language.
pub(super) fn recognised(row: &Row<'_>, mapped: &BTreeMap<String, Field>) -> usize {
    row.cells()
        .filter(|cell| !cell.is_empty() && cell.len() <= 80)
        .map(normalise)
        .filter(|header| {
            mapped.contains_key(header)
                || [None, Some(Profile::Relative)]
                    .into_iter()
                    .any(|profile| super::synonyms::meanings(header, profile).next().is_some())
        })
        .count()
}

/// Of the first rows, which is the header: the one with most known words, the first of several.
pub(super) fn header_among<'r>(
    rows: impl Iterator<Item = &'r Row<'r>>,
    mapped: &BTreeMap<String, Field>,
) -> Option<(usize, usize)> {
    let counted = rows.take(HEADER_WITHIN).enumerate().map(|(at, row)| (recognised(row, mapped), at));
    let (count, at) = counted.max_by_key(|&(count, at)| (count, std::cmp::Reverse(at)))?;
    (count >= ENOUGH).then_some((at, count))
}

/// The normalised headers of a row, trailing blanks gone.
pub(super) fn headers(row: &Row<'_>) -> Vec<String> {
    let mut headers: Vec<String> = row.cells().map(normalise).collect();
    while headers.last().is_some_and(String::is_empty) {
        headers.pop();
    }
    headers
}

impl Columns {
    pub(super) fn new(header: &Row<'_>, profile: Profile, mapped: &BTreeMap<String, Field>) -> Self {
        let normalised = headers(header);
        let language = language(&normalised, profile);
        let mut columns = Self {
            profile,
            language,
            headers: header.cells().take(normalised.len()).map(str::to_owned).collect(),
            fields: Vec::with_capacity(normalised.len()),
            places: vec![Vec::new(); Field::COUNT],
            first: [NOWHERE; Field::COUNT],
            without_place: Vec::new(),
            children: Vec::new(),
        };
        for (at, word) in normalised.iter().enumerate() {
            let field = mapped.get(word).copied().or_else(|| look_up(word, Some(profile), language));
            // A second surname is nobody's: only what can be several values is taken several times.
            let field = field.map(|field| {
                let twice = !field.is_repeatable() && columns.has(field);
                if twice || !profile.carries(field) { Field::NotCarried } else { field }
            });
            if let Some(places) = field.and_then(|field| columns.places.get_mut(field as usize)) {
                places.push(at);
            }
            if field.is_none_or(|field| field == Field::NotCarried) {
                columns.without_place.push(at);
            }
            columns.fields.push(field);
        }
        for (first, places) in columns.first.iter_mut().zip(&columns.places) {
            *first = places.first().copied().unwrap_or(NOWHERE);
        }
        columns.children = children(&columns.fields);
        columns
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.places.get(field as usize).is_some_and(|places| !places.is_empty())
    }

    /// The value of a field; empty when it has no column.
    pub(super) fn value<'r>(&self, row: &Row<'r>, field: Field) -> &'r str {
        let cell = row.cell(self.first.get(field as usize).copied().unwrap_or(NOWHERE));
        // Another of its columns may hold what the first does not.
        if cell.is_empty() && field.is_repeatable() {
            return self.values(row, field).next().unwrap_or_default();
        }
        cell
    }

    /// Every value that is not blank, in the order of the columns.
    pub(super) fn values<'r>(&self, row: &Row<'r>, field: Field) -> impl Iterator<Item = &'r str> + Clone {
        let places = self.places.get(field as usize).map_or(&[][..], Vec::as_slice);
        let row = *row;
        places.iter().map(move |at| row.cell(*at)).filter(|cell| !cell.is_empty())
    }

    /// Mandatory columns that are not there, in the words of the templates.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if !self.has(Field::LastName) && !self.has(Field::UsualName) {
            missing.push("Nom");
        }
        if !self.has(Field::FirstName) {
            missing.push("Prénom");
        }
        if self.profile == Profile::Pupil && !self.has(Field::BirthDate) {
            missing.push("Date de naissance");
        }
        missing
    }

    /// Whether a row is the header again, as where two files were put together.
    pub(super) fn is_header(&self, row: &Row<'_>) -> bool {
        let mut same = 0;
        for (header, cell) in self.headers.iter().zip(row.cells()) {
            if cell.is_empty() && header.trim().is_empty() {
                continue;
            }
            if !cell.eq_ignore_ascii_case(header.trim()) && normalise(cell) != normalise(header) {
                return false;
            }
            same += 1;
        }
        same >= ENOUGH && row.len() >= self.headers.len().min(ENOUGH)
    }
}

/// The language that most headers speak.
fn language(headers: &[String], profile: Profile) -> Language {
    let score = |language| headers.iter().filter(|header| speaks(header, Some(profile), language)).count();
    Language::ALL.into_iter().rev().max_by_key(|language| score(*language)).unwrap_or(Language::French)
}

/// Puts the columns of each child together.
///
/// The same headers come back for each child. When every kind of column comes as often, the n-th of each belong
/// together, whatever their order; otherwise a group lacks some, and a new group begins where the order of the columns
/// begins again.
fn children(fields: &[Option<Field>]) -> Vec<Child> {
    let columns: Vec<(usize, Field)> = fields
        .iter()
        .enumerate()
        .filter_map(|(at, field)| field.filter(|field| field.is_child()).map(|field| (at, field)))
        .collect();
    let mut order: Vec<Field> = Vec::new();
    for (_, field) in &columns {
        if !order.contains(field) {
            order.push(*field);
        }
    }
    let count = |field: Field| columns.iter().filter(|(_, other)| *other == field).count();
    let regular = order.windows(2).all(|pair| matches!(pair, [a, b] if count(*a) == count(*b)));
    let mut groups: Vec<Child> = Vec::new();
    if regular {
        for (at, field) in columns {
            let free = groups.iter().position(|group| group.clone().slot(field).is_some_and(|slot| slot.is_none()));
            let place = free.unwrap_or_else(|| {
                groups.push(Child::default());
                groups.len() - 1
            });
            if let Some(slot) = groups.get_mut(place).and_then(|group| group.slot(field)) {
                *slot = Some(at);
            }
        }
        return groups;
    }
    let mut last_rank = usize::MAX;
    for (at, field) in columns {
        let rank = order.iter().position(|other| *other == field).unwrap_or_default();
        if rank <= last_rank || groups.is_empty() {
            groups.push(Child::default());
        }
        last_rank = rank;
        if let Some(slot) = groups.last_mut().and_then(|group| group.slot(field)) {
            *slot = Some(at);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::page;
    use super::*;

    fn columns(text: &str, profile: Profile) -> Columns {
        Columns::new(&page(text).row(0).expect("a row"), profile, &BTreeMap::new())
    }

    #[test]
    fn a_language_is_spoken_by_the_whole_header() {
        let of = |text, profile| columns(text, profile).language;
        assert_eq!(of("Prénom*;Nom*;Date de naissance*;Classes*", Profile::Pupil), Language::French);
        assert_eq!(of("externalID;First name*;Last name*;Birthdate*;Class", Profile::Pupil), Language::English);
        assert_eq!(
            of("id externo;Nombre*;Apellido*;Fecha de nacimiento*;clase;ciudad", Profile::Pupil),
            Language::Spanish
        );
        let portuguese = columns("id externo;Nome*;Sobrenome*;Turma*;Data de nascimento*;cidade", Profile::Pupil);
        assert_eq!(portuguese.language, Language::Portuguese);
        assert_eq!(portuguese.fields[1..3], [Some(Field::FirstName), Some(Field::LastName)]);
        // A stray foreign word changes nothing of the others, and is not taken for a name.
        let french = columns("Nome;Prénom;Date de naissance;Classe", Profile::Pupil);
        assert_eq!((french.language, french.fields[0]), (Language::French, None));
        assert_eq!(french.missing(), ["Nom"]);
    }

    #[test]
    fn children_are_put_together() {
        let group = |usual, last, first, class| Child { id: None, usual, last, first, class };
        let of = |text: &str| columns(text, Profile::Relative).children;
        let four = "Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants";
        assert_eq!(
            of(&format!("Nom responsable;{four};{four}")),
            [group(Some(1), Some(2), Some(3), Some(4)), group(Some(5), Some(6), Some(7), Some(8))]
        );
        // Column by column.
        assert_eq!(
            of("Nom enfant;Nom enfant;Prénom enfant;Prénom enfant"),
            [group(None, Some(0), Some(2), None), group(None, Some(1), Some(3), None)]
        );
        // One of the four is missing in the second group.
        let three = "Nom de famille enfant;Prénom enfant;Classes enfants";
        assert_eq!(
            of(&format!("{four};{three};{four}")),
            [
                group(Some(0), Some(1), Some(2), Some(3)),
                group(None, Some(4), Some(5), Some(6)),
                group(Some(7), Some(8), Some(9), Some(10))
            ]
        );
        assert_eq!(of("externalid;Childexternalid*;Childexternalid").len(), 2);
    }

    #[test]
    fn the_header_is_found_below_titles() {
        let among = |rows: &[&str], mapped: &BTreeMap<String, Field>| {
            let pages: Vec<_> = rows.iter().map(|text| page(text)).collect();
            let rows: Vec<Row<'_>> = pages.iter().filter_map(|page| page.row(0)).collect();
            header_among(rows.iter(), mapped)
        };
        let rows = ["Liste des élèves;;", ";;", "Nom;Prénom;Remarque", "PETIT;Léa;x"];
        assert_eq!(among(&rows, &BTreeMap::new()), Some((2, 2)));
        assert_eq!(among(&["a;b"], &BTreeMap::new()), None);
        let mapped = [("matricule".to_owned(), Field::ExternalId), ("famille".to_owned(), Field::LastName)].into();
        assert_eq!(among(&["Matricule;Famille"], &mapped), Some((0, 2)));
    }

    #[test]
    fn one_value_is_taken_once() {
        let columns = columns("Nom;Prénom;Nom;Classe;Classe;;", Profile::Teacher);
        let place = |field| columns.fields.iter().filter(|f| **f == Some(field)).count();
        assert_eq!((place(Field::LastName), place(Field::NotCarried), place(Field::Classes)), (1, 1, 2));
        assert_eq!(columns.headers.len(), 5);
        assert!(columns.is_header(&page("NOM;prénom;Nom;classe;Classe").row(0).expect("a row")));
        assert!(!columns.is_header(&page("NOM;Léa;Nom;classe;Classe").row(0).expect("a row")));
    }
}
