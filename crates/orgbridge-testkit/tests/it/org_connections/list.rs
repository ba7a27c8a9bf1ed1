//! *List Org Connections*.

use std::time::Duration;

use insta::assert_snapshot;
use orgbridge_domain::ConnectionId;
use orgbridge_testkit::{Reply, TestOrg, TestServer};

/// Three connections of the source, a second apart, in whose order the ids would mislead: to the sink, from the sink, to
/// the onlooker.
async fn start_with_three() -> (TestServer, [ConnectionId; 3]) {
    let server = TestServer::start().await;
    let second = Duration::from_secs(1);
    let to_sink = server.connection().with_id("33333333-0000-4000-8000-000000000000");
    let to_sink = to_sink.of(["logs"]).create().await;
    server.clock().advance(second);
    let from_sink = server.connection().with_id("22222222-0000-4000-8000-000000000000");
    let from_sink = from_sink.from(TestOrg::Sink).to(TestOrg::Source).of(["metrics"]).create().await;
    server.clock().advance(second);
    let to_onlooker = server.connection().with_id("11111111-0000-4000-8000-000000000000");
    let to_onlooker = to_onlooker.to(TestOrg::Onlooker).of(["audit"]).create().await;
    (server, [to_sink, from_sink, to_onlooker])
}

fn ids(connections: &[ConnectionId]) -> Vec<String> {
    connections.iter().map(ToString::to_string).collect()
}

/// `total_count` and `total_filtered_count`.
fn counts(reply: &Reply) -> (String, String) {
    (reply.at("/meta/page/total_count"), reply.at("/meta/page/total_filtered_count"))
}

#[tokio::test]
async fn a_list_shows_connections_with_everyone_whom_they_name() {
    let server = TestServer::start().await;
    server.connection().of(["logs", "metrics"]).create().await;
    assert_snapshot!(server.source_admin().list().await, @r#"
    200 {
      "data":[
        {
          "type":"org_connection",
          "id":"00000000-0000-4000-8000-000000000001",
          "attributes":{
            "created_at":"2025-08-27T20:19:36.177236+00:00",
            "connection_types":["logs","metrics"],
            "modified_at":"2025-08-27T20:19:36.177236+00:00"
          },
          "relationships":{
            "source_org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5","name":"Source Org"}},
            "sink_org":{"data":{"type":"orgs","id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","name":"Sink Org"}},
            "created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100","name":"Jane Doe"}}
          }
        }
      ],
      "included":[
        {
          "type":"orgs",
          "id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5",
          "attributes":{
            "public_id":"fasjyydbcgwwc2uc",
            "name":"Source Org",
            "description":"",
            "sharing":"all_private",
            "url":"",
            "disabled":false,
            "created_at":"2025-08-26T20:19:36.177236+00:00",
            "modified_at":"2025-08-26T20:19:36.177236+00:00"
          }
        },
        {
          "type":"orgs",
          "id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
          "attributes":{
            "public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
            "name":"Sink Org",
            "description":"",
            "sharing":"all_private",
            "url":"",
            "disabled":false,
            "created_at":"2025-08-26T20:19:36.177236+00:00",
            "modified_at":"2025-08-26T20:19:36.177236+00:00"
          }
        },
        {
          "type":"users",
          "id":"ca570000-0000-4000-8000-000000000100",
          "attributes":{
            "name":"Jane Doe",
            "handle":"jane.doe@example.com",
            "created_at":"2025-08-26T20:19:36.177236+00:00",
            "modified_at":"2025-08-26T20:19:36.177236+00:00",
            "email":"jane.doe@example.com",
            "icon":"",
            "title":null,
            "verified":true,
            "service_account":false,
            "disabled":false,
            "allowed_login_methods":[],
            "status":"Active"
          }
        }
      ],
      "meta":{"page":{"total_count":1,"total_filtered_count":1}}
    }
    "#);
}

#[tokio::test]
async fn an_empty_list_includes_nobody() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().list().await, @r#"200 {"data":[],"meta":{"page":{"total_count":0,"total_filtered_count":0}}}"#);
}

#[tokio::test]
async fn both_sides_list_a_connection_alike() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let reply = server.source_admin().list().await;
    assert_eq!(server.sink_admin().list().await.body(), reply.body());
}

#[tokio::test]
async fn connections_are_listed_by_creation() {
    let (server, three) = start_with_three().await;
    let reply = server.source_admin().list().await;
    assert_eq!(reply.ids(), ids(&three));
    let [to_sink, from_sink, _] = three;
    assert_eq!(server.sink_admin().list().await.ids(), ids(&[to_sink, from_sink]));
}

#[tokio::test]
async fn connections_of_one_moment_are_listed_by_id() {
    let server = TestServer::start().await;
    let second = server.connection().with_id("22222222-0000-4000-8000-000000000000").create().await;
    let first = server.connection().with_id("11111111-0000-4000-8000-000000000000");
    let first = first.to(TestOrg::Onlooker).create().await;
    assert_eq!(server.source_admin().list().await.ids(), ids(&[first, second]));
}

#[tokio::test]
async fn an_update_leaves_a_connection_in_its_place() {
    let (server, three) = start_with_three().await;
    server.clock().advance(Duration::from_secs(1));
    server.source_admin().update(three[0], ["audit"]).await;
    assert_eq!(server.source_admin().list().await.ids(), ids(&three));
}

#[tokio::test]
async fn everyone_is_included_once() {
    let (server, _) = start_with_three().await;
    let reply = server.source_admin().list().await;
    let included = reply.json()["included"].as_array().unwrap().clone();
    let names: Vec<_> = included.iter().map(|one| one["attributes"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Source Org", "Sink Org", "Onlooker Org", "Jane Doe", "Sink Admin"]);
}

#[tokio::test]
async fn a_page_includes_only_those_whom_it_names() {
    let (server, _) = start_with_three().await;
    let reply = server.source_admin().list_where("limit=1&offset=2").await;
    let included = reply.json()["included"].as_array().unwrap().clone();
    let names: Vec<_> = included.iter().map(|one| one["attributes"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Source Org", "Onlooker Org", "Jane Doe"]);
}

#[tokio::test]
async fn a_filter_narrows_one_side_or_both() {
    let (server, [to_sink, from_sink, to_onlooker]) = start_with_three().await;
    let (source, sink, onlooker) = (TestOrg::Source.id(), TestOrg::Sink.id(), TestOrg::Onlooker.id());
    for (query, found) in [
        (format!("source_org_id={source}"), &[to_sink, to_onlooker][..]),
        (format!("sink_org_id={source}"), &[from_sink]),
        (format!("source_org_id={sink}"), &[from_sink]),
        (format!("sink_org_id={onlooker}"), &[to_onlooker]),
        (format!("sink_org_id={}", onlooker.to_string().to_uppercase()), &[to_onlooker]),
        (format!("source_org_id={source}&sink_org_id={sink}"), &[to_sink]),
        (format!("source_org_id={onlooker}&sink_org_id={sink}"), &[]),
    ] {
        let reply = server.source_admin().list_where(&query).await;
        assert_eq!(reply.ids(), ids(found), "{query}");
        assert_eq!(counts(&reply), ("3".to_owned(), found.len().to_string()), "{query}");
    }
}

#[tokio::test]
async fn an_empty_filter_is_none() {
    let (server, three) = start_with_three().await;
    let reply = server.source_admin().list_where("sink_org_id=&source_org_id=").await;
    assert_eq!(reply.ids(), ids(&three));
    assert_eq!(counts(&reply), ("3".to_owned(), "3".to_owned()));
}

#[tokio::test]
async fn a_filter_that_is_no_id_matches_nothing() {
    let (server, _) = start_with_three().await;
    for value in ["sink", "83999dcd7f9711f08de11ecf66f1aa85", "%7B83999dcd-7f97-11f0-8de1-1ecf66f1aa85%7D"] {
        for name in ["source_org_id", "sink_org_id"] {
            let reply = server.source_admin().list_where(format!("{name}={value}")).await;
            let nothing = r#"200 {"data":[],"meta":{"page":{"total_count":3,"total_filtered_count":0}}}"#;
            assert_eq!(reply.to_string(), nothing, "{name}={value}");
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other() {
    let (server, [first, second, third]) = start_with_three().await;
    for (query, page) in [
        ("limit=2", &[first, second][..]),
        ("limit=2&offset=2", &[third]),
        ("limit=1&offset=1", &[second]),
        ("limit=1000&offset=0", &[first, second, third]),
        ("offset=3", &[]),
        ("offset=18446744073709551615", &[]),
    ] {
        let reply = server.source_admin().list_where(query).await;
        assert_eq!(reply.ids(), ids(page), "{query}");
        assert_eq!(counts(&reply), ("3".to_owned(), "3".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_page_is_cut_from_what_the_filter_leaves() {
    let (server, [_, _, to_onlooker]) = start_with_three().await;
    let query = format!("source_org_id={}&limit=1&offset=1", TestOrg::Source.id());
    let reply = server.source_admin().list_where(query).await;
    assert_eq!(reply.ids(), ids(&[to_onlooker]));
    assert_eq!(counts(&reply), ("3".to_owned(), "2".to_owned()));
}

/// Source: hardening list, 24.
#[tokio::test]
async fn page_parameters_that_are_no_such_numbers_are_refused() {
    let server = TestServer::start().await;
    for value in
        ["0", "1001", "-1", "", "%2B1", "1.5", "1e2", "0x10", "ten", "%20", "99999999999999999999", "%D9%A1"]
    {
        let reply = server.source_admin().list_where(format!("limit={value}")).await;
        let refusal = "limit: must be a whole number from 1 to 1000";
        assert_eq!(
            reply.to_string(),
            format!(r#"400 {{"errors":["Validation failed for input.","{refusal}"]}}"#),
            "{value:?}"
        );
    }
    for value in ["-1", "", "%2B1", "1.5", "99999999999999999999", "NaN"] {
        let reply = server.source_admin().list_where(format!("offset={value}")).await;
        let refusal = "offset: must be a whole number from 0";
        assert_eq!(
            reply.to_string(),
            format!(r#"400 {{"errors":["Validation failed for input.","{refusal}"]}}"#),
            "{value:?}"
        );
    }
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused() {
    let server = TestServer::start().await;
    let reply = server.source_admin().list_where("limit=1&limit=1").await;
    assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","limit: is given more than once"]}"#);
}
