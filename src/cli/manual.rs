//! `rentree manual` and `rentree completions`: what other programs know of this command line.

use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::exit::Failure;
use super::{Cli, output};

#[derive(Debug, clap::Args)]
pub struct PagesArgs {
    /// Where to write the pages (rentree.1, rentree-sync.1, …); created when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct CompletionArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn pages(args: &PagesArgs) -> Result<u8, Failure> {
    let written = std::fs::create_dir_all(&args.out).and_then(|()| clap_mangen::generate_to(Cli::command(), &args.out));
    written.map_err(|error| Failure::failed(format!("cannot write in {}: {error}", args.out.display())))?;
    Ok(0)
}

pub fn completions(args: &CompletionArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rentree", &mut script);
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
