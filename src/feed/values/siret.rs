//! SIREN (nine digits) and SIRET (SIREN and five digits): Luhn's check, with the exception of La Poste.

use compact_str::CompactString;

/// La Poste's SIREN: its own SIRET numbers are checked by the sum of their digits, a multiple of five.
const LA_POSTE: &str = "356000000";

/// Reads a SIRET of fourteen digits with a right check; spaces are allowed.
#[must_use]
pub fn parse_siret(text: &str) -> Option<CompactString> {
    let digits = digits(text, 14)?;
    let by_sum =
        digits.starts_with(LA_POSTE) && digits.bytes().map(|b| u32::from(b - b'0')).sum::<u32>().is_multiple_of(5);
    (luhn(&digits) || by_sum).then_some(digits)
}

/// The fourteen digits of what has the form of a SIRET, whatever its check says: some that are delivered and in use
/// fail it, and a directory that is named by them must keep them.
#[must_use]
pub fn siret_digits(text: &str) -> Option<CompactString> {
    digits(text, 14)
}

/// Reads a SIREN of nine digits with a right check; spaces are allowed.
#[must_use]
pub fn parse_siren(text: &str) -> Option<CompactString> {
    let digits = digits(text, 9)?;
    luhn(&digits).then_some(digits)
}

fn digits(text: &str, count: usize) -> Option<CompactString> {
    let digits: CompactString = text.chars().filter(|c| !c.is_whitespace()).take(count + 1).collect();
    (digits.len() == count && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The sum is a multiple of ten. A row of zeros passes the arithmetic and is no number.
fn luhn(digits: &str) -> bool {
    let sum = luhn_sum(digits);
    sum > 0 && sum.is_multiple_of(10)
}

/// The digit that makes the number right once appended.
pub(crate) fn luhn_digit(digits: &str) -> char {
    let sum = luhn_sum(&format!("{digits}0"));
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// From the right, every second digit doubled (its digits added).
fn luhn_sum(digits: &str) -> u32 {
    digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, b)| {
            let n = u32::from(b - b'0');
            match (at % 2 == 1, n) {
                (false, n) => n,
                (true, n) if n > 4 => 2 * n - 9,
                (true, n) => 2 * n,
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_alone() {
        assert_eq!(siret_digits("192 900 090 00016").as_deref(), Some("19290009000016"));
        assert_eq!(siret_digits("19290009"), None);
        assert_eq!(siret_digits("1929000900001A"), None);
    }

    #[test]
    fn published_examples() {
        assert!(parse_siret("19290009000015").is_some());
        assert!(parse_siret("192 915 957 00018").is_some());
        assert!(parse_siren("732829320").is_some());
        assert!(parse_siret("35600000000048").is_some(), "la poste by luhn");
        assert!(parse_siret("35600000049837").is_some(), "la poste by sum");
        for text in ["", "19290009000016", "1929000900001", "1929000900001A", "00000000000000", "192900090000155"] {
            assert!(parse_siret(text).is_none(), "{text}");
        }
    }
}
