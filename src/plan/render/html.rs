//! A plan as HTML pages for a browser: no server, no script needed to read them, nothing loaded from anywhere.
//!
//! A small plan is one page. That of an academy is an index and a page per school, each small enough to open at once:
//! at most [`ROWS`] rows of a table stand in a page, the others are in a list that its search looks through. Everybody
//! of all schools is found from the index, on pages by initial.
//!
//! Names and values come from outside and are hostile until escaped; a strict content policy stands behind the
//! escaping, so that even a slip could run or load nothing. A page is written as it is made, readable by its owner only,
//! and it takes its name when it is complete.

mod index;
mod list;
mod page;
mod people;
mod tables;

use std::collections::HashSet;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::buckets::ORDER;
use super::fold::{Limits, fold};
use super::survey::{School, Survey};
use super::text::OVERVIEW;
use super::{Options, RenderError};
use crate::plan::file::PlanFileError;
use crate::private::{private_file, private_folder, publish};
use list::List;
use page::Page;
use people::People;

/// Rows shown of one school and kind.
const ROWS: usize = 200;
/// What one page may hold: more schools or more changes than this are an index and a page per school.
const SCHOOLS_OF_PAGE: usize = 8;
const CHANGES_OF_PAGE: u64 = 5_000;

/// What the pages may do, as a content policy: show their own style and run their own script, each named by its digest.
#[must_use]
pub fn html_policy() -> String {
    page::policy()
}

/// Renders the plan in `path`, whose seal must have this digest, as a page into `out`: all of it, the part that the
/// filter chooses, or the index when all of it is too much for one page. The seal is checked before the first byte is
/// written; memory stays bounded, and a page that nobody reads on stops where `out` fails.
///
/// # Errors
/// When the plan is damaged or another, its changes cannot be sorted, or `out` fails.
pub fn html_to(path: &Path, digest: &str, options: &Options, out: impl io::Write) -> Result<(), RenderError> {
    let mut survey = Survey::read(path, options)?;
    if survey.seal.digest != digest {
        return Err(PlanFileError::Altered { path: path.to_owned() }.into());
    }
    let mut page = Page::new(out, options);
    if is_one_page(&survey, options) {
        one_page(&mut page, &mut survey)?;
    } else {
        let link =
            |school: &School| format!("?etablissement={}", if school.uai.is_empty() { "-" } else { &school.uai });
        page.index(&survey, &link, None).map_err(RenderError::Output)?;
    }
    page.into_inner().flush().map_err(RenderError::Output)
}

/// Renders the plan in `path`, whose seal is checked first: into the page `to` when its name ends in `.html` (for a long
/// plan that is the index, with a folder of pages beside it), otherwise into the folder `to`, with an `index.html` and a
/// page per school. Gives the file and folder that it wrote.
///
/// # Errors
/// When the plan is damaged, its changes cannot be sorted, or a page cannot be written.
pub fn html(path: &Path, options: &Options, to: &Path) -> Result<Vec<PathBuf>, RenderError> {
    let mut survey = Survey::read(path, options)?;
    let is_page = to.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("html"));
    if is_page && is_one_page(&survey, options) {
        write_page(to, options, |page| one_page(page, &mut survey))?;
        sweep(&beside(to).0, &HashSet::new());
        return Ok(vec![to.to_owned()]);
    }
    let (index, folder, prefix) = if is_page {
        let (folder, name) = beside(to);
        (to.to_owned(), folder, format!("{}/", encoded(&name)))
    } else {
        (to.join("index.html"), to.to_owned(), String::new())
    };
    private_folder(&folder).map_err(|source| RenderError::Write { path: folder.clone(), source })?;
    let schools = std::mem::take(&mut survey.schools);
    let back = if is_page {
        format!("../{}", encoded(&to.file_name().unwrap_or_default().to_string_lossy()))
    } else {
        "index.html".to_owned()
    };
    let mut people = People::default();
    let mut written: HashSet<String> = schools.iter().map(file_name).collect();
    for school in &schools {
        write_page(&folder.join(file_name(school)), options, |page| {
            page.head_of_school(&survey, school, &back).map_err(RenderError::Output)?;
            let mut list = List::default();
            sections(page, &mut survey, school, &mut list, Some(&mut people))?;
            page.list(&list).and_then(|()| page.foot(&survey)).map_err(RenderError::Output)
        })?;
    }
    survey.schools = schools;
    for shelf in people.shelves() {
        written.insert(shelf.file_name());
        write_page(&folder.join(shelf.file_name()), options, |page| {
            page.people(&survey, &shelf, &back).map_err(RenderError::Output)
        })?;
    }
    let link = |school: &School| format!("{prefix}{}", file_name(school));
    write_page(&index, options, |page| {
        page.index(&survey, &link, Some((&people, &prefix))).map_err(RenderError::Output)
    })?;
    sweep(&folder, &written);
    Ok(if is_page { vec![index, folder] } else { vec![folder] })
}

/// The folder of pages beside an index, and its name.
fn beside(index: &Path) -> (PathBuf, String) {
    let name = format!("{}-etablissements", index.file_stem().unwrap_or_default().to_string_lossy());
    (index.with_file_name(&name), name)
}

/// Removes the pages of an earlier plan from a folder that is written again: nothing would lead to them, and they name
/// people. Only what bears a name of ours goes; what cannot be removed stays.
fn sweep(folder: &Path, written: &HashSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".html") else { continue };
        // UAIs as exports have them, malformed ones too.
        let school = stem.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) && !stem.is_empty();
        let ours = school || stem == "hors-etablissement" || stem.starts_with("personnes-");
        if ours && !written.contains(&name) {
            drop(std::fs::remove_file(entry.path()));
        }
    }
}

/// Whether one page is enough: also for what somebody asked to see as a whole.
fn is_one_page(survey: &Survey, options: &Options) -> bool {
    options.full
        || !survey.header.structures.is_empty()
        || survey.schools.len() <= 1
        || (survey.schools.len() <= SCHOOLS_OF_PAGE && survey.shown <= CHANGES_OF_PAGE)
}

/// The page of a school: its UAI holds nothing that a file name or a link could not.
fn file_name(school: &School) -> String {
    let uai: String = school.uai.chars().filter(char::is_ascii_alphanumeric).collect();
    if uai.is_empty() { "hors-etablissement.html".to_owned() } else { format!("{uai}.html") }
}

/// A file name as part of a link.
fn encoded(name: &str) -> String {
    let mut link = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link
}

fn write_page(
    to: &Path,
    options: &Options,
    write: impl FnOnce(&mut Page<'_, BufWriter<tempfile::NamedTempFile>>) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    let failed = |source: io::Error| RenderError::Write { path: to.to_owned(), source };
    let file = private_file(to).map_err(failed)?;
    let mut page = Page::new(BufWriter::new(file), options);
    write(&mut page).map_err(|e| match e {
        RenderError::Output(source) => failed(source),
        other => other,
    })?;
    let mut out = page.into_inner();
    out.flush().map_err(failed)?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    publish(file, to).map_err(failed)
}

/// Everything in one page.
fn one_page(page: &mut Page<'_, impl io::Write>, survey: &mut Survey) -> Result<(), RenderError> {
    page.head(survey).map_err(RenderError::Output)?;
    let mut schools = std::mem::take(&mut survey.schools);
    if !survey.header.structures.is_empty() && !page.options.full {
        schools.clear();
    }
    if survey.shown >= OVERVIEW && survey.header.structures.is_empty() {
        let known = |uai: &str| survey.school_name(uai).to_owned();
        page.overview(&survey.overview, &known).map_err(RenderError::Output)?;
    }
    page.contents(&schools, &survey.counts).map_err(RenderError::Output)?;
    let mut list = List::default();
    for school in &schools {
        page.open_school(school).map_err(RenderError::Output)?;
        sections(page, survey, school, &mut list, None)?;
        page.close_school().map_err(RenderError::Output)?;
    }
    page.list(&list).and_then(|()| page.foot(survey)).map_err(RenderError::Output)
}

/// The tables of one school. What does not stand in them is put on the list; everybody is noted in `people`.
fn sections(
    page: &mut Page<'_, impl io::Write>,
    survey: &mut Survey,
    school: &School,
    list: &mut List,
    mut people: Option<&mut People>,
) -> Result<(), RenderError> {
    let limits = if page.options.full { Limits::FULL } else { Limits { people: ROWS, variants: ROWS, full: false } };
    for kind in ORDER {
        let count = school.counts.of(kind);
        if count == 0 {
            continue;
        }
        let listed = !page.options.full && count > ROWS as u64;
        if listed || people.is_some() {
            for row in survey.buckets.rows(&school.uai, kind) {
                let row = row.map_err(RenderError::Sort)?;
                if let Some(people) = people.as_deref_mut() {
                    people.note(school, &row).map_err(RenderError::Sort)?;
                }
                if listed {
                    list.push(&row).map_err(RenderError::Sort)?;
                }
            }
        }
        let folds = fold(survey.buckets.rows(&school.uai, kind), kind, limits).map_err(RenderError::Sort)?;
        page.kind(kind, count, &folds, limits.people, listed).map_err(RenderError::Output)?;
    }
    Ok(())
}
