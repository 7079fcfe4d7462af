//! How far each category of a complete set can be trusted: what is missing from a whole category has left, what is
//! missing from a partial one may only be lost.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::french::number;
use super::values::split_composite;
use super::{Category, Code, Completeness, Delivery, Fields, Finding, Reading, Record, discovery};

/// Relatives without pupil above this share mean that pupils were lost, not that families left.
const LOST_PERCENT: u64 = 20;

/// Whether every part of a category was there and read to its end, with at least one record that was not rejected.
#[must_use]
pub fn is_whole(delivery: &Delivery, reading: &Reading, category: Category) -> bool {
    let (read, rejected) = reading.of(category);
    read > rejected && !reading.broken.contains(&category) && !discovery::has_hole(&delivery.parts, category)
}

/// Watches the records of a delivery pass; keeps a hash of eight bytes for each key and each link.
#[derive(Debug, Default)]
pub struct Census {
    pupils: Vec<u64>,
    relatives: Vec<u64>,
    /// Relatives named by the pupils.
    named: Vec<u64>,
    /// Relatives and the pupils that they name.
    naming: Vec<(u64, u64)>,
    first_degree: bool,
}

/// What a census concludes.
#[derive(Debug, Clone)]
pub struct Conclusion {
    /// In the order of [`Category::ALL`].
    pub completeness: [Completeness; 6],
    pub findings: Vec<Finding>,
}

impl Conclusion {
    #[must_use]
    pub fn of(&self, category: Category) -> Completeness {
        self.completeness.get(category.index()).copied().unwrap_or(Completeness::Partial)
    }
}

impl Census {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// For a first-degree set, which has neither subjects nor MEF.
    #[must_use]
    pub fn of_first_degree() -> Self {
        Self { first_degree: true, ..Self::default() }
    }

    /// Looks at a record that was accepted.
    pub fn observe(&mut self, record: &Record) {
        let key = hash(record.key.as_str());
        match record.category {
            Category::Pupil => {
                self.pupils.push(key);
                self.named.extend(relatives_of(&record.fields).map(hash));
            }
            Category::Relative => {
                self.relatives.push(key);
                let ids = record.fields.values("ENTAuxPersRelEleveEleve");
                self.naming.extend(ids.map(|id| (key, hash(id.trim()))));
            }
            Category::Structure | Category::Subject | Category::Mef | Category::Staff => {}
        }
    }

    /// Concludes, once everything was read.
    #[must_use]
    pub fn conclude(mut self, delivery: &Delivery, reading: &Reading) -> Conclusion {
        let mut findings = Vec::new();
        let orphans = self.orphans();
        let relatives = self.relatives.len() as u64;
        let unheard_of = |category| self.first_degree && matches!(category, Category::Subject | Category::Mef);
        let completeness = Category::ALL.map(|category| {
            let (read, rejected) = reading.of(category);
            let delivered = delivery.parts.iter().any(|part| part.category == category);
            let broken = reading.broken.contains(&category);
            let mut say = |code: Code, message: String| {
                let mut finding = Finding::new(code, message);
                finding.category = Some(category);
                findings.push(finding);
            };
            if !delivered && unheard_of(category) {
                return Completeness::Partial;
            }
            if !delivered {
                say(Code::MissingCategory, format!("aucun fichier {category} dans la livraison : aucun départ pour cette catégorie"));
                return Completeness::Partial;
            }
            if read == rejected && !broken {
                let why = match read {
                    0 => "les fichiers ne contiennent aucun enregistrement".to_owned(),
                    n => format!("les {} enregistrements sont tous rejetés", number(n)),
                };
                say(Code::EmptyCategory, format!("catégorie {category} vide ({why}) : aucun départ pour elle"));
                return Completeness::Partial;
            }
            if category == Category::Pupil && orphans * 100 > relatives * LOST_PERCENT {
                let percent = orphans * 100 / relatives.max(1);
                say(
                    Code::RelativesWithoutPupil,
                    format!(
                        "{} responsables livrés sur {} ({percent} %) n'ont aucun élève dans la livraison : \
                         un fichier Eleve a dû se perdre ; aucun départ d'élève, demandez une livraison entière au rectorat",
                        number(orphans),
                        number(relatives)
                    ),
                );
                return Completeness::Partial;
            }
            // Holes and broken parts have their own findings, made where they were seen.
            if broken || discovery::has_hole(&delivery.parts, category) {
                return Completeness::Partial;
            }
            Completeness::Whole
        });
        Conclusion { completeness, findings }
    }

    /// Relatives that no delivered pupil names and that name no delivered pupil.
    fn orphans(&mut self) -> u64 {
        for list in [&mut self.pupils, &mut self.named] {
            list.sort_unstable();
            list.dedup();
        }
        let pupils = &self.pupils;
        self.naming.retain(|(_, pupil)| pupils.binary_search(pupil).is_ok());
        self.naming.sort_unstable();
        let attached = |relative: &u64| {
            self.named.binary_search(relative).is_ok()
                || self.naming.binary_search_by_key(relative, |(relative, _)| *relative).is_ok()
        };
        self.relatives.iter().filter(|relative| !attached(relative)).count() as u64
    }
}

/// Keys of the relatives that a pupil's record names: in the six-field links, or in what stood for them before.
pub fn relatives_of(fields: &Fields) -> impl Iterator<Item = &str> {
    const LINKS: &str = "ENTElevePersRelEleve";
    const LEGACY: [&str; 6] = [
        "ENTEleveParents",
        "ENTElevePere",
        "ENTEleveMere",
        "ENTEleveAutoriteParentale",
        "ENTElevePersRelEleve1",
        "ENTElevePersRelEleve2",
    ];
    let legacy = if fields.contains(LINKS) { &[][..] } else { &LEGACY[..] };
    std::iter::once(LINKS)
        .chain(legacy.iter().copied())
        .flat_map(|name| fields.values(name))
        .filter_map(|value| split_composite(value).next())
        .map(str::trim)
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{DeliveryKind, FieldsBuilder, Location, Part, Request};

    fn part(category: Category, number: u32) -> Part {
        let name = format!("A_Complet_20260901_{}_{number:04}.xml", category.token());
        Part {
            category,
            name: name.as_str().into(),
            number: Some(number),
            size: 0,
            location: Location::File("x".into()),
        }
    }

    fn delivery(parts: Vec<Part>) -> Delivery {
        Delivery { kind: DeliveryKind::Complete, date: None, parts, findings: Vec::new() }
    }

    fn record(category: Category, key: &str, attributes: &[(&str, &str)]) -> Record {
        let mut fields = FieldsBuilder::new();
        for (name, value) in attributes {
            fields.attribute(name, [*value]);
        }
        Record { category, request: Request::Add, key: key.into(), fields: fields.build(), part: 0, line: 1 }
    }

    fn codes(conclusion: &Conclusion) -> Vec<Code> {
        conclusion.findings.iter().map(|f| f.code).collect()
    }

    #[test]
    fn a_whole_delivery() {
        let delivery = delivery(Category::ALL.map(|c| part(c, 0)).into());
        let reading = Reading { read: [1; 6], ..Reading::default() };
        let conclusion = Census::new().conclude(&delivery, &reading);
        assert_eq!((conclusion.completeness, codes(&conclusion)), ([Completeness::Whole; 6], vec![]));
    }

    #[test]
    fn missing_empty_broken_and_holed_categories_are_partial() {
        let delivery = delivery(vec![
            part(Category::Pupil, 0),
            part(Category::Pupil, 2),
            part(Category::Relative, 0),
            part(Category::Staff, 0),
            part(Category::Mef, 1),
        ]);
        let reading = Reading { read: [0, 0, 1, 1, 0, 1], broken: vec![Category::Staff], ..Reading::default() };
        let conclusion = Census::new().conclude(&delivery, &reading);
        assert_eq!(codes(&conclusion), [Code::MissingCategory, Code::MissingCategory, Code::EmptyCategory]);
        for category in Category::ALL {
            let expected = if category == Category::Mef { Completeness::Whole } else { Completeness::Partial };
            assert_eq!(conclusion.of(category), expected, "{category}");
        }
    }

    #[test]
    fn relatives_of_lost_pupils_give_the_loss_away() {
        let delivery = delivery(Category::ALL.map(|c| part(c, 0)).into());
        let reading = Reading { read: [1; 6], ..Reading::default() };
        for (lost, expected) in [(2, Completeness::Whole), (3, Completeness::Partial)] {
            let mut census = Census::new();
            census.observe(&record(Category::Pupil, "p", &[("ENTElevePersRelEleve", "0$10$0$1$0$0")]));
            for n in 0..10 {
                let names = if n < 10 - lost { "p" } else { "gone" };
                census.observe(&record(Category::Relative, &n.to_string(), &[("ENTAuxPersRelEleveEleve", names)]));
            }
            let conclusion = census.conclude(&delivery, &reading);
            assert_eq!(conclusion.of(Category::Pupil), expected, "{lost} lost");
            assert_eq!(conclusion.of(Category::Relative), Completeness::Whole);
        }
    }
}
