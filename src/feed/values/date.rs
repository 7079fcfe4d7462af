//! Dates of the AAF: `dd/mm/yyyy`.

use jiff::civil::Date;

/// Reads `dd/mm/yyyy` with a year from 1900 to 2099; a day that does not exist is no date.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let &[d1, d2, b'/', m1, m2, b'/', y1, y2, y3, y4] = text.trim().as_bytes() else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i16::from(b - b'0')))
    };
    let (day, month, year) = (number(&[d1, d2])?, number(&[m1, m2])?, number(&[y1, y2, y3, y4])?);
    if !(1900..=2099).contains(&year) {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn real_days_only() {
        assert_eq!(parse_date("29/02/2012"), Some(date(2012, 2, 29)));
        assert_eq!(parse_date(" 01/12/1999 "), Some(date(1999, 12, 1)));
        for text in ["", "29/02/2013", "1/2/2012", "2012-02-01", "00/01/2000", "01/01/1899", "01/01/2100", "aa/bb/cccc"]
        {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
