//! The call that reads one connection. Source: contract, section 6.

use insta::assert_snapshot;
use orgbridge_testkit::TestServer;

#[tokio::test]
async fn both_sides_are_shown_a_connection_alike() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["audit", "logs"]).create().await;
    let reply = server.source_admin().read(shared).await;
    assert_snapshot!(reply, @r#"
    200 {
      "data":{
        "type":"org_connection",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "connection_types":["audit","logs"],
          "modified_at":"2025-08-27T20:19:36.177236+00:00"
        },
        "relationships":{
          "source_org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","name":"Source Org"}},
          "sink_org":{"data":{"type":"orgs","id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Sink Org"}},
          "created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100","name":"Jane Doe"}}
        }
      }
    }
    "#);
    assert_eq!(server.sink_admin().read(shared).await.body(), reply.body());
}

#[tokio::test]
async fn an_id_is_taken_in_either_case_and_shown_in_lower_case() {
    let server = TestServer::start().await;
    let shared = server.connection().with_id("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a").create().await;
    let reply = server.source_admin().read(shared.to_string().to_uppercase()).await;
    assert_eq!(reply.at("/data/id"), shared.to_string());
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    let reply = server.source_admin().read("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a").await;
    assert_snapshot!(reply, @r#"404 {"errors":["Org connection with id:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}"#);
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().read("example").await, @r#"400 {"errors":["connection id must be a valid uuid","the last segment of the path: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"]}"#);
}
