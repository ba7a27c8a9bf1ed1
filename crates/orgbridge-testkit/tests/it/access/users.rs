//! Users and service accounts over the wire.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::ManagedRole;
use orgbridge_testkit::{Persona, Reply, TestServer, TestUser};
use serde_json::{Value, json};

const USERS: &str = "/api/v2/users";

fn new_user(email: &str, roles: &[ManagedRole]) -> Value {
    let roles: Vec<_> =
        roles.iter().map(|role| json!({"type": "roles", "id": role.id().to_string()})).collect();
    json!({"data": {"type": "users", "attributes": {"email": email, "name": "New User"},
        "relationships": {"roles": {"data": roles}}}})
}

fn names(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let items = json["data"].as_array().expect("a list").iter();
    items.map(|item| item["attributes"]["name"].as_str().unwrap().to_owned()).collect()
}

fn path_of(user: TestUser) -> String {
    format!("{USERS}/{}", user.id())
}

fn update(user: TestUser, attributes: &Value) -> String {
    json!({"data": {"type": "users", "id": user.id().to_string(), "attributes": attributes}}).to_string()
}

#[tokio::test]
async fn a_user_is_made_shown_changed_and_disabled() {
    let server = TestServer::start().await;
    let admin = server.source_admin();
    let body = new_user("New.User@example.com", &[ManagedRole::ReadOnly]).to_string();
    let created = admin.call(Method::POST, USERS).body(body.clone()).await;
    assert_snapshot!(created, @r#"
    201 {
      "data":{
        "type":"users",
        "id":"00000000-0000-4000-8000-000000000001",
        "attributes":{
          "name":"New User",
          "handle":"new.user@example.com",
          "created_at":"2025-08-27T20:19:36.177236+00:00",
          "modified_at":"2025-08-27T20:19:36.177236+00:00",
          "email":"new.user@example.com",
          "icon":"",
          "title":null,
          "verified":true,
          "service_account":false,
          "disabled":false,
          "allowed_login_methods":[],
          "status":"Active"
        },
        "relationships":{
          "roles":{"data":[{"type":"roles","id":"0b1d6e00-0000-4000-8000-000000000003"}]},
          "org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5"}}
        }
      },
      "included":[
        {
          "type":"roles",
          "id":"0b1d6e00-0000-4000-8000-000000000003",
          "attributes":{"name":"Read Only"},
          "relationships":{
            "permissions":{
              "data":[
                {"type":"permissions","id":"0616a900-69b9-8894-ac41-3365d29c2d81"},
                {"type":"permissions","id":"85318ad7-4877-80d4-a855-3dd451e47c96"}
              ]
            }
          }
        },
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
        }
      ]
    }
    "#);
    let path = format!("{USERS}/{}", created.at("/data/id"));
    assert_eq!(admin.get(&path).await.body(), created.body());
    assert_eq!(admin.get(format!("{path}/orgs")).await.body(), created.body());
    assert_eq!(
        names(&admin.get(format!("{path}/permissions")).await),
        ["org_connections_read", "user_access_read"]
    );
    assert_snapshot!(admin.call(Method::POST, USERS).body(body).await, @r#"409 {"errors":["email address new.user@example.com is already taken","choose another one"]}"#);
    let renamed = json!({"data": {"type": "users", "id": created.at("/data/id"),
        "attributes": {"name": "Renamed User"}}});
    let updated = admin.call(Method::PATCH, &path).body(renamed.to_string()).await;
    assert_eq!(updated.at("/data/attributes/name"), "Renamed User");
    let disabled = admin.call(Method::DELETE, &path).await;
    assert_eq!((disabled.status(), disabled.body()), (204, ""));
    assert_eq!(admin.get(&path).await.at("/data/attributes/status"), "Disabled");
}

#[tokio::test]
async fn a_user_holds_no_more_roles_than_every_decision_can_look_at() {
    let server = TestServer::start().await;
    let admin = server.source_admin();
    let too_many = new_user("many@example.com", &[ManagedRole::ReadOnly; 101]).to_string();
    let refused = admin.call(Method::POST, USERS).body(too_many).await;
    assert_snapshot!(refused, @r#"400 {"errors":["Validation failed for input.","data.relationships.roles.data: must be at most 100, and not 101"]}"#);

    let mut roles = Vec::new();
    for number in 0..=100 {
        let role = json!({"data": {"type": "roles", "attributes": {"name": format!("Role {number}")}}});
        let made = admin.call(Method::POST, "/api/v2/roles").body(role.to_string()).await;
        roles.push(json!({"type": "roles", "id": made.at("/data/id")}));
    }
    let mut body = new_user("many@example.com", &[]);
    body["data"]["relationships"]["roles"]["data"] = json!(roles[..100]);
    let user = admin.call(Method::POST, USERS).body(body.to_string()).await;
    assert_eq!(user.status(), 201, "{user}");
    let path = format!("/api/v2/roles/{}/users", roles[100]["id"].as_str().unwrap());
    let body = json!({"data": {"type": "users", "id": user.at("/data/id")}});
    assert_snapshot!(admin.call(Method::POST, path).body(body.to_string()).await, @r#"400 {"errors":["a user can hold at most 100 roles","let one role allow what several do, or take another one from them first"]}"#);
}

#[tokio::test]
async fn connections_of_who_is_disabled_stay_unless_the_operator_wants_them_deleted() {
    for (deletes, left) in [(false, "1"), (true, "0")] {
        let server = TestServer::builder();
        let server = if deletes { server.deleting_connections_of_the_disabled() } else { server };
        let server = server.start().await;
        server.connection().create().await;
        let robot = server.caller(Persona::ServiceAccount);
        let count = async || robot.get("/api/v2/org_connections").await.at("/meta/page/total_count");
        assert_eq!(count().await, "1");

        let renamed = update(TestUser::Jane, &json!({"name": "Jane Roe"}));
        assert_eq!(robot.call(Method::PATCH, path_of(TestUser::Jane)).body(renamed).await.status(), 200);
        assert_eq!(count().await, "1");
        let before = server.revision().get();
        let disabled = update(TestUser::Jane, &json!({"disabled": true}));
        assert_eq!(robot.call(Method::PATCH, path_of(TestUser::Jane)).body(disabled).await.status(), 200);
        assert_eq!(count().await, left);

        // Each change is an entry of the audit log.
        assert_eq!(server.revision().get() - before, 1 + u64::from(deletes));
    }
}

#[tokio::test]
async fn a_service_account_is_a_user_that_is_a_program() {
    let server = TestServer::start().await;
    let mut body = new_user("robot@example.com", &[]);
    body["data"]["attributes"]["service_account"] = true.into();
    let path = "/api/v2/service_accounts";
    let created = server.source_admin().call(Method::POST, path).body(body.to_string()).await;
    assert_eq!((created.status(), created.at("/data/attributes/service_account")), (201, "true".to_owned()));
    body["data"]["attributes"]["service_account"] = false.into();
    assert_snapshot!(server.source_admin().call(Method::POST, path).body(body.to_string()).await, @r#"400 {"errors":["Validation failed for input.","data.attributes.service_account: must be true; other users are made at /api/v2/users"]}"#);
}

#[tokio::test]
async fn users_are_listed_by_page_order_and_filter() {
    let server = TestServer::start().await;
    let list = |query: &'static str| {
        let server = &server;
        async move { names(&server.source_admin().get(format!("{USERS}?{query}")).await) }
    };
    let all =
        ["Deployment Robot", "Dismissed Admin", "Jane Doe", "Ordinary User", "Powerless User", "Reader"];
    assert_eq!(list("").await, all);
    assert_eq!(list("page[size]=4&page[number]=1").await, all[4..]);
    assert_eq!(list("sort=-name&page[size]=1").await, ["Reader"]);
    assert_eq!(list("sort=email&sort_dir=desc&page[size]=1").await, ["Reader"]);
    assert_eq!(list("filter=JANE.DOE@").await, ["Jane Doe"]);
    assert_eq!(list("filter[status]=Disabled,Pending").await, ["Dismissed Admin"]);
    assert_eq!(list("filter[status]=Pending").await, [""; 0]);
    assert_snapshot!(server.source_admin().get(format!("{USERS}?filter=user&page[size]=1")).await, @r#"
    200 {
      "data":[
        {
          "type":"users",
          "id":"ca570000-0000-4000-8000-000000000102",
          "attributes":{
            "name":"Ordinary User",
            "handle":"ordinary.user@example.com",
            "created_at":"2025-08-26T20:19:36.177236+00:00",
            "modified_at":"2025-08-26T20:19:36.177236+00:00",
            "email":"ordinary.user@example.com",
            "icon":"",
            "title":null,
            "verified":true,
            "service_account":false,
            "disabled":false,
            "allowed_login_methods":[],
            "status":"Active"
          },
          "relationships":{
            "roles":{"data":[{"type":"roles","id":"0b1d6e00-0000-4000-8000-000000000002"}]},
            "org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5"}}
          }
        }
      ],
      "included":[
        {
          "type":"roles",
          "id":"0b1d6e00-0000-4000-8000-000000000002",
          "attributes":{"name":"Standard"},
          "relationships":{
            "permissions":{
              "data":[
                {"type":"permissions","id":"0616a900-69b9-8894-ac41-3365d29c2d81"},
                {"type":"permissions","id":"85318ad7-4877-80d4-a855-3dd451e47c96"},
                {"type":"permissions","id":"53576ae9-350b-8a98-a609-deea675d709d"}
              ]
            }
          }
        },
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
        }
      ],
      "meta":{"page":{"total_count":6,"total_filtered_count":2}}
    }
    "#);
    for query in ["sort=title", "sort_dir=up", "filter[status]=active", "page[size]=many"] {
        assert_eq!(server.source_admin().get(format!("{USERS}?{query}")).await.status(), 400, "{query}");
    }
}

#[tokio::test]
async fn the_keys_of_whoever_is_disabled_end_at_once_and_their_connections_stay() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let robot = server.caller(Persona::ServiceAccount);
    assert_eq!(robot.list().await.status(), 200);
    assert_eq!(server.source_admin().call(Method::DELETE, path_of(TestUser::Robot)).await.status(), 204);
    assert_eq!(robot.list().await.status(), 401);

    let jane = server.source_admin();
    let enabled = update(TestUser::Robot, &json!({"disabled": false}));
    assert_eq!(jane.call(Method::PATCH, path_of(TestUser::Robot)).body(enabled).await.status(), 200);
    assert_eq!(robot.call(Method::DELETE, path_of(TestUser::Jane)).await.status(), 204);
    assert_eq!(jane.list().await.status(), 401);
    assert_eq!(robot.read(shared).await.types(), ["logs"]);
}

#[tokio::test]
async fn the_last_enabled_admin_stays() {
    let server = TestServer::start().await;
    let admin = server.sink_admin();
    let own = path_of(TestUser::SinkAdmin);
    assert_snapshot!(admin.call(Method::DELETE, &own).await, @r#"409 {"errors":["the last enabled admin of an organization can't be removed","make another enabled user an admin first"]}"#);
    let disabled = update(TestUser::SinkAdmin, &json!({"disabled": true}));
    assert_eq!(admin.call(Method::PATCH, &own).body(disabled).await.status(), 409);
    let stripped = json!({"data": {"type": "users", "id": TestUser::SinkAdmin.id().to_string()}});
    let admins = format!("/api/v2/roles/{}/users", ManagedRole::Admin.id());
    assert_eq!(admin.call(Method::DELETE, admins).body(stripped.to_string()).await.status(), 409);
    assert_eq!(admin.list().await.status(), 200);
}

#[tokio::test]
async fn an_email_address_stays() {
    let server = TestServer::start().await;
    let path = path_of(TestUser::Reader);
    let change = |email: &str| update(TestUser::Reader, &json!({"email": email}));
    let call = |body: String| server.source_admin().call(Method::PATCH, &path).body(body);
    assert_eq!(call(change("Reader@example.com")).await.status(), 200);
    assert_snapshot!(call(change("other@example.com")).await, @r#"409 {"errors":["the email address of a user can't be changed","data.attributes.email: leave it as it is, and make another user with the new one"]}"#);
}

#[tokio::test]
async fn of_twenty_parallel_creations_with_one_name_exactly_one_succeeds() {
    let server = TestServer::start().await;
    let role = json!({"data": {"type": "roles", "attributes": {"name": "Auditor"}}});
    for (path, body, made) in [(USERS, new_user("new@example.com", &[]), 201), ("/api/v2/roles", role, 200)] {
        let call = || server.source_admin().call(Method::POST, path).body(body.to_string()).into_future();
        let mut statuses = BTreeMap::new();
        for reply in join_all((0..20).map(|_| call())).await {
            *statuses.entry(reply.status()).or_insert(0) += 1;
        }
        assert_eq!(statuses, BTreeMap::from([(made, 1), (409, 19)]), "{path}");
    }
}

#[tokio::test]
async fn of_two_admins_who_disable_each_other_at_once_one_is_left() {
    let server = TestServer::start().await;
    let (jane, robot) = (server.source_admin(), server.caller(Persona::ServiceAccount));
    let (one, other) = join(
        jane.call(Method::DELETE, path_of(TestUser::Robot)).into_future(),
        robot.call(Method::DELETE, path_of(TestUser::Jane)).into_future(),
    )
    .await;
    let mut statuses = [one.status(), other.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 401], "whoever came second was somebody no longer");
    let mut left = [jane.list().await.status(), robot.list().await.status()];
    left.sort_unstable();
    assert_eq!(left, [200, 401]);
}
