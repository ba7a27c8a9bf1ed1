//! The keys of service accounts. Source: contract, section 4; hardening list, 1, 3, 18 and 20.

use http::Method;
use insta::assert_snapshot;
use orgbridge_testkit::{Caller, Persona, Reply, TestServer, TestUser, named_body, rename_body};
use serde_json::{Value, json};

fn keys_of(user: TestUser) -> String {
    format!("/api/v2/service_accounts/{}/application_keys", user.id())
}

async fn create(caller: Caller<'_>, scopes: &Value) -> Reply {
    let attributes = json!({"name": "deployment", "scopes": scopes});
    let body = json!({"data": {"type": "application_keys", "attributes": attributes}});
    caller.call(Method::POST, keys_of(TestUser::Robot)).body(body.to_string()).await
}

#[tokio::test]
async fn a_key_acts_for_its_account() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), &json!(["org_connections_read"])).await;
    assert_snapshot!(created, @r#"
    201 {
      "data":{
        "type":"application_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"deployment",
          "last4":"0000",
          "key":"0000000000004000800000000000000200000000",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "last_used_at":null,
          "scopes":["org_connections_read"]
        },
        "relationships":{"owned_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000101"}}}
      }
    }
    "#);
    let key = created.at("/data/attributes/key");
    let caller = server.caller(Persona::ApiKeyAlone);
    let whoami = caller.get("/api/v2/current_user").header("dd-application-key", &key).await;
    assert_eq!(whoami.at("/data/id"), TestUser::Robot.id().to_string());
    let write = caller.call(Method::POST, "/api/v2/api_keys").header("dd-application-key", &key).body("{}");
    assert_eq!(write.await.status(), 403);
}

#[tokio::test]
async fn a_key_is_listed_read_renamed_and_deleted_under_its_account() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), &json!(null)).await;
    let (admin, keys, key) = (server.source_admin(), keys_of(TestUser::Robot), created.at("/data/id"));
    let listed = admin.get(format!("{keys}?filter=DEPLOY&sort=-created_at&page[size]=1")).await;
    assert_eq!(
        (listed.at("/data/0/id"), listed.at("/meta/page/total_filtered_count")),
        (key.clone(), "1".into())
    );
    let path = format!("{keys}/{key}");
    let read = admin.get(&path).await;
    assert_eq!(
        (read.at("/data/attributes/name"), read.at("/data/attributes/scopes")),
        ("deployment".into(), "null".into())
    );
    assert!(!read.body().contains(&created.at("/data/attributes/key")));
    let body = rename_body("application_keys", &key, "renamed").to_string();
    let renamed = admin.call(Method::PATCH, &path).body(body).await;
    assert_eq!(renamed.at("/data/attributes/name"), "renamed");
    let deleted = admin.call(Method::DELETE, &path).await;
    assert_eq!((deleted.status(), deleted.body()), (204, ""));
    assert_snapshot!(admin.get(&path).await, @r#"404 {"errors":["Application key not found","the organization has no application key with this id"]}"#);
}

#[tokio::test]
async fn persons_and_accounts_of_others_are_no_service_accounts_here() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), &json!(null)).await;
    let key = created.at("/data/id");
    let new = named_body("application_keys", "new").to_string();
    let rename = rename_body("application_keys", &key, "new").to_string();
    for (admin, user) in [
        (server.source_admin(), TestUser::Jane),
        (server.source_admin(), TestUser::SinkAdmin),
        (server.sink_admin(), TestUser::Robot),
        (server.stranger_admin(), TestUser::Robot),
    ] {
        let keys = keys_of(user);
        for (method, path, body) in [
            (Method::GET, keys.clone(), ""),
            (Method::POST, keys.clone(), &new),
            (Method::GET, format!("{keys}/{key}"), ""),
            (Method::PATCH, format!("{keys}/{key}"), &rename),
            (Method::DELETE, format!("{keys}/{key}"), ""),
        ] {
            let reply = admin.call(method.clone(), path).body(body).await;
            let detail = format!("there is no service account {}", user.id());
            assert_eq!(
                reply.to_string(),
                format!(r#"404 {{"errors":["Not found","{detail}"]}}"#),
                "{method}"
            );
        }
    }
    // A key that is another user's is none of the account's.
    let janes = server.source_admin().get("/api/v2/current_user/application_keys").await.at("/data/0/id");
    let read = server.source_admin().get(format!("{}/{janes}", keys_of(TestUser::Robot))).await;
    assert_eq!((read.status(), read.at("/errors/0")), (404, "Application key not found".to_owned()));
}

#[tokio::test]
async fn nobody_makes_a_key_that_does_more_than_they_may() {
    let server = TestServer::start().await;
    let narrow = create(server.source_admin(), &json!(["service_account_write"])).await;
    let key = narrow.at("/data/attributes/key");
    let by_narrow = |method, path: String, body: Value| {
        let call = server.caller(Persona::ApiKeyAlone).call(method, path);
        call.header("dd-application-key", &key).body(body.to_string())
    };
    let new = |scopes: Value| json!({"data": {"type": "application_keys", "attributes": {"name": "new", "scopes": scopes}}});
    let keys = keys_of(TestUser::Robot);
    assert_snapshot!(by_narrow(Method::POST, keys.clone(), new(json!(null))).await, @r#"403 {"errors":["Forbidden","nobody can give away org_connections_read without holding it"]}"#);
    assert_eq!(by_narrow(Method::POST, keys.clone(), new(json!(["org_management"]))).await.status(), 403);
    let made = by_narrow(Method::POST, keys.clone(), new(json!(["service_account_write"]))).await;
    assert_eq!(made.status(), 201);
    let id = made.at("/data/id");
    let wider =
        json!({"data": {"type": "application_keys", "id": id, "attributes": {"scopes": ["org_management"]}}});
    assert_eq!(by_narrow(Method::PATCH, format!("{keys}/{id}"), wider).await.status(), 403);
    let read = server.source_admin().get(format!("{keys}/{id}")).await;
    assert_eq!(read.at("/data/attributes/scopes"), r#"["service_account_write"]"#);
}
