//! The words of the first degree in those of the second, so that everything downstream knows one vocabulary.
//!
//! Names are told by the attribute itself ([`Becomes`]), never by the degree of the delivery: they are the first
//! degree's alone, but for `ENTEleveAutoriteParentale`, which the values tell. What has no counterpart (commune, RPI,
//! circonscription, services) stays as delivered.

use super::vocabulary::{Attribute, Becomes};
use crate::feed::values::composite;
use crate::feed::{Category, FieldsBuilder};

const CLASSES: [&str; 2] = ["ENTEleveClasses", "ENTAuxEnsClasses"];
const GROUPS: [&str; 2] = ["ENTEleveGroupes", "ENTAuxEnsGroupes"];
const LINKS: &str = "ENTElevePersRelEleve";
const LEVEL: &str = "ENTEleveNivFormation";

/// Pupils and staff share the names of the first degree and not those of the second.
const fn of(names: [&'static str; 2], category: Category) -> &'static str {
    let [pupil, staff] = names;
    match category {
        Category::Staff => staff,
        _ => pupil,
    }
}

/// Begins an attribute under the name that it goes on with. `first_degree`: the record has spoken the first degree's
/// words before.
pub(super) fn begin(builder: &mut FieldsBuilder, attribute: &Attribute, category: Category, first_degree: bool) {
    match attribute.becomes {
        Becomes::Itself => builder.begin(attribute.name),
        Becomes::Named(name) => builder.begin(name),
        Becomes::Class => builder.begin(of(CLASSES, category)),
        Becomes::Group => builder.begin(of(GROUPS, category)),
        Becomes::Link => builder.begin(if first_degree { LINKS } else { attribute.name }),
        Becomes::Level => {
            builder.begin(LEVEL);
            builder.begin(attribute.name);
        }
    }
}

/// Adds a value, checked, to the attribute that was begun.
pub(super) fn value(builder: &mut FieldsBuilder, attribute: &Attribute, value: &str) {
    match attribute.becomes {
        Becomes::Itself | Becomes::Named(_) => builder.value(value),
        Becomes::Class | Becomes::Group => {
            if let Some([structure, _, _, id, label]) = composite::<5>(value) {
                builder.value(&format!("{}${}${}", structure.trim(), id.trim(), label.trim()));
            }
        }
        Becomes::Link => match value.split_once('$') {
            // To be listed is to hold parental authority: legal, to be contacted, answering for the costs.
            Some((holder, link)) => {
                builder.begin(LINKS);
                builder.value(&format!("{}${}$1$1$1$0", holder.trim(), link.trim()));
            }
            None => builder.value(value),
        },
        Becomes::Level => {
            builder.value(value);
            if let Some((_, label)) = value.split_once('$') {
                builder.begin(LEVEL);
                builder.value(label);
                builder.begin(attribute.name);
            }
        }
    }
}
