//! When two values of an attribute are the same, as a server with the ENT schema would have it.

use std::borrow::Cow;

use crate::directory::dn::fold;
use crate::directory::{Dn, Value, is_secret};

/// Attributes whose values are names (`distinguishedNameMatch`), in lower case. Those of the ENT schema that are
/// DN-typed, and the standard ones.
const NAMES: &[&str] = &[
    "member",
    "owner",
    "seealso",
    "uniquemember",
    "manager",
    "secretary",
    "roleoccupant",
    "entpersonstructrattach",
    "entpersrelrapprochprincipal",
    "entpersrelrapprochsecondaire",
    "entpersrelfusionprincipal",
    "entpersrelfusionsecondaire",
    "enteleveadresserel",
    "enteleveparents",
    "entelevepersreleleve1",
    "entelevepersreleleve2",
    "enteleveensrespstage",
    "enteleveenstutstage",
    "enteleveentrtutstage",
    "enteleveentrautres",
    "entauxpersreleleveeleve",
    "entauxpersreleleverepresentant",
    "entauxensrespstage",
    "entauxenstutstage",
    "entstructureresponsable",
    "entstructurecontactent",
    "entetablissementstructrattachadmin",
    "entetablissementstructrattachfctl",
];

/// Attributes that tell upper from lower case.
const EXACT: &[&str] = &["ismemberof", "hasmember", "homedirectory", "loginshell"];

/// The rule under which the values of one attribute are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Octets,
    Exact,
    Name,
    CaseIgnore,
}

impl Rule {
    pub(super) fn of(attribute: &str) -> Self {
        let name = attribute.to_ascii_lowercase();
        if is_secret(&name) {
            Self::Octets
        } else if NAMES.contains(&&*name) {
            Self::Name
        } else if EXACT.contains(&&*name) {
            Self::Exact
        } else {
            Self::CaseIgnore
        }
    }

    /// Two values are the same when their keys are.
    pub(super) fn key(self, value: &Value) -> Cow<'_, [u8]> {
        match (self, value) {
            (Self::Octets | Self::Exact, _) | (_, Value::Octets(_)) => Cow::Borrowed(value.as_bytes()),
            (_, Value::Text(text)) => Cow::Owned(self.text_key(text).into_bytes()),
        }
    }

    pub(super) fn text_key(self, text: &str) -> String {
        match self {
            Self::Octets | Self::Exact => text.to_owned(),
            Self::Name => Dn::parse(text).map_or_else(|_| fold(text), |dn| dn.normalised().to_owned()),
            Self::CaseIgnore => fold(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that one of our schema files gives to attributes of one syntax.
    fn attributes<'a>(schema: &'a str, rule: &'a str) -> impl Iterator<Item = String> + 'a {
        schema
            .split("attributetype")
            .filter(move |definition| definition.contains(rule))
            .filter_map(|definition| definition.split('\'').nth(1))
            .map(str::to_lowercase)
    }

    #[test]
    fn the_rules_are_those_of_the_schema() {
        let schemas = [
            include_str!("../../../schemas/ldap/10-ent-persons.schema"),
            include_str!("../../../schemas/ldap/20-ent-structures.schema"),
            include_str!("../../../schemas/ldap/30-ent-groups.schema"),
        ];
        let named: Vec<String> =
            schemas.iter().flat_map(|s| attributes(s, "EQUALITY distinguishedNameMatch")).collect();
        let ours: Vec<&str> = NAMES.iter().copied().filter(|n| n.starts_with("ent")).collect();
        assert_eq!(named.len(), ours.len());
        assert!(named.iter().all(|n| Rule::of(n) == Rule::Name), "{named:?}");
        for text in schemas.iter().flat_map(|s| attributes(s, "EQUALITY caseIgnoreMatch")) {
            assert_eq!(Rule::of(&text), Rule::CaseIgnore, "{text}");
        }
    }

    #[test]
    fn values_compare_as_a_server_compares_them() {
        let same = |attribute: &str, a: &str, b: &str| {
            let rule = Rule::of(attribute);
            rule.key(&a.into()) == rule.key(&b.into())
        };
        assert!(same("sn", "DUPONT  Zoé", " dupont zoé "));
        assert!(!same("sn", "Zoé", "Zoe"));
        assert!(same("Member", "UID=a, dc=fr", "uid=A,dc=fr"));
        assert!(same("ENTEleveClasses", "DN$3A", "dn$3a"));
        assert!(!same("userPassword", "{ARGON2}a", "{argon2}a"));
        assert!(!same("isMemberOf", "a", "A"));
    }
}
