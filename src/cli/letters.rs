//! `rentree letters`: prints credential sheets.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rentree::config::{Layout, Order};
use rentree::credentials::{PrintKey, read_key};
use rentree::letters::{self, Inquiry, Printed, Reason, Reprint, Selection, Shop, Wanted};
use rentree::plan::Verdict;
use rentree::store::TooMany;
use rentree::wording::{agree, count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, StoreSession, close, tell_head};
use super::{Global, activation, mailing, output, pack, printed, show};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Folder for the PDF files; with --csv, the file of the table
    #[arg(long, value_name = "DIR", required_unless_present = "count")]
    out: Option<PathBuf>,
    /// The private print key; a count, a list and labels need none
    #[arg(long, value_name = "FILE", required_unless_present_any = ["list", "count", "csv"])]
    key: Option<PathBuf>,
    /// Reads the passphrase of the key from this open file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    passphrase_fd: Option<u32>,
    /// Prints a pack, in the school: with its key, and neither configuration nor register
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with_all = [
        "new", "count", "names", "ask_directory", "reminders", "by", "layout", "list", "no_cover", "household", "csv",
        "shop", "school", "class", "profile", "person",
    ])]
    pack: Option<PathBuf>,
    /// Only people who never got a sheet of this school for their present password
    #[arg(long)]
    new: bool,
    /// Prints nothing: who would get a sheet, who would not and why, by class
    #[arg(long, conflicts_with_all = ["out", "key", "list", "layout"])]
    count: bool,
    /// With --count: the names of those without a sheet
    #[arg(long, requires = "count")]
    names: bool,
    /// Asks the directory who has taken his account over or is locked: no sheet for them
    #[arg(long)]
    ask_directory: bool,
    /// A sheet without password for whoever uses his account already (asks the directory)
    #[arg(long, conflicts_with = "list")]
    reminders: bool,
    /// By class to hand out, by household to post, or a school in one file; otherwise as configured
    #[arg(long, value_enum)]
    by: Option<By>,
    /// How the sheets lie on the paper; otherwise as configured
    #[arg(long, value_enum)]
    layout: Option<OnPaper>,
    /// No sheets: the list of each class with a column to sign, nothing secret
    #[arg(long, conflicts_with_all = ["layout", "key"])]
    list: bool,
    /// No PDF: a table for a spreadsheet
    #[arg(long, value_name = "TABLE", value_enum, conflicts_with_all = ["count", "list", "layout", "no_cover"])]
    csv: Option<mailing::Table>,
    /// Encrypts what is written for this print shop ([letters.shops.NAME]); nothing in clear reaches the disk
    #[arg(long = "for", value_name = "NAME", conflicts_with = "count")]
    shop: Option<String>,
    /// Without the page before the sheets that says what is in the file
    #[arg(long)]
    no_cover: bool,
    /// Only this person and whoever lives at the same home: join key, uid or login
    #[arg(long, value_name = "KEY", conflicts_with = "person")]
    household: Option<String>,
    #[command(flatten)]
    selection: show::Selection,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    #[command(flatten)]
    Register(printed::Verb),
    #[command(flatten)]
    Packs(pack::Verb),
    /// Shows sheets of invented people, as a template or the configuration makes them
    Preview {
        /// A project's own template (Typst); otherwise the configured or the shipped one
        #[arg(long, value_name = "FILE")]
        template: Option<PathBuf>,
        /// How the sheets lie on the paper; otherwise as configured
        #[arg(long, value_enum)]
        layout: Option<OnPaper>,
        /// Folder for the PDF files
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
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

/// See [`Order`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// By profile and class
    Class,
    /// The sheets of a household together, adults first
    Household,
    /// Everybody of a school in one file, by profile and class
    School,
}

impl From<By> for Order {
    fn from(by: By) -> Self {
        match by {
            By::Class => Self::Class,
            By::Household => Self::Household,
            By::School => Self::School,
        }
    }
}

/// What a run prints.
pub struct Asked<'a> {
    pub inquiry: Inquiry,
    /// Why they are printed again, when they are.
    pub reason: Option<Reprint>,
    pub layout: Option<Layout>,
    pub cover: bool,
    pub out: &'a Path,
    /// None for a list.
    pub key: Option<PrintKey>,
    /// One table instead of PDF files.
    pub table: bool,
    pub shop: Option<Shop>,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    match args.verb {
        Some(Verb::Preview { template, layout, out }) => {
            return super::preview::run(global, template, layout.map(Layout::from), &out).await;
        }
        Some(Verb::Register(verb)) => return printed::run(global, verb).await,
        Some(Verb::Packs(verb)) => return pack::run(global, verb).await,
        None => {}
    }
    if let (Some(file), Some(key), Some(out)) = (&args.pack, &args.key, &args.out) {
        return pack::print(global, file, key, args.passphrase_fd, out).await;
    }
    // The directory is asked only where that is wanted: sheets are also printed on machines that cannot reach it.
    let (session, signs) = if args.ask_directory || args.reminders {
        let session = Session::open(global, None).await?;
        let signs = activation::signs(&session).await?;
        (session.store_session(), signs)
    } else {
        (StoreSession::open(global).await?, HashMap::new())
    };
    let selection = Selection {
        school: args.selection.uai()?,
        class: args.selection.class.clone(),
        profile: args.selection.profile()?,
        person: match args.selection.person.as_ref().or(args.household.as_ref()) {
            Some(person) => Some(super::renew::who(&session.store, person).await?),
            None => None,
        },
        household: args.household.is_some(),
    };
    let together = args.household.as_ref().map(|_| Order::Household);
    let inquiry = Inquiry {
        selection,
        wanted: Wanted { only_new: args.new, reminders: args.reminders, again: false },
        signs,
        order: args.by.map(Order::from).or(together),
        only: None,
        today: session.today,
    };
    let Some(out) = args.out.as_deref().filter(|_| !args.count) else {
        return super::count::run(global, &session, &inquiry, args.names).await;
    };
    let shop = args.shop.as_deref().map(|name| Shop::of(&session.config.letters, name));
    let shop = shop.transpose().map_err(|e| Failure { usage: true, ..failed(e) })?;
    if let Some(table) = args.csv {
        mailing::may_write(table, out, args.key.is_some(), shop.is_some())?;
    }
    let passphrase =
        || super::init::passphrase(args.passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = args.key.as_deref().map(|key| read_key(key, passphrase)).transpose().map_err(failed)?;
    // A sheet that is printed for somebody at the counter needs no page before it.
    // What a print shop prints is for those who are in it: who gets no sheet and why is none of its business.
    let cover = !args.no_cover
        && shop.is_none()
        && inquiry.selection.person.is_none()
        && session.config.letters.cover.unwrap_or(true);
    let layout = if args.list { Some(Layout::List) } else { args.layout.map(Layout::from) };
    let table = args.csv == Some(mailing::Table::Merge);
    let asked = Asked { inquiry, reason: None, layout, cover, out, key, table, shop };
    if args.csv == Some(mailing::Table::Labels) {
        return mailing::labels(global, &session, asked).await;
    }
    let printed = print(&session, asked).await?;
    if global.json {
        output::json(&printed)?;
    } else {
        output::text(&in_words(&printed))?;
    }
    Ok(0)
}

/// Sheets printed by another school that are named one by one.
const ELSEWHERE: usize = 20;

pub fn in_words(printed: &Printed) -> String {
    let mut text = String::new();
    for file in &printed.files {
        text.push_str(&line(file.sheets, &file.path));
    }
    for reason in Reason::ALL {
        if let Some(count) = printed.without.get(reason.name()) {
            text.push_str(&format!("{count:>5} sans fiche : {}\n", reason.in_french()));
        }
    }
    if printed.without.contains_key(Reason::SealedBefore.name()) {
        text.push_str(&format!("      → {}\n", super::reseal::HINT));
    }
    for there in printed.elsewhere.iter().take(ELSEWHERE) {
        let day = rentree::wording::date(there.at.to_zoned(jiff::tz::TimeZone::system()).date());
        text.push_str(&format!("      {} : fiche aussi imprimée par {} le {day}\n", there.name, there.school));
    }
    if let Some(more) = printed.elsewhere.len().checked_sub(ELSEWHERE).filter(|more| *more > 0) {
        let more = count(more as u64, "autre", "autres");
        text.push_str(&format!("      et {more}, dont un autre établissement a imprimé la fiche (--json)\n"));
    }
    if printed.files.is_empty() {
        text.push_str("Rien n'a été imprimé.\n");
        return text;
    }
    let sheets = count(printed.sheets(), "fiche", "fiches");
    let files = count(printed.files.len() as u64, "fichier", "fichiers");
    text.push_str(&format!("Lot {} : {sheets} en {files}.\n", printed.batch));
    text
}

/// `   24 fiches  0350001A_6B_pupil.pdf`, one under another.
pub fn line(sheets: u64, path: &Path) -> String {
    format!("{:>5} {:<6}  {}\n", number(sheets), agree(sheets, "fiche", "fiches"), path.display())
}

impl Asked<'_> {
    /// `program` is this very program.
    pub fn job<'a>(&'a self, session: &StoreSession, program: &'a Path) -> Result<letters::Job<'a>, Failure> {
        let template = session.config.letters.template.as_deref().filter(|_| !self.table);
        Ok(letters::Job {
            inquiry: self.inquiry.clone(),
            reason: self.reason,
            layout: self.layout,
            cover: self.cover,
            out: self.out,
            keys: self.key.as_slice(),
            program,
            template: template.map(read_template).transpose()?,
            shop: self.shop.as_ref(),
            now: session.now,
        })
    }
}

/// Prints a selection with its trail.
pub async fn print(session: &StoreSession, asked: Asked<'_>) -> Result<Printed, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let job = asked.job(session, &program)?;
    let trail = session.trail().await?;
    let credentials = &session.config.credentials;
    rentree::credentials::expire(&session.store, credentials, (session.today, session.now), &trail)
        .await
        .map_err(failed)?;
    let (store, config, progress) = (&session.store, &session.config, &*session.progress);
    let printed = if asked.table {
        letters::merge(store, config, job, &trail, progress).await
    } else {
        letters::print(store, config, &job, &trail, progress).await
    };
    let head = close(&session.config, &*session.progress, trail).await?;
    tell_head(&*session.progress, head);
    printed.map_err(refused)
}

pub fn refused(error: letters::PrintError) -> Failure {
    match error {
        letters::PrintError::Store(error) => error.into(),
        letters::PrintError::Image(error) => error.into(),
        letters::PrintError::TooManyOpened { asked, most, full, .. } => Failure {
            report: miette::Report::msg(too_many(asked, most, &full)),
            verdict: Verdict::Refused,
            usage: false,
        },
        error @ (letters::PrintError::NoClass { .. } | letters::PrintError::NoSchool { .. }) => {
            Failure::usage(error.to_string())
        }
        other => Failure::new(Verdict::Failed, other),
    }
}

/// A template larger than this is none.
const TEMPLATE_LIMIT: u64 = 1 << 20;

pub fn read_template(path: &Path) -> Result<String, Failure> {
    let failed = |why: String| Failure::failed(format!("cannot read the template {}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| failed(e.to_string()))?.len();
    if size > TEMPLATE_LIMIT {
        return Err(failed(format!("it is larger than {TEMPLATE_LIMIT} bytes")));
    }
    std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))
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
