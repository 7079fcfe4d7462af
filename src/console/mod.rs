//! The web console: what the nightly runs did and what they hold, school by school and person by person, in a browser.
//!
//! It looks and changes nothing: every page is made on the server from what [`store`](crate::store),
//! [`plan`](crate::plan) and [`directory`](crate::directory) give to anybody, in French, without script and without
//! anything from elsewhere. It takes no run lock, so that a night goes on while somebody looks.
//!
//! It is for the administrator on the machine itself: it listens on a loopback address only, and [`access`] lets in
//! whoever has the key that the program printed at its start. What it shows is never a secret: no password, hash or
//! sealed text is even read from the store. That somebody came in, and whose page was looked at, is on the trail.
//!
//! Its walls: [`access`] decides who may, [`server`] keeps connections within limits, [`frame`] is the page around a
//! page, and each page is a file of its own. No page reads the clock: the program gives it.

mod access;
mod dashboard;
mod failure;
mod frame;
mod last_plan;
mod people;
mod person;
mod plan_page;
mod probe;
mod school;
mod schools;
mod server;
#[cfg(test)]
mod tests;
mod who;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::get;
use jiff::Zoned;
use tokio::sync::Semaphore;

use crate::audit::{AuditError, Trail};
use crate::config::Config;
use crate::store::Store;

use access::Access;
use failure::Failure;
use last_plan::LastPlan;

pub use server::ServeError;

/// Plans rendered at once: each sorts its changes on disk and keeps a core busy.
const RENDERINGS: usize = 2;

/// How long a page may wait for the trail to be written: a night that accepts a large delivery holds the store's writer
/// for some time. The event is kept and written later.
const TRAIL_PATIENCE: Duration = Duration::from_secs(2);

/// What tells the time, and in which zone dates are shown.
pub type Clock = Box<dyn Fn() -> Zoned + Send + Sync>;

/// An installation to look at.
pub struct Console {
    config: Config,
    store: Store,
    trail: Trail,
    clock: Clock,
    access: Access,
    last_plan: LastPlan,
    renderings: Arc<Semaphore>,
}

impl Console {
    /// A console on `store`, to be served at `address`. A key is drawn for it.
    #[must_use]
    pub fn new(config: Config, store: Store, trail: Trail, clock: Clock, address: SocketAddr) -> Self {
        Self {
            config,
            store,
            trail,
            clock,
            access: Access::new(address),
            last_plan: LastPlan::default(),
            renderings: Arc::new(Semaphore::new(RENDERINGS)),
        }
    }

    /// The address that opens it, key included: for the person who started it and for nobody else.
    #[must_use]
    pub fn url(&self) -> String {
        self.access.url()
    }

    fn now(&self) -> Zoned {
        (self.clock)()
    }

    /// Writes what was recorded. One that has to wait too long stays gathered, and goes with the next.
    async fn note_down(&self) {
        match tokio::time::timeout(TRAIL_PATIENCE, self.trail.flush()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the trail waits"),
            Err(_) => tracing::warn!("the trail waits: the store is busy"),
        }
    }
}

/// Serves until `stop` comes, lets the pages under way be finished, and gives the console back.
///
/// # Errors
/// When the socket stops accepting.
pub async fn serve(
    listener: tokio::net::TcpListener,
    console: Arc<Console>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    server::serve(listener, router(console), stop).await
}

impl Console {
    /// Writes what is left of the trail, onto the disk.
    ///
    /// # Errors
    /// When the store fails: the events go to the file beside it.
    pub async fn finish(&self) -> Result<crate::audit::Head, AuditError> {
        let head = self.trail.flush().await?;
        self.store.durable().await?;
        Ok(head)
    }

    /// The trail, for what the caller has to say of the whole.
    pub const fn trail(&self) -> &Trail {
        &self.trail
    }
}

fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(dashboard::page))
        .route("/plans/{plan}", get(plan_page::page))
        .route("/etablissements", get(schools::page))
        .route("/etablissements/{uai}", get(school::page))
        .route("/personnes", get(people::page))
        .route("/personnes/{key}", get(person::page))
        .route(access::READY, get(probe::ready))
        .route(access::METRICS, get(probe::metrics))
        .route(access::HEALTH, get(async || (StatusCode::OK, "ok\n")))
        .fallback(async || Failure::NotFound("Cette page n'existe pas.").into_response())
        .layer(from_fn_with_state(Arc::clone(&console), access::guard))
        .layer(from_fn(frame::harden))
        .with_state(console)
}
