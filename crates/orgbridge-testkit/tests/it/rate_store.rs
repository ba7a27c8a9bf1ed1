//! Limits that several servers hold together, by their shares or by a store that all count in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use orgbridge_api::{LimitName, RateStore};
use orgbridge_testkit::{Reply, TestServer, TestServerBuilder, TestStore};

const READS: LimitName = LimitName::OrgConnectionsRead;

/// Longer than a server waits for its store, since the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(5);

/// A way to a store that is kept open for as long as the test runs.
async fn connected(store: &TestStore) -> Arc<RateStore> {
    let way = RateStore::with_patience(store.url().parse().unwrap(), None, PATIENCE).unwrap();
    keep_connected(&way);
    until("the store is there", || way.is_there()).await;
    way
}

fn keep_connected(way: &Arc<RateStore>) {
    let way = Arc::clone(way);
    tokio::spawn(async move { way.keep_connected().await });
}

async fn until(what: &str, mut check: impl FnMut() -> bool) {
    let began = Instant::now();
    while !check() {
        assert!(began.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn limited(requests: u32) -> TestServerBuilder {
    TestServer::builder().limiting(READS, requests, 60)
}

fn admitted(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| reply.status() == 200).count()
}

/// Lists connections at each of `servers` `times` times, all at once.
async fn list_at(servers: &[TestServer], times: usize) -> Vec<Reply> {
    let calls =
        servers.iter().flat_map(|server| (0..times).map(|_| server.source_admin().list().into_future()));
    join_all(calls).await
}

#[tokio::test]
async fn servers_take_their_shares_and_together_the_limit() {
    let count = Arc::new(AtomicU32::new(3));
    let mut servers = Vec::new();
    for rank in 0..3 {
        servers.push(limited(8).one_of(rank, Arc::clone(&count)).start().await);
    }
    // What is left over in dividing is for later: somebody may have gone just before.
    assert_eq!(admitted(&list_at(&servers, 10).await), 6);
    for server in &servers {
        for _ in 0..70 {
            server.clock().advance(Duration::from_secs(1));
            server.source_admin().get("/api/v2/current_user").await;
        }
    }
    let replies = list_at(&servers, 10).await;
    assert_eq!(admitted(&replies), 8);
    assert!(replies.iter().all(|reply| reply.header("x-ratelimit-limit") == Some("8")));
    assert!(replies.iter().all(|reply| reply.header("x-ratelimit-remaining").unwrap() < "3"));
}

#[tokio::test]
async fn a_server_that_learns_of_another_takes_less_at_once() {
    let count = Arc::new(AtomicU32::new(1));
    let server = limited(10).one_of(0, Arc::clone(&count)).start().await;
    for _ in 0..4 {
        assert_eq!(server.source_admin().list().await.status(), 200);
    }
    count.store(2, Ordering::SeqCst);
    server.clock().advance(Duration::from_secs(1));
    assert_eq!(server.source_admin().list().await.header("x-ratelimit-remaining"), Some("0"));
    let refused = server.source_admin().list().await;
    assert_eq!((refused.status(), refused.header("x-ratelimit-limit")), (429, Some("10")));
}

#[tokio::test]
async fn servers_that_count_in_one_store_take_exactly_the_limit() {
    let store = TestStore::start();
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(limited(7).counting_in(connected(&store).await).start().await);
    }
    let first = servers[0].source_admin().list().await;
    let second = servers[1].source_admin().list().await;
    assert_eq!(first.header("x-ratelimit-remaining"), Some("6"));
    assert_eq!(second.header("x-ratelimit-remaining"), Some("5"));
    let reset: u32 = second.header("x-ratelimit-reset").unwrap().parse().unwrap();
    assert!((1..=60).contains(&reset), "{reset}");
    assert_eq!(admitted(&list_at(&servers, 10).await), 5);
}

#[tokio::test]
async fn a_window_in_the_store_opens_again_when_it_said_it_would() {
    let store = TestStore::start();
    let builder = TestServer::builder().limiting(READS, 1, 1);
    let server = builder.counting_in(connected(&store).await).start().await;
    assert_eq!(server.source_admin().list().await.status(), 200);
    assert_eq!(server.source_admin().list().await.status(), 429);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    server.clock().advance(Duration::from_millis(1_100));
    assert_eq!(server.source_admin().list().await.status(), 200);
}

#[tokio::test]
async fn the_store_is_not_asked_about_a_window_that_is_known_to_take_nothing_more() {
    let store = TestStore::start();
    let server = limited(1).counting_in(connected(&store).await).start().await;
    list_at(std::slice::from_ref(&server), 2).await;
    server.source_admin().list().await;
    let asked = |store: &TestStore| {
        let stats = store.ask("INFO commandstats");
        let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap().to_owned();
        line.split(',').next().unwrap().to_owned()
    };
    let before = asked(&store);
    let replies = list_at(std::slice::from_ref(&server), 20).await;
    assert_eq!((admitted(&replies), asked(&store)), (0, before));
}

#[tokio::test]
async fn failures_to_authenticate_are_counted_in_the_store_by_address() {
    let store = TestStore::start();
    let failing =
        |store| TestServer::builder().limiting(LimitName::FailedAuthentication, 2, 60).counting_in(store);
    let servers =
        [failing(connected(&store).await).start().await, failing(connected(&store).await).start().await];
    assert_eq!(servers[0].anonymous().list().await.status(), 401);
    assert_eq!(servers[1].anonymous().list().await.status(), 401);
    assert_eq!(servers[0].anonymous().list().await.status(), 429);
    assert_eq!(servers[1].anonymous().list().await.status(), 429);
    assert_eq!(servers[0].source_admin().list().await.status(), 200);
}

#[tokio::test]
async fn a_store_that_is_killed_under_way_costs_no_request_and_is_found_again() {
    let mut store = TestStore::start();
    let way = connected(&store).await;
    let server = limited(100).counting_in(Arc::clone(&way)).start().await;
    assert_eq!(server.source_admin().list().await.header("x-ratelimit-remaining"), Some("99"));

    store.kill();
    let replies = list_at(std::slice::from_ref(&server), 20).await;
    assert_eq!(admitted(&replies), 20);
    assert!(!way.is_there());
    // By itself it has counted what it let in before.
    assert_eq!(server.source_admin().list().await.header("x-ratelimit-remaining"), Some("78"));

    store.start_again();
    until("the store is found again", || way.is_there()).await;
    assert_eq!(server.source_admin().list().await.header("x-ratelimit-remaining"), Some("99"));
}

#[tokio::test]
async fn a_store_that_does_not_answer_holds_nobody_up_for_long() {
    let store = TestStore::start();
    let way = RateStore::new(store.url().parse().unwrap(), None).unwrap();
    keep_connected(&way);
    until("the store is there", || way.is_there()).await;
    let server = limited(100).counting_in(Arc::clone(&way)).start().await;

    store.signal("STOP");
    let began = Instant::now();
    let replies = list_at(std::slice::from_ref(&server), 20).await;
    assert_eq!(admitted(&replies), 20);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!way.is_there());

    store.signal("CONT");
    until("the store is found again", || way.is_there()).await;
}

#[tokio::test]
async fn a_store_is_told_its_password_and_without_it_is_none() {
    let store = TestStore::start_asking_for("hunter2");
    let ways = [Some("hunter2"), Some("wrong"), None].map(|password| {
        let password = password.map(Into::into);
        RateStore::with_patience(store.url().parse().unwrap(), password.as_ref(), PATIENCE).unwrap()
    });
    ways.iter().for_each(keep_connected);
    until("the store is there", || ways[0].is_there()).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!ways[1].is_there() && !ways[2].is_there());
    assert!(!format!("{ways:?}").contains("hunter2"));
}
