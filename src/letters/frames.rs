//! What goes over the pipes between a program and its typesetting child.
//!
//! Each message is a frame: one byte of kind, four of length (little endian), then that many bytes. A request's body
//! is JSON with a batch in clear, an answer's body is a PDF file or a JSON error. A frame that claims to be longer than
//! [`LONGEST`] is refused before any memory is taken for it.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sheet::Batch;

/// Longest body, in bytes: a thousand sheets take 15 MB.
pub(super) const LONGEST: u32 = 256 << 20;

/// Bytes before the body.
pub(super) const HEADER: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Request = 1,
    Pdf = 2,
    Error = 3,
}

/// The header of a frame, and back.
pub(super) fn header(kind: Kind, length: usize) -> io::Result<[u8; HEADER]> {
    let length = u32::try_from(length).ok().filter(|&length| length <= LONGEST).ok_or_else(|| broken("too long"))?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind as u8, a, b, c, d])
}

pub(super) fn parse_header([kind, a, b, c, d]: [u8; HEADER]) -> io::Result<(Kind, usize)> {
    let kind = match kind {
        1 => Kind::Request,
        2 => Kind::Pdf,
        3 => Kind::Error,
        _ => return Err(broken("of an unknown kind")),
    };
    let length = u32::from_le_bytes([a, b, c, d]);
    if length > LONGEST {
        return Err(broken("too long"));
    }
    Ok((kind, length as usize))
}

/// The next frame, or `None` at the end of the stream. The body is wiped when dropped.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<(Kind, Zeroizing<Vec<u8>>)>> {
    let mut head = [0; HEADER];
    // An end before the first byte is a proper end; an end inside a frame is not.
    let mut first = [0; 1];
    if input.read(&mut first)? == 0 {
        return Ok(None);
    }
    let (start, rest) = head.split_at_mut(1);
    start.copy_from_slice(&first);
    input.read_exact(rest)?;
    let (kind, length) = parse_header(head)?;
    let mut body = Zeroizing::new(vec![0; length]);
    input.read_exact(&mut body)?;
    Ok(Some((kind, body)))
}

pub(super) fn write(output: &mut impl Write, kind: Kind, body: &[u8]) -> io::Result<()> {
    output.write_all(&header(kind, body.len())?)?;
    output.write_all(body)?;
    output.flush()
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a frame is {what}"))
}

/// What the child is asked.
#[derive(Serialize)]
struct RequestRef<'a> {
    template: Option<&'a str>,
    batch: &'a Batch,
}

#[derive(Deserialize)]
pub(super) struct Request {
    pub(super) template: Option<String>,
    pub(super) batch: Batch,
}

/// The body of a request. Written twice, first to count, so that the buffer never grows and leaves no copy of a
/// password behind.
pub(super) fn request(batch: &Batch, template: Option<&str>) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let request = RequestRef { template, batch };
    let mut count = Count(0);
    serde_json::to_writer(&mut count, &request)?;
    let mut body = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *body, &request)?;
    Ok(body)
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_whole() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Request, b"one").unwrap();
        write(&mut pipe, Kind::Error, b"").unwrap();
        let mut input = pipe.as_slice();
        let (kind, body) = read(&mut input).unwrap().unwrap();
        assert_eq!((kind, body.as_slice()), (Kind::Request, b"one".as_slice()));
        assert_eq!(read(&mut input).unwrap().unwrap().0, Kind::Error);
        assert!(read(&mut input).unwrap().is_none());
    }

    #[test]
    fn broken_frames_are_errors() {
        assert!(read(&mut [1, 9, 0, 0, 0, b'x'].as_slice()).is_err(), "cut short");
        assert!(read(&mut [1, 255, 255, 255, 255].as_slice()).is_err(), "too long");
        assert!(read(&mut [7, 0, 0, 0, 0].as_slice()).is_err(), "unknown kind");
        assert!(read(&mut [1, 9].as_slice()).is_err(), "half a header");
    }
}
