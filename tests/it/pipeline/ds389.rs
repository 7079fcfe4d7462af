//! A school year on 389 Directory Server: another scheme of passwords, another lock, the same nights.

use futures_util::TryStreamExt as _;
use rentree::directory::ldap::Ldap;
use rentree::directory::{Directory as _, Entry, Search};

use crate::support::academy::{pupils, remove_pupils};
use crate::support::ds389::Ds389;
use crate::support::program::{Installation, printed};
use crate::support::{SUFFIX, dn};

async fn people(directory: &Ldap) -> Vec<Entry> {
    let search = Search {
        base: dn(&format!("ou=people,{SUFFIX}")),
        filter: "(uid=*)".into(),
        attributes: vec!["*".into(), "nsAccountLock".into()],
    };
    directory.search(search).await.unwrap().try_collect().await.unwrap()
}

#[tokio::test]
async fn everything_then_nothing_then_a_lock_and_a_return() {
    let server = Ds389::start();
    let installation = Installation::with(&format!("{}\n[credentials]\npbkdf2_rounds = 10000\n", server.toml()));
    installation.simulate(2, 60, 0, false);
    let first = installation.sync(&["--today", "2026-09-02"], 0);
    assert!(first["accounts"]["created"].as_u64().unwrap() > 40, "{first}");
    assert_eq!(installation.sync(&["--today", "2026-09-02"], 0)["verdict"], "unchanged");

    // What is printed opens the account; what is stored does not.
    let out = installation.home().join("sheets");
    let (out_text, key) = (out.to_str().unwrap(), installation.key());
    let answer = installation.run(&["letters", "--out", out_text, "--key", key.to_str().unwrap(), "--json"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let directory = Ldap::connect(&server.config()).await.unwrap();
    let accounts = people(&directory).await;
    let printed = printed(&out);
    // Whoever acts in two schools has a sheet in each.
    let distinct: std::collections::HashSet<&String> = printed.iter().map(|(login, _)| login).collect();
    assert_eq!(distinct.len(), accounts.len());
    let account = |login: &str| accounts.iter().find(|e| e.first("ENTPersonLogin") == Some(login)).unwrap();
    for (login, password) in &printed {
        let entry = account(login);
        assert!(directory.bind(&entry.dn, password).await.unwrap(), "{login}");
        let hash = entry.first("userPassword").unwrap();
        assert!(hash.starts_with("{PBKDF2-SHA512}10000$"), "{hash}");
        assert!(!directory.bind(&entry.dn, hash).await.unwrap(), "the stored string is no password");
    }

    // A pupil goes: absent, then locked by the server's own means, then back with the password that was printed.
    let (key, _) = pupils(&installation.feed()).pop().unwrap();
    let jointure = format!("AC-TEST${key}");
    let entry = accounts.iter().find(|e| e.texts("ENTPersonJointure").any(|k| k == jointure)).unwrap();
    let login = entry.first("ENTPersonLogin").unwrap();
    let (_, password) = printed.iter().find(|(printed, _)| printed == login).unwrap();
    remove_pupils(&installation.feed(), &[key]);
    installation.sync(&["--today", "2026-09-03"], 0);
    assert!(directory.bind(&entry.dn, password).await.unwrap(), "absent and still usable");
    installation.sync(&["--today", "2026-10-10"], 0);
    assert!(!directory.bind(&entry.dn, password).await.unwrap(), "locked");
    let locked = directory.read_with(&entry.dn, &["nsAccountLock"]).await.unwrap().unwrap();
    assert_eq!(locked.first("nsAccountLock"), Some("true"));
    assert_eq!(locked.values("userPassword"), entry.values("userPassword"), "the password was not touched");
    assert_eq!(installation.sync(&["--today", "2026-10-10"], 0)["verdict"], "unchanged");
    installation.simulate(2, 60, 0, false);
    let back = installation.sync(&["--today", "2026-10-11"], 0);
    assert!(back["accounts"]["restored"].as_u64().unwrap() >= 1, "{back}");
    assert!(directory.bind(&entry.dn, password).await.unwrap(), "back with his own password");
    assert_eq!(installation.sync(&["--today", "2026-10-11"], 0)["verdict"], "unchanged");
}
