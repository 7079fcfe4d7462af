//! Dates of the AAF: `dd/mm/yyyy`.

use jiff::civil::Date;

/// Reads `dd/mm/yyyy` with a year from 1900 to 2099; a day or month of one digit is as clear. A day that does not exist
/// is no date.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let mut fields = text.trim().split('/');
    let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() || year.len() != 4 {
        return None;
    }
    let (day, month, year) = (number(day, 2)?, number(month, 2)?, number(year, 4)?);
    if !(1900..=2099).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// At most so many digits and nothing else: `parse` alone would take a sign.
fn number(text: &str, digits: usize) -> Option<i16> {
    let plain = (1..=digits).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
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
