//! The one pass over a plan file that every rendering starts with.

use std::collections::BTreeMap;
use std::path::Path;

use compact_str::CompactString;

use super::adopted::Adopted;
use super::buckets::{Buckets, ORDER};
use super::drift::Drift;
use super::holds::HoldFolds;
use super::overview::Overview;
use super::redact::{redact_hold, redact_row};
use super::row::Row;
use super::shape::Shape;
use super::{Options, RenderError, words};
use crate::plan::file::Reader;
use crate::plan::review::digest;
use crate::plan::{Change, ChangeKind, Header, Line, Seal, Write};

/// Changes per kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts(BTreeMap<ChangeKind, u64>);

impl Counts {
    pub fn add(&mut self, kind: ChangeKind, n: u64) {
        *self.0.entry(kind).or_default() += n;
    }

    pub fn of(&self, kind: ChangeKind) -> u64 {
        self.0.get(&kind).copied().unwrap_or_default()
    }

    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }

    /// In the order in which they are shown, those that there are.
    pub fn shown(&self) -> impl Iterator<Item = (ChangeKind, u64)> {
        ORDER.into_iter().map(|kind| (kind, self.of(kind))).filter(|(_, n)| *n > 0)
    }
}

/// A school of the plan, to be shown.
#[derive(Debug)]
pub(super) struct School {
    /// Empty for what belongs to no school.
    pub uai: CompactString,
    pub name: String,
    pub held: bool,
    pub counts: Counts,
    /// Its changes by shape, those that were read before apart.
    pub overview: Overview,
    /// Its accounts that stay as they are, when the plan says so.
    pub unchanged: Option<u64>,
}

/// A plan read, checked and sorted.
#[derive(Debug)]
pub(super) struct Survey {
    pub header: Header,
    pub seal: Seal,
    pub holds: HoldFolds,
    /// What the filter lets through, in the order in which it is shown.
    pub schools: Vec<School>,
    pub buckets: Buckets,
    /// Of the whole plan, whatever the filter.
    pub counts: Counts,
    /// Credentials to issue.
    pub credentials: u64,
    pub adopted: Adopted,
    pub drift: Drift,
    /// Changes that the filter lets through.
    pub shown: u64,
    /// The changes are those that a hold keeps back, which is what was asked for.
    pub kept_back: bool,
    /// Those, by shape.
    pub overview: Overview,
}

impl Survey {
    pub fn read(path: &Path, options: &Options) -> Result<Self, RenderError> {
        Self::sort_into(Buckets::new(), path, options)
    }

    pub fn sort_into(mut buckets: Buckets, path: &Path, options: &Options) -> Result<Self, RenderError> {
        let mut reader = Reader::open(path)?;
        let mut holds = HoldFolds::new(options.full);
        let mut counts = Counts::default();
        let (mut credentials, mut adopted, mut drift, mut shown) = (0, Adopted::default(), Drift::default(), 0);
        let (mut overview, mut by_school) = (Overview::default(), BTreeMap::<CompactString, Overview>::new());
        for line in reader.by_ref() {
            match line? {
                Line::Header(_) | Line::Seal(_) => {}
                Line::Held { hold, also, change } => {
                    let asked = options.filter.hold.as_ref();
                    if asked.is_some_and(|id| hold == *id || also.contains(id)) {
                        counts.add(change.kind, 1);
                        if options.filter.accepts(&change.subject) {
                            let school = change.subject.schools.first();
                            let school = school.map(crate::feed::values::Uai::as_str).unwrap_or_default();
                            buckets.push(school, &Row::from(change.as_ref())).map_err(RenderError::Sort)?;
                            shown += 1;
                        }
                    }
                }
                // What goes on is not what is asked for.
                Line::Change(_) if options.filter.hold.is_some() => {}
                Line::Hold(mut hold) => {
                    if options.filter.accepts_hold(&hold) {
                        if options.redact {
                            redact_hold(&mut hold);
                        }
                        holds.push(hold);
                    }
                }
                Line::Change(change) => {
                    counts.add(change.kind, 1);
                    credentials += u64::from(matches!(change.write, Write::Add { credential: true, .. }));
                    adopted.take(&change);
                    drift.take(&change);
                    if options.filter.accepts(&change.subject) {
                        let school =
                            change.subject.schools.first().map(crate::feed::values::Uai::as_str).unwrap_or_default();
                        let (row, shape) = row(&change, options)?;
                        overview.take(school, &row, shape.clone());
                        by_school.entry(school.into()).or_default().take(school, &row, shape);
                        // What was read before is counted, and not shown again but on demand.
                        if options.full || !row.seen {
                            buckets.push(school, &row).map_err(RenderError::Sort)?;
                        }
                        shown += 1;
                    }
                }
            }
        }
        let (header, seal) = reader.finish()?;
        let schools = schools(&header, &holds, &buckets, by_school);
        let kept_back = options.filter.hold.is_some();
        Ok(Self {
            header,
            seal,
            holds,
            schools,
            buckets,
            counts,
            credentials,
            adopted,
            drift,
            shown,
            kept_back,
            overview,
        })
    }

    /// The name of a school, its UAI when the plan does not name it.
    pub fn school_name<'a>(&'a self, uai: &'a str) -> &'a str {
        self.header.schools.get(uai).map_or(uai, String::as_str)
    }

    /// `1 203 comptes à créer, 4 à mettre à jour, …`: what the plan does, in the words of its closing line.
    pub fn closing(&self) -> String {
        if self.kept_back {
            return format!("Retenu : {}.", words::count(self.counts.sum(), "changement", "changements"));
        }
        let of = |kind| self.counts.of(kind);
        let mut parts = Vec::new();
        let mut say = |n: u64, noun: &str, what: &str, plural: &str| {
            if n > 0 {
                let what = words::agree(n, what, plural);
                // The first one names what is counted, the others follow it.
                let noun = if parts.is_empty() { format!("{noun} ") } else { String::new() };
                parts.push(format!("{} {noun}{what}", words::number(n)));
            }
        };
        let accounts = |n| words::agree(n, "compte", "comptes");
        for (kind, what, plural) in [
            (ChangeKind::Create, "à créer", "à créer"),
            (ChangeKind::Update, "à mettre à jour", "à mettre à jour"),
            (ChangeKind::Move, "déplacé", "déplacés"),
            (ChangeKind::Restore, "rétabli", "rétablis"),
            (ChangeKind::Absent, "absent", "absents"),
            (ChangeKind::Suspend, "suspendu", "suspendus"),
            (ChangeKind::Purge, "à effacer", "à effacer"),
        ] {
            say(of(kind), accounts(of(kind)), what, plural);
        }
        let unchanged = self.header.totals.accounts.unchanged;
        say(unchanged, accounts(unchanged), "inchangé", "inchangés");
        let mut sentences = vec![if parts.is_empty() { "aucun compte".to_owned() } else { parts.join(", ") }];
        if self.counts.sum() == 0 {
            sentences.insert(0, "rien à changer".to_owned());
        }
        let sum = |kinds: &[ChangeKind]| kinds.iter().map(|k| of(*k)).sum::<u64>();
        if self.header.credentials.is_some() {
            // Nobody's account changes but for this.
            let renewed = [ChangeKind::Reissue, ChangeKind::Revoke].into_iter().filter(|kind| of(*kind) > 0);
            let parts: Vec<String> = renewed.map(|kind| words::kind(kind, of(kind))).collect();
            let what = if parts.is_empty() { "aucun mot de passe à changer".to_owned() } else { parts.join(", ") };
            return format!("Plan : {what}.");
        }
        if !self.header.structures.is_empty() {
            // The counts of a night say nothing here: the line of each structure does.
            return format!("Plan : {}.", words::count(self.counts.sum(), "écriture", "écritures"));
        }
        let groups = sum(&[ChangeKind::GroupCreate, ChangeKind::GroupUpdate, ChangeKind::GroupDelete]);
        if groups > 0 {
            let one = |kind, what: &str| (of(kind) > 0).then(|| format!("{} {what}", words::number(of(kind))));
            let each: Vec<String> = [
                one(ChangeKind::GroupCreate, "à créer"),
                one(ChangeKind::GroupUpdate, "à mettre à jour"),
                one(ChangeKind::GroupDelete, "à supprimer"),
            ]
            .into_iter()
            .flatten()
            .collect();
            sentences.push(format!("groupes : {}", each.join(", ")));
        }
        let structures = sum(&[ChangeKind::StructureCreate, ChangeKind::StructureUpdate]);
        if structures > 0 {
            sentences.push(words::count(structures, "structure à écrire", "structures à écrire"));
        }
        if self.credentials > 0 {
            sentences.push(words::count(self.credentials, "mot de passe à émettre", "mots de passe à émettre"));
        }
        sentences.extend(self.held());
        format!("Plan : {}.", sentences.join(" ; "))
    }

    fn held(&self) -> Option<String> {
        let mut held = Vec::new();
        if self.header.undoes.is_some() {
            let left: u64 = self.holds.iter().map(|fold| fold.changes).sum();
            if left > 0 {
                held.push(words::not_undone(left));
            }
        } else if self.holds.is_whole_plan() {
            held.push("plan entier retenu".to_owned());
        }
        if self.holds.schools() > 0 {
            held.push(words::count(self.holds.schools(), "établissement retenu", "établissements retenus"));
        }
        if self.holds.persons() > 0 {
            held.push(words::count(self.holds.persons(), "personne retenue", "personnes retenues"));
        }
        (!held.is_empty()).then(|| held.join(", "))
    }
}

/// A change as it is shown. Its shape is made from what it was before anything was taken out of it.
fn row(change: &Change, options: &Options) -> Result<(Row, Shape), RenderError> {
    let mut row = Row::from(change);
    let shape = Shape::of(&row);
    row.seen =
        !options.seen.is_empty() && options.seen.contains(&digest(change).map_err(|e| RenderError::Sort(e.into()))?);
    if options.redact {
        redact_row(&mut row, change);
    }
    Ok((row, shape))
}

/// Schools with something to show: held ones first, then those that lose accounts or people whom something unusual
/// happens to, then by name.
fn schools(
    header: &Header,
    holds: &HoldFolds,
    buckets: &Buckets,
    by_school: BTreeMap<CompactString, Overview>,
) -> Vec<School> {
    // Every school with a change is in `by_school`, also one of which everything was read before.
    let counted = by_school.into_iter().map(|(uai, overview)| {
        let mut counts = Counts::default();
        for kind in ORDER {
            counts.add(kind, buckets.count(&uai, kind));
        }
        let name = match uai.as_str() {
            "" => "Hors établissement".to_owned(),
            known => header.schools.get(known).cloned().unwrap_or_else(|| format!("Établissement {known}")),
        };
        let unchanged = header.totals.unchanged_by_school.get(&uai).copied();
        School { held: holds.holds_school(&uai), uai, name, counts, overview, unchanged }
    });
    let mut schools: Vec<School> = counted.collect();
    schools.sort_by_cached_key(|s| {
        let name = deunicode::deunicode(&s.name).to_lowercase();
        (
            !s.held,
            s.counts.of(ChangeKind::Suspend) == 0,
            s.overview.alarms() == 0,
            s.uai.is_empty(),
            name,
            s.uai.clone(),
        )
    });
    schools
}
