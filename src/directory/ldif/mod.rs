//! LDIF (RFC 2849): entries and changes as text, for exports, for a server's offline loader, and to be read back.
//!
//! [`write_entry`] and [`write_operation`] are the ways out; [`Reader`] is the way in, for content records only and with
//! bounds on what one record may hold. Values kept in files elsewhere (`attr:< url`) are refused: a data file must not
//! name others to read.

mod read;
mod write;

pub use read::{LdifError, LdifProblem, Reader};
pub use write::{write_entry, write_operation};

/// Whether a value may stand as it is after `attr: ` (RFC 2849 `SAFE-STRING`). A trailing space is kept by the grammar
/// but lost by editors, so such values are encoded too, as the RFC advises.
fn is_safe(value: &[u8]) -> bool {
    let Some((&first, _)) = value.split_first() else { return true };
    !matches!(first, b' ' | b':' | b'<')
        && value.last() != Some(&b' ')
        && value.iter().all(|&b| b < 0x80 && !matches!(b, 0 | b'\n' | b'\r'))
}
