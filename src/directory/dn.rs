//! Distinguished names (RFC 4514): kept as written, compared normalised.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// A distinguished name. Keeps the writing that it came with; equality, order and hash use the normalised form
/// (attribute types and values in lower case, spaces around separators removed, inner runs of spaces made one,
/// escapes in one canonical form), which is what `distinguishedNameMatch` over `caseIgnoreMatch` values means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dn {
    text: Box<str>,
    normalised: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a distinguished name: {reason}")]
pub struct DnError {
    pub text: String,
    pub reason: &'static str,
}

impl Dn {
    /// Parses the string form.
    ///
    /// # Errors
    /// When a component has no `=`, an escape is cut short, or a type is empty.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        let normalised = normalise(text).map_err(|reason| DnError { text: text.to_owned(), reason })?;
        Ok(Self { text: text.into(), normalised: normalised.into() })
    }

    /// `attribute=value,parent`, the value escaped.
    #[must_use]
    pub fn child(&self, attribute: &str, value: &str) -> Self {
        let mut text = format!("{attribute}={}", escape(value));
        if !self.text.is_empty() {
            text.push(',');
            text.push_str(&self.text);
        }
        let normalised = normalise(&text).unwrap_or_else(|_| text.to_lowercase());
        Self { text: text.into(), normalised: normalised.into() }
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form under which two writings of one name are equal.
    #[must_use]
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.normalised.is_empty()
    }

    /// The value of the first component, unescaped.
    #[must_use]
    pub fn rdn_value(&self) -> String {
        let first = split(&self.text, ',').next().and_then(|c| split(c, '+').next()).unwrap_or_default();
        let value = first.split_once('=').map_or("", |(_, v)| v);
        unescape(trim(value)).unwrap_or_default()
    }

    /// The type of the first component, in lower case.
    #[must_use]
    pub fn rdn_type(&self) -> String {
        self.normalised.split('=').next().unwrap_or_default().to_owned()
    }

    /// The first component, as written.
    #[must_use]
    pub fn rdn(&self) -> &str {
        split(&self.text, ',').next().map_or("", str::trim_start)
    }

    /// The types (in lower case) and values (unescaped) of the first component: more than one when it is joined by `+`.
    pub fn rdn_pairs(&self) -> impl Iterator<Item = (String, String)> {
        split(self.rdn(), '+').filter_map(|pair| {
            let (kind, value) = pair.split_once('=')?;
            Some((kind.trim().to_ascii_lowercase(), unescape(trim(value))?))
        })
    }

    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let mut parts = split(&self.text, ',');
        let first = parts.next()?;
        let rest = self.text.get(first.len() + 1..)?;
        Self::parse(rest.trim_start()).ok()
    }

    /// Whether it is `ancestor` or below it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        if ancestor.is_empty() || self == ancestor {
            return true;
        }
        // The comma before the ancestor must be a separator: one after an odd run of backslashes is a value's.
        self.normalised
            .strip_suffix(ancestor.normalised())
            .and_then(|head| head.strip_suffix(','))
            .is_some_and(|head| (head.len() - head.trim_end_matches('\\').len()).is_multiple_of(2))
    }

    /// The components of the normalised form, the entry's own first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        split(&self.normalised, ',').filter(|c| !c.is_empty())
    }
}

impl PartialEq for Dn {
    fn eq(&self, other: &Self) -> bool {
        self.normalised == other.normalised
    }
}
impl Eq for Dn {}
impl Hash for Dn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normalised.hash(state);
    }
}
impl PartialOrd for Dn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Dn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.normalised.cmp(&other.normalised)
    }
}
impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl TryFrom<String> for Dn {
    type Error = DnError;
    fn try_from(text: String) -> Result<Self, DnError> {
        Self::parse(&text)
    }
}
impl From<Dn> for String {
    fn from(dn: Dn) -> Self {
        dn.text.into()
    }
}

/// Escapes an attribute value for a DN (RFC 4514 §2.4).
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 4);
    let last = value.chars().count().saturating_sub(1);
    for (i, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => {
                out.push('\\');
                out.push(c);
            }
            ' ' | '#' if i == 0 => {
                out.push('\\');
                out.push(c);
            }
            ' ' if i == last => out.push_str("\\ "),
            c if (c as u32) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\{:02x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Undoes [`escape`]; `None` when an escape is cut short or the bytes are not UTF-8.
fn unescape(value: &str) -> Option<String> {
    if !value.contains('\\') {
        return Some(value.to_owned());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        if b != b'\\' {
            bytes.push(b);
            rest = tail;
            continue;
        }
        // Two hexadecimal digits and nothing else: the parser of numbers would take the `+` of an escaped `+3` for a
        // sign.
        let hex = tail.get(..2).filter(|h| h.iter().all(u8::is_ascii_hexdigit));
        let hex = hex.and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        if let Some(byte) = hex {
            bytes.push(byte);
            rest = tail.get(2..)?;
        } else {
            bytes.push(*tail.first()?);
            rest = tail.get(1..)?;
        }
    }
    String::from_utf8(bytes).ok()
}

/// Splits at an unescaped separator.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        for (i, c) in text.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == separator {
                rest = text.get(i + c.len_utf8()..);
                return text.get(..i);
            }
        }
        rest = None;
        Some(text)
    })
}

/// Takes away the spaces around a value as written, leaving a last one that is escaped.
fn trim(value: &str) -> &str {
    let value = value.trim_start_matches(' ');
    let trimmed = value.trim_end_matches(' ');
    let backslashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    if backslashes.is_multiple_of(2) { trimmed } else { value.get(..=trimmed.len()).unwrap_or(trimmed) }
}

fn normalise(text: &str) -> Result<String, &'static str> {
    if is_plain(text) {
        return Ok(text.to_ascii_lowercase());
    }
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    let mut out = String::with_capacity(text.len());
    for (i, component) in split(text, ',').enumerate() {
        if i > 0 {
            out.push(',');
        }
        let mut pairs = Vec::with_capacity(1);
        for pair in split(component, '+') {
            let (kind, value) = pair.split_once('=').ok_or("a component has no =")?;
            let kind = kind.trim().to_ascii_lowercase();
            if kind.is_empty() {
                return Err("a component has no attribute type");
            }
            let value = unescape(trim(value)).ok_or("an escape is cut short")?;
            pairs.push(format!("{kind}={}", escape(&fold(&value))));
        }
        pairs.sort();
        out.push_str(&pairs.join("+"));
    }
    Ok(out)
}

/// The form under which `caseIgnoreMatch` compares a value: compatibility forms made one (RFC 4518), lower case, inner
/// runs of spaces made one, outer ones gone.
#[must_use]
pub(super) fn fold(value: &str) -> String {
    let folded =
        if value.is_ascii() { value.to_ascii_lowercase() } else { value.nfkc().collect::<String>().to_lowercase() };
    let mut out = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether lower case is all that normalising `text` takes. Nearly every name of a directory is so, and a directory is
/// a hundred thousand names: the long way costs ten times as much.
fn is_plain(text: &str) -> bool {
    let mut in_value = false;
    let mut before = b',';
    for &b in text.as_bytes() {
        let plain = match b {
            b'=' => !in_value && !matches!(before, b',' | b' '),
            b',' => in_value && before != b' ',
            b' ' => in_value && !matches!(before, b' ' | b'='),
            b'#' => in_value && before != b'=',
            b'\\' | b'+' | b'"' | b';' | b'<' | b'>' => false,
            0x21..=0x7e => true,
            _ => false,
        };
        if !plain {
            return false;
        }
        in_value = (in_value || b == b'=') && b != b',';
        before = b;
    }
    in_value && before != b' '
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dn(text: &str) -> Dn {
        Dn::parse(text).unwrap()
    }

    #[test]
    fn writings_of_one_name_are_equal() {
        assert_eq!(
            dn("UID=F1700ivg, ou=People,dc=esco-centre,dc=fr"),
            dn("uid=f1700IVG,ou=people,DC=esco-centre,dc=FR")
        );
        assert_eq!(dn("cn=3E  A,ou=g"), dn("cn=3e a, ou=g"));
        assert_ne!(dn("cn=3EA,ou=g"), dn("cn=3E A,ou=g"));
        assert_eq!(dn("cn=a\\2cb,ou=g"), dn("cn=a\\,b,ou=g"));
        assert_eq!(dn("cn=Zoe\u{301},ou=g"), dn("cn=ZO\u{c9},ou=g"));
        assert_eq!(dn("sn=b+cn=a,ou=g"), dn("cn=A + sn=B , ou=g"));
        assert_eq!(dn("cn=2\\+3,ou=g").rdn_value(), "2+3");
    }

    #[test]
    fn parts() {
        let d = dn("cn=A\\,B \\+ 1,ou=groups,dc=fr");
        assert_eq!(d.parent().unwrap(), dn("ou=groups,dc=fr"));
        assert!(d.is_within(&dn("dc=fr")));
        assert!(!dn("ou=x,dc=fr").is_within(&dn("ou=y,dc=fr")));
        assert!(!dn("ou=notdc=fr").is_within(&dn("dc=fr")));
        assert!(dn("cn=a\\\\,dc=fr").is_within(&dn("dc=fr")));
        assert!(!dn("cn=a\\,dc=fr").is_within(&dn("dc=fr")));
        assert_eq!(d.components().collect::<Vec<_>>(), ["cn=a\\,b \\+ 1", "ou=groups", "dc=fr"]);
        assert_eq!(dn("cn=A+sn=B,dc=fr").rdn_value(), "A");
        assert_eq!(d.rdn(), "cn=A\\,B \\+ 1");
        assert_eq!(
            dn("CN=A\\+1 + sn=B,dc=fr").rdn_pairs().collect::<Vec<_>>(),
            [("cn".to_owned(), "A+1".to_owned()), ("sn".to_owned(), "B".to_owned())]
        );
    }

    #[test]
    fn not_names() {
        assert!(Dn::parse("nonsense").is_err());
        assert!(Dn::parse("=x,dc=fr").is_err());
        assert!(Dn::parse("").is_ok_and(|d| d.is_empty()));
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(text in "([a-cA-C]{0,2}=?[a-bA-B =#,+\\\\é\"]{0,4},){0,3}[a-b]=[a-bA-B #]{0,4}") {
            if is_plain(&text) {
                // A lone escape defeats the short way and changes nothing else.
                let long = text.replacen('=', "=\\61", 1);
                let short = text.replacen('=', "=a", 1);
                prop_assert_eq!(normalise(&long), normalise(&short));
                prop_assert_eq!(normalise(&normalise(&text).unwrap()), normalise(&text));
            }
        }

        #[test]
        fn a_child_gives_its_value_back(value in "[^\\x00]{1,20}") {
            let parent = dn("ou=groups,dc=fr");
            let child = parent.child("cn", &value);
            prop_assert_eq!(child.rdn_value(), value);
            prop_assert_eq!(child.parent().unwrap(), parent);
            prop_assert_eq!(Dn::parse(child.as_str()).unwrap(), child);
        }
    }
}
