//! Values that name a structure or a group, with the name that it has now.
//!
//! A value names something when the whole of it, or what stands before its first `$`, is the name: a DN (in whatever
//! writing), a UAI; a SIRET only as a whole, the name of a group only where people say which groups they are in. All
//! the rest of the value stays as it is, and so does every value that names nothing of this.

use std::collections::{HashMap, HashSet};

use crate::directory::dialect::{Dialect, Kind, Source};
use crate::directory::{AttributeChange, Dn, Entry, Value, is_secret};

/// What is called otherwise now, and where.
#[derive(Debug, Default)]
pub(super) struct Rewriter {
    /// Structures and groups.
    names: HashMap<Dn, Dn>,
    uai: Option<(String, String)>,
    siret: Option<(String, String)>,
    /// In the attributes of SIRET: what stands there, a UAI where there is no SIRET.
    instead: Option<(String, String)>,
    /// Groups by their plain name.
    groups: HashMap<String, String>,
    member_of: Option<String>,
    siret_attributes: HashSet<String>,
    vector_attributes: HashSet<String>,
    /// What stands in these names no structure.
    apart: HashSet<String>,
}

impl Rewriter {
    /// For entries of this dialect; nothing is called otherwise yet.
    pub fn new(dialect: &Dialect) -> Self {
        let lower = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_ascii_lowercase).collect();
        let people = [Kind::Pupil, Kind::Relative, Kind::Staff].into_iter();
        let sirets = people.flat_map(|kind| {
            [Source::SchoolSirets, Source::CurrentSiret].map(|source| dialect.attribute(kind, source))
        });
        Self {
            member_of: dialect.member_of().map(str::to_ascii_lowercase),
            siret_attributes: lower(&mut sirets.flatten().chain(dialect.of_structure(Source::Siret))),
            vector_attributes: lower(&mut dialect.identity_vectors().into_iter()),
            apart: lower(&mut dialect.names_no_structure().iter().map(String::as_str)),
            ..Self::default()
        }
    }

    /// An entry has another name.
    pub fn name(&mut self, former: &Dn, present: &Dn) {
        if former != present {
            self.names.insert(former.clone(), present.clone());
        }
    }

    /// A group has another plain name, or its members are those of another one.
    pub fn group(&mut self, former: String, present: String) {
        self.groups.insert(former, present);
    }

    /// A structure has another UAI, another SIRET; either may be the same.
    pub fn identifiers(&mut self, former: (&str, Option<&str>), present: (&str, Option<&str>)) {
        let pair = |a: &str, b: &str| (!a.eq_ignore_ascii_case(b)).then(|| (a.to_owned(), b.to_owned()));
        self.uai = pair(former.0, present.0);
        self.siret = former.1.zip(present.1).and_then(|(a, b)| pair(a, b));
        self.instead = pair(former.1.unwrap_or(former.0), present.1.unwrap_or(present.0));
    }

    /// What the values of an entry become, without those of the attributes of `except` and of the entry's own name.
    pub fn changes(&self, entry: &Entry, except: &[&str]) -> Vec<AttributeChange> {
        let rdn = entry.dn.rdn_type();
        let skipped = |name: &str| {
            is_secret(name)
                || name == rdn
                || self.apart.contains(name)
                || except.iter().any(|e| name.eq_ignore_ascii_case(e))
        };
        let mut changes = Vec::new();
        for (attribute, values) in &entry.attributes {
            let name = attribute.split(';').next().unwrap_or_default().to_ascii_lowercase();
            if skipped(&name) {
                continue;
            }
            let rewritten: Vec<(&Value, String)> =
                values.iter().filter_map(|v| Some((v, self.value(&name, v.as_text()?)?))).collect();
            if rewritten.is_empty() {
                continue;
            }
            let old: Vec<Value> = rewritten.iter().map(|(old, _)| (*old).clone()).collect();
            // One that is there already, or comes twice, is there once.
            let mut there: HashSet<String> =
                values.iter().filter(|v| !old.contains(v)).filter_map(Value::as_text).map(key).collect();
            let new = rewritten.into_iter().filter(|(_, new)| there.insert(key(new))).map(|(_, new)| new.into());
            changes.push(AttributeChange { attribute: attribute.clone(), new: new.collect(), old, unset: false });
        }
        changes
    }

    /// What a value becomes; `None` when it names nothing that is called otherwise. `attribute` is in lower case.
    pub fn value(&self, attribute: &str, text: &str) -> Option<String> {
        if self.member_of.as_deref() == Some(attribute)
            && let Some(present) = self.groups.get(text.trim())
        {
            return Some(present.clone());
        }
        if self.siret_attributes.contains(attribute) {
            let (former, present) = self.instead.as_ref()?;
            return text.trim().eq_ignore_ascii_case(former).then(|| present.clone());
        }
        let uai = |word: &str| {
            self.uai.as_ref().filter(|(former, _)| word.trim().eq_ignore_ascii_case(former)).map(|(_, present)| present)
        };
        if self.vector_attributes.contains(attribute)
            && let Some((rest, last)) = text.rsplit_once('|')
            && let Some(present) = uai(last)
        {
            return Some(format!("{rest}|{present}"));
        }
        if let Some((former, present)) = &self.siret
            && text.trim() == former
        {
            return Some(present.clone());
        }
        // A name may have a `$` of its own: the whole value comes first.
        if let Some(present) = self.dn(text) {
            return Some(present.to_string());
        }
        let (head, rest) = text.split_once('$').map_or((text, None), |(head, rest)| (head, Some(rest)));
        let present = match (uai(head), rest) {
            (Some(present), _) => present.clone(),
            // As the first field of a value, a DN has its `$` escaped (RFC 4514 §2.4).
            (None, Some(_)) => self.dn(head)?.as_str().replace('$', "\\24"),
            (None, None) => return None,
        };
        Some(rest.map_or_else(|| present.clone(), |rest| format!("{present}${rest}")))
    }

    fn dn(&self, text: &str) -> Option<&Dn> {
        if !text.contains('=') {
            return None;
        }
        self.names.get(&Dn::parse(text.trim()).ok()?)
    }
}

/// Two values with one key are the same for a server, or may be.
fn key(text: &str) -> String {
    let fold = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    let (head, rest) = text.split_once('$').map_or((text, None), |(head, rest)| (head, Some(rest)));
    let head = match Dn::parse(head) {
        Ok(dn) if head.contains('=') => dn.normalised().to_owned(),
        _ => fold(head),
    };
    rest.map_or_else(|| head.clone(), |rest| format!("{head}${}", fold(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "ENTStructureSIREN=19290009000016,ou=structures,dc=fr";
    const NEW: &str = "ENTStructureSIREN=19290010000013,ou=structures,dc=fr";

    fn rewriter(preset: &str) -> Rewriter {
        let config = format!("kind = \"embedded\"\nsuffix = \"dc=fr\"\n[dialect]\npreset = \"{preset}\"\n");
        let dialect = Dialect::load(&toml::from_str(&config).unwrap()).unwrap();
        let mut rewriter = Rewriter::new(&dialect);
        let dn = |text: &str| Dn::parse(text).unwrap();
        rewriter.name(&dn(OLD), &dn(NEW));
        rewriter.name(&dn("cn=0290009C_5A,ou=groups,dc=fr"), &dn("cn=0290010D_5A,ou=groups,dc=fr"));
        rewriter.name(&dn("cn=0290009C_5$A,ou=groups,dc=fr"), &dn("cn=0290010D_5$A,ou=groups,dc=fr"));
        rewriter.group("0290009C_5A".into(), "0290010D_5A".into());
        rewriter.identifiers(("0290009C", Some("19290009000016")), ("0290010D", Some("19290010000013")));
        rewriter
    }

    #[test]
    fn whatever_names_it_names_the_other() {
        let sdet = rewriter("sdet-siren");
        let recia = rewriter("recia");
        for (rewriter, attribute, old, new) in [
            (&sdet, "entpersonstructrattach", OLD, NEW.to_owned()),
            (&sdet, "anything", "entstructuresiren = 19290009000016 , OU=Structures,dc=FR", NEW.to_owned()),
            (&sdet, "enteleveclasses", &format!("{OLD}$5A"), format!("{NEW}$5A")),
            (&sdet, "enteleveclasses", &format!("{}$5$a ", OLD.to_lowercase()), format!("{NEW}$5$a ")),
            (&sdet, "seealso", "cn=0290009C_5$A,ou=groups,dc=fr", "cn=0290010D_5$A,ou=groups,dc=fr".into()),
            (&sdet, "x-ref", "CN=0290009c_5a,ou=groups,dc=fr$x$y", "cn=0290010D_5A,ou=groups,dc=fr$x$y".into()),
            (&sdet, "entauxensclasses", "0290009c$5A", "0290010D$5A".into()),
            (&sdet, "entstructureuai", "0290009C", "0290010D".into()),
            (&sdet, "entstructuresiren", "19290009000016", "19290010000013".into()),
            (&recia, "escosiren", "19290009000016", "19290010000013".into()),
            (&recia, "escouai", "0290009C", "0290010D".into()),
            (&recia, "ismemberof", "0290009C_5A", "0290010D_5A".into()),
        ] {
            assert_eq!(rewriter.value(attribute, old).as_deref(), Some(new.as_str()), "{attribute}: {old}");
            assert_eq!(rewriter.value(attribute, &new), None, "{attribute}: {new}");
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        let sdet = rewriter("sdet-siren");
        for (attribute, value) in [
            ("description", "l'ancien 0290009C"),
            ("description", "0290009C_5A"),
            ("entpersonjointure", "0290009C$12"),
            ("uid", "0290009C"),
            ("enteleveclasses", "ENTStructureSIREN=192900090000160,ou=structures,dc=fr$5A"),
            ("enteleveclasses", "ENTStructureSIREN=19290009000016,ou=others,dc=fr$5A"),
            ("enteleveclasses", "5A$ENTStructureSIREN=19290009000016,ou=structures,dc=fr"),
            ("member", "uid=a,ENTStructureSIREN=19290009000016,ou=structures,dc=fr"),
            ("x", "0290009CD"),
            ("x", ""),
            ("x", "$"),
            ("x", "="),
        ] {
            let mut entry = Entry::new(Dn::parse("uid=0290009C,ou=people,dc=fr").unwrap());
            entry.push(attribute, [value]);
            assert_eq!(sdet.changes(&entry, &[]), [], "{attribute}: {value}");
        }
        let mut secret = Entry::new(Dn::parse("uid=a,dc=fr").unwrap());
        secret.push("userPassword", ["0290009C"]);
        assert_eq!(sdet.changes(&secret, &[]), []);
    }

    #[test]
    fn a_siret_stands_in_its_attributes_or_a_uai_does() {
        let mut recia = rewriter("recia");
        recia.identifiers(("0290009C", None), ("0290009C", Some("19290010000013")));
        assert_eq!(recia.value("escosiren", "0290009C").as_deref(), Some("19290010000013"));
        assert_eq!(recia.value("escouai", "0290009C"), None);
    }

    #[test]
    fn a_value_that_is_there_already_is_there_once() {
        let sdet = rewriter("sdet-siren");
        let mut entry = Entry::new(Dn::parse("uid=a,ou=people,dc=fr").unwrap());
        entry.push("ENTEleveClasses", [format!("{OLD}$5A"), format!("{}$5a", NEW.to_lowercase()), format!("{OLD}$5B")]);
        let changes = sdet.changes(&entry, &[]);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].old, [Value::from(format!("{OLD}$5A")), Value::from(format!("{OLD}$5B"))]);
        assert_eq!(changes[0].new, [Value::from(format!("{NEW}$5B"))]);
    }

    proptest! {
        #[test]
        fn twice_is_once_and_the_rest_stays(
            head in prop_oneof![
                Just(OLD.to_owned()), Just(OLD.to_uppercase()), Just("0290009C".to_owned()),
                "[0-9]{7}[A-Z]", "[a-zA-Z=,0-9 $]{0,30}",
            ],
            rest in "[ -~é$]{0,12}",
            attribute in prop_oneof![Just("x"), Just("enteleveclasses"), Just("ismemberof"), Just("escosiren")],
        ) {
            for rewriter in [rewriter("sdet-siren"), rewriter("recia")] {
                let value = format!("{head}${rest}");
                let names = head.eq_ignore_ascii_case(OLD) || head.trim().eq_ignore_ascii_case("0290009C");
                match rewriter.value(attribute, &value) {
                    Some(new) => {
                        prop_assert!(names, "{value} became {new}");
                        let end = format!("${rest}");
                        prop_assert!(new.ends_with(&end));
                        prop_assert_eq!(rewriter.value(attribute, &new), None);
                    }
                    None => prop_assert!(!names || attribute == "escosiren"),
                }
            }
        }
    }
}
