//! Who and what should exist: the expected population, computed from the images of the sources.
//!
//! Takes [`Record`](crate::feed::Record)s as the store keeps them and gives typed, normalised, linked persons and
//! structures, within the scope. It knows no LDAP attribute and no directory. It is a plain function of its inputs:
//! the same images and options give the same roster, whatever the order of the records.

mod aliases;
mod build;
mod draft;
mod drafts;
mod family;
mod federation;
mod functions;
mod households;
mod links;
mod model;
mod normal;
mod options;
mod places;
mod policy;
mod pool;
mod pupils;
mod report;
mod school_name;
mod scope;
mod several;
mod staff;
mod structure_draft;
mod structures;
mod successors;
#[cfg(test)]
mod tests;
mod told;

pub use aliases::Aliases;
pub use build::build;
pub use households::{HouseholdId, Households, households};
pub use model::*;
pub use options::{Identities, Options, OptionsError, SourceInfo};
pub use places::{children_of, places};
pub use policy::{Grants, Policy, Situation, is_of_age};
pub use school_name::readable as readable_school_name;
pub use successors::{Successor, present_uai};
