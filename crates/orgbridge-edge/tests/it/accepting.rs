//! How many get in. Source: hardening list, 14.

use std::process::Command;

use orgbridge_edge::EdgeSettings;
use tokio::net::TcpStream;

use crate::support::{Served, eventually, patient, status_and_content};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let served = Served::with(EdgeSettings { max_connections: 8, ..patient() }).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(served.connect().await);
        let mut client = served.connect().await;
        client.send(REQUEST).await;
        assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
        assert!(served.stats.open_connections() <= 8);
    }
    assert!(served.stats.evicted_connections() >= 92, "of 100 silent ones, 8 are left at most");
    assert_eq!(served.stats.refused_connections(), 0);
}

#[tokio::test]
async fn half_a_head_does_not_hold_a_place() {
    let served = Served::with(EdgeSettings { max_connections: 2, ..patient() }).await;
    let mut halves = Vec::new();
    for _ in 0..2 {
        let mut half = served.connect().await;
        half.send(b"GET / HTTP/1.1\r\nHo").await;
        halves.push(half);
    }
    let mut client = served.connect().await;
    client.send(REQUEST).await;
    assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
}

#[tokio::test]
async fn when_all_are_busy_a_new_one_is_told_so() {
    let served = Served::with(EdgeSettings { max_connections: 2, ..patient() }).await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut client = served.connect().await;
        client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
        served.waiting.notified().await;
        busy.push(client);
    }
    let answer = served.exchange(REQUEST).await;
    let expected =
        r#"{"errors":["Service Unavailable","too many connections; close some, or try again later"]}"#;
    assert_eq!(status_and_content(&answer), (503, expected));
    assert_eq!(served.stats.refused_connections(), 1);
    for client in &mut busy {
        served.go_on.notify_one();
        assert_eq!(status_and_content(&client.read_response().await), (200, "waited"));
    }
}

#[tokio::test]
async fn a_place_is_free_again_when_its_connection_closes() {
    let served = Served::with(EdgeSettings { max_connections: 1, ..patient() }).await;
    for _ in 0..20 {
        let mut client = served.connect().await;
        client.send(REQUEST).await;
        assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
    }
    eventually(|| served.stats.open_connections() == 0).await;
    assert_eq!(served.stats.accepted_connections(), 20);
    assert_eq!(served.stats.refused_connections(), 0);
}

#[test]
fn when_descriptors_run_out_the_edge_recovers() {
    // The limit holds for a whole process, so this needs one of its own.
    let status = Command::new("sh")
        .args(["-c", r#"ulimit -n 48 && exec "$0" --ignored --exact accepting::with_few_descriptors"#])
        .arg(std::env::current_exe().unwrap())
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test]
#[ignore = "needs a process with few descriptors: see when_descriptors_run_out_the_edge_recovers"]
async fn with_few_descriptors() {
    let served = Served::with(patient()).await;
    let mut mine = Vec::new();
    while let Ok(stream) = TcpStream::connect(served.address).await {
        mine.push(stream);
    }
    assert!(mine.len() < 48, "the limit was not reached");
    // The edge has none left to accept with: it must evict, not spin or end.
    eventually(|| served.stats.accepted_connections() == mine.len() as u64).await;
    assert!(served.stats.evicted_connections() > 0);
    mine.clear();
    eventually(|| served.stats.open_connections() == 0).await;
    let mut client = served.connect().await;
    client.send(REQUEST).await;
    assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
}
