//! What a change makes of a known record.

use std::collections::HashMap;

use crate::feed::{Category, Code, Fields, FieldsBuilder};

/// A record with the attributes that a change lists: those replaced, also by nothing; the others as they were. A
/// change that lists everything is the new record, in its own order, as a complete set would bring it.
pub(super) fn modified(known: &Fields, change: &Fields) -> Fields {
    let changes: HashMap<&str, _> = change.iter().collect();
    if known.iter().all(|(name, _)| changes.contains_key(name)) {
        return change.clone();
    }
    let mut builder = FieldsBuilder::new();
    for (name, values) in known.iter() {
        builder.attribute(name, changes.get(name).cloned().unwrap_or(values));
    }
    for (name, values) in change.iter().filter(|(name, _)| !known.contains(name)) {
        builder.attribute(name, values);
    }
    builder.build()
}

/// What a record of this category cannot be without.
pub(super) fn lacks(category: Category, fields: &Fields) -> Option<Code> {
    let lacks = |name: &str| fields.first(name).is_none();
    match category {
        Category::Structure | Category::Subject | Category::Mef => None,
        _ if lacks("sn") => Some(Code::MissingSurname),
        _ if lacks("givenName") => Some(Code::MissingFirstName),
        Category::Pupil if lacks("ENTPersonDateNaissance") => Some(Code::MissingBirthDate),
        _ => None,
    }
}

/// The structure that a person belongs to, as its record says: the administrative one, else that of a class or of a
/// function.
pub(super) fn structure_of(fields: &Fields) -> Option<&str> {
    fields.first("ENTPersonStructRattach").or_else(|| structures_of(fields).next())
}

/// Every structure that a person's record names by a place in it.
pub(super) fn structures_of(fields: &Fields) -> impl Iterator<Item = &str> {
    let composite = ["ENTEleveClasses", "ENTPersonFonctions", "ENTAuxEnsClasses", "ENTAuxEnsClassesMatieres"];
    fields
        .values("ENTPersonStructRattach")
        .chain(composite.into_iter().flat_map(|name| fields.values(name)))
        .map(|value| value.split('$').next().unwrap_or_default().trim())
        .filter(|key| !key.is_empty())
}

/// `Léa LE GALL`, for messages.
pub(super) fn subject(fields: &Fields) -> Option<String> {
    let names: Vec<&str> = ["givenName", "sn"].into_iter().filter_map(|name| fields.first(name)).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(list: &[(&str, &[&str])]) -> Fields {
        let mut builder = FieldsBuilder::new();
        for (name, values) in list {
            builder.attribute(name, values.iter().copied());
        }
        builder.build()
    }

    #[test]
    fn empty_clears_and_absent_leaves() {
        let known = fields(&[("sn", &["A"]), ("mail", &["a@b.fr"]), ("l", &["X", "Y"])]);
        let change = fields(&[("mail", &[]), ("sn", &["B"]), ("new", &["1"])]);
        let after = modified(&known, &change);
        assert_eq!(after, fields(&[("sn", &["B"]), ("mail", &[]), ("l", &["X", "Y"]), ("new", &["1"])]));
        let all = fields(&[("l", &["Z"]), ("mail", &[]), ("sn", &["B"])]);
        assert_eq!(modified(&known, &all), all, "a whole record is taken as it is");
    }

    #[test]
    fn what_nobody_can_be_without() {
        let whole = fields(&[("sn", &["A"]), ("givenName", &["B"])]);
        assert_eq!(lacks(Category::Staff, &whole), None);
        assert_eq!(lacks(Category::Pupil, &whole), Some(Code::MissingBirthDate));
        assert_eq!(lacks(Category::Staff, &modified(&whole, &fields(&[("sn", &[])]))), Some(Code::MissingSurname));
        assert_eq!(lacks(Category::Structure, &fields(&[])), None);
    }

    #[test]
    fn where_a_person_is() {
        let staff = fields(&[("ENTPersonStructRattach", &[]), ("ENTPersonFonctions", &["7$ENS$-$-$-", "8$DOC$-$-$-"])]);
        assert_eq!((structure_of(&staff), structures_of(&staff).count()), (Some("7"), 2));
    }

    proptest! {
        /// Against the obvious model: a map whose listed names are replaced.
        #[test]
        fn attribute_by_attribute(
            known in prop::collection::btree_map("[a-e]", prop::collection::vec("[xyz]", 0..3), 0..5),
            change in prop::collection::btree_map("[a-f]", prop::collection::vec("[xyz]", 0..3), 0..5),
        ) {
            let pack = |map: &std::collections::BTreeMap<String, Vec<String>>| {
                let mut builder = FieldsBuilder::new();
                for (name, values) in map {
                    builder.attribute(name, values.iter().map(String::as_str));
                }
                builder.build()
            };
            let mut model = known.clone();
            model.extend(change.clone());
            let after = modified(&pack(&known), &pack(&change));
            prop_assert_eq!(after.iter().count(), model.len());
            for (name, values) in &model {
                let mut once = values.clone();
                let mut seen = std::collections::HashSet::new();
                once.retain(|v| seen.insert(v.clone()));
                prop_assert!(after.contains(name));
                prop_assert_eq!(after.values(name).collect::<Vec<_>>(), once);
            }
        }
    }
}
