//! One pile on its way to paper: what the store has of its people, opened where there is a secret, laid out as data.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::run::{Job, PrintError};
use super::select::{Pile, children_of};
use super::{Batch, Child, Cover, School, Secret, Sheet, Without, address_block};
use crate::audit::{Kind, Trail};
use crate::config::{Config, Layout, Mode};
use crate::credentials::{EnvelopeError, PrintKey, SealedEnvelope};
use crate::naming::Login;
use crate::roster::{JoinKey, Person, PersonId, Roster};
use crate::store::Store;

/// Why somebody of a pile gets no sheet: the word for machines, which the command line puts into French.
pub(super) const NO_ENVELOPE: &str = "no_envelope";

/// The same on the cover.
const NO_ENVELOPE_FRENCH: &str = "sans identifiant imprimable (déjà activé, compte repris, ou enveloppe périmée)";

/// Sealed for another school, or for the project alone, and the key at hand is one school's.
pub(super) const OTHER_SCHOOL: &str = "other_school";

/// Sealed before this school had the key at hand: to be sealed anew.
pub(super) const SEALED_BEFORE: &str = "sealed_before";

/// The same in words, for the cover.
fn in_french(why: &str) -> &'static str {
    match why {
        OTHER_SCHOOL => "enveloppe d'une autre école, que cette clé n'ouvre pas",
        SEALED_BEFORE => "enveloppe scellée avant que l'établissement ait sa clé (credentials reseal)",
        _ => NO_ENVELOPE_FRENCH,
    }
}

/// How many of those without a sheet are named on the cover.
const NAMED: usize = 60;

/// What the store gives for a pile.
pub(super) struct Material {
    envelopes: HashMap<JoinKey, SealedEnvelope>,
    /// For sheets without a secret, which say the login all the same.
    logins: HashMap<JoinKey, Login>,
}

/// A pile laid out: the sheets, whose each is, and who gets none, by reason.
#[derive(Default)]
pub(super) struct Laid {
    pub sheets: Vec<Sheet>,
    pub keys: Vec<JoinKey>,
    pub without: BTreeMap<&'static str, Vec<PersonId>>,
}

pub(super) struct PileRun<'a> {
    pub roster: &'a Roster,
    pub config: &'a Config,
    pub job: &'a Job<'a>,
    pub batch: &'a str,
}

impl PileRun<'_> {
    pub async fn material(&self, store: &Store, pile: &Pile) -> Result<Material, PrintError> {
        let keys: Vec<JoinKey> =
            pile.persons.iter().filter_map(|id| self.roster.person(*id)).map(|p| p.key.clone()).collect();
        let (mut envelopes, mut logins) = (Vec::new(), HashMap::new());
        let issues = self.config.credentials.of(pile.profile).mode.issues();
        if issues {
            envelopes = store.live_envelopes(&keys).await?;
        }
        if !issues || self.layout(pile) == Layout::List {
            logins = store.logins(&keys).await?;
        }
        Ok(Material { envelopes: envelopes.into_iter().map(|e| (e.holder.clone(), e)).collect(), logins })
    }

    fn layout(&self, pile: &Pile) -> Layout {
        self.job.layout.unwrap_or_else(|| self.config.letters.layout(pile.profile))
    }

    /// Opens and lays out the data of a pile. A list opens nothing.
    pub fn sheets(&self, pile: &Pile, material: &Material, trail: &Trail) -> Result<Laid, PrintError> {
        let mode = self.config.credentials.of(pile.profile).mode;
        let is_list = self.layout(pile) == Layout::List;
        let mut laid = Laid::default();
        for &id in &pile.persons {
            let Some(person) = self.roster.person(id) else { continue };
            let sheet = match (mode.issues(), material.envelopes.get(&person.key)) {
                _ if is_list => self.line(pile, id, person, material),
                (true, Some(envelope)) => match self.opened(pile, id, person, envelope, trail) {
                    Err(PrintError::Envelope { source: EnvelopeError::WrongKey, .. }) if self.has_part() => {
                        laid.without.entry(self.not_for(pile)).or_default().push(id);
                        None
                    }
                    opened => Some(opened?),
                },
                (true, None) => {
                    laid.without.entry(NO_ENVELOPE).or_default().push(id);
                    None
                }
                (false, _) => material.logins.get(&person.key).map(|login| {
                    let serial = Uuid::now_v7().to_string();
                    self.sheet(pile, id, person, (serial, login.as_str().to_owned(), None))
                }),
            };
            if let Some(sheet) = sheet {
                laid.sheets.push(sheet);
                laid.keys.push(person.key.clone());
            }
        }
        Ok(laid)
    }

    /// Whether every key at hand is one of a school: what such a key does not open is no error.
    fn has_part(&self) -> bool {
        let is_part = |key: &PrintKey| self.config.letters.is_of_a_school(&key.recipient().to_string());
        self.job.keys.iter().all(is_part)
    }

    /// Why a school's key does not open an envelope of this pile.
    fn not_for(&self, pile: &Pile) -> &'static str {
        let uai = self.roster.structure(pile.school).map(|school| school.uai.as_str()).unwrap_or_default();
        let own = self.config.letters.school(uai);
        let opens = |key: &PrintKey| own.is_some_and(|own| own.recipients.contains(&key.recipient().to_string()));
        if self.job.keys.iter().any(opens) { SEALED_BEFORE } else { OTHER_SCHOOL }
    }

    fn opened(
        &self,
        pile: &Pile,
        id: PersonId,
        person: &Person,
        envelope: &SealedEnvelope,
        trail: &Trail,
    ) -> Result<Sheet, PrintError> {
        let content = envelope
            .open(self.job.keys)
            .map_err(|source| PrintError::Envelope { person: person.key.clone(), source })?;
        let serial = content.label.serial.to_string();
        let said = serde_json::json!({ "serial": serial, "batch": self.batch });
        trail.record(Kind::EnvelopeOpened, Some(&person.key), said)?;
        let secret = Secret::new(content.secret.expose().to_owned());
        Ok(self.sheet(pile, id, person, (serial, content.label.login.as_str().to_owned(), Some(secret))))
    }

    /// One line of a list: the end of the sheet's number, or that there is none.
    fn line(&self, pile: &Pile, id: PersonId, person: &Person, material: &Material) -> Option<Sheet> {
        let login = material.logins.get(&person.key)?.as_str().to_owned();
        let serial = material.envelopes.get(&person.key).map(|envelope| envelope.label.serial.to_string());
        let note = match &serial {
            Some(serial) => serial.chars().skip(serial.chars().count().saturating_sub(8)).collect(),
            None if self.config.credentials.of(pile.profile).mode.issues() => "sans fiche".to_owned(),
            None => "compte existant".to_owned(),
        };
        let serial = serial.unwrap_or_else(|| person.key.as_str().to_owned());
        Some(Sheet { note: Some(note), ..self.sheet(pile, id, person, (serial, login, None)) })
    }

    fn sheet(
        &self,
        pile: &Pile,
        id: PersonId,
        person: &Person,
        (serial, login, secret): (String, String, Option<Secret>),
    ) -> Sheet {
        let mode = self.config.credentials.of(pile.profile).mode;
        let children = children_of(self.roster, id)
            .into_iter()
            .filter(|(_, school, _)| *school == pile.school)
            .map(|(child, _, class)| Child { name: child.name.display(), class: class.map(Into::into) })
            .collect();
        let name = person.name.display();
        let addressed = person.civility.map_or_else(|| name.clone(), |c| format!("{} {name}", c.as_str()));
        Sheet {
            serial,
            profile: person.profile,
            civility: person.civility,
            address: person.contact.address.as_ref().map(|a| address_block(&addressed, a)).unwrap_or_default(),
            name,
            login,
            // Whoever holds the sheet need not know who checks what is on it.
            mode: if mode.issues() { Mode::Bind } else { mode },
            secret,
            class: pile.class.clone().map(Into::into),
            children,
            note: None,
        }
    }

    pub fn batch(
        &self,
        pile: &Pile,
        sheets: Vec<Sheet>,
        without: &BTreeMap<&'static str, Vec<PersonId>>,
    ) -> Option<Batch> {
        let structure = self.roster.structure(pile.school)?;
        let letters = &self.config.letters;
        let town = [structure.postal_code.as_deref(), structure.town.as_deref()];
        let town: Vec<&str> = town.into_iter().flatten().collect();
        let lines = [
            structure.street.clone().map(String::from),
            Some(town.join(" ")),
            structure.phone.clone().map(String::from),
        ]
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect();
        let layout = self.layout(pile);
        Some(Batch {
            id: self.batch.to_owned(),
            date: self.job.today,
            ent_name: letters.ent_name.clone().unwrap_or_else(|| "ENT".to_owned()),
            login_url: letters.login_url.clone(),
            help: letters.help.clone(),
            federated_text: letters.federated_text.clone(),
            school: School {
                name: structure.name.clone(),
                uai: structure.uai.as_str().to_owned(),
                lines,
                town: structure.town.clone().map(Into::into),
            },
            profile: pile.profile,
            class: pile.class.clone().map(Into::into),
            layout,
            cover: (self.job.cover && layout != Layout::List).then(|| Cover {
                title: Batch::title(pile.profile).to_owned(),
                sheets: sheets.len(),
                without: without.iter().map(|(why, people)| self.without(why, people)).collect(),
            }),
            sheets,
        })
    }

    fn without(&self, why: &str, people: &[PersonId]) -> Without {
        let names = people.iter().take(NAMED).filter_map(|id| self.roster.person(*id)).map(|p| p.name.display());
        Without { count: people.len(), why: in_french(why).to_owned(), names: names.collect() }
    }
}
