//! One pile on its way to paper: what the store has of its people, opened where there is a secret, laid out as data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use compact_str::CompactString;
use uuid::Uuid;

use super::eligible::{Facts, Reason, Verdict};
use super::inquiry::{Judged, Population};
use super::logo::Logo;
use super::run::{Elsewhere, Job, PrintError, layout};
use super::select::{Pile, PileOf};
use super::texts::{Languages, Spoken};
use super::{Batch, Child, Cover, School, Secret, Sheet, Without, address_block};
use crate::audit::{Kind, Trail};
use crate::config::{Config, Layout, Mode};
use crate::credentials::{Addressees, EnvelopeError, PrintKey, SealedEnvelope};
use crate::naming::Login;
use crate::roster::{JoinKey, Person, PersonId, children_of};
use crate::store::Store;

/// How many of those without a sheet are named on the cover.
const NAMED: usize = 60;

/// What the store gives for a pile.
pub(super) struct Material {
    judged: Judged,
    envelopes: HashMap<JoinKey, SealedEnvelope>,
    /// For sheets without a secret, which say the login all the same.
    logins: HashMap<JoinKey, Login>,
}

/// A pile laid out: the sheets, whose each is, who gets none, by reason, and who has one from another school.
#[derive(Default)]
pub(super) struct Laid {
    pub sheets: Vec<Sheet>,
    pub keys: Vec<JoinKey>,
    pub without: BTreeMap<Reason, Vec<PersonId>>,
    pub elsewhere: Vec<Elsewhere>,
}

impl Material {
    pub fn envelope(&self, person: &JoinKey) -> Option<&SealedEnvelope> {
        self.envelopes.get(person)
    }
}

pub(super) struct PileRun<'a> {
    pub population: &'a Population<'a>,
    pub config: &'a Config,
    pub languages: &'a Languages,
    pub spoken: &'a Spoken<'a>,
    pub logo: Option<&'a Logo>,
    pub job: &'a Job<'a>,
    pub batch: &'a str,
}

impl PileRun<'_> {
    pub async fn material(&self, store: &Store, pile: &Pile) -> Result<Material, PrintError> {
        let judged = self.population.judge(pile).await?;
        let is_list = self.layout(pile) == Layout::List;
        let keys = |wanted: &dyn Fn(Verdict) -> bool| -> Vec<JoinKey> {
            let people = pile.people.iter().zip(&judged.verdicts).filter(|(_, verdict)| wanted(**verdict));
            people.filter_map(|((id, _), _)| self.population.roster.person(*id)).map(|p| p.key.clone()).collect()
        };
        let envelopes = store.live_envelopes(&keys(&|verdict| is_list || verdict == Verdict::Secret)).await?;
        let logins = store.logins(&keys(&|verdict| is_list || verdict != Verdict::Secret)).await?;
        let envelopes = envelopes.into_iter().map(|e| (e.holder.clone(), e)).collect();
        Ok(Material { judged, envelopes, logins })
    }

    pub fn layout(&self, pile: &Pile) -> Layout {
        layout(self.job, &self.config.letters, pile)
    }

    /// Opens and lays out the data of a pile. A list opens nothing.
    pub fn sheets(&self, pile: &Pile, material: &Material, trail: &Trail) -> Result<Laid, PrintError> {
        let uai = self.uai(pile);
        self.lay(pile, material, |one, envelope| {
            if !self.may_open(&one.person.key, &material.judged.facts) {
                return Ok(Err(Reason::OtherSchool));
            }
            match self.opened(one, envelope, trail) {
                Err(PrintError::Envelope { source: EnvelopeError::WrongKey, .. }) if self.has_part() => {
                    Ok(Err(self.not_for(uai)))
                }
                opened => opened.map(Ok),
            }
        })
    }

    /// Lays out the data of a pile for whoever opens its envelopes elsewhere: no password is in it. Whose envelope is not
    /// sealed for the keys of today gets no sheet.
    pub fn sealed(&self, pile: &Pile, material: &Material) -> Result<Laid, PrintError> {
        let mut addressees = Addressees::new(&self.config.letters);
        let uai = self.uai(pile);
        self.lay(pile, material, |one, envelope| {
            let schools = material.judged.facts.accounts.get(&one.person.key).map(|account| &account.schools);
            let schools = || schools.into_iter().flatten().map(CompactString::as_str);
            let right = addressees.of(schools()).ok();
            // Whoever comes to this school by a plan that was not carried out yet is sealed for the former one.
            if right.is_none() || !schools().any(|school| school == uai) || envelope.sealed_for != right {
                return Ok(Err(Reason::SealedBefore));
            }
            let label = &envelope.label;
            let sheet = self.sheet(one, (label.serial.to_string(), label.login.as_str().to_owned(), None));
            Ok(Ok(Sheet { expires: self.config.credentials.expires(label.issued), ..sheet }))
        })
    }

    fn uai(&self, pile: &Pile) -> &str {
        self.population.roster.structure(pile.school).map_or("", |structure| structure.uai.as_str())
    }

    /// Lays out a pile; `give` makes the sheet of an envelope, or says why there is none.
    fn lay(
        &self,
        pile: &Pile,
        material: &Material,
        mut give: impl FnMut(&One<'_>, &SealedEnvelope) -> Result<Result<Sheet, Reason>, PrintError>,
    ) -> Result<Laid, PrintError> {
        let is_list = self.layout(pile) == Layout::List;
        let uai = self.uai(pile);
        let mut laid = Laid::default();
        for ((id, class), verdict) in pile.people.iter().zip(&material.judged.verdicts) {
            let Some(person) = self.population.roster.person(*id) else { continue };
            let one = One { pile, id: *id, person, class: class.as_deref() };
            let login = || material.logins.get(&person.key);
            let sheet = match (*verdict, material.envelopes.get(&person.key)) {
                (verdict, envelope) if is_list => self.line(&one, verdict, login(), envelope),
                (Verdict::Secret, Some(envelope)) => match give(&one, envelope)? {
                    Ok(sheet) => Some(sheet),
                    Err(reason) => {
                        laid.without.entry(reason).or_default().push(*id);
                        None
                    }
                },
                // Withdrawn since the verdict, by a run beside this one.
                (Verdict::Secret, None) => {
                    laid.without.entry(Reason::NoEnvelope).or_default().push(*id);
                    None
                }
                (Verdict::None(reason), _) => {
                    laid.without.entry(reason).or_default().push(*id);
                    None
                }
                (Verdict::Federated | Verdict::Reminder, _) => login().map(|login| {
                    let serial = Uuid::now_v7().to_string();
                    let sheet = self.sheet(&one, (serial, login.as_str().to_owned(), None));
                    Sheet { reminder: *verdict == Verdict::Reminder, ..sheet }
                }),
            };
            let Some(sheet) = sheet else { continue };
            if let Some(there) = material.judged.facts.elsewhere(&person.key, uai).filter(|_| !is_list) {
                laid.elsewhere.push(Elsewhere {
                    name: person.name.listed(),
                    join_key: person.key.clone(),
                    school: there.school.clone(),
                    at: there.at,
                });
            }
            laid.sheets.push(sheet);
            laid.keys.push(person.key.clone());
        }
        Ok(laid)
    }

    /// Everybody who gets a sheet, as it would be but for login and password: opens nothing.
    pub fn addressees(&self, pile: &Pile, material: &Material) -> Vec<(PersonId, Sheet)> {
        let people = pile.people.iter().zip(&material.judged.verdicts);
        people
            .filter(|(_, verdict)| !matches!(verdict, Verdict::None(_)))
            .filter_map(|((id, class), _)| {
                let person = self.population.roster.person(*id)?;
                let one = One { pile, id: *id, person, class: class.as_deref() };
                Some((*id, self.sheet(&one, (String::new(), String::new(), None))))
            })
            .collect()
    }

    /// Whether every key at hand is one of a school: what such a key does not open is no error.
    fn has_part(&self) -> bool {
        let is_part = |key: &PrintKey| self.config.letters.is_of_a_school(&key.recipient().to_string());
        self.job.keys.iter().all(is_part)
    }

    /// Whether the keys at hand are still for somebody: a school's key opens what was sealed for it, also after its owner has
    /// left the school and until his envelope is sealed anew.
    fn may_open(&self, person: &JoinKey, facts: &Facts) -> bool {
        let Some(account) = facts.accounts.get(person) else { return true };
        let named = self.config.letters.recipients_of(account.schools.iter().map(CompactString::as_str));
        !self.has_part() || self.job.keys.iter().any(|key| named.contains(&key.recipient().to_string()))
    }

    /// Why a school's key does not open an envelope of a pile of the school `uai`.
    fn not_for(&self, uai: &str) -> Reason {
        let own = self.config.letters.school(uai);
        let opens = |key: &PrintKey| own.is_some_and(|own| own.recipients.contains(&key.recipient().to_string()));
        if self.job.keys.iter().any(opens) { Reason::SealedBefore } else { Reason::OtherSchool }
    }

    fn opened(&self, one: &One<'_>, envelope: &SealedEnvelope, trail: &Trail) -> Result<Sheet, PrintError> {
        let key = &one.person.key;
        let content =
            envelope.open(self.job.keys).map_err(|source| PrintError::Envelope { person: key.clone(), source })?;
        let serial = content.label.serial.to_string();
        let said = serde_json::json!({ "serial": serial, "batch": self.batch });
        trail.record(Kind::EnvelopeOpened, Some(key), said)?;
        let secret = Secret::new(content.secret.expose().to_owned());
        let sheet = self.sheet(one, (serial, content.label.login.as_str().to_owned(), Some(secret)));
        Ok(Sheet { expires: self.config.credentials.expires(content.label.issued), ..sheet })
    }

    /// One line of a list: the end of the sheet's number, or why there is none. Who has no account that can be used has
    /// nothing to sign for.
    fn line(
        &self,
        one: &One<'_>,
        verdict: Verdict,
        login: Option<&Login>,
        envelope: Option<&SealedEnvelope>,
    ) -> Option<Sheet> {
        let serial = envelope.map(|envelope| envelope.label.serial.to_string());
        let note = match (verdict, &serial) {
            (Verdict::None(reason), _) if !reason.has_account() => return None,
            (Verdict::Secret, Some(serial)) => serial.chars().skip(serial.chars().count().saturating_sub(8)).collect(),
            (Verdict::Federated, _) => "compte existant".to_owned(),
            (Verdict::Reminder | Verdict::None(Reason::Activated), _) => "déjà activé".to_owned(),
            (Verdict::None(Reason::AlreadyPrinted), _) => return None,
            _ => "sans fiche".to_owned(),
        };
        let serial = serial.unwrap_or_else(|| one.person.key.as_str().to_owned());
        Some(Sheet { note: Some(note), ..self.sheet(one, (serial, login?.as_str().to_owned(), None)) })
    }

    fn sheet(&self, one: &One<'_>, (serial, login, secret): (String, String, Option<Secret>)) -> Sheet {
        let person = one.person;
        let mode = self.config.credentials.of(person.profile).mode;
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
            reminder: false,
            expires: None,
            language: self.spoken.of(one.id, &person.key).map(str::to_owned),
            class: one.class.map(str::to_owned),
            children: self.children(one),
            note: None,
        }
    }

    /// A relative's children in the school of the pile; those of other schools only within one controller, where that
    /// is configured. A child that is there is not named a second time.
    fn children(&self, one: &One<'_>) -> Vec<Child> {
        let roster = &self.population.roster;
        let all = children_of(roster, one.id);
        let here = |child: &Person| all.iter().any(|(c, school, _)| c.key == child.key && *school == one.pile.school);
        let uai = |school| roster.structure(school).map_or("", |structure| structure.uai.as_str());
        let shown = all.iter().filter_map(|(child, school, class)| {
            let school = if *school == one.pile.school {
                None
            } else if !here(child) && self.config.letters.shares(uai(one.pile.school), uai(*school)) {
                Some(roster.structure(*school)?.name.clone())
            } else {
                return None;
            };
            Some(Child { name: child.name.display(), school, class: class.clone().map(Into::into) })
        });
        let mut shown: Vec<Child> = shown.collect();
        shown.sort_by_key(|child| child.school.is_some());
        shown
    }

    pub fn batch(&self, pile: &Pile, sheets: Vec<Sheet>, without: &BTreeMap<Reason, Vec<PersonId>>) -> Option<Batch> {
        let structure = self.population.roster.structure(pile.school)?;
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
        let ent = letters.ent_name.clone().unwrap_or_else(|| "ENT".to_owned());
        let spoken: BTreeSet<&str> = sheets.iter().filter_map(|sheet| sheet.language.as_deref()).collect();
        let texts = |code| Some((str::to_owned(code), self.languages.texts(code)?.filled(&ent, &letters.login_url)));
        Some(Batch {
            id: self.batch.to_owned(),
            date: self.job.inquiry.today,
            languages: spoken.into_iter().filter_map(texts).collect(),
            colour: letters.colour.clone(),
            logo: self.logo.cloned(),
            ent_name: ent,
            login_url: letters.login_url.clone(),
            help: letters.help.clone(),
            federated_text: letters.federated_text.clone(),
            school: School {
                name: structure.name.clone(),
                uai: structure.uai.as_str().to_owned(),
                lines,
                town: structure.town.clone().map(Into::into),
            },
            profile: pile.of.profile(),
            part: match pile.of {
                PileOf::Households(part) => Some(part),
                PileOf::Class(..) | PileOf::School => None,
            },
            class: pile.of.class().cloned().map(Into::into),
            layout,
            duplex: letters.duplex && layout != Layout::List,
            cover: (self.job.cover && layout != Layout::List).then(|| Cover {
                title: match pile.of {
                    PileOf::School => "Identifiants de l’établissement",
                    PileOf::Class(..) | PileOf::Households(_) => Batch::title(pile.of.profile()),
                }
                .to_owned(),
                sheets: sheets.len(),
                without: without.iter().map(|(why, people)| self.without(*why, people)).collect(),
            }),
            sheets,
        })
    }

    fn without(&self, why: Reason, people: &[PersonId]) -> Without {
        let people_named = people.iter().take(NAMED).filter_map(|id| self.population.roster.person(*id));
        let names = people_named.map(|p| p.name.display()).collect();
        Without { count: people.len(), why: why.in_french().to_owned(), names }
    }
}

/// One person of a pile.
struct One<'a> {
    pile: &'a Pile,
    id: PersonId,
    person: &'a Person,
    /// In the school of the pile.
    class: Option<&'a str>,
}
