//! A real mail server in a folder of its own (Debian's python3-aiosmtpd), which keeps what it is given.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::slapd::{certificates, free_port};

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Clear,
    StartTls,
    Tls,
}

pub struct Smtp {
    pub port: u16,
    folder: TempDir,
    child: Child,
}

impl Smtp {
    pub fn start(security: Security) -> Self {
        Self::start_on(free_port(), security)
    }

    pub fn start_on(port: u16, security: Security) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-m", "aiosmtpd", "-n", "-l"]).arg(format!("127.0.0.1:{port}"));
        match security {
            Security::Clear => {}
            Security::StartTls => {
                command.args(["--tlscert", "server.pem", "--tlskey", "server.key"]);
            }
            Security::Tls => {
                command.args(["--smtpscert", "server.pem", "--smtpskey", "server.key"]);
            }
        }
        let child = command
            .args(["-c", "aiosmtpd.handlers.Mailbox", "mail"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("apt-get install python3-aiosmtpd");
        let started = Self { port, folder, child };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "the mail server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        started
    }

    pub fn authority(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// What has arrived, headers and all, the oldest first; encoded words and bodies are decoded.
    pub fn messages(&self) -> Vec<String> {
        let reader = "import email, email.policy, pathlib, sys\n\
            for file in sorted(pathlib.Path(sys.argv[1]).glob('new/*'), key=lambda f: f.stat().st_mtime_ns):\n    \
                message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)\n    \
                head = ''.join(f'{name}: {value}\\n' for name, value in message.items())\n    \
                print(head + '\\n' + message.get_content(), end='\\0')\n";
        let output = Command::new("/usr/bin/python3")
            .args(["-c", reader])
            .arg(self.folder.path().join("mail"))
            .env("PYTHONUTF8", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
