//! Who gets a sheet, and why somebody gets none: one plain function, which the count before printing, the cover page and
//! the printing itself ask, so that they agree.

use std::collections::HashMap;

use serde::Serialize;

use crate::config::CredentialsConfig;
use crate::credentials::EnvelopeState;
use crate::roster::{JoinKey, Person};
use crate::store::{AccountRow, PrintedAt, Stage, Store, StoreError};

/// What becomes of somebody in a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "sheet", content = "why")]
pub enum Verdict {
    /// A sheet with login and password.
    Secret,
    /// A sheet without a secret: the profile logs in elsewhere.
    Federated,
    /// A sheet without a secret: the account is in use, and the sheet reminds of its login.
    Reminder,
    None(Reason),
}

/// Why somebody gets no sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Took the account over: the password of the sheet is no longer the one that opens it.
    Activated,
    /// The account was there before, and kept its password.
    Adopted,
    /// Only new sheets were asked for, and this school printed one.
    AlreadyPrinted,
    /// Written for the server's loader; not found in the directory yet.
    ExportPending,
    /// The credential was too old, and was destroyed.
    Expired,
    /// The credential was revoked.
    Revoked,
    /// There is an account, and no credential was ever sealed for it.
    NoEnvelope,
    /// The creation of the account is held.
    Held,
    /// In the exports, and no plan was carried out since.
    NoAccount,
    /// A pupil without a class has no account.
    NoClass,
    /// The exports name the person no more; the account can still be used.
    Absent,
    /// The account cannot be used.
    Suspended,
    /// The directory has the account locked.
    Locked,
    /// Merged into another account of the same person.
    Merged,
    /// An adult to whom the table of families gives no account.
    NoAuthority,
    /// The login has characters that nobody can copy from paper: another program gave it.
    Unprintable,
    /// The school has it in a print pack, of which no receipt came back yet.
    Packed,
    /// Spoilt sheets are printed again, and this school printed none.
    NeverPrinted,
    /// Sealed for another school, or for the project alone, and the key at hand is one school's.
    OtherSchool,
    /// Sealed before this school had the key at hand, or before its owner came here: to be sealed anew.
    SealedBefore,
}

impl Reason {
    pub const ALL: [Self; 20] = [
        Self::Activated,
        Self::Adopted,
        Self::AlreadyPrinted,
        Self::ExportPending,
        Self::Expired,
        Self::Revoked,
        Self::NoEnvelope,
        Self::Held,
        Self::NoAccount,
        Self::NoClass,
        Self::Absent,
        Self::Suspended,
        Self::Locked,
        Self::Merged,
        Self::NoAuthority,
        Self::Unprintable,
        Self::Packed,
        Self::NeverPrinted,
        Self::OtherSchool,
        Self::SealedBefore,
    ];

    /// Whether there is an account that its owner can use.
    #[must_use]
    pub const fn has_account(self) -> bool {
        matches!(
            self,
            Self::Activated
                | Self::Adopted
                | Self::AlreadyPrinted
                | Self::Expired
                | Self::Revoked
                | Self::NoEnvelope
                | Self::Unprintable
                | Self::Packed
                | Self::NeverPrinted
                | Self::OtherSchool
                | Self::SealedBefore
        )
    }

    /// For machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Adopted => "adopted",
            Self::AlreadyPrinted => "already_printed",
            Self::ExportPending => "export_pending",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::NoEnvelope => "no_envelope",
            Self::Held => "held",
            Self::NoAccount => "no_account",
            Self::NoClass => "no_class",
            Self::Absent => "absent",
            Self::Suspended => "suspended",
            Self::Locked => "locked",
            Self::Merged => "merged",
            Self::NoAuthority => "no_authority",
            Self::Unprintable => "unprintable",
            Self::Packed => "packed",
            Self::NeverPrinted => "never_printed",
            Self::OtherSchool => "other_school",
            Self::SealedBefore => "sealed_before",
        }
    }

    /// For the people of the school, before a number: it stays in the singular.
    #[must_use]
    pub const fn in_french(self) -> &'static str {
        match self {
            Self::Activated => "compte déjà activé",
            Self::Adopted => "compte repris, qui garde son mot de passe",
            Self::AlreadyPrinted => "fiche déjà imprimée par l’établissement",
            Self::ExportPending => "compte en attente de chargement dans l’annuaire",
            Self::Expired => "identifiant provisoire périmé",
            Self::Revoked => "identifiant provisoire révoqué",
            Self::NoEnvelope => "aucun identifiant provisoire",
            Self::Held => "création du compte retenue, à décider",
            Self::NoAccount => "compte pas encore créé",
            Self::NoClass => "élève sans division",
            Self::Absent => "absent des exports",
            Self::Suspended => "compte suspendu",
            Self::Locked => "compte verrouillé dans l’annuaire",
            Self::Merged => "compte fusionné avec un autre",
            Self::NoAuthority => "sans autorité sur l’élève : pas de compte",
            Self::Unprintable => {
                "identifiant que le papier ne peut pas montrer (espace, caractère invisible ou sans dessin)"
            }
            Self::Packed => "fiche dans un paquet remis à l’établissement, sans accusé (letters packs)",
            Self::NeverPrinted => "aucune fiche de l’établissement à refaire",
            Self::OtherSchool => "compte d’une autre école : cette clé n’est pas pour lui",
            Self::SealedBefore => "enveloppe pas encore scellée pour la clé de l’établissement (credentials reseal)",
        }
    }
}

/// What the directory shows of an account, where it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sign {
    pub activated: bool,
    pub locked: bool,
}

/// What is asked of the sheets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Only those of whose present credential this school printed no sheet.
    pub only_new: bool,
    /// Sheets without a secret for accounts that are in use.
    pub reminders: bool,
    /// Only those of whose present credential this school printed a sheet: it was spoilt.
    pub again: bool,
}

/// What the store knows of some people.
#[derive(Debug, Default)]
pub struct Facts {
    pub accounts: HashMap<JoinKey, AccountRow>,
    pub envelopes: HashMap<JoinKey, EnvelopeState>,
    pub printed: HashMap<JoinKey, Vec<PrintedAt>>,
    /// The schools (UAI) that have a person's present sheet in a pack without a receipt.
    pub packed: HashMap<JoinKey, Vec<String>>,
}

impl Facts {
    /// # Errors
    /// When a row of the store is damaged.
    pub async fn of(store: &Store, people: &[JoinKey]) -> Result<Self, StoreError> {
        let (accounts, envelopes, printed, packed) = tokio::try_join!(
            store.accounts_of(people),
            store.envelope_states(people),
            store.printed_at(people),
            store.packed(people)
        )?;
        Ok(Self { accounts, envelopes, printed, packed })
    }

    /// The last school but `uai` that printed a sheet of the present credential.
    #[must_use]
    pub fn elsewhere(&self, person: &JoinKey, uai: &str) -> Option<&PrintedAt> {
        self.printed.get(person)?.iter().find(|sheet| sheet.school != uai)
    }
}

/// Whether somebody gets a sheet of the school `uai`.
///
/// `held` says whether the creation of an account is held back; `sign` is what the directory shows, where it was asked.
#[must_use]
pub fn judge(
    credentials: &CredentialsConfig,
    person: &Person,
    uai: &str,
    facts: &Facts,
    (held, sign): (bool, Sign),
    wanted: Wanted,
) -> Verdict {
    let key = &person.key;
    let Some(account) = facts.accounts.get(key) else {
        let classless = matches!(&person.role, crate::roster::Role::Pupil(pupil) if pupil.classes.is_empty());
        return Verdict::None(match (classless, held) {
            (true, _) => Reason::NoClass,
            (false, true) => Reason::Held,
            (false, false) => Reason::NoAccount,
        });
    };
    match account.stage {
        Stage::Present => {}
        Stage::Absent => return Verdict::None(Reason::Absent),
        Stage::Suspended => return Verdict::None(Reason::Suspended),
        Stage::Purged => return Verdict::None(Reason::NoAccount),
    }
    if sign.locked {
        return Verdict::None(Reason::Locked);
    }
    let here = facts.printed.get(key).is_some_and(|sheets| sheets.iter().any(|sheet| sheet.school == uai));
    let printed = wanted.only_new && here;
    if wanted.again && !here {
        return Verdict::None(Reason::NeverPrinted);
    }
    if !wanted.again && facts.packed.get(key).is_some_and(|schools| schools.iter().any(|school| school == uai)) {
        return Verdict::None(Reason::Packed);
    }
    if !credentials.of(person.profile).mode.issues() {
        return if printed { Verdict::None(Reason::AlreadyPrinted) } else { Verdict::Federated };
    }
    let in_use = |reason| match (wanted.reminders, printed) {
        (false, _) => Verdict::None(reason),
        (true, false) => Verdict::Reminder,
        (true, true) => Verdict::None(Reason::AlreadyPrinted),
    };
    if sign.activated {
        return in_use(Reason::Activated);
    }
    match facts.envelopes.get(key) {
        Some(EnvelopeState::Live) if printed => Verdict::None(Reason::AlreadyPrinted),
        Some(EnvelopeState::Live) => Verdict::Secret,
        Some(EnvelopeState::Pending) => Verdict::None(Reason::ExportPending),
        Some(EnvelopeState::Expired) => Verdict::None(Reason::Expired),
        Some(EnvelopeState::Revoked | EnvelopeState::Superseded) => Verdict::None(Reason::Revoked),
        None if account.adopted => in_use(Reason::Adopted),
        None => Verdict::None(Reason::NoEnvelope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mode;
    use crate::feed::Origin;
    use crate::roster::{Contact, Name, Profile, Relative, Role};

    const HERE: &str = "0290009C";

    fn adult() -> Person {
        Person {
            key: JoinKey::from_text("AC-TEST$1"),
            source: 0,
            origin: Origin { file: "a.xml".into(), line: 1 },
            profile: Profile::Relative,
            name: Name { surname: "Arnaud".into(), first: "Ève".into(), ..Name::default() },
            civility: None,
            birth: None,
            contact: Contact::default(),
            address_shared: None,
            schools: Box::new([]),
            administrative: None,
            role: Role::Relative(Relative::default()),
        }
    }

    fn account(stage: Stage, adopted: bool) -> AccountRow {
        AccountRow {
            join_key: adult().key,
            dn: "uid=fze00001,ou=people,dc=ent".to_owned(),
            profile: Profile::Relative,
            stage,
            since: jiff::civil::date(2026, 9, 1),
            schools: vec![HERE.into()],
            class: None,
            level: None,
            expected: false,
            adopted,
            written: None,
            left: None,
            former_class: None,
        }
    }

    fn facts(account: Option<AccountRow>, envelope: Option<EnvelopeState>, printed: &[&str]) -> Facts {
        let key = || adult().key;
        let sheet = |school: &&str| PrintedAt { school: (*school).to_owned(), at: jiff::Timestamp::UNIX_EPOCH };
        Facts {
            accounts: account.into_iter().map(|account| (key(), account)).collect(),
            envelopes: envelope.into_iter().map(|state| (key(), state)).collect(),
            printed: [(key(), printed.iter().map(sheet).collect())].into(),
            packed: HashMap::new(),
        }
    }

    fn present(envelope: Option<EnvelopeState>, printed: &[&str]) -> Facts {
        facts(Some(account(Stage::Present, false)), envelope, printed)
    }

    fn verdict(facts: &Facts, wanted: Wanted) -> Verdict {
        super::judge(&CredentialsConfig::default(), &adult(), HERE, facts, (false, Sign::default()), wanted)
    }

    const NEW: Wanted = Wanted { only_new: true, reminders: false, again: false };
    const REMINDERS: Wanted = Wanted { only_new: false, reminders: true, again: false };
    const LIVE: Option<EnvelopeState> = Some(EnvelopeState::Live);

    /// Whatever is asked, and whatever envelope is left: nobody whose account cannot be used gets a sheet.
    #[test]
    fn no_sheet_for_who_is_absent_suspended_merged_or_locked() {
        for stage in [Stage::Absent, Stage::Suspended, Stage::Purged] {
            let gone = facts(Some(account(stage, false)), LIVE, &[]);
            for wanted in [Wanted::default(), NEW, REMINDERS] {
                assert!(matches!(verdict(&gone, wanted), Verdict::None(_)), "{stage:?}");
            }
        }
        let locked = Sign { locked: true, activated: true };
        for wanted in [Wanted::default(), NEW, REMINDERS] {
            let judged = super::judge(
                &CredentialsConfig::default(),
                &adult(),
                HERE,
                &present(LIVE, &[]),
                (false, locked),
                wanted,
            );
            assert_eq!(judged, Verdict::None(Reason::Locked));
        }
    }

    #[test]
    fn without_an_account_the_reason_is_why_there_is_none() {
        let none = facts(None, LIVE, &[]);
        let judge = |person: &Person, held| {
            super::judge(&CredentialsConfig::default(), person, HERE, &none, (held, Sign::default()), REMINDERS)
        };
        assert_eq!(judge(&adult(), false), Verdict::None(Reason::NoAccount));
        assert_eq!(judge(&adult(), true), Verdict::None(Reason::Held));
        let classless = Person { role: Role::Pupil(Box::default()), ..adult() };
        assert_eq!(judge(&classless, true), Verdict::None(Reason::NoClass));
    }

    #[test]
    fn once_per_school() {
        assert_eq!(verdict(&present(LIVE, &[]), NEW), Verdict::Secret);
        assert_eq!(verdict(&present(LIVE, &[HERE]), NEW), Verdict::None(Reason::AlreadyPrinted));
        assert_eq!(verdict(&present(LIVE, &[HERE]), Wanted::default()), Verdict::Secret, "asked for again");
        let other = present(LIVE, &["0290010D"]);
        assert_eq!(verdict(&other, NEW), Verdict::Secret, "this school has not printed it");
        assert_eq!(other.elsewhere(&adult().key, HERE).map(|sheet| sheet.school.as_str()), Some("0290010D"));
        assert_eq!(other.elsewhere(&adult().key, "0290010D"), None);
    }

    #[test]
    fn a_sheet_in_a_pack_waits_for_its_receipt_unless_it_was_spoilt() {
        let packed = |printed: &[&str]| Facts {
            packed: [(adult().key, vec![HERE.to_owned()])].into(),
            ..present(LIVE, printed)
        };
        assert_eq!(verdict(&packed(&[]), Wanted::default()), Verdict::None(Reason::Packed));
        let again = Wanted { again: true, ..Wanted::default() };
        assert_eq!(verdict(&packed(&[HERE]), again), Verdict::Secret);
        let elsewhere = Facts { packed: [(adult().key, vec!["0290010D".to_owned()])].into(), ..present(LIVE, &[]) };
        assert_eq!(verdict(&elsewhere, Wanted::default()), Verdict::Secret, "another school's pack");
    }

    #[test]
    fn each_end_of_an_envelope_has_its_reason() {
        for (state, reason) in [
            (Some(EnvelopeState::Pending), Reason::ExportPending),
            (Some(EnvelopeState::Expired), Reason::Expired),
            (Some(EnvelopeState::Revoked), Reason::Revoked),
            (None, Reason::NoEnvelope),
        ] {
            for wanted in [Wanted::default(), NEW, REMINDERS] {
                assert_eq!(verdict(&present(state, &[]), wanted), Verdict::None(reason));
            }
        }
    }

    #[test]
    fn an_account_in_use_gets_a_reminder_when_asked() {
        let active = Sign { activated: true, locked: false };
        let judge = |facts: &Facts, wanted| {
            super::judge(&CredentialsConfig::default(), &adult(), HERE, facts, (false, active), wanted)
        };
        let live = present(LIVE, &[]);
        assert_eq!(judge(&live, Wanted::default()), Verdict::None(Reason::Activated));
        assert_eq!(judge(&live, REMINDERS), Verdict::Reminder);
        let adopted = facts(Some(account(Stage::Present, true)), None, &[]);
        assert_eq!(verdict(&adopted, Wanted::default()), Verdict::None(Reason::Adopted));
        assert_eq!(verdict(&adopted, REMINDERS), Verdict::Reminder);
        let mut federated = CredentialsConfig::default();
        federated.relative.mode = Mode::Federated;
        let judged = super::judge(&federated, &adult(), HERE, &live, (false, active), REMINDERS);
        assert_eq!(judged, Verdict::Federated);
    }
}
