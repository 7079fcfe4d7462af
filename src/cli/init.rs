//! `rentree init`: a commented configuration, and the print key.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rentree::credentials::{PrintKey, check_passphrase};
use secrecy::{ExposeSecret as _, SecretString};

use super::exit::Failure;
use super::plan::failed;
use super::session::must_be_new;
use super::{Global, output};

/// The configuration as it is written, with a place for the recipient.
pub const TEMPLATE: &str = include_str!("init.toml");

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the private print key: away from the configuration and the store, on a medium that you keep
    #[arg(long, value_name = "FILE")]
    key_out: PathBuf,
    /// Reads the passphrase of the key from this open file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    passphrase_fd: Option<u32>,
    /// Writes the key alone, and shows the line that goes into a configuration that is there already
    #[arg(long)]
    key_only: bool,
    /// Leaves the key without a passphrase
    #[arg(long, conflicts_with = "passphrase_fd")]
    without_passphrase: bool,
}

pub fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    if !args.key_only {
        must_be_new(&global.config)?;
    }
    must_be_new(&args.key_out)?;
    let passphrase = if args.without_passphrase {
        None
    } else {
        let passphrase = passphrase(args.passphrase_fd, true)?;
        check_passphrase(&passphrase).map_err(failed)?;
        Some(passphrase)
    };
    let folder = std::path::absolute(&global.config).map_err(failed)?;
    let folder = folder.parent().unwrap_or_else(|| Path::new("/")).to_owned();
    let key = PrintKey::generate();
    key.write(&args.key_out, passphrase.as_ref(), &[&folder]).map_err(failed)?;
    if !args.key_only {
        write_text(&global.config, &TEMPLATE.replace("@RECIPIENT@", &key.recipient().to_string()))?;
    }
    let guarded = if passphrase.is_some() { "protégée par une phrase secrète" } else { "SANS phrase secrète" };
    if global.json {
        output::json(&serde_json::json!({
            "config": (!args.key_only).then_some(&global.config), "key": args.key_out, "recipient": key.recipient().to_string(),
        }))?;
    } else if args.key_only {
        output::text(&format!(
            "Clé d'impression : {} ({guarded})\n\nGardez cette clé hors de cette machine : elle seule ouvre les identifiants \
             imprimables.\nDans la configuration, sous [letters] :\n\nrecipients = [\"{}\"]\n",
            args.key_out.display(),
            key.recipient(),
        ))?;
    } else {
        output::text(&format!(
            "Configuration : {}\nClé d'impression : {} ({guarded})\n\nGardez cette clé hors de cette machine : elle seule ouvre les \
             identifiants imprimables.\nEnsuite : renseignez [[source]] et [directory], puis `rentree doctor`.\n",
            global.config.display(),
            args.key_out.display(),
        ))?;
    }
    Ok(0)
}

/// Writes a new file, readable by its owner only.
pub fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Failure::failed(format!("cannot write {}: {e}", path.display())))?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// From the descriptor or the terminal, never from the arguments; asked twice when it is new.
pub fn passphrase(descriptor: Option<u32>, new: bool) -> Result<SecretString, Failure> {
    if let Some(descriptor) = descriptor {
        let mut text = zeroize::Zeroizing::new(String::new());
        std::fs::File::open(format!("/dev/fd/{descriptor}"))
            .and_then(|mut file| file.read_to_string(&mut text))
            .map_err(|e| Failure::failed(format!("cannot read the passphrase from descriptor {descriptor}: {e}")))?;
        let line = text.lines().next().unwrap_or_default();
        return Ok(SecretString::from(line.to_owned()));
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map(SecretString::from).map_err(|e| {
            Failure::failed(format!("cannot ask for the passphrase on the terminal ({e}); use --passphrase-fd"))
        })
    };
    let first = ask("Phrase secrète de la clé d'impression : ")?;
    if new && ask("Encore une fois : ")?.expose_secret() != first.expose_secret() {
        return Err(Failure::failed("the two passphrases differ"));
    }
    Ok(first)
}
