//! What a spreadsheet does to values, undone where only one original is possible.
//!
//! Leading zeros go (`01012000`, a phone, a postal code), long numbers turn into powers of ten. A value with two
//! possible originals is left as it is: the check of its attribute then says that it is none.

use compact_str::{CompactString, format_compact};
use jiff::civil::Date;

use crate::feed::values::{Ine, parse_date};

/// A value as the AAF writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: CompactString,
    /// It is not what the cell holds: damage was undone.
    pub(super) repaired: bool,
}

impl Value {
    fn plain(text: impl Into<CompactString>) -> Self {
        Self { text: text.into(), repaired: false }
    }

    fn repaired(text: impl Into<CompactString>) -> Self {
        Self { text: text.into(), repaired: true }
    }
}

/// A date as `dd/mm/yyyy`, from the writings that name one day: `dd/mm/yyyy` with `/`, `-` or `.`, `yyyy-mm-dd` with or
/// without a time, `ddmmyyyy`, and that without its leading zero. `serial`: the cell is of a spreadsheet, where a bare
/// number of days is a date, from 1904 if so.
pub(super) fn date(text: &str, serial: Option<bool>) -> Value {
    if let Some(date) = parse_date(text) {
        // Two digits, two digits, four.
        if text.len() == 10 {
            return Value::plain(text);
        }
        return Value::plain(format_compact!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year()));
    }
    match read_date(text, serial) {
        Some((date, repaired)) => {
            let text = format_compact!("{:02}/{:02}/{:04}", date.day(), date.month(), date.year());
            Value { text, repaired }
        }
        None => Value::plain(text),
    }
}

fn read_date(text: &str, serial: Option<bool>) -> Option<(Date, bool)> {
    let day = text.split_once(['T', ' ']).map_or(text, |(day, _)| day);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = |text: &str| text.parse::<i16>().ok().filter(|_| digits(text));
    let make = |year: &str, month: &str, day: &str| {
        if year.len() != 4 || month.len() > 2 || day.len() > 2 {
            return None;
        }
        let year = number(year).filter(|year| (1900..=2099).contains(year))?;
        Date::new(year, i8::try_from(number(month)?).ok()?, i8::try_from(number(day)?).ok()?).ok()
    };
    if digits(day) {
        return match day.len() {
            8 => make(day.get(4..)?, day.get(2..4)?, day.get(..2)?).map(|date| (date, false)),
            7 => make(day.get(3..)?, day.get(1..3)?, day.get(..1)?).map(|date| (date, true)),
            5 => from_serial(day.parse().ok()?, serial?).map(|date| (date, true)),
            _ => None,
        };
    }
    let mut parts = day.split(['/', '-', '.']);
    let (Some(a), Some(b), Some(c), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    if a.len() == 4 { make(a, b, c) } else { make(c, b, a) }.map(|date| (date, false))
}

/// The day of a serial number of a spreadsheet.
fn from_serial(number: i32, from_1904: bool) -> Option<Date> {
    // Counted so that the day of 29 February 1900, which never was, needs no exception after it.
    let epoch = if from_1904 { Date::new(1904, 1, 1) } else { Date::new(1899, 12, 30) }.ok()?;
    let date = epoch.checked_add(jiff::Span::new().try_days(number).ok()?).ok()?;
    (1900..=2099).contains(&date.year()).then_some(date)
}

/// A French phone number that lost its leading zero.
pub(super) fn phone(text: &str) -> Value {
    let mut digits = text.bytes().filter(|b| !b" .-".contains(b));
    let nine = text.bytes().filter(u8::is_ascii_digit).count() == 9;
    if nine && digits.next().is_some_and(|b| (b'1'..=b'9').contains(&b)) && digits.all(|b| b.is_ascii_digit()) {
        return Value::repaired(format_compact!("0{text}"));
    }
    Value::plain(text)
}

/// A French postal code that lost its leading zero. Four digits are a whole code in other countries.
pub(super) fn postal_code(text: &str, country: &str) -> Value {
    let short = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    if short && (country.is_empty() || super::fold::folded(country) == "france") {
        return Value::repaired(format_compact!("0{text}"));
    }
    Value::plain(text)
}

/// What became of an INE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    Value(Value),
    /// A power of ten: the digits are lost, or two numbers would be written so.
    Lost,
}

/// An INE that lost its leading zero, which its check letter proves.
pub(super) fn ine(text: &str) -> Number {
    if is_power_of_ten(text) {
        return Number::Lost;
    }
    if text.len() == 10 && Ine::parse(text).is_none() {
        let padded = format_compact!("0{text}");
        if Ine::parse(&padded).is_some_and(|ine| ine.is_sure()) {
            return Number::Value(Value::repaired(padded));
        }
    }
    Number::Value(Value::plain(text))
}

/// `1,23457E+10` and its like.
fn is_power_of_ten(text: &str) -> bool {
    if text.as_bytes().get(1).is_none_or(|b| !b"eE,.".contains(b)) {
        return false;
    }
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let exponent = exponent.trim_start_matches('+');
    let (whole, decimals) = mantissa.split_once([',', '.']).unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let signed = text.contains(['+', ',', '.']);
    signed && whole.len() == 1 && digits(whole) && digits(decimals) && !exponent.is_empty() && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_every_writing() {
        for text in
            ["17/03/2014", "2014-03-17", "17-03-2014", "17.03.2014", "17032014", "2014-03-17T00:00:00", "17/3/2014"]
        {
            assert_eq!(date(text, None), Value::plain("17/03/2014"), "{text}");
        }
        assert_eq!(date("1012000", None), Value::repaired("01/01/2000"));
        assert_eq!(date("41715", Some(false)), Value::repaired("17/03/2014"));
        assert_eq!(date("40253", Some(true)), Value::repaired("17/03/2014"));
        // Two days, no day, or a number of nobody knows what: left to be refused.
        for text in ["17/03/14", "31/02/2014", "41715", "140317", "2014", "12/31/2015", "abc", "1/2/3/4", "+1/03/2014"]
        {
            assert_eq!(date(text, None), Value::plain(text), "{text}");
        }
    }

    #[test]
    fn lost_zeros_come_back() {
        assert_eq!(phone("612345678"), Value::repaired("0612345678"));
        assert_eq!(phone("6 12 34 56 78"), Value::repaired("06 12 34 56 78"));
        for text in ["0612345678", "+33612345678", "012345678", "61234567", "612345678x"] {
            assert_eq!(phone(text), Value::plain(text), "{text}");
        }
        assert_eq!(postal_code("1000", ""), Value::repaired("01000"));
        assert_eq!(postal_code("6000", "FRANCE"), Value::repaired("06000"));
        for (code, country) in [("1000", "BELGIQUE"), ("35000", ""), ("0100", ""), ("2A00", "")] {
            assert_eq!(postal_code(code, country), Value::plain(code), "{code} {country}");
        }
    }

    #[test]
    fn an_ine_is_repaired_by_its_letter_only() {
        assert_eq!(ine("123456789M"), Number::Value(Value::repaired("0123456789M")));
        assert_eq!(ine("123456789A"), Number::Value(Value::plain("123456789A")));
        for text in ["1,23457E+10", "1.2E+18", "2E+15"] {
            assert_eq!(ine(text), Number::Lost, "{text}");
        }
        for text in ["0123456789M", "1234567890E", "120000000E5"] {
            assert_eq!(ine(text), Number::Value(Value::plain(text)), "{text}");
        }
    }
}
