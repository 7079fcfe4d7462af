//! Who is who among very many people: `cargo bench --no-default-features --bench identity [-- <people>]`.
//!
//! As many pupils without an account as accounts, one in ten of them the same child; surnames, first names and birth
//! dates as few as they are among pupils, so that there are homonyms. Prints seconds, links and doubts.

#![allow(clippy::print_stdout)]

use std::time::Instant;

use compact_str::format_compact;
use jiff::civil::date;
use rentree::identity::{Class, Portrait, Rules, pair_up};

/// One child; `n` says which.
fn child(n: u64) -> Portrait {
    // Spread without a generator of random numbers: the same people in every run.
    let mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
    let (day, month, year) = ((mixed % 28) as i8 + 1, (mixed / 28 % 12) as i8 + 1, 2008 + (mixed / 336 % 12) as i16);
    Portrait {
        surname: format_compact!("nom{}", mixed / 4_032 % 30_000),
        first: format_compact!("prenom{}", mixed / 7 % 2_000),
        birth: Some(date(year, month, day)),
        ine: (!n.is_multiple_of(20)).then(|| format_compact!("{n:09}ab")),
        ..Portrait::default()
    }
}

fn main() {
    let people: u64 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(1_000_000);
    let new: Vec<Portrait> = (0..people).map(child).collect();
    let accounts: Vec<Portrait> = (people - people / 10..2 * people - people / 10).map(child).collect();
    let start = Instant::now();
    let pairing = pair_up(Class::Pupil, &Rules::default(), &new, &accounts, |_, _| None);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{people} people against {people} accounts: {seconds:.2} s, {} linked, {} in doubt",
        pairing.links.len(),
        pairing.doubts.len()
    );
}
