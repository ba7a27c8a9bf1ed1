//! Roles over the wire.

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::{ManagedRole, Permission};
use orgbridge_testkit::{Persona, Reply, TestOrg, TestServer, TestUser};
use serde_json::json;

use super::prepare;

const ROLES: &str = "/api/v2/roles";
const SPARE: &str = "00000000-0000-4000-a000-00000000a001";

async fn create(server: &TestServer, persona: Persona, name: &str, permissions: &[Permission]) -> Reply {
    let named: Vec<_> = permissions
        .iter()
        .map(|permission| json!({"type": "permissions", "id": permission.id().to_string()}))
        .collect();
    let body = json!({"data": {"type": "roles", "attributes": {"name": name},
        "relationships": {"permissions": {"data": named}}}});
    server.caller(persona).call(Method::POST, ROLES).body(body.to_string()).await
}

fn names(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let items = json["data"].as_array().expect("a list").iter();
    items.map(|item| item["attributes"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_role_is_made_shown_changed_and_removed() {
    let server = TestServer::start().await;
    let admin = server.source_admin();
    let created = create(&server, Persona::SourceAdmin, "Auditor", &[Permission::OrgConnectionsRead]).await;
    assert_snapshot!(created, @r#"200 {"data":{"type":"roles","id":"00000000-0000-4000-8000-000000000001","attributes":{"name":"Auditor","created_at":"2025-08-27T20:19:36.177236+00:00","user_count":0},"relationships":{"permissions":{"data":[{"type":"permissions","id":"0616a900-69b9-8894-ac41-3365d29c2d81"}]}}}}"#);
    let path = format!("{ROLES}/{}", created.at("/data/id"));
    assert_eq!(admin.get(&path).await.body(), created.body());
    let update = json!({"data": {"type": "roles", "id": created.at("/data/id"),
        "attributes": {"name": "Examiner"}}});
    let updated = admin.call(Method::PATCH, &path).body(update.to_string()).await;
    assert_eq!(updated.body(), created.body().replace("Auditor", "Examiner"));
    let deleted = admin.call(Method::DELETE, &path).await;
    assert_eq!((deleted.status(), deleted.body()), (204, ""));
    assert_snapshot!(admin.get(&path).await, @r#"404 {"errors":["Not found","there is no role 00000000-0000-4000-8000-000000000001"]}"#);
}

#[tokio::test]
async fn every_permission_is_listed_with_an_id_that_roles_name() {
    let server = TestServer::start().await;
    let reply = server.source_admin().get("/api/v2/permissions").await;
    let known: Vec<_> = Permission::ALL.iter().map(|permission| permission.as_str().to_owned()).collect();
    assert_eq!(names(&reply), known);
    assert_eq!(reply.ids()[0], Permission::ALL[0].id().to_string());
    let own = format!("{ROLES}/{}/permissions", ManagedRole::ReadOnly.id());
    assert_snapshot!(server.source_admin().get(own).await, @r#"
    200 {
      "data":[
        {
          "type":"permissions",
          "id":"0616a900-69b9-8894-ac41-3365d29c2d81",
          "attributes":{
            "name":"org_connections_read",
            "display_name":"Org Connections Read",
            "description":"Read the connections between this organization and others.",
            "group_name":"Org Management",
            "display_type":"read",
            "restricted":false,
            "created":"2025-08-26T20:19:36.177236+00:00"
          }
        },
        {
          "type":"permissions",
          "id":"85318ad7-4877-80d4-a855-3dd451e47c96",
          "attributes":{
            "name":"user_access_read",
            "display_name":"User Access Read",
            "description":"Read the organization's users and roles, and who has which.",
            "group_name":"Access Management",
            "display_type":"read",
            "restricted":false,
            "created":"2025-08-26T20:19:36.177236+00:00"
          }
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_permission_is_put_into_a_role_and_taken_out_again() {
    let server = TestServer::start().await;
    prepare(&server, TestOrg::Source, SPARE, &Method::GET, "").await;
    let path = format!("{ROLES}/{SPARE}/permissions");
    let write = Permission::OrgConnectionsWrite;
    let body = json!({"data": {"type": "permissions", "id": write.id().to_string()}}).to_string();
    for (method, expected) in [
        (Method::POST, vec!["org_connections_read", "org_connections_write"]),
        (Method::POST, vec!["org_connections_read", "org_connections_write"]),
        (Method::DELETE, vec!["org_connections_read"]),
        (Method::DELETE, vec!["org_connections_read"]),
    ] {
        let reply = server.source_admin().call(method, &path).body(body.clone()).await;
        assert_eq!(
            (reply.status(), names(&reply)),
            (200, expected.iter().map(ToString::to_string).collect())
        );
    }
}

#[tokio::test]
async fn a_role_is_given_to_a_user_and_taken_from_them() {
    let server = TestServer::start().await;
    let path = format!("{ROLES}/{}/users", ManagedRole::ReadOnly.id());
    let powerless = TestUser::Powerless.id().to_string();
    let body = json!({"data": {"type": "users", "id": powerless}}).to_string();
    let connections = || async { server.caller(Persona::NoPermission).list().await.status() };
    assert_eq!(connections().await, 403);
    let given = server.source_admin().call(Method::POST, &path).body(body.clone()).await;
    assert_eq!(names(&given), ["Powerless User", "Reader"]);
    assert_eq!(given.at("/meta/page/total_filtered_count"), "2");
    assert_eq!(connections().await, 200);
    assert_eq!(server.source_admin().get(&path).await.body(), given.body());
    let one = server.source_admin().get(format!("{path}?filter=powerless&sort=-email&page[size]=1")).await;
    assert_eq!(names(&one), ["Powerless User"]);
    let taken = server.source_admin().call(Method::DELETE, &path).body(body).await;
    assert_eq!(names(&taken), ["Reader"]);
    assert_eq!(connections().await, 403);
}

#[tokio::test]
async fn roles_are_listed_by_page_order_and_filter() {
    let server = TestServer::start().await;
    let list = |query: &'static str| {
        let server = &server;
        async move { names(&server.source_admin().get(format!("{ROLES}?{query}")).await) }
    };
    assert_eq!(list("").await, ["Admin", "No Permissions", "Read Only", "Standard"]);
    assert_eq!(list("page[size]=2&page[number]=1").await, ["Read Only", "Standard"]);
    assert_eq!(list("sort=-user_count&page[size]=1").await, ["Admin"]);
    assert_eq!(list("filter=PERM").await, ["No Permissions"]);
    assert_eq!(list("filter[id]=0b1d6e00-0000-4000-8000-000000000003").await, ["Read Only"]);
    assert_eq!(list("filter[id]=admin").await, [""; 0]);
    assert_snapshot!(server.source_admin().get(format!("{ROLES}?filter=read")).await, @r#"
    200 {
      "data":[
        {
          "type":"roles",
          "id":"0b1d6e00-0000-4000-8000-000000000003",
          "attributes":{"name":"Read Only","user_count":1},
          "relationships":{
            "permissions":{
              "data":[
                {"type":"permissions","id":"0616a900-69b9-8894-ac41-3365d29c2d81"},
                {"type":"permissions","id":"85318ad7-4877-80d4-a855-3dd451e47c96"}
              ]
            }
          }
        }
      ],
      "meta":{"page":{"total_count":4,"total_filtered_count":1}}
    }
    "#);
    for query in
        ["sort=modified_at", "page[size]=0", "page[size]=101", "page[number]=-1", "filter=a&filter=b"]
    {
        let reply = server.source_admin().get(format!("{ROLES}?{query}")).await;
        assert_eq!((reply.status(), reply.at("/errors/0")), (400, "Validation failed for input.".to_owned()));
    }
}

#[tokio::test]
async fn managed_roles_are_the_same_for_good() {
    let server = TestServer::start().await;
    let path = format!("{ROLES}/{}", ManagedRole::Standard.id());
    assert_snapshot!(server.source_admin().call(Method::DELETE, &path).await, @r#"403 {"errors":["Forbidden","the role \"Standard\" is the same in every organization and can't be changed; make one of your own"]}"#);
}

#[tokio::test]
async fn nobody_puts_into_a_role_what_they_may_not_do() {
    let server = TestServer::start().await;
    let path = format!("{ROLES}/{SPARE}/permissions");
    prepare(&server, TestOrg::Source, SPARE, &Method::GET, "").await;
    let manage =
        json!({"data": {"type": "permissions", "id": Permission::UserAccessManage.id().to_string()}});
    server.source_admin().call(Method::POST, &path).body(manage.to_string()).await;
    let holders = format!("{ROLES}/{SPARE}/users");
    let powerless = json!({"data": {"type": "users", "id": TestUser::Powerless.id().to_string()}});
    server.source_admin().call(Method::POST, &holders).body(powerless.to_string()).await;

    let manager = Persona::NoPermission;
    let beyond = create(&server, manager, "Mighty", &[Permission::AuditLogsRead]).await;
    assert_snapshot!(beyond, @r#"403 {"errors":["Forbidden","nobody can give away audit_logs_read without holding it"]}"#);
    let admins = format!("{ROLES}/{}/users", ManagedRole::Admin.id());
    let own = server.caller(manager).call(Method::POST, &admins).body(powerless.to_string()).await;
    assert_eq!(own.status(), 403);
    let jane = json!({"data": {"type": "users", "id": TestUser::Jane.id().to_string()}});
    let stripped = server.caller(manager).call(Method::DELETE, &admins).body(jane.to_string()).await;
    assert_snapshot!(stripped, @r#"403 {"errors":["Forbidden","nobody can change a user or role that has org_connections_write without holding it"]}"#);
    assert_eq!(create(&server, manager, "Weak", &[Permission::OrgConnectionsRead]).await.status(), 200);
}
