//! A client as plain as can be: one call after the other on one connection.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long an answer is waited for. Longer than a lease: a call that takes something away may wait for one to run out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// The keys that a caller shows.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) api_key: String,
    pub(crate) application_key: String,
}

/// A call to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call<'c> {
    pub(crate) keys: &'c Keys,
    pub(crate) request_id: &'c str,
    pub(crate) method: &'static str,
    pub(crate) target: &'c str,
    pub(crate) body: Option<Value>,
    /// The revision that the answer has to know, if any.
    pub(crate) at_least: Option<u64>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// As the header says, if it does.
    pub(crate) revision: Option<u64>,
    pub(crate) body: Value,
}

/// A connection of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Connects. If this fails, nothing was said to anybody.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Makes a call.
    ///
    /// # Errors
    /// If there was no whole answer. Nobody knows then whether the call was made.
    pub(crate) fn call(&mut self, call: &Call<'_>) -> io::Result<Reply> {
        let Call { keys: Keys { api_key, application_key }, request_id, method, target, body, at_least } =
            call;
        let at_least =
            at_least.map(|revision| format!("x-orgbridge-at-least: {revision}\r\n")).unwrap_or_default();
        let body = body.as_ref().map(Value::to_string).unwrap_or_default();
        let length = body.len();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\ndd-api-key: {api_key}\r\n\
             dd-application-key: {application_key}\r\nx-request-id: {request_id}\r\n\
             {at_least}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        self.read()
    }

    fn read(&mut self) -> io::Result<Reply> {
        let status = self.line()?.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(ErrorKind::InvalidData)?;
        let (mut length, mut revision) = (0, None);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let number = || value.trim().parse::<u64>().map_err(|_| ErrorKind::InvalidData);
            match name {
                "content-length" => length = number()?,
                "x-orgbridge-revision" => revision = Some(number()?),
                _ => {}
            }
        }
        let mut body = Vec::new();
        let read = (&mut self.0).take(length).read_to_end(&mut body)?;
        if read as u64 != length {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? };
        Ok(Reply { status, revision, body })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
