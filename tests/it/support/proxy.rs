//! A TCP proxy in front of a real slapd that breaks what goes through it, at command: it knows where one LDAP message
//! ends and the next begins, and which answer belongs to which request.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to the n-th message that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It goes through.
    Pass,
    /// It reaches the server, and its answer is lost: nothing more comes.
    DropAnswer,
    /// It reaches the server, whose answer comes after so many milliseconds.
    Delay(u64),
    /// It reaches the server, and the connection is cut instead of the answer.
    CutAnswer,
    /// It does not reach the server, and the connection is cut.
    CutRequest,
    /// It does not reach the server; it is answered with this result code.
    Answer(u8),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Requests that write: modify, add, delete.
    Writes,
    /// Messages of answers to searches: entries and ends of pages.
    Found,
}

type Script = dyn Fn(usize) -> Fault + Send + Sync;

pub struct Proxy {
    pub port: u16,
    /// Messages that counted.
    pub seen: Arc<AtomicUsize>,
    pub connections: Arc<AtomicUsize>,
}

struct Shared {
    server: u16,
    count: Count,
    script: Box<Script>,
    seen: Arc<AtomicUsize>,
}

impl Proxy {
    /// In front of the server on `port`; `script` says what to do with the n-th message (from 0) over all connections.
    pub fn start(port: u16, count: Count, script: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy =
            Self { port: listener.local_addr().unwrap().port(), seen: Arc::default(), connections: Arc::default() };
        let shared = Arc::new(Shared { server: port, count, script: Box::new(script), seen: proxy.seen.clone() });
        let connections = proxy.connections.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(&client));
            }
        });
        proxy
    }
}

/// What to do with the answer to a request, by message id.
type Pending = Arc<Mutex<HashMap<Vec<u8>, Fault>>>;

impl Shared {
    fn serve(self: Arc<Self>, client: &TcpStream) {
        // A server that is not there is a connection that ends at once.
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else {
            return drop(client.shutdown(Shutdown::Both));
        };
        client.set_nodelay(true).unwrap();
        server.set_nodelay(true).unwrap();
        let pending = Pending::default();
        let back = {
            let (shared, pending) = (self.clone(), pending.clone());
            let (client, server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || {
                shared.answers(&client, &server, &pending);
                cut(&client, &server);
            })
        };
        self.requests(client, &server, &pending);
        cut(client, &server);
        drop(back.join());
    }

    fn requests(&self, mut client: &TcpStream, mut server: &TcpStream, pending: &Pending) -> Option<()> {
        loop {
            let message = message(&mut client)?;
            let (id, tag) = head(&message)?;
            if self.count == Count::Writes && matches!(tag, 0x66 | 0x68 | 0x4a) {
                let fault = (self.script)(self.seen.fetch_add(1, Ordering::SeqCst));
                match fault {
                    Fault::Pass => {}
                    Fault::CutRequest => return None,
                    Fault::Answer(code) => {
                        client.write_all(&answer(id, tag, code)).ok()?;
                        continue;
                    }
                    later => drop(pending.lock().unwrap().insert(id.to_vec(), later)),
                }
            }
            server.write_all(&message).ok()?;
        }
    }

    fn answers(&self, mut client: &TcpStream, mut server: &TcpStream, pending: &Pending) -> Option<()> {
        loop {
            let message = message(&mut server)?;
            let (id, tag) = head(&message)?;
            let fault = match self.count {
                Count::Writes => pending.lock().unwrap().remove(id),
                // SearchResultEntry and SearchResultDone.
                Count::Found if matches!(tag, 0x64 | 0x65) => {
                    Some((self.script)(self.seen.fetch_add(1, Ordering::SeqCst)))
                }
                Count::Found => None,
            };
            match fault.unwrap_or(Fault::Pass) {
                Fault::Pass => client.write_all(&message).ok()?,
                Fault::DropAnswer => {}
                Fault::Delay(millis) => {
                    // The answers behind it wait too, as they would behind a server that is stuck.
                    std::thread::sleep(Duration::from_millis(millis));
                    client.write_all(&message).ok()?;
                }
                Fault::CutAnswer | Fault::CutRequest => return None,
                Fault::Answer(code) => client.write_all(&answer(id, tag - 1, code)).ok()?,
            }
        }
    }
}

fn cut(client: &TcpStream, server: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// The octets of the message id, and the tag of the operation (RFC 4511 §4.1.1).
fn head(message: &[u8]) -> Option<(&[u8], u8)> {
    let skip = if *message.get(1)? > 0x7f { 2 + usize::from(message[1] & 0x7f) } else { 2 };
    let size = usize::from(*message.get(skip + 1)?);
    let (id, rest) = message.get(skip + 2..)?.split_at_checked(size)?;
    Some((id, *rest.first()?))
}

/// A result without text for a request.
fn answer(id: &[u8], request: u8, code: u8) -> Vec<u8> {
    // The response's tag is the request's plus one; a delete's is primitive and becomes constructed.
    let response = if request == 0x4a { 0x6b } else { request + 1 };
    let mut body = vec![0x02, id.len() as u8];
    body.extend_from_slice(id);
    body.extend_from_slice(&[response, 7, 0x0a, 1, code, 0x04, 0, 0x04, 0]);
    let mut out = vec![0x30, body.len() as u8];
    out.extend(body);
    out
}

/// One whole LDAPMessage, tag and length included.
fn message(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut message = vec![0; 2];
    stream.read_exact(&mut message).ok()?;
    let mut size = usize::from(message[1]);
    if size > 0x7f {
        let mut length = vec![0; size & 0x7f];
        stream.read_exact(&mut length).ok()?;
        size = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
        message.extend(length);
    }
    let start = message.len();
    message.resize(start + size, 0);
    stream.read_exact(&mut message[start..]).ok()?;
    Some(message)
}
