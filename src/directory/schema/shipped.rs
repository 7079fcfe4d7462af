//! The schema of the ENT that is shipped (`schemas/ldap`), in the forms in which servers take it.
//!
//! The files are written for slapd.conf, with names for OIDs. `cn=config` and 389 DS want descriptions with numbers.

use std::collections::HashMap;

const FILES: [&str; 3] = [
    include_str!("../../../schemas/ldap/10-ent-persons.schema"),
    include_str!("../../../schemas/ldap/20-ent-structures.schema"),
    include_str!("../../../schemas/ldap/30-ent-groups.schema"),
];

/// RFC 4512 descriptions, each on one line, in the order in which they refer to each other.
#[derive(Debug, Default)]
pub struct Shipped {
    pub attributes: Vec<String>,
    pub classes: Vec<String>,
}

/// The shipped schema.
#[must_use]
pub fn shipped() -> Shipped {
    let mut shipped = Shipped::default();
    let mut oids: HashMap<&str, String> = HashMap::new();
    for statement in FILES.iter().flat_map(|text| statements(text)) {
        let Some((keyword, rest)) = statement.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim();
        match keyword.to_ascii_lowercase().as_str() {
            "objectidentifier" => {
                if let Some((name, oid)) = rest.split_once(char::is_whitespace) {
                    oids.insert(name, numeric(oid.trim(), &oids));
                }
            }
            "attributetype" => shipped.attributes.push(description(rest, &oids)),
            "objectclass" => shipped.classes.push(description(rest, &oids)),
            _ => {}
        }
    }
    shipped
}

/// The shipped schema as a file for the `schema` folder of a 389 DS instance.
#[must_use]
pub fn as_389_ldif() -> String {
    let Shipped { attributes, classes } = shipped();
    let mut text = "dn: cn=schema\n".to_owned();
    for attribute in attributes {
        text.push_str(&format!("attributeTypes: {attribute}\n"));
    }
    for class in classes {
        text.push_str(&format!("objectClasses: {class}\n"));
    }
    text
}

/// The statements of a slapd.conf file: a line that begins with white space continues the one before.
fn statements(text: &'static str) -> Vec<&'static str> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    let mut ends = Vec::new();
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let continues = line.starts_with([' ', '\t']);
        if !continues && open {
            ends.push(at);
            open = false;
        }
        if !continues && !line.starts_with('#') && !line.trim().is_empty() {
            starts.push(at);
            open = true;
        }
        at += line.len();
    }
    if open {
        ends.push(at);
    }
    starts.into_iter().zip(ends).filter_map(|(start, end)| text.get(start..end)).collect()
}

/// `Name:5` under the OID that the name stands for.
fn numeric(oid: &str, oids: &HashMap<&str, String>) -> String {
    match oid.split_once(':') {
        Some((name, rest)) => match oids.get(name) {
            Some(arc) => format!("{arc}.{rest}"),
            None => oid.to_owned(),
        },
        None => oids.get(oid).cloned().unwrap_or_else(|| oid.to_owned()),
    }
}

/// On one line, with a numeric OID.
fn description(text: &str, oids: &HashMap<&str, String>) -> String {
    let mut words = text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if let Some(oid) = words.get_mut(1) {
        *oid = numeric(oid, oids);
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_is_there_on_one_line_with_a_number() {
        let shipped = shipped();
        let written = |keyword: &str| {
            FILES.iter().flat_map(|f| f.lines()).filter(|l| l.to_ascii_lowercase().starts_with(keyword)).count()
        };
        assert_eq!(shipped.attributes.len(), written("attributetype"));
        assert_eq!(shipped.classes.len(), written("objectclass"));
        let login = shipped.attributes.iter().find(|a| a.contains("'ENTPersonLogin'")).unwrap();
        assert!(
            login
                .starts_with("( 2.25.202576542572121932853913651909400528585.1.101 NAME 'ENTPersonLogin' DESC 'Login'"),
            "{login}"
        );
        assert!(login.ends_with("SINGLE-VALUE )"), "{login}");
        assert!(
            shipped
                .attributes
                .iter()
                .chain(&shipped.classes)
                .all(|d| !d.contains(['\n', '\t', ':'].as_slice()) || d.contains("DESC"))
        );
    }
}
