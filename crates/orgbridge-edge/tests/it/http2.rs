//! HTTP/2, with and without good manners. Source: hardening list, 16.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use orgbridge_edge::{EdgeSettings, Http2Settings};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::support::{Client, Never, SHORT, Served, bounded, eventually, patient};

pub(crate) async fn handshake<T>(stream: T) -> SendRequest<Full<Bytes>>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) async fn get(client: &mut SendRequest<Full<Bytes>>, url: &str) -> (u16, String) {
    send(client, Request::get(url).body(Full::default()).unwrap()).await
}

async fn send(client: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> (u16, String) {
    bounded(client.ready()).await.unwrap();
    let response = bounded(client.send_request(request)).await.unwrap();
    let status = response.status().as_u16();
    let content = bounded(response.into_body().collect()).await.unwrap().to_bytes();
    (status, String::from_utf8(content.to_vec()).unwrap())
}

#[tokio::test]
async fn prior_knowledge_on_cleartext_is_understood() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
    let echo = Request::post("http://a/echo").body(Full::from("content")).unwrap();
    assert_eq!(send(&mut client, echo).await, (200, "content".to_owned()));
}

#[tokio::test]
async fn many_streams_share_a_connection() {
    let served = Served::with(patient()).await;
    let client = handshake(served.connect().await.0).await;
    let mut waits = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut client = client.clone();
        waits.spawn(async move { get(&mut client, "http://a/").await });
    }
    while let Some(answer) = waits.join_next().await {
        assert_eq!(answer.unwrap(), (200, "hello".to_owned()));
    }
    assert_eq!(served.stats.open_connections(), 1);
}

#[tokio::test]
async fn an_authority_that_differs_from_host_is_refused_and_the_connection_stays() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    let request = Request::get("http://a/").header("host", "b").body(Full::default()).unwrap();
    let reason =
        r#"{"errors":["Bad Request","the Host header differs from the host of the request target"]}"#;
    assert_eq!(send(&mut client, request).await, (400, reason.to_owned()));
    assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
    assert_eq!(served.stats.malformed_requests(), 1);
}

#[tokio::test]
async fn connect_is_refused() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    let request = Request::builder().method(Method::CONNECT).uri("a:443").body(Full::default()).unwrap();
    let reason = r#"{"errors":["Bad Request","CONNECT is not supported"]}"#;
    assert_eq!(send(&mut client, request).await, (400, reason.to_owned()));
}

#[tokio::test]
async fn a_panic_resets_its_own_stream_alone() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    let request = Request::get("http://a/panic").body(Full::default()).unwrap();
    assert!(bounded(client.send_request(request)).await.is_err());
    assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_the_idle_timeout() {
    let http2 = Http2Settings { ping_interval: SHORT / 5, ..Http2Settings::default() };
    let served = Served::with(EdgeSettings { idle_timeout: SHORT, http2, ..patient() }).await;
    let mut client = handshake(served.connect().await.0).await;
    assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
    let start = Instant::now();
    eventually(|| served.stats.open_connections() == 0).await;
    assert!(start.elapsed() >= SHORT.mul_f32(0.8), "{:?}", start.elapsed());
    assert_eq!(served.stats.timed_out_connections(), 1);
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_closed_while_it_waits_for_an_answer() {
    let http2 = Http2Settings { ping_interval: SHORT, ping_timeout: SHORT, ..Http2Settings::default() };
    let served = Served::with(EdgeSettings { http2, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(&[PREFACE, &SETTINGS, &headers(1, &GET_WAIT)].concat()).await;
    served.waiting.notified().await;
    eventually(|| served.stats.open_connections() == 0).await;
}

#[tokio::test]
async fn content_that_does_not_come_fails_after_the_body_timeout() {
    let served = Served::with(EdgeSettings { body_timeout: SHORT, ..patient() }).await;
    let client = served.connect().await.0;
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client)).await.unwrap();
    tokio::spawn(connection);
    let start = Instant::now();
    let request = Request::post("http://a/echo").body(Never).unwrap();
    let response = bounded(client.send_request(request)).await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(start.elapsed() >= SHORT.mul_f32(0.8), "{:?}", start.elapsed());
}

/// curl 7.88, for one, shows no answer to a stream that is reset before it has sent its content.
#[tokio::test]
async fn content_that_nobody_wants_is_taken_in_before_the_answer() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    // There is no POST of `/`, so the service answers without a look at the content.
    client.send(&[PREFACE, &SETTINGS, &frame(1, END_HEADERS, 1, &POST_ROOT)].concat()).await;
    client.send(&frame(0, 0, 1, b"a part")).await;
    tokio::time::sleep(SHORT).await;
    client.send(&frame(0, END_STREAM, 1, b"the rest")).await;
    client.send(&headers(3, &GET_ROOT)).await;
    let mut kinds = Vec::new();
    let answered = |stream: u32, frame: &Frame| {
        frame.stream == stream && frame.flags & END_STREAM != 0 && frame.kind <= 1
    };
    let mut left = vec![1, 3];
    while !left.is_empty() {
        let frame = bounded(read_frame(&mut client.0)).await;
        left.retain(|stream| !answered(*stream, &frame));
        kinds.push(frame.kind);
    }
    assert!(!kinds.contains(&3), "a stream was reset: {kinds:?}");
}

#[tokio::test]
async fn content_that_nobody_wants_and_that_does_not_come_is_not_waited_for_long() {
    let served = Served::with(patient()).await;
    let stream = served.connect().await.0;
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let start = Instant::now();
    let request = Request::post("http://a/").body(Never).unwrap();
    assert_eq!(bounded(client.send_request(request)).await.unwrap().status(), 405);
    assert!(start.elapsed() < patient().body_timeout, "{:?}", start.elapsed());
}

#[tokio::test]
async fn content_that_nobody_wants_is_not_taken_in_without_end() {
    let served = Served::with(patient()).await;
    let stream = served.connect().await.0;
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let sent = Arc::new(AtomicUsize::new(0));
    let endless = stream::repeat_with({
        let sent = Arc::clone(&sent);
        move || {
            sent.fetch_add(1000, Ordering::Relaxed);
            Ok::<_, Infallible>(hyper::body::Frame::data(Bytes::from_static(&[0; 1000])))
        }
    });
    let request = Request::post("http://a/").body(StreamBody::new(endless)).unwrap();
    assert_eq!(bounded(client.send_request(request)).await.unwrap().status(), 405);
    let sent = sent.load(Ordering::Relaxed);
    // What is taken in, and what the client may have in its hands and the windows.
    assert!((256 * 1024..2 * 1024 * 1024).contains(&sent), "{sent} bytes were sent");
}

#[tokio::test]
async fn a_stream_that_is_granted_no_window_ends_the_connection_after_the_write_timeout() {
    let served = Served::with(EdgeSettings { write_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    // SETTINGS with INITIAL_WINDOW_SIZE = 0.
    let no_window = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    client.send(&[PREFACE, &no_window, &headers(1, &GET_ROOT)].concat()).await;
    eventually(|| served.stats.timed_out_connections() == 1).await;
    eventually(|| served.stats.open_connections() == 0).await;
}

#[tokio::test]
async fn a_stop_lets_a_stream_finish() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    let answer = tokio::spawn({
        let mut client = client.clone();
        async move { get(&mut client, "http://a/wait").await }
    });
    served.waiting.notified().await;
    served.stop.cancel();
    tokio::time::sleep(SHORT).await;
    assert!(!answer.is_finished());
    served.go_on.notify_one();
    assert_eq!(answer.await.unwrap(), (200, "waited".to_owned()));
    bounded(served.task).await.unwrap();
    assert!(client.send_request(Request::new(Full::default())).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_client_that_answers_nothing() {
    let served = Served::with(patient()).await;
    let mut mute = served.connect().await;
    mute.send(&[PREFACE, &SETTINGS].concat()).await;
    bounded(mute.0.readable()).await.unwrap();
    let start = Instant::now();
    served.stop().await;
    assert!(start.elapsed() < patient().drain_timeout / 2, "{:?}", start.elapsed());
}

#[tokio::test]
async fn an_idle_connection_makes_room() {
    let served = Served::with(EdgeSettings { max_connections: 1, ..patient() }).await;
    for _ in 0..10 {
        // Never answers a ping, so a farewell by the book would wait for it.
        let mut mute = served.connect().await;
        mute.send(&[PREFACE, &SETTINGS].concat()).await;
        eventually(|| served.stats.open_connections() == 1).await;
        let mut client = handshake(served.connect().await.0).await;
        assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
    }
    assert_eq!(served.stats.refused_connections(), 0);
}

#[tokio::test]
async fn a_rapid_reset_ends_in_goaway() {
    let flood = (0..2000_u32)
        .flat_map(|n| [headers(2 * n + 1, &GET_ROOT), frame(3, 0, 2 * n + 1, &[0, 0, 0, 8])].concat());
    assert_goes_away(flood.collect()).await;
}

#[tokio::test]
async fn a_continuation_flood_ends_in_goaway() {
    // HEADERS without END_HEADERS, and CONTINUATION frames without end.
    let start = frame(1, 0, 1, &GET_ROOT);
    let flood = (0..2000).flat_map(|_| frame(9, 0, 1, &[0; 16]));
    assert_goes_away(start.into_iter().chain(flood).collect()).await;
}

#[tokio::test]
async fn a_flood_of_empty_data_ends_in_goaway() {
    let start = frame(1, END_HEADERS, 1, &POST_ECHO);
    let flood = (0..100_000).flat_map(|_| frame(0, 0, 1, &[]));
    assert_goes_away(start.into_iter().chain(flood).collect()).await;
}

#[tokio::test]
async fn a_header_list_beyond_the_limit_is_refused() {
    let served = Served::with(patient()).await;
    let mut client = handshake(served.connect().await.0).await;
    let request = Request::get("http://a/").header("x", "x".repeat(20_000)).body(Full::default()).unwrap();
    let answer = bounded(client.send_request(request)).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
}

/// A table entry is named by one byte and unpacks to thousands.
#[tokio::test]
async fn a_header_list_that_unpacks_beyond_the_limit_is_refused() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    // Literal with incremental indexing: a name of one byte, and a value whose length 3000 is 127 and 2873 beyond it.
    let entry = [&[0x40, 1, b'x', 0x7f, 0xb9, 0x16][..], &[b'v'; 3000]].concat();
    // It is now the newest entry of the table that grows, which is number 62.
    let block = [&GET_ROOT[..], &entry, &[0x80 | 0x3e; 4000]].concat();
    assert!(block.len() < 8 * 1024, "what is sent is small");
    client.send(&[PREFACE, &SETTINGS, &headers(1, &block)].concat()).await;
    // Reset, answered with 431 (whose digits stand in the block as they are, or packed), or the whole connection sent
    // away.
    let is_refusal = |frame: &Frame| {
        let digits = [&b"431"[..], &[0x68, 0x1f, 0x1f]];
        let says_431 = || digits.iter().any(|digits| frame.payload.windows(3).any(|three| three == *digits));
        matches!(frame.kind, 3 | 7) || (frame.kind == 1 && says_431())
    };
    loop {
        let frame = bounded(read_frame(&mut client.0)).await;
        if is_refusal(&frame) {
            break;
        }
        assert!(frame.stream != 1 || frame.kind > 1, "the bomb was answered");
    }
}

/// Each of these frames asks for an answer that a client need not read.
#[tokio::test]
async fn floods_of_pings_and_settings_are_not_answered_without_end() {
    for flood in [frame(6, 0, 0, &[7; 8]), SETTINGS.to_vec()] {
        let served = Served::with(EdgeSettings { write_timeout: SHORT, ..patient() }).await;
        let mut client = served.connect().await;
        client.send(&[PREFACE, &SETTINGS].concat()).await;
        let many = flood.repeat(1000);
        let sending = async { while client.0.write_all(&many).await.is_ok() {} };
        // The server stops reading once what it has to say waits for its reader, and closes when that lasts.
        tokio::select! {
            () = sending => {}
            () = eventually(|| served.stats.timed_out_connections() == 1) => {}
        }
        eventually(|| served.stats.open_connections() == 0).await;
    }
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused() {
    let http2 = Http2Settings { max_concurrent_streams: 4, ..Http2Settings::default() };
    let served = Served::with(EdgeSettings { http2, ..patient() }).await;
    let mut client = served.connect().await;
    let many: Vec<u8> = (0..8).flat_map(|n| headers(2 * n + 1, &GET_WAIT)).collect();
    client.send(&[PREFACE, &SETTINGS, &many].concat()).await;
    // RST_STREAM with REFUSED_STREAM.
    bounded(read_until_frame(&mut client, |kind, payload| kind == 3 && payload == [0, 0, 0, 7])).await;
}

/// Sends `flood` on a fresh connection, which must end in a GOAWAY or a closed socket while the edge goes on.
async fn assert_goes_away(flood: Vec<u8>) {
    let served = Served::with(patient()).await;
    let client = served.connect().await;
    let (mut reader, mut writer) = client.0.into_split();
    let writing = tokio::spawn(async move {
        let opening = [PREFACE, &SETTINGS].concat();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, &opening).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, &flood).await;
        writer
    });
    let mut answer = Vec::new();
    let _ = bounded(reader.read_to_end(&mut answer)).await;
    drop(bounded(writing).await);
    eventually(|| served.stats.open_connections() == 0).await;
    let mut client = handshake(served.connect().await.0).await;
    assert_eq!(get(&mut client, "http://a/").await, (200, "hello".to_owned()));
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// HPACK: `:method: GET`, `:scheme: http`, `:path: /`, `:authority: a`.
const GET_ROOT: [u8; 6] = [0x82, 0x86, 0x84, 0x01, 1, b'a'];
/// The same with `:path: /wait`.
const GET_WAIT: [u8; 12] = [0x82, 0x86, 0x04, 5, b'/', b'w', b'a', b'i', b't', 0x01, 1, b'a'];
/// `:method: POST`, `:scheme: http`, `:path: /`, `:authority: a`.
const POST_ROOT: [u8; 6] = [0x83, 0x86, 0x84, 0x01, 1, b'a'];
/// The same with `:path: /echo`.
const POST_ECHO: [u8; 12] = [0x83, 0x86, 0x04, 5, b'/', b'e', b'c', b'h', b'o', 0x01, 1, b'a'];

fn headers(stream: u32, block: &[u8]) -> Vec<u8> {
    frame(1, END_STREAM | END_HEADERS, stream, block)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

async fn read_frame(reader: &mut (impl AsyncRead + Unpin)) -> Frame {
    let mut head = [0; 9];
    reader.read_exact(&mut head).await.unwrap();
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    reader.read_exact(&mut payload).await.unwrap();
    Frame { kind, flags, stream: u32::from_be_bytes(stream), payload }
}

async fn read_until_frame(client: &mut Client<tokio::net::TcpStream>, wanted: impl Fn(u8, &[u8]) -> bool) {
    loop {
        let frame = read_frame(&mut client.0).await;
        if wanted(frame.kind, &frame.payload) {
            return;
        }
    }
}
