//! Connections, within limits: how many, how long a request's head may take, how large it may be; and an end that
//! waits for the pages under way, but not for ever.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; a browser opens six. Others wait their turn.
const CONNECTIONS: usize = 64;
/// For the head of a request; an idle connection is closed after it.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a request's head: ours have a path and a cookie.
const HEAD_SIZE: usize = 16 << 10;
/// How long pages under way may take when the console ends.
const END_PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts to accept when the system has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the console stopped.
#[derive(Debug, thiserror::Error)]
#[error("the console cannot accept connections any more")]
pub struct ServeError(#[source] std::io::Error);

/// Answers on `listener` until `stop`.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).max_buf_size(HEAD_SIZE);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let under_way = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // Never closed: a place comes in the end.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            () = &mut stop => break,
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => (stream, place),
                Err(error) if is_passing(&error) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => return Err(ServeError(error)),
            },
        };
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = under_way.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // A connection that breaks, or is no HTTP, is its client's own trouble.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    if tokio::time::timeout(END_PATIENCE, under_way.shutdown()).await.is_err() {
        tracing::info!("a page was still under way when the console ended");
    }
    Ok(())
}

/// A client that went away, or a shortage that ends: the next attempt may succeed.
fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    let shortage = matches!(error.raw_os_error(), Some(code) if [
        rustix::io::Errno::MFILE.raw_os_error(),
        rustix::io::Errno::NFILE.raw_os_error(),
        rustix::io::Errno::NOBUFS.raw_os_error(),
        rustix::io::Errno::NOMEM.raw_os_error(),
    ].contains(&code));
    shortage || matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
