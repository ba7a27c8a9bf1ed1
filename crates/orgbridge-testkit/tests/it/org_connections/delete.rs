//! *Delete Org Connection*.

use insta::assert_snapshot;
use orgbridge_testkit::TestServer;

#[tokio::test]
async fn the_source_deletes_a_connection() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let reply = server.source_admin().delete(shared).await;
    assert_eq!((reply.status(), reply.body()), (200, "{}\n"));
    assert_eq!(server.source_admin().read(shared).await.status(), 404);
    assert_eq!(server.sink_admin().list().await.at("/meta/page/total_count"), "0");
}

#[tokio::test]
async fn the_sink_deletes_a_connection_as_well() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let reply = server.sink_admin().delete(shared).await;
    assert_eq!((reply.status(), reply.body()), (200, "{}\n"));
    assert_eq!(server.source_admin().list().await.at("/meta/page/total_count"), "0");
}

#[tokio::test]
async fn a_connection_is_deleted_once() {
    let server = TestServer::start().await;
    let shared = server.connection().with_id("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a").create().await;
    server.source_admin().delete(shared).await;
    assert_snapshot!(server.source_admin().delete(shared).await, @r#"404 {"errors":["org connection with id:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}"#);
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().delete("example").await, @r#"400 {"errors":["connection id must be a valid uuid","the last segment of the path: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"]}"#);
}

/// One official client sends a question mark with nothing behind it, and some send a body.
#[tokio::test]
async fn a_body_and_a_bare_question_mark_mean_nothing() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let reply = server.source_admin().delete(format!("{shared}?")).body("not even JSON").await;
    assert_eq!((reply.status(), reply.body()), (200, "{}\n"));
}
