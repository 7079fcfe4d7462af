//! What administrators do in the directory by hand, beside the program.

use rentree::directory::{Entry, Modification, Operation};
use rentree::store::Stage;

use super::dice::Dice;
use super::judge::{ByHand, Judge, by_hand, put_by_hand};
use super::life::Life;
use crate::support::program::Installation;
use crate::support::{SUFFIX, dn};

/// `{SSHA}` values that no program of ours made, as users have them who chose their own password.
const OWN: [&str; 3] = [
    "{SSHA}b3duIHBhc3N3b3JkIG51bWJlciBvbmUhc2FsdHNhbHQ=",
    "{SSHA}b3duIHBhc3N3b3JkIG51bWJlciB0d28hc2FsdHNhbHQ=",
    "{SSHA}b3duIHBhc3N3b3JkIG51bWJlciB0aHJlZXNhbHRzYWx0",
];

fn entry(name: &str, attributes: &[(&str, &str)]) -> Entry {
    let mut entry = Entry::new(dn(&format!("{name},{SUFFIX}")));
    for (attribute, value) in attributes {
        entry.push(attribute, [*value]);
    }
    entry
}

/// A guest and his group, there before the first night.
pub async fn strangers(installation: &Installation, judge: &mut Judge) {
    let guest = [("objectClass", "inetOrgPerson"), ("uid", "guest1"), ("cn", "Invité"), ("sn", "Invité")];
    let member = format!("uid=guest1,ou=people,{SUFFIX}");
    let club = [("objectClass", "groupOfNames"), ("cn", "club-echecs"), ("member", member.as_str())];
    let store = super::judge::store(installation).await;
    let directory = rentree::directory::embedded::Embedded::new(store, dn(SUFFIX));
    directory.ensure_suffix().await.unwrap();
    for branch in ["people", "groups"] {
        let unit = [("objectClass", "organizationalUnit"), ("ou", branch)];
        by_hand(installation, Operation::Add(entry(&format!("ou={branch}"), &unit))).await;
    }
    for thing in [entry("uid=guest1,ou=people", &guest), entry("cn=club-echecs,ou=groups", &club)] {
        by_hand(installation, Operation::Add(thing.clone())).await;
        judge.by_hand.push(ByHand::Entry(thing));
    }
}

/// One of the things that are done by hand; what, in plain words.
pub fn something(life: &mut Life, dice: &mut Dice) -> String {
    let people = life.sight.people();
    let usable: Vec<&Entry> = people
        .iter()
        .filter(|(key, _)| life.sight.stage(key) == Some(Stage::Present))
        .map(|(_, entry)| *entry)
        .collect();
    if usable.is_empty() {
        return "nothing".to_owned();
    }
    let somebody = (*dice.pick(&usable)).clone();
    let name = somebody.dn.normalised().to_owned();
    let key = somebody.first("ENTPersonJointure").unwrap().to_owned();
    let groups: Vec<Entry> =
        life.sight.entries.values().filter(|e| e.texts("objectClass").any(|c| c == "ENTClasse")).cloned().collect();
    let Life { installation, runtime, judge, .. } = life;
    match dice.below(5) {
        0 => {
            runtime.block_on(put_by_hand(installation, &somebody, "preferredLanguage", "br"));
            judge.by_hand.push(ByHand::Value(name, "preferredLanguage", "br".to_owned()));
            format!("{key} prefers another language")
        }
        1 => {
            let own = (*dice.pick(&OWN)).to_owned();
            runtime.block_on(put_by_hand(installation, &somebody, "userPassword", &own));
            let account = judge.same.get(&key).cloned().unwrap_or_else(|| key.clone());
            judge.passwords.insert(account, vec![own]);
            format!("{key} chooses a password")
        }
        2 => {
            runtime.block_on(put_by_hand(installation, &somebody, "sn", "CHANGÉ"));
            format!("{key} is called CHANGÉ, which the exports do not say")
        }
        3 if !groups.is_empty() => {
            let group = dice.pick(&groups).clone();
            let member = format!("uid=guest1,ou=people,{SUFFIX}");
            if !group.texts("member").any(|m| m == member) {
                let add = vec![member.as_str().into()];
                let modifications = vec![Modification { attribute: "member".into(), delete: Vec::new(), add }];
                let operation = Operation::Modify { dn: group.dn.clone(), modifications };
                runtime.block_on(by_hand(installation, operation));
                judge.by_hand.push(ByHand::Value(group.dn.normalised().to_owned(), "member", member));
            }
            format!("the guest joins {}", group.dn)
        }
        _ => {
            let mut members = groups.iter().filter(|group| group.values("member").len() > 1);
            let Some(group) = members.next() else { return "nothing".to_owned() };
            let member = group.texts("member").find(|m| !m.contains("guest")).unwrap().to_owned();
            let delete = vec![member.as_str().into()];
            let modifications = vec![Modification { attribute: "member".into(), delete, add: Vec::new() }];
            runtime.block_on(by_hand(installation, Operation::Modify { dn: group.dn.clone(), modifications }));
            format!("{member} is taken out of {}", group.dn)
        }
    }
}
