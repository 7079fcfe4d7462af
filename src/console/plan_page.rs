//! `/plans/{plan}`: the report of one saved plan, as `plan --html` writes it, made from the sealed file while it is
//! sent: a long plan as its index. `?etablissement=` (`-` for what belongs to none) and `?personne=` narrow it, as `show`
//! does.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::sync::mpsc;

use super::Console;
use super::failure::Failure;
use crate::feed::values::Uai;
use crate::plan::file::PlanFileError;
use crate::plan::render::{self, Filter, RenderError};

/// Bytes that go to the browser at once, and how many such pieces may wait for it.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;
/// A browser that takes no piece for so long is given up: a rendering holds a thread.
const READER_PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Default, serde::Deserialize)]
pub struct Selection {
    etablissement: Option<String>,
    personne: Option<String>,
}

impl Selection {
    fn filter(self) -> Result<Filter, Failure> {
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let school = given(self.etablissement);
        // As the pages of schools call what belongs to none.
        let outside = school.as_deref() == Some("-");
        let school = school
            .filter(|_| !outside)
            .map(|text| Uai::parse(&text).ok_or(Failure::NotFound("Ce code d'établissement n'est pas un UAI.")))
            .transpose()?;
        Ok(Filter { school, outside, person: given(self.personne), ..Filter::default() })
    }
}

pub async fn page(
    State(console): State<Arc<Console>>,
    Path(plan): Path<String>,
    selection: Result<Query<Selection>, QueryRejection>,
) -> Result<Response, Failure> {
    let row = console.store.plan(&plan).await?.ok_or(Failure::NotFound("Aucun plan enregistré n'a ce numéro."))?;
    let options = render::Options {
        filter: selection.map(|query| query.0).unwrap_or_default().filter()?,
        zone: console.now().time_zone().clone(),
        in_console: true,
        seen: Arc::new(console.store.reviewed().await?),
        ..render::Options::default()
    };
    let turn = Arc::clone(&console.renderings).acquire_owned().await.map_err(|_| Failure::Stopped)?;
    let (pieces, mut received) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    let runtime = tokio::runtime::Handle::current();
    let rendering = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let out = Pieces { pieces: pieces.clone(), runtime };
        let out = BufWriter::with_capacity(PIECE, out);
        let done = render::html_to(&PathBuf::from(&row.file), &row.digest, &options, out);
        if let Err(RenderError::Sort(_)) = &done {
            // Cut in the middle: the browser must not take it for a whole page.
            drop(pieces.blocking_send(Err(io::Error::other("the page was not finished"))));
        }
        done
    });
    // Nothing is written before the seal was found right.
    match received.recv().await {
        Some(Ok(first)) => Ok(streamed(first, received)),
        _ => Err(match rendering.await {
            Ok(Err(error)) => failure(&error),
            Ok(Ok(())) | Err(_) => Failure::Stopped,
        }),
    }
}

fn streamed(first: Bytes, received: mpsc::Receiver<io::Result<Bytes>>) -> Response {
    let rest = stream::unfold((Some(Ok(first)), received), |(first, mut received)| async move {
        let piece = match first {
            Some(first) => Some(first),
            None => received.recv().await,
        };
        piece.map(|piece| (piece, (None, received)))
    });
    let mut response = (StatusCode::OK, Body::from_stream(rest)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The report runs its own script, named by its digest.
    let policy = format!("{}; frame-ancestors 'none'", render::html_policy());
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn failure(error: &RenderError) -> Failure {
    // Where and what kind, never a value: that is how these errors are made.
    tracing::warn!(%error, "a plan cannot be shown");
    match error {
        RenderError::Plan(PlanFileError::Read { .. }) => Failure::MissingPlan,
        RenderError::Plan(_) => Failure::DamagedPlan,
        RenderError::Sort(_) | RenderError::Output(_) | RenderError::Write { .. } => Failure::Stopped,
    }
}

/// Hands pieces over to the answer; fails when the browser is gone or reads no more, which ends the rendering.
struct Pieces {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    runtime: tokio::runtime::Handle,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = Ok(Bytes::copy_from_slice(bytes));
        let sent =
            self.runtime.block_on(async { tokio::time::timeout(READER_PATIENCE, self.pieces.send(piece)).await });
        match sent {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
