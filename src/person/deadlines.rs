//! When what is kept of an account ends, as it stands today: computed by the rules of the configuration.

use jiff::civil::Date;
use serde::Serialize;

use crate::config::Config;
use crate::credentials::EnvelopeState;
use crate::store::{AccountRow, CredentialRow, Stage};
use crate::wording::date;

/// Something ends on a day, or as long as something else does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// In French, for people.
    pub what: &'static str,
    /// `None` while nothing has begun that leads there.
    pub day: Option<Date>,
    /// The setting that it comes from, or what it waits for.
    pub rule: &'static str,
}

impl Deadline {
    /// One line, in French.
    #[must_use]
    pub fn line(&self) -> String {
        match self.day {
            Some(day) => format!("{} : le {} ({})", self.what, date(day), self.rule),
            None => format!("{} : {}", self.what, self.rule),
        }
    }
}

/// The deadlines of an account and of its sealed password, the next one first.
#[must_use]
pub fn deadlines(account: &AccountRow, credentials: &[CredentialRow], config: &Config) -> Vec<Deadline> {
    let lifecycle = &config.lifecycle;
    let ended = account.ended(lifecycle.grace(account.profile));
    let suspended = Deadline {
        what: "l'accès prend fin",
        day: Some(lifecycle.suspended_from(account.profile, ended, &config.year)),
        rule: "lifecycle, la grâce du profil, sauf retour dans les exports",
    };
    let purged = Deadline {
        what: "le compte est à effacer",
        day: Some(lifecycle.purge_from(account.profile, ended, false)),
        rule: "lifecycle.purge_after, au plus tard ; par rentree purge",
    };
    let mut all = match account.stage {
        Stage::Present => vec![Deadline {
            what: "le compte et ses données restent",
            day: None,
            rule: "tant que les exports nomment la personne",
        }],
        Stage::Absent => vec![suspended, purged],
        Stage::Suspended => vec![purged],
        Stage::Purged => {
            vec![Deadline {
                what: "l'identifiant reste réservé", day: None, rule: "pour toujours, à personne d'autre"
            }]
        }
    };
    let live = credentials.iter().find(|credential| credential.state == EnvelopeState::Live);
    if let Some(day) = live.and_then(|credential| config.credentials.expires(credential.issued)) {
        all.push(Deadline {
            what: "le mot de passe scellé est détruit",
            day: Some(day),
            rule: "credentials.valid_days",
        });
    }
    all.sort_by_key(|deadline| deadline.day.unwrap_or(Date::MAX));
    all
}
