//! A directory that the program did not build: what is there is recognised, little is proposed, and exactly that is
//! written.

use std::collections::{BTreeMap, BTreeSet};

use rentree::directory::{Dn, Entry, Modification, Value, ldif};
use rentree::plan::file::Reader;
use rentree::plan::{Change, Line, Proof, Write};

use crate::support::program::Installation;
use crate::support::slapd::Slapd;
use crate::support::{SUFFIX, dn};

/// What the entries of a directory are, each attribute a set of values: names in lower case, DNs as they compare.
type Contents = BTreeMap<Dn, BTreeMap<String, BTreeSet<Vec<u8>>>>;

/// Kept by the server, or drawn when an account is created.
const LEFT_OUT: [&str; 10] = [
    "entryuuid",
    "entrycsn",
    "createtimestamp",
    "modifytimestamp",
    "creatorsname",
    "modifiersname",
    "structuralobjectclass",
    "contextcsn",
    "pwdchangedtime",
    "entpersongaridentifiant",
];

fn contents(entries: impl IntoIterator<Item = Entry>) -> Contents {
    let mut contents = Contents::new();
    for entry in entries {
        let attributes = contents.entry(entry.dn).or_default();
        for (name, values) in entry.attributes {
            let name = name.to_ascii_lowercase();
            if !LEFT_OUT.contains(&name.as_str()) {
                attributes.entry(name).or_default().extend(values.iter().map(|v| v.as_bytes().to_vec()));
            }
        }
    }
    contents
}

fn dump(slapd: &Slapd) -> Contents {
    contents(ldif::Reader::new(slapd.dump().as_slice()).map(Result::unwrap))
}

/// Carries a change out on paper.
fn carry_out(contents: &mut Contents, change: &Change) {
    let modify = |contents: &mut Contents, attributes: &[Modification]| {
        let entry = contents.get_mut(&change.dn).unwrap();
        for modification in attributes {
            let values = entry.entry(modification.attribute.to_ascii_lowercase()).or_default();
            for old in &modification.delete {
                assert!(values.remove(old.as_bytes()), "{} has no such {}", change.dn, modification.attribute);
            }
            values.extend(modification.add.iter().map(|v| v.as_bytes().to_vec()));
        }
        entry.retain(|_, values| !values.is_empty());
    };
    let of = |attributes: &[rentree::plan::AttributeChange]| -> Vec<Modification> {
        let one = |a: &rentree::plan::AttributeChange| Modification {
            attribute: a.attribute.clone(),
            delete: a.old.clone(),
            add: a.new.clone(),
        };
        attributes.iter().map(one).collect()
    };
    match &change.write {
        Write::Nothing => {}
        Write::Add { attributes, .. } => {
            let entry = Entry { dn: change.dn.clone(), attributes: attributes.clone() };
            assert!(!contents.contains_key(&change.dn), "{} is there", change.dn);
            contents.append(&mut self::contents([entry]));
        }
        Write::Modify { attributes } => modify(contents, &of(attributes)),
        Write::Members { add, remove, attributes, .. } => {
            modify(contents, &of(attributes));
            let entry = contents.get_mut(&change.dn).unwrap();
            let members = entry.entry("member".to_owned()).or_default();
            members.retain(|m| !remove.contains(&dn(std::str::from_utf8(m).unwrap())));
            members.extend(add.iter().map(|m| m.as_str().as_bytes().to_vec()));
        }
        other => panic!("not in this plan: {other:?}"),
    }
}

/// The directory that another program made of the same academy: its own uids, logins, join keys and passwords, DNs in
/// capitals, classes and attributes of others, a place of its own for staff.
fn made_by_another(entries: &[Entry]) -> Vec<Entry> {
    let renamed: BTreeMap<String, String> = entries
        .iter()
        .filter(|entry| entry.dn.rdn_type() == "uid")
        .zip(1..)
        .map(|(entry, n)| {
            let place = if is_staff(entry) { "ou=personnels,ou=People" } else { "ou=People" };
            (entry.dn.as_str().to_owned(), format!("UID=VA6{n:04},{place},{SUFFIX}"))
        })
        .collect();
    let rewrite = |text: &str| {
        let (head, tail) = text.split_once('$').map_or((text, None), |(head, tail)| (head, Some(tail)));
        let head = renamed.get(head).map_or(head, |name| name.as_str());
        tail.map_or_else(|| head.to_owned(), |tail| format!("{head}${tail}"))
    };
    let mut made = Vec::new();
    for entry in entries {
        let Some(name) = renamed.get(entry.dn.as_str()) else {
            if entry.dn.rdn_type() == "cn" {
                // Groups of the same names, not this program's; one of them is empty.
                let mut group = Entry::new(entry.dn.clone());
                group.push("objectClass", entry.texts("objectClass"));
                group.push("cn", entry.texts("cn"));
                let members = entry.texts("member").map(rewrite);
                let empty = entry.dn.rdn_value().ends_with("_DIR");
                group.push("member", members.filter(|_| !empty).chain(empty.then(String::new)));
                made.push(group);
            } else {
                made.push(entry.clone());
            }
            continue;
        };
        let number = name.get(4..11).unwrap();
        let mut person = Entry::new(dn(name));
        for (attribute, values) in &entry.attributes {
            let values: Vec<Value> = match attribute.as_str() {
                "uid" => vec![number.into()],
                "ENTPersonLogin" => vec![format!("login-{}", number.to_lowercase()).into()],
                // Parents are known by nothing else.
                "ENTPersonJointure" if !is_relative(entry) => vec![format!("OTHER${number}").into()],
                "ENTPersonGARIdentifiant" => continue,
                _ => values.iter().map(|v| v.as_text().map_or(v.clone(), |text| rewrite(text).into())).collect(),
            };
            person.push(attribute, values);
        }
        person.push("userPassword", [format!("own-{number}")]);
        person.push("title", ["kept as it is"]);
        // A class of somebody else's, with its attribute.
        person.push("objectClass", ["labeledURIObject"]);
        person.push("labeledURI", [format!("https://portail.example.fr/{number}")]);
        made.push(person);
    }
    made
}

fn has(entry: &Entry, class: &str) -> bool {
    entry.texts("objectClass").any(|c| c.eq_ignore_ascii_case(class))
}

fn is_relative(entry: &Entry) -> bool {
    has(entry, "ENTAuxPersRelEleve")
}

fn is_staff(entry: &Entry) -> bool {
    entry.dn.rdn_type() == "uid" && !has(entry, "ENTEleve") && !is_relative(entry)
}

#[test]
fn the_accounts_of_another_program_are_taken_over() {
    let reference = Installation::embedded();
    reference.simulate(3, 120, 0, false);
    reference.sync(&[], 0);
    let mut entries = made_by_another(&reference.entries());
    let count = |entries: &[Entry], is: fn(&Entry) -> bool| entries.iter().filter(|e| is(e)).count() as u64;
    let is_pupil = |e: &Entry| has(e, "ENTEleve");

    // One pupil was born another day there, one has no account, one has two; one phone is out of date; somebody else's.
    let pupils: Vec<usize> = (0..entries.len()).filter(|at| is_pupil(&entries[*at])).collect();
    let set = |entry: &mut Entry, name: &str, value: &str| {
        entry.attributes.retain(|(n, _)| n != name);
        entry.push(name, [value]);
    };
    set(&mut entries[pupils[0]], "ENTPersonDateNaissance", "01/02/1903");
    let mut twin = entries[pupils[1]].clone();
    twin.dn = dn(&format!("uid=VA69999,ou=people,{SUFFIX}"));
    set(&mut twin, "uid", "VA69999");
    set(&mut twin, "ENTPersonLogin", "login-twin");
    set(&mut entries[pupils[3]], "ENTPersonVille", "AILLEURS");
    let with_town = entries[pupils[3]].dn.clone();
    // What named the missing one still does.
    entries.remove(pupils[2]);
    entries.push(twin);
    let mut foreign = Entry::new(dn(&format!("uid=sauvegarde,ou=people,{SUFFIX}")));
    foreign.push("objectClass", ["account", "simpleSecurityObject"]);
    foreign.push("uid", ["sauvegarde"]);
    foreign.push("userPassword", ["of-nobody"]);
    entries.push(foreign);
    let mut manual = Entry::new(dn(&format!("cn=Conseil d'administration,ou=groups,{SUFFIX}")));
    manual.push("objectClass", ["groupOfNames"]);
    manual.push("cn", ["Conseil d'administration"]);
    manual.push("member", [with_town.as_str()]);
    entries.push(manual);

    let mut slapd = Slapd::start();
    let there = dump(&slapd);
    let branch = |name: &str, above: &str| {
        let mut entry = Entry::new(dn(&format!("ou={name},{above}{SUFFIX}")));
        entry.push("objectClass", ["organizationalUnit"]);
        entry.push("ou", [name]);
        entry
    };
    let branches = [branch("personnels", "ou=people,")];
    let mut text = Vec::new();
    for entry in branches.iter().chain(entries.iter().filter(|e| !there.contains_key(&e.dn))) {
        ldif::write_entry(&mut text, entry).unwrap();
    }
    slapd.load_offline(&text);
    let before = dump(&slapd);

    let installation = Installation::with(&slapd.toml());
    installation.simulate(3, 120, 0, false);
    // Entries that nobody knows: a person has to say that this is the right directory.
    let asked = installation.run(&["plan", "--json"]);
    assert_eq!(asked.code, 3, "{}", asked.stderr);
    assert_eq!(asked.json()["holds"][0]["reason"], "unknown_population");

    let file = installation.home().join("first.plan");
    let answer = installation.run(&["plan", "--json", "--accept-foreign", "--out", file.to_str().unwrap()]);
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    let summary = answer.json();
    // A pupil without INE is known by names and birth date only: no proof, and no second account either.
    let by_ine = entries.iter().filter(|e| is_pupil(e) && e.first("ENTEleveINE").is_some()).count() as u64 - 3;
    let nameless = count(&entries, is_pupil) - 3 - by_ine;
    assert!(nameless > 0, "the simulated academy has one");
    let taken = by_ine + count(&entries, is_staff) - 1 + count(&entries, is_relative);
    assert_eq!(summary["adopted"].as_u64().unwrap(), taken, "{summary}");
    assert_eq!(summary["accounts"]["created"], 1, "{summary}");
    let holds: Vec<(&str, &str)> = summary["holds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| (h["reason"].as_str().unwrap(), h["message"].as_str().unwrap()))
        .collect();
    assert_eq!(holds.iter().filter(|(reason, _)| *reason == "ambiguous").count() as u64, 2 + nameless, "{holds:?}");
    assert!(holds.iter().any(|(_, m)| m.contains("01/02/1903")), "{holds:?}");
    assert!(holds.iter().any(|(_, m)| m.contains("VA69999")), "{holds:?}");

    // The plan is small: besides the join keys, only what is out of date.
    let changes: Vec<Change> = Reader::open(&file)
        .unwrap()
        .filter_map(|line| match line.unwrap() {
            Line::Change(change) => Some(*change),
            _ => None,
        })
        .collect();
    let mut proofs: BTreeMap<Proof, u64> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.adopts.is_some()) {
        *proofs.entry(change.adopts.unwrap()).or_default() += 1;
        let Write::Modify { attributes } = &change.write else {
            assert_eq!((&change.write, change.adopts), (&Write::Nothing, Some(Proof::JoinKey)));
            continue;
        };
        for attribute in attributes.iter().filter(|a| a.attribute != "ENTPersonJointure") {
            let family = attribute.attribute.contains("RelEleve");
            assert!(change.dn == with_town || family, "{} : {attribute:?}", change.dn);
        }
    }
    assert_eq!(proofs[&Proof::Ine], by_ine);
    assert_eq!(proofs[&Proof::JoinKey], count(&entries, is_relative));

    let applied = installation.run(&["apply", file.to_str().unwrap(), "--json"]);
    assert_eq!(applied.code, 0, "{}\n{}", applied.stderr, applied.stdout);
    let mut expected = before;
    for change in &changes {
        carry_out(&mut expected, change);
    }
    let mut after = dump(&slapd);
    for created in changes.iter().filter(|change| matches!(change.write, Write::Add { credential: true, .. })) {
        after.get_mut(&created.dn).unwrap().remove("userpassword").unwrap();
    }
    for (dn, entry) in &expected {
        assert_eq!(after.get(dn), Some(entry), "{dn}");
    }
    assert_eq!(after.len(), expected.len());

    // Own passwords still open, the names of the other program stay, and the next night has nothing left to do.
    let again = installation.sync(&["--accept-foreign"], 3);
    assert_eq!(again["accounts"]["updated"], 0, "{again}");
    assert_eq!(again["adopted"], 0, "{again}");
    assert_eq!(again["held_new"], 0, "{again}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        use rentree::directory::Directory as _;
        let directory = rentree::directory::ldap::Ldap::connect(&slapd.config()).await.unwrap();
        let number = with_town.rdn_value();
        assert!(directory.bind(&with_town, &format!("own-{number}")).await.unwrap());
    });
}

/// Weeks beside the program in place: what differs is told by day and school, and nothing is ever written.
#[test]
fn the_shadow_tells_what_differs_and_writes_nothing() {
    let slapd = Slapd::start();
    let incumbent = Installation::with(&slapd.toml());
    incumbent.simulate(3, 120, 0, false);
    let shadow = Installation::with(&format!("{}shadow = true\n", slapd.toml()));
    shadow.simulate(3, 120, 0, false);
    let look = |day: &str, arguments: &[&str]| {
        let before = slapd.dump();
        let all = [&["shadow", "--json", "--today", day], arguments].concat();
        let answer = shadow.run(&all);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert_eq!(slapd.dump(), before, "nothing is written");
        answer.json()
    };
    let of = |report: &serde_json::Value, day: &str, kind: &str| -> u64 {
        let counts = report["divergences"].as_array().unwrap().iter();
        counts.filter(|c| c["day"] == day && c["kind"] == kind).map(|c| c["count"].as_u64().unwrap()).sum()
    };
    // Before the other program did its work, everybody is missing; after it, nobody and nothing.
    let report = look("2026-09-01", &[]);
    let missing = of(&report, "2026-09-01", "account_missing");
    assert!(missing > 300, "{report}");
    let night = incumbent.sync(&["--today", "2026-09-01"], 0);
    assert_eq!(night["accounts"]["created"], missing);
    let report = look("2026-09-02", &[]);
    assert_eq!(report["days"], serde_json::json!(["2026-09-01", "2026-09-02"]));
    assert!(report["divergences"].as_array().unwrap().iter().all(|c| c["day"] == "2026-09-01"), "{report}");
    // The names that were reserved on the first day have given way to those of the accounts; a day later the other one
    // is late with what changed.
    shadow.simulate(3, 120, 9, false);
    let report = look("2026-09-10", &[]);
    assert!(of(&report, "2026-09-10", "account_differs") > 0, "{report}");
    assert!(
        report["divergences"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| { c["day"] == "2026-09-10" && c["kind"].as_str().unwrap().starts_with("attribute:") })
    );
    let table = shadow.run(&["shadow", "--history", "--today", "2026-09-10"]);
    assert!(
        table.stdout.contains("10/09") && table.stdout.contains("comptes absents de l'annuaire"),
        "{}",
        table.stdout
    );
    let csv = shadow.run(&["shadow", "--history", "--csv", "--today", "2026-09-10"]);
    assert!(csv.stdout.starts_with("jour;uai;nature;nombre\n2026-09-01;"), "{}", csv.stdout);
    for verb in [&["sync"][..], &["apply", "x.plan"]] {
        let refused = shadow.run(verb);
        assert_eq!(refused.code, 64, "{}", refused.stderr);
        assert!(refused.stderr.contains("directory.shadow"), "{}", refused.stderr);
    }
    // The day of the change: whoever has an account there is taken over, nobody gets a second one.
    let text = std::fs::read_to_string(shadow.config()).unwrap();
    std::fs::write(shadow.config(), text.replace("shadow = true\n", "")).unwrap();
    let taken = shadow.sync(&["--accept-foreign", "--today", "2026-09-11"], 0);
    let new = of(&report, "2026-09-10", "account_missing");
    assert_eq!(taken["accounts"]["created"], new, "{taken}");
    assert!(taken["adopted"].as_u64().unwrap() > 300, "{taken}");
    assert_eq!(shadow.sync(&["--accept-foreign", "--today", "2026-09-11"], 0)["verdict"], "unchanged");
}

/// Groups of the other program under our names, taken over where that is wished: whoever is of the exports follows them
/// from then on, everybody else stays.
#[test]
fn groups_are_taken_over_where_that_is_wished() {
    let reference = Installation::embedded();
    reference.simulate(3, 120, 0, false);
    reference.sync(&["--today", "2026-09-02"], 0);
    let mut entries = reference.entries();
    let marked = |e: &Entry| e.dn.rdn_type() == "cn" && e.first("businessCategory") == Some("rentree");
    let class = entries.iter().find(|e| marked(e) && has(e, "ENTClasse") && e.values("member").len() > 3).unwrap();
    let (class, cn) = (class.dn.clone(), class.dn.rdn_value());
    let pupils: BTreeSet<Dn> = entries.iter().filter(|e| has(e, "ENTEleve")).map(|e| e.dn.clone()).collect();
    let by_hand = dn(&format!("cn=admin,{SUFFIX}"));
    let (mut missing, mut stale) = (None, None);
    for entry in entries.iter_mut().filter(|e| e.dn.rdn_type() == "cn") {
        entry.attributes.retain(|(name, _)| name != "businessCategory");
        if entry.dn == class {
            let (_, members) = entry.attributes.iter_mut().find(|(name, _)| name == "member").unwrap();
            let there: BTreeSet<Dn> = members.iter().map(|m| dn(m.as_text().unwrap())).collect();
            missing = members.pop();
            stale = pupils.difference(&there).next().cloned();
            members.push(stale.as_ref().unwrap().as_str().into());
            members.push(by_hand.as_str().into());
        }
    }
    let mut slapd = Slapd::start();
    let there = dump(&slapd);
    let mut text = Vec::new();
    for entry in entries.iter().filter(|e| !there.contains_key(&e.dn)) {
        ldif::write_entry(&mut text, entry).unwrap();
    }
    slapd.load_offline(&text);
    let members = |slapd: &Slapd| -> BTreeSet<Dn> {
        dump(slapd)[&class]["member"].iter().map(|m| dn(std::str::from_utf8(m).unwrap())).collect()
    };

    let installation = Installation::with(&format!("{}adopt_groups = true\n", slapd.toml()));
    installation.simulate(3, 120, 0, false);
    let plan = installation.run(&["plan", "--today", "2026-09-02"]);
    assert!(plan.stdout.contains(&format!("{cn} (groupe déjà présent, repris) : +1 −1 membres")), "{}", plan.stdout);
    installation.sync(&["--today", "2026-09-02"], 0);
    let after = members(&slapd);
    assert!(after.contains(&dn(missing.as_ref().unwrap().as_text().unwrap())) && after.contains(&by_hand));
    assert!(!after.contains(stale.as_ref().unwrap()));
    assert_eq!(dump(&slapd)[&class]["businesscategory"], BTreeSet::from([b"rentree".to_vec()]));
    assert_eq!(installation.sync(&["--today", "2026-09-02"], 0)["verdict"], "unchanged");

    // Those who were there already follow the exports too: whoever leaves is taken out, in time.
    let (key, _) = crate::support::academy::pupils(&installation.feed())
        .into_iter()
        .find(|(key, _)| {
            let jointure = format!("AC-TEST${key}");
            let of = |e: &&Entry| e.texts("ENTPersonJointure").any(|k| k == jointure);
            entries.iter().find(of).is_some_and(|e| after.contains(&e.dn))
        })
        .unwrap();
    crate::support::academy::remove_pupils(&installation.feed(), &[key]);
    installation.sync(&["--today", "2026-09-03"], 0);
    installation.sync(&["--today", "2026-10-10"], 0);
    assert_eq!(members(&slapd).len(), after.len() - 1);
}
