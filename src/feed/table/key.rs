//! Keys for people whose files have none.
//!
//! A key must be the same next week: it is made of what changes least. Where the file has a number (`numero`, external
//! id), that is the key. Two people with the same digest contradict each other and both wait: nobody gets another's
//! account.

use compact_str::CompactString;
use sha2::{Digest as _, Sha256};

use super::fold::folded;
use crate::feed::Category;

/// Longest external id that is used as it is, in bytes; a longer one is digested.
const LONGEST_ID: usize = 40;

/// The key of somebody who has a number in the school.
pub(super) fn of_id(category: Category, uai: &str, id: &str) -> CompactString {
    let id = clean_id(id);
    if id.len() > LONGEST_ID || id.contains('$') || !id.is_ascii() {
        return digest(category, uai, &["id", &id]);
    }
    let mut key = CompactString::from(uai);
    key.push('-');
    key.push(letter(category));
    key.push('-');
    key.push_str(&id);
    key
}

/// An external id without its blanks.
pub(super) fn clean_id(id: &str) -> CompactString {
    if id.bytes().all(|b| b.is_ascii_graphic()) {
        return id.into();
    }
    id.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The key of a pupil: school, names and birth date.
pub(super) fn of_pupil(uai: &str, last: &str, first: &str, born: &str) -> CompactString {
    digest(Category::Pupil, uai, &[&folded(last), &folded(first), born])
}

/// The key of a relative: school, names, and what tells two of the same name apart, that is the address, or the mail of
/// one who has none.
pub(super) fn of_relative(uai: &str, last: &str, first: &str, address: &str, mail: &str) -> CompactString {
    let address = folded(address);
    let told_by = if address.is_empty() { mail.trim().to_lowercase() } else { address.to_string() };
    digest(Category::Relative, uai, &[&folded(last), &folded(first), &told_by])
}

/// The key of a member of the staff: school, names, and the birth date where the file has one.
pub(super) fn of_staff(uai: &str, last: &str, first: &str, born: &str) -> CompactString {
    digest(Category::Staff, uai, &[&folded(last), &folded(first), born])
}

/// Sixteen hexadecimal digits. For each part: its length (8 bytes, big-endian), its bytes.
fn digest(category: Category, uai: &str, parts: &[&str]) -> CompactString {
    let mut text = Vec::with_capacity(256);
    let kind = [letter(category) as u8];
    let kind = std::str::from_utf8(&kind).unwrap_or_default();
    for part in [kind, uai].into_iter().chain(parts.iter().copied()) {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    let hash = Sha256::digest(&text);
    let mut key = [0; 16];
    for (pair, byte) in key.chunks_exact_mut(2).zip(hash.iter()) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        }
    }
    std::str::from_utf8(&key).unwrap_or_default().into()
}

/// Keys of two categories are never the same: a join key names one person of the directory.
const fn letter(category: Category) -> char {
    match category {
        Category::Pupil => 'E',
        Category::Relative => 'R',
        Category::Staff => 'P',
        Category::Structure | Category::Subject | Category::Mef => 'S',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_has_the_same_key() {
        let key = of_pupil("0350999X", "LE GALL", "Léa", "17/03/2014");
        // Locked: another key next year would be another account.
        assert_eq!(key, "c64182a6853c81b7");
        assert_eq!(key, of_pupil("0350999X", "Le Gall", "LEA", "17/03/2014"));
        for other in [
            of_pupil("0350998W", "LE GALL", "Léa", "17/03/2014"),
            of_pupil("0350999X", "LE GALL", "Léo", "17/03/2014"),
            of_pupil("0350999X", "LE GALL", "Léa", "18/03/2014"),
            of_staff("0350999X", "LE GALL", "Léa", "17/03/2014"),
            of_pupil("0350999X", "LEGALL L", "éa", "17/03/2014"),
        ] {
            assert_ne!(key, other);
        }
    }

    #[test]
    fn an_address_or_a_mail_tells_relatives_apart() {
        let key = |address, mail| of_relative("0350999X", "MARTIN", "Marie", address, mail);
        assert_eq!(key("1 rue du Port", ""), key("1, RUE DU PORT", "m@example.fr"));
        assert_ne!(key("1 rue du Port", ""), key("2 rue du Port", ""));
        assert_ne!(key("", "a@example.fr"), key("", "b@example.fr"));
    }

    #[test]
    fn a_number_is_the_key() {
        assert_eq!(of_id(Category::Pupil, "0350999X", " 12 34 "), "0350999X-E-1234");
        assert_ne!(of_id(Category::Pupil, "0350999X", "12"), of_id(Category::Staff, "0350999X", "12"));
        assert_eq!(of_id(Category::Pupil, "0350999X", "a$b").len(), 16);
        assert_eq!(of_id(Category::Pupil, "0350999X", &"1".repeat(60)).len(), 16);
    }
}
