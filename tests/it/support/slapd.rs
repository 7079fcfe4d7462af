//! A real slapd in a folder of its own: started in about a tenth of a second, gone when dropped.
//!
//! It has the standard schemas and ours (converted to `cn=config` by `slaptest`), the argon2 module, an mdb database
//! with the suffix and the three branches, an administrator (the rootdn) and an ordinary account `cn=sync`, which may
//! write everything but is under the limits of size that a server puts on everybody.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rentree::config::DirectoryConfig;
use tempfile::TempDir;

use super::SUFFIX;

pub const ADMIN_PASSWORD: &str = "admin-for-tests";
pub const SYNC_PASSWORD: &str = "sync-for-tests";

/// What a test wants of its server.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Commits are forced onto the disk, as in production; tests do without unless it is their subject.
    pub durable: bool,
    /// A certificate from an authority made for the occasion: StartTLS and `ldaps://`.
    pub tls: bool,
    /// Entries that `cn=sync` may read at once; pages of a paged read when `paged_total` is unlimited.
    pub size_limit: Option<u32>,
    /// Whether pages may add up to more than the limit.
    pub paged_total_unlimited: bool,
    pub schema: Schema,
    /// Lines for the end of the database's section: `readonly on`, `restrict add`, …
    pub database: &'static str,
    /// Lines before the database's section.
    pub global: &'static str,
    /// The greatest size of the database in bytes, as a disk that fills up; a gigabyte otherwise.
    pub max_size: Option<u32>,
    /// What is wrong with the certificate.
    pub certificate: Certificate,
    pub passwords: Passwords,
    /// `cn=sync` may read and nothing more.
    pub read_only: bool,
    /// `cn=sync` has the rights that the program says it needs, and no more.
    pub least_rights: bool,
    /// Among these rights, that of deleting people.
    pub purges: bool,
    /// The ENT's attributes of these names take ASCII only.
    pub ascii_only: &'static [&'static str],
    /// The classes of groups of the ENT are not loaded.
    pub without_ent_groups: bool,
    /// It copies another server and refers writers to it.
    pub replica: bool,
}

/// What a server knows of the ENT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Schema {
    /// Every file of `schemas/ldap`.
    #[default]
    Ent,
    /// Nothing: core, cosine and inetOrgPerson only.
    Standard,
}

/// A certificate to be refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    #[default]
    Good,
    Expired,
    /// For another host.
    Elsewhere,
}

/// Which schemes of passwords it checks, beside those of every server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Passwords {
    #[default]
    Argon2,
    /// The contributed module: `{SSHA512}` and its like.
    Sha2,
    Core,
}

pub struct Slapd {
    folder: TempDir,
    options: Options,
    port: u16,
    tls_port: u16,
    process: Option<Child>,
}

impl Slapd {
    pub fn start() -> Self {
        Self::with(&Options::default())
    }

    pub fn with(options: &Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut slapd = Self { folder, options: options.clone(), port: 0, tls_port: 0, process: None };
        slapd.install();
        // A port that was free a moment ago may have been taken by another test: slapd then ends at once.
        for _ in 0..20 {
            (slapd.port, slapd.tls_port) = (free_port(), free_port());
            if slapd.launch() {
                return slapd;
            }
        }
        panic!("slapd does not start: {}", slapd.messages());
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn tls_url(&self) -> String {
        format!("ldaps://localhost:{}", self.tls_port)
    }

    pub fn socket_url(&self) -> String {
        format!("ldapi://{}", self.socket().display().to_string().replace('/', "%2F"))
    }

    /// The authority that signed its certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.path().join("ca.pem")
    }

    pub fn admin_dn() -> String {
        format!("cn=admin,{SUFFIX}")
    }

    /// Holds the administrator's password, 0600.
    pub fn password_file(&self) -> PathBuf {
        self.path().join("admin.pw")
    }

    /// The `[directory]` table of a configuration that connects as the administrator.
    pub fn toml(&self) -> String {
        format!(
            "[directory]\nkind = \"ldap\"\nsuffix = \"{SUFFIX}\"\nurl = \"{}\"\nbind_dn = \"{}\"\npassword_file = \"{}\"\n",
            self.url(),
            Self::admin_dn(),
            self.password_file().display()
        )
    }

    /// The table of one that connects as the ordinary account.
    pub fn sync_toml(&self) -> String {
        let (admin, sync) = (Self::admin_dn(), format!("cn=sync,{SUFFIX}"));
        self.toml().replace(&admin, &sync).replace("/admin.pw", "/sync.pw")
    }

    /// The same, parsed.
    pub fn config(&self) -> DirectoryConfig {
        let text = self.toml();
        toml::from_str(text.strip_prefix("[directory]\n").unwrap()).unwrap()
    }

    /// As the ordinary account.
    pub fn sync_config(&self) -> DirectoryConfig {
        let mut config = self.config();
        config.bind_dn = Some(format!("cn=sync,{SUFFIX}"));
        config.password_file = Some(self.path().join("sync.pw"));
        config
    }

    /// Kills it as a power cut would (data that reached the kernel stay).
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Starts it again on the same data and port.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "still running");
        assert!(self.launch(), "slapd does not start again: {}", self.messages());
    }

    /// Adds entries as the administrator would by hand; an entry of class `referral` is one like any other.
    pub fn add(&self, ldif: &str) {
        self.by_hand("ldapadd", ldif);
    }

    /// Carries out changes as the administrator would by hand.
    pub fn modify(&self, ldif: &str) {
        self.by_hand("ldapmodify", ldif);
    }

    fn by_hand(&self, tool: &str, ldif: &str) {
        drop(std::fs::remove_file(self.path().join("by-hand.ldif")));
        self.write("by-hand.ldif", ldif);
        let arguments = ["-x", "-M", "-H", &self.url(), "-D", &Self::admin_dn(), "-w", ADMIN_PASSWORD];
        let output = Command::new(tool).args(arguments).arg("-f").arg(self.path().join("by-hand.ldif")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Loads LDIF with the server's offline loader, which wants the server stopped.
    pub fn load_offline(&mut self, ldif: &[u8]) {
        self.kill();
        std::fs::write(self.path().join("load.ldif"), ldif).unwrap();
        self.run("slapadd", &["-q", "-F", "config", "-l", "load.ldif"]);
        self.start_again();
    }

    #[cfg(feature = "letters")]
    /// Takes everything out of it, the suffix included: a server as it is before anybody used it.
    pub fn clear(&mut self) {
        self.kill();
        std::fs::remove_dir_all(self.path().join("db")).unwrap();
        std::fs::create_dir(self.path().join("db")).unwrap();
        self.start_again();
    }

    /// Everything in it, as the server's own tool writes it.
    pub fn dump(&self) -> Vec<u8> {
        let dump = Command::new(tool("slapcat")).args(["-F", "config"]).current_dir(self.path()).output().unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        dump.stdout
    }

    fn socket(&self) -> PathBuf {
        self.path().join("ldapi")
    }

    fn messages(&self) -> String {
        std::fs::read_to_string(self.path().join("slapd.log")).unwrap_or_default()
    }

    fn install(&self) {
        for folder in ["db", "config"] {
            std::fs::create_dir(self.path().join(folder)).unwrap();
        }
        if self.options.tls {
            certificate(self.path(), self.options.certificate);
        }
        self.write("slapd.conf", &self.configuration());
        self.write("admin.pw", ADMIN_PASSWORD);
        self.write("sync.pw", &format!("{SYNC_PASSWORD}\n"));
        self.write("base.ldif", &base_ldif(""));
        self.run("slapadd", &["-q", "-f", "slapd.conf", "-l", "base.ldif"]);
        self.run("slaptest", &["-f", "slapd.conf", "-F", "config"]);
    }

    fn configuration(&self) -> String {
        let mut text = String::new();
        for schema in ["core", "cosine", "inetorgperson"] {
            let _ = writeln!(text, "include /etc/ldap/schema/{schema}.schema");
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/ldap");
        let mut ours: Vec<PathBuf> = std::fs::read_dir(ours).unwrap().map(|e| e.unwrap().path()).collect();
        ours.sort();
        if self.options.schema == Schema::Standard {
            ours.clear();
        }
        if self.options.without_ent_groups {
            ours.retain(|p| !p.ends_with("30-ent-groups.schema"));
        }
        for schema in ours.iter().filter(|p| p.extension().is_some_and(|e| e == "schema")) {
            let mut definitions = std::fs::read_to_string(schema).unwrap();
            for name in self.options.ascii_only {
                if let Some(at) = definitions.find(&format!("NAME '{name}'")) {
                    let (before, after) = definitions.split_at(at);
                    let any = "EQUALITY caseIgnoreMatch\n\tSUBSTR caseIgnoreSubstringsMatch\n\tSYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
                    let ascii = "EQUALITY caseIgnoreIA5Match\n\tSYNTAX 1.3.6.1.4.1.1466.115.121.1.26";
                    definitions = format!("{before}{}", after.replacen(any, ascii, 1));
                }
            }
            let copy = schema.file_name().unwrap().to_str().unwrap();
            // Already there when the server is configured anew.
            let _ = std::fs::remove_file(self.path().join(copy));
            self.write(copy, &definitions);
            let _ = writeln!(text, "include {}/{copy}", self.path().display());
        }
        text.push_str("modulepath /usr/lib/ldap\nmoduleload back_mdb\n");
        text.push_str(match self.options.passwords {
            Passwords::Argon2 => "moduleload argon2\npassword-hash {ARGON2}\n",
            Passwords::Sha2 => "moduleload pw-sha2\n",
            Passwords::Core => "",
        });
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let _ = writeln!(
            text,
            "authz-regexp \"gidNumber={gid}\\\\+uidNumber={uid},cn=peercred,cn=external,cn=auth\" \"{}\"",
            Self::admin_dn()
        );
        if self.options.tls {
            let folder = self.path().display();
            let _ = writeln!(
                text,
                "TLSCACertificateFile {folder}/ca.pem\nTLSCertificateFile {folder}/server.pem\n\
                 TLSCertificateKeyFile {folder}/server.key"
            );
        }
        text.push_str(self.options.global);
        let _ = writeln!(
            text,
            "database mdb\nsuffix \"{SUFFIX}\"\nrootdn \"{}\"\nrootpw {ADMIN_PASSWORD}\ndirectory {}/db\nmaxsize {}\n\
             index objectClass,uid,cn,member eq",
            Self::admin_dn(),
            self.path().display(),
            self.options.max_size.unwrap_or(1 << 30)
        );
        if !self.options.durable {
            text.push_str("dbnosync\n");
        }
        if self.options.replica {
            let _ = writeln!(
                text,
                "syncrepl rid=001 provider=ldap://127.0.0.1:9 searchbase=\"{SUFFIX}\" type=refreshOnly \
                 interval=01:00:00:00 bindmethod=simple\nupdateref ldap://maitre.example.fr"
            );
        }
        if self.options.least_rights {
            let config: DirectoryConfig =
                toml::from_str(&format!("kind = \"embedded\"\nsuffix = \"{SUFFIX}\"\n")).unwrap();
            let dialect = rentree::directory::dialect::Dialect::load(&config).unwrap();
            let account = format!("cn=sync,{SUFFIX}");
            let (rules, limits) = rentree::directory::rights::openldap(
                &dialect,
                &rentree::directory::Dn::parse(SUFFIX).unwrap(),
                &account,
                self.options.purges,
            );
            for rule in rules {
                let _ = writeln!(text, "access {rule}");
            }
            let _ = writeln!(text, "limits {limits}");
            text.push_str(self.options.database);
            return text;
        }
        let right = if self.options.read_only { "read" } else { "write" };
        let _ = writeln!(text, "access to * by dn.exact=\"cn=sync,{SUFFIX}\" {right} by anonymous auth by self read");
        if let Some(limit) = self.options.size_limit {
            let total = if self.options.paged_total_unlimited { "unlimited" } else { "hard" };
            let _ = writeln!(
                text,
                "limits dn.exact=\"cn=sync,{SUFFIX}\" size.soft={limit} size.hard={limit} size.prtotal={total}"
            );
        }
        text.push_str(self.options.database);
        text
    }

    /// Changes its configuration, as an administrator would, and starts it anew.
    pub fn restart_with(&mut self, database: &'static str) {
        self.kill();
        self.options.database = database;
        std::fs::remove_file(self.path().join("slapd.conf")).unwrap();
        std::fs::remove_dir_all(self.path().join("config")).unwrap();
        std::fs::create_dir(self.path().join("config")).unwrap();
        self.write("slapd.conf", &self.configuration());
        self.run("slaptest", &["-f", "slapd.conf", "-F", "config"]);
        self.start_again();
    }

    /// `false` when it ended at once, as it does when the port is taken.
    fn launch(&mut self) -> bool {
        let _ = std::fs::remove_file(self.socket());
        let mut listen = format!("{}/ {}/", self.url(), self.socket_url());
        if self.options.tls {
            let _ = write!(listen, " ldaps://127.0.0.1:{}/", self.tls_port);
        }
        let log = std::fs::File::create(self.path().join("slapd.log")).unwrap();
        let mut process = Command::new(tool("slapd"))
            // `-d 0` keeps it in the foreground.
            .args(["-d", "0", "-F", "config", "-h", &listen])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            // Sockets are opened in the order of the list: when the second answers, the first is there.
            if UnixStream::connect(self.socket()).is_ok() {
                self.process = Some(process);
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        false
    }

    fn write(&self, name: &str, content: &str) {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(self.path().join(name)).unwrap();
        std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(tool(program)).args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The suffix, with these lines more; the branches; the ordinary account.
pub fn base_ldif(of_suffix: &str) -> String {
    let mut base = format!(
        "dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: esco-centre\no: ENT\n{of_suffix}\n"
    );
    for branch in ["people", "structures", "groups"] {
        let _ = write!(base, "dn: ou={branch},{SUFFIX}\nobjectClass: organizationalUnit\nou: {branch}\n\n");
    }
    let _ = write!(
        base,
        "dn: cn=sync,{SUFFIX}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: sync\n\
         userPassword: {SYNC_PASSWORD}\n\n"
    );
    base
}

/// slapd's programs are out of ordinary users' PATH on Debian.
fn tool(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    assert!(path.exists(), "{} is missing: apt-get install slapd ldap-utils", path.display());
    path
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority (`ca.pem`) and a certificate of it for `localhost` and 127.0.0.1 (`server.pem`, `server.key`).
pub fn certificates(folder: &Path) {
    certificate(folder, Certificate::Good);
}

fn certificate(folder: &Path, which: Certificate) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Tests"];
    openssl(&[&authority[..], &key].concat());
    let request = ["req", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"];
    openssl(&[&request[..], &key].concat());
    let names = if which == Certificate::Elsewhere { "DNS:ldap.example.fr" } else { "DNS:localhost,IP:127.0.0.1" };
    std::fs::write(folder.join("san"), format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n")).unwrap();
    // One that ended before it began is as expired as one can be.
    let days = if which == Certificate::Expired { "-1" } else { "2" };
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        days,
        "-extfile",
        "san",
    ]);
}
