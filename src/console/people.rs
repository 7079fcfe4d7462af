//! `/personnes?q=`: finding somebody by login, uid, join key or name.
//!
//! The register of names is asked first: it knows everybody who was ever given a login, and most logins are made of a
//! name. Then the directory, which knows the names themselves.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Console;
use super::failure::Failure;
use super::frame::{self, Place, segment};
use super::who;
use super::words;
use crate::naming::fold;
use crate::roster::JoinKey;
use crate::store::{AccountRow, NameRow};
use crate::wording::{Escaped, count};

/// People shown; more than that is no answer to read.
const MOST: usize = 50;
/// Characters of a question, and its words.
const LONGEST: usize = 120;
const WORDS: usize = 5;

#[derive(Debug, Default, serde::Deserialize)]
pub struct Question {
    #[serde(default)]
    q: String,
}

/// What was found, and whether the names could be asked for.
#[derive(Debug, Default)]
struct Found {
    rows: Vec<NameRow>,
    accounts: HashMap<JoinKey, AccountRow>,
    names: HashMap<JoinKey, String>,
    more: bool,
    nameless: bool,
}

pub async fn page(
    State(console): State<Arc<Console>>,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Response, Failure> {
    let question: String = question.map(|query| query.0.q).unwrap_or_default().trim().chars().take(LONGEST).collect();
    let mut html = String::from("<h1>Personnes</h1>\n");
    let _ = write!(
        html,
        "<form method=\"get\" action=\"/personnes\" role=\"search\">\n<label for=\"q\">Nom, identifiant, uid ou clé de \
         jointure</label>\n<div class=\"ask\"><input type=\"search\" id=\"q\" name=\"q\" value=\"{}\" maxlength=\"{LONGEST}\" \
         autocomplete=\"off\" autofocus><button type=\"submit\">Chercher</button></div>\n</form>\n",
        Escaped(&question)
    );
    if !question.is_empty() {
        let found = find(&console, &question).await?;
        let plan = console.last_plan.look(&console.store).await?;
        write(&found, |uai| words::school_link(uai, plan.school_name(uai)), &mut html);
    }
    Ok(frame::page("Personnes", Place::People, &html))
}

async fn find(console: &Console, question: &str) -> Result<Found, Failure> {
    let folded = fold(question);
    let words: Vec<&str> = folded.split_whitespace().take(WORDS).collect();
    let most = u32::try_from(MOST + 1).unwrap_or(u32::MAX);
    let mut found =
        Found { rows: console.store.find_names(question, &folded, &words, most).await?, ..Found::default() };
    if found.rows.len() <= MOST {
        // As typed: a directory tells accents apart, and a name may begin with a word that no login holds.
        let typed: Vec<&str> = question.split_whitespace().take(WORDS).collect();
        match who::find(console, &typed, MOST + 1).await {
            Ok(keys) => {
                let known: HashSet<JoinKey> = found.rows.iter().map(|row| row.join_key.clone()).collect();
                let others: Vec<JoinKey> = keys.into_iter().filter(|key| !known.contains(key)).collect();
                found.rows.extend(console.store.names_of(&others).await?);
            }
            Err(who::NoAnswer) => found.nameless = true,
        }
    }
    found.more = found.rows.len() > MOST;
    found.rows.truncate(MOST);
    let keys: Vec<JoinKey> = found.rows.iter().map(|row| row.join_key.clone()).collect();
    found.accounts = console.store.accounts_of(&keys).await?;
    if !found.nameless && !found.accounts.is_empty() {
        let places: Vec<(JoinKey, String)> =
            found.accounts.values().map(|account| (account.join_key.clone(), account.dn.clone())).collect();
        match who::names(console, &places).await {
            Ok(names) => found.names = names,
            Err(who::NoAnswer) => found.nameless = true,
        }
    }
    Ok(found)
}

fn write(found: &Found, school: impl Fn(&str) -> String, html: &mut String) {
    if found.nameless {
        html.push_str("<p class=\"notice waiting\">L'annuaire ne répond pas à temps : la recherche s'est faite par identifiant seulement, et les noms manquent.</p>\n");
    }
    if found.rows.is_empty() {
        html.push_str(
            "<p class=\"notice\">Personne de connu. Essayez le début du nom, avec ses accents, ou l'identifiant.</p>\n",
        );
        return;
    }
    let n = if found.more {
        format!("Plus de {MOST} personnes : voici les premières. Précisez.")
    } else {
        format!("{}.", count(found.rows.len() as u64, "personne", "personnes"))
    };
    let _ = write!(
        html,
        "<p class=\"lead\" role=\"status\">{n}</p>\n<div class=\"wide\"><table class=\"people stack\">\n<thead><tr>\
         <th scope=\"col\">Personne</th><th scope=\"col\">Identifiant</th><th scope=\"col\">Profil</th>\
         <th scope=\"col\">Établissement, classe</th><th scope=\"col\">Étape</th></tr></thead>\n<tbody>\n"
    );
    for row in &found.rows {
        let key = row.join_key.as_str();
        let name = found.names.get(&row.join_key).map_or(key, String::as_str);
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><a href=\"/personnes/{}\">{}</a></th><td><code>{}</code></td>",
            segment(key),
            Escaped(name),
            Escaped(row.login.as_str())
        );
        match found.accounts.get(&row.join_key) {
            None => html.push_str("<td colspan=\"3\">identifiant réservé, pas encore de compte</td></tr>\n"),
            Some(account) => {
                let mut places: Vec<String> = account.schools.iter().map(|uai| school(uai)).collect();
                places.extend(account.class.iter().map(|class| format!("{}", Escaped(class))));
                let _ = writeln!(
                    html,
                    "<td>{}</td><td>{}</td><td>{}</td></tr>",
                    words::profile(account.profile),
                    places.join(", "),
                    words::stage(account.stage)
                );
            }
        }
    }
    html.push_str("</tbody>\n</table></div>\n");
}
