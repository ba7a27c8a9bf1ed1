//! As little of a web server as an issuer needs: it has its own, so that ours is not held by ours.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request, as far as an issuer looks at it.
pub(super) struct Request {
    pub(super) path: String,
    /// The header `Authorization`.
    pub(super) authorization: String,
    pub(super) body: Vec<u8>,
}

/// An answer in JSON.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// A socket at which somebody answers. It is closed when it is dropped.
pub(super) struct Listening {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Answers each request, one after the other.
    pub(super) fn start(answer: impl Fn(&Request, SocketAddr) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("a port");
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                for stream in listener.incoming() {
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    if let Ok(stream) = stream {
                        // Whoever hangs up has got what they wanted.
                        let _ = serve(&stream, |request| answer(request, address));
                    }
                }
            }
        });
        Self { address, is_over, thread: Some(thread) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // It waits for somebody to come.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(stream: &TcpStream, answer: impl Fn(&Request) -> Answer) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let Answer { status, body } = answer(&read(&mut BufReader::new(stream))?);
    write!(
        { stream },
        "HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn read(stream: &mut impl BufRead) -> std::io::Result<Request> {
    let mut lines = stream.by_ref().lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let (mut authorization, mut length) = (String::new(), 0);
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut authorization),
            "content-length" => length = value.parse().expect("a length"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Request { path: first.split(' ').nth(1).unwrap_or_default().to_owned(), authorization, body })
}
