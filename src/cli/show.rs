//! `rentree show PLAN`: a saved plan, whole or in part.

use std::path::PathBuf;

use rentree::feed::values::Uai;
use rentree::plan::file::verify;
use rentree::plan::render;
use rentree::roster::Profile;

use super::exit::Failure;
use super::plan::{failed, render_options};
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan file, or the number of a saved plan
    plan: String,
    /// Writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
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
    let path = if path.exists() {
        path
    } else {
        super::apply::locate(&Session::open(global, None).await?, &args.plan).await?
    };
    let (header, seal) = verify(&path).map_err(failed)?;
    let mut options = render_options(args.full);
    options.filter = render::Filter {
        school: args.selection.uai()?,
        class: args.selection.class.as_deref().map(Into::into),
        profile: args.selection.profile()?,
        person: args.selection.person.clone(),
        hold: None,
    };
    if let Some(html) = &args.html {
        render::html(&path, &options, html).map_err(failed)?;
    }
    if global.json {
        output::json(&serde_json::json!({ "header": header, "seal": seal }))?;
    } else {
        options.colour = super::colour();
        render::text(&path, &options, &mut std::io::stdout().lock()).map_err(failed)?;
    }
    Ok(0)
}
