//! What an apply did, and why it stopped when it did not do everything.

use serde::Serialize;

use crate::credentials::Scheme;
use crate::directory::Slowdown;
use crate::plan::ChangeKind;

/// What an apply did.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Applied {
    pub done: u64,
    /// Already done by an earlier, interrupted run.
    pub already: u64,
    /// Left out because the entry is no longer what the plan saw.
    pub moved: Vec<Left>,
    pub failed: Vec<Left>,
    /// Not sent, because the run stopped before.
    pub not_done: u64,
    /// Sent, perhaps carried out, and the directory could not be asked: the next run does.
    pub unknown: u64,
    pub credentials: u64,
    /// How the passwords were hashed, when any was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<Scheme>,
    pub seconds: f64,
    /// Why the run stopped before its end.
    pub stopped: Option<Stopped>,
    /// What made the pace slower.
    pub slowdown: Option<Slowdown>,
}

/// A run that stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    pub why: Stop,
    /// For people: what is in the way.
    pub text: String,
}

impl Stopped {
    pub(super) const fn new(why: Stop, text: String) -> Self {
        Self { why, text }
    }
}

/// What a run stops for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// It is not the time to write (`directory.write_window`).
    Hours,
    /// The server is gone, or refuses every write.
    Server,
    /// What was written of the schools that go first, read back, is not what the plan says.
    Canary,
}

impl Applied {
    /// Whether something of the plan is still to be sent or asked.
    pub const fn is_unfinished(&self) -> bool {
        self.stopped.is_some() || self.unknown > 0
    }

    /// Of a plan with so many changes that may not begin yet: an interrupted one comes first, and is not settled.
    pub fn put_off(changes: u64) -> Self {
        Self { not_done: changes, ..Self::default() }
    }

    /// Adds what another part of the same run did.
    pub fn absorb(&mut self, other: Self) {
        self.done += other.done;
        self.already += other.already;
        self.moved.extend(other.moved);
        self.failed.extend(other.failed);
        self.not_done += other.not_done;
        self.unknown += other.unknown;
        self.credentials += other.credentials;
        self.scheme = self.scheme.or(other.scheme);
        self.seconds += other.seconds;
        self.stopped = self.stopped.take().or(other.stopped);
        self.slowdown = self.slowdown.or(other.slowdown);
    }
}

/// A change that was not carried out.
#[derive(Debug, Clone, Serialize)]
pub struct Left {
    pub seq: u64,
    pub kind: ChangeKind,
    pub dn: String,
    pub reason: String,
}
