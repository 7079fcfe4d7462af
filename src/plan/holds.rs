//! What is kept back, and why, in words that a school understands.

use std::collections::{BTreeMap, HashMap};

use crate::feed::Origin;
use crate::feed::values::Uai;
use crate::roster::{JoinKey, Profile};

use super::limits::Breach;
use super::year::{Continuity, Premature};
use super::{Change, Hold, HoldReason, Subject};

/// The holds of one plan.
#[derive(Debug, Default)]
pub struct Holds {
    by_id: BTreeMap<String, Hold>,
    /// Schools held, and by which hold.
    schools: HashMap<Uai, String>,
    /// The hold on everything, if there is one.
    everything: Option<String>,
}

impl Holds {
    /// The whole plan waits: the directory holds people whom nobody vouched for.
    pub fn unknown_population(&mut self, count: u64, sample: &[String]) {
        let id = "unknown-population".to_owned();
        let sample = sample.join(", ");
        let message = format!(
            "population inconnue : {count} entrée(s) de la branche des personnes ne viennent ni du registre ni des exports \
             ({sample}…) ; rien n'est écrit. Vérifiez que l'annuaire et la branche sont les bons, puis relancez avec \
             --accept-foreign : ces entrées resteront telles quelles."
        );
        self.everything = Some(id.clone());
        self.insert(id, HoldReason::UnknownPopulation, None, None, None, message);
    }

    /// A school whose departures or creations go beyond the limits.
    pub fn breach(&mut self, breach: &Breach, school_name: &str) {
        let Some(uai) = Uai::parse(&breach.school) else { return };
        let who = plural(breach.profile);
        let (verb, count) = match breach.reason {
            HoldReason::CreateLimit => ("seraient créés", breach.tally.creations),
            _ => ("disparaîtraient", breach.tally.departures),
        };
        let message = format!(
            "{school_name} ({uai}) : {count} {who} sur {} {verb} ({:.0} %, limite {:.0} %). L'établissement est retenu ; \
             vérifiez l'export avec lui. Si c'est voulu, relevez la limite ([limits]) le temps d'une exécution.",
            breach.tally.accounts, breach.percent, breach.limit
        );
        let id = format!("{}:{uai}:{}", reason_id(breach.reason), breach.profile);
        self.schools.entry(uai.clone()).or_insert_with(|| id.clone());
        self.insert(id, breach.reason, Some(uai), None, None, message);
    }

    /// A school that has accounts or is configured, and is not in the delivery any more.
    pub fn school_missing(&mut self, uai: &Uai, accounts: u64) {
        let id = format!("school-missing:{uai}");
        let message = format!(
            "{uai} : l'établissement n'est plus dans la livraison ; ses {accounts} comptes restent tels quels. Un \
             établissement fermé se retire de la configuration."
        );
        self.schools.entry(uai.clone()).or_insert_with(|| id.clone());
        self.insert(id, HoldReason::SchoolMissing, Some(uai.clone()), None, None, message);
    }

    /// A school that seems to have gone over to its next year too early.
    pub fn premature(&mut self, uai: &Uai, name: &str, what: Premature, continuity: Continuity) {
        let id = format!("premature-switch:{uai}");
        let said = match what {
            Premature::WithoutClass => {
                format!("{} élèves sur {} n'ont plus de division", continuity.unclassed, continuity.classed)
            }
            Premature::Renamed => format!(
                "{} élèves sur {} changent de division d'un coup, sans changer de niveau",
                continuity.renamed, continuity.classed
            ),
            Premature::WentUp => format!(
                "{} élèves sur {} changent de niveau hors de la période de bascule",
                continuity.changed_level, continuity.stayed
            ),
        };
        let message = format!(
            "{name} ({uai}) : {said}. L'année suivante a sans doute été préparée trop tôt dans SIECLE ; l'établissement \
             reste tel quel jusqu'à ce que l'export soit remis en ordre ou que la bascule soit ouverte (year.closes)."
        );
        self.schools.entry(uai.clone()).or_insert_with(|| id.clone());
        self.insert(id, HoldReason::PrematureSwitch, Some(uai.clone()), None, None, message);
    }

    /// One person's record that cannot be carried out.
    pub fn person(
        &mut self,
        reason: HoldReason,
        key: &JoinKey,
        origin: &Origin,
        school: Option<&Uai>,
        message: String,
    ) {
        let id = format!("{}:{key}", reason_id(reason));
        self.insert(id, reason, school.cloned(), Some(key.clone()), Some(origin.clone()), message);
    }

    /// The change of a structure or group that the server would refuse. Gives the hold.
    pub fn refused(&mut self, change: &Change, message: String) -> String {
        let key = change.subject.join_key.as_ref();
        let id = match key {
            Some(key) => format!("{}:{key}", reason_id(HoldReason::Schema)),
            None => format!("{}:{}", reason_id(HoldReason::Schema), change.dn.normalised()),
        };
        let school = change.subject.schools.first().cloned();
        self.insert(id.clone(), HoldReason::Schema, school, key.cloned(), change.origin.clone(), message);
        id
    }

    fn insert(
        &mut self,
        id: String,
        reason: HoldReason,
        school: Option<Uai>,
        join_key: Option<JoinKey>,
        origin: Option<Origin>,
        message: String,
    ) {
        let hold = Hold { id: id.clone(), reason, school, join_key, origin, message, changes: 0, new: false };
        self.by_id.entry(id).or_insert(hold);
    }

    /// The hold that keeps back a change about this subject. Any held school of a person is enough: what is doubtful
    /// there must not be half written.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> Option<&str> {
        if let Some(id) = &self.everything {
            return Some(id);
        }
        if let Some(id) = subject.schools.iter().find_map(|s| self.schools.get(s)) {
            return Some(id);
        }
        let key = subject.join_key.as_ref()?;
        PERSONAL.iter().find_map(|reason| {
            let id = format!("{}:{key}", reason_id(*reason));
            self.by_id.get(&id).map(|hold| hold.id.as_str())
        })
    }

    /// The hold on one of these schools (UAI).
    #[must_use]
    pub fn of_schools(&self, schools: &[compact_str::CompactString]) -> Option<&str> {
        schools.iter().filter_map(|s| Uai::parse(s)).find_map(|s| self.schools.get(&s).map(String::as_str))
    }

    #[must_use]
    pub fn holds_school(&self, uai: &Uai) -> bool {
        self.everything.is_some() || self.schools.contains_key(uai)
    }

    pub fn count(&mut self, id: &str) {
        if let Some(hold) = self.by_id.get_mut(id) {
            hold.changes += 1;
        }
    }

    pub fn mark_new(&mut self, id: &str) {
        if let Some(hold) = self.by_id.get_mut(id) {
            hold.new = true;
        }
    }

    pub fn ids(&self) -> Vec<&str> {
        self.by_id.keys().map(String::as_str).collect()
    }

    /// In the order in which they should be read: everything, schools, persons.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Hold> {
        let mut holds: Vec<Hold> = self.by_id.into_values().collect();
        holds.sort_by(|a, b| {
            (a.join_key.is_some(), a.school.is_some(), &a.id).cmp(&(b.join_key.is_some(), b.school.is_some(), &b.id))
        });
        holds
    }
}

/// Reasons that concern one person.
const PERSONAL: [HoldReason; 4] =
    [HoldReason::NoClass, HoldReason::MissingMandatory, HoldReason::Ambiguous, HoldReason::Schema];

const fn reason_id(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::SuspendLimit => "suspend-limit",
        HoldReason::CreateLimit => "create-limit",
        HoldReason::PurgeLimit => "purge-limit",
        HoldReason::PrematureSwitch => "premature-switch",
        HoldReason::NoClass => "no-class",
        HoldReason::UnknownPopulation => "unknown-population",
        HoldReason::SchoolMissing => "school-missing",
        HoldReason::Moved => "moved",
        HoldReason::MissingMandatory => "missing-mandatory",
        HoldReason::Ambiguous => "ambiguous",
        HoldReason::Schema => "schema",
    }
}

const fn plural(profile: Profile) -> &'static str {
    match profile {
        Profile::Pupil => "élèves",
        Profile::Relative => "responsables",
        Profile::Teacher => "enseignants",
        Profile::Staff => "personnels",
    }
}
