//! What the operations of one batch share: the connection, and when to leave the rest of the batch.

use ldap3::LdapResult;
use tokio::sync::Mutex;

use super::{Generation, Ldap, outcome};
use crate::directory::DirectoryError;

/// Connections lost in one batch after which the rest of it is left: each may leave a window of unknown outcomes.
const LOSSES: u32 = 3;
/// Refusals one after the other, for a reason that is the server's and not the entry's, after which the rest is
/// left: a read-only server or a full disk says the same of each of a million entries. A write that was sent several
/// times to a busy server counts as often.
const REFUSALS: u32 = 32;

#[derive(Default)]
pub(super) struct Batch {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The connection in use; it counts as a loss when it has to be replaced.
    last: Option<Generation>,
    losses: u32,
    refusals: u32,
    /// Why nothing more is sent.
    down: Option<DirectoryError>,
}

impl Batch {
    /// The connection to send over, opened anew when the last one was lost.
    pub async fn handle(&self, ldap: &Ldap) -> Result<(ldap3::Ldap, Generation), DirectoryError> {
        let mut state = self.state.lock().await;
        if let Some(error) = &state.down {
            return Err(error.clone());
        }
        let error = match ldap.patient_handle().await {
            Ok((handle, generation)) => {
                if state.last.replace(generation).is_some_and(|before| before != generation) {
                    state.losses += 1;
                    tracing::warn!(server = ldap.connector.server, losses = state.losses, "connected again");
                }
                if state.losses < LOSSES {
                    return Ok((handle, generation));
                }
                ldap.connector.unreachable(format!("the connection broke {LOSSES} times in one batch"))
            }
            Err(error) => error,
        };
        state.down = Some(error.clone());
        Err(error)
    }

    /// A write was carried out.
    pub async fn note_done(&self) {
        self.state.lock().await.refusals = 0;
    }

    /// A write was refused for good; `attempts` is how often it was sent.
    pub async fn note_refused(&self, ldap: &Ldap, result: &LdapResult, attempts: u32) {
        if !outcome::is_the_servers(result.rc) {
            return;
        }
        let mut state = self.state.lock().await;
        state.refusals += attempts;
        if state.refusals >= REFUSALS && state.down.is_none() {
            let reason = format!("one write after the other is refused, {}", outcome::in_words(result));
            state.down = Some(DirectoryError::Stopped { server: ldap.connector.server.clone(), reason });
        }
    }
}
