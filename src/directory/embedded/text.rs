//! How an entry's attributes are kept: one `attribute: value` or `attribute:: base64` per line.
//!
//! It is LDIF without folding and with UTF-8 as it is, so that the database can be read with nothing but the `sqlite3`
//! tool; and values are found in it without being taken out, so that filters cost little.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::directory::Value;

/// A line that this program cannot have written.
#[derive(Debug, thiserror::Error)]
#[error("the line of {attribute:?} is damaged")]
pub(super) struct Damaged {
    /// The attribute's name, never its value.
    pub attribute: String,
}

pub(super) fn encode(attributes: &[(String, Vec<Value>)]) -> String {
    let size = attributes.iter().flat_map(|(n, v)| v.iter().map(|v| n.len() + v.as_bytes().len() + 3)).sum();
    let mut out = String::with_capacity(size);
    for (name, values) in attributes {
        for value in values {
            out.push_str(name);
            match value {
                Value::Text(text) if !text.contains(['\n', '\r', '\0']) => {
                    out.push_str(": ");
                    out.push_str(text);
                }
                _ => {
                    out.push_str(":: ");
                    BASE64_STANDARD.encode_string(value.as_bytes(), &mut out);
                }
            }
            out.push('\n');
        }
    }
    out
}

/// One value as it is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub attribute: &'a str,
    kept: &'a str,
    encoded: bool,
}

impl<'a> Line<'a> {
    /// The text of the value; octets give `None`.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        if !self.encoded {
            return Some(Cow::Borrowed(self.kept));
        }
        BASE64_STANDARD.decode(self.kept).ok().and_then(|v| String::from_utf8(v).ok()).map(Cow::Owned)
    }

    fn value(&self) -> Result<Value, Damaged> {
        if !self.encoded {
            return Ok(Value::Text(self.kept.to_owned()));
        }
        let octets = BASE64_STANDARD.decode(self.kept);
        octets.map(Value::from_bytes).map_err(|_| Damaged { attribute: self.attribute.to_owned() })
    }
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<Line<'_>, Damaged>> {
    text.split_terminator('\n').map(|line| {
        let (attribute, rest) = line.split_once(':').ok_or_else(|| Damaged { attribute: String::new() })?;
        let (encoded, kept) = match rest.strip_prefix(": ") {
            Some(kept) => (true, kept),
            None => (false, rest.strip_prefix(' ').ok_or_else(|| Damaged { attribute: attribute.to_owned() })?),
        };
        Ok(Line { attribute, kept, encoded })
    })
}

/// The attributes that `wanted` accepts.
pub(super) fn decode(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Vec<Value>)>, Damaged> {
    let mut out: Vec<(String, Vec<Value>)> = Vec::with_capacity(24);
    // The values of an attribute are kept together: names are judged once each.
    let mut skipped = "";
    for line in lines(text) {
        let line = line?;
        match out.last_mut() {
            Some((name, values)) if name == line.attribute => values.push(line.value()?),
            _ if line.attribute == skipped => {}
            _ if wanted(line.attribute) => out.push((line.attribute.to_owned(), vec![line.value()?])),
            _ => skipped = line.attribute,
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_reads_as_text() {
        let attributes = vec![
            ("cn".to_owned(), vec!["Zoé".into(), " a: b".into(), "".into()]),
            ("x".to_owned(), vec!["a\nb".into(), Value::Octets(vec![0xff])]),
        ];
        let text = encode(&attributes);
        assert_eq!(text, "cn: Zoé\ncn:  a: b\ncn: \nx:: YQpi\nx:: /w==\n");
        assert_eq!(decode(&text, |_| true).unwrap(), attributes);
        assert_eq!(decode(&text, |name| name == "x").unwrap(), attributes[1..]);
    }

    #[test]
    fn damage_is_told_without_the_value() {
        for text in ["nonsense secret", "a:secret", "a:: *secret*"] {
            let error = decode(text, |_| true).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_comes_back(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5)) {
            let attributes = vec![("a".to_owned(), values.into_iter().map(Value::from_bytes).collect::<Vec<_>>())];
            prop_assert_eq!(decode(&encode(&attributes), |_| true).unwrap(), attributes);
        }
    }
}
