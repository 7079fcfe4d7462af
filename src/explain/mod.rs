//! `rentree explain`: everything that led from a line of an export to an entry of the directory, or to none, for one
//! person. Reads and never changes; who was looked at is on the trail before anything is shown.
//!
//! The steps are those of the pipeline: the record, what was found wrong with it, whether the person is in the roster,
//! the names, the entry as wanted and as it is, what is held, what was done. No secret is ever part of the answer.

mod attributes;
mod find;
mod history;
mod model;
mod sentence;
mod text;

use std::collections::HashMap;

use crate::audit::{Kind, Trail};
use crate::config::LoginRule;
use crate::directory::Dn;
use crate::feed::{Category, Finding};
use crate::naming::Rules;
use crate::plan::{Ground, PlanError, Renew, look};
use crate::roster::{JoinKey, Person, PersonId, Role, Roster};
use crate::store::{AccountRow, CredentialRow, NameRow, RenewalRow, RoleLinkRow};

pub use attributes::Attribute;
pub use history::{Event, Values};
pub use model::{
    AccountTold, Candidate, Explained, HoldTold, LinkTold, NamesTold, OtherAccount, Record, Remark, SchoolTold, Told,
};
pub use text::text;

use find::Found;

/// Explains whoever `who` names: a join key, uid, login, DN, `file:line`, or a name.
///
/// # Errors
/// When store, directory or trail fail.
pub async fn explain(ground: &Ground<'_>, who: &str, trail: &Trail) -> Result<Explained, PlanError> {
    let world = World::load(ground).await?;
    let mut explained = Explained { asked: who.to_owned(), person: None, candidates: Vec::new(), findings: Vec::new() };
    let mut found = find::find(ground, &world, who).await?;
    match found.people.len() {
        0 => explained.findings = found.findings.iter().map(remark).collect(),
        1 => {
            let key = found.people.remove(0).join_key;
            trail.record(Kind::PersonLookedUp, Some(&key), serde_json::json!({ "verb": "explain" }))?;
            trail.flush().await?;
            explained.person = Some(world.tell(ground, key).await?);
        }
        _ => explained.candidates = found.people,
    }
    Ok(explained)
}

/// What is known of everybody.
struct World {
    roster: Roster,
    names: HashMap<JoinKey, NameRow>,
    accounts: HashMap<JoinKey, AccountRow>,
    /// Of the last complete sets, and of the roster.
    findings: Vec<Finding>,
    sources: Vec<crate::roster::SourceInfo>,
}

impl World {
    async fn load(ground: &Ground<'_>) -> Result<Self, PlanError> {
        let store = ground.store;
        ground.progress.begin("roster", None);
        let mut roster = crate::image::roster(store, ground.config, &[], ground.today).await?;
        let sources = crate::image::sources(ground.config);
        let mut findings = Vec::new();
        for source in &ground.config.sources {
            let row = store.source(&source.name, source.prefix(), source.kind.name()).await?;
            let name: std::sync::Arc<str> = source.name.as_str().into();
            let remembered = crate::image::remembered(store, row.id).await?;
            findings.extend(remembered.into_iter().map(|finding| finding.of_source(&name, source.kind.degree())));
        }
        findings.append(&mut roster.findings);
        let names = store.names().await?.into_iter().map(|row| (row.join_key.clone(), row)).collect();
        Ok(Self { roster, names, accounts: store.accounts().await?, findings, sources })
    }

    fn person(&self, key: &JoinKey) -> Option<(PersonId, &Person)> {
        let at = self.roster.persons.binary_search_by(|person| person.key.cmp(key)).ok()?;
        Some((PersonId(u32::try_from(at).ok()?), self.roster.persons.get(at)?))
    }

    /// The join key of the person whom a finding is about.
    fn key_of(&self, finding: &Finding) -> Option<JoinKey> {
        let key = finding.key.as_deref().filter(|_| finding.category.is_some_and(Category::is_person))?;
        let source = self.sources.iter().find(|source| Some(&source.name) == finding.source.as_ref())?;
        Some(JoinKey::new(&source.prefix, key))
    }

    async fn tell(&self, ground: &Ground<'_>, key: JoinKey) -> Result<Told, PlanError> {
        let store = ground.store;
        let known = self.person(&key);
        let account = self.accounts.get(&key);
        let left_out = self.roster.left_out.iter().find(|left| left.key == key);
        let mut findings: Vec<Remark> =
            self.findings.iter().filter(|finding| self.key_of(finding).as_ref() == Some(&key)).map(remark).collect();
        let history = history::history(store, &key).await?;
        findings.extend(
            history
                .findings
                .into_iter()
                .filter(|told| {
                    // The trail has those that no memory holds: of tables, and of deltas.
                    !findings.iter().any(|known| known.code == told.code && known.message == told.message)
                })
                .collect::<Vec<_>>(),
        );
        let record = self.record(ground, &key, known.map(|(_, person)| person)).await?;
        let dn = account.and_then(|account| Dn::parse(&account.dn).ok());
        let lock = ground.dialect.lock_method();
        let entry = match &dn {
            Some(dn) => ground.directory.read_with(dn, &[lock.attribute()]).await?,
            None => None,
        };
        let looked = match known {
            Some((id, _)) => Some(look(ground, &self.roster, &self.accounts, &self.names, id, entry.as_ref()).await?),
            None => None,
        };
        let profile = known.map(|(_, person)| person.profile).or(account.map(|account| account.profile));
        let attributes = match profile {
            Some(profile) => attributes::attributes(&ground.dialect, profile, looked.as_ref(), entry.as_ref()),
            None => Vec::new(),
        };
        let renewals = store.renewals_of(&key).await?;
        let credential = store.credentials_of(&key).await?.first().map(|row| credential_told(row, &renewals));
        let mut told = Told {
            sentence: String::new(),
            name: known.map(|(_, person)| person.name.display()).or_else(|| record.as_ref().and_then(|r| r.1.clone())),
            profile,
            record: record.map(|(record, _)| record),
            findings,
            left_out: left_out.map(|left| left.why),
            joined_to: left_out.and_then(|left| left.into.clone()),
            identity: identity(account, &history.events),
            names: self.names.get(&key).map(|row| names_told(ground, row, known.map(|(_, person)| person))),
            schools: known.map(|(_, person)| self.schools(person)).unwrap_or_default(),
            links: known.map(|(_, person)| self.links(person)).unwrap_or_default(),
            other_accounts: match &dn {
                Some(dn) => self.other_accounts(&store.role_links_of(dn.normalised()).await?),
                None => Vec::new(),
            },
            account: account.map(|account| AccountTold {
                dn: account.dn.clone(),
                stage: account.stage,
                since: account.since,
                adopted: account.adopted,
                former_class: account.former_class.clone(),
                there: entry.is_some(),
                locked: entry.as_ref().is_some_and(|entry| lock.is_locked(entry)),
                credential,
            }),
            attributes,
            holds: history::holds(store, &key).await?,
            history: history.events,
            join_key: key,
        };
        let classless = known.is_some_and(|(_, p)| matches!(&p.role, Role::Pupil(pupil) if pupil.classes.is_empty()));
        let missing = looked.and_then(Result::err);
        told.sentence = sentence::sentence(&told, known.is_some(), classless, missing.as_deref());
        Ok(told)
    }

    /// Where the person was read, and the name that the record says.
    async fn record(
        &self,
        ground: &Ground<'_>,
        key: &JoinKey,
        person: Option<&Person>,
    ) -> Result<Option<(Record, Option<String>)>, PlanError> {
        let Some((source, bare)) = self.sources.iter().enumerate().find_map(|(index, source)| {
            let bare = key.as_str().strip_prefix(&source.prefix)?.strip_prefix('$')?;
            Some((ground.config.sources.get(index)?, bare))
        }) else {
            return Ok(None);
        };
        let row = ground.store.source(&source.name, source.prefix(), source.kind.name()).await?;
        let made = |category, origin, accepted| Record {
            source: source.name.clone(),
            category,
            key: bare.into(),
            origin,
            delivered: row.delivered,
            accepted,
        };
        if let Some((category, origin, fields)) = find::record_of(ground.store, row.id, bare).await? {
            let name = find::name_in(&fields);
            return Ok(Some((made(category, origin, true), name)));
        }
        if let Some(person) = person {
            let category = match person.role {
                Role::Pupil(_) => Category::Pupil,
                Role::Relative(_) => Category::Relative,
                Role::Staff(_) => Category::Staff,
            };
            return Ok(Some((made(category, person.origin.clone(), true), None)));
        }
        let finding = self
            .findings
            .iter()
            .find(|finding| self.key_of(finding).as_ref() == Some(key) && crate::image::is_rejection(finding));
        Ok(finding.and_then(|finding| {
            Some((made(finding.category?, finding.origin.clone()?, false), finding.subject.clone()))
        }))
    }

    fn schools(&self, person: &Person) -> Vec<SchoolTold> {
        let class = |id| match &person.role {
            Role::Pupil(pupil) => {
                let (_, code) = pupil.classes.iter().find(|(school, _)| *school == id)?;
                Some(self.roster.class_name(id, code))
            }
            _ => None,
        };
        let told = |id| {
            let structure = self.roster.structure(id)?;
            Some(SchoolTold { uai: structure.uai.to_string(), name: structure.name.clone(), class: class(id) })
        };
        person.schools.iter().filter_map(|school| told(school.structure)).collect()
    }

    fn other_accounts(&self, links: &[RoleLinkRow]) -> Vec<OtherAccount> {
        let told = |link: &RoleLinkRow| {
            let is = |account: &&AccountRow| Dn::parse(&account.dn).is_ok_and(|dn| dn.normalised() == link.target);
            let account = self.accounts.values().find(is);
            OtherAccount {
                dn: account.map_or_else(|| link.target.clone(), |account| account.dn.clone()),
                join_key: account.map(|account| account.join_key.clone()),
                profile: account.map(|account| account.profile),
                principal: link.principal,
            }
        };
        links.iter().map(told).collect()
    }

    fn links(&self, person: &Person) -> Vec<LinkTold> {
        let told = |id, standing| {
            let other = self.roster.person(id)?;
            Some(LinkTold { join_key: other.key.clone(), name: other.name.display(), standing })
        };
        match &person.role {
            Role::Pupil(pupil) => {
                pupil.relatives.iter().filter_map(|link| told(link.relative, Some(link.standing))).collect()
            }
            Role::Relative(relative) => relative.pupils.iter().filter_map(|id| told(*id, None)).collect(),
            Role::Staff(_) => Vec::new(),
        }
    }
}

/// By what an account is known to be this person's.
fn identity(account: Option<&AccountRow>, events: &[Event]) -> Option<String> {
    let account = account?;
    if !account.adopted {
        return Some("compte créé ici, reconnu par sa clé de jointure".to_owned());
    }
    let note = events.iter().find_map(|event| event.note.clone().filter(|note| note.contains("repris")));
    Some(note.unwrap_or_else(|| "compte repris d'un annuaire existant".to_owned()))
}

fn remark(finding: &Finding) -> Remark {
    let words = finding.code.explanation();
    Remark {
        code: finding.code.id(),
        severity: finding.severity.name(),
        title: finding.code.title(),
        message: finding.message.clone(),
        effect: words.effect,
        remedy: words.remedy,
        origin: finding.origin.clone(),
    }
}

fn credential_told(row: &CredentialRow, renewals: &[RenewalRow]) -> String {
    use crate::credentials::EnvelopeState as State;
    let state = match row.state {
        State::Pending => "en attente de confirmation",
        State::Live => "scellé, valable",
        State::Superseded => "remplacé",
        State::Revoked => "révoqué",
        State::Expired => "expiré",
    };
    let printed = if row.printed.is_some() { "imprimé" } else { "jamais imprimé" };
    let told = format!("émis le {}, {state}, {printed}", crate::wording::date(row.issued));
    match renewals.iter().find(|renewal| renewal.serial == row.serial) {
        // Its password was never anybody's: there is no day on which it was issued.
        Some(RenewalRow { action: Renew::Revoke, reason, actor, .. }) => {
            format!(
                "révoqué le {} par {actor} ({reason}) : rien de ce qui a été imprimé n'ouvre le compte",
                crate::wording::date(row.issued)
            )
        }
        Some(RenewalRow { reason, actor, .. }) => format!("{told} ; en remplace un autre, par {actor} ({reason})"),
        None => told,
    }
}

/// Which rule gave a login, and why it has a suffix.
fn names_told(ground: &Ground<'_>, row: &NameRow, person: Option<&Person>) -> NamesTold {
    let rule = match ground.config.naming.login {
        LoginRule::FirstDotLast => "prénom.nom",
        LoginRule::FirstDotLastPlain => "prénom.nom sans traits d'union",
        LoginRule::InitialLast => "initiale et nom",
    };
    let base = person.and_then(|p| Rules::from_config(&ground.config.naming).ok().map(|rules| rules.base(&p.name)));
    let login = row.login.as_str();
    let why = match base {
        Some(base) if base == login => format!("règle « {rule} », sans homonyme au moment où il a été donné"),
        Some(base) => match login.strip_prefix(base.as_str()).filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
            Some(suffix) => format!("règle « {rule} » : « {base} » était déjà pris (ou réservé), suffixe {suffix}"),
            None => format!(
                "donné une fois pour toutes, sous un autre nom ou une autre règle (aujourd'hui la règle « {rule} » donnerait \
                 « {base} »)"
            ),
        },
        None => "donné une fois pour toutes".to_owned(),
    };
    NamesTold { uid: row.uid.as_str().to_owned(), login: login.to_owned(), why }
}

/// Whoever the question fits, sorted.
fn candidates(found: Vec<Candidate>) -> Found {
    let mut people = found;
    people.sort();
    people.dedup_by(|a, b| a.join_key == b.join_key);
    Found { people, findings: Vec::new() }
}
