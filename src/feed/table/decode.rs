//! [`decode`]: the way from bytes to cells alone, as a measure of it.

use super::open::{BLOCK, Wanted, open};
use super::row::Piece;
use super::spec::TableSpec;
use crate::feed::archive::PartBytes;
use crate::feed::{Delivery, FeedError, Limits};

/// What tables hold, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Rows, headers included.
    pub rows: u64,
    /// Cells that are not blank.
    pub cells: u64,
    /// Bytes of their text.
    pub text: u64,
}

/// Takes every part of a delivery to cells of valid text, and no further: encoding found out, transcoded, cut into rows
/// and cells, digest computed. [`super::read`] does no more with bytes.
///
/// # Errors
/// When a part is refused; the message is that of the finding which [`super::read`] would give.
pub fn decode(delivery: &Delivery, spec: &TableSpec, limits: &Limits) -> Result<Decoded, FeedError> {
    let mut decoded = Decoded::default();
    let mut bytes = PartBytes::default();
    for part in &delivery.parts {
        let wanted = Wanted { limits, block: BLOCK, hash: true };
        let table = open(&mut bytes, part, spec, wanted).map_err(|e| FeedError::Table { reason: e.message })?;
        let mut rows = table.rows;
        let mut spare = Piece::default();
        loop {
            let cut = rows.next(spare);
            let page = cut.piece.into_page();
            for row in page.rows() {
                decoded.rows += 1;
                for cell in row.cells().filter(|cell| !cell.is_empty()) {
                    decoded.cells += 1;
                    decoded.text += cell.len() as u64;
                }
            }
            if cut.end.is_some() {
                break;
            }
            spare = page.into_spare();
        }
    }
    Ok(decoded)
}
