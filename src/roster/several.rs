//! Several sources, one population: what two of them say of one human being becomes one draft.
//!
//! Only an exact proof joins two records: the same join key (two sources that share a prefix), or for pupils the same
//! INE with the same birth date. Two records that merely look alike are said to the administrator and stay apart. The
//! source configured first is heard; a later one fills what it lacks, and takes nothing back.

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::{CompactString, format_compact};
use jiff::civil::Date;

use super::draft::PupilDraft;
use super::drafts::{Drafts, PersonDraft};
use super::model::{JoinKey, LeftOut, LeftOutReason, Person};
use super::report::Report;
use crate::feed::values::{Ine, fold_name};
use crate::feed::{Category, Code};

/// Joins what is proved to be one person, and reports who may be.
pub(super) fn one_population(drafts: &mut Drafts, report: &mut Report<'_>, left_out: &mut Vec<LeftOut>) {
    if !report.has_several_sources() {
        return;
    }
    join_pupils(drafts, left_out);
    report_lookalikes(&drafts.pupils, Category::Pupil, report);
    report_lookalikes(&drafts.relatives, Category::Relative, report);
    report_lookalikes(&drafts.staff, Category::Staff, report);
}

/// A record that went into the draft with the key `into`.
pub(super) fn merged(category: Category, who: &Person, into: &JoinKey) -> LeftOut {
    LeftOut {
        category,
        key: who.key.clone(),
        origin: who.origin.clone(),
        why: LeftOutReason::Merged,
        into: Some(into.clone()),
    }
}

/// Pupils of several sources with one INE and one birth date. Where a source has two of them, its data are wrong and
/// nothing is joined.
fn join_pupils(drafts: &mut Drafts, left_out: &mut Vec<LeftOut>) {
    let mut proofs: HashMap<(CompactString, Date), Vec<usize>> = HashMap::new();
    for (at, draft) in drafts.pupils.iter().enumerate() {
        if let (Some(ine), Some(birth)) = (draft.pupil.ine.as_deref().and_then(Ine::parse), draft.who.birth) {
            proofs.entry((ine.as_str().into(), birth)).or_default().push(at);
        }
    }
    // Index of a later record → index of the one that it goes into.
    let mut into: BTreeMap<usize, usize> = BTreeMap::new();
    for mut group in proofs.into_values().filter(|group| group.len() > 1) {
        let source = |at: &usize| drafts.pupils.get(*at).map(|draft| draft.who.source);
        group.sort_by_key(|at| (source(at), *at));
        if group.windows(2).all(|pair| matches!(pair, [a, b] if source(a) != source(b)))
            && let [first, later @ ..] = group.as_slice()
        {
            into.extend(later.iter().map(|at| (*at, *first)));
        }
    }
    if into.is_empty() {
        return;
    }
    let mut slots: Vec<Option<Box<PupilDraft>>> = std::mem::take(&mut drafts.pupils).into_iter().map(Some).collect();
    // Later sources of one pupil in the order of precedence, whatever the order of their keys.
    let mut moves: Vec<(usize, usize)> = into.into_iter().collect();
    moves.sort_by_key(|(at, first)| (*first, slots.get(*at).and_then(Option::as_ref).map(|draft| draft.who.source)));
    for (at, first) in moves {
        let later = slots.get_mut(at).and_then(Option::take);
        if let (Some(later), Some(Some(first))) = (later, slots.get_mut(first)) {
            left_out.push(merged(Category::Pupil, &later.who, first.key()));
            drafts.aliases.push((later.key().clone(), first.key().clone()));
            first.fill(later);
        }
    }
    drafts.pupils = slots.into_iter().flatten().collect();
}

/// People of two sources who look like one, without a proof.
fn report_lookalikes<D: PersonDraft>(drafts: &[D], category: Category, report: &mut Report<'_>) {
    let mut looks: BTreeMap<CompactString, Vec<&Person>> = BTreeMap::new();
    for who in drafts.iter().map(PersonDraft::who) {
        for look in looks_of(who) {
            looks.entry(look).or_default().push(who);
        }
    }
    let mut said: HashSet<(&JoinKey, &JoinKey)> = HashSet::new();
    for mut group in looks.into_values() {
        group.sort_by_key(|who| (who.source, &who.key));
        let Some((first, others)) = group.split_first() else { continue };
        for other in others.iter().filter(|other| other.source != first.source) {
            if !said.insert((&first.key, &other.key)) {
                continue;
            }
            let message = format!(
                "peut-être la même personne que {} ({}), livrée par une autre source : deux comptes, rien n'est fusionné",
                first.name.display(),
                first.origin
            );
            let finding = report.about(Code::PossibleDuplicate, category, *other, message);
            report.add(finding.who(other.name.listed()));
        }
    }
}

/// What makes two people look like one: the name with a birth date, a mail or a mobile phone.
fn looks_of(who: &Person) -> impl Iterator<Item = CompactString> {
    let name = format_compact!("{}|{}", fold_name(&who.name.surname), fold_name(&who.name.first));
    let birth = who.birth.map(|day| format_compact!("{name}|{day}"));
    let mail = who.contact.mail.as_ref().map(|mail| format_compact!("{name}|{}", mail.to_lowercase()));
    let mobiles = who.contact.mobiles.iter().chain(&who.contact.mobile_sms);
    let mobiles: Vec<_> = mobiles.map(|mobile| format_compact!("{name}|{mobile}")).collect();
    birth.into_iter().chain(mail).chain(mobiles)
}
