//! The schema as real servers publish it, and our judgement beside theirs.

use rentree::directory::ldap::Ldap;
use rentree::directory::schema::{Equality, Schema, Syntax};
use rentree::directory::{Directory, DirectoryError, Operation};

use super::suite::{one, person};
use crate::support::ds389::Ds389;
use crate::support::slapd::Slapd;

/// Values that a feed might bring, good and bad.
const SAMPLES: [(&str, &str); 21] = [
    ("mail", "zoe@example.fr"),
    ("mail", "zoé@example.fr"),
    ("telephoneNumber", "+33 2 99 00 00 00"),
    ("telephoneNumber", "02_99"),
    ("telephoneNumber", "n°12"),
    ("mobile", "06 11 22 33 44"),
    ("homePhone", "06;11"),
    ("facsimileTelephoneNumber", "0299000000"),
    ("ENTPersonGARIdentifiant", "597ae2f6-16a6-1027-98f4-d28b5365dc14"),
    ("ENTPersonGARIdentifiant", "not-a-uuid"),
    ("ENTPersonStructRattach", "ENTStructureSIREN=1,ou=structures,dc=esco-centre,dc=fr"),
    ("ENTPersonStructRattach", "0290009C"),
    ("ENTPersonVille", "Œuf-en-Ternois"),
    ("ENTPersonVille", "   "),
    ("manager", "uid=x,dc=fr"),
    ("manager", "nobody"),
    ("postalAddress", "1 rue des Écoles$29000 Quimper"),
    ("preferredLanguage", "fr"),
    ("seeAlso", ""),
    ("employeeNumber", "é"),
    ("description", "x"),
];

const NONE: [(&str, &str, &str); 0] = [];

/// The samples of which the server thinks otherwise than we, with what it does.
async fn disagreements(directory: &dyn Directory) -> Vec<(&'static str, &'static str, &'static str)> {
    let schema = directory.schema().await.unwrap().expect("a schema that may be read");
    let mut answers = Vec::new();
    for (at, (attribute, value)) in SAMPLES.into_iter().enumerate() {
        let mut entry = person(&format!("s{at}"));
        entry.push(attribute, [value]);
        let taken = match one(directory, Operation::Add(entry)).await {
            Ok(()) => true,
            Err(DirectoryError::Rejected { code: 19 | 21, .. }) => false,
            Err(error) => panic!("{attribute} {value:?}: {error}"),
        };
        if schema.attribute(attribute).unwrap().syntax.check(value.as_bytes()).is_ok() != taken {
            answers.push((attribute, value, if taken { "taken" } else { "refused" }));
        }
    }
    answers
}

fn sound(schema: &Schema) {
    let (attributes, classes) = schema.size();
    assert!(attributes > 200 && classes > 50, "{attributes} attributes, {classes} classes");
    assert!(schema.attribute("ENTPersonLogin").unwrap().single_value);
    assert_eq!(schema.equality("member"), Some(Equality::Dn));
    assert_eq!(schema.equality("mail"), Some(Equality::CaseIgnoreIa5));
    assert_eq!(schema.attribute("sn").unwrap().syntax, Syntax::DirectoryString);
    assert!(schema.together(["ENTEleve"]).must().contains(&schema.number("sn").unwrap()));
    assert!(!schema.bounds_enforced());
}

/// More than the bound that the server publishes for it.
async fn beyond_the_bound(directory: &dyn Directory, schema: &Schema) {
    let mut entry = person("long");
    let bound = schema.attribute("street").unwrap().bound.unwrap_or(128);
    entry.push("street", ["é".repeat(bound + 100)]);
    one(directory, Operation::Add(entry)).await.unwrap();
}

#[tokio::test]
async fn openldap_and_we_judge_alike() {
    let slapd = Slapd::start();
    let directory = Ldap::connect(&slapd.sync_config()).await.unwrap();
    let schema = directory.schema().await.unwrap().unwrap();
    sound(&schema);
    // Four operational attributes that OpenLDAP's own classes name and that it does not have.
    assert!(schema.warnings().iter().all(|w| w.contains("names") && w.contains("unknown")), "{:?}", schema.warnings());
    assert_eq!(disagreements(&directory).await, NONE);
    beyond_the_bound(&directory, &schema).await;
}

#[tokio::test]
async fn a_389_server_and_we_judge_alike() {
    let server = Ds389::start();
    let directory = Ldap::connect(&server.config()).await.unwrap();
    let schema = directory.schema().await.unwrap().unwrap();
    sound(&schema);
    assert_eq!(disagreements(&directory).await, NONE);
    beyond_the_bound(&directory, &schema).await;
}
