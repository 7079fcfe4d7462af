//! `rentree reprint`: a sheet again. After a paper jam the same credential is printed once more; for a lost sheet another
//! one takes its place first, so that whoever finds the lost one has nothing.

use std::collections::HashSet;
use std::path::PathBuf;

use rentree::apply::Applied;
use rentree::audit::{Actor, Trail};
use rentree::credentials::{PrintKey, read_key};
use rentree::feed::values::Uai;
use rentree::letters::{Inquiry, Printed, Reprint, Selection, Wanted};
use rentree::plan::file::Reader;
use rentree::plan::{Kept, Line, Renew, Renewal, Verdict, Whom};
use rentree::roster::JoinKey;

use super::exit::Failure;
use super::letters::{Asked, in_words, print, too_many};
use super::plan::{failed, render_options, show};
use super::renew::{self, Done};
use super::session::{Session, StoreSession};
use super::{Global, output, show};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What happened to the sheet
    #[arg(long, value_enum)]
    reason: Why,
    /// More about it, for the register and the trail
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Folder for the PDF files; each print run has one of its own in it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The private print key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Reads the passphrase of the key from this open file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    passphrase_fd: Option<u32>,
    /// Lost: also who has activated the account, or may have; the password that they chose opens nothing any more
    #[arg(long)]
    reset: bool,
    /// Lost: refuses more people
    #[arg(long, value_name = "N", default_value_t = 40)]
    at_most: u64,
    /// Lost: writes to the directory at any time, whatever directory.write_window says
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    selection: show::Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Why {
    /// The paper was spoilt, and nobody else has it: the same password again
    Jam,
    /// The sheet is somewhere: another password, and the lost one opens nothing any more
    Lost,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let selects = &args.selection;
    if selects.person.is_none() && selects.school.is_none() {
        return Err(Failure::usage("whose? --person, or --school (with --class)"));
    }
    if selects.class.is_some() && selects.school.is_none() {
        return Err(Failure::usage("a class is one of a school: add --school"));
    }
    let passphrase =
        || super::init::passphrase(args.passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = read_key(&args.key, passphrase).map_err(failed)?;
    match args.reason {
        Why::Jam => {
            let session = StoreSession::open(global).await?;
            let selection = selection(&session, selects).await?;
            let printed = again(&session, &args, selection, Reprint::Jam, None, key).await?;
            tell(global, &printed, &[])?;
            Ok(0)
        }
        Why::Lost => lost(global, &args, key).await,
    }
}

async fn selection(session: &StoreSession, selects: &show::Selection) -> Result<Selection, Failure> {
    Ok(Selection {
        school: selects.uai()?,
        class: selects.class.clone(),
        profile: selects.profile()?,
        person: match &selects.person {
            Some(person) => Some(renew::who(&session.store, person).await?),
            None => None,
        },
        household: false,
    })
}

async fn lost(global: &Global, args: &Args, key: PrintKey) -> Result<u8, Failure> {
    let mut session = Session::open(global, None).await?;
    if args.now {
        session.hours = None;
    }
    let selection = selection(&session.store_session(), &args.selection).await?;
    ready_to_print(&session, &selection, &key).await?;
    let note = args.note.as_deref().map(renew::reason).transpose()?;
    let reason = note.map_or_else(|| "fiche perdue".to_owned(), |note| format!("fiche perdue : {note}"));
    let whom = Whom {
        school: selection.school.clone(),
        class: selection.class.clone(),
        profile: selection.profile,
        persons: selection.person.iter().cloned().collect(),
        most: args.at_most,
        out: None,
    };
    let renewal = Renewal { action: Renew::Reissue, reason, reset: args.reset };
    let lock = session.lock("reprint").await?;
    let asked = [("reason", serde_json::json!(renewal.reason)), ("reset", serde_json::json!(renewal.reset))];
    let trail = session.begin_with("reprint", None, &asked).await?;
    let outcome = replace(global, &session, &whom, renewal, &trail).await;
    let verdict = match &outcome {
        Ok(Replaced { applied, .. }) => super::apply::verdict(applied, false),
        Err(failure) => failure.verdict,
    };
    let finished = session.finish(trail, verdict).await;
    let Replaced { keys, kept, applied } = outcome?;
    finished?;
    drop(lock);
    if keys.is_empty() {
        if global.json {
            output::json(&serde_json::json!({ "files": [], "kept": kept, "stopped": applied.stopped }))?;
        } else {
            output::text(&renew::in_words(&kept))?;
        }
        if !global.json && (!applied.moved.is_empty() || !applied.failed.is_empty() || applied.stopped.is_some()) {
            super::apply::report(&applied)?;
        }
        session.progress.note("aucun mot de passe remplacé : rien à imprimer");
        return Ok(if verdict == Verdict::Unchanged { Verdict::Held } else { verdict }.exit_code(false));
    }
    let session = session.store_session();
    let printed = again(&session, args, selection, Reprint::Lost, Some(keys), key).await?;
    tell(global, &printed, &kept)?;
    Ok(verdict.exit_code(false))
}

/// Nobody's password is replaced when its sheet could not be printed afterwards.
async fn ready_to_print(session: &Session, selection: &Selection, key: &PrintKey) -> Result<(), Failure> {
    let letters = &session.config.letters;
    let own = key.recipient().to_string();
    let persons: Vec<JoinKey> = selection.person.iter().cloned().collect();
    let accounts = session.store.accounts_of(&persons).await?;
    let of_person =
        accounts.values().flat_map(|account| account.schools.iter().map(compact_str::CompactString::as_str));
    let schools = selection.school.iter().map(Uai::as_str).chain(of_person);
    if !letters.recipients_of(schools).contains(&own) {
        return Err(Failure::usage(format!(
            "this key opens nothing that is sealed for them from now on: its public half, {own}, is neither in \
             letters.recipients nor in those of their schools"
        )));
    }
    if letters.login_url.is_empty() {
        return Err(Failure::failed("letters.login_url is not configured: the sheets would not say where to connect"));
    }
    if let Some(most) = letters.most_openings()
        && let Some(full) = session.store.room_for_openings(Actor::current().as_str(), 1, most, session.now).await?
    {
        let report = miette::Report::msg(too_many(1, most, &full));
        return Err(Failure { report, verdict: Verdict::Refused, usage: false });
    }
    Ok(())
}

/// Whose credentials were replaced, and whose were not.
struct Replaced {
    keys: HashSet<JoinKey>,
    kept: Vec<Kept>,
    applied: Applied,
}

async fn replace(
    global: &Global,
    session: &Session,
    whom: &Whom,
    renewal: Renewal,
    trail: &Trail,
) -> Result<Replaced, Failure> {
    session.may_write()?;
    let show_it = |path: &std::path::Path| if global.json { Ok(()) } else { show(path, &render_options(false)) };
    let Done { renewing, applied } = renew::planned(session, whom, renewal, true, &show_it, trail).await?;
    let applied = applied.unwrap_or_default();
    let left: HashSet<u64> = applied.moved.iter().chain(&applied.failed).map(|left| left.seq).collect();
    let path = renewing.prepared.path;
    // Where the run stopped or an answer is missing, nobody knows for whom: the next run settles it.
    let settled = applied.stopped.is_none() && applied.unknown == 0;
    let keys = tokio::task::spawn_blocking(move || -> Result<HashSet<JoinKey>, Failure> {
        let mut keys = HashSet::new();
        for line in Reader::open(&path).map_err(failed)?.filter(|_| settled) {
            if let Line::Change(change) = line.map_err(failed)?
                && !left.contains(&change.seq)
            {
                keys.extend(change.subject.join_key);
            }
        }
        Ok(keys)
    })
    .await
    .map_err(failed)??;
    Ok(Replaced { keys, kept: renewing.kept, applied })
}

async fn again(
    session: &StoreSession,
    args: &Args,
    selection: Selection,
    reason: Reprint,
    only: Option<HashSet<JoinKey>>,
    key: PrintKey,
) -> Result<Printed, Failure> {
    let inquiry = Inquiry {
        selection,
        wanted: Wanted { again: reason == Reprint::Jam, ..Wanted::default() },
        only,
        ..Inquiry::all(session.today)
    };
    let asked = Asked {
        inquiry,
        reason: Some(reason),
        layout: None,
        cover: false,
        out: &args.out,
        key: Some(key),
        table: false,
        shop: None,
    };
    print(session, asked).await
}

fn tell(global: &Global, printed: &Printed, kept: &[Kept]) -> Result<(), Failure> {
    if global.json {
        let mut said = serde_json::to_value(printed).map_err(failed)?;
        if let Some(said) = said.as_object_mut() {
            said.insert("kept".to_owned(), serde_json::json!(kept));
        }
        return output::json(&said);
    }
    output::text(&renew::in_words(kept))?;
    output::text(&in_words(printed))
}
