//! `rentree letters --csv`: tables for mail merge and for labels.

use std::path::Path;

use rentree::letters::{self, Labels};
use rentree::wording::{agree, count};

use super::exit::Failure;
use super::letters::{Asked, refused};
use super::plan::failed;
use super::session::{StoreSession, must_be_new};
use super::{Global, output};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// A row per sheet with all that is on it, the password included
    Merge,
    /// Addresses, one per sheet or per household; nothing secret, no key
    Labels,
}

/// Refuses what would write no table, or one that somebody takes for something else.
pub fn may_write(table: Table, out: &Path, has_key: bool, for_shop: bool) -> Result<(), Failure> {
    if table == Table::Merge && !has_key {
        return Err(Failure::usage("--csv merge writes passwords: it needs --key"));
    }
    let wanted = if for_shop { "age" } else { "csv" };
    if !out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted)) {
        return Err(Failure::usage(format!("--out {}: the file of this table ends with .{wanted}", out.display())));
    }
    must_be_new(out)
}

pub async fn labels(global: &Global, session: &StoreSession, asked: Asked<'_>) -> Result<u8, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let job = asked.job(session, &program)?;
    let labels = letters::labels(&session.store, &session.config, &job).await.map_err(refused)?;
    if global.json {
        output::json(&labels)?;
    } else {
        output::text(&in_words(&labels))?;
    }
    Ok(0)
}

fn in_words(done: &Labels) -> String {
    let Some(file) = &done.file else { return "Aucune fiche dans cette sélection : pas d'étiquette.\n".to_owned() };
    let mut text = format!(
        "{} pour {} : {}\n",
        count(done.labels, "étiquette", "étiquettes"),
        count(done.sheets, "fiche", "fiches"),
        file.display()
    );
    if done.without_address > 0 {
        let some = agree(done.without_address, "porte", "portent");
        let labels = count(done.without_address, "étiquette ne", "étiquettes ne");
        text.push_str(&format!("{labels} {some} qu'un nom : pas d'adresse postale dans les exports.\n"));
    }
    text
}
