//! The program's side of the typesetting process: starts it, feeds it, stops it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use zeroize::Zeroizing;

use super::child::DEFAULT_MEMORY_MIB;
use super::error::{LettersError, TypesetError};
use super::frames::{self, HEADER, Kind};
use super::sheet::Batch;

/// The hidden subcommand that the binary answers with [`child_main`](super::child_main).
pub const SUBCOMMAND: &str = "__typeset";

/// Typesets batches in a child process: started at the first batch, kept for the next ones, killed when a batch takes
/// too long and when this is dropped.
#[derive(Debug)]
pub struct Typesetter {
    program: PathBuf,
    template: Option<Arc<str>>,
    memory_mib: u32,
    threads: usize,
    fonts: Vec<PathBuf>,
    /// Time for any batch, and what each sheet adds to it.
    limit: (Duration, Duration),
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Typesetter {
    /// `program` is this very program (`std::env::current_exe()`), which answers [`SUBCOMMAND`].
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            template: None,
            memory_mib: DEFAULT_MEMORY_MIB,
            fonts: Vec::new(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            // A sheet takes some milliseconds; unoptimised builds on a busy machine need a hundred times that.
            limit: (Duration::from_secs(30), Duration::from_millis(300)),
            running: None,
        }
    }

    /// The text of a template that replaces the shipped one.
    #[must_use]
    pub fn with_template(mut self, template: &str) -> Self {
        self.template = Some(template.into());
        self
    }

    /// Files of fonts that the child reads at its start.
    #[must_use]
    pub fn with_fonts(mut self, files: &[PathBuf]) -> Self {
        self.fonts = files.to_vec();
        self
    }

    /// Time for one batch: `base`, and `per_sheet` for each of its sheets.
    #[must_use]
    pub const fn with_time_limit(mut self, base: Duration, per_sheet: Duration) -> Self {
        self.limit = (base, per_sheet);
        self
    }

    /// Bound on the address space of the child, in MiB.
    #[must_use]
    pub const fn with_memory_limit(mut self, mib: u32) -> Self {
        self.memory_mib = mib;
        self
    }

    /// The PDF of one batch. After an error the next batch gets a fresh child where the old one could not be trusted.
    ///
    /// # Errors
    /// What [`typeset`](super::typeset) finds wrong; the child that cannot start, dies, or takes too long.
    pub async fn typeset(&mut self, batch: &Batch) -> Result<Vec<u8>, LettersError> {
        let protocol = |reason: String| LettersError::Protocol { batch: batch.id.clone(), reason };
        let body = frames::request(batch, self.template.as_deref()).map_err(|error| protocol(error.to_string()))?;
        let head = frames::header(Kind::Request, body.len()).map_err(|error| protocol(error.to_string()))?;
        let (base, per_sheet) = self.limit;
        let limit = base + per_sheet * u32::try_from(batch.sheets.len()).unwrap_or(u32::MAX);

        // Out of `self` while it works: a cancelled call drops it, and with it the child that is in mid-batch.
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start()?,
        };
        match tokio::time::timeout(limit, running.ask(&head, &body)).await {
            Ok(Ok((Kind::Pdf, pdf))) => {
                self.running = Some(running);
                Ok(pdf)
            }
            Ok(Ok((Kind::Error, error))) => {
                self.running = Some(running);
                let error: TypesetError =
                    serde_json::from_slice(&error).map_err(|error| protocol(format!("its error: {error}")))?;
                Err(error.into())
            }
            Ok(Ok((Kind::Request, _))) => Err(protocol("it answered with a request".into())),
            Ok(Err(broken)) => Err(LettersError::Died { batch: batch.id.clone(), how: running.end(&broken).await }),
            Err(_) => {
                running.kill().await;
                Err(LettersError::TimeLimit { batch: batch.id.clone(), limit })
            }
        }
    }

    /// Lets the child end by itself.
    pub async fn finish(mut self) {
        if let Some(Running { mut child, input, output }) = self.running.take() {
            drop((input, output));
            // It ends within moments once its input is closed; a child that does not is killed by the drop.
            drop(tokio::time::timeout(Duration::from_secs(5), child.wait()).await);
        }
    }

    fn start(&self) -> Result<Running, LettersError> {
        let failed = |source| LettersError::Spawn { program: self.program.clone(), source };
        let mut child = Command::new(&self.program)
            .arg(SUBCOMMAND)
            .args([self.memory_mib.to_string(), std::process::id().to_string(), self.threads.to_string()])
            .args(&self.fonts)
            .env_clear()
            // The allocator would set 1 GiB of addresses apart at once, which the bound on memory counts.
            .env("MIMALLOC_ARENA_RESERVE", "64MiB")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(std::io::Error::other("it has no pipes")));
        };
        Ok(Running { child, input, output })
    }
}

impl Running {
    async fn ask(&mut self, head: &[u8], body: &Zeroizing<Vec<u8>>) -> std::io::Result<(Kind, Vec<u8>)> {
        self.input.write_all(head).await?;
        self.input.write_all(body).await?;
        self.input.flush().await?;
        let mut head = [0; HEADER];
        self.output.read_exact(&mut head).await?;
        let (kind, length) = frames::parse_header(head)?;
        let mut answer = vec![0; length];
        self.output.read_exact(&mut answer).await?;
        Ok((kind, answer))
    }

    async fn kill(&mut self) {
        // Fails only for a child that is gone already.
        drop(self.child.kill().await);
    }

    /// How it ended, for people.
    async fn end(&mut self, broken: &std::io::Error) -> String {
        match tokio::time::timeout(Duration::from_secs(1), self.child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            _ => {
                self.kill().await;
                broken.to_string()
            }
        }
    }
}
