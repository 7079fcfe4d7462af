//! The typesetting process: batches in on standard input, PDF files out on standard output.
//!
//! The only process that handles a class's passwords in clear for long, and the only one that runs a school's own
//! template. So it can write no core file, cannot be attached to, has a bound on its memory, keeps nothing between
//! batches but fonts, and ends when its input does. What the typesetter itself copied is not wiped, but dies with it.

use std::io::{self, Read, Write};
use std::os::unix::process::parent_id;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::error::{LettersError, TypesetError};
use super::fonts;
use super::frames::{self, Kind, Request};
use super::typeset::typeset;

/// Address space of the child when its argument does not say otherwise, in MiB. A class takes 150; fonts, code and the
/// stacks of the threads, mapped but mostly untouched, take some hundreds.
pub const DEFAULT_MEMORY_MIB: u32 = 2048;

/// More threads gain little on a class, and each maps tens of megabytes of the bound on memory.
const THREADS: usize = 4;

/// How often the child looks whether its parent still lives.
const PARENT_CHECK: Duration = Duration::from_millis(500);

/// Runs the typesetting process until its standard input ends. Arguments after the subcommand, all optional: the bound
/// on its address space in MiB, the process id of its parent, the number of threads, and files of
/// fonts.
///
/// Exit codes: 0 at the end of the input, 1 when a pipe breaks or a limit cannot be set.
#[must_use]
pub fn child_main() -> ExitCode {
    // A panic's message may quote a batch: only its place is said.
    std::panic::set_hook(Box::new(|info| {
        if let Some(place) = info.location() {
            complain(&format!("the typesetter panicked at {}:{}", place.file(), place.line()));
        }
    }));
    let number = |n: usize| std::env::args().nth(n).and_then(|text| text.parse::<u32>().ok());
    let memory = number(2).unwrap_or(DEFAULT_MEMORY_MIB);
    // Read before it is confined, and before any template runs.
    if let Err(error) = fonts::add(&std::env::args_os().skip(5).collect::<Vec<_>>()) {
        complain(&format!("the fonts of the project cannot be read: {error}"));
        return ExitCode::FAILURE;
    }
    if let Err(error) = confine(memory) {
        complain(&format!("the typesetting process cannot be confined: {error}"));
        return ExitCode::FAILURE;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let threads = number(4).map_or(threads, |wanted| threads.min(wanted.max(1) as usize));
    // Fails only when the pool exists already, which does no harm.
    drop(rayon::ThreadPoolBuilder::new().num_threads(threads).build_global());
    die_with_the_parent(number(3).unwrap_or_else(parent_id));
    match serve(&mut io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("the typesetting process lost its pipe: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A template in a loop never sees the end of its input, so a child whose parent was killed would run for ever.
fn die_with_the_parent(parent: u32) {
    let watch = move || {
        while parent_id() == parent {
            std::thread::sleep(PARENT_CHECK);
        }
        std::process::exit(1);
    };
    if let Err(error) = std::thread::Builder::new().name("parent".into()).spawn(watch) {
        complain(&format!("the typesetting process does not watch its parent: {error}"));
    }
}

/// Answers requests until the input ends.
pub(super) fn serve(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    while let Some((kind, body)) = frames::read(input)? {
        let answer = match (kind, serde_json::from_slice::<Request>(&body)) {
            (Kind::Request, Ok(request)) => {
                drop(body);
                typeset(&request.batch, request.template.as_deref())
            }
            // The parser's message quotes the value that it did not expect, which may be a password.
            _ => Err(TypesetError::Internal { reason: "the request is not a batch".into() }.into()),
        };
        match answer {
            Ok(pdf) => frames::write(output, Kind::Pdf, &pdf)?,
            Err(error) => frames::write(output, Kind::Error, &serde_json::to_vec(&wire(error))?)?,
        }
    }
    Ok(())
}

fn wire(error: LettersError) -> TypesetError {
    match error {
        LettersError::Typeset(error) => error,
        other => TypesetError::Internal { reason: other.to_string() },
    }
}

fn confine(memory_mib: u32) -> io::Result<()> {
    let limit = |resource, bytes| setrlimit(resource, Rlimit { current: Some(bytes), maximum: Some(bytes) });
    limit(Resource::Core, 0)?;
    limit(Resource::As, u64::from(memory_mib) << 20)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    small_pages();
    Ok(())
}

/// Memory in ordinary pages, for this process and those that it starts: huge ones make a third more of it resident, and
/// printing no faster.
pub(super) fn small_pages() {
    // A kernel that does not know it has nothing to turn off.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn complain(message: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{message}");
}
