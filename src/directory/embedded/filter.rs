//! The filters that the embedded directory understands (RFC 4515): `&`, `|`, `!`, equality, presence, prefix.
//!
//! Values compare as the attribute's rule has it. `objectClass` compares with the values that are written: there is no
//! schema here to know that an ENTEleve is an inetOrgPerson.

use super::matching::Rule;
use super::text::{Damaged, lines};

/// Nesting beyond this is refused: no filter of ours comes near, and parsing recurses.
const DEPTH_LIMIT: usize = 32;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(String),
    Equal { attribute: String, rule: Rule, key: String },
    Prefix { attribute: String, rule: Rule, key: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the filter {filter:?} is not one that the embedded directory understands: {reason}")]
pub(super) struct FilterError {
    pub filter: String,
    pub reason: &'static str,
}

impl Filter {
    pub(super) fn parse(text: &str) -> Result<Self, FilterError> {
        let mut rest = text.trim();
        let parsed = filter(&mut rest, 0).and_then(|f| if rest.is_empty() { Ok(f) } else { Err("text after its end") });
        parsed.map_err(|reason| FilterError { filter: text.to_owned(), reason })
    }

    /// Whether the entry with these attributes (as kept) matches.
    pub(super) fn matches(&self, text: &str) -> Result<bool, Damaged> {
        Ok(match self {
            Self::And(parts) => {
                for part in parts {
                    if !part.matches(text)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.matches(text)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(part) => !part.matches(text)?,
            Self::Present(attribute) => holds(text, attribute, |_| true)?,
            Self::Equal { attribute, rule, key } => holds(text, attribute, |value| {
                // Most values are plain words: these two tests spare making their key.
                value.eq_ignore_ascii_case(key) && *rule != Rule::Exact && *rule != Rule::Octets
                    || !(is_word(value) && is_word(key)) && rule.text_key(value) == *key
                    || value == key
            })?,
            Self::Prefix { attribute, rule, key } => {
                holds(text, attribute, |value| rule.text_key(value).starts_with(key))?
            }
        })
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn holds(text: &str, attribute: &str, accepts: impl Fn(&str) -> bool) -> Result<bool, Damaged> {
    for line in lines(text) {
        let line = line?;
        if line.attribute.eq_ignore_ascii_case(attribute) && line.text().is_none_or(|v| accepts(&v)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn filter(rest: &mut &str, depth: usize) -> Result<Filter, &'static str> {
    if depth > DEPTH_LIMIT {
        return Err("nested too deep");
    }
    take(rest, "(").ok_or("expected (")?;
    let parsed = if take(rest, "&").is_some() {
        Filter::And(list(rest, depth)?)
    } else if take(rest, "|").is_some() {
        Filter::Or(list(rest, depth)?)
    } else if take(rest, "!").is_some() {
        Filter::Not(Box::new(filter(rest, depth + 1)?))
    } else {
        let (item, after) = rest.find(')').and_then(|end| rest.split_at_checked(end)).ok_or("no closing )")?;
        *rest = after;
        leaf(item)?
    };
    take(rest, ")").ok_or("no closing )")?;
    Ok(parsed)
}

fn list(rest: &mut &str, depth: usize) -> Result<Vec<Filter>, &'static str> {
    let mut parts = Vec::new();
    while rest.starts_with('(') {
        parts.push(filter(rest, depth + 1)?);
    }
    Ok(parts)
}

fn take<'a>(rest: &mut &'a str, token: &str) -> Option<&'a str> {
    *rest = rest.strip_prefix(token)?;
    Some(*rest)
}

fn leaf(item: &str) -> Result<Filter, &'static str> {
    let (attribute, value) = item.split_once('=').ok_or("expected attribute=value")?;
    if attribute.is_empty() || !attribute.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b';' | b'.'))
    {
        return Err("only equality, presence and prefix are known");
    }
    let attribute = attribute.to_owned();
    let rule = Rule::of(&attribute);
    match value.split_once('*') {
        None => Ok(Filter::Equal { key: rule.text_key(&unescape(value)?), attribute, rule }),
        Some(("", "")) => Ok(Filter::Present(attribute)),
        Some((prefix, "")) => Ok(Filter::Prefix { key: rule.text_key(&unescape(prefix)?), attribute, rule }),
        Some(_) => Err("only a trailing * is known"),
    }
}

fn unescape(value: &str) -> Result<String, &'static str> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b == b'\\' {
            let (hex, tail) = tail.split_at_checked(2).ok_or("an escape is cut short")?;
            let hex = std::str::from_utf8(hex).map_err(|_| "a bad escape")?;
            bytes.push(u8::from_str_radix(hex, 16).map_err(|_| "a bad escape")?);
            rest = tail;
        } else {
            bytes.push(b);
        }
    }
    String::from_utf8(bytes).map_err(|_| "octets that are not text")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRY: &str =
        "objectClass: ENTEleve\nuid: F1700ivg\ncn: Zoé  DUPONT\nmember: UID=a, dc=fr\ndescription: (a*b)\n";

    #[test]
    fn what_matches() {
        for (filter, expected) in [
            ("(objectClass=*)", true),
            ("(objectclass=enteleve)", true),
            ("(objectClass=ENTPerson)", false),
            ("(cn=zoé dupont)", true),
            ("(cn=zo\\c3\\a9*)", true),
            ("(cn=dupont*)", false),
            ("(member=uid=A,dc=FR)", true),
            ("(description=\\28a\\2ab\\29)", true),
            ("(&(uid=f1700ivg)(!(mail=*)))", true),
            ("(|(uid=x)(uid=F1700IVG))", true),
            ("(&)", true),
            ("(|)", false),
        ] {
            assert_eq!(Filter::parse(filter).unwrap().matches(ENTRY).unwrap(), expected, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for filter in
            ["", "cn=a", "(cn=a", "(cn=a)x", "(cn>=a)", "(cn~=a)", "(cn=*a)", "(cn=a*b*)", "(cn:dn:=a)", "(cn=\\zz)"]
        {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(100_000), ")".repeat(100_000));
        assert_eq!(Filter::parse(&deep).unwrap_err().reason, "nested too deep");
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[()&|!=*\\\\a-c]{0,30}") {
            drop(Filter::parse(&text).map(|f| f.matches(ENTRY)));
        }
    }
}
