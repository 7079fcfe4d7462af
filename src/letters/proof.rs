//! Proof-reading: what a sheet is for is really on the page.
//!
//! A template may forget a password, clip it, or break it over two lines. Before a page counts as printed its text
//! is read back: every login and every password must be there as one unbroken word.

use std::collections::HashMap;

use typst::layout::{Frame, FrameItem, Point, Transform};
use typst_layout::PagedDocument;
use zeroize::Zeroizing;

use super::error::TypesetError;
use super::layout::{Place, place};
use super::sheet::{Batch, Sheet};

/// A shipped layout: each sheet's login and password are in its place, and nowhere else is looked.
pub(super) fn each_is_in_its_place(
    document: &PagedDocument,
    batch: &Batch,
    grid: (usize, usize),
) -> Result<(), TypesetError> {
    let (count, cover) = (batch.sheets.len(), usize::from(batch.cover.is_some()));
    // On both sides of the paper, each page is followed by its back.
    let leaf = if batch.duplex { 2 } else { 1 };
    let expected = leaf * (cover + count.div_ceil(grid.0 * grid.1));
    let found = document.pages().len();
    if found != expected {
        return Err(TypesetError::Pages { expected, found });
    }
    let mut texts: HashMap<(usize, usize, usize), Zeroizing<String>> = HashMap::new();
    for (page, content) in document.pages().iter().step_by(leaf).skip(cover).enumerate() {
        let size = content.frame.size();
        let mut cell = |at: Point, text: &str| {
            let of =
                |part: f64, whole: f64, n: usize| (1..n).filter(|edge| part * n as f64 >= whole * *edge as f64).count();
            let column = of(at.x.to_pt(), size.x.to_pt(), grid.0);
            let row = of(at.y.to_pt(), size.y.to_pt(), grid.1);
            let there = texts.entry((page, column, row)).or_insert_with(|| Zeroizing::new(String::with_capacity(4096)));
            there.push_str(text);
            there.push('\n');
        };
        walk(&content.frame, Transform::identity(), &mut cell);
    }
    if batch.duplex {
        backs_are_nobodys(document, &batch.sheets)?;
    }
    for (at, sheet) in batch.sheets.iter().enumerate() {
        let Place { page, column, row } = place(grid, at, count);
        let text = texts.get(&(page, column, row)).map_or("", |text| text.as_str());
        if let Some((field, _)) = wanted(sheet).into_iter().find(|(_, value)| !has_word(text, value)) {
            return Err(TypesetError::NotOnThePage { serial: sheet.serial.clone(), field: field.to_owned() });
        }
    }
    Ok(())
}

/// Where both sides are printed, no second side has anybody's login or password: it would be on somebody else's leaf.
fn backs_are_nobodys(document: &PagedDocument, sheets: &[Sheet]) -> Result<(), TypesetError> {
    let somebodys: HashMap<&str, &Sheet> =
        sheets.iter().flat_map(|sheet| wanted(sheet).into_iter().map(move |(_, word)| (word, sheet))).collect();
    for back in document.pages().iter().skip(1).step_by(2) {
        let text = text_of(&back.frame);
        if let Some(sheet) = text.split_whitespace().find_map(|word| somebodys.get(word)) {
            return Err(TypesetError::OnABack { serial: sheet.serial.clone() });
        }
    }
    Ok(())
}

/// What has to be readable of a sheet.
fn wanted(sheet: &Sheet) -> Vec<(&'static str, &str)> {
    let login = std::iter::once(("login", sheet.login.as_str()));
    // Whoever logs in elsewhere need not read the name that he has here.
    let secret = sheet.secret.as_ref().map(|secret| ("secret", secret.expose()));
    if secret.is_none() && !sheet.reminder { Vec::new() } else { login.chain(secret).collect() }
}

/// A school's own template. Sheet `n` is looked for on the pages from the one where sheet `n - 1` was found.
pub(super) fn everything_is_on_the_page(document: &PagedDocument, batch: &Batch) -> Result<(), TypesetError> {
    let sheets = &batch.sheets;
    if batch.duplex {
        backs_are_nobodys(document, sheets)?;
    }
    let mut pages = document.pages().iter().map(|page| text_of(&page.frame)).peekable();
    for sheet in sheets {
        let mut wanted: Vec<(&str, &str)> = vec![("login", &sheet.login)];
        wanted.extend(sheet.secret.as_ref().map(|secret| ("secret", secret.expose())));
        while let Some(page) = pages.peek() {
            wanted.retain(|(_, value)| !has_word(page, value));
            if wanted.is_empty() {
                break;
            }
            pages.next();
        }
        if let Some((field, _)) = wanted.first() {
            return Err(TypesetError::NotOnThePage { serial: sheet.serial.clone(), field: (*field).to_owned() });
        }
    }
    Ok(())
}

/// The runs of text of a page, one a line.
fn text_of(frame: &Frame) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(4096));
    walk(frame, Transform::identity(), &mut |_, text: &str| {
        out.push_str(text);
        out.push('\n');
    });
    out
}

/// Each run of text, with where it begins on the page.
fn walk(frame: &Frame, transform: Transform, each: &mut impl FnMut(Point, &str)) {
    for (at, item) in frame.items() {
        let there = transform.pre_concat(Transform::translate(at.x, at.y));
        match item {
            FrameItem::Group(group) => walk(&group.frame, there.pre_concat(group.transform), each),
            FrameItem::Text(run) => each(Point::zero().transform(there), &run.text),
            _ => {}
        }
    }
}

/// Whether one of the blank-separated words of the page is `value`.
fn has_word(page: &str, value: &str) -> bool {
    page.split_whitespace().any(|word| word == value)
}
