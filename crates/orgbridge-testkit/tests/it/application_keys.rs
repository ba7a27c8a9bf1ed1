//! The keys of users. Source: contract, section 4; hardening list, 3, 18 and 20.

use std::time::Duration;

use http::Method;
use insta::assert_snapshot;
use orgbridge_testkit::{Call, Caller, Persona, Reply, TestServer, TestUser, named_body, rename_body};
use serde_json::{Value, json};

const OWN: &str = "/api/v2/current_user/application_keys";
const ALL: &str = "/api/v2/application_keys";

fn new_key(scopes: &Value) -> String {
    let attributes = json!({"name": "ci", "scopes": scopes});
    json!({"data": {"type": "application_keys", "attributes": attributes}}).to_string()
}

fn rescoped(id: &str, scopes: &Value) -> String {
    let attributes = json!({"scopes": scopes});
    json!({"data": {"type": "application_keys", "id": id, "attributes": attributes}}).to_string()
}

async fn create(caller: Caller<'_>, scopes: &Value) -> Reply {
    caller.call(Method::POST, OWN).body(new_key(scopes)).await
}

/// A call by the source's API key and the application key that `made` shows.
fn by<'s>(server: &'s TestServer, made: &Reply, method: Method, path: &str) -> Call<'s> {
    let secret = made.at("/data/attributes/key");
    server.caller(Persona::ApiKeyAlone).call(method, path).header("dd-application-key", &secret)
}

#[tokio::test]
async fn a_key_shows_its_secret_once_and_works_within_its_scopes() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), &json!(["org_connections_read"])).await;
    assert_snapshot!(created, @r#"
    201 {
      "data":{
        "type":"application_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"ci",
          "last4":"0000",
          "key":"0000000000004000800000000000000200000000",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "last_used_at":null,
          "scopes":["org_connections_read"]
        },
        "relationships":{"owned_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}}
      }
    }
    "#);
    let key = created.at("/data/id");
    assert_snapshot!(server.source_admin().get(format!("{OWN}/{key}?include=owned_by")).await, @r#"
    200 {
      "data":{
        "type":"application_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"ci",
          "last4":"0000",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "last_used_at":null,
          "scopes":["org_connections_read"]
        },
        "relationships":{"owned_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}}
      },
      "included":[
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
      ]
    }
    "#);
    assert_eq!(by(&server, &created, Method::GET, "/api/v2/org_connections").await.status(), 200);
    assert_eq!(by(&server, &created, Method::GET, "/api/v1/org").await.status(), 403);
}

#[tokio::test]
async fn a_key_without_scopes_says_so() {
    let server = TestServer::start().await;
    let body = named_body("application_keys", "ci").to_string();
    let created = server.source_admin().call(Method::POST, OWN).body(body).await;
    assert_eq!(created.at("/data/attributes/scopes"), "null");
    assert_eq!(by(&server, &created, Method::GET, "/api/v1/org").await.status(), 200);
}

#[tokio::test]
async fn a_scope_that_the_owner_does_not_hold_adds_nothing() {
    let server = TestServer::start().await;
    let standard = server.caller(Persona::Standard);
    let created = create(standard, &json!(["org_connections_read", "org_connections_write"])).await;
    assert_eq!(created.status(), 201);
    assert_eq!(by(&server, &created, Method::GET, "/api/v2/org_connections").await.status(), 200);
    let write = by(&server, &created, Method::POST, "/api/v2/org_connections").body("{}");
    assert_eq!(write.await.status(), 403);
}

#[tokio::test]
async fn a_key_never_makes_a_wider_one() {
    let server = TestServer::start().await;
    let narrow = create(server.source_admin(), &json!(["user_app_keys"])).await;
    let make = |scopes: Value| by(&server, &narrow, Method::POST, OWN).body(new_key(&scopes));
    assert_snapshot!(make(json!(null)).await, @r#"403 {"errors":["Forbidden","nobody can give away org_connections_read without holding it"]}"#);
    assert_snapshot!(make(json!(["user_app_keys", "org_management"])).await, @r#"403 {"errors":["Forbidden","nobody can give away org_management without holding it"]}"#);
    assert_eq!(make(json!(["user_app_keys"])).await.status(), 201);
    let key = narrow.at("/data/id");
    let widen =
        by(&server, &narrow, Method::PATCH, &format!("{OWN}/{key}")).body(rescoped(&key, &json!(null)));
    assert_eq!(widen.await.status(), 403);
}

#[tokio::test]
async fn a_key_of_a_person_is_widened_by_that_person_alone() {
    let server = TestServer::start().await;
    let key = create(server.caller(Persona::Standard), &json!(["org_connections_read"])).await.at("/data/id");
    let admin = |scopes: Value| {
        server.source_admin().call(Method::PATCH, format!("{ALL}/{key}")).body(rescoped(&key, &scopes))
    };
    assert_snapshot!(admin(json!(null)).await, @r#"403 {"errors":["Forbidden","data.attributes.scopes: only the owner can widen the scopes of an application key of a person; others can narrow them"]}"#);
    assert_eq!(admin(json!([])).await.at("/data/attributes/scopes"), "[]");
    let own = server.caller(Persona::Standard).call(Method::PATCH, format!("{OWN}/{key}"));
    assert_eq!(own.body(rescoped(&key, &json!(null))).await.at("/data/attributes/scopes"), "null");
}

#[tokio::test]
async fn a_key_is_renamed_and_keeps_its_scopes() {
    let server = TestServer::start().await;
    let key = create(server.source_admin(), &json!(["org_connections_read"])).await.at("/data/id");
    let body = rename_body("application_keys", &key, "renamed").to_string();
    let renamed = server.source_admin().call(Method::PATCH, format!("{ALL}/{key}")).body(body).await;
    assert_snapshot!(renamed, @r#"
    200 {
      "data":{
        "type":"application_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"renamed",
          "last4":"0000",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "last_used_at":null,
          "scopes":["org_connections_read"]
        },
        "relationships":{"owned_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}}
      }
    }
    "#);
}

#[tokio::test]
async fn a_key_that_is_deleted_is_refused_at_once() {
    let server = TestServer::start().await;
    for list in [OWN, ALL] {
        let created = create(server.source_admin(), &json!(null)).await;
        let key = created.at("/data/id");
        // It may even delete itself.
        let deleted = by(&server, &created, Method::DELETE, &format!("{list}/{key}")).await;
        assert_eq!((deleted.status(), deleted.body()), (204, ""));
        assert_eq!(by(&server, &created, Method::GET, "/api/v2/current_user").await.status(), 401);
        let again = server.source_admin().get(format!("{list}/{key}")).await;
        assert_eq!((again.status(), again.at("/errors/0")), (404, "Application key not found".to_owned()));
    }
}

#[tokio::test]
async fn ones_own_list_holds_ones_own_keys_and_that_of_the_org_all() {
    let server = TestServer::start().await;
    let count = async |path: String| {
        server.source_admin().get(path).await.at("/meta/page/total_filtered_count").parse::<usize>().unwrap()
    };
    let of_jane = count(OWN.to_owned()).await;
    let of_all = count(ALL.to_owned()).await;
    assert!(of_jane < of_all, "{of_jane} of {of_all}");
    assert_eq!(count(format!("{ALL}?filter[owned_by]={}", TestUser::Jane.id())).await, of_jane);
    assert_eq!(count(format!("{ALL}?filter[owned_by]={}", TestUser::SinkAdmin.id())).await, 0);
    assert_eq!(count(format!("{ALL}?filter[owned_by]=me")).await, 0);
    let other = TestUser::Ordinary.id();
    assert_eq!(count(format!("{OWN}?filter[owned_by]={other}")).await, 0);
    let listed = server.source_admin().get(format!("{ALL}?filter=standard&include=owned_by")).await;
    assert_eq!(listed.at("/included/0/attributes/name"), "Ordinary User");
    assert_eq!(server.source_admin().get(format!("{ALL}?sort=modified_at")).await.status(), 400);
}

/// Source: hardening list, 20.
#[tokio::test]
async fn a_key_says_when_it_was_last_used() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), &json!(null)).await;
    let key = created.at("/data/id");
    let used = async |list: &str| {
        let reply = server.source_admin().get(format!("{list}/{key}")).await;
        reply.at("/data/attributes/last_used_at")
    };
    assert_eq!(
        (created.at("/data/attributes/last_used_at"), used(OWN).await),
        ("null".into(), "null".into())
    );
    server.clock().advance(Duration::from_secs(60));
    assert_eq!(by(&server, &created, Method::GET, "/api/v2/current_user").await.status(), 200);
    for list in [OWN, ALL] {
        assert_eq!(used(list).await, "2025-08-27T20:20:36.177236+00:00");
    }
    let body = rename_body("application_keys", &key, "renamed").to_string();
    let renamed = server.source_admin().call(Method::PATCH, format!("{OWN}/{key}")).body(body).await;
    assert_eq!(renamed.at("/data/attributes/last_used_at"), "2025-08-27T20:20:36.177236+00:00");
}
