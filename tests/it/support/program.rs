//! The binary as a user drives it, on an installation of its own.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use rentree::config::Config;
use rentree::store::Store;
use serde_json::Value;
use tempfile::TempDir;

use super::SUFFIX;
use super::postgres::{self, Cluster, Database};

/// A folder with a configuration, a print key beside it, and a feed.
pub struct Installation {
    folder: TempDir,
    /// Where the store is, when it is not a file in the folder.
    database: Option<Database>,
}

/// What a verb answered.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("not JSON ({e}):\n{}\n{}", self.stdout, self.stderr))
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Installation {
    /// With the embedded directory.
    pub fn embedded() -> Self {
        Self::with(&format!("[directory]\nkind = \"embedded\"\nsuffix = \"{SUFFIX}\"\n"))
    }

    /// With this `[directory]` table. Hashing is made cheap: it is not what these tests are about.
    pub fn with(directory: &str) -> Self {
        Self::on(postgres::wanted().then(|| Cluster::shared().database()), directory)
    }

    /// With its store in this database, or in a file.
    pub fn on(database: Option<Database>, directory: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let url = database.as_ref().map_or_else(|| "sqlite:rentree.db".to_owned(), Database::url);
        let installation = Self { folder, database };
        let answer = installation.run_raw(&[
            "init",
            "--without-passphrase",
            "--key-out",
            installation.key().to_str().unwrap(),
            "--json",
        ]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let recipient = answer.json()["recipient"].as_str().unwrap().to_owned();
        let text = format!(
            "[store]\nurl = \"{url}\"\n\n[[source]]\nname = \"AC-TEST\"\nkind = \"aaf-2d\"\npath = \"feed\"\n\n\
             {directory}\n[credentials.argon2]\nmemory_kib = 64\npasses = 1\nlanes = 1\nallow_weak = true\n\n\
             [letters]\nrecipients = [\"{recipient}\"]\nlogin_url = \"https://ent.example.fr\"\n"
        );
        std::fs::remove_file(installation.config()).unwrap();
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(installation.config()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        installation
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn config(&self) -> PathBuf {
        self.home().join("rentree.toml")
    }

    /// Away from configuration and store, as it must be.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("print.key")
    }

    pub fn feed(&self) -> PathBuf {
        self.home().join("feed")
    }

    /// Replaces the feed by a simulated academy.
    pub fn simulate(&self, schools: u32, pupils: u32, day: u32, bascule: bool) {
        drop(std::fs::remove_dir_all(self.feed()));
        Self::write(&rentree::simulate::Options { bascule, ..self.academy(schools, pupils, day) });
    }

    /// Lays the difference of the night before `day` beside what the feed holds.
    pub fn simulate_delta(&self, schools: u32, pupils: u32, day: u32) {
        Self::write(&rentree::simulate::Options { delta: true, ..self.academy(schools, pupils, day) });
    }

    /// The complete set of a simulated academy on a day.
    pub fn academy(&self, schools: u32, pupils: u32, day: u32) -> rentree::simulate::Options {
        let out = self.feed();
        rentree::simulate::Options {
            schools,
            pupils,
            seed: 7,
            year: 2026,
            day,
            delta: false,
            bascule: false,
            bascule_night: None,
            out,
        }
    }

    pub fn write(academy: &rentree::simulate::Options) {
        rentree::simulate::write(academy, &|_| {}).unwrap();
    }

    /// The same installation a second time: feed, store, embedded directory and all.
    pub fn twin(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let status =
            Command::new("cp").arg("-a").arg(self.folder.path().join(".")).arg(folder.path()).status().unwrap();
        assert!(status.success());
        let database = self.database.as_ref().map(Database::twin);
        if let (Some(own), Some(twin)) = (&self.database, &database) {
            let config = folder.path().join("home/rentree.toml");
            let text = std::fs::read_to_string(&config).unwrap();
            std::fs::write(&config, text.replace(&own.url(), &twin.url())).unwrap();
        }
        Self { folder, database }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rentree"));
        command
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env_remove("RENTREE_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run_raw(&self, arguments: &[&str]) -> Answer {
        self.command(arguments).output().unwrap().into()
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.run_raw(arguments)
    }

    /// Does something to the store that no verb does, or looks; gives the first column of the first row as text.
    pub fn sql(&self, sql: &str) -> String {
        if let Some(database) = &self.database {
            return database.sql(sql);
        }
        let url = format!("sqlite:{}", self.home().join("rentree.db").display());
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let ask = async move {
            let store = sqlx::SqlitePool::connect(&url).await.unwrap();
            let row = sqlx::query(sql).fetch_optional(&store).await.unwrap();
            let value = row.map(|row| {
                use sqlx::Row as _;
                row.try_get_unchecked::<Option<String>, _>(0).unwrap().unwrap_or_default()
            });
            store.close().await;
            value.unwrap_or_default()
        };
        // On a thread of its own: the caller may be on a runtime.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime.block_on(ask)).join().unwrap()
    }

    /// As `store.url` has it.
    pub fn url(&self) -> String {
        let url = || format!("sqlite:{}", self.home().join("rentree.db").display());
        self.database.as_ref().map_or_else(url, Database::url)
    }

    /// Another machine with the same store, on a server.
    pub fn elsewhere(&self) -> Self {
        let other = Self::on(None, "");
        let text = std::fs::read_to_string(self.config()).unwrap();
        std::fs::write(other.config(), text).unwrap();
        other
    }

    /// The store beside its program.
    pub async fn store(&self) -> Store {
        Store::of(&Config::load(&self.config()).unwrap().store).await.unwrap()
    }

    /// Every entry of the directory.
    pub fn entries(&self) -> Vec<rentree::directory::Entry> {
        let file = self.folder.path().join("export.ldif");
        let answer = self.run(&["export", "--ldif", file.to_str().unwrap()]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let text = std::fs::read(file).unwrap();
        rentree::directory::ldif::Reader::new(text.as_slice()).map(Result::unwrap).collect()
    }

    /// A night that must end with this code; gives its summary, whose classes add up to what was read.
    pub fn sync(&self, arguments: &[&str], code: i32) -> Value {
        let mut all = vec!["sync", "--json"];
        all.extend(arguments);
        let answer = self.run(&all);
        assert_eq!(answer.code, code, "{}\n{}", answer.stderr, answer.stdout);
        let summary = answer.json();
        let sum: u64 = summary["accounts"].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum();
        let read: u64 =
            ["Eleve", "PersRelEleve", "PersEducNat"].iter().map(|c| summary["read"][c].as_u64().unwrap()).sum();
        assert_eq!(sum, read, "totals balance: {}", summary["accounts"]);
        summary
    }
}

/// Every login and password printed on the sheets of a folder, as text extraction reads them back.
#[cfg(feature = "letters")]
pub fn printed(folder: &std::path::Path) -> Vec<(String, String)> {
    let mut credentials = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for file in files {
        let output = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let value = |label: &str| -> Vec<String> {
            text.lines().filter_map(|line| line.trim().strip_prefix(label)).map(|rest| rest.trim().to_owned()).collect()
        };
        let logins = value("Identifiant ");
        let passwords = value("Mot de passe provisoire ");
        assert_eq!(logins.len(), passwords.len(), "{}", file.display());
        credentials.extend(logins.into_iter().zip(passwords));
    }
    credentials
}
