//! A plan as one HTML page for a browser: no server, no other file, no script needed to read it.
//!
//! Names and values come from outside and are hostile until escaped; a strict content policy stands behind the
//! escaping, so that even a slip could run or load nothing. The page is written as it is made, readable by its owner
//! only, and it takes its name when it is complete.

mod page;
mod tables;

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::buckets::ORDER;
use super::fold::{Limits, fold};
use super::survey::Survey;
use super::{Options, RenderError};
use crate::plan::file::PlanFileError;
use crate::private::{private_file, publish};
use page::Page;

/// Rows shown of one school and kind.
const ROWS: usize = 200;
/// Rows of the whole page: a browser stays quick below that. With many schools each gets less than [`ROWS`], and never
/// less than [`FEWEST_ROWS`].
const ROWS_OF_PAGE: usize = 40_000;
const FEWEST_ROWS: usize = 5;

/// What the page may do, as a content policy: show its own style and run its own script, each named by its digest.
#[must_use]
pub fn html_policy() -> String {
    page::policy()
}

/// Renders the plan in `path`, whose seal must have this digest, as a page into `out`. The seal is checked before the
/// first byte is written; memory stays bounded, and a page that nobody reads on stops where `out` fails.
///
/// # Errors
/// When the plan is damaged or another, its changes cannot be sorted, or `out` fails.
pub fn html_to(path: &Path, digest: &str, options: &Options, out: impl io::Write) -> Result<(), RenderError> {
    let survey = Survey::read(path, options)?;
    if survey.seal.digest != digest {
        return Err(PlanFileError::Altered { path: path.to_owned() }.into());
    }
    let mut page = Page::new(out, options);
    write(&mut page, survey)?;
    page.into_inner().flush().map_err(RenderError::Output)
}

/// Renders the plan in `path`, whose seal is checked first, into the page `to`.
pub fn html(path: &Path, options: &Options, to: &Path) -> Result<(), RenderError> {
    let survey = Survey::read(path, options)?;
    let failed = |source: io::Error| RenderError::Write { path: to.to_owned(), source };
    let file = private_file(to).map_err(failed)?;
    let mut page = Page::new(BufWriter::new(file), options);
    write(&mut page, survey).map_err(|e| match e {
        RenderError::Output(source) => failed(source),
        other => other,
    })?;
    let mut out = page.into_inner();
    out.flush().map_err(failed)?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    publish(file, to).map_err(failed)
}

fn write(page: &mut Page<'_, impl io::Write>, mut survey: Survey) -> Result<(), RenderError> {
    let buckets = survey.buckets.counts().count().max(1);
    let rows = (ROWS_OF_PAGE / buckets).clamp(FEWEST_ROWS, ROWS);
    let limits = if page.options.full { Limits::FULL } else { Limits { people: rows, variants: rows, full: false } };
    page.head(&survey).map_err(RenderError::Output)?;
    let mut schools = std::mem::take(&mut survey.schools);
    if !survey.header.structures.is_empty() && !page.options.full {
        schools.clear();
    }
    page.contents(&schools, &survey.counts).map_err(RenderError::Output)?;
    for school in &schools {
        page.open_school(school).map_err(RenderError::Output)?;
        for kind in ORDER {
            let count = school.counts.of(kind);
            if count == 0 {
                continue;
            }
            let folds = fold(survey.buckets.rows(&school.uai, kind), kind, limits).map_err(RenderError::Sort)?;
            page.kind(kind, count, &folds, limits.people).map_err(RenderError::Output)?;
        }
        page.close_school().map_err(RenderError::Output)?;
    }
    page.foot(&survey).map_err(RenderError::Output)
}
