//! Clients that ask as fast as they are answered.
//!
//! They share the cores with what they measure, so they do as little as they can: one thread for all of them,
//! requests made beforehand, and of each answer only the status and the length are looked at.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Failure;
use crate::samples::Samples;

/// A connection of its own, on which requests are sent round and round, each after the answer to the last.
#[derive(Debug)]
pub(crate) struct Client {
    requests: Vec<Vec<u8>>,
    next: usize,
}

/// What came of some clients asking.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long each request took.
    pub(crate) latencies: Samples,
    /// How long it went on.
    pub(crate) took: Duration,
    /// How long the body of the last answer was, in bytes.
    pub(crate) body: usize,
}

impl Load {
    /// How many requests a second were answered.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.count() as f64 / self.took.as_secs_f64()
    }
}

impl Client {
    /// A client that has sent nothing yet.
    pub(crate) fn new(requests: Vec<Vec<u8>>) -> Self {
        Self { requests, next: 0 }
    }

    /// Asks until `lasting` is over, and goes on another time where it stopped.
    async fn ask(mut self, server: SocketAddr, lasting: Duration) -> Result<(Self, Load), Failure> {
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let mut load = Load::default();
        let mut answer = Vec::with_capacity(64 * 1024);
        let began = Instant::now();
        let mut now = began;
        while now - began < lasting {
            stream.write_all(&self.requests[self.next]).await?;
            self.next = (self.next + 1) % self.requests.len();
            load.body = receive(&mut stream, &mut answer).await?;
            let asked = std::mem::replace(&mut now, Instant::now());
            load.latencies.push(now - asked);
        }
        load.took = now - began;
        Ok((self, load))
    }
}

/// Lets all clients ask at once.
///
/// # Errors
/// If any answer is not a success.
pub(crate) fn run(server: SocketAddr, clients: &mut Vec<Client>, lasting: Duration) -> Result<Load, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let asking: JoinSet<_> = clients.drain(..).map(|client| client.ask(server, lasting)).collect();
        let mut sum = Load::default();
        for done in asking.join_all().await {
            let (client, load) = done?;
            clients.push(client);
            sum.latencies.extend(load.latencies);
            sum.took = sum.took.max(load.took);
            sum.body = load.body;
        }
        Ok(sum)
    })
}

/// Waits for the whole of an answer, and returns how long its body is.
async fn receive(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<usize, Failure> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the server hung up".into());
        }
        if let Some(length) = body_length(answer)? {
            return Ok(length);
        }
    }
}

/// How long the body is; `None` while some of the answer is still to come.
fn body_length(answer: &[u8]) -> Result<Option<usize>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head_length) = head.parse(answer)? else { return Ok(None) };
    if head.code != Some(200) {
        return Err(format!("not a success: {}", String::from_utf8_lossy(answer)).into());
    }
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.ok_or("an answer of unknown length")?;
    let length: usize = str::from_utf8(length.value)?.parse()?;
    Ok((answer.len() == head_length + length).then_some(length))
}
