//! Writing: several operations in flight on one connection, each with the outcome that is known of it.
//!
//! An operation that was sent and not answered is *unknown*, never retried: only the server knows. One that was not
//! sent goes over a new connection. A server that cannot be reached again is not tried anew for each of the thousands
//! of operations that are left.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use ldap3::{LdapError, LdapResult, Mod};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::outcome::{Outcome, judge};
use super::{Generation, Ldap, connection};
use crate::directory::{DirectoryError, Operation, Pace, Value};

/// How many times an operation is sent to a server that answers `busy` or `unavailable`.
const ATTEMPTS: u32 = 6;
/// The wait after the first such answer; it doubles, to 3 s: some 6 s in all.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Waits before the tries to connect again: a service that restarts is back by then.
const RECONNECT_WAITS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(300),
    Duration::from_millis(700),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// Connections lost in one batch after which the rest of it is left: each may leave a window of unknown outcomes.
const LOSSES: u32 = 3;

/// What the operations of one batch share.
#[derive(Default)]
struct Batch {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The connection in use; it counts as a loss when it has to be replaced.
    last: Option<Generation>,
    losses: u32,
    /// Why nothing more is sent.
    down: Option<DirectoryError>,
}

pub(super) async fn execute(ldap: &Ldap, operations: &[Operation], pace: &Pace) -> Vec<Result<(), DirectoryError>> {
    let (batch, next) = (Batch::default(), AtomicUsize::new(0));
    // As many workers as operations may be in flight: one that waits for a busy server does not hold back the others.
    let worker = || async {
        let mut outcomes = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(operation) = operations.get(i) else { return outcomes };
            outcomes.push((i, run(ldap, &batch, operation, pace).await));
        }
    };
    let workers: FuturesUnordered<_> = (0..ldap.window).map(|_| worker()).collect();
    let mut outcomes = workers.concat().await;
    outcomes.sort_unstable_by_key(|(i, _)| *i);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn run(ldap: &Ldap, batch: &Batch, operation: &Operation, pace: &Pace) -> Result<(), DirectoryError> {
    let dn = || operation.dn().to_string();
    let mut wait = FIRST_WAIT;
    let mut attempts = 0;
    loop {
        pace.ready().await;
        let (mut handle, generation) = batch.handle(ldap).await?;
        handle.with_timeout(ldap.connector.patience);
        match send(&mut handle, operation).await {
            Ok(result) => match judge(operation, &result) {
                Outcome::Done => return Ok(()),
                Outcome::Failed(error) => return Err(error),
                Outcome::Later(reason) => {
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        return Err(DirectoryError::Unavailable { dn: dn(), reason, attempts });
                    }
                    sleep(wait).await;
                    wait *= 2;
                }
            },
            // It never left this process: the connection had ended. Each turn here is a lost connection, which the
            // batch counts, so that this ends.
            Err(LdapError::OpSend { .. }) => ldap.discard(generation).await,
            Err(LdapError::AddNoValues) => {
                let reason = "an attribute without value".to_owned();
                return Err(DirectoryError::Rejected { dn: dn(), code: 2, reason });
            }
            Err(error) => {
                ldap.discard(generation).await;
                return Err(DirectoryError::Unknown { dn: dn(), reason: connection::explain(&error) });
            }
        }
    }
}

impl Batch {
    /// The connection to send over, opened anew when the last one was lost.
    async fn handle(&self, ldap: &Ldap) -> Result<(ldap3::Ldap, Generation), DirectoryError> {
        let mut state = self.state.lock().await;
        if let Some(error) = &state.down {
            return Err(error.clone());
        }
        let mut last = None;
        for wait in RECONNECT_WAITS {
            // Even a sleep of nothing lasts to the next millisecond, and this is on the way of every operation.
            if !wait.is_zero() {
                sleep(wait).await;
            }
            match ldap.handle().await {
                Ok((handle, generation)) => {
                    if state.last.replace(generation).is_some_and(|before| before != generation) {
                        state.losses += 1;
                        tracing::warn!(server = ldap.connector.server, losses = state.losses, "connected again");
                    }
                    if state.losses < LOSSES {
                        return Ok((handle, generation));
                    }
                    last =
                        Some(ldap.connector.unreachable(format!("the connection broke {LOSSES} times in one batch")));
                    break;
                }
                Err(error @ DirectoryError::Unreachable { .. }) => last = Some(error),
                Err(error) => {
                    last = Some(error);
                    break;
                }
            }
        }
        let error = last.unwrap_or_else(|| ldap.connector.unreachable("no connection"));
        state.down = Some(error.clone());
        Err(error)
    }
}

async fn send(handle: &mut ldap3::Ldap, operation: &Operation) -> Result<LdapResult, LdapError> {
    let dn = operation.dn().as_str();
    match operation {
        Operation::Add(entry) => {
            let attributes = entry.attributes.iter().map(|(name, values)| (name.as_bytes(), set(values))).collect();
            handle.add(dn, attributes).await
        }
        Operation::Modify { modifications, .. } => {
            let mut parts = Vec::with_capacity(2 * modifications.len());
            for modification in modifications {
                let name = modification.attribute.as_bytes();
                // An empty set would delete the whole attribute.
                if !modification.delete.is_empty() {
                    parts.push(Mod::Delete(name, set(&modification.delete)));
                }
                if !modification.add.is_empty() {
                    parts.push(Mod::Add(name, set(&modification.add)));
                }
            }
            handle.modify(dn, parts).await
        }
        Operation::Delete(_) => handle.delete(dn).await,
    }
}

fn set(values: &[Value]) -> HashSet<&[u8]> {
    values.iter().map(Value::as_bytes).collect()
}
