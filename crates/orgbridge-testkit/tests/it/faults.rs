//! What callers see of bad luck. Source: hardening list, 26.

use std::fs;

use insta::assert_snapshot;
use orgbridge_testkit::TestServer;

#[tokio::test]
async fn without_its_database_a_server_changes_nothing_says_so_and_recovers_by_itself() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let (database, aside) = (server.folder().join("ledger.db"), server.folder().join("aside"));
    fs::rename(&database, &aside).unwrap();

    let reply = server.source_admin().update(shared, ["metrics"]).await;

    assert_snapshot!(reply, @r#"503 {"errors":["Service Unavailable","the ledger's database is gone"]}"#);
    assert_eq!(reply.header("retry-after"), Some("5"));
    assert_eq!(server.source_admin().read(shared).await.types(), ["logs"]);
    fs::rename(&aside, &database).unwrap();
    assert_eq!(server.source_admin().update(shared, ["metrics"]).await.types(), ["metrics"]);
}
