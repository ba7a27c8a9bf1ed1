//! *Update Org Connection*.

use std::time::Duration;

use insta::assert_snapshot;
use orgbridge_testkit::{Reply, TestOrg, TestServer, update_body};
use serde_json::{Value, json};

/// The connection of the seed's example.
const EXAMPLE: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

/// A good body in which a test has changed something.
async fn update_changed(server: &TestServer, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = update_body(EXAMPLE, ["logs", "metrics"]);
    change(&mut body);
    server.source_admin().update_from(EXAMPLE, body.to_string()).await
}

async fn start_with_the_example() -> TestServer {
    let server = TestServer::start().await;
    server.connection().with_id(EXAMPLE).of(["logs"]).create().await;
    server
}

/// Source: the example of the public documentation.
#[tokio::test]
async fn the_source_replaces_what_a_connection_shares() {
    let server = start_with_the_example().await;
    server.clock().advance(Duration::from_secs(90));
    let reply = server.source_admin().update(EXAMPLE, ["logs", "metrics"]).await;
    assert_snapshot!(reply, @r#"
    200 {
      "data":{
        "type":"org_connection",
        "id":"f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "attributes":{
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "connection_types":["logs","metrics"],
          "modified_at":"2025-08-27T20:21:06.177236+00:00"
        },
        "relationships":{
          "source_org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","name":"Source Org"}},
          "sink_org":{"data":{"type":"orgs","id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Sink Org"}},
          "created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100","name":"Jane Doe"}}
        }
      }
    }
    "#);
    assert_eq!(server.sink_admin().read(EXAMPLE).await.body(), reply.body());
}

#[tokio::test]
async fn an_update_never_changes_when_a_connection_was_created() {
    let server = start_with_the_example().await;
    let created_at = server.source_admin().read(EXAMPLE).await.at("/data/attributes/created_at");
    for types in [&["audit"][..], &["logs", "audit"], &["logs"]] {
        server.clock().advance(Duration::from_secs(1));
        let reply = server.source_admin().update(EXAMPLE, types.iter().copied()).await;
        assert_eq!(reply.at("/data/attributes/created_at"), created_at);
        assert_ne!(reply.at("/data/attributes/modified_at"), created_at);
    }
}

#[tokio::test]
async fn an_update_to_what_is_already_so_answers_the_same_and_changes_nothing() {
    let server = start_with_the_example().await;
    let before = (server.source_admin().read(EXAMPLE).await, server.revision());
    server.clock().advance(Duration::from_secs(1));
    let reply = server.source_admin().update(EXAMPLE, ["logs"]).await;
    assert_eq!((reply.body(), server.revision()), (before.0.body(), before.1));
}

#[tokio::test]
async fn the_order_of_types_can_be_changed() {
    let server = start_with_the_example().await;
    server.source_admin().update(EXAMPLE, ["metrics", "logs"]).await;
    let reply = server.source_admin().update(EXAMPLE, ["logs", "metrics"]).await;
    assert_eq!(reply.types(), ["logs", "metrics"]);
}

/// Source: hardening list, 4.
#[tokio::test]
async fn a_body_never_overrides_what_the_server_has_decided() {
    let server = start_with_the_example().await;
    let reply = update_changed(&server, |body| {
        body["data"]["attributes"]["created_at"] = json!("2001-01-01T00:00:00.000000+00:00");
        body["data"]["attributes"]["modified_at"] = json!("2001-01-01T00:00:00.000000+00:00");
        body["data"]["relationships"] = json!({
            "source_org": {"data": {"type": "orgs", "id": TestOrg::Bystander.id().to_string()}},
            "created_by": {"data": {"type": "users", "id": "00000000-0000-4000-8000-000000000000"}},
        });
    })
    .await;
    let plain = start_with_the_example().await.source_admin().update(EXAMPLE, ["logs", "metrics"]).await;
    assert_eq!(reply.body(), plain.body());
}

#[tokio::test]
async fn the_sink_cannot_change_what_it_is_shown() {
    let server = start_with_the_example().await;
    let reply = server.sink_admin().update(EXAMPLE, ["logs", "metrics"]).await;
    assert_snapshot!(reply, @r#"403 {"errors":["Forbidden","only the source organization can update a connection, with keys of its own; the sink can delete it"]}"#);
    assert_eq!(server.source_admin().read(EXAMPLE).await.types(), ["logs"]);
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().update(EXAMPLE, ["logs"]).await, @r#"404 {"errors":["Org connection with id:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}"#);
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().update("example", ["logs"]).await, @r#"400 {"errors":["connection id must be a valid uuid","the last segment of the path: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"]}"#);
}

#[tokio::test]
async fn types_that_are_no_set_are_refused_with_their_place() {
    let server = start_with_the_example().await;
    let mut replies = Vec::new();
    for types in [
        json!(["logs", "metrics", "logs"]),
        json!([]),
        json!(["logs", "LOGS"]),
        json!(["logs", ""]),
        json!(["logs", null]),
        json!([["logs"]]),
        json!({"0": "logs"}),
        json!("logs"),
        json!(null),
    ] {
        let attributes = json!({ "connection_types": types });
        let reply = update_changed(&server, |body| body["data"]["attributes"] = attributes).await;
        replies.push(format!("{types}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    ["logs","metrics","logs"]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[2]: \"logs\" is repeated"]}
    []: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: at least one of \"logs\", \"metrics\", \"audit\" is needed"]}
    ["logs","LOGS"]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[1]: \"LOGS\" is no connection type; expected \"logs\", \"metrics\" or \"audit\""]}
    ["logs",""]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[1]: \"\" is no connection type; expected \"logs\", \"metrics\" or \"audit\""]}
    ["logs",null]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[1]: must be a string, and not null"]}
    [["logs"]]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[0]: must be a string, and not an array"]}
    {"0":"logs"}: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: must be an array, and not an object"]}
    "logs": 400 {"errors":["Validation failed for input.","data.attributes.connection_types: must be an array, and not a string"]}
    null: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: must be an array, and not null"]}
    "#);
    assert_eq!(server.source_admin().read(EXAMPLE).await.types(), ["logs"]);
}

#[tokio::test]
async fn the_body_names_the_connection_of_the_path() {
    let server = start_with_the_example().await;
    for id in [
        "0b1e55ed-0000-4000-8000-000000000000",
        "",
        "example",
        "f9ec96b08c8a4b0a9b0a1b2c3d4e5f6a",
        "{f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a}",
    ] {
        let reply = update_changed(&server, |body| body["data"]["id"] = json!(id)).await;
        assert_eq!(
            reply.to_string(),
            format!(
                r#"400 {{"errors":["Validation failed for input.","data.id: must be {EXAMPLE}, as in the path"]}}"#
            ),
            "{id}"
        );
    }
    let upper_case = update_changed(&server, |body| body["data"]["id"] = json!(EXAMPLE.to_uppercase())).await;
    assert_eq!(upper_case.status(), 200, "{upper_case}");
}

#[tokio::test]
async fn a_resource_of_another_type_is_refused() {
    let server = start_with_the_example().await;
    let reply = update_changed(&server, |body| body["data"]["type"] = json!("org_connections")).await;
    assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","data.type: must be \"org_connection\""]}"#);
}

#[tokio::test]
async fn each_required_member_is_missed_by_its_place() {
    let server = start_with_the_example().await;
    let mut replies = Vec::new();
    for place in ["/data", "/data/type", "/data/id", "/data/attributes", "/data/attributes/connection_types"]
    {
        let reply = update_changed(&server, |body| super::remove(body, place)).await;
        replies.push(format!("{place}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    /data: 400 {"errors":["Validation failed for input.","data: is missing"]}
    /data/type: 400 {"errors":["Validation failed for input.","data.type: is missing"]}
    /data/id: 400 {"errors":["Validation failed for input.","data.id: is missing"]}
    /data/attributes: 400 {"errors":["Validation failed for input.","data.attributes: is missing"]}
    /data/attributes/connection_types: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: is missing"]}
    "#);
}
