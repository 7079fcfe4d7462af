//! Where each sheet lies on the paper, for the layouts that are shipped.
//!
//! Where a page holds several sheets it is cut, and the cut piles are laid one on another: sheet 1 is on page 1, sheet 2
//! at the same place of page 2, and so on, so that the whole is in order again without any sorting.

use crate::config::Layout;

/// One place for a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From the first page that holds sheets.
    pub page: usize,
    pub column: usize,
    pub row: usize,
}

/// Columns and rows of a page; `None` for a list, whose lines flow.
pub(super) const fn grid(layout: Layout) -> Option<(usize, usize)> {
    match layout {
        Layout::Letter => Some((1, 1)),
        Layout::Half | Layout::Large => Some((1, 2)),
        Layout::Cards => Some((2, 4)),
        Layout::List => None,
    }
}

/// Where sheet `at` of `count` lies.
pub(super) const fn place((columns, rows): (usize, usize), at: usize, count: usize) -> Place {
    let pages = count.div_ceil(columns * rows);
    let slot = at / pages;
    Place { page: at % pages, column: slot % columns, row: slot / columns }
}

/// The shipped template.
pub(super) const fn template(layout: Layout) -> (&'static str, &'static str) {
    match layout {
        Layout::Letter => ("sheet.typ", include_str!("templates/sheet.typ")),
        Layout::Half => ("half.typ", include_str!("templates/half.typ")),
        Layout::Cards => ("cards.typ", include_str!("templates/cards.typ")),
        Layout::Large => ("large.typ", include_str!("templates/large.typ")),
        Layout::List => ("list.typ", include_str!("templates/list.typ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_piles_laid_one_on_another_are_in_order() {
        for count in 1..40 {
            for grid in [(1, 1), (1, 2), (2, 4)] {
                let mut cut: Vec<(usize, usize, usize, usize)> = (0..count)
                    .map(|at| {
                        let Place { page, column, row } = place(grid, at, count);
                        assert!(column < grid.0 && row < grid.1, "{count} {at}");
                        (row, column, page, at)
                    })
                    .collect();
                cut.sort_unstable();
                assert!(cut.iter().map(|(.., at)| *at).eq(0..count), "{count} in {grid:?}");
            }
        }
    }
}
