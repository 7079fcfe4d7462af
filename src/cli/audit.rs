//! `rentree audit`: the trail.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt as _;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rentree::audit::{
    Checkpoint, Event, EventFilter, Format, Head, Kind, checkpoints, export, head, new_signing_key, show, signing_key,
    verify,
};
use rentree::config::AuditConfig;
use rentree::credentials::VerifyingKey;
use rentree::feed::values::Uai;
use rentree::plan::{RunId, Verdict};
use rentree::roster::JoinKey;
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::failed;
use super::session::StoreSession;
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Lists events, oldest first
    Show {
        #[command(flatten)]
        which: Which,
        /// At most this many, the last ones
        #[arg(long, default_value_t = 200)]
        last: usize,
    },
    /// Writes events to a file, oldest first
    Export {
        #[command(flatten)]
        which: Which,
        /// The file, which must be new
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// One JSON object a line, or a table for a spreadsheet
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Form,
    },
    /// Checks the whole chain
    Verify {
        /// A head that an earlier run printed (<number>:<hash>): proves that nothing before it was rewritten
        #[arg(long, value_name = "HEAD")]
        head: Vec<Head>,
        /// A file of signed checkpoints that was kept: each must be in the chain
        #[arg(long, value_name = "FILE")]
        checkpoints: Vec<PathBuf>,
        /// The public key of the checkpoints; otherwise as configured
        #[arg(long, value_name = "KEY", requires = "checkpoints")]
        public_key: Option<VerifyingKey>,
    },
    /// Makes the key that signs checkpoints
    Key {
        /// The file, which must be new
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Signs where the trail stands now, as each run does at its end
    Checkpoint {
        /// The file that it is added to; otherwise as configured
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Which events; conditions add up.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Only this run
    #[arg(long)]
    run: Option<uuid::Uuid>,
    /// Only this kind of event, such as change_applied or printed
    #[arg(long)]
    kind: Option<String>,
    /// Only by this actor (user@machine), or whose name begins so
    #[arg(long)]
    actor: Option<String>,
    /// Only since this day (yyyy-mm-dd)
    #[arg(long)]
    since: Option<Date>,
    /// Only until this day, with it
    #[arg(long)]
    until: Option<Date>,
    /// Only about this person (join key)
    #[arg(long, value_name = "KEY")]
    person: Option<String>,
    /// Only about this school and the people who have an account there
    #[arg(long, value_name = "UAI")]
    school: Option<String>,
}

/// See [`Format`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    Jsonl,
    Csv,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Jsonl => Self::JsonLines,
            Form::Csv => Self::Csv,
        }
    }
}

impl Which {
    fn filter(&self) -> Result<EventFilter, Failure> {
        let kind = match self.kind.as_deref() {
            Some(name) => Some(Kind::from_name(name).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(|k| k.name()).collect();
                Failure::usage(format!("{name:?} is not a kind of event: {}", known.join(", ")))
            })?),
            None => None,
        };
        let start = |day: Date| day.to_zoned(TimeZone::system()).map(|day| day.timestamp()).map_err(failed);
        let after = |day: Date| day.checked_add(1.day()).map_err(failed).and_then(start);
        Ok(EventFilter {
            run: self.run.map(RunId),
            kind,
            actor: self.actor.clone(),
            since: self.since.map(start).transpose()?,
            until: self.until.map(after).transpose()?,
            person: self.person.as_deref().map(JoinKey::from_text),
            school: self.school.as_deref().map(uai).transpose()?,
        })
    }
}

fn uai(text: &str) -> Result<Uai, Failure> {
    Uai::parse(text).ok_or_else(|| Failure::usage(format!("{text:?} is not a UAI")))
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    if let Verb::Key { out } = verb {
        return key(global, &out);
    }
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::Show { which, last } => list(global, &session, &which.filter()?, last).await,
        Verb::Export { which, out, format } => write(global, &session, &which.filter()?, (&out, format.into())).await,
        Verb::Verify { head, checkpoints, public_key } => {
            let kept = kept(&session.config.audit, &checkpoints, public_key)?;
            let heads: Vec<Head> = head.into_iter().chain(kept.iter().map(|checkpoint| checkpoint.head)).collect();
            check(global, &session, &heads, kept.len()).await
        }
        Verb::Checkpoint { out } => checkpoint(global, &session, out).await,
        Verb::Key { .. } => Ok(0),
    }
}

async fn list(global: &Global, session: &StoreSession, filter: &EventFilter, last: usize) -> Result<u8, Failure> {
    let mut events = show(&session.store, filter).await.map_err(failed)?;
    let mut kept: VecDeque<Event> = VecDeque::new();
    let mut passed = 0_u64;
    while let Some(event) = events.try_next().await.map_err(failed)? {
        if kept.len() == last {
            kept.pop_front();
            passed += 1;
        }
        kept.push_back(event);
    }
    if global.json {
        output::json(&kept)?;
        return Ok(0);
    }
    let mut text = String::new();
    if passed > 0 {
        text.push_str(&format!("… {} événements plus anciens (--last pour en voir davantage)\n", number(passed)));
    }
    for event in &kept {
        let at = event.at.to_zoned(TimeZone::system());
        let payload = event.payload.as_ref().map_or_else(|| "(effacé)".to_owned(), ToString::to_string);
        let subject = event.subject.as_deref().map(|s| s.chars().take(12).collect::<String>()).unwrap_or_default();
        text.push_str(&format!(
            "{:>7} {} {:<18} {:<16} {subject:<12} {payload}\n",
            event.seq,
            at.strftime("%Y-%m-%d %H:%M:%S"),
            event.kind,
            event.actor,
        ));
    }
    output::text(&text)?;
    Ok(0)
}

async fn write(
    global: &Global,
    session: &StoreSession,
    filter: &EventFilter,
    (path, format): (&Path, Format),
) -> Result<u8, Failure> {
    let events = export(&session.store, filter, path, format).await.map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({ "events": events, "file": path }))?;
    } else {
        output::text(&format!("{} : {}\n", path.display(), count(events, "événement", "événements")))?;
    }
    Ok(0)
}

/// The checkpoints of files, all of the public key that is given, or configured, or of the configured private key.
fn kept(config: &AuditConfig, files: &[PathBuf], public_key: Option<VerifyingKey>) -> Result<Vec<Checkpoint>, Failure> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let own = || config.signing_key.as_deref().map(signing_key).transpose();
    let key = match public_key.or_else(|| config.public_key()) {
        Some(key) => key,
        None => own().map_err(failed)?.map(|key| key.public()).ok_or_else(|| {
            Failure::usage("whose checkpoints? --public-key ed25519:…, or audit.public_key in the configuration")
        })?,
    };
    let mut all = Vec::new();
    for file in files {
        all.extend(checkpoints(file, &key).map_err(failed)?);
    }
    Ok(all)
}

async fn check(global: &Global, session: &StoreSession, heads: &[Head], checkpoints: usize) -> Result<u8, Failure> {
    let found = verify(&session.store, heads).await.map_err(failed)?;
    if global.json {
        let problems: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        output::json(&serde_json::json!({
            "intact": found.is_intact(), "events": found.events, "erased": found.erased,
            "head": found.head.to_string(), "checkpoints": checkpoints,
            "problems": problems, "problem_count": found.problem_count,
        }))?;
    } else {
        let mut text = String::new();
        for problem in &found.problems {
            text.push_str(&format!("✗ {problem}\n"));
        }
        let against = match checkpoints {
            0 => String::new(),
            n => format!(", {} points de contrôle signés", number(n as u64)),
        };
        text.push_str(&format!(
            "{} : {} événements, {} effacés{against}, tête {}\n",
            if found.is_intact() { "Piste intacte" } else { "PISTE ALTÉRÉE" },
            number(found.events),
            number(found.erased),
            found.head
        ));
        output::text(&text)?;
    }
    Ok(if found.is_intact() { 0 } else { Verdict::Failed.exit_code(false) })
}

fn key(global: &Global, out: &Path) -> Result<u8, Failure> {
    let public = new_signing_key(out).map_err(failed)?;
    if global.json {
        output::json(&serde_json::json!({ "key": out, "public_key": public.to_string() }))?;
    } else {
        output::text(&format!(
            "Clé de signature : {}\nMoitié publique : {public}\n\nDans la configuration :\n\n[audit]\nsigning_key = \
             \"{0}\"\ncheckpoints = \"/montage/ailleurs/points\"\n\nNotez la moitié publique hors de cette machine : elle \
             vérifie les points de contrôle.\n",
            out.display(),
        ))?;
    }
    Ok(0)
}

async fn checkpoint(global: &Global, session: &StoreSession, out: Option<PathBuf>) -> Result<u8, Failure> {
    let config = &session.config.audit;
    let key = config.signing_key.as_deref().ok_or_else(|| {
        Failure::usage("no audit.signing_key in the configuration: `rentree audit key --out FILE` makes one")
    })?;
    let head = head(&session.store).await.map_err(failed)?;
    let head = head.ok_or_else(|| Failure::failed("the trail is empty: there is nothing to sign"))?;
    let made = Checkpoint::sign(head, session.now, &signing_key(key).map_err(failed)?);
    let file = out.or_else(|| config.checkpoints.clone());
    if let Some(file) = &file {
        made.append(file).map_err(failed)?;
    }
    if global.json {
        output::json(&serde_json::json!({ "checkpoint": made.to_string(), "file": file }))?;
    } else {
        output::text(&format!("{made}\n"))?;
    }
    Ok(0)
}
