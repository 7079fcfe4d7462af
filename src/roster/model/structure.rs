//! A structure of the roster, with its classes and groups.

use compact_str::CompactString;

use super::{JoinKey, StructureId};
use crate::feed::Origin;
use crate::feed::values::Uai;

/// A school or service.
#[derive(Debug, Clone)]
pub struct Structure {
    pub key: JoinKey,
    pub origin: Origin,
    pub uai: Uai,
    /// Fourteen digits, without spaces; `None` when the feed has none that holds.
    pub siret: Option<CompactString>,
    /// As delivered (`TYPE-NAME-ac-ACADEMY` or `SIGLE$NAME$TOWN`).
    pub name_delivered: CompactString,
    /// For people: `Collège Jean Moulin`-like, without the academy's tail.
    pub name: String,
    /// Label of the type (`COLLEGE` …).
    pub kind: Option<CompactString>,
    pub ministry: Option<CompactString>,
    /// `PU` or `PR`.
    pub contract: Option<CompactString>,
    pub academy: Option<CompactString>,
    pub bassin: Option<CompactString>,
    pub street: Option<CompactString>,
    pub post_office_box: Option<CompactString>,
    pub postal_code: Option<CompactString>,
    pub town: Option<CompactString>,
    pub phone: Option<CompactString>,
    pub fax: Option<CompactString>,
    /// The official mailbox.
    pub mail: Option<CompactString>,
    /// Structures to which it is functionally attached (within the roster; may be itself).
    pub attached_to: Vec<StructureId>,
    /// Declared classes and those that only pupils name, sorted by code.
    pub classes: Vec<Class>,
    /// Teaching groups, sorted by code.
    pub groups: Vec<TeachingGroup>,
}

/// A class (*division*). Its identity is its code inside the structure, case and inner spaces included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    pub code: CompactString,
    pub label: Option<CompactString>,
    pub mefs: Vec<CompactString>,
    /// Named by pupils or teachers only, absent from the structure's own list.
    pub undeclared: bool,
    /// The code is a number of the upstream base (first degree): people know the class by its label only.
    pub numbered: bool,
}

/// A teaching group and the classes from which its pupils come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeachingGroup {
    pub code: CompactString,
    pub label: Option<CompactString>,
    pub classes: Vec<CompactString>,
    pub undeclared: bool,
    /// As for a [`Class`].
    pub numbered: bool,
}
