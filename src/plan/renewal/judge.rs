//! Whether somebody's first password may be replaced or taken back, from what directory and store show of it.

use std::collections::HashMap;

use compact_str::CompactString;
use serde::Serialize;

use crate::config::Mode;
use crate::credentials::activation::{Activation, PASSWORD_CHANGED, Signs, activation};
use crate::credentials::marks;
use crate::directory::{Entry, Value};
use crate::feed::values::Uai;
use crate::plan::{Change, ChangeKind, Ground, Renew, Renewal, Subject, Write};
use crate::roster::JoinKey;
use crate::store::{AccountRow, IssuedPassword, NameRow, hash_mark};

use super::USER_PASSWORD;

/// Somebody who was asked for and keeps the password that he has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub join_key: JoinKey,
    pub name: String,
    pub schools: Vec<CompactString>,
    pub why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its user has made the account his own.
    Activated,
    /// Nobody can say whether he has.
    Unknown,
    /// The password is not given here.
    Federated,
    /// The portal keeps the state of an account that was activated: resetting it is the portal's.
    Portal,
    /// Locked in the directory.
    Locked,
    /// The directory does not have him, or under another key.
    Missing,
    /// Two entries hold his join key.
    Twice,
    /// The register knows no uid or login of his.
    Nameless,
    /// The account of the run may not read `userPassword`: an old value would stay beside the new one.
    Unreadable,
}

impl Why {
    /// In French, for a list.
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::Activated => {
                "compte déjà activé ; --reset (avec l'accord de la personne) lui retire son mot de passe"
            }
            Self::Unknown => {
                "l'annuaire ne dit pas si le compte est activé ; --reset remplace le mot de passe dans tous les cas"
            }
            Self::Federated => "se connecte ailleurs, aucun mot de passe n'est remis ici",
            Self::Portal => "compte activé : c'est le portail qui réinitialise",
            Self::Locked => "compte verrouillé dans l'annuaire",
            Self::Missing => "pas de fiche à sa clé dans l'annuaire",
            Self::Twice => "deux fiches portent sa clé de jointure",
            Self::Nameless => "ni uid ni login au registre",
            Self::Unreadable => {
                "le compte de Rentrée ne peut pas lire et remplacer userPassword : il lui en faut le droit (write)"
            }
        }
    }
}

/// What the store knows of the accounts.
pub(super) struct Known {
    pub names: HashMap<JoinKey, NameRow>,
    pub issued: HashMap<JoinKey, IssuedPassword>,
    pub marks: HashMap<JoinKey, Vec<Vec<u8>>>,
}

pub(super) struct Judge<'a, 'g> {
    pub ground: &'a Ground<'g>,
    pub renewal: &'a Renewal,
    /// Whether any password could be read.
    pub readable: bool,
    pub known: Known,
}

impl Judge<'_, '_> {
    /// The change of one account, or why there is none.
    pub fn change(&self, account: &AccountRow, entries: &[Entry]) -> Result<Change, Kept> {
        let kept = |why| Kept {
            join_key: account.join_key.clone(),
            name: name(account, entries.first()),
            schools: account.schools.clone(),
            why,
        };
        let mode = self.ground.config.credentials.of(account.profile).mode;
        if !mode.issues() {
            return Err(kept(Why::Federated));
        }
        let entry = match entries {
            [] => return Err(kept(Why::Missing)),
            [one] => one,
            _ => return Err(kept(Why::Twice)),
        };
        if self.ground.dialect.lock_method().is_locked(entry) {
            return Err(kept(Why::Locked));
        }
        if !self.readable && mode == Mode::Bind {
            return Err(kept(Why::Unreadable));
        }
        let activation = self.activation(account, entry);
        match activation {
            Activation::Never => {}
            Activation::Activated if mode == Mode::Portal => return Err(kept(Why::Portal)),
            _ if self.renewal.reset => {}
            Activation::Activated => return Err(kept(Why::Activated)),
            Activation::Unknown => return Err(kept(Why::Unknown)),
        }
        let row = self.known.names.get(&account.join_key).ok_or_else(|| kept(Why::Nameless))?;
        let subject = Subject {
            join_key: Some(account.join_key.clone()),
            profile: Some(account.profile),
            uid: Some(row.uid.clone()),
            login: Some(row.login.clone()),
            name: name(account, Some(entry)),
            schools: account.schools.iter().filter_map(|school| Uai::parse(school)).collect(),
            class: account.class.clone(),
            level: None,
        };
        let kind = match self.renewal.action {
            Renew::Reissue => ChangeKind::Reissue,
            Renew::Revoke => ChangeKind::Revoke,
        };
        let write = Write::Password { seen: self.seen(mode, entry) };
        let change = Change::new(kind, entry.dn.clone(), subject, write);
        Ok(Change { note: Some(self.note(activation, &account.join_key)), ..change })
    }

    fn activation(&self, account: &AccountRow, entry: &Entry) -> Activation {
        let lock = self.ground.dialect.lock_method();
        let passwords: Vec<&str> = entry.texts(USER_PASSWORD).filter_map(|value| lock.without_lock(value)).collect();
        let issued = self.known.issued.get(&account.join_key);
        let signs = Signs {
            state: lock.activated(entry),
            changed: entry.first(PASSWORD_CHANGED),
            issued: issued.and_then(|password| password.since),
            passwords: &passwords,
            hash: issued.and_then(|password| password.hash.as_deref()),
            mark: issued.and_then(|password| password.mark.as_deref()),
        };
        let told = activation(&signs);
        if told != Activation::Unknown {
            return told;
        }
        // An account whose envelope is no more (taken back, withdrawn unprinted): what was issued may still be there.
        let ours = self.known.marks.get(&account.join_key).map(Vec::as_slice).unwrap_or_default();
        let is_ours = |value: &&str| ours.contains(&hash_mark(value));
        match passwords.as_slice() {
            // No password at all, where passwords can be read: nobody can have used it.
            [] if self.readable && lock.activated(entry).is_none() => Activation::Never,
            [] => Activation::Unknown,
            values if values.iter().all(is_ours) => Activation::Never,
            _ => Activation::Unknown,
        }
    }

    /// By what the values that are replaced are known again.
    fn seen(&self, mode: Mode, entry: &Entry) -> Vec<String> {
        let portal = self.ground.config.credentials.hash_attribute.as_deref().filter(|_| mode == Mode::Portal);
        let attributes = std::iter::once(USER_PASSWORD).chain(portal);
        marks(attributes.flat_map(|attribute| entry.values(attribute)).map(Value::as_bytes))
    }

    /// What the plan says of it.
    fn note(&self, activation: Activation, key: &JoinKey) -> String {
        let note = match (activation, self.renewal.reset) {
            (Activation::Activated, _) => "compte activé : la personne perd le mot de passe choisi",
            (Activation::Unknown, true) => "compte peut-être activé",
            _ if !self.known.issued.contains_key(key) => "sans identifiant imprimable jusqu'ici",
            _ => "jamais activé",
        };
        note.to_owned()
    }
}

fn name(account: &AccountRow, entry: Option<&Entry>) -> String {
    let shown = entry.and_then(|entry| entry.first("displayName").or_else(|| entry.first("cn")));
    let rdn = || crate::directory::Dn::parse(&account.dn).map(|dn| dn.rdn_value()).unwrap_or_default();
    shown.map_or_else(rdn, str::to_owned)
}
