//! Who is calling. Source: contract, section 2.

use insta::assert_snapshot;
use orgbridge_testkit::{Persona, TestServer};

const CURRENT_USER: &str = "/api/v2/current_user";

#[tokio::test]
async fn the_caller_is_shown_with_their_roles_and_their_org() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().get(CURRENT_USER).await, @r#"
    200 {
      "data":{
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
        },
        "relationships":{
          "roles":{"data":[{"type":"roles","id":"0b1d6e00-0000-4000-8000-000000000001"}]},
          "org":{"data":{"type":"orgs","id":"4dee724d-00cc-11ea-a77b-570c9d03c6c5"}}
        }
      },
      "included":[{"type":"roles","id":"0b1d6e00-0000-4000-8000-000000000001","attributes":{"name":"Admin"}}]
    }
    "#);
}

#[tokio::test]
async fn a_service_account_with_a_role_of_its_own_org_is_shown_as_a_user() {
    let server = TestServer::start().await;
    let robot = server.caller(Persona::ServiceAccount).get(CURRENT_USER).await;
    assert_eq!(robot.at("/data/type"), "users");
    assert_eq!(robot.at("/data/attributes/service_account"), "true");
    let powerless = server.caller(Persona::NoPermission).get(CURRENT_USER).await;
    assert_eq!(powerless.at("/included/0/attributes/name"), "No Permissions");
}

#[tokio::test]
async fn a_key_without_scopes_still_says_whose_it_is() {
    let server = TestServer::start().await;
    let reply = server.caller(Persona::ScopedToNothing).get(CURRENT_USER).await;
    assert_eq!(reply.at("/data/attributes/name"), "Jane Doe");
}
