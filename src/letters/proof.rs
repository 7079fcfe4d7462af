//! Proof-reading: what a sheet is for is really on the page.
//!
//! A template may forget a password, clip it, or break it over two lines. Before a page counts as printed its text
//! is read back: every login and every password must be there as one unbroken word.

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;
use zeroize::Zeroizing;

use super::error::TypesetError;
use super::sheet::Sheet;

/// Sheet `n` is looked for on the pages from the one where sheet `n - 1` was found.
pub(super) fn everything_is_on_the_page(document: &PagedDocument, sheets: &[Sheet]) -> Result<(), TypesetError> {
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
    fn walk(frame: &Frame, out: &mut String) {
        for (_, item) in frame.items() {
            match item {
                FrameItem::Group(group) => walk(&group.frame, out),
                FrameItem::Text(run) => {
                    out.push_str(&run.text);
                    out.push('\n');
                }
                _ => {}
            }
        }
    }
    let mut out = Zeroizing::new(String::with_capacity(4096));
    walk(frame, &mut out);
    out
}

/// Whether one of the blank-separated words of the page is `value`.
fn has_word(page: &str, value: &str) -> bool {
    page.split_whitespace().any(|word| word == value)
}
