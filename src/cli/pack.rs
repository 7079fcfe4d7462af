//! `rentree letters pack`, `letters --pack FILE`, `letters receipt`: what a school prints on its own machine.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rentree::config::Order;
use rentree::credentials::read_key;
use rentree::letters::{
    self, Entered, Inquiry, Made, OpenedPack, PackJob, PackPrinted, Reason, Selection, Wanted, print_pack,
};
use rentree::plan::Verdict;
use rentree::wording::{count, plain};

use super::exit::Failure;
use super::plan::failed;
use super::session::{StoreSession, clock, close, must_be_new, tell_head};
use super::{Global, letters as printing, output, show};

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes a sealed pack of a school's sheets, which it prints on its own machine with its own key
    Pack {
        /// The pack, a new file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Only people who never got a sheet of this school for their present password
        #[arg(long)]
        new: bool,
        /// The sheets of a household together, adults first
        #[arg(long)]
        by_household: bool,
        /// Without the page before the sheets that says what is in the file
        #[arg(long)]
        no_cover: bool,
        #[command(flatten)]
        selection: show::Selection,
    },
    /// Enters what schools printed from packs: verifies their receipts
    Receipt {
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// The packs that were made, and whether they were printed
    Packs {
        /// Only those of this school
        #[arg(long, value_name = "UAI")]
        school: Option<String>,
        /// Gives a pack up: what is in it may be printed otherwise
        #[arg(long, value_name = "PACK")]
        cancel: Option<String>,
    },
}

pub async fn run(global: &Global, verb: Verb) -> Result<u8, Failure> {
    let session = StoreSession::open(global).await?;
    match verb {
        Verb::Pack { out, new, by_household, no_cover, selection } => {
            must_be_new(&out)?;
            let uai = selection.uai()?.ok_or_else(|| Failure::usage("for which school? --school UAI"))?;
            let inquiry = Inquiry {
                selection: Selection {
                    school: Some(uai.clone()),
                    class: selection.class.clone(),
                    profile: selection.profile()?,
                    person: match &selection.person {
                        Some(person) => Some(super::renew::who(&session.store, person).await?),
                        None => None,
                    },
                    household: false,
                },
                wanted: Wanted { only_new: new, reminders: false, again: false },
                signs: HashMap::new(),
                order: by_household.then_some(Order::Household),
                only: None,
                today: session.today,
            };
            let program = std::env::current_exe().map_err(failed)?;
            let cover = !no_cover && session.config.letters.cover.unwrap_or(true);
            let asked = printing::Asked {
                inquiry,
                reason: None,
                layout: None,
                cover,
                out: &out,
                key: None,
                table: false,
                shop: None,
            };
            let job = asked.job(&session, &program)?;
            let trail = session.trail().await?;
            let day = (session.today, session.now);
            rentree::credentials::expire(&session.store, &session.config.credentials, day, &trail)
                .await
                .map_err(failed)?;
            let made = letters::make(&session.store, &session.config, &job, &uai, &trail, &*session.progress).await;
            let head = close(&session.config, &*session.progress, trail).await?;
            let made = made.map_err(printing::refused)?;
            if global.json {
                output::json(&made)?;
            } else {
                output::text(&made_in_words(&made))?;
                tell_head(&*session.progress, head);
            }
            Ok(if made.sheets == 0 { Verdict::Unchanged } else { Verdict::Done }.exit_code(false))
        }
        Verb::Receipt { files } => receipts(global, &session, &files).await,
        Verb::Packs { school, cancel } => match cancel {
            Some(pack) => give_up(global, &session, &pack).await,
            None => list(global, &session, school.as_deref()).await,
        },
    }
}

fn made_in_words(made: &Made) -> String {
    let mut text = String::new();
    for reason in Reason::ALL {
        if let Some(n) = made.without.get(reason.name()) {
            text.push_str(&format!("{n:>5} sans fiche : {}\n", reason.in_french()));
        }
    }
    if made.without.contains_key(Reason::SealedBefore.name()) {
        text.push_str(&format!("      → {}\n", super::reseal::HINT));
    }
    if made.sheets == 0 {
        text.push_str("Aucune fiche : pas de paquet.\n");
        return text;
    }
    text.push_str(&format!(
        "Paquet {} pour {} : {}, {}.\nL'établissement l'imprime par : rentree letters --pack {} --key SA-CLÉ --out \
         fiches\nPuis il renvoie le reçu, à entrer ici par : rentree letters receipt FICHIER\n",
        made.pack,
        made.school,
        count(made.sheets, "fiche", "fiches"),
        made.file.display(),
        made.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    ));
    text
}

async fn receipts(global: &Global, session: &StoreSession, files: &[PathBuf]) -> Result<u8, Failure> {
    let trail = session.trail().await?;
    let mut outcomes = Vec::new();
    for file in files {
        outcomes.push((file, letters::enter(&session.store, file, &trail, session.now).await));
    }
    let head = close(&session.config, &*session.progress, trail).await?;
    let any = |wanted: &dyn Fn(&letters::ReceiptError) -> bool| {
        outcomes.iter().any(|(_, outcome)| outcome.as_ref().err().is_some_and(wanted))
    };
    let (failed, refused) = (any(&|error| !error.is_refusal()), any(&letters::ReceiptError::is_refusal));
    if global.json {
        let told: Vec<serde_json::Value> = outcomes
            .iter()
            .map(|(file, outcome)| match outcome {
                Ok(entered) => serde_json::json!({ "file": file, "entered": entered }),
                Err(error) => serde_json::json!({ "file": file, "refused": error.to_string() }),
            })
            .collect();
        output::json(&told)?;
    } else {
        let mut text = String::new();
        for (file, outcome) in &outcomes {
            match outcome {
                Ok(entered) => text.push_str(&entered_in_words(file, entered)),
                Err(error) => text.push_str(&format!("✗ {} : {}\n", file.display(), chain(error))),
            }
        }
        output::text(&text)?;
        tell_head(&*session.progress, head);
    }
    let verdict = match (failed, refused) {
        (true, _) => Verdict::Failed,
        (false, true) => Verdict::Refused,
        (false, false) => Verdict::Done,
    };
    Ok(verdict.exit_code(false))
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error} ({source})"),
        None => error.to_string(),
    }
}

/// Join keys of dead sheets that are named.
const NAMED: usize = 20;

fn entered_in_words(file: &Path, entered: &Entered) -> String {
    if entered.again {
        return format!("{} : déjà enregistré, rien n'a changé\n", file.display());
    }
    let mut text = format!(
        "{} : {} par {}, paquet {}\n",
        file.display(),
        count(entered.sheets, "fiche imprimée", "fiches imprimées"),
        entered.school,
        entered.pack
    );
    if !entered.dead.is_empty() {
        let named: Vec<&str> = entered.dead.iter().take(NAMED).map(String::as_str).collect();
        let more = if entered.dead.len() > NAMED { ", …" } else { "" };
        text.push_str(&format!(
            "  {} plus : le mot de passe a été remplacé, retiré, ou a expiré depuis ({}{more}). Qu'on ne les distribue pas.\n",
            count(entered.dead.len() as u64, "fiche ne vaut", "fiches ne valent"),
            named.join(", ")
        ));
    }
    text
}

async fn list(global: &Global, session: &StoreSession, school: Option<&str>) -> Result<u8, Failure> {
    let packs = session.store.packs(school).await?;
    if global.json {
        output::json(&packs)?;
        return Ok(0);
    }
    let zone = jiff::tz::TimeZone::system();
    let mut text = String::new();
    for pack in &packs {
        let state = match (pack.cancelled, pack.printed_at) {
            (true, _) => "abandonné".to_owned(),
            (false, None) => "sans accusé".to_owned(),
            (false, Some(at)) => {
                let runs = if pack.receipts > 1 { format!(", {} fois", pack.receipts) } else { String::new() };
                format!("imprimé le {}{runs}", rentree::wording::moment(at, &zone))
            }
        };
        text.push_str(&format!(
            "Paquet {}, {}, {} par {} : {}, {state}\n",
            pack.pack,
            pack.school,
            rentree::wording::moment(pack.at, &zone),
            plain(&pack.actor),
            count(pack.sheets, "fiche", "fiches"),
        ));
    }
    if packs.is_empty() {
        text.push_str("Aucun paquet n'a été fait.\n");
    }
    output::text(&text)?;
    Ok(0)
}

async fn give_up(global: &Global, session: &StoreSession, pack: &str) -> Result<u8, Failure> {
    let trail = session.trail().await?;
    let waited = letters::give_up(&session.store, pack, &trail, session.now).await;
    close(&session.config, &*session.progress, trail).await?;
    if !waited.map_err(failed)? {
        return Err(Failure::usage(format!("no pack {pack:?} waits for its receipt (see `rentree letters packs`)")));
    }
    if global.json {
        output::json(&serde_json::json!({ "cancelled": pack }))?;
    } else {
        output::text(
            "Paquet abandonné : ses fiches peuvent être imprimées autrement. S'il a pu tomber en d'autres mains avec la clé de \
             l'établissement, remplacez les mots de passe (credentials reissue).\n",
        )?;
    }
    Ok(0)
}

/// In the school: neither configuration nor store.
pub async fn print(
    global: &Global,
    pack: &Path,
    key: &Path,
    passphrase_fd: Option<u32>,
    out: &Path,
) -> Result<u8, Failure> {
    let passphrase =
        || super::init::passphrase(passphrase_fd, false).map_err(|f| std::io::Error::other(f.report.to_string()));
    let key = read_key(key, passphrase).map_err(failed)?;
    let opened = OpenedPack::read(pack, &key).map_err(failed)?;
    let program = std::env::current_exe().map_err(failed)?;
    let now = clock();
    let out = std::path::absolute(out).map_err(failed)?;
    let job = PackJob { key: &key, out: &out, program: &program, now: now.timestamp(), today: now.date() };
    let progress = super::progress::watcher(global);
    let printed = print_pack(opened, &job, &*progress).await.map_err(failed)?;
    if global.json {
        output::json(&printed)?;
    } else {
        output::text(&printed_in_words(&printed))?;
    }
    Ok(0)
}

fn printed_in_words(printed: &PackPrinted) -> String {
    let mut text = String::new();
    for file in &printed.files {
        text.push_str(&printing::line(file.sheets, &file.path));
    }
    if printed.over > 0 {
        text.push_str(&format!(
            "{:>5} sans fiche : mot de passe expiré depuis que le paquet a été fait\n",
            printed.over
        ));
    }
    let sheets: u64 = printed.files.iter().map(|file| file.sheets).sum();
    text.push_str(&format!(
        "Paquet {} : {}.\nReçu à renvoyer à qui vous a remis le paquet (il ne contient aucun mot de passe) : {}\nEffacez les \
         PDF une fois imprimés.\n",
        printed.pack,
        count(sheets, "fiche", "fiches"),
        printed.receipt.display()
    ));
    text
}
