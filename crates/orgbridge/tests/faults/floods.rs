//! Floods against the whole server: it goes on answering, and its memory stays what it was. Source: hardening list, 10, 14
//! and 16.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{API_KEY, APPLICATION_KEY, Client, Deployment, Server, sink};

/// How many attack at the same time.
const ATTACKERS: usize = 6;

/// How long each kind of attack lasts in a round.
const ATTACK: Duration = Duration::from_millis(300);

const ROUNDS: usize = 3;

/// KiB by which memory may be more after the rounds than after one, and at its height. One attacker who is believed
/// sends more than that in a round.
const GROWTH: u64 = 24 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// HPACK: `GET /` of `http` at `a`, and the same as a `POST`.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 1, b'a'];

/// HPACK: the newest entry of the table that grows, which is number 62.
const NEWEST: u8 = 0x80 | 0x3e;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What one attacker sends on a connection: how it begins, and what follows until the server has had enough.
struct Flood {
    name: &'static str,
    opening: Vec<u8>,
    /// The n-th piece.
    piece: fn(u32) -> Vec<u8>,
}

/// The number of the n-th stream of a client.
fn stream(number: u32) -> u32 {
    2 * number + 1
}

fn floods() -> Vec<Flood> {
    let keys = format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APPLICATION_KEY}\r\n");
    let http1 = |more: &str| {
        let json = "Content-Type: application/json\r\n";
        format!("POST /api/v2/org_connections HTTP/1.1\r\nHost: a\r\n{keys}{json}{more}").into_bytes()
    };
    let http2 = |frames: &[u8]| [PREFACE, frames].concat();
    let spaces = || vec![b' '; 16 * 1024];
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
        Flood { name: "bytes that are no protocol", opening: Vec::new(), piece: |_| vec![0x80; 0x4000] },
        Flood { name: "spaces", opening: spaces(), piece: |_| vec![b' '; 0x4000] },
    ]
}

impl Flood {
    /// Attacks on one connection after the other until `end`; how many there were.
    fn attack(&self, address: &str, end: Instant) -> usize {
        let mut connections = 0;
        while Instant::now() < end {
            let Ok(mut socket) = TcpStream::connect(address) else { continue };
            connections += 1;
            let wait = Duration::from_millis(100);
            socket.set_write_timeout(Some(wait)).unwrap();
            socket.set_read_timeout(Some(wait)).unwrap();
            let mut number = 0;
            let mut is_open = socket.write_all(&self.opening).is_ok();
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

/// Every flood, one after the other.
fn flood(server: &Server) {
    for flood in floods() {
        let end = Instant::now() + ATTACK;
        let connections: usize = thread::scope(|scope| {
            let attackers: Vec<_> =
                (0..ATTACKERS).map(|_| scope.spawn(|| flood.attack(&server.address, end))).collect();
            attackers.into_iter().map(|attacker| attacker.join().unwrap()).sum()
        });
        assert!(connections >= ATTACKERS, "{}: {connections} connections", flood.name);
        // Whoever means well is answered meanwhile, and right after.
        let answer = server.client().call("GET", "/api/v2/current_user", "").unwrap();
        assert_eq!(answer.status, 200, "after {}: {answer:?}", flood.name);
    }
}

#[test]
fn no_flood_takes_memory_that_it_does_not_give_back() {
    let deployment = Deployment::with_sinks(1);
    // At its usual level the log is no flood of its own.
    let mut command = Command::new(&deployment.binary);
    command.env("ORGBRIDGE_EDGE_WRITE_TIMEOUT_SECONDS", "1").env("ORGBRIDGE_EDGE_BODY_TIMEOUT_SECONDS", "1");
    let server = Server::start_logging(command, &deployment.database(), "info");
    assert_eq!(server.client().create(&sink(0), r#"["logs"]"#).unwrap().status, 200);
    flood(&server);
    let (after_one, height_of_one) = server.memory();

    for _ in 0..ROUNDS {
        flood(&server);
    }

    let (after, height) = server.memory();
    assert!(after < after_one + GROWTH, "{after_one} KiB after one round, {after} KiB after {ROUNDS} more");
    assert!(height < height_of_one + GROWTH, "{height_of_one} KiB at the height of one, then {height} KiB");
    assert_eq!(server.client().types_for(&sink(0)).as_deref(), Some(r#"["logs"]"#));
    assert!(!server.log().contains("panic"), "{}", server.log());
}

/// Descriptors that this process, or the server, needs for all of them.
const DESCRIPTORS: &str = "--nofile=8192:";

#[test]
fn of_five_thousand_silent_connections_so_many_are_kept_and_everybody_is_answered() {
    const CONNECTIONS: usize = 5_000;
    const CAP: u64 = 4_096;
    let deployment = Deployment::with_sinks(1);
    let server = Server::start_logging(Command::new(&deployment.binary), &deployment.database(), "info");
    for process in [std::process::id(), server.id()] {
        let raised = Command::new("prlimit").args(["--pid", &process.to_string(), DESCRIPTORS]).status();
        assert!(raised.unwrap().success(), "8,192 descriptors are allowed");
    }
    let (before, _) = server.memory();
    let silent: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(&server.address).unwrap()).collect();

    let mut client = server.client();
    for path in ["/livez", "/readyz"] {
        let began = Instant::now();
        let answer = Client::connect(&server.admin_address).call("GET", path, "").unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{path} took {:?}", began.elapsed());
    }
    assert_eq!(client.create(&sink(0), r#"["logs"]"#).unwrap().status, 200);
    let open = server.metric("orgbridge_edge_connections");
    assert!((CAP / 2..=CAP).contains(&open), "{open} are open");
    assert!(server.metric("orgbridge_edge_connections_accepted_total") >= 5_000);
    let (after, _) = server.memory();
    // Some 20 KiB each, as the program is built for tests.
    assert!(after < before + open * 32, "{before} KiB before, {after} KiB with {open} open");
    drop(silent);
}
