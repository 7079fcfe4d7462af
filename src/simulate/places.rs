//! Where invented people live and what numbers they answer: towns, addresses, telephones.
//!
//! Towns and streets are invented, postal codes are `96…` (a department number that is not in use), telephone numbers
//! come from the ranges kept for fiction by the French regulator (01 99 00 and 06 39 98), mail addresses are under
//! `example.org` and `example.fr`.

use super::draw::Draw;

const TOWNS: &str = include_str!("words/towns.txt");
const STREETS: &str = include_str!("words/streets.txt");

/// An address in six bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) town: u8,
    street: u8,
    number: u16,
    /// Which of the four lines are filled, and with what besides the street.
    form: u8,
}

/// The last four digits of a number; `NONE` for no telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phone(u16);

impl Phone {
    pub(super) const NONE: Self = Self(u16::MAX);

    pub(super) fn draw(draw: &mut Draw) -> Self {
        Self(draw.below(10_000) as u16)
    }
}

/// Which range a number is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Fixed,
    Mobile,
}

/// Towns and streets.
#[derive(Debug)]
pub(super) struct Places {
    towns: Vec<(&'static str, &'static str)>,
    streets: Vec<&'static str>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self {
            towns: TOWNS.lines().filter_map(|line| line.split_once(' ')).collect(),
            streets: STREETS.lines().collect(),
        }
    }

    pub(super) fn town_count(&self) -> usize {
        self.towns.len()
    }

    /// An address in `town`, or one time in four in another.
    pub(super) fn draw(&self, draw: &mut Draw, town: u8) -> Address {
        let town = if draw.permille(250) { draw.index(self.towns.len()) as u8 } else { town };
        Address {
            town,
            street: draw.index(self.streets.len()) as u8,
            number: draw.between(1, 180) as u16,
            form: draw.below(16) as u8,
        }
    }

    pub(super) fn postal_code(&self, address: Address) -> &'static str {
        self.town(address.town).0
    }

    pub(super) fn town_name(&self, address: Address) -> &'static str {
        self.town(address.town).1
    }

    pub(super) fn town(&self, town: u8) -> (&'static str, &'static str) {
        self.towns.get(usize::from(town)).copied().unwrap_or(("96000", "MERVAL-SUR-ORNE"))
    }

    /// The street alone, `12 BIS RUE DES LILAS`.
    pub(super) fn street(&self, address: Address, mut write: impl FnMut(&str)) {
        let mut digits = [0; 10];
        write(decimal(u32::from(address.number), &mut digits));
        write(if address.number % 19 == 3 { " BIS " } else { " " });
        write(self.streets.get(usize::from(address.street)).copied().unwrap_or_default());
    }

    /// The four lines with `$` between them: the street stands in the first, sometimes in the third.
    pub(super) fn lines(&self, address: Address, mut write: impl FnMut(&str)) {
        match address.form {
            0 => {
                write("BÂTIMENT B$APPARTEMENT 12$");
                self.street(address, &mut write);
                write("$");
            }
            1 => {
                write("$$");
                self.street(address, &mut write);
                write("$");
            }
            2 => {
                write("CHEZ MME D'AMONT$");
                self.street(address, &mut write);
                write("$$");
            }
            _ => {
                self.street(address, &mut write);
                write("$$$");
            }
        }
    }
}

/// Writes a number: usually as `+33 6 39 98 12 34`, now and then as the national `06 39 98 12 34`.
pub(super) fn phone(phone: Phone, line: Line, mut write: impl FnMut(&str)) {
    if phone == Phone::NONE {
        return;
    }
    let number = u32::from(phone.0);
    write(match (line, number % 37 == 5) {
        (Line::Fixed, false) => "+33 1 99 00 ",
        (Line::Fixed, true) => "01 99 00 ",
        (Line::Mobile, false) => "+33 6 39 98 ",
        (Line::Mobile, true) => "06 39 98 ",
    });
    two_digits(number / 100, &mut write);
    write(" ");
    two_digits(number % 100, &mut write);
}

/// `n` below 100 with its leading zero.
pub(super) fn two_digits(n: u32, mut write: impl FnMut(&str)) {
    let mut digits = [0; 10];
    if n < 10 {
        write("0");
    }
    write(decimal(n, &mut digits));
}

/// `n` in decimal, without the formatting machinery: millions of values are written with it.
pub(super) fn decimal(mut n: u32, digits: &mut [u8; 10]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[at..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::draw::Stream;

    #[test]
    fn numbers_and_addresses_are_written_as_delivered() {
        let mut text = String::new();
        phone(Phone(1_209), Line::Mobile, |piece| text.push_str(piece));
        assert_eq!(text, "+33 6 39 98 12 09");
        text.clear();
        phone(Phone(5), Line::Fixed, |piece| text.push_str(piece));
        assert_eq!(text, "01 99 00 00 05");
        text.clear();
        phone(Phone::NONE, Line::Fixed, |piece| text.push_str(piece));
        assert!(text.is_empty());
        assert_eq!(decimal(0, &mut [0; 10]), "0");
        assert_eq!(decimal(u32::MAX, &mut [0; 10]), "4294967295");
    }

    #[test]
    fn an_address_has_four_lines() {
        let places = Places::new();
        let mut draw = Draw::new(1, Stream::Family, 1);
        for _ in 0..200 {
            let address = places.draw(&mut draw, 0);
            let mut text = String::new();
            places.lines(address, |piece| text.push_str(piece));
            assert_eq!(text.matches('$').count(), 3, "{text}");
            assert!(places.postal_code(address).starts_with("96"));
        }
    }
}
