//! `rentree credentials`: the sealed pool, and what is issued.

use std::path::{Path, PathBuf};

use rentree::apply::lockout;
use rentree::apply::probe::prove;
use rentree::audit::Kind;
use rentree::credentials::portal::export_hashes;
use rentree::credentials::{Issuer, Scheme, read_key, reseal};
use rentree::feed::values::Uai;
use rentree::plan::{Renew, Verdict};
use rentree::store::RunLock;
use rentree::wording;

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, StoreSession, close, open_trail, tell_head};
use super::{Global, output, renew};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Draws, hashes and seals secrets ahead of the rush
    Prepare {
        /// How many
        count: usize,
        /// For this profile's policy: pupil, relative, teacher or staff
        #[arg(long, default_value = "pupil")]
        profile: String,
    },
    /// How many credentials there are, by profile and state
    Status {
        /// Who has taken his account over and who has not yet, by school and class, as the directory shows it
        #[arg(long)]
        by_class: bool,
    },
    /// Another first password for somebody, a class, a school: what was printed before opens nothing any more
    Reissue(renew::Args),
    /// Takes first passwords back: what was printed opens nothing any more, and nobody gets another one
    Revoke(renew::Args),
    /// Seals the live credentials anew, for the recipients that the configuration names now
    Reseal {
        /// Only people of this school
        #[arg(long, value_name = "UAI")]
        school: Option<String>,
        /// The private print key of the project
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Reads the passphrase of the key from this open file descriptor instead of the terminal
        #[arg(long, value_name = "FD")]
        passphrase_fd: Option<u32>,
    },
    /// Gives a portal the hashes that it is to check (profiles of mode "portal")
    Export {
        /// Where to write them, one JSON object a line (created, readable by its owner only)
        #[arg(long, value_name = "FILE")]
        hashes: PathBuf,
    },
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    match verb {
        Verb::Prepare { count, profile } => prepare(global, &open(global).await?, count, &profile).await,
        Verb::Status { by_class: false } => status(global, &open(global).await?).await,
        Verb::Status { by_class: true } => super::activation::by_class(global, &open(global).await?).await,
        Verb::Reissue(args) => Box::pin(renew::run(global, Renew::Reissue, args)).await,
        Verb::Revoke(args) => Box::pin(renew::run(global, Renew::Revoke, args)).await,
        Verb::Reseal { school, key, passphrase_fd } => resealed(global, school.as_deref(), &key, passphrase_fd).await,
        Verb::Export { hashes } => export(global, &open(global).await?, &hashes).await,
    }
}

async fn open(global: &Global) -> Result<Session, Failure> {
    Session::open(global, None).await
}

async fn prepare(global: &Global, session: &Session, count: usize, profile: &str) -> Result<u8, Failure> {
    let profile = super::show::profile(profile)?;
    let _lock = session.lock("credentials prepare")?;
    let trail = session.trail().await?;
    // The pool is of no use under a scheme that the server does not check: it is proved now, not in September.
    let config = &session.config;
    lockout::require(&session.store, &config.credentials, &session.directory.describe(), session.today)
        .await
        .map_err(|e| Failure::new(Verdict::Refused, e))?;
    let allowed = Scheme::allowed(config.directory.password_scheme);
    let proof = prove(&*session.directory, &session.dialect, &config.credentials, &allowed)
        .await
        .map_err(|e| Failure::new(Verdict::Refused, e))?;
    let issuer = Issuer::new(&config.credentials, &config.letters, proof.scheme).map_err(failed)?;
    session.progress.begin("credentials", Some(count as u64));
    let started = std::time::Instant::now();
    let mut seen = 0;
    issuer
        .fill_pool(&session.store, profile, count, |made| {
            session.progress.advance((made - seen) as u64);
            seen = made;
        })
        .await
        .map_err(failed)?;
    let seconds = started.elapsed().as_secs_f64();
    trail
        .record(Kind::CredentialsPrepared, None, serde_json::json!({ "profile": profile, "count": count }))
        .map_err(failed)?;
    close(&session.config, &*session.progress, trail).await?;
    let ready = issuer.in_pool(&session.store, profile).await.map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({ "made": count, "in_pool": ready, "seconds": seconds }))?;
    } else {
        output::text(&format!(
            "{} en {seconds:.1} s ({:.0} par seconde) ; {} pour « {profile} ».\n",
            wording::count(count as u64, "secret préparé", "secrets préparés"),
            count as f64 / seconds.max(0.001),
            wording::count(ready, "prêt", "prêts")
        ))?;
    }
    Ok(0)
}

async fn resealed(
    global: &Global,
    school: Option<&str>,
    key: &Path,
    passphrase_fd: Option<u32>,
) -> Result<u8, Failure> {
    let school = match school {
        Some(text) => Some(Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))?),
        None => None,
    };
    let passphrase =
        || super::init::passphrase(passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = read_key(key, passphrase).map_err(failed)?;
    let session = StoreSession::open(global).await?;
    let _lock = RunLock::take(&session.store, "credentials reseal")?;
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
            "{} à nouveau pour les clés de la configuration ; {} que cette clé n'ouvre pas.\n",
            wording::count(done.resealed, "enveloppe scellée", "enveloppes scellées"),
            wording::number(done.unopened)
        ))?;
        tell_head(&*session.progress, head);
    }
    Ok(if done.unopened > 0 { Verdict::Partial } else { Verdict::Done }.exit_code(false))
}

async fn export(global: &Global, session: &Session, path: &Path) -> Result<u8, Failure> {
    let trail = session.trail().await?;
    let exported = export_hashes(&session.store, &session.config.credentials, &trail, path).await.map_err(failed);
    let closed = close(&session.config, &*session.progress, trail).await;
    let count = exported?;
    closed?;
    if global.json {
        output::json(&serde_json::json!({ "file": path, "credentials": count }))?;
    } else {
        output::text(&format!(
            "{} dans {} : à donner au portail par un canal sûr, puis à supprimer.\n",
            wording::count(count, "empreinte écrite", "empreintes écrites"),
            path.display()
        ))?;
    }
    Ok(0)
}

async fn status(global: &Global, session: &Session) -> Result<u8, Failure> {
    let counts = session.store.envelope_counts().await?;
    if global.json {
        let rows: Vec<_> = counts
            .iter()
            .map(|(profile, state, count, printed)| {
                serde_json::json!({ "profile": profile, "state": state.name(), "count": count, "printed": printed })
            })
            .collect();
        output::json(&rows)?;
    } else {
        let mut text = String::new();
        for (profile, state, count, printed) in &counts {
            text.push_str(&format!("{profile:<10} {:<12} {count:>8}  dont imprimés {printed:>8}\n", state.name()));
        }
        output::text(&text)?;
    }
    Ok(0)
}
