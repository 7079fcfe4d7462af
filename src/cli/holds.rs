//! `rentree holds`: what the last plan keeps back, and what somebody decides about it.

use std::collections::HashMap;
use std::fmt::Write as _;

use rentree::audit::Actor;
use rentree::feed::values::Uai;
use rentree::plan::file::Reader;
use rentree::plan::render::{self, hold_reason};
use rentree::plan::{
    Change, Choice, Decider, Held, Hold, HoldReason, Line, Ruled, Ruling, RulingError, Verdict, held, rule,
};
use rentree::store::{DecisionRow, RunLock};
use rentree::wording::{count, plain};
use serde::Serialize;

use super::exit::Failure;
use super::plan::{failed, render_options};
use super::session::{StoreSession, close, open_trail, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// What the last plan keeps back
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Exactly the changes that a hold keeps back
    Show {
        /// As `holds list` and the plan name it
        id: String,
        /// Everybody and every value, instead of the first ones and a count
        #[arg(long)]
        full: bool,
    },
    /// Lets the next plan carry out exactly the changes that `holds show` shows
    Release(Decision),
    /// Keeps exactly these changes back without asking again
    Discard(Decision),
}

/// Which holds.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Of this school
    #[arg(long, value_name = "UAI")]
    school: Option<String>,
    /// Of this reason: suspend_limit, create_limit, …
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Decision {
    /// As `holds list` and the plan name them
    #[arg(required_unless_present_any = ["school", "reason"])]
    ids: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// Why: it is kept with the decision, and on the trail
    #[arg(long, value_name = "TEXT")]
    why: String,
}

impl Which {
    fn choice(&self, ids: Vec<String>) -> Result<Choice, Failure> {
        let school = match &self.school {
            Some(text) => Some(Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))?),
            None => None,
        };
        let reason = match &self.reason {
            Some(text) => Some(HoldReason::from_name(text).ok_or_else(|| {
                let known: Vec<&str> = HoldReason::ALL.iter().map(|reason| reason.name()).collect();
                Failure::usage(format!("{text:?} is no reason of a hold: {}", known.join(", ")))
            })?),
            None => None,
        };
        Ok(Choice { ids, school, reason })
    }
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::List { which } => list(global, &session, &which).await,
        Verb::Show { id, full } => show(global, &session, id, full).await,
        Verb::Release(decision) => decide(global, &session, Ruling::Released, decision).await,
        Verb::Discard(decision) => decide(global, &session, Ruling::Discarded, decision).await,
    }
}

/// A hold of the last plan, and where it stands.
#[derive(Serialize)]
struct Listed<'h> {
    #[serde(flatten)]
    hold: &'h Hold,
    /// `held`, `waiting` (for a second person), `released` (the next plan carries it out), `discarded`.
    state: &'static str,
    releasable: bool,
}

async fn list(global: &Global, session: &StoreSession, which: &Which) -> Result<u8, Failure> {
    let choice = which.choice(Vec::new())?;
    let last = held(&session.store).await.map_err(failure)?;
    let states = states(&last);
    let fits = |hold: &Hold| {
        (choice.school.is_none() || choice.school == hold.school)
            && choice.reason.is_none_or(|reason| reason == hold.reason)
    };
    let listed: Vec<Listed<'_>> = last
        .holds
        .iter()
        .map(|kept| &kept.hold)
        .filter(|hold| fits(hold))
        .map(|hold| Listed {
            hold,
            state: states.get(hold.id.as_str()).copied().unwrap_or("held"),
            releasable: hold.reason.releasable().is_ok(),
        })
        .collect();
    if global.json {
        output::json(&serde_json::json!({ "plan": last.header.plan_id, "holds": listed }))?;
        return Ok(0);
    }
    let mut text = String::new();
    for Listed { hold, state, .. } in &listed {
        let state = match *state {
            "waiting" => ", attend une deuxième personne",
            "released" => ", levée : le prochain plan la suit",
            "discarded" => ", écartée",
            _ if hold.new => ", nouvelle",
            _ => "",
        };
        let changes = count(hold.changes, "changement", "changements");
        let _ = writeln!(text, "{} : {}, {changes}{state}", plain(&hold.id), hold_reason(hold.reason));
        let _ = writeln!(text, "    {}", plain(&hold.message));
        if let Some(remark) = &hold.remark {
            let _ = writeln!(text, "    {}", plain(remark));
        }
        if let Err(instead) = hold.reason.releasable() {
            let _ = writeln!(text, "    Ne se lève pas : {instead}.");
        }
    }
    let _ =
        writeln!(text, "{} dans le plan {}.", count(listed.len() as u64, "retenue", "retenues"), last.header.plan_id);
    output::text(&text)?;
    Ok(0)
}

/// Where the holds stand about which something was decided since the plan, or with it.
fn states(last: &Held) -> HashMap<&str, &'static str> {
    let kept: HashMap<&str, _> = last.holds.iter().map(|kept| (kept.hold.id.as_str(), kept)).collect();
    let state = |row: &DecisionRow| match (row.ruling, row.waiting) {
        (Ruling::Released, true) => "waiting",
        (Ruling::Released, false) => "released",
        (Ruling::Discarded, _) => "discarded",
    };
    last.decisions
        .iter()
        .filter(|row| kept.get(row.hold.as_str()).is_some_and(|kept| kept.marks.digest() == row.digest))
        .map(|row| (row.hold.as_str(), state(row)))
        .collect()
}

async fn show(global: &Global, session: &StoreSession, id: String, full: bool) -> Result<u8, Failure> {
    let last = held(&session.store).await.map_err(failure)?;
    let Some(kept) = last.holds.iter().find(|kept| kept.hold.id == id) else {
        return Err(failure(RulingError::Unknown { id }));
    };
    if global.json {
        let mut changes: Vec<Change> = Vec::new();
        for line in Reader::open(&last.path).map_err(failed)? {
            if let Line::Held { hold, also, change } = line.map_err(failed)?
                && (hold == id || also.contains(&id))
            {
                changes.push(*change);
            }
        }
        let state = states(&last).get(id.as_str()).copied().unwrap_or("held");
        output::json(&serde_json::json!({
            "plan": last.header.plan_id, "hold": kept.hold, "state": state, "digest": kept.marks.digest(),
            "changes": changes,
        }))?;
        return Ok(0);
    }
    let mut options = render_options(full);
    options.filter.hold = Some(id);
    options.colour = super::colour();
    render::text(&last.path, &options, &mut std::io::stdout().lock()).map_err(failed)?;
    Ok(0)
}

async fn decide(global: &Global, session: &StoreSession, ruling: Ruling, decision: Decision) -> Result<u8, Failure> {
    let choice = decision.which.choice(decision.ids)?;
    // A plan under way would not see it, or half of it.
    let _lock = RunLock::take(&session.store, "holds").await?;
    let trail = open_trail(&session.store, session.run).await?;
    let actor = Actor::current();
    let decider = Decider { actor: actor.as_str(), why: &decision.why, now: session.now };
    let outcome = rule(&session.store, &session.config.limits, &trail, ruling, &choice, &decider).await;
    let head = close(&session.config, &*session.progress, trail).await;
    let ruled = outcome.map_err(failure)?;
    let head = head?;
    let refused = ruled.iter().any(|one| one.refused.is_some());
    if global.json {
        output::json(&serde_json::json!({ "ruling": ruling, "by": actor.as_str(), "holds": ruled }))?;
    } else {
        output::text(&words(ruling, &ruled))?;
        tell_head(&*session.progress, head);
    }
    // Named by its id, a hold that cannot be released is a mistake; among others it is left out, and said.
    Ok(if refused && !choice.ids.is_empty() { Verdict::Refused.exit_code(false) } else { 0 })
}

fn words(ruling: Ruling, ruled: &[Ruled]) -> String {
    let mut text = String::new();
    for one in ruled {
        let changes = count(one.changes, "changement", "changements");
        let what = match (&one.refused, ruling) {
            (Some(refused), _) => refused.clone(),
            (None, Ruling::Released) if one.waiting => format!("{changes}, attend une deuxième personne"),
            (None, Ruling::Released) => format!("levée ; le prochain plan fait exactement ces {changes}"),
            (None, Ruling::Discarded) => format!("écartée ; ces {changes} restent de côté et ne sont plus demandés"),
        };
        let _ = writeln!(text, "{} : {what}", plain(&one.hold));
    }
    if ruled.is_empty() {
        text.push_str("Aucune retenue ne correspond.\n");
    }
    text
}

fn failure(error: RulingError) -> Failure {
    match error {
        RulingError::Store(error) => error.into(),
        misuse if misuse.is_misuse() => Failure::usage(misuse.to_string()),
        other => failed(other),
    }
}
