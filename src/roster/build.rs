//! From the images to the roster, in two passes.
//!
//! First every record becomes a draft and is dropped; then, with all structures and persons known, references are
//! followed: structures and scope, pupils, families, staff. Everything is sorted by join key between the two, so that
//! the order of the records cannot show in the result.

use super::aliases::Aliases;
use super::drafts::Drafts;
use super::family::{self, Family};
use super::model::{ImageRecord, Link, Person, PersonId, Role, Roster};
use super::options::{Options, SourceInfo};
use super::report::Report;
use super::structures::Structures;
use super::{federation, pupils, staff};

/// Who and what should exist, by the images of `sources` (records name their source by its index there).
///
/// Every person record ends in exactly one of [`Roster::persons`] and [`Roster::left_out`]. Memory is some hundred
/// bytes per person beside what the roster itself holds; records are dropped as they are read.
#[must_use]
pub fn build(sources: &[SourceInfo], records: impl IntoIterator<Item = ImageRecord>, options: &Options) -> Roster {
    let mut report = Report::new(sources, options.listed);
    let mut left_out = Vec::new();
    let mut drafts = Drafts::read(records, &mut report, &mut left_out, &options.identity);

    super::successors::follow(&options.successors, &mut drafts.structures);
    let mut structures = Structures::new(std::mem::take(&mut drafts.structures), &drafts.pupils, options, &mut report);
    let mut pupils = pupils::settle(&mut drafts, &mut structures, &mut report, &mut left_out);
    let aliases = Aliases::new(std::mem::take(&mut drafts.aliases), sources);
    let family = family::link(&mut pupils, &drafts.relatives, &structures, options, &aliases, &mut report);
    let relatives = family::settle(drafts.relatives, &pupils, &family, &mut report, &mut left_out);
    let (staff, functions_elsewhere) =
        staff::settle(drafts.staff, &mut structures, options, &mut report, &mut left_out);

    let pupils = pupils.into_iter().map(|pupil| pupil.person).collect();
    let persons = gather(pupils, relatives, staff, family);
    federation::look(&persons, &options.federated, &structures, &mut report);
    left_out.sort_by(|a, b| (&a.key, a.category, &a.origin).cmp(&(&b.key, b.category, &b.origin)));
    Roster {
        structures: structures.finish(&mut report),
        persons,
        left_out,
        aliases,
        findings: report.finish(),
        functions_elsewhere,
    }
}

/// One list out of three sorted ones, and the links in both directions.
#[expect(clippy::vec_box, reason = "as the roster keeps them")]
fn gather(
    pupils: Vec<Box<Person>>,
    relatives: Vec<(u32, Box<Person>)>,
    staff: Vec<Box<Person>>,
    family: Family,
) -> Vec<Box<Person>> {
    let mut persons: Vec<Box<Person>> = Vec::with_capacity(pupils.len() + relatives.len() + staff.len());
    let mut pupil_ids: Vec<PersonId> = Vec::with_capacity(pupils.len());
    let mut relative_ids: Vec<Option<PersonId>> = Vec::new();

    let (mut pupils, mut relatives, mut staff) =
        (pupils.into_iter().peekable(), relatives.into_iter().peekable(), staff.into_iter().peekable());
    loop {
        let id = PersonId(persons.len() as u32);
        let keys = [
            pupils.peek().map(|person| &person.key),
            relatives.peek().map(|(_, person)| &person.key),
            staff.peek().map(|person| &person.key),
        ];
        // No key is in two lists.
        let Some(least) = keys.iter().flatten().min() else { break };
        let next = match keys.iter().position(|key| key.as_ref() == Some(least)) {
            Some(0) => {
                pupil_ids.push(id);
                pupils.next()
            }
            Some(1) => relatives.next().map(|(at, person)| {
                relative_ids.resize(at as usize + 1, None);
                if let Some(place) = relative_ids.last_mut() {
                    *place = Some(id);
                }
                person
            }),
            _ => staff.next(),
        };
        persons.extend(next);
    }

    let of_relative = |at: u32| relative_ids.get(at as usize).copied().flatten();
    for ((pupil_id, links), lives_with) in pupil_ids.into_iter().zip(family.links).zip(family.lives_with) {
        // Of the same size: collected in place.
        let links: Vec<Link> = links
            .into_iter()
            .filter_map(|link| {
                let relative = of_relative(link.relative)?;
                Some(Link { relative, codes: link.codes, standing: link.standing })
            })
            .collect();
        for link in &links {
            let person = persons.get_mut(link.relative.0 as usize);
            if let Some(Role::Relative(relative)) = person.map(|person| &mut person.role) {
                relative.pupils.push(pupil_id);
            }
        }
        if let Some(Role::Pupil(pupil)) = persons.get_mut(pupil_id.0 as usize).map(|person| &mut person.role) {
            pupil.relatives = links;
            pupil.lives_with = lives_with.into_iter().filter_map(of_relative).collect();
        }
    }
    persons
}
