//! What callers see of bad luck. Source: hardening list, 26 and 28.

use std::fs;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use orgbridge_domain::ConnectionId;
use orgbridge_ledger::MAX_STALENESS;
use orgbridge_testkit::{Reply, TestClock, TestServer};

#[tokio::test]
async fn without_its_database_a_server_changes_nothing_says_so_and_recovers_by_itself() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let (database, aside) = (server.folder().join("ledger.db"), server.folder().join("aside"));
    fs::rename(&database, &aside).unwrap();

    let reply = server.source_admin().update(shared, ["metrics"]).await;

    assert_snapshot!(reply, @r#"503 {"errors":["Service Unavailable","the ledger's database is gone from its place","try again in 5 seconds; if it stays so, tell the operator of this server"]}"#);
    assert_eq!(reply.header("retry-after"), Some("5"));

    // Nor is anything shown that may have been revoked since.
    let reply = read_until(&server, shared, 503).await;
    assert_snapshot!(reply, @r#"503 {"errors":["Service Unavailable","the ledger can't be read","try again in 5 seconds; if it stays so, tell the operator of this server"]}"#);

    fs::rename(&aside, &database).unwrap();
    assert_eq!(read_until(&server, shared, 200).await.types(), ["logs"]);
    assert_eq!(server.source_admin().update(shared, ["metrics"]).await.types(), ["metrics"]);
}

/// Source: hardening list, 28.
#[tokio::test]
async fn the_wall_clock_neither_ends_nor_prolongs_what_is_decided_by() {
    let hour = Duration::from_secs(3600);
    for moves in [TestClock::set_back, TestClock::set_forward] {
        let server = TestServer::start().await;
        let shared = server.connection().of(["logs"]).create().await;
        moves(server.clock(), hour);
        assert_eq!(server.source_admin().read(shared).await.types(), ["logs"]);
        assert_eq!(server.source_admin().update(shared, ["audit"]).await.types(), ["audit"]);

        let (database, aside) = (server.folder().join("ledger.db"), server.folder().join("aside"));
        fs::rename(&database, &aside).unwrap();
        for _ in 0..3 {
            moves(server.clock(), hour);
        }
        read_until(&server, shared, 503).await;
        fs::rename(&aside, &database).unwrap();
        assert_eq!(read_until(&server, shared, 200).await.types(), ["audit"]);
    }
}

/// The first reply with `status`, within a few times what a server may decide by old knowledge.
async fn read_until(server: &TestServer, shared: ConnectionId, status: u16) -> Reply {
    let began = Instant::now();
    loop {
        let reply = server.source_admin().read(shared).await;
        if reply.status() == status {
            return reply;
        }
        assert!(began.elapsed() < MAX_STALENESS * 3, "{reply:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
