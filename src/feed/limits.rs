//! What a delivery may cost before it is refused: a feed comes from outside and is never trusted with our memory.

/// Limits of one delivery. The defaults are several times what the largest academy sends.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Files in a folder or members in an archive, foreign ones included.
    pub files: usize,
    /// Folders inside folders.
    pub folders: usize,
    /// Unpacked bytes of all parts.
    pub unpacked: u64,
    /// Unpacked bytes for one packed byte, looked at once [`Limits::RATIO_FROM`] bytes are unpacked. AAF packs 10 to 30
    /// times; an archive made to fill a disk, a thousand times.
    pub ratio: u64,
    /// Bytes of one request.
    pub record: usize,
    /// Bytes of one value.
    pub value: usize,
    /// Elements inside elements; the grammar has six levels.
    pub depth: usize,
}

impl Limits {
    /// Below this many unpacked bytes, no ratio is suspicious.
    pub const RATIO_FROM: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 10_000, folders: 16, unpacked: 32 << 30, ratio: 200, record: 4 << 20, value: 1 << 20, depth: 32 }
    }
}
