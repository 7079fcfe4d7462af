//! `rentree credentials reissue` and `revoke`: a plan of first passwords, read and applied later, or at once.

use std::path::{Path, PathBuf};

use rentree::apply::{Applied, apply, settle};
use rentree::audit::Trail;
use rentree::plan::{Kept, Renew, Renewal, Renewing, Verdict, Whom, renew};
use rentree::roster::JoinKey;
use rentree::store::Store;
use rentree::wording::{count, plain};

use super::exit::Failure;
use super::plan::{failure, page, refusal, render_options, show, summary};
use super::session::{Session, tell_head};
use super::{Global, output, show::Selection};

/// How many of those who keep their password are named.
const NAMED: usize = 40;
/// Characters of a reason: it goes into the plan, the register and the trail.
const LONGEST_REASON: usize = 500;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Args {
    /// Why, for the plan, the print register and the trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Everybody who has not activated the account, of the selection or of all
    #[arg(long, conflicts_with = "reset")]
    never_activated: bool,
    /// Also who has activated the account, or may have: the password that they chose opens nothing any more
    #[arg(long)]
    reset: bool,
    /// Refuses a plan of more accounts
    #[arg(long, value_name = "N", default_value_t = 3000)]
    at_most: u64,
    /// Carries the plan out at once, after showing it
    #[arg(long, conflicts_with = "out")]
    yes: bool,
    /// With --yes: at any time, whatever directory.write_window says
    #[arg(long, requires = "yes")]
    now: bool,
    /// Where to save the plan (otherwise beside the store)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also writes a self-contained report for a browser
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Everybody, instead of the first ones and a count
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    selection: Selection,
}

pub async fn run(global: &Global, action: Renew, args: Args) -> Result<u8, Failure> {
    let reason = reason(&args.reason)?;
    let selects = &args.selection;
    if selects.class.is_some() && selects.school.is_none() {
        return Err(Failure::usage("a class is one of a school: add --school"));
    }
    let narrow = selects.school.is_some() || selects.person.is_some() || selects.profile.is_some();
    if !narrow && !args.never_activated {
        return Err(Failure::usage(
            "whose? --person, --school (with --class), --profile, or --never-activated for everybody who has not activated \
             the account",
        ));
    }
    let mut session = Session::open(global, None).await?;
    if args.now {
        session.hours = None;
    }
    let persons = match &selects.person {
        Some(person) => vec![who(&session.store, person).await?],
        None => Vec::new(),
    };
    let whom = Whom {
        school: selects.uai()?,
        class: selects.class.clone(),
        profile: selects.profile()?,
        persons,
        most: args.at_most,
        out: args.out.clone(),
    };
    let renewal = Renewal { action, reason, reset: args.reset };
    let verb = match action {
        Renew::Reissue => "credentials reissue",
        Renew::Revoke => "credentials revoke",
    };
    let _lock = session.lock(verb).await?;
    let asked = [("reason", serde_json::json!(renewal.reason)), ("reset", serde_json::json!(renewal.reset))];
    let trail = session.begin_with(verb, None, &asked).await?;
    let options = render_options(args.full);
    let show_it = |path: &Path| if global.json { Ok(()) } else { show(path, &options) };
    let outcome = planned(&session, &whom, renewal, args.yes, &show_it, &trail).await;
    let verdict = match &outcome {
        Ok(Done { applied: Some(applied), .. }) => super::apply::verdict(applied, false),
        Ok(done) if done.renewing.prepared.seal.changes > 0 => Verdict::Changes,
        Ok(_) => Verdict::Unchanged,
        Err(failure) => failure.verdict,
    };
    let head = session.finish(trail, verdict).await;
    let Done { renewing: Renewing { prepared, kept }, applied } = outcome?;
    let head = head?;
    if let Some(html) = &args.html {
        page(&session.store, &prepared.path, &prepared.header, &options, html).await?;
    }
    if global.json {
        let mut summary = summary(&session, &prepared, verdict);
        if let Some(applied) = &applied {
            super::apply::tell(&mut summary, applied, None);
        }
        let mut said = serde_json::to_value(summary).map_err(super::plan::failed)?;
        if let Some(said) = said.as_object_mut() {
            said.insert("plan".to_owned(), serde_json::json!(prepared.path));
            said.insert("kept".to_owned(), serde_json::json!(kept));
        }
        output::json(&said)?;
    } else {
        output::text(&in_words(&kept))?;
        match &applied {
            Some(applied) => super::apply::report(applied)?,
            None => session.progress.note(&format!(
                "plan : {} ; « rentree apply » l'exécute, --yes l'aurait fait tout de suite",
                prepared.path.display()
            )),
        }
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

/// A plan of first passwords, and what was done of it.
pub struct Done {
    pub renewing: Renewing,
    /// `None` when it is to be read first.
    pub applied: Option<Applied>,
}

/// Makes the plan, has it shown and, when that is asked for, carries it out in the same run. What an interrupted run left comes first:
/// it may have been about the same people.
pub async fn planned(
    session: &Session,
    whom: &Whom,
    renewal: Renewal,
    at_once: bool,
    show_it: &(dyn Fn(&Path) -> Result<(), Failure> + Sync),
    trail: &Trail,
) -> Result<Done, Failure> {
    let ground = session.ground();
    let mut unfinished = None;
    if at_once {
        session.begin_writing().await?;
        unfinished = settle(&ground, trail).await.map_err(super::apply::failure)?.filter(Applied::is_unfinished);
        super::apply::check_loaded(session, trail).await?;
    }
    let renewing = renew(&ground, whom, renewal, trail).await.map_err(|error| {
        let verdict = refusal(&error);
        Failure { verdict, ..failure(error) }
    })?;
    show_it(&renewing.prepared.path)?;
    let applied = if let Some(mut unfinished) = unfinished {
        unfinished.absorb(Applied::put_off(renewing.prepared.seal.changes));
        Some(unfinished)
    } else if at_once && renewing.prepared.seal.changes > 0 {
        Some(apply(&ground, &renewing.prepared.path, trail).await.map_err(super::apply::failure)?)
    } else {
        at_once.then(Applied::default)
    };
    Ok(Done { renewing, applied })
}

/// A reason that says something.
pub fn reason(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage("--reason is empty: the trail keeps why"));
    }
    if text.chars().count() > LONGEST_REASON {
        return Err(Failure::usage(format!("--reason has more than {LONGEST_REASON} characters")));
    }
    Ok(text.to_owned())
}

/// Finds a person by join key, uid or login.
pub async fn who(store: &Store, person: &str) -> Result<JoinKey, Failure> {
    let same = |name: &str| name.eq_ignore_ascii_case(person);
    let names = store.names().await?;
    names
        .into_iter()
        .find(|row| row.join_key.as_str() == person || same(row.uid.as_str()) || same(row.login.as_str()))
        .map(|row| row.join_key)
        .ok_or_else(|| Failure::usage(format!("nobody here has the join key, uid or login {person:?}")))
}

/// Who was asked for and keeps the password, each with the reason.
pub fn in_words(kept: &[Kept]) -> String {
    if kept.is_empty() {
        return String::new();
    }
    let mut text = format!("Laissés de côté : {}.\n", count(kept.len() as u64, "compte", "comptes"));
    for one in kept.iter().take(NAMED) {
        text.push_str(&format!("  {} ({}) : {}\n", plain(&one.name), one.schools.join(", "), one.why.french()));
    }
    if let Some(more) = kept.len().checked_sub(NAMED).filter(|more| *more > 0) {
        text.push_str(&format!("  … et {}\n", count(more as u64, "autre", "autres")));
    }
    text
}
