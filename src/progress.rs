//! How long work says how far it is, without knowing who looks.

/// Told by the stages of a run. Called often and from several threads: implementations throttle themselves.
pub trait Progress: Send + Sync {
    /// A stage begins; `total` in the unit of its `advance` calls when it is known.
    fn begin(&self, stage: &'static str, total: Option<u64>);
    fn advance(&self, by: u64);
    /// A line for the person who watches.
    fn note(&self, text: &str);
}

/// Nobody looks.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &'static str, _total: Option<u64>) {}
    fn advance(&self, _by: u64) {}
    fn note(&self, _text: &str) {}
}
