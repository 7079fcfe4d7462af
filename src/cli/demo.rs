//! `rentree demo`: everything once, on a synthetic academy and the embedded directory.

use std::path::{Path, PathBuf};

use rentree::config::Config;
use rentree::credentials::PrintKey;
use rentree::plan::{Options, Verdict};
use rentree::simulate;

use super::exit::Failure;
use super::plan::failed;
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to put everything (made new)
    #[arg(long, value_name = "DIR", default_value = "rentree-demo")]
    out: PathBuf,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    if args.out.exists() && std::fs::read_dir(&args.out).map_err(failed)?.next().is_some() {
        return Err(Failure::failed(format!(
            "{} is not empty; remove it or choose another with --out",
            args.out.display()
        )));
    }
    private_folder(&args.out)?;
    let feeds = args.out.join("exports");
    simulate::write(&sample(&feeds), &|_| {}).map_err(failed)?;

    // The key lies beside what it opens: a demonstration protects nothing.
    let keys = args.out.join("cle-de-demonstration");
    private_folder(&keys)?;
    let key_file = keys.join("impression.key");
    let key = PrintKey::generate();
    key.write(&key_file, None, &[]).map_err(failed)?;
    let config_file = args.out.join("rentree.toml");
    let config = super::init::TEMPLATE
        .replace("@RECIPIENT@", &key.recipient().to_string())
        .replace("\"AC-RENNES\"        #", "\"AC-DEMO\"          #")
        .replace("AC-RENNES$", "AC-DEMO$")
        .replace("feeds/rennes", "exports");
    super::init::write_text(&config_file, &config)?;

    let session = Session::with(Config::load(&config_file)?, super::progress::watcher(global), None).await?;
    let verdict = Box::pin(first_night(&session)).await?;
    #[cfg(feature = "letters")]
    let sheets = {
        let folder = args.out.join("fiches");
        let asked = super::letters::Asked {
            inquiry: rentree::letters::Inquiry::all(session.today),
            reason: None,
            layout: None,
            cover: true,
            out: &folder,
            key: Some(key),
            table: false,
            shop: None,
        };
        let printed = super::letters::print(&session.store_session(), asked).await?;
        Some((folder, printed))
    };
    if global.json {
        #[cfg(feature = "letters")]
        let sheets = sheets.as_ref().map(|(_, printed)| printed);
        #[cfg(not(feature = "letters"))]
        let sheets: Option<()> = None;
        output::json(&serde_json::json!({ "verdict": verdict, "folder": args.out, "sheets": sheets }))?;
    } else {
        let mut text = format!("\nTout est dans {}/ :\n", args.out.display());
        text.push_str(
            "  exports/         la livraison AAF (synthétique)\n  rentree.toml     la configuration commentée\n",
        );
        text.push_str("  rentree.db       le registre et l'annuaire embarqué\n");
        #[cfg(feature = "letters")]
        if let Some((_, printed)) = &sheets {
            text.push_str(&format!(
                "  fiches/          {} en {} PDF, par classe et profil\n",
                rentree::wording::count(printed.sheets(), "fiche", "fiches"),
                printed.files.len()
            ));
        }
        text.push_str(
            "  cle-de-demonstration/  la clé qui ouvre les identifiants : posée à côté d'eux, elle ne protège rien\n\n",
        );
        text.push_str(&format!(
            "Ensuite : rentree --config {0} sync    (ne trouve plus rien à faire)\n          rentree --config {0} audit verify\n",
            config_file.display()
        ));
        output::text(&text)?;
    }
    Ok(verdict.exit_code(false))
}

/// A collège and a lycée: small enough to look at whole.
fn sample(out: &Path) -> simulate::Options {
    simulate::Options {
        schools: 2,
        pupils: 60,
        seed: 2026,
        year: 2026,
        day: 0,
        delta: false,
        bascule: false,
        bascule_night: None,
        out: out.to_owned(),
    }
}

async fn first_night(session: &Session) -> Result<Verdict, Failure> {
    let _lock = session.lock("demo").await?;
    let trail = session.begin("demo").await?;
    let super::sync::Night { prepared, applied, .. } =
        Box::pin(super::sync::night(session, &Options::default(), &trail)).await?;
    let verdict = super::apply::verdict(&applied, prepared.held().next().is_some());
    session.finish(trail, verdict).await?;
    super::plan::show(&prepared.path, &super::plan::render_options(false))?;
    super::check::print_findings(&prepared)?;
    super::apply::report(&applied)?;
    Ok(verdict)
}

fn private_folder(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| Failure::failed(format!("cannot create {}: {e}", path.display())))
}
