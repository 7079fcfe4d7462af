//! Printing day: the sheets of a whole school and of one class, by the program itself; and the hashing, beside libargon2:
//! `cargo bench --bench letters [-- <pupils>]`.
//!
//! Simulates a school, feeds the embedded directory, then prints everybody's sheet as the secretary does. Told: the time
//! and the bytes of a sheet, the time from the start of the program until the file of one class is on the disk (later
//! than its first page), the greatest memory of the program and its typesetter together. What bounds it: the one
//! typesetter, which has all cores; for a class alone, its start (fonts, template). Hashing: the same number of hashes
//! one after the other, in one process each, by ours and by Debian's libargon2 at OWASP's parameters; absent, it is said.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rentree::config::CredentialsConfig;
use rentree::credentials::{Hasher, Policy, Scheme, generate};

mod support;

use support::{CHEAPEST_HASHES, Failure, median};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rentree");
const HASHES: usize = 40;

fn main() -> Result<(), Failure> {
    let pupils: u32 = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(900);
    let folder = tempfile::tempdir()?;
    let (home, key) = (folder.path().join("home"), folder.path().join("print.key"));
    std::fs::create_dir(&home)?;
    let run = |arguments: &[&str]| -> Result<String, Failure> {
        let output = Command::new(PROGRAM).current_dir(&home).args(arguments).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    };
    let key = key.to_str().ok_or("a path")?;
    let made: serde_json::Value =
        serde_json::from_str(&run(&["init", "--without-passphrase", "--key-out", key, "--json"])?)?;
    let recipient = made["recipient"].as_str().ok_or("a recipient")?;
    std::fs::write(
        home.join("rentree.toml"),
        format!(
            "[store]\nurl = \"sqlite:rentree.db\"\n[[source]]\nname = \"AC\"\nkind = \"aaf-2d\"\npath = \"feed\"\n\
             [directory]\nkind = \"embedded\"\nsuffix = \"dc=ent,dc=fr\"\n{CHEAPEST_HASHES}\
             [letters]\nrecipients = [\"{recipient}\"]\nlogin_url = \"https://ent.example.fr\"\nopenings_per_hour = 0\n"
        ),
    )?;
    run(&["simulate", "--out", "feed", "--schools", "1", "--pupils", &pupils.to_string()])?;
    run(&["sync"])?;
    let out = home.join("fiches");
    let (seconds, memory) = timed(&home, &["letters", "--out", "fiches", "--key", key])?;
    let (sheets, bytes) = printed(&run(&["letters", "history", "--json"])?, &out)?;
    let each = |total: f64| total / f64::from(sheets);
    println!("{sheets} sheets of one school, letters of a page each");
    println!("  a sheet      {:>8.2} ms {:>8.1} kB", each(seconds * 1e3), each(bytes as f64 / 1e3));
    println!("  all of them  {seconds:>8.2} s  {:>8.1} MB of PDF, {memory} MB of memory", bytes as f64 / 1e6);
    let class = class_of_thirty(&run(&["letters", "--count", "--json", "--profile", "pupil"])?)?;
    let mut times = Vec::new();
    for n in 0..5 {
        let arguments = ["letters", "--out", &format!("class-{n}"), "--key", key, "--class", &class.0];
        times.push(timed(&home, &[&arguments[..], &["--profile", "pupil"]].concat())?.0);
    }
    println!("a class of {}", class.1);
    println!("  its file     {:>8.2} s after the start (median of 5)", median(&mut times));
    hashing()
}

/// Runs the program to its end; seconds, and the greatest sum of resident memory of it and its children, in MB.
fn timed(home: &Path, arguments: &[&str]) -> Result<(f64, u64), Failure> {
    let start = Instant::now();
    let mut child =
        Command::new(PROGRAM).current_dir(home).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut most = 0;
    let status = loop {
        most = most.max(resident(&child));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("{arguments:?}: {status}").into());
    }
    Ok((seconds, most / 1_024))
}

/// Of a process and its children, in KiB.
fn resident(child: &Child) -> u64 {
    let mut pids = vec![child.id()];
    if let Ok(tasks) = std::fs::read_dir(format!("/proc/{}/task", child.id())) {
        for task in tasks.flatten() {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            pids.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
    }
    let of = |pid: &u32| -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
    };
    pids.iter().filter_map(of).sum()
}

fn printed(history: &str, out: &Path) -> Result<(u32, u64), Failure> {
    let history: serde_json::Value = serde_json::from_str(history)?;
    let sheets: u64 = history.as_array().ok_or("a history")?.iter().filter_map(|row| row["sheets"].as_u64()).sum();
    let mut bytes = 0;
    for file in std::fs::read_dir(out)? {
        bytes += file?.metadata()?.len();
    }
    Ok((u32::try_from(sheets)?, bytes))
}

/// The class whose sheets are nearest to thirty.
fn class_of_thirty(count: &str) -> Result<(String, u64), Failure> {
    let count: serde_json::Value = serde_json::from_str(count)?;
    let rows = count["rows"].as_array().ok_or("a count")?.iter();
    let classes = rows.filter_map(|row| Some((row["class"].as_str()?.to_owned(), row["secret"].as_u64()?)));
    Ok(classes.min_by_key(|(_, sheets)| sheets.abs_diff(30)).ok_or("a class")?)
}

fn hashing() -> Result<(), Failure> {
    let config: CredentialsConfig = toml::from_str("argon2 = { memory_kib = 19456, passes = 2, lanes = 1 }")?;
    let hasher = Hasher::new(Scheme::Argon2, &config)?;
    let policy = Policy::new(rentree::config::Style::Syllables, 50)?;
    let mut rng = rand::rng();
    let mut ours = Vec::new();
    for _ in 0..HASHES {
        let secret = generate(&policy, &mut rng);
        let start = Instant::now();
        std::hint::black_box(hasher.hash(&secret, &mut rng)?);
        ours.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut theirs = peer()?;
    println!("argon2id, 19 MiB, 2 passes");
    println!("  ours         {:>8.1} ms a hash (median of {})", median(&mut ours), ours.len());
    if theirs.is_empty() {
        println!("  libargon2: not there (apt-get install libargon2-1 python3)");
    } else {
        println!("  libargon2    {:>8.1} ms a hash", median(&mut theirs));
    }
    Ok(())
}

/// Milliseconds of hashes by libargon2 in one process, as ours are; read by Python, so that no compiler is needed.
const PEER: &str = r#"
import ctypes, time
library = ctypes.CDLL("libargon2.so.1")
out = ctypes.create_string_buffer(32)
for _ in range(40):
    start = time.perf_counter()
    assert library.argon2id_hash_raw(2, 19456, 1, b"bamo-tiku-fera", 14, b"a-salt-of-16-byt", 16, out, 32) == 0
    print((time.perf_counter() - start) * 1e3)
"#;

/// Nothing where libargon2 or Python is not there.
fn peer() -> Result<Vec<f64>, Failure> {
    match Command::new("python3").args(["-c", PEER]).stderr(Stdio::null()).output() {
        Ok(output) => Ok(String::from_utf8(output.stdout)?.lines().filter_map(|line| line.parse().ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
