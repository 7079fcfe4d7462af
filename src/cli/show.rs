//! `rentree show PLAN`: a saved plan, whole or in part.

use std::path::PathBuf;
use std::sync::Arc;

use rentree::config::Config;
use rentree::feed::values::Uai;
use rentree::plan::file::verify;
use rentree::plan::render;
use rentree::roster::Profile;

use super::exit::Failure;
use super::plan::{failed, page, render_options};
use super::session::StoreSession;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
    /// Writes a self-contained report for a browser: one file (.html), or a folder with a page per school
    #[arg(long, value_name = "FILE|DIR")]
    html: Option<PathBuf>,
    /// Join keys only: no name, no birth date, no value
    #[arg(long)]
    redact: bool,
    /// Also what was read in an earlier plan (`rentree review`), instead of its count
    #[arg(long)]
    seen: bool,
    /// Everybody and every value
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    selection: Selection,
}

/// Which part of the population.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Selection {
    /// Only this school
    #[arg(long, value_name = "UAI")]
    pub school: Option<String>,
    /// Only this class
    #[arg(long = "class", value_name = "NAME")]
    pub class: Option<String>,
    /// Only this profile: pupil, relative, teacher or staff
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Only this person: join key, uid or login
    #[arg(long, value_name = "KEY")]
    pub person: Option<String>,
}

impl Selection {
    pub fn uai(&self) -> Result<Option<Uai>, Failure> {
        self.school
            .as_deref()
            .map(|text| Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI"))))
            .transpose()
    }

    pub fn filter(&self) -> Result<render::Filter, Failure> {
        Ok(render::Filter {
            school: self.uai()?,
            class: self.class.as_deref().map(Into::into),
            profile: self.profile()?,
            person: self.person.clone(),
            ..render::Filter::default()
        })
    }

    pub fn profile(&self) -> Result<Option<Profile>, Failure> {
        self.profile.as_deref().map(profile).transpose()
    }
}

/// A profile by its name.
pub fn profile(name: &str) -> Result<Profile, Failure> {
    Profile::from_name(name)
        .ok_or_else(|| Failure::usage(format!("{name:?} is not a profile: pupil, relative, teacher or staff")))
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let path = PathBuf::from(&args.plan);
    // A file can be read anywhere; its reading list is known where the store is.
    let session = if path.exists() { nearby(global).await } else { Some(StoreSession::open(global).await?) };
    let path = match &session {
        Some(session) => {
            super::expired::locate(&session.store, &session.config.retention, session.now, &args.plan).await?
        }
        None => path,
    };
    let (header, seal) = verify(&path).map_err(failed)?;
    let mut options = render_options(args.full);
    options.filter = args.selection.filter()?;
    options.redact = args.redact;
    if let Some(session) = session.as_ref().filter(|_| !args.seen) {
        options.seen = Arc::new(session.store.reviewed().await?);
    }
    if let Some(html) = &args.html {
        match &session {
            Some(session) => page(&session.store, &path, &header, &options, html).await?,
            None => drop(render::html(&path, &options, html).map_err(failed)?),
        }
    }
    if global.json {
        output::json(&serde_json::json!({ "header": header, "seal": seal }))?;
    } else {
        super::plan::show(&path, &options)?;
    }
    Ok(0)
}

/// The installation around a plan file, where there is one. Looking makes no store.
async fn nearby(global: &Global) -> Option<StoreSession> {
    let config = Config::load(&global.config).ok()?;
    if config.store.file().is_some_and(|file| !file.exists()) {
        return None;
    }
    StoreSession::open(global).await.ok()
}
