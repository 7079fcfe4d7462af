//! Links between pupils and relatives: both generations of codes, and the older attributes before them.

use compact_str::{CompactString, format_compact};

use super::model::{LinkCodes, Standing};

/// What one value of a pupil says about one relative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawLink {
    /// The relative's key inside the source.
    pub(super) relative: CompactString,
    pub(super) codes: LinkCodes,
    /// `None` when the pupil is his own guardian (codes 7 and 70): no relative stands behind it.
    pub(super) standing: Option<Standing>,
}

/// Reads a value of `ENTElevePersRelEleve`: six fields, or nothing.
pub(super) fn parse(value: &str) -> Option<RawLink> {
    let (relative, codes) = value.split_once('$')?;
    let relative = relative.trim();
    if relative.is_empty() || codes.split('$').count() != 5 {
        return None;
    }
    let codes = LinkCodes::new(codes);
    Some(RawLink { relative: relative.into(), standing: standing(&codes), codes })
}

/// Precedence: legal, then in charge, then contact.
///
/// The meaning of the legal field changed with the link codes: below 10, 1 and 2 are the first and second legal
/// guardian; from 10 on, 1 is a legal representative and 2 somebody in charge. A link code that is no number is of no
/// known generation and read as of the present one, which gives the fewer rights.
fn standing(codes: &LinkCodes) -> Option<Standing> {
    let [link, _financial, legal, contact, _payment] = codes.fields();
    let link = link.parse::<u32>().unwrap_or(u32::MAX);
    if matches!(link, 7 | 70) {
        return None;
    }
    Some(match (legal, link < 10) {
        ("1", _) | ("2", true) => Standing::Authority,
        ("2", false) => Standing::InCharge,
        _ if contact == "1" || legal == "3" => Standing::Contact,
        _ => Standing::Other,
    })
}

/// The attributes that gave the family before `ENTElevePersRelEleve`, as delivered.
#[derive(Debug, Clone, Default)]
pub(super) struct Legacy {
    pub(super) parents: Vec<CompactString>,
    pub(super) father: Option<CompactString>,
    pub(super) mother: Option<CompactString>,
    /// `ENTEleveAutoriteParentale`: who holds it, in order.
    pub(super) authority: Vec<CompactString>,
    /// `ENTElevePersRelEleve1` and `2` with their quality (`FINANCIER`, `CONTACT`, `PAIEMENT`).
    pub(super) others: [(Option<CompactString>, Option<CompactString>); 2],
}

impl Legacy {
    /// Whether no relative is named.
    pub(super) fn is_empty(&self) -> bool {
        let named = |other: &(Option<CompactString>, Option<CompactString>)| other.0.is_some();
        self.parents.is_empty()
            && self.father.is_none()
            && self.mother.is_none()
            && self.authority.is_empty()
            && !self.others.iter().any(named)
    }

    /// The same family in the six fields of the codes 1 to 7.
    pub(super) fn links(&self) -> Vec<RawLink> {
        let quality = |id: &CompactString, what: &str| {
            self.others.iter().any(|(other, quality)| other.as_ref() == Some(id) && quality.as_deref() == Some(what))
        };
        let mut links: Vec<RawLink> = Vec::new();
        let everyone = (self.authority.iter())
            .chain(&self.parents)
            .chain(&self.father)
            .chain(&self.mother)
            .chain(self.others.iter().filter_map(|(id, _)| id.as_ref()));
        for id in everyone {
            if links.iter().any(|l| l.relative == *id) {
                continue;
            }
            let link = match id {
                id if self.father.as_ref() == Some(id) => "1",
                id if self.mother.as_ref() == Some(id) => "2",
                _ => "6",
            };
            let legal = match self.authority.iter().position(|a| a == id) {
                Some(0) => "1",
                Some(_) => "2",
                None => "0",
            };
            let bit = |what: &str| u8::from(quality(id, what));
            let (financial, contact, payment) = (bit("FINANCIER"), bit("CONTACT"), bit("PAIEMENT"));
            let codes = LinkCodes::new(format_compact!("{link}${financial}${legal}${contact}${payment}"));
            let standing = standing(&codes);
            links.push(RawLink { relative: id.clone(), codes, standing });
        }
        links
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_codes() {
        let cases = [
            // Old codes: 1 and 2 are both legal guardians.
            ("9$1$0$1$0$0", Some(Standing::Authority)),
            ("9$2$1$2$0$0", Some(Standing::Authority)),
            ("9$4$0$0$1$0", Some(Standing::Contact)),
            ("9$4$1$0$0$0", Some(Standing::Other)),
            ("9$7$0$1$0$0", None),
            // New codes: 2 is in charge.
            ("9$10$1$1$0$0", Some(Standing::Authority)),
            ("9$20$0$1$1$1", Some(Standing::Authority)),
            ("9$38$0$2$1$0", Some(Standing::InCharge)),
            ("9$39$0$0$1$0", Some(Standing::Contact)),
            ("9$39$0$3$0$0", Some(Standing::Contact)),
            ("9$90$1$0$0$1", Some(Standing::Other)),
            ("9$70$1$1$0$0", None),
            // Of no known generation: read as new.
            ("9$X$0$2$0$0", Some(Standing::InCharge)),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(value).unwrap().standing, expected, "{value}");
        }
    }

    #[test]
    fn six_fields_or_nothing() {
        for bad in ["", "9", "9$1$0$1$0", "9$1$0$1$0$0$0", "$1$0$1$0$0"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        let link = parse("123$10$1$1$0$").unwrap();
        assert_eq!(link.relative, "123");
        assert_eq!(link.codes.fields(), ["10", "1", "1", "0", ""]);
    }

    #[test]
    fn the_older_attributes_say_the_same() {
        let legacy = Legacy {
            parents: vec!["1".into(), "2".into()],
            father: Some("1".into()),
            mother: Some("2".into()),
            authority: vec!["2".into(), "3".into()],
            others: [(Some("4".into()), Some("CONTACT".into())), (Some("5".into()), Some("FINANCIER".into()))],
        };
        let links = legacy.links();
        let said = |id: &str| {
            let l = links.iter().find(|l| l.relative == id).unwrap();
            (l.codes.fields().join("$"), l.standing.unwrap())
        };
        assert_eq!(links.len(), 5);
        assert_eq!(said("1"), ("1$0$0$0$0".into(), Standing::Other));
        assert_eq!(said("2"), ("2$0$1$0$0".into(), Standing::Authority));
        assert_eq!(said("3"), ("6$0$2$0$0".into(), Standing::Authority));
        assert_eq!(said("4"), ("6$0$0$1$0".into(), Standing::Contact));
        assert_eq!(said("5"), ("6$1$0$0$0".into(), Standing::Other));
    }
}
