//! The orgs that a caller manages. Source: contract, section 4.

use http::Method;
use insta::assert_snapshot;
use orgbridge_testkit::{Persona, Reply, TestOrg, TestServer};
use serde_json::json;

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

#[tokio::test]
async fn a_child_org_begins_with_its_maker_as_its_admin() {
    let server = TestServer::start().await;
    let body = json!({"name": "Child Org", "billing": {"type": ""}, "subscription": {"type": "free"}});
    let made = server.source_admin().call(Method::POST, V1).body(body.to_string()).await;
    assert_snapshot!(made, @r#"
    200 {
      "org":{
        "name":"Child Org",
        "public_id":"00000000-0000-4000-8000-000000000001",
        "description":"",
        "created":"2025-08-27 20:19:36"
      },
      "api_key":{
        "key":"00000000000040008000000000000004",
        "name":"Child Org",
        "created":"2025-08-27 20:19:36",
        "created_by":"jane.doe@example.com"
      },
      "application_key":{"hash":"0000000000004000800000000000000600000000","name":"Child Org","owner":"jane.doe@example.com"},
      "user":{
        "name":"Jane Doe",
        "handle":"jane.doe@example.com",
        "email":"jane.doe@example.com",
        "icon":"",
        "access_role":"adm",
        "disabled":false,
        "verified":true
      }
    }
    "#);
    let by_child = |path: &str| {
        let call = server.anonymous().get(path).header("dd-api-key", &made.at("/api_key/key"));
        call.header("dd-application-key", &made.at("/application_key/hash"))
    };
    let child = made.at("/org/public_id");
    let caller = by_child("/api/v2/current_user").await;
    assert_eq!(caller.at("/data/relationships/org/data/id"), child);
    assert_eq!(caller.at("/data/attributes/email"), "jane.doe@example.com");
    assert_eq!(by_child(V1).await.at("/orgs/0/name"), "Child Org");
    let key = by_child("/api/v2/api_keys?include=created_by").await;
    assert_eq!(key.at("/included/0/attributes/name"), "Jane Doe");
    assert_eq!(server.source_admin().get(format!("{V1}/{child}")).await.at("/org/name"), "Child Org");
    let shared = server.source_admin().create(&child, ["logs"]).await;
    assert_eq!(shared.status(), 200);
}

#[tokio::test]
async fn a_child_org_is_made_on_its_makers_site() {
    let sites = ["datadoghq.com", "datadoghq.eu"];
    let server = TestServer::builder().answering_for(sites).start().await;
    let body = json!({"name": "Child Org"}).to_string();
    let overseas = "api.datadoghq.eu";
    let made = server.overseas_admin().call(Method::POST, V1).at(overseas).body(body).await;
    let child = format!("{V1}/{}", made.at("/org/public_id"));
    assert_eq!(server.overseas_admin().get(&child).at(overseas).await.status(), 200);
    assert_eq!(server.source_admin().get(&child).at("api.datadoghq.com").await.status(), 400);
}

#[tokio::test]
async fn who_manages_no_account_makes_no_org() {
    let server = TestServer::start().await;
    let body = json!({"name": "Child Org"}).to_string();
    assert_snapshot!(server.sink_admin().call(Method::POST, V1).body(body).await, @r#"403 {"errors":["Forbidden","only a user of the organization that manages its account on this site can create another"]}"#);
    let mut refused = Vec::new();
    for name in ["", "a\u{0}b", &"x".repeat(33)] {
        let body = json!({"name": name}).to_string();
        refused.push(server.source_admin().call(Method::POST, V1).body(body).await.to_string());
    }
    assert_snapshot!(refused.join("\n"), @r#"
    400 {"errors":["Validation failed for input.","name: must not be empty"]}
    400 {"errors":["Validation failed for input.","name: must not contain control characters"]}
    400 {"errors":["Validation failed for input.","name: must have at most 32 characters"]}
    "#);
}

#[tokio::test]
async fn an_org_is_renamed_by_itself_and_by_who_manages_it() {
    let server = TestServer::start().await;
    let rename = |persona, org: TestOrg, name: &str| {
        let body = json!({"name": name, "description": "ignored"}).to_string();
        server.caller(persona).call(Method::PUT, format!("{V1}/{}", org.id())).body(body)
    };
    assert_snapshot!(rename(Persona::SinkAdmin, TestOrg::Sink, "Sink of Logs").await, @r#"200 {"org":{"name":"Sink of Logs","public_id":"83999dcd-7f97-11f0-8de1-1ecf66f1aa85","description":"","created":"2025-08-26 20:19:36"}}"#);
    let renamed = rename(Persona::SourceAdmin, TestOrg::Sink, "Sink of Metrics").await;
    assert_eq!(renamed.at("/org/name"), "Sink of Metrics");
    assert_snapshot!(rename(Persona::SinkAdmin, TestOrg::Bystander, "Mine").await, @r#"400 {"errors":["Not allowed to access this organization","you manage no organization with this public id; the list of organizations shows those that you do"]}"#);
}

#[tokio::test]
async fn an_org_of_others_and_one_that_is_not_there_are_alike() {
    let server = TestServer::start().await;
    let absent = "0b1e55ed-0000-4000-8000-000000000000".to_owned();
    let mut refused = Vec::new();
    for id in
        [TestOrg::Stranger.id().to_string(), TestOrg::Overseas.id().to_string(), absent, "No_Id".to_owned()]
    {
        refused.push(server.source_admin().get(format!("{V1}/{id}")).await.to_string());
    }
    refused.dedup();
    assert_snapshot!(refused.join("\n"), @r#"400 {"errors":["Not allowed to access this organization","you manage no organization with this public id; the list of organizations shows those that you do"]}"#);
}
