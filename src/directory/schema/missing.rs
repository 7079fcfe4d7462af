//! The definitions to load into a server that lacks some of the ENT's.

use super::Schema;
use super::parse::{Description, description};
use super::shipped::shipped;

/// What is to be loaded, and what is not ours to give.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Missing {
    pub attributes: Vec<String>,
    pub classes: Vec<String>,
    /// In the standard schemas, or in the project's own.
    pub elsewhere: Vec<String>,
}

/// The shipped definitions of the classes and attributes that a server lacks, with the attributes that those classes
/// name and it lacks too.
#[must_use]
pub fn missing(schema: &Schema, classes: &[String], attributes: &[String]) -> Missing {
    let shipped = shipped();
    let mut missing = Missing::default();
    let mut wanted: Vec<String> = attributes.to_vec();
    for class in classes {
        match shipped.classes.iter().find(|text| is_called(text, class)) {
            Some(text) => {
                missing.classes.push(text.clone());
                if let Ok(read) = description(text) {
                    let named = ["MUST", "MAY"].iter().flat_map(|k| read.values(k).unwrap_or_default().to_vec());
                    wanted.extend(named.filter(|name| schema.attribute(name).is_none()));
                }
            }
            None => missing.elsewhere.push(class.clone()),
        }
    }
    for name in &wanted {
        let known = shipped.attributes.iter().any(|text| is_called(text, name));
        if !known && !missing.elsewhere.contains(name) {
            missing.elsewhere.push(name.clone());
        }
    }
    // In the order of the files: definitions come before what inherits from them.
    let lacking = |text: &&String| wanted.iter().any(|name| is_called(text, name));
    missing.attributes = shipped.attributes.iter().filter(lacking).cloned().collect();
    missing
}

fn is_called(text: &str, name: &str) -> bool {
    let named =
        |read: Description| read.values("NAME").unwrap_or_default().iter().any(|n| n.eq_ignore_ascii_case(name));
    description(text).is_ok_and(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_comes_with_its_attributes() {
        let empty = Schema::default();
        let missing = missing(&empty, &["entauxenseignant".into(), "inetOrgPerson".into()], &["ENTPersonLogin".into()]);
        assert_eq!(missing.classes.len(), 1);
        assert!(missing.attributes.iter().any(|a| a.contains("'ENTAuxEnsMEF'")));
        assert!(missing.attributes.iter().any(|a| a.contains("'ENTPersonLogin'")));
        assert_eq!(missing.elsewhere, ["inetOrgPerson"]);
    }
}
