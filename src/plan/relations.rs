//! Adults in two roles: a parent who teaches has two records and two accounts, which stay two and say so of each other
//! (*rapprochement*). The judgement is in [`crate::identity`], the values are in
//! [`Relation`](crate::directory::dialect::Relation).
//!
//! Who may be whom is a case of its own kind, unless a proof that the configuration calls sufficient links them. What
//! was answered holds every night and can be answered otherwise: the link is then taken away. It stays while one of the
//! two is absent or suspended and goes when an account is purged. Of several accounts one is the principal one, and the
//! others are linked to it alone: there are no chains. Nothing is ever held for it, and no names or passwords change.

mod lay;
mod search;

use std::collections::{BTreeMap, HashMap};

use crate::audit::{Kind, Trail};
use crate::directory::dialect::{LinkedTo, Relation};
use crate::directory::{AttributeChange, Dn, Entry};
use crate::feed::{Code, Finding};
use crate::identity::Answer;
use crate::roster::{JoinKey, Roster};
use crate::store::{AccountRow, AnswerRow, RoleLinkRow};

use super::identity::Known;
use super::prepare::{Ground, PlanError};
use super::recognise::Recognised;
use lay::lay;
use search::Search;

/// What is known of roles before the roster is looked at.
#[derive(Debug, Default)]
pub(super) struct KnownRoles {
    /// By the two join keys in their order.
    answers: HashMap<(JoinKey, JoinKey), Answer>,
    written: Vec<RoleLinkRow>,
    /// In which terms the directory says it, when its server can.
    relation: Option<Relation>,
}

impl KnownRoles {
    pub async fn load(ground: &Ground<'_>) -> Result<Self, PlanError> {
        let relation = ground.dialect.relation();
        let can = match relation {
            Some(relation) => ground.directory.schema().await?.is_none_or(|schema| relation.is_known(&schema)),
            None => false,
        };
        Ok(Self {
            answers: ground.store.role_decisions().await?,
            written: ground.store.role_links().await?,
            relation: relation.filter(|_| can).cloned(),
        })
    }
}

/// What a plan writes on accounts that are linked.
#[derive(Debug, Default)]
pub(super) struct Relations {
    relation: Option<Relation>,
    /// By normalised DN.
    due: HashMap<String, LinkedTo>,
    ours: HashMap<String, LinkedTo>,
}

impl Relations {
    /// What is written on an entry beside what the feed owns.
    pub fn of(&self, entry: &Entry) -> Vec<AttributeChange> {
        let Some(relation) = &self.relation else { return Vec::new() };
        let dn = entry.dn.normalised();
        match (self.due.get(dn), self.ours.get(dn)) {
            (None, None) => Vec::new(),
            (due, ours) => {
                let nothing = LinkedTo::default();
                relation.differences(entry, due.unwrap_or(&nothing), ours.unwrap_or(&nothing))
            }
        }
    }

    /// In words, what [`Relations::of`] does: French, and without a name.
    pub fn note(&self, entry: &Dn, changes: &[AttributeChange]) -> Option<String> {
        let relation = self.relation.as_ref().filter(|_| !changes.is_empty())?;
        let adds = changes.iter().find(|change| !change.new.is_empty() && relation.is_link(&change.attribute));
        let elsewhere = self.due.get(entry.normalised()).is_some_and(|due| !due.is_empty());
        Some(match adds {
            Some(change) if change.attribute == relation.principal => {
                "rapproché de l'autre compte de cette personne, qui est le principal".to_owned()
            }
            Some(_) => "rapproché de l'autre compte de cette personne, secondaire".to_owned(),
            None if elsewhere => "un rapprochement de moins".to_owned(),
            None => "rapprochement retiré".to_owned(),
        })
    }

    /// Whether a principal account is told of a new link: before the secondary one, which points to it.
    pub fn is_of_principal(&self, changes: &[AttributeChange]) -> bool {
        let Some(relation) = &self.relation else { return false };
        changes.iter().any(|change| change.attribute == relation.secondary && !change.new.is_empty())
    }
}

/// Keeps what proofs said this night, on the trail as well.
pub(super) async fn keep_proved(ground: &Ground<'_>, proved: &[AnswerRow], trail: &Trail) -> Result<(), PlanError> {
    if proved.is_empty() {
        return Ok(());
    }
    ground.store.decide_roles(proved).await?;
    for answer in proved {
        let other = trail.pseudonym(&JoinKey::from_text(&answer.other));
        let said = serde_json::json!({ "answer": answer.answer, "proof": answer.why, "other_pseudonym": other });
        trail.record(Kind::CaseDecided, Some(&answer.join_key), said)?;
    }
    Ok(())
}

/// Finds the adults in two roles: links those who are told or proved to be one, asks about the others.
pub(super) fn relate(
    ground: &Ground<'_>,
    roster: &Roster,
    accounts: &HashMap<JoinKey, AccountRow>,
    known: &Known,
    recognised: &mut Recognised,
) {
    let roles = &known.roles;
    let search = Search { ground, roster, accounts, answers: present_answers(roster, roles) };
    let Some(relation) = &roles.relation else {
        let same = search.answers.values().filter(|answer| **answer == Answer::Same).count();
        recognised.findings.extend((same > 0).then(|| unwritten(same)));
        return;
    };
    let (edges, proved) = search.edges(&mut recognised.roles);
    recognised.proved_roles = proved;
    let due = lay(
        &edges,
        accounts,
        |key, profile| search.order(key, profile),
        |a, b| search.told(a, b) == Some(Answer::Different),
    );
    let mut relations = Relations { relation: Some(relation.clone()), due, ours: HashMap::new() };
    for row in &roles.written {
        let Ok(target) = Dn::parse(&row.target) else { continue };
        let ours = relations.ours.entry(row.holder.clone()).or_default();
        if row.principal { ours.principal = Some(target) } else { ours.secondaries.push(target) }
    }
    recognised.relations = relations;
}

/// Answers under the keys that the roster has now; of two that contradict each other since, that two people are two.
fn present_answers(roster: &Roster, roles: &KnownRoles) -> BTreeMap<(JoinKey, JoinKey), Answer> {
    let mut answers = BTreeMap::new();
    for ((a, b), answer) in &roles.answers {
        let (a, b) = (roster.aliases.present(a.clone()), roster.aliases.present(b.clone()));
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        let slot = answers.entry((a, b)).or_insert(*answer);
        if *answer == Answer::Different {
            *slot = Answer::Different;
        }
    }
    answers.retain(|(a, b), _| a != b);
    answers
}

fn unwritten(count: usize) -> Finding {
    let message = format!(
        "{} : le dialecte n'a pas de section [relation], ou le serveur n'en connaît pas la classe ; rien n'est écrit",
        crate::wording::count(count as u64, "rapprochement décidé", "rapprochements décidés")
    );
    let mut finding = Finding::new(Code::RelationUnknown, message);
    finding.count = u32::try_from(count).unwrap_or(u32::MAX);
    finding
}
