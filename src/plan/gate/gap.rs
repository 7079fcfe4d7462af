//! What of the dialect a server does not know: one error for the run, before anything else is looked at.

use crate::directory::Schema;
use crate::directory::dialect::Dialect;

/// The classes and attributes of the dialect that the server's schema lacks or protects.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
#[error(
    "the server's schema does not fit the dialect: {}; nothing was written. `rentree doctor` prints the definitions to \
     load; or take them out of the dialect", self.told()
)]
pub struct SchemaGap {
    pub classes: Vec<String>,
    pub attributes: Vec<String>,
    /// Attributes that nobody may write (NO-USER-MODIFICATION).
    pub protected: Vec<String>,
}

impl SchemaGap {
    /// # Errors
    /// The gap, when there is one.
    pub fn of(dialect: &Dialect, schema: &Schema) -> Result<(), Self> {
        let vocabulary = dialect.vocabulary(&dialect.kinds());
        let mut gap = Self::default();
        for class in vocabulary.classes {
            if schema.class(class).is_none() {
                gap.classes.push(class.to_owned());
            }
        }
        for attribute in vocabulary.attributes {
            match schema.attribute(attribute) {
                None => gap.attributes.push(attribute.to_owned()),
                Some(known) if !known.user_modifiable => gap.protected.push(attribute.to_owned()),
                Some(_) => {}
            }
        }
        if gap == Self::default() { Ok(()) } else { Err(gap) }
    }

    fn told(&self) -> String {
        [
            ("unknown classes: ", &self.classes),
            ("unknown attributes: ", &self.attributes),
            ("attributes that nobody may write: ", &self.protected),
        ]
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(title, names)| format!("{title}{}", names.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
    }
}
