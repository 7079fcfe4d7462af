//! A uid read back: its series and its number.

/// The series and the number of a uid of the form that the rules draw (letter, two digits of the year, digit of the
/// generator, number in base 36 on four places or more); `None` for any other name.
#[must_use]
pub fn numbered(uid: &str) -> Option<(&str, u64)> {
    let (series, number) = uid.split_at_checked(4)?;
    let mut series_bytes = series.bytes();
    let is_series = series_bytes.next()?.is_ascii_alphabetic() && series_bytes.all(|b| b.is_ascii_digit());
    let places = number.len();
    // Longer ones begin with something else than zero.
    let is_number = places >= 4 && (places == 4 || !number.starts_with('0'));
    let digits = number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    (is_series && is_number && digits).then_some(())?;
    Some((series, u64::from_str_radix(number, 36).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_read_back_and_nothing_else_is() {
        assert_eq!(numbered("F2630001"), Some(("F263", 1)));
        assert_eq!(numbered("F263zzzz"), Some(("F263", 1_679_615)));
        assert_eq!(numbered("F26310000"), Some(("F263", 1_679_616)));
        for other in [
            "",
            "F263",
            "F26",
            "F2630",
            "F26300001",
            "F2630O01",
            "jean.li",
            "26300001",
            "é2630001",
            "F26zzzzzzzzzzzzzzzz",
        ] {
            assert_eq!(numbered(other), None, "{other}");
        }
    }
}
