//! `rentree cases`: identities that a person has to decide. Answers are kept in the store; the next plan follows them.

use rentree::audit::Kind;
use rentree::identity::{Answer, CaseId, Question};
use rentree::plan::Verdict;
use rentree::store::{AnswerRow, CaseRow, RunLock};

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, close, open_trail};
use super::{Global, output};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// The open cases
    List {
        /// Only those that concern this school
        #[arg(long, value_name = "UAI")]
        school: Option<String>,
        /// Those that are answered, and whose answer can be taken back
        #[arg(long)]
        decided: bool,
    },
    /// One case: who, the candidates, what agrees and what does not
    Show {
        /// As the list writes it (K7F2-QX4M)
        id: String,
    },
    /// Answers a case; every later run follows the answer
    Decide {
        /// As the list writes it (K7F2-QX4M)
        id: String,
        /// One person and one account, two people, or not known yet
        answer: Said,
        /// Which candidate, by join key or DN, when there are several
        #[arg(long, value_name = "KEY|DN")]
        candidate: Option<String>,
        /// What the answer rests on, for the audit trail
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Said {
    Same,
    Different,
    Later,
}

impl From<Said> for Answer {
    fn from(said: Said) -> Self {
        match said {
            Said::Same => Self::Same,
            Said::Different => Self::Different,
            Said::Later => Self::Later,
        }
    }
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::List { school, decided } => list(global, &session, school.as_deref(), decided).await,
        Verb::Show { id } => {
            let row = find(&session, &id).await?;
            if global.json {
                output::json(&json(&row))?;
            } else {
                output::text(&row.case.page())?;
            }
            Ok(0)
        }
        Verb::Decide { id, answer, candidate, why } => {
            decide(global, &session, &id, answer.into(), candidate.as_deref(), &why).await
        }
    }
}

async fn list(global: &Global, session: &StoreSession, school: Option<&str>, decided: bool) -> Result<u8, Failure> {
    let mut rows = session.store.cases().await?;
    rows.retain(|row| if decided { row.case.is_answered() } else { row.case.is_open() });
    if let Some(uai) = school {
        rows.retain(|row| row.case.concerns(uai.trim()));
    }
    // What is new first: what was put off was seen.
    rows.sort_by(|a, b| {
        (a.case.later, &a.case.person.schools, &a.case.id).cmp(&(b.case.later, &b.case.person.schools, &b.case.id))
    });
    if global.json {
        output::json(&rows.iter().map(json).collect::<Vec<_>>())?;
        return Ok(0);
    }
    let what = if decided { ["cas décidé", "cas décidés"] } else { ["cas à décider"; 2] };
    let mut text = rentree::wording::count(rows.len() as u64, what[0], what[1]);
    text.push('\n');
    for row in &rows {
        text.push_str(&row.case.line());
        text.push('\n');
    }
    output::text(&text)?;
    Ok(0)
}

fn json(row: &CaseRow) -> serde_json::Value {
    let mut value = serde_json::json!(row.case);
    if let Some(object) = value.as_object_mut() {
        object.insert("first_seen".to_owned(), row.first_seen.into());
    }
    value
}

async fn find(session: &StoreSession, id: &str) -> Result<CaseRow, Failure> {
    let parsed =
        CaseId::parse(id).ok_or_else(|| Failure::usage(format!("{id:?} is no case: they look like K7F2-QX4M")))?;
    let row = session.store.case(&parsed).await?;
    row.ok_or_else(|| Failure::usage(format!("no open case {parsed}: `rentree cases list` says which are")))
}

async fn decide(
    global: &Global,
    session: &StoreSession,
    id: &str,
    answer: Answer,
    candidate: Option<&str>,
    why: &str,
) -> Result<u8, Failure> {
    if why.trim().is_empty() {
        return Err(Failure::usage("--why must say what the answer rests on".to_owned()));
    }
    let _lock = RunLock::take(&session.store, "cases decide").await?;
    let row = find(session, id).await?;
    let chosen = row.case.choose(answer, candidate).map_err(|error| Failure::usage(error.to_string()))?;
    let Some(key) = row.case.person.key.clone() else { return Err(Failure::failed("a case about nobody")) };
    let actor = rentree::audit::Actor::current();
    let decisions: Vec<AnswerRow> = chosen
        .iter()
        .filter_map(|party| {
            Some(AnswerRow {
                join_key: key.clone(),
                other: party.token()?,
                answer,
                decided_by: actor.as_str().to_owned(),
                why: why.trim().to_owned(),
                decided_at: session.now.as_millisecond(),
            })
        })
        .collect();
    let trail = open_trail(&session.store, session.run).await?;
    session.store.run_started(session.run, "cases decide", None, session.now.as_millisecond()).await?;
    for (decision, party) in decisions.iter().zip(&chosen) {
        let other = party.key.as_ref().map(|key| trail.pseudonym(key));
        let said = serde_json::json!({
            "case": row.case.id, "answer": answer, "why": decision.why, "by": decision.decided_by,
            "other_pseudonym": other, "other_dn": party.dn,
        });
        trail.record(Kind::CaseDecided, Some(&key), said).map_err(failed)?;
    }
    // The events first: a decision that counts is on the trail, whatever happens in between.
    trail.flush().await.map_err(failed)?;
    match row.case.question {
        Question::OneAccount => session.store.decide(&decisions).await?,
        Question::TwoRoles => session.store.decide_roles(&decisions).await?,
    }
    close(&session.config, &*session.progress, trail).await?;
    session.store.run_finished(session.run, Verdict::Done.word(), session.now.as_millisecond()).await?;
    if global.json {
        output::json(&serde_json::json!({ "case": row.case.id, "answer": answer, "decisions": decisions.len() }))?;
    } else {
        let next = match (answer, row.case.question) {
            (Answer::Same, Question::OneAccount) => "le prochain plan réunit les deux sous un seul compte",
            (Answer::Same, Question::TwoRoles) => "le prochain plan rapproche les deux comptes, qui restent deux",
            (Answer::Different, Question::TwoRoles) => {
                "le prochain plan retire le rapprochement s'il y en a un, sans le redemander"
            }
            (Answer::Different, Question::OneAccount) => {
                "le prochain plan les traite comme deux personnes, sans le redemander"
            }
            (Answer::Later, _) => "le cas reste ouvert, remis à plus tard",
        };
        output::text(&format!("Cas {} : {} — {next}.\n", row.case.id, answer.name()))?;
    }
    Ok(0)
}
