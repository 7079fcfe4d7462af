//! What is kept back, and why, in words that a school understands.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use compact_str::CompactString;

use crate::config::Axis;
use crate::feed::Origin;
use crate::feed::values::Uai;
use crate::roster::JoinKey;

use super::limits::Breach;
use super::year::{Continuity, Premature};
use super::{Change, Hold, HoldReason, Subject};

/// The id of a hold, shared by what it keeps back.
pub type HoldId = Arc<str>;

fn premature_id(uai: &Uai) -> String {
    format!("{}:{uai}", id_of(HoldReason::PrematureSwitch))
}

/// The holds of one plan.
#[derive(Debug, Default)]
pub struct Holds {
    by_id: BTreeMap<HoldId, Hold>,
    /// Schools held, and by which holds.
    schools: HashMap<Uai, Vec<HoldId>>,
    /// Holds on all that is done of one kind.
    axes: BTreeMap<Axis, HoldId>,
    /// Holds on everything.
    everything: Vec<HoldId>,
}

impl Holds {
    /// The whole plan waits: the directory holds people whom nobody vouched for.
    pub fn unknown_population(&mut self, count: u64, sample: &[String]) {
        let id: HoldId = "unknown-population".into();
        let sample = sample.join(", ");
        let message = format!(
            "population inconnue : {count} entrée(s) de la branche des personnes ne viennent ni du registre ni des exports \
             ({sample}…) ; rien n'est écrit. Vérifiez que l'annuaire et la branche sont les bons ; si c'est le cas, \
             « rentree holds release {id} --why … » : ces entrées resteront telles quelles."
        );
        self.everything.push(Arc::clone(&id));
        self.insert(id, HoldReason::UnknownPopulation, None, None, None, message);
    }

    /// A school that goes beyond a limit; all that is done of a kind, when the whole plan does.
    pub fn breach(&mut self, breach: &Breach, school_name: &str) {
        let id: HoldId = breach.id().into();
        let school = breach.school.as_deref().and_then(Uai::parse);
        // All its classes have gone because of what it is held for already: one reason, one decision.
        if matches!(breach.axis, Axis::Groups | Axis::Members)
            && school.as_ref().is_some_and(|uai| self.is_premature(uai))
        {
            return;
        }
        match (&school, &breach.school) {
            (Some(uai), _) => self.schools.entry(uai.clone()).or_default().push(Arc::clone(&id)),
            (None, Some(_)) => return,
            (None, None) => drop(self.axes.insert(breach.axis, Arc::clone(&id))),
        }
        let message = breach.message(school_name, &id);
        self.insert(id, breach.reason(), school, None, None, message);
    }

    /// A school that has accounts or is configured, and is not in the delivery any more.
    pub fn school_missing(&mut self, uai: &Uai, accounts: u64) {
        let id: HoldId = format!("school-missing:{uai}").into();
        let message = format!(
            "{uai} : l'établissement n'est plus dans la livraison ; ses {accounts} comptes restent tels quels. Un \
             établissement fermé se retire de la configuration."
        );
        self.schools.entry(uai.clone()).or_default().push(Arc::clone(&id));
        self.insert(id, HoldReason::SchoolMissing, Some(uai.clone()), None, None, message);
    }

    fn is_premature(&self, uai: &Uai) -> bool {
        self.by_id.contains_key(premature_id(uai).as_str())
    }

    /// A school that seems to have gone over to its next year too early.
    pub fn premature(&mut self, uai: &Uai, name: &str, what: Premature, continuity: Continuity) {
        let id: HoldId = premature_id(uai).into();
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
             reste tel quel jusqu'à ce que l'export soit remis en ordre ou que la bascule soit ouverte (year.closes). \
             « rentree holds show {id} » montre les changements ; release les laisse se faire, discard les écarte."
        );
        self.schools.entry(uai.clone()).or_default().push(Arc::clone(&id));
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
        let id = format!("{}:{key}", id_of(reason)).into();
        self.insert(id, reason, school.cloned(), Some(key.clone()), Some(origin.clone()), message);
    }

    /// The change of a structure or group that the server would refuse. Gives the hold.
    pub fn refused(&mut self, change: &Change, message: String) -> HoldId {
        let key = change.subject.join_key.as_ref();
        let id: HoldId = match key {
            Some(key) => format!("{}:{key}", id_of(HoldReason::Schema)).into(),
            None => format!("{}:{}", id_of(HoldReason::Schema), change.dn.normalised()).into(),
        };
        let school = change.subject.schools.first().cloned();
        self.insert(Arc::clone(&id), HoldReason::Schema, school, key.cloned(), change.origin.clone(), message);
        id
    }

    fn insert(
        &mut self,
        id: HoldId,
        reason: HoldReason,
        school: Option<Uai>,
        join_key: Option<JoinKey>,
        origin: Option<Origin>,
        message: String,
    ) {
        let hold = Hold {
            id: id.to_string(),
            reason,
            school,
            join_key,
            origin,
            message,
            remark: None,
            changes: 0,
            new: false,
            discarded: None,
        };
        self.by_id.entry(id).or_insert(hold);
    }

    /// Every hold that keeps back a change of this kind about this subject, those of everything first. Any held school
    /// of a person is enough, one that he belonged to `before` too: what is doubtful there must not be half written.
    #[must_use]
    pub fn of(&self, subject: &Subject, axis: Option<Axis>, before: &[CompactString]) -> Vec<HoldId> {
        let mut all = self.everything.clone();
        if self.by_id.is_empty() {
            return all;
        }
        let before: Vec<Uai> = before.iter().filter_map(|school| Uai::parse(school)).collect();
        all.extend(subject.schools.iter().chain(&before).filter_map(|s| self.schools.get(s)).flatten().cloned());
        all.extend(axis.and_then(|axis| self.axes.get(&axis)).cloned());
        if let Some(key) = &subject.join_key {
            for reason in PERSONAL {
                let id = format!("{}:{key}", id_of(reason));
                all.extend(self.by_id.get_key_value(id.as_str()).map(|(id, _)| Arc::clone(id)));
            }
        }
        let mut once: Vec<HoldId> = Vec::with_capacity(all.len());
        for id in all {
            if !once.contains(&id) {
                once.push(id);
            }
        }
        once
    }

    /// The hold on one axis of the whole plan.
    #[must_use]
    pub fn of_axis(&self, axis: Axis) -> Option<&HoldId> {
        self.axes.get(&axis)
    }

    /// What keeps a change back still, of what kept it back before some were released.
    pub fn still(&self, mut ids: Vec<HoldId>) -> Vec<HoldId> {
        ids.retain(|id| self.by_id.contains_key(id));
        ids
    }

    /// Whether all of these were set aside: nobody is asked about what they keep back.
    #[must_use]
    pub fn all_discarded(&self, ids: &[HoldId]) -> bool {
        ids.iter().all(|id| self.by_id.get(id).is_some_and(|hold| hold.discarded.is_some()))
    }

    #[must_use]
    pub fn holds_school(&self, uai: &Uai) -> bool {
        !self.everything.is_empty() || self.schools.contains_key(uai)
    }

    /// One change more is kept back by these.
    pub fn count(&mut self, ids: &[HoldId]) {
        for id in ids {
            if let Some(hold) = self.by_id.get_mut(id) {
                hold.changes += 1;
            }
        }
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Hold> {
        self.by_id.get_mut(id)
    }

    /// Lets go what the hold keeps back.
    pub fn release(&mut self, id: &str) -> Option<Hold> {
        let hold = self.by_id.remove(id)?;
        self.everything.retain(|held| &**held != id);
        self.axes.retain(|_, held| &**held != id);
        self.schools.retain(|_, held| {
            held.retain(|held| &**held != id);
            !held.is_empty()
        });
        Some(hold)
    }

    pub fn mark_new(&mut self, id: &str) {
        if let Some(hold) = self.by_id.get_mut(id).filter(|hold| hold.discarded.is_none()) {
            hold.new = true;
        }
    }

    pub fn ids(&self) -> Vec<&str> {
        self.by_id.keys().map(|id| &**id).collect()
    }

    pub fn new_ones(&self) -> u64 {
        self.by_id.values().filter(|hold| hold.new).count() as u64
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

/// How the ids of holds begin.
pub(super) const fn id_of(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::SuspendLimit => "suspend-limit",
        HoldReason::CreateLimit => "create-limit",
        HoldReason::UpdateLimit => "update-limit",
        HoldReason::PurgeLimit => "purge-limit",
        HoldReason::MembersLimit => "members-limit",
        HoldReason::GroupsLimit => "groups-limit",
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
