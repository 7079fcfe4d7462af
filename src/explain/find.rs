//! Who is meant: by join key, uid, login, DN, line of a file, or name.

use futures_util::TryStreamExt as _;

use super::{Candidate, World, candidates};
use crate::directory::Dn;
use crate::feed::{Category, Fields, Finding, Origin};
use crate::naming::fold;
use crate::plan::{Ground, PlanError};
use crate::roster::JoinKey;
use crate::store::{Store, StoreError};

/// People that a name may give: more than that is no answer to read.
const MOST: usize = 50;

/// Whoever the question fits; or, at a line of a file, what was found wrong there.
#[derive(Default)]
pub(super) struct Found {
    pub people: Vec<Candidate>,
    pub findings: Vec<Finding>,
}

pub(super) async fn find(ground: &Ground<'_>, world: &World, who: &str) -> Result<Found, PlanError> {
    let who = who.trim();
    if let Some((file, line)) = who.rsplit_once(':')
        && let Ok(line) = line.parse::<u32>()
        && !file.is_empty()
    {
        return at_line(ground, world, file, line).await;
    }
    if let Ok(dn) = Dn::parse(who)
        && who.contains('=')
        && !dn.is_empty()
    {
        let entry = ground.directory.read(&dn).await?;
        let of_entry = entry.iter().flat_map(|entry| ground.dialect.join_keys(entry)).map(JoinKey::from_text);
        let of_register = world.accounts.values().filter(|account| Dn::parse(&account.dn).is_ok_and(|d| d == dn));
        let keys = of_entry.chain(of_register.map(|account| account.join_key.clone()));
        return Ok(candidates(keys.map(|key| world.candidate(key, None)).collect()));
    }
    // Exactly: a join key with or without its prefix, a uid, a login; of anybody who was ever read or named.
    let folded = fold(who);
    let none: [&str; 0] = [];
    let mut exact: Vec<Candidate> = Vec::new();
    for row in ground.store.find_names(who, &folded, &none, MOST as u32 + 1).await? {
        exact.push(world.candidate(row.join_key, None));
    }
    for key in world.keys_called(who) {
        exact.push(world.candidate(key, None));
    }
    let bare = who.rsplit_once('$').map_or(who, |(_, bare)| bare);
    for (source, config) in world.sources.iter().zip(&ground.config.sources) {
        if who.contains('$') && who.strip_suffix(bare).is_none_or(|p| p.strip_suffix('$') != Some(&source.prefix)) {
            continue;
        }
        let row = ground.store.source(&config.name, config.prefix(), config.kind.name()).await?;
        if let Some((_, origin, fields)) = record_of(ground.store, row.id, bare).await? {
            let mut candidate = world.candidate(JoinKey::new(&source.prefix, bare), Some(origin));
            candidate.name = candidate.name.or_else(|| name_in(&fields));
            exact.push(candidate);
        }
    }
    if !exact.is_empty() {
        return Ok(candidates(exact));
    }
    by_name(ground, world, &folded).await
}

impl World {
    fn candidate(&self, key: JoinKey, origin: Option<Origin>) -> Candidate {
        let person = self.person(&key).map(|(_, person)| person);
        Candidate {
            name: person.map(|person| person.name.display()),
            login: self.names.get(&key).map(|row| row.login.as_str().to_owned()),
            origin: person.map(|person| person.origin.clone()).or(origin),
            join_key: key,
        }
    }

    /// Join keys that a finding, a left-out record or an account has, with or without their prefix.
    fn keys_called(&self, who: &str) -> Vec<JoinKey> {
        let is =
            |key: &JoinKey| key.as_str() == who || key.as_str().split_once('$').is_some_and(|(_, bare)| bare == who);
        let of_findings = self.findings.iter().filter_map(|finding| self.key_of(finding));
        let of_left_out = self.roster.left_out.iter().map(|left| left.key.clone());
        of_findings.chain(of_left_out).chain(self.accounts.keys().cloned()).filter(is).collect()
    }
}

/// The record or the finding that begins at this line of a file, or the last one before it.
async fn at_line(ground: &Ground<'_>, world: &World, file: &str, line: u32) -> Result<Found, PlanError> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_file = |known: &str| known == file || known.rsplit('/').next() == Some(name);
    let before = |origin: &Origin| is_file(&origin.file) && origin.line <= line && origin.line > 0;
    let mut best: Option<(u32, JoinKey)> = None;
    let mut take = |at: u32, key: JoinKey| {
        if best.as_ref().is_none_or(|(known, _)| *known < at) {
            best = Some((at, key));
        }
    };
    let files = ground.store.origin_names().await?;
    for (source, config) in world.sources.iter().zip(&ground.config.sources) {
        let row = ground.store.source(&config.name, config.prefix(), config.kind.name()).await?;
        let mut rows = ground.store.image_rows(row.id);
        while let Some(row) = rows.try_next().await? {
            let there = files.get(&row.file).is_some_and(|known| is_file(known));
            if there && row.line <= line && row.category.is_person() {
                take(row.line, JoinKey::new(&source.prefix, &row.key));
            }
        }
    }
    for finding in world.findings.iter().filter(|finding| finding.origin.as_ref().is_some_and(before)) {
        if let (Some(origin), Some(key)) = (&finding.origin, world.key_of(finding)) {
            take(origin.line, key);
        }
    }
    // A line that was given up says so even where it names nobody.
    let findings: Vec<Finding> = world
        .findings
        .iter()
        .filter(|finding| finding.origin.as_ref().is_some_and(|origin| is_file(&origin.file) && origin.line == line))
        .cloned()
        .collect();
    let people = match best {
        Some((at, key)) if findings.is_empty() || at == line || findings.iter().any(|f| world.key_of(f).is_some()) => {
            vec![world.candidate(key, None)]
        }
        _ => Vec::new(),
    };
    Ok(Found { people, findings })
}

/// Everybody whose names hold every word, also those who are not in the roster.
async fn by_name(ground: &Ground<'_>, world: &World, folded: &str) -> Result<Found, PlanError> {
    let words: Vec<&str> = folded.split_whitespace().collect();
    if words.is_empty() {
        return Ok(Found::default());
    }
    let fits = |name: &str| {
        let name = fold(name);
        let own: Vec<&str> = name.split(|c: char| c.is_whitespace() || c == '-' || c == '\'').collect();
        words.iter().all(|word| word.split(['-', '\'']).filter(|part| !part.is_empty()).all(|part| own.contains(&part)))
    };
    let mut people = Vec::new();
    let files = ground.store.origin_names().await?;
    for (source, config) in world.sources.iter().zip(&ground.config.sources) {
        let row = ground.store.source(&config.name, config.prefix(), config.kind.name()).await?;
        let mut rows = ground.store.image_rows(row.id);
        while let Some(row) = rows.try_next().await? {
            if !row.category.is_person() || people.len() > MOST {
                continue;
            }
            let Some(name) = name_in(&row.fields).filter(|name| fits(name)) else { continue };
            let origin = files.get(&row.file).map(|file| Origin { file: file.clone(), line: row.line });
            let mut candidate = world.candidate(JoinKey::new(&source.prefix, &row.key), origin);
            candidate.name = candidate.name.or(Some(name));
            people.push(candidate);
        }
    }
    for finding in &world.findings {
        if let (Some(subject), Some(key)) = (finding.subject.as_deref().filter(|s| fits(s)), world.key_of(finding)) {
            let mut candidate = world.candidate(key, finding.origin.clone());
            candidate.name = candidate.name.or_else(|| Some(subject.to_owned()));
            people.push(candidate);
        }
    }
    Ok(candidates(people))
}

/// The record of a person in the image of a source.
pub(super) async fn record_of(
    store: &Store,
    source: i64,
    key: &str,
) -> Result<Option<(Category, Origin, Fields)>, StoreError> {
    for category in Category::PERSONS {
        if let Some(row) = store.image_row(source, category, key).await? {
            let file = store.origin_names().await?.get(&row.file).cloned().unwrap_or_else(|| "?".into());
            return Ok(Some((category, Origin { file, line: row.line }, row.fields)));
        }
    }
    Ok(None)
}

/// `Prénom Nom` as a record says it.
pub(super) fn name_in(fields: &Fields) -> Option<String> {
    let (first, surname) = (fields.first("givenName").unwrap_or_default(), fields.first("sn").unwrap_or_default());
    let name = format!("{first} {surname}").trim().to_owned();
    (!name.is_empty()).then_some(name)
}
