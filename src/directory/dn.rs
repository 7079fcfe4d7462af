//! Distinguished names (RFC 4514): kept as written, compared normalised.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

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
        let first = split(&self.text, ',').next().unwrap_or_default();
        let value = first.split_once('=').map_or("", |(_, v)| v);
        unescape(value.trim()).unwrap_or_default()
    }

    /// The type of the first component, in lower case.
    #[must_use]
    pub fn rdn_type(&self) -> String {
        self.normalised.split('=').next().unwrap_or_default().to_owned()
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
        self.normalised
            .strip_suffix(ancestor.normalised())
            .is_some_and(|head| head.ends_with(',') && !head.ends_with("\\,"))
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

fn normalise(text: &str) -> Result<String, &'static str> {
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
            // A trailing escaped space belongs to the value: unescape before trimming would lose nothing that the
            // matching rule keeps, since it ignores outer spaces.
            let value = value.trim_start();
            let value = if value.ends_with("\\ ") { value } else { value.trim_end() };
            let value = unescape(value).ok_or("an escape is cut short")?;
            let folded = value.to_lowercase();
            let mut folded_spaces = String::with_capacity(folded.len());
            for word in folded.split_whitespace() {
                if !folded_spaces.is_empty() {
                    folded_spaces.push(' ');
                }
                folded_spaces.push_str(word);
            }
            pairs.push(format!("{kind}={}", escape(&folded_spaces)));
        }
        pairs.sort();
        out.push_str(&pairs.join("+"));
    }
    Ok(out)
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
    }

    #[test]
    fn parts() {
        let d = dn("cn=A\\,B + 1,ou=groups,dc=fr");
        assert_eq!(d.parent().unwrap(), dn("ou=groups,dc=fr"));
        assert!(d.is_within(&dn("dc=fr")));
        assert!(!dn("ou=x,dc=fr").is_within(&dn("ou=y,dc=fr")));
        assert!(!dn("ou=notdc=fr").is_within(&dn("dc=fr")));
    }

    #[test]
    fn not_names() {
        assert!(Dn::parse("nonsense").is_err());
        assert!(Dn::parse("=x,dc=fr").is_err());
        assert!(Dn::parse("").is_ok_and(|d| d.is_empty()));
    }

    proptest! {
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
