//! The keys of an org. Source: contract, section 4; hardening list, 18 and 20.

use std::time::Duration;

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::{ApplicationKeySecret, Permission, PermissionSet, application_key};
use orgbridge_testkit::{Caller, Persona, Reply, TestServer, TestUser, named_body, rename_body};

const KEYS: &str = "/api/v2/api_keys";

async fn create(caller: Caller<'_>, name: &str) -> Reply {
    caller.call(Method::POST, KEYS).body(named_body("api_keys", name).to_string()).await
}

fn names(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let keys = json["data"].as_array().expect("keys");
    keys.iter().map(|key| key["attributes"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_shows_its_secret_once() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), "ci").await;
    assert_snapshot!(created, @r#"
    201 {
      "data":{
        "type":"api_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"ci",
          "last4":"0002",
          "key":"00000000000040008000000000000002",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "modified_at":"2025-08-27T20:19:36.177236+00:00",
          "date_last_used":null
        },
        "relationships":{"created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}}
      }
    }
    "#);
    let key = created.at("/data/id");
    let read = server.source_admin().get(format!("{KEYS}/{key}?include=created_by,modified_by")).await;
    assert_snapshot!(read, @r#"
    200 {
      "data":{
        "type":"api_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"ci",
          "last4":"0002",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "modified_at":"2025-08-27T20:19:36.177236+00:00",
          "date_last_used":null
        },
        "relationships":{"created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}}
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
}

#[tokio::test]
async fn a_key_is_renamed_and_says_by_whom() {
    let server = TestServer::start().await;
    let key = create(server.source_admin(), "ci").await.at("/data/id");
    let body = rename_body("api_keys", &key, "deployment").to_string();
    let renamed = server.source_admin().call(Method::PATCH, format!("{KEYS}/{key}")).body(body).await;
    assert_snapshot!(renamed, @r#"
    200 {
      "data":{
        "type":"api_keys",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"deployment",
          "last4":"0002",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "modified_at":"2025-08-27T20:19:36.177236+00:00",
          "date_last_used":null
        },
        "relationships":{
          "created_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}},
          "modified_by":{"data":{"type":"users","id":"ca570000-0000-4000-8000-000000000100"}}
        }
      }
    }
    "#);
}

#[tokio::test]
async fn two_keys_live_side_by_side_until_one_is_deleted() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), "next").await;
    let (key, secret) = (created.at("/data/id"), created.at("/data/attributes/key"));
    let validate = |secret: String| {
        let call = server.anonymous().get("/api/v1/validate").header("dd-api-key", &secret);
        async move { call.await.status() }
    };
    assert_eq!(validate(secret.clone()).await, 200);
    assert_eq!(server.source_admin().list().await.status(), 200);
    let deleted = server.source_admin().call(Method::DELETE, format!("{KEYS}/{key}")).await;
    assert_eq!((deleted.status(), deleted.body()), (204, ""));
    assert_eq!(validate(secret).await, 403);
    let again = server.source_admin().call(Method::DELETE, format!("{KEYS}/{key}")).await;
    assert_snapshot!(again, @r#"404 {"errors":["API key not found","the organization has no API key with this id"]}"#);
    assert_eq!(server.source_admin().list().await.status(), 200);
}

#[tokio::test]
async fn a_list_is_narrowed_sorted_and_paged() {
    let server = TestServer::start().await;
    for name in ["beta", "Alpha", "gamma"] {
        server.clock().advance(Duration::from_secs(1));
        create(server.source_admin(), name).await;
    }
    let list = async |query: &str| {
        let reply = server.source_admin().get(format!("{KEYS}?{query}")).await;
        (names(&reply).join(" "), reply.at("/meta/page/total_filtered_count"))
    };
    let of = |names: &str, count: &str| (names.to_owned(), count.to_owned());
    assert_eq!(list("").await, of("Alpha beta gamma tests", "4"));
    assert_eq!(list("sort=-name").await, of("tests gamma beta Alpha", "4"));
    assert_eq!(list("sort=-created_at&page[size]=1").await, of("gamma", "4"));
    assert_eq!(list("page[size]=2&page[number]=1").await, of("gamma tests", "4"));
    assert_eq!(list("page[number]=7").await, of("", "4"));
    assert_eq!(list("filter=ALPHA").await, of("Alpha", "1"));
    assert_eq!(list("filter[created_at][start]=2100-01-01T00:00:00Z").await, of("", "0"));
    assert_eq!(list("filter[modified_at][end]=2100-01-01T00:00:00Z").await.1, "4");
}

#[tokio::test]
async fn a_list_that_nobody_can_give_is_refused_by_its_parameter() {
    let server = TestServer::start().await;
    let mut refused = Vec::new();
    for query in [
        "page[size]=0",
        "page[size]=101",
        "page[number]=-1",
        "sort=id",
        "include=owned_by",
        "filter=a&filter=b",
        "filter[created_at][start]=yesterday",
    ] {
        refused.push(server.source_admin().get(format!("{KEYS}?{query}")).await.to_string());
    }
    assert_snapshot!(refused.join("\n"), @r#"
    400 {"errors":["Validation failed for input.","page[size]: must be a whole number from 1 to 100"]}
    400 {"errors":["Validation failed for input.","page[size]: must be a whole number from 1 to 100"]}
    400 {"errors":["Validation failed for input.","page[number]: must be a whole number from 0"]}
    400 {"errors":["Validation failed for input.","sort: must be one of name, -name, created_at, -created_at, last4, -last4, modified_at, -modified_at"]}
    400 {"errors":["Validation failed for input.","include: must be a list, with commas between, of created_by, modified_by"]}
    400 {"errors":["Validation failed for input.","filter: is given more than once"]}
    400 {"errors":["Validation failed for input.","filter[created_at][start]: expected a time of RFC 3339, such as 2025-08-26T20:19:36Z"]}
    "#);
}

#[tokio::test]
async fn a_body_that_is_no_key_is_refused_by_its_place() {
    let server = TestServer::start().await;
    let key = create(server.source_admin(), "ci").await.at("/data/id");
    let mut refused = Vec::new();
    for (method, path, body) in [
        (Method::POST, KEYS.to_owned(), named_body("application_keys", "ci")),
        (Method::POST, KEYS.to_owned(), named_body("api_keys", "")),
        (Method::POST, KEYS.to_owned(), named_body("api_keys", "a\u{0}b")),
        (Method::POST, KEYS.to_owned(), named_body("api_keys", &"x".repeat(256))),
        (Method::PATCH, format!("{KEYS}/{key}"), rename_body("api_keys", "another", "ci")),
    ] {
        refused.push(server.source_admin().call(method, path).body(body.to_string()).await.to_string());
    }
    assert_snapshot!(refused.join("\n"), @r#"
    400 {"errors":["Validation failed for input.","data.type: must be \"api_keys\""]}
    400 {"errors":["Validation failed for input.","data.attributes.name: must not be empty"]}
    400 {"errors":["Validation failed for input.","data.attributes.name: must not contain control characters"]}
    400 {"errors":["Validation failed for input.","data.attributes.name: must not be longer than 255 characters"]}
    400 {"errors":["Validation failed for input.","data.id: must be 00000000-0000-4000-8000-000000000001, as in the path"]}
    "#);
}

#[tokio::test]
async fn a_right_that_is_taken_away_by_a_scope_is_gone() {
    let server = TestServer::start().await;
    let secret = ApplicationKeySecret::from_random([0xd1; 20]);
    let shown = secret.expose().to_owned();
    server
        .operate(move |session, now| {
            let new = application_key::NewApplicationKey {
                id: "0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c".parse().unwrap(),
                owner: TestUser::Jane.id(),
                name: "reader".parse().unwrap(),
                secret: secret.clone(),
                scopes: Some(PermissionSet::of(&[Permission::ApiKeysRead])),
            };
            application_key::create(&session.authorize_in(TestUser::Jane.org().id())?, new, now)
        })
        .await;
    let by_reader = |method, body: &str| {
        let call =
            server.caller(Persona::ApiKeyAlone).call(method, KEYS).header("dd-application-key", &shown);
        call.body(body)
    };
    assert_eq!(by_reader(Method::GET, "").await.status(), 200);
    let body = named_body("api_keys", "more").to_string();
    assert_eq!(by_reader(Method::POST, &body).await.status(), 403);
}

/// Source: hardening list, 20.
#[tokio::test]
async fn a_key_says_when_it_was_last_used_and_nothing_is_written_for_it() {
    let server = TestServer::start().await;
    let created = create(server.source_admin(), "ci").await;
    let (key, secret) = (created.at("/data/id"), created.at("/data/attributes/key"));
    let last_used = async || {
        let reply = server.source_admin().get(format!("{KEYS}/{key}")).await;
        reply.at("/data/attributes/date_last_used")
    };
    assert_eq!(last_used().await, "null");
    let before = server.revision();

    server.clock().advance(Duration::from_secs(60));
    let validate = server.anonymous().get("/api/v1/validate").header("dd-api-key", &secret);
    assert_eq!(validate.await.status(), 200);
    assert_eq!(last_used().await, "2025-08-27T20:20:36.177236+00:00");

    server.clock().advance(Duration::from_secs(60));
    // Whoever is let in has used the key, whatever they may do with it.
    let (_, application_key) = Persona::NoPermission.credentials().remove(1);
    let call = server.anonymous().list().header("dd-api-key", &secret);
    assert_eq!(call.header("dd-application-key", &application_key).await.status(), 403);
    assert_eq!(last_used().await, "2025-08-27T20:21:36.177236+00:00");

    server.clock().advance(Duration::from_secs(60));
    // And whoever is not has not.
    let call = server.anonymous().list().header("dd-api-key", &secret);
    assert_eq!(call.header("dd-application-key", "wrong").await.status(), 401);
    assert_eq!(last_used().await, "2025-08-27T20:21:36.177236+00:00");
    let list = server.source_admin().get(format!("{KEYS}?filter=ci")).await;
    assert_eq!(list.at("/data/0/attributes/date_last_used"), "2025-08-27T20:21:36.177236+00:00");
    assert_eq!(server.revision(), before);
}
