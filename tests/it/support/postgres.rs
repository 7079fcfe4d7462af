//! A real PostgreSQL for the tests that keep their store there: one server for all, from Debian's binaries, in a temporary
//! folder and behind a socket only; a database for each installation.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const USER: &str = "rentree";
const PORT: &str = "5432";

/// Whether stores are to be kept on PostgreSQL: the same tests, another database.
pub fn wanted() -> bool {
    std::env::var("RENTREE_TEST_STORE").is_ok_and(|store| store == "postgres")
}

/// A server. It ends, and its folder goes, when the pipe to its guard closes: with this process, however that ends.
pub struct Cluster {
    folder: PathBuf,
    guard: Child,
}

/// The binaries of the newest version that is there.
fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path()).collect();
    versions.sort();
    versions.pop().unwrap().join("bin").join(name)
}

/// PostgreSQL refuses to run as root: then it runs as Debian's user for it.
fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Cluster {
    /// The one of this process.
    pub fn shared() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(Self::start)
    }

    /// One of one's own, for tests that stop it.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("rentree-pg-").tempdir().unwrap().keep();
        if rustix::process::geteuid().is_root() {
            done(Command::new("chown").arg("postgres").arg(&folder));
        }
        let mut initdb = unprivileged(&binary("initdb"));
        initdb.arg("-D").arg(folder.join("data")).args(["-U", USER, "--auth=trust", "-E", "UTF8", "--locale=C", "-N"]);
        done(initdb.current_dir("/"));
        let guard = guard(&folder);
        let cluster = Self { folder, guard };
        cluster.wait();
        cluster
    }

    fn wait(&self) {
        let since = Instant::now();
        while !self.psql("postgres", "SELECT 1").0 {
            assert!(since.elapsed() < Duration::from_secs(30), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops the server at once, as a crash does.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        done(Command::new("kill").args(["-QUIT", pid.lines().next().unwrap()]));
        let since = Instant::now();
        while self.psql("postgres", "SELECT 1").0 {
            assert!(since.elapsed() < Duration::from_secs(30), "PostgreSQL does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again after [`Cluster::kill`].
    pub fn start_again(&mut self) {
        // The old guard ends when its pipe closes, and leaves what is to be kept.
        let keep = self.folder.join("keep");
        std::fs::write(&keep, "").unwrap();
        drop(self.guard.stdin.take());
        drop(self.guard.wait());
        std::fs::remove_file(keep).unwrap();
        self.guard = guard(&self.folder);
        self.wait();
    }

    /// Carries SQL out; whether that went well, and the rows without ornament.
    pub fn psql(&self, database: &str, sql: &str) -> (bool, String) {
        let output = Command::new("psql")
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", PORT, "-U", USER, "-d", database, "-qAtc", sql])
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// An empty database.
    pub fn database(&self) -> Database {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let (made, _) = self.psql("postgres", &format!("CREATE DATABASE {name}"));
        assert!(made, "no database {name}");
        Database { folder: self.folder.clone(), name }
    }
}

/// Runs the server until the pipe closes.
fn guard(folder: &Path) -> Child {
    // Durability costs time and is not what is tested; a killed server loses nothing that it was given (full_page_writes,
    // the page cache survives).
    let script = "\"$0\" -D \"$1/data\" -k \"$1\" -h '' -p \"$2\" -c fsync=off -c max_connections=400 >\"$1/log\" 2>&1 & \
                  server=$!; cat >/dev/null; kill -INT $server; wait $server; [ -e \"$1/keep\" ] || rm -rf \"$1/data\" \"$1/log\"";
    unprivileged(Path::new("/bin/sh"))
        .args(["-c", script])
        .arg(binary("postgres"))
        .arg(folder)
        .arg(PORT)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A database of a cluster; dropped with its value.
pub struct Database {
    folder: PathBuf,
    name: String,
}

impl Database {
    /// As `store.url` has it.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@localhost:{PORT}/{}?host={}", self.name, self.folder.display())
    }

    /// The first column of the first row, as text.
    pub fn sql(&self, sql: &str) -> String {
        self.psql(&self.name, sql)
    }

    /// The same database a second time.
    pub fn twin(&self) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("{}_{}", self.name, NEXT.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        let copy = format!(
            "pg_dump -h {0} -p {PORT} -U {USER} {1} | psql -h {0} -p {PORT} -U {USER} -d {name} -q -v ON_ERROR_STOP=1",
            self.folder.display(),
            self.name
        );
        done(Command::new("sh").args(["-c", &copy]));
        Self { folder: self.folder.clone(), name }
    }

    fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new("psql")
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", PORT, "-U", USER, "-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", sql])
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(
            Command::new("psql")
                .arg("-h")
                .arg(&self.folder)
                .args(["-p", PORT, "-U", USER, "-d", "postgres", "-qc"])
                .arg(format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
                .output(),
        );
    }
}
