//! `rentree letters --count`: who would get a sheet, and who would not.

use rentree::letters::{self, Count, Inquiry, Reason};
use rentree::wording::date;

use super::exit::Failure;
use super::session::StoreSession;
use super::{Global, output, reseal};

pub async fn run(global: &Global, session: &StoreSession, inquiry: &Inquiry, names: bool) -> Result<u8, Failure> {
    let counted = letters::count(&session.store, &session.config, inquiry).await;
    let mut count = counted.map_err(super::letters::refused)?;
    if !names {
        for row in &mut count.rows {
            row.people.clear();
        }
    }
    if global.json {
        output::json(&count)?;
    } else {
        output::text(&text(&count))?;
    }
    Ok(0)
}

fn text(count: &Count) -> String {
    let mut text = format!(
        "{:<10} {:<16} {:<10} {:>6} {:>7} {:>6}  sans fiche\n",
        "école", "classe", "profil", "fiches", "rappels", "sans"
    );
    let (mut sheets, mut reminders, mut without) = (0, 0, 0);
    for row in &count.rows {
        let none: u64 = row.without.values().sum();
        let profile = row.profile.map_or("", |profile| profile.name());
        let why: Vec<String> = Reason::ALL
            .iter()
            .filter_map(|reason| row.without.get(reason.name()).map(|n| format!("{} ({n})", reason.in_french())))
            .collect();
        text.push_str(&format!(
            "{:<10} {:<16} {profile:<10} {:>6} {:>7} {none:>6}  {}\n",
            row.school,
            row.class.as_deref().unwrap_or_default(),
            row.secret + row.federated,
            row.reminder,
            why.join(" ; ")
        ));
        for person in &row.people {
            if let Some(why) = person.why {
                text.push_str(&format!("    {} : {}\n", person.name, why.in_french()));
            }
            if let Some((school, at)) = &person.elsewhere {
                let day = date(at.to_zoned(jiff::tz::TimeZone::system()).date());
                text.push_str(&format!("    {} : fiche aussi imprimée par {school} le {day}\n", person.name));
            }
        }
        sheets += row.secret + row.federated;
        reminders += row.reminder;
        without += none;
    }
    text.push_str(&format!("{:<38} {sheets:>6} {reminders:>7} {without:>6}\n", "total"));
    if count.to_reseal > 0 {
        text.push_str(&format!("{} : {}.\n", reseal::in_words(count.to_reseal), reseal::HINT));
    }
    text
}
