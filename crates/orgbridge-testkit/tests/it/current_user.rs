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
      "included":[
        {
          "type":"roles",
          "id":"0b1d6e00-0000-4000-8000-000000000001",
          "attributes":{"name":"Admin"},
          "relationships":{
            "permissions":{
              "data":[
                {"type":"permissions","id":"0616a900-69b9-8894-ac41-3365d29c2d81"},
                {"type":"permissions","id":"c1659d66-66fd-839b-8ee3-55f380c6408c"},
                {"type":"permissions","id":"f8e1b6bf-083e-83ae-bfdd-824551dac152"},
                {"type":"permissions","id":"85318ad7-4877-80d4-a855-3dd451e47c96"},
                {"type":"permissions","id":"0ff3226a-81e7-81e6-be57-50f3758a9551"},
                {"type":"permissions","id":"0d252f7f-c8be-8e14-8f7a-87e7b9583838"},
                {"type":"permissions","id":"37c299d9-d9c7-860b-83f3-dc02490c44f2"},
                {"type":"permissions","id":"ab130eba-f345-8077-8445-db4048008476"},
                {"type":"permissions","id":"53576ae9-350b-8a98-a609-deea675d709d"},
                {"type":"permissions","id":"9650f48d-43a5-895b-a36c-a899da9bc7c6"},
                {"type":"permissions","id":"4b016a96-4667-817c-b833-03d40cc2e2c0"},
                {"type":"permissions","id":"e79b0cb8-4e1f-8c9a-a3d9-d16195d491f5"},
                {"type":"permissions","id":"991289af-3416-89b4-a9e8-2c2348fc404a"}
              ]
            }
          }
        }
      ]
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
