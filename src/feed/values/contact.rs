//! Mail addresses and postal codes.

/// Whether a text is a mail address that a letter can be sent to: ASCII `local@domain.tld`, no quotes, no comments.
///
/// Stricter than RFC 5321 on purpose: what it refuses in a school's data is a typing error (accents, spaces, commas,
/// two addresses in one field), not an exotic address.
#[must_use]
pub fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    local_ok
        && text.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(label_ok)
        && top.len() >= 2
        && !top.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text can be a postal code: French (five digits) or foreign (3 to 10 letters, digits, inner spaces and
/// hyphens, with a digit). `00000` is a filler.
#[must_use]
pub fn is_postal_code(text: &str) -> bool {
    let text = text.trim();
    (3..=10).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ' || b == b'-')
        && text.bytes().any(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses() {
        for mail in ["lea.le-gall@example.fr", "o'neil+x@a-b.example.org", "x@y.fr"] {
            assert!(is_mail(mail), "{mail}");
        }
        for mail in
            ["", "léa@example.fr", "a b@example.fr", "a@b", "a@@b.fr", ".a@b.fr", "a..b@c.fr", "a@b.1", "a@-b.fr"]
        {
            assert!(!is_mail(mail), "{mail}");
        }
    }

    #[test]
    fn postal_codes() {
        for code in ["29000", "2A004", "SW1A 1AA", "4000-123", "1050"] {
            assert!(is_postal_code(code), "{code}");
        }
        for code in ["", "00000", "PARIS", "29", "290000000000", "29é00"] {
            assert!(!is_postal_code(code), "{code}");
        }
    }
}
