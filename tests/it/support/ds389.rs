//! A real 389 Directory Server in a folder of its own: started in about a second, gone when dropped.
//!
//! Its configuration is Debian's own template, filled in here: the tools that come with the server want systemd and
//! folders of the system. It has the schema of the ENT (converted by the program itself), one database with the suffix
//! and the three branches, the Directory Manager, and an ordinary account `cn=sync` with rights on everything.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rentree::config::{CredentialsConfig, DirectoryConfig};
use rentree::credentials::{Hasher, Scheme, Secret};
use rentree::directory::schema::shipped;
use tempfile::TempDir;

use super::SUFFIX;
use super::slapd::{SYNC_PASSWORD, base_ldif};

const MANAGER: &str = "cn=Directory Manager";
const MANAGER_PASSWORD: &str = "manager-for-tests";
const TEMPLATES: &str = "/usr/share/dirsrv/data";

pub struct Ds389 {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Ds389 {
    pub fn start() -> Self {
        let mut server = Self { folder: tempfile::tempdir().unwrap(), port: 0, process: None };
        for folder in ["lock", "tmp", "ldif", "bak", "run", "inst", "log", "db", "conf", "conf/schema"] {
            std::fs::create_dir(server.path().join(folder)).unwrap();
        }
        for (from, to) in [
            ("/etc/dirsrv/config/certmap.conf", "conf/certmap.conf"),
            ("/etc/dirsrv/config/slapd-collations.conf", "conf/slapd-collations.conf"),
            ("/etc/dirsrv/schema/99user.ldif", "conf/schema/99user.ldif"),
        ] {
            std::fs::copy(from, server.path().join(to)).unwrap_or_else(|e| panic!("{from}: {e}; {MISSING}"));
        }
        std::fs::write(server.path().join("conf/schema/60ent.ldif"), shipped::as_389_ldif()).unwrap();
        server.write_secret("manager.pw", MANAGER_PASSWORD);
        server.write_secret("sync.pw", SYNC_PASSWORD);
        // A port that was free a moment ago may have been taken by another test.
        for _ in 0..20 {
            server.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            std::fs::write(server.path().join("conf/dse.ldif"), server.configuration()).unwrap();
            if server.launch() {
                server.fill();
                return server;
            }
        }
        panic!("389 DS does not start: {}", server.messages());
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The `[directory]` table of a configuration that connects as the ordinary account, in a dialect that locks as
    /// this server does.
    pub fn toml(&self) -> String {
        let preset = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/dialects/sdet-siren.toml");
        let preset = std::fs::read_to_string(preset).unwrap();
        let (before, lock) = preset.split_once("[lock]\n").unwrap();
        let (_, after) = lock.split_once("\n[").unwrap();
        let dialect = self.path().join("dialect.toml");
        std::fs::write(&dialect, format!("{before}[lock]\nmethod = \"nsAccountLock\"\n\n[{after}")).unwrap();
        format!(
            "[directory]\nkind = \"ldap\"\nsuffix = \"{SUFFIX}\"\nurl = \"{}\"\nbind_dn = \"cn=sync,{SUFFIX}\"\n\
             password_file = \"{}\"\ndialect.file = \"{}\"\n",
            self.url(),
            self.path().join("sync.pw").display(),
            dialect.display()
        )
    }

    /// The same, parsed.
    pub fn config(&self) -> DirectoryConfig {
        toml::from_str(self.toml().strip_prefix("[directory]\n").unwrap()).unwrap()
    }

    /// The same with the shipped dialect, whose lock is OpenLDAP's.
    pub fn config_for_openldap(&self) -> DirectoryConfig {
        DirectoryConfig { dialect: rentree::config::DialectConfig::default(), ..self.config() }
    }

    /// Takes every right from the account but those that the program says it needs.
    pub fn least_rights(&self) {
        let dialect = rentree::directory::dialect::Dialect::load(&self.config()).unwrap();
        let mut ldif = format!("dn: {SUFFIX}\nchangetype: modify\nreplace: aci\n");
        for rule in rentree::directory::rights::aci_389(&dialect, &format!("cn=sync,{SUFFIX}"), false) {
            let _ = writeln!(ldif, "aci: {rule}");
        }
        self.modify(&ldif);
    }

    /// Changes entries as the Directory Manager.
    pub fn modify(&self, ldif: &str) {
        self.ldap("ldapmodify", ldif);
    }

    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    fn messages(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.path().join(name)).unwrap_or_default();
        format!("{}{}", read("log/errors"), read("output"))
    }

    fn configuration(&self) -> String {
        let template = |name: &str| {
            let path = Path::new(TEMPLATES).join(name);
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}; {MISSING}", path.display()))
        };
        // The server refuses a password in clear there.
        let hasher = Hasher::new(Scheme::Ssha512, &CredentialsConfig::default()).unwrap();
        let manager = hasher.hash(&Secret::new(MANAGER_PASSWORD.to_owned().into()), &mut rand::rng()).unwrap();
        let at = |folder: &str| self.path().join(folder).display().to_string();
        let mut text = format!("{}\n{}", template("template-dse.ldif"), template("template-suffix-db.ldif"));
        for (name, value) in [
            ("schema_dir", at("conf/schema")),
            ("lock_dir", at("lock")),
            ("tmp_dir", at("tmp")),
            ("cert_dir", at("conf")),
            ("ldif_dir", at("ldif")),
            ("bak_dir", at("bak")),
            ("run_dir", at("run")),
            ("inst_dir", at("inst")),
            ("log_dir", at("log")),
            ("db_dir", at("db")),
            ("db_home_dir", at("db")),
            ("config_dir", at("conf")),
            ("fqdn", "localhost".to_owned()),
            ("ds_port", self.port.to_string()),
            ("ds_user", "root".to_owned()),
            ("rootdn", MANAGER.to_owned()),
            ("ds_passwd", manager.expose().to_owned()),
            ("ldapi_enabled", "off".to_owned()),
            ("ldapi_autobind", "off".to_owned()),
            ("ldapi", at("ldapi")),
            ("ds_suffix", SUFFIX.to_owned()),
            ("ds_bename", "userRoot".to_owned()),
            ("db_lib", "bdb".to_owned()),
        ] {
            text = text.replace(&format!("%{name}%"), &value);
        }
        text = text.replace(
            "nsslapd-ldapilisten:",
            "nsslapd-listenhost: 127.0.0.1\nnsslapd-allow-hashed-passwords: on\nnsslapd-ldapilisten:",
        );
        // An entry after a comment or a second empty line is silently not read.
        let mut clean = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if !(line.trim().is_empty() && clean.ends_with("\n\n")) {
                let _ = writeln!(clean, "{line}");
            }
        }
        clean
    }

    /// `false` when it ended at once, as it does when the port is taken.
    fn launch(&mut self) -> bool {
        let program = Path::new("/usr/sbin/ns-slapd");
        assert!(program.exists(), "{} is missing; {MISSING}", program.display());
        let output = std::fs::File::create(self.path().join("output")).unwrap();
        let mut process = Command::new(program)
            .arg("-D")
            .arg(self.path().join("conf"))
            .arg("-i")
            .arg(self.path().join("pid"))
            // Errors only, in the foreground.
            .args(["-d", "16384"])
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        while Instant::now() < deadline {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                self.process = Some(process);
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        false
    }

    /// The suffix, the branches, the account.
    fn fill(&self) {
        let right = format!(
            "aci: (targetattr = \"* || nsAccountLock\")(version 3.0; acl \"sync\"; allow (all) \
             userdn = \"ldap:///cn=sync,{SUFFIX}\";)\n"
        );
        self.ldap("ldapadd", &base_ldif(&right));
    }

    fn ldap(&self, program: &str, ldif: &str) {
        let file = self.path().join("input.ldif");
        std::fs::write(&file, ldif).unwrap();
        let output = Command::new(program)
            .args(["-x", "-H", &self.url(), "-D", MANAGER, "-w", MANAGER_PASSWORD, "-f"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write_secret(&self, name: &str, content: &str) {
        let mut options = std::fs::OpenOptions::new();
        let path: PathBuf = self.path().join(name);
        let mut file = options.write(true).create_new(true).mode(0o600).open(path).unwrap();
        std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
    }
}

impl Drop for Ds389 {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

const MISSING: &str = "apt-get install 389-ds-base ldap-utils";
