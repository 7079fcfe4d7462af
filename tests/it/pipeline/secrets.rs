//! No clear secret outside of the printed sheets: not in the store, the logs, the answers, the arguments, the environment,
//! nor in any other file that a run leaves.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rentree::credentials::PrintKey;

use crate::support::program::{Installation, printed};

/// Where a secret stands in bytes, whatever is around it; every one of them is looked for in one pass.
struct Search {
    /// By their first four bytes.
    by_start: std::collections::HashMap<[u8; 4], Vec<Vec<u8>>>,
}

impl Search {
    fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut by_start: std::collections::HashMap<[u8; 4], Vec<Vec<u8>>> = std::collections::HashMap::new();
        for secret in secrets {
            assert!(secret.len() >= 8, "{secret}");
            // A page of SQLite, a JSON text and a log hold it as it is; a wide form would be UTF-16.
            let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for form in [secret.as_bytes().to_vec(), wide] {
                by_start.entry(form[..4].try_into().unwrap()).or_default().push(form);
            }
        }
        Self { by_start }
    }

    fn finds(&self, bytes: &[u8]) -> Option<String> {
        let at = bytes.windows(4).position(|window| {
            let start: [u8; 4] = window.try_into().unwrap();
            let from = window.as_ptr() as usize - bytes.as_ptr() as usize;
            self.by_start.get(&start).is_some_and(|forms| forms.iter().any(|form| bytes[from..].starts_with(form)))
        })?;
        Some(String::from_utf8_lossy(&bytes[at..(at + 24).min(bytes.len())]).into_owned())
    }

    /// The files of a folder, at any depth, that hold one.
    fn in_folder(&self, folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                found.extend(self.in_folder(&path));
            } else if entry.file_type().unwrap().is_file()
                && std::fs::read(&path).is_ok_and(|bytes| self.finds(&bytes).is_some())
            {
                found.push(path);
            }
        }
        found
    }
}

/// Arguments and environments of the program's processes while something runs.
struct Watch {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<HashSet<Vec<u8>>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    fn begin() -> Self {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(HashSet::new())));
        let (ends, keeps) = (Arc::clone(&stop), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                for process in std::fs::read_dir("/proc").unwrap().flatten() {
                    let cmdline = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
                    if cmdline.windows(7).any(|window| window == b"rentree") {
                        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
                        keeps.lock().unwrap().extend([cmdline, environment]);
                    }
                }
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        });
        Self { stop, seen, thread: Some(thread) }
    }

    fn end(mut self) -> HashSet<Vec<u8>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

#[test]
fn no_secret_is_anywhere_but_on_the_sheets() {
    let installation = Installation::embedded();
    let temporary = installation.home().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    // A school with a key of its own, for a pack.
    let away = tempfile::tempdir().unwrap();
    let school_key = PrintKey::generate();
    school_key.write(&away.path().join("school.key"), None, &[]).unwrap();
    installation.simulate(1, 16, 0, false);
    let found = installation.run(&["check", "--json"]).json();
    let school = found["schools"][0]["uai"].as_str().unwrap().to_owned();
    let config = std::fs::read_to_string(installation.config()).unwrap();
    let table = format!("\n[letters.schools.{school}]\nrecipients = [\"{}\"]\n", school_key.recipient());
    std::fs::write(installation.config(), config + &table).unwrap();

    let watch = Watch::begin();
    let mut said: Vec<u8> = Vec::new();
    let mut run = |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        command.env("RENTREE_LOG", "trace,rentree=trace").env("TMPDIR", &temporary).stdin(Stdio::null());
        let output = command.output().unwrap();
        let code = output.status.code().unwrap();
        assert!([0, 3].contains(&code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        said.extend_from_slice(&output.stdout);
        said.extend_from_slice(&output.stderr);
    };
    let key = installation.key();
    let key = key.to_str().unwrap();
    let out = |name: &str| installation.home().join(name).to_str().unwrap().to_owned();
    run(&["sync", "-vv"]);
    run(&["letters", "-vv", "--out", &out("all"), "--key", key]);
    let first = printed(Path::new(&out("all")));
    let (lost, jammed) = (first[0].0.clone(), first[1].0.clone());
    run(&["reprint", "--reason", "jam", "--person", &jammed, "--out", &out("jam"), "--key", key]);
    run(&["reprint", "--reason", "lost", "--person", &lost, "--out", &out("lost"), "--key", key]);
    run(&["credentials", "reissue", "--person", &first[2].0, "--reason", "essai", "--yes"]);
    run(&["credentials", "reseal", "--key", key]);
    run(&["credentials", "prepare", "5"]);
    run(&["letters", "--csv", "labels", "--out", &out("labels.csv")]);
    run(&["letters", "--list", "--out", &out("list")]);
    run(&["person", "show", &first[0].0, "--out", &out("person.txt")]);
    run(&["explain", &first[0].0]);
    run(&["audit", "export", "--out", &out("trail.jsonl")]);
    run(&["export", "--ldif", &out("directory.ldif"), "--with-password-hashes"]);
    let pack = away.path().join("pack");
    run(&["letters", "pack", "--school", &school, "--out", pack.to_str().unwrap()]);
    let (machine, school_key) = (out("machine"), away.path().join("school.key"));
    run(&["letters", "--pack", pack.to_str().unwrap(), "--key", school_key.to_str().unwrap(), "--out", &machine]);
    let processes = watch.end();

    // Every password that was printed, of which the files are then set aside.
    let mut secrets: HashSet<String> = HashSet::new();
    let mut sheets = 0;
    let mut folders = vec![PathBuf::from(out("all")), PathBuf::from(&machine)];
    for batch in ["jam", "lost"] {
        folders.extend(std::fs::read_dir(out(batch)).unwrap().map(|folder| folder.unwrap().path()));
    }
    for folder in &folders {
        let pdfs = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|ext| ext == "pdf") {
                std::fs::rename(&file, pdfs.path().join(file.file_name().unwrap())).unwrap();
                sheets += 1;
            }
        }
        secrets.extend(printed(pdfs.path()).into_iter().map(|(_, password)| password));
    }
    assert!(sheets > 4 && secrets.len() > 30, "{sheets} files, {} secrets", secrets.len());
    let search = Search::of(secrets.iter().map(String::as_str));
    for folder in [installation.home().parent().unwrap(), away.path()] {
        assert_eq!(search.in_folder(folder), Vec::<PathBuf>::new());
    }
    assert_eq!(search.finds(&said), None, "in what the program said");
    assert!(processes.len() > 10, "{} arguments and environments", processes.len());
    assert!(processes.iter().any(|bytes| bytes.windows(9).any(|window| window == b"__typeset")), "the child was seen");
    for bytes in &processes {
        assert_eq!(search.finds(bytes), None, "in arguments or environment");
    }
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "nothing stays in the temporary folder");

    // The search finds what there is to find.
    let secret = secrets.iter().next().unwrap();
    std::fs::write(installation.home().join("leak"), format!("\u{0}page {secret} of a database")).unwrap();
    assert_eq!(search.in_folder(&installation.home()).len(), 1);
}
