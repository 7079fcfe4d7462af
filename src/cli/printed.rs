//! `rentree letters history` and `letters shred`: the print register read back, and the end of printed files.

use std::path::Path;

use rentree::feed::values::Uai;
use rentree::letters::shred;
use rentree::store::{PrintFilter, PrintedBefore};
use rentree::wording::{agree, count, plain};

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, close, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What was printed when, by whom and why, and what became of the credentials on it
    History {
        /// Only sheets of this person: join key, uid or login
        #[arg(long, value_name = "KEY")]
        person: Option<String>,
        /// Only sheets of this school
        #[arg(long, value_name = "UAI")]
        school: Option<String>,
        /// Only this print run
        #[arg(long, value_name = "BATCH")]
        batch: Option<String>,
    },
    /// Overwrites and removes printed files that the register knows; copies elsewhere it knows nothing of
    Shred {
        /// Those of this print run
        #[arg(long, value_name = "BATCH", required_unless_present = "older_than")]
        batch: Option<String>,
        /// Those printed more than so many days ago
        #[arg(long, value_name = "DAYS", conflicts_with = "batch")]
        older_than: Option<u16>,
    },
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::History { person, school, batch } => {
            let filter = PrintFilter {
                person: match &person {
                    Some(person) => Some(super::renew::who(&session.store, person).await?),
                    None => None,
                },
                school: school.as_deref().map(uai).transpose()?,
                batch,
            };
            let rows = session.store.print_history(&filter).await?;
            if global.json {
                output::json(&rows)?;
            } else {
                output::text(&history(&rows))?;
            }
            Ok(0)
        }
        Verb::Shred { batch, older_than } => destroy(global, &session, batch.as_deref(), older_than).await,
    }
}

fn uai(text: &str) -> Result<String, Failure> {
    let uai = Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))?;
    Ok(uai.as_str().to_owned())
}

fn history(rows: &[PrintedBefore]) -> String {
    if rows.is_empty() {
        return "Rien n'a été imprimé.\n".to_owned();
    }
    let mut text = String::new();
    let mut batch = "";
    for row in rows {
        if batch != row.batch {
            batch = &row.batch;
            let at = row.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%d/%m/%Y %H:%M").to_string();
            let why = match row.reason.as_deref() {
                Some("jam") => "réimpression après un bourrage",
                Some("lost") => "nouvelle fiche, l'ancienne étant perdue",
                _ => "impression",
            };
            let template = match &row.template {
                None if is_table(&row.file) => "table".to_owned(),
                Some(digest) => format!("modèle du projet {}", digest.chars().take(12).collect::<String>()),
                None => "modèle livré".to_owned(),
            };
            text.push_str(&format!("Lot {batch}, {at}, {} : {why} ({template})\n", plain(&row.actor)));
        }
        let of: Vec<&str> = [&row.school, &row.class, &row.profile].into_iter().flatten().map(String::as_str).collect();
        let of = if of.is_empty() { String::new() } else { format!("{} : ", of.join(" ")) };
        text.push_str(&format!(
            "  {of}{}, {}\n    {}\n",
            count(row.sheets, "fiche", "fiches"),
            states(row),
            plain(&row.file)
        ));
        if let Some(serial) = &row.serial {
            let replaces = match &row.replaces {
                Some(before) if before == serial => " (la même qu'auparavant)".to_owned(),
                Some(before) => format!(" (à la place de {before})"),
                None => String::new(),
            };
            text.push_str(&format!("    fiche {serial}{replaces}\n"));
        }
        if let Some(end) = &row.shredded {
            let at = end.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%d/%m/%Y");
            let what = if end.destroyed { "fichier détruit" } else { "fichier déjà absent ou remplacé" };
            text.push_str(&format!("    {what} le {at} par {}\n", plain(&end.actor)));
        }
    }
    text
}

/// A table for mail merge, in clear or for a print shop.
fn is_table(file: &str) -> bool {
    let of = |path: &Path, wanted: &str| path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case(wanted));
    let path = Path::new(file);
    of(path, "csv") || (of(path, "age") && path.file_stem().is_some_and(|stem| of(Path::new(stem), "csv")))
}

/// What the credentials on these sheets are now.
fn states(row: &PrintedBefore) -> String {
    let now = row.now;
    let parts: Vec<String> = [
        (now.live, "valable", "valables"),
        (now.superseded, "remplacée depuis", "remplacées depuis"),
        (now.revoked, "révoquée", "révoquées"),
        (now.expired, "expirée", "expirées"),
        (now.none, "sans secret", "sans secret"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| count(n, one, many))
    .collect();
    parts.join(", ")
}

async fn destroy(
    global: &Global,
    session: &StoreSession,
    batch: Option<&str>,
    older_than: Option<u16>,
) -> Result<u8, Failure> {
    let before = match older_than {
        Some(days) => {
            let span = jiff::SignedDuration::from_hours(24 * i64::from(days));
            Some(session.now.checked_sub(span).map_err(failed)?)
        }
        None => None,
    };
    let files = session.store.printed_files(batch, before).await?;
    if let Some(batch) = batch.filter(|_| files.is_empty()) {
        let filter = PrintFilter { batch: Some(batch.to_owned()), ..PrintFilter::default() };
        if session.store.print_history(&filter).await?.is_empty() {
            return Err(Failure::usage(format!("no print run is called {batch:?} (see `rentree letters history`)")));
        }
    }
    let trail = session.trail().await?;
    let outcome = shred(&session.store, &trail, files, session.now).await.map_err(failed);
    let head = close(&session.config, &*session.progress, trail).await?;
    let done = outcome?;
    if global.json {
        output::json(&done)?;
    } else {
        let destroyed = done.destroyed.len() as u64;
        let mut text = format!(
            "{} : {}.\n",
            count(destroyed, "fichier", "fichiers"),
            agree(destroyed, "écrasé puis supprimé", "écrasés puis supprimés")
        );
        if !done.missing.is_empty() {
            let missing = done.missing.len() as u64;
            text.push_str(&format!(
                "{} : déjà {} par quelqu'un.\n",
                count(missing, "fichier", "fichiers"),
                agree(missing, "supprimé, déplacé ou remplacé", "supprimés, déplacés ou remplacés")
            ));
        }
        for (file, why) in &done.left {
            text.push_str(&format!("Reste : {} ({})\n", plain(file), plain(why)));
        }
        text.push_str(
            "Un disque SSD, une sauvegarde, une file d'impression ou un courriel peuvent en garder une copie que Rentrée ne \
             connaît pas.\n",
        );
        output::text(&text)?;
        tell_head(&*session.progress, head);
    }
    Ok(u8::from(!done.left.is_empty()))
}
