//! `/personnes/{key}`: one person's account: where, under which names, at which stage; the first credential, never its
//! secret; what happened. Who looked is on the trail before the page is shown.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use jiff::tz::TimeZone;

use super::Console;
use super::failure::Failure;
use super::frame::{self, Place, segment};
use super::last_plan::Look;
use super::{who, words};
use crate::audit::{AuditError, Event, EventFilter, Kind};
use crate::config::Mode;
use crate::person::{Deadline, deadlines};
use crate::roster::JoinKey;
use crate::store::{AccountRow, CredentialRow, NameRow, SheetRow};
use crate::wording::{Escaped, count, date};

/// Events shown, the last ones.
const EVENTS: usize = 30;

/// What the trail says of one person. Looking is told apart: it must not push what happened out of sight.
#[derive(Default)]
struct History {
    /// Newest first.
    events: VecDeque<Event>,
    looks: u64,
    last_look: Option<Event>,
}

/// What is known of one person.
struct Person {
    key: JoinKey,
    names: Option<NameRow>,
    account: Option<AccountRow>,
    credentials: Vec<CredentialRow>,
    sheets: Vec<SheetRow>,
    history: History,
    name: Option<String>,
    nameless: bool,
}

pub async fn page(State(console): State<Arc<Console>>, Path(key): Path<String>) -> Result<Response, Failure> {
    let key = JoinKey::from_text(&key);
    let store = &console.store;
    let one = std::slice::from_ref(&key);
    let (mut names, mut accounts) = tokio::try_join!(store.names_of(one), store.accounts_of(one))?;
    let (names, account) = (names.pop(), accounts.remove(&key));
    if names.is_none() && account.is_none() {
        return Err(Failure::NotFound("Le registre ne connaît personne sous cette clé de jointure."));
    }
    let history = history(&console, &key).await.map_err(unrecorded)?;
    console.trail.record(Kind::PersonLookedUp, Some(&key), ()).map_err(unrecorded)?;
    console.note_down().await;
    let (credentials, sheets) = tokio::try_join!(store.credentials_of(&key), store.sheets_of(&key))?;
    let asked = match &account {
        Some(account) => who::names(&console, &[(key.clone(), account.dn.clone())]).await,
        None => Ok(std::collections::HashMap::new()),
    };
    let (name, nameless) = match asked {
        Ok(mut names) => (names.remove(&key), false),
        Err(who::NoAnswer) => (None, true),
    };
    let person = Person { key, names, account, credentials, sheets, history, name, nameless };
    let plan = console.last_plan.look(store).await?;
    let title = person.name.as_deref().unwrap_or(person.key.as_str());
    let mut html = format!("<h1>{}</h1>\n", Escaped(title));
    let now = console.now();
    write_account(&console, &person, &plan, &mut html);
    write_credential(&console, &person, now.time_zone(), &mut html);
    write_sheets(&person, &plan, now.time_zone(), &mut html);
    write_events(&person, now.time_zone(), &mut html);
    Ok(frame::page(title, Place::People, &html))
}

/// What happened before now.
async fn history(console: &Console, key: &JoinKey) -> Result<History, AuditError> {
    let filter = EventFilter { person: Some(key.clone()), ..EventFilter::default() };
    let mut all = crate::audit::show(&console.store, &filter).await?;
    let mut history = History::default();
    while let Some(event) = all.try_next().await? {
        if event.kind == Kind::PersonLookedUp.name() {
            history.looks += 1;
            history.last_look = Some(event);
            continue;
        }
        if history.events.len() == EVENTS {
            history.events.pop_back();
        }
        history.events.push_front(event);
    }
    Ok(history)
}

fn unrecorded(error: AuditError) -> Failure {
    match error {
        AuditError::Store(error) => Failure::Store(error),
        other => {
            tracing::error!(error = %other, "the trail does not answer");
            Failure::Stopped
        }
    }
}

fn write_account(console: &Console, person: &Person, plan: &Look, html: &mut String) {
    if person.nameless {
        html.push_str("<p class=\"notice waiting\">L'annuaire ne répond pas à temps : le nom manque.</p>\n");
    }
    if let Some(why) = plan.reviewed().and_then(|plan| plan.held.get(&person.key)) {
        let _ = writeln!(html, "<p class=\"notice waiting\">Retenu : {}</p>", Escaped(why));
    }
    html.push_str("<section aria-labelledby=\"compte\">\n<h2 id=\"compte\">Compte</h2>\n<dl class=\"facts\">\n");
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(html, "<div><dt>{label}</dt><dd>{value}</dd></div>");
    };
    if let Some(account) = &person.account {
        fact("Profil", words::profile(account.profile));
        let schools: Vec<String> =
            account.schools.iter().map(|uai| words::school_link(uai, plan.school_name(uai))).collect();
        fact(if schools.len() > 1 { "Établissements" } else { "Établissement" }, &schools.join("<br>"));
        if let Some(class) = &account.class {
            fact("Classe", &Escaped(class).to_string());
        }
        if let Some(class) = &account.former_class {
            fact("Classe de l'an dernier", &Escaped(class).to_string());
        }
        let expected = if account.expected { ", départ attendu au changement d'année" } else { "" };
        fact("Étape", &format!("{} depuis le {}{expected}", words::stage(account.stage), date(account.since)));
        let ends: Vec<String> =
            deadlines(account, &person.credentials, &console.config).iter().map(Deadline::line).collect();
        fact("Échéances", &ends.iter().map(|line| Escaped(line).to_string()).collect::<Vec<_>>().join("<br>"));
    } else {
        fact("Étape", "identifiant réservé, pas encore de compte");
    }
    if let Some(names) = &person.names {
        fact("Identifiant", &format!("<code>{}</code>", Escaped(names.login.as_str())));
        fact("uid", &format!("<code>{}</code>", Escaped(names.uid.as_str())));
    }
    fact("Clé de jointure", &format!("<code>{}</code>", Escaped(person.key.as_str())));
    if let Some(account) = &person.account {
        fact("Entrée", &format!("<code>{}</code>", Escaped(&account.dn)));
    }
    html.push_str("</dl>\n");
    if let Some(plan) = plan.reviewed() {
        let _ = writeln!(
            html,
            "<p><a href=\"/plans/{}?personne={}\">Ce que le dernier plan change pour cette personne</a></p>",
            plan.header.plan_id,
            segment(person.key.as_str())
        );
    }
    html.push_str("</section>\n");
}

fn write_credential(console: &Console, person: &Person, zone: &TimeZone, html: &mut String) {
    html.push_str("<section aria-labelledby=\"acces\">\n<h2 id=\"acces\">Premier mot de passe</h2>\n");
    let mode = person.account.as_ref().map(|account| console.config.credentials.of(account.profile).mode);
    if person.credentials.is_empty() {
        let why = match (mode, person.account.as_ref().is_some_and(|account| account.adopted)) {
            (None, _) => "Il sera émis avec le compte.",
            (Some(Mode::Federated), _) => "Aucun : ce profil se connecte ailleurs.",
            (Some(Mode::Bind | Mode::Portal), true) => {
                "Aucun d'ici : le compte a été repris d'un annuaire existant, avec le mot de passe de la personne."
            }
            (Some(Mode::Bind | Mode::Portal), false) => "Aucun.",
        };
        let _ = writeln!(html, "<p>{why}</p>");
    } else {
        html.push_str("<div class=\"wide\"><table class=\"stack\">\n<thead><tr><th scope=\"col\">Émis le</th><th scope=\"col\">État</th><th scope=\"col\">Première impression</th><th scope=\"col\">Numéro</th></tr></thead>\n<tbody>\n");
        for credential in &person.credentials {
            let printed = credential.printed.map_or_else(|| "jamais".to_owned(), |at| words::moment(at, zone));
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td data-label=\"Imprimé\">{printed}</td><td class=\"ids\"><code>{}</code></td></tr>",
                date(credential.issued),
                words::credential(credential.state),
                Escaped(&credential.serial)
            );
        }
        html.push_str("</tbody>\n</table></div>\n");
    }
    html.push_str("</section>\n");
}

fn write_sheets(person: &Person, plan: &Look, zone: &TimeZone, html: &mut String) {
    html.push_str("<section aria-labelledby=\"fiches\">\n<h2 id=\"fiches\">Fiches imprimées</h2>\n");
    if person.sheets.is_empty() {
        html.push_str("<p>Aucune.</p>\n</section>\n");
        return;
    }
    html.push_str("<ul>\n");
    for sheet in &person.sheets {
        let class = sheet.class.as_ref().map(|class| format!(", classe {}", Escaped(class))).unwrap_or_default();
        let _ = writeln!(
            html,
            "<li>{} par {} : {}{class}</li>",
            words::moment(sheet.at, zone),
            Escaped(&sheet.actor),
            words::school_link(&sheet.school, plan.school_name(&sheet.school))
        );
    }
    html.push_str("</ul>\n</section>\n");
}

fn write_looks(history: &History, zone: &TimeZone, html: &mut String) {
    let told = match &history.last_look {
        None => "Cette page n'avait jamais été consultée".to_owned(),
        Some(last) => format!(
            "Cette page avait été consultée {}, la dernière le {} par {}",
            count(history.looks, "fois", "fois"),
            words::moment(last.at, zone),
            Escaped(&last.actor)
        ),
    };
    let _ = writeln!(html, "<p class=\"more\">{told} ; votre consultation est notée dans la piste.</p>");
}

fn write_events(person: &Person, zone: &TimeZone, html: &mut String) {
    html.push_str("<section aria-labelledby=\"piste\">\n<h2 id=\"piste\">Ce qui s'est passé</h2>\n");
    write_looks(&person.history, zone, html);
    if person.history.events.is_empty() {
        html.push_str("<p>Rien d'autre.</p>\n</section>\n");
        return;
    }
    html.push_str("<div class=\"wide\"><table class=\"stack\">\n<thead><tr><th scope=\"col\">Quand</th><th scope=\"col\">Quoi</th><th scope=\"col\">Par qui</th><th scope=\"col\">Exécution</th></tr></thead>\n<tbody>\n");
    for event in &person.history.events {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"ids\"><code>{}</code></td></tr>",
            words::moment(event.at, zone),
            Escaped(words::event(event)),
            Escaped(&event.actor),
            Escaped(&event.run)
        );
    }
    html.push_str("</tbody>\n</table></div>\n");
    if person.history.events.len() == EVENTS {
        let _ = writeln!(
            html,
            "<p class=\"more\">Les {EVENTS} derniers événements ; tous : <code>rentree audit show --person '{}'</code></p>",
            Escaped(person.key.as_str())
        );
    }
    html.push_str("</section>\n");
}
