//! From a batch to the bytes of its PDF.
//!
//! Runs whatever the template says, for as long as it says: a template in a loop never comes back. Programs go
//! through [`Typesetter`](super::Typesetter), which can be stopped; this function is what its child runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use jiff::civil::Date;
use serde::Serialize;
use typst::diag::{SourceDiagnostic, Warned};
use typst::ecow::EcoVec;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};
use zeroize::Zeroizing;

use super::error::{LettersError, TemplateMessage, TypesetError};
use super::logo::Logo;
use super::sheet::Batch;
use super::world::SheetWorld;
use super::{diagnose, layout, printable, proof, qr};

/// Stack of the typesetting thread, in bytes. Layout recurses deeply, and twice as deeply when it is not optimised.
const STACK: usize = 64 << 20;

/// Typesets a batch as a file that is PDF/UA-1 (whoever cannot see hears it) and PDF/A-2a (it can be archived). The same batch and template give the same bytes.
///
/// # Errors
/// [`TypesetError`], with the line of the template where there is one. No message carries a secret.
pub fn typeset(batch: &Batch, template: Option<&str>) -> Result<Vec<u8>, LettersError> {
    let work = || {
        // The caches hold text of the batch: they go whatever happens.
        let _evict = EvictOnDrop;
        catch_unwind(AssertUnwindSafe(|| run(batch, template)))
            .unwrap_or_else(|_| Err(internal("it panicked on this batch")))
    };
    let result = thread::scope(|scope| {
        thread::Builder::new().name("typeset".into()).stack_size(STACK).spawn_scoped(scope, work).map_or_else(
            |error| Err(internal(&format!("no thread for it: {error}"))),
            |handle| handle.join().unwrap_or_else(|_| Err(internal("its thread died"))),
        )
    });
    Ok(result?)
}

struct EvictOnDrop;

impl Drop for EvictOnDrop {
    fn drop(&mut self) {
        typst::comemo::evict(0);
    }
}

/// What a template reads as `batch.json`, for a school that wants to try its own on a batch of its choice with the
/// ordinary Typst program. In clear: for made-up batches.
///
/// # Errors
/// A login address that is none.
pub fn template_data(batch: &Batch) -> Result<Zeroizing<String>, LettersError> {
    let login_qr = qr::svg(&batch.login_url)?;
    let (batch, logo) = without_logo(batch.clone());
    let name = logo.as_ref().map(|logo| logo.name.as_str());
    let data = serde_json::to_string_pretty(&Data { batch: &batch, login_qr: &login_qr, logo: name });
    Ok(Zeroizing::new(data.map_err(|error| internal(&error.to_string()))?))
}

/// `batch.json`: the batch, and the drawing of the QR code, which a template cannot make itself.
#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    batch: &'a Batch,
    login_qr: &'a str,
    /// The name of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<&'a str>,
}

/// A template reads the logo as a file, not as data.
fn without_logo(mut batch: Batch) -> (Batch, Option<Logo>) {
    let logo = batch.logo.take();
    (batch, logo)
}

fn run(batch: &Batch, template: Option<&str>) -> Result<Vec<u8>, TypesetError> {
    if batch.sheets.is_empty() {
        return Err(TypesetError::Empty { batch: batch.id.clone() });
    }
    let login_qr = qr::svg(&batch.login_url)?;
    let (clean, notices) = printable::clean(batch);
    let refusals: Vec<_> = notices.into_iter().filter(printable::Notice::is_refusal).collect();
    if !refusals.is_empty() {
        return Err(TypesetError::Unprintable { notices: refusals });
    }
    let (clean, logo) = without_logo(clean);
    let name = logo.as_ref().map(|logo| logo.name.as_str());
    let data = serde_json::to_vec(&Data { batch: &clean, login_qr: &login_qr, logo: name });
    let data = data.map_err(|e| internal(&e.to_string()))?;
    let day = datetime(batch.date).ok_or_else(|| internal("the date of the batch is out of range"))?;
    let world =
        SheetWorld::new(data, logo.as_ref(), template, batch.layout, day).ok_or_else(|| internal("no virtual file"))?;
    let fail = |diagnostics: EcoVec<SourceDiagnostic>| TypesetError::Template {
        messages: redact(diagnose::messages(&world, &diagnostics), &clean),
    };

    let Warned { output, warnings } = typst::compile::<PagedDocument>(&world);
    let document = output.map_err(fail)?;
    // Any other warning is about style, but with a missing font the sheet is not the one that the school looked at.
    let fatal: EcoVec<_> =
        warnings.into_iter().filter(|warning| warning.message.starts_with("unknown font family")).collect();
    if !fatal.is_empty() {
        return Err(fail(fatal));
    }
    match (template, layout::grid(batch.layout)) {
        (None, Some(grid)) => proof::each_is_in_its_place(&document, &clean, grid)?,
        // Nothing on it is for anybody to copy.
        (None, None) => {}
        (Some(_), _) => proof::everything_is_on_the_page(&document, &clean)?,
    }

    let options = PdfOptions {
        ident: Smart::Custom(format!("rentree {} {} {:?}", batch.school.uai, batch.id, batch.class)),
        creator: Smart::Custom(Some(concat!("Rentrée ", env!("CARGO_PKG_VERSION")).into())),
        timestamp: Some(Timestamp::new_utc(day)),
        standards: PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_2a]).map_err(|e| internal(e.message()))?,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(fail)
}

fn datetime(date: Date) -> Option<Datetime> {
    let part = |n: i8| u8::try_from(n).ok();
    Datetime::from_ymd_hms(i32::from(date.year()), part(date.month())?, part(date.day())?, 0, 0, 0)
}

fn internal(reason: &str) -> TypesetError {
    TypesetError::Internal { reason: reason.to_owned() }
}

/// A template can put any value into a message (`panic(sheet.secret)`): secrets are masked before it leaves.
fn redact(mut messages: Vec<TemplateMessage>, batch: &Batch) -> Vec<TemplateMessage> {
    for message in &mut messages {
        for text in std::iter::once(&mut message.message).chain(&mut message.hints) {
            for secret in batch.sheets.iter().filter_map(|sheet| sheet.secret.as_ref()) {
                if text.contains(secret.expose()) {
                    let old = Zeroizing::new(std::mem::take(text));
                    *text = old.replace(secret.expose(), "••••");
                }
            }
        }
    }
    messages
}
