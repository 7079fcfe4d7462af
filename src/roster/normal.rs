//! The values of a record in the form in which the roster keeps them.
//!
//! What a value looks like is said once, by [`crate::feed::values`]: the reader of the feed has already reported, with
//! file and line, what is not one, and here it is simply `None`. Addresses are lines joined by `$`.

use compact_str::CompactString;

use super::model::Address;
use crate::feed::values::{Phone, is_mail, is_postal_code};

/// A phone number in its one written form.
pub(super) fn phone(text: &str) -> Option<CompactString> {
    Phone::parse(text).map(CompactString::from)
}

pub(super) fn mail(text: &str) -> Option<CompactString> {
    let text = text.trim();
    is_mail(text).then(|| text.into())
}

pub(super) fn postal_code(text: &str) -> Option<CompactString> {
    let text = text.trim();
    is_postal_code(text).then(|| text.into())
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
    fn values_are_kept_in_one_form() {
        assert_eq!(phone("02.99.00.11.22").as_deref(), Some("+33 2 99 00 11 22"));
        assert_eq!(phone("0000000000"), None);
        assert_eq!(mail(" a.b@example.fr ").as_deref(), Some("a.b@example.fr"));
        assert_eq!(mail("é@b.fr"), None);
        assert_eq!(postal_code(" 35000 ").as_deref(), Some("35000"));
        assert_eq!(postal_code("00000"), None);
    }

    #[test]
    fn addresses_are_lines() {
        assert_eq!(address_lines("$$3 rue des Lilas$").collect::<Vec<_>>(), ["3 rue des Lilas"]);
        assert_eq!(address(Address::default()), None);
        let town = Address { town: Some("BREST".into()), ..Address::default() };
        assert_eq!(address(town.clone()), Some(town));
    }
}
