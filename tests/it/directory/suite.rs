//! What any directory does, whatever is behind.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use futures_util::TryStreamExt as _;
use rentree::directory::ldap::Ldap;
use rentree::directory::{
    Condition, Directory, DirectoryError, Dn, Entry, Modification, Operation, Pace, Search, Value, ensure_branches,
};

use crate::support::slapd::{Options, Slapd};
use crate::support::{SUFFIX, dn, embedded};

/// Runs each of these over both back ends.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_embedded {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let (directory, _folder) = embedded().await;
                let branches = ["people", "structures", "groups"].map(|b| dn(&format!("ou={b},{SUFFIX}")));
                assert_eq!(ensure_branches(&directory, &dn(SUFFIX), &branches).await.unwrap(), branches);
                super::$name(&directory).await;
            })*
        }
        mod on_slapd {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let limits = Options { size_limit: Some(500), paged_total_unlimited: true, ..Options::default() };
                let slapd = Slapd::with(&limits);
                let mut config = slapd.sync_config();
                config.page_size = 500.try_into().unwrap();
                super::$name(&Ldap::connect(&config).await.unwrap()).await;
            })*
        }
    };
}

on_both!(
    an_entry_goes_in_and_comes_out,
    searches_give_what_matches,
    thousands_are_read_in_pages,
    branches_are_read_side_by_side,
    a_modify_changes_only_its_values,
    what_moved_is_told_and_stays,
    conditions_hold_or_nothing_is_done,
    outcomes_are_in_order_and_apart,
    deletes,
    renames,
    passwords_open_and_locks_hold,
    names_have_no_case_but_keep_their_writing,
    names_with_everything_in_them,
    an_empty_group_has_an_empty_member,
    branches_are_made_once,
);

pub fn person(uid: &str) -> Entry {
    let mut entry = Entry::new(dn(&format!("ou=people,{SUFFIX}")).child("uid", uid));
    entry.push("objectClass", ["inetOrgPerson", "ENTPerson"]);
    entry.push("uid", [uid]);
    entry.push("cn", ["MARTIN ZOE"]);
    entry.push("sn", ["Martin"]);
    entry.push("givenName", ["Zoé"]);
    entry.push("ENTPersonLogin", [format!("zoe.{uid}")]);
    entry.push("ENTPersonJointure", [format!("AC-RENNES${uid}")]);
    entry
}

pub fn group(cn: &str, members: &[&str]) -> Entry {
    let mut entry = Entry::new(dn(&format!("ou=groups,{SUFFIX}")).child("cn", cn));
    entry.push("objectClass", ["ENTClasse"]);
    entry.push("cn", [cn]);
    entry.push("businessCategory", ["rentree"]);
    entry.push("member", members.iter().copied());
    entry
}

pub async fn carry_out(directory: &dyn Directory, operations: &[Operation]) -> Vec<Result<(), DirectoryError>> {
    let outcomes = directory.execute(operations, &Pace::unlimited()).await;
    assert_eq!(outcomes.len(), operations.len());
    outcomes
}

pub async fn one(directory: &dyn Directory, operation: Operation) -> Result<(), DirectoryError> {
    carry_out(directory, &[operation]).await.pop().unwrap()
}

async fn add(directory: &dyn Directory, entry: Entry) {
    one(directory, Operation::Add(entry)).await.unwrap();
}

fn change(attribute: &str, delete: &[&str], add: &[&str]) -> Modification {
    let values = |texts: &[&str]| texts.iter().map(|t| Value::from(*t)).collect();
    Modification { attribute: attribute.into(), delete: values(delete), add: values(add) }
}

async fn modify(directory: &dyn Directory, dn: &Dn, modifications: Vec<Modification>) -> Result<(), DirectoryError> {
    one(directory, Operation::Modify { dn: dn.clone(), modifications }).await
}

async fn found(directory: &dyn Directory, base: &str, filter: &str, attributes: &[&str]) -> Vec<Entry> {
    let attributes = attributes.iter().map(ToString::to_string).collect();
    let search = Search { base: dn(base), filter: filter.into(), attributes };
    let mut entries: Vec<Entry> = directory.search(search).await.unwrap().try_collect().await.unwrap();
    entries.sort_by(|a, b| a.dn.cmp(&b.dn));
    entries
}

async fn read(directory: &dyn Directory, dn: &Dn) -> Entry {
    directory.read(dn).await.unwrap().unwrap_or_else(|| panic!("{dn} is not there"))
}

fn sorted<'a>(entry: &'a Entry, attribute: &str) -> Vec<&'a [u8]> {
    let mut values: Vec<_> = entry.values(attribute).iter().map(Value::as_bytes).collect();
    values.sort_unstable();
    values
}

async fn an_entry_goes_in_and_comes_out(directory: &dyn Directory) {
    let mut entry = person("F1700ivg");
    entry.push("ENTPersonAutresPrenoms", ["Zoé", "Œuvre", "D'Hiver  Noël"]);
    entry.push("homePostalAddress", ["3, rue du Puits$35000 Rennes"]);
    entry.attributes.push(("jpegPhoto".into(), vec![Value::Octets(vec![0xff, 0xd8, 0xff, 0x00, 0x0a])]));
    entry.push("ENTPersonGARIdentifiant", ["597ae2f6-16a6-1027-98f4-d28b5365dc14"]);
    add(directory, entry.clone()).await;
    let back = read(directory, &entry.dn).await;
    assert_eq!(back.dn.as_str(), entry.dn.as_str());
    for (name, _) in &entry.attributes {
        assert_eq!(sorted(&back, name), sorted(&entry, name), "{name}");
    }
    assert_eq!(back.values("jpegPhoto"), entry.values("jpegPhoto"));
    assert_eq!(directory.read(&dn(&format!("uid=nobody,ou=people,{SUFFIX}"))).await.unwrap(), None);
    assert!(directory.describe().contains("dc=esco-centre"), "{}", directory.describe());
}

async fn searches_give_what_matches(directory: &dyn Directory) {
    for uid in ["a1", "a2", "b1"] {
        add(directory, person(uid)).await;
    }
    add(directory, group("0350001A_3A", &[&format!("uid=a1,ou=people,{SUFFIX}")])).await;
    let people = format!("ou=people,{SUFFIX}");
    let uids = |entries: Vec<Entry>| entries.iter().map(|e| e.dn.rdn_value()).collect::<Vec<_>>().join(" ");
    for (filter, expected) in [
        ("(objectClass=ENTPerson)", "a1 a2 b1"),
        ("(uid=A1)", "a1"),
        ("(uid=a*)", "a1 a2"),
        ("(&(objectClass=entperson)(!(uid=a1)))", "a2 b1"),
        ("(|(uid=b1)(ENTPersonJointure=ac-rennes$a2))", "a2 b1"),
        ("(mail=*)", ""),
        ("(givenName=zoé)", "a1 a2 b1"),
    ] {
        assert_eq!(uids(found(directory, &people, filter, &[]).await), expected, "{filter}");
    }
    let member = format!("(member=UID=A1, {people})");
    assert_eq!(uids(found(directory, SUFFIX, &member, &[]).await), "0350001A_3A");
    let few = found(directory, &people, "(uid=a1)", &["UID", "entpersonlogin", "mail"]).await;
    let mut names: Vec<_> = few[0].attributes.iter().map(|(n, _)| n.to_lowercase()).collect();
    names.sort();
    assert_eq!(names, ["entpersonlogin", "uid"]);
    assert!(found(directory, &people, "(uid=a1)", &["1.1"]).await[0].attributes.is_empty());
    assert!(found(directory, &format!("ou=nowhere,{SUFFIX}"), "(objectClass=*)", &[]).await.is_empty());
    let bad = Search { base: dn(SUFFIX), filter: "(uid=".into(), attributes: vec![] };
    let Err(error) = directory.search(bad).await else { panic!("a bad filter was taken") };
    assert!(matches!(error, DirectoryError::Configuration(_)), "{error:?}");
}

/// A server keeps the place of one paged read per connection: the second must not be the end of the first.
async fn branches_are_read_side_by_side(directory: &dyn Directory) {
    let adds: Vec<_> = (0..1_300).map(|i| Operation::Add(person(&format!("p{i:04}")))).collect();
    assert!(carry_out(directory, &adds).await.iter().all(Result::is_ok));
    let base = format!("ou=people,{SUFFIX}");
    let read = || found(directory, &base, "(uid=*)", &["uid"]);
    let (one, two, three) = tokio::join!(read(), read(), read());
    assert_eq!((one.len(), two.len(), three.len()), (1_300, 1_300, 1_300));
}

async fn thousands_are_read_in_pages(directory: &dyn Directory) {
    let adds: Vec<Operation> = (0..2_500).map(|i| Operation::Add(person(&format!("F17{i:05}")))).collect();
    assert!(carry_out(directory, &adds).await.iter().all(Result::is_ok));
    let entries = found(directory, &format!("ou=people,{SUFFIX}"), "(objectClass=ENTPerson)", &["uid"]).await;
    assert_eq!(entries.len(), 2_500);
    assert!(entries.windows(2).all(|w| w[0].dn != w[1].dn));
}

async fn a_modify_changes_only_its_values(directory: &dyn Directory) {
    let mut entry = person("a1");
    entry.push("mail", ["zoe@example.fr", "user@example.org"]);
    add(directory, entry.clone()).await;
    let modifications = vec![
        change("mail", &["ZOE@example.fr"], &["martin@example.fr"]),
        change("sn", &["Martin"], &["MARTIN"]),
        change("ENTPersonAutresPrenoms", &[], &["Lou"]),
        change("givenName", &["zoé"], &[]),
        change("objectClass", &[], &["ENTAuxPersRelEleve"]),
        change("ENTAuxPersRelEleveEleve", &[], &[&format!("uid=b1,ou=people,{SUFFIX}")]),
    ];
    modify(directory, &entry.dn, modifications).await.unwrap();
    let after = read(directory, &entry.dn).await;
    assert_eq!(sorted(&after, "mail"), [b"martin@example.fr".as_slice(), b"user@example.org"]);
    assert_eq!(after.first("sn"), Some("MARTIN"));
    assert_eq!(after.first("ENTPersonAutresPrenoms"), Some("Lou"));
    assert_eq!(after.first("givenName"), None);
    assert_eq!(after.values("objectClass").len(), 3);
    assert_eq!(after.first("ENTPersonLogin"), Some("zoe.a1"));
}

async fn what_moved_is_told_and_stays(directory: &dyn Directory) {
    let entry = person("a1");
    add(directory, entry.clone()).await;
    let before = read(directory, &entry.dn).await;
    for modifications in [
        vec![change("sn", &["Other"], &["New"])],
        vec![change("mail", &["gone@example.fr"], &[])],
        vec![change("ENTPersonJointure", &[], &["ac-rennes$A1"])],
        // The first half could be done: the whole must not be.
        vec![change("ENTPersonAutresPrenoms", &[], &["Lou"]), change("sn", &["Other"], &["New"])],
    ] {
        let error = modify(directory, &entry.dn, modifications.clone()).await.unwrap_err();
        assert!(matches!(error, DirectoryError::Moved { .. }), "{modifications:?}: {error:?}");
    }
    assert_eq!(read(directory, &entry.dn).await, before);
    let nobody = dn(&format!("uid=nobody,ou=people,{SUFFIX}"));
    let error = modify(directory, &nobody, vec![change("sn", &[], &["x"])]).await.unwrap_err();
    assert!(matches!(error, DirectoryError::NoSuchEntry { .. }), "{error:?}");
}

/// The same on any directory; a server that does not announce the control is asked in another way.
pub async fn conditions_hold_or_nothing_is_done(directory: &dyn Directory) {
    let entry = person("a1");
    add(directory, entry.clone()).await;
    let unset = |attribute: &str| Condition::Unset(attribute.to_owned());
    let holds = |attribute: &str, value: &str| Condition::Holds(attribute.to_owned(), value.into());
    let modification = |conditions: Vec<Condition>, m: Modification| {
        Operation::Modify { dn: entry.dn.clone(), modifications: vec![m] }.only_if(conditions)
    };

    // Somebody fills an attribute that was seen empty: neither a second value nor an error of the schema.
    let mail = || change("mail", &[], &["from.the@feed.fr"]);
    modify(directory, &entry.dn, vec![change("mail", &[], &["own@example.fr"])]).await.unwrap();
    let before = read(directory, &entry.dn).await;
    let awkward = r"*)(\00é";
    for conditions in [
        vec![unset("mail")],
        vec![unset("description"), unset("mail")],
        vec![holds("sn", "Other")],
        vec![holds("sn", "Martin"), holds("cn", awkward)],
    ] {
        let error = one(directory, modification(conditions.clone(), mail())).await.unwrap_err();
        assert!(matches!(error, DirectoryError::Moved { .. }), "{conditions:?}: {error:?}");
        assert!(!error.to_string().contains("own@example.fr"), "{error}");
        let deletion = Operation::Delete(entry.dn.clone()).only_if(conditions);
        assert!(matches!(one(directory, deletion).await, Err(DirectoryError::Moved { .. })));
    }
    assert_eq!(read(directory, &entry.dn).await, before);

    // What holds is done; values that a filter would take for something else are values.
    let description = change("description", &[], &[awkward]);
    one(directory, modification(vec![unset("description")], description)).await.unwrap();
    let telephone = change("telephoneNumber", &[], &["01"]);
    one(directory, modification(vec![holds("description", awkward), holds("sn", "Martin")], telephone)).await.unwrap();
    assert_eq!(read(directory, &entry.dn).await.first("telephoneNumber"), Some("01"));
    one(directory, Operation::Delete(entry.dn.clone()).only_if(vec![holds("sn", "Martin")])).await.unwrap();
    let gone = one(directory, modification(vec![unset("mail")], mail())).await;
    assert!(matches!(gone, Err(DirectoryError::NoSuchEntry { .. })), "{gone:?}");
}

/// The operations of one call are about different entries: a server may carry them out in any order.
async fn outcomes_are_in_order_and_apart(directory: &dyn Directory) {
    add(directory, person("a1")).await;
    add(directory, person("a6")).await;
    let mut orphan = person("a3");
    orphan.dn = dn(&format!("uid=a3,ou=nowhere,{SUFFIX}"));
    let mut unnamed = person("a4");
    unnamed.attributes.retain(|(n, _)| n != "objectClass");
    let operations = [
        Operation::Add(person("a2")),
        Operation::Add(person("A1")),
        Operation::Add(orphan),
        Operation::Add(unnamed),
        Operation::Delete(dn(&format!("uid=nobody,ou=people,{SUFFIX}"))),
        Operation::Delete(person("a6").dn),
        Operation::Add(person("a5")),
    ];
    let outcomes = carry_out(directory, &operations).await;
    assert!(outcomes[0].is_ok() && outcomes[6].is_ok(), "{outcomes:?}");
    assert!(matches!(&outcomes[1], Err(DirectoryError::AlreadyExists { dn }) if dn.contains("uid=A1")), "{outcomes:?}");
    let parent = format!("ou=nowhere,{SUFFIX}");
    assert!(matches!(&outcomes[2], Err(DirectoryError::NoSuchEntry { dn }) if *dn == parent), "{outcomes:?}");
    assert!(matches!(&outcomes[3], Err(DirectoryError::Rejected { code: 65, .. })), "{outcomes:?}");
    assert!(matches!(&outcomes[4], Err(DirectoryError::NoSuchEntry { .. })), "{outcomes:?}");
    assert!(outcomes[5].is_ok(), "{outcomes:?}");
    let left = found(directory, &format!("ou=people,{SUFFIX}"), "(uid=*)", &["uid"]).await;
    assert_eq!(left.iter().map(|e| e.dn.rdn_value()).collect::<Vec<_>>(), ["a1", "a2", "a5"]);
    assert!(carry_out(directory, &[]).await.is_empty());
}

async fn deletes(directory: &dyn Directory) {
    add(directory, person("a1")).await;
    let branch = dn(&format!("ou=people,{SUFFIX}"));
    let error = one(directory, Operation::Delete(branch.clone())).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Rejected { code: 66, .. }), "{error:?}");
    one(directory, Operation::Delete(person("a1").dn)).await.unwrap();
    one(directory, Operation::Delete(branch)).await.unwrap();
    assert_eq!(directory.read(&person("a1").dn).await.unwrap(), None);
}

/// The entry keeps all but its name; what stands in the way of the new one, or below the old one, is left alone.
async fn renames(directory: &dyn Directory) {
    let mut entry = person("a1");
    entry.push("description", ["by hand"]);
    add(directory, entry).await;
    add(directory, person("a2")).await;
    let (old, new) = (person("a1").dn, person("b1").dn);
    let rename = |from: &Dn, to: &Dn| Operation::Rename { dn: from.clone(), to: to.clone() };
    one(directory, rename(&old, &new)).await.unwrap();
    assert_eq!(directory.read(&old).await.unwrap(), None);
    let renamed = read(directory, &new).await;
    assert_eq!(renamed.texts("uid").collect::<Vec<_>>(), ["b1"]);
    assert_eq!(renamed.first("description"), Some("by hand"));
    assert_eq!(
        renamed.values("objectClass").len(),
        read(directory, &person("a2").dn).await.values("objectClass").len()
    );

    let taken = one(directory, rename(&new, &person("a2").dn)).await.unwrap_err();
    assert!(matches!(&taken, DirectoryError::AlreadyExists { dn } if dn.contains("uid=a2")), "{taken:?}");
    let gone = one(directory, rename(&old, &person("c1").dn)).await.unwrap_err();
    assert!(matches!(&gone, DirectoryError::NoSuchEntry { dn } if dn.contains("uid=a1")), "{gone:?}");
    let branch = dn(&format!("ou=people,{SUFFIX}"));
    let parent = one(directory, rename(&branch, &dn(&format!("ou=persons,{SUFFIX}")))).await;
    // Back-mdb renames whole subtrees; the embedded directory does not, and says so.
    if parent.is_ok() {
        one(directory, rename(&dn(&format!("ou=persons,{SUFFIX}")), &branch)).await.unwrap();
    } else {
        assert!(matches!(parent, Err(DirectoryError::Rejected { code: 66, .. })), "{parent:?}");
    }
    assert_eq!(read(directory, &new).await, renamed);

    // A value that is there already under the new name is there once.
    let mut twice = person("t1");
    twice.push("cn", ["T2"]);
    twice.dn = dn(&format!("cn={},ou=people,{SUFFIX}", person("t1").first("cn").unwrap()));
    add(directory, twice.clone()).await;
    let to = dn(&format!("cn=t2,ou=people,{SUFFIX}"));
    one(directory, rename(&twice.dn, &to)).await.unwrap();
    assert_eq!(read(directory, &to).await.values("cn").len(), 1);
}

async fn passwords_open_and_locks_hold(directory: &dyn Directory) {
    let password = "canard-23-volant";
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let hash = argon.hash_password_with_salt(password.as_bytes(), b"0123456789abcdef").unwrap();
    let stored = format!("{{ARGON2}}{hash}");
    let locked = format!("{{SCRIPT}}LOCK{hash}");
    for (uid, value) in
        [("open", Some(&*stored)), ("locked", Some(&*locked)), ("lock", Some("{SCRIPT}LOCK")), ("none", None)]
    {
        let mut entry = person(uid);
        entry.push("userPassword", value);
        add(directory, entry).await;
    }
    let open = person("open").dn;
    assert!(directory.bind(&open, password).await.unwrap());
    for wrong in ["", "canard-23-volan", &stored, &hash.to_string(), "{ARGON2}", "LOCK"] {
        assert!(!directory.bind(&open, wrong).await.unwrap(), "{wrong}");
    }
    for (uid, value) in [("locked", &*locked), ("lock", "{SCRIPT}LOCK"), ("none", ""), ("nobody", "")] {
        for attempt in [password, value, "LOCK"] {
            assert!(!directory.bind(&person(uid).dn, attempt).await.unwrap(), "{uid} {attempt}");
        }
    }
    assert!(!directory.bind(&dn(""), password).await.unwrap());
    // Binding changed nothing to who reads and writes.
    modify(directory, &open, vec![change("userPassword", &[&stored], &[&locked])]).await.unwrap();
    assert!(!directory.bind(&open, password).await.unwrap());
    modify(directory, &open, vec![change("userPassword", &[&locked], &[&stored])]).await.unwrap();
    assert!(directory.bind(&open, password).await.unwrap());
}

async fn names_have_no_case_but_keep_their_writing(directory: &dyn Directory) {
    add(directory, person("F1700iVg")).await;
    let other = dn(&format!("UID=f1700IVG, OU=People,{}", SUFFIX.to_uppercase()));
    let entry = read(directory, &other).await;
    assert_eq!(entry.dn, other);
    assert_eq!(entry.dn.rdn_value(), "F1700iVg");
    modify(directory, &other, vec![change("ENTPersonLogin", &["ZOE.F1700IVG"], &["zoe.martin"])]).await.unwrap();
    assert_eq!(read(directory, &entry.dn).await.dn.rdn_value(), "F1700iVg");
    assert_eq!(found(directory, &format!("OU=People,{SUFFIX}"), "(uid=*)", &["uid"]).await.len(), 1);
    let mut group = group("g", &[&format!("uid=F1700iVg,ou=people,{SUFFIX}")]);
    group.push("member", [format!("uid=other,ou=people,{SUFFIX}")]);
    add(directory, group.clone()).await;
    modify(directory, &group.dn, vec![change("member", &[other.as_str()], &[])]).await.unwrap();
    assert_eq!(read(directory, &group.dn).await.values("member").len(), 1);
    one(directory, Operation::Delete(other)).await.unwrap();
}

async fn names_with_everything_in_them(directory: &dyn Directory) {
    let member = format!("uid=a1,ou=people,{SUFFIX}");
    let names = ["3E A, +\"é", "0350001A_#<;>", "a\\b=c", "Élèves de 6ème", "1/2*(x)"];
    for cn in names {
        let entry = group(cn, &[&member]);
        add(directory, entry.clone()).await;
        let back = read(directory, &entry.dn).await;
        assert_eq!(back.first("cn"), Some(cn));
        assert_eq!(back.dn, entry.dn);
        modify(directory, &back.dn, vec![change("description", &[], &["seen"])]).await.unwrap();
    }
    let seen = found(directory, &format!("ou=groups,{SUFFIX}"), "(description=seen)", &["cn"]).await;
    assert_eq!(seen.len(), names.len());
    for entry in seen {
        one(directory, Operation::Delete(entry.dn)).await.unwrap();
    }
}

async fn an_empty_group_has_an_empty_member(directory: &dyn Directory) {
    let (a, b) = (format!("uid=a1,ou=people,{SUFFIX}"), format!("uid=b1,ou=people,{SUFFIX}"));
    let group = group("0350001A_3A", &[""]);
    add(directory, group.clone()).await;
    assert_eq!(read(directory, &group.dn).await.values("member"), [Value::from("")]);
    modify(directory, &group.dn, vec![change("member", &[""], &[&a, &b])]).await.unwrap();
    assert_eq!(sorted(&read(directory, &group.dn).await, "member"), [a.as_bytes(), b.as_bytes()]);
    modify(directory, &group.dn, vec![change("member", &[&a, &b], &[""])]).await.unwrap();
    assert_eq!(read(directory, &group.dn).await.values("member"), [Value::from("")]);
    assert_eq!(read(directory, &group.dn).await.first("businessCategory"), Some("rentree"));
}

async fn branches_are_made_once(directory: &dyn Directory) {
    let (suffix, deep) = (dn(SUFFIX), dn(&format!("ou=profils,ou=groupes,{SUFFIX}")));
    let above = dn(&format!("ou=groupes,{SUFFIX}"));
    let branches = [deep.clone(), dn(&format!("ou=people,{SUFFIX}"))];
    assert_eq!(ensure_branches(directory, &suffix, &branches).await.unwrap(), [above, deep]);
    assert!(ensure_branches(directory, &suffix, &branches).await.unwrap().is_empty());
    for wrong in ["ou=people,dc=elsewhere,dc=fr".to_owned(), format!("cn=people,{SUFFIX}")] {
        let error = ensure_branches(directory, &suffix, &[dn(&wrong)]).await.unwrap_err();
        assert!(matches!(error, DirectoryError::Configuration(_)), "{error:?}");
    }
}
