//! Where in a dialect file a key stands, for messages.

use miette::SourceSpan;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The place of `key` (`pupil.feed.ENTEleveINE`, `family[2].name`), or of the nearest table above it that is there.
pub(super) fn locate(text: &str, key: &str) -> Option<SourceSpan> {
    let document = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut table = document.get_ref();
    let mut rest = key;
    while let Some((part, name, value)) = longest(table, rest) {
        span = Some(name);
        rest = rest.get(part..).unwrap_or_default();
        let mut value = value.get_ref();
        if let Some((number, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            let item = value.as_array().zip(number.parse::<usize>().ok()).and_then(|(a, n)| a.get(n));
            let Some(item) = item else { break };
            span = Some(item.span());
            value = item.get_ref();
            rest = after;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        match value.as_table() {
            Some(inner) if !rest.is_empty() => table = inner,
            _ => break,
        }
    }
    span.map(SourceSpan::from)
}

/// The key of the table that `rest` begins with. Names of attributes may hold dots (an OID), so it is the longest.
fn longest<'t>(
    table: &'t DeTable<'_>,
    rest: &str,
) -> Option<(usize, std::ops::Range<usize>, &'t Spanned<DeValue<'t>>)> {
    let begins = |key: &str| {
        rest.strip_prefix(key).is_some_and(|after| after.is_empty() || after.starts_with('.') || after.starts_with('['))
    };
    let found = table.iter().filter(|(key, _)| begins(key.get_ref())).max_by_key(|(key, _)| key.get_ref().len())?;
    Some((found.0.get_ref().len(), found.0.span(), found.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_stand() {
        let text = "name = \"x\"\n[pupil.feed]\nENTEleveINE = \"ine\"\n\"2.5.4.4\" = \"surname\"\n[[family]]\nrule = \
                    \"a\"\n[[family]]\nrule = \"b\"\nname = \"n\"\n";
        let at = |key: &str| {
            locate(text, key).map(|span| &text[span.offset()..span.offset() + span.len()]).unwrap_or_default()
        };
        assert_eq!(at("pupil.feed.ENTEleveINE"), "ENTEleveINE");
        assert_eq!(at("pupil.feed.2.5.4.4"), "\"2.5.4.4\"");
        assert_eq!(at("pupil.mandatory"), "pupil");
        assert_eq!(at("family[1].name"), "name");
        assert_eq!(locate(text, "family[1].name").unwrap().offset(), text.rfind("name").unwrap());
        assert_eq!(at("staff.feed"), "");
    }
}
