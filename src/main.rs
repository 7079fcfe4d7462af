//! `rentree`: parses the command line, runs the verb, returns its exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
