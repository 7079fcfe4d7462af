//! Attribute types: names, syntax, bound, matching, with what they inherit.

use super::parse::{Description, description};
use super::syntax::Syntax;
use super::{AttributeNumber, Schema, note};

/// Deeper inheritance is a circle.
const DEEPEST: usize = 32;

/// How two values of an attribute are compared (RFC 4517 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Equality {
    CaseIgnore,
    CaseExact,
    CaseIgnoreIa5,
    CaseExactIa5,
    CaseIgnoreList,
    NumericString,
    Telephone,
    Dn,
    UniqueMember,
    Boolean,
    Integer,
    GeneralizedTime,
    Uuid,
    Octet,
    ObjectIdentifier,
    BitString,
    /// A rule that is not in this list.
    Other,
    /// The attribute has none: single values can be neither compared nor deleted by the server.
    None,
}

impl Equality {
    /// By name or OID.
    fn of(rule: &str) -> Self {
        match rule.to_ascii_lowercase().as_str() {
            "caseignorematch" | "2.5.13.2" => Self::CaseIgnore,
            "caseexactmatch" | "2.5.13.5" => Self::CaseExact,
            "caseignoreia5match" | "1.3.6.1.4.1.1466.109.114.2" => Self::CaseIgnoreIa5,
            "caseexactia5match" | "1.3.6.1.4.1.1466.109.114.1" => Self::CaseExactIa5,
            "caseignorelistmatch" | "2.5.13.11" => Self::CaseIgnoreList,
            "numericstringmatch" | "2.5.13.8" => Self::NumericString,
            "telephonenumbermatch" | "2.5.13.20" => Self::Telephone,
            "distinguishednamematch" | "2.5.13.1" => Self::Dn,
            "uniquemembermatch" | "2.5.13.23" => Self::UniqueMember,
            "booleanmatch" | "2.5.13.13" => Self::Boolean,
            "integermatch" | "2.5.13.14" => Self::Integer,
            "generalizedtimematch" | "2.5.13.27" => Self::GeneralizedTime,
            "uuidmatch" | "1.3.6.1.1.16.2" => Self::Uuid,
            "octetstringmatch" | "2.5.13.17" => Self::Octet,
            "objectidentifiermatch" | "2.5.13.0" => Self::ObjectIdentifier,
            "bitstringmatch" | "2.5.13.16" => Self::BitString,
            _ => Self::Other,
        }
    }
}

/// An attribute type with everything that it inherits.
#[derive(Debug, Clone)]
pub struct AttributeType {
    pub oid: String,
    /// The first is the one that servers send.
    pub names: Vec<String>,
    pub syntax: Syntax,
    /// Characters, or octets of values that are no text.
    pub bound: Option<usize>,
    pub equality: Equality,
    pub single_value: bool,
    /// Whether users, the administrator included, may write it.
    pub user_modifiable: bool,
}

impl AttributeType {
    /// The first name, or the OID.
    #[must_use]
    pub fn name(&self) -> &str {
        self.names.first().unwrap_or(&self.oid)
    }
}

pub(super) fn read<'t>(schema: &mut Schema, texts: impl IntoIterator<Item = &'t str>) {
    let mut descriptions: Vec<Description> = Vec::new();
    for text in texts {
        match description(text) {
            Ok(description) => descriptions.push(description),
            Err(why) => schema.warnings.push(format!("attributeTypes: {} {why}", shortened(text))),
        }
    }
    // Names first: a type may come before the one from which it inherits.
    for (number, description) in (0..).zip(&descriptions) {
        for name in description.values("NAME").unwrap_or_default().iter().chain([&description.oid]) {
            note(&mut schema.attribute_names, name, number);
        }
    }
    let attributes: Vec<AttributeType> = descriptions.iter().map(|d| resolve(schema, &descriptions, d)).collect();
    for (attribute, description) in attributes.iter().zip(&descriptions) {
        if let Some(sup) = description.value("SUP")
            && schema.number(sup).is_none()
        {
            schema.warnings.push(format!("attributeTypes: {} inherits from {sup}, which is unknown", attribute.name()));
        }
    }
    schema.attributes = attributes;
}

fn resolve(schema: &Schema, all: &[Description], own: &Description) -> AttributeType {
    let inherited = |keyword: &str| {
        let mut at = own;
        for _ in 0..DEEPEST {
            if let Some(value) = at.value(keyword) {
                return Some(value);
            }
            let AttributeNumber(sup) = schema.number(at.value("SUP")?)?;
            at = all.get(sup as usize)?;
        }
        None
    };
    let (syntax, bound) = inherited("SYNTAX").map_or((Syntax::Other, None), syntax_and_bound);
    AttributeType {
        oid: own.oid.clone(),
        names: own.values("NAME").unwrap_or_default().to_vec(),
        syntax,
        bound,
        equality: inherited("EQUALITY").map_or(Equality::None, Equality::of),
        single_value: own.has("SINGLE-VALUE"),
        user_modifiable: !own.has("NO-USER-MODIFICATION"),
    }
}

/// `1.3.6.1.4.1.1466.115.121.1.15{64}`.
fn syntax_and_bound(text: &str) -> (Syntax, Option<usize>) {
    let (oid, rest) = text.split_once('{').unwrap_or((text, ""));
    // A bound of nothing bounds nothing.
    let bound = rest.strip_suffix('}').and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    (Syntax::of(oid), bound)
}

/// The beginning of a text, for a warning.
pub(super) fn shortened(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    if start.len() < text.len() { format!("{start:?}…") } else { format!("{start:?}") }
}
