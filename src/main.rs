//! `rentree`: parses the command line, runs the verb, returns its exit code.

mod cli;

use std::process::ExitCode;

/// A night makes and drops tens of millions of small strings, from several threads: a fifth of its time went into the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !rentree::feed::table::panic_is_caught() {
            tell(panic);
        }
    }));
    cli::main()
}
