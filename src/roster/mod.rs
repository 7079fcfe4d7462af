//! Who and what should exist: the expected population, computed from the images of the sources.
//!
//! Takes [`Record`](crate::feed::Record)s as the store keeps them and gives typed, normalised, linked persons and
//! structures, within the scope. It knows no LDAP attribute and no directory. It is a plain function of its inputs:
//! the same images and options give the same roster, whatever the order of the records.

mod model;

pub use model::*;
