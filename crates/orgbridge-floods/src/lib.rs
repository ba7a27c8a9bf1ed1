//! What clients send who mean harm: for tests that ask whether the server goes on answering others, and gives back the
//! memory that it took. Source: hardening list, 10 and 16.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long an attacker waits for a server that takes nothing, or says nothing.
const PATIENCE: Option<Duration> = Some(Duration::from_millis(100));

/// What one attacker sends on a connection: how it begins, and what follows until the server has had enough.
#[derive(Debug, Clone)]
pub struct Flood {
    /// In words.
    pub name: &'static str,
    opening: Vec<u8>,
    /// The n-th piece.
    piece: fn(u32) -> Vec<u8>,
}

impl Flood {
    /// Attacks on one connection after the other until `end`; how many there were.
    pub fn attack(&self, address: SocketAddr, end: Instant) -> usize {
        let mut connections = 0;
        while Instant::now() < end {
            let Ok(mut socket) = TcpStream::connect(address) else { continue };
            connections += 1;
            let is_bounded =
                socket.set_write_timeout(PATIENCE).and_then(|()| socket.set_read_timeout(PATIENCE));
            let mut number = 0;
            let mut is_open = is_bounded.and_then(|()| socket.write_all(&self.opening)).is_ok();
            while is_open && Instant::now() < end {
                is_open = socket.write_all(&(self.piece)(number)).is_ok();
                number += 1;
            }
            // What it was told in the end, if it was told anything.
            let _ = socket.read(&mut [0; 1024]);
        }
        connections
    }
}

/// Every flood. Some come with the credentials of somebody who may do what they ask for, in headers that each end a line.
pub fn floods(credentials: &str) -> Vec<Flood> {
    [of_http1(credentials), of_http2()].concat()
}

fn of_http1(credentials: &str) -> Vec<Flood> {
    let http1 = |more: &str| {
        let json = "Content-Type: application/json\r\n";
        format!("POST /api/v2/org_connections HTTP/1.1\r\nHost: a\r\n{credentials}{json}{more}").into_bytes()
    };
    vec![
        Flood {
            name: "chunks without end",
            opening: http1("Transfer-Encoding: chunked\r\n\r\n"),
            piece: |_| [b"4000\r\n", &[b' '; 0x4000][..], b"\r\n"].concat(),
        },
        Flood {
            name: "chunks of one byte",
            opening: http1("Transfer-Encoding: chunked\r\n\r\n"),
            piece: |_| b"1\r\n \r\n".repeat(1000),
        },
        Flood {
            name: "a body beyond its limit",
            opening: http1("Content-Length: 9000000000\r\n\r\n"),
            piece: |_| vec![b' '; 0x4000],
        },
        Flood {
            name: "a compressed body",
            opening: http1("Content-Encoding: gzip\r\nContent-Length: 9000000000\r\n\r\n"),
            piece: |_| vec![0; 0x4000],
        },
        Flood {
            name: "a head without end",
            opening: http1(""),
            piece: |number| format!("X-{number}: {}\r\n", "x".repeat(200)).into_bytes(),
        },
        Flood {
            name: "requests whose answers nobody reads",
            opening: Vec::new(),
            piece: |_| {
                let request = "GET /api/v2/openapi.json HTTP/1.1\r\nHost: a\r\n\r\n";
                request.repeat(20).into_bytes()
            },
        },
        Flood { name: "bytes that are no protocol", opening: Vec::new(), piece: |_| vec![0x80; 0x4000] },
        Flood {
            name: "keys that nobody has",
            opening: Vec::new(),
            piece: |number| {
                let head = "GET /api/v2/org_connections HTTP/1.1\r\nHost: a\r\n";
                let keys = format!("DD-API-KEY: {number:032x}\r\nDD-APPLICATION-KEY: {number:040x}\r\n\r\n");
                format!("{head}{keys}").into_bytes()
            },
        },
        Flood {
            name: "keys that nobody has, and a revision that never comes",
            opening: Vec::new(),
            piece: |number| {
                let head = "GET /api/v1/validate HTTP/1.1\r\nHost: a\r\n";
                let asked =
                    format!("DD-API-KEY: {number:032x}\r\nX-Orgbridge-At-Least: {}\r\n\r\n", i64::MAX);
                format!("{head}{asked}").into_bytes()
            },
        },
        Flood {
            name: "paths that nothing has",
            opening: Vec::new(),
            piece: |number| format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
        },
        Flood { name: "spaces", opening: vec![b' '; 0x4000], piece: |_| vec![b' '; 0x4000] },
    ]
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// HPACK: `GET /` of `http` at `a`, and the same as a `POST`.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 1, b'a'];

/// HPACK: the newest entry of the table that grows, which is number 62.
const NEWEST: u8 = 0x80 | 0x3e;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn of_http2() -> Vec<Flood> {
    let http2 = |frames: &[u8]| [PREFACE, frames].concat();
    vec![
        Flood {
            name: "rapid reset",
            opening: http2(&[]),
            piece: |number| {
                let number = stream(number);
                let reset = frame(3, 0, number, &[0, 0, 0, 8]);
                [frame(1, END_STREAM | END_HEADERS, number, GET), reset].concat()
            },
        },
        Flood {
            name: "CONTINUATION without end",
            opening: http2(&frame(1, 0, 1, GET)),
            piece: |_| frame(9, 0, 1, &[0; 1024]),
        },
        Flood {
            name: "empty DATA",
            opening: http2(&frame(1, END_HEADERS, 1, POST)),
            piece: |_| frame(0, 0, 1, &[]).repeat(100),
        },
        Flood {
            name: "streams without number",
            opening: http2(&[]),
            piece: |number| frame(1, END_HEADERS, stream(number), POST),
        },
        Flood {
            name: "large header lists",
            opening: http2(&[]),
            // A name of one byte, not indexed, with a value of 12,000.
            piece: |number| {
                let block = [GET, &[0, 1, b'x', 0x7f, 0xe1, 0x5c][..], &[b'v'; 12_000]].concat();
                frame(1, END_STREAM | END_HEADERS, stream(number), &block)
            },
        },
        Flood {
            name: "header lists that unpack",
            opening: http2(&[]),
            // An entry of 3,000 bytes for the table, and a thousand times its number.
            piece: |number| {
                let entry = [&[0x40, 1, b'x', 0x7f, 0xb9, 0x16][..], &[b'v'; 3000]].concat();
                let block = [GET, &entry, &[NEWEST; 1000]].concat();
                frame(1, END_STREAM | END_HEADERS, stream(number), &block)
            },
        },
        Flood {
            name: "pings that nobody wants answered",
            opening: http2(&[]),
            piece: |_| frame(6, 0, 0, &[7; 8]).repeat(100),
        },
    ]
}

/// The number of the n-th stream of a client.
fn stream(number: u32) -> u32 {
    2 * number + 1
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "the payloads are those above")]
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
