//! A client that says byte by byte what a test wants.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// No test waits longer than this for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection on which nothing is said but what a test says.
#[derive(Debug)]
pub struct RawClient(TcpStream);

impl RawClient {
    /// Connects from the address `from`.
    pub async fn connect(to: SocketAddr, from: IpAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from, 0)).unwrap();
        Self(socket.connect(to).await.unwrap())
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes).await, "the server takes no more");
    }

    /// Sends bytes; whether the server still took them.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.expect("a server that reads").is_ok()
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Reads until a head ends, and no further.
    pub async fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8()).await.expect("an answer in time");
            head.push(byte.expect("a whole head"));
        }
        String::from_utf8(head).expect("a head in UTF-8")
    }

    /// Reads one answer that says how long it is.
    pub async fn read_reply(&mut self) -> RawReply {
        let mut reply = RawReply { head: self.read_head().await, body: String::new() };
        let length = reply.header("content-length").expect("a length").parse().expect("a number");
        let mut body = vec![0; length];
        timeout(PATIENCE, self.0.read_exact(&mut body)).await.expect("a body in time").expect("a whole body");
        reply.body = String::from_utf8(body).expect("a body in UTF-8");
        reply
    }

    /// Reads until the server closes.
    pub async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset closes as well, after what was read.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("a server that closes");
        String::from_utf8(bytes).expect("an answer in UTF-8")
    }
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct RawReply {
    head: String,
    body: String,
}

impl RawReply {
    /// Takes apart the only answer in `text`.
    pub fn only(text: &str) -> Self {
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text:?}");
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
        Self { head: format!("{head}\r\n\r\n"), body: body.to_owned() }
    }

    /// The head, byte by byte.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The body, byte by byte.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }

    /// The value of a header whose name is spelt exactly so.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl fmt::Display for RawReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.status(), self.body.trim_end_matches('\n'))
    }
}
