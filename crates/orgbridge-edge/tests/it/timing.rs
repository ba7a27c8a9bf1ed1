//! Every wait has an end. Source: hardening list, 14.

use std::time::{Duration, Instant};

use orgbridge_edge::EdgeSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::support::{SHORT, Served, eventually, patient, status_and_content};

/// A timer may fire late on a busy machine, but never early.
fn assert_took(took: Duration, timeout: Duration) {
    assert!(took >= timeout.mul_f32(0.8), "closed after {took:?}, which is too early");
    assert!(took < timeout + Duration::from_secs(5), "closed after {took:?}, which is too late");
}

#[test]
fn nobody_is_waited_for_longer_than_the_defaults_say() {
    let EdgeSettings { header_timeout, body_timeout, idle_timeout, write_timeout, .. } =
        EdgeSettings::default();
    let seconds = [header_timeout, body_timeout, idle_timeout, write_timeout].map(|time| time.as_secs());
    assert_eq!(seconds, [10, 30, 75, 30]);
}

#[tokio::test]
async fn half_a_head_is_closed_after_the_header_timeout() {
    let served = Served::with(EdgeSettings { header_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"GET / HTTP/1.1\r\nHo").await;
    assert_took(client.wait_for_close().await, SHORT);
    assert_eq!(served.stats.timed_out_connections(), 1);
}

#[tokio::test]
async fn half_a_method_is_closed_after_the_header_timeout() {
    let served = Served::with(EdgeSettings { header_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"P").await;
    assert_took(client.wait_for_close().await, SHORT);
}

#[tokio::test]
async fn a_head_that_trickles_is_closed_after_the_header_timeout() {
    let served = Served::with(EdgeSettings { header_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    let start = Instant::now();
    while served.stats.timed_out_connections() == 0 {
        assert!(start.elapsed() < SHORT * 20, "the head trickles on");
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.0, b"a").await;
        tokio::time::sleep(SHORT / 10).await;
    }
    assert_took(start.elapsed(), SHORT);
}

#[tokio::test]
async fn half_a_head_of_a_second_request_is_closed_too() {
    let served = Served::with(EdgeSettings { header_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_response().await;
    client.send(b"GET").await;
    assert_took(client.wait_for_close().await, SHORT);
}

#[tokio::test]
async fn half_a_body_is_closed_after_the_body_timeout() {
    let served = Served::with(EdgeSettings { body_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert_took(client.wait_for_close().await, SHORT);
    assert_eq!(served.stats.timed_out_connections(), 1);
}

#[tokio::test]
async fn a_silent_socket_is_closed_after_the_idle_timeout() {
    let served = Served::with(EdgeSettings { idle_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    assert_took(client.wait_for_close().await, SHORT);
    assert_eq!(served.stats.timed_out_connections(), 1);
    eventually(|| served.stats.open_connections() == 0).await;
}

#[tokio::test]
async fn a_connection_without_a_next_request_is_closed_after_the_idle_timeout() {
    let served = Served::with(EdgeSettings { idle_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    for _ in 0..4 {
        tokio::time::sleep(SHORT / 2).await;
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
    }
    assert_took(client.wait_for_close().await, SHORT);
}

#[tokio::test]
async fn a_service_that_takes_its_time_is_waited_for() {
    let settings = EdgeSettings {
        header_timeout: SHORT,
        body_timeout: SHORT,
        idle_timeout: SHORT,
        write_timeout: SHORT,
        ..patient()
    };
    let served = Served::with(settings).await;
    let mut client = served.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    served.waiting.notified().await;
    tokio::time::sleep(SHORT * 3).await;
    served.go_on.notify_one();
    assert_eq!(status_and_content(&client.read_response().await), (200, "waited"));
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_after_the_write_timeout() {
    let served = Served::with(EdgeSettings { write_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually(|| served.stats.timed_out_connections() == 1).await;
    let text = client.read_to_end().await;
    assert!(text.len() < 64 * 1024 * 1024, "the answer is cut off");
}

#[tokio::test]
async fn a_reader_that_reads_slowly_gets_everything() {
    let served = Served::with(EdgeSettings { write_timeout: SHORT * 5, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    tokio::time::sleep(SHORT).await;
    let text = client.read_to_end().await;
    assert!(text.len() > 64 * 1024 * 1024, "the answer is complete");
    assert_eq!(served.stats.timed_out_connections(), 0);
}

/// Progress has to be worth something: the system wakes a writer when a good part of what it holds was taken.
#[tokio::test]
async fn a_reader_that_takes_a_byte_at_a_time_is_closed_after_the_write_timeout() {
    let served = Served::with(EdgeSettings { write_timeout: SHORT, ..patient() }).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let mut stream = socket.connect(served.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let start = Instant::now();
    while served.stats.timed_out_connections() == 0 {
        assert!(start.elapsed() < SHORT * 40, "it trickles on");
        let _ = stream.read(&mut [0]).await;
        tokio::time::sleep(SHORT / 20).await;
    }
}
