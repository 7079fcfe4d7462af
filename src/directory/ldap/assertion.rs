//! The Assertion control (RFC 4528): a write that the server carries out only while a filter matches the entry, which
//! it checks in the same step.
//!
//! The filter is put together in its transfer form (BER, RFC 4511 §4.5.1) and never as text: the library's own way
//! takes a string and panics on one that it cannot parse, and the values here are whatever a directory holds.

use ldap3::controls::RawControl;

use crate::directory::Condition;

pub(super) const OID: &str = "1.3.6.1.1.12";

const OCTET_STRING: u8 = 0x04;
const AND: u8 = 0xa0;
const NOT: u8 = 0xa2;
const EQUALITY_MATCH: u8 = 0xa3;
const PRESENT: u8 = 0x87;

/// A critical control: a server that does not know it refuses the write instead of going on without.
pub(super) fn control(conditions: &[&Condition]) -> RawControl {
    let filter = match conditions {
        [one] => item(one),
        several => element(AND, &several.iter().flat_map(|c| item(c)).collect::<Vec<u8>>()),
    };
    RawControl { ctype: OID.to_owned(), crit: true, val: Some(filter) }
}

fn item(condition: &Condition) -> Vec<u8> {
    match condition {
        Condition::Unset(attribute) => element(NOT, &element(PRESENT, attribute.as_bytes())),
        Condition::Holds(attribute, value) => {
            let mut content = element(OCTET_STRING, attribute.as_bytes());
            content.extend(element(OCTET_STRING, value.as_bytes()));
            element(EQUALITY_MATCH, &content)
        }
    }
}

/// One element: tag, length in the shortest form, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let significant = length.iter().skip_while(|b| **b == 0).copied().collect::<Vec<u8>>();
            // At most eight octets of length: the sum cannot overflow.
            out.push(0x80 | significant.len() as u8);
            out.extend(significant);
        }
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use ldap3::controls::Assertion;
    use proptest::prelude::*;

    use super::*;
    use crate::directory::Value;

    /// The same as text, every octet of the values escaped (RFC 4515 §3).
    fn text(conditions: &[Condition]) -> String {
        let item = |condition: &Condition| match condition {
            Condition::Unset(attribute) => format!("(!({attribute}=*))"),
            Condition::Holds(attribute, value) => {
                let escaped = value.as_bytes().iter().fold(String::new(), |mut text, b| {
                    let _ = write!(text, "\\{b:02x}");
                    text
                });
                format!("({attribute}={escaped})")
            }
        };
        match conditions {
            [one] => item(one),
            several => format!("(&{})", several.iter().map(item).collect::<String>()),
        }
    }

    fn condition() -> impl Strategy<Value = Condition> {
        let attribute = "[a-zA-Z][a-zA-Z0-9-]{0,20}(;[a-z]{1,4})?";
        prop_oneof![
            attribute.prop_map(Condition::Unset),
            (attribute, prop::collection::vec(any::<u8>(), 0..400))
                .prop_map(|(a, v)| Condition::Holds(a, Value::from_bytes(v))),
            (attribute, r"[*()\\\x00 éß,=+]{0,90}").prop_map(|(a, v)| Condition::Holds(a, v.into())),
        ]
    }

    proptest! {
        /// Whatever a value holds, the filter is the one that the library makes of the text with everything escaped.
        #[test]
        fn any_value_is_asserted_as_it_is(conditions in prop::collection::vec(condition(), 1..6)) {
            let theirs = Assertion::new(text(&conditions));
            let ours = control(&conditions.iter().collect::<Vec<_>>());
            prop_assert!(ours.crit);
            prop_assert_eq!(&ours.ctype, &theirs.ctype);
            prop_assert_eq!(ours.val, theirs.val);
        }
    }

    #[test]
    fn long_values_have_long_lengths() {
        for size in [0, 1, 100, 127, 128, 255, 256, 65_535, 65_536] {
            let condition = Condition::Holds("cn".into(), "x".repeat(size).into());
            let theirs = Assertion::new(text(std::slice::from_ref(&condition)));
            assert_eq!(control(&[&condition]).val, theirs.val, "{size}");
        }
    }
}
