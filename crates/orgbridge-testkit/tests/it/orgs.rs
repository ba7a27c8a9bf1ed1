//! The orgs that a caller manages. Source: contract, section 4.

use insta::assert_snapshot;
use orgbridge_testkit::{Reply, TestServer};

const V1: &str = "/api/v1/org";
const V2: &str = "/api/v2/org";

fn names(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let orgs = json["included"].as_array().expect("orgs");
    orgs.iter().map(|org| org["attributes"]["name"].as_str().unwrap().to_owned()).collect()
}

fn managed(reply: &Reply) -> usize {
    reply.json()["data"]["relationships"]["managed_orgs"]["data"].as_array().expect("orgs").len()
}

#[tokio::test]
async fn the_first_version_lists_orgs_with_spaced_dates() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().get(V1).await, @r#"
    200 {
      "orgs":[
        {"name":"Source Org","public_id":"fasjyydbcgwwc2uc","description":"","created":"2025-08-26 20:19:36"},
        {
          "name":"Sink Org",
          "public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
          "description":"",
          "created":"2025-08-26 20:19:36"
        },
        {
          "name":"Bystander Org",
          "public_id":"b0000000-0000-4000-8000-000000000003",
          "description":"",
          "created":"2025-08-26 20:19:36"
        },
        {
          "name":"Onlooker Org",
          "public_id":"b0000000-0000-4000-8000-000000000004",
          "description":"",
          "created":"2025-08-26 20:19:36"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_first_version_shows_an_org_that_manages_none_itself() {
    let server = TestServer::start().await;
    assert_snapshot!(server.sink_admin().get(V1).await, @r#"200 {"orgs":[{"name":"Sink Org","public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","description":"","created":"2025-08-26 20:19:36"}]}"#);
}

#[tokio::test]
async fn the_second_version_shows_an_org_that_manages_none_itself() {
    let server = TestServer::start().await;
    assert_snapshot!(server.sink_admin().get(V2).await, @r#"
    200 {
      "data":{
        "type":"managed_orgs",
        "id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
        "relationships":{
          "current_org":{"data":{"type":"orgs","id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85"}},
          "managed_orgs":{"data":[{"type":"orgs","id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85"}]}
        }
      },
      "included":[
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
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_second_version_lists_every_org_of_the_account_and_no_other() {
    let server = TestServer::start().await;
    let reply = server.source_admin().get(V2).await;
    assert_eq!(names(&reply), ["Source Org", "Sink Org", "Bystander Org", "Onlooker Org"]);
    assert_eq!(managed(&reply), 4);
    let reply = server.stranger_admin().get(V2).await;
    assert_eq!(names(&reply), ["Stranger Org", "Faraway Org", "Disabled Org"]);
    assert_eq!(reply.at("/included/2/attributes/disabled"), "true");
}

#[tokio::test]
async fn no_attribute_of_an_org_is_null() {
    let server = TestServer::start().await;
    let reply = server.source_admin().get(V2).await.json();
    for org in reply["included"].as_array().unwrap() {
        let attributes = org["attributes"].as_object().unwrap();
        assert_eq!(attributes.len(), 8, "{org}");
        assert!(attributes.values().all(|value| !value.is_null()), "{org}");
    }
}

#[tokio::test]
async fn a_part_of_a_name_finds_orgs() {
    let server = TestServer::start().await;
    for (query, found, count) in [
        ("filter[name]=sink", &["Source Org", "Sink Org"][..], 1),
        ("filter%5Bname%5D=SINK+o", &["Source Org", "Sink Org"], 1),
        ("filter[name]=look", &["Source Org", "Onlooker Org"], 1),
        ("filter[name]=nobody", &["Source Org"], 0),
        ("filter[name]=stranger", &["Source Org"], 0),
        ("filter[name]=", &["Source Org", "Sink Org", "Bystander Org", "Onlooker Org"], 4),
    ] {
        let reply = server.source_admin().get(format!("{V2}?{query}")).await;
        assert_eq!(
            (names(&reply), managed(&reply)),
            (found.iter().map(ToString::to_string).collect(), count),
            "{query}"
        );
    }
}
