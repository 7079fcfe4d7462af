//! Writing: several operations in flight on one connection, each with the outcome that is known of it.
//!
//! An operation that was sent and not answered is *unknown*, never retried: only the server knows. One that was not
//! sent goes over a new connection. A server that cannot be reached again, or that refuses one write like the other, is
//! not tried anew for each of the thousands of operations that are left.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use ldap3::controls::RawControl;
use ldap3::{LdapError, LdapResult, Mod};
use tokio::time::sleep;

use super::batch::Batch;
use super::guard::{self, Whole};
use super::outcome::{Outcome, judge};
use super::{ATTEMPTS, FIRST_WAIT, Ldap, assertion, connection};
use crate::directory::{DirectoryError, Operation, Pace, Value};

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
    let (operation, conditions) = operation.parts();
    let dn = || operation.dn().to_string();
    let asserts = !conditions.is_empty() && ldap.asserts().await;
    // The same operation with whole attributes, once the server has refused to find their values.
    let mut whole: Option<Whole> = None;
    let mut wait = FIRST_WAIT;
    let mut attempts = 0;
    loop {
        pace.ready().await;
        let (mut handle, generation) = batch.handle(ldap).await?;
        if !conditions.is_empty() && !asserts && whole.is_none() {
            guard::look_first(ldap, operation.dn(), &conditions).await?;
        }
        handle.with_timeout(ldap.connector.patience);
        let sent = Instant::now();
        let answer = match &whole {
            Some(whole) => {
                attach(&mut handle, whole.control.clone());
                handle.modify(operation.dn().as_str(), whole.parts()).await
            }
            None => {
                attach(&mut handle, asserts.then(|| assertion::control(&conditions)));
                send(&mut handle, operation).await
            }
        };
        match answer {
            Ok(result) => match (judge(operation, &result), operation) {
                (Outcome::Done, _) => {
                    batch.note_done().await;
                    pace.answered(sent.elapsed());
                    return Ok(());
                }
                (_, Operation::Modify { dn, modifications })
                    if whole.is_none() && guard::needs_whole(&result, modifications) =>
                {
                    whole = Some(guard::whole(ldap, dn, modifications, &conditions).await?);
                }
                (Outcome::Failed(error), _) => {
                    batch.note_refused(ldap, &result, 1).await;
                    pace.answered(sent.elapsed());
                    return Err(error);
                }
                (Outcome::Later(reason), _) => {
                    pace.busy(operation.dn());
                    attempts += 1;
                    if attempts == ATTEMPTS {
                        batch.note_refused(ldap, &result, attempts).await;
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

fn attach(handle: &mut ldap3::Ldap, control: Option<RawControl>) {
    if let Some(control) = control {
        handle.with_controls(vec![control]);
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
        Operation::Rename { to, .. } => handle.modifydn(dn, to.rdn(), true, None).await,
        // `parts` has taken the conditions off.
        Operation::OnlyIf { operation, .. } => Box::pin(send(handle, operation)).await,
    }
}

fn set(values: &[Value]) -> HashSet<&[u8]> {
    values.iter().map(Value::as_bytes).collect()
}
