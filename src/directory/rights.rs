//! The least rights that the account of the runs needs, made from the dialect: what it never writes it may not write.
//!
//! People are added and changed; only an installation that purges may delete them, beside the probe of passwords, which
//! is told by its name. Structures are never deleted. Hashes of passwords are read: a first password is replaced only
//! where it is still the one that was seen, and a lock by prefix keeps the hash behind it.

use super::dialect::{Dialect, Kind, Relation};
use super::{Dn, Entry};

const PEOPLE: [Kind; 3] = [Kind::Pupil, Kind::Relative, Kind::Staff];
const STRUCTURES: [Kind; 2] = [Kind::School, Kind::Service];
const PASSWORD: &str = "userPassword";
const CHANGE: &str = "entryCSN";

/// Access rules of OpenLDAP, in the order in which they must stand, before those of the others (whom they let pass):
/// values of `olcAccess`, or what follows `access` in slapd.conf. The last one is a value of `olcLimits`. `purge`: the
/// account may delete people.
#[must_use]
pub fn openldap(dialect: &Dialect, suffix: &Dn, account: &str, purge: bool) -> (Vec<String>, String) {
    let (people, structures, groups) = (dialect.people_branch(), dialect.structures_branch(), dialect.groups_branch());
    let group_kinds = dialect.group_kinds();
    let to = |target: String, right: &str| format!("to {target} by dn.exact=\"{account}\" {right} by * break");
    let attributes = |kinds: &[Kind]| {
        let names = written(dialect, kinds);
        names.into_iter().filter(|name| *name != PASSWORD).collect::<Vec<_>>().join(",")
    };
    let mut rules = vec![
        format!(
            "to dn.regex=\"^{},{}$\" by dn.exact=\"{account}\" write by anonymous auth by * none",
            probe_pattern(dialect, "[^,]+"),
            regex_escaped(people.normalised())
        ),
        format!(
            "to dn.subtree=\"{people}\" attrs={PASSWORD} by dn.exact=\"{account}\" write by self =xw by anonymous \
             auth by * none"
        ),
        format!("to dn.exact=\"{account}\" attrs={PASSWORD} by anonymous auth by * none"),
        to(format!("dn.base=\"{suffix}\" attrs=entry,objectClass"), "read"),
    ];
    for branch in [people, structures, groups] {
        rules.push(to(format!("dn.base=\"{branch}\" attrs=children"), "write"));
    }
    let person = if purge { "write" } else { "=arscd" };
    for (branch, kinds, entry) in
        [(people, &PEOPLE[..], person), (structures, &STRUCTURES[..], "=arscd"), (groups, &group_kinds[..], "write")]
    {
        rules.push(to(format!("dn.subtree=\"{branch}\" attrs=entry"), entry));
        // The number of the last change: what is replaced rests on the entry as it was read.
        rules.push(to(format!("dn.subtree=\"{branch}\" attrs={CHANGE}"), "read"));
        rules.push(to(format!("dn.subtree=\"{branch}\" attrs={}", attributes(kinds)), "write"));
    }
    (rules, format!("dn.exact=\"{account}\" size=unlimited time=unlimited"))
}

/// Access rules of 389 DS: values of `aci`, for the entry of the suffix. `purge`: as in [`openldap`].
#[must_use]
pub fn aci_389(dialect: &Dialect, account: &str, purge: bool) -> Vec<String> {
    let (people, structures, groups) = (dialect.people_branch(), dialect.structures_branch(), dialect.groups_branch());
    let group_kinds = dialect.group_kinds();
    let who = format!("userdn = \"ldap:///{account}\";)");
    let mut rules = Vec::new();
    for (branch, kinds, name, rights) in [
        (people, &PEOPLE[..], "people", if purge { "add, delete" } else { "add" }),
        (structures, &STRUCTURES[..], "structures", "add"),
        (groups, &group_kinds[..], "groups", "add, delete"),
    ] {
        let mut attributes = written(dialect, kinds);
        // The naming attributes of the branch itself, to see that it is there.
        if !attributes.contains(&"ou") {
            attributes.push("ou");
        }
        let attributes = attributes.join(" || ");
        rules.push(format!(
            "(target = \"ldap:///{branch}\")(targetattr = \"{attributes}\")(version 3.0; acl \"rentree {name}\"; allow \
             (read, search, compare, write) {who}"
        ));
        rules.push(format!(
            "(target = \"ldap:///{branch}\")(version 3.0; acl \"rentree {name} entries\"; allow ({rights}) {who}"
        ));
    }
    rules.push(format!(
        "(target = \"ldap:///{},{people}\")(version 3.0; acl \"rentree probe\"; allow (add, delete) {who}",
        probe_pattern(dialect, "*")
    ));
    rules
}

/// What may be written to entries of these kinds, the links between two accounts of one adult with it.
fn written<'d>(dialect: &'d Dialect, kinds: &[Kind]) -> Vec<&'d str> {
    let mut names = dialect.vocabulary(kinds).attributes;
    if kinds == PEOPLE {
        names.extend(dialect.relation().into_iter().flat_map(Relation::attributes));
    }
    names
}

/// The first component of a probe's name, with what stands for the rest of it.
fn probe_pattern(dialect: &Dialect, rest: &str) -> String {
    let probe: Entry = dialect.probe("", "");
    format!("{}={}{rest}", probe.dn.rdn_type(), probe.dn.rdn_value())
}

fn regex_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if "\\.+*?()[]{}|^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_what_the_dialect_writes() {
        let config = toml::from_str("kind = \"embedded\"\nsuffix = \"dc=ent,dc=fr\"\n").unwrap();
        let dialect = Dialect::load(&config).unwrap();
        let suffix = Dn::parse("dc=ent,dc=fr").unwrap();
        let (rules, limits) = openldap(&dialect, &suffix, "cn=rentree,dc=ent,dc=fr", false);
        assert!(
            rules[0].starts_with("to dn.regex=\"^uid=rentree-sonde-[^,]+,ou=people,dc=ent,dc=fr$\""),
            "{}",
            rules[0]
        );
        assert!(!rules.iter().any(|r| r.starts_with("to *") || r.contains("ENTPersonAlias")));
        let people = rules.iter().find(|r| r.contains("ENTPersonLogin")).unwrap();
        assert!(!people.contains("userPassword") && people.ends_with("write by * break"), "{people}");
        assert!(limits.contains("size=unlimited"));
        let aci = aci_389(&dialect, "cn=rentree,dc=ent,dc=fr", false);
        assert!(aci.iter().filter(|r| r.contains("delete")).all(|r| r.contains("groups") || r.contains("sonde")));
    }
}
