//! `rentree export --ldif`: the directory in a standard format.

use std::io::BufWriter;
use std::path::PathBuf;

use futures_util::TryStreamExt as _;
use rentree::audit::Kind;
use rentree::directory::{Dn, Search, ldif};

use super::exit::Failure;
use super::plan::failed;
use super::session::{Session, close};
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the LDIF (created, readable by its owner only)
    #[arg(long, value_name = "FILE")]
    ldif: PathBuf,
    /// Includes userPassword; the trail says so
    #[arg(long)]
    with_password_hashes: bool,
}

pub async fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let session = Session::open(global, None).await?;
    let trail = session.trail().await?;
    let parent = args.ldif.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| ".".as_ref());
    // A temporary file beside it, 0600 from birth, takes its name once complete.
    let file = tempfile::NamedTempFile::new_in(parent)
        .map_err(|e| Failure::failed(format!("cannot write in {}: {e}", parent.display())))?;
    let mut out = BufWriter::new(file);
    if args.with_password_hashes {
        trail.record(Kind::HashesExported, None, serde_json::json!({ "file": args.ldif })).map_err(failed)?;
        trail.flush().await.map_err(failed)?;
    }
    let search = Search {
        base: Dn::parse(&session.config.directory.suffix).map_err(failed)?,
        filter: "(objectClass=*)".to_owned(),
        attributes: Vec::new(),
    };
    let mut entries = session.directory.search(search).await.map_err(failed)?;
    let mut count = 0_u64;
    // Parents before children, so that the file can be loaded as it is.
    let mut sorted = Vec::new();
    while let Some(mut entry) = entries.try_next().await.map_err(failed)? {
        if !args.with_password_hashes {
            entry.attributes.retain(|(name, _)| !name.eq_ignore_ascii_case("userPassword"));
        }
        let depth = entry.dn.as_str().matches(',').count();
        if depth <= 3 {
            sorted.push((depth, entry));
            continue;
        }
        ldif::write_entry(&mut out, &entry).map_err(failed)?;
        count += 1;
    }
    drop(entries);
    sorted.sort_by(|a, b| (a.0, &a.1.dn).cmp(&(b.0, &b.1.dn)));
    for (_, entry) in &sorted {
        ldif::write_entry(&mut out, entry).map_err(failed)?;
        count += 1;
    }
    let file = out.into_inner().map_err(|e| Failure::failed(e.to_string()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&args.ldif).map_err(failed)?;
    close(&session.config, &*session.progress, trail).await?;
    if global.json {
        output::json(&serde_json::json!({ "file": args.ldif, "entries": count }))?;
    } else {
        output::text(&format!("{count} entrées écrites dans {}\n", args.ldif.display()))?;
    }
    Ok(0)
}
