//! Dates of the AAF: `dd/mm/yyyy`.

use jiff::civil::Date;

/// Reads `dd/mm/yyyy` with a year from 1900 to 2099; a day or month of one digit is as clear. A day that does not exist
/// is no date.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    // By bytes: every record has one, and all writings of a day are short.
    let (day, rest) = number(text.trim().as_bytes(), 2)?;
    let (month, rest) = number(rest.strip_prefix(b"/")?, 2)?;
    let (year, rest) = number(rest.strip_prefix(b"/")?, 4)?;
    if !rest.is_empty() {
        return None;
    }
    if !(1900..=2099).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The number at the beginning, of at most so many digits, and what follows it.
fn number(text: &[u8], digits: usize) -> Option<(i16, &[u8])> {
    let most = text.get(..digits).unwrap_or(text);
    let end = most.iter().position(|b| !b.is_ascii_digit()).unwrap_or(most.len());
    let (number, rest) = text.split_at_checked(end).filter(|(number, _)| !number.is_empty())?;
    Some((number.iter().fold(0, |sum, digit| 10 * sum + i16::from(digit - b'0')), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn real_days_only() {
        assert_eq!(parse_date("29/02/2012"), Some(date(2012, 2, 29)));
        assert_eq!(parse_date(" 01/12/1999 "), Some(date(1999, 12, 1)));
        assert_eq!(parse_date("1/9/2012"), Some(date(2012, 9, 1)));
        for text in [
            "",
            "29/02/2013",
            "001/02/2012",
            "+1/02/2012",
            "1/2/3/4",
            "01/09/12",
            "2012-02-01",
            "00/01/2000",
            "01/01/1899",
            "01/01/2100",
            "aa/bb/cccc",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
