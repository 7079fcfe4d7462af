//! Cells that hold several classes or groups.

use super::school::SchoolState;

/// The classes of a cell. `|` always separates. A comma does when every piece is a class of the school: ONDE writes
/// labels such as `CE1, CE2 MME DURAND`, which are one class.
pub(super) fn split<'c>(cell: &'c str, school: Option<&SchoolState>) -> Vec<&'c str> {
    let known = |class: &str| school.is_some_and(|school| school.class(class).is_some());
    if cell.is_empty() || known(cell) {
        return Vec::from_iter((!cell.is_empty()).then_some(cell));
    }
    cell.split('|')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .flat_map(|piece| {
            let pieces: Vec<&str> = piece.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
            if pieces.len() > 1 && !known(piece) && pieces.iter().all(|piece| known(piece)) {
                pieces
            } else {
                vec![piece]
            }
        })
        .collect()
}

/// A label fit for a field of a composite value, whose separator is `$`.
pub(super) fn plain(label: &str) -> String {
    label.replace('$', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::school::Schools;
    use super::super::spec::{Layout, School, TableSpec};
    use super::*;
    use crate::feed::values::Uai;

    #[test]
    fn a_comma_separates_classes_only() {
        let school = School::new(Uai::parse("0350999X").expect("a UAI"));
        let spec = TableSpec {
            path: "".into(),
            layout: Layout::Onde,
            school: Some(school),
            columns: [].into(),
            charset: None,
        };
        let mut schools = Schools::default();
        let (number, _) = schools.of_part(&spec, None, 0);
        let state = schools.get_mut(number.expect("a school")).expect("a school");
        for class in ["CE1", "CE2", "CE1, CE2 MME DURAND"] {
            state.add_class(class);
        }
        let of = |cell| split(cell, Some(state));
        assert_eq!(of("CE1, CE2 MME DURAND"), ["CE1, CE2 MME DURAND"]);
        assert_eq!(of("CE1, CE2"), ["CE1", "CE2"]);
        assert_eq!(of("CE1|CM1"), ["CE1", "CM1"]);
        assert_eq!(of("CM1, CM2"), ["CM1, CM2"]);
        assert_eq!(of("CE1, CE2|CM1"), ["CE1", "CE2", "CM1"]);
        assert!(of("").is_empty());
        assert_eq!(plain(" a$b  c "), "a b c");
    }
}
