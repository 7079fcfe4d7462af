//! The writer. It writes no `version: 1`: the line is optional, and OpenLDAP's `slapadd` refuses a file that has it in a
//! paragraph of its own.

use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::is_safe;
use crate::directory::{Entry, Modification, Operation, Value};

/// Columns per line, as RFC 2849 examples and OpenLDAP's tools have it.
const WIDTH: usize = 76;

/// Writes a content record, with the empty line that ends it. An entry without attributes is still a record.
///
/// # Errors
/// When `out` fails.
pub fn write_entry(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    line(out, "dn", entry.dn.as_str().as_bytes())?;
    attributes(out, entry)?;
    out.write_all(b"\n")
}

/// Writes a change record, as `ldapmodify` takes it. Values to delete and to add of one attribute follow each other,
/// in that order. Conditions have no form in a change record and are left out.
///
/// # Errors
/// When `out` fails.
pub fn write_operation(out: &mut impl Write, operation: &Operation) -> io::Result<()> {
    let (operation, _) = operation.parts();
    line(out, "dn", operation.dn().as_str().as_bytes())?;
    match operation {
        Operation::Add(entry) => {
            out.write_all(b"changetype: add\n")?;
            attributes(out, entry)?;
        }
        Operation::Delete(_) => out.write_all(b"changetype: delete\n")?,
        Operation::Rename { to, .. } => {
            out.write_all(b"changetype: modrdn\n")?;
            line(out, "newrdn", to.rdn().as_bytes())?;
            out.write_all(b"deleteoldrdn: 1\n")?;
        }
        // `parts` has taken the conditions off.
        Operation::OnlyIf { .. } => {}
        Operation::Modify { modifications, .. } => {
            out.write_all(b"changetype: modify\n")?;
            for Modification { attribute, delete, add } in modifications {
                for (verb, values) in [("delete", delete), ("add", add)] {
                    if values.is_empty() {
                        continue;
                    }
                    line(out, verb, attribute.as_bytes())?;
                    lines(out, attribute, values)?;
                    out.write_all(b"-\n")?;
                }
            }
        }
    }
    out.write_all(b"\n")
}

fn attributes(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    entry.attributes.iter().try_for_each(|(name, values)| lines(out, name, values))
}

fn lines(out: &mut impl Write, name: &str, values: &[Value]) -> io::Result<()> {
    values.iter().try_for_each(|value| line(out, name, value.as_bytes()))
}

fn line(out: &mut impl Write, name: &str, value: &[u8]) -> io::Result<()> {
    let mut text = Vec::with_capacity(name.len() + 2 + value.len());
    text.extend_from_slice(name.as_bytes());
    if value.is_empty() {
        text.push(b':');
    } else if is_safe(value) {
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
    } else {
        text.extend_from_slice(b":: ");
        text.extend_from_slice(BASE64_STANDARD.encode(value).as_bytes());
    }
    fold(out, &text)
}

/// A continuation line begins with a space, which counts in its width.
fn fold(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    let (mut head, mut rest) = text.split_at(text.len().min(WIDTH));
    loop {
        out.write_all(head)?;
        out.write_all(b"\n")?;
        if rest.is_empty() {
            return Ok(());
        }
        out.write_all(b" ")?;
        (head, rest) = rest.split_at(rest.len().min(WIDTH - 1));
    }
}
