//! The values of a record in the form in which the roster keeps them.
//!
//! An optional value that is not what it should be is `None` here: the reader of the feed has already said so with
//! file and line. Formats and limits are those of the AAF as delivered (`dd/mm/yyyy`, `O`/`N`, address lines joined by
//! `$`, phones with their place-holders).

use compact_str::CompactString;
use jiff::civil::Date;

use super::model::{Address, Civility};

/// `dd/mm/yyyy`, years 1900 to 2099.
pub(super) fn date(text: &str) -> Option<Date> {
    let mut parts = text.trim().split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || day.len() > 2 || month.len() > 2 || year.len() != 4 {
        return None;
    }
    let year: i16 = number(year)?;
    if !(1900..2100).contains(&year) {
        return None;
    }
    Date::new(year, number(month)?, number(day)?).ok()
}

/// Digits only: `parse` alone would take a sign.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// `O` or `Y` is yes, `N` is no.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        "O" | "o" | "Y" | "y" => Some(true),
        "N" | "n" => Some(false),
        _ => None,
    }
}

/// A phone number: six to fifteen digits after an optional `+` or `00`, with spaces, dots, dashes and parentheses
/// between them. French numbers come out as `+33 d dd dd dd dd`, others as `+` and digits or as the digits delivered.
/// Place-holders (one digit repeated) are none.
pub(super) fn phone(text: &str) -> Option<CompactString> {
    let text = text.trim();
    let international = text.starts_with('+') || text.starts_with("00");
    let mut digits = CompactString::default();
    for c in text.strip_prefix('+').unwrap_or(text).chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '.' | '-' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return None,
        }
    }
    let number = if text.starts_with("00") { digits.strip_prefix("00").unwrap_or("") } else { digits.as_str() };
    let mut rest = number.bytes();
    let first = rest.next()?;
    if !(6..=15).contains(&number.len()) || rest.all(|b| b == first) {
        return None;
    }
    let national = if international { number.strip_prefix("33") } else { number.strip_prefix('0') };
    // `+33 (0)2 …` circulates: the zero of the national form inside the international one.
    let national = national.map(|n| n.strip_prefix('0').unwrap_or(n)).filter(|n| n.len() == 9);
    if let Some(national) = national {
        let mut out = CompactString::const_new("+33");
        for (i, c) in national.chars().enumerate() {
            if i % 2 == 1 || i == 0 {
                out.push(' ');
            }
            out.push(c);
        }
        return Some(out);
    }
    Some(if international { compact_str::format_compact!("+{number}") } else { number.into() })
}

/// A plain address of the Internet: one `@`, a local part without spaces, a domain with a top level of letters.
pub(super) fn mail(text: &str) -> Option<CompactString> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+-'".contains(&b));
    let (host, top) = domain.rsplit_once('.')?;
    let domain_ok = domain.len() <= 253
        && (2..=63).contains(&top.len())
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    (local_ok && domain_ok).then(|| text.into())
}

/// Fourteen digits once spaces are out. The check digit is not asked for: some delivered and used numbers fail it.
pub(super) fn siret(text: &str) -> Option<CompactString> {
    let digits: CompactString = text.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == 14 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// Four to nine letters, digits, dashes and spaces (foreign codes are free).
pub(super) fn postal_code(text: &str) -> Option<CompactString> {
    let text = text.trim();
    let ok = (4..=9).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b' ')
        && text.bytes().any(|b| b.is_ascii_alphanumeric());
    ok.then(|| text.into())
}

/// `M.`, `M`, `Mr`, `Monsieur`; `Mme`, `Mlle`, `Madame` … with or without dot and capitals.
pub(super) fn civility(text: &str) -> Option<Civility> {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    match text.as_str() {
        "m" | "mr" | "monsieur" => Some(Civility::Monsieur),
        "me" | "mme" | "mlle" | "madame" | "mademoiselle" => Some(Civility::Madame),
        _ => None,
    }
}

/// Up to four lines joined by `$`; empty ones go, the order stays.
pub(super) fn address_lines(text: &str) -> impl Iterator<Item = CompactString> {
    text.split('$').map(str::trim).filter(|line| !line.is_empty()).map(CompactString::from)
}

/// `None` when nothing in it says where to write.
pub(super) fn address(address: Address) -> Option<Address> {
    let empty = address.lines.is_empty() && address.postal_code.is_none() && address.town.is_none();
    (!empty).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date("01/09/2012"), Date::new(2012, 9, 1).ok());
        assert_eq!(date(" 1/9/2012 "), Date::new(2012, 9, 1).ok());
        for bad in ["", "31/02/2010", "2012-09-01", "01/09/12", "01/09/1899", "01/09/2100", "+1/09/2012", "1/2/3/4"] {
            assert_eq!(date(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn phones() {
        let cases = [
            ("+33 2 99 00 11 22", Some("+33 2 99 00 11 22")),
            ("02 99 00 11 22", Some("+33 2 99 00 11 22")),
            ("0299001122", Some("+33 2 99 00 11 22")),
            ("02.99.00.11.22", Some("+33 2 99 00 11 22")),
            ("0033299001122", Some("+33 2 99 00 11 22")),
            ("+33 (0)2 99 00 11 22", Some("+33 2 99 00 11 22")),
            ("+41227001122", Some("+41227001122")),
            ("0000000000", None),
            ("+9999999999999", None),
            ("123", None),
            ("+", None),
            ("néant", None),
            ("1234567890123456", None),
        ];
        for (given, expected) in cases {
            assert_eq!(phone(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn mails() {
        for good in ["a.b@example.fr", "ce.0290009c@ac-rennes.fr", "x+y@sub.example.org"] {
            assert_eq!(mail(good).as_deref(), Some(good));
        }
        for bad in ["", "a", "@b.fr", "a@b", "a b@c.fr", "a@b.f", "a@b..fr", "a@b@c.fr", "é@b.fr"] {
            assert_eq!(mail(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn small_values() {
        assert_eq!(siret("192 900 090 00015").as_deref(), Some("19290009000015"));
        assert_eq!(siret("19290009"), None);
        assert_eq!(siret("1929000900001A"), None);
        assert_eq!(postal_code("35000").as_deref(), Some("35000"));
        assert_eq!(postal_code("35"), None);
        assert_eq!(postal_code("----"), None);
        assert_eq!(flag("O"), Some(true));
        assert_eq!(flag("N"), Some(false));
        assert_eq!(flag("?"), None);
        assert_eq!(civility("Mlle"), Some(Civility::Madame));
        assert_eq!(civility("M."), Some(Civility::Monsieur));
        assert_eq!(civility("Dr"), None);
        assert_eq!(address_lines("$$3 rue des Lilas$").collect::<Vec<_>>(), ["3 rue des Lilas"]);
    }
}
