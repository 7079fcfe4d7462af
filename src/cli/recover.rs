//! `rentree recover`: the store is lost or old; what it knew is rebuilt from the directory.

use std::fmt::Write as _;

use rentree::plan::Verdict;
use rentree::plan::recover::{Recovery, examine, restore};
use rentree::wording::{count, number};

use super::exit::Failure;
use super::plan::{failure, refusal};
use super::session::{Session, tell_head};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Shows what would be taken into the store, and writes none of it
    #[arg(long)]
    dry_run: bool,
}

/// Join keys shown of a list; the JSON has them all.
const SHOWN: usize = 20;

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    let _lock = session.lock("recover").await?;
    let trail = session.begin_with("recover", None, &[("dry_run", args.dry_run.into())]).await?;
    let ground = session.ground();
    let outcome = async {
        let mut recovery = examine(&ground, &trail).await?;
        if !global.json {
            drop(output::text(&in_words(&recovery, args.dry_run)));
        }
        let nothing = recovery.is_nothing();
        if !args.dry_run {
            restore(&ground, &mut recovery, &trail).await?;
        }
        Ok((recovery, nothing))
    }
    .await;
    let verdict = match &outcome {
        Ok((recovery, _)) if !recovery.conflicts.is_empty() => Verdict::Held,
        Ok((_, true)) => Verdict::Unchanged,
        Ok(_) if args.dry_run => Verdict::Changes,
        Ok(_) => Verdict::Done,
        Err(error) => refusal(error),
    };
    // A store that only looked is still behind its mark.
    let head = session.finish_recovery(trail, verdict, outcome.is_ok() && !args.dry_run).await?;
    let (recovery, _) = outcome.map_err(failure)?;
    if global.json {
        output::json(&recovery)?;
    } else {
        if !args.dry_run {
            output::text("Fait. Ensuite : « rentree plan », qui ne devrait rien proposer d'inattendu.\n")?;
        }
        tell_head(&*session.progress, head);
    }
    Ok(verdict.exit_code(false))
}

fn in_words(recovery: &Recovery, dry_run: bool) -> String {
    let mut text = String::from(if dry_run { "Ce que « recover » ferait :\n" } else { "D'après l'annuaire :\n" });
    let mut line = |what: String| {
        let _ = writeln!(text, "  {what}");
    };
    line(format!(
        "{} : {} inconnus du registre, {} connus autrement",
        count(recovery.accounts, "compte", "comptes"),
        number(recovery.accounts_new),
        number(recovery.accounts_changed)
    ));
    for (stage, n) in &recovery.stages {
        line(format!("  dont {stage} : {}", number(*n)));
    }
    line(format!(
        "noms à réserver : {} de comptes, {} de plans encore là ; {} connus sous un autre nom",
        number(recovery.names_new),
        number(recovery.names_of_plans),
        number(recovery.names_changed)
    ));
    for (series, last) in &recovery.counters {
        line(format!("uid {series} : la numérotation reprend après {}", number(*last)));
    }
    line(format!(
        "{} : {} mis par le moteur, {} par d'autres (laissés)",
        count(recovery.groups, "groupe géré", "groupes gérés"),
        count(recovery.members, "membre", "membres"),
        number(recovery.members_of_others)
    ));
    if recovery.without_envelope > 0 {
        line(format!(
            "{} sans identifiant scellé : aucune fiche ne peut plus en être imprimée, les mots de passe donnés restent bons",
            count(recovery.without_envelope, "compte", "comptes")
        ));
    }
    if recovery.untold_envelopes > 0 {
        line(format!(
            "{} dont on ne peut dire si le mot de passe est encore le bon",
            count(recovery.untold_envelopes, "identifiant scellé", "identifiants scellés")
        ));
    }
    list(
        &mut text,
        "Identifiants scellés morts (le compte a un autre mot de passe) : révoqués",
        &recovery.dead_envelopes,
    );
    list(&mut text, "Comptes qu'aucune source ne nomme : le prochain plan les dira absents", &recovery.unnamed);
    list(&mut text, "Comptes du registre qui ne sont plus dans l'annuaire", &recovery.gone);
    list(&mut text, "À régler à la main", &recovery.conflicts);
    text
}

fn list(text: &mut String, title: &str, items: &[impl std::fmt::Display]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title} ({}) :", number(items.len() as u64));
    for item in items.iter().take(SHOWN) {
        let _ = writeln!(text, "  {item}");
    }
    if items.len() > SHOWN {
        let _ = writeln!(text, "  … et {} autres (--json les donne tous)", number((items.len() - SHOWN) as u64));
    }
}
