//! A stop lets requests under way finish, and nothing else.

use std::time::{Duration, Instant};

use orgbridge_edge::EdgeSettings;
use tokio::net::TcpStream;

use crate::support::{SHORT, Served, bounded, patient, status_and_content};

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_edge_stops() {
    let served = Served::with(patient()).await;
    let mut client = served.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    served.waiting.notified().await;
    served.stop.cancel();
    tokio::time::sleep(SHORT).await;
    assert!(!served.task.is_finished());
    served.go_on.notify_one();
    let answer = client.read_to_end().await;
    assert_eq!(status_and_content(&answer), (200, "waited"));
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    bounded(served.task).await.unwrap();
}

#[tokio::test]
async fn idle_connections_close_at_once() {
    let served = Served::with(patient()).await;
    let mut silent = served.connect().await;
    let mut used = served.connect().await;
    used.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    used.read_response().await;
    let start = Instant::now();
    served.stop().await;
    assert_eq!(silent.read_to_end().await, "");
    assert_eq!(used.read_to_end().await, "");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn nobody_is_let_in_any_more() {
    let served = Served::with(patient()).await;
    let address = served.address;
    served.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off() {
    let served = Served::with(EdgeSettings { drain_timeout: SHORT, ..patient() }).await;
    let mut client = served.connect().await;
    client.send(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    served.waiting.notified().await;
    served.stop().await;
    assert_eq!(client.read_to_end().await, "");
}
