//! *Create Org Connection*.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use orgbridge_domain::OrgId;
use orgbridge_testkit::{Persona, Reply, TestOrg, TestServer, create_body};
use serde_json::{Value, json};

const SINK: OrgId = TestOrg::Sink.id();

/// A good body in which a test has changed something.
async fn create_changed(server: &TestServer, change: impl FnOnce(&mut Value)) -> Reply {
    let mut body = create_body(SINK, ["logs"]);
    change(&mut body);
    server.source_admin().create_from(body.to_string()).await
}

#[tokio::test]
async fn a_connection_is_created_and_shown_whole() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(SINK, ["logs"]).await;
    assert_snapshot!(reply, @r#"
    200 {
      "data":{
        "type":"org_connection",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "connection_types":["logs"],
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
    assert_eq!(server.source_admin().read(reply.at("/data/id")).await.body(), reply.body());
}

#[tokio::test]
async fn the_types_keep_the_order_in_which_they_were_sent() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(SINK, ["metrics", "audit", "logs"]).await;
    assert_eq!(reply.types(), ["metrics", "audit", "logs"]);
}

#[tokio::test]
async fn a_service_account_that_creates_is_shown_as_a_user() {
    let server = TestServer::start().await;
    let reply = server.caller(Persona::ServiceAccount).create(SINK, ["logs"]).await;
    assert_eq!(reply.at("/data/relationships/created_by/data/type"), "users");
    assert_eq!(reply.at("/data/relationships/created_by/data/name"), "Deployment Robot");
}

#[tokio::test]
async fn the_type_of_the_sink_may_be_left_out() {
    let server = TestServer::start().await;
    let sink = json!({"data": {"id": SINK.to_string()}});
    let reply = create_changed(&server, |body| body["data"]["relationships"]["sink_org"] = sink).await;
    assert_eq!(reply.status(), 200, "{reply}");
}

#[tokio::test]
async fn the_id_of_the_sink_is_taken_in_either_case() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(SINK.to_string().to_uppercase(), ["logs"]).await;
    assert_eq!(reply.at("/data/relationships/sink_org/data/id"), SINK.to_string());
}

#[tokio::test]
async fn the_name_of_the_sink_and_unknown_members_are_ignored() {
    let server = TestServer::start().await;
    let reply = create_changed(&server, |body| {
        body["data"]["relationships"]["sink_org"]["data"]["name"] = json!("");
        body["data"]["attributes"]["filter"] = json!({"from": "another version"});
        body["meta"] = json!([1, 2]);
    })
    .await;
    assert_eq!(reply.at("/data/relationships/sink_org/data/name"), "Sink Org");
}

/// Source: hardening list, 4.
#[tokio::test]
async fn a_body_never_overrides_what_the_server_decides() {
    let server = TestServer::start().await;
    let reply = create_changed(&server, |body| {
        let org = |org: TestOrg| json!({"data": {"type": "orgs", "id": org.id().to_string()}});
        body["data"]["id"] = json!("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a");
        body["data"]["relationships"]["source_org"] = org(TestOrg::Bystander);
        body["data"]["relationships"]["created_by"] =
            json!({"data": {"type": "users", "id": TestOrg::Sink.admin().id().to_string()}});
        body["data"]["attributes"]["created_at"] = json!("2001-01-01T00:00:00.000000+00:00");
        body["data"]["attributes"]["modified_at"] = json!("2001-01-01T00:00:00.000000+00:00");
    })
    .await;
    let plain = TestServer::start().await.source_admin().create(SINK, ["logs"]).await;
    assert_eq!(reply.body(), plain.body());
}

#[tokio::test]
async fn the_other_direction_is_another_connection() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let reply = server.sink_admin().create(TestOrg::Source.id(), ["logs"]).await;
    assert_eq!(reply.at("/data/relationships/source_org/data/name"), "Sink Org");
    assert_eq!(reply.at("/data/relationships/sink_org/data/name"), "Source Org");
}

#[tokio::test]
async fn a_pair_is_connected_once() {
    let server = TestServer::start().await;
    server.connection().of(["logs"]).create().await;
    let reply = server.source_admin().create(SINK, ["metrics"]).await;
    assert_snapshot!(reply, @r#"409 {"errors":["connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 83999dcd-7f97-11f0-8de1-1ecf66f1aa85 already exists","update the connection that is there instead; the list of connections shows its id to whoever may see it"]}"#);
}

#[tokio::test]
async fn a_pair_that_was_deleted_can_be_connected_again() {
    let server = TestServer::start().await;
    let first = server.connection().create().await;
    server.source_admin().delete(first).await;
    let reply = server.source_admin().create(SINK, ["logs"]).await;
    assert_eq!(reply.status(), 200);
    assert_ne!(reply.at("/data/id"), first.to_string());
}

/// Source: hardening list, 7.
#[tokio::test]
async fn of_twenty_parallel_creations_of_one_pair_exactly_one_succeeds() {
    let server = TestServer::start().await;
    let calls = (0..20).map(|_| server.source_admin().create(SINK, ["logs"]).into_future());
    let mut statuses = BTreeMap::new();
    for reply in futures_util::future::join_all(calls).await {
        *statuses.entry(reply.status()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(200, 1), (409, 19)]));
    assert_eq!(server.source_admin().list().await.ids().len(), 1);
}

#[tokio::test]
async fn a_repeated_type_is_not_allowed() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(SINK, ["logs", "metrics", "logs"]).await;
    assert_snapshot!(reply, @r#"400 {"errors":["connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 83999dcd-7f97-11f0-8de1-1ecf66f1aa85 is not allowed","data.attributes.connection_types[2]: \"logs\" is repeated"]}"#);
}

#[tokio::test]
async fn an_org_is_not_connected_with_itself() {
    let server = TestServer::start().await;
    let reply = server.source_admin().create(TestOrg::Source.id(), ["logs"]).await;
    assert_snapshot!(reply, @r#"400 {"errors":["connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 4dee724d-00cc-11ea-a77b-570c9d03c6c5 is not allowed","data.relationships.sink_org.data.id: an organization can't be connected with itself"]}"#);
}

#[tokio::test]
async fn a_sink_that_the_account_does_not_have_is_not_found() {
    let server = TestServer::start().await;
    let absent = server.source_admin().create("0b1e55ed-0000-4000-8000-000000000000", ["logs"]).await;
    assert_snapshot!(absent, @r#"404 {"errors":["Not found","data.relationships.sink_org.data.id: no organization of this account has this id; the list of organizations shows those that there are"]}"#);
    for sink in [
        TestOrg::Stranger.id().to_string(),
        TestOrg::Disabled.id().to_string(),
        String::new(),
        "sink-org".to_owned(),
        SINK.uuid().simple().to_string(),
        format!("{{{SINK}}}"),
        format!("urn:uuid:{SINK}"),
        format!(" {SINK}"),
    ] {
        let reply = server.source_admin().create(&sink, ["logs"]).await;
        assert_eq!(reply.to_string(), absent.to_string(), "{sink}");
    }
}

#[tokio::test]
async fn types_that_are_none_are_refused_with_their_place() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for types in [json!([]), json!(["logs", "Metrics"]), json!(["logs", 7]), json!("logs"), json!(null)] {
        let attributes = json!({ "connection_types": types });
        let reply = create_changed(&server, |body| body["data"]["attributes"] = attributes).await;
        replies.push(format!("{types}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    []: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: at least one of \"logs\", \"metrics\", \"audit\" is needed"]}
    ["logs","Metrics"]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[1]: \"Metrics\" is no connection type; expected \"logs\", \"metrics\" or \"audit\""]}
    ["logs",7]: 400 {"errors":["Validation failed for input.","data.attributes.connection_types[1]: must be a string, and not the number 7"]}
    "logs": 400 {"errors":["Validation failed for input.","data.attributes.connection_types: must be an array, and not a string"]}
    null: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: must be an array, and not null"]}
    "#);
}

#[tokio::test]
async fn each_required_member_is_missed_by_its_place() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for place in [
        "/data",
        "/data/type",
        "/data/attributes",
        "/data/attributes/connection_types",
        "/data/relationships",
        "/data/relationships/sink_org",
        "/data/relationships/sink_org/data",
        "/data/relationships/sink_org/data/id",
    ] {
        let reply = create_changed(&server, |body| super::remove(body, place)).await;
        replies.push(format!("{place}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    /data: 400 {"errors":["Validation failed for input.","data: is missing"]}
    /data/type: 400 {"errors":["Validation failed for input.","data.type: is missing"]}
    /data/attributes: 400 {"errors":["Validation failed for input.","data.attributes: is missing"]}
    /data/attributes/connection_types: 400 {"errors":["Validation failed for input.","data.attributes.connection_types: is missing"]}
    /data/relationships: 400 {"errors":["Validation failed for input.","data.relationships: is missing"]}
    /data/relationships/sink_org: 400 {"errors":["Validation failed for input.","data.relationships.sink_org: is missing"]}
    /data/relationships/sink_org/data: 400 {"errors":["Validation failed for input.","data.relationships.sink_org.data: is missing"]}
    /data/relationships/sink_org/data/id: 400 {"errors":["Validation failed for input.","data.relationships.sink_org.data.id: is missing"]}
    "#);
}

#[tokio::test]
async fn a_resource_of_another_type_is_refused() {
    let server = TestServer::start().await;
    let reply = create_changed(&server, |body| body["data"]["type"] = json!("org_connections")).await;
    assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","data.type: must be \"org_connection\""]}"#);
    let sink = |body: &mut Value| body["data"]["relationships"]["sink_org"]["data"]["type"] = json!("users");
    assert_snapshot!(create_changed(&server, sink).await, @r#"400 {"errors":["Validation failed for input.","data.relationships.sink_org.data.type: must be \"orgs\""]}"#);
}

#[tokio::test]
async fn a_source_shares_with_as_many_sinks_as_the_operator_allows() {
    let server = TestServer::builder().sinks_per_source(1).start().await;
    server.connection().from(TestOrg::Sink).to(TestOrg::Source).create().await;
    let first = server.source_admin().create(SINK, ["logs"]).await;
    assert_eq!(first.status(), 200, "being a sink counts for nothing: {first}");

    let second = server.source_admin().create(TestOrg::Onlooker.id(), ["logs"]).await;

    assert_snapshot!(second, @r#"400 {"errors":["organization 4dee724d-00cc-11ea-a77b-570c9d03c6c5 already shares with 1 organizations, the most allowed","delete a connection that nobody needs, or ask the operator for a higher limits.sinks_per_source"]}"#);
    server.source_admin().delete(first.at("/data/id")).await;
    assert_eq!(server.source_admin().create(TestOrg::Onlooker.id(), ["logs"]).await.status(), 200);
}
