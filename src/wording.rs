//! How French is written for people: numbers, agreement, dates, and text from outside made safe to show.
//!
//! Knows nothing of the pipeline; every room that speaks to people uses it, so that they all say it alike.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

/// A number with narrow no-break spaces between thousands.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + 6);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 compte`, `1 203 comptes`: French counts nought and one as singular.
pub fn count(n: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", number(n), agree(n, singular, plural))
}

/// The singular below two, the plural from there.
pub const fn agree<'a>(n: u64, singular: &'a str, plural: &'a str) -> &'a str {
    if n < 2 { singular } else { plural }
}

/// `2 septembre 2026 à 03:12 (UTC)`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    format!("{} à {:02}:{:02} ({})", date(at.date()), at.hour(), at.minute(), at.strftime("%Z"))
}

/// `1er septembre 2026`.
pub fn date(date: Date) -> String {
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let month = usize::try_from(date.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    let first = if date.day() == 1 { "er" } else { "" };
    format!("{}{first} {month} {}", date.day(), date.year())
}

/// Text from outside, safe on a terminal: control characters could move the cursor or colour a lie, and directional
/// marks could show a name backwards. Both become visible escapes.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hostile(c) {
            // Writing to a string does not fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text, escaped for element content and quoted attributes alike; control and directional characters made visible.
pub struct Escaped<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in plain(self.0.as_ref()).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// How a content policy names a style or a script that stands in its page: by its digest, so that no other runs.
pub fn policy_source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A text for logs and mail: what DNs in it say of people (`uid=…`, `cn=…`) is left out.
#[must_use]
pub fn nameless(text: &str) -> Cow<'_, str> {
    const NAMING: [&str; 8] =
        ["uid=", "cn=", "sn=", "mail=", "givenname=", "displayname=", "entpersonlogin=", "entpersonjointure="];
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while at < text.len() {
        // The name of an attribute begins where no letter stands before it.
        let begins = !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let found = NAMING.iter().find(|name| begins && lower[at..].starts_with(**name));
        let Some(name) = found else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let value = at + name.len();
        let mut escaped = false;
        let end = text[value..].char_indices().find(|(_, c)| {
            let ends = !escaped && matches!(c, ',' | '+' | ')' | '"' | '\n' | ';');
            escaped = !escaped && *c == '\\';
            ends
        });
        out.push_str(&text[kept..value]);
        out.push('…');
        kept = end.map_or(text.len(), |(offset, _)| value + offset);
        at = kept;
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// At most `limit` characters, the middle left out: names differ at their start, DNs and composite values at both ends.
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= limit {
        return Cow::Borrowed(text);
    }
    let head = limit / 2;
    let tail = limit.saturating_sub(head + 1);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    Cow::Owned(format!("{start}…{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_in_threes() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1203), "1\u{202f}203");
        assert_eq!(number(1_000_000), "1\u{202f}000\u{202f}000");
        assert_eq!(count(0, "élève", "élèves"), "0 élève");
        assert_eq!(count(2, "élève", "élèves"), "2 élèves");
    }

    #[test]
    fn a_name_cannot_drive_the_terminal() {
        assert_eq!(plain("Zoé\u{1b}[31m\u{9b}2J\u{202e}X\n"), "Zoé\\u{1b}[31m\\u{9b}2J\\u{202e}X\\u{a}");
        assert!(matches!(plain("Zoé L’Œuf"), Cow::Borrowed(_)));
    }

    #[test]
    fn long_values_keep_both_ends() {
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("abcdefghijk", 5), "ab…jk");
        assert_eq!(shorten("éééééé", 3), "é…é");
    }

    #[test]
    fn dates_are_french() {
        assert_eq!(date(jiff::civil::date(2026, 9, 1)), "1er septembre 2026");
        assert_eq!(date(jiff::civil::date(2026, 12, 24)), "24 décembre 2026");
    }

    #[test]
    fn a_log_names_nobody() {
        for (text, expected) in [
            ("uid=zoe.exemple,ou=personnes,dc=fr is already there", "uid=…,ou=personnes,dc=fr is already there"),
            ("CN=Zoé\\, Exemple+uid=z,dc=fr (sn=Exemple)", "CN=…+uid=…,dc=fr (sn=…)"),
            ("ENTPersonJointure=AC$1", "ENTPersonJointure=…"),
            ("gecn=5, ldap://127.0.0.1:389/dc=fr : délai", "gecn=5, ldap://127.0.0.1:389/dc=fr : délai"),
            ("", ""),
        ] {
            assert_eq!(nameless(text), expected);
        }
    }
}
