//! Several sources, one population: what two of them say of one human being becomes one draft.
//!
//! Two records are joined by the same join key (two sources that share a prefix), by a proof that the configuration
//! calls sufficient and nothing contradicts, by what an earlier night proved, or because somebody decided it. Two that
//! only look alike are told and stay apart. The source configured first is heard; a later one fills what it lacks, and
//! takes nothing back.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::draft::PupilDraft;
use super::drafts::{Drafts, PersonDraft};
use super::model::{JoinKey, LeftOut, LeftOutReason, Person};
use super::options::Identities;
use super::report::Report;
use crate::feed::{Category, Code};
use crate::identity::{Class, Judgement, meetings, weigh};

/// Joins what is one person, reports who may be, and gives every other key that leads to a person of the roster.
pub(super) fn one_population(
    drafts: &mut Drafts,
    identity: &Identities,
    report: &mut Report<'_>,
    left_out: &mut Vec<LeftOut>,
) {
    report_shared_ine(&drafts.pupils, report);
    if !report.has_several_sources() && identity.links.is_empty() {
        return;
    }
    let mut aliases = std::mem::take(&mut drafts.aliases);
    Joining { class: Class::Pupil, category: Category::Pupil, identity, aliases: &mut aliases, left_out }
        .join(&mut drafts.pupils, report);
    Joining { class: Class::Relative, category: Category::Relative, identity, aliases: &mut aliases, left_out }
        .join(&mut drafts.relatives, report);
    Joining { class: Class::Staff, category: Category::Staff, identity, aliases: &mut aliases, left_out }
        .join(&mut drafts.staff, report);
    drafts.aliases = aliases;
}

/// A record that went into the draft with the key `into`.
pub(super) fn merged(category: Category, who: &Person, into: &JoinKey) -> LeftOut {
    LeftOut {
        category,
        key: who.key.clone(),
        origin: who.origin.clone(),
        why: LeftOutReason::Merged,
        into: Some(into.clone()),
        relative: None,
    }
}

/// One INE on several pupils of one source: its data are wrong, and the INE proves nothing of any of them.
fn report_shared_ine(pupils: &[Box<PupilDraft>], report: &mut Report<'_>) {
    let mut bearers: Vec<(u16, &str, &PupilDraft)> =
        pupils.iter().filter_map(|draft| Some((draft.who.source, draft.pupil.ine.as_deref()?, &**draft))).collect();
    bearers.sort_by_key(|(source, ine, draft)| (*source, *ine, draft.key()));
    for group in bearers.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let [(_, _, first), others @ ..] = group else { continue };
        for (_, _, other) in others {
            let message = format!("même INE que {} ({})", first.who.name.display(), first.who.origin);
            let finding = report.about(Code::SharedIne, Category::Pupil, &*other.who, message);
            report.add(finding.who(other.who.name.listed()));
        }
    }
}

/// One category on its way.
struct Joining<'a> {
    class: Class,
    category: Category,
    identity: &'a Identities,
    /// Other keys, with the one that they lead to.
    aliases: &'a mut Vec<(JoinKey, JoinKey)>,
    left_out: &'a mut Vec<LeftOut>,
}

impl Joining<'_> {
    /// `drafts` are sorted by join key, and are so afterwards.
    fn join<D: PersonDraft + Sync>(&mut self, drafts: &mut Vec<D>, report: &mut Report<'_>) {
        let mut sets = Sets::new(drafts.len());
        let keys = self.linked(drafts, &mut sets);
        let alike = if report.has_several_sources() { self.proved(drafts, &mut sets) } else { Vec::new() };
        self.report(drafts, &alike, &mut sets, report);
        // Every key that is linked leads to the draft that is heard.
        let mut heard: HashMap<usize, usize> = HashMap::new();
        for human in sets.all() {
            let first = human.iter().copied().min_by_key(|at| (drafts.get(*at).map(|draft| draft.who().source), *at));
            heard.extend(human.iter().filter_map(|at| Some((*at, first?))));
        }
        for (key, at) in keys {
            if let Some(present) = drafts.get(heard.get(&at).copied().unwrap_or(at)) {
                self.aliases.push((key, present.key().clone()));
            }
        }
        self.merge(drafts, &mut sets);
    }

    /// Joins what is known to be one. Gives the linked keys that nobody delivers, each with a draft of its person.
    fn linked<D: PersonDraft>(&self, drafts: &[D], sets: &mut Sets) -> Vec<(JoinKey, usize)> {
        let find = |key: &JoinKey| drafts.binary_search_by(|draft| draft.key().cmp(key)).ok();
        let mut humans: HashMap<&JoinKey, usize> = HashMap::new();
        let mut keys: Vec<&JoinKey> = Vec::new();
        for (a, b, _) in &self.identity.links {
            for key in [a, b] {
                humans.entry(key).or_insert_with(|| {
                    keys.push(key);
                    keys.len() - 1
                });
            }
        }
        let mut classes = Sets::new(keys.len());
        for (a, b, decided) in &self.identity.links {
            let (Some(one), Some(other)) = (humans.get(a), humans.get(b)) else { continue };
            let contradicted = || {
                let (Some(one), Some(other)) = (find(a), find(b)) else { return false };
                let (Some(one), Some(other)) = (drafts.get(one), drafts.get(other)) else { return false };
                weigh(&one.portrait(), &other.portrait()).iter().any(|e| e.contradicts(self.class))
            };
            if *decided || !contradicted() {
                classes.join(*one, *other);
            }
        }
        let mut absent = Vec::new();
        for human in classes.all() {
            let here: Vec<usize> = human.iter().filter_map(|at| keys.get(*at)).filter_map(|key| find(key)).collect();
            let Some(first) = here.first() else { continue };
            for at in &here {
                sets.join(*first, *at);
            }
            let gone = human.iter().filter_map(|at| keys.get(*at)).filter(|key| find(key).is_none());
            absent.extend(gone.map(|key| ((*key).clone(), *first)));
        }
        absent
    }

    /// Joins what a sufficient proof says to be one. Gives the pairs that only look alike. Where a source has two
    /// people of one proof, its data are wrong and nothing is joined.
    fn proved<D: PersonDraft + Sync>(&self, drafts: &[D], sets: &mut Sets) -> Vec<(usize, usize)> {
        let source = |at: usize| drafts.get(at).map(|draft| draft.who().source);
        let portrait = |at: u32| drafts.get(at as usize).map(PersonDraft::portrait).unwrap_or_default();
        let met = meetings(self.class, drafts.len() as u32, portrait, |_, _| true);
        let (mut same, mut alike) = (Vec::new(), Vec::new());
        for (a, b) in met {
            let pair = (a as usize, b as usize);
            let (Some(one), Some(other)) = (drafts.get(pair.0), drafts.get(pair.1)) else { continue };
            if self.identity.keeps_apart(one.key(), other.key()) {
                continue;
            }
            match self.identity.rules.compare(self.class, &one.portrait(), &other.portrait()).0 {
                Judgement::Same(_) => same.push(pair),
                Judgement::Doubt(_) if source(pair.0) != source(pair.1) => alike.push(pair),
                Judgement::Doubt(_) | Judgement::Unrelated => {}
            }
        }
        // By proofs alone first: what they make one must have at most one record of each source.
        let mut proved = Sets::new(drafts.len());
        for (a, b) in same {
            proved.join(a, b);
        }
        for human in proved.all() {
            let mut sources = HashSet::new();
            let one_each = human.iter().all(|at| sources.insert(source(*at)));
            if let (true, [first, others @ ..]) = (one_each, human.as_slice()) {
                for at in others {
                    sets.join(*first, *at);
                }
            } else {
                let pairs = human.iter().zip(human.iter().skip(1)).map(|(a, b)| (*a, *b));
                alike.extend(pairs.filter(|(a, b)| source(*a) != source(*b)));
            }
        }
        alike
    }

    fn report<D: PersonDraft>(&self, drafts: &[D], alike: &[(usize, usize)], sets: &mut Sets, report: &mut Report<'_>) {
        let mut pairs: Vec<(&Person, &Person)> = Vec::new();
        for (a, b) in alike {
            if let (Some(one), Some(other)) = (drafts.get(*a), drafts.get(*b))
                && sets.find(*a) != sets.find(*b)
            {
                let (one, other) = (one.who(), other.who());
                pairs.push(if one.source <= other.source { (one, other) } else { (other, one) });
            }
        }
        pairs.sort_by_key(|(first, other)| (first.source, &first.key, other.source, &other.key));
        pairs.dedup_by_key(|(first, other)| (&first.key, &other.key));
        for (first, other) in pairs {
            let message = format!(
                "peut-être la même personne que {} ({}), livrée par une autre source : un cas à décider",
                first.name.display(),
                first.origin
            );
            let finding = report.about(Code::PossibleDuplicate, self.category, other, message);
            report.add(finding.who(other.name.listed()));
        }
    }

    /// What is one becomes one draft: that of the first source.
    fn merge<D: PersonDraft>(&mut self, drafts: &mut Vec<D>, sets: &mut Sets) {
        let humans: Vec<Vec<usize>> = sets.all();
        if humans.is_empty() {
            return;
        }
        let mut slots: Vec<Option<D>> = std::mem::take(drafts).into_iter().map(Some).collect();
        for mut human in humans {
            let order = |at: &usize| slots.get(*at).and_then(Option::as_ref).map(|d| d.who().source);
            human.sort_by_key(|at| (order(at), *at));
            let [first, later @ ..] = human.as_slice() else { continue };
            for at in later {
                let later = slots.get_mut(*at).and_then(Option::take);
                if let (Some(later), Some(Some(first))) = (later, slots.get_mut(*first)) {
                    self.left_out.push(merged(self.category, later.who(), first.key()));
                    self.aliases.push((later.key().clone(), first.key().clone()));
                    first.fill(later);
                }
            }
        }
        *drafts = slots.into_iter().flatten().collect();
    }
}

/// Sets of things that are one; only those that were joined cost anything.
struct Sets {
    parents: BTreeMap<usize, usize>,
    size: usize,
}

impl Sets {
    const fn new(size: usize) -> Self {
        Self { parents: BTreeMap::new(), size }
    }

    /// The least member of a thing's set.
    fn find(&mut self, at: usize) -> usize {
        let mut root = at;
        while let Some(parent) = self.parents.get(&root).copied().filter(|parent| *parent != root) {
            root = parent;
        }
        if root != at {
            self.parents.insert(at, root);
        }
        root
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b || a.max(b) >= self.size {
            return;
        }
        self.parents.insert(a.max(b), a.min(b));
        self.parents.insert(a.min(b), a.min(b));
    }

    /// The sets of two and more, each sorted.
    fn all(&mut self) -> Vec<Vec<usize>> {
        let joined: Vec<usize> = self.parents.keys().copied().collect();
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in joined {
            sets.entry(self.find(at)).or_default().push(at);
        }
        sets.into_values().filter(|set| set.len() > 1).collect()
    }
}
