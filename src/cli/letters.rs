//! `rentree letters`: prints credential sheets.

use std::path::{Path, PathBuf};

use rentree::credentials::{PrintKey, read_key};
use rentree::letters::{self, Printed, Selection};
use rentree::plan::Verdict;
use rentree::roster::JoinKey;

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, tell_head};
use super::{Global, output, show};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the PDF files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The private print key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Reads the passphrase of the key from this open file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    passphrase_fd: Option<u32>,
    /// Only people who never got a sheet
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    selection: show::Selection,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    let selection = Selection {
        school: args.selection.uai()?,
        class: args.selection.class.clone(),
        profile: args.selection.profile()?,
        person: match &args.selection.person {
            Some(person) => Some(who(&session, person).await?),
            None => None,
        },
    };
    let key = read_key(&args.key, || {
        super::init::passphrase(args.passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()))
    })
    .map_err(failed)?;
    let printed = print(&session, selection, args.new, &args.out, key).await?;
    if global.json {
        output::json(&printed)?;
    } else {
        let mut text = String::new();
        for file in &printed.files {
            text.push_str(&format!("{:>5} fiches  {}\n", file.sheets, file.path.display()));
        }
        for (reason, count) in &printed.without {
            let why = match *reason {
                "no_envelope" => "sans identifiant imprimable (déjà activé, compte repris, ou enveloppe périmée)",
                other => other,
            };
            text.push_str(&format!("{count:>5} sans fiche : {why}\n"));
        }
        text.push_str(&format!(
            "Lot {} : {} fiches en {} fichiers.\n",
            printed.batch,
            printed.sheets(),
            printed.files.len()
        ));
        output::text(&text)?;
    }
    Ok(0)
}

/// Finds a person by join key, uid or login.
async fn who(session: &StoreSession, person: &str) -> Result<JoinKey, Failure> {
    let same = |name: &str| name.eq_ignore_ascii_case(person);
    let names = session.store.names().await?;
    names
        .into_iter()
        .find(|row| row.join_key.as_str() == person || same(row.uid.as_str()) || same(row.login.as_str()))
        .map(|row| row.join_key)
        .ok_or_else(|| Failure::usage(format!("nobody here has the join key, uid or login {person:?}")))
}

/// Prints a selection with its trail.
pub async fn print(
    session: &StoreSession,
    selection: Selection,
    only_new: bool,
    out: &Path,
    key: PrintKey,
) -> Result<Printed, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let template = match &session.config.letters.template {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map_err(|e| Failure::failed(format!("cannot read the template {}: {e}", path.display())))?,
        ),
        None => None,
    };
    let job = letters::Job {
        selection,
        only_new,
        out,
        keys: &[key],
        program: &program,
        template,
        today: session.today,
        now: session.now,
    };
    let trail = session.trail().await?;
    let printed = letters::print(&session.store, &session.config, &job, &trail, &*session.progress).await;
    let head = trail.close().await.map_err(failed)?;
    tell_head(&*session.progress, head);
    printed.map_err(|error| match error {
        letters::PrintError::Store(error) => error.into(),
        letters::PrintError::Image(error) => error.into(),
        other => Failure::new(Verdict::Failed, other),
    })
}
