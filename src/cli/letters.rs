//! `rentree letters`: prints credential sheets.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rentree::config::Layout;
use rentree::credentials::{PrintKey, read_key};
use rentree::letters::{self, Printed, Reprint, Selection};
use rentree::plan::Verdict;
use rentree::roster::JoinKey;
use rentree::store::TooMany;
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, tell_head};
use super::{Global, output, printed, show};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<printed::Verb>,
    /// Folder for the PDF files
    #[arg(long, value_name = "DIR", required = true)]
    out: Option<PathBuf>,
    /// The private print key; a list needs none
    #[arg(long, value_name = "FILE", required_unless_present_any = ["list"])]
    key: Option<PathBuf>,
    /// Reads the passphrase of the key from this open file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    passphrase_fd: Option<u32>,
    /// Only people who never got a sheet
    #[arg(long)]
    new: bool,
    /// How the sheets lie on the paper; otherwise as configured
    #[arg(long, value_enum)]
    layout: Option<OnPaper>,
    /// No sheets: the list of each class with a column to sign, nothing secret
    #[arg(long, conflicts_with_all = ["layout", "key"])]
    list: bool,
    /// Without the page before the sheets that says what is in the file
    #[arg(long)]
    no_cover: bool,
    #[command(flatten)]
    selection: show::Selection,
}

/// See [`Layout`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OnPaper {
    /// A page each, with the address where a window envelope shows it
    Letter,
    /// Two on a page, to cut in the middle
    Half,
    /// Eight cards on a page, to cut
    Cards,
    /// Two on a page in large type, for the very young
    Large,
}

impl From<OnPaper> for Layout {
    fn from(on_paper: OnPaper) -> Self {
        match on_paper {
            OnPaper::Letter => Self::Letter,
            OnPaper::Half => Self::Half,
            OnPaper::Cards => Self::Cards,
            OnPaper::Large => Self::Large,
        }
    }
}

/// What a run prints.
pub struct Asked<'a> {
    pub selection: Selection,
    pub only_new: bool,
    pub reason: Option<Reprint>,
    pub only: Option<HashSet<JoinKey>>,
    pub layout: Option<Layout>,
    pub cover: bool,
    pub out: &'a Path,
    /// None for a list.
    pub key: Option<PrintKey>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    if let Some(verb) = args.verb {
        return printed::run(global, verb).await;
    }
    let out = args.out.ok_or_else(|| Failure::usage("--out is missing"))?;
    let session = StoreSession::open(global).await?;
    let selection = Selection {
        school: args.selection.uai()?,
        class: args.selection.class.clone(),
        profile: args.selection.profile()?,
        person: match &args.selection.person {
            Some(person) => Some(super::renew::who(&session.store, person).await?),
            None => None,
        },
    };
    let passphrase =
        || super::init::passphrase(args.passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = args.key.as_deref().map(|key| read_key(key, passphrase)).transpose().map_err(failed)?;
    // A sheet that is printed for somebody at the counter needs no page before it.
    let cover = !args.no_cover && selection.person.is_none() && session.config.letters.cover.unwrap_or(true);
    let layout = if args.list { Some(Layout::List) } else { args.layout.map(Layout::from) };
    let asked = Asked { selection, only_new: args.new, reason: None, only: None, layout, cover, out: &out, key };
    let printed = print(&session, asked).await?;
    if global.json {
        output::json(&printed)?;
    } else {
        output::text(&in_words(&printed))?;
    }
    Ok(0)
}

/// Which files hold how many sheets, and who has none.
pub fn in_words(printed: &Printed) -> String {
    let mut text = String::new();
    for file in &printed.files {
        text.push_str(&format!("{:>5} fiches  {}\n", file.sheets, file.path.display()));
    }
    for (reason, count) in &printed.without {
        let why = match *reason {
            "no_envelope" => "sans identifiant imprimable (déjà activé, compte repris, ou enveloppe périmée)",
            "other_school" => "enveloppes d'une autre école, que cette clé n'ouvre pas",
            "sealed_before" => "scellées avant que l'établissement ait sa clé : « rentree credentials reseal »",
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
    text
}

/// Prints a selection with its trail.
pub async fn print(session: &StoreSession, asked: Asked<'_>) -> Result<Printed, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let template = match &session.config.letters.template {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .map_err(|e| Failure::failed(format!("cannot read the template {}: {e}", path.display())))?,
        ),
        None => None,
    };
    let job = letters::Job {
        selection: asked.selection,
        only_new: asked.only_new,
        reason: asked.reason,
        only: asked.only,
        layout: asked.layout,
        cover: asked.cover,
        out: asked.out,
        keys: asked.key.as_slice(),
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
        letters::PrintError::TooManyOpened { asked, most, full, .. } => Failure {
            report: miette::Report::msg(too_many(asked, most, &full)),
            verdict: Verdict::Refused,
            usage: false,
        },
        other => Failure::new(Verdict::Failed, other),
    })
}

/// Why nothing was opened, and when to go on.
pub fn too_many(asked: u64, most: u64, full: &TooMany) -> String {
    let why = format!(
        "rien n'a été ouvert ni imprimé : il faudrait ouvrir {}, vous en avez ouvert {} depuis une heure, et au plus {} le \
         sont par heure (letters.openings_per_hour)",
        count(asked, "enveloppe", "enveloppes"),
        number(full.opened),
        number(most)
    );
    match full.again {
        Some(at) => {
            let at = at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string();
            format!("{why}. Recommencez à partir de {at}.")
        }
        None => {
            format!("{why}. C'est plus qu'une heure n'en permet : imprimez par établissement (--school) ou par classe.")
        }
    }
}
