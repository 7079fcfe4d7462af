//! The reader of content records.

use std::io::{self, BufRead, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::directory::{Dn, DnError, Entry, Value};

/// Bytes of one record: a group of 100,000 members takes some 6 MB.
const RECORD_LIMIT: usize = 64 << 20;

/// Where a file is not LDIF, and how.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LdifError {
    /// From 1; where the logical line begins.
    pub line: u64,
    #[source]
    pub problem: LdifProblem,
}

#[derive(Debug, thiserror::Error)]
pub enum LdifProblem {
    #[error("cannot read")]
    Read(#[from] io::Error),
    #[error("not UTF-8")]
    Encoding,
    #[error("a record of more than {RECORD_LIMIT} bytes")]
    TooLong,
    #[error("a continuation line that continues nothing")]
    Dangling,
    #[error("expected `attribute: value`")]
    NotAValue,
    #[error("a record must begin with `dn:`")]
    NoDn,
    #[error("not a distinguished name")]
    Dn(#[from] DnError),
    #[error("a value that is not base64")]
    Base64,
    #[error("a value that names a file or URL is refused")]
    External,
    #[error("a change record where an entry was expected")]
    Change,
}

/// Streams the entries of an LDIF file. After an error it ends.
pub struct Reader<R> {
    input: R,
    /// Physical lines read so far.
    read: u64,
    /// The physical line that ended the previous logical one.
    pending: Option<Vec<u8>>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    pub const fn new(input: R) -> Self {
        Self { input, read: 0, pending: None, ended: false }
    }

    /// One physical line without its end, or `None` at the end of the input.
    fn physical(&mut self, budget: usize) -> Result<Option<Vec<u8>>, LdifProblem> {
        let mut line = Vec::new();
        // One byte beyond the budget tells a line that just fits from one that is cut.
        let limit = budget as u64 + 3;
        if self.input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if line.pop_if(|b| *b == b'\n').is_some() {
            line.pop_if(|b| *b == b'\r');
        } else if line.len() as u64 == limit {
            return Err(LdifProblem::TooLong);
        }
        self.read += 1;
        Ok(Some(line))
    }

    /// One logical line (continuations joined, comments left out) and its number.
    fn logical(&mut self, budget: &mut usize) -> Result<Option<(u64, Vec<u8>)>, LdifError> {
        loop {
            let line = match self.pending.take() {
                Some(line) => Some(line),
                None => self.physical(*budget).map_err(|problem| LdifError { line: self.read + 1, problem })?,
            };
            let number = self.read;
            let Some(mut line) = line else { return Ok(None) };
            let fail = |problem| LdifError { line: number, problem };
            if line.first() == Some(&b' ') {
                return Err(fail(LdifProblem::Dangling));
            }
            while let Some(next) = if line.is_empty() { None } else { self.physical(*budget).map_err(fail)? } {
                match next.split_first() {
                    Some((b' ', rest)) => line.extend_from_slice(rest),
                    _ => {
                        self.pending = Some(next);
                        break;
                    }
                }
                if line.len() > *budget {
                    return Err(fail(LdifProblem::TooLong));
                }
            }
            *budget = budget.checked_sub(line.len()).ok_or_else(|| fail(LdifProblem::TooLong))?;
            if line.first() != Some(&b'#') {
                return Ok(Some((number, line)));
            }
        }
    }

    fn record(&mut self) -> Result<Option<Entry>, LdifError> {
        let mut budget = RECORD_LIMIT;
        let mut entry: Option<Entry> = None;
        while let Some((line, text)) = self.logical(&mut budget)? {
            let fail = |problem| LdifError { line, problem };
            if text.is_empty() {
                if entry.is_some() {
                    break;
                }
                continue;
            }
            let (name, value) = attribute(&text).map_err(fail)?;
            let Some(entry) = &mut entry else {
                if name.eq_ignore_ascii_case("version") {
                    continue;
                }
                if !name.eq_ignore_ascii_case("dn") {
                    return Err(fail(LdifProblem::NoDn));
                }
                let dn = value.as_text().ok_or_else(|| fail(LdifProblem::Encoding))?;
                entry = Some(Entry::new(Dn::parse(dn).map_err(|e| fail(e.into()))?));
                continue;
            };
            if entry.attributes.is_empty() && (name.eq_ignore_ascii_case("changetype") || name == "control") {
                return Err(fail(LdifProblem::Change));
            }
            entry.push(name, [value]);
        }
        Ok(entry)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Entry, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.record().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Splits a logical line into the attribute's name and its value.
fn attribute(text: &[u8]) -> Result<(&str, Value), LdifProblem> {
    let colon = text.iter().position(|&b| b == b':').ok_or(LdifProblem::NotAValue)?;
    let (name, value) = text.split_at(colon);
    let name = std::str::from_utf8(name).map_err(|_| LdifProblem::Encoding)?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(LdifProblem::NotAValue);
    }
    match value.get(1) {
        Some(b':') => {
            let encoded = value.get(2..).unwrap_or_default().trim_ascii();
            BASE64_STANDARD.decode(encoded).map(|v| (name, Value::from_bytes(v))).map_err(|_| LdifProblem::Base64)
        }
        Some(b'<') => Err(LdifProblem::External),
        _ => {
            let value = value.get(1..).unwrap_or_default();
            let fill = value.iter().take_while(|b| **b == b' ').count();
            Ok((name, Value::from_bytes(value.get(fill..).unwrap_or_default().to_vec())))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::ldif::{write_entry, write_operation};
    use crate::directory::{Modification, Operation};

    fn read(text: &[u8]) -> Result<Vec<Entry>, LdifError> {
        Reader::new(text).collect()
    }

    fn written(entry: &Entry) -> String {
        let mut out = Vec::new();
        write_entry(&mut out, entry).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut entry = Entry::new(Dn::parse("cn=0350001A_3E A\\, \\+\\\"é,ou=groups,dc=fr").unwrap());
        entry.push("objectClass", ["ENTClasse"]);
        entry.push("description", [" leading", "trailing ", ":colon", "<less", "two\nlines", "Zoé", ""]);
        entry.push("member", [format!("uid={},ou=people,dc=fr", "x".repeat(200))]);
        entry.attributes.push(("jpegPhoto".into(), vec![Value::Octets(vec![0xff, 0xd8, 0])]));
        let text = written(&entry);
        assert!(text.lines().all(|l| l.len() <= 76), "{text}");
        assert!(text.contains("\ndescription:\n"), "{text}");
        let mut file = b"version: 1\n\n".to_vec();
        file.extend(text.as_bytes());
        file.extend(text.replace('\n', "\r\n").as_bytes());
        assert_eq!(read(&file).unwrap(), [entry.clone(), entry]);
    }

    #[test]
    fn changes_are_written_for_ldapmodify() {
        let dn = Dn::parse("cn=g,dc=fr").unwrap();
        let modification =
            Modification { attribute: "member".into(), delete: vec!["".into()], add: vec!["uid=a,dc=fr".into()] };
        let mut out = Vec::new();
        write_operation(&mut out, &Operation::Modify { dn: dn.clone(), modifications: vec![modification] }).unwrap();
        let to = Dn::parse("uid=é,dc=fr").unwrap();
        write_operation(&mut out, &Operation::Rename { dn: dn.clone(), to }).unwrap();
        write_operation(&mut out, &Operation::Delete(dn)).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "dn: cn=g,dc=fr\nchangetype: modify\ndelete: member\nmember:\n-\nadd: member\nmember: uid=a,dc=fr\n-\n\n\
             dn: cn=g,dc=fr\nchangetype: modrdn\nnewrdn:: dWlkPcOp\ndeleteoldrdn: 1\n\n\
             dn: cn=g,dc=fr\nchangetype: delete\n\n"
        );
    }

    #[test]
    fn files_that_are_not_ldif() {
        for (text, line) in [
            ("cn: a\n", 1),
            (" dn: dc=fr\n", 1),
            ("dn: dc=fr\nnonsense\n", 2),
            ("dn: dc=fr\ncn:: *\n", 2),
            ("dn: dc=fr\njpegPhoto:< file:///etc/passwd\n", 2),
            ("dn: dc=fr\nchangetype: delete\n", 2),
            ("\ndn: nonsense\n", 2),
            ("dn: dc=fr\nbad name: x\n", 2),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
        assert!(read(b"# only a comment\n that goes on\n\n").unwrap().is_empty());
    }

    #[test]
    fn a_record_is_bounded() {
        let endless = io::Cursor::new(b"dn: dc=fr\ncn: ").chain(io::repeat(b'a'));
        let error = Reader::new(io::BufReader::new(endless)).next().unwrap().unwrap_err();
        assert!(matches!(error.problem, LdifProblem::TooLong), "{error:?}");
        let folded = io::Cursor::new(b"dn: dc=fr\ncn: a\n").chain(io::BufReader::new(Folds));
        let error = Reader::new(folded).next().unwrap().unwrap_err();
        assert!(matches!(error.problem, LdifProblem::TooLong), "{error:?}");
    }

    /// An input of continuation lines that never ends.
    struct Folds;
    impl io::Read for Folds {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            for (i, b) in buffer.iter_mut().enumerate() {
                *b = match i % 64 {
                    0 => b' ',
                    63 => b'\n',
                    _ => b'a',
                };
            }
            Ok(buffer.len() / 64 * 64)
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5)) {
            let mut entry = Entry::new(Dn::parse("cn=x,dc=fr").unwrap());
            entry.push("a", values.into_iter().map(Value::from_bytes));
            let text = written(&entry);
            prop_assert!(text.lines().all(|l| l.len() <= 76 && l.is_ascii()));
            prop_assert_eq!(read(text.as_bytes()).unwrap(), vec![entry]);
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(read(&bytes));
        }
    }
}
