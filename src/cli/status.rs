//! `rentree status`: one word for a probe, a table for a person.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use rentree::status::{Status, Word, status};
use rentree::timetable::Timetable;
use rentree::wording::{count, date, moment, number};

use super::exit::Failure;
use super::session::{StoreSession, clock};
use super::{Global, output};

/// A night and half a day.
pub const LATE_AFTER_HOURS: u16 = 36;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only the word: ok, held, running, late, failed or never
    #[arg(long)]
    word: bool,
    /// A night that began more than so many hours ago is late
    #[arg(long, value_name = "HOURS", default_value_t = LATE_AFTER_HOURS)]
    late_after: u16,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    let late_after = SignedDuration::from_hours(i64::from(args.late_after));
    let found = status(&session.store, session.now, late_after).await?;
    if global.json {
        output::json(&found)?;
    } else if args.word {
        output::text(&format!("{}\n", found.word.name()))?;
    } else {
        let next = Timetable::new(&session.config).next(&session.store, &clock()).await?;
        output::text(&text(&found, next.as_ref()))?;
    }
    Ok(found.word.exit_code())
}

fn text(found: &Status, next: Option<&Zoned>) -> String {
    let zone = TimeZone::system();
    let mut text = match found.word {
        Word::Ok => "Tout va bien.\n",
        Word::Held => "Des changements attendent une décision (rentree holds list).\n",
        Word::Running => "Une exécution est en cours, ou a été arrêtée il y a peu.\n",
        Word::Late => "Aucune nuit depuis trop longtemps : voyez le planificateur.\n",
        Word::Failed => "La dernière nuit n'a pas abouti : voyez son journal, puis relancez rentree sync.\n",
        Word::Never => "Aucune nuit n'a encore eu lieu.\n",
    }
    .to_owned();
    if let Some(night) = &found.last {
        let verdict = night.verdict.as_deref().unwrap_or("en cours");
        let holds =
            if night.holds > 0 { format!(", {}", count(night.holds, "retenue", "retenues")) } else { String::new() };
        text.push_str(&format!("\nDernière nuit    {} : {verdict}{holds}\n", moment(night.started, &zone)));
    }
    if let Some(next) = next {
        text.push_str(&format!("Prochaine nuit   {} (serve --nights)\n", moment(next.timestamp(), &zone)));
    }
    for source in &found.sources {
        let day = source.delivered.map_or_else(|| "rien".to_owned(), |day| format!("livraison du {}", date(day)));
        let accepted = source.accepted.map_or_else(String::new, |at| format!(", lue le {}", moment(at, &zone)));
        text.push_str(&format!("Source           {} : {day}{accepted}\n", source.name));
    }
    if found.notices > 0 {
        let waiting = count(found.notices, "message en attente", "messages en attente");
        text.push_str(&format!("Envois           {waiting} (rentree notify list)\n"));
    }
    text.push_str("\nComptes          présents   absents suspendus\n");
    for (profile, stages) in &found.accounts {
        let of = |stage: &str| number(stages.get(stage).copied().unwrap_or_default());
        text.push_str(&format!("  {profile:<14} {:>8} {:>9} {:>9}\n", of("present"), of("absent"), of("suspended")));
    }
    text.push_str(&format!("Fiches imprimées qui comptent : {}\n", number(found.printed)));
    text
}
