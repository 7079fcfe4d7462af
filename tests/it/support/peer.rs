//! An LDAP peer that misbehaves at command: it answers binds with success and each write with what the script says.
//!
//! Just enough BER for that (RFC 4511): short messages in, one result out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What to do with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Code(u8),
    /// Take it and say nothing.
    Silence,
    /// Take it and close the connection.
    HangUp,
}

pub struct Peer {
    pub port: u16,
    /// Connections that were opened.
    pub connections: Arc<AtomicUsize>,
    /// Writes that arrived.
    pub writes: Arc<AtomicUsize>,
}

impl Peer {
    /// `script` says what to do with the n-th write (from 0) over all connections.
    pub async fn start(script: impl Fn(usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer =
            Self { port: listener.local_addr().unwrap().port(), connections: Arc::default(), writes: Arc::default() };
        let (connections, writes, script) = (peer.connections.clone(), peer.writes.clone(), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, writes.clone(), script.clone()));
            }
        });
        peer
    }
}

async fn serve(
    mut stream: TcpStream,
    writes: Arc<AtomicUsize>,
    script: Arc<impl Fn(usize) -> Answer + Send + Sync + 'static>,
) -> Option<()> {
    loop {
        let message = message(&mut stream).await?;
        // INTEGER of the message id, then the operation's tag.
        let size = usize::from(*message.get(1)?);
        let (id, rest) = message.get(2..)?.split_at_checked(size)?;
        let tag = *rest.first()?;
        let answer = match tag {
            0x60 => Answer::Code(0),
            0x42 => return None,
            _ => script(writes.fetch_add(1, Ordering::SeqCst)),
        };
        match answer {
            Answer::Silence => {}
            Answer::HangUp => return None,
            Answer::Code(code) => {
                // The response's tag is the request's plus one; a delete's is primitive and becomes constructed.
                let response = if tag == 0x4a { 0x6b } else { tag + 1 };
                let mut body = vec![0x02, size as u8];
                body.extend_from_slice(id);
                body.extend_from_slice(&[response, 7, 0x0a, 1, code, 0x04, 0, 0x04, 0]);
                let mut out = vec![0x30, body.len() as u8];
                out.extend(body);
                stream.write_all(&out).await.ok()?;
            }
        }
    }
}

/// The content of one LDAPMessage.
async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.ok()?;
    let mut size = usize::from(head[1]);
    if size > 0x7f {
        let mut length = vec![0; size & 0x7f];
        stream.read_exact(&mut length).await.ok()?;
        size = length.iter().fold(0, |n, b| n << 8 | usize::from(*b));
    }
    let mut content = vec![0; size];
    stream.read_exact(&mut content).await.ok()?;
    Some(content)
}
