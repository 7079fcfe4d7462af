//! Composite values: fields separated by `$`, with no escaping and trailing empty fields kept (`a$b$$` has four).

/// The fields of a composite value, empty ones included.
#[must_use]
pub fn split_composite(value: &str) -> std::str::Split<'_, char> {
    value.split('$')
}

/// The fields when there are exactly `N`.
#[must_use]
pub fn composite<const N: usize>(value: &str) -> Option<[&str; N]> {
    let mut fields = [""; N];
    let mut given = split_composite(value);
    for field in &mut fields {
        *field = given.next()?.trim();
    }
    given.next().is_none().then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_count() {
        assert_eq!(split_composite("a$b$$").count(), 4);
        assert_eq!(composite::<4>("a$b$$"), Some(["a", "b", "", ""]));
        assert_eq!(composite::<3>("a$b$$"), None);
        assert_eq!(composite::<5>("a$b$$"), None);
        assert_eq!(composite::<2>("12$ 6E A "), Some(["12", "6E A"]));
    }
}
