//! `rentree credentials reseal`, and what other verbs say of envelopes that wait for it.

use std::path::Path;

use rentree::credentials::{read_key, reseal};
use rentree::feed::values::Uai;
use rentree::plan::Verdict;
use rentree::store::RunLock;
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, close, open_trail, tell_head};
use super::{Global, output};

/// The command that mends it.
pub const HINT: &str = "rentree credentials reseal --key FICHIER, avec la clé du projet";

/// What is said of envelopes that are sealed for others than they should be.
pub fn in_words(to_reseal: u64) -> String {
    format!(
        "{} pour d'autres clés que celles d'aujourd'hui (qui change d'établissement, clé ajoutée ou retirée)",
        count(to_reseal, "enveloppe est scellée", "enveloppes sont scellées")
    )
}

/// The same of those of whom it is not known.
pub fn unknown_in_words(unknown: u64) -> String {
    format!(
        "{} par une version antérieure, qui ne notait pas pour quelles clés",
        count(unknown, "enveloppe est scellée", "enveloppes sont scellées")
    )
}

pub async fn run(global: &Global, school: Option<&str>, key: &Path, passphrase_fd: Option<u32>) -> Result<u8, Failure> {
    let school = match school {
        Some(text) => Some(Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))?),
        None => None,
    };
    let passphrase =
        || super::init::passphrase(passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = read_key(key, passphrase).map_err(failed)?;
    let session = StoreSession::open(global).await?;
    let _lock = RunLock::take(&session.store, "credentials reseal").await?;
    let trail = open_trail(&session.store, session.run).await?;
    let letters = &session.config.letters;
    let outcome =
        reseal(&session.store, letters, school.as_ref(), &key, &trail, &*session.progress).await.map_err(failed);
    let head = close(&session.config, &*session.progress, trail).await?;
    // What the old recipients could open does not linger in the log of the database.
    session.store.empty_log().await?;
    let done = outcome?;
    if global.json {
        output::json(&done)?;
    } else {
        output::text(&format!(
            "{} à nouveau pour les clés de la configuration ; {} l'étaient déjà ; {} que cette clé n'ouvre pas.\n",
            count(done.resealed, "enveloppe scellée", "enveloppes scellées"),
            number(done.right),
            number(done.unopened)
        ))?;
        tell_head(&*session.progress, head);
    }
    Ok(if done.unopened > 0 { Verdict::Partial } else { Verdict::Done }.exit_code(false))
}
