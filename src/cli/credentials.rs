//! `rentree credentials`: the sealed pool, and what is issued.

use std::path::{Path, PathBuf};

use rentree::apply::lockout;
use rentree::apply::probe::prove;
use rentree::audit::Kind;
use rentree::credentials::portal::export_hashes;
use rentree::credentials::{Issuer, Scheme};
use rentree::plan::{Renew, Verdict};
use rentree::roster::Profile;
use rentree::wording;

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, close};
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
        /// For the pupils of a level that [[credentials.levels]] names, a level or a MEF: they have a policy of their own
        #[arg(long, value_name = "LEVEL")]
        level: Option<String>,
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
    /// Seals anew the live credentials that are sealed for others than the configuration names now
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
        Verb::Prepare { count, profile, level } => {
            prepare(global, &open(global).await?, count, (&profile, level.as_deref())).await
        }
        Verb::Status { by_class: false } => status(global, &open(global).await?).await,
        Verb::Status { by_class: true } => super::activation::by_class(global, &open(global).await?).await,
        Verb::Reissue(args) => Box::pin(renew::run(global, Renew::Reissue, args)).await,
        Verb::Revoke(args) => Box::pin(renew::run(global, Renew::Revoke, args)).await,
        Verb::Reseal { school, key, passphrase_fd } => {
            super::reseal::run(global, school.as_deref(), &key, passphrase_fd).await
        }
        Verb::Export { hashes } => export(global, &open(global).await?, &hashes).await,
    }
}

async fn open(global: &Global) -> Result<Session, Failure> {
    Session::open(global, None).await
}

async fn prepare(
    global: &Global,
    session: &Session,
    count: usize,
    (profile, level): (&str, Option<&str>),
) -> Result<u8, Failure> {
    let profile = super::show::profile(profile)?;
    if let Some(level) = level {
        if profile != Profile::Pupil {
            return Err(Failure::usage("--level is one of pupils"));
        }
        if !session.config.credentials.names_level(level) {
            return Err(Failure::usage(format!(
                "no [[credentials.levels]] names {level:?}: its pupils have the policy of their profile, leave --level out"
            )));
        }
    }
    let _lock = session.lock("credentials prepare").await?;
    // The probe is an entry like any other: ahead of the first night its branch is not there yet.
    session.begin_writing().await?;
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
        .fill_pool(&session.store, profile, level, count, |made| {
            session.progress.advance((made - seen) as u64);
            seen = made;
        })
        .await
        .map_err(failed)?;
    let seconds = started.elapsed().as_secs_f64();
    trail
        .record(
            Kind::CredentialsPrepared,
            None,
            serde_json::json!({ "profile": profile, "level": level, "count": count }),
        )
        .map_err(failed)?;
    close(&session.config, &*session.progress, trail).await?;
    let ready = issuer.in_pool(&session.store, profile, level).await.map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({ "made": count, "in_pool": ready, "seconds": seconds }))?;
    } else {
        output::text(&format!(
            "{} en {seconds:.1} s ({:.0} par seconde) ; {} pour « {profile}{} ».\n",
            wording::count(count as u64, "secret préparé", "secrets préparés"),
            count as f64 / seconds.max(0.001),
            wording::count(ready, "prêt", "prêts"),
            level.map(|level| format!(", {level}")).unwrap_or_default()
        ))?;
    }
    Ok(0)
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
