//! `rentree serve` as a child, and who looks at it: a few lines of HTTP that can also misbehave, and a real browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::{Answer, Installation};

/// A console that runs; killed when dropped.
pub struct Served {
    process: Child,
    /// `127.0.0.1:<port>`.
    pub address: String,
    pub key: String,
    cookie: String,
}

/// What a page answered.
pub struct Page {
    pub status: u16,
    /// The status line and the header lines, names in lower case.
    pub head: String,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// Where its links lead.
    pub fn links(&self) -> Vec<String> {
        self.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }
}

impl Served {
    /// Starts a console on a free port and comes in with its key.
    pub fn start(installation: &Installation) -> Self {
        Self::start_with(installation, &[])
    }

    pub fn start_with(installation: &Installation, more: &[&str]) -> Self {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--json"];
        let mut process = installation.command(&[&serve[..], more].concat()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut why = String::new();
            process.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("the console does not start: {why}");
        }
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["format_version"], 1);
        let url = said["url"].as_str().unwrap();
        let (address, key) = url.strip_prefix("http://").unwrap().split_once("/?cle=").unwrap();
        let mut served = Self { process, address: address.into(), key: key.into(), cookie: String::new() };
        let entered = served.page(&format!("/?cle={key}"));
        assert_eq!((entered.status, entered.header("location")), (303, "/"), "{}", entered.head);
        entered.header("set-cookie").split(';').next().unwrap().clone_into(&mut served.cookie);
        served
    }

    /// A page as a browser asks for it.
    pub fn page(&self, path: &str) -> Page {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n", self.address, self.cookie))
    }

    /// A page that must be there.
    pub fn shown(&self, path: &str) -> Page {
        let page = self.page(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page
    }

    /// Sends these lines as the head of a request.
    pub fn ask(&self, head: &str) -> Page {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A server that closes before it read everything resets; what it said arrived.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {head:?}: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if head.contains("transfer-encoding: chunked") { unchunked(body) } else { body.to_owned() };
        Page { status, head: head.to_owned(), body }
    }

    /// The document as a browser has it in the end, and what it complained of.
    pub fn browse(&self, path: &str) -> (String, String) {
        let mark = if path.contains('?') { '&' } else { '?' };
        let url = format!("http://{}{path}{mark}cle={}", self.address, self.key);
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new("chromium");
        browser
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--enable-logging=stderr", "--timeout=60000", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(url)
            .stdin(Stdio::null());
        let output = browser.output().expect("chromium is missing: apt-get install chromium");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "chromium: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    }

    /// Asks it to end, as a service manager does, and gives what it answered.
    pub fn stop(mut self) -> Answer {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the console does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut stderr = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        Answer { code: status.code().unwrap_or(-1), stdout: String::new(), stderr }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn unchunked(body: &str) -> String {
    let (mut text, mut rest) = (Vec::new(), body.as_bytes());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a chunk has a size");
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return String::from_utf8(text).unwrap();
        }
        text.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
}
